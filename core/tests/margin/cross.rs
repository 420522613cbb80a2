//! Cross mode of the evaluator: the numbers anyone can check.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::cross::{evaluate, payoff_excess, Parameters, Reading};
use plimsoll_core::margin::evaluator::{Leg, Market, Real};
use plimsoll_core::position::OptionKind;
use serde_json::Value;

use super::documents::{cross_parameters, decimal, float, markets, plain_expiry, real, Balances};

/// Equity, initial and maintenance balance of a cross document.
pub fn balances(document: &Value) -> Balances {
    let cash = real(&document["portfolio"]["cash"]);
    let parameters = cross_parameters(document);
    markets(document).iter().fold([cash; 3], |[equity, initial, maintenance], owned| {
        let margin = evaluate(&owned.market(), &parameters).unwrap();
        [equity + margin.options + margin.collateral, initial + margin.initial, maintenance + margin.maintenance]
    })
}

/// The parameters of the numbers below.
pub fn reference() -> Parameters {
    let d = decimal;
    Parameters {
        max_spot: d("0.15"),
        min_spot: d("0.1"),
        mm_call: d("0.075"),
        mm_put: d("0.075"),
        mm_put_mark: d("0.075"),
        unpaired_im: d("1.2"),
        unpaired_mm: d("1.1"),
        offset: d("1.05"),
        conf_threshold: d("0.4"),
        conf_factor: d("0.4"),
        depeg_threshold: d("0.98"),
        depeg_factor: d("1.2"),
        collateral_factor: d("0.8"),
        ..Parameters::default()
    }
}

/// Initial and maintenance balance of legs (quantity, kind, strike) of one expiry, S 2000, vol 0.5.
fn of_legs(seconds: i64, forward: &str, legs: &[(i64, OptionKind, i64)]) -> (f64, f64, Reading) {
    let one = Real::ONE;
    let expiry = plain_expiry(seconds, decimal(forward));
    let leg = |(quantity, kind, strike): &(i64, OptionKind, i64)| Leg {
        expiry: 0,
        strike: Real::from_integer(*strike),
        kind: *kind,
        quantity: Real::from_integer(*quantity),
        vol: decimal("0.5"),
        open_interest: Real::ZERO,
    };
    let legs: Vec<Leg> = legs.iter().map(leg).collect();
    let market = Market {
        spot: Real::from_integer(2000),
        spot_confidence: one,
        stable_price: one,
        expiries: &[expiry],
        legs: &legs,
        collateral: &[],
    };
    let margin = evaluate(&market, &reference()).unwrap();
    (float(margin.initial), float(margin.maintenance), margin.reading)
}

#[test]
fn the_numbers_anyone_can_check() {
    use OptionKind::{Call, Put};
    const DAY: i64 = 86_400;
    let near = |(initial, maintenance, _): (f64, f64, Reading), im: f64, mm: f64| {
        assert!((initial - im).abs() < 6e-4 && (maintenance - mm).abs() < 6e-4, "{initial} {maintenance}");
    };
    let (late, early) = (17 * DAY + 8 * 3600, 10 * DAY + 8 * 3600);
    near(of_legs(late, "2004.7545", &[(-1, Call, 2500)]), -201.928, -151.928);
    near(of_legs(early, "2002.83305", &[(-1, Call, 1500)]), -802.844, -652.844);
    near(of_legs(early, "2002.83305", &[(-2, Put, 3000)]), -2594.334, -2294.334);
    let spread = of_legs(early, "2002.83305", &[(-1, Call, 1800), (1, Call, 2000)]);
    assert_eq!(spread.2, Reading::MaxLoss);
    near(spread, -200.0, -200.0);
    near(of_legs(early, "2002.83305", &[(1, Call, 1800)]), 0.0, 0.0);
}

#[test]
fn a_short_call_asks_for_12_and_9_and_a_half() {
    // S 100, K 110, mark 2: IM = 2 + max(15 - 10, 10) = 12, MM = 2 + 7.5.
    let one = Real::ONE;
    let expiry = plain_expiry(2_592_000, Real::from_integer(100));
    let margin = |vol: Real| {
        let strike = Real::from_integer(110);
        let leg = Leg { expiry: 0, strike, kind: OptionKind::Call, quantity: -one, vol, open_interest: Real::ZERO };
        let market = Market {
            spot: Real::from_integer(100),
            spot_confidence: one,
            stable_price: one,
            expiries: &[expiry],
            legs: &[leg],
            collateral: &[],
        };
        evaluate(&market, &reference()).unwrap()
    };
    // The volatility that makes the mark 2.
    let (mut low, mut high) = (decimal("0.1"), decimal("2"));
    for _ in 0..80 {
        let middle = (low + high).half();
        if margin(middle).options < Real::from_integer(-2) {
            high = middle;
        } else {
            low = middle;
        }
    }
    let found = margin(low);
    assert!((float(found.initial) + 12.0).abs() < 1e-9);
    assert!((float(found.maintenance) + 9.5).abs() < 1e-9);
}

#[test]
fn payoffs_that_would_not_add_up_are_refused() {
    let one = Real::ONE;
    let expiries = [plain_expiry(2_592_000, one)];
    let leg = |strike: &str, quantity: i64| {
        let (strike, quantity) = (decimal(strike), Real::from_integer(quantity));
        Leg { expiry: 0, strike, kind: OptionKind::Call, quantity, vol: decimal("0.5"), open_interest: Real::ZERO }
    };
    // At 8,000,000 one leg loses 8e18 and the other gains it: half a unit of 1e12 contracts is what is left.
    let legs = [leg("8000000", 1), leg("1", -1_000_000_000_000), leg("1.5", 1_000_000_000_000)];
    let of = |legs| Market {
        spot: one,
        spot_confidence: one,
        stable_price: one,
        expiries: &expiries,
        legs,
        collateral: &[],
    };
    assert_eq!(payoff_excess(&of(&legs)).map(|(leg, _)| leg), Some(1));
    assert_eq!(evaluate(&of(&legs), &reference()), Err(CoreError::Overflow));
    assert_eq!(payoff_excess(&of(&legs[1..])), None);
    assert!(evaluate(&of(&legs[1..]), &reference()).is_ok());
}
