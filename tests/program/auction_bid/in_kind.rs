//! `auction_bid`: collateral that moves in kind, and what the bidder pays for it.

use plimsoll::events::{AuctionBidTaken, BadDebtCovered};
use plimsoll::positions::leg_quantity;
use plimsoll::state::Collateral;
use plimsoll_client::address::token_account;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, WBTC};

use super::PAIR;
use crate::payments::{collateral_out, list_collateral, list_dollars, pay_collateral};
use crate::support::*;

/// Wrapped BTC of the seller.
const PLEDGED: u64 = 80_000_001;

/// A seller with hardly any cash but wrapped BTC, its buyer, and a liquidator with plenty, before any trade.
fn pledged() -> World {
    let mut world = World::with(&WorldOptions { traders: 0, collateral: true, ..WorldOptions::default() });
    world.add_trader("seller", 0);
    world.add_trader("buyer", 200_000 * QUOTE);
    world.add_trader("liquidator", 500_000 * QUOTE);
    world.deposit_wbtc(SELLER, PLEDGED).expect("wrapped BTC");
    world
}

/// The seller sells calls on its wrapped BTC, takes the premium out, and the price rises under maintenance.
fn sunk(world: &World) {
    world.trade_at_mark(BUYER, SELLER, &call(world), SOLD).expect("trade");
    world.withdraw(SELLER, world.account(SELLER).cash.unsigned_abs()).expect("premium");
    sink(world, 600);
    start(world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
}

fn held(world: &World, index: usize, kind: u16) -> u64 {
    world.account(index).collateral_slot(kind).map_or(0, |slot| slot.amount)
}

fn listed(world: &World) -> Collateral {
    *world.directory().collateral(WBTC).expect("listed")
}

/// What equity counts for `amount` atoms of wrapped BTC.
fn worth(world: &World, amount: u64) -> i64 {
    i64::try_from(i128::from(amount) * i128::from(world.price(BTC)) / 100_000_000).unwrap()
}

#[test]
fn a_bid_takes_its_part_of_the_collateral_in_kind_and_pays_for_it() {
    let world = pledged();
    sunk(&world);
    let (account, bidder, total) = (world.account(SELLER), world.account(LIQUIDATOR), listed(&world));
    let vault = token::balance(&world.chain, &total.vault);
    let mark = world.mark(&call(&world)).expect("mark");
    let fact: AuctionBidTaken = event(&bid(&world, 100_000).expect("bid"));
    let after = (world.account(SELLER), world.account(LIQUIDATOR));

    let taken = PLEDGED / 10;
    assert_eq!((held(&world, SELLER, WBTC), held(&world, LIQUIDATOR, WBTC)), (PLEDGED - taken, taken));
    assert_eq!(leg_quantity(&after.1, &call(&world)), -SOLD / 10);
    let tokens = worth(&world, PLEDGED) - worth(&world, PLEDGED - taken);
    let cash_part = (account.cash - fact.interest).div_euclid(10);
    assert_eq!(fact.value, tokens - mark * i64::from(SOLD / 10) + cash_part);
    let discount = i128::from(fact.equity_before / 10) * i128::from(1_000_000_000 - fact.price_factor) / 1_000_000_000;
    assert!((i128::from(fact.value - fact.payment) - discount).abs() <= 1);
    assert_eq!(bidder.cash - after.1.cash, fact.payment + fact.slice - cash_part);
    assert!(bidder.cash > after.1.cash, "the tokens are worth more than the legs owe: the bidder pays");
    assert!(fact.maintenance_after > fact.maintenance_before);
    // No token leaves the vault: only the accounts' records change.
    assert_eq!((listed(&world).deposited, token::balance(&world.chain, &total.vault)), (total.deposited, vault));
    world.full_check();
}

#[test]
fn bids_until_the_end_leave_tokens_in_proportion() {
    let world = pledged();
    sunk(&world);
    sell_off(&world);
    let (left, taken) = (held(&world, SELLER, WBTC), held(&world, LIQUIDATOR, WBTC));
    assert_eq!(left + taken, PLEDGED);
    let sold = -leg_quantity(&world.account(LIQUIDATOR), &call(&world));
    let gap = taken as f64 / PLEDGED as f64 - f64::from(sold) / f64::from(SOLD);
    assert!(left > 0 && taken > 0 && gap.abs() < 0.01, "{taken} tokens for {sold} contracts");
    world.full_check();
}

#[test]
fn the_takeover_of_an_insolvent_account_takes_every_token() {
    let world = pledged();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    let mut price = BTC_PRICE;
    while world.balances(SELLER).expect("balances").equity >= 0 {
        price += BTC_PRICE / 10;
        world.move_price(BTC, price);
    }
    start(&world, SELLER, LIQUIDATOR).expect("start");
    let before = world.balances(LIQUIDATOR).expect("balances").equity;
    let taken = bid_with(&world, PAIR, true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    assert!(event::<BadDebtCovered>(&taken).loss > 0);
    assert_eq!((held(&world, SELLER, WBTC), held(&world, LIQUIDATOR, WBTC)), (0, PLEDGED));
    assert!(world.account(SELLER).collaterals.iter().all(|slot| slot.amount == 0));
    assert_eq!(world.balances(LIQUIDATOR).expect("balances").equity, before, "the bidder is made whole");
    world.full_check();
}

#[test]
fn a_bidder_that_already_holds_the_kind_adds_to_it() {
    let world = pledged();
    world.deposit_wbtc(LIQUIDATOR, 7).expect("wrapped BTC");
    sunk(&world);
    bid(&world, 100_000).expect("bid");
    assert_eq!(held(&world, LIQUIDATOR, WBTC), 7 + PLEDGED / 10);
    assert_eq!(world.account(LIQUIDATOR).collaterals.iter().filter(|slot| slot.amount > 0).count(), 1);
    world.full_check();
}

#[test]
fn a_bidder_without_a_free_slot_takes_no_further_kind() {
    let world = pledged();
    list_dollars(&world, 8);
    for kind in 1..9 {
        pay_collateral(&world, LIQUIDATOR, kind, 1_000).expect("a kind");
    }
    sunk(&world);
    refused(&world, "CollateralSlots", || bid(&world, 100_000));
    let mint = world.directory().collateral(5).expect("listed").mint;
    let wallet = token_account(&world.traders[LIQUIDATOR].address(), &mint);
    let out = collateral_out(&world, LIQUIDATOR, 5, &wallet, 1_000);
    send(&world, out, &[&world.traders[LIQUIDATOR].key]).expect("free a slot");
    bid(&world, 100_000).expect("bid");
    world.full_check();
}

#[test]
fn less_than_an_atom_of_a_kind_stays_where_it_is() {
    let world = pledged();
    list_collateral(&world, BTC, 8);
    pay_collateral(&world, SELLER, 1, 9).expect("nine atoms");
    sunk(&world);
    bid(&world, 100_000).expect("a tenth");
    assert_eq!((held(&world, SELLER, 1), held(&world, LIQUIDATOR, 1)), (9, 0));
    world.full_check();
}

#[test]
fn a_bidder_pays_in_cash_however_much_collateral_it_has() {
    let with_poor = || {
        let mut world = pledged();
        let poor = world.add_trader("collateral only", 0);
        world.deposit_wbtc(poor, 500_000_000).expect("wrapped BTC");
        sunk(&world);
        (world, poor)
    };
    let (twin, _) = with_poor();
    let fact: AuctionBidTaken = event(&bid(&twin, 100_000).expect("by the liquidator"));
    let cost = fact.bidder_cash_before - fact.bidder_cash_after;
    assert!(cost > 0);

    let (world, poor) = with_poor();
    let by_poor = || bid_with(&world, (SELLER, poor), false, bid_args(&world, SELLER, 100_000));
    refused_numbers(&world, "CashShort", (-cost, 0), by_poor);
    let wallet = token::mint_to(&world.chain, &world.quote_mint, &world.traders[poor].address(), cost.unsigned_abs());
    assert_eq!(wallet, world.traders[poor].wallet);
    world.deposit(poor, cost.unsigned_abs() - 1).expect("an atom less");
    refused_numbers(&world, "CashShort", (-1, 0), by_poor);
    world.deposit(poor, 1).expect("the last atom");
    by_poor().expect("its whole cash");
    assert_eq!(world.account(poor).cash, 0);
    world.full_check();
}

#[test]
fn held_cash_pays_for_no_bid() {
    let world = pledged();
    sunk(&world);
    edit_account(&world, LIQUIDATOR, |account| (account.held, account.held_until) = (account.cash, i64::MAX));
    refused(&world, "CashShort", || bid(&world, 100_000));
}
