//! What every instruction that moves tokens has in common: the order of its accounts, and the lies it refuses.

use plimsoll::constants::{INDEX_NONE, TOKEN_2022_ID};
use plimsoll::state::{Outflow, OutflowWindow};
use plimsoll::{CollateralCreateArgs, MarginAccountOpenArgs};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{LedgerExt, Outcome};
use plimsoll_client::{address, presets};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::token;
use plimsoll_tests::world::World;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::instruction::{AccountMeta, Instruction};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::support::*;

/// Place of who signs.
pub const AUTHORITY: usize = 0;
/// Place of the clearinghouse.
pub const CLEARINGHOUSE: usize = 1;
/// Place of the margin account.
pub const MARGIN_ACCOUNT: usize = 2;
/// Place of the outflow limiter, or of the collateral.
pub const LIMIT: usize = 3;
/// Place of the clearinghouse's token account.
pub const VAULT: usize = 4;
/// Place of the user's token account.
pub const USER: usize = 5;
/// Place of the token program.
pub const TOKEN_PROGRAM: usize = 6;
/// Number of accounts before the market set.
pub const FIXED: usize = 7;

/// An instruction that moves tokens, which passes as it is.
pub struct Payment<'w> {
    /// The world.
    pub world: &'w World,
    /// The instruction.
    pub honest: Instruction,
    /// Whose signature it needs.
    pub signer: &'w Keypair,
}

impl Payment<'_> {
    fn send(&self, instruction: Instruction) -> Result<Outcome, LedgerError> {
        send(self.world, instruction, &[self.signer])
    }

    /// Panics unless the instruction with a `change`d account list is refused by `rule`.
    pub fn refused(&self, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
        let mut lie = self.honest.clone();
        change(&mut lie.accounts);
        refused(self.world, rule, || self.send(lie));
    }

    /// Panics unless the instruction is refused by `rule` while the account at `place` is `change`d.
    pub fn refused_while(&self, rule: &str, place: usize, change: impl FnOnce(&mut Account)) {
        let key = self.honest.accounts[place].pubkey;
        let before = self.world.chain.raw(&key).expect("an account");
        self.world.chain.edit_raw(&key, change);
        refused(self.world, rule, || self.send(self.honest.clone()));
        self.world.chain.set_raw(&key, before);
    }

    /// Panics unless the instruction passes.
    pub fn passes(&self) -> Outcome {
        self.send(self.honest.clone()).unwrap_or_else(|e| panic!("the honest payment: {e}"))
    }

    /// Token accounts of another program, mint, size or state, frozen ones, the vault itself, and another vault.
    pub fn refuses_every_other_token_account(&self) {
        let wallet = self.honest.accounts[USER].pubkey;
        let vault = self.honest.accounts[VAULT].pubkey;
        self.refused_while("Token2022Refused", USER, |account| account.owner = TOKEN_2022_ID);
        self.refused_while("Token2022Refused", USER, |account| {
            account.owner = TOKEN_2022_ID;
            account.data.resize(TOKEN_2022_LEN, 0);
        });
        self.refused_while("NotTokenAccount", USER, |account| account.owner = plimsoll::ID);
        self.refused_while("NotTokenAccount", USER, |account| account.owner = address::SYSTEM_PROGRAM);
        for length in [0, 1, 71, 72, 82, 108, 164, 166, TOKEN_2022_LEN] {
            self.refused_while("NotTokenAccount", USER, |account| account.data.resize(length, 0));
        }
        self.refused_while("NotTokenAccount", USER, |account| account.data.fill(0));
        self.refused_while("NotTokenAccount", USER, |account| account.data[STATE] = 3);
        self.refused("NotTokenAccount", |accounts| accounts[USER].pubkey = self.world.quote_mint);
        self.refused("NotTokenAccount", |accounts| accounts[USER].pubkey = named_address("nobody"));
        let mint = token::create_mint(&self.world.chain, "foreign mint", 6);
        let foreign = token::mint_to(&self.world.chain, &mint, &self.signer.pubkey(), u64::MAX);
        self.refused("TokenMintMismatch", |accounts| accounts[USER].pubkey = foreign);
        self.refused("VaultAsUserAccount", |accounts| accounts[USER].pubkey = vault);
        for stranger in [wallet, foreign] {
            self.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = stranger);
        }
        for key in [wallet, vault] {
            token::set_frozen(&self.world.chain, &key, true);
            self.refused("TokenAccountFrozen", |_| {});
            token::set_frozen(&self.world.chain, &key, false);
        }
    }

    /// Another program in the place of the token program.
    pub fn refuses_every_other_token_program(&self) {
        for program in [TOKEN_2022_ID, address::SYSTEM_PROGRAM, address::ASSOCIATED_TOKEN_PROGRAM, plimsoll::ID] {
            self.refused("InvalidProgramId", |accounts| accounts[TOKEN_PROGRAM].pubkey = program);
        }
    }

    /// Accounts of another type, of another program, too short or read-only, and a missing signature.
    pub fn refuses_every_other_account(&self) {
        let (world, wallet) = (self.world, self.honest.accounts[USER].pubkey);
        let fund = world.directory().clearinghouse.insurance;
        for place in [CLEARINGHOUSE, MARGIN_ACCOUNT, LIMIT] {
            self.refused("AccountDiscriminatorMismatch", |accounts| accounts[place].pubkey = fund);
            self.refused("AccountOwnedByWrongProgram", |accounts| accounts[place].pubkey = wallet);
            self.refused("AccountOwnedByWrongProgram", |accounts| accounts[place].pubkey = named_address("nobody"));
            self.refused_while("AccountLayout", place, |account| account.data.truncate(100));
        }
        for place in [MARGIN_ACCOUNT, LIMIT, VAULT, USER] {
            self.refused("ConstraintMut", |accounts| accounts[place].is_writable = false);
        }
        let mut unsigned = self.honest.clone();
        unsigned.accounts[AUTHORITY].is_signer = false;
        refused(world, "AccountNotSigner", || send(world, unsigned, &[&world.governance]));
    }
}

