//! `auction_bid`: netting of open interest, and bids that would leave the account worse or are of the wrong kind.

use anchor_lang::error::{ComparedValues, Error};
use plimsoll::error::{not_conserved, PlimsollError};
use plimsoll::events::{AuctionBidTaken, BadDebtCovered};
use plimsoll::positions::leg_quantity;
use plimsoll::state::Expiry;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{Ledger, Outcome, SendOptions};
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{assert_refused, event, World, BTC, BTC_PRICE, COMPUTE_LIMIT};

use crate::support::*;

/// The place of the only expiry in a bid.
const EXPIRY: usize = 11;

fn open_interest(world: &World) -> i64 {
    world.expiry(&call(world)).strikes[2].open_interest[0]
}

/// A bid of a tenth by `bidder`, the expiry passed read-only.
fn read_only(world: &World, bidder: usize) -> Result<Outcome, LedgerError> {
    let mut bid = bid_instruction(world, (SELLER, bidder), false, bid_args(world, SELLER, 100_000));
    assert_eq!(bid.accounts[EXPIRY].pubkey, world.directory().expiry(BTC, world.expiries[0]));
    bid.accounts[EXPIRY].is_writable = false;
    send(world, bid, &[&world.traders[bidder].key])
}

#[test]
fn a_bid_that_nets_lowers_open_interest_and_writes_the_expiry() {
    let world = in_auction();
    refused(&world, "MarketNotWritable", || read_only(&world, BUYER));
    bid_with(&world, (SELLER, BUYER), false, bid_args(&world, SELLER, 100_000)).expect("the shorts meet the longs");
    assert_eq!(leg_quantity(&world.account(BUYER), &call(&world)), SOLD * 9 / 10);
    assert_eq!(open_interest(&world), i64::from(SOLD * 9 / 10));
    world.full_check();
}

#[test]
fn a_bid_that_nets_nothing_writes_no_expiry() {
    let world = in_auction();
    let before = open_interest(&world);
    read_only(&world, LIQUIDATOR).expect("the shorts change hands");
    assert_eq!(open_interest(&world), before);
    world.full_check();
}

#[test]
fn open_interest_does_not_fall_below_zero() {
    let world = in_auction();
    let expiry = world.directory().expiry(BTC, world.expiries[0]);
    let nets = || bid_with(&world, (SELLER, BUYER), false, bid_args(&world, SELLER, 100_000));
    edit::<Expiry>(&world, &expiry, |expiry| expiry.strikes[2].open_interest[0] = i64::from(SOLD / 10) - 1);
    refused(&world, "OpenInterestBroken", nets);
    edit::<Expiry>(&world, &expiry, |expiry| expiry.strikes[2].open_interest[0] = i64::from(SOLD / 10));
    nets().expect("to zero");
    assert_eq!(open_interest(&world), 0);
}

/// The seller long 150 calls of a month, bought on debt of more than half their value: under maintenance, solvent.
fn long_on_debt() -> World {
    let world = default_world();
    let series = world.series(BTC, 1, 2, OptionKind::Call);
    world.trade_at_mark(SELLER, BUYER, &series, 150).expect("trade");
    let value = world.mark(&series).expect("mark") * 150;
    let surplus = world.account(SELLER).cash + value / 10 * 6;
    edit_account(&world, SELLER, |account| account.cash -= surplus);
    edit_account(&world, LIQUIDATOR, |account| account.cash += surplus);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world
}

