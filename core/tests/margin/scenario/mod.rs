//! Portfolio mode in account integers: against the wide evaluator, by property, and from risk rows.

mod concentration;
mod evaluator;
mod explain;
mod joint;
mod parameters;
mod properties;
mod rows;
mod rules;
mod tenor;

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::scenario::{
    balances, close_out_balances, fill_rows, Column, Grid, Offset, Reach, Rows, RowsHeader, RowsStamp, ROW,
};
use plimsoll_core::margin::{
    Balances, Book, CloseOutBalances, Drift, PortfolioParameters, PortfolioView, ScenarioView,
};
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::units::{ContractSize, Price, Ratio};
use proptest::prelude::*;

use super::chain::PLAIN;
use super::fixtures::{expiry, position, OwnedBook};

/// One quote token in atoms.
pub const USD: i64 = 1_000_000;
/// One day in seconds.
pub const DAY: i64 = 86_400;

/// The rows of one expiry with their values.
#[derive(Clone, Debug)]
pub struct OwnedRows {
    /// What they stand on.
    pub header: RowsHeader,
    /// Their values.
    pub values: Vec<i64>,
}

/// A book in portfolio mode with everything it borrows.
#[derive(Clone, Debug)]
pub struct Account {
    /// The book; its mode is not used.
    pub book: OwnedBook,
    /// Parameters of every underlying.
    pub parameters: PortfolioParameters,
    /// How many underlyings have a scenario view.
    pub views: usize,
    /// Scan ranges: initial, maintenance.
    pub ranges: [u32; 2],
    /// Rows by expiry.
    pub rows: Vec<Option<OwnedRows>>,
    /// For whom drift counts.
    pub drift: Drift,
    /// Which underlyings offset each other.
    pub offset: Offset,
    /// Parameters of all underlyings but the first, where they are others.
    pub others: Option<PortfolioParameters>,
}

impl Account {
    /// The reference parameters at the reference range.
    pub fn new(book: OwnedBook) -> Self {
        let parameters = PortfolioParameters::REFERENCE;
        Self {
            book,
            parameters,
            views: 1,
            ranges: [180_000; 2],
            rows: vec![],
            drift: Drift::Charged,
            offset: Offset::NONE,
            others: None,
        }
    }

    /// Lends the book to `f`.
    pub fn with<T>(&self, f: impl FnOnce(&Book, &PortfolioView) -> T) -> T {
        let [range_im, range_mm] = self.ranges.map(Ratio);
        let parameters =
            |index| if index == 0 { &self.parameters } else { self.others.as_ref().unwrap_or(&self.parameters) };
        let view = |index| ScenarioView { parameters: parameters(index), range_im, range_mm };
        let underlyings: Vec<ScenarioView> = (0..self.views).map(view).collect();
        let rows: Vec<Option<Rows>> = self
            .rows
            .iter()
            .map(|rows| rows.as_ref().map(|rows| Rows { header: &rows.header, values: &rows.values }))
            .collect();
        let view = PortfolioView { underlyings: &underlyings, rows: &rows, drift: self.drift, offset: self.offset };
        self.book.with(|book| f(book, &view))
    }

    /// The balances or the refusal.
    pub fn try_balances(&self) -> Result<Balances, CoreError> {
        self.with(balances)
    }

    /// The balances.
    pub fn balances(&self) -> Balances {
        self.try_balances().unwrap()
    }

    /// What a close-out stands on.
    pub fn close_out(&self) -> CloseOutBalances {
        Self { drift: Drift::Credited, ..self.clone() }.with(close_out_balances).unwrap()
    }

    /// The reach of a range, extended as the initial balance is.
    pub fn reach(&self, kind: usize) -> Reach {
        let view = &self.book.underlyings[0];
        let apart = |distance: i64| {
            let share = (i128::from(distance) * 1_000_000 + i128::from(view.spot.0) - 1) / i128::from(view.spot.0);
            if kind == 0 {
                share as u32
            } else {
                0
            }
        };
        let range = Ratio(self.ranges[kind]);
        Reach::new(&self.parameters, range, apart(view.spot.0 - view.low.0), apart(view.high.0 - view.spot.0))
    }

    /// Fills the rows of every expiry at the present moment, for `steps` a side.
    pub fn refresh(&mut self, steps: u8) {
        let view = |e: &super::fixtures::OwnedExpiry| self.book.underlyings[usize::from(e.head.underlying)];
        let rows = self.book.expiries.iter().map(|e| Some(fill(&e.view(), &view(e), &self.parameters, steps)));
        self.rows = rows.collect();
    }

