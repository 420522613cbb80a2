//! Opens the risk rows of an expiry.

use anchor_lang::prelude::*;

use crate::account_list;
use crate::addresses::{create, NewAccount, DISCRIMINATOR_LEN};
use crate::constants::{seeds, LAYOUT_VERSION};
use crate::error::{ensure, PlimsollError, Result};
use crate::events::RowsOpened;
use crate::loaders::read;
use crate::log::log_plain;
use crate::portfolio::rows_mut;
use crate::state::risk_rows::SPACE_FIRST;
use crate::state::{Expiry, RiskRows};

account_list! {
    /// Accounts of `rows_open`.
    #[derive(Accounts)]
    pub struct RowsOpen<'info> {
        /// Pays the rent and gets it back at the close.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// The expiry.
        pub expiry: AccountLoader<'info, Expiry>,
        /// CHECK: created here at `rows`, expiry.
        #[account(mut)]
        pub rows: UncheckedAccount<'info>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> RowsOpen<'info> {
    /// - payer: signs; pays.
    /// - expiry: by type and version; not settled; the rows' address derives from it.
    /// - rows: `create` compares it with its derived address and refuses one in use.
    /// - system_program: by id (account list).
    fn validate(&self) -> Result<()> {
        ensure(!read(&self.expiry)?.is_settled(), PlimsollError::ExpirySettledAlready)
    }

    /// Specification:
    /// - Anyone opens the rows of an expiry that is not settled and pays their rent, which returns at the close.
    /// - Rows that exist are refused.
    /// - They start with room for the first strikes and without values.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        ctx.accounts.initialise_rows()?;
        log_plain(&RowsOpened {
            rows: *ctx.accounts.rows.key,
            expiry_account: *ctx.accounts.expiry.as_ref().key,
            rent_payer: *ctx.accounts.payer.key,
        });
        Ok(())
    }

    fn initialise_rows(&self) -> Result<()> {
        let expiry = *self.expiry.as_ref().key;
        let bump = create(&NewAccount {
            account: &self.rows,
            payer: self.payer.as_ref(),
            seeds: &[seeds::ROWS, expiry.as_ref()],
            space: SPACE_FIRST,
            owner: crate::ID,
        })?;
        if let Some(discriminator) = self.rows.try_borrow_mut_data()?.get_mut(..DISCRIMINATOR_LEN) {
            discriminator.copy_from_slice(RiskRows::DISCRIMINATOR);
        }
        let mut rows = rows_mut(&self.rows)?;
        rows.expiry = expiry;
        rows.rent_payer = *self.payer.key;
        rows.version = LAYOUT_VERSION;
        rows.bump = bump;
        Ok(())
    }
}
