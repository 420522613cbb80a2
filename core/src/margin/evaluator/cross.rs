//! Cross and isolated mode in [`Real`]: the formula of [`crate::margin::cross`] for any size.
//!
//! One collateral factor, one price per underlying, no scale: the state of a calm market.
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use crate::error::CoreError;
use crate::position::OptionKind;

use super::pricing::{Greeks, Tenor};
use super::{quotient, sum_of, Expiry, Leg, Market, Real};

/// Largest loss of the legs of one expiry at any of its strikes, gross, in the quote token.
pub const PAYOFF_MAX: i64 = 1_000_000_000_000_000_000;

/// Parameters of cross mode; meanings as in [`crate::margin::parameters::CrossParameters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Largest share of spot of a short, initial.
    pub max_spot: Real,
    /// Least share of spot of a short, initial.
    pub min_spot: Real,
    /// Share of spot of a short call, maintenance.
    pub mm_call: Real,
    /// Share of spot of a short put, maintenance.
    pub mm_put: Real,
    /// Share of the mark of a short put, maintenance.
    pub mm_put_mark: Real,
    /// Share of the forward per unpaired short call, initial.
    pub unpaired_im: Real,
    /// Share of the forward per unpaired short call, maintenance.
    pub unpaired_mm: Real,
    /// Least multiple of the maintenance requirement of a put, initial.
    pub offset: Real,
    /// Confidence below which the add-on applies.
    pub conf_threshold: Real,
    /// Factor of the confidence add-on.
    pub conf_factor: Real,
    /// Price of the quote token below which the add-on applies.
    pub depeg_threshold: Real,
    /// Factor of the depeg add-on.
    pub depeg_factor: Real,
    /// Share of collateral value that counts.
    pub collateral_factor: Real,
    /// Share of the mark of a long, initial.
    pub long_im: Real,
    /// Share of the mark of a long, maintenance.
    pub long_mm: Real,
    /// Variance of the settlement average.
    pub averaging_vol: bool,
}

/// Which of the two readings of an expiry was the less demanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Sum of the legs.
    Legs,
    /// Maximum loss.
    MaxLoss,
}

/// What one underlying adds to the balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketMargin {
    /// Sum of quantity x mark, undiscounted.
    pub options: Real,
    /// Sum of collateral value / stable price.
    pub collateral: Real,
    /// Options: `sum_e max(legs, maximum loss)`, initial, before the add-ons.
    pub options_initial: Real,
    /// The same for maintenance.
    pub options_maintenance: Real,
    /// Confidence add-ons of options, of collateral, and the depeg add-on, >= 0.
    pub add_ons: [Real; 3],
    /// Collateral at its factor.
    pub collateral_counted: Real,
    /// Part of the initial balance.
    pub initial: Real,
    /// Part of the maintenance balance.
    pub maintenance: Real,
    /// The reading of the expiry with the lowest initial balance.
    pub reading: Reading,
    /// Sensitivities of the options.
    pub greeks: Greeks,
}

/// Initial and maintenance side by side.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    initial: Real,
    maintenance: Real,
}

/// Margin of one underlying.
///
/// Legs of one series count as one, as in an account: give each series one volatility. Errors: `UnknownSeries` for a
/// leg without expiry; `Overflow` for a [`payoff_excess`]; those of [`Market::validate`].
pub fn evaluate(market: &Market, parameters: &Parameters) -> Result<MarketMargin, CoreError> {
    market.validate()?;
    if payoff_excess(market).is_some() {
        return Err(CoreError::Overflow);
    }
    let mut sums = Sums::default();
    let mut lowest: Option<(Real, Reading)> = None;
    for (index, expiry) in market.expiries.iter().enumerate() {
        if market.legs_of(index).next().is_none() {
            continue;
        }
        let (balance, reading) = sums.add_expiry(market, index, expiry, parameters)?;
        if lowest.is_none_or(|(least, _)| balance < least) {
            lowest = Some((balance, reading));
        }
    }
    finish(market, parameters, &sums, lowest.map_or(Reading::Legs, |(_, reading)| reading))
}

/// The leg at which `sum |quantity| highest strike` of an expiry passes [`PAYOFF_MAX`], with the sum up to it: what its legs
/// pay where the book settles at that strike must add up.
pub fn payoff_excess(market: &Market) -> Option<(usize, Real)> {
    market.expiries.iter().enumerate().find_map(|(index, _)| {
        let highest = market.legs_of(index).fold(Real::ZERO, |highest, leg| highest.max(leg.strike));
        let mut gross = Real::ZERO;
        market.legs.iter().enumerate().filter(|(_, leg)| leg.expiry == index).find_map(|(at, leg)| {
            gross += leg.quantity.abs() * highest;
            (gross > Real::from_integer(PAYOFF_MAX)).then_some((at, gross))
        })
    })
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    options: Real,
    balance: Pair,
    doubt: Real,
    shorts: Real,
    greeks: Greeks,
}

