//! Takes collateral out of a margin account.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll_core::oracle::Action;

use crate::account_list;
use crate::arguments;
use crate::cash;
use crate::error::{ensure, refuse, refused, saturated, PlimsollError, Result};
use crate::events::CollateralMoved;
use crate::loaders::{read, same_key, write};
use crate::log::log_event;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::state::{Clearinghouse, Collateral, CollateralSlot, MarginAccount};
use crate::tokens::{ClearinghouseSigner, Transfer};

arguments! {
    /// Arguments of `collateral_withdraw`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CollateralWithdrawArgs {
        /// Atoms of the mint, > 0.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `collateral_withdraw`. Remaining accounts: market set of the margin account as it is **after** the
    /// withdrawal.
    #[derive(Accounts)]
    pub struct CollateralWithdraw<'info> {
        /// Owner of the margin account; a delegate never withdraws.
        pub owner: Signer<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Account to debit.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// The collateral: total.
        #[account(mut)]
        pub collateral: AccountLoader<'info, Collateral>,
        /// CHECK: the vault the collateral names.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// CHECK: classic SPL token account of the collateral's mint, not the vault; whose it is, is the owner's choice.
        #[account(mut)]
        pub destination: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
    }
}

/// Balances around a withdrawal, atoms of the mint.
struct Moved {
    held_before: u64,
    held_after: u64,
    deposited_after: u64,
    index: u16,
}

impl<'info> CollateralWithdraw<'info> {
    /// - owner: signs; is the account's; never its delegate.
    /// - clearinghouse: by type and version.
    /// - margin_account: of this clearinghouse, not in auction, without debt.
    /// - collateral: of this clearinghouse; names mint and vault.
    /// - vault: the one the collateral names.
    /// - destination: classic SPL, of the collateral's mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    /// - remaining accounts: verified by `Markets`.
    fn validate(&self, now: i64) -> Result<()> {
        let clearinghouse = read(&self.clearinghouse)?;
        let key = self.clearinghouse.as_ref().key;
        let collateral = read(&self.collateral)?;
        same_key(&collateral.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        same_key(self.vault.key, &collateral.vault, PlimsollError::VaultMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        same_key(&account.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)?;
        let cash = cash::after_interest(&account, now, &clearinghouse.parameters)?;
        if cash < 0 {
            return Err(refuse(PlimsollError::DebtOpen, cash, 0));
        }
        Ok(())
    }

    /// Specification:
    /// - Only the owner withdraws; a delegate cannot; no key can pause it.
    /// - An account without positions and debt withdraws collateral without any oracle and without market accounts.
    /// - With positions every price of its market set must be valid for withdrawals and the initial balance after
    ///   must be >= 0.
    /// - More than the account holds, an account in debt and an account in auction are refused.
    /// - Token-2022, a foreign mint, a frozen account, the vault as destination and a zero amount are refused.
    pub fn handler(ctx: Context<'info, Self>, args: CollateralWithdrawArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        ctx.accounts.validate(now)?;
        let moved = ctx.accounts.debit(args.amount)?;
        ctx.accounts.check_margin(ctx.remaining_accounts, now)?;
        let transfer = Transfer {
            user: &ctx.accounts.destination,
            vault: &ctx.accounts.vault,
            mint: read(&ctx.accounts.collateral)?.mint,
            amount: args.amount,
        };
        let signer = ClearinghouseSigner::of(&*read(&ctx.accounts.clearinghouse)?);
        let vault = transfer.pay_out(ctx.accounts.clearinghouse.as_ref(), &signer)?;
        log_event(&CollateralMoved {
            margin_account: ctx.accounts.margin_account.key(),
            counterparty: ctx.accounts.destination.key(),
            collateral: moved.index,
            amount: vault.moved()?.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?,
            held_before: moved.held_before,
            held_after: moved.held_after,
            deposited_after: moved.deposited_after,
        });
        Ok(())
    }

    /// Takes the tokens off the account and the total; an empty slot is freed.
    fn debit(&self, amount: u64) -> Result<Moved> {
        ensure(amount > 0, PlimsollError::AmountZero)?;
        let mut collateral = write(&self.collateral)?;
        let mut account = write(&self.margin_account)?;
        let held_before = account.collateral_slot(collateral.index).map_or(0, |slot| slot.amount);
        let Some(held_after) = held_before.checked_sub(amount) else {
            return Err(refuse(PlimsollError::CollateralShort, shown(held_before), shown(amount)));
        };
        let slot =
            account.collateral_slot_mut(collateral.index).ok_or_else(|| refused(PlimsollError::CollateralShort))?;
        slot.amount = held_after;
        if held_after == 0 {
            *slot = CollateralSlot::default();
        }
        collateral.deposited =
            collateral.deposited.checked_sub(amount).ok_or_else(|| refused(PlimsollError::Overflow))?;
        Ok(Moved { held_before, held_after, deposited_after: collateral.deposited, index: collateral.index })
    }

    #[inline(never)]
    fn check_margin(&self, remaining: &[AccountInfo<'info>], now: i64) -> Result<()> {
        let clearinghouse = read(&self.clearinghouse)?;
        let account = read(&self.margin_account)?;
        let held: &[&MarginAccount] = if account.position_count > 0 { &[&account] } else { &[] };
        let key = self.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(held), remaining)?;
        if held.is_empty() {
            return Ok(());
        }
        markets.check_prices(Action::Withdraw, now)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);
        let initial = saturated(valuation.balances(&account)?.initial);
        if initial < 0 {
            return Err(refuse(PlimsollError::InitialMarginShort, initial, 0));
        }
        Ok(())
    }
}

/// Tokens for an error: at most `i64::MAX`.
fn shown(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
