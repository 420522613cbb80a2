//! Accepts a posted price.

use anchor_lang::prelude::*;
use plimsoll_core::oracle;
use plimsoll_core::units::Price;
use plimsoll_core::volatility;

use crate::account_list;
use crate::error::{core_refused, oracle_refused, refused, PlimsollError, Result};
use crate::events::PriceAccepted;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::pyth;
use crate::state::{OracleState, PriceData, Underlying, VolatilityData};

account_list! {
    /// Accounts of `oracle_accept`.
    #[derive(Accounts)]
    pub struct OracleAccept<'info> {
        /// The underlying: feed and rules.
        pub underlying: AccountLoader<'info, Underlying>,
        /// Its price and volatility state.
        #[account(mut)]
        pub oracle: AccountLoader<'info, OracleState>,
        /// CHECK: price update account of the underlying's receiver program; owner, type, verification and feed are
        /// checked when it is read.
        pub price_update: UncheckedAccount<'info>,
    }
}

impl<'info> OracleAccept<'info> {
    /// - underlying: by type and version; names the oracle, the receiver program and the feed.
    /// - oracle: the one the underlying names.
    /// - price_update: owner, type, full verification and feed in `pyth::observation`.
    fn validate(&self, underlying: &Underlying) -> Result<()> {
        same_key(self.oracle.as_ref().key, &underlying.oracle, PlimsollError::UnderlyingMismatch)
    }

    /// Specification:
    /// - Anyone may post; the update must be fully verified, of the underlying's feed and receiver program.
    /// - Its publish time is strictly newer than the last accepted one, at most `future_max_seconds` ahead of the
    ///   clock and at most `max_age_seconds` old.
    /// - A price that is not positive, outside the sanity bounds, wildly uncertain or wildly far from its average is
    ///   refused.
    /// - A move larger than the cap walks there in steps; after `walk_max_seconds` the raw price is taken.
    /// - Volatility and margin scales follow the first accepted price of each 60 s bucket only.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let underlying = read(&ctx.accounts.underlying)?;
        ctx.accounts.validate(&underlying)?;
        let observation =
            pyth::observation(&ctx.accounts.price_update, &underlying.receiver_program, &underlying.feed_id)?;
        let mut oracle = write(&ctx.accounts.oracle)?;

        let reading = oracle::read(&observation).map_err(oracle_refused)?;
        let accepted = oracle::accept(oracle.price.rules(), &reading, now, underlying.oracle_parameters.rules())
            .map_err(oracle_refused)?;
        let next = volatility::update(
            oracle.volatility.rules(),
            Price(accepted.state.price),
            accepted.state.publish_time,
            underlying.volatility.rules(),
            underlying.scan.rules(),
        )
        .map_err(core_refused)?;

        oracle.price = PriceData::from_rules(&accepted.state);
        oracle.volatility = VolatilityData::from_rules(&next);
        oracle.sequence = oracle.sequence.checked_add(1).ok_or_else(|| refused(PlimsollError::Overflow))?;
        oracle.accepted_at = now;
        log_plain(&PriceAccepted {
            underlying: oracle.underlying,
            sequence: oracle.sequence,
            publish_time: accepted.state.publish_time,
            price_before: accepted.price_before.0,
            price_after: accepted.state.price,
            raw: accepted.state.raw,
            walking_since: accepted.state.walking_since,
            volatility: next.state,
        });
        Ok(())
    }
}
