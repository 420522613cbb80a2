//! The insurance fund of a clearinghouse.

use anchor_lang::prelude::*;

/// Pays the bad debt that liquidation leaves, before a deficit is recorded. Its tokens lie in the quote vault.
///
/// Seeds: `insurance`, clearinghouse.
#[account(zero_copy)]
#[derive(Debug)]
pub struct InsuranceFund {
    /// The clearinghouse it insures. Writer: `clearinghouse_create`.
    pub clearinghouse: Pubkey,
    /// What the fund holds: quote atoms, >= 0. Writers: `insurance_deposit`, `bad_debt_repay`, `expiry_sweep`,
    /// `auction_start`, `auction_bid`, `debt_accrue`.
    pub balance: i64,
    /// Sum ever received: quote atoms, >= 0. Writers: as `balance`.
    pub received_total: i64,
    /// Sum ever paid out: quote atoms, >= 0. Writers: `auction_bid`; `expiry_sweep`, `insurance_deposit` and
    /// `bad_debt_repay` where a deficit is open.
    pub paid_total: i64,
    /// Sum of non-redeemable contributions: quote atoms, >= 0. Writer: `insurance_deposit`.
    pub contributed_total: i64,
    /// Number of payouts so far; numbers the incidents. Writer: `auction_bid`.
    pub incident_count: u32,
    /// Layout version. Writer: `clearinghouse_create`.
    pub version: u8,
    /// Bump of this address. Writer: `clearinghouse_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 2],
    /// Zero; room for later layouts.
    pub reserved: [u8; 128],
}

const _: () = assert!(core::mem::size_of::<InsuranceFund>() == 32 + 32 + 8 + 128);
const _: () = assert!(core::mem::offset_of!(InsuranceFund, balance) == 32);
