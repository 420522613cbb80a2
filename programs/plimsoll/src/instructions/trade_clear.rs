//! Clears a trade between two margin accounts. Remaining accounts: market set of both accounts and the traded expiry (writable).

use std::cell::RefMut;

use anchor_lang::prelude::*;
// The interface description asks every account type for its owner; our own `Owner` hides the trait of that name.
#[cfg(feature = "idl-build")]
use anchor_lang::Owner as _;
use plimsoll_core::delegate::{self, DelegateAction};
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::margin::Balances;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle::Action;
use plimsoll_core::position::OptionKind;
use plimsoll_core::trade::{self, LegChange, PriceStanding, SideCheck, Standing, TradePlan, TradeRule, TradeTerms};
use plimsoll_core::units::{ContractSize, Price, Quantity, Quote};

use crate::account_list;
use crate::arguments;
use crate::auction::{clock_keep, reading};
use crate::authority::{acting, sequence_check, spend, validity_check, Acting};
use crate::cash;
use crate::error::{core_refused, ensure, not_conserved, refuse, refused, PlimsollError, Result};
use crate::events::TradeCleared;
use crate::loaders::{different_keys, read, same_key, write};
use crate::log::log_plain;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::positions::{leg_change, leg_quantity, open_interest, open_interest_change, Series};
use crate::refusals::trade_refused;
use crate::state::{Clearinghouse, MarginAccount, Owner};

arguments! {
    /// Arguments of `trade_clear`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TradeClearArgs {
        /// Index of the underlying.
        pub underlying: u16,
        /// Strike id.
        pub strike: u8,
        /// 0 call, 1 put.
        pub kind: u8,
        /// Contracts the buyer buys, > 0.
        pub quantity: i32,
        /// Expiry time: unix seconds.
        pub expiry: i64,
        /// Price of the strike: quote atoms per whole underlying. Its id may come to name another one.
        pub strike_price: i64,
        /// Premium per contract: quote atoms, >= 0.
        pub price: i64,
        /// Last second of validity: unix seconds.
        pub valid_until: i64,
        /// Sequence of the buyer account the buyer signed for.
        pub buyer_sequence: u64,
        /// Sequence of the seller account the seller signed for.
        pub seller_sequence: u64,
    }
}

account_list! {
    /// Accounts of `trade_clear`.
    #[derive(Accounts)]
    pub struct TradeClear<'info> {
        /// Owner or delegate of the buying account.
        pub buyer_authority: Signer<'info>,
        /// Owner or delegate of the selling account.
        pub seller_authority: Signer<'info>,
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The buying account.
        #[account(mut)]
        pub buyer: AccountLoader<'info, MarginAccount>,
        /// The selling account.
        #[account(mut)]
        pub seller: AccountLoader<'info, MarginAccount>,
        /// Owner record of the buyer's owner: bad debt.
        pub buyer_owner: AccountLoader<'info, Owner>,
        /// Owner record of the seller's owner: bad debt.
        pub seller_owner: AccountLoader<'info, Owner>,
    }
}

/// One side while the trade is worked on.
struct Side<'a> {
    account: RefMut<'a, MarginAccount>,
    acting: Acting,
    owes_bad_debt: bool,
    /// Contracts: + bought, - sold.
    quantity: Quantity,
    leg: LegChange,
    /// Change of cash, fee included.
    cash: Quote,
}

/// The trade as planned.
#[derive(Clone, Copy)]
struct Trade {
    series: Series,
    standing: PriceStanding,
    terms: TradeTerms,
    plan: TradePlan,
}

impl<'info> TradeClear<'info> {
    /// - `buyer_authority`, `seller_authority`: sign; owner or delegate of their side; not the same key.
    /// - `clearinghouse`: type; every other account names it.
    /// - `buyer`, `seller`: type, clearinghouse, signed sequence; not the same account, not the same owner.
    /// - `buyer_owner`, `seller_owner`: type, clearinghouse, key of the side's owner.
    /// - remaining accounts: exactly the market set, see [`Markets::load`].
    fn validate(&self, args: &TradeClearArgs, now: i64) -> Result<()> {
        different_keys(self.buyer.as_ref().key, self.seller.as_ref().key)?;
        let same_signer = self.buyer_authority.key == self.seller_authority.key;
        ensure(!same_signer, PlimsollError::SignerOnBothSides)?;
        validity_check(now, args.valid_until)?;
        if args.price < 0 {
            return Err(refuse(PlimsollError::TradePriceNegative, args.price, 0));
        }
        Ok(())
    }

