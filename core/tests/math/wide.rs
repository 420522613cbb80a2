//! The evaluator's number and price, and that the chain's price stays within its bound of it.

use plimsoll_core::math::black76;
use plimsoll_core::math::wide::*;
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, q60, rows};

#[test]
fn price_is_within_1e_11_of_the_forward() {
    let mut worst = 0.0f64;
    for row in rows(&["price"]) {
        let (f, k, sd) =
            (Wide::from_integer(arg(row[0])), Wide::from_integer(arg(row[1])), Wide::from_q32(arg(row[2])));
        let call = call_price(f, k, sd);
        let error = ((call.raw() >> 32) - row[3]).abs().saturating_sub(1) as f64 / (1u64 << 32) as f64 / row[0] as f64;
        worst = worst.max(error);
        assert!(error <= 1e-11, "{row:?} {error:e}");
        assert_eq!(call - put_price(f, k, sd), f - k);
    }
    println!("wide price error / F {worst:.3e}");
}

#[test]
fn both_paths_agree_within_the_chains_bound() {
    for row in rows(&["price"]) {
        let (f, k, sd) = (arg(row[0]), arg(row[1]), arg(row[2]));
        let chain = Wide::from_integer(black76::call_price(f, k, sd));
        let wide = call_price(Wide::from_integer(f), Wide::from_integer(k), Wide::from_q32(sd));
        assert!((chain - wide).abs() <= Wide::from_integer(black76::price_error_up(f)), "{row:?}");
    }
}

#[test]
fn elementary_functions_match() {
    let raw = |value: Wide| value.raw() >> 4;
    for row in rows(&["elementary", "ln"]) {
        let error = raw(Wide::from_q32(arg(row[0])).ln()) - row[1];
        assert!(error.abs() <= 4, "ln {row:?} {error}");
    }
    for row in rows(&["elementary", "exp"]) {
        let error = raw(Wide::from_q32(arg(row[0])).exp()) - row[1];
        assert!(q60(error.abs()) <= 4e-18 * (1.0 + q60(row[1])), "exp {row:?} {error}");
    }
    for row in rows(&["elementary", "sqrt"]) {
        let error = raw(Wide::from_q32(arg(row[0])).sqrt()) - row[1];
        assert!(q60(error.abs()) <= 2e-18 + 1e-18 * q60(row[1]), "sqrt {row:?} {error}");
    }
    for row in rows(&["elementary", "pow"]) {
        let error = raw(Wide::from_q32(arg(row[0])).pow(Wide::from_q32(arg(row[1])))) - row[2];
        assert!(q60(error.abs()) <= 1e-17 * (1.0 + q60(row[2])), "pow {row:?} {error}");
    }
}

#[test]
fn distribution_density_and_times_match() {
    for row in rows(&["tables", "cdf"]) {
        let x = Wide::from_q32(arg(row[0]));
        assert!(((x.normal_cdf().raw() >> 4) - row[1]).abs() <= 4, "{row:?}");
        assert!((x.normal_cdf() + (-x).normal_cdf() - Wide::ONE).abs() <= Wide::from_raw(4));
    }
    for row in rows(&["tables", "pdf"]) {
        let error = (Wide::from_q32(arg(row[0])).normal_pdf().raw() >> 4) - row[1];
        assert!(error.abs() <= 4, "{row:?} {error}");
    }
    let year = plimsoll_core::math::time::YEAR.into();
    for row in rows(&["time", "discount"]) {
        let df = discount_factor(Wide::from_q32(arg(row[1])), Wide::from_ratio(row[0], year).unwrap());
        assert!(((df.raw() >> 4) - row[2]).abs() <= 16, "{row:?}");
    }
    for row in rows(&["time", "vol_shock"]) {
        let (seconds, floor) = (Wide::from_integer(arg(row[0])), Wide::from_integer(arg(row[1])));
        let error = (vol_shock(seconds, floor, Wide::from_q32(arg(row[2]))).raw() >> 4) - row[3];
        assert!(q60(error.abs()) <= 1e-17 * q60(row[3]), "{row:?} {error}");
    }
}

