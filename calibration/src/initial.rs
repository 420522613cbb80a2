//! Initial margin of short options over the horizon, and the spot percentages at which it suffices.
//!
//! An account that holds exactly its initial margin must survive the horizon: the loss of the window stays within what
//! was asked on top of the mark. The percentages are scaled by range / reference range, at least 1.

use serde::Serialize;

use plimsoll_core::margin::{margin_scale, CrossParameters};
use plimsoll_core::units::{Ratio, Vol};
use plimsoll_core::volatility::{ScanParameters, VolatilityState};

use crate::error::CalibrationError;
use crate::options::{requirement, Case, Scales, ShortOption};
use crate::replay::rule;
use crate::statistics::{from_ppm, quantile, round_up, share, to_ppm};

/// Step of the fitted spot percentages: half a percent.
const PERCENTAGE_STEP: f64 = 0.005;

/// A back-test of one short option.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptionCoverage {
    /// The option.
    pub option: String,
    /// Windows tested.
    pub windows: usize,
    /// Share in which the loss stayed within the requirement.
    pub covered: f64,
    /// The window with the largest loss beyond its requirement.
    pub worst: Option<Shortfall>,
}

/// A loss that was not covered: shares of spot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shortfall {
    /// When the window began: unix seconds.
    pub time: i64,
    /// Loss inside the window.
    pub loss: f64,
    /// What had been asked for on top of the mark.
    pub requirement: f64,
}

impl Shortfall {
    fn beyond(&self) -> f64 {
        self.loss - self.requirement
    }
}

/// A short option with its windows.
#[derive(Clone, Debug)]
pub struct OptionCases {
    /// The option.
    pub option: ShortOption,
    /// The windows.
    pub cases: Vec<Case>,
}

/// Back-tests the initial margin that `scan` and `cross` ask of every option. Errors: `Rule`.
pub fn initial_coverage(
    options: &[OptionCases],
    states: &[VolatilityState],
    scan: &ScanParameters,
    cross: &CrossParameters,
) -> Result<Vec<OptionCoverage>, CalibrationError> {
    options.iter().map(|OptionCases { option, cases }| one(option, cases, states, (scan, cross))).collect()
}

fn one(
    option: &ShortOption,
    cases: &[Case],
    states: &[VolatilityState],
    (scan, cross): (&ScanParameters, &CrossParameters),
) -> Result<OptionCoverage, CalibrationError> {
    let mut covered = 0;
    let mut worst: Option<Shortfall> = None;
    for case in cases {
        let Some(state) = states.get(case.start) else { continue };
        let scale = scale_of(state, scan)?;
        let asked = requirement(case, option, Scales { initial: scale, maintenance: scale }, cross)?.initial;
        if case.loss <= asked {
            covered += 1;
            continue;
        }
        let of_spot = |amount: i64| amount as f64 / case.spot.0 as f64;
        let shortfall = Shortfall { time: case.time, loss: of_spot(case.loss), requirement: of_spot(asked) };
        if worst.is_none_or(|worst| shortfall.beyond() > worst.beyond()) {
            worst = Some(shortfall);
        }
    }
    Ok(OptionCoverage { option: option.name(), windows: cases.len(), covered: share(covered, cases.len()), worst })
}

/// The scale of the initial balance that `scan` gives `state`. Errors: `Rule`.
pub fn scale_of(state: &VolatilityState, scan: &ScanParameters) -> Result<Ratio, CalibrationError> {
    let rule = rule(scan);
    let range = plimsoll_core::margin::scan_range(Vol(state.state), &rule);
    range.and_then(|range| margin_scale(range, &rule)).map_err(CalibrationError::rule("a margin scale"))
}

/// The least spot percentages (`max_spot`, `min_spot`), ppm in steps of half a percent, at which every option is covered
/// in the `target` share of its windows: `max_spot` by the options at the money, `min_spot` by those out of it.
///
/// Errors: `Rule`.
pub fn fit_percentages(
    options: &[OptionCases],
    states: &[VolatilityState],
    scan: &ScanParameters,
    target: f64,
) -> Result<(u32, u32), CalibrationError> {
    let fit = |at_the_money: bool, max_spot: f64| -> Result<f64, CalibrationError> {
        let mut highest = 0.0;
        for OptionCases { option, cases } in options.iter().filter(|o| o.option.at_the_money() == at_the_money) {
            let mut needed = Vec::with_capacity(cases.len());
            for case in cases {
                let Some(state) = states.get(case.start) else { continue };
                let scale = from_ppm(scale_of(state, scan)?.0);
                let loss = case.loss as f64 / case.spot.0 as f64;
                let by_max_spot = max_spot * scale - option.out_of_the_money();
                needed.push(if loss <= by_max_spot { 0.0 } else { loss / scale });
            }
            highest = f64::max(highest, quantile(&needed, target).unwrap_or(0.0));
        }
        Ok(round_up(highest, PERCENTAGE_STEP))
    };
    let at_the_money = fit(true, 0.0)?;
    let least = fit(false, at_the_money)?;
    Ok((to_ppm(at_the_money.max(least)), to_ppm(least)))
}
