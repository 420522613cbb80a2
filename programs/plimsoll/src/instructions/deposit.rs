//! Pays quote tokens into a margin account.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll_core::outflow;
use plimsoll_core::units::Quote;

use crate::account_list;
use crate::arguments;
use crate::cash;
use crate::error::{core_refused, PlimsollError, Result};
use crate::events::Deposited;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::state::{Clearinghouse, MarginAccount, Outflow, OutflowWindow};
use crate::tokens::{amount_of, Transfer, VaultChange};

arguments! {
    /// Arguments of `deposit`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DepositArgs {
        /// Quote atoms, > 0.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `deposit`.
    #[derive(Accounts)]
    pub struct Deposit<'info> {
        /// Authority of the source token account: anyone.
        pub depositor: Signer<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Account to credit: anyone's.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// Outflow limiter: a deposit makes room.
        #[account(mut)]
        pub outflow: AccountLoader<'info, Outflow>,
        /// CHECK: the vault the clearinghouse names.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// CHECK: classic SPL token account of the quote mint, not the vault.
        #[account(mut)]
        pub source: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
    }
}

impl<'info> Deposit<'info> {
    /// - depositor: signs; the token program checks that it may spend from `source`.
    /// - clearinghouse: by type and version; names vault and outflow.
    /// - margin_account: of this clearinghouse; anyone's, in any status.
    /// - outflow, vault: the ones the clearinghouse names.
    /// - source: classic SPL, of the quote mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    fn validate(&self, clearinghouse: &Clearinghouse) -> Result<()> {
        same_key(self.outflow.as_ref().key, &clearinghouse.outflow, PlimsollError::OutflowMismatch)?;
        same_key(self.vault.key, &clearinghouse.vault, PlimsollError::VaultMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, self.clearinghouse.as_ref().key, PlimsollError::ClearinghouseMismatch)
    }

    /// Specification:
    /// - Anyone may deposit into any margin account, also one in debt or in auction.
    /// - The account is credited with what the vault gained, never with what was asked for.
    /// - Token-2022, a foreign mint, a frozen account, the vault as source and a zero amount are refused.
    /// - The deposit lowers the net outflow of the window; the account's sequence stays.
    pub fn handler(ctx: Context<'info, Self>, args: DepositArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        ctx.accounts.validate(&clearinghouse)?;
        let transfer = Transfer {
            user: &ctx.accounts.source,
            vault: &ctx.accounts.vault,
            mint: clearinghouse.quote_mint,
            amount: args.amount,
        };
        let vault = transfer.pay_in(ctx.accounts.depositor.as_ref())?;
        ctx.accounts.credit(&clearinghouse, &vault, now)
    }

    /// Applies what the vault gained.
    fn credit(&self, clearinghouse: &Clearinghouse, vault: &VaultChange, now: i64) -> Result<()> {
        let parameters = &clearinghouse.parameters;
        let amount = vault.moved()?;
        let mut account = write(&self.margin_account)?;
        let cash_before = account.cash;
        cash::change(&mut account, amount, now, parameters)?;
        let mut outflow = write(&self.outflow)?;
        let before = Quote(amount_of(vault.before)?);
        let window = outflow::deposit(outflow.window.rules(), Quote(amount), before, now, parameters.rules());
        outflow.window = OutflowWindow::from_rules(&window.map_err(core_refused)?);
        log_plain(&Deposited {
            margin_account: self.margin_account.key(),
            depositor: self.depositor.key(),
            amount,
            cash_before,
            cash_after: account.cash,
            vault_after: vault.after,
        });
        Ok(())
    }
}
