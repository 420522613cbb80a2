//! Takes a fraction of an account in auction. Remaining accounts: market set of both accounts, expiries writable.

use std::cell::RefMut;

use anchor_lang::prelude::*;
// The interface description asks every account type for its owner; our own `Owner` hides the trait of that name.
#[cfg(feature = "idl-build")]
use anchor_lang::Owner as _;
use plimsoll_core::delegate::DelegateAction;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::liquidation::{
    bid_improves, bid_limits, collateral_taken, leg_taken, plan_bid, plan_takeover, price_factor, survey,
    AuctionParameters, BidPlan, BidTerms, Fraction, Moved,
};
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle::Action;
use plimsoll_core::trade::{LegChange, LimitParameters};
use plimsoll_core::units::Quote;
use plimsoll_core::waterfall::{draw, Capacity, Layer};

use crate::account_list;
use crate::arguments;
use crate::auction::{clock_keep, reading, rules, settled_first, worth, Worth};
use crate::authority::{acting, auction_sequence_check, spend, validity_check, Acting};
use crate::cash;
use crate::error::{core_refused, ensure, not_conserved, refuse, refused, saturated, PlimsollError, Result};
use crate::events::{AuctionBidTaken, BadDebtCovered};
use crate::funds;
use crate::loaders::{different_keys, read, same_key, write, write_clearinghouse};
use crate::log::{call_event, log_event};
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::positions::{legs_transfer, open_interest_change, Series};
use crate::refusals::{liquidation_refused, trade_refused};
use crate::state::{Clearinghouse, InsuranceFund, MarginAccount, Owner};

arguments! {
    /// Arguments of `auction_bid`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AuctionBidArgs {
        /// Fraction of the remaining book to take, ppm.
        pub fraction: u32,
        /// Most the bidder pays; < 0: least it wants to be paid. Quote atoms.
        pub price_limit: i64,
        /// Last second of validity: unix seconds.
        pub valid_until: i64,
        /// Sequence of the account's auctions: how many it has had, times 2^32, plus the bids of the running one.
        pub sequence: u64,
    }
}

account_list! {
    /// Accounts of `auction_bid`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct AuctionBid<'info> {
        /// Owner or delegate of the bidding account.
        pub bidder_authority: Signer<'info>,
        /// The risk domain. Passed writable only when a loss exceeds the fund.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Receives the slice; pays insolvent books.
        #[account(mut)]
        pub insurance: AccountLoader<'info, InsuranceFund>,
        /// The account in auction.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// Owner record of the account in auction: bad debt.
        #[account(mut)]
        pub owner_record: AccountLoader<'info, Owner>,
        /// The bidding account.
        #[account(mut)]
        pub bidder: AccountLoader<'info, MarginAccount>,
        /// Owner record of the bidding account's owner: open bad debt takes no new risk.
        pub bidder_owner: AccountLoader<'info, Owner>,
    }
}

/// Both accounts while the bid is worked on.
struct Parties<'a> {
    account: RefMut<'a, MarginAccount>,
    bidder: RefMut<'a, MarginAccount>,
    fund: RefMut<'a, InsuranceFund>,
    acting: Acting,
}

/// The account before the bid.
struct Standing {
    worth: Worth,
    parameters: AuctionParameters,
    /// d.
    price_factor: Fraction,
    /// Reading of the auction's clock.
    reading: i64,
}

/// What the bid came to.
struct Outcome {
    plan: BidPlan,
    /// The account's maintenance balance after.
    maintenance_after: i64,
}

