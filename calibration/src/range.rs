//! The scan range that covers what it must: the multiplier and the floor over several histories.

use serde::Serialize;

use plimsoll_core::volatility::ScanParameters;

use crate::calibrate::Settings;
use crate::coverage::{calm, coverage, fit_deviations, fit_floor, Breach, Coverage, Observation};
use crate::error::CalibrationError;
use crate::statistics::from_ppm;

/// Largest multiplier that the rule book allows, ppm.
const DEVIATIONS_HIGHEST: u32 = 20_000_000;

/// Which part of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it.
    Whole,
    /// What is before the split.
    Earlier,
    /// What is after it.
    Later,
    /// The quarter of the windows with the lowest volatility.
    Calm,
}

/// Windows that must be covered.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Which part of it.
    pub part: Part,
    /// The windows.
    pub observations: &'a [Observation],
}

/// A coverage that nothing inside the rule book's ranges reaches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unreached {
    /// Name of the file.
    pub file: String,
    /// The part of it.
    pub part: Part,
    /// Field of the scan group that was raised to its limit.
    pub field: &'static str,
    /// The least value of the field from which on coverage does not grow any more, ppm.
    pub best_at: u32,
    /// Coverage there, rises or falls, whichever is less.
    pub reached: f64,
    /// Coverage asked for.
    pub target: f64,
    /// The breach there with the largest move beyond its range.
    pub worst: Option<Breach>,
}

/// A fit of the scan range.
#[derive(Clone, Debug)]
pub struct RangeFit {
    /// The range: the least that covers everything, or the one that comes closest.
    pub scan: ScanParameters,
    /// What it does not cover: one entry a file. Empty: it reaches its target everywhere.
    pub unreached: Vec<Unreached>,
}

/// The range that comes closest where none covers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closest {
    /// Multiplier.
    pub deviations: f64,
    /// Floor, share of spot.
    pub range_floor: f64,
    /// Back-test by file.
    pub coverage: Vec<(String, Coverage)>,
}

/// A fit on the earlier part of a history and its back-test on the later part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutOfSample {
    /// Name of the file.
    pub file: String,
    /// Where the fit ends and the test begins: unix seconds.
    pub split_at: i64,
    /// Fitted multiplier.
    pub deviations: f64,
    /// Fitted floor, share of spot.
    pub range_floor: f64,
    /// Whether the fit reaches its target on its own part; if not, it is the one that comes closest.
    pub reached: bool,
    /// Coverage of the part that was fitted.
    pub fit: Coverage,
    /// Coverage of the part that was not.
    pub test: Coverage,
}

/// Where the earlier part of `observations` ends.
pub fn split_index(observations: &[Observation], settings: &Settings) -> usize {
    ((observations.len() as f64 * settings.split) as usize).min(observations.len())
}

/// k such that every whole of `wholes`, and the earlier and the later part of each, is covered, over the floor that its
/// calm quarter needs. Errors: `Rule`.
pub fn fit_whole_and_parts(wholes: &[Set], settings: &Settings) -> Result<RangeFit, CalibrationError> {
    let mut sets = Vec::new();
    for whole in wholes {
        let (earlier, later) = whole.observations.split_at(split_index(whole.observations, settings));
        sets.push(*whole);
        sets.push(Set { part: Part::Earlier, observations: earlier, ..*whole });
        sets.push(Set { part: Part::Later, observations: later, ..*whole });
    }
    fit_range(&sets, wholes, settings)
}

/// k such that all of `sets` are covered, over the floor that the calm quarters of `wholes` need: a quarter of a part
/// would be a handful of independent days. Errors: `Rule`.
pub fn fit_range(sets: &[Set], wholes: &[Set], settings: &Settings) -> Result<RangeFit, CalibrationError> {
    let horizon_seconds = u32::try_from(settings.horizon).unwrap_or(u32::MAX);
    let mut fit = RangeFit { scan: ScanParameters { horizon_seconds, ..settings.start.scan }, unreached: Vec::new() };
    fit.raise_deviations(sets, settings.coverage)?;
    if fit.unreached.is_empty() {
        // A history may never have been as calm as the next month: the floor only rises.
        fit.raise_floor(wholes, settings.coverage)?;
        fit.raise_deviations(sets, settings.coverage)?;
    }
    Ok(fit)
}

