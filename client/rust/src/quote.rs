//! What an action would do, before anybody signs: the rule book's plans on fetched accounts.
//!
//! Quotes use the program's own valuation ([`crate::snapshot`]) and the rule book's plans, so that a quote and the
//! transaction that follows it at the same prices agree to the atom.

use bytemuck::Zeroable;
use plimsoll::auction::{self, AuctionRules, Worth};
use plimsoll::cash;
use plimsoll::constants::INDEX_NONE;
use plimsoll::error::PlimsollError;
use plimsoll::instructions::trade_clear::price_standing;
use plimsoll::margin::Valuation;
use plimsoll::positions::{leg_change, leg_quantity, legs_transfer, Series};
use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::{Clearinghouse, MarginAccount};
use plimsoll_core::error::CoreError;
use plimsoll_core::liquidation::{
    bid_limits, check_end, collateral_taken, leg_taken, plan_bid, plan_takeover, price_factor, survey, AuctionView,
    BidLimits, BidPlan, BidTerms, Fraction, Moved,
};
use plimsoll_core::margin::{Balances, LiquidationPrices};
use plimsoll_core::trade::{self, LegChange, PriceStanding, SideCheck, Standing, TradePlan, TradeRefusal, TradeTerms};
use plimsoll_core::units::{ContractSize, Price, Quantity, Quote};

use crate::error::LedgerError;
use crate::snapshot::Snapshot;

/// Where an account stands.
#[derive(Clone, Debug)]
pub struct AccountQuote {
    /// Equity, initial and maintenance balance: quote atoms; >= 0 is fine.
    pub balances: Balances,
    /// Cash that may be withdrawn as far as cash goes: quote atoms.
    pub free_cash: i64,
    /// Per underlying of legs or collateral, by index: the nearest prices at which the account becomes liquidatable.
    pub liquidation: Vec<(u16, LiquidationPrices)>,
}

/// Account number `index` of `snapshot`. Errors: `Rules`, for example a missing price.
pub fn account(snapshot: &Snapshot, index: usize) -> Result<AccountQuote, LedgerError> {
    let account = snapshot.account(index)?;
    snapshot.value(|valuation| {
        Ok(AccountQuote {
            balances: valuation.balances(account)?,
            free_cash: cash::free(account, valuation.now, &snapshot.directory.clearinghouse)?,
            liquidation: liquidation(valuation, account)?,
        })
    })
}

/// The liquidation prices of every underlying of the account's book.
fn liquidation(
    valuation: &Valuation,
    account: &MarginAccount,
) -> plimsoll::error::Result<Vec<(u16, LiquidationPrices)>> {
    // The book's own order: underlyings of legs, then, while there is room, those with a living price that price
    // collateral.
    let mut indices: Vec<u16> = account.underlyings.iter().copied().filter(|index| *index != INDEX_NONE).collect();
    for slot in account.collaterals.iter().filter(|slot| slot.amount > 0) {
        let priced_by = valuation.markets.collateral(slot.index)?.priced_by;
        let known = priced_by == INDEX_NONE || indices.contains(&priced_by);
        if !known && !valuation.markets.is_dead(priced_by, valuation.now)? {
            indices.push(priced_by);
        }
    }
    let mut prices = Vec::new();
    valuation.with_book(account, &mut |book, mode| {
        for ((at, _), index) in (0u8..).zip(book.underlyings).zip(&indices) {
            prices.push((*index, mode.liquidation_prices(book, at).map_err(PlimsollError::from)?));
        }
        Ok(())
    })?;
    Ok(prices)
}

/// One side of a trade, before and after. Open interest, which portfolio mode's charge for concentration looks at, is that
/// of now: what the other side makes of it is not known.
#[derive(Clone, Debug)]
pub struct TradeQuote {
    /// Quantity, price, mark and notional, per contract.
    pub terms: TradeTerms,
    /// Premium and fees.
    pub plan: TradePlan,
    /// The leg before and after.
    pub leg: LegChange,
    /// Change of cash, fee included: quote atoms.
    pub cash: Quote,
    /// Balances before.
    pub before: Standing,
    /// Balances after.
    pub after: Standing,
    /// Free cash after: quote atoms.
    pub free_cash_after: i64,
    /// Per underlying index: the nearest prices at which the account is liquidatable after the trade.
    pub liquidation_after: Vec<(u16, LiquidationPrices)>,
    /// Why the program would refuse this side; `None`: it would not. The other side is not looked at.
    pub refusal: Option<TradeRefusal>,
}

