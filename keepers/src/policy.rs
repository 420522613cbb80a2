//! What a keeper is willing to do.

use serde::{Deserialize, Serialize};

/// A million: the whole, in ppm.
const PPM: i64 = 1_000_000;
/// Longest validity: a day, and more only on chains that run faster than time.
const VALID_SECONDS_MAX: i64 = 86_400;

/// What a keeper does and at which terms. Ratios in ppm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Start auctions of accounts under maintenance.
    pub start: bool,
    /// Bid in auctions.
    pub bid: bool,
    /// Take insolvent accounts whole, for what the insurance pays.
    pub take_insolvent: bool,
    /// Smallest discount against the mark, of the equity bought, at which it bids.
    pub min_discount_ppm: u32,
    /// Initial balance that must be left after a bid: quote atoms.
    pub reserve: i64,
    /// Refresh the risk rows that an auction or a purchase needs, and open or grow missing ones at its own rent. Without,
    /// it leaves accounts that need them to others.
    pub rows: bool,
    /// Settle expiries and accounts, sample settlement averages, end auctions, sweep fees, collect interest.
    pub crank: bool,
    /// Interest owed from which it is collected: quote atoms.
    pub min_interest: i64,
    /// Buy the collateral of accounts in debt.
    pub buy_collateral: bool,
    /// Smallest sale discount at which it buys collateral.
    pub min_sale_discount_ppm: u32,
    /// How long a signed action stays valid, seconds.
    pub valid_seconds: i64,
    /// How much worse than planned a bid may come out, of the value bought.
    pub slippage_ppm: u32,
    /// Highest priority fee: micro-lamports per compute unit. Above the keeper's own fee, it follows what recent
    /// transactions paid, up to here; otherwise the fee is fixed.
    pub priority_fee_cap: u64,
    /// Which of the recent fees it follows: percentile, 0 to 100.
    pub priority_fee_percentile: u8,
}

impl Policy {
    /// Checks every range. Errors: the first field outside, with its value and range.
    pub fn validate(&self) -> Result<(), String> {
        in_range("min_discount_ppm", i64::from(self.min_discount_ppm), 0, PPM)?;
        in_range("reserve", self.reserve, 0, i64::MAX)?;
        in_range("min_interest", self.min_interest, 0, i64::MAX)?;
        in_range("min_sale_discount_ppm", i64::from(self.min_sale_discount_ppm), 0, PPM)?;
        in_range("valid_seconds", self.valid_seconds, 1, VALID_SECONDS_MAX)?;
        in_range("slippage_ppm", i64::from(self.slippage_ppm), 0, PPM)?;
        in_range("priority_fee_percentile", i64::from(self.priority_fee_percentile), 0, 100)
    }
}

/// A field of a configuration against its range, both ends included. Errors: the field, its value and the range.
pub fn in_range(field: &str, value: i64, least: i64, most: i64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let most = if most == i64::MAX { String::new() } else { most.to_string() };
    Err(format!("{field} = {value} is outside {least}..{most}: choose a value inside"))
}

impl Default for Policy {
    /// Everything on; bids from a discount of 1.5 %, slippage 0.2 %, one minute of validity, interest from one quote
    /// token, a fixed priority fee.
    fn default() -> Self {
        Self {
            start: true,
            bid: true,
            take_insolvent: true,
            min_discount_ppm: 15_000,
            reserve: 0,
            rows: true,
            crank: true,
            min_interest: 1_000_000,
            buy_collateral: true,
            min_sale_discount_ppm: 10_000,
            valid_seconds: 60,
            slippage_ppm: 2_000,
            priority_fee_cap: 0,
            priority_fee_percentile: 75,
        }
    }
}
