//! Counting and order statistics.

use std::collections::VecDeque;

/// A share of a whole, from 0 to 1; 1 of nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// The smallest value that at least `share` of `values` do not exceed; `None` of nothing.
///
/// With n values it is the ceil(share x n)-th smallest, so that a bound set there covers no less than `share`.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // A share of exactly k / n must not become k + 1 by the rounding of the product.
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

/// `value` rounded up to a whole multiple of `step`; a value within a billionth of a multiple is that multiple.
pub fn round_up(value: f64, step: f64) -> f64 {
    (value / step - 1e-9).ceil() * step
}

/// A share as the rule book's ppm, rounded to nearest.
pub fn to_ppm(share: f64) -> u32 {
    (share.max(0.0) * 1e6).round() as u32
}

/// The rule book's ppm as a share.
pub fn from_ppm(ppm: u32) -> f64 {
    f64::from(ppm) / 1e6
}

/// The least value of `low..=high` for which `holds`, which stays true once it is true; `None`: not even `high`.
pub fn least(low: u32, high: u32, mut holds: impl FnMut(u32) -> bool) -> Option<u32> {
    if !holds(high) {
        return None;
    }
    let (mut bad, mut good) = (low, high);
    while bad < good {
        let middle = bad + (good - bad) / 2;
        if holds(middle) {
            good = middle;
        } else {
            bad = middle + 1;
        }
    }
    Some(good)
}

/// The largest value of a span whose two ends only move forward: every place enters and leaves once.
#[derive(Debug, Default)]
pub struct RunningMax<T> {
    /// Places with their values, which fall: whatever is not above a later one can never be the largest again.
    candidates: VecDeque<(usize, T)>,
}

impl<T: PartialOrd> RunningMax<T> {
    /// Lets the span reach to `place`, beyond all before, whose value is `value`.
    pub fn push(&mut self, place: usize, value: T) {
        while self.candidates.back().is_some_and(|(_, back)| *back <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((place, value));
    }

    /// The largest value from place `from` on, the last of equal ones, with its place; `None` of nothing. No later call
    /// can go back before `from`.
    pub fn largest(&mut self, from: usize) -> Option<&(usize, T)> {
        while self.candidates.front().is_some_and(|(place, _)| *place < from) {
            self.candidates.pop_front();
        }
        self.candidates.front()
    }
}