    /// Loads both sides once, with the checks that `validate` names.
    fn sides(&self, args: &TradeClearArgs) -> Result<[Side<'_>; 2]> {
        let sold = Quantity(args.quantity.checked_neg().ok_or_else(|| refused(PlimsollError::QuantityOverflow))?);
        let key = self.clearinghouse.as_ref().key;
        let buyer = Side::load(key, (&self.buyer, &self.buyer_authority, &self.buyer_owner), args.buyer_sequence)?;
        let seller = Side::load(key, (&self.seller, &self.seller_authority, &self.seller_owner), args.seller_sequence)?;
        ensure(buyer.account.owner != seller.account.owner, PlimsollError::OwnerOnBothSides)?;
        Ok([Side { quantity: Quantity(args.quantity), ..buyer }, Side { quantity: sold, ..seller }])
    }

    /// Handler of `trade_clear`.
    ///
    /// Specification:
    /// - the clearinghouse stands between the two sides: each gets a position against it, the same integer premium
    /// - both sides sign, as owner or delegate, for the sequence of their account, until `valid_until`
    /// - the same account, owner or signer on both sides is refused
    /// - the expiry is live, its strike has the signed price; the premium lies within the band around the mark
    /// - each side pays its fee into the expiry; buyer cash, seller cash and fees change by zero in sum
    /// - initial balance and cash of both sides are >= 0 after, or the trade cures; buying back a short may use the
    ///   debt cap; held and locked cash pays nothing
    /// - at a guarded price, in auction or with open bad debt of its owner a side may only cure
    /// - at a stale price both sides reduce, at the mark, and keep their initial balance >= 0 or cure
    /// - position limit and open interest cap hold unless the trade lowers them
    /// - an account in auction trades only in underlyings it holds
    /// - both sequences rise
    pub fn handler(ctx: Context<'info, Self>, args: TradeClearArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &*ctx.accounts;
        accounts.validate(&args, now)?;
        let clearinghouse = read(&accounts.clearinghouse)?;
        let [mut buyer, mut seller] = accounts.sides(&args)?;
        let expiry = (args.underlying, args.expiry);
        let scope = Scope { accounts: &[&buyer.account, &seller.account], expiry: Some(expiry), collateral: None };
        let markets =
            Markets::load(&clearinghouse, accounts.clearinghouse.as_ref().key, &scope, ctx.remaining_accounts)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);

        let trade = Trade::plan(&args, &valuation)?;
        let interest = trade.plan_sides(&valuation, &mut buyer, &mut seller)?;

        let before = trade.touched(&markets, (&buyer, &seller))?;
        trade.apply_side(&mut buyer, &valuation)?;
        trade.apply_side(&mut seller, &valuation)?;
        trade.apply_expiry(&markets, interest)?;

        trade.check_side(&mut buyer, &valuation, &clearinghouse)?;
        trade.check_side(&mut seller, &valuation, &clearinghouse)?;
        let after = trade.touched(&markets, (&buyer, &seller))?;
        check_conserved(before, after, 0).map_err(not_conserved)?;
        log_plain(&trade.event(accounts, &markets, (&buyer, &seller))?);
        Ok(())
    }
}

impl<'a> Side<'a> {
    fn load<'info>(
        clearinghouse: &Pubkey,
        (account, signer, record): (
            &'a AccountLoader<'info, MarginAccount>,
            &Signer<'info>,
            &AccountLoader<'info, Owner>,
        ),
        sequence: u64,
    ) -> Result<Self> {
        let account = write(account)?;
        same_key(&account.clearinghouse, clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        let acting = acting(&account, signer.key)?;
        sequence_check(&account, sequence)?;
        let record = read(record)?;
        same_key(&record.clearinghouse, clearinghouse, PlimsollError::ClearinghouseMismatch)?;
        same_key(&record.owner, &account.owner, PlimsollError::OwnerMismatch)?;
        Ok(Self {
            account,
            acting,
            owes_bad_debt: record.bad_debt > 0,
            quantity: Quantity::ZERO,
            leg: LegChange::default(),
            cash: Quote::ZERO,
        })
    }

    /// Applies the trade (`forward`) or takes it back.
    fn turn(&mut self, series: &Series, forward: bool) -> Result<()> {
        let (quantity, cash) = (self.quantity.0, self.cash.0);
        let (quantity, cash) =
            if forward { (Some(quantity), Some(cash)) } else { (quantity.checked_neg(), cash.checked_neg()) };
        let (quantity, cash) = quantity.zip(cash).ok_or_else(|| refused(PlimsollError::Overflow))?;
        leg_change(&mut self.account, series, quantity)?;
        self.account.cash = self.account.cash.exact_add(cash).ok_or_else(|| refused(PlimsollError::Overflow))?;
        Ok(())
    }
}

