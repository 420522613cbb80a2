//! Moves interest on debt to the insurance fund.

use anchor_lang::prelude::*;
use plimsoll_core::invariants::{check_conserved, Touched};

use crate::account_list;
use crate::cash;
use crate::error::{not_conserved, PlimsollError, Result};
use crate::events::DebtAccrued;
use crate::funds;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::state::{Clearinghouse, InsuranceFund, MarginAccount};

account_list! {
    /// Accounts of `debt_accrue`.
    #[derive(Accounts)]
    pub struct DebtAccrue<'info> {
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Receives the interest.
        #[account(mut)]
        pub insurance: AccountLoader<'info, InsuranceFund>,
        /// The account in debt.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

impl DebtAccrue<'_> {
    /// - `clearinghouse`: type; the other two name it.
    /// - `insurance`: type; the fund of this clearinghouse.
    /// - `margin_account`: type, clearinghouse.
    /// - no signer: anyone moves what is owed.
    fn validate(&self) -> Result<()> {
        let key = self.clearinghouse.key();
        let fund = read(&self.clearinghouse)?.insurance;
        same_key(self.insurance.as_ref().key, &fund, PlimsollError::InsuranceMismatch)?;
        same_key(&read(&self.margin_account)?.clearinghouse, &key, PlimsollError::ClearinghouseMismatch)
    }

    /// Handler of `debt_accrue`.
    ///
    /// Specification:
    /// - anyone moves the interest an account owes from its cash to the insurance fund
    /// - interest runs on negative cash only, per second, rounded up
    /// - what the account loses the fund gains
    /// - without interest owed nothing changes
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        let mut account = write(&ctx.accounts.margin_account)?;
        let mut fund = write(&ctx.accounts.insurance)?;
        let (cash_before, insurance_before) = (account.cash, fund.balance);

        let interest = cash::interest_pay(&mut account, now, &clearinghouse.parameters)?;
        funds::receive(&mut fund, interest)?;

        let before = Touched::default().owed(cash_before).owed(insurance_before);
        let after = Touched::default().owed(account.cash).owed(fund.balance);
        check_conserved(before, after, 0).map_err(not_conserved)?;
        log_plain(&DebtAccrued {
            margin_account: ctx.accounts.margin_account.key(),
            interest,
            cash_before,
            cash_after: account.cash,
            insurance_before,
            insurance_after: fund.balance,
        });
        Ok(())
    }
}
