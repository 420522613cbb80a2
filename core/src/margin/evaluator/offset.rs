//! Portfolio mode: what two underlyings lose together instead of apart, as far as they move together.
//!
//! With m_i the balance of a member by itself, worst_i what it loses there and `a = share x factor on a loss`, at most 1,
//! both balances are those of
//!
//! `min( sum_i [m_i + a (Basis_i - worst_i)], min_s sum_i [m_i + a (PnL_i(s) - worst_i)] )`
//!
//! A depeg raises what a member loses, never what the other takes back of it: the factor is the one without the peg.
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use super::portfolio::{MarketMargin, Parameters};
use super::Real;
use crate::error::CoreError;

/// What an offset adds to the members' balances by themselves, quote tokens, each >= 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// To the initial balance.
    pub initial: Real,
    /// To the maintenance balance.
    pub maintenance: Real,
}

/// The credit of two members with their profits under each scenario of `parameters`, of whose losses `share` counts
/// together.
///
/// Errors: `OutOfDomain` for fewer profits than scenarios.
pub fn credit(
    share: Real,
    [(first, profits), (second, others)]: [(&MarketMargin, &[Real]); 2],
    parameters: &Parameters,
) -> Result<Credit, CoreError> {
    let count = parameters.scenarios.len();
    let profits = profits.get(..count).ok_or(CoreError::OutOfDomain)?;
    let others = others.get(..count).ok_or(CoreError::OutOfDomain)?;
    let basis = first.basis + second.basis;
    let together = profits.iter().zip(others).fold(basis, |worst, (one, other)| worst.min(*one + *other));
    // The members' balances cancel. Not below zero: no scenario of both is worse than the worst of each.
    let saved = together - (first.loss + second.loss);
    let of = |factor: Real| (share * factor).min(Real::ONE) * saved;
    Ok(Credit { initial: of(parameters.im_factor), maintenance: of(parameters.mm_factor) })
}
