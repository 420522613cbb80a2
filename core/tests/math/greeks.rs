//! Every greek against mpmath, on both paths.

use plimsoll_core::math::black76::{price, Deviation, Forward, Scale, Strike};
use plimsoll_core::math::greeks::{price_greeks, Tenor};
use plimsoll_core::math::time::{deviation, YEAR};
use plimsoll_core::math::wide::{self, Wide};
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, rows};

const NAMES: [&str; 7] = ["call", "put", "delta", "F gamma", "vega", "theta", "rho"];

fn q40(value: i128) -> f64 {
    value as f64 / (1u64 << 40) as f64
}

#[test]
fn chain_greeks_match() {
    let mut worst = [0.0f64; 7];
    for row in rows(&["greeks"]) {
        let [forward, strike, vol, seconds, rate] = core::array::from_fn(|i| arg(row[i]));
        let scale = Scale::of(forward);
        let sd = deviation(vol, seconds);
        let prepared = (Strike::new(scale, strike), Forward::new(scale, forward), Deviation::new(sd));
        let g = price_greeks(&prepared.0, &prepared.1, &prepared.2, &Tenor::new(seconds, rate));
        let f = prepared.1.f as f64;
        let one = (1u64 << 32) as f64;
        let found = [g.call, g.put, g.delta, g.gamma, g.vega, g.theta, g.rho].map(|v| v as f64);
        let units = [f, f, one, one, f, f, f];
        let (sd, t) = (sd as f64 / one, seconds as f64 / YEAR as f64);
        // sd itself is an integer: an error of 2^-32 in it is this much of d1 and of the density.
        let input = 2.4e-10 * (1.0 + 10.0 / sd);
        let bounds =
            [2e-8, 3e-8, 1e-8 + input, 1e-8 + 10.0 * input / sd, 1e-8, 1e-8 * (1.0 + sd / t) + input * sd / t, 2e-8];
        for i in 0..7 {
            let error = (found[i] / units[i] - q40(row[5 + i])).abs();
            if i != 2 || sd > 0.01 {
                worst[i] = worst[i].max(error / bounds[i]);
            }
            assert!(error <= bounds[i], "{} {row:?} {error:e} bound {:e}", NAMES[i], bounds[i]);
        }
    }
    println!("chain greeks, part of the bound used: {worst:.2?} {NAMES:?}");
}

#[test]
fn delta_is_within_1e_8_where_the_deviation_is_exact() {
    // Deviations as integers, compared with the wide path, which carries 64 bits.
    let forward = 3_456_789_012i64;
    let scale = Scale::of(forward);
    let tenor = Tenor::new(YEAR, 0);
    let mut worst = 0.0f64;
    for exponent in 0..14 {
        for step in -40..=40i64 {
            let sd = (1i64 << (22 + exponent)) + 12_345;
            let x = step as f64 / 8.0 * (sd as f64 / (1u64 << 32) as f64);
            let strike = (forward as f64 * x.exp()) as i64;
            if strike < 1 << 10 || x.abs() > 15.0 {
                continue;
            }
            let g =
                price_greeks(&Strike::new(scale, strike), &Forward::new(scale, forward), &Deviation::new(sd), &tenor);
            let wide = wide::greeks(
                Wide::from_integer(forward),
                Wide::from_integer(strike),
                Wide::from_q32(sd),
                Wide::ONE,
                Wide::ZERO,
            );
            worst = worst.max((g.delta - wide.delta.to_q32()).abs() as f64 / (1u64 << 32) as f64);
        }
    }
    println!("delta error {worst:.3e}");
    assert!(worst <= 1e-8);
}

#[test]
fn wide_greeks_match() {
    let mut worst = [0.0f64; 7];
    for row in rows(&["greeks"]) {
        let [forward, strike, vol, seconds, rate] = core::array::from_fn(|i| arg(row[i]));
        let f = Wide::from_integer(forward);
        let years = Wide::from_ratio(seconds.into(), YEAR.into()).unwrap();
        let g = wide::greeks(f, Wide::from_integer(strike), Wide::from_q32(vol), years, Wide::from_q32(rate));
        let per = |value: Wide| value.checked_div(f).unwrap();
        let found = [per(g.call), per(g.put), g.delta, g.gamma * f, per(g.vega), per(g.theta), per(g.rho)];
        for i in 0..7 {
            let exact = row[5 + i];
            let error = q40(((found[i].raw() >> 24) - exact).abs());
            worst[i] = worst[i].max(error);
            // A gamma is small when F is large: its last bit, times F.
            let bit = if i == 3 { forward as f64 * 6e-20 } else { 0.0 };
            assert!(error <= 1e-11 + bit + 2e-11 * q40(exact).abs(), "{} {row:?} {error:e}", NAMES[i]);
        }
    }
    println!("wide greeks, error: {worst:?} {NAMES:?}");
}

#[test]
fn outside_the_domain_the_greeks_are_those_of_the_limit() {
    let scale = Scale::of(1_000_000);
    let f = Forward::new(scale, 1_000_000);
    let tenor = Tenor::new(86_400, 0);
    let deep = price_greeks(&Strike::new(scale, 1), &f, &Deviation::new(1 << 30), &tenor);
    assert_eq!((deep.delta, deep.gamma, deep.vega, deep.theta), (1 << 32, 0, 0, 0));
    let far = price_greeks(&Strike::new(scale, 1 << 55), &f, &Deviation::new(1 << 30), &tenor);
    assert_eq!((far.call, far.delta, far.gamma, far.vega, far.rho), (0, 0, 0, 0, 0));
    let flat = price_greeks(&Strike::new(scale, 900_000), &f, &Deviation::new(0), &tenor);
    assert_eq!((flat.delta, flat.gamma, flat.vega), (1 << 32, 0, 0));
}

proptest! {
    #[test]
    fn total_on_any_integer(f in any_integer(), k in any_integer(), sd in any_integer(), seconds in any_integer(), rate in any_integer()) {
        let scale = Scale::of(f);
        let (strike, forward, deviation) = (Strike::new(scale, k), Forward::new(scale, f), Deviation::new(sd));
        let g = price_greeks(&strike, &forward, &deviation, &Tenor::new(seconds, rate));
        prop_assert!(g.call >= 0 && g.call <= forward.f + 2);
        prop_assert!(g.vega >= 0 && g.gamma >= 0 && g.delta >= 0 && g.delta <= 1 << 32);
        let _ = price_greeks(&Strike { ln_k: seconds, k: rate }, &Forward { ln_f: sd, f: k }, &deviation, &Tenor::new(k, f));
    }

    #[test]
    fn the_call_of_the_greeks_is_the_price(f in 1i64 << 28..1i64 << 40, x in -2.0f64..2.0, sd in 1i64 << 20..1i64 << 34) {
        let scale = Scale::of(f);
        let strike = Strike::new(scale, (f as f64 * x.exp()) as i64);
        let (forward, deviation) = (Forward::new(scale, f), Deviation::new(sd));
        let g = price_greeks(&strike, &forward, &deviation, &Tenor::new(86_400, 0));
        prop_assert!((g.call - price(&strike, &forward, &deviation)).abs() <= 2);
    }
}
