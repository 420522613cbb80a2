use std::cell::RefCell;
use std::sync::LazyLock;

use plimsoll_calibration::{calibrate, Calibration, CalibrationError, Settings};

use crate::fixtures::{hourly, long, settings};

const QUIET: &dyn Fn(&str) = &|_| {};

/// The calibration of one long history: made once for all tests.
static LONG: LazyLock<Calibration> = LazyLock::new(|| calibrate(&[long()], 0.002, &settings(), QUIET).unwrap());

#[test]
fn the_proposal_reaches_every_target_it_was_asked_for() {
    let result = &*LONG;
    for file in &result.coverage {
        assert!(file.coverage.single_tailed() >= 0.99, "{file:?}");
        assert!(file.initial_range.peak_to_trough >= file.maintenance_range.peak_to_trough);
    }
    assert!(result.initial.iter().all(|option| option.covered >= 0.99), "{:?}", result.initial);
    assert!(result.closeout.rows[0].probability[1] <= 0.001, "{:?}", result.closeout);
    assert!(result.haircut.covered >= 0.99);
    result.proposal.validate("BTC").unwrap();
    assert!(result.proposal.scan.range_floor >= settings().start.scan.range_floor);
    assert_eq!(result.proposal.scan.horizon_seconds, 86_400);
    assert_eq!(result.proposal.cross_factor, Some(result.haircut.cross_factor));
}

#[test]
fn the_unseen_part_begins_where_the_last_fitted_window_ended() {
    let result = &*LONG;
    let split = &result.out_of_sample;
    let (from, to) = (result.files[0].from, result.files[0].to);
    assert!((from..to).contains(&split.split_at));
    assert!(split.fit.single_tailed() >= 0.99);
    // A day of windows reaches over the split and belongs to neither part.
    let whole = result.coverage[0].coverage.windows;
    assert_eq!(split.fit.windows + split.test.windows + 23, whole);
}

#[test]
fn the_same_files_give_the_same_result_in_any_order() {
    let other = hourly("BTC_made-up_crash.csv", 10, 0.02, 3);
    let a = calibrate(&[long(), other.clone()], 0.002, &settings(), QUIET).unwrap();
    let b = calibrate(&[other, long()], 0.002, &settings(), QUIET).unwrap();
    assert_eq!(a.proposal, b.proposal);
    assert_eq!((a.coverage, a.closeout, a.initial), (b.coverage, b.closeout, b.initial));
}

#[test]
fn a_short_history_is_tested_but_not_fitted_to() {
    let short = hourly("BTC_made-up_crash.csv", 10, 0.02, 3);
    let both = calibrate(&[long(), short], 0.002, &settings(), QUIET).unwrap();
    assert_eq!(LONG.proposal, both.proposal);
    assert_eq!(both.coverage.len(), 2);
    assert_eq!(both.files.iter().map(|file| file.fitted).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_history_below_three_horizons_is_refused() {
    let error = calibrate(&[hourly("BTC_x.csv", 2, 0.01, 1)], 0.0, &settings(), QUIET).unwrap_err();
    assert!(matches!(&error, CalibrationError::TooShort { have: 172_800, need: 259_200, .. }), "{error}");
}

#[test]
fn coverage_that_no_parameter_reaches_is_refused_with_what_is_reached() {
    // Every day crosses far more than the largest range.
    let wild = hourly("BTC_x.csv", 200, 0.3, 1);
    let error = calibrate(&[wild], 0.0, &settings(), QUIET).unwrap_err();
    assert!(matches!(&error, CalibrationError::Unreachable { parameter: "deviations", .. }), "{error}");
}

#[test]
fn a_higher_target_asks_for_more_margin() {
    let higher = Settings { coverage: 0.998, probability: 0.0002, ..settings() };
    let (a, b) = (LONG.proposal, calibrate(&[long()], 0.002, &higher, QUIET).unwrap().proposal);
    assert!(b.scan.deviations > a.scan.deviations);
    assert!(b.cross_factor < a.cross_factor && b.cross.mm_call > a.cross.mm_call, "{a:?} {b:?}");
}

#[test]
fn progress_tells_every_stage() {
    let heard = RefCell::new(Vec::new());
    calibrate(&[hourly("BTC_x.csv", 40, 0.006, 5)], 0.002, &settings(), &|stage| {
        heard.borrow_mut().push(stage.to_owned())
    })
    .unwrap();
    assert!(heard.borrow().len() >= 5 && heard.borrow().iter().all(|stage| stage.starts_with("BTC: ")));
}