impl Trade {
    /// Series, price standing, mark, band, premium and fees.
    #[inline(never)]
    fn plan(args: &TradeClearArgs, valuation: &Valuation) -> Result<Self> {
        let kind = OptionKind::from_u8(args.kind)
            .ok_or_else(|| refuse(PlimsollError::KindUnknown, i64::from(args.kind), 1))?;
        let series = Series { underlying: args.underlying, expiry: args.expiry, strike: args.strike, kind };
        let markets = valuation.markets;
        let expiry = markets.expiry(series.underlying, series.expiry)?;
        ensure(!expiry.is_settled(), PlimsollError::ExpirySettledAlready)?;
        ensure(valuation.now < expiry.expiry, PlimsollError::ExpiryPassed)?;
        let strike = expiry.strikes().get(usize::from(series.strike));
        let strike = strike.ok_or_else(|| refused(PlimsollError::UnknownStrike))?.price;
        if strike != args.strike_price {
            return Err(refuse(PlimsollError::StrikeMismatch, strike, args.strike_price));
        }
        let standing = price_standing(valuation)?;
        let (underlying, oracle) = (markets.underlying(series.underlying)?, markets.oracle(series.underlying)?);
        let size = ContractSize(underlying.contract_size);
        let spot = Price(oracle.price.price).per_contract(size).map_err(core_refused)?;
        let terms = TradeTerms {
            quantity: Quantity(args.quantity),
            price: Quote(args.price),
            mark: valuation.mark_in(&expiry, (&underlying, &oracle), series.strike, kind)?,
            spot,
        };
        match standing {
            PriceStanding::Stale => trade::check_at_mark(&terms),
            PriceStanding::Valid | PriceStanding::Guarded => trade::check_price_band(&terms, underlying.limits.rules()),
        }
        .map_err(trade_refused)?;
        let plan = trade::plan(&terms, valuation.parameters.rules()).map_err(trade_refused)?;
        Ok(Self { series, standing, terms, plan })
    }

