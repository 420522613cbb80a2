//! Shocked option values of one expiry, for portfolio margin.

use anchor_lang::prelude::*;
use plimsoll_core::margin::scenario::columns::SPOTS_MAX;
use plimsoll_core::margin::scenario::{rows, tenor, ROW};
use plimsoll_core::series::MAX_STRIKES;

use super::mirror::mirror;

/// A volatility skew; mirrors `plimsoll_core::margin::scenario::tenor::Skew`, same bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SkewData {
    /// Largest change, Q32, >= 0.
    pub cap: i64,
    /// Change per unit of ln(K / F), Q32, >= 0.
    pub slope: i64,
}

/// An expiry as it was priced; mirrors `plimsoll_core::margin::scenario::Tenor`, same bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TenorData {
    /// Part of the forward that the settlement average has fixed: quote atoms per whole underlying, >= 0.
    pub fixed: i64,
    /// Part that a shock multiplies: quote atoms per whole underlying, >= 0.
    pub variable: i64,
    /// v sqrt(t) with volatility unchanged, up and down, Q32.
    pub deviations: [i64; 3],
    /// The linear and the absolute skew.
    pub skews: [SkewData; 2],
    /// Where both skews reach their cap, Q32.
    pub wing: i64,
    /// Share of a positive shocked value that counts, Q32.
    pub long_share: i64,
    /// Share of the basis loss that counts, Q32.
    pub basis_share: i64,
}

/// What rows stand on; mirrors `plimsoll_core::margin::scenario::RowsHeader`, same bytes. Writer: `rows_refresh`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RowsHeaderData {
    /// The expiry as it was priced.
    pub tenor: TenorData,
    /// Forward at every spot multiplier: quote atoms per contract.
    pub forwards: [i64; SPOTS_MAX],
    /// Accepted price at the refresh: quote atoms per whole underlying.
    pub spot: i64,
    /// Clock of the refresh: unix seconds; 0 before the first.
    pub computed_at: i64,
    /// Bit i: the row of strike i is filled.
    pub filled: u64,
    /// Sum of the underlying's change sequences at the refresh.
    pub sequence: u64,
    /// Grid steps a side that the columns serve.
    pub steps: u8,
    /// Zero.
    pub padding: [u8; 3],
    /// Strikes of the expiry that had given their place to another at the refresh.
    pub replaced: u32,
}

/// Shocked values of an expiry's strikes. Behind this header the account holds, per strike id, 64 values (`i64`, quote
/// atoms per contract): the call in every scenario column, then the strike's listed price, the put's mark and the strike
/// per contract. Only the program computes them.
///
/// Seeds: `rows`, expiry.
#[account(zero_copy)]
#[derive(Debug)]
pub struct RiskRows {
    /// The expiry. Writer: `rows_open`.
    pub expiry: Pubkey,
    /// Who paid the first rent and gets all of it back. Writer: `rows_open`.
    pub rent_payer: Pubkey,
    /// What the values stand on.
    pub header: RowsHeaderData,
    /// Layout version. Writer: `rows_open`.
    pub version: u8,
    /// Bump of this address. Writer: `rows_open`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 6],
    /// Zero; room for later layouts.
    pub reserved: [u8; 128],
}

mirror!(SkewData => tenor::Skew { cap, slope });
mirror!(TenorData => tenor::Tenor {
    fixed, variable, deviations, skews, wing, long_share, basis_share
});
mirror!(RowsHeaderData => rows::RowsHeader { tenor, forwards, spot, computed_at, filled, sequence, steps, padding, replaced });

/// Bytes of one strike's row.
pub const ROW_BYTES: usize = ROW * size_of::<i64>();
/// Bytes of an account that holds rows of every strike, discriminator included.
pub const SPACE_MAX: usize = crate::addresses::space_of::<RiskRows>() + ROW_BYTES * MAX_STRIKES;
/// Bytes that one instruction may add to an account: the runtime's limit.
pub const GROWTH_MAX: usize = 10_240;
/// Bytes of a new account: whole rows within the limit.
pub const SPACE_FIRST: usize = crate::addresses::space_of::<RiskRows>()
    + (GROWTH_MAX - crate::addresses::space_of::<RiskRows>()) / ROW_BYTES * ROW_BYTES;

const _: () = assert!(core::mem::offset_of!(RiskRows, header) == 64);
const _: () = assert!(core::mem::size_of::<RiskRows>() == 64 + 352 + 8 + 128);
const _: () = assert!(crate::addresses::space_of::<RiskRows>().is_multiple_of(8));
const _: () = assert!(GROWTH_MAX.is_multiple_of(ROW_BYTES));
