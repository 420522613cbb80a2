use plimsoll_calibration::haircut::{back_test, fit_haircut};

use crate::fixtures::{daily, long, observation, SCAN};

#[test]
fn the_fitted_haircut_is_the_least_whole_percent_that_covers_the_falls() {
    let set = daily(&long());
    let fit = fit_haircut(&set, &SCAN, 0.99).unwrap();
    assert!(fit.covered >= 0.99, "{fit:?}");
    assert!(back_test(&set, &SCAN, fit.haircut - 0.01).unwrap().covered < 0.99, "{fit:?}");
    assert_eq!(fit.cross_factor, 1_000_000 - (fit.haircut * 1e6).round() as u32);
}

#[test]
fn the_cut_grows_with_the_margin_scale() {
    // At 200 % a year the range is about 42 %, 2.3 times the reference.
    let calm = back_test(&[observation(0.0, 0.0, 0.5)], &SCAN, 0.1).unwrap();
    let wild = back_test(&[observation(0.0, 0.0, 2.0)], &SCAN, 0.1).unwrap();
    assert!((calm.mean_cut - 0.1).abs() < 1e-6 && (wild.mean_cut - 0.2326).abs() < 1e-3, "{calm:?} {wild:?}");
}

#[test]
fn a_fall_below_what_counted_is_told() {
    let fit = back_test(&[observation(0.0, 0.3, 0.5), observation(0.0, 0.05, 0.5)], &SCAN, 0.1).unwrap();
    let worst = fit.worst.unwrap();
    assert_eq!((fit.covered, worst.change), (0.5, -0.3));
    assert!((worst.range - 0.1).abs() < 1e-6);
}