impl<'info> AuctionBid<'info> {
    /// - `bidder_authority`: signs; owner or delegate of `bidder`.
    /// - `clearinghouse`: type; every other account names it.
    /// - `insurance`: the fund of this clearinghouse.
    /// - `margin_account`: type, clearinghouse, sequence of its auction; in auction.
    /// - `owner_record`: type, clearinghouse, key of that account's owner.
    /// - `bidder`: type, clearinghouse; another account, of another owner, not in auction itself.
    /// - `bidder_owner`: type, clearinghouse, key of the bidder's owner, without open bad debt.
    /// - remaining accounts: exactly the market set, see [`Markets::load`].
    fn validate(&self, args: &AuctionBidArgs, now: i64) -> Result<()> {
        validity_check(now, args.valid_until)?;
        different_keys(self.margin_account.as_ref().key, self.bidder.as_ref().key)?;
        let key = self.clearinghouse.as_ref().key;
        let fund = read(&self.clearinghouse)?.insurance;
        same_key(self.insurance.as_ref().key, &fund, PlimsollError::InsuranceMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(account.in_auction(), PlimsollError::AccountNotInAuction)?;
        auction_sequence_check(&account, args.sequence)?;
        let record = read(&self.owner_record)?;
        same_key(&record.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        same_key(&record.owner, &account.owner, PlimsollError::OwnerMismatch)?;
        self.validate_bidder(&account.owner)
    }

    fn validate_bidder(&self, owner: &Pubkey) -> Result<()> {
        let key = self.clearinghouse.as_ref().key;
        let bidder = read(&self.bidder)?;
        same_key(&bidder.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(bidder.owner != *owner, PlimsollError::OwnerOnBothSides)?;
        ensure(!bidder.in_auction(), PlimsollError::AccountInAuction)?;
        let record = read(&self.bidder_owner)?;
        same_key(&record.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        same_key(&record.owner, &bidder.owner, PlimsollError::OwnerMismatch)?;
        if record.bad_debt > 0 {
            return Err(refuse(PlimsollError::BadDebtOpen, record.bad_debt, 0));
        }
        Ok(())
    }

    /// Handler of `auction_bid`.
    ///
    /// Specification:
    /// - the bidder takes a fraction of every leg, every collateral token in kind (none whose price is dead)
    ///   and of cash less the reserve
    /// - transferred shorts round up, longs down; the price is that of the published formula, up to the bidder's limit
    /// - valid until `valid_until` and for the auction's sequence; deposits and curing trades change nothing of that
    /// - the fraction lies between the smallest bid and the largest fraction; the part beyond the closed form and all
    ///   rounding stand at the mark
    /// - the account's maintenance balance, or what it lacks to the cap on debt, rises with every bid
    /// - cash that is held or locked stays with the account as the reserve does; in a takeover it goes along, as bound
    /// - the bidder's initial balance is >= 0 after; its cash pays; it may hold a portfolio
    /// - the same owner on both sides, a bidder in auction and one whose owner has open bad debt are refused
    /// - an insolvent account is taken whole: the bidder receives |E| from the fund, then the surplus, the rest becomes
    ///   recorded deficit, the loss the owner's bad debt; while a price walks |E| is that of the better price
    /// - legs of a settled expiry are settled first
    /// - account cash, bidder cash, fund, surplus and deficit change by zero in sum; both sequences rise
    pub fn handler(ctx: Context<'info, Self>, args: AuctionBidArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &*ctx.accounts;
        accounts.validate(&args, now)?;
        let mut parties = accounts.parties()?;
        let before = parties.touched(&*read(&accounts.clearinghouse)?);

        let (event, loss) = accounts.work(&args, &mut parties, (ctx.remaining_accounts, now))?;
        let covered = if loss > 0 { Some(accounts.cover(&mut parties, loss)?) } else { None };

        let after = parties.touched(&*read(&accounts.clearinghouse)?);
        check_conserved(before, after, 0).map_err(not_conserved)?;
        drop(parties);
        log_event(&event);
        if let Some(covered) = covered {
            call_event(&accounts.event_authority, &covered)?;
        }
        Ok(())
    }

    fn parties(&self) -> Result<Parties<'_>> {
        let bidder = write(&self.bidder)?;
        Ok(Parties {
            account: write(&self.margin_account)?,
            acting: acting(&bidder, self.bidder_authority.key)?,
            bidder,
            fund: write(&self.insurance)?,
        })
    }

    /// Values, moves, pays and checks; returns the event and the loss that the waterfall still has to pay.
    #[inline(never)]
    fn work(
        &self,
        args: &AuctionBidArgs,
        parties: &mut Parties,
        (remaining, now): (&'info [AccountInfo<'info>], i64),
    ) -> Result<(AuctionBidTaken, i64)> {
        let clearinghouse = read(&self.clearinghouse)?;
        let (cash_before, bidder_cash_before) = (parties.account.cash, parties.bidder.cash);
        let interest = cash::interest_pay(&mut parties.account, now, &clearinghouse.parameters)?;
        funds::receive(&mut parties.fund, interest)?;
        let scope = [&*parties.account, &*parties.bidder];
        let key = self.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(&scope), remaining)?;
        markets.check_prices(Action::Liquidate, now)?;
        settled_first(&parties.account, &markets)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);

        let bound = cash::bound(&parties.account, now, &clearinghouse)?;
        let standing = Standing::of(&parties.account, &valuation)?;
        let outcome = standing.bid(args, parties, (&valuation, bound))?;
        if outcome.plan.from_waterfall.0 > 0 {
            let parties = &mut *parties;
            cash::bound_move(&mut parties.account, &mut parties.bidder, now, &clearinghouse)?;
        }
        outcome.apply(parties, &valuation)?;
        outcome.check_bidder(parties, &valuation, &clearinghouse)?;
        let event = AuctionBidTaken {
            interest,
            cash_before,
            bidder_cash_before,
            ..self.event(args, parties, (&standing, &outcome))
        };
        Ok((event, outcome.plan.from_waterfall.0))
    }