    /// Legs, cash, delegate budgets and sequences of both sides; returns the change of open interest.
    #[inline(never)]
    fn plan_sides<'s>(&self, valuation: &Valuation, buyer: &mut Side<'s>, seller: &mut Side<'s>) -> Result<i64> {
        let underlying = valuation.markets.underlying(self.series.underlying)?;
        let limits = underlying.limits.rules();
        buyer.cash = self.plan.buyer_cash;
        seller.cash = self.plan.seller_cash;
        for side in [&mut *buyer, &mut *seller] {
            let known = !side.account.in_auction() || side.account.holds_underlying(self.series.underlying);
            ensure(known, PlimsollError::AuctionNewUnderlying)?;
            let quantity = Quantity(leg_quantity(&side.account, &self.series));
            side.leg = LegChange::new(quantity, side.quantity, limits).map_err(trade_refused)?;
            let cost = delegate::cost(side.quantity, self.terms.price, self.terms.mark, self.plan.fee)
                .map_err(core_refused)?;
            spend(&mut side.account, side.acting, DelegateAction::Trade, cost, valuation.now)?;
            side.account.sequence = side.account.sequence.wrapping_add(1);
        }
        let expiry = valuation.markets.expiry(self.series.underlying, self.series.expiry)?;
        let before = open_interest(&expiry, self.series.strike, self.series.kind)?;
        let after = trade::open_interest_after(before, &buyer.leg, &seller.leg, limits).map_err(trade_refused)?;
        after.exact_sub(before).ok_or_else(|| refused(PlimsollError::Overflow))
    }

    fn apply_side(&self, side: &mut Side, valuation: &Valuation) -> Result<()> {
        let (markets, now) = (valuation.markets, valuation.now);
        if side.account.in_auction() {
            let (held, reading) = (side.account.underlyings, reading(&side.account, markets, now)?);
            leg_change(&mut side.account, &self.series, side.quantity.0)?;
            clock_keep(&mut side.account, &held, reading, (markets, now))?;
        } else {
            leg_change(&mut side.account, &self.series, side.quantity.0)?;
        }
        cash::change(&mut side.account, side.cash.0, valuation.now, valuation.parameters)
    }

    fn apply_expiry(&self, markets: &Markets, interest: i64) -> Result<()> {
        let mut expiry = markets.expiry_mut(self.series.underlying, self.series.expiry)?;
        open_interest_change(&mut expiry, self.series.strike, self.series.kind, interest)?;
        expiry.fees_accrued =
            expiry.fees_accrued.exact_add(self.plan.fees.0).ok_or_else(|| refused(PlimsollError::Overflow))?;
        Ok(())
    }

    /// Whether the side may have made its trade. Balances before are taken only where the rule asks for them.
    #[inline(never)]
    fn check_side(&self, side: &mut Side, valuation: &Valuation, clearinghouse: &Clearinghouse) -> Result<()> {
        let after = standing(&valuation.balances(&side.account)?)?;
        let cash_after = cash::free(&side.account, valuation.now, clearinghouse)?;
        let rule = trade::rule(self.standing, side.account.in_auction(), side.owes_bad_debt);
        if rule == TradeRule::Free && after.initial.0 >= 0 && cash_after >= 0 {
            return Ok(());
        }
        side.turn(&self.series, false)?;
        // What rows may have moved is charged per contract: giving up a hedge would look like a cure. It counts for the
        // account before and against it after.
        let before = standing(&valuation.credited().balances(&side.account)?)?;
        side.turn(&self.series, true)?;
        let after = after.traded(&before, (side.quantity, self.terms.mark, side.cash)).map_err(core_refused)?;
        let underlying = valuation.markets.underlying(self.series.underlying)?;
        let check = SideCheck {
            before,
            after,
            cash_before: Quote(cash_after).sub(side.cash).map_err(core_refused)?,
            cash_after: Quote(cash_after),
            bound: Quote(cash::bound(&side.account, valuation.now, clearinghouse)?)
                .add(Quote(side.account.auction.reserve))
                .map_err(core_refused)?,
            leg: side.leg,
            fee: self.plan.fee,
            mark_value: self.plan.mark_value,
        };
        let debt_cap = Quote(valuation.parameters.debt_cap);
        trade::check_side(rule, &check, underlying.limits.rules(), debt_cap).map_err(trade_refused)
    }

    /// Every amount of quote that the trade may change.
    fn touched(&self, markets: &Markets, (buyer, seller): (&Side, &Side)) -> Result<Touched> {
        let fees = markets.expiry(self.series.underlying, self.series.expiry)?.fees_accrued;
        Ok(Touched::default().owed(buyer.account.cash).owed(seller.account.cash).owed(fees))
    }

    #[inline(never)]
    fn event(&self, accounts: &TradeClear, markets: &Markets, (buyer, seller): (&Side, &Side)) -> Result<TradeCleared> {
        let expiry = markets.expiry(self.series.underlying, self.series.expiry)?;
        Ok(TradeCleared {
            buyer: *accounts.buyer.as_ref().key,
            seller: *accounts.seller.as_ref().key,
            expiry_account: markets.expiry_key(self.series.underlying, self.series.expiry)?,
            strike: self.series.strike,
            kind: self.series.kind.to_u8(),
            quantity: self.terms.quantity.0,
            price: self.terms.price.0,
            mark: self.terms.mark.0,
            fee: self.plan.fee.0,
            buyer_quantity_after: buyer.leg.after.0,
            seller_quantity_after: seller.leg.after.0,
            buyer_cash_after: buyer.account.cash,
            seller_cash_after: seller.account.cash,
            open_interest_after: open_interest(&expiry, self.series.strike, self.series.kind)?,
            fees_accrued_after: expiry.fees_accrued,
            reserved: [0; 2],
        })
    }
}

/// What the prices of the market set allow. Errors: `MarketMismatch`.
pub fn price_standing(valuation: &Valuation) -> Result<PriceStanding> {
    if valuation.markets.check_prices(Action::RiskIncrease, valuation.now).is_ok() {
        Ok(PriceStanding::Valid)
    } else if valuation.markets.is_stale(valuation.now)? {
        Ok(PriceStanding::Stale)
    } else {
        Ok(PriceStanding::Guarded)
    }
}

fn standing(balances: &Balances) -> Result<Standing> {
    let standing = Standing::from_wide(balances.equity, balances.initial, balances.maintenance);
    standing.map_err(core_refused)
}
