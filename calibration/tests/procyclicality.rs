use plimsoll_calibration::procyclicality::procyclicality;

const DAY: i64 = 86_400;

#[test]
fn swings_and_largest_rises_are_found_with_their_time() {
    let ranges: Vec<(i64, f64)> =
        [0.10, 0.12, 0.11, 0.20, 0.25, 0.30, 0.15].into_iter().zip(0..).map(|(r, day)| (day * DAY, r)).collect();
    let swings = procyclicality(&ranges).unwrap();
    assert!((swings.peak_to_trough - 3.0).abs() < 1e-12);
    assert_eq!((swings.peak, swings.trough), (0.30, 0.10));
    let (day, days) = (swings.rise_1_day.unwrap(), swings.rise_5_days.unwrap());
    assert!((day.by - 0.09).abs() < 1e-12 && day.time == 3 * DAY, "{swings:?}");
    assert!((days.by - 0.20).abs() < 1e-12 && days.time == 5 * DAY, "{swings:?}");
}

#[test]
fn a_rise_counts_from_the_lowest_point_of_its_span() {
    // Up, down and up again within a day: from the lowest, not from a day before.
    let ranges = [(0, 0.2), (DAY / 2, 0.1), (DAY, 0.25)];
    assert!((procyclicality(&ranges).unwrap().rise_1_day.unwrap().by - 0.15).abs() < 1e-12);
}

#[test]
fn a_range_that_only_falls_never_rises() {
    let ranges = [(0, 0.3), (DAY, 0.2), (2 * DAY, 0.1)];
    assert_eq!(procyclicality(&ranges).unwrap().rise_5_days, None);
    assert!(procyclicality(&[]).is_none());
}
