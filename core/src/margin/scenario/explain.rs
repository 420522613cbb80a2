//! What a balance in portfolio mode consists of, for clients: parts that add up to it exactly, and the scenario that
//! decides it.
//!
//! A part is the difference that leaving it out makes to [`super::balances`], one after the other: the sum is the balance
//! by construction, whatever the rules are.

use crate::error::CoreError;
use crate::margin::cross::difference;
use crate::margin::scenario::columns::{Cell, Column, Grid, COLUMNS_MAX};
use crate::margin::scenario::evaluate::Account;
use crate::margin::scenario::sums::{Kind, Sums};
use crate::margin::scenario::PortfolioView;
use crate::margin::view::Book;
use crate::units::{Price, Ratio, Wide};

/// Which of the two balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The initial balance, before it is cut to that of maintenance.
    Initial,
    /// The maintenance balance.
    Maintenance,
}

/// What decides the loss of an underlying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worst {
    /// Nothing loses.
    Nothing,
    /// The basis contingency.
    Basis,
    /// This scenario, the column at this place of the grid.
    Scenario(Column, usize),
}

/// What the balance of one underlying consists of, quote atoms: `marks + loss - naked - confidence - concentration -
/// between - beyond - drift + collateral`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Price of the underlying it stands on: the accepted one, for maintenance the raw one if that is worse.
    pub price: Price,
    /// Options at their marks.
    pub marks: Wide,
    /// What decides the loss.
    pub worst: Worst,
    /// `min(Basis, min_s PnL_s)`, <= 0, before the factor.
    pub profit: Wide,
    /// The basis contingency, <= 0, whether it decides or not.
    pub basis: Wide,
    /// Factor on the loss.
    pub factor: Ratio,
    /// The loss that counts, <= 0.
    pub loss: Wide,
    /// Charge for naked shorts, >= 0.
    pub naked: Wide,
    /// Charge for doubtful prices of the options, >= 0.
    pub confidence: Wide,
    /// Charge for contracts beyond their share of open interest and for vega beyond what the market takes up, >= 0.
    pub concentration: Wide,
    /// Charge for what spreads near expiry may lose between two steps of the grid, >= 0.
    pub between: Wide,
    /// Charge for prices beyond the grid, >= 0.
    pub beyond: Wide,
    /// Charge for what risk rows may have moved; below 0 where it counts for the account.
    pub drift: Wide,
    /// Collateral priced by the underlying, less what doubt takes of it.
    pub collateral: Wide,
    /// The balance.
    pub balance: Wide,
}

/// The parts of a balance of the underlying at `index`. Errors: as [`super::balances`].
pub fn parts(book: &Book, view: &PortfolioView, index: u8, side: Side) -> Result<Parts, CoreError> {
    book.validate()?;
    let account = Account::new(book, view, index)?;
    let accepted = book.underlying(index)?.spot;
    let here = parts_at(&account, side, accepted)?;
    let raw = book.underlying(index)?.walking.filter(|raw| side == Side::Maintenance && *raw != accepted);
    match raw {
        None => Ok(here),
        Some(raw) => {
            let there = parts_at(&account, side, raw)?;
            Ok(if there.balance < here.balance { there } else { here })
        }
    }
}

/// What a part of a book adds to the [`Parts`] of the whole, quote atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// To the marks.
    pub marks: Wide,
    /// To the profit, before the factor. Rounded for itself: the sum over all parts is a few atoms off.
    pub profit: Wide,
    /// To the collateral.
    pub collateral: Wide,
}

/// What `part`, some of the legs and collateral of a book, contributes to `whole`, the book's [`parts`] on the underlying
/// at `index`. Errors: as [`super::balances`].
pub fn contribution(
    part: &Book,
    view: &PortfolioView,
    index: u8,
    (side, whole): (Side, &Parts),
) -> Result<Contribution, CoreError> {
    part.validate()?;
    let account = Account::new(part, view, index)?;
    let kind = kind_of(&account, side);
    let grid = account.grid(kind.reach.most());
    let sums = filled(&account, &grid, grid.cells(kind.reach.most()), whole.price)?;
    let profit = match whole.worst {
        Worst::Nothing => 0,
        Worst::Basis => sums.basis,
        Worst::Scenario(_, column) => sums.profits.get(column).copied().map_or(0, Wide::from),
    };
    let collateral = account.balance(&grid, &Sums::ZERO, &kind, whole.price)?;
    Ok(Contribution { marks: sums.marks, profit, collateral })
}

fn kind_of(account: &Account, side: Side) -> Kind {
    match side {
        Side::Initial => account.initial,
        Side::Maintenance => account.maintenance,
    }
}

fn filled(account: &Account, grid: &Grid, cells: &[Cell], price: Price) -> Result<Sums, CoreError> {
    let mut sums = Sums::ZERO;
    account.fill(grid, cells, price, &mut sums)?;
    Ok(sums)
}

fn parts_at(account: &Account, side: Side, price: Price) -> Result<Parts, CoreError> {
    let kind = kind_of(account, side);
    let grid = account.grid(kind.reach.most());
    let cells = grid.cells(kind.reach.most());
    let mut sums = filled(account, &grid, cells, price)?;
    let (profit, basis, marks) = (sums.worst(cells, &kind.reach), sums.basis, sums.marks);
    let worst = worst_of(&sums, (&grid, cells), &kind, profit);
    let balance = account.balance(&grid, &sums, &kind, price)?;
    let mut last = balance;
    // What the balance rises by if something is left out.
    let mut without = |sums: &Sums| -> Result<Wide, CoreError> {
        let next = account.balance(&grid, sums, &kind, price)?;
        let part = difference(next, last)?;
        last = next;
        Ok(part)
    };
    sums.naked = 0;
    let naked = without(&sums)?;
    sums.doubt = 0;
    let confidence = without(&sums)?;
    (sums.concentrated, sums.vega) = (0, 0);
    let concentration = without(&sums)?;
    sums.between = 0;
    let between = without(&sums)?;
    sums.exposure = 0;
    let beyond = without(&sums)?;
    sums.drift = 0;
    let drift = without(&sums)?;
    (sums.basis, sums.profits) = (0, [0; COLUMNS_MAX]);
    let loss = without(&sums)?.saturating_neg();
    let collateral = difference(last, marks)?;
    let factor = kind.factor;
    Ok(Parts {
        price,
        marks,
        worst,
        profit,
        basis,
        factor,
        loss,
        naked,
        confidence,
        concentration,
        between,
        beyond,
        drift,
        collateral,
        balance,
    })
}

/// What decided on a loss of `profit`.
fn worst_of(sums: &Sums, (grid, cells): (&Grid, &[Cell]), kind: &Kind, profit: Wide) -> Worst {
    if profit >= 0 {
        return Worst::Nothing;
    }
    if sums.basis == profit {
        return Worst::Basis;
    }
    let mut columns = cells.iter().zip(&sums.profits).enumerate();
    let decides =
        |(_, (cell, change)): &(usize, (&Cell, &i64))| cell.counts(&kind.reach) && Wide::from(**change) == profit;
    let found = columns.find(decides);
    found.map_or(Worst::Nothing, |(index, (cell, _))| Worst::Scenario(grid.column(index, cell), index))
}
