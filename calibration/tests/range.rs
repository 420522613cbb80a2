use plimsoll_calibration::coverage::{coverage, Observation};
use plimsoll_calibration::range::{fit_range, fit_whole_and_parts, out_of_sample, Part, RangeFit, Set};
use plimsoll_core::volatility::ScanParameters;

use crate::fixtures::{daily, long, observation, settings};

fn whole<'a>(file: &'a str, observations: &'a [Observation]) -> Set<'a> {
    Set { file, part: Part::Whole, observations }
}

#[test]
fn whole_and_both_parts_are_covered() {
    let set = daily(&long());
    let RangeFit { scan, unreached } = fit_whole_and_parts(&[whole("BTC.csv", &set)], &settings()).unwrap();
    assert!(unreached.is_empty());
    let (earlier, later) = set.split_at(set.len() * 6 / 10);
    for part in [&set, earlier, later] {
        assert!(coverage(part, &scan).unwrap().single_tailed() >= 0.99);
    }
}

#[test]
fn where_no_multiplier_covers_the_one_that_comes_closest_is_the_least_that_does() {
    // Three in a hundred moves are beyond the cap; two more need twelve deviations.
    let mut set = vec![observation(0.1, 0.1, 0.7); 95];
    set.extend(vec![observation(0.0, 0.44, 0.7); 2]);
    set.extend([observation(0.0, 0.5, 0.7), observation(0.0, 0.6, 0.7), observation(0.0, 0.55, 0.7)]);
    let whole = whole("BTC.csv", &set);
    let RangeFit { scan, unreached } = fit_range(&[whole], &[whole], &settings()).unwrap();
    let [one] = unreached.as_slice() else { panic!("{unreached:?}") };
    assert_eq!((one.file.as_str(), one.part, one.field), ("BTC.csv", Part::Whole, "deviations"));
    assert_eq!((one.reached, one.target, one.best_at), (0.97, 0.99, scan.deviations));
    let at = |deviations| coverage(&set, &ScanParameters { deviations, ..scan }).unwrap().single_tailed();
    assert_eq!((at(one.best_at), at(20_000_000)), (0.97, 0.97));
    assert!(at(one.best_at - 100_000) < 0.97);
    assert_eq!(one.worst.unwrap().change, -0.6);
}

#[test]
fn a_part_that_is_not_covered_is_named_and_the_whole_speaks_for_its_parts() {
    // One in a hundred and fifty is beyond the cap: fine for the whole, too much for its last two fifths.
    let mut set = vec![observation(0.05, 0.05, 0.7); 150];
    set[140] = observation(0.0, 0.6, 0.7);
    let fit = fit_whole_and_parts(&[whole("BTC.csv", &set)], &settings()).unwrap();
    assert_eq!(fit.unreached.iter().map(|u| u.part).collect::<Vec<_>>(), [Part::Later]);
    set.truncate(145);
    set.splice(..60, []);
    let fit = fit_whole_and_parts(&[whole("BTC.csv", &set)], &settings()).unwrap();
    assert_eq!(fit.unreached.iter().map(|u| u.part).collect::<Vec<_>>(), [Part::Whole]);
}

#[test]
fn a_calm_quarter_beyond_every_floor_is_named() {
    // All jumps come out of a calm market: one in two hundred of all windows, one in fifty of the calm quarter.
    let mut set = vec![observation(0.02, 0.02, 0.4); 100];
    set.extend(vec![observation(0.02, 0.02, 1.0); 300]);
    set[10] = observation(0.0, 0.7, 0.4);
    set[90] = observation(0.0, 0.7, 0.4);
    let whole = whole("BTC.csv", &set);
    let fit = fit_range(&[whole], &[whole], &settings()).unwrap();
    let [one] = fit.unreached.as_slice() else { panic!("{fit:?}") };
    assert_eq!((one.part, one.field, one.reached), (Part::Calm, "range_floor", 0.98));
}

#[test]
fn what_cannot_be_split_has_no_unseen_part() {
    assert_eq!(out_of_sample("BTC.csv", &[], &settings()).unwrap(), None);
    // Two windows: the first reaches into the second.
    let set = vec![observation(0.1, 0.1, 0.7); 2];
    assert_eq!(out_of_sample("BTC.csv", &set, &settings()).unwrap(), None);
    let split = out_of_sample("BTC.csv", &daily(&long()), &settings()).unwrap().unwrap();
    assert!(split.reached && split.fit.windows > split.test.windows);
}