/// Bytes of a Token-2022 account with one extension.
const TOKEN_2022_LEN: usize = 170;
/// Offset of the state byte of a token account.
const STATE: usize = 108;

/// The outflow limiter's window.
pub fn window(world: &World) -> OutflowWindow {
    world.chain.load::<Outflow>(&world.directory().clearinghouse.outflow).expect("outflow").window
}

/// Quote tokens in the vault.
pub fn vault(world: &World) -> u64 {
    token::balance(&world.chain, &world.directory().clearinghouse.vault)
}

/// Lists the next collateral, of a mint with `decimals`, at a factor of 80 % after an hour; returns the mint.
pub fn list_collateral(world: &World, priced_by: u16, decimals: u8) -> Pubkey {
    let index = world.directory().clearinghouse.next_collateral;
    let mint = token::create_mint(&world.chain, &format!("collateral mint {index}"), decimals);
    let authority = world.governance.pubkey();
    let args =
        CollateralCreateArgs { index, priced_by, cross_factor: 800_000, ramp_seconds: 3_600, cap: 1_000_000_000_000 };
    world.govern(instruction::collateral_create(&world.clearinghouse, &authority, &authority, &mint, args));
    mint
}

/// Lists `count` collaterals worth one USD a token.
pub fn list_dollars(world: &World, count: usize) {
    for _ in 0..count {
        list_collateral(world, INDEX_NONE, 6);
    }
}

/// Gives trader `index` `amount` atoms of collateral `kind` in its own wallet and returns that token account.
pub fn fund_collateral(world: &World, index: usize, kind: u16, amount: u64) -> Pubkey {
    let mint = world.directory().collateral(kind).expect("listed").mint;
    token::mint_to(&world.chain, &mint, &world.traders[index].address(), amount)
}

/// The instruction by which trader `index` pays `amount` atoms of collateral `kind` from `source` into its account.
pub fn collateral_in(world: &World, index: usize, kind: u16, source: &Pubkey, amount: u64) -> Instruction {
    let trader = &world.traders[index];
    let from = (&trader.address(), source);
    instruction::collateral_deposit(&world.directory(), &trader.account, from, kind, amount).expect("build")
}

/// Pays `amount` new atoms of collateral `kind` into the account of trader `index`.
pub fn pay_collateral(world: &World, index: usize, kind: u16, amount: u64) -> Result<Outcome, LedgerError> {
    let source = fund_collateral(world, index, kind, amount);
    send(world, collateral_in(world, index, kind, &source, amount), &[&world.traders[index].key])
}

/// The instruction by which trader `index` takes `amount` atoms of collateral `kind` out to `destination`.
pub fn collateral_out(world: &World, index: usize, kind: u16, destination: &Pubkey, amount: u64) -> Instruction {
    let account = world.account(index);
    instruction::collateral_withdraw(&world.directory(), &account, destination, kind, amount).expect("build")
}

/// A clearinghouse of the same creator and quote mint, in which trader `index` has an account; returns both addresses.
pub fn account_elsewhere(world: &World, index: usize) -> (Pubkey, Pubkey) {
    let other = other_clearinghouse(world);
    let key = &world.traders[index].key;
    let owner = key.pubkey();
    let open = MarginAccountOpenArgs { id: 0, mode: plimsoll::state::margin_account::MODE_CROSS };
    send(world, instruction::owner_create(&other, &owner, &owner), &[key]).expect("owner");
    send(world, instruction::margin_account_open(&other, &owner, &owner, open), &[key]).expect("open");
    (other, address::margin_account(&other, &owner, 0))
}

/// The wrapped BTC of `world` listed in the clearinghouse `other` too; returns the collateral's address.
pub fn collateral_elsewhere(world: &World, other: &Pubkey) -> Pubkey {
    let authority = world.governance.pubkey();
    world.govern(instruction::underlying_create(other, &authority, &authority, presets::btc(0)));
    let args = CollateralCreateArgs {
        index: 0,
        priced_by: 0,
        cross_factor: 800_000,
        ramp_seconds: 3_600,
        cap: 1_000_000_000_000,
    };
    world.govern(instruction::collateral_create(other, &authority, &authority, &world.wbtc_mint, args));
    address::collateral(other, &world.wbtc_mint)
}