/// What buying `bought` contracts (- sold) of `series` at `price` atoms per contract does to account number `index`
/// of a snapshot that was loaded with the expiry of the series.
///
/// Errors: `Rules` for what makes the quote impossible (missing price, unknown strike, expiry over); what the trade's
/// own rules refuse is in [`TradeQuote::refusal`].
pub fn trade(
    snapshot: &Snapshot,
    index: usize,
    series: &Series,
    bought: i32,
    price: i64,
) -> Result<TradeQuote, LedgerError> {
    let account = snapshot.account(index)?;
    snapshot.value(|valuation| trade_side(snapshot, valuation, account, (series, bought, price)))
}

fn trade_side(
    snapshot: &Snapshot,
    valuation: &Valuation,
    account: &MarginAccount,
    (series, bought, price): (&Series, i32, i64),
) -> plimsoll::error::Result<TradeQuote> {
    let clearinghouse = &snapshot.directory.clearinghouse;
    let terms = trade_terms(valuation, series, bought, price)?;
    let underlying = valuation.markets.underlying(series.underlying)?;
    let limits = underlying.limits.rules();
    let plan = trade::plan(&terms, valuation.parameters.rules()).map_err(refused)?;
    let cash = if bought > 0 { plan.buyer_cash } else { plan.seller_cash };
    let quantity = Quantity(leg_quantity(account, series));
    let before = standing(&valuation.balances(account)?)?;

    let mut changed = *account;
    leg_change(&mut changed, series, bought)?;
    cash::change(&mut changed, cash.0, valuation.now, valuation.parameters)?;
    let after = standing(&valuation.balances(&changed)?)?;
    let free_cash_after = cash::free(&changed, valuation.now, clearinghouse)?;

    let price_standing = price_standing(valuation)?;
    let in_band = match price_standing {
        PriceStanding::Stale => trade::check_at_mark(&terms),
        PriceStanding::Valid | PriceStanding::Guarded => trade::check_price_band(&terms, limits),
    };
    let mut leg = LegChange { before: quantity, after: Quantity(leg_quantity(&changed, series)) };
    let fits = LegChange::new(quantity, Quantity(bought), limits).map(|change| leg = change);
    let judged = standing(&valuation.credited().balances(account)?)?;
    let traded = after.traded(&judged, (Quantity(bought), terms.mark, cash)).map_err(PlimsollError::from)?;
    let check = SideCheck {
        before: judged,
        after: traded,
        cash_before: Quote(free_cash_after).sub(cash).map_err(PlimsollError::from)?,
        cash_after: Quote(free_cash_after),
        bound: Quote(cash::bound(&changed, valuation.now, clearinghouse)?)
            .add(Quote(changed.auction.reserve))
            .map_err(PlimsollError::from)?,
        leg,
        fee: plan.fee,
        mark_value: plan.mark_value,
    };
    let rule = trade::rule(price_standing, account.in_auction(), false);
    let debt_cap = Quote(valuation.parameters.debt_cap);
    let allowed = trade::check_side(rule, &check, limits, debt_cap);
    let refusal = in_band.and(fits).and(allowed).err();
    let liquidation_after = liquidation(valuation, &changed)?;
    Ok(TradeQuote { terms, plan, leg, cash, before, after, free_cash_after, liquidation_after, refusal })
}