impl Sums {
    fn add_expiry(
        &mut self,
        market: &Market,
        index: usize,
        expiry: &Expiry,
        parameters: &Parameters,
    ) -> Result<(Real, Reading), CoreError> {
        let tenor = Tenor::new(expiry, false, parameters.averaging_vol)?;
        let mut legs = Pair::default();
        let mut shorts = Real::ZERO;
        for (at, leg) in market.legs_of(index).enumerate() {
            let mark = tenor.price(leg, tenor.forward(), leg.vol);
            self.options += leg.quantity * mark;
            self.greeks.add(leg.quantity, &tenor.greeks(leg));
            if market.legs_of(index).take(at).any(|other| other.same_series(leg)) {
                continue;
            }
            let net = market.net_of(leg);
            let balance = leg_balance(leg, net, mark, (market.spot, parameters));
            legs.initial += balance.initial;
            legs.maintenance += balance.maintenance;
            shorts += (-net).max(Real::ZERO);
        }
        let loss = maximum_loss(market, index, &tenor, parameters);
        let reading = if loss.initial > legs.initial { Reading::MaxLoss } else { Reading::Legs };
        let initial = legs.initial.max(loss.initial);
        self.balance.initial += initial;
        self.balance.maintenance += legs.maintenance.max(loss.maintenance);
        self.shorts += shorts;
        let confidence = market.spot_confidence.min(expiry.forward_confidence).min(expiry.vol_confidence);
        self.doubt += doubt(confidence, parameters) * market.spot * shorts;
        Ok((initial, reading))
    }
}

/// Balance of `net` contracts of the series of `leg`.
fn leg_balance(leg: &Leg, net: Real, mark: Real, (spot, rules): (Real, &Parameters)) -> Pair {
    let m = net * mark;
    if net >= Real::ZERO {
        return Pair { initial: rules.long_im * m, maintenance: rules.long_mm * m };
    }
    let otm = match leg.kind {
        OptionKind::Call => leg.strike - spot,
        OptionKind::Put => spot - leg.strike,
    };
    // k S = max(max_spot S - otm, min_spot S).
    let shock = (rules.max_spot * spot - otm.max(Real::ZERO)).max(rules.min_spot * spot);
    let by_spot = m + shock * net;
    match leg.kind {
        OptionKind::Call => Pair { initial: by_spot, maintenance: m + rules.mm_call * spot * net },
        OptionKind::Put => {
            let maintenance = m + (rules.mm_put * spot * net).min(rules.mm_put_mark * m);
            Pair { initial: by_spot.min(maintenance * rules.offset), maintenance }
        }
    }
}

/// Least of min(0, payoff) over settlement at 0 and at each strike, plus unpaired short calls.
fn maximum_loss(market: &Market, index: usize, tenor: &Tenor, rules: &Parameters) -> Pair {
    let payoff = |settlement: Real| {
        market.legs_of(index).fold(Real::ZERO, |sum, leg| {
            let intrinsic = match leg.kind {
                OptionKind::Call => settlement - leg.strike,
                OptionKind::Put => leg.strike - settlement,
            };
            sum + leg.quantity * intrinsic.max(Real::ZERO)
        })
    };
    // A series that nets to nothing has no strike in the book.
    let held = market.legs_of(index).filter(|leg| market.net_of(leg) != Real::ZERO);
    let at_strikes = held.fold(payoff(Real::ZERO), |worst, leg| worst.min(payoff(leg.strike)));
    let worst = at_strikes.min(Real::ZERO);
    let calls = market.legs_of(index).filter(|leg| leg.kind == OptionKind::Call);
    let unpaired = calls.fold(Real::ZERO, |sum, leg| sum + leg.quantity).min(Real::ZERO) * tenor.forward();
    Pair { initial: worst + unpaired * rules.unpaired_im, maintenance: worst + unpaired * rules.unpaired_mm }
}

fn doubt(confidence: Real, rules: &Parameters) -> Real {
    if confidence < rules.conf_threshold {
        (Real::ONE - confidence) * rules.conf_factor
    } else {
        Real::ZERO
    }
}

fn finish(market: &Market, rules: &Parameters, sums: &Sums, reading: Reading) -> Result<MarketMargin, CoreError> {
    let mut collateral = Real::ZERO;
    let mut counted = Real::ZERO;
    let mut collateral_doubt = Real::ZERO;
    for balance in market.collateral {
        collateral += balance.value;
        counted += balance.value * rules.collateral_factor;
        collateral_doubt += doubt(balance.confidence, rules) * balance.value;
    }
    let gap = (rules.depeg_threshold - market.stable_price).max(Real::ZERO);
    let depeg = gap * rules.depeg_factor * market.spot * sums.shorts;
    let add_ons = [sums.doubt, collateral_doubt, depeg];
    let asked = sum_of(&add_ons);
    Ok(MarketMargin {
        options: sums.options,
        collateral: quotient(collateral, market.stable_price)?,
        options_initial: sums.balance.initial,
        options_maintenance: sums.balance.maintenance,
        add_ons,
        collateral_counted: counted,
        initial: sums.balance.initial + counted - asked,
        maintenance: sums.balance.maintenance + counted,
        reading,
        greeks: sums.greeks,
    })
}
