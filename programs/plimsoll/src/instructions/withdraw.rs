//! Takes quote tokens out of a margin account.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle::Action;
use plimsoll_core::outflow;
use plimsoll_core::units::Quote;
use plimsoll_core::waterfall::withdrawal_lock;

use crate::account_list;
use crate::arguments;
use crate::cash;
use crate::error::{
    core_refused, ensure, not_conserved, outflow_refused, refuse, refused, saturated, PlimsollError, Result,
};
use crate::events::Withdrawn;
use crate::loaders::{read, same_key, write, write_clearinghouse};
use crate::log::log_plain;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::state::{AccountOutflow, Clearinghouse, MarginAccount, Outflow, OutflowWindow};
use crate::tokens::{amount_of, token_account, ClearinghouseSigner, Transfer};

arguments! {
    /// Arguments of `withdraw`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WithdrawArgs {
        /// Quote atoms, > 0.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `withdraw`. Remaining accounts: market set of the margin account.
    #[derive(Accounts)]
    pub struct Withdraw<'info> {
        /// Owner of the margin account; a delegate never withdraws.
        pub owner: Signer<'info>,
        /// The risk domain; writable only while a deficit is open.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Account to debit.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// Outflow limiter.
        #[account(mut)]
        pub outflow: AccountLoader<'info, Outflow>,
        /// CHECK: the vault the clearinghouse names.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// CHECK: classic SPL token account of the quote mint, not the vault; whose it is, is the owner's choice.
        #[account(mut)]
        pub destination: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
    }
}

/// What a withdrawal changes, worked out before anything is written. Conservation: `cash_after = cash_before - amount`.
struct Plan {
    amount: i64,
    /// Additional lock of the account while a deficit is open, >= 0.
    lock: i64,
    window: OutflowWindow,
    account: AccountOutflow,
}

impl<'info> Withdraw<'info> {
    /// - owner: signs; is the account's; never its delegate.
    /// - clearinghouse: by type and version; names vault and outflow; writable if a deficit is open.
    /// - margin_account: of this clearinghouse, not in auction.
    /// - outflow, vault: the ones the clearinghouse names.
    /// - destination: classic SPL, of the quote mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    /// - remaining accounts: verified by `Markets`.
    fn validate(&self, clearinghouse: &Clearinghouse) -> Result<()> {
        same_key(self.outflow.as_ref().key, &clearinghouse.outflow, PlimsollError::OutflowMismatch)?;
        same_key(self.vault.key, &clearinghouse.vault, PlimsollError::VaultMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, self.clearinghouse.as_ref().key, PlimsollError::ClearinghouseMismatch)?;
        same_key(&account.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)
    }

