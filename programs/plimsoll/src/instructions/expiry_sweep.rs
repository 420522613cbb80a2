//! Moves the trade fees of an expiry to fund and surplus.

use anchor_lang::prelude::*;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::trade::split_fees;
use plimsoll_core::units::{Quote, Ratio};

use crate::account_list;
use crate::error::{core_refused, ensure, not_conserved, PlimsollError, Result};
use crate::events::ExpirySwept;
use crate::funds::{cover_deficit, fund_covers, receive};
use crate::loaders::{read, same_key, write, write_clearinghouse};
use crate::log::log_plain;
use crate::state::{Clearinghouse, Expiry, InsuranceFund};

account_list! {
    /// Accounts of `expiry_sweep`.
    #[derive(Accounts)]
    pub struct ExpirySweep<'info> {
        /// The risk domain: its surplus and fee split.
        #[account(mut)]
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The fund.
        #[account(mut)]
        pub insurance: AccountLoader<'info, InsuranceFund>,
        /// The expiry to sweep.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
    }
}

impl<'info> ExpirySweep<'info> {
    /// - clearinghouse: by type and version; names the fund.
    /// - insurance: the one the clearinghouse names.
    /// - expiry: of this clearinghouse; has fees.
    /// - No signer: anyone moves fees where they belong.
    fn validate(&self) -> Result<()> {
        let clearinghouse = read(&self.clearinghouse)?;
        same_key(self.insurance.as_ref().key, &clearinghouse.insurance, PlimsollError::InsuranceMismatch)?;
        let expiry = read(&self.expiry)?;
        let key = self.clearinghouse.as_ref().key;
        same_key(&expiry.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(expiry.fees_accrued > 0, PlimsollError::FeesNone)
    }

    /// Specification:
    /// - Anyone sweeps the fees of an expiry of any status.
    /// - A recorded deficit is covered first, by the fees and then by the fund; of the rest of the fees the surplus
    ///   takes its share rounded down, the fund what remains.
    /// - Without fees it is refused.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let mut clearinghouse = write_clearinghouse(&ctx.accounts.clearinghouse)?;
        let mut fund = write(&ctx.accounts.insurance)?;
        let mut expiry = write(&ctx.accounts.expiry)?;
        let before = touched(&clearinghouse, &fund, &expiry);

        let fees = expiry.fees_accrued;
        expiry.fees_accrued = 0;
        let plan = cover_deficit(&mut clearinghouse, fees)?;
        let share = Ratio(clearinghouse.parameters.insurance_share);
        let split = split_fees(plan.fund, share).map_err(core_refused)?;
        clearinghouse.surplus = Quote(clearinghouse.surplus).add(split.surplus).map_err(core_refused)?.0;
        receive(&mut fund, split.insurance.0)?;
        fund_covers(&mut clearinghouse, &mut fund)?;

        check_conserved(before, touched(&clearinghouse, &fund, &expiry), 0).map_err(not_conserved)?;
        log_plain(&ExpirySwept {
            expiry_account: ctx.accounts.expiry.key(),
            fees,
            to_deficit: plan.deficit_paid.0,
            to_insurance: split.insurance.0,
            to_surplus: split.surplus.0,
            insurance_after: fund.balance,
            surplus_after: clearinghouse.surplus,
        });
        Ok(())
    }
}

fn touched(clearinghouse: &Clearinghouse, fund: &InsuranceFund, expiry: &Expiry) -> Touched {
    Touched::default()
        .owed(clearinghouse.surplus)
        .deficit(clearinghouse.deficit)
        .owed(fund.balance)
        .owed(expiry.fees_accrued)
}
