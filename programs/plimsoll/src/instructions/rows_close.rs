//! Closes the risk rows of an expiry that is settled or closed.

use anchor_lang::prelude::*;

use crate::account_list;
use crate::addresses::close;
use crate::error::{refuse, PlimsollError, Result};
use crate::events::RowsClosed;
use crate::loaders::{is_a, same_key, typed};
use crate::log::log_plain;
use crate::portfolio::rows;
use crate::state::{Expiry, RiskRows};

account_list! {
    /// Accounts of `rows_close`.
    #[derive(Accounts)]
    pub struct RowsClose<'info> {
        /// CHECK: the expiry that the rows name, settled or closed.
        pub expiry: UncheckedAccount<'info>,
        /// The rows.
        #[account(mut)]
        pub rows: AccountLoader<'info, RiskRows>,
        /// CHECK: the key stored in the rows as payer of their rent; receives it back.
        #[account(mut)]
        pub rent_payer: UncheckedAccount<'info>,
    }
}

impl RowsClose<'_> {
    /// - `rows`: by type and version.
    /// - `expiry`: the one the rows name; settled, or closed. An address is never used again.
    /// - `rent_payer`: the key that paid the rent.
    /// - no signer: anyone closes; the rent goes to who paid it.
    fn validate(&self, now: i64) -> Result<()> {
        let rows = rows(self.rows.as_ref())?;
        same_key(&rows.expiry, self.expiry.key, PlimsollError::MarketMismatch)?;
        same_key(&rows.rent_payer, self.rent_payer.key, PlimsollError::RentPayerMismatch)?;
        if is_a::<Expiry>(&self.expiry) {
            let expiry = typed::<Expiry>(&self.expiry)?;
            if !expiry.is_settled() {
                return Err(refuse(PlimsollError::RowsLive, now, expiry.expiry));
            }
        }
        Ok(())
    }

    /// Handler of `rows_close`.
    ///
    /// Specification:
    /// - anyone closes the rows of an expiry that is settled or closed
    /// - rows of any other expiry are refused, also when its time has passed: books depend on them
    /// - the rent goes back to the recorded payer
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate(Clock::get()?.unix_timestamp)?;
        close(ctx.accounts.rows.as_ref(), ctx.accounts.rent_payer.as_ref())?;
        log_plain(&RowsClosed { rows: *ctx.accounts.rows.as_ref().key, rent_payer: *ctx.accounts.rent_payer.key });
        Ok(())
    }
}
