use plimsoll_calibration::closeout::{delays, fit_maintenance, option_cases, row, Terms};
use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::Ratio;

use crate::fixtures::{long, states, VOLATILITY};

const HOUR: i64 = 3_600;

fn with(call: u32, put: u32) -> CrossParameters {
    CrossParameters { mm_call: Ratio(call), mm_put: Ratio(put), ..CrossParameters::REFERENCE }
}

#[test]
fn delays_are_whole_bars_and_each_once() {
    let history = long();
    assert_eq!(delays(&history, 810), [(810, HOUR), (14_400, 14_400), (43_200, 43_200), (86_400, 86_400)]);
    assert_eq!(delays(&history, 7_300)[1], (7_300, 3 * HOUR));
}

#[test]
fn the_fitted_percentages_keep_the_chance_below_its_target_and_lower_ones_do_not() {
    let (history, states) = (long(), states(&long()));
    let cases = option_cases(&history, &states, (HOUR, 200), &VOLATILITY).unwrap();
    let start = CrossParameters::REFERENCE;
    let half_spread = 0.002;
    let (call, put) = fit_maintenance(&cases, &Terms { states: &states, cross: &start, half_spread }, 0.001);
    let chance = |cross: &CrossParameters| {
        row(&cases, &Terms { states: &states, cross, half_spread }, (HOUR, HOUR)).unwrap().probability[1]
    };
    let fitted = chance(&with(call, put));
    assert!(fitted <= 0.001, "{call} {put}: {fitted}");
    assert!(chance(&with(call - 5_000, put)) > 0.001, "{call} {put}");
}

#[test]
fn more_delay_and_more_slippage_never_make_it_safer() {
    let (history, states) = (long(), states(&long()));
    let cross = CrossParameters::REFERENCE;
    let terms = Terms { states: &states, cross: &cross, half_spread: 0.005 };
    let rows: Vec<Vec<f64>> = [HOUR, 4 * HOUR, 24 * HOUR]
        .into_iter()
        .map(|delay| {
            let cases = option_cases(&history, &states, (delay, 200), &VOLATILITY).unwrap();
            let row = row(&cases, &terms, (delay, delay)).unwrap();
            assert!(row.moments > 9_000 && !row.worst_option.is_empty());
            // What is gone in the wildest tenth is gone in the whole.
            assert!(row.wildest > 0.0 && row.wildest * 0.1 <= row.probability[1] + 1e-12, "{row:?}");
            row.probability
        })
        .collect();
    for row in &rows {
        assert!(row.windows(2).all(|pair| pair[0] <= pair[1]), "{row:?}");
    }
    for (shorter, longer) in rows[0].iter().zip(&rows[2]) {
        assert!(shorter < longer, "{rows:?}");
    }
}
