//! Which expiries and strikes may be listed.

use plimsoll_core::grid::*;
use plimsoll_core::units::{ContractSize, Price, Quantity};
use proptest::prelude::*;

const GRID: GridParameters = GridParameters::shipped();
const DAY: i64 = 86_400;
/// 08:00 UTC of some day.
const POINT: i64 = 20_000 * DAY + 28_800;

#[test]
fn expiries_stand_on_the_grid() {
    let at = |expiry| check_expiry(expiry, POINT - DAY, &GRID);
    assert_eq!(at(POINT), Ok(()));
    assert_eq!(at(POINT + 1), Err(GridRefusal::ExpiryOffGrid { expiry: POINT + 1, past: 1 }));
    assert_eq!(at(POINT - 1), Err(GridRefusal::ExpiryOffGrid { expiry: POINT - 1, past: DAY - 1 }));
}

#[test]
fn expiries_are_neither_too_near_nor_too_far() {
    let at = |lead| check_expiry(POINT, POINT - lead, &GRID);
    assert_eq!(at(3_600), Ok(()));
    assert_eq!(at(3_599), Err(GridRefusal::ExpiryTooNear { lead: 3_599, min: 3_600 }));
    assert_eq!(at(400 * DAY), Ok(()));
    let far = GridRefusal::ExpiryTooFar { lead: 400 * DAY + 1, max: 400 * DAY };
    assert_eq!(at(400 * DAY + 1), Err(far));
}

#[test]
fn strikes_stand_on_the_grid_between_their_bounds() {
    let spot = Price(50_000_000_000);
    let at = |strike| check_strike(Price(strike), spot, &GRID);
    let step = GRID.strike_step;
    assert_eq!(at(12_500_000_000), Ok(()));
    let low = GridRefusal::StrikeTooLow { strike: 12_000_000_000, low: 12_500_000_000 };
    assert_eq!(at(12_500_000_000 - step), Err(low));
    assert_eq!(at(200_000_000_000), Ok(()));
    let high = GridRefusal::StrikeTooHigh { strike: 200_500_000_000, high: 200_000_000_000 };
    assert_eq!(at(200_000_000_000 + step), Err(high));
    for strike in [50_000_000_001, 0, -step, 1] {
        assert_eq!(at(strike), Err(GridRefusal::StrikeOffGrid { strike, step }));
    }
}

#[test]
fn a_grid_without_a_step_lists_nothing() {
    let none = GridParameters { strike_step: 0, ..GRID };
    assert!(check_strike(Price(500), Price(500), &none).is_err());
    let none = GridParameters { expiry_interval_seconds: 0, ..GRID };
    assert!(check_expiry(POINT, POINT - DAY, &none).is_err());
}

#[test]
fn listing_proves_the_margin_integers() {
    let at = |price, size, quantity| check_listing(Price(price), ContractSize(size), Quantity(quantity));
    // 2^40 x 8 x 2^10 x 256 = 2^61; twice that is 2^62.
    let one = 1_000_000_000;
    assert_eq!(at(1 << 40, one, 1 << 10), Ok(()));
    assert_eq!(at((1 << 41) - 1, one, 1 << 10), Ok(()));
    let refused = GridRefusal::TooLarge { price: 1 << 41, quantity: 1 << 10 };
    assert_eq!(at(1 << 41, one, 1 << 10), Err(refused));
    assert!(at(1 << 40, one * 2, 1 << 10).is_err());
    assert_eq!(at(1 << 41, one / 2, 1 << 10), Ok(()));
    for (price, size, quantity) in [(0, one, 1), (-1, one, 1), (1, 0, 1), (1, one, 0), (1, one, -1)] {
        assert!(at(price, size, quantity).is_err());
    }
    assert!(at(i64::MAX, u64::MAX, i32::MAX).is_err());
    assert_eq!(at(1, 1, i32::MAX), Ok(()));
}

#[test]
fn what_is_shipped_can_be_listed() {
    let oracle = plimsoll_core::oracle::OracleParameters::shipped();
    let limits = plimsoll_core::trade::LimitParameters::shipped();
    let quantity = Quantity(limits.max_quantity as i32);
    // A tenth of the underlying per contract.
    assert_eq!(check_listing(Price(oracle.price_max), ContractSize(100_000_000), quantity), Ok(()));
    assert!(check_listing(Price(oracle.price_max), ContractSize(1_000_000_000), quantity).is_err());
}

proptest! {
    #[test]
    fn no_input_panics(a: i64, b: i64, c: i64, size: u64, q: i32, g: [u32; 6]) {
        let odd = GridParameters {
            strike_step: c, expiry_interval_seconds: g[0], expiry_offset_seconds: g[1], min_lead_seconds: g[2],
            max_days: g[3], moneyness_low: g[4], moneyness_high: g[5],
        };
        for grid in [GRID, odd] {
            let _ = (check_expiry(a, b, &grid), check_strike(Price(a), Price(b), &grid));
        }
        let _ = check_listing(Price(a), ContractSize(size), Quantity(q));
    }
}
