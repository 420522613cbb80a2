//! Runs the rule book on a document.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::offset::{self, Credit};
use plimsoll_core::margin::evaluator::portfolio::{self, Scenario, VolShift, Worst};
use plimsoll_core::margin::evaluator::{cross, pricing::Greeks, Real};

use super::book::{books, Book};
use super::field::{at_most, within};
use super::input::{Document, Mode};
use super::parameters;

/// The margin of a document.
pub struct Evaluation {
    /// Mode it was evaluated in.
    pub mode: Mode,
    /// Cash of the account.
    pub cash: Real,
    /// Equity: cash + options + collateral / stable price.
    pub equity: Real,
    /// Initial margin balance.
    pub initial: Real,
    /// Maintenance margin balance.
    pub maintenance: Real,
    /// Per market, in the order of the document.
    pub markets: Vec<MarketResult>,
    /// The scenarios, portfolio mode.
    pub scenarios: Vec<Scenario>,
    /// What two underlyings save together, portfolio mode; `None` where no offset is asked for.
    pub offset: Option<Credit>,
}

/// The margin of one market.
pub struct MarketResult {
    /// Name of the underlying.
    pub underlying: String,
    /// Options marked to market.
    pub options: Real,
    /// Collateral / stable price.
    pub collateral: Real,
    /// Sensitivities of the options.
    pub greeks: Greeks,
    /// What the mode says beyond that.
    pub detail: Detail,
}

/// Components of one market.
pub enum Detail {
    /// Portfolio mode, with the profit of each scenario.
    Portfolio(Box<portfolio::MarketMargin>, Vec<Real>),
    /// Cross and isolated mode.
    Cross(Box<cross::MarketMargin>),
}

/// What the loss of the account is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WorstOf {
    /// This scenario.
    Scenario(Real, VolShift),
    /// The basis contingency.
    Basis,
    /// Cross: the legs of the worst expiry.
    Legs,
    /// Cross: the maximum loss of the worst expiry.
    MaxLoss,
}

impl MarketResult {
    /// The loss that the worst market is chosen by, negative.
    pub fn loss(&self) -> Real {
        match &self.detail {
            Detail::Portfolio(margin, _) => margin.loss,
            Detail::Cross(margin) => margin.options_initial,
        }
    }

    /// Portfolio mode: the margin with the profit of each scenario.
    fn scenario_losses(&self) -> Option<(&portfolio::MarketMargin, &[Real])> {
        match &self.detail {
            Detail::Portfolio(margin, profits) => Some((margin, profits)),
            Detail::Cross(_) => None,
        }
    }
}

impl Evaluation {
    /// The worst of the market with the largest loss; `None` without markets.
    pub fn worst(&self) -> Option<WorstOf> {
        let market = self.markets.iter().reduce(|worst, next| if next.loss() < worst.loss() { next } else { worst })?;
        Some(match &market.detail {
            Detail::Portfolio(margin, _) => match margin.worst {
                Worst::Scenario(index) => {
                    let scenario = self.scenarios.get(index)?;
                    WorstOf::Scenario(scenario.spot, scenario.vol)
                }
                Worst::Basis => WorstOf::Basis,
            },
            Detail::Cross(margin) => match margin.reading {
                cross::Reading::Legs => WorstOf::Legs,
                cross::Reading::MaxLoss => WorstOf::MaxLoss,
            },
        })
    }
}

