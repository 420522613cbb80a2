//! Balances that a close-out stands on: equity and maintenance, with the walking prices at both ends.
//!
//! The initial balance and its low and high prices are left out: a liquidation asks only what the book is worth, what
//! it must keep, and what it could at best be worth.

use crate::error::CoreError;
use crate::margin::cross::{collateral_equity, difference, sum, unmoved_collateral, Context};
use crate::margin::forward::EvaluationPrices;
use crate::margin::view::Book;
use crate::math::fixed::{mul_div_up, Bounded};
use crate::units::{Ratio, Wide};

/// The balances of a book that may be closed out, quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CloseOutBalances {
    /// E: cash + mark-to-market + sum of collateral value / stable price, at the accepted prices.
    pub equity: Wide,
    /// Sum of quantity x mark at the accepted prices, options only.
    pub mark_to_market: Wide,
    /// Maintenance balance, as in [`crate::margin::Balances`]; in portfolio mode what rows may have moved counts for the
    /// account or against it ([`crate::margin::Drift`]).
    pub maintenance: Wide,
    /// E with each walking underlying, options and collateral together, at the better of accepted and raw price; in
    /// portfolio mode plus what rows may have moved, whatever the maintenance balance counts.
    pub equity_high: Wide,
}

/// The close-out balances of `book`. Errors: as [`crate::margin::balances`].
pub fn close_out_balances(book: &Book) -> Result<CloseOutBalances, CoreError> {
    book.validate()?;
    let mut out = CloseOutBalances::default();
    let (mut maintenance, mut gain) = (book.cash.wide(), 0);
    for (index, view) in (0u8..).zip(book.underlyings) {
        let part = Context::new(book, index, view)?.worst(&EvaluationPrices::for_maintenance(view))?;
        maintenance = sum(maintenance, part.maintenance)?;
        out.mark_to_market = sum(out.mark_to_market, part.mark_to_market)?;
        let options = difference(part.raw_mark_to_market, part.mark_to_market)?;
        gain = sum(gain, sum(options, collateral_gain(book, index)?)?.max(0))?;
    }
    out.maintenance = sum(maintenance, unmoved_collateral(book)?.maintenance)?;
    out.equity = sum(sum(book.cash.wide(), out.mark_to_market)?, collateral_equity(book)?)?;
    out.equity_high = sum(out.equity, gain)?;
    Ok(out)
}

/// What the collateral that underlying `at` prices gains (-: loses) at its raw price, rounded up.
pub(super) fn collateral_gain(book: &Book, at: u8) -> Result<Wide, CoreError> {
    let mover = book.underlying(at)?;
    let Some(raw) = mover.walking else { return Ok(0) };
    let (one, stable) = (i64::from(Ratio::ONE.0), i64::from(book.stable_price.0));
    let moved = |value: i64| {
        let change = mul_div_up(value, raw.0, mover.spot.0)?.exact_sub(value)?;
        mul_div_up(change, one, stable)
    };
    book.collateral
        .iter()
        .filter(|held| held.price_underlying == Some(at))
        .try_fold(0, |total: Wide, held| sum(total, Wide::from(moved(held.value.0).ok_or(CoreError::Overflow)?)))
}
