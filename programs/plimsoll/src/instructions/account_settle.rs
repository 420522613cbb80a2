//! Settles the legs of one account in a settled expiry.

use anchor_lang::prelude::*;
use plimsoll_core::margin::payoff;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::{ContractSize, Price, Quantity, Quote, Wide};

use crate::account_list;
use crate::cash;
use crate::error::{core_refused, ensure, refuse, refused, PlimsollError, Result};
use crate::events::AccountSettled;
use crate::loaders::{read, same_key, write};
use crate::log::log_plain;
use crate::positions::expiry_slot_clear;
use crate::state::{Clearinghouse, Expiry, MarginAccount, PositionData, Underlying};

account_list! {
    /// Accounts of `account_settle`.
    #[derive(Accounts)]
    pub struct AccountSettle<'info> {
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The underlying of the expiry: contract size.
        pub underlying: AccountLoader<'info, Underlying>,
        /// The settled expiry.
        #[account(mut)]
        pub expiry: AccountLoader<'info, Expiry>,
        /// The account to settle.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
    }
}

/// What the legs of one account in one expiry come to. Conservation: summed over all accounts, `cash` is zero and
/// `long` = `short`.
#[derive(Clone, Copy, Debug, Default)]
struct Settlement {
    /// Change of the account's cash: quote atoms, + gain.
    cash: Wide,
    /// Contracts held long.
    long: i64,
    /// Contracts held short, >= 0.
    short: i64,
}

impl AccountSettle<'_> {
    /// - `clearinghouse`: type; `expiry` and `margin_account` name it.
    /// - `underlying`: type; it is the one the expiry names.
    /// - `expiry`: type; settled.
    /// - `margin_account`: type; any account, in auction or not.
    /// - no signer: anyone settles anyone, in any order.
    fn validate(&self) -> Result<()> {
        let clearinghouse = self.clearinghouse.key();
        let expiry = read(&self.expiry)?;
        same_key(&expiry.clearinghouse, &clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        same_key(&expiry.underlying, &self.underlying.key(), PlimsollError::UnderlyingMismatch)?;
        ensure(expiry.is_settled(), PlimsollError::ExpiryNotSettled)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, &clearinghouse, PlimsollError::ClearinghouseMismatch)
    }

    /// Handler of `account_settle`.
    ///
    /// Specification:
    /// - anyone settles any account of a settled expiry, in any order, also while it is in auction
    /// - every leg becomes its payoff: the same integer per contract for long and short
    /// - a second call changes nothing
    /// - a loss above cash becomes debt; a settlement is never refused for want of cash
    /// - a gain counts as cash at once and is held until the hold passes, unless no short of the expiry is
    ///   unsettled; what of it pays debt is not held
    /// - the expiry's settlement balance takes the other side and is zero once every account is settled
    /// - the account's sequence rises
    pub fn handler(ctx: Context<'_, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let clearinghouse = read(&ctx.accounts.clearinghouse)?;
        let size = ContractSize(read(&ctx.accounts.underlying)?.contract_size);
        let mut expiry = write(&ctx.accounts.expiry)?;
        let mut account = write(&ctx.accounts.margin_account)?;
        let Some(slot) = account.expiry_slot(expiry.underlying_index, expiry.expiry) else { return Ok(()) };
        let slot = u8::try_from(slot).map_err(|_| refused(PlimsollError::UnknownExpiry))?;

        let mut settlement = Settlement::default();
        expiry_slot_clear(&mut account, slot, |leg| settlement.add(leg, &expiry, size))?;
        let gain = Quote::from_wide(settlement.cash).map_err(core_refused)?.0;

        settlement.apply(&mut expiry, gain)?;
        let cash_before = account.cash;
        cash::change(&mut account, gain, now, &clearinghouse.parameters)?;
        if gain > 0 && expiry.unsettled_short > 0 {
            cash::hold(&mut account, gain, now, &clearinghouse.parameters)?;
        }
        cash::hold_trim(&mut account);
        account.sequence = account.sequence.wrapping_add(1);

        log_plain(&AccountSettled {
            margin_account: ctx.accounts.margin_account.key(),
            expiry_account: ctx.accounts.expiry.key(),
            settlement_price: expiry.settlement_price,
            contracts_long: settlement.long,
            contracts_short: settlement.short,
            cash_before,
            cash_after: account.cash,
            held_after: account.held,
            settlement_balance_after: expiry.settlement_balance,
        });
        Ok(())
    }
}

impl Settlement {
    fn add(&mut self, leg: &PositionData, expiry: &Expiry, size: ContractSize) -> Result<()> {
        let kind = OptionKind::from_u8(leg.kind).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
        let strike =
            expiry.strikes().get(usize::from(leg.strike)).ok_or_else(|| refused(PlimsollError::UnknownStrike))?;
        let payoff = payoff(Price(expiry.settlement_price), strike, kind, size).map_err(core_refused)?;
        let value = payoff.times(Quantity(leg.quantity));
        self.cash = self.cash.checked_add(value).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let contracts = i64::from(leg.quantity);
        // PROOF: at most 256 terms below 2^31.
        self.long = self.long.wrapping_add(contracts.max(0));
        self.short = self.short.wrapping_sub(contracts.min(0));
        Ok(())
    }

    /// The expiry's side. Errors: `OpenInterestBroken` if more is settled than was open, `SettlementBalanceOpen` if
    /// the last account leaves anything.
    fn apply(&self, expiry: &mut Expiry, gain: i64) -> Result<()> {
        let rest = |open: i64, settled: i64| {
            open.exact_sub(settled).filter(|rest| *rest >= 0).ok_or_else(|| refused(PlimsollError::OpenInterestBroken))
        };
        expiry.unsettled_long = rest(expiry.unsettled_long, self.long)?;
        expiry.unsettled_short = rest(expiry.unsettled_short, self.short)?;
        expiry.settlement_balance =
            expiry.settlement_balance.exact_sub(gain).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let done = expiry.unsettled_long == 0 && expiry.unsettled_short == 0;
        if done && expiry.settlement_balance != 0 {
            return Err(refuse(PlimsollError::SettlementBalanceOpen, expiry.settlement_balance, 0));
        }
        Ok(())
    }
}
