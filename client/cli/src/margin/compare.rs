//! The same book under every rule side by side.

use plimsoll_core::margin::evaluator::pricing::Tenor;
use plimsoll_core::margin::evaluator::Real;
use plimsoll_core::position::OptionKind;
use serde::Serialize;

use super::book::{books, Book};
use super::decimal::{to_f64, Decimal};
use super::evaluate::{evaluate, Detail, Evaluation};
use super::input::{Document, Mode};
use super::reference::filled;

/// Share of the shorts' value that a flat rule asks for.
const FLAT: (i128, i128) = (3, 2);

/// One rule on the book.
#[derive(Clone, Debug, Serialize)]
pub struct Regime {
    /// Name of the rule.
    pub regime: &'static str,
    /// What it says in a line.
    pub rule: &'static str,
    /// Its numbers; absent where it refuses the book.
    #[serde(flatten)]
    pub balances: Option<RegimeBalances>,
    /// Why it refuses the book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Defaults taken for what the document leaves out.
    pub assumed: Vec<String>,
}

/// Balances under one rule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RegimeBalances {
    /// Initial balance, >= 0 is fine.
    pub initial_margin: f64,
    /// Maintenance balance, >= 0 is fine.
    pub maintenance_margin: f64,
    /// Equity less the initial balance.
    pub initial_requirement: f64,
    /// Equity less the maintenance balance.
    pub maintenance_requirement: f64,
    /// Least cash at which the initial balance is not negative; below zero: that much may be owed.
    pub cash_needed: f64,
}

/// Balances of one rule, before they are numbers to print.
struct Outcome {
    cash: Real,
    equity: Real,
    initial: Real,
    maintenance: Real,
}

impl Outcome {
    fn balances(&self) -> RegimeBalances {
        RegimeBalances {
            initial_margin: to_f64(self.initial),
            maintenance_margin: to_f64(self.maintenance),
            initial_requirement: to_f64(self.equity - self.initial),
            maintenance_requirement: to_f64(self.equity - self.maintenance),
            cash_needed: to_f64(self.cash - self.initial),
        }
    }
}

type Rule = fn(&Document, &mut Vec<String>) -> Result<Outcome, String>;

/// Every rule, from the narrowest to the widest, then the two that know no model.
const RULES: [(&str, &str, Rule); 5] = [
    ("isolated", "one account per expiry; gains of one are no help to another", isolated),
    ("cross", "rules per leg with spread recognition, expiries added up", cross),
    ("portfolio", "worst scenario of the whole book", portfolio),
    (
        "fully collateralised",
        "a coin behind each short call, the strike behind each short put; longs count nothing",
        full,
    ),
    ("flat 150 %", "one and a half times the mark of every short; longs count nothing", flat),
];

/// The book of `document` under every rule.
pub fn compare(document: &Document) -> Vec<Regime> {
    let regime = |(regime, rule, run): (&'static str, &'static str, Rule)| {
        let mut assumed = Vec::new();
        match run(document, &mut assumed) {
            Ok(outcome) => Regime { regime, rule, balances: Some(outcome.balances()), refused: None, assumed },
            Err(why) => Regime { regime, rule, balances: None, refused: Some(why), assumed },
        }
    };
    RULES.into_iter().map(regime).collect()
}

fn in_mode(document: &Document, mode: Mode, assumed: &mut Vec<String>) -> Result<Evaluation, String> {
    let (document, filled) = filled(document, mode)?;
    *assumed = filled;
    evaluate(&document)
}

fn outcome(evaluation: &Evaluation) -> Outcome {
    let Evaluation { cash, equity, initial, maintenance, .. } = *evaluation;
    Outcome { cash, equity, initial, maintenance }
}

fn portfolio(document: &Document, assumed: &mut Vec<String>) -> Result<Outcome, String> {
    in_mode(document, Mode::Portfolio, assumed).map(|evaluation| outcome(&evaluation))
}

