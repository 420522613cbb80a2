use plimsoll_calibration::coverage::{coverage, fit_deviations, fit_floor, unbounded};
use plimsoll_core::volatility::ScanParameters;

use crate::fixtures::{daily, long, observation, SCAN};

#[test]
fn each_tail_is_counted_by_itself() {
    // 70 % a year at four deviations over a day: about 14.7 %.
    let mut set = vec![observation(0.05, 0.05, 0.7); 96];
    set.extend([observation(0.2, 0.0, 0.7), observation(0.2, 0.1, 0.7)]);
    set.extend([observation(0.0, 0.3, 0.7), observation(0.2, 0.2, 0.7)]);
    let measured = coverage(&set, &SCAN).unwrap();
    assert_eq!((measured.up, measured.down, measured.both), (0.97, 0.98, 0.96));
    assert_eq!(measured.single_tailed(), 0.97);
    let worst = measured.worst.unwrap();
    assert_eq!(worst.change, -0.3);
    assert!((worst.range - 0.1466).abs() < 1e-3, "{worst:?}");
    assert_eq!((measured.windows, measured.breach_days), (100, 1));
}

#[test]
fn the_fitted_multiplier_is_the_least_that_reaches_the_target() {
    let set = daily(&long());
    let scan = unbounded(&SCAN, 86_400);
    let fitted = fit_deviations(&set, &scan, 0.99).unwrap().unwrap();
    let at = |deviations| coverage(&set, &ScanParameters { deviations, ..scan }).unwrap().single_tailed();
    assert!(at(fitted) >= 0.99 && at(fitted - 100_000) < 0.99, "{fitted}: {} {}", at(fitted), at(fitted - 100_000));
    assert!((2_000_000..5_000_000).contains(&fitted), "{fitted}");
}

#[test]
fn the_fitted_floor_covers_the_calm_quarter_and_no_lower_one_does() {
    // Calm windows move by up to 12 %, which one deviation at 35 % does not reach.
    let scan = ScanParameters { deviations: 1_000_000, range_floor: 10_000, ..SCAN };
    let mut set: Vec<_> = (0..100).map(|i| observation(f64::from(i) * 0.0012, 0.0, 0.35)).collect();
    set.extend(vec![observation(0.5, 0.5, 2.0); 300]);
    assert_eq!(fit_floor(&set, &scan, 0.99).unwrap(), Some(120_000));
    assert_eq!(fit_floor(&set, &scan, 0.5).unwrap(), Some(60_000));
}

#[test]
fn a_move_beyond_every_range_is_out_of_reach() {
    let set = vec![observation(0.0, 0.7, 0.7); 10];
    assert_eq!(fit_deviations(&set, &SCAN, 0.99).unwrap(), None);
}

#[test]
fn the_share_at_the_cap_is_told() {
    let set = [observation(0.0, 0.0, 4.0), observation(0.0, 0.0, 0.5)];
    assert_eq!(coverage(&set, &SCAN).unwrap().at_cap, 0.5);
}
