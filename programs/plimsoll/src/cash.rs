//! Cash of a margin account: the only code that changes it, so that interest, holds and locks stay true.
//!
//! Interest on negative cash is noted in `interest_owed` before any change and paid to the fund by `debt_accrue`.

use anchor_lang::prelude::*;
use plimsoll_core::debt::interest;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::units::Quote;

use crate::error::{core_refused, refused, PlimsollError, Result};
use crate::state::{Clearinghouse, ClearinghouseParameters, MarginAccount};

/// Interest the account owes at `now`: what is noted and what ran since. Errors: `Overflow`.
pub fn interest_due(account: &MarginAccount, now: i64, parameters: &ClearinghouseParameters) -> Result<i64> {
    if account.cash >= 0 {
        return Ok(account.interest_owed);
    }
    let seconds = now.saturated_sub(account.interest_at);
    let running = interest(Quote(account.cash), seconds, parameters.rules()).map_err(core_refused)?;
    account.interest_owed.exact_add(running.0).ok_or_else(|| refused(PlimsollError::Overflow))
}

/// Cash less interest owed at `now`: what the account's margin stands on. Errors: `Overflow`.
pub fn after_interest(account: &MarginAccount, now: i64, parameters: &ClearinghouseParameters) -> Result<i64> {
    let due = interest_due(account, now, parameters)?;
    account.cash.exact_sub(due).ok_or_else(|| refused(PlimsollError::Overflow))
}

/// Notes the interest that ran until `now`. Errors: `Overflow`.
pub fn accrue(account: &mut MarginAccount, now: i64, parameters: &ClearinghouseParameters) -> Result<()> {
    account.interest_owed = interest_due(account, now, parameters)?;
    account.interest_at = now;
    Ok(())
}

/// Adds `delta` to the cash after noting interest; starts and stops the debt clock. Errors: `Overflow`.
pub fn change(account: &mut MarginAccount, delta: i64, now: i64, parameters: &ClearinghouseParameters) -> Result<()> {
    accrue(account, now, parameters)?;
    account.cash = account.cash.exact_add(delta).ok_or_else(|| refused(PlimsollError::Overflow))?;
    if account.cash >= 0 {
        account.debt_since = 0;
    } else if account.debt_since == 0 {
        account.debt_since = now;
    }
    Ok(())
}

/// Pays interest owed out of the cash and returns it: what the fund receives. Errors: `Overflow`.
pub fn interest_pay(account: &mut MarginAccount, now: i64, parameters: &ClearinghouseParameters) -> Result<i64> {
    accrue(account, now, parameters)?;
    let due = account.interest_owed;
    account.interest_owed = 0;
    change(account, due.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?, now, parameters)?;
    Ok(due)
}

/// Holds `gain` (>= 0) of a settlement for `settlement_hold_seconds`. Errors: `Overflow`.
pub fn hold(account: &mut MarginAccount, gain: i64, now: i64, parameters: &ClearinghouseParameters) -> Result<()> {
    release(account, now);
    account.held = account.held.exact_add(gain).ok_or_else(|| refused(PlimsollError::Overflow))?;
    let until = now.saturated_add(i64::from(parameters.settlement_hold_seconds));
    account.held_until = account.held_until.max(until);
    Ok(())
}

/// Ends the hold on what is no longer there after a settlement: what paid a debt or a loss.
pub fn hold_trim(account: &mut MarginAccount) {
    account.held = account.held.min(account.cash.max(0));
}

/// Frees the hold once its time has passed.
pub fn release(account: &mut MarginAccount, now: i64) {
    if now >= account.held_until {
        account.held = 0;
        account.held_until = 0;
    }
}

/// What the account's open lock is: zero once the deficit it belongs to is closed.
pub fn locked_now(account: &MarginAccount, clearinghouse: &Clearinghouse) -> i64 {
    if clearinghouse.deficit > 0 && account.locked_epoch == clearinghouse.deficit_epoch {
        account.locked
    } else {
        0
    }
}

/// Cash that may leave or pay: cash less interest, holds, locks and the reserve of an auction; may be negative.
///
/// Errors: `Overflow`.
pub fn free(account: &MarginAccount, now: i64, clearinghouse: &Clearinghouse) -> Result<i64> {
    let cash = after_interest(account, now, &clearinghouse.parameters)?;
    let bound = bound(account, now, clearinghouse)?.exact_add(account.auction.reserve);
    bound.and_then(|bound| cash.exact_sub(bound)).ok_or_else(|| refused(PlimsollError::Overflow))
}

/// Cash that is held or locked at `now`, >= 0. Errors: `Overflow`.
pub fn bound(account: &MarginAccount, now: i64, clearinghouse: &Clearinghouse) -> Result<i64> {
    let held = if now >= account.held_until { 0 } else { account.held };
    held.exact_add(locked_now(account, clearinghouse)).ok_or_else(|| refused(PlimsollError::Overflow))
}

/// Moves holds and locks to the account that takes over all cash. Errors: `Overflow`.
pub fn bound_move(
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    now: i64,
    clearinghouse: &Clearinghouse,
) -> Result<()> {
    release(from, now);
    release(to, now);
    hold_trim(from);
    let sum = |a: i64, b: i64| a.exact_add(b).ok_or_else(|| refused(PlimsollError::Overflow));
    to.held = sum(to.held, from.held)?;
    to.held_until = to.held_until.max(from.held_until);
    to.locked = sum(locked_now(to, clearinghouse), locked_now(from, clearinghouse))?;
    to.locked_epoch = clearinghouse.deficit_epoch;
    (from.held, from.held_until, from.locked) = (0, 0, 0);
    Ok(())
}
