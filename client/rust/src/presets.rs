//! Parameter sets to start a clearinghouse from: the rule book's shipped values, adapted to an asset.

use plimsoll::constants::PRICE_RECEIVERS;
use plimsoll::state;
use plimsoll::{ClearinghouseCreateArgs, UnderlyingCreateArgs};
use plimsoll_core::grid::GridParameters;
use plimsoll_core::liquidation::AuctionParameters;
use plimsoll_core::margin::{CrossParameters, PortfolioParameters};
use plimsoll_core::oracle::OracleParameters;
use plimsoll_core::parameters::ClearinghouseParameters;
use plimsoll_core::trade::LimitParameters;
use plimsoll_core::units::Ratio;
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters};
use solana_program::pubkey::Pubkey;

/// Pyth feed id of BTC/USD.
pub const BTC_FEED: [u8; 32] = feed("e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43");
/// Pyth feed id of ETH/USD.
pub const ETH_FEED: [u8; 32] = feed("ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace");
/// Pyth feed id of SOL/USD.
pub const SOL_FEED: [u8; 32] = feed("ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d");
/// Pyth feed id of USDC/USD.
pub const USDC_FEED: [u8; 32] = feed("eaa020c61cc479712813461ce153894a96a6c00b21ed0cfc2798d1f9a9e9c94a");

/// A clearinghouse with the shipped rules; `authority` lists, `guardian` is stored.
pub fn clearinghouse(index: u16, authority: Pubkey, guardian: Pubkey) -> ClearinghouseCreateArgs {
    let parameters = state::ClearinghouseParameters::from_rules(&ClearinghouseParameters::shipped());
    ClearinghouseCreateArgs { index, authority, guardian, parameters }
}

/// BTC: contracts of 0.01, strikes every 500 between a quarter and four times the price, to 2,000,000 a coin. The
/// multiplier and the floor of its range are those that `docs/calibration/btc.toml` proposes: four deviations do not hold
/// a day's rises in both parts of its history.
pub fn btc(index: u16) -> UnderlyingCreateArgs {
    let asset = Asset {
        contract_size: 10_000_000,
        strike_step: 500_000_000,
        price_min: 1_000_000_000,
        price_max: 2_000_000_000_000,
        max_quantity: 100_000,
    };
    let scan = ScanParameters { deviations: 4_300_000, range_floor: 105_000, ..ScanParameters::shipped() };
    UnderlyingCreateArgs { scan: state::ScanParameters::from_rules(&scan), ..underlying(index, BTC_FEED, &asset) }
}

/// ETH: contracts of 0.1, strikes every 20, to 100,000 a coin. The floor of its range and what its volatility returns to
/// are those that `docs/calibration/eth.toml` proposes.
pub fn eth(index: u16) -> UnderlyingCreateArgs {
    let asset = Asset {
        contract_size: 100_000_000,
        strike_step: 20_000_000,
        price_min: 50_000_000,
        price_max: 100_000_000_000,
        max_quantity: 200_000,
    };
    let volatility = VolatilityParameters { reference: 800_000, ..VolatilityParameters::shipped() };
    let scan = ScanParameters { range_floor: 140_000, ..ScanParameters::shipped() };
    UnderlyingCreateArgs {
        volatility: state::VolatilityParameters::from_rules(&volatility),
        scan: state::ScanParameters::from_rules(&scan),
        ..underlying(index, ETH_FEED, &asset)
    }
}

/// SOL: contracts of one coin, strikes every quote token, to 20,000 a coin. Its margins are those that
/// `docs/calibration/sol.toml` proposes: the shipped ones do not last its days.
pub fn sol(index: u16) -> UnderlyingCreateArgs {
    let asset = Asset {
        contract_size: 1_000_000_000,
        strike_step: 1_000_000,
        price_min: 1_000_000,
        price_max: 20_000_000_000,
        max_quantity: 100_000,
    };
    let volatility = VolatilityParameters { reference: 1_250_000, ..VolatilityParameters::shipped() };
    let scan = ScanParameters { deviations: 4_700_000, range_reference: 310_000, ..ScanParameters::shipped() };
    let cross = CrossParameters {
        max_spot: Ratio(190_000),
        min_spot: Ratio(170_000),
        mm_call: Ratio(90_000),
        mm_put: Ratio(70_000),
        ..CrossParameters::REFERENCE
    };
    UnderlyingCreateArgs {
        volatility: state::VolatilityParameters::from_rules(&volatility),
        scan: state::ScanParameters::from_rules(&scan),
        cross: state::CrossParameters::from_rules(&cross),
        ..underlying(index, SOL_FEED, &asset)
    }
}

/// USDC as the token that prices the quote token itself: nobody writes options on it.
pub fn stable(index: u16) -> UnderlyingCreateArgs {
    let asset = Asset {
        contract_size: 1_000_000_000,
        strike_step: 10_000,
        price_min: 100_000,
        price_max: 2_000_000,
        max_quantity: 1,
    };
    UnderlyingCreateArgs { stable: 1, ..underlying(index, USDC_FEED, &asset) }
}

/// What differs from asset to asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Billionths of the underlying per contract.
    pub contract_size: u64,
    /// Quote atoms per whole underlying.
    pub strike_step: i64,
    /// Lowest sane price: quote atoms per whole underlying.
    pub price_min: i64,
    /// Highest sane price. Times contract size x largest quantity it must stay inside the margin integers.
    pub price_max: i64,
    /// Most contracts of one leg.
    pub max_quantity: i64,
}

/// An underlying on `feed_id` with the shipped rules but for `asset`.
pub fn underlying(index: u16, feed_id: [u8; 32], asset: &Asset) -> UnderlyingCreateArgs {
    let grid = GridParameters { strike_step: asset.strike_step, ..GridParameters::shipped() };
    let oracle =
        OracleParameters { price_min: asset.price_min, price_max: asset.price_max, ..OracleParameters::shipped() };
    let limits = LimitParameters { max_quantity: asset.max_quantity, ..LimitParameters::shipped() };
    UnderlyingCreateArgs {
        index,
        stable: 0,
        receiver_program: PRICE_RECEIVERS[0],
        feed_id,
        contract_size: asset.contract_size,
        grid: state::GridParameters::from_rules(&grid),
        oracle_parameters: state::OracleParameters::from_rules(&oracle),
        volatility: state::VolatilityParameters::from_rules(&VolatilityParameters::shipped()),
        scan: state::ScanParameters::from_rules(&ScanParameters::shipped()),
        cross: state::CrossParameters::from_rules(&CrossParameters::REFERENCE),
        auction: state::AuctionParameters::from_rules(&AuctionParameters::shipped()),
        limits: state::LimitParameters::from_rules(&limits),
        portfolio: state::PortfolioParameters::from_rules(&PortfolioParameters::shipped()),
    }
}

/// A feed id from its hexadecimal form, at compile time.
const fn feed(hexadecimal: &str) -> [u8; 32] {
    let digits = hexadecimal.as_bytes();
    assert!(digits.len() == 64);
    let mut id = [0; 32];
    let mut at = 0;
    while at < 32 {
        id[at] = nibble(digits[2 * at]) * 16 + nibble(digits[2 * at + 1]);
        at += 1;
    }
    id
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("not a hexadecimal digit"),
    }
}
