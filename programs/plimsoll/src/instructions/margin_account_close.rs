//! Closes an empty margin account.

use anchor_lang::prelude::*;

use crate::account_list;
use crate::addresses::close;
use crate::error::{ensure, PlimsollError, Result};
use crate::events::MarginAccountClosed;
use crate::loaders::{read, same_key};
use crate::log::log_plain;
use crate::state::MarginAccount;

account_list! {
    /// Accounts of `margin_account_close`.
    #[derive(Accounts)]
    pub struct MarginAccountClose<'info> {
        /// Owner of the account; receives the rent.
        #[account(mut)]
        pub owner: Signer<'info>,
        /// The account to close.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl<'info> MarginAccountClose<'info> {
    /// - owner: signs; is the account's; never its delegate.
    /// - margin_account: by type and version; holds nothing.
    fn validate(&self) -> Result<u16> {
        let account = read(&self.margin_account)?;
        same_key(&account.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        ensure(account.is_empty(), PlimsollError::MarginAccountNotEmpty)?;
        Ok(account.id)
    }

    /// Specification:
    /// - Only the owner closes its account; a delegate cannot.
    /// - An account with a leg, cash, debt, collateral or auction is refused.
    /// - The rent goes to the owner; the id never returns.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        let id = ctx.accounts.validate()?;
        close(ctx.accounts.margin_account.as_ref(), ctx.accounts.owner.as_ref())?;
        log_plain(&MarginAccountClosed {
            margin_account: ctx.accounts.margin_account.key(),
            owner: ctx.accounts.owner.key(),
            id,
        });
        Ok(())
    }
}
