//! Contributes to the insurance fund; a recorded deficit is covered first.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll_core::math::fixed::Bounded;

use crate::account_list;
use crate::arguments;
use crate::error::{PlimsollError, Result};
use crate::events::InsuranceDeposited;
use crate::funds::recover_into;
use crate::loaders::{read, same_key, write, write_clearinghouse};
use crate::log::call_event;
use crate::state::{Clearinghouse, InsuranceFund};
use crate::tokens::{Transfer, VaultChange};

arguments! {
    /// Arguments of `insurance_deposit`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct InsuranceDepositArgs {
        /// Quote atoms, > 0.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `insurance_deposit`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct InsuranceDeposit<'info> {
        /// Authority of the source token account: anyone; the contribution cannot be redeemed.
        pub depositor: Signer<'info>,
        /// The risk domain: its deficit.
        #[account(mut)]
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The fund.
        #[account(mut)]
        pub insurance: AccountLoader<'info, InsuranceFund>,
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

impl<'info> InsuranceDeposit<'info> {
    /// - depositor: signs; the token program checks that it may spend from `source`.
    /// - clearinghouse: by type and version; names vault and fund.
    /// - insurance, vault: the ones the clearinghouse names.
    /// - source: classic SPL, of the quote mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    fn validate(&self) -> Result<Pubkey> {
        let clearinghouse = read(&self.clearinghouse)?;
        same_key(self.insurance.as_ref().key, &clearinghouse.insurance, PlimsollError::InsuranceMismatch)?;
        same_key(self.vault.key, &clearinghouse.vault, PlimsollError::VaultMismatch)?;
        Ok(clearinghouse.quote_mint)
    }

    /// Specification:
    /// - Anyone may contribute; a contribution is never redeemable.
    /// - A recorded deficit is covered first, by the contribution and then by the fund; only the rest of the
    ///   contribution reaches the fund.
    /// - When the deficit closes, every lock it caused is free.
    /// - The vault's measured change is what counts.
    pub fn handler(ctx: Context<'info, Self>, args: InsuranceDepositArgs) -> Result<()> {
        let mint = ctx.accounts.validate()?;
        let transfer = Transfer { user: &ctx.accounts.source, vault: &ctx.accounts.vault, mint, amount: args.amount };
        let vault = transfer.pay_in(ctx.accounts.depositor.as_ref())?;
        let event = ctx.accounts.credit(&vault)?;
        call_event(&ctx.accounts.event_authority, &event)
    }

    /// Applies what the vault gained.
    fn credit(&self, vault: &VaultChange) -> Result<InsuranceDeposited> {
        let amount = vault.moved()?;
        let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
        let mut fund = write(&self.insurance)?;
        let insurance_before = fund.balance;
        let plan = recover_into(&mut clearinghouse, &mut fund, amount)?;
        fund.contributed_total = fund.contributed_total.saturated_add(amount);
        Ok(InsuranceDeposited {
            clearinghouse: self.clearinghouse.key(),
            depositor: self.depositor.key(),
            amount,
            to_deficit: plan.deficit_paid.0,
            deficit_after: clearinghouse.deficit,
            insurance_before,
            insurance_after: fund.balance,
        })
    }
}
