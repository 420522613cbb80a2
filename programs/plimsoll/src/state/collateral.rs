//! A token accepted as collateral.

use anchor_lang::prelude::*;

/// A mint whose tokens support margin. Its weight ramps from zero after listing.
///
/// Seeds: `collateral`, clearinghouse, mint.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Collateral {
    /// The clearinghouse. Writer: `collateral_create`.
    pub clearinghouse: Pubkey,
    /// The mint, classic SPL Token. Writer: `collateral_create`.
    pub mint: Pubkey,
    /// The clearinghouse's token account of that mint. Writer: `collateral_create`.
    pub vault: Pubkey,
    /// Most tokens held: atoms of the mint. Writer: `collateral_create`.
    pub cap: u64,
    /// Tokens recorded in margin accounts: atoms of the mint. Writers: `collateral_deposit`, `collateral_withdraw`.
    pub deposited: u64,
    /// When the ramp started: unix seconds. Writer: `collateral_create`.
    pub ramp_start: i64,
    /// Time from weight zero to the full factor, seconds. Writer: `collateral_create`.
    pub ramp_seconds: u32,
    /// Share of the value that counts in both margin balances at the end of the ramp, ppm. Writer:
    /// `collateral_create`.
    pub cross_factor: u32,
    /// Index within the clearinghouse, never reused. Writer: `collateral_create`.
    pub index: u16,
    /// Index of the underlying that prices it; `u16::MAX`: one whole token is 1 USD. Writer: `collateral_create`.
    pub priced_by: u16,
    /// Decimals of the mint. Writer: `collateral_create`.
    pub decimals: u8,
    /// Layout version. Writer: `collateral_create`.
    pub version: u8,
    /// Bump of this address. Writer: `collateral_create`.
    pub bump: u8,
    /// Bump of the vault. Writer: `collateral_create`.
    pub vault_bump: u8,
    /// Zero; room for later layouts.
    pub reserved: [u8; 128],
}

const _: () = assert!(core::mem::size_of::<Collateral>() == 96 + 24 + 8 + 8 + 128);
const _: () = assert!(core::mem::offset_of!(Collateral, cap) == 96);
const _: () = assert!(core::mem::offset_of!(Collateral, index) == 128);
