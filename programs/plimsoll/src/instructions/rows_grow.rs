//! Adds room for strikes to the risk rows of an expiry.

use anchor_lang::prelude::*;
use plimsoll_core::margin::scenario::ROW;

use crate::account_list;
use crate::addresses::{rent_exempt_balance, transfer};
use crate::error::{refuse, refused, PlimsollError, Result};
use crate::events::RowsGrown;
use crate::log::log_plain;
use crate::portfolio::{rows, values};
use crate::state::risk_rows::{GROWTH_MAX, SPACE_MAX};
use crate::state::RiskRows;

account_list! {
    /// Accounts of `rows_grow`.
    #[derive(Accounts)]
    pub struct RowsGrow<'info> {
        /// Pays the rent of the new room, which returns to who opened the rows.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// The rows.
        #[account(mut)]
        pub rows: AccountLoader<'info, RiskRows>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> RowsGrow<'info> {
    /// - payer: signs; pays.
    /// - rows: by type and version; not whole yet.
    /// - system_program: by id (account list).
    fn validate(&self) -> Result<usize> {
        rows(self.rows.as_ref())?;
        let space = self.rows.as_ref().data_len();
        if space >= SPACE_MAX {
            let number = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
            return Err(refuse(PlimsollError::RowsWhole, number(space), number(SPACE_MAX)));
        }
        Ok(space.saturating_add(GROWTH_MAX).min(SPACE_MAX))
    }

    /// Specification:
    /// - Anyone adds room for twenty strikes, or what is missing to all of them, and pays its rent.
    /// - Rows that have room for every strike are refused.
    /// - New room holds no values; those that were there stay.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        let space = ctx.accounts.validate()?;
        let rows = ctx.accounts.rows.as_ref();
        let bytes = u64::try_from(space).map_err(|_| refused(PlimsollError::Overflow))?;
        let missing = rent_exempt_balance(&Rent::get()?, bytes)?.saturating_sub(rows.lamports());
        transfer(ctx.accounts.payer.as_ref(), rows, missing)?;
        rows.resize(space)?;
        let strikes = values(rows)?.len().checked_div(ROW).and_then(|strikes| u64::try_from(strikes).ok());
        log_plain(&RowsGrown { rows: *rows.key, strikes: strikes.unwrap_or(0) });
        Ok(())
    }
}
