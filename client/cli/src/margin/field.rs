//! Refusals of input fields: each names the field, the value and the bound.

use plimsoll_core::margin::evaluator::Real;

use super::bounds;
use super::decimal::{shown, to_f64, Decimal};

/// The value of the field at `path` if it stands within its [`bounds`].
pub fn within(path: &str, value: Decimal) -> Result<Real, String> {
    let bounds = bounds::of(path).ok_or_else(|| format!("{path} has no bounds"))?;
    between(path, value, bounds.low, bounds.high)
}

/// `value` if it is not below `low`, a bound as decimal text.
pub fn at_least(path: &str, value: Decimal, low: &str) -> Result<Real, String> {
    if value.0 < bound(low)? {
        return Err(format!("{path} = {value} is below its lower bound {low}"));
    }
    Ok(value.0)
}

/// `value` if it stands in `[low, high]`, bounds as decimal text.
pub fn between(path: &str, value: Decimal, low: &str, high: &str) -> Result<Real, String> {
    at_least(path, value, low)?;
    if value.0 > bound(high)? {
        return Err(format!("{path} = {value} is above its upper bound {high}"));
    }
    Ok(value.0)
}

/// An optional field with its default.
pub fn within_or(path: &str, value: Option<Decimal>, default: Real) -> Result<Real, String> {
    value.map_or(Ok(default), |value| within(path, value))
}

/// A field that this mode cannot do without.
pub fn required<T>(path: &str, value: Option<T>, why: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("{path} is missing: {why}"))
}

/// What is made of several fields, if it is at most `high`.
pub fn at_most(what: &str, value: Real, high: i64) -> Result<(), String> {
    if value > Real::from_integer(high) {
        return Err(format!("{what} = {} is above its upper bound {high}", shown(to_f64(value))));
    }
    Ok(())
}

fn bound(text: &str) -> Result<Real, String> {
    Decimal::parse(text).map(|decimal| decimal.0)
}
