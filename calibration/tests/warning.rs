use plimsoll_calibration::{calibrate, Calibration, History, Warning};

use crate::fixtures::{bar, constant, crash, hourly, settings, START};

const DAY: i64 = 86_400;

fn run(histories: &[History]) -> Calibration {
    calibrate(histories, 0.002, &settings(), &|_| {}).unwrap()
}

/// 400 days of hours whose later part is like the earlier one.
fn steady() -> History {
    hourly("BTC_steady_1h.csv", 400, 0.0065, 1)
}

/// Days that swing by three percent.
fn days(count: i64) -> History {
    let swing = |day: i64| 0.01 + 0.02 * (day % 5) as f64 / 5.0;
    History::from_bars("BTC_1d.csv", (0..count).map(|d| bar(START + d * DAY, 100.0, swing(d), swing(d + 2))).collect())
}

#[test]
fn a_long_history_of_short_bars_needs_no_warning() {
    assert_eq!(run(&[steady()]).warnings, []);
}

#[test]
fn eleven_days_are_a_report_with_the_number_of_windows_that_99_percent_takes() {
    let result = run(&[days(11)]);
    assert!(result.proposed.is_empty() && !result.withheld.is_empty());
    // The first tenth warms up, the last day has none after it.
    let found = result.warnings.iter().find_map(|warning| match warning {
        Warning::TooFewWindows { windows, independent, needed, most_shown, .. } => {
            Some((*windows, *independent, *needed, *most_shown))
        }
        _ => None,
    });
    let (windows, independent, needed, most_shown) = found.unwrap_or_else(|| panic!("{:?}", result.warnings));
    assert_eq!((windows, independent, needed), (8, 8, 299));
    assert!((most_shown - 0.05f64.powf(1.0 / 8.0)).abs() < 1e-12);
    assert_eq!((result.files[0].independent, result.files[0].most_shown), (8, most_shown));
    let moments = |warning: &Warning| matches!(warning, Warning::TooFewMoments { independent: 8, needed: 2_995, .. });
    assert!(result.warnings.iter().any(moments), "{:?}", result.warnings);
}

#[test]
fn two_hundred_days_of_hours_are_too_few_although_their_windows_are_thousands() {
    let result = run(&[hourly("BTC_x.csv", 200, 0.0065, 7)]);
    let few = |warning: &Warning| matches!(warning, Warning::TooFewWindows { windows, independent, .. } if *windows > 4_000 && *independent < 200);
    assert!(result.warnings.iter().any(few), "{:?}", result.warnings);
}

#[test]
fn a_crash_alone_names_what_no_multiplier_covers() {
    let result = run(&[crash("BTC_crash.csv")]);
    let Warning::CoverageNotReached(unreached) = &result.warnings[0] else { panic!("{:?}", result.warnings) };
    assert_eq!(unreached, &result.unreached[0]);
    // Nothing is proposed, so no proposal fails on a file.
    assert!(!result.warnings.iter().any(|warning| matches!(warning, Warning::FileNotCovered { .. })));
}

#[test]
fn a_file_that_the_proposal_does_not_cover_is_named() {
    let result = run(&[steady(), crash("BTC_crash.csv")]);
    assert!(result.not_proposed().is_empty());
    let [Warning::FileNotCovered { file, reached, target, worst }] = result.warnings.as_slice() else {
        panic!("{:?}", result.warnings)
    };
    assert_eq!((file.as_str(), *target), ("BTC_crash.csv", 0.99));
    assert!(*reached == result.coverage[1].coverage.single_tailed() && *reached < 0.99);
    assert_eq!(*worst, result.coverage[1].coverage.worst);
}

#[test]
fn a_fit_that_the_unseen_part_breaks_is_named() {
    // Calm for 240 days, wild for 160.
    let (mut calm, wild) = (hourly("BTC_x.csv", 240, 0.002, 1).bars, hourly("BTC_x.csv", 400, 0.002, 2).bars);
    for (mut bar, day) in wild.into_iter().skip(240 * 24).zip((0..).map(|hour| hour / 24)) {
        // A rise by a fifth every tenth day, gone within the hour.
        if day % 10 == 0 {
            bar.high *= 1.2;
        }
        calm.push(bar);
    }
    let result = run(&[History::from_bars("BTC_x.csv", calm)]);
    let test = result.out_of_sample.as_ref().unwrap().test.single_tailed();
    let unseen = |warning: &Warning| matches!(warning, Warning::UnseenNotCovered { reached, .. } if *reached == test);
    assert!(test < 0.99 && result.warnings.iter().any(unseen), "{:?}", result.warnings);
}

#[test]
fn what_cannot_be_split_is_said() {
    assert!(run(&[constant("BTC_x.csv", 3, DAY)]).warnings.contains(&Warning::NoUnseenPart));
}

#[test]
fn bars_longer_than_the_horizon_and_gaps_longer_than_it_are_named() {
    let mut bars = constant("BTC_x.csv", 400, 7 * DAY).bars;
    bars.drain(200..210);
    let result = run(&[History::from_bars("BTC_x.csv", bars)]);
    let has = |wanted: Warning| assert!(result.warnings.contains(&wanted), "{wanted:?} in {:?}", result.warnings);
    let file = "BTC_x.csv".to_owned();
    has(Warning::LongBars { file: file.clone(), bar_seconds: 7 * DAY, horizon: DAY });
    has(Warning::Gaps { file: file.clone(), count: 1, longest: 70 * DAY, after: START + 200 * 7 * DAY });
    has(Warning::PricesDoNotMove { file });
}

#[test]
fn closing_for_nothing_is_said() {
    let free = calibrate(&[days(11)], 0.0, &settings(), &|_| {}).unwrap();
    assert_eq!(free.warnings.last(), Some(&Warning::FreeClosing));
}
