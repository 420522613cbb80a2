//! What the local clearinghouse lists, and on which terms: the shipped parameters, scaled to the prices at the start.

use anyhow::{Context, Result};
use plimsoll::{ClearinghouseCreateArgs, CollateralCreateArgs, UnderlyingCreateArgs};
use plimsoll_client::presets::{self, Asset};
use plimsoll_client::Pubkey;
use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_prices::Point;

use crate::sources::UNDERLYINGS;

/// Pyth's own ids of BTC/USD and SOL/USD.
pub const FEED_IDS: [[u8; 32]; UNDERLYINGS] = [presets::BTC_FEED, presets::SOL_FEED];
/// Billionths of the underlying per contract: 0.01 BTC, 1 SOL.
const CONTRACT_SIZES: [u64; UNDERLYINGS] = [10_000_000, 1_000_000_000];
/// Most contracts of one leg, where the listing bound allows as many.
const MAX_QUANTITY: i128 = 100_000;
/// The listing bound: highest price x contract size x 8 x quantity x 256 legs < 2^62.
const LISTING_BOUND: i128 = (1 << 62) / (8 * 256);
/// Contract sizes are in billionths.
const BILLION: i128 = 1_000_000_000;
/// Listed strikes, percent of the price at the start.
const MONEYNESS: [i64; 9] = [60, 70, 80, 90, 100, 110, 120, 130, 140];
/// Decimals of a price.
const PRICE_DECIMALS: u32 = 6;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Time the collateral takes from weight zero to its full weight: the shortest allowed.
pub const RAMP_SECONDS: u32 = 3_600;

/// Opens the clearinghouse: shipped parameters.
pub fn clearinghouse_args(authority: Pubkey) -> ClearinghouseCreateArgs {
    presets::clearinghouse(0, authority, authority)
}

/// Lists underlying `index`: shipped parameters, the first one as the others' peer; expiries on every full hour, strikes a fortieth of the price apart,
/// prices between a hundredth and ten times the first one.
pub fn underlying_args(index: usize, first_price: f64) -> Result<UnderlyingCreateArgs> {
    let price = atoms(first_price);
    let asset = Asset {
        contract_size: CONTRACT_SIZES[index],
        strike_step: strike_step(price),
        price_min: (price / 100).max(1),
        price_max: price.saturating_mul(10),
        max_quantity: max_quantity(price.saturating_mul(10), CONTRACT_SIZES[index])
            .with_context(|| format!("a first price of {first_price} is too high to list; divide the prices"))?,
    };
    let mut args = presets::underlying(u16::try_from(index)?, FEED_IDS[index], &asset);
    args.grid.expiry_interval_seconds = 3_600;
    args.grid.expiry_offset_seconds = 0;
    args.grid.min_lead_seconds = 1_800;
    if index > 0 {
        args.portfolio.correlation_peers = [0, NO_PEER];
    }
    Ok(args)
}

/// Lists the collateral priced by underlying `priced_by`: weight 90 % after the ramp, a million tokens at most.
pub fn collateral_args(priced_by: u16, decimals: u8) -> CollateralCreateArgs {
    let cap = 1_000_000_u64.saturating_mul(10_u64.pow(u32::from(decimals)));
    CollateralCreateArgs { index: 0, priced_by, cross_factor: 900_000, ramp_seconds: RAMP_SECONDS, cap }
}

/// Expiries listed at `now`: a full hour one to two hours ahead, then midnight UTC at least a day ahead, and a week
/// and four weeks after it.
pub fn expiries(now: i64) -> [i64; 4] {
    let next = |from: i64, interval: i64| from + (-from).rem_euclid(interval);
    let soon = next(now + HOUR, HOUR);
    let day = next(now + DAY, DAY);
    [soon, day, day + 7 * DAY, day + 28 * DAY]
}

/// Strikes listed around the first price: quote atoms, on the grid, ascending.
pub fn strikes(first_price: f64) -> Vec<i64> {
    let price = atoms(first_price);
    let step = strike_step(price);
    let nearest = |percent: i64| (price / 100 * percent + step / 2) / step * step;
    let mut strikes: Vec<i64> = MONEYNESS.into_iter().map(nearest).filter(|strike| *strike > 0).collect();
    strikes.dedup();
    strikes
}

/// Quote atoms of a price in dollars.
pub fn atoms(price: f64) -> i64 {
    Point { seconds: 0, price }.scaled(PRICE_DECIMALS)
}

/// Most contracts of one leg that the listing bound allows at `price_max` atoms; `None`: not even one.
fn max_quantity(price_max: i64, contract_size: u64) -> Option<i64> {
    let contract = i128::from(price_max) * i128::from(contract_size) / BILLION + 1;
    let quantity = ((LISTING_BOUND - 1) / contract).min(MAX_QUANTITY);
    i64::try_from(quantity).ok().filter(|quantity| *quantity > 0)
}

/// The largest of 1, 2, 5 x 10^k atoms that is at most a fortieth of `price`, at least 1.
fn strike_step(price: i64) -> i64 {
    let target = (price / 40).max(1);
    let mut unit = 1_i64;
    while unit.saturating_mul(10) <= target {
        unit = unit.saturating_mul(10);
    }
    [5, 2].into_iter().map(|m| unit.saturating_mul(m)).find(|step| *step <= target).unwrap_or(unit)
}
