//! Pays collateral into a margin account.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;

use crate::account_list;
use crate::arguments;
use crate::error::{ensure, refuse, refused, PlimsollError, Result};
use crate::events::CollateralMoved;
use crate::loaders::{read, same_key, write};
use crate::log::log_event;
use crate::state::{Clearinghouse, Collateral, MarginAccount};
use crate::tokens::{amount_of, Transfer, VaultChange};

arguments! {
    /// Arguments of `collateral_deposit`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CollateralDepositArgs {
        /// Atoms of the mint, > 0.
        pub amount: u64,
    }
}

account_list! {
    /// Accounts of `collateral_deposit`.
    #[derive(Accounts)]
    pub struct CollateralDeposit<'info> {
        /// Authority of the source token account; must be the owner for a kind the account does not hold yet.
        pub depositor: Signer<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Account to credit.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// The collateral: cap and total.
        #[account(mut)]
        pub collateral: AccountLoader<'info, Collateral>,
        /// CHECK: the vault the collateral names.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// CHECK: classic SPL token account of the collateral's mint, not the vault.
        #[account(mut)]
        pub source: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
    }
}

impl<'info> CollateralDeposit<'info> {
    /// - depositor: signs; the token program checks that it may spend from `source`; the owner for a new kind.
    /// - clearinghouse: by type and version.
    /// - margin_account, collateral: of this clearinghouse.
    /// - vault: the one the collateral names.
    /// - source: classic SPL, of the collateral's mint, not frozen, not the vault (`Transfer`).
    /// - token_program: by id (account list).
    fn validate(&self, collateral: &Collateral) -> Result<()> {
        read(&self.clearinghouse)?;
        let key = self.clearinghouse.as_ref().key;
        same_key(&collateral.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        same_key(self.vault.key, &collateral.vault, PlimsollError::VaultMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        let known = account.collateral_slot(collateral.index).is_some();
        ensure(known || account.owner == *self.depositor.key, PlimsollError::CollateralKindByOwnerOnly)?;
        // A new kind is a new account of the market set: it would make every bid on the way invalid.
        ensure(known || !account.in_auction(), PlimsollError::AccountInAuction)
    }

    /// Specification:
    /// - Anyone may add to a kind of collateral the account holds; only the owner adds a new kind, not in auction.
    /// - The account is credited with what the vault gained, never with what was asked for.
    /// - Above the collateral's cap and beyond eight kinds it is refused.
    /// - Token-2022, a foreign mint, a frozen account, the vault as source and a zero amount are refused.
    /// - The account's sequence stays.
    pub fn handler(ctx: Context<'info, Self>, args: CollateralDepositArgs) -> Result<()> {
        let mint = {
            let collateral = read(&ctx.accounts.collateral)?;
            ctx.accounts.validate(&collateral)?;
            collateral.mint
        };
        let transfer = Transfer { user: &ctx.accounts.source, vault: &ctx.accounts.vault, mint, amount: args.amount };
        let vault = transfer.pay_in(ctx.accounts.depositor.as_ref())?;
        ctx.accounts.credit(&vault)
    }

    /// Applies what the vault gained.
    fn credit(&self, vault: &VaultChange) -> Result<()> {
        let amount = vault.moved()?;
        let atoms = amount.unsigned_abs();
        let mut collateral = write(&self.collateral)?;
        let deposited = collateral.deposited.checked_add(atoms).ok_or_else(|| refused(PlimsollError::Overflow))?;
        if deposited > collateral.cap {
            return Err(refuse(PlimsollError::CollateralCap, amount_of(deposited)?, amount_of(collateral.cap)?));
        }
        collateral.deposited = deposited;
        let mut account = write(&self.margin_account)?;
        let slot =
            account.collateral_slot_mut(collateral.index).ok_or_else(|| refused(PlimsollError::CollateralSlots))?;
        let held_before = slot.amount;
        slot.index = collateral.index;
        slot.amount = held_before.checked_add(atoms).ok_or_else(|| refused(PlimsollError::Overflow))?;
        log_event(&CollateralMoved {
            margin_account: self.margin_account.key(),
            counterparty: self.depositor.key(),
            collateral: collateral.index,
            amount,
            held_before,
            held_after: slot.amount,
            deposited_after: deposited,
        });
        Ok(())
    }
}
