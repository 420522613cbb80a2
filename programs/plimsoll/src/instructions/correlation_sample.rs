//! Measures how an underlying moves with a peer.

use anchor_lang::prelude::*;
use plimsoll_core::correlation;
use plimsoll_core::oracle::{self, Action};
use plimsoll_core::units::Price;

use crate::account_list;
use crate::error::{oracle_refused, refuse, PlimsollError, Refusal, Result};
use crate::events::CorrelationSampled;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::state::{CorrelationData, OracleState, Underlying};

account_list! {
    /// Accounts of `correlation_sample`.
    #[derive(Accounts)]
    pub struct CorrelationSample<'info> {
        /// The underlying that names the peer.
        pub underlying: AccountLoader<'info, Underlying>,
        /// Its accepted price; keeps the correlation.
        #[account(mut)]
        pub oracle: AccountLoader<'info, OracleState>,
        /// The peer.
        pub peer: AccountLoader<'info, Underlying>,
        /// The peer's accepted price.
        pub peer_oracle: AccountLoader<'info, OracleState>,
    }
}

impl CorrelationSample<'_> {
    /// - `underlying`: type.
    /// - `oracle`: type; it is the oracle state of that underlying.
    /// - `peer`: type; of the same clearinghouse, and one of the underlying's peers.
    /// - `peer_oracle`: type; it is the oracle state of the peer.
    /// - no signer: anyone samples.
    ///
    /// Returns the peer's place among those of the underlying.
    fn validate(&self) -> Result<usize> {
        let (underlying, peer) = (read(&self.underlying)?, read(&self.peer)?);
        same_key(self.oracle.as_ref().key, &underlying.oracle, PlimsollError::UnderlyingMismatch)?;
        same_key(self.peer_oracle.as_ref().key, &peer.oracle, PlimsollError::UnderlyingMismatch)?;
        same_key(&peer.clearinghouse, &underlying.clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        let place = underlying.portfolio.correlation_peers.iter().position(|index| *index == peer.index);
        place.ok_or_else(|| refuse(PlimsollError::PeerUnknown, peer.index.into(), underlying.index.into()))
    }

    /// Handler of `correlation_sample`.
    ///
    /// Specification:
    /// - anyone samples the accepted prices of an underlying and of a peer that it was listed with; nobody names a price
    /// - an underlying that is no peer of it, or is of another clearinghouse, is refused
    /// - a price of either that is stale or wild is refused
    /// - one pair of returns counts for each hour, in its first minute: a second sample within it, or a later one, is refused
    /// - the first sample, and one after a silence of more than thirty hours, counts no return
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        let place = ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let own = price(&ctx.accounts.underlying, &ctx.accounts.oracle, now)?;
        let peer = price(&ctx.accounts.peer, &ctx.accounts.peer_oracle, now)?;
        let peer_index = read(&ctx.accounts.peer)?.index;
        let mut oracle = write(&ctx.accounts.oracle)?;
        let underlying = oracle.underlying;

        let Some(slot) = oracle.correlations.get_mut(place) else { return Err(PlimsollError::PeerUnknown.into()) };
        let before = slot.correlation;
        let next = correlation::sample(slot.rules(), (own, peer), now).map_err(|early| not_due(now, early.due))?;
        *slot = CorrelationData::from_rules(&next);
        log_plain(&CorrelationSampled {
            underlying,
            price: own.0,
            peer_price: peer.0,
            correlation_before: before,
            correlation_after: next.correlation,
            samples: next.samples,
            peer: peer_index,
            reserved: [0; 2],
        });
        Ok(())
    }
}

/// The accepted price, as fresh as a settlement sample. Errors: those of a price that may not be sampled.
#[inline(never)]
fn price(underlying: &AccountLoader<Underlying>, oracle: &AccountLoader<OracleState>, now: i64) -> Result<Price> {
    let (underlying, oracle) = (read(underlying)?, read(oracle)?);
    let price = oracle.price.rules();
    oracle::check(Action::Sample, price, now, underlying.oracle_parameters.rules()).map_err(oracle_refused)?;
    Ok(Price(price.price))
}

fn not_due(now: i64, due: i64) -> Refusal {
    refuse(PlimsollError::CorrelationNotDue, now, due)
}
