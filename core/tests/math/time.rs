//! Time, discount and volatility shock against mpmath.

use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::greeks::discount_factor;
use plimsoll_core::math::time::*;
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, q60, rows};

#[test]
fn root_of_time_is_within_its_bound() {
    for row in rows(&["time", "sqrt_time"]) {
        let error = (i128::from(sqrt_time(arg(row[0]))) << 20) - row[1];
        assert!(error.abs() <= 1 << 21, "{row:?} {error}");
    }
}

#[test]
fn discount_factor_is_within_its_bound() {
    for row in rows(&["time", "discount"]) {
        let error = (i128::from(discount_factor(arg(row[0]), arg(row[1]))) << 28) - row[2];
        assert!(q60(error.abs()) <= 1e-9 * q60(row[2]).max(0.4), "{row:?} {}", q60(error));
    }
    assert_eq!(discount_factor(31_536_000, 0), ONE);
    assert_eq!(discount_factor(31_536_000, -ONE), ONE);
}

#[test]
fn volatility_shock_is_within_its_bound() {
    for row in rows(&["time", "vol_shock"]) {
        let error = (i128::from(vol_shock(arg(row[0]), arg(row[1]), arg(row[2]))) << 28) - row[3];
        assert!(q60(error.abs()) <= 1e-9 * q60(row[3]), "{row:?} {}", q60(error));
    }
    assert_eq!(vol_shock(SHOCK_SECONDS, 1, ONE), ONE);
    assert_eq!(vol_shock(1, 86_400, 0), ONE);
}

#[test]
fn deviation_is_vol_times_root_of_time() {
    assert_eq!(deviation(ONE, YEAR), ONE);
    assert_eq!(deviation(ONE / 2, 4 * YEAR), ONE);
    assert_eq!(deviation(-ONE, YEAR), 0);
    assert_eq!(deviation(ONE, 0), 0);
}

#[test]
fn averaging_shrinks_the_deviation_by_the_share_that_still_varies() {
    let sd = ONE / 10;
    // Nothing fixed yet: 1 / sqrt 3.
    assert!((averaging_deviation(sd, 100, 100) as f64 / sd as f64 - 1.0 / 3f64.sqrt()).abs() < 1e-8);
    assert!((averaging_deviation(sd, 50, 100) as f64 / sd as f64 - 0.5 / 3f64.sqrt()).abs() < 1e-8);
    assert_eq!(averaging_deviation(sd, 0, 100), 0);
    assert_eq!(averaging_deviation(sd, 1, 0), 0);
}

proptest! {
    #[test]
    fn total_on_any_integer(a in any_integer(), b in any_integer(), c in any_integer()) {
        prop_assert!((0..=ONE).contains(&discount_factor(a, b)));
        prop_assert!(deviation(a, b) >= 0);
        prop_assert!(averaging_deviation(a, b, c) >= 0);
        prop_assert!(vol_shock(a, b, c) >= 0);
        prop_assert!((0..=16 * ONE).contains(&years(a)));
        prop_assert!((0..=4i64 << 40).contains(&sqrt_time(a)));
    }

    #[test]
    fn root_of_time_rises(a in 0..SECONDS_MAX, b in 0..SECONDS_MAX) {
        prop_assert_eq!(a.cmp(&b), sqrt_time(a).cmp(&sqrt_time(b)));
    }
}
