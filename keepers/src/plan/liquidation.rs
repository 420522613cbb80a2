//! Auctions and purchases of collateral: what pays, the most valuable first.

use plimsoll::auction::clock;
use plimsoll::cash::{self, after_interest};
use plimsoll::state::{CollateralSlot, MarginAccount};
use plimsoll_client::quote::{self, AuctionQuote, BidQuote};
use plimsoll_client::rows::{taken, Preparation};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_core::debt::{plan_sale, sale_discount, SalePlan, SaleTerms};
use plimsoll_core::liquidation::{plan_start_fee, started, FRACTION_ONE};
use plimsoll_core::units::{Quote, Ratio};
use solana_program::pubkey::Pubkey;

use super::rows::allow;
use super::Action;
use crate::book::Book;
use crate::policy::Policy;
use crate::scan::{awaits_settlement, candidates, prices_valid, Candidate, Stage};

/// Every fraction, ppm.
const ALL: u32 = 1_000_000;

/// Starts and bids by falling value, then ends, all else equal by address; `mine` is the keeper's account, without
/// which nothing but ends is planned.
///
/// What valuing their accounts needs first is added to `needs`; those that must wait for it are left out.
pub fn auctions(book: &Book, mine: Option<&MarginAccount>, policy: &Policy, needs: &mut Preparation) -> Vec<Action> {
    let mut valued: Vec<(i64, Action)> = Vec::new();
    let mut ends = Vec::new();
    for candidate in candidates(book) {
        if candidate.stage == Stage::Endable {
            let account = [*candidate.account];
            let ends_now = policy.crank && allow(needs, book, (&account, &account), policy);
            ends.extend(ends_now.then_some(Action::End { account: candidate.address }));
            continue;
        }
        // The program refuses the same owner on both sides.
        let Some(mine) = mine.filter(|mine| mine.owner != candidate.account.owner) else { continue };
        let (planned, accounts) = match candidate.stage {
            Stage::Startable => (policy.start.then(|| start(book, &candidate)), vec![*candidate.account]),
            _ => (bid(book, &candidate, mine, policy), vec![*candidate.account, *mine]),
        };
        let Some(planned) = planned else { continue };
        let mut largest = accounts.clone();
        if let [account, bidder] = largest.as_mut_slice() {
            *bidder = taken(account, bidder);
        }
        if allow(needs, book, (&accounts, &largest), policy) {
            valued.push(planned);
        }
    }
    // Stable: candidates come by address.
    valued.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
    valued.into_iter().map(|(_, action)| action).chain(ends).collect()
}

/// A start and the starter's share of its fee: quote atoms.
fn start(book: &Book, candidate: &Candidate) -> (i64, Action) {
    let rules = &candidate.auction.rules.parameters;
    let due = started(&clock(&candidate.account.auction), book.now(), rules).fee_due;
    let fee = plan_start_fee(&candidate.auction.view, due, rules);
    let action = Action::Start { account: candidate.address, sequence: candidate.account.auction_sequence() };
    (fee.map_or(0, |fee| fee.starter.0), action)
}

/// The bid for the largest fraction that the policy and the keeper's own margin allow, and what it gains at the mark:
/// quote atoms.
fn bid(book: &Book, candidate: &Candidate, mine: &MarginAccount, policy: &Policy) -> Option<(i64, Action)> {
    if !policy.bid || mine.in_auction() {
        return None;
    }
    let snapshot = book.snapshot(&[*candidate.account, *mine]);
    if !prices_valid(&snapshot) {
        return None;
    }
    let auction = &candidate.auction;
    fractions(auction, policy).into_iter().find_map(|fraction| {
        let bid = quote::bid(&snapshot, 0, Some(1), fraction).ok()?;
        let affordable = bid.bidder_after.initial >= i128::from(policy.reserve) && bid.bidder_cash_after >= 0;
        if !affordable || bid.shortfall_after <= auction.view.shortfall().0 {
            return None;
        }
        let slack = slack(&bid, auction, policy)?;
        let loss = bid.plan.from_waterfall.0;
        let action = Action::Bid {
            account: candidate.address,
            sequence: candidate.account.auction_sequence(),
            fraction,
            price_limit: cost(&bid)?.saturating_add(slack),
            deficit: loss > 0 && loss.saturating_add(slack) > book.books.insurance.balance,
        };
        Some((gain(&bid)?, action))
    })
}

/// What a bidder pays, and its limit is held against; negative: it is paid.
fn cost(bid: &BidQuote) -> Option<i64> {
    bid.plan.payment.0.checked_add(bid.plan.slice.0)?.checked_sub(bid.plan.from_waterfall.0)
}

/// Value at the mark of what the bidder receives, less what it costs.
fn gain(bid: &BidQuote) -> Option<i64> {
    bid.plan.value.0.checked_sub(cost(bid)?)
}

/// How much more a bid may cost than planned: the policy's slippage on the value bought; of a book that is taken over,
/// and is worth nothing together with its payment, on its legs.
fn slack(bid: &BidQuote, auction: &AuctionQuote, policy: &Policy) -> Option<i64> {
    let bought = if bid.takeover { auction.worth.legs } else { bid.plan.value.0 };
    Quote(bought.saturating_abs()).ratio_down(Ratio(policy.slippage_ppm)).ok().map(|slack| slack.0)
}