    /// The bid as a fact; interest and cash before are the caller's to fill in.
    fn event(
        &self,
        args: &AuctionBidArgs,
        parties: &Parties,
        (standing, outcome): (&Standing, &Outcome),
    ) -> AuctionBidTaken {
        AuctionBidTaken {
            margin_account: *self.margin_account.as_ref().key,
            bidder: *self.bidder.as_ref().key,
            fraction: args.fraction,
            legs_after: parties.account.position_count,
            price_factor: standing.price_factor.0,
            equity_before: standing.worth.equity,
            maintenance_before: standing.worth.maintenance,
            maintenance_after: outcome.maintenance_after,
            value: outcome.plan.value.0,
            payment: outcome.plan.payment.0,
            slice: outcome.plan.slice.0,
            interest: 0,
            cash_before: 0,
            cash_after: parties.account.cash,
            bidder_cash_before: 0,
            bidder_cash_after: parties.bidder.cash,
            reserve_after: parties.account.auction.reserve,
            sequence: parties.account.sequence,
        }
    }

    /// Pays `loss` (> 0) out of the waterfall: the fund, the surplus, then recorded deficit; the owner owes it all.
    ///
    /// Conservation: `loss = from_insurance + from_surplus + to_deficit`. Errors: `ClearinghouseNotWritable` if the fund
    /// does not pay it all.
    #[inline(never)]
    fn cover(&self, parties: &mut Parties, loss: i64) -> Result<BadDebtCovered> {
        let fund = &mut parties.fund;
        let surplus = read(&self.clearinghouse)?.surplus;
        let layers = [
            Capacity { layer: Layer::GlobalInsurance, available: Quote(fund.balance.max(0)) },
            Capacity { layer: Layer::Surplus, available: Quote(surplus.max(0)) },
        ];
        let draw = draw(Quote(loss), &layers).map_err(core_refused)?;
        let from_surplus = draw.from_layer(Layer::Surplus).0;
        let paid = draw.from_layer(Layer::GlobalInsurance).0;
        fund.balance = fund.balance.exact_sub(paid).ok_or_else(|| refused(PlimsollError::Overflow))?;
        fund.paid_total = fund.paid_total.saturated_add(paid);
        fund.incident_count = fund.incident_count.wrapping_add(1);
        if paid < loss {
            let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
            clearinghouse.surplus = surplus.exact_sub(from_surplus).ok_or_else(|| refused(PlimsollError::Overflow))?;
            record_deficit(&mut clearinghouse, draw.deficit.0)?;
        }
        let mut record = write(&self.owner_record)?;
        record.bad_debt = record.bad_debt.exact_add(loss).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let clearinghouse = read(&self.clearinghouse)?;
        Ok(BadDebtCovered {
            clearinghouse: *self.clearinghouse.as_ref().key,
            margin_account: *self.margin_account.as_ref().key,
            owner: record.owner,
            incident: fund.incident_count,
            loss,
            from_insurance: paid,
            from_surplus,
            to_deficit: draw.deficit.0,
            insurance_after: fund.balance,
            surplus_after: clearinghouse.surplus,
            deficit_after: clearinghouse.deficit,
            deficit_epoch: clearinghouse.deficit_epoch,
            bad_debt_after: record.bad_debt,
        })
    }
}

