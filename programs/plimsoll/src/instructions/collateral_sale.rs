//! Buys collateral of an account in debt at a falling price. Remaining accounts: market set of both accounts and the collateral.

use std::cell::RefMut;

use anchor_lang::prelude::*;
use plimsoll_core::debt::{plan_sale, SalePlan, SaleTerms};
use plimsoll_core::delegate::DelegateAction;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::math::fixed::{mul_div_up, Bounded};
use plimsoll_core::oracle::Action;
use plimsoll_core::units::{Price, Quote};

use crate::account_list;
use crate::arguments;
use crate::auction::settled_first;
use crate::authority::{acting, spend, validity_check, Acting};
use crate::cash;
use crate::error::{ensure, not_conserved, refuse, refused, saturated, PlimsollError, Result};
use crate::events::CollateralSold;
use crate::loaders::{different_keys, read, same_key, write};
use crate::log::log_event;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::refusals::debt_refused;
use crate::state::{Clearinghouse, MarginAccount};

arguments! {
    /// Arguments of `collateral_sale`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CollateralSaleArgs {
        /// Index of the collateral.
        pub collateral: u16,
        /// Most atoms of the mint to buy, > 0.
        pub amount: u64,
        /// Most the buyer pays: quote atoms.
        pub price_limit: i64,
        /// Last second of validity: unix seconds.
        pub valid_until: i64,
    }
}

account_list! {
    /// Accounts of `collateral_sale`.
    #[derive(Accounts)]
    pub struct CollateralSale<'info> {
        /// Owner or delegate of the buying account.
        pub buyer_authority: Signer<'info>,
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The account in debt.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// The buying account.
        #[account(mut)]
        pub buyer: AccountLoader<'info, MarginAccount>,
    }
}

/// Both accounts while the sale is worked on.
struct Parties<'a> {
    account: RefMut<'a, MarginAccount>,
    buyer: RefMut<'a, MarginAccount>,
    acting: Acting,
}

impl<'info> CollateralSale<'info> {
    /// - `buyer_authority`: signs; owner or delegate of `buyer`.
    /// - `clearinghouse`: type; every other account names it.
    /// - `margin_account`: type, clearinghouse; in debt, not in auction (an auction sells collateral in kind).
    /// - `buyer`: type, clearinghouse; another account, of another owner, not in auction.
    /// - remaining accounts: exactly the market set, see [`Markets::load`].
    fn validate(&self, args: &CollateralSaleArgs, now: i64) -> Result<()> {
        validity_check(now, args.valid_until)?;
        different_keys(self.margin_account.as_ref().key, self.buyer.as_ref().key)?;
        let key = self.clearinghouse.as_ref().key;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)?;
        if account.cash >= 0 {
            return Err(refuse(PlimsollError::DebtNone, account.cash, 0));
        }
        let buyer = read(&self.buyer)?;
        same_key(&buyer.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(!buyer.in_auction(), PlimsollError::AccountInAuction)?;
        ensure(buyer.owner != account.owner, PlimsollError::OwnerOnBothSides)?;
        Ok(())
    }

    /// Handler of `collateral_sale`.
    ///
    /// Specification:
    /// - anyone with a margin account buys collateral of an account in debt, at a price valid for liquidation
    /// - the price is the oracle's, while it walks the higher of accepted and raw, less a discount that grows from 0 since
    ///   the debt arose, up to the buyer's limit; settled expiries of the seller are settled first
    /// - at most what cures the debt, interest included, is sold, at most what is held and asked for
    /// - the buyer pays from its cash, which stays >= 0, and its initial balance is >= 0 after
    /// - the same owner on both sides and accounts in auction are refused
    /// - no token leaves the vault: both accounts' records change; both cash changes sum to zero; the buyer's sequence
    ///   rises, the seller's does not: what it signed stays good
    pub fn handler(ctx: Context<'info, Self>, args: CollateralSaleArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &*ctx.accounts;
        accounts.validate(&args, now)?;
        let clearinghouse = read(&accounts.clearinghouse)?;
        let mut parties = accounts.parties()?;
        let scope =
            Scope { accounts: &[&parties.account, &parties.buyer], expiry: None, collateral: Some(args.collateral) };
        let key = accounts.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &scope, ctx.remaining_accounts)?;
        markets.check_prices(Action::Liquidate, now)?;
        settled_first(&parties.account, &markets)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);

        let terms = sale_terms(&args, &parties.account, &valuation)?;
        let plan = plan_sale(&terms, clearinghouse.parameters.rules()).map_err(debt_refused)?;
        let (before, cash_before) = (parties.touched(), parties.account.cash);
        parties.apply(&args, &plan, &valuation)?;
        parties.check_buyer(&valuation, &clearinghouse)?;
        check_conserved(before, parties.touched(), 0).map_err(not_conserved)?;
        log_event(&CollateralSold {
            margin_account: accounts.margin_account.key(),
            buyer: accounts.buyer.key(),
            collateral: args.collateral,
            amount: plan.amount,
            proceeds: plan.proceeds.0,
            price: terms.price.0,
            discount: plan.discount,
            cash_before,
            cash_after: parties.account.cash,
            buyer_cash_after: parties.buyer.cash,
        });
        Ok(())
    }

    fn parties(&self) -> Result<Parties<'_>> {
        let buyer = write(&self.buyer)?;
        let acting = acting(&buyer, self.buyer_authority.key)?;
        Ok(Parties { account: write(&self.margin_account)?, buyer, acting })
    }
}