/// Fractions to try, largest first, ppm; none when the price is not good enough yet.
fn fractions(auction: &AuctionQuote, policy: &Policy) -> Vec<u32> {
    let Some(limits) = auction.limits else {
        let insolvent = auction.worth.equity_high < 0;
        return if insolvent && policy.take_insolvent { vec![ALL] } else { Vec::new() };
    };
    let discount = FRACTION_ONE.saturating_sub(auction.price_factor.0) / 1_000;
    if discount < i64::from(policy.min_discount_ppm) {
        return Vec::new();
    }
    let ppm = |fraction: i64| u32::try_from(fraction / 1_000).unwrap_or(ALL);
    let smallest = ppm(limits.smallest.0.saturating_add(999)).min(ALL);
    let mut next = ppm(limits.discounted.0).max(smallest);
    let mut tries = vec![next, ppm(limits.largest.0)];
    while next > smallest {
        next = (next / 2).max(smallest);
        tries.push(next);
    }
    tries.retain(|fraction| *fraction >= smallest && *fraction <= ppm(limits.largest.0));
    tries
}

/// Purchases of debtors' collateral by falling gain against the oracle price, else by address.
///
/// What valuing the keeper's account needs first is added to `needs`.
pub fn purchases(book: &Book, mine: &MarginAccount, policy: &Policy, needs: &mut Preparation) -> Vec<Action> {
    let others = book.books.accounts.iter().filter(|(_, account)| account.owner != mine.owner);
    let mut valued: Vec<(i64, Action)> =
        others.filter_map(|(address, account)| purchase(book, (address, account), mine, policy)).collect();
    valued.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
    valued.retain(|(_, action)| {
        let Action::BuyCollateral { account, .. } = action else { return true };
        let Some(account) = book.books.accounts.get(account) else { return true };
        let accounts = [*account, *mine];
        allow(needs, book, (&accounts, &accounts), policy)
    });
    valued.into_iter().map(|(_, action)| action).collect()
}

/// As much of a debtor's first collateral as is cheap enough and the keeper can carry, and what buying it gains: quote
/// atoms.
fn purchase(
    book: &Book,
    (address, account): (&Pubkey, &MarginAccount),
    mine: &MarginAccount,
    policy: &Policy,
) -> Option<(i64, Action)> {
    if account.cash >= 0 || account.in_auction() || mine.in_auction() {
        return None;
    }
    let parameters = book.books.clearinghouse().parameters.rules();
    let discount = sale_discount(book.now().saturating_sub(account.debt_since), parameters);
    let slot = account.collaterals.iter().find(|slot| slot.amount > 0)?;
    let snapshot = book.snapshot(&[*account, *mine]).selling(slot.index);
    if discount < policy.min_sale_discount_ppm || !prices_valid(&snapshot) || awaits_settlement(&snapshot, account) {
        return None;
    }
    let mut terms = sale_terms(book, account, (slot, &snapshot))?;
    loop {
        let sale = plan_sale(&terms, parameters).ok()?;
        if can_carry(book, mine, (slot.index, &sale), policy)? {
            let gain = sale.proceeds.ratio_down(Ratio(discount)).ok()?;
            let (collateral, amount, price_limit) = (slot.index, sale.amount, sale.proceeds.0);
            return Some((gain.0, Action::BuyCollateral { account: *address, collateral, amount, price_limit }));
        }
        // Half as much; a purchase of nothing is refused by the rule book and ends this.
        terms.wanted = sale.amount / 2;
    }
}

/// Debt with its interest, holding, price and clock of the sale of `slot`, all that is held.
fn sale_terms(
    book: &Book,
    account: &MarginAccount,
    (slot, snapshot): (&CollateralSlot, &Snapshot),
) -> Option<SaleTerms> {
    let directory = &book.books.directory;
    let collateral = directory.collaterals.get(&slot.index)?;
    let (_, price) = snapshot.value(|valuation| valuation.markets.quote_prices(collateral.priced_by)).ok()?;
    let cash = after_interest(account, book.now(), &directory.clearinghouse.parameters).ok()?;
    Some(SaleTerms {
        debt: Quote(cash.checked_neg()?),
        held: slot.amount,
        wanted: u64::MAX,
        price,
        decimals: collateral.decimals,
        elapsed: book.now().saturating_sub(account.debt_since),
        price_limit: Quote(i64::MAX),
    })
}

/// Whether the keeper's cash and initial balance suffice after a purchase. `None`: it has no room for another kind of
/// collateral, or cannot be valued.
fn can_carry(book: &Book, mine: &MarginAccount, (index, sale): (u16, &SalePlan), policy: &Policy) -> Option<bool> {
    let clearinghouse = book.books.clearinghouse();
    let mut after = *mine;
    cash::change(&mut after, sale.proceeds.0.checked_neg()?, book.now(), &clearinghouse.parameters).ok()?;
    let slot = after.collateral_slot_mut(index)?;
    (slot.index, slot.amount) = (index, slot.amount.checked_add(sale.amount)?);
    let free = cash::free(&after, book.now(), clearinghouse).ok()?;
    let balances = book.snapshot(&[after]).value(|valuation| valuation.for_new_risk().balances(&after)).ok()?;
    Some(free >= 0 && balances.initial >= i128::from(policy.reserve))
}
