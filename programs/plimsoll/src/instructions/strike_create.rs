//! Lists a strike of an expiry.

use anchor_lang::prelude::*;
use plimsoll_core::grid::check_strike;
use plimsoll_core::math::elementary::ln_integer;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle::{self, Action};
use plimsoll_core::units::Price;

use crate::account_list;
use crate::arguments;
use crate::constants::MAX_STRIKES;
use crate::error::{ensure, grid_refused, oracle_refused, refuse, refused, PlimsollError, Result};
use crate::events::StrikeCreated;
use crate::loaders::{read, same_key, write};
use crate::log::log_event;
use crate::state::{Expiry, OracleState, StrikeData, Underlying};

arguments! {
    /// Arguments of `strike_create`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct StrikeCreateArgs {
        /// Strike price: quote atoms per whole underlying, on the grid.
        pub price: i64,
        /// In an expiry that lists as many strikes as it can: id of the one whose place the new one takes.
        pub replaces: Option<u8>,
    }
}

account_list! {
    /// Accounts of `strike_create`.
    #[derive(Accounts)]
    pub struct StrikeCreate<'info> {
        /// The underlying: its grid.
        pub underlying: AccountLoader<'info, Underlying>,
        /// Its accepted price.
        pub oracle: AccountLoader<'info, OracleState>,
        /// The expiry; its rent was paid for all strikes.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
    }
}

impl<'info> StrikeCreate<'info> {
    /// - underlying: by type and version; names the oracle.
    /// - oracle: the one the underlying names.
    /// - expiry: by type and version; of the underlying.
    /// - No signer: the strike's place is paid for, the grid decides what may be listed.
    fn validate(&self, args: &StrikeCreateArgs, now: i64) -> Result<()> {
        let underlying = read(&self.underlying)?;
        let oracle = read(&self.oracle)?;
        let expiry = read(&self.expiry)?;
        same_key(self.oracle.as_ref().key, &underlying.oracle, PlimsollError::UnderlyingMismatch)?;
        same_key(&expiry.underlying, self.underlying.as_ref().key, PlimsollError::UnderlyingMismatch)?;
        ensure(!expiry.is_settled(), PlimsollError::ExpirySettledAlready)?;
        if now >= expiry.expiry {
            return Err(refuse(PlimsollError::ExpiryPassed, now, expiry.expiry));
        }
        let rules = underlying.oracle_parameters.rules();
        oracle::check(Action::RiskIncrease, oracle.price.rules(), now, rules).map_err(oracle_refused)?;
        check_strike(Price(args.price), Price(oracle.price.price), underlying.grid.rules()).map_err(grid_refused)
    }

    /// Specification:
    /// - Anyone lists a strike of a live expiry, on the grid and near enough to a price valid for new risk.
    /// - A strike that is listed is refused.
    /// - Its id is the next index, or that of the one it replaces; ids of other strikes do not change.
    /// - The 65th takes the place and id of one without open interest, which its caller names: nobody fills an expiry with
    ///   strikes that nobody trades.
    /// - `order` stays the ids by ascending price.
    pub fn handler(ctx: Context<'info, Self>, args: StrikeCreateArgs) -> Result<()> {
        ctx.accounts.validate(&args, Clock::get()?.unix_timestamp)?;
        let mut expiry = write(&ctx.accounts.expiry)?;
        let strike = expiry.strike_add(args.price, args.replaces)?;
        log_event(&StrikeCreated { expiry_account: ctx.accounts.expiry.key(), price: args.price, strike });
        Ok(())
    }
}

impl Expiry {
    /// Adds a strike, keeps `order` ascending and returns its id. Errors: `StrikesFull`, `StrikeExists`,
    /// `StrikeReplaced`.
    fn strike_add(&mut self, price: i64, replaces: Option<u8>) -> Result<u8> {
        ensure(self.strikes().iter().all(|strike| strike.price != price), PlimsollError::StrikeExists)?;
        let id = match replaces {
            Some(id) => self.strike_free(id)?,
            None => self.strike_count,
        };
        let last = usize::from(self.strike_count);
        let slot = self.strikes.get_mut(usize::from(id)).ok_or_else(|| refused(PlimsollError::StrikesFull))?;
        *slot = StrikeData { price, ln_price: ln_integer(price), open_interest: [0, 0] };
        // By ids: while a place is taken anew, the listed ones are not the first of the table.
        let listed = self.order.iter().take(last).filter_map(|id| self.strikes.get(usize::from(*id)));
        let below = listed.filter(|strike| strike.price < price).count();
        let tail = self.order.get_mut(below..=last).ok_or_else(|| refused(PlimsollError::StrikesFull))?;
        tail.rotate_right(1);
        *tail.first_mut().ok_or_else(|| refused(PlimsollError::StrikesFull))? = id;
        self.strike_count = self.strike_count.checked_add(1).ok_or_else(|| refused(PlimsollError::StrikesFull))?;
        Ok(id)
    }

    /// Takes strike `id` out of a full expiry and returns its id. Errors: `StrikeReplaced` while there is room or the
    /// strike has open interest; `UnknownStrike`.
    fn strike_free(&mut self, id: u8) -> Result<u8> {
        let strike = self.strikes.get(usize::from(id)).ok_or_else(|| refused(PlimsollError::UnknownStrike))?;
        let open = strike.open_interest.iter().fold(0i64, |sum, open| sum.saturated_add(*open));
        let full = usize::from(self.strike_count) == MAX_STRIKES;
        if open != 0 || !full {
            return Err(refuse(PlimsollError::StrikeReplaced, open, i64::from(self.strike_count)));
        }
        let at = self.order.iter().position(|listed| *listed == id);
        let tail = at.and_then(|at| self.order.get_mut(at..)).ok_or_else(|| refused(PlimsollError::UnknownStrike))?;
        tail.rotate_left(1);
        self.strike_count = self.strike_count.saturating_sub(1);
        self.replaced = self.replaced.wrapping_add(1);
        Ok(id)
    }
}
