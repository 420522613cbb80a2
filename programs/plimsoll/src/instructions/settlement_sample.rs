//! Adds the accepted price to the settlement average.

use anchor_lang::prelude::*;
use plimsoll_core::oracle::{self, Action};
use plimsoll_core::settlement::{self, SettlementTerms};
use plimsoll_core::units::Price;

use crate::account_list;
use crate::error::{ensure, oracle_refused, PlimsollError, Result};
use crate::events::SettlementSampled;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::refusals::settlement_refused;
use crate::state::{Expiry, OracleState, SettlementData, Underlying};

account_list! {
    /// Accounts of `settlement_sample`.
    #[derive(Accounts)]
    pub struct SettlementSample<'info> {
        /// The underlying of the expiry.
        pub underlying: AccountLoader<'info, Underlying>,
        /// Its accepted price.
        pub oracle: AccountLoader<'info, OracleState>,
        /// The expiry whose window is open.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
    }
}

impl SettlementSample<'_> {
    /// - `underlying`: type; it is the one the expiry names.
    /// - `oracle`: type; it is the oracle state of that underlying.
    /// - `expiry`: type; not settled.
    /// - no signer: anyone samples.
    fn validate(&self) -> Result<()> {
        let underlying = self.underlying.key();
        let expiry = read(&self.expiry)?;
        same_key(&expiry.underlying, &underlying, PlimsollError::UnderlyingMismatch)?;
        same_key(&read(&self.oracle)?.underlying, &underlying, PlimsollError::UnderlyingMismatch)?;
        ensure(!expiry.is_settled(), PlimsollError::ExpirySettledAlready)?;
        Ok(())
    }

    /// Handler of `settlement_sample`.
    ///
    /// Specification:
    /// - anyone samples the accepted price of the expiry's underlying; nobody names a price
    /// - a price that is stale or wild is refused
    /// - a price published before the window's first useful second, or not newer than the last sample, is refused
    /// - a sample counts for the time it was the last one, at most `sample_hold_max_seconds`, inside the window
    /// - the window ends at expiry, and while its samples cover too little goes on in steps of 600 seconds
    /// - a settled expiry takes no sample
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let underlying = read(&ctx.accounts.underlying)?;
        let oracle = read(&ctx.accounts.oracle)?;
        let mut expiry = write(&ctx.accounts.expiry)?;

        let price = oracle.price.rules();
        oracle::check(Action::Sample, price, now, underlying.oracle_parameters.rules()).map_err(oracle_refused)?;
        let terms = SettlementTerms::new(expiry.expiry, underlying.limits.rules());
        let state = expiry.settlement.rules();
        let covered_before = state.covered_seconds;
        let next =
            settlement::sample(state, Price(price.price), price.publish_time, &terms).map_err(settlement_refused)?;

        expiry.settlement = SettlementData::from_rules(&next);
        log_plain(&SettlementSampled {
            expiry_account: ctx.accounts.expiry.key(),
            price: price.price,
            publish_time: price.publish_time,
            covered_before,
            covered_after: next.covered_seconds,
            window_end: next.window_end,
        });
        Ok(())
    }
}