impl RangeFit {
    fn raise_deviations(&mut self, sets: &[Set], target: f64) -> Result<(), CalibrationError> {
        let scan = self.scan;
        let mut largest = 0;
        for set in sets {
            let fitted = fit_deviations(set.observations, &scan, target)?;
            let Some(deviations) = fitted else {
                let highest = ScanParameters { deviations: DEVIATIONS_HIGHEST, ..scan };
                let tested = coverage(set.observations, &highest)?;
                let best_at = fit_deviations(set.observations, &scan, tested.single_tailed())?;
                let best_at = best_at.unwrap_or(DEVIATIONS_HIGHEST);
                let best = coverage(set.observations, &ScanParameters { deviations: best_at, ..scan })?;
                largest = largest.max(best_at);
                self.miss(set, ("deviations", best_at), &best, target);
                continue;
            };
            largest = largest.max(deviations);
        }
        self.scan.deviations = largest;
        Ok(())
    }

    fn raise_floor(&mut self, wholes: &[Set], target: f64) -> Result<(), CalibrationError> {
        let scan = self.scan;
        for whole in wholes {
            let fitted = fit_floor(whole.observations, &scan, target)?;
            let Some(floor) = fitted else {
                let quarter = calm(whole.observations);
                let highest = ScanParameters { range_floor: scan.range_cap, ..scan };
                let tested = coverage(&quarter, &highest)?;
                let best_at = fit_floor(whole.observations, &scan, tested.single_tailed())?.unwrap_or(scan.range_cap);
                let best = coverage(&quarter, &ScanParameters { range_floor: best_at, ..scan })?;
                self.scan.range_floor = self.scan.range_floor.max(best_at);
                self.miss(&Set { part: Part::Calm, ..*whole }, ("range_floor", best_at), &best, target);
                continue;
            };
            self.scan.range_floor = self.scan.range_floor.max(floor);
        }
        Ok(())
    }

    /// Notes what `set` does not reach; the whole of a file, which comes first, speaks for its parts. Files are told by
    /// their names, of which no two are alike.
    fn miss(&mut self, set: &Set, (field, best_at): (&'static str, u32), best: &Coverage, target: f64) {
        if self.unreached.iter().any(|known| known.file == set.file) {
            return;
        }
        let (file, part, worst) = (set.file.to_owned(), set.part, best.worst);
        self.unreached.push(Unreached { file, part, field, best_at, reached: best.single_tailed(), target, worst });
    }
}

/// A fit on the earlier part of `observations` and its test on the rest, which it has not seen; `None` if either is
/// empty. Errors: `Rule`.
pub fn out_of_sample(
    file: &str,
    observations: &[Observation],
    settings: &Settings,
) -> Result<Option<OutOfSample>, CalibrationError> {
    let (seen, rest) = observations.split_at(split_index(observations, settings));
    let Some(split_at) = rest.first().map(|first| first.window.time) else { return Ok(None) };
    // A window that reaches over the split belongs to neither part.
    let from = rest.first().map_or(0, |first| first.window.start);
    let fit: Vec<Observation> = seen.iter().filter(|o| o.window.end <= from).copied().collect();
    if fit.is_empty() {
        return Ok(None);
    }
    let seen = Set { file, part: Part::Earlier, observations: &fit };
    let RangeFit { scan, unreached } = fit_range(&[seen], &[seen], settings)?;
    Ok(Some(OutOfSample {
        file: file.to_owned(),
        split_at,
        deviations: from_ppm(scan.deviations),
        range_floor: from_ppm(scan.range_floor),
        reached: unreached.is_empty(),
        fit: coverage(&fit, &scan)?,
        test: coverage(rest, &scan)?,
    }))
}
