use plimsoll_calibration::statistics::*;

#[test]
fn a_quantile_covers_at_least_its_share_and_no_smaller_value_does() {
    let values: Vec<f64> = (1..=1_000).rev().map(f64::from).collect();
    assert_eq!(quantile(&values, 0.99), Some(990.0));
    assert_eq!(quantile(&values, 0.9901), Some(991.0));
    assert_eq!(quantile(&values, 0.0), Some(1.0));
    assert_eq!(quantile(&values, 1.0), Some(1_000.0));
    assert_eq!(quantile(&[], 0.5), None);
}

#[test]
fn rounding_up_keeps_multiples_and_never_goes_down() {
    assert_eq!(round_up(0.11, 0.01), 0.11);
    assert!((round_up(0.1101, 0.01) - 0.12).abs() < 1e-12);
    assert!((round_up(0.0751, 0.0025) - 0.0775).abs() < 1e-12);
}

#[test]
fn the_least_value_is_the_first_that_holds() {
    assert_eq!(least(1, 100, |value| value >= 37), Some(37));
    assert_eq!(least(1, 100, |_| true), Some(1));
    assert_eq!(least(1, 100, |_| false), None);
}

#[test]
fn the_running_maximum_is_that_of_its_span_and_the_last_of_equal_ones() {
    let values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4];
    for length in 1..=values.len() {
        let mut running = RunningMax::default();
        for (place, value) in values.into_iter().enumerate() {
            running.push(place, value);
            let from = (place + 1).saturating_sub(length);
            let naive = (from..=place).map(|p| (p, values[p])).max_by_key(|(_, value)| *value);
            assert_eq!(running.largest(from).copied(), naive, "{from}..={place}");
        }
    }
    assert_eq!(RunningMax::<i64>::default().largest(0), None);
}

#[test]
fn a_share_of_nothing_is_whole() {
    assert_eq!((share(0, 0), share(1, 4)), (1.0, 0.25));
    assert_eq!((to_ppm(0.105), from_ppm(105_000)), (105_000, 0.105));
}
