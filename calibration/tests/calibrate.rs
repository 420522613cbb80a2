use std::cell::RefCell;
use std::sync::LazyLock;

use plimsoll_calibration::closeout::Delay;
use plimsoll_calibration::verdict::Reason;
use plimsoll_calibration::{calibrate, Calibration, CalibrationError, History, Settings, Warning};
use plimsoll_prices::Bar;

use crate::fixtures::{constant, crash, hourly, long, settings};

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
    assert!(result.not_proposed().is_empty() && result.withheld.is_empty() && result.closest.is_none());
}

#[test]
fn the_unseen_part_begins_where_the_last_fitted_window_ended() {
    let result = &*LONG;
    let split = result.out_of_sample.as_ref().unwrap();
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
fn of_two_short_histories_the_same_is_fitted_to_in_any_order() {
    let (a, b) = (hourly("BTC_a.csv", 20, 0.006, 3), hourly("BTC_b.csv", 20, 0.009, 4));
    let one = calibrate(&[a.clone(), b.clone()], 0.002, &settings(), QUIET).unwrap();
    let two = calibrate(&[b, a], 0.002, &settings(), QUIET).unwrap();
    assert_eq!((one.withheld, one.files), (two.withheld, two.files));
}

#[test]
fn what_is_fitted_to_too_few_windows_is_told_and_not_proposed() {
    // From one window to one fewer than 99 % takes, of 299 days and a week of warm-up.
    for (bars, independent) in [(28, 1), (24 * 306, 298)] {
        let mut history = hourly("BTC_x.csv", 310, 0.0065, 7);
        history.bars.truncate(bars);
        let result = calibrate(&[history], 0.002, &settings(), QUIET).unwrap();
        assert_eq!((result.files[0].independent, result.proposed.len()), (independent, 0));
        assert_eq!(result.proposal, settings().start);
        let groups: Vec<_> = result.withheld.iter().map(|withheld| (withheld.group, withheld.reason)).collect();
        for group in ["scan", "cross", "collateral"] {
            assert!(groups.contains(&(group, Reason::TooFewWindows)), "{group} in {groups:?}");
        }
        // What is tested is what stays.
        assert_eq!(result.coverage[0].coverage, result.start.coverage[0].1);
    }
    let mut enough = hourly("BTC_x.csv", 310, 0.0065, 7);
    enough.bars.truncate(24 * 307);
    let result = calibrate(&[enough], 0.002, &settings(), QUIET).unwrap();
    assert_eq!((result.files[0].independent, result.not_proposed().len()), (299, 0));
}

#[test]
fn a_short_history_of_finer_bars_does_not_keep_a_long_one_from_its_proposal() {
    // 110 days of half hours are fitted to as well, but margin is fitted to what can show the coverage.
    let mut fine = hourly("BTC_fine.csv", 220, 0.0045, 3);
    for (bar, place) in fine.bars.iter_mut().zip(0..) {
        bar.timestamp = crate::fixtures::START + place * 1_800;
    }
    let both = calibrate(&[History::from_bars("BTC_fine.csv", fine.bars), long()], 0.002, &settings(), QUIET).unwrap();
    assert!(both.files.iter().all(|file| file.fitted));
    assert_eq!(both.files.iter().map(|file| file.bar_seconds).collect::<Vec<_>>(), [3_600, 1_800]);
    assert!(both.not_proposed().is_empty() && both.proposal.scan.deviations >= LONG.proposal.scan.deviations);
}

#[test]
fn maintenance_is_fitted_to_the_span_that_judges_it() {
    // Two days up, two down; the days that lost an hour reach into the day after the next.
    let (mut bars, mut price, mut time) = (Vec::new(), 100.0, crate::fixtures::START);
    for day in 0..700 {
        let open = price;
        price *= if day % 4 < 2 { 1.03 } else { 1.0 / 1.03 };
        bars.push(Bar { timestamp: time, open, high: f64::max(open, price), low: f64::min(open, price), close: price });
        time += if day % 10 == 5 { 23 * 3_600 } else { 86_400 };
    }
    let seldom = Settings { probability: 0.005, ..settings() };
    let result = calibrate(&[History::from_bars("BTC_1d.csv", bars)], 0.002, &seldom, QUIET).unwrap();
    assert!(result.not_proposed().is_empty(), "{:?} {:?}", result.withheld, result.warnings);
    assert!(result.closeout.at_target().is_some_and(|chance| chance <= 0.005), "{:?}", result.closeout);
}

#[test]
fn days_that_show_the_coverage_are_too_few_moments_for_the_chance() {
    let swing = |day: i64| 0.01 + 0.02 * (day % 5) as f64 / 5.0;
    let day = |d: i64| crate::fixtures::bar(crate::fixtures::START + d * 86_400, 100.0, swing(d), swing(d + 2));
    let result = calibrate(&[History::from_bars("BTC_1d.csv", (0..400).map(day).collect())], 0.002, &settings(), QUIET);
    let result = result.unwrap();
    assert_eq!(result.not_proposed(), ["cross"]);
    let cross = result.withheld.iter().filter(|withheld| withheld.group == "cross");
    assert!(cross.clone().count() > 0 && cross.clone().all(|withheld| withheld.reason == Reason::TooFewMoments));
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
fn a_history_without_a_window_is_refused_with_the_bars_that_one_takes() {
    // A tenth of the bars warms up, one is the start, a day follows.
    for (bars, seconds, need) in [(27, 3_600, 28), (2, 86_400, 3), (100, 300, 322)] {
        let error = calibrate(&[constant("BTC_x.csv", bars, seconds)], 0.0, &settings(), QUIET).unwrap_err();
        assert!(matches!(&error, CalibrationError::TooShort { need: n, .. } if *n == need), "{error}");
        assert!(error.to_string().contains(&format!("BTC_x.csv: {bars} bars")), "{error}");
        calibrate(&[constant("BTC_x.csv", need, seconds)], 0.0, &settings(), QUIET).unwrap();
    }
    let error = calibrate(&[constant("BTC_x.csv", 1, 60)], 0.0, &settings(), QUIET).unwrap_err().to_string();
    assert!(error.contains("BTC_x.csv: one bar, at 1577836800") && error.contains("86400"), "{error}");
    // A gap swallows the only window.
    let mut bars = constant("BTC_x.csv", 2, 300).bars;
    bars.push(plimsoll_prices::Bar { timestamp: bars[1].timestamp + 400_000, ..bars[1] });
    let error = calibrate(&[History::from_bars("BTC_x.csv", bars)], 0.0, &settings(), QUIET).unwrap_err();
    assert!(matches!(&error, CalibrationError::TooShort { bars: 3, .. }), "{error}");
    // So many bars would hold one, if a gap of sixty days did not put the end of the warm-up behind them.
    let mut bars = constant("BTC_x.csv", 60, 3_600).bars;
    bars.push(Bar { timestamp: bars[59].timestamp + 60 * 86_400, ..bars[59] });
    let error = calibrate(&[History::from_bars("BTC_x.csv", bars)], 0.0, &settings(), QUIET).unwrap_err().to_string();
    let gap = "61 bars of 3600 s would hold one without gaps; the longest gap is 5180400 s after 1578052800";
    assert!(error.starts_with("BTC_x.csv: no window of 86400 s") && error.contains(gap), "{error}");
}

#[test]
fn a_crash_alone_gives_a_report_and_no_proposal() {
    let result = calibrate(&[crash("BTC_crash.csv")], 0.002, &settings(), QUIET).unwrap();
    // Nothing is proposed: every group is as it was.
    assert_eq!(result.proposal, settings().start);
    assert_eq!(result.not_proposed(), ["volatility", "scan", "cross", "collateral"]);
    assert!(result.changes.is_empty());
    // What comes closest is told, by field and by figure.
    let unreached = &result.unreached[0];
    assert_eq!((unreached.file.as_str(), unreached.field, result.unreached.len()), ("BTC_crash.csv", "deviations", 1));
    assert!(unreached.reached < 0.99 && unreached.worst.is_some(), "{unreached:?}");
    let closest = result.closest.as_ref().unwrap();
    assert!(closest.deviations > 4.0 && closest.deviations <= 20.0);
    assert_eq!(closest.coverage[0].1.single_tailed(), unreached.reached);
    let of = |field: &str| result.withheld.iter().find(|w| w.field == field).unwrap_or_else(|| panic!("{field}"));
    assert_eq!((of("deviations").reason, of("max_spot").reason), (Reason::NotReached, Reason::RangeNotProposed));
    assert!(of("max_spot").fitted > of("max_spot").now.unwrap() && of("cross_factor").fitted < 900_000);
    // The tests are those of the parameters it started from.
    assert_eq!(result.coverage[0].coverage, result.start.coverage[0].1);
    let worst = result.initial.iter().map(|option| option.covered).fold(1.0, f64::min);
    assert_eq!(worst, result.start.initial.covered);
    assert_eq!(result.closeout.rows[0], result.start.closeout);
    assert!(result.coverage[0].initial_range.peak_to_trough > 1.0 && result.buckets.len() > 24);
    let toml = result.toml(&[]);
    assert!(toml.lines().all(|line| line.is_empty() || line.starts_with('#')), "{toml}");
}

#[test]
fn prices_that_never_move_give_a_report_and_no_proposal() {
    let result = calibrate(&[constant("BTC_x.csv", 24 * 150, 3_600)], 0.002, &settings(), QUIET).unwrap();
    assert_eq!(result.proposal, settings().start);
    assert!(result.proposed.is_empty() && result.unreached.is_empty());
    assert_eq!(result.coverage[0].coverage.single_tailed(), 1.0);
    // A history beside it that moves is too short to fit to, or coarser than the one that margin is fitted to.
    let coarse = |day: i64| crate::fixtures::bar(crate::fixtures::START + day * 86_400, 100.0, 0.03, 0.02);
    for beside in [crash("BTC_crash.csv"), History::from_bars("BTC_1d.csv", (0..400).map(coarse).collect())] {
        let mut still = constant("BTC_x.csv", 24 * 400, 3_600);
        still.bars.iter_mut().for_each(|bar| (bar.open, bar.high, bar.low, bar.close) = (9e3, 9e3, 9e3, 9e3));
        if beside.bar_seconds > 3_600 {
            still = constant("BTC_x.csv", 24 * 400, 3_600);
        }
        let result = calibrate(&[still, beside], 0.002, &settings(), QUIET).unwrap();
        assert!(result.proposed.is_empty());
        assert_eq!(result.warnings[0], Warning::PricesDoNotMove { file: "BTC_x.csv".to_owned() });
    }
    // Whatever the price is, the smallest and the largest included.
    for price in [0.000_001, 1_000_000_000.0] {
        let mut history = constant("BTC_x.csv", 24 * 10, 3_600);
        for bar in &mut history.bars {
            (bar.open, bar.high, bar.low, bar.close) = (price, price, price, price);
        }
        assert!(calibrate(&[history], 0.002, &settings(), QUIET).unwrap().proposed.is_empty());
    }
}

#[test]
fn percentages_that_no_moment_tests_are_not_proposed() {
    // The auction takes longer than the 400 days of the history.
    let delay = Delay { auction: 40_000_000, ..settings().delay };
    let result = calibrate(&[long()], 0.002, &Settings { delay, ..settings() }, QUIET).unwrap();
    assert_eq!(result.not_proposed(), ["cross"]);
    assert_eq!(result.proposal.cross, settings().start.cross);
    let cross: Vec<_> = result.withheld.iter().filter(|withheld| withheld.group == "cross").collect();
    assert!(!cross.is_empty() && cross.iter().all(|withheld| withheld.reason == Reason::NotTested), "{cross:?}");
    let untested = |warning: &Warning| matches!(warning, Warning::PercentagesNotTested { windows, moments: 0 } if *windows > 1_000);
    assert!(result.warnings.iter().any(untested), "{:?}", result.warnings);
    assert_eq!(result.closeout.at_target(), None);
}

#[test]
fn a_coin_that_hardly_moves_is_proposed_no_less_than_the_rule_book_allows() {
    let result = calibrate(&[hourly("USDC_x.csv", 320, 0.000_05, 1)], 0.0, &settings(), QUIET).unwrap();
    let cross = &result.proposal.cross;
    assert!(result.not_proposed().is_empty(), "{:?}", result.warnings);
    assert_eq!((cross.max_spot.0, cross.min_spot.0, cross.mm_call.0), (10_000, 5_000, 5_000));
}

#[test]
fn prices_from_the_least_to_the_largest_give_a_report() {
    let mut history = hourly("BTC_x.csv", 10, 0.01, 1);
    for (bar, low) in history.bars.iter_mut().zip([true, false].into_iter().cycle()) {
        let price = if low { 0.000_001 } else { 1_000_000_000.0 };
        (bar.open, bar.high, bar.low, bar.close) = (price, price, price, price);
    }
    assert!(calibrate(&[history], 0.002, &settings(), QUIET).unwrap().proposed.is_empty());
}

#[test]
fn coverage_that_no_parameter_reaches_is_told_with_what_is_reached() {
    // Every day crosses far more than the largest range.
    let wild = hourly("BTC_x.csv", 200, 0.3, 1);
    let result = calibrate(&[wild], 0.0, &settings(), QUIET).unwrap();
    assert_eq!(result.unreached[0].field, "deviations");
    assert!(result.unreached[0].reached < 0.5 && result.proposed.is_empty(), "{:?}", result.unreached);
}

#[test]
fn the_same_bars_twice_and_prices_of_something_else_are_refused() {
    let twice = calibrate(&[long(), History { file: "BTC_copy.csv".to_owned(), ..long() }], 0.0, &settings(), QUIET);
    assert!(matches!(twice.unwrap_err(), CalibrationError::Twice { .. }));
    let mut index = constant("BTC_dvol.csv", 400, 86_400);
    index.bars.iter_mut().for_each(|bar| bar.close = 80.0);
    let error = calibrate(&[long(), index], 0.0, &settings(), QUIET).unwrap_err().to_string();
    assert!(error.contains("BTC_made-up_1h.csv says BTC was at") && error.contains("BTC_dvol.csv says 80"), "{error}");
}

#[test]
fn a_higher_target_asks_for_more_margin() {
    let lower = Settings { coverage: 0.95, probability: 0.005, ..settings() };
    let lower = calibrate(&[long()], 0.002, &lower, QUIET).unwrap();
    assert!(lower.not_proposed().is_empty());
    let (a, b) = (lower.proposal, LONG.proposal);
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
