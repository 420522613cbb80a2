//! Money that comes into the clearinghouse for everybody: the recorded deficit first, then the insurance fund.

use anchor_lang::prelude::*;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::units::Quote;
use plimsoll_core::waterfall::{recover, Recovery};

use crate::error::{core_refused, not_conserved, refused, PlimsollError, Result};
use crate::state::{Clearinghouse, InsuranceFund};

/// Adds `amount` (>= 0) to the fund. Errors: `Overflow`.
pub fn receive(fund: &mut InsuranceFund, amount: i64) -> Result<()> {
    fund.balance = fund.balance.exact_add(amount).ok_or_else(|| refused(PlimsollError::Overflow))?;
    fund.received_total = fund.received_total.saturated_add(amount);
    Ok(())
}

/// Lowers the recorded deficit by what `amount` (>= 0) covers of it; the rest is the caller's to place. When the
/// deficit closes, every lock of its generation is free.
///
/// Conservation: `amount = deficit_paid + fund`. Errors: `OutOfDomain`.
pub fn cover_deficit(clearinghouse: &mut Clearinghouse, amount: i64) -> Result<Recovery> {
    let plan = recover(Quote(amount), Quote(clearinghouse.deficit)).map_err(core_refused)?;
    clearinghouse.deficit =
        clearinghouse.deficit.exact_sub(plan.deficit_paid.0).ok_or_else(|| refused(PlimsollError::Overflow))?;
    if plan.closes {
        clearinghouse.deficit_locked = 0;
    }
    Ok(plan)
}

/// Lowers the recorded deficit by what the fund holds: fees of liquidations reach the fund without writing the
/// clearinghouse, and a deficit outranks the fund. Nothing without a deficit or a balance.
///
/// Conservation: fund and deficit fall by the same amount. Errors: those of [`cover_deficit`].
pub fn fund_covers(clearinghouse: &mut Clearinghouse, fund: &mut InsuranceFund) -> Result<()> {
    let plan = cover_deficit(clearinghouse, fund.balance.max(0))?;
    fund.balance = fund.balance.exact_sub(plan.deficit_paid.0).ok_or_else(|| refused(PlimsollError::Overflow))?;
    fund.paid_total = fund.paid_total.saturated_add(plan.deficit_paid.0);
    Ok(())
}

/// Deficit first, out of `amount` and then of the fund; what is left of `amount` goes to the fund. Proved conserved.
///
/// Errors: those of [`cover_deficit`] and [`receive`], `NotConserved`.
pub fn recover_into(clearinghouse: &mut Clearinghouse, fund: &mut InsuranceFund, amount: i64) -> Result<Recovery> {
    let before = Touched::default().owed(fund.balance).deficit(clearinghouse.deficit);
    let plan = cover_deficit(clearinghouse, amount)?;
    receive(fund, plan.fund.0)?;
    fund_covers(clearinghouse, fund)?;
    let after = Touched::default().owed(fund.balance).deficit(clearinghouse.deficit);
    check_conserved(before, after, amount).map_err(not_conserved)?;
    Ok(plan)
}
