//! What a keeper is willing to do.

use serde::{Deserialize, Serialize};

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
    /// Settle expiries and accounts, sample settlement averages, end auctions, sweep fees.
    pub crank: bool,
    /// Buy the collateral of accounts in debt.
    pub buy_collateral: bool,
    /// Smallest sale discount at which it buys collateral.
    pub min_sale_discount_ppm: u32,
    /// How long a signed action stays valid, seconds.
    pub valid_seconds: i64,
    /// How much worse than planned a bid may come out, of the equity bought.
    pub slippage_ppm: u32,
}

impl Default for Policy {
    /// Everything on; bids from a discount of 1.5 %, slippage 0.2 %, one minute of validity.
    fn default() -> Self {
        Self {
            start: true,
            bid: true,
            take_insolvent: true,
            min_discount_ppm: 15_000,
            reserve: 0,
            crank: true,
            buy_collateral: true,
            min_sale_discount_ppm: 10_000,
            valid_seconds: 60,
            slippage_ppm: 2_000,
        }
    }
}
