use plimsoll_calibration::coverage::observations;
use plimsoll_calibration::picture::buckets;

use crate::fixtures::{crash, daily, long, states};

#[test]
fn a_long_history_is_shown_by_day_and_a_crash_by_hour() {
    let history = long();
    let days = buckets(&daily(&history), &states(&history));
    assert!(days.iter().all(|day| day.time % 86_400 == 0) && (385..400).contains(&days.len()), "{}", days.len());
    let history = crash("BTC_crash.csv");
    let states = states(&history);
    let hours = buckets(&observations(&history.windows(86_400, 9), &states), &states);
    assert!(hours.windows(2).all(|pair| pair[1].time - pair[0].time == 3_600));
    assert_eq!(hours.len(), 96 - 24 - 9);
    // The crash is in the picture, against the range that stood before it.
    let worst = hours.iter().map(|hour| hour.tightest.change).fold(0.0, f64::min);
    assert!(worst < -0.6, "{worst}");
    assert!(buckets(&[], &states).is_empty());
}
