//! Hard ranges of parameters, and the parameters of a whole clearinghouse.
//!
//! Every parameter struct is plain old data without padding, so that an account, an instruction argument and the
//! rule book share one set of bytes. `validate` holds the ranges that no authority can leave.

use core::ops::RangeInclusive;

use bytemuck::{Pod, Zeroable};

use crate::math::fixed::{div_rem_floor, product};

/// One, in millionths: the scale of every `ppm` field.
pub const PPM: i64 = 1_000_000;
/// The same, unsigned.
const PPM_UNSIGNED: u64 = 1_000_000;

/// A parameter outside its hard range, or out of order with another field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// Name of the field.
    pub field: &'static str,
    /// The refused value, in the field's unit.
    pub value: i64,
    /// Smallest value allowed.
    pub low: i64,
    /// Largest value allowed.
    pub high: i64,
}

impl core::fmt::Display for ParameterError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} = {} is outside [{}, {}]", self.field, self.value, self.low, self.high)
    }
}

/// The value of `field` beside `[low, high]`. An empty range refuses everything.
#[inline(always)]
pub fn range(field: &'static str, value: impl Into<i64>, low: impl Into<i64>, high: impl Into<i64>) -> ParameterError {
    ParameterError { field, value: value.into(), low: low.into(), high: high.into() }
}

/// The first value outside its range, if there is one: for ranges that depend on other fields.
#[inline(never)]
pub fn in_ranges(ranges: &[ParameterError]) -> Result<(), ParameterError> {
    match ranges.iter().find(|range| range.value < range.low || range.value > range.high) {
        Some(outside) => Err(*outside),
        None => Ok(()),
    }
}

/// A field and its constant range.
#[derive(Clone, Copy, Debug)]
pub struct FieldRange {
    /// Name of the field.
    pub field: &'static str,
    /// Smallest value allowed.
    pub low: i64,
    /// Largest value allowed.
    pub high: i64,
}

impl FieldRange {
    /// `field` in `range`.
    pub const fn new(field: &'static str, range: &RangeInclusive<i64>) -> Self {
        Self { field, low: *range.start(), high: *range.end() }
    }
}

/// The first of `values` outside its range in `table`; the two have the same order. One loop over a constant table: a
/// comparison of its own for each of a hundred fields is ten kilobytes of program. `check_ranges!` writes both lists.
#[inline(always)]
pub fn in_table<const N: usize>(table: &[FieldRange; N], values: &[i64; N]) -> Result<(), ParameterError> {
    in_table_of(table, values)
}

#[inline(never)]
fn in_table_of(table: &[FieldRange], values: &[i64]) -> Result<(), ParameterError> {
    for (FieldRange { field, low, high }, value) in table.iter().zip(values) {
        in_range(field, *value, *low, *high)?;
    }
    Ok(())
}

/// Checks fields of a group against constant ranges: `check_ranges!(self, { cap: 1..=9, fee: 0..=5 })`; what depends on
/// another field is checked after it. Errors: the first field outside.
macro_rules! check_ranges {
    ($group:expr, { $($field:ident: $range:expr),+ $(,)? }) => {
        $crate::parameters::in_table(
            const { &[$($crate::parameters::FieldRange::new(stringify!($field), &$range)),+] },
            &[$(i64::from($group.$field)),+],
        )
    };
}
pub(crate) use check_ranges;

/// `value` in `[low, high]`, or the error that names the field. An empty range refuses everything.
pub fn in_range(
    field: &'static str,
    value: impl Into<i64>,
    low: impl Into<i64>,
    high: impl Into<i64>,
) -> Result<(), ParameterError> {
    let (value, low, high) = (value.into(), low.into(), high.into());
    if value < low || value > high {
        return Err(ParameterError { field, value, low, high });
    }
    Ok(())
}

/// `value x ratio / 10^6` toward minus infinity, in 64-bit work only. `None` when it leaves `i64`, or comes
/// within 10^6 x ratio of its lower end.
///
/// With value = q 10^6 + r, 0 <= r < 10^6: value x ratio / 10^6 = q ratio + r ratio / 10^6, and only the last term
/// is rounded.
pub fn ppm_down(value: i64, ratio: u32) -> Option<i64> {
    let (quotient, rest) = div_rem_floor(value, PPM_UNSIGNED)?;
    // PROOF: rest < 2^20 and ratio < 2^32.
    let rest = rest.wrapping_mul(u64::from(ratio));
    product(quotient, i64::from(ratio))?.checked_add_unsigned(rest / PPM_UNSIGNED)
}

