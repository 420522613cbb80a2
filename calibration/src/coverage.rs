//! How often the scan range covers a move, and the multiplier and the floor that do.
//!
//! The test is single-tailed, as for any margin: a long loses by falls, a short by rises, and each of the two must be
//! covered in the target share of all windows. A window counts by its worst price, not by its last.

use serde::Serialize;

use plimsoll_core::volatility::{ScanParameters, VolatilityState};

use crate::error::CalibrationError;
use crate::history::Window;
use crate::replay::range_of;
use crate::statistics::{from_ppm, least, quantile, share, to_ppm};

/// Step of the fitted multiplier, ppm: a tenth of a deviation.
const DEVIATIONS_STEP: u32 = 100_000;
/// Step of the fitted floor, ppm: half a percent of spot.
const FLOOR_STEP: u32 = 5_000;
/// Share of the windows, those of the lowest volatility, that the floor is fitted on.
const CALM_SHARE: f64 = 0.25;

/// A window with the volatility state at its start.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// What prices did.
    pub window: Window,
    /// The state when it began.
    pub state: VolatilityState,
}

/// Pairs every window with the state at its start.
pub fn observations(windows: &[Window], states: &[VolatilityState]) -> Vec<Observation> {
    let of = |window: &Window| states.get(window.start).map(|state| Observation { window: *window, state: *state });
    windows.iter().filter_map(of).collect()
}

/// A back-test of the scan range.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Windows tested; they overlap.
    pub windows: usize,
    /// Share whose largest rise stayed within the range.
    pub up: f64,
    /// Share whose largest fall stayed within the range.
    pub down: f64,
    /// Share in which both did.
    pub both: f64,
    /// Share whose move from close to close, either way, stayed within the range.
    pub close_to_close: f64,
    /// Different UTC days on which a breached window began.
    pub breach_days: usize,
    /// The breach with the largest move beyond its range.
    pub worst: Option<Breach>,
    /// Mean range, share of spot.
    pub mean_range: f64,
    /// Share of windows whose range stood at its cap.
    pub at_cap: f64,
}

/// A move that the range did not cover.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breach {
    /// When the window began: unix seconds.
    pub time: i64,
    /// The move, share of spot, signed.
    pub change: f64,
    /// The range, share of spot.
    pub range: f64,
}

impl Coverage {
    /// The smaller of the two single-tailed coverages: what a target is held against.
    pub fn single_tailed(&self) -> f64 {
        self.up.min(self.down)
    }
}

/// Back-tests the range of `scan`. Errors: `Rule` for parameters outside their ranges.
pub fn coverage(observations: &[Observation], scan: &ScanParameters) -> Result<Coverage, CalibrationError> {
    let mut ranges = Vec::with_capacity(observations.len());
    for observation in observations {
        ranges.push(range_of(&observation.state, scan)?);
    }
    Ok(measure(observations, &ranges, from_ppm(scan.range_cap)))
}

fn measure(observations: &[Observation], ranges: &[f64], cap: f64) -> Coverage {
    let count = |covered: &dyn Fn(&Window, f64) -> bool| {
        let pairs = observations.iter().zip(ranges);
        share(pairs.filter(|(o, range)| covered(&o.window, **range)).count(), observations.len())
    };
    let mut days: Vec<i64> = Vec::new();
    let mut worst: Option<Breach> = None;
    for (Observation { window, .. }, range) in observations.iter().zip(ranges) {
        if window.largest() <= *range {
            continue;
        }
        days.push(window.time.div_euclid(86_400));
        let change = if window.up >= window.down { window.up } else { -window.down };
        let breach = Breach { time: window.time, change, range: *range };
        if worst.is_none_or(|worst| breach.change.abs() - breach.range > worst.change.abs() - worst.range) {
            worst = Some(breach);
        }
    }
    days.dedup();
    Coverage {
        windows: observations.len(),
        up: count(&|window, range| window.up <= range),
        down: count(&|window, range| window.down <= range),
        both: count(&|window, range| window.largest() <= range),
        close_to_close: count(&|window, range| window.close.abs() <= range),
        breach_days: days.len(),
        worst,
        mean_range: if ranges.is_empty() { 0.0 } else { ranges.iter().sum::<f64>() / ranges.len() as f64 },
        at_cap: share(ranges.iter().filter(|range| **range >= cap).count(), ranges.len()),
    }
}

/// The least multiplier k, in steps of a tenth, at which both single-tailed coverages of `observations` reach `target`;
/// the other fields stay. `None`: not even the largest that the rule book allows.
///
/// Errors: `Rule` for parameters outside their ranges.
pub fn fit_deviations(
    observations: &[Observation],
    scan: &ScanParameters,
    target: f64,
) -> Result<Option<u32>, CalibrationError> {
    fit(observations, target, (10, 200), |steps| ScanParameters { deviations: steps * DEVIATIONS_STEP, ..*scan })
        .map(|steps| steps.map(|steps| steps * DEVIATIONS_STEP))
}

/// The least floor, in steps of half a percent, at which the calmest quarter of `observations` is covered like the
/// whole must be: a calm market may not talk the margin down to what the next jump takes. `None`: not even the cap.
///
/// Errors: `Rule` for parameters outside their ranges.
pub fn fit_floor(
    observations: &[Observation],
    scan: &ScanParameters,
    target: f64,
) -> Result<Option<u32>, CalibrationError> {
    let calm = calm(observations);
    let highest = scan.range_cap / FLOOR_STEP;
    fit(&calm, target, (2, highest), |steps| ScanParameters { range_floor: steps * FLOOR_STEP, ..*scan })
        .map(|steps| steps.map(|steps| steps * FLOOR_STEP))
}

/// The quarter of `observations` with the lowest volatility, and all others of the same.
pub fn calm(observations: &[Observation]) -> Vec<Observation> {
    let levels: Vec<f64> = observations.iter().map(|o| o.state.state as f64).collect();
    let Some(level) = quantile(&levels, CALM_SHARE) else { return Vec::new() };
    observations.iter().filter(|o| o.state.state as f64 <= level).copied().collect()
}

fn fit(
    observations: &[Observation],
    target: f64,
    (low, high): (u32, u32),
    parameters: impl Fn(u32) -> ScanParameters,
) -> Result<Option<u32>, CalibrationError> {
    let mut refused = None;
    let found = least(low, high, |steps| match coverage(observations, &parameters(steps)) {
        Ok(coverage) => coverage.single_tailed() >= target,
        Err(error) => {
            refused = Some(error);
            false
        }
    });
    refused.map_or(Ok(found), Err)
}

/// How the multiplier would have to be for another horizon, with neither floor nor cap in the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HorizonFit {
    /// Horizon: seconds.
    pub seconds: i64,
    /// Least k for it; `None`: beyond the rule book's range.
    pub deviations: Option<f64>,
}

/// Range parameters with the floor as low and the cap as high as the rule book allows.
pub fn unbounded(scan: &ScanParameters, horizon: i64) -> ScanParameters {
    let horizon_seconds = u32::try_from(horizon).unwrap_or(u32::MAX);
    ScanParameters { horizon_seconds, range_floor: 10_000, range_cap: to_ppm(0.95), ..*scan }
}