fn trade_terms(valuation: &Valuation, series: &Series, bought: i32, price: i64) -> plimsoll::error::Result<TradeTerms> {
    let expiry = valuation.markets.expiry(series.underlying, series.expiry)?;
    let over = expiry.is_settled() || valuation.now >= expiry.expiry;
    plimsoll::error::ensure(!over, PlimsollError::ExpiryPassed)?;
    plimsoll::error::ensure(series.strike < expiry.strike_count, PlimsollError::UnknownStrike)?;
    let size = ContractSize(valuation.markets.underlying(series.underlying)?.contract_size);
    let spot = Price(valuation.markets.oracle(series.underlying)?.price.price);
    Ok(TradeTerms {
        quantity: Quantity(bought.checked_abs().ok_or(PlimsollError::QuantityOverflow)?),
        price: Quote(price),
        mark: valuation.mark(series.underlying, series.expiry, series.strike, series.kind)?,
        spot: spot.per_contract(size).map_err(PlimsollError::from)?,
    })
}

/// An account's liquidation auction now.
#[derive(Clone, Copy, Debug)]
pub struct AuctionQuote {
    /// Equity, legs, collateral and maintenance balance at the marks.
    pub worth: Worth,
    /// The account as a bid sees it.
    pub view: AuctionView,
    /// Parameters and volatility ratio.
    pub rules: AuctionRules,
    /// Reading of the auction's clock, seconds; 0 before the start.
    pub elapsed: i64,
    /// d: share of the mark that a bidder pays now.
    pub price_factor: Fraction,
    /// Fractions that may be taken; `None`: insolvent, taken whole, or healthy again.
    pub limits: Option<BidLimits>,
}

/// The auction of account number `index`; of an account not in auction, what it would start as. Errors: `Rules`.
pub fn auction(snapshot: &Snapshot, index: usize) -> Result<AuctionQuote, LedgerError> {
    let account = snapshot.account(index)?;
    snapshot.value(|valuation| auction_of(account, valuation, &snapshot.directory.clearinghouse))
}

/// Whether the program would end the auction of account number `index`: what risk rows may have moved counts against the
/// account there, while [`auction`] counts it for the account. Errors: `Rules`.
pub fn is_endable(snapshot: &Snapshot, index: usize) -> Result<bool, LedgerError> {
    let account = snapshot.account(index)?;
    snapshot.value(|valuation| {
        let rules = auction::rules(account, valuation.markets)?;
        let view = auction::worth(account, valuation)?.view(account, 0);
        Ok(account.in_auction() && check_end(&view, &rules.parameters).is_ok())
    })
}

fn auction_of(
    account: &MarginAccount,
    valuation: &Valuation,
    clearinghouse: &Clearinghouse,
) -> plimsoll::error::Result<AuctionQuote> {
    let rules = auction::rules(account, valuation.markets)?;
    let elapsed = if account.in_auction() { auction::reading(account, valuation.markets, valuation.now)? } else { 0 };
    let d = price_factor(elapsed, rules.rho, &rules.parameters).map_err(PlimsollError::from)?;
    let worth = auction::worth(account, &valuation.credited())?;
    let view = worth.view(account, cash::bound(account, valuation.now, clearinghouse)?);
    let limits = bid_limits(&view, d, &survey(account.legs()), &rules.parameters).ok();
    Ok(AuctionQuote { worth, view, rules, elapsed, price_factor: d, limits })
}

/// A bid as it would come out.
#[derive(Clone, Copy, Debug)]
pub struct BidQuote {
    /// Value, payment, discount, slice and cash.
    pub plan: BidPlan,
    /// The account's maintenance balance after: quote atoms.
    pub maintenance_after: i64,
    /// The account's shortfall after, see [`AuctionView::shortfall`]: quote atoms.
    pub shortfall_after: i64,
    /// The bidder's balances after.
    pub bidder_after: Balances,
    /// The bidder's free cash after: quote atoms.
    pub bidder_cash_after: i64,
    /// The account is insolvent and taken whole. Pass the clearinghouse writable unless the insurance fund covers what
    /// the plan takes from the waterfall: the rest becomes recorded deficit.
    pub takeover: bool,
}

