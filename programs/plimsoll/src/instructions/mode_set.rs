//! Changes the margin mode of an account. Remaining accounts: market set of the margin account.

use anchor_lang::prelude::*;
use plimsoll_core::oracle::Action;

use crate::account_list;
use crate::arguments;
use crate::error::{ensure, refuse, saturated, PlimsollError, Result};
use crate::events::ModeChanged;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::state::margin_account::{expiries_check, mode_check};
use crate::state::{Clearinghouse, MarginAccount};

arguments! {
    /// Arguments of `mode_set`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ModeSetArgs {
        /// 1 isolated, 2 cross, 3 portfolio.
        pub mode: u8,
    }
}

account_list! {
    /// Accounts of `mode_set`.
    #[derive(Accounts)]
    pub struct ModeSet<'info> {
        /// Owner of the margin account; its delegate never changes the mode.
        pub owner: Signer<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The account whose mode changes.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl<'info> ModeSet<'info> {
    /// - owner: signs; is the account's; never its delegate.
    /// - clearinghouse: by type and version.
    /// - margin_account: of this clearinghouse, not in auction, in another mode.
    /// - remaining accounts: verified by `Markets`.
    fn validate(&self, args: &ModeSetArgs) -> Result<()> {
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, self.clearinghouse.as_ref().key, PlimsollError::ClearinghouseMismatch)?;
        same_key(&account.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)?;
        mode_check(args.mode)?;
        if args.mode == account.mode {
            return Err(refuse(PlimsollError::ModeUnchanged, args.mode.into(), account.mode.into()));
        }
        expiries_check(args.mode, account.held_expiries().count())
    }

    /// Specification:
    /// - Only the owner changes the mode of its account; a delegate cannot.
    /// - Modes other than isolated, cross and portfolio, and the mode the account is in, are refused.
    /// - An account with legs of several expiries does not become isolated, nor one of more than ten portfolio.
    /// - Every price of its market set must be valid for new risk, and its initial balance under the new mode be >= 0.
    /// - An account in auction keeps its mode.
    /// - The sequence rises: what was signed for the old mode is void.
    pub fn handler(ctx: Context<'info, Self>, args: ModeSetArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        ctx.accounts.validate(&args)?;
        let mode_before = ctx.accounts.apply(&args)?;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        let account = read(&ctx.accounts.margin_account)?;
        let key = ctx.accounts.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(&[&account]), ctx.remaining_accounts)?;
        markets.check_prices(Action::RiskIncrease, now)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);
        let initial_after = saturated(valuation.for_new_risk().balances(&account)?.initial);
        if initial_after < 0 {
            return Err(refuse(PlimsollError::InitialMarginShort, initial_after, 0));
        }
        log_plain(&ModeChanged {
            margin_account: *ctx.accounts.margin_account.as_ref().key,
            initial_after,
            sequence: account.sequence,
            mode_before: mode_before.into(),
            mode_after: args.mode.into(),
        });
        Ok(())
    }

    /// Writes the mode; returns the one before.
    fn apply(&self, args: &ModeSetArgs) -> Result<u8> {
        let mut account = write(&self.margin_account)?;
        account.sequence = account.sequence.wrapping_add(1);
        Ok(core::mem::replace(&mut account.mode, args.mode))
    }
}
