//! The offline evaluator: portfolio and cross mode for any size, any fraction and several underlyings.
//!
//! Same formulas as on chain in wider numbers ([`Real`], Q64 in 128 bits), so that a result is exact to far below the
//! sixth digit. Inputs are plain values; nothing here allocates. Operators saturate; [`Market::validate`] bounds the
//! book so that nothing does.

#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

pub mod book;
pub mod charges;
pub mod cross;
pub mod offset;
pub mod portfolio;
pub mod pricing;

pub use crate::math::wide::{Svi, Wide as Real};
pub use book::{Collateral, Expiry, Leg, Market};

use crate::error::CoreError;

/// `a / b`. Errors: `DivisionByZero`.
pub(crate) fn quotient(a: Real, b: Real) -> Result<Real, CoreError> {
    a.checked_div(b).ok_or(CoreError::DivisionByZero)
}

/// The sum of `terms`.
pub(crate) fn sum_of(terms: &[Real]) -> Real {
    terms.iter().fold(Real::ZERO, |sum, term| sum + *term)
}
