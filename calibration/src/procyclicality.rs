//! How far and how fast a range swings: what margin asks of people when they can least afford it.

use std::collections::VecDeque;

use serde::Serialize;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Swings of a scan range over a history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Procyclicality {
    /// Highest range over the lowest.
    pub peak_to_trough: f64,
    /// Highest range, share of spot.
    pub peak: f64,
    /// Lowest range, share of spot.
    pub trough: f64,
    /// Largest rise within one day; `None`: it never rises.
    pub rise_1_day: Option<Rise>,
    /// Largest rise within five days; `None`: it never rises.
    pub rise_5_days: Option<Rise>,
}

/// A rise of the range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rise {
    /// By how much: share of spot, above 0.
    pub by: f64,
    /// When it was complete: unix seconds.
    pub time: i64,
}

/// The swings of `ranges`, (unix seconds, share of spot) by time; `None` of nothing.
pub fn procyclicality(ranges: &[(i64, f64)]) -> Option<Procyclicality> {
    let peak = ranges.iter().map(|(_, range)| *range).reduce(f64::max)?;
    let trough = ranges.iter().map(|(_, range)| *range).reduce(f64::min)?;
    Some(Procyclicality {
        peak_to_trough: if trough > 0.0 { peak / trough } else { 1.0 },
        peak,
        trough,
        rise_1_day: largest_rise(ranges, DAY),
        rise_5_days: largest_rise(ranges, 5 * DAY),
    })
}

/// The largest rise from the lowest range of the `seconds` before; `None` without one.
fn largest_rise(ranges: &[(i64, f64)], seconds: i64) -> Option<Rise> {
    // Candidates for the minimum, rising: whatever is not below a later one can never be it again.
    let mut lowest: VecDeque<(i64, f64)> = VecDeque::new();
    let mut largest: Option<Rise> = None;
    for (time, range) in ranges.iter().copied() {
        while lowest.back().is_some_and(|(_, back)| *back >= range) {
            lowest.pop_back();
        }
        lowest.push_back((time, range));
        while lowest.front().is_some_and(|(front, _)| *front < time - seconds) {
            lowest.pop_front();
        }
        let by = lowest.front().map_or(0.0, |(_, low)| range - low);
        if by > largest.map_or(0.0, |largest| largest.by) {
            largest = Some(Rise { by, time });
        }
    }
    largest
}
