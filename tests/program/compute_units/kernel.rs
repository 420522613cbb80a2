//! Single functions of the option kernel: units of one call, as the bench program's loops show them.
//!
//! The most expensive of a grid of inputs counts. `kernel/scenario_reprice` and `kernel/price_greeks`: options from half
//! the forward to twice the shocked forward, where K N(d2) is a product; `.../above_twice_forward`: strikes beyond, where
//! the Mills ratio stands for it.

use plimsoll_bench_program::timing::{Inputs, Timed};
use plimsoll_core::math::fixed::ONE;
use plimsoll_tests::kernel_bench::KernelBench;

use super::Measured;

/// Price atoms of the forward.
const FORWARD: i64 = 95_663_506_048;
/// Strikes in thousandths of the forward, and the factors of the scenarios: no strike is above twice a shocked forward.
const STRIKES: [i64; 7] = [500, 800, 950, 1_000, 1_050, 1_250, 1_600];
const FACTORS: [i64; 5] = [820, 955, 1_000, 1_045, 1_180];
/// Strikes above twice every shocked forward.
const FAR_STRIKES: [i64; 3] = [2_500, 4_000, 8_000];
/// `v sqrt(t)` in thousandths: a day at 20 % to two years at 150 %.
const DEVIATIONS: [i64; 5] = [10, 50, 170, 600, 2_100];

fn milli(value: i64) -> i64 {
    ONE / 1_000 * value
}

fn inputs(strikes: &[i64], factors: &[i64]) -> Vec<Inputs> {
    let at = |strike: i64, factor: i64, sd: i64| Inputs {
        forward: FORWARD,
        strike: FORWARD / 1_000 * strike,
        sd: milli(sd),
        factor: milli(factor),
    };
    let factors = |strike: i64| factors.iter().map(move |factor| (strike, *factor));
    let cells = strikes.iter().flat_map(|strike| factors(*strike));
    cells.flat_map(|(strike, factor)| DEVIATIONS.map(|sd| at(strike, factor, sd))).collect()
}

/// Measures all of them.
pub fn measure(measured: &mut Measured) {
    let bench = KernelBench::new();
    let most = |timed, inputs: &[Inputs]| inputs.iter().map(|inputs| bench.units(timed, inputs)).max().unwrap_or(0);
    let mut add = |name: &str, timed, inputs: &[Inputs]| {
        let units = most(timed, inputs);
        assert!(units > 0, "{name}: the loop is empty");
        measured.add_units(name, units);
    };
    let (near, far) = (inputs(&STRIKES, &FACTORS), inputs(&FAR_STRIKES, &FACTORS));
    add("kernel/scenario_reprice", Timed::ScenarioReprice, &near);
    add("kernel/scenario_reprice/above_twice_forward", Timed::ScenarioReprice, &far);
    let (near, far) = (inputs(&STRIKES, &[1_000]), inputs(&FAR_STRIKES, &[1_000]));
    add("kernel/price", Timed::Price, &near);
    add("kernel/price/above_twice_forward", Timed::Price, &far);
    add("kernel/price_greeks", Timed::PriceGreeks, &near);
    add("kernel/price_greeks/above_twice_forward", Timed::PriceGreeks, &far);
    let plain = [
        ("kernel/call_price", Timed::CallPrice),
        ("kernel/deviation_prepare", Timed::Deviation),
        ("kernel/forward_prepare", Timed::Forward),
        ("kernel/deviation", Timed::DeviationOf),
        ("kernel/smile_vol", Timed::SmileVol),
        ("kernel/ln", Timed::Ln),
        ("kernel/exp", Timed::Exp),
        ("kernel/sqrt", Timed::Sqrt),
        ("kernel/pow", Timed::Pow),
        ("kernel/normal_cdf", Timed::NormalCdf),
    ];
    for (name, timed) in plain {
        add(name, timed, &near);
    }
}
