//! What the picture of a calibration shows: range and moves over time.

use plimsoll_core::volatility::VolatilityState;

use crate::coverage::Observation;
use crate::statistics::from_ppm;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Days from which on a day is one point of the picture; below it an hour is.
const DAYS_SHOWN: i64 = 60;

/// One UTC day of the picture, or one hour where the history is a crash of a few days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Its start: unix seconds.
    pub time: i64,
    /// Highest initial range inside, share of spot.
    pub initial: f64,
    /// Highest maintenance range inside, share of spot.
    pub maintenance: f64,
    /// The window that begins inside with the least room between range and move.
    pub tightest: Tightest,
}

/// A window by what was left of its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tightest {
    /// Largest move inside, share of spot, signed.
    pub change: f64,
    /// Range at its start, share of spot.
    pub range: f64,
}

impl Tightest {
    fn room(&self) -> f64 {
        self.range - self.change.abs()
    }
}

/// `observations` with the `states` of all bars, bucket by bucket.
pub fn buckets(observations: &[Observation], states: &[VolatilityState]) -> Vec<Bucket> {
    let time = |observation: Option<&Observation>| observation.map_or(0, |o| o.window.time);
    let span = time(observations.last()) - time(observations.first());
    let length = if span < DAYS_SHOWN * DAY { HOUR } else { DAY };
    let mut buckets: Vec<Bucket> = Vec::new();
    for Observation { window, .. } in observations {
        let Some(state) = states.get(window.start) else { continue };
        let (initial, maintenance) = (from_ppm(state.range_im), from_ppm(state.range_mm));
        let change = if window.up >= window.down { window.up } else { -window.down };
        let tightest = Tightest { change, range: initial };
        let time = window.time.div_euclid(length) * length;
        match buckets.last_mut().filter(|bucket| bucket.time == time) {
            Some(bucket) => {
                bucket.initial = bucket.initial.max(initial);
                bucket.maintenance = bucket.maintenance.max(maintenance);
                if tightest.room() < bucket.tightest.room() {
                    bucket.tightest = tightest;
                }
            }
            None => buckets.push(Bucket { time, initial, maintenance, tightest }),
        }
    }
    buckets
}