/// Debt, holding, price and clock of the sale. Errors: `CollateralShort` if none is held, `PriceMissing`.
fn sale_terms(args: &CollateralSaleArgs, account: &MarginAccount, valuation: &Valuation) -> Result<SaleTerms> {
    let collateral = valuation.markets.collateral(args.collateral)?;
    let held = account.collateral_slot(args.collateral).map_or(0, |slot| slot.amount);
    let debt = cash::after_interest(account, valuation.now, valuation.parameters)?;
    Ok(SaleTerms {
        debt: Quote(debt.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?),
        held,
        wanted: args.amount,
        price: valuation.markets.quote_prices(collateral.priced_by)?.1,
        decimals: collateral.decimals,
        elapsed: valuation.now.saturated_sub(account.debt_since),
        price_limit: Quote(args.price_limit),
    })
}

/// What a buyer pays above the lower price, at most: counted against its delegate's budget.
fn above_lower(proceeds: Quote, (low, high): (Price, Price)) -> Result<Quote> {
    let gap = high.0.saturated_sub(low.0);
    mul_div_up(proceeds.0, gap, high.0).map(Quote).ok_or_else(|| refused(PlimsollError::Overflow))
}

impl Parties<'_> {
    fn touched(&self) -> Touched {
        Touched::default().owed(self.account.cash).owed(self.buyer.cash)
    }

    fn apply(&mut self, args: &CollateralSaleArgs, plan: &SalePlan, valuation: &Valuation) -> Result<()> {
        let (now, parameters) = (valuation.now, valuation.parameters);
        let from =
            self.account.collateral_slot_mut(args.collateral).ok_or_else(|| refused(PlimsollError::CollateralShort))?;
        from.amount = from.amount.checked_sub(plan.amount).ok_or_else(|| refused(PlimsollError::CollateralShort))?;
        let into =
            self.buyer.collateral_slot_mut(args.collateral).ok_or_else(|| refused(PlimsollError::CollateralSlots))?;
        into.index = args.collateral;
        into.amount = into.amount.checked_add(plan.amount).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let paid = plan.proceeds.0.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?;
        cash::change(&mut self.account, plan.proceeds.0, now, parameters)?;
        cash::change(&mut self.buyer, paid, now, parameters)?;
        let priced_by = valuation.markets.collateral(args.collateral)?.priced_by;
        let adverse = above_lower(plan.proceeds, valuation.markets.quote_prices(priced_by)?)?;
        spend(&mut self.buyer, self.acting, DelegateAction::Bid, adverse, now)?;
        self.buyer.sequence = self.buyer.sequence.wrapping_add(1);
        Ok(())
    }

    /// The buyer's margin and cash. Errors: `InitialMarginShort`, `CashShort`.
    fn check_buyer(&self, valuation: &Valuation, clearinghouse: &Clearinghouse) -> Result<()> {
        let initial = valuation.for_new_risk().balances(&self.buyer)?.initial;
        if initial < 0 {
            return Err(refuse(PlimsollError::InitialMarginShort, saturated(initial), 0));
        }
        let free = cash::free(&self.buyer, valuation.now, clearinghouse)?;
        if free < 0 {
            return Err(refuse(PlimsollError::CashShort, free, 0));
        }
        Ok(())
    }
}
