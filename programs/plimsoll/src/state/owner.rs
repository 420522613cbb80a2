//! What one key owns and owes in a clearinghouse.

use anchor_lang::prelude::*;

/// One key in one clearinghouse: hands out account ids and remembers bad debt. Never closed.
///
/// Seeds: `owner`, clearinghouse, owner key.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Owner {
    /// The clearinghouse. Writer: `owner_create`.
    pub clearinghouse: Pubkey,
    /// The key. Writer: `owner_create`.
    pub owner: Pubkey,
    /// What its accounts left unpaid: quote atoms, >= 0. While positive none of them takes new risk. Writers:
    /// `auction_bid` (+), `bad_debt_repay` (-).
    pub bad_debt: i64,
    /// Id the next margin account takes; ids are never reused. Writer: `margin_account_open`.
    pub next_account: u16,
    /// Layout version. Writer: `owner_create`.
    pub version: u8,
    /// Bump of this address. Writer: `owner_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 4],
    /// Zero; room for later layouts.
    pub reserved: [u8; 128],
}

const _: () = assert!(core::mem::size_of::<Owner>() == 64 + 8 + 8 + 128);
const _: () = assert!(core::mem::offset_of!(Owner, bad_debt) == 64);
