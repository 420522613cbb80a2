//! Every cell of every table at both ends and inside, and the price over its whole domain, against wider numbers.
//!
//! The golden file has mpmath's values at both ends and one place inside each cell; here the cells are walked densely
//! against the evaluator's functions, which carry 64 fraction bits and are held to mpmath elsewhere.

use plimsoll_core::math::black76::{price, Deviation, Forward, Scale, Strike, SD_MAX, SD_MIN};
use plimsoll_core::math::elementary::{exp, ln};
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::normal::{cdf, mills, pdf};
use plimsoll_core::math::tables::{
    CDF_ERROR_Q60, DENSITY, EXP2, EXP2_ERROR_Q60, LN, LN_ERROR_Q60, MILLS, MILLS_ERROR_Q60, NORMAL, PDF_ERROR_Q60,
};
use plimsoll_core::math::wide::{call_price, Wide};

/// Steps from end to end of a cell: no power of two, so that the places differ in every low bit.
const STEPS: i64 = 37;

/// Arguments in every one of `cells` cells of `2^bits`, both ends of each.
fn places(cells: usize, bits: u32) -> impl Iterator<Item = i64> {
    let width = 1i64 << bits;
    let inside = move |cell: i64| (0..=STEPS).map(move |step| cell * width + (width - 1) * step / STEPS);
    (0..cells as i64).flat_map(inside)
}

/// Largest error in units of 2^-60 over `arguments`, of `function` (Q`bits`) against `exact`.
fn worst(
    arguments: impl Iterator<Item = i64>,
    bits: u32,
    function: fn(i64) -> i64,
    exact: impl Fn(i64) -> Wide,
) -> i128 {
    let error = |x: i64| ((i128::from(function(x)) << (60 - bits)) - (exact(x).raw() >> 4)).abs();
    arguments.map(error).max().expect("a table has cells")
}

#[test]
fn the_distribution_stays_within_its_bound_in_every_cell() {
    let arguments = || places(NORMAL.len(), 27).map(|place| place - 8 * ONE);
    assert_eq!(arguments().next(), Some(-8 * ONE));
    assert_eq!(arguments().last(), Some(8 * ONE - 1));
    let error = worst(arguments(), 31, cdf, |x| Wide::from_q32(x).normal_cdf());
    println!("cdf {:.3e}", error as f64 / 2f64.powi(60));
    assert!(error <= i128::from(CDF_ERROR_Q60), "{error}");
}

#[test]
fn the_density_stays_within_its_bound_in_every_cell_of_both_sides() {
    let cells = || places(DENSITY.len(), 27);
    assert_eq!(cells().last(), Some(13 * ONE / 2 - 1));
    // And beyond the last cell, where it is 0.
    let beyond = (0..=96).map(|step| 13 * ONE / 2 + step * ONE / 16);
    let arguments = cells().chain(beyond).flat_map(|place| [place, -place]);
    let error = worst(arguments, 31, pdf, |x| Wide::from_q32(x).normal_pdf());
    println!("pdf {:.3e}", error as f64 / 2f64.powi(60));
    assert!(error <= i128::from(PDF_ERROR_Q60), "{error}");
}

#[test]
fn the_logarithm_stays_within_its_bound_in_every_cell() {
    let error = worst(places(LN.len(), 26).map(|place| ONE + place), 40, ln, |x| Wide::from_q32(x).ln());
    println!("ln {:.3e}", error as f64 / 2f64.powi(60));
    // The table, and half a unit of Q40.
    assert!(error <= i128::from(LN_ERROR_Q60) + (1 << 19), "{error}");
}

#[test]
fn the_exponential_stays_within_its_bound_in_every_cell() {
    // The argument whose exponent of two is `place` in Q34, in units of Q32: e^x is in [1, 2), to half a unit.
    let ln_2 = std::f64::consts::LN_2;
    let arguments = places(EXP2.len(), 28).map(|place| (place as f64 / 2f64.powi(34) * ln_2 * 2f64.powi(32)) as i64);
    let error = worst(arguments, 32, exp, |x| Wide::from_q32(x).exp());
    println!("exp {:.3e}", error as f64 / 2f64.powi(60));
    // The table, half a unit of Q32, and what the exponent loses below 2^-34: that times ln 2 times a value below 2.
    assert!(error <= i128::from(EXP2_ERROR_Q60) + (1 << 27) + 93_032_640, "{error}");
}

