use plimsoll_calibration::History;
use plimsoll_prices::Bar;

use crate::fixtures::{bar, START};

const HOUR: i64 = 3_600;

fn flat(hours: &[i64]) -> Vec<Bar> {
    hours.iter().map(|hour| bar(START + hour * HOUR, 100.0, 0.0, 0.0)).collect()
}

#[test]
fn the_name_of_a_file_names_its_underlying() {
    for (file, asset) in [("BTC_2019-2023_1h.csv", "BTC"), ("sol-1h.csv", "SOL"), ("eth.csv", "ETH")] {
        assert_eq!(History::from_bars(file, flat(&[0, 1])).asset, asset);
    }
}

#[test]
fn a_window_counts_by_the_worst_price_inside() {
    let mut bars = flat(&[0, 1, 2, 3, 4, 5]);
    bars[2] = bar(START + 2 * HOUR, 100.0, 0.07, 0.02);
    bars[4] = bar(START + 4 * HOUR, 100.0, 0.01, 0.05);
    let windows = History::from_bars("X_1h.csv", bars).windows(2 * HOUR, 0);
    assert_eq!(windows.len(), 4);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    // After bar 1: bars 2 and 3. After bar 2: bars 3 and 4.
    assert!(near(windows[1].up, 0.07) && near(windows[1].down, 0.02), "{:?}", windows[1]);
    assert!(near(windows[2].up, 0.01) && near(windows[2].down, 0.05), "{:?}", windows[2]);
    assert_eq!((windows[1].start, windows[1].end, windows[1].time), (1, 3, START + 2 * HOUR));
    assert!(near(windows[1].largest(), 0.07) && near(windows[1].close, 0.0));
}

#[test]
fn a_gap_makes_a_window_longer_never_shorter() {
    let history = History::from_bars("X_1h.csv", flat(&[0, 1, 2, 9, 10, 11]));
    assert_eq!(history.bar_seconds, HOUR);
    let windows = history.windows(2 * HOUR, 0);
    assert_eq!((windows[1].start, windows[1].end), (1, 3));
}

#[test]
fn a_horizon_below_a_bar_is_one_bar() {
    let windows = History::from_bars("X_1h.csv", flat(&[0, 1, 2])).windows(60, 0);
    assert_eq!(windows.iter().map(|w| (w.start, w.end)).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
}

#[test]
fn a_start_too_near_the_end_is_no_window() {
    assert!(History::from_bars("X_1h.csv", flat(&[0, 1, 2])).windows(3 * HOUR, 0).is_empty());
}
