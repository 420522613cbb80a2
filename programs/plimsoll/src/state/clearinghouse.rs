//! A risk domain.

use anchor_lang::prelude::*;

use super::parameters::ClearinghouseParameters;

/// Status of a clearinghouse: open.
pub const STATUS_OPEN: u8 = 0;

/// One risk domain: a quote vault, its underlyings, accounts and funds. No loss crosses from one to another.
///
/// Seeds: `clearinghouse`, creator, index. Read-only in every trader instruction except where surplus or deficit
/// changes.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Clearinghouse {
    /// Who created it and whose key the address is derived from. Writer: `clearinghouse_create`.
    pub creator: Pubkey,
    /// Mint of the quote token, six decimals, classic SPL Token. Writer: `clearinghouse_create`.
    pub quote_mint: Pubkey,
    /// The quote vault. Writer: `clearinghouse_create`.
    pub vault: Pubkey,
    /// The insurance fund. Writer: `clearinghouse_create`.
    pub insurance: Pubkey,
    /// The outflow limiter. Writer: `clearinghouse_create`.
    pub outflow: Pubkey,
    /// Lists underlyings and collateral. Writer: `clearinghouse_create`.
    pub authority: Pubkey,
    /// Next authority once it accepts; zero: none. Reserved for governance, zero in this layout's first release.
    pub pending_authority: Pubkey,
    /// May tighten and pause, never loosen. Stored for governance. Writer: `clearinghouse_create`.
    pub guardian: Pubkey,
    /// Fees, debt, settlement and outflow rules. Writer: `clearinghouse_create`.
    pub parameters: ClearinghouseParameters,
    /// Protocol's share of fees: quote atoms, >= 0. Writers: `expiry_sweep` (+), `auction_bid` (-).
    pub surplus: i64,
    /// Bad debt that no layer has covered yet: quote atoms, >= 0. Writers: `auction_bid`, `insurance_deposit`,
    /// `bad_debt_repay`, `expiry_sweep`.
    pub deficit: i64,
    /// Sum of what withdrawals have locked since the deficit opened: quote atoms, >= 0. Writer: `withdraw`; zero
    /// again when the deficit closes.
    pub deficit_locked: i64,
    /// Unix second of creation. Writer: `clearinghouse_create`.
    pub created_at: i64,
    /// Generation of the open deficit: rises when a deficit opens; locks of older generations are free. Writer:
    /// `auction_bid`.
    pub deficit_epoch: u32,
    /// Change sequence of `parameters`. Writer: `clearinghouse_create`.
    pub parameters_sequence: u32,
    /// Index within the creator's clearinghouses. Writer: `clearinghouse_create`.
    pub index: u16,
    /// Index the next underlying takes; indices are never reused. Writer: `underlying_create`.
    pub next_underlying: u16,
    /// Index the next collateral takes; indices are never reused. Writer: `collateral_create`.
    pub next_collateral: u16,
    /// Index of the underlying that prices the quote token itself; `u16::MAX`: none, it counts as 1 USD. Writer:
    /// `underlying_create`.
    pub stable_underlying: u16,
    /// Layout version. Writer: `clearinghouse_create`.
    pub version: u8,
    /// Bump of this address. Writer: `clearinghouse_create`.
    pub bump: u8,
    /// Bump of the quote vault. Writer: `clearinghouse_create`.
    pub vault_bump: u8,
    /// [`STATUS_OPEN`]. Writer: `clearinghouse_create`.
    pub status: u8,
    /// Zero.
    pub padding: [u8; 4],
    /// Zero; room for later layouts.
    pub reserved: [u8; 256],
}

const _: () = assert!(core::mem::size_of::<Clearinghouse>() == 256 + 64 + 32 + 8 + 8 + 8 + 256);
const _: () = assert!(core::mem::offset_of!(Clearinghouse, parameters) == 256);
const _: () = assert!(core::mem::offset_of!(Clearinghouse, surplus) == 320);
const _: () = assert!(core::mem::offset_of!(Clearinghouse, index) == 360);