/// N(-z) / phi(z) by its continued fraction, from z = 1 up, to 15 digits: 1/(z + 1/(z + 2/(z + 3/(z + ..)))).
fn mills_ratio(z: f64) -> f64 {
    1.0 / (1..2_000).rev().fold(z, |below, level| z + f64::from(level) / below)
}

#[test]
fn the_mills_ratio_stays_within_its_bound_in_every_cell() {
    // Cells are in 1/z; the first begins at 0, which is z without end.
    let mut worst = 0.0f64;
    let mut cells = vec![false; MILLS.len()];
    for place in places(MILLS.len(), 26).filter(|place| *place >= 1 << 10) {
        let z = (u64::MAX / place.unsigned_abs()).min(i64::MAX as u64) as i64;
        // What the kernel makes of it; at z = 1 the reciprocal is the last of the table.
        let reciprocal = (u64::MAX / z.unsigned_abs().max((1 << 32) + 1)) as i64;
        cells[(reciprocal >> 26) as usize] = true;
        let exact = mills_ratio(z as f64 / ONE as f64);
        worst = worst.max((mills(z) as f64 / 2f64.powi(31) - exact).abs());
    }
    println!("mills {worst:.3e}");
    // The table, and the reciprocal's last bit.
    assert!(worst <= MILLS_ERROR_Q60 as f64 / 2f64.powi(60) + 2f64.powi(-32), "{worst:e}");
    assert!(cells.iter().all(|met| *met), "{cells:?}");
}

#[test]
fn the_check_of_the_mills_ratio_is_right() {
    // N(-1) / phi(1) and N(-4) / phi(4).
    assert!((mills_ratio(1.0) - 0.655_679_542_418_798_5).abs() < 1e-13);
    assert!((mills_ratio(4.0) - 0.236_652_382_913_560_67).abs() < 1e-15);
}

/// Deviations over [0, 24]: around the ends, at both sides of every change of length, and 24 between.
fn deviations() -> Vec<i64> {
    let ends = [0, 1, SD_MIN - 1, SD_MIN, SD_MIN + 1, SD_MAX - 1, SD_MAX, 16 * ONE / 9];
    let lengths = (8..37).flat_map(|bit| [(1i64 << bit) - 1, 1 << bit, 3 << (bit - 1)]);
    let even = (1..24).map(|whole| whole * ONE);
    ends.into_iter().chain(lengths).chain(even).filter(|sd| (0..=SD_MAX).contains(sd)).collect()
}

#[test]
fn the_price_is_within_its_bound_over_the_whole_domain() {
    let forward = 401_234_567_890i64;
    let scale = Scale::of(forward);
    let unit = 2f64.powi(-scale.shift());
    let prepared = Forward::new(scale, forward);
    let (mut worst, mut count) = (0.0f64, 0);
    for sd in deviations() {
        let deviation = Deviation::new(sd);
        let width = (sd as f64 / ONE as f64 * 9.5).clamp(1e-9, 15.999);
        // Where there is time value, and over all of [-16, 16].
        let near = (-48..=48).map(|step| f64::from(step) / 48.0 * width);
        let far = (-32..=32).map(|step| f64::from(step) / 32.0 * 15.999);
        // Both sides of K = 2F, where the formula changes, and of its mirror.
        let ln_2 = std::f64::consts::LN_2;
        let edges = [1.0, -1.0].into_iter().flat_map(move |side| [-1e-7, 1e-7].map(|step| side * ln_2 + step));
        for x in near.chain(far).chain(edges) {
            let strike = (forward as f64 * x.exp()) as i64;
            if strike == 0 {
                continue;
            }
            let kernel = price(&Strike::new(scale, strike), &prepared, &deviation);
            let exact = call_price(Wide::from_integer(forward), Wide::from_integer(strike), Wide::from_q32(sd));
            let error = (kernel as f64 * unit - exact.raw() as f64 / 2f64.powi(64)).abs();
            let bound = 1.5 * unit + 1e-8 * forward as f64;
            assert!(error <= bound, "sd {sd} x {x}: {kernel}, error {error} of {bound}");
            worst = worst.max(error / forward as f64);
            count += 1;
        }
    }
    println!("{count} prices, worst error / F {worst:.3e}");
    assert!(worst <= 1.6e-8, "{worst:e}: above the proof in black76.rs");
}
