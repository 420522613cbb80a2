//! Collateral whose price is missing or has ended: it counts nothing and shields nobody from liquidation.

use plimsoll::UnderlyingCreateArgs;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{instruction, presets, quote};
use plimsoll_core::margin::liquidation_price::LiquidationPrices;
use plimsoll_core::oracle::{DEAD_AFTER_SECONDS, SILENT_AFTER_SECONDS};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, BTC_PRICE, QUOTE, SOL};
use solana_signer::Signer;

use crate::payments::{collateral_out, fund_collateral, list_collateral, pay_collateral};
use crate::support::*;

/// The default world with an underlying that prices collateral 0 alone, at 200 USD or never priced.
fn world(priced: bool) -> (World, u16) {
    let mut world = default_world();
    let index = world.directory().clearinghouse.next_underlying;
    let args = UnderlyingCreateArgs { feed_id: [9; 32], ..presets::sol(index) };
    if priced {
        world.add_underlying(args, 200 * QUOTE);
    } else {
        let authority = world.governance.pubkey();
        world.govern(instruction::underlying_create(&world.clearinghouse, &authority, &authority, args));
    }
    list_collateral(&world, index, 6);
    world.advance(3_600);
    (world, index)
}

fn sold(world: &World) {
    world.trade_at_mark(BUYER, SELLER, &call(world), SOLD).expect("trade");
}

#[test]
fn an_atom_without_any_price_stops_no_trade_and_no_liquidation() {
    let (world, _) = world(false);
    pay_collateral(&world, SELLER, 0, 1).expect("deposit");
    sold(&world);
    sink(&world, 3_600);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    sell_off(&world);
    world.full_check();
}

#[test]
fn collateral_counts_until_its_price_is_dead_and_then_stays_where_it_is() {
    let (mut world, index) = world(true);
    pay_collateral(&world, SELLER, 0, 50_000_000).expect("deposit");
    sold(&world);
    let before = world.balances(SELLER).expect("balances");
    // Nobody posts its price any more.
    let feed = world.feeds.pop().expect("feed");
    world.chain.set_time(world.chain.time() + DEAD_AFTER_SECONDS - 1);
    world.refresh_prices();
    let trade = || world.trade_at_mark(BUYER, SELLER, &call(&world), 1);
    refused(&world, "TradeNotReducing", trade);
    let old = world.balances(SELLER).expect("balances");
    world.chain.set_time(world.chain.time() + 2);
    world.refresh_prices();
    let dead = world.balances(SELLER).expect("balances");
    assert!(dead.initial < old.initial - i128::from(QUOTE) * 7_000, "10,000 USD at 80 % count no more");
    assert!((old.equity - dead.equity - i128::from(QUOTE) * 10_000).abs() < i128::from(QUOTE) * 10);
    assert!(dead.initial < before.initial);
    trade().expect("a trade on the margin that is left");
    sink(&world, 3_600);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    bid(&world, 100_000).expect("bid");
    let held = |index: usize| world.account(index).collateral_slot(0).map_or(0, |slot| slot.amount);
    assert_eq!((held(SELLER), held(LIQUIDATOR)), (50_000_000, 0), "nobody gets for nothing what has no price");
    world.full_check();

    // A new price brings it back.
    let there = world.balances(SELLER).expect("balances").maintenance;
    world.feeds.push(feed);
    world.post_price(index, 200 * QUOTE).expect("price");
    assert!(world.balances(SELLER).expect("balances").maintenance > there + i128::from(QUOTE) * 5_000);
    world.full_check();
}

#[test]
fn dead_collateral_has_no_liquidation_price_and_takes_none_from_the_next() {
    let (mut world, index) = world(true);
    list_collateral(&world, SOL, 6);
    world.advance(3_600);
    pay_collateral(&world, SELLER, 0, 50_000_000).expect("what will be dead");
    pay_collateral(&world, SELLER, 1, 50_000_000).expect("what lives");
    sold(&world);
    let prices = |world: &World| {
        let here = Snapshot::load(&world.chain, &world.directory(), &[world.traders[SELLER].account]).expect("load");
        quote::account(&here, 0).expect("quote").liquidation
    };
    let of = |found: &[(u16, LiquidationPrices)]| found.iter().map(|(index, _)| *index).collect::<Vec<_>>();
    assert_eq!(of(&prices(&world)), [BTC, index, SOL]);
    world.feeds.pop();
    world.advance(DEAD_AFTER_SECONDS + 1);
    assert_eq!(of(&prices(&world)), [BTC, SOL]);
}

#[test]
fn a_silent_price_stops_no_liquidation_and_its_collateral_still_counts() {
    let (mut world, _) = world(true);
    pay_collateral(&world, SELLER, 0, 50_000_000).expect("deposit");
    sold(&world);
    sink(&world, 3_600);
    world.feeds.pop();
    let worth = world.balances(SELLER).expect("balances").equity;
    world.chain.set_time(world.chain.time() + SILENT_AFTER_SECONDS);
    world.refresh_prices();
    refused(&world, "PriceStale", || start(&world, SELLER, LIQUIDATOR));
    world.chain.set_time(world.chain.time() + 1);
    world.refresh_prices();
    let lost = worth - world.balances(SELLER).expect("balances").equity;
    assert!(lost < i128::from(QUOTE) * 5_000, "its 10,000 USD still count: {lost}");
    refused(&world, "PriceStale", || world.withdraw(SELLER, 1));
    // It carries no new risk of a bidder either.
    let poor = world.add_trader("collateral only", 100 * QUOTE);
    pay_collateral(&world, poor, 0, 500_000_000).expect("100,000 USD of it");
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    refused(&world, "InitialMarginShort", || {
        bid_with(&world, (SELLER, poor), false, bid_args(&world, SELLER, 100_000))
    });
    sell_off(&world);
    world.full_check();
}

#[test]
fn dead_collateral_may_leave_but_carries_no_withdrawal() {
    let (mut world, _) = world(true);
    pay_collateral(&world, SELLER, 0, 50_000_000).expect("deposit");
    sold(&world);
    world.feeds.pop();
    world.advance(DEAD_AFTER_SECONDS + 1);
    let initial = i64::try_from(world.balances(SELLER).expect("balances").initial).expect("small");
    refused(&world, "InitialMarginShort", || world.withdraw(SELLER, initial.unsigned_abs() + QUOTE.unsigned_abs()));
    let to = fund_collateral(&world, SELLER, 0, 0);
    let out = collateral_out(&world, SELLER, 0, &to, 50_000_000);
    send(&world, out, &[&world.traders[SELLER].key]).expect("what counts nothing may leave");
    world.full_check();
}

#[test]
fn a_dead_price_still_stops_who_trades_on_it() {
    let (mut world, index) = world(true);
    let underlying = plimsoll_client::address::underlying(&world.clearinghouse, index);
    let expiry = world.expiries[0];
    world.govern(instruction::expiry_create(&underlying, &world.governance.pubkey(), expiry));
    world.govern(instruction::strike_create(&underlying, expiry, 200 * QUOTE));
    let series = world.series(index, 0, 0, OptionKind::Call);
    world.trade_at_mark(BUYER, SELLER, &series, 10).expect("trade");
    sold(&world);
    world.feeds.pop();
    world.advance(DEAD_AFTER_SECONDS + 1);
    let risky = world.series(BTC, 0, 0, OptionKind::Put);
    refused(&world, "TradeNotReducing", || world.trade_at_mark(BUYER, SELLER, &risky, 1));
    world.move_price(BTC, BTC_PRICE);
    refused(&world, "PriceStale", || world.withdraw(SELLER, 1));
    world.full_check();
}
