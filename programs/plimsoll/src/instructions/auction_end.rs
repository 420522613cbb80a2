//! Ends the auction of an account that is healthy again. Remaining accounts: market set of the account.

use anchor_lang::prelude::*;
use plimsoll_core::liquidation::{check_end, ended};
use plimsoll_core::oracle::Action;
use plimsoll_core::units::Quote;

use crate::account_list;
use crate::auction::{clock, paused_seconds, rules, worth, Worth};
use crate::error::{ensure, PlimsollError, Result};
use crate::events::AuctionEnded;
use crate::loaders::{read, same_key, write};
use crate::log::log_event;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::refusals::liquidation_refused;
use crate::state::margin_account::STATUS_OPEN;
use crate::state::{Clearinghouse, MarginAccount};

account_list! {
    /// Accounts of `auction_end`.
    #[derive(Accounts)]
    pub struct AuctionEnd<'info> {
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The account in auction.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl<'info> AuctionEnd<'info> {
    /// - `clearinghouse`: type; the account names it.
    /// - `margin_account`: type, clearinghouse; in auction.
    /// - remaining accounts: exactly the market set, see [`Markets::load`].
    /// - no signer: anyone ends an auction that is over.
    fn validate(&self) -> Result<()> {
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, self.clearinghouse.as_ref().key, PlimsollError::ClearinghouseMismatch)?;
        ensure(account.in_auction(), PlimsollError::AccountNotInAuction)?;
        Ok(())
    }

    /// Handler of `auction_end`.
    ///
    /// Specification:
    /// - anyone ends the auction of an account whose buffered maintenance balance is >= 0, at a price valid for
    ///   liquidation; while a price walks, at the worse of accepted and raw; what risk rows may have moved
    ///   counts against the account
    /// - while that balance is negative ending is refused
    /// - what bidders paid in becomes plain cash
    /// - the clock's reading is kept: reopened before it has rewound, an auction goes on from there
    /// - the account's sequence rises
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        let mut account = write(&ctx.accounts.margin_account)?;
        let key = ctx.accounts.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(&[&account]), ctx.remaining_accounts)?;
        markets.check_prices(Action::Liquidate, now)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);

        // The account gains by the end: what its rows may have moved counts against it.
        let worth = worth(&account, &valuation)?;
        let rules = rules(&account, &markets)?;
        let buffer_margin = check_end(&worth.view(&account, 0), &rules.parameters).map_err(liquidation_refused)?;
        let paused = paused_seconds(&account, &markets, now)?;
        let elapsed = ended(&clock(&account.auction), now, paused, &rules.parameters).elapsed_at_end;

        let reserve_before = end(&mut account, elapsed, now);
        log_event(&ctx.accounts.event(&account, &worth, (buffer_margin, elapsed, reserve_before)));
        Ok(())
    }

    fn event(&self, account: &MarginAccount, worth: &Worth, end: (Quote, i64, i64)) -> AuctionEnded {
        let (buffer_margin, elapsed, reserve_before) = end;
        AuctionEnded {
            margin_account: self.margin_account.key(),
            count: account.auction.count,
            equity: worth.equity,
            maintenance: worth.maintenance,
            buffer_margin: buffer_margin.0,
            elapsed,
            reserve_before,
            sequence: account.sequence,
        }
    }
}

/// Thaws the account and drops the rounding carried between bids; returns the reserve that becomes plain cash.
fn end(account: &mut MarginAccount, elapsed: i64, now: i64) -> i64 {
    let reserve = account.auction.reserve;
    account.auction.reserve = 0;
    for leg in &mut account.positions {
        leg.carry = 0;
    }
    account.auction.ended_at = now;
    account.auction.elapsed_at_end = u32::try_from(elapsed).unwrap_or(u32::MAX);
    account.status = STATUS_OPEN;
    account.sequence = account.sequence.wrapping_add(1);
    reserve
}
