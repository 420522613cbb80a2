//! How much a number of windows can show.
//!
//! Windows that begin at every bar overlap: a day of hourly bars is 24 windows and one move. What counts is how many
//! share no bar. If n of those show not a single breach, then with a confidence of 95 % the coverage is at least
//! 0.05^(1/n), or else they would have shown one: the exact (Clopper-Pearson) bound at no breach, of which 1 - 3/n, the
//! rule of three, is the rounded form. Every breach lowers it. So below ln 0.05 / ln coverage windows, 299 for 99 %, a
//! file cannot show that coverage, whatever is in it. Volatility comes in clusters, so that even these windows are not
//! quite independent: the bound flatters.

use crate::history::Window;

/// Chance of finding no breach at which a coverage is not believed any more: one less the confidence.
const DOUBT: f64 = 0.05;

/// How many of `windows`, given by their start, share no bar.
pub fn independent(windows: impl IntoIterator<Item = Window>) -> usize {
    let mut count = 0;
    let mut from = 0;
    for window in windows {
        // The bar at the start of a window is its price, not its move: windows may meet there.
        if window.start >= from {
            from = window.end;
            count += 1;
        }
    }
    count
}

/// The highest coverage, 0..1, that `independent` windows can show with 95 % confidence: what they show without a breach.
pub fn most_shown(independent: usize) -> f64 {
    if independent == 0 {
        return 0.0;
    }
    DOUBT.powf(1.0 / independent as f64)
}

/// Fewest independent windows that can show `coverage` (above 0, below 1) with 95 % confidence.
pub fn windows_needed(coverage: f64) -> usize {
    (DOUBT.ln() / coverage.ln()).ceil() as usize
}
