//! The scan range: how far prices are assumed to move, from the realised volatility of the underlying.

use crate::error::CoreError;
use crate::margin::parameters::in_range;
use crate::math::time::deviation;
use crate::parameters::ParameterError;
use crate::units::{Ratio, Seconds, Vol};

/// How the volatility state becomes a scan range and a margin scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanParameters {
    /// k: deviations covered.
    pub deviations: Ratio,
    /// h: seconds until a default is closed out.
    pub horizon: Seconds,
    /// Least range (R_floor), share of spot.
    pub floor: Ratio,
    /// Largest range (R_cap), share of spot.
    pub cap: Ratio,
    /// Step of the scenario grid, share of spot, fixed at listing.
    pub step: Ratio,
    /// Range at which the margin parameters were calibrated (R_reference), share of spot.
    pub reference: Ratio,
    /// Largest margin scale.
    pub scale_cap: Ratio,
}

impl ScanParameters {
    /// What new underlyings start from: 4.5 % steps, floor 9 %, reference 18 %, cap 36 %.
    pub const REFERENCE: Self = Self {
        deviations: Ratio(4_000_000),
        horizon: 86_400,
        floor: Ratio(90_000),
        cap: Ratio(360_000),
        step: Ratio(45_000),
        reference: Ratio(180_000),
        scale_cap: Ratio(3_000_000),
    };

    /// Checks every hard range and `floor <= cap`.
    pub fn validate(&self) -> Result<(), ParameterError> {
        in_range("deviations", self.deviations, 1_000_000, 20_000_000)?;
        let horizon = u32::try_from(self.horizon).unwrap_or(u32::MAX);
        in_range("horizon", Ratio(horizon), 60, 30 * 86_400)?;
        in_range("step", self.step, 5_000, 200_000)?;
        in_range("cap", self.cap, self.step.0, 950_000)?;
        in_range("floor", self.floor, 10_000, self.cap.0)?;
        in_range("reference", self.reference, 10_000, 950_000)?;
        in_range("scale_cap", self.scale_cap, 1_000_000, 10_000_000)
    }
}

/// R = clamp(k sigma sqrt(h), floor, cap), rounded up to whole steps, share of spot.
///
/// `sigma`: the volatility state, >= 0. Errors: `OutOfDomain` for a step of zero or a negative sigma, `Overflow`.
pub fn scan_range(sigma: Vol, parameters: &ScanParameters) -> Result<Ratio, CoreError> {
    let deviation = u128::try_from(deviation(sigma.0, parameters.horizon)).map_err(|_| CoreError::OutOfDomain)?;
    // One more than the deviation: its square root was rounded down.
    let product = deviation.checked_add(1).and_then(|d| d.checked_mul(u128::from(parameters.deviations.0)));
    let range = product.ok_or(CoreError::Overflow)?.div_ceil(1 << 32);
    let range = u32::try_from(range).unwrap_or(u32::MAX).max(parameters.floor.0).min(parameters.cap.0);
    let steps = range.checked_add(parameters.step.0.saturating_sub(1)).ok_or(CoreError::Overflow)?;
    let steps = steps.checked_div(parameters.step.0).ok_or(CoreError::OutOfDomain)?;
    steps.checked_mul(parameters.step.0).map(Ratio).ok_or(CoreError::Overflow)
}

/// `max(1, range / reference)`, at most `scale_cap`, rounded up. Errors: `OutOfDomain` for a reference of zero.
pub fn margin_scale(range: Ratio, parameters: &ScanParameters) -> Result<Ratio, CoreError> {
    let reference = u64::from(parameters.reference.0);
    if reference == 0 {
        return Err(CoreError::OutOfDomain);
    }
    let scaled = u64::from(range.0).saturating_mul(u64::from(Ratio::ONE.0)).div_ceil(reference);
    let capped = u32::try_from(scaled).unwrap_or(u32::MAX).max(Ratio::ONE.0).min(parameters.scale_cap.0);
    Ok(Ratio(capped.max(Ratio::ONE.0)))
}
