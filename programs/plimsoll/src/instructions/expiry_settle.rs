//! Fixes the settlement price.

use anchor_lang::prelude::*;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::settlement::{self, SettlementTerms};

use crate::account_list;
use crate::error::{ensure, refused, PlimsollError, Result};
use crate::events::ExpirySettled;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::refusals::settlement_refused;
use crate::state::expiry::STATUS_SETTLED;
use crate::state::{Expiry, Underlying};

account_list! {
    /// Accounts of `expiry_settle`.
    #[derive(Accounts)]
    pub struct ExpirySettle<'info> {
        /// The underlying of the expiry: coverage rules.
        pub underlying: AccountLoader<'info, Underlying>,
        /// The expiry that is over.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
    }
}

impl ExpirySettle<'_> {
    /// - `underlying`: type; it is the one the expiry names.
    /// - `expiry`: type; not settled.
    /// - no signer: anyone settles; no oracle: the samples are in the expiry.
    fn validate(&self) -> Result<()> {
        let expiry = read(&self.expiry)?;
        same_key(&expiry.underlying, &self.underlying.key(), PlimsollError::UnderlyingMismatch)?;
        ensure(!expiry.is_settled(), PlimsollError::ExpirySettledAlready)?;
        Ok(())
    }

    /// Handler of `expiry_settle`.
    ///
    /// Specification:
    /// - the price is the time-weighted average of the samples, rounded down; no key names a price
    /// - before the end of the window settling is refused
    /// - while the samples cover less than `settlement_required_seconds` settling is refused and the window goes on
    /// - a settled expiry is not settled again
    /// - the contracts that accounts still have to settle are counted, long and short alike
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let mut expiry = write(&ctx.accounts.expiry)?;

        let underlying = read(&ctx.accounts.underlying)?;
        let terms = SettlementTerms::new(expiry.expiry, underlying.limits.rules());
        let average = settlement::settle(expiry.settlement.rules(), now, &terms).map_err(settlement_refused)?;
        let open_interest = open_interest_total(&expiry)?;

        expiry.status = STATUS_SETTLED;
        expiry.settlement_price = average.price.0;
        expiry.settled_at = now;
        expiry.unsettled_long = open_interest;
        expiry.unsettled_short = open_interest;
        ensure(expiry.settlement_price > 0, PlimsollError::PriceNotPositive)?;
        log_plain(&ExpirySettled {
            expiry_account: ctx.accounts.expiry.key(),
            expiry: expiry.expiry,
            settlement_price: average.price.0,
            covered_seconds: average.covered,
            open_interest,
        });
        Ok(())
    }
}

/// Contracts held long over all series, which is also what is held short.
fn open_interest_total(expiry: &Expiry) -> Result<i64> {
    let interests = expiry.strikes().iter().flat_map(|strike| strike.open_interest);
    let mut total = 0i64;
    for interest in interests {
        total = total.exact_add(interest).ok_or_else(|| refused(PlimsollError::Overflow))?;
    }
    Ok(total)
}
