//! Fills the risk rows of an expiry at the accepted price.

use anchor_lang::prelude::*;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::margin::scenario::rows::RowsHeader;
use plimsoll_core::margin::scenario::{fill_rows, RowsStamp, ROW};
use plimsoll_core::margin::{ExpiryView, PortfolioParameters};
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle;
use plimsoll_core::units::ContractSize;

use crate::account_list;
use crate::cash;
use crate::error::{core_refused, ensure, not_conserved, refused, PlimsollError, Result};
use crate::events::RowsRefreshed;
use crate::loaders::{known_mut, read, same_key, typed, write};
use crate::log::log_plain;
use crate::margin::{expiry_view, underlying_view};
use crate::portfolio::{rows, rows_mut, scenario_view, stamp, values_mut};
use crate::state::{Clearinghouse, Expiry, MarginAccount, OracleState, RiskRows, RowsHeaderData, Underlying};

account_list! {
    /// Accounts of `rows_refresh`.
    #[derive(Accounts)]
    pub struct RowsRefresh<'info> {
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The underlying.
        pub underlying: AccountLoader<'info, Underlying>,
        /// Its accepted price.
        pub oracle: AccountLoader<'info, OracleState>,
        /// The expiry; writable only if somebody is paid.
        pub expiry: AccountLoader<'info, Expiry>,
        /// Its rows.
        #[account(mut)]
        pub rows: AccountLoader<'info, RiskRows>,
        /// CHECK: margin account that is paid for the refresh of rows that were due, out of the expiry's trade fees; the rows'
        /// own address: nobody is paid.
        #[account(mut)]
        pub payee: UncheckedAccount<'info>,
    }
}

impl<'info> RowsRefresh<'info> {
    /// - clearinghouse: by type and version.
    /// - underlying: of this clearinghouse.
    /// - oracle, expiry: of the underlying; the expiry not settled.
    /// - rows: by type and version; of the expiry.
    /// - payee: the rows, or a margin account of this clearinghouse by type and version; then the expiry is writable.
    /// - No signer: only the program computes values, and who is paid is the sender's choice.
    fn validate(&self) -> Result<()> {
        read(&self.clearinghouse)?;
        let (underlying, expiry) = (read(&self.underlying)?, read(&self.expiry)?);
        let clearinghouse = self.clearinghouse.as_ref().key;
        same_key(&underlying.clearinghouse, clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        same_key(&underlying.oracle, self.oracle.as_ref().key, PlimsollError::UnderlyingMismatch)?;
        same_key(&expiry.underlying, self.underlying.as_ref().key, PlimsollError::UnderlyingMismatch)?;
        same_key(&rows(self.rows.as_ref())?.expiry, self.expiry.as_ref().key, PlimsollError::MarketMismatch)?;
        if self.is_paid() {
            let payee = typed::<MarginAccount>(&self.payee)?;
            same_key(&payee.clearinghouse, clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        }
        ensure(!expiry.is_settled(), PlimsollError::ExpirySettledAlready)
    }

    /// Specification:
    /// - Anyone refreshes rows; the values are those of the accepted price, the clock and the parameters now.
    /// - Until the expiry is settled: books are valued while it waits for its price.
    /// - Every strike there is room for is filled at once, as many steps far as the scan range reaches now: nobody voids
    ///   a part of the rows that others use.
    /// - A named margin account is paid out of the expiry's trade fees, at most what they hold, if the rows could not be
    ///   used any more and the price is not stale; fees and cash change by zero in sum.
    /// - Rows of another expiry, an expiry that is settled, and an underlying without a price are refused.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &*ctx.accounts;
        accounts.validate()?;
        let (header, was_due) = accounts.fill(now)?;
        let paid = if was_due && accounts.is_paid() { accounts.pay(now)? } else { 0 };
        log_plain(&RowsRefreshed {
            rows: *accounts.rows.as_ref().key,
            spot: header.spot,
            filled: header.filled,
            paid,
            steps: header.steps.into(),
        });
        Ok(())
    }

    /// Computes and writes every value; returns the header and whether the rows could not be used any more.
    #[inline(never)]
    fn fill(&self, now: i64) -> Result<(RowsHeader, bool)> {
        let (underlying, oracle, expiry) = (read(&self.underlying)?, read(&self.oracle)?, read(&self.expiry)?);
        let view = underlying_view(&underlying, &oracle)?;
        let rules = scenario_view(&underlying, &oracle);
        let stamp = stamp(&underlying, (&view, &rules), now);
        let listed = expiry.replaced;
        let expiry = expiry_view(&expiry, 0, (&underlying, &oracle), now)?;
        let (old, info) = (*rows(self.rows.as_ref())?.header.rules(), self.rows.as_ref());
        let mut header = filled(&expiry, &stamp, (rules.parameters, underlying.contract_size), &mut values_mut(info)?)?;
        header.replaced = listed;
        // Not for a replaced strike: anybody replaces unused ones for nothing, and would be paid for that again and again.
        let stale = oracle::is_stale(oracle.price.rules(), now, underlying.oracle_parameters.rules());
        let unusable = old.check(&stamp, rules.parameters).is_err() || old.filled & header.filled != header.filled;
        rows_mut(info)?.header = RowsHeaderData::from_rules(&header);
        Ok((header, unusable && !stale))
    }

    /// Whether somebody is to be paid.
    fn is_paid(&self) -> bool {
        self.payee.key != self.rows.as_ref().key
    }

    /// Pays the payee what the expiry's fees hold, at most the reward; returns it.
    #[inline(never)]
    fn pay(&self, now: i64) -> Result<i64> {
        let reward = i64::from(read(&self.underlying)?.portfolio.rows_pay);
        ensure(self.expiry.as_ref().is_writable, PlimsollError::MarketNotWritable)?;
        let (mut expiry, mut payee) = (write(&self.expiry)?, known_mut::<MarginAccount>(&self.payee)?);
        let touched =
            |expiry: &Expiry, payee: &MarginAccount| Touched::default().owed(expiry.fees_accrued).owed(payee.cash);
        let before = touched(&expiry, &payee);
        let paid = reward.min(expiry.fees_accrued).max(0);
        expiry.fees_accrued = expiry.fees_accrued.exact_sub(paid).ok_or_else(|| refused(PlimsollError::Overflow))?;
        cash::change(&mut payee, paid, now, &read(&self.clearinghouse)?.parameters)?;
        check_conserved(before, touched(&expiry, &payee), 0).map_err(not_conserved)?;
        Ok(paid)
    }
}

/// Fills `values` for as many strikes as have room; returns their header.
#[inline(never)]
fn filled(
    expiry: &ExpiryView,
    stamp: &RowsStamp,
    (rules, contract_size): (&PortfolioParameters, u64),
    values: &mut [i64],
) -> Result<RowsHeader> {
    let mut header = RowsHeader::new(expiry, rules, stamp).map_err(core_refused)?;
    let room = values.len().checked_div(ROW).unwrap_or(0);
    let strikes = expiry.strikes.get(..room).unwrap_or(expiry.strikes);
    fill_rows(&mut header, values, strikes, rules, ContractSize(contract_size)).map_err(core_refused)?;
    Ok(header)
}
