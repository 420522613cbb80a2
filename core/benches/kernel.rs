//! Speed of the kernel: criterion timings, and the throughput against plain f64 Black-76 on `libm`.
//!
//! The ratio is taken in one process, both sides in turn, median of 31 pairs with the middle half of them: the
//! machine's mood cancels.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::as_conversions, clippy::float_arithmetic)]

use std::hint::black_box;
use std::time::Instant;

use criterion::{criterion_group, Criterion};
use plimsoll_core::math::black76::{price, Deviation, Forward, Scale, Shock, Strike};
use plimsoll_core::math::elementary::{exp, ln, sqrt};
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::greeks::{price_greeks, Tenor};
use plimsoll_core::math::wide::{self, Wide};

const FORWARD: i64 = 2_004_754_500;
const PAIRS: usize = 31;

struct Book {
    strikes: Vec<Strike>,
    forwards: Vec<Forward>,
    deviations: Vec<Deviation>,
}

/// 64 strikes from 0.5 F to 2 F, 16 spot shocks, 2 volatilities.
fn book() -> Book {
    let scale = Scale::of(FORWARD);
    let base = Forward::new(scale, FORWARD);
    let ratio = |i: i64, count: i64| ONE / 2 + ONE * 3 / 2 * i / count;
    Book {
        strikes: (0..64)
            .map(|i| Strike::new(scale, (FORWARD as f64 * 2f64.powf(i as f64 / 32.0 - 1.0)) as i64))
            .collect(),
        forwards: (0..16).map(|i| base.shocked(&Shock::new(ratio(i, 16)))).collect(),
        deviations: [ONE / 9, ONE / 6].map(Deviation::new).to_vec(),
    }
}

fn reprice(book: &Book) -> i64 {
    let mut sum = 0i64;
    for strike in &book.strikes {
        for deviation in &book.deviations {
            for forward in &book.forwards {
                sum = sum.wrapping_add(price(black_box(strike), forward, deviation));
            }
        }
    }
    sum
}

fn float_call(forward: f64, strike: f64, sd: f64) -> f64 {
    let n = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    let d1 = libm::log(forward / strike) / sd + sd / 2.0;
    forward * n(d1) - strike * n(d1 - sd)
}

fn reprice_float(strikes: &[f64], forwards: &[f64], deviations: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &strike in strikes {
        for &sd in deviations {
            for &forward in forwards {
                sum += float_call(forward, black_box(strike), sd);
            }
        }
    }
    sum
}

/// Price, delta, gamma, vega, theta and rho of the call, as a float library has them.
fn float_greeks(forward: f64, strike: f64, sd: f64, (years, rate): (f64, f64)) -> [f64; 6] {
    let n = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    let d1 = libm::log(forward / strike) / sd + sd / 2.0;
    let (n1, n2) = (n(d1), n(d1 - sd));
    let density = libm::exp(-d1 * d1 / 2.0) * 0.398_942_280_401_432_7;
    let discount = libm::exp(-rate * years);
    let (root, weight) = (libm::sqrt(years), discount * forward * density);
    let call = discount * (forward * n1 - strike * n2);
    let theta = rate * call - weight * sd / (2.0 * years);
    [call, discount * n1, discount * density / (forward * sd), weight * root, theta, discount * strike * n2 * years]
}

/// Prints by how much `fixed` is faster than `float` at `count` results each: median, and the middle half of the pairs.
fn ratio(name: &str, count: usize, mut fixed: impl FnMut(), mut float: impl FnMut()) {
    let nanos = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64 / count as f64
    };
    let mut samples: Vec<(f64, f64)> = (0..PAIRS)
        .map(|_| {
            let ours = nanos(&mut fixed);
            (nanos(&mut float) / ours, ours)
        })
        .collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quartiles = [1, 2, 3].map(|part| samples.get(PAIRS * part / 4).copied().unwrap_or_default());
    let [(low, _), (median, nanos), (high, _)] = quartiles;
    println!("{name}: {median:.2} x the throughput of f64 + libm ({low:.2} to {high:.2}; {nanos:.1} ns each)");
}

fn ratios_to_float() {
    let book = book();
    let strikes: Vec<f64> = book.strikes.iter().map(|s| s.k as f64).collect();
    let forwards: Vec<f64> = book.forwards.iter().map(|f| f.f as f64).collect();
    let deviations: Vec<f64> = book.deviations.iter().map(|d| d.sd() as f64 / ONE as f64).collect();
    let prices = strikes.len() * forwards.len() * deviations.len();
    let fixed = || {
        black_box(reprice(black_box(&book)));
    };
    ratio("kernel/ratio/price", prices, fixed, || {
        black_box(reprice_float(black_box(&strikes), &forwards, &deviations));
    });
    let (tenor, base) = (Tenor::new(1_500_000, ONE / 20), Forward::new(Scale::of(FORWARD), FORWARD));
    let years = 1_500_000.0 / (365.0 * 86_400.0);
    let series = strikes.len() * deviations.len();
    let fixed = || {
        for strike in &book.strikes {
            for deviation in &book.deviations {
                black_box(price_greeks(black_box(strike), black_box(&base), black_box(deviation), black_box(&tenor)));
            }
        }
    };
    ratio("kernel/ratio/price_greeks", series, fixed, || {
        for strike in &strikes {
            for sd in &deviations {
                black_box(float_greeks(black_box(base.f as f64), *black_box(strike), *black_box(sd), (years, 0.05)));
            }
        }
    });
}

fn criterion_benches(c: &mut Criterion) {
    let book = book();
    c.bench_function("reprice 64 strikes x 32 scenarios", |b| b.iter(|| reprice(black_box(&book))));
    let scale = Scale::of(FORWARD);
    let (strike, forward, deviation) =
        (Strike::new(scale, FORWARD / 9 * 10), Forward::new(scale, FORWARD), Deviation::new(ONE / 9));
    let tenor = Tenor::new(1_500_000, ONE / 20);
    c.bench_function("price and greeks", |b| {
        b.iter(|| price_greeks(black_box(&strike), black_box(&forward), black_box(&deviation), black_box(&tenor)))
    });
    c.bench_function("ln", |b| b.iter(|| ln(black_box(FORWARD))));
    c.bench_function("exp", |b| b.iter(|| exp(black_box(ONE / 3))));
    c.bench_function("sqrt", |b| b.iter(|| sqrt::<32, 32>(black_box(FORWARD))));
    let [f, k, sd] = [FORWARD, FORWARD / 9 * 10, 0].map(Wide::from_integer);
    let sd = sd + Wide::from_q32(ONE / 9);
    c.bench_function("wide price", |b| b.iter(|| wide::call_price(black_box(f), black_box(k), black_box(sd))));
}

criterion_group!(benches, criterion_benches);

fn main() {
    ratios_to_float();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
