//! Portfolio mode: what the initial balance is charged beside losses and contingencies. Groups of zeros charge nothing.
//!
//! Per underlying with spot S, q the net quantity of a series (an expiry, a strike, call or put):
//!
//! - concentration: `rate S sum over series of max(0, |q| - max(free, share x open interest))`, and
//!   `vega_rate max(0, P(none) - min(P(up), P(down)) - vega_free)`, P(shift) the sum over expiries of `disc(V_e) - m_e` at
//!   the unmoved spot with volatility shifted so, whether that is a scenario or not
//! - between steps: over expiries with less than `seconds` to go `S step / 4 min(long, 2 short)`, long the contracts long
//!   after netting per strike, short those short per series
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use super::{Expiry, Market, Real};

/// A step of the scenarios is charged for in quarters.
const QUARTER: Real = Real::from_raw(1 << 62);

/// What one account may hold of a market before it is charged for what it alone would have to sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concentration {
    /// Share of a series' open interest that is free of charge, >= 0.
    pub share: Real,
    /// Contracts of a series that are free of charge whatever their share, >= 0.
    pub free: Real,
    /// Share of spot per contract beyond both, >= 0.
    pub rate: Real,
    /// What a shock of volatility may cost free of charge, quote tokens, >= 0.
    pub vega_free: Real,
    /// Share of what it costs beyond, >= 0.
    pub vega_rate: Real,
}

/// Spreads near expiry, which lose most between two steps of the scenarios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BetweenSteps {
    /// Seconds to expiry below which they are charged; 0: never.
    pub seconds: Real,
    /// Distance of two steps, share of spot, >= 0.
    pub step: Real,
}

/// The charges of one underlying, quote tokens, each >= 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// For contracts of series beyond what is free.
    pub contracts: Real,
    /// For what a shock of volatility costs beyond what is free.
    pub vega: Real,
    /// For what spreads near expiry may lose between two steps.
    pub between: Real,
}

/// Sums over the expiries of a market.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Contracts beyond what is free.
    beyond: Real,
    /// What spreads may lose between two steps, in quarters of a step of one contract.
    quarters: Real,
    /// P(none), P(up), P(down).
    pub(super) unmoved: [Real; 3],
}

impl Charges {
    /// All of them.
    pub fn total(&self) -> Real {
        self.contracts + self.vega + self.between
    }
}

impl Sums {
    /// Adds the legs of expiry `index` of `market`.
    pub(super) fn add_legs(
        &mut self,
        (market, index, expiry): (&Market, usize, &Expiry),
        (concentration, between): (&Concentration, &BetweenSteps),
    ) {
        let (mut long, mut short) = (Real::ZERO, Real::ZERO);
        for (at, leg) in market.legs_of(index).enumerate() {
            let before = || market.legs_of(index).take(at);
            if !before().any(|other| other.strike == leg.strike) {
                long += market.net_of_strike(leg).max(Real::ZERO);
            }
            if !before().any(|other| other.same_series(leg)) {
                let net = market.net_of(leg);
                short += (-net).max(Real::ZERO);
                let free = concentration.free.max(concentration.share * leg.open_interest);
                self.beyond += (net.abs() - free).max(Real::ZERO);
            }
        }
        if expiry.seconds < between.seconds {
            self.quarters += long.min(short + short);
        }
    }

    /// The charges of a market with spot `spot`.
    pub(super) fn charges(&self, spot: Real, concentration: &Concentration, between: &BetweenSteps) -> Charges {
        let [none, up, down] = self.unmoved;
        // Less what the discount of long values costs without any shock.
        let vega = none - up.min(down);
        Charges {
            contracts: self.beyond * spot * concentration.rate,
            vega: (vega - concentration.vega_free).max(Real::ZERO) * concentration.vega_rate,
            between: self.quarters * spot * (between.step * QUARTER),
        }
    }
}