/// A bid by account number `bidder` for `fraction` (ppm) of account number `index`. A bidder of `None` is an empty cross
/// account. The snapshot must hold both; open interest is that of now. Errors: `Rules` for what the program would refuse.
pub fn bid(snapshot: &Snapshot, index: usize, bidder: Option<usize>, fraction: u32) -> Result<BidQuote, LedgerError> {
    let account = *snapshot.account(index)?;
    let bidder = match bidder {
        Some(bidder) => *snapshot.account(bidder)?,
        None => empty_account(),
    };
    snapshot.value(|valuation| bid_of(snapshot, valuation, (account, bidder), fraction))
}

fn bid_of(
    snapshot: &Snapshot,
    valuation: &Valuation,
    (mut account, mut bidder): (MarginAccount, MarginAccount),
    fraction: u32,
) -> plimsoll::error::Result<BidQuote> {
    cash::interest_pay(&mut account, valuation.now, valuation.parameters)?;
    let quote = auction_of(&account, valuation, &snapshot.directory.clearinghouse)?;
    let (view, share) = (quote.view, Fraction::from_ppm(fraction));
    let limits = bid_limits(&view, quote.price_factor, &survey(account.legs()), &quote.rules.parameters);
    take(&mut account, &mut bidder, share, valuation)?;
    let after = auction::worth(&account, &valuation.credited())?;
    let moved = Moved {
        legs: Quote(quote.worth.legs).sub(Quote(after.legs)).map_err(PlimsollError::from)?,
        collateral: Quote(quote.worth.collateral).sub(Quote(after.collateral)).map_err(PlimsollError::from)?,
    };
    let terms = BidTerms { fraction: share, price_limit: Quote(i64::MAX) };
    let takeover = view.equity_high.0 < 0;
    let plan = if takeover {
        plan_takeover(&view, &terms, &moved)
    } else {
        limits.and_then(|limits| plan_bid(&view, &terms, &limits, &moved, quote.price_factor, &quote.rules.parameters))
    }
    .map_err(plimsoll::refusals::liquidation_refused)?;
    if takeover {
        cash::bound_move(&mut account, &mut bidder, valuation.now, &snapshot.directory.clearinghouse)?;
    }
    cash::change(&mut bidder, plan.bidder_cash.0, valuation.now, valuation.parameters)?;
    let maintenance_after = after.maintenance.checked_add(plan.account_cash.0).ok_or(PlimsollError::Overflow)?;
    Ok(BidQuote {
        plan,
        maintenance_after,
        shortfall_after: maintenance_after.min(after.debt_room.saturating_add(plan.account_cash.0)),
        bidder_after: valuation.for_new_risk().balances(&bidder)?,
        bidder_cash_after: cash::free(&bidder, valuation.now, &snapshot.directory.clearinghouse)?,
        takeover,
    })
}

/// Moves `share` of every leg and collateral, as the program does; open interest is not looked at here.
fn take(
    account: &mut MarginAccount,
    bidder: &mut MarginAccount,
    share: Fraction,
    valuation: &Valuation,
) -> plimsoll::error::Result<()> {
    legs_transfer(account, bidder, |leg| leg_taken(leg, share), |_, _, _| Ok(()))?;
    for slot in account.collaterals.iter_mut().filter(|slot| slot.amount > 0) {
        if valuation.markets.is_worthless(slot.index, valuation.now)? {
            continue;
        }
        let taken = collateral_taken(slot.amount, share);
        let into = bidder.collateral_slot_mut(slot.index).ok_or(PlimsollError::CollateralSlots)?;
        into.index = slot.index;
        into.amount = into.amount.saturating_add(taken);
        slot.amount = slot.amount.saturating_sub(taken);
    }
    Ok(())
}

fn empty_account() -> MarginAccount {
    let mut account = MarginAccount::zeroed();
    account.underlyings = [INDEX_NONE; 3];
    account.mode = MODE_CROSS;
    account
}

fn standing(balances: &Balances) -> Result<Standing, PlimsollError> {
    Standing::from_wide(balances.equity, balances.initial, balances.maintenance)
        .map_err(|error: CoreError| PlimsollError::from(error))
}

fn refused(refusal: TradeRefusal) -> plimsoll::error::Refusal {
    plimsoll::refusals::trade_refused(refusal)
}