    /// Gross contracts at the spot price, atoms.
    pub fn notional(&self) -> f64 {
        let size = self.book.underlyings[0].contract_size.0 as f64 / 1e9;
        let gross: f64 = self.book.positions.iter().map(|p| f64::from(p.quantity.unsigned_abs())).sum();
        gross * size * self.book.underlyings[0].spot.0 as f64
    }

    /// Gross contracts.
    pub fn gross(&self) -> f64 {
        self.book.positions.iter().map(|p| f64::from(p.quantity.unsigned_abs())).sum()
    }
}

/// The rows of one expiry.
pub fn fill(
    expiry: &plimsoll_core::margin::ExpiryView,
    view: &plimsoll_core::margin::UnderlyingView,
    parameters: &PortfolioParameters,
    steps: u8,
) -> OwnedRows {
    let stamp = RowsStamp { now: 1, spot: view.spot, sequence: 0, steps };
    let mut header = RowsHeader::new(expiry, parameters, &stamp).unwrap();
    let mut values = vec![0i64; ROW * expiry.strikes.len()];
    fill_rows(&mut header, &mut values, expiry.strikes, parameters, view.contract_size).unwrap();
    OwnedRows { header, values }
}

/// A book on one expiry at spot 2,000, volatility 60 %, 30 days, strikes 1,000 to 3,000 by 500.
pub fn plain(legs: &[(usize, OptionKind, i32)]) -> Account {
    let strikes: Vec<i64> = (2..=6).map(|k| k * 500 * USD).collect();
    let legs = legs.iter().map(|(strike, kind, quantity)| position(0, *strike, *kind, *quantity)).collect();
    Account::new(OwnedBook::one(2_000 * USD, PLAIN, vec![expiry(30 * DAY, 60, &strikes)], legs))
}

/// The number of columns of the scenario list at `range`.
pub fn scenario_count(parameters: &PortfolioParameters, range: u32) -> usize {
    let reach = Reach::new(parameters, Ratio(range), 0, 0);
    scenarios(parameters, &reach).len()
}

/// The scenarios that count within `reach`.
pub fn scenarios(parameters: &PortfolioParameters, reach: &Reach) -> Vec<Column> {
    let grid = Grid::new(parameters, reach.most());
    let all = grid.cells(reach.most()).iter().enumerate().filter(|(_, cell)| cell.counts(reach));
    all.map(|(index, cell)| grid.column(index, cell)).collect()
}

prop_compose! {
    /// A leg of one of two expiries and six strikes.
    pub fn any_leg()(slot in 0usize..2, strike in 0usize..6, call: bool, quantity in -1000i32..1000) -> Position {
        position(slot, strike, if call { OptionKind::Call } else { OptionKind::Put }, quantity)
    }
}

prop_compose! {
    /// Any book of two expiries outside the settlement window.
    pub fn any_account()(
        spot in 10 * USD..100_000 * USD,
        seconds in prop::array::uniform2(1_801i64..400 * DAY),
        vol in prop::array::uniform2(5i64..300),
        moneyness in prop::array::uniform6(300i64..3_000),
        size in prop::sample::select(vec![1_000_000u64, 10_000_000, 100_000_000, 1_000_000_000, 333_333_333]),
        positions in prop::collection::vec(any_leg(), 1..40),
        cash in -1_000_000 * USD..1_000_000 * USD,
        range in 10_000u32..450_000,
        slower in 1u32..1000,
    ) -> Account {
        let mut strikes: Vec<i64> = moneyness.iter().map(|m| spot / 1000 * m).collect();
        strikes.sort_unstable();
        strikes.dedup();
        let strikes: Vec<i64> = (0..6).map(|i| strikes.get(i).copied().unwrap_or(spot * 4 + i as i64 * USD)).rev().collect();
        let expiries = vec![expiry(seconds[0], vol[0], &strikes), expiry(seconds[1], vol[1], &strikes)];
        let mut book = OwnedBook::one(spot, PLAIN, expiries, positions);
        book.underlyings[0].contract_size = ContractSize(size);
        book.cash = cash;
        Account { ranges: [range, (u64::from(range) * u64::from(slower) / 1000) as u32], ..Account::new(book) }
    }
}

/// `spot` moved to per mille `of` itself.
pub fn per_mille(spot: Price, of: i64) -> Price {
    Price((i128::from(spot.0) * i128::from(of) / 1000) as i64)
}