    /// Specification:
    /// - Only the owner withdraws; a delegate cannot; no key can pause it.
    /// - An account without positions withdraws free cash without any oracle and without market accounts.
    /// - With positions every price of its market set must be valid for withdrawals and the initial balance after
    ///   must be >= 0.
    /// - Debt, interest owed, held settlement gains and locked amounts cannot be withdrawn.
    /// - Net outflow per window stays within its cap, but every account may take its reserved amount per window.
    /// - While a deficit is open a withdrawal locks its share of it in the account; nobody gains by being first.
    /// - An account in auction cannot be withdrawn from.
    /// - Token-2022, a foreign mint, a frozen account, the vault as destination and a zero amount are refused.
    pub fn handler(ctx: Context<'info, Self>, args: WithdrawArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let (plan, signer, mint) = {
            let clearinghouse = read(&ctx.accounts.clearinghouse)?;
            ctx.accounts.validate(&clearinghouse)?;
            let plan = ctx.accounts.plan(&clearinghouse, args.amount, now)?;
            (plan, ClearinghouseSigner::of(&clearinghouse), clearinghouse.quote_mint)
        };
        let cash_before = ctx.accounts.apply(&plan, now)?;
        let initial_after = ctx.accounts.check_margin(ctx.remaining_accounts, now)?;
        let transfer =
            Transfer { user: &ctx.accounts.destination, vault: &ctx.accounts.vault, mint, amount: args.amount };
        let vault = transfer.pay_out(ctx.accounts.clearinghouse.as_ref(), &signer)?;
        let cash_after = read(&ctx.accounts.margin_account)?.cash;
        let change = vault.moved()?.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?;
        let touched = |cash| Touched::default().owed(cash);
        check_conserved(touched(cash_before), touched(cash_after), change).map_err(not_conserved)?;
        log_plain(&Withdrawn {
            margin_account: ctx.accounts.margin_account.key(),
            destination: ctx.accounts.destination.key(),
            amount: plan.amount,
            cash_before,
            cash_after,
            locked: plan.lock,
            initial_after,
            vault_after: vault.after,
        });
        Ok(())
    }

    #[inline(never)]
    fn plan(&self, clearinghouse: &Clearinghouse, amount: u64, now: i64) -> Result<Plan> {
        ensure(amount > 0, PlimsollError::AmountZero)?;
        let account = read(&self.margin_account)?;
        let outflow = read(&self.outflow)?;
        let amount = amount_of(amount)?;
        let vault = Quote(amount_of(token_account(&self.vault)?.amount)?);
        let (deficit, locked) = (Quote(clearinghouse.deficit), Quote(clearinghouse.deficit_locked));
        let lock = withdrawal_lock(Quote(amount), deficit, locked, vault).map_err(core_refused)?;
        let lock = lock.ok_or_else(|| refused(PlimsollError::DeficitTotal))?.0;
        let free = cash::free(&account, now, clearinghouse)?;
        if amount.exact_add(lock).is_none_or(|needed| needed > free) {
            return Err(refuse(PlimsollError::CashShort, free, amount.saturated_add(lock)));
        }
        let (window, used) = (outflow.window.rules(), account.outflow.rules());
        let plan = outflow::withdraw(window, used, Quote(amount), vault, now, clearinghouse.parameters.rules());
        let plan = plan.map_err(outflow_refused)?;
        Ok(Plan {
            amount,
            lock,
            window: OutflowWindow::from_rules(&plan.state),
            account: AccountOutflow::from_rules(&plan.account),
        })
    }

    /// Writes the plan and returns the cash before.
    #[inline(never)]
    fn apply(&self, plan: &Plan, now: i64) -> Result<i64> {
        let mut account = write(&self.margin_account)?;
        let cash_before = account.cash;
        let debit = plan.amount.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?;
        {
            let clearinghouse = read(&self.clearinghouse)?;
            cash::release(&mut account, now);
            cash::change(&mut account, debit, now, &clearinghouse.parameters)?;
            account.locked = cash::locked_now(&account, &clearinghouse);
            account.locked_epoch = clearinghouse.deficit_epoch;
        }
        account.outflow = plan.account;
        write(&self.outflow)?.window = plan.window;
        if plan.lock > 0 {
            let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
            account.locked = account.locked.exact_add(plan.lock).ok_or_else(|| refused(PlimsollError::Overflow))?;
            let total =
                clearinghouse.deficit_locked.exact_add(plan.lock).ok_or_else(|| refused(PlimsollError::Overflow))?;
            clearinghouse.deficit_locked = total;
        }
        Ok(cash_before)
    }

    /// Initial balance after, saturated; an account without positions needs no market.
    #[inline(never)]
    fn check_margin(&self, remaining: &[AccountInfo<'info>], now: i64) -> Result<i64> {
        let clearinghouse = read(&self.clearinghouse)?;
        let account = read(&self.margin_account)?;
        let held: &[&MarginAccount] = if account.position_count > 0 { &[&account] } else { &[] };
        let key = self.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(held), remaining)?;
        if held.is_empty() {
            return Ok(account.cash);
        }
        markets.check_prices(Action::Withdraw, now)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);
        let initial = saturated(valuation.balances(&account)?.initial);
        if initial < 0 {
            return Err(refuse(PlimsollError::InitialMarginShort, initial, 0));
        }
        Ok(initial)
    }
}