#[test]
fn limits_are_exact() {
    let f = Wide::from_integer(2_000);
    let small = Wide::from_ratio(4, 100_000_000).unwrap();
    assert_eq!(call_price(f, Wide::from_integer(1_500), small), Wide::from_integer(500));
    assert_eq!(call_price(f, Wide::from_integer(1_500), Wide::from_integer(25)), f);
    assert_eq!(call_price(f, Wide::ZERO, Wide::ONE), f);
    assert_eq!(call_price(Wide::ZERO, f, Wide::ONE), Wide::ZERO);
    assert_eq!(put_price(-f, f, Wide::ONE), f);
    assert_eq!(call_price(f, Wide::from_integer(1 << 50), Wide::ONE), Wide::ZERO);
    assert_eq!(call_price(Wide::from_integer(1 << 50), f, Wide::ONE), Wide::from_integer((1 << 50) - 2_000));
    assert_eq!(Wide::ZERO.ln(), Wide::MIN);
    assert_eq!(Wide::MAX.exp(), Wide::MAX);
    assert_eq!(Wide::MIN.exp(), Wide::ZERO);
    assert_eq!(Wide::MIN.sqrt(), Wide::ZERO);
}

#[test]
fn conversions_round_as_named() {
    let third = Wide::from_ratio(-1, 3).unwrap();
    assert_eq!((third.floor(), third.ceil()), (-1, 0));
    assert_eq!(Wide::from_ratio(7, 2).unwrap().floor(), 3);
    assert_eq!(Wide::from_ratio(7, 2).unwrap().ceil(), 4);
    assert_eq!(Wide::from_integer(i64::MIN).floor(), i64::MIN);
    assert_eq!(Wide::from_q32(-5).to_q32(), -5);
    assert_eq!(Wide::MAX.to_q32(), i64::MAX);
    assert_eq!(Wide::from_ratio(1, 0), None);
    assert_eq!(Wide::ONE.checked_div(Wide::ZERO), None);
    assert_eq!(Wide::MAX + Wide::ONE, Wide::MAX);
    assert_eq!(Wide::MAX * Wide::MIN, Wide::MIN);
    assert_eq!(Wide::MAX.checked_div(Wide::from_raw(1)), Some(Wide::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_chains_price_is_within_its_proof_of_the_wide_one(
        f in 1i64 << 28..1i64 << 50, at in -1.0f64..1.0, bits in 8.0f64..36.5, wild in any::<bool>(),
    ) {
        let sd = bits.exp2() as i64;
        let width = if wild { 15.9 } else { (sd as f64 / (1u64 << 32) as f64 * 9.0).min(15.9) };
        let k = ((f as f64) * (at * width).exp()).min(9e18) as i64;
        prop_assume!(k > 0);
        let scale = black76::Scale::of(f);
        let prepared = (black76::Strike::new(scale, k), black76::Forward::new(scale, f), black76::Deviation::new(sd));
        let kernel = black76::price(&prepared.0, &prepared.1, &prepared.2);
        let exact = call_price(Wide::from_integer(f), Wide::from_integer(k), Wide::from_q32(sd));
        // In kernel units: f has 29 bits, 1.5 units and 1e-8 F.
        let unit = 2f64.powi(-scale.shift());
        let error = kernel as f64 - exact.raw() as f64 / 2f64.powi(64) / unit;
        prop_assert!(error.abs() <= 1.5 + 1e-8 * f as f64 / unit, "{} of {}", error, kernel);
    }
}

fn any_wide() -> impl Strategy<Value = Wide> {
    prop_oneof![
        any::<i128>().prop_map(Wide::from_raw),
        any_integer().prop_map(Wide::from_integer),
        any_integer().prop_map(|raw| Wide::from_raw(raw.into())),
        Just(Wide::MIN),
        Just(Wide::MAX),
    ]
}

proptest! {
    #[test]
    fn everything_is_total(a in any_wide(), b in any_wide(), c in any_wide(), d in any_wide()) {
        let _ = (a.ln(), a.exp(), a.sqrt(), a.pow(b), a.normal_cdf(), a.normal_pdf(), a * b, a - b, -a, a.checked_div(b));
        let call = call_price(a, b, c);
        prop_assert!(call >= Wide::ZERO && call <= a.max(Wide::ZERO));
        let _ = (put_price(a, b, c), greeks(a, b, c, d, a), discount_factor(a, b), vol_shock(a, b, c));
        let _ = Svi { a, b, rho: c, m: d, sigma: a, forward: b, tau: c }.vol(d);
    }

    #[test]
    fn product_and_quotient_are_inverse(a in 1i64.., b in 1i64..) {
        let (a, b) = (Wide::from_raw(i128::from(a) << 20), Wide::from_raw(i128::from(b) << 10));
        let quotient = a.checked_div(b).unwrap();
        // Half a unit of the quotient times b, and half a unit of the product.
        prop_assert!((quotient * b - a).abs().raw() <= (b.raw() >> 64) + 2);
    }
}
