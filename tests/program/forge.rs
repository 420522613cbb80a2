//! Forged account lists, accounts and payments, and what every instruction answers them with.

use anchor_spl::token;
use bytemuck::Pod;
use plimsoll::constants::TOKEN_2022_ID;
use plimsoll_client::address::{self, SYSTEM_PROGRAM};
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::chain::{named_address, named_keypair};
use plimsoll_tests::token as tokens;
use plimsoll_tests::world::{World, WorldOptions};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::instruction::{AccountMeta, Instruction};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::support::*;

/// What a transaction came to.
pub type Sent = Result<Outcome, LedgerError>;

/// Bytes of a token account.
pub const TOKEN_ACCOUNT_BYTES: usize = 165;
/// Where a token account has its state byte.
const TOKEN_STATE_AT: usize = 108;

/// A world without traders and expiries.
pub fn bare() -> World {
    World::with(&WorldOptions { traders: 0, expiry_days: Vec::new(), ..WorldOptions::default() })
}

/// Somebody with SOL: the same for the same `name`, funded once.
pub fn somebody(world: &World, name: &str) -> Keypair {
    let key = named_keypair(name);
    if lamports(world, &key.pubkey()) == 0 {
        return world.chain.wallet(name);
    }
    key
}

fn changed(instruction: &Instruction, key: &Pubkey, change: impl Fn(&mut AccountMeta)) -> Instruction {
    let mut forged = instruction.clone();
    let mut metas: Vec<_> = forged.accounts.iter_mut().filter(|meta| meta.pubkey == *key).collect();
    assert!(!metas.is_empty(), "{key} is no account of the instruction");
    metas.iter_mut().for_each(|meta| change(meta));
    forged
}

/// The instruction with account `from` exchanged for `to` wherever it stands.
pub fn exchanged(instruction: &Instruction, from: &Pubkey, to: &Pubkey) -> Instruction {
    changed(instruction, from, |meta| meta.pubkey = *to)
}

/// The instruction without the signature of `key`.
pub fn unsigned(instruction: &Instruction, key: &Pubkey) -> Instruction {
    changed(instruction, key, |meta| meta.is_signer = false)
}

/// The instruction with account `key` passed read-only.
pub fn read_only(instruction: &Instruction, key: &Pubkey) -> Instruction {
    changed(instruction, key, |meta| meta.is_writable = false)
}

/// Sends one instruction, signed by `signers`; somebody else pays the network fee.
pub fn send_signed(world: &World, instruction: Instruction, signers: &[&Keypair]) -> Sent {
    let fees = somebody(world, "fee payer");
    let all: Vec<&Keypair> = std::iter::once(&fees).chain(signers.iter().copied()).collect();
    send(world, instruction, &all)
}

/// Every signer of `instruction` is asked for, every writable account must be writable, and its programs and event
/// authority are exactly those: whatever else is passed is refused.
pub fn check_account_list(world: &World, instruction: &Instruction, signers: &[&Keypair]) {
    for absent in signers {
        let others: Vec<&Keypair> = signers.iter().copied().filter(|key| key.pubkey() != absent.pubkey()).collect();
        let forged = unsigned(instruction, &absent.pubkey());
        refused(world, "AccountNotSigner", || send_signed(world, forged, &others));
    }
    for meta in instruction.accounts.iter().filter(|meta| meta.is_writable) {
        let forged = read_only(instruction, &meta.pubkey);
        refused(world, "ConstraintMut", || send_signed(world, forged, signers));
    }
    let stands = |key: &Pubkey| instruction.accounts.iter().any(|meta| meta.pubkey == *key);
    for (program, other) in [(SYSTEM_PROGRAM, token::ID), (token::ID, TOKEN_2022_ID)] {
        if stands(&program) {
            let forged = exchanged(instruction, &program, &other);
            refused(world, "InvalidProgramId", || send_signed(world, forged, signers));
        }
    }
    if stands(&address::event_authority()) {
        let forged = exchanged(instruction, &address::event_authority(), &named_address("event authority"));
        refused(world, "ConstraintAddress", || send_signed(world, forged, signers));
    }
}

/// The account of this program at `key`, whose layout has its version byte at `version_at`, is refused when it is
/// another program's, of another type, of another version or of another size.
pub fn check_type(world: &World, instruction: &Instruction, key: &Pubkey, version_at: usize, signers: &[&Keypair]) {
    check_kind(world, instruction, key, version_at, signers);
    let whole = world.chain.raw(key).expect("an account of the program");
    for length in [whole.data.len() - 1, whole.data.len() + 1] {
        world.chain.edit_raw(key, |account| account.data.resize(length, 0));
        refused(world, "AccountLayout", || send_signed(world, instruction.clone(), signers));
        world.chain.set_raw(key, whole.clone());
    }
}

/// The same of an account of any size.
pub fn check_kind(world: &World, instruction: &Instruction, key: &Pubkey, version_at: usize, signers: &[&Keypair]) {
    let try_with = |rule: &str, forged: &Instruction| {
        refused(world, rule, || send_signed(world, forged.clone(), signers));
    };
    let wallet = somebody(world, "wallet").pubkey();
    try_with("AccountOwnedByWrongProgram", &exchanged(instruction, key, &wallet));
    let other = world.directory().clearinghouse.outflow;
    try_with("AccountDiscriminatorMismatch", &exchanged(instruction, key, &other));
    let whole = world.chain.raw(key).expect("an account of the program");
    for version in [0, 2, u8::MAX] {
        world.chain.edit_raw(key, |account| account.data[8 + version_at] = version);
        let send = || send_signed(world, instruction.clone(), signers);
        refused_numbers(world, "VersionUnknown", (i64::from(version), 1), send);
        world.chain.set_raw(key, whole.clone());
    }
}

