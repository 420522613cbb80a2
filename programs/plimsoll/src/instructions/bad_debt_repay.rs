//! Repays bad debt of an owner.

use anchor_lang::prelude::*;
use plimsoll_core::math::fixed::Bounded;
// The interface description asks every account type for its owner; our own `Owner` hides the trait of that name.
#[cfg(feature = "idl-build")]
use anchor_lang::Owner as _;
use anchor_spl::token::Token;

use crate::account_list;
use crate::arguments;
use crate::error::{ensure, refused, PlimsollError, Result};
use crate::events::BadDebtRepaid;
use crate::funds::recover_into;
use crate::loaders::{read, same_key, write, write_clearinghouse};
use crate::log::call_event;
use crate::state::{Clearinghouse, InsuranceFund, Owner};
use crate::tokens::{Transfer, VaultChange};

arguments! {
    /// Arguments of `bad_debt_repay`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BadDebtRepayArgs {
        /// Quote atoms, > 0; no more than the bad debt is taken.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `bad_debt_repay`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct BadDebtRepay<'info> {
        /// Authority of the source token account: anyone.
        pub payer: Signer<'info>,
        /// The risk domain: its deficit.
        #[account(mut)]
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Record of the owner that owes.
        #[account(mut)]
        pub owner_record: AccountLoader<'info, Owner>,
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

impl<'info> BadDebtRepay<'info> {
    /// - payer: signs; the token program checks that it may spend from `source`.
    /// - clearinghouse: by type and version; names vault and fund.
    /// - owner_record: of this clearinghouse; owes something.
    /// - insurance, vault: the ones the clearinghouse names.
    /// - source: classic SPL, of the quote mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    fn validate(&self, amount: u64) -> Result<(Pubkey, u64)> {
        let clearinghouse = read(&self.clearinghouse)?;
        same_key(self.insurance.as_ref().key, &clearinghouse.insurance, PlimsollError::InsuranceMismatch)?;
        same_key(self.vault.key, &clearinghouse.vault, PlimsollError::VaultMismatch)?;
        let record = read(&self.owner_record)?;
        let key = self.clearinghouse.as_ref().key;
        same_key(&record.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        let owed = u64::try_from(record.bad_debt).unwrap_or(0);
        ensure(owed > 0, PlimsollError::BadDebtNone)?;
        Ok((clearinghouse.quote_mint, amount.min(owed)))
    }

    /// Specification:
    /// - Anyone may repay anyone's bad debt; no more than is owed is taken.
    /// - A recorded deficit is covered first, the rest reaches the fund that paid.
    /// - The owner's bad debt falls by exactly what came in; at zero its accounts take new risk again.
    /// - An owner without bad debt is refused.
    pub fn handler(ctx: Context<'info, Self>, args: BadDebtRepayArgs) -> Result<()> {
        let (mint, amount) = ctx.accounts.validate(args.amount)?;
        let transfer = Transfer { user: &ctx.accounts.source, vault: &ctx.accounts.vault, mint, amount };
        let vault = transfer.pay_in(ctx.accounts.payer.as_ref())?;
        let event = ctx.accounts.credit(&vault)?;
        call_event(&ctx.accounts.event_authority, &event)
    }

    /// Applies what the vault gained.
    fn credit(&self, vault: &VaultChange) -> Result<BadDebtRepaid> {
        let amount = vault.moved()?;
        let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
        let mut fund = write(&self.insurance)?;
        let mut record = write(&self.owner_record)?;
        let bad_debt_before = record.bad_debt;
        record.bad_debt = bad_debt_before.exact_sub(amount).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let plan = recover_into(&mut clearinghouse, &mut fund, amount)?;
        Ok(BadDebtRepaid {
            clearinghouse: self.clearinghouse.key(),
            owner: record.owner,
            payer: self.payer.key(),
            amount,
            to_deficit: plan.deficit_paid.0,
            bad_debt_before,
            bad_debt_after: record.bad_debt,
            deficit_after: clearinghouse.deficit,
            insurance_after: fund.balance,
        })
    }
}
