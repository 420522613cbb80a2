//! The chain's price: error bound over the whole domain, limits, parity, monotonicity, totality.

use plimsoll_core::math::black76::*;
use plimsoll_core::math::fixed::ONE;
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, rows};

#[test]
fn no_shock_is_the_factor_one() {
    assert_eq!(Shock::NONE, Shock::new(ONE));
}

#[test]
fn price_is_within_two_parts_in_1e8_of_the_forward() {
    let mut worst = 0.0f64;
    for row in rows(&["price"]) {
        let (forward, strike, sd) = (arg(row[0]), arg(row[1]), arg(row[2]));
        let call = call_price(forward, strike, sd);
        let error = ((i128::from(call) << 32) - row[3]).abs();
        assert!(error <= i128::from(price_error_up(forward)) << 32, "{row:?} {call}");
        // One unit of a price below 2^28 is more than the kernel's error.
        if forward >= 1 << 30 {
            worst = worst.max(error as f64 / (1u64 << 32) as f64 / forward as f64);
        }
        let put = put_price(forward, strike, sd);
        assert_eq!(i128::from(call) - i128::from(put), i128::from(forward) - i128::from(strike));
    }
    println!("price error / F {worst:.3e}");
    assert!(worst <= 1.6e-8, "{worst:e}: above the proof in black76.rs");
}

#[test]
fn prepared_price_follows_shocks_within_its_bound() {
    // The scale is that of the base forward; every golden case is reached from a base by a factor in [1/16, 8].
    for (i, row) in rows(&["price"]).iter().enumerate() {
        let (forward, strike, sd) = (arg(row[0]), arg(row[1]), arg(row[2]));
        let base = if i % 2 == 0 { forward / 6 } else { forward.saturating_mul(3) };
        let scale = Scale::of(base);
        let kernel = price(&Strike::new(scale, strike), &Forward::new(scale, forward), &Deviation::new(sd));
        let unit = 2f64.powi(-scale.shift());
        let error = kernel as f64 * unit - row[3] as f64 / (1u64 << 32) as f64;
        let bound = 1.5 * unit + 1e-8 * forward as f64;
        assert!(error.abs() <= bound * 1.0001, "{row:?} {error} {bound}");
    }
}

#[test]
fn shocked_forward_equals_the_forward_of_the_product() {
    let base = 123_456_789_012i64;
    let scale = Scale::of(base);
    for (numerator, denominator) in [(118, 100), (82, 100), (34, 100), (6, 1), (1, 20), (8, 1)] {
        let shock = Shock::new((i128::from(ONE) * numerator / denominator) as i64);
        let shocked = Forward::new(scale, base).shocked(&shock);
        // The factor is rounded to 2^-30: 2^-31 of the base at most, 512 in ln (Q40) over the factor.
        let direct = Forward::new(scale, (i128::from(base) * numerator / denominator) as i64);
        assert!((shocked.f - direct.f).abs() <= 2 + direct.f / 100_000_000, "{shocked:?} {direct:?}");
        assert!((shocked.ln_f - direct.ln_f).abs() <= 520 * denominator as i64 + 4, "{shocked:?} {direct:?}");
    }
}

#[test]
fn limits_are_exact() {
    let f = 2_000_000_000i64;
    for sd in [0, -1, SD_MIN - 1, i64::MIN] {
        assert_eq!(call_price(f, f / 2, sd), f / 2);
        assert_eq!(call_price(f, f - 1, sd), 1);
        assert_eq!(call_price(f, f, sd), 0);
        assert_eq!(call_price(f, 2 * f, sd), 0);
        assert_eq!(call_price(f, 20 * f, sd), 0);
        assert_eq!(put_price(f, 2 * f, sd), f);
    }
    for sd in [SD_MAX + 1, i64::MAX] {
        for strike in [1, f / 2, f, 10 * f, i64::MAX] {
            assert_eq!(call_price(f, strike, sd), f);
            assert_eq!(put_price(f, strike, sd), strike);
        }
    }
    for sd in [SD_MIN, ONE, SD_MAX] {
        assert_eq!(call_price(f, 1, sd), f - 1);
        assert_eq!(call_price(1 << 20, 1 << 60, sd), 0);
        assert_eq!(call_price(0, f, sd), 0);
        assert_eq!(call_price(-5, f, sd), 0);
        assert_eq!(put_price(0, f, sd), f);
        assert_eq!(call_price(f, 0, sd), f);
        assert_eq!(call_price(f, i64::MIN, sd), f);
        assert_eq!(call_price(0, 0, sd), 0);
    }
}

