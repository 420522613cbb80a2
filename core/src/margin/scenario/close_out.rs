//! The balances a close-out stands on, in portfolio mode.

use crate::error::CoreError;
use crate::margin::close_out::{collateral_gain, CloseOutBalances};
use crate::margin::cross::{collateral_equity, difference, sum, unmoved_collateral};
use crate::margin::scenario::evaluate::{maintenance_joint, quoted_down, Account};
use crate::margin::scenario::PortfolioView;
use crate::margin::view::Book;

/// The close-out balances of `book`. What rows may have moved counts in the maintenance balance as `view` says, and always
/// in the equity that a bidder pays for.
///
/// Errors: as [`super::balances`].
pub fn close_out_balances(book: &Book, view: &PortfolioView) -> Result<CloseOutBalances, CoreError> {
    book.validate()?;
    let mut out = CloseOutBalances::default();
    let (mut maintenance, mut gain) = (book.cash.wide(), 0);
    let mut joint = maintenance_joint(view);
    for (index, _) in (0u8..).zip(book.underlyings) {
        let account = Account::new(book, view, index)?;
        let (here, there) = account.standings(joint.as_mut().filter(|_| view.offset.concerns(index)))?;
        let (mut lowest, mut highest) = (here.maintenance, here.drift);
        if let Some(there) = there {
            lowest = lowest.min(there.maintenance);
            let options = difference(sum(there.marks, there.drift)?, here.marks)?;
            highest = highest.max(sum(options, collateral_gain(book, index)?)?);
        }
        out.mark_to_market = sum(out.mark_to_market, here.marks)?;
        maintenance = sum(maintenance, lowest)?;
        gain = sum(gain, highest)?;
    }
    maintenance = sum(maintenance, joint.map_or(0, |joint| joint.credit()))?;
    let rest = unmoved_collateral(book)?.maintenance;
    out.maintenance = sum(maintenance, quoted_down(rest, book.stable_price)?)?;
    out.equity = sum(sum(book.cash.wide(), out.mark_to_market)?, collateral_equity(book)?)?;
    out.equity_high = sum(out.equity, gain)?;
    Ok(out)
}