/// Evaluates `document`; the error is one line.
pub fn evaluate(document: &Document) -> Result<Evaluation, String> {
    let cash = within("portfolio.cash", document.portfolio.cash)?;
    let books = books(document)?;
    let scenarios = match document.mode {
        Mode::Portfolio => parameters::scenarios(&document.parameters)?,
        Mode::Cross | Mode::Isolated => Vec::new(),
    };
    let (mut equity, mut initial, mut maintenance) = (cash, cash, cash);
    let mut markets = Vec::with_capacity(books.len());
    for (index, book) in books.iter().enumerate() {
        let outcome = match document.mode {
            Mode::Portfolio => on_portfolio(document, book, &scenarios)?,
            Mode::Cross | Mode::Isolated => on_cross(document, book)?,
        };
        let path = format!("markets[{index}] {:?}", book.underlying);
        let (result, parts) = outcome.map_err(|error| format!("{path}: {error:?}"))?;
        refuse_beyond(&path, &result, parts)?;
        initial += parts.0;
        maintenance += parts.1;
        equity += result.options + result.collateral;
        markets.push(result);
    }
    let offset = match document.mode {
        Mode::Portfolio => self::offset(document, &books, &markets, &scenarios)?,
        Mode::Cross | Mode::Isolated => None,
    };
    if let Some(credit) = offset {
        initial += credit.initial;
        maintenance += credit.maintenance;
    }
    for (name, balance) in [("equity", equity), ("initial balance", initial), ("maintenance balance", maintenance)] {
        within_limit("portfolio", name, balance)?;
    }
    Ok(Evaluation { mode: document.mode, cash, equity, initial, maintenance, markets, scenarios, offset })
}

/// Largest amount of a result, either way: below, no sum of amounts saturates.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000_000;

fn within_limit(path: &str, name: &str, amount: Real) -> Result<(), String> {
    at_most(&format!("{path}: the size of its {name}"), amount.abs(), AMOUNT_MAX)
}

/// Refuses a market with an amount that would not add up.
fn refuse_beyond(path: &str, result: &MarketResult, (initial, maintenance): (Real, Real)) -> Result<(), String> {
    if let Detail::Portfolio(_, profits) = &result.detail {
        for (index, profit) in profits.iter().enumerate() {
            within_limit(path, &format!("profit under parameters.scenarios[{index}]"), *profit)?;
        }
    }
    within_limit(path, "initial balance", initial)?;
    within_limit(path, "maintenance balance", maintenance)
}

type Outcome = Result<(MarketResult, (Real, Real)), CoreError>;

fn on_portfolio(document: &Document, book: &Book, scenarios: &[Scenario]) -> Result<Outcome, String> {
    let parameters = parameters::portfolio(&document.parameters, scenarios)?;
    book.refuse_growth(&parameters.discount)?;
    let mut profits = vec![Real::ZERO; scenarios.len()];
    Ok(portfolio::evaluate(&book.market(), &parameters, &mut profits).map(|margin| {
        let balances = (margin.initial, margin.maintenance);
        let result = MarketResult {
            underlying: book.underlying.clone(),
            options: margin.options,
            collateral: margin.collateral,
            greeks: margin.greeks,
            detail: Detail::Portfolio(Box::new(margin), profits),
        };
        (result, balances)
    }))
}

/// What the two members of the document's offset save together.
fn offset(
    document: &Document,
    books: &[Book],
    markets: &[MarketResult],
    scenarios: &[Scenario],
) -> Result<Option<Credit>, String> {
    let Some(offset) = parameters::offset(document.parameters.offset.as_ref(), books)? else { return Ok(None) };
    let parameters = parameters::portfolio(&document.parameters, scenarios)?;
    let [Some(first), Some(second)] = offset.members.map(|at| markets.get(at).and_then(MarketResult::scenario_losses))
    else {
        return Ok(None);
    };
    let credit = offset::credit(offset.share, [first, second], &parameters);
    credit.map(Some).map_err(|error| format!("parameters.offset: {error:?}"))
}

fn on_cross(document: &Document, book: &Book) -> Result<Outcome, String> {
    let parameters = parameters::cross(&document.parameters, !document.portfolio.collateral.is_empty())?;
    Ok(cross::evaluate(&book.market(), &parameters).map(|margin| {
        let balances = (margin.initial, margin.maintenance);
        let result = MarketResult {
            underlying: book.underlying.clone(),
            options: margin.options,
            collateral: margin.collateral,
            greeks: margin.greeks,
            detail: Detail::Cross(Box::new(margin)),
        };
        (result, balances)
    }))
}
