use plimsoll_calibration::sample::*;

use crate::fixtures::long;

#[test]
fn windows_that_share_no_bar_are_counted() {
    let history = long();
    let windows = history.windows(86_400, 0);
    assert!(windows.len() > 9_500);
    // 400 days, the first bar of which is a start and not a move.
    assert_eq!(independent(windows), 399);
    // One bar each: every window.
    let hours = history.windows(3_600, 0);
    assert_eq!(independent(hours.clone()), hours.len());
    assert_eq!(independent([]), 0);
}

#[test]
fn three_hundred_windows_are_needed_for_99_percent_and_3000_for_999_per_mille() {
    assert_eq!((windows_needed(0.99), windows_needed(0.999), windows_needed(0.5)), (299, 2_995, 5));
}

#[test]
fn the_needed_windows_are_the_fewest_that_can_show_the_coverage() {
    for coverage in [0.5, 0.9, 0.99, 0.995, 0.9999] {
        let needed = windows_needed(coverage);
        assert!(most_shown(needed) >= coverage && most_shown(needed - 1) < coverage, "{coverage}: {needed}");
    }
    // The rule of three.
    assert!((most_shown(1_000) - 0.997).abs() < 1e-4);
    assert_eq!(most_shown(0), 0.0);
    assert!((most_shown(1) - 0.05).abs() < 1e-12);
}
