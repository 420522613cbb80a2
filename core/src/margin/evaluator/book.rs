//! What the evaluator reads: markets, legs, collateral. Every number is a [`Real`] in whole units of the quote token,
//! of the underlying or of one.

#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use crate::error::CoreError;
use crate::math::time::WINDOW_SECONDS;
use crate::position::OptionKind;

use super::{Real, Svi};

/// Largest gross notional of one underlying, in the quote token.
pub const GROSS_NOTIONAL_MAX: i64 = 10_000_000_000_000;
/// 0.001: the least price a contract counts with in the gross notional, so that numbers of contracts add up too.
const PRICE_LEAST: Real = Real::from_raw(18_446_744_073_709_552);

/// One expiry of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Seconds to expiry, >= 0.
    pub seconds: Real,
    /// Forward of the expiry, > 0.
    pub forward: Real,
    /// Interest rate a year; only `max(rate, 0)` discounts.
    pub rate: Real,
    /// Confidence in the forward, 0..1.
    pub forward_confidence: Real,
    /// Confidence in the rate, 0..1.
    pub rate_confidence: Real,
    /// Confidence in the smile, 0..1.
    pub vol_confidence: Real,
    /// Average of the settlement window so far; `None`: the forward. Used in the last 1800 s.
    pub settlement_average: Option<Real>,
    /// The smile; legs may carry their own volatility instead.
    pub svi: Option<Svi>,
}

/// One underlying with its expiries.
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// Price of the underlying, > 0.
    pub spot: Real,
    /// Confidence in it, 0..1.
    pub spot_confidence: Real,
    /// USD price of one quote token, > 0.
    pub stable_price: Real,
    /// The expiries.
    pub expiries: &'a [Expiry],
    /// The legs of the account on this underlying, grouped in any order.
    pub legs: &'a [Leg],
    /// The collateral of the account that moves with this underlying.
    pub collateral: &'a [Collateral],
}

/// A signed quantity of one option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Index into [`Market::expiries`].
    pub expiry: usize,
    /// Strike, > 0.
    pub strike: Real,
    /// Call or put.
    pub kind: OptionKind,
    /// Contracts of one underlying: + long, - short.
    pub quantity: Real,
    /// Volatility a year, >= 0.
    pub vol: Real,
    /// Contracts of the series that are open in the whole market, >= 0: the same for all its legs. Portfolio mode charges
    /// concentration by it.
    pub open_interest: Real,
}

/// One collateral balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collateral {
    /// USD value at the current price, >= 0.
    pub value: Real,
    /// Confidence in its price, 0..1.
    pub confidence: Real,
    /// Whether its gains and losses count against those of the options (portfolio mode).
    pub risk_cancelling: bool,
    /// Share of the value taken off both balances.
    pub mm_haircut: Real,
    /// Further share taken off the initial balance.
    pub im_haircut: Real,
}

/// A leg or a collateral balance of a [`Market`], by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Of [`Market::legs`].
    Leg(usize),
    /// Of [`Market::collateral`].
    Collateral(usize),
}

impl Leg {
    /// Whether `other` is of the same expiry, strike and kind.
    pub fn same_series(&self, other: &Self) -> bool {
        self.expiry == other.expiry && self.strike == other.strike && self.kind == other.kind
    }
}

impl<'a> Market<'a> {
    /// The expiry of `leg`. Errors: `UnknownSeries`.
    pub fn expiry_of(&self, leg: &Leg) -> Result<&'a Expiry, CoreError> {
        self.expiries.get(leg.expiry).ok_or(CoreError::UnknownSeries)
    }

    /// Checks what every evaluation relies on: a spot and a stable price above zero, known expiries, and no
    /// [`Market::gross_excess`], so that no sum of products saturates.
    ///
    /// Errors: `OutOfDomain`, `UnknownSeries`, `Overflow`.
    pub fn validate(&self) -> Result<(), CoreError> {
        let prices =
            self.expiries.iter().all(|e| e.forward > Real::ZERO) && self.legs.iter().all(|l| l.strike > Real::ZERO);
        if self.spot <= Real::ZERO || self.stable_price <= Real::ZERO || !prices {
            return Err(CoreError::OutOfDomain);
        }
        for leg in self.legs {
            self.expiry_of(leg)?;
        }
        self.gross_excess().map_or(Ok(()), |_| Err(CoreError::Overflow))
    }

    /// Gross notional: `sum |quantity| max(spot, forward, settlement average, strike, 0.001) + sum value`; the average
    /// counts inside its window.
    pub fn gross(&self) -> Real {
        self.gross_parts().fold(Real::ZERO, |sum, (_, part)| sum + part)
    }

    /// The entry at which the gross notional passes [`GROSS_NOTIONAL_MAX`], legs before collateral, with the sum up to it.
    pub fn gross_excess(&self) -> Option<(Entry, Real)> {
        let mut gross = Real::ZERO;
        self.gross_parts().find_map(|(entry, part)| {
            gross += part;
            (gross > Real::from_integer(GROSS_NOTIONAL_MAX)).then_some((entry, gross))
        })
    }

    /// What each entry adds to the gross notional.
    fn gross_parts(&self) -> impl Iterator<Item = (Entry, Real)> + '_ {
        let of_leg = |leg: &Leg| {
            let expiry = self.expiries.get(leg.expiry);
            let inside = |e: &&Expiry| e.seconds <= Real::from_integer(WINDOW_SECONDS);
            let average = expiry.filter(inside).and_then(|e| e.settlement_average).unwrap_or(Real::ZERO);
            let priced = expiry.map_or(Real::ZERO, |e| e.forward).max(average);
            leg.quantity.abs() * priced.max(leg.strike).max(self.spot).max(PRICE_LEAST)
        };
        let legs = self.legs.iter().enumerate().map(move |(at, leg)| (Entry::Leg(at), of_leg(leg)));
        legs.chain(self.collateral.iter().enumerate().map(|(at, entry)| (Entry::Collateral(at), entry.value.abs())))
    }

    /// Sum of the quantities in the series of `leg`.
    pub fn net_of(&self, leg: &Leg) -> Real {
        let same = self.legs.iter().filter(|other| other.same_series(leg));
        same.fold(Real::ZERO, |sum, other| sum + other.quantity)
    }

    /// Sum of the quantities at the strike of `leg` in its expiry, calls and puts together.
    pub fn net_of_strike(&self, leg: &Leg) -> Real {
        let same = self.legs_of(leg.expiry).filter(|other| other.strike == leg.strike);
        same.fold(Real::ZERO, |sum, other| sum + other.quantity)
    }

    /// The legs of expiry `index`.
    pub fn legs_of(&self, index: usize) -> impl Iterator<Item = &'a Leg> {
        self.legs.iter().filter(move |leg| leg.expiry == index)
    }
}
