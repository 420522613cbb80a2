//! Prices and greeks of legs with discount and settlement window.
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use crate::error::CoreError;
use crate::math::time::{WINDOW_SECONDS, WINDOW_VARIANCE_SECONDS};
use crate::math::wide::{self, discount_factor};
use crate::position::OptionKind;
use crate::units::YEAR_SECONDS;

use super::{quotient, Expiry, Leg, Real};

/// 1 / sqrt 3.
const INVERSE_SQRT_3: Real = Real::from_raw(10_650_232_656_628_343_401);

/// An expiry prepared for pricing.
#[derive(Clone, Copy, Debug)]
pub struct Tenor {
    /// Years to expiry.
    pub years: Real,
    /// Square root of `years`.
    pub sqrt_years: Real,
    /// `max(rate, 0)`, or 0 where prices are undiscounted.
    pub rate: Real,
    /// `exp(-rate years)`.
    pub discount: Real,
    /// Part of the forward that is already fixed.
    pub fixed: Real,
    /// Part of the forward that a shock multiplies.
    pub variable: Real,
    /// What makes sd of a volatility: the square root of time with the averaging adjustment.
    pub root: Real,
}

/// The sensitivities of a leg or of a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Greeks {
    /// Change of value per 1 of the forward.
    pub delta: Real,
    /// Change of delta per 1 of the forward.
    pub gamma: Real,
    /// Change of value per 1.00 of volatility.
    pub vega: Real,
    /// Change of value per year of passing time, forward held.
    pub theta: Real,
}

impl Tenor {
    /// Prepares `expiry`; `averaging_vol` turns the variance of the settlement average on.
    ///
    /// Inside the window of w = 1800 s with e seconds elapsed: `F_fix = A e / w`, `F_var = F (w - e) / w`.
    /// Errors: `DivisionByZero` for a forward of zero.
    pub fn new(expiry: &Expiry, discounted: bool, averaging_vol: bool) -> Result<Self, CoreError> {
        let year = Real::from_integer(YEAR_SECONDS);
        let window = Real::from_integer(WINDOW_SECONDS);
        let years = quotient(expiry.seconds, year)?;
        let rate = if discounted { expiry.rate.max(Real::ZERO) } else { Real::ZERO };
        let inside = expiry.seconds <= window;
        let elapsed = if inside { window - expiry.seconds } else { Real::ZERO };
        let share = quotient(elapsed, window)?;
        let fixed = expiry.settlement_average.unwrap_or(expiry.forward) * share;
        let variable = expiry.forward * (Real::ONE - share);
        let root = match (averaging_vol, inside) {
            (false, _) => years.sqrt(),
            (true, true) => years.sqrt() * quotient(variable, fixed + variable)? * INVERSE_SQRT_3,
            (true, false) => {
                let credit = Real::from_integer(WINDOW_VARIANCE_SECONDS);
                quotient(expiry.seconds - credit, year)?.sqrt()
            }
        };
        let discount = discount_factor(rate, years);
        Ok(Self { years, sqrt_years: years.sqrt(), rate, discount, fixed, variable, root })
    }

    /// The forward that options are priced on, unshocked.
    pub fn forward(&self) -> Real {
        self.fixed + self.variable
    }

    /// The forward with its variable part multiplied by `shock`.
    pub fn shocked(&self, shock: Real) -> Real {
        self.fixed + self.variable * shock
    }

    /// Price of one contract of `leg` at `forward` and volatility `vol`: `call = df (F N(d1) - K N(d2))`,
    /// `put = call - df (F - K)`.
    pub fn price(&self, leg: &Leg, forward: Real, vol: Real) -> Real {
        let call = wide::call_price(forward, leg.strike, vol * self.root);
        self.discount
            * match leg.kind {
                OptionKind::Call => call,
                OptionKind::Put => call - (forward - leg.strike),
            }
    }

    /// Sensitivities of one contract of `leg`; of the forward only the variable part moves.
    pub fn greeks(&self, leg: &Leg) -> Greeks {
        let forward = self.forward();
        let averaging = quotient(self.root, self.sqrt_years).unwrap_or(Real::ONE);
        let share = quotient(self.variable, forward).unwrap_or(Real::ONE);
        let call = wide::greeks(forward, leg.strike, leg.vol * averaging, self.years, self.rate);
        let (delta, carry) = match leg.kind {
            OptionKind::Call => (call.delta, Real::ZERO),
            OptionKind::Put => (call.delta - self.discount, self.rate * self.discount * (forward - leg.strike)),
        };
        Greeks {
            delta: delta * share,
            gamma: call.gamma * share * share,
            vega: call.vega * averaging,
            theta: call.theta - carry,
        }
    }
}

impl Greeks {
    /// Adds `quantity` contracts with sensitivities `per_contract`.
    pub fn add(&mut self, quantity: Real, per_contract: &Self) {
        self.delta += quantity * per_contract.delta;
        self.gamma += quantity * per_contract.gamma;
        self.vega += quantity * per_contract.vega;
        self.theta += quantity * per_contract.theta;
    }
}
