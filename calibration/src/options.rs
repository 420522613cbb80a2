//! Marks and margin of single short options: the rule book's own, for one contract of one underlying.
//!
//! A short option is what margin is hardest on: a spread has its loss bounded by its strikes, a long one cannot lose
//! more than it is worth.

use serde::Serialize;

use plimsoll_core::margin::{self, Book, CollateralRules, CollateralView, CrossParameters, ExpiryView, UnderlyingView};
use plimsoll_core::math::black76::ln_price;
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::series::Strike;
use plimsoll_core::units::{ContractSize, Price, Quote, Ratio, Vol, Wide};
use plimsoll_core::volatility::{reference_volatility, VolatilityParameters, VolatilityState};

use crate::error::CalibrationError;
use crate::history::{History, Window};
use crate::replay::atoms;
use crate::statistics::RunningMax;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A short option of the back-tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortOption {
    /// Call or put.
    pub kind: OptionKind,
    /// Strike, percent of spot.
    pub strike_percent: i64,
    /// Days to expiry.
    pub days: i64,
}

/// At the money and out of it, for a week and for a month: an option in the money is one out of the money and a
/// forward, so its margin over the mark is tested by these.
pub const SHORT_OPTIONS: [ShortOption; 12] = [
    short(OptionKind::Call, 100, 7),
    short(OptionKind::Call, 110, 7),
    short(OptionKind::Call, 125, 7),
    short(OptionKind::Call, 100, 30),
    short(OptionKind::Call, 110, 30),
    short(OptionKind::Call, 125, 30),
    short(OptionKind::Put, 100, 7),
    short(OptionKind::Put, 90, 7),
    short(OptionKind::Put, 75, 7),
    short(OptionKind::Put, 100, 30),
    short(OptionKind::Put, 90, 30),
    short(OptionKind::Put, 75, 30),
];

const fn short(kind: OptionKind, strike_percent: i64, days: i64) -> ShortOption {
    ShortOption { kind, strike_percent, days }
}

impl ShortOption {
    /// As in "short call 110 % 7 d".
    pub fn name(&self) -> String {
        let kind = match self.kind {
            OptionKind::Call => "call",
            OptionKind::Put => "put",
        };
        format!("short {kind} {} % {} d", self.strike_percent, self.days)
    }

    /// Whether the strike is the spot.
    pub const fn at_the_money(&self) -> bool {
        self.strike_percent == 100
    }

    /// Distance of the strike from the spot, share of spot.
    pub fn out_of_the_money(&self) -> f64 {
        (self.strike_percent - 100).abs() as f64 / 100.0
    }

    fn strike(&self, spot: Price) -> Strike {
        let price = (spot.0.saturating_mul(self.strike_percent) / 100).max(1);
        Strike { price, ln_price: ln_price(price), open_interest: [1, 1] }
    }
}

/// Scales of the spot percentages and collateral cuts.
#[derive(Clone, Copy, Debug)]
pub struct Scales {
    /// Of the initial balance.
    pub initial: Ratio,
    /// Of the maintenance balance.
    pub maintenance: Ratio,
}

/// What one short contract asks for on top of its mark: the equity at which a balance is zero, quote atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Of the initial balance.
    pub initial: i64,
    /// Of the maintenance balance.
    pub maintenance: i64,
}

/// The start of a window for one short option, with what it may lose inside.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Index of the bar, and of its state.
    pub start: usize,
    /// Unix seconds.
    pub time: i64,
    /// Price of the underlying.
    pub spot: Price,
    /// Reference volatility of the expiry.
    pub vol: Vol,
    /// Rise of the mark inside the window: quote atoms, >= 0.
    pub loss: i64,
}

