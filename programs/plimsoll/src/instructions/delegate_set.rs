//! Sets, changes or removes the delegate of a margin account.

use anchor_lang::prelude::*;

use crate::account_list;
use crate::arguments;
use crate::error::{ensure, parameter_refused, refused, PlimsollError, Result};
use crate::events::DelegateChanged;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::state::{DelegateData, DelegateTerms, MarginAccount};

arguments! {
    /// Arguments of `delegate_set`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DelegateSetArgs {
        /// The delegate; all zero removes it, and the other fields must be zero too.
        pub delegate: Pubkey,
        /// Last second of its power: unix seconds.
        pub expires_at: i64,
        /// Fees plus adverse price against the mark it may spend per window: quote atoms, >= 0.
        pub budget: i64,
        /// Length of a window, seconds: one minute to one year.
        pub window_seconds: u32,
        /// Allowed actions: 1 trade, 2 bid.
        pub actions: u32,
    }
}

account_list! {
    /// Accounts of `delegate_set`.
    #[derive(Accounts)]
    pub struct DelegateSet<'info> {
        /// Owner of the account.
        pub owner: Signer<'info>,
        /// The account.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl<'info> DelegateSet<'info> {
    /// - owner: signs; is the account's.
    /// - margin_account: by type and version; not in auction.
    fn validate(&self, args: &DelegateSetArgs) -> Result<()> {
        let account = read(&self.margin_account)?;
        same_key(&account.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        // The sequence rises: an owner could make every bid for its account fail.
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)?;
        if args.delegate == Pubkey::default() {
            let none = args.expires_at == 0 && args.budget == 0 && args.window_seconds == 0 && args.actions == 0;
            return ensure(none, PlimsollError::DelegateTerms);
        }
        ensure(args.delegate != *self.owner.key, PlimsollError::DelegateTerms)?;
        args.terms(0).rules().validate().map_err(parameter_refused)
    }

    /// Specification:
    /// - Only the owner sets the delegate; a delegate cannot change it.
    /// - Terms out of range, unknown actions and the owner itself as delegate are refused.
    /// - The zero key removes the delegate.
    /// - The account's sequence rises, so that orders signed under the old delegate fail.
    /// - In auction it is refused: a rising sequence would make bids fail.
    pub fn handler(ctx: Context<'info, Self>, args: DelegateSetArgs) -> Result<()> {
        ctx.accounts.validate(&args)?;
        let now = Clock::get()?.unix_timestamp;
        let mut account = write(&ctx.accounts.margin_account)?;
        let delegate_before = account.delegate.key;
        account.delegate = DelegateData { key: args.delegate, terms: args.terms(now) };
        account.sequence = account.sequence.checked_add(1).ok_or_else(|| refused(PlimsollError::Overflow))?;
        log_plain(&DelegateChanged {
            margin_account: ctx.accounts.margin_account.key(),
            delegate_before,
            delegate_after: args.delegate,
            expires_at: args.expires_at,
            budget: args.budget,
            window_seconds: args.window_seconds,
            actions: args.actions,
            sequence: account.sequence,
        });
        Ok(())
    }
}

impl DelegateSetArgs {
    /// The terms with nothing spent in a window that starts `now`.
    fn terms(&self, now: i64) -> DelegateTerms {
        DelegateTerms {
            expires_at: self.expires_at,
            budget: self.budget,
            spent: 0,
            window_start: now,
            window_seconds: self.window_seconds,
            actions: self.actions,
        }
    }
}
