//! Bounds of input fields: a refusal names the field, the value and the bound.

use plimsoll_core::margin::evaluator::Real;

use super::decimal::{to_f64, Decimal};

/// `value` if it stands in `[low, high]`, bounds as decimal text.
pub fn within(path: &str, value: Decimal, low: &str, high: &str) -> Result<Real, String> {
    if value.0 < bound(low)? {
        return Err(format!("{path} = {} is below its lower bound {low}", to_f64(value.0)));
    }
    if value.0 > bound(high)? {
        return Err(format!("{path} = {} is above its upper bound {high}", to_f64(value.0)));
    }
    Ok(value.0)
}

/// An optional field with its default.
pub fn within_or(path: &str, value: Option<Decimal>, default: Real, low: &str, high: &str) -> Result<Real, String> {
    value.map_or(Ok(default), |value| within(path, value, low, high))
}

/// A field that this mode cannot do without.
pub fn required<T>(path: &str, value: Option<T>, why: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("{path} is missing: {why}"))
}

fn bound(text: &str) -> Result<Real, String> {
    Decimal::parse(text).map(|decimal| decimal.0)
}
