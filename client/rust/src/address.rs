//! Derived addresses. Every one is a pure function of its seeds; nobody else derives one.

use plimsoll::constants::seeds;
use plimsoll::state::MarginAccount;
use solana_program::pubkey::Pubkey;

fn derive(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &plimsoll::ID).0
}

/// `Clearinghouse` number `index` of `creator`.
pub fn clearinghouse(creator: &Pubkey, index: u16) -> Pubkey {
    derive(&[seeds::CLEARINGHOUSE, creator.as_ref(), &index.to_le_bytes()])
}

/// `InsuranceFund` of a clearinghouse.
pub fn insurance(clearinghouse: &Pubkey) -> Pubkey {
    derive(&[seeds::INSURANCE, clearinghouse.as_ref()])
}

/// `Outflow` of a clearinghouse.
pub fn outflow(clearinghouse: &Pubkey) -> Pubkey {
    derive(&[seeds::OUTFLOW, clearinghouse.as_ref()])
}

/// Token account of a clearinghouse for `mint`: the quote vault or a collateral vault.
pub fn vault(clearinghouse: &Pubkey, mint: &Pubkey) -> Pubkey {
    derive(&[seeds::VAULT, clearinghouse.as_ref(), mint.as_ref()])
}

/// `Underlying` number `index` of a clearinghouse.
pub fn underlying(clearinghouse: &Pubkey, index: u16) -> Pubkey {
    derive(&[seeds::UNDERLYING, clearinghouse.as_ref(), &index.to_le_bytes()])
}

/// `OracleState` of an underlying.
pub fn oracle(underlying: &Pubkey) -> Pubkey {
    derive(&[seeds::ORACLE, underlying.as_ref()])
}

/// `Expiry` of an underlying at `expiry`, unix seconds.
pub fn expiry(underlying: &Pubkey, expiry: i64) -> Pubkey {
    derive(&[seeds::EXPIRY, underlying.as_ref(), &expiry.to_le_bytes()])
}

/// `RiskRows` of the expiry at address `expiry`.
pub fn rows(expiry: &Pubkey) -> Pubkey {
    derive(&[seeds::ROWS, expiry.as_ref()])
}

/// `Collateral` of a clearinghouse for `mint`.
pub fn collateral(clearinghouse: &Pubkey, mint: &Pubkey) -> Pubkey {
    derive(&[seeds::COLLATERAL, clearinghouse.as_ref(), mint.as_ref()])
}

/// `Owner` of key `owner` in a clearinghouse.
pub fn owner(clearinghouse: &Pubkey, owner: &Pubkey) -> Pubkey {
    derive(&[seeds::OWNER, clearinghouse.as_ref(), owner.as_ref()])
}

/// `MarginAccount` number `id` of key `owner` in a clearinghouse.
pub fn margin_account(clearinghouse: &Pubkey, owner: &Pubkey, id: u16) -> Pubkey {
    derive(&[seeds::MARGIN, clearinghouse.as_ref(), owner.as_ref(), &id.to_le_bytes()])
}

/// Address of a decoded margin account.
pub fn of_margin_account(account: &MarginAccount) -> Pubkey {
    let id = account.id.to_le_bytes();
    let seeds: [&[u8]; 5] =
        [seeds::MARGIN, account.clearinghouse.as_ref(), account.owner.as_ref(), &id, &[account.bump]];
    // The stored bump saves the search; an account whose bump does not fit is searched for.
    Pubkey::create_program_address(&seeds, &plimsoll::ID)
        .unwrap_or_else(|_| margin_account(&account.clearinghouse, &account.owner, account.id))
}

/// The program's own event authority: co-signs events emitted by a call.
pub fn event_authority() -> Pubkey {
    derive(&[b"__event_authority"])
}

/// Owner's associated token account of `mint` under the classic SPL Token program.
pub fn token_account(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    let seeds: [&[u8]; 3] = [owner.as_ref(), anchor_spl::token::ID.as_ref(), mint.as_ref()];
    Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM).0
}

/// The associated token account program.
pub const ASSOCIATED_TOKEN_PROGRAM: Pubkey = solana_program::pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// The system program.
pub const SYSTEM_PROGRAM: Pubkey = anchor_lang::system_program::ID;