/// Adds `amount` (>= 0) to the deficit; the first of a deficit opens its generation of locks.
fn record_deficit(clearinghouse: &mut Clearinghouse, amount: i64) -> Result<()> {
    if clearinghouse.deficit == 0 && amount > 0 {
        clearinghouse.deficit_epoch = clearinghouse.deficit_epoch.wrapping_add(1);
        clearinghouse.deficit_locked = 0;
    }
    clearinghouse.deficit = clearinghouse.deficit.exact_add(amount).ok_or_else(|| refused(PlimsollError::Overflow))?;
    Ok(())
}

impl Parties<'_> {
    /// Every amount of quote that the bid may change.
    fn touched(&self, clearinghouse: &Clearinghouse) -> Touched {
        let owed = [self.account.cash, self.bidder.cash, self.fund.balance, clearinghouse.surplus];
        owed.into_iter().fold(Touched::default(), Touched::owed).deficit(clearinghouse.deficit)
    }

    /// Moves `fraction` of every leg, and of every collateral that has a price, to the bidder.
    #[inline(never)]
    fn transfer(&mut self, fraction: Fraction, markets: &Markets, now: i64) -> Result<()> {
        let (account, bidder) = (&mut *self.account, &mut *self.bidder);
        // Legs come by expiry, so that the underlying is mostly that of the leg before.
        let mut last = None;
        legs_transfer(
            account,
            bidder,
            |leg| leg_taken(leg, fraction),
            |series, leg, interest| moved_leg(series, leg, interest, (markets, &mut last)),
        )?;
        for slot in account.collaterals.iter_mut().filter(|slot| slot.amount > 0) {
            // What is worth nothing for want of a price is not given away for nothing.
            if markets.is_worthless(slot.index, now)? {
                continue;
            }
            let taken = collateral_taken(slot.amount, fraction);
            if taken > 0 {
                let into =
                    bidder.collateral_slot_mut(slot.index).ok_or_else(|| refused(PlimsollError::CollateralSlots))?;
                into.index = slot.index;
                into.amount = into.amount.checked_add(taken).ok_or_else(|| refused(PlimsollError::Overflow))?;
                slot.amount = slot.amount.checked_sub(taken).ok_or_else(|| refused(PlimsollError::Overflow))?;
            }
        }
        Ok(())
    }
}

/// Limit of the bidder's leg, and open interest where netting changes it.
///
/// `last`: the underlying of the leg before, by index, with its limits.
fn moved_leg(
    series: &Series,
    leg: &LegChange,
    interest: i64,
    (markets, last): (&Markets, &mut Option<(u16, LimitParameters)>),
) -> Result<()> {
    let limits = match last {
        Some((index, limits)) if *index == series.underlying => limits,
        _ => &mut last.insert((series.underlying, *markets.underlying(series.underlying)?.limits.rules())).1,
    };
    leg.within(limits).map_err(trade_refused)?;
    if interest != 0 {
        let mut expiry = markets.expiry_mut(series.underlying, series.expiry)?;
        open_interest_change(&mut expiry, series.strike, series.kind, interest)?;
    }
    Ok(())
}

impl Standing {
    #[inline(never)]
    fn of(account: &MarginAccount, valuation: &Valuation) -> Result<Self> {
        let rules = rules(account, valuation.markets)?;
        let reading = reading(account, valuation.markets, valuation.now)?;
        let factor = price_factor(reading, rules.rho, &rules.parameters).map_err(core_refused)?;
        Ok(Self {
            worth: worth(account, &valuation.credited())?,
            parameters: rules.parameters,
            price_factor: factor,
            reading,
        })
    }

