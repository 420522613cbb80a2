use plimsoll_calibration::closeout::option_cases;
use plimsoll_calibration::initial::{fit_percentages, initial_coverage, scale_of, OptionCases};
use plimsoll_calibration::options::{requirement, Scales, SHORT_OPTIONS};
use plimsoll_core::margin::CrossParameters;
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::Ratio;

use crate::fixtures::{long, states, SCAN, VOLATILITY};

fn books() -> Vec<OptionCases> {
    let history = long();
    let all = option_cases(&history, &states(&history), (86_400, 200), &VOLATILITY).unwrap();
    let thinned = |set: OptionCases| OptionCases { cases: set.cases.into_iter().step_by(6).collect(), ..set };
    all.into_iter().map(thinned).collect()
}

#[test]
fn a_short_call_asks_for_its_percentage_of_spot_on_top_of_the_mark() {
    let books = books();
    let plain = Scales { initial: Ratio::ONE, maintenance: Ratio::ONE };
    for OptionCases { option, cases } in &books {
        let asked = requirement(&cases[0], option, plain, &CrossParameters::REFERENCE).unwrap();
        let of_spot = |amount: i64| amount as f64 / cases[0].spot.0 as f64;
        let expected = (0.15 - option.out_of_the_money()).max(0.10);
        if option.kind == OptionKind::Call {
            assert!((of_spot(asked.initial) - expected).abs() < 1e-6, "{}: {asked:?}", option.name());
            assert!((of_spot(asked.maintenance) - 0.075).abs() < 1e-6, "{}: {asked:?}", option.name());
        } else {
            assert!(of_spot(asked.initial) >= expected - 1e-6, "{}: {asked:?}", option.name());
        }
        let doubled = Scales { initial: Ratio(2_000_000), maintenance: Ratio::ONE };
        let scaled = requirement(&cases[0], option, doubled, &CrossParameters::REFERENCE).unwrap();
        assert!(scaled.initial > asked.initial && scaled.maintenance == asked.maintenance);
    }
}

#[test]
fn the_fitted_percentages_cover_every_option_and_lower_ones_do_not() {
    let (books, states) = (books(), states(&long()));
    let (max_spot, min_spot) = fit_percentages(&books, &states, &SCAN, 0.99).unwrap();
    let covered = |max_spot: u32, min_spot: u32| {
        let cross =
            CrossParameters { max_spot: Ratio(max_spot), min_spot: Ratio(min_spot), ..CrossParameters::REFERENCE };
        let options = initial_coverage(&books, &states, &SCAN, &cross).unwrap();
        options.into_iter().map(|option| option.covered).fold(1.0, f64::min)
    };
    assert!(covered(max_spot, min_spot) >= 0.99, "{max_spot} {min_spot}");
    assert!(covered(max_spot - 10_000, min_spot.min(max_spot - 10_000) / 2) < 0.99, "{max_spot} {min_spot}");
}

#[test]
fn the_scale_is_one_up_to_the_reference_range_and_never_above_its_cap() {
    for state in states(&long()) {
        let scale = scale_of(&state, &SCAN).unwrap();
        assert!((1_000_000..=SCAN.scale_cap).contains(&scale.0));
        assert!(state.range_im > SCAN.range_reference || scale == Ratio::ONE);
    }
}

#[test]
fn calls_lose_by_rises_and_puts_by_falls() {
    assert_eq!(SHORT_OPTIONS.iter().filter(|option| option.kind == OptionKind::Call).count(), 6);
    for OptionCases { option, cases } in books() {
        assert!(cases.iter().all(|case| case.loss >= 0), "{}", option.name());
        assert!(cases.iter().any(|case| case.loss > 0), "{}", option.name());
    }
}
