//! The golden books of every mode against the evaluator: how far off, and what the set covers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::documents::{error_and_tolerance, float, golden, real, Balances};
use super::{cross, portfolio};

/// File, books of its parameters and of its inputs at its start, and the balances of its mode.
type Set = (&'static str, [usize; 2], fn(&Value) -> Balances);

/// Every parameter, then every input has two books at the start of its file: at the least and at the largest value that
/// the evaluator takes.
const SETS: [Set; 3] = [
    ("margin_portfolio.json", [80, 62], portfolio::balances),
    ("margin_cross.json", [30, 44], cross::balances),
    ("margin_isolated.json", [30, 44], cross::balances),
];
/// Part of the tolerance the evaluator may use: it carries 64 fraction bits.
const SHARE: f64 = 1e-3;

fn all() -> Vec<Value> {
    SETS.iter().flat_map(|(name, ..)| golden(name)).collect()
}

#[test]
fn over_300_books_are_within_a_thousandth_of_the_tolerance() {
    let mut count = 0;
    for (name, _, balances) in SETS {
        let cases = golden(name);
        let (mut worst, mut worst_share) = (0.0f64, 0.0f64);
        for (index, case) in cases.iter().enumerate() {
            let (error, tolerance) = error_and_tolerance(&case["input"], balances(&case["input"]), &case["expected"]);
            assert!(error <= tolerance * SHARE, "{name} book {index}: error {error:e}, tolerance {tolerance:e}");
            worst = worst.max(error);
            worst_share = worst_share.max(error / tolerance);
        }
        count += cases.len();
        println!("{name}: {} books, worst error {worst:.2e}, {worst_share:.2e} of its tolerance", cases.len());
    }
    assert!(count >= 300, "{count} books");
}

#[test]
fn every_parameter_and_every_input_has_a_book_whose_margin_it_changes() {
    for (name, [parameters, inputs], _) in SETS {
        for (pair, cases) in golden(name)[..parameters + inputs].chunks(2).enumerate() {
            assert_ne!(cases[0]["expected"], cases[1]["expected"], "{name} pair {pair}");
        }
    }
}

#[test]
fn the_sweep_has_every_parameter_at_two_values() {
    for (name, [sweep, _], _) in SETS {
        let cases = golden(name);
        let cases = &cases[..sweep];
        let groups = |case: &Value| case["input"]["parameters"].as_object().unwrap().clone();
        let named: BTreeSet<(String, String)> = cases
            .iter()
            .flat_map(groups)
            .filter_map(|(group, fields)| Some((group, fields.as_object()?.clone())))
            // A list names the members of an offset: no value with two ends.
            .flat_map(|(group, fields)| fields.into_iter().map(move |(field, value)| (group.clone(), field, value)))
            .filter_map(|(group, field, value)| (!value.is_array()).then_some((group, field)))
            .collect();
        assert!(named.len() >= sweep / 2, "{name}: {} fields", named.len());
        let missing: Vec<_> = named
            .iter()
            .filter(|(group, field)| {
                let at = |case: &Value| case["input"]["parameters"][group][field].clone();
                cases.chunks(2).all(|pair| at(&pair[0]) == at(&pair[1]))
            })
            .collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}

#[test]
fn the_set_covers_modes_sizes_times_and_states() {
    let cases = all();
    let count = |test: &dyn Fn(&Value) -> bool| cases.iter().filter(|case| test(&case["input"])).count();
    for mode in ["portfolio", "cross", "isolated"] {
        assert!(count(&|d| d["mode"] == mode) >= 70, "{mode}");
    }
    let legs = |d: &Value| d["portfolio"]["options"].as_array().unwrap().len();
    for size in [1, 2, 8, 64, 128, 256] {
        assert!(count(&|d| legs(d) == size) >= 3, "{size} legs");
    }
    let numbers = |d: &Value, name: &str| -> Vec<f64> {
        let markets = d["markets"].as_array().unwrap().iter();
        let expiries = markets.flat_map(|market| market["expiries"].as_array().unwrap());
        expiries.filter_map(|expiry| expiry.get(name)).map(|value| float(real(value))).collect()
    };
    for seconds in [60.0, 1_800.0, 1_801.0, 86_400.0, 2_592_000.0, 2_592_001.0, 34_560_000.0] {
        assert!(count(&|d| numbers(d, "seconds_to_expiry").contains(&seconds)) >= 3, "{seconds} s");
    }
    assert!(count(&|d| !numbers(d, "settlement_average").is_empty()) >= 30, "averages");
    assert!(count(&|d| d["markets"].as_array().unwrap().len() >= 2) >= 20, "several underlyings");
    assert!(count(&|d| d["parameters"]["averaging_vol"] == true) >= 20, "variance of averages");
    for name in ["forward_confidence", "rate_confidence", "vol_confidence"] {
        assert!(count(&|d| numbers(d, name).iter().any(|confidence| *confidence < 0.4)) >= 5, "{name}");
    }
    let below = |d: &Value, name: &str, bound: f64| {
        let markets = d["markets"].as_array().unwrap().iter();
        markets.filter_map(|market| market.get(name)).any(|value| float(real(value)) < bound)
    };
    assert!(count(&|d| below(d, "spot_confidence", 0.4)) >= 5, "spot confidence");
    assert!(count(&|d| below(d, "stable_price", 0.98)) >= 20, "depeg");
    assert!(count(&|d| float(real(&d["portfolio"]["cash"])) < 0.0) >= 20, "negative cash");
    let scenarios = |d: &Value| d["parameters"]["scenarios"].as_array().map_or(0, Vec::len);
    for group in ["concentration", "between_steps", "offset"] {
        assert!(count(&|d| d["parameters"].get(group).is_some()) >= 12, "{group}");
    }
    let open = |d: &Value| {
        let mut legs = d["portfolio"]["options"].as_array().unwrap().iter();
        legs.any(|leg| leg.get("open_interest").is_some())
    };
    assert!(count(&open) >= 12, "open interest");
    for columns in [0, 1, 64] {
        assert!(count(&|d| d["mode"] == "portfolio" && scenarios(d) == columns) >= 1, "{columns} scenarios");
    }
}
