//! Evaluates a margin account.

use anchor_lang::prelude::*;
use plimsoll_core::oracle::Action;

use crate::account_list;
use crate::error::{saturated, PlimsollError, Result};
use crate::events::MarginCall;
use crate::loaders::{read, same_key};
use crate::log::log_plain;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::state::{Clearinghouse, MarginAccount};

/// Return data of `margin_check`: quote atoms, `>= 0 is fine`; at most `i64::MAX` in magnitude.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginBalances {
    /// Initial balance.
    pub initial: i64,
    /// Maintenance balance.
    pub maintenance: i64,
    /// Equity.
    pub equity: i64,
}

account_list! {
    /// Accounts of `margin_check`. Remaining accounts: market set of the margin account.
    #[derive(Accounts)]
    pub struct MarginCheck<'info> {
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The account to evaluate.
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl<'info> MarginCheck<'info> {
    /// - clearinghouse: by type and version.
    /// - margin_account: of this clearinghouse.
    /// - remaining accounts: verified by `Markets`.
    /// - No signer: nothing is written.
    fn validate(&self, account: &MarginAccount) -> Result<()> {
        let key = self.clearinghouse.as_ref().key;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)
    }

    /// Specification:
    /// - Returns initial balance, maintenance balance and equity at the accepted prices, however old.
    /// - Emits a margin call when the initial balance is negative and every price is valid for liquidation.
    /// - A market set that is short, long, out of order or of other accounts is refused.
    pub fn handler(ctx: Context<'info, Self>) -> Result<MarginBalances> {
        let now = Clock::get()?.unix_timestamp;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        let account = read(&ctx.accounts.margin_account)?;
        ctx.accounts.validate(&account)?;
        let key = ctx.accounts.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(&[&account]), ctx.remaining_accounts)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);
        let balances = valuation.balances(&account)?;
        let balances = MarginBalances {
            initial: saturated(balances.initial),
            maintenance: saturated(balances.maintenance),
            equity: saturated(balances.equity),
        };
        if balances.initial < 0 && markets.check_prices(Action::Liquidate, now).is_ok() {
            log_plain(&MarginCall {
                margin_account: ctx.accounts.margin_account.key(),
                equity: balances.equity,
                initial: balances.initial,
                maintenance: balances.maintenance,
                at: now,
            });
        }
        Ok(balances)
    }
}
