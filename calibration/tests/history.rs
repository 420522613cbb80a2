use std::path::PathBuf;

use plimsoll_calibration::history::Window;
use plimsoll_calibration::{CalibrationError, History};
use plimsoll_prices::Bar;

use crate::fixtures::{bar, hourly, START};

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

/// The windows, each from all of its bars.
fn naive(history: &History, horizon: i64, from: usize) -> Vec<Window> {
    let mut windows = Vec::new();
    for start in from..history.bars.len() {
        let until = history.closed_at(start) + horizon;
        let Some(end) = (start + 1..history.bars.len()).find(|end| history.closed_at(*end) >= until) else { break };
        let (price, inside) = (history.bars[start].close, &history.bars[start + 1..=end]);
        let high = inside.iter().fold(price, |high, bar| high.max(bar.high));
        let low = inside.iter().fold(price, |low, bar| low.min(bar.low));
        let (up, down, close) = (high / price - 1.0, 1.0 - low / price, history.bars[end].close / price - 1.0);
        windows.push(Window { start, end, time: history.closed_at(start), price, up, down, close });
    }
    windows
}

#[test]
fn windows_are_those_of_all_their_bars() {
    let mut gapped = hourly("X_1h.csv", 30, 0.01, 5);
    gapped.bars.retain(|bar| bar.timestamp / HOUR % 37 > 5 && bar.timestamp / HOUR % 11 != 3);
    for history in [hourly("X_1h.csv", 30, 0.01, 5), gapped] {
        for horizon in [1, HOUR, 5 * HOUR - 1, 86_400, 29 * 86_400, 40 * 86_400] {
            for from in [0, 1, 100, history.bars.len() - 1, history.bars.len()] {
                assert_eq!(history.windows(horizon, from), naive(&history, horizon, from), "{horizon} {from}");
            }
        }
    }
}

#[test]
fn windows_of_many_short_bars_take_no_time() {
    let bars = (0..200_000).map(|place| bar(START + place * 4, 100.0 + (place % 977) as f64, 0.001, 0.001));
    let history = History::from_bars("X_4s.csv", bars.collect());
    let started = std::time::Instant::now();
    // 100,000 windows of 100,000 bars: 10^10 looks at a bar, one by one.
    assert!(history.windows(400_000, 0).len() > 90_000);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
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

/// A file of this test alone.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, lines: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-history-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, format!("timestamp,open,high,low,close\n{lines}")).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn lines(seconds: impl IntoIterator<Item = i64>) -> String {
    seconds.into_iter().map(|second| format!("{second},1,1,1,1\n")).collect()
}

#[test]
fn bars_of_another_length_are_refused_with_their_line() {
    let days = (0..10).map(|day| day * 86_400);
    let file = Scratch::new("mixed", &lines(days.chain([9 * 86_400 + HOUR, 9 * 86_400 + 2 * HOUR])));
    let error = History::read(&file.0).unwrap_err();
    assert!(matches!(&error, CalibrationError::MixedBars { line: 12, seconds: HOUR, usual: 86_400, .. }), "{error}");
    assert!(error.to_string().contains("mixed.csv, line 12: this bar begins 3600 s after"), "{error}");
}

/// Days after which the months of some years end.
fn months(years: usize) -> impl Iterator<Item = i64> {
    let months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].repeat(years);
    months.into_iter().scan(0, |days, month| {
        *days += month;
        Some(*days)
    })
}

#[test]
fn longer_bars_that_follow_one_another_are_refused_with_the_line_of_the_first() {
    let minutes = |count: i64| (0..count).map(|minute| minute * 60);
    // Many hours after many minutes; a dozen after thousands; days, months of 28 to 31 days after them.
    let hours = minutes(600).chain((1..300).map(|hour| 599 * 60 + hour * HOUR));
    let dozen = minutes(6_000).chain((1..=12).map(|hour| 5_999 * 60 + hour * HOUR));
    let days = (0..900).map(|day| day * 86_400).chain(months(1).map(|day| (899 + day) * 86_400));
    // A few hours every night: never a dozen, but a tenth of all bars.
    let nights = (0..20i64).flat_map(|day| {
        let night = (0..6).map(move |hour| day * 86_400 + hour * HOUR);
        night.chain((0..60).map(move |minute| day * 86_400 + 6 * HOUR + minute * 60))
    });
    let cases: [(&str, Vec<i64>, u64, i64, i64); 4] = [
        ("hours", hours.collect(), 602, HOUR, 60),
        ("dozen", dozen.collect(), 6_002, HOUR, 60),
        ("months", days.collect(), 902, 31 * 86_400, 86_400),
        ("nights", nights.collect(), 3, HOUR, 60),
    ];
    for (name, seconds, at, step, bar) in cases {
        let file = Scratch::new(name, &lines(seconds));
        let error = History::read(&file.0).unwrap_err();
        let known = matches!(&error, CalibrationError::MixedBars { line, seconds, usual, .. } if (*line, *seconds, *usual) == (at, step, bar));
        assert!(known, "{name}: {error}");
    }
}

#[test]
fn weekends_months_and_a_quiet_market_are_no_other_length() {
    // Five days of seven; months; minutes of which every third is missing by chance.
    let weekdays = (0..700i64).filter(|day| day % 7 < 5).map(|day| day * 86_400);
    let mut state = 7u64;
    let quiet = (0..30_000i64).filter(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33 > (1 << 31) / 3
    });
    let cases: [(&str, Vec<i64>); 3] = [
        ("weekdays", weekdays.collect()),
        ("months", months(4).map(|day| day * 86_400).collect()),
        ("quiet", quiet.map(|m| m * 60).collect()),
    ];
    for (name, seconds) in cases {
        let file = Scratch::new(name, &lines(seconds));
        History::read(&file.0).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn gaps_and_a_day_that_lost_an_hour_are_no_other_length() {
    let file = Scratch::new("summer", &lines([0, 86_400, 2 * 86_400 - HOUR, 3 * 86_400 - HOUR, 9 * 86_400 - HOUR]));
    let history = History::read(&file.0).unwrap();
    assert_eq!((history.bar_seconds, history.gaps(86_400).unwrap().longest), (86_400, 5 * 86_400));
    assert_eq!(history.gaps(5 * 86_400), None);
}

#[test]
fn a_folder_is_no_price_file() {
    let error = History::read(&std::env::temp_dir()).unwrap_err().to_string();
    assert!(error.contains("cannot open") && error.contains("directory"), "{error}");
}

#[test]
fn histories_of_one_price_agree_whatever_their_bars_are() {
    let hours = History::from_bars("X_1h.csv", flat(&(0..240).collect::<Vec<_>>()));
    let day = |day: i64| bar(START + day * 86_400, 101.0, 0.0, 0.0);
    let days = History::from_bars("X_1d.csv", (0..10).map(day).collect());
    hours.beside(&days).unwrap();
    days.beside(&hours).unwrap();
    let other = |day: i64| bar(START + day * 86_400, 30.0, 0.0, 0.0);
    let error = days.beside(&History::from_bars("X_index.csv", (0..10).map(other).collect())).unwrap_err().to_string();
    assert!(error.contains("X_1d.csv says X was at 101") && error.contains("X_index.csv says 30"), "{error}");
    // At other times prices may be anything.
    let later = |day: i64| bar(START + (100 + day) * 86_400, 30.0, 0.0, 0.0);
    days.beside(&History::from_bars("X_later.csv", (0..10).map(later).collect())).unwrap();
}