/// What `option`, written anew at the start of each window, loses inside it; `windows` by their start and their end.
///
/// The loss is an upper bound: the mark at the worst price of the window and at its highest volatility state, with no
/// time passed. Errors: `Rule`.
pub fn cases(
    history: &History,
    states: &[VolatilityState],
    windows: &[Window],
    option: &ShortOption,
    volatility: &VolatilityParameters,
) -> Result<Vec<Case>, CalibrationError> {
    let refused = || CalibrationError::rule(format!("the mark of a {} in {}", option.name(), history.file));
    let seconds = option.days * DAY;
    let vol_at = |state: &VolatilityState| reference_volatility(state, seconds, volatility);
    let mut cases = Vec::with_capacity(windows.len());
    let (mut levels, mut next) = (RunningMax::default(), 0);
    for window in windows {
        while let Some(state) = states.get(next).filter(|_| next <= window.end) {
            levels.push(next, state.state);
            next += 1;
        }
        let highest = levels.largest(window.start).and_then(|(place, _)| states.get(*place));
        let (Some(first), Some(_), Some(highest)) = (states.get(window.start), states.get(window.end), highest) else {
            continue;
        };
        let spot = atoms(window.price);
        let worst = match option.kind {
            OptionKind::Call => atoms(window.price * (1.0 + window.up)),
            OptionKind::Put => atoms(window.price * (1.0 - window.down)),
        };
        let (strike, vol) = (option.strike(spot), vol_at(first));
        let before = mark(&strike, option.kind, seconds, (spot, vol)).map_err(refused())?;
        let after = mark(&strike, option.kind, seconds, (worst, vol.max(vol_at(highest)))).map_err(refused())?;
        let loss = after.0.saturating_sub(before.0).max(0);
        cases.push(Case { start: window.start, time: window.time, spot, vol, loss });
    }
    Ok(cases)
}

fn mark(
    strike: &Strike,
    kind: OptionKind,
    seconds: i64,
    (spot, vol): (Price, Vol),
) -> Result<Quote, plimsoll_core::error::CoreError> {
    let strikes = [*strike];
    let underlying = UnderlyingView::converged(spot, ContractSize::ONE, CrossParameters::REFERENCE);
    margin::mark(&expiry(&strikes, seconds, vol), &underlying, 0, kind)
}

/// An expiry with one strike and full confidence.
fn expiry(strikes: &[Strike; 1], seconds: i64, vol: Vol) -> ExpiryView<'_> {
    ExpiryView {
        underlying: 0,
        seconds_to_expiry: seconds,
        basis_ppm: 0,
        vol,
        forward_confidence: Ratio::ONE,
        vol_confidence: Ratio::ONE,
        average: Price(0),
        sampled_seconds: 0,
        strikes,
        order: &[0],
        settled: None,
    }
}

/// What one contract of `option`, written at `case`, asks for under `cross`. Errors: `Rule`.
pub fn requirement(
    case: &Case,
    option: &ShortOption,
    scales: Scales,
    cross: &CrossParameters,
) -> Result<Requirement, CalibrationError> {
    let strikes = [option.strike(case.spot)];
    let expiries = [expiry(&strikes, option.days * DAY, case.vol)];
    let leg = Position { quantity: -1, expiry_slot: 0, strike: 0, kind: option.kind.to_u8(), carry: 0 };
    let underlyings = [underlying(case.spot, scales, cross)];
    let balances = margin::balances(&Book { positions: &[leg], expiries: &expiries, ..book(&underlyings) })
        .map_err(CalibrationError::rule(format!("the margin of a {}", option.name())))?;
    let asked = |balance: Wide| i64::try_from(balances.equity.saturating_sub(balance)).unwrap_or(i64::MAX);
    Ok(Requirement { initial: asked(balances.initial), maintenance: asked(balances.maintenance) })
}

/// What collateral worth `value` quote atoms, priced by the underlying, counts for in the initial balance at cross
/// factor `factor`: quote atoms. Errors: `Rule`.
pub fn collateral_counted(value: i64, factor: Ratio, scales: Scales) -> Result<i64, CalibrationError> {
    let underlyings = [underlying(Price(1_000_000), scales, &CrossParameters::REFERENCE)];
    let collateral =
        [CollateralView { value: Quote(value), price_underlying: Some(0), factor, confidence: Ratio::ONE }];
    let balances = margin::balances(&Book { collateral: &collateral, ..book(&underlyings) })
        .map_err(CalibrationError::rule("the margin of collateral"))?;
    Ok(i64::try_from(balances.initial).unwrap_or(i64::MAX))
}

fn underlying(spot: Price, scales: Scales, cross: &CrossParameters) -> UnderlyingView {
    let converged = UnderlyingView::converged(spot, ContractSize::ONE, *cross);
    UnderlyingView { scale_im: scales.initial, scale_mm: scales.maintenance, ..converged }
}

/// An empty book on one underlying.
fn book(underlyings: &[UnderlyingView; 1]) -> Book<'_> {
    Book {
        cash: Quote(0),
        positions: &[],
        expiries: &[],
        underlyings,
        collateral: &[],
        stable_price: Ratio::ONE,
        collateral_rules: CollateralRules { conf_threshold: Ratio(0), conf_factor: Ratio(0) },
    }
}
