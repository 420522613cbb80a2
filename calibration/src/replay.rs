//! The volatility state over a history: the program's own update, fed with every close.

use plimsoll_core::margin::scan::ScanParameters as ScanRule;
use plimsoll_core::margin::scan_range;
use plimsoll_core::units::{Price, Ratio, Seconds, Vol};
use plimsoll_core::volatility::{update, ScanParameters, VolatilityParameters, VolatilityState};

use crate::error::CalibrationError;
use crate::history::History;
use crate::statistics::from_ppm;

/// The state after every bar of `history`, in their order; the first price counted is the first open.
///
/// Errors: `Rule` for parameters outside their ranges.
pub fn replay(
    history: &History,
    volatility: &VolatilityParameters,
    scan: &ScanParameters,
) -> Result<Vec<VolatilityState>, CalibrationError> {
    let refused = || CalibrationError::rule(format!("the volatility state of {}", history.file));
    let mut state = VolatilityState::default();
    if let Some(first) = history.bars.first() {
        state = update(&state, atoms(first.open), first.timestamp, volatility, scan).map_err(refused())?;
    }
    let mut states = Vec::with_capacity(history.bars.len());
    for (index, bar) in history.bars.iter().enumerate() {
        state = update(&state, atoms(bar.close), history.closed_at(index), volatility, scan).map_err(refused())?;
        states.push(state);
    }
    Ok(states)
}

/// A price in dollars as the rule book's quote atoms per whole underlying, to nearest, at least 1.
pub fn atoms(price: f64) -> Price {
    // Prices of a history are at most 10^9, so the product stays far inside both types.
    Price(((price * 1e6).round() as i64).max(1))
}

/// First bar whose state counts: a half-life of the slow average after the first, at most a tenth of the history.
///
/// Before it the state is mostly the assumed reference volatility.
pub fn warm_up(history: &History, volatility: &VolatilityParameters) -> usize {
    let slow = i64::from(volatility.slow_half_life_seconds);
    let until = history.closed_at(0) + slow.min(history.seconds() / 10);
    history.bars.partition_point(|bar| bar.timestamp + history.bar_seconds < until)
}

/// The scan range that `scan` gives `state`, share of spot: the initial one, before any cap on its rise.
///
/// Errors: `Rule` for parameters outside their ranges.
pub fn range_of(state: &VolatilityState, scan: &ScanParameters) -> Result<f64, CalibrationError> {
    let range = scan_range(Vol(state.state), &rule(scan)).map_err(CalibrationError::rule("a scan range"))?;
    Ok(from_ppm(range.0))
}

/// The parameters as the scan range's rule, without rounding to grid steps, as the volatility update applies it.
pub fn rule(scan: &ScanParameters) -> ScanRule {
    ScanRule {
        deviations: Ratio(scan.deviations),
        horizon: Seconds::from(scan.horizon_seconds),
        floor: Ratio(scan.range_floor),
        cap: Ratio(scan.range_cap),
        step: Ratio(1),
        reference: Ratio(scan.range_reference),
        scale_cap: Ratio(scan.scale_cap),
    }
}
