//! Collateral haircuts: one minus the cross factor of a token whose price is the underlying's.
//!
//! The cut of collateral is scaled like the spot percentages, so the haircut is what one unit of margin scale must
//! cover: the fall of a window over the scale at its start.

use serde::Serialize;

use plimsoll_core::units::Ratio;
use plimsoll_core::volatility::ScanParameters;

use crate::coverage::{Breach, Observation};
use crate::error::CalibrationError;
use crate::initial::scale_of;
use crate::options::{collateral_counted, Scales};
use crate::statistics::{from_ppm, quantile, round_up, share, to_ppm};

/// Step of the fitted haircut: one percent.
const HAIRCUT_STEP: f64 = 0.01;
/// Quote atoms of the collateral that is tested: large enough that rounding to an atom is nothing.
const TESTED_VALUE: i64 = 1_000_000_000_000;

/// A fitted haircut with its back-test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HaircutFit {
    /// Share of the value that does not count while the scale is 1.
    pub haircut: f64,
    /// One less the haircut, ppm: what a collateral is listed with.
    pub cross_factor: u32,
    /// Windows tested.
    pub windows: usize,
    /// Share in which the lowest value stayed at or above what had counted.
    pub covered: f64,
    /// The window with the largest fall below it; its range is what had been cut.
    pub worst: Option<Breach>,
    /// Mean share of the value that was cut.
    pub mean_cut: f64,
}

/// The least haircut, in whole percent, whose scaled cut covers the falls of the `target` share of `observations`.
/// Errors: `Rule`.
pub fn fit_haircut(
    observations: &[Observation],
    scan: &ScanParameters,
    target: f64,
) -> Result<HaircutFit, CalibrationError> {
    let mut needed = Vec::with_capacity(observations.len());
    for Observation { window, state } in observations {
        needed.push(window.down / from_ppm(scale_of(state, scan)?.0));
    }
    let haircut = round_up(quantile(&needed, target).unwrap_or(0.0), HAIRCUT_STEP).min(1.0);
    back_test(observations, scan, haircut)
}

/// The back-test of `haircut` (0..=1) by what the rule book counts. Errors: `Rule`.
pub fn back_test(
    observations: &[Observation],
    scan: &ScanParameters,
    haircut: f64,
) -> Result<HaircutFit, CalibrationError> {
    let cross_factor = 1_000_000u32.saturating_sub(to_ppm(haircut));
    let (mut covered, mut cuts, mut worst) = (0, 0.0, None::<Breach>);
    for Observation { window, state } in observations {
        let scale = scale_of(state, scan)?;
        let counted =
            collateral_counted(TESTED_VALUE, Ratio(cross_factor), Scales { initial: scale, maintenance: scale })?;
        let cut = 1.0 - counted as f64 / TESTED_VALUE as f64;
        cuts += cut;
        if window.down <= cut {
            covered += 1;
        } else if worst.is_none_or(|worst| window.down - cut > -worst.change - worst.range) {
            worst = Some(Breach { time: window.time, change: -window.down, range: cut });
        }
    }
    let windows = observations.len();
    let mean_cut = if windows == 0 { 0.0 } else { cuts / windows as f64 };
    Ok(HaircutFit { haircut, cross_factor, windows, covered: share(covered, windows), worst, mean_cut })
}
