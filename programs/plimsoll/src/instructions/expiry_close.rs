//! Closes an expiry in which nothing is left.

use anchor_lang::prelude::*;
use plimsoll_core::math::fixed::Bounded;

use crate::account_list;
use crate::addresses::close;
use crate::error::{refuse, refused, PlimsollError, Result};
use crate::events::ExpiryClosed;
use crate::loaders::{read, same_key};
use crate::log::log_plain;
use crate::state::Expiry;

account_list! {
    /// Accounts of `expiry_close`.
    #[derive(Accounts)]
    pub struct ExpiryClose<'info> {
        /// The expiry that is over, empty and swept.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
        /// CHECK: the key stored in the expiry as payer of its rent; receives it back.
        #[account(mut)]
        pub rent_payer: UncheckedAccount<'info>,
    }
}

impl ExpiryClose<'_> {
    /// - `expiry`: type; its time has passed, no account holds a contract of it, it owes and holds nothing.
    /// - `rent_payer`: the key that paid the rent.
    /// - no signer: anyone closes; the rent goes to who paid it.
    fn validate(&self) -> Result<()> {
        let expiry = read(&self.expiry)?;
        same_key(&expiry.rent_payer, self.rent_payer.key, PlimsollError::RentPayerMismatch)?;
        let now = Clock::get()?.unix_timestamp;
        if now < expiry.expiry {
            return Err(refuse(PlimsollError::ExpiryNotOver, now, expiry.expiry));
        }
        let open = contracts_open(&expiry)?;
        if open != 0 {
            return Err(refuse(PlimsollError::ExpiryNotEmpty, open, 0));
        }
        if expiry.settlement_balance != 0 {
            return Err(refuse(PlimsollError::SettlementBalanceOpen, expiry.settlement_balance, 0));
        }
        if expiry.fees_accrued != 0 {
            return Err(refuse(PlimsollError::FeesUnswept, expiry.fees_accrued, 0));
        }
        Ok(())
    }

    /// Handler of `expiry_close`.
    ///
    /// Specification:
    /// - anyone closes an expiry whose time has passed and of which no account holds a contract
    /// - an expiry nobody ever held needs no settlement price to close
    /// - the settlement balance is zero and fees are swept, else closing is refused
    /// - the rent goes back to the recorded payer
    /// - the address is never used again: a listing needs a time ahead of the clock
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let expiry_account = ctx.accounts.expiry.key();
        let rent_payer = ctx.accounts.rent_payer.key();
        let expiry = read(&ctx.accounts.expiry)?.expiry;
        close(ctx.accounts.expiry.as_ref(), ctx.accounts.rent_payer.as_ref())?;
        log_plain(&ExpiryClosed { expiry_account, rent_payer, expiry });
        Ok(())
    }
}

/// Contracts that accounts still hold, long and short.
fn contracts_open(expiry: &Expiry) -> Result<i64> {
    if expiry.is_settled() {
        return expiry.unsettled_long.exact_add(expiry.unsettled_short).ok_or(refused(PlimsollError::Overflow));
    }
    let mut open = 0i64;
    for interest in expiry.strikes().iter().flat_map(|strike| strike.open_interest) {
        open = open.exact_add(interest).ok_or_else(|| refused(PlimsollError::Overflow))?;
    }
    Ok(open)
}