#[test]
fn error_bound_is_two_parts_in_1e8_and_the_integer() {
    assert_eq!(price_error_up(0), 0);
    assert_eq!(price_error_up(-1), 0);
    assert_eq!(price_error_up(1), 2);
    assert_eq!(price_error_up(100_000_000), 4);
    assert!(price_error_up(i64::MAX) > 0);
}

/// Positive prices of every size.
fn any_price() -> impl Strategy<Value = i64> {
    (0u32..63, any::<i64>()).prop_map(|(bits, noise)| (noise.unsigned_abs() >> (63 - bits)).max(1) as i64)
}

/// Deviations of every size inside the domain and around its ends.
fn any_sd() -> impl Strategy<Value = i64> {
    (0u32..38, any::<u64>()).prop_map(|(bits, noise)| (noise >> (63 - bits)) as i64)
}

/// A strike near a forward, so that most cases have time value.
fn near() -> impl Strategy<Value = (i64, i64)> {
    (1i64 << 20..1i64 << 45, -3.0f64..3.0).prop_map(|(f, x)| (f, ((f as f64) * x.exp()) as i64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn total_and_inside_the_arbitrage_bounds(f in any_integer(), k in any_integer(), sd in any_integer()) {
        let (call, put) = (call_price(f, k, sd), put_price(f, k, sd));
        let (f, k) = (f.max(0), k.max(0));
        prop_assert!(call >= (f - k).max(0) && call <= f);
        prop_assert!(put >= (k - f).max(0) && put <= k);
        prop_assert_eq!(call - put, f - k);
    }

    #[test]
    fn rises_with_the_deviation((f, k) in near(), sd in any_sd(), more in any_sd()) {
        let slack = 2 * price_error_up(f);
        prop_assert!(call_price(f, k, sd + more) + slack >= call_price(f, k, sd));
    }

    #[test]
    fn rises_with_the_forward_by_at_most_the_move((f, k) in near(), sd in any_sd(), part in 1i64..1000) {
        let moved = f + f / part;
        let slack = price_error_up(f) + price_error_up(moved);
        let rise = call_price(moved, k, sd) - call_price(f, k, sd);
        prop_assert!(rise >= -slack && rise <= moved - f + slack, "{}", rise);
    }

    #[test]
    fn falls_with_the_strike_and_is_convex((f, k) in near(), sd in any_sd(), part in 2i64..1000) {
        let step = k / part;
        let slack = 4 * price_error_up(f);
        let [low, mid, high] = [k - step, k, k + step].map(|k| call_price(f, k, sd));
        prop_assert!(low + slack >= mid && mid + slack >= high);
        prop_assert!(low + high - 2 * mid >= -slack);
    }

    #[test]
    fn scale_free((f, k) in near(), sd in any_sd(), shift in 0u32..13) {
        let small = call_price(f, k, sd);
        let large = call_price(f << shift, k << shift, sd);
        prop_assert!(((small << shift) - large).abs() <= (price_error_up(f) << shift) + price_error_up(f << shift));
    }

    #[test]
    fn prepared_forms_are_total(f in any_integer(), base in any_integer(), k in any_integer(), sd in any_integer(), factor in any_integer()) {
        let scale = Scale::of(base);
        let forward = Forward::new(scale, f);
        let shocked = forward.shocked(&Shock::new(factor));
        let (strike, deviation) = (Strike::new(scale, k), Deviation::new(sd));
        let _ = (price(&strike, &forward, &deviation), price(&strike, &shocked, &deviation));
        prop_assert!(scale.to_kernel(f) >= 0 && scale.to_price(f) >= 0);
        let garbage = Strike { ln_k: f, k };
        let _ = price(&garbage, &Forward { ln_f: sd, f: base }, &deviation);
    }

    #[test]
    fn extreme_moneyness_is_within_its_bounds(f in any_price(), k in any_price(), sd in any_sd()) {
        let call = call_price(f, k, sd);
        prop_assert!(call >= f.saturating_sub(k).max(0) && call <= f);
    }
}