    /// Moves legs and collateral, and plans what is paid for them: what moved is worth exactly what the account's
    /// equity besides cash fell by, at the same prices.
    ///
    /// Errors: `AuctionOver`, `BidTooSmall`, `BidTooLarge`, `PriceLimit`, `BidNotImproving`.
    #[inline(never)]
    fn bid(
        &self,
        args: &AuctionBidArgs,
        parties: &mut Parties,
        (valuation, bound): (&Valuation, i64),
    ) -> Result<Outcome> {
        let (d, rules) = (self.price_factor, &self.parameters);
        let fraction = Fraction::from_ppm(args.fraction);
        let terms = BidTerms { fraction, price_limit: Quote(args.price_limit) };
        let view = self.worth.view(&parties.account, bound);
        let limits = if view.equity_high.0 < 0 {
            None
        } else {
            Some(bid_limits(&view, d, &survey(parties.account.legs()), rules).map_err(liquidation_refused)?)
        };

        let held = parties.account.underlyings;
        parties.transfer(fraction, valuation.markets, valuation.now)?;
        clock_keep(&mut parties.account, &held, self.reading, (valuation.markets, valuation.now))?;
        let after = worth(&parties.account, &valuation.credited())?;
        let moved = moved(&self.worth, &after)?;
        let plan = match limits {
            Some(limits) => plan_bid(&view, &terms, &limits, &moved, d, rules),
            None => plan_takeover(&view, &terms, &moved),
        }
        .map_err(liquidation_refused)?;
        let paid = |balance: i64| balance.exact_add(plan.account_cash.0);
        let maintenance_after = paid(after.maintenance).ok_or_else(|| refused(PlimsollError::Overflow))?;
        let room_after = paid(after.debt_room).unwrap_or(i64::MAX);
        bid_improves(view.shortfall(), Quote(maintenance_after.min(room_after))).map_err(liquidation_refused)?;
        Ok(Outcome { plan, maintenance_after })
    }
}

/// What moved: the fall of legs and collateral at the same prices.
fn moved(before: &Worth, after: &Worth) -> Result<Moved> {
    let fall =
        |before: i64, after: i64| before.exact_sub(after).map(Quote).ok_or_else(|| refused(PlimsollError::Overflow));
    Ok(Moved { legs: fall(before.legs, after.legs)?, collateral: fall(before.collateral, after.collateral)? })
}

impl Outcome {
    /// Cash, reserve, slice, delegate budget and sequences.
    fn apply(&self, parties: &mut Parties, valuation: &Valuation) -> Result<()> {
        let (now, parameters, plan) = (valuation.now, valuation.parameters, &self.plan);
        cash::change(&mut parties.account, plan.account_cash.0, now, parameters)?;
        cash::hold_trim(&mut parties.account);
        cash::change(&mut parties.bidder, plan.bidder_cash.0, now, parameters)?;
        funds::receive(&mut parties.fund, plan.slice.0)?;
        parties.account.auction.reserve = plan.reserved_after.0;
        let adverse = plan.above_mark().map_err(core_refused)?;
        spend(&mut parties.bidder, parties.acting, DelegateAction::Bid, adverse, now)?;
        parties.account.auction.bids = parties.account.auction.bids.wrapping_add(1);
        parties.account.sequence = parties.account.sequence.wrapping_add(1);
        parties.bidder.sequence = parties.bidder.sequence.wrapping_add(1);
        Ok(())
    }

    /// The bidder's margin and cash. Errors: `InitialMarginShort`, `CashShort`.
    #[inline(never)]
    fn check_bidder(&self, parties: &Parties, valuation: &Valuation, clearinghouse: &Clearinghouse) -> Result<()> {
        let initial = valuation.for_new_risk().balances(&parties.bidder)?.initial;
        if initial < 0 {
            return Err(refuse(PlimsollError::InitialMarginShort, saturated(initial), 0));
        }
        let free = cash::free(&parties.bidder, valuation.now, clearinghouse)?;
        if free < 0 && self.plan.bidder_cash.0 < 0 {
            return Err(refuse(PlimsollError::CashShort, free, 0));
        }
        Ok(())
    }
}