#[test]
fn a_bid_raises_the_accounts_maintenance_balance() {
    let world = long_on_debt();
    // At the end of the slow window the price is zero. Of 150 longs one per cent is one contract, rounded down: it
    // would be sold for the discount on one and a half.
    world.advance(14_500);
    let twin = long_on_debt();
    twin.advance(14_500);
    let before = world.balances(SELLER).expect("balances");
    assert!(before.maintenance < 0 && before.equity > 0);
    let error = bid(&world, 10_000).expect_err("it would not improve");
    let values = error.rejection().and_then(|rejection| rejection.values.clone()).expect("numbers");
    let (from, to): (i128, i128) = (values.0.parse().expect("before"), values.1.parse().expect("after"));
    assert!(from == before.maintenance && to < from, "{values:?}");
    refused(&world, "BidNotImproving", || bid(&world, 10_000));
    // Whole contracts of a larger part do improve it.
    let fact: AuctionBidTaken = event(&bid(&twin, 20_000).expect("three contracts"));
    assert!(fact.maintenance_after > fact.maintenance_before);
    assert_eq!(fact.price_factor, 0);
}

/// Bids for `fraction` on a copy of the chain.
fn tried(world: &World, fraction: u32) -> Result<Outcome, LedgerError> {
    let bid = bid_instruction(world, (SELLER, LIQUIDATOR), true, bid_args(world, SELLER, fraction));
    let options = SendOptions::with_compute_limit(COMPUTE_LIMIT);
    let outcome = world.chain.fork().send(&[bid], &[&world.traders[LIQUIDATOR].key], &options);
    let rule = outcome.as_ref().err().and_then(LedgerError::rule);
    assert_ne!(rule, Some("BidSolvency"), "the plan follows from the same equity as the limits");
    outcome
}

/// Panics unless a part is sold at a discount and nobody takes the book over at the waterfall's expense.
fn sold_in_parts(world: &World) -> AuctionBidTaken {
    let whole = tried(world, 1_000_000).map(|outcome| outcome.event::<BadDebtCovered>().expect("decode").is_some());
    assert!(!whole.unwrap_or(false), "a solvent book is taken over");
    event(&tried(world, 100_000).expect("a tenth"))
}

/// Panics unless the book is taken over whole and only whole.
fn taken_over(world: &World) {
    assert_refused(tried(world, 100_000), "BidTooSmall");
    event::<BadDebtCovered>(&tried(world, 1_000_000).expect("takeover"));
}

#[test]
fn the_sign_of_equity_decides_between_a_sale_and_a_takeover() {
    sold_in_parts(&in_auction());
    taken_over(&insolvent());
}

#[test]
fn while_a_price_walks_the_better_end_decides() {
    let equity = |world: &World| world.balances(SELLER).expect("balances").equity;
    // Solvent at the accepted price, insolvent where it walks to: still a sale.
    let world = in_auction();
    world.chain.advance(1);
    world.post_price(BTC, world.price(BTC) + BTC_PRICE / 2).expect("walks up");
    assert!(equity(&world) > 0);
    sold_in_parts(&world);

    // Insolvent at the accepted price, solvent where it walks to: a sale, and the better price is paid for.
    let world = insolvent();
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE).expect("walks down");
    assert!(equity(&world) < 0);
    let fact = sold_in_parts(&world);
    assert!(fact.payment > fact.value, "more than the mark at the accepted price");

    // Insolvent at both ends: a takeover.
    let world = insolvent();
    world.chain.advance(1);
    world.post_price(BTC, world.price(BTC) + BTC_PRICE / 2).expect("walks up");
    taken_over(&world);
}

#[test]
fn a_broken_law_of_conservation_names_both_sides() {
    let before = Touched::default().owed(100).owed(20).deficit(7);
    assert!(check_conserved(before, Touched::default().owed(113), 0).is_ok());
    assert!(check_conserved(before, Touched::default().owed(118), 5).is_ok());
    let broken = check_conserved(before, Touched::default().owed(114), 0).expect_err("an atom came from nowhere");
    let Error::AnchorError(refusal) = Error::from(not_conserved(broken)) else { panic!("an error of the program") };
    assert_eq!(
        (refusal.error_name.as_str(), refusal.error_code_number),
        ("NotConserved", PlimsollError::NotConserved.into())
    );
    let Some(ComparedValues::Values(values)) = refusal.compared_values else { panic!("no numbers") };
    assert_eq!(values, ("114".to_owned(), "113".to_owned()));
}
