//! Portfolio mode: the worst of a list of scenarios for the whole book of an underlying.
//!
//! `Balance(kind) = E + sum over underlyings of [ L_kind min(Basis, min_s PnL_s) - C_MM - [IM] C_IM ]`, with
//!
//! - `PnL_s = d_s [ sum_e g( disc(V_e(s)) - m_e ) + sum of risk-cancelling collateral value (shock_s - 1) ]`,
//!   g(x) = x, in the two skew scenarios -|x| per expiry; V_e(s) the shocked value of the expiry's legs, m_e their mark
//! - `disc(V) = V base_long exp(-t (r long_mult + long_add))` for V >= 0,
//!   `V min(1 / df, base_short / exp(-t (r short_mult + short_add)))` below
//! - `Basis = sum_e min(V_e(up) - m_e, V_e(down) - m_e, 0) (add + mult t)`, without disc
//! - `C_MM = naked shorts S mm_option + sum value mm_haircut`, `C_IM` the same with `im_` plus confidence add-ons
//! - of the initial balance also the charges of [`super::charges`]; what two underlyings save together is [`super::offset`]
//! - `L_MM = mm_factor`, `L_IM = im_factor + max(0, peg_threshold - stable) peg_factor`
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Real` saturate.

use crate::error::CoreError;
use crate::math::wide::vol_shock;

use super::charges::{self, BetweenSteps, Charges, Concentration};
use super::pricing::{Greeks, Tenor};
use super::{quotient, sum_of, Collateral, Expiry, Leg, Market, Real};

/// Most scenarios of one evaluation.
pub const MAX_SCENARIOS: usize = 64;
/// Largest multiple that a discount makes of a positive value: beyond, the last digits of a small one would show.
pub const GROWTH_MAX: i64 = 100_000_000_000;
/// Largest product of that multiple and the gross notional of a market: beyond, a sum of values might not fit.
pub const GROWN_MAX: i64 = 50_000_000_000_000_000;
/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// What happens to volatility in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolShift {
    /// `max(min_vol_up, v (1 + range_up mult))`.
    Up,
    /// `v max(0, 1 - range_down mult)`.
    Down,
    /// Unchanged.
    None,
    /// Skew by `k = ln(K / F)`: one wing up, the other down.
    Linear,
    /// Skew by `|k|`: both wings.
    Abs,
}

/// One column of the scenario list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Multiplier of the spot and of the variable part of the forward, >= 0.
    pub spot: Real,
    /// What volatility does.
    pub vol: VolShift,
    /// Share of the profit or loss that counts.
    pub dampening: Real,
}

/// Volatility shock: `mult = (30 d / max(t, dte_floor))^p`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VolShock {
    /// Rise at 30 days.
    pub range_up: Real,
    /// Least volatility after a rise.
    pub min_vol_up: Real,
    /// Fall at 30 days.
    pub range_down: Real,
    /// p up to 30 days.
    pub short_power: Real,
    /// p beyond.
    pub long_power: Real,
    /// Days below which time does not shorten further, > 0.
    pub dte_floor: Real,
}

/// Skew shock: `cap = c_base sqrt(t) + base_cap`, `k* = max(min_k, sqrt(t) width (static + sqrt(t) scale))`,
/// multiplier `max(0, 1 + clamp(k cap / k*, -cap, cap))`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkewShock {
    /// `base_cap` of the linear scenario.
    pub linear_base_cap: Real,
    /// `c_base` of the linear scenario.
    pub linear_c_base: Real,
    /// `base_cap` of the absolute scenario.
    pub abs_base_cap: Real,
    /// `c_base` of the absolute scenario.
    pub abs_c_base: Real,
    /// Least `k*`, > 0.
    pub min_k: Real,
    /// `width`.
    pub width: Real,
    /// `static`.
    pub fixed: Real,
    /// `scale`.
    pub scale: Real,
}

/// Static discount of shocked values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discount {
    /// Share of a positive value.
    pub base_long: Real,
    /// Weight of the rate for positive values.
    pub long_mult: Real,
    /// Added rate for positive values.
    pub long_add: Real,
    /// Share of a negative value.
    pub base_short: Real,
    /// Weight of the rate for negative values.
    pub short_mult: Real,
    /// Added rate for negative values.
    pub short_add: Real,
}

impl Discount {
    /// The share of a positive value that counts: `base_long exp(-years (rate long_mult + long_add))`, rate >= 0.
    pub fn long(&self, rate: Real, years: Real) -> Real {
        let growth = -(years * (rate * self.long_mult + self.long_add));
        if growth > Real::ZERO {
            // One exponential of both: that of the growth alone may not fit though a small base takes it back.
            return (growth + self.base_long.ln()).exp();
        }
        self.base_long * growth.exp()
    }
}

/// Basis contingency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Multiplier of the forward up.
    pub up: Real,
    /// Multiplier of the forward down.
    pub down: Real,
    /// Share of the loss that counts whatever the time.
    pub add: Real,
    /// Share per year.
    pub mult: Real,
}

/// Contingencies and confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contingency {
    /// Share of spot per naked short, both balances.
    pub mm_option: Real,
    /// Further share, initial balance.
    pub im_option: Real,
    /// Confidence below which the add-on applies.
    pub conf_threshold: Real,
    /// Factor of the confidence add-on.
    pub conf_margin: Real,
    /// Price of the quote token below which `im_factor` rises.
    pub peg_threshold: Real,
    /// By this multiple of the gap.
    pub peg_factor: Real,
}

/// All parameters of portfolio mode.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// The scenarios, at most [`MAX_SCENARIOS`].
    pub scenarios: &'a [Scenario],
    /// Volatility shock.
    pub vol_shock: VolShock,
    /// Skew shock.
    pub skew_shock: SkewShock,
    /// Static discount.
    pub discount: Discount,
    /// Basis contingency.
    pub basis: Basis,
    /// Contingencies.
    pub contingency: Contingency,
    /// What one account alone would have to sell.
    pub concentration: Concentration,
    /// Spreads near expiry.
    pub between_steps: BetweenSteps,
    /// Factor on the loss, maintenance balance.
    pub mm_factor: Real,
    /// Factor on the loss, initial balance.
    pub im_factor: Real,
    /// Variance of the settlement average.
    pub averaging_vol: bool,
}

/// What the loss of an underlying is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worst {
    /// The scenario with this index.
    Scenario(usize),
    /// The basis contingency.
    Basis,
}

/// What one underlying adds to the balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketMargin {
    /// Sum of quantity x mark.
    pub options: Real,
    /// Sum of collateral value / stable price.
    pub collateral: Real,
    /// `min(Basis, min_s PnL_s)`.
    pub loss: Real,
    /// Which of them it is.
    pub worst: Worst,
    /// The basis contingency, <= 0.
    pub basis: Real,
    /// `C_MM`: naked shorts, then collateral haircuts, >= 0.
    pub contingency_mm: [Real; 2],
    /// `C_IM`: naked shorts, collateral haircuts, confidence of options, confidence of collateral, >= 0.
    pub contingency_im: [Real; 4],
    /// The charges of the initial balance beside `C_IM`.
    pub charges: Charges,
    /// `L_IM` with the peg.
    pub im_factor: Real,
    /// Part of the initial balance, with the collateral and the options themselves.
    pub initial: Real,
    /// Part of the maintenance balance.
    pub maintenance: Real,
    /// Sensitivities of the options.
    pub greeks: Greeks,
}

/// Margin of one underlying; `profits[s]` receives PnL_s.
///
/// Legs of one series count as one, each at its own volatility.
///
/// Errors: `OutOfDomain` for more scenarios than [`MAX_SCENARIOS`] or than `profits` holds, and for a discount above
/// [`GROWTH_MAX`] or [`GROWN_MAX`]; `UnknownSeries` for a leg without expiry; those of [`Market::validate`].
pub fn evaluate(market: &Market, parameters: &Parameters, profits: &mut [Real]) -> Result<MarketMargin, CoreError> {
    let scenarios = parameters.scenarios;
    if scenarios.len() > MAX_SCENARIOS || profits.len() < scenarios.len() {
        return Err(CoreError::OutOfDomain);
    }
    market.validate()?;
    let mut total = Totals::default();
    profits.iter_mut().for_each(|p| *p = Real::ZERO);
    for (index, expiry) in market.expiries.iter().enumerate() {
        if market.legs_of(index).next().is_some() {
            add_expiry(market, index, expiry, parameters, (&mut total, &mut *profits))?;
        }
    }
    let moving = market.collateral.iter().filter(|c| c.risk_cancelling);
    let moving = quotient(moving.fold(Real::ZERO, |sum, c| sum + c.value), market.stable_price)?;
    for (scenario, profit) in scenarios.iter().zip(profits.iter_mut()) {
        *profit = scenario.dampening * (*profit + moving * (scenario.spot - Real::ONE));
    }
    finish(market, parameters, &total, worst_of(profits.get(..scenarios.len()).unwrap_or(&[])))
}

/// The least of `profits` with its index; the first of equals. `None` for none.
///
/// This is the scenario rule of every risk-array method: the requirement of a book is what its worst column loses.
pub fn worst_of(profits: &[Real]) -> Option<(usize, Real)> {
    profits.iter().copied().enumerate().reduce(|worst, next| if next.1 < worst.1 { next } else { worst })
}

/// Sums over the expiries of a market.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    options: Real,
    basis: Real,
    naked_shorts: Real,
    doubt: Real,
    charged: charges::Sums,
    greeks: Greeks,
}

fn add_expiry(
    market: &Market,
    index: usize,
    expiry: &Expiry,
    parameters: &Parameters,
    (total, profits): (&mut Totals, &mut [Real]),
) -> Result<(), CoreError> {
    let tenor = Tenor::new(expiry, true, parameters.averaging_vol)?;
    let value = |forward: Real| {
        market.legs_of(index).fold(Real::ZERO, |sum, leg| sum + leg.quantity * tenor.price(leg, forward, leg.vol))
    };
    let mark = value(tenor.forward());
    total.options += mark;
    let basis = &parameters.basis;
    let move_to = |shock| value(tenor.shocked(shock)) - mark;
    let basis_loss = move_to(basis.up).min(move_to(basis.down)).min(Real::ZERO);
    total.basis += basis_loss * (basis.add + basis.mult * tenor.years);
    let shocks = VolShocks::new(expiry, &tenor, parameters)?;
    let discount = StaticDiscount::new(&tenor, &parameters.discount, market.gross())?;
    let change = |spot: Real, vol: VolShift| {
        let forward = tenor.shocked(spot);
        let shocked = market
            .legs_of(index)
            .fold(Real::ZERO, |sum, leg| sum + leg.quantity * tenor.price(leg, forward, shocks.vol(leg, vol)));
        discount.apply(shocked) - mark
    };
    for (scenario, profit) in parameters.scenarios.iter().zip(profits.iter_mut()) {
        let change = change(scenario.spot, scenario.vol);
        *profit += if is_skew(scenario.vol) { -change.abs() } else { change };
    }
    if parameters.concentration.vega_rate > Real::ZERO {
        let shifts = [VolShift::None, VolShift::Up, VolShift::Down];
        for (sum, vol) in total.charged.unmoved.iter_mut().zip(shifts) {
            *sum += change(Real::ONE, vol);
        }
    }
    let rules = (&parameters.concentration, &parameters.between_steps);
    total.charged.add_legs((market, index, expiry), rules);
    add_contingencies(market, index, expiry, parameters, total);
    for leg in market.legs_of(index) {
        total.greeks.add(leg.quantity, &tenor.greeks(leg));
    }
    Ok(())
}

/// Naked shorts and the confidence add-on of one expiry.
fn add_contingencies(market: &Market, index: usize, expiry: &Expiry, parameters: &Parameters, total: &mut Totals) {
    let mut gross = Real::ZERO;
    for (at, leg) in market.legs_of(index).enumerate() {
        let before = || market.legs_of(index).take(at);
        if !before().any(|other| other.same_series(leg)) {
            gross += market.net_of(leg).abs();
        }
        if !before().any(|other| other.strike == leg.strike) {
            // Opposite signs net, equal signs add: both are the sum of calls and puts.
            total.naked_shorts += (-market.net_of_strike(leg)).max(Real::ZERO);
        }
    }
    let confidence = market.spot_confidence.min(expiry.forward_confidence);
    let confidence = confidence.min(expiry.rate_confidence).min(expiry.vol_confidence);
    total.doubt += doubt(confidence, &parameters.contingency) * gross * market.spot;
}

fn doubt(confidence: Real, rules: &Contingency) -> Real {
    if confidence < rules.conf_threshold {
        (Real::ONE - confidence) * rules.conf_margin
    } else {
        Real::ZERO
    }
}

fn finish(
    market: &Market,
    parameters: &Parameters,
    total: &Totals,
    worst: Option<(usize, Real)>,
) -> Result<MarketMargin, CoreError> {
    let rules = &parameters.contingency;
    let per_value = |share: &dyn Fn(&Collateral) -> Real| {
        let sum = market.collateral.iter().fold(Real::ZERO, |sum, c| sum + c.value * share(c));
        quotient(sum, market.stable_price)
    };
    let (loss, worst) = match worst {
        Some((index, profit)) if profit <= total.basis => (profit, Worst::Scenario(index)),
        _ => (total.basis, Worst::Basis),
    };
    let naked = total.naked_shorts * market.spot;
    let contingency_mm = [naked * rules.mm_option, per_value(&|c| c.mm_haircut)?];
    let contingency_im = [
        naked * rules.im_option,
        per_value(&|c| c.im_haircut)?,
        total.doubt,
        per_value(&|c| doubt(c.confidence.min(market.spot_confidence), rules))?,
    ];
    let gap = (rules.peg_threshold - market.stable_price).max(Real::ZERO);
    let im_factor = parameters.im_factor + gap * rules.peg_factor;
    let charges = total.charged.charges(market.spot, &parameters.concentration, &parameters.between_steps);
    let collateral = per_value(&|_| Real::ONE)?;
    let equity = total.options + collateral;
    let base = equity - sum_of(&contingency_mm);
    Ok(MarketMargin {
        options: total.options,
        collateral,
        loss,
        worst,
        basis: total.basis,
        contingency_mm,
        contingency_im,
        charges,
        im_factor,
        initial: base - sum_of(&contingency_im) - charges.total() + im_factor * loss,
        maintenance: base + parameters.mm_factor * loss,
        greeks: total.greeks,
    })
}

const fn is_skew(vol: VolShift) -> bool {
    matches!(vol, VolShift::Linear | VolShift::Abs)
}

/// `disc` of one expiry.
struct StaticDiscount {
    long: Real,
    short: Real,
}

impl StaticDiscount {
    fn new(tenor: &Tenor, rules: &Discount, gross: Real) -> Result<Self, CoreError> {
        let whole = quotient(Real::ONE, tenor.discount)?;
        // The logarithm of a base of 0 is below every other: no growth makes something of it.
        let growth = tenor.years * (tenor.rate * rules.short_mult + rules.short_add);
        let short = (growth + rules.base_short.ln()).exp();
        let long = rules.long(tenor.rate, tenor.years);
        if long > Real::from_integer(GROWTH_MAX) || long * gross > Real::from_integer(GROWN_MAX) {
            return Err(CoreError::OutOfDomain);
        }
        Ok(Self { long, short: short.min(whole) })
    }

    fn apply(&self, value: Real) -> Real {
        value * if value < Real::ZERO { self.short } else { self.long }
    }
}

/// The volatility shocks of one expiry.
struct VolShocks {
    up: Real,
    min_up: Real,
    down: Real,
    ln_forward: Real,
    linear: Skew,
    abs: Skew,
}

/// Slope and cap of a skew shock.
struct Skew {
    slope: Real,
    cap: Real,
}

impl Skew {
    /// `max(0, 1 + clamp(k slope, -cap, cap))`: the upper bound holds for k >= 0, the lower for k < 0.
    fn multiplier(&self, k: Real) -> Real {
        let change = k * self.slope;
        let change = if k < Real::ZERO { change.max(-self.cap) } else { change.min(self.cap) };
        (Real::ONE + change).max(Real::ZERO)
    }
}

impl VolShocks {
    fn new(expiry: &Expiry, tenor: &Tenor, parameters: &Parameters) -> Result<Self, CoreError> {
        let rules = &parameters.vol_shock;
        let day = Real::from_integer(DAY_SECONDS);
        let short = expiry.seconds <= Real::from_integer(30 * DAY_SECONDS);
        let power = if short { rules.short_power } else { rules.long_power };
        let mult = vol_shock(expiry.seconds, rules.dte_floor * day, power);
        let skew = &parameters.skew_shock;
        let root = tenor.sqrt_years;
        let width = skew.min_k.max(root * skew.width * (skew.fixed + root * skew.scale));
        let shape = |c_base: Real, base_cap: Real| {
            let cap = c_base * root + base_cap;
            quotient(cap, width).map(|slope| Skew { slope, cap })
        };
        Ok(Self {
            up: Real::ONE + rules.range_up * mult,
            min_up: rules.min_vol_up,
            down: (Real::ONE - rules.range_down * mult).max(Real::ZERO),
            ln_forward: tenor.forward().ln(),
            linear: shape(skew.linear_c_base, skew.linear_base_cap)?,
            abs: shape(skew.abs_c_base, skew.abs_base_cap)?,
        })
    }

    fn vol(&self, leg: &Leg, shift: VolShift) -> Real {
        let k = || leg.strike.ln() - self.ln_forward;
        match shift {
            VolShift::Up => self.min_up.max(leg.vol * self.up),
            VolShift::Down => leg.vol * self.down,
            VolShift::None => leg.vol,
            VolShift::Linear => leg.vol * self.linear.multiplier(k()),
            VolShift::Abs => leg.vol * self.abs.multiplier(k().abs()),
        }
    }
}