/// `value x ratio / 10^6` toward plus infinity. `None` as for [`ppm_down`].
pub fn ppm_up(value: i64, ratio: u32) -> Option<i64> {
    let (quotient, rest) = div_rem_floor(value, PPM_UNSIGNED)?;
    // PROOF: rest < 2^20 and ratio < 2^32.
    let rest = rest.wrapping_mul(u64::from(ratio));
    product(quotient, i64::from(ratio))?.checked_add_unsigned(rest.div_ceil(PPM_UNSIGNED))
}

/// Fees, debt, settlement and outflow rules of a clearinghouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ClearinghouseParameters {
    /// Largest debt one margin account may carry before it is auctioned: quote atoms.
    pub debt_cap: i64,
    /// What an account may always withdraw per outflow window, whatever others took: quote atoms.
    pub outflow_reserved: i64,
    /// Fee per side: share of the notional (spot x contract size x quantity), ppm.
    pub trade_fee: u32,
    /// Cap of that fee: share of the premium, ppm.
    pub trade_fee_premium_cap: u32,
    /// Share of collected fees that goes to the insurance fund, ppm; the rest is surplus.
    pub insurance_share: u32,
    /// Interest on debt, ppm a year.
    pub debt_rate: u32,
    /// Discount of a collateral sale at the end of its window, ppm of the oracle price.
    pub sale_discount_max: u32,
    /// Time in which the discount of a collateral sale grows from 0 to its end, seconds.
    pub sale_window_seconds: u32,
    /// How long a settlement gain stays held while the losers of the expiry are unsettled, seconds.
    pub settlement_hold_seconds: u32,
    /// Length of an outflow window, seconds.
    pub outflow_window_seconds: u32,
    /// Net withdrawals per window, ppm of the vault at the window's start.
    pub outflow_cap: u32,
    /// Collateral confidence below which the initial add-on applies, ppm.
    pub collateral_conf_threshold: u32,
    /// Factor of that add-on, ppm.
    pub collateral_conf_factor: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(core::mem::size_of::<ClearinghouseParameters>() == 64);

impl ClearinghouseParameters {
    /// What a new clearinghouse starts from: debt to 10,000 quote, 1,000 quote always withdrawable, fee 3 basis
    /// points of notional and at most 12.5 % of the premium, half of it to insurance, 15 % a year on debt, collateral
    /// sold at up to 10 % off over 30 minutes, settlement gains held a day at most, 20 % of the vault out per hour.
    pub const fn shipped() -> Self {
        Self {
            debt_cap: 10_000_000_000,
            outflow_reserved: 1_000_000_000,
            trade_fee: 300,
            trade_fee_premium_cap: 125_000,
            insurance_share: 500_000,
            debt_rate: 150_000,
            sale_discount_max: 100_000,
            sale_window_seconds: 1_800,
            settlement_hold_seconds: 86_400,
            outflow_window_seconds: 3_600,
            outflow_cap: 200_000,
            collateral_conf_threshold: 400_000,
            collateral_conf_factor: 400_000,
            padding: 0,
        }
    }

    /// Checks every hard range. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        const QUOTE_MAX: i64 = 1_000_000_000_000_000;
        check_ranges!(self, {
            debt_cap: 0..=QUOTE_MAX,
            outflow_reserved: 1_000_000..=QUOTE_MAX,
            trade_fee: 0..=10_000,
            trade_fee_premium_cap: 0..=500_000,
            insurance_share: 100_000..=PPM,
            debt_rate: 0..=2_000_000,
            sale_discount_max: 1_000..=500_000,
            sale_window_seconds: 60..=86_400,
            settlement_hold_seconds: 0..=7 * 86_400,
            outflow_window_seconds: 600..=86_400,
            outflow_cap: 10_000..=PPM,
            collateral_conf_threshold: 0..=PPM,
            collateral_conf_factor: 0..=5 * PPM,
            padding: 0..=0,
        })
    }
}