fn cross(document: &Document, assumed: &mut Vec<String>) -> Result<Outcome, String> {
    in_mode(document, Mode::Cross, assumed).map(|evaluation| outcome(&evaluation))
}

/// Each expiry in an account of its own, cash and collateral where they are needed: an account whose options alone have
/// a positive balance keeps it to itself.
fn isolated(document: &Document, assumed: &mut Vec<String>) -> Result<Outcome, String> {
    let together = in_mode(document, Mode::Cross, assumed)?;
    let mut result = Outcome { initial: together.cash, maintenance: together.cash, ..outcome(&together) };
    for market in &together.markets {
        if let Detail::Cross(margin) = &market.detail {
            let [_, doubt, _] = margin.add_ons;
            result.initial += margin.collateral_counted - doubt;
            result.maintenance += margin.collateral_counted;
        }
    }
    for market in &document.markets {
        for expiry in &market.expiries {
            let (mut alone, _) = filled(document, Mode::Isolated)?;
            let only = document.markets.len() == 1;
            alone.portfolio.options.retain(|leg| {
                let own = leg.underlying.as_ref().map_or(only, |name| *name == market.underlying);
                own && leg.expiry == expiry.id
            });
            if alone.portfolio.options.is_empty() {
                continue;
            }
            alone.portfolio.cash = Decimal::from(Real::ZERO);
            alone.portfolio.collateral.clear();
            let account = evaluate(&alone)?;
            result.initial += account.initial.min(Real::ZERO);
            result.maintenance += account.maintenance.min(Real::ZERO);
        }
    }
    Ok(result)
}

fn full(document: &Document, assumed: &mut Vec<String>) -> Result<Outcome, String> {
    by_shorts(document, assumed, |short| match short.kind {
        OptionKind::Call => short.spot,
        OptionKind::Put => short.strike,
    })
}

fn flat(document: &Document, assumed: &mut Vec<String>) -> Result<Outcome, String> {
    let factor = Real::from_ratio(FLAT.0, FLAT.1).ok_or("the flat rule's factor is not a number")?;
    by_shorts(document, assumed, |short| short.mark * factor)
}

/// A short contract as a rule without a model sees it.
struct Short {
    kind: OptionKind,
    spot: Real,
    strike: Real,
    mark: Real,
}

/// Cash and collateral in full, less what `asked` wants per short contract; the same for both balances.
fn by_shorts(
    document: &Document,
    assumed: &mut Vec<String>,
    asked: impl Fn(&Short) -> Real,
) -> Result<Outcome, String> {
    let together = in_mode(document, Mode::Cross, assumed)?;
    // Such a rule has no parameters of its own: what the valuation took as default is not its.
    assumed.clear();
    let collateral = together.markets.iter().fold(Real::ZERO, |sum, market| sum + market.collateral);
    let mut obliged = Real::ZERO;
    let (document, _) = filled(document, Mode::Cross)?;
    for book in books(&document)? {
        obliged += obligations(&book, document.parameters.averaging_vol, &asked)?;
    }
    let balance = together.cash + collateral - obliged;
    Ok(Outcome { cash: together.cash, equity: together.equity, initial: balance, maintenance: balance })
}

/// What `asked` wants for the shorts of a book, net per series.
fn obligations(book: &Book, averaging: bool, asked: impl Fn(&Short) -> Real) -> Result<Real, String> {
    let market = book.market();
    let mut sum = Real::ZERO;
    for (at, leg) in market.legs.iter().enumerate() {
        if market.legs.iter().take(at).any(|other| other.same_series(leg)) {
            continue;
        }
        let net = market.net_of(leg);
        let expiry = market.expiry_of(leg).map_err(|error| format!("{}: {error:?}", book.underlying))?;
        let tenor = Tenor::new(expiry, false, averaging).map_err(|error| format!("{}: {error:?}", book.underlying))?;
        let mark = tenor.price(leg, tenor.forward(), leg.vol);
        sum += (-net).max(Real::ZERO) * asked(&Short { kind: leg.kind, spot: market.spot, strike: leg.strike, mark });
    }
    Ok(sum)
}