/// Lamports at `address`.
pub fn lamports(world: &World, address: &Pubkey) -> u64 {
    world.chain.raw(address).map_or(0, |account| account.lamports)
}

/// What somebody may have sent to the address of an account of `bytes` before it is created: dust, not quite its rent,
/// its rent, more.
pub fn prefunds(world: &World, bytes: usize) -> [u64; 4] {
    let rent = world.chain.rent(bytes);
    [1, rent - 1, rent, rent + 1]
}

/// Canonical bump of the address of `seeds`.
pub fn bump(seeds: &[&[u8]]) -> u8 {
    Pubkey::find_program_address(seeds, &plimsoll::ID).1
}

/// Panics unless the two states are the same to the byte.
pub fn assert_state<T: Pod + std::fmt::Debug>(found: &T, expected: &T) {
    assert!(bytemuck::bytes_of(found) == bytemuck::bytes_of(expected), "found {found:#?}\nexpected {expected:#?}");
}

/// A copy of the account at `like`, `change`d, at an address that is the same for the same `name`.
pub fn forged_account(world: &World, name: &str, like: &Pubkey, change: impl FnOnce(&mut Account)) -> Pubkey {
    let mut account = world.chain.raw(like).expect("an account to copy");
    change(&mut account);
    let address = named_address(name);
    world.chain.set_raw(&address, account);
    address
}

/// Gives `payer` quote tokens and returns its token account.
pub fn quote_wallet(world: &World, payer: &Keypair, amount: u64) -> Pubkey {
    tokens::mint_to(&world.chain, &world.quote_mint, &payer.pubkey(), amount)
}

/// What a payment of quote tokens by `payer` from a source (`pay`: source, amount) answers to every account that is no
/// source for it, and to amounts that are not there.
pub fn check_source(world: &World, payer: &Keypair, pay: impl Fn(&Pubkey, u64) -> Instruction) {
    let source = quote_wallet(world, payer, 100);
    let try_with = |rule: &str, source: &Pubkey, amount: u64| {
        refused(world, rule, || send_signed(world, pay(source, amount), &[payer]));
    };
    try_with("AmountZero", &source, 0);
    try_with("InsufficientFunds", &source, 101);
    try_with("InsufficientFunds", &source, u64::MAX);
    let vault = world.directory().clearinghouse.vault;
    try_with("VaultAsUserAccount", &vault, 1);
    try_with("NotTokenAccount", &payer.pubkey(), 1);
    try_with("NotTokenAccount", &world.quote_mint, 1);
    let uninitialised = |account: &mut Account| account.data[TOKEN_STATE_AT] = 0;
    try_with("NotTokenAccount", &forged_account(world, "uninitialised", &source, uninitialised), 1);
    let longer = forged_account(world, "longer", &source, |account| account.data.push(0));
    try_with("NotTokenAccount", &longer, 1);
    let foreign = forged_account(world, "foreign", &source, |account| account.owner = plimsoll::ID);
    try_with("NotTokenAccount", &foreign, 1);
    let new_token = forged_account(world, "Token-2022 account", &source, |account| account.owner = TOKEN_2022_ID);
    try_with("Token2022Refused", &new_token, 1);
    let other_mint = tokens::create_mint(&world.chain, "other mint", 6);
    let other = tokens::mint_to(&world.chain, &other_mint, &payer.pubkey(), 100);
    try_with("TokenMintMismatch", &other, 1);

    let stranger = somebody(world, "stranger with tokens");
    let not_mine = quote_wallet(world, &stranger, 100);
    let theft = send_signed(world, pay(&not_mine, 1), &[payer]).expect_err("somebody else's tokens");
    let rejection = theft.rejection().expect("a refusal");
    assert_eq!((rejection.program, rejection.rule.as_str()), (token::ID, "OwnerMismatch"));
}

/// A frozen source and a frozen vault are refused by name, and pass once thawed.
pub fn check_frozen(world: &World, payer: &Keypair, pay: impl Fn(&Pubkey, u64) -> Instruction) {
    let source = quote_wallet(world, payer, 100);
    for frozen in [source, world.directory().clearinghouse.vault] {
        tokens::set_frozen(&world.chain, &frozen, true);
        refused(world, "TokenAccountFrozen", || send_signed(world, pay(&source, 1), &[payer]));
        tokens::set_frozen(&world.chain, &frozen, false);
        send_signed(world, pay(&source, 1), &[payer]).expect("thawed");
    }
}

/// Puts a program that takes any call and moves nothing where the token program was.
pub fn replace_token_program(world: &World) {
    // The first memo program: it only logs what it is given.
    let memo = solana_program::pubkey!("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
    let program = world.chain.raw(&memo).expect("the memo program");
    let replaced = world.chain.svm().add_program_with_loader(token::ID, &program.data, program.owner);
    replaced.expect("a program that loads");
}
