//! `auction_start`.

use plimsoll::events::AuctionStarted;
use plimsoll::state::margin_account::STATUS_AUCTION;
use plimsoll::AuctionStartArgs;
use plimsoll_client::quote;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, QUOTE, SOL, SOL_PRICE};
use solana_program::instruction::AccountMeta;

use crate::support::*;

fn refused_with(world: &World, rule: &str, change: impl FnOnce(&mut AuctionStartArgs)) {
    let mut args = start_args(world, SELLER);
    change(&mut args);
    let start = start_instruction(world, SELLER, LIQUIDATOR, args);
    refused(world, rule, || send(world, start, &[&world.traders[LIQUIDATOR].key]));
}

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut start = start_instruction(world, SELLER, LIQUIDATOR, start_args(world, SELLER));
    change(&mut start.accounts);
    refused(world, rule, || send(world, start, &[&world.traders[LIQUIDATOR].key]));
}

#[test]
fn a_start_freezes_the_account_and_splits_its_fee_between_starter_and_fund() {
    let world = under_maintenance();
    let (before, starter, fund_before) = (world.account(SELLER), world.account(LIQUIDATOR), fund(&world).balance);
    let equity = world.balances(SELLER).expect("balances").equity;
    let fact: AuctionStarted = event(&start(&world, SELLER, LIQUIDATOR).expect("start"));
    let after = world.account(SELLER);
    assert_eq!(after.status, STATUS_AUCTION);
    assert_eq!(after.sequence, before.sequence + 1);
    assert_eq!(after.auction.started_at, world.chain.time());
    assert!(fact.fee > 0 && i128::from(fact.fee) <= equity / 50 + 1);
    assert_eq!(before.cash - after.cash, fact.fee);
    assert_eq!(fact.starter_fee, fact.fee / 4);
    assert_eq!(world.account(LIQUIDATOR).cash - starter.cash, fact.starter_fee);
    assert_eq!(fund(&world).balance - fund_before, fact.fee - fact.starter_fee);
    assert_eq!(after.position_count, before.position_count);
    world.full_check();
}

#[test]
fn a_healthy_account_is_not_started() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    refused_with(&world, "AccountHealthy", |_| {});
}

#[test]
fn a_start_is_valid_through_its_last_second() {
    let world = under_maintenance();
    refused_with(&world, "InstructionExpired", |args| args.valid_until = world.chain.time() - 1);
    let args = AuctionStartArgs { valid_until: world.chain.time(), ..start_args(&world, SELLER) };
    let start = start_instruction(&world, SELLER, LIQUIDATOR, args);
    send(&world, start, &[&world.traders[LIQUIDATOR].key]).expect("the last second counts");
}

#[test]
fn a_start_for_another_sequence_is_refused() {
    let world = under_maintenance();
    refused_with(&world, "SequenceMismatch", |args| args.sequence += 1);
}

#[test]
fn an_owner_cannot_make_a_signed_start_invalid() {
    let world = under_maintenance();
    let start = start_instruction(&world, SELLER, LIQUIDATOR, start_args(&world, SELLER));
    set_delegate(&world, SELLER, &world.chain.wallet("delegate"), 1, QUOTE);
    send(&world, start, &[&world.traders[LIQUIDATOR].key]).expect("the start still stands");
}

#[test]
fn an_account_in_auction_is_not_started_again() {
    let world = in_auction();
    refused_with(&world, "AccountInAuction", |_| {});
}

#[test]
fn an_insolvent_account_starts_without_a_fee() {
    let world = insolvent();
    assert_eq!(world.account(SELLER).auction.fee_taken, 0);
    assert!(world.account(SELLER).in_auction());
    world.full_check();
}

#[test]
fn the_starters_share_does_not_go_to_the_account_itself_or_its_owner() {
    let mut world = under_maintenance();
    let account = world.traders[SELLER].account;
    refused_account(&world, "AccountDuplicate", |accounts| accounts[4].pubkey = account);
    let second = open_account(&mut world, SELLER, 1, 2);
    let second = world.traders[second].account;
    refused_account(&world, "OwnerOnBothSides", |accounts| accounts[4].pubkey = second);
}

#[test]
fn another_fund_and_another_clearinghouse_are_refused() {
    let world = under_maintenance();
    let other = other_clearinghouse(&world);
    let fund = insurance_of(&world, &other);
    refused_account(&world, "InsuranceMismatch", |accounts| accounts[2].pubkey = fund);
    refused_account(&world, "ClearinghouseMismatch", |accounts| {
        accounts[1].pubkey = other;
        accounts[2].pubkey = fund;
    });
}

#[test]
fn a_market_set_that_is_not_exactly_the_accounts_is_refused() {
    let world = under_maintenance();
    refused_account(&world, "MarketCount", |accounts| accounts.truncate(7));
    refused_account(&world, "MarketCount", |accounts| accounts.push(accounts[7].clone()));
    let later = world.directory().expiry(BTC, world.expiries[1]);
    refused_account(&world, "MarketMismatch", |accounts| accounts[7].pubkey = later);
}

#[test]
fn a_start_needs_a_price_young_enough_for_liquidation() {
    let world = under_maintenance();
    world.chain.advance(31);
    refused_with(&world, "PriceStale", |_| {});
    world.refresh_prices();
    start(&world, SELLER, LIQUIDATOR).expect("fresh price");
}

#[test]
fn an_auction_reopened_within_the_rewind_goes_on_and_takes_no_second_fee() {
    let world = in_auction();
    sell_off(&world);
    let ended = world.account(SELLER).auction;
    assert!(ended.elapsed_at_end > 0);
    sink(&world, 120);
    assert!(world.chain.time() - ended.ended_at < 3_600);
    let fact: AuctionStarted = event(&start(&world, SELLER, LIQUIDATOR).expect("again"));
    assert_eq!(fact.fee, 0);
    assert!(fact.elapsed > 0 && fact.elapsed <= i64::from(ended.elapsed_at_end));
    world.full_check();
}

#[test]
fn an_auction_reopened_after_the_rewind_starts_anew_with_a_fee() {
    let world = in_auction();
    sell_off(&world);
    world.advance(3_600);
    sink(&world, 3_600);
    let fact: AuctionStarted = event(&start(&world, SELLER, LIQUIDATOR).expect("again"));
    assert!(fact.fee > 0);
    assert_eq!(fact.elapsed, 0);
    world.full_check();
}

#[test]
fn debt_above_its_cap_is_auctioned_although_the_options_would_carry_it() {
    let world = default_world();
    let deep = world.series(BTC, 1, 0, OptionKind::Call);
    world.trade_at_mark(SELLER, LIQUIDATOR, &deep, 180).expect("trade");
    let cap = world.directory().clearinghouse.parameters.debt_cap;
    world.chain.set_checks(false);
    edit_account(&world, SELLER, |account| account.cash = -cap);
    assert!(world.balances(SELLER).expect("balances").maintenance >= 0);
    refused_with(&world, "AccountHealthy", |_| {});
    edit_account(&world, SELLER, |account| account.cash = -cap - QUOTE);
    let maintenance = world.balances(SELLER).expect("balances").maintenance;
    assert!(maintenance >= 0, "{maintenance}");
    let fact: AuctionStarted = event(&start(&world, SELLER, BUYER).expect("start"));
    assert!(fact.maintenance >= 0 && fact.fee <= 2 * QUOTE / 50 + 1, "a fee on what the cap asks for: {}", fact.fee);
    let before = world.account(SELLER).cash;
    bid_with(&world, (SELLER, BUYER), false, bid_args(&world, SELLER, largest(&world))).expect("bid");
    assert!(world.account(SELLER).cash > before);
    end(&world, SELLER).expect("the debt is within its cap");
}

#[test]
fn an_account_with_a_settled_expiry_is_settled_before_it_is_started() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("near");
    let far = world.series(BTC, 1, 0, OptionKind::Call);
    world.trade_at_mark(BUYER, SELLER, &far, SOLD / 4).expect("far");
    settle_expiry(&world, &call(&world));
    world.refresh_prices();
    edit_account(&world, SELLER, |account| account.cash -= 200_000 * QUOTE);
    edit_account(&world, BUYER, |account| account.cash += 200_000 * QUOTE);
    refused_with(&world, "AuctionSettleFirst", |_| {});
    settle_account(&world, SELLER, &call(&world)).expect("settle");
    start(&world, SELLER, LIQUIDATOR).expect("start");
}

#[test]
fn the_clock_forgets_no_pause_when_the_last_leg_of_an_underlying_goes() {
    let world = default_world();
    let (small, large) = (call(&world), world.series(SOL, 0, 2, OptionKind::Call));
    world.trade_at_mark(BUYER, SELLER, &small, 1).expect("BTC");
    world.trade_at_mark(BUYER, SELLER, &large, 1_000).expect("SOL");
    let mut price = SOL_PRICE;
    while world.balances(SELLER).expect("balances").maintenance >= 0 {
        price += SOL_PRICE / 100;
        world.advance(600);
        world.move_price(SOL, price);
    }
    start(&world, SELLER, LIQUIDATOR).expect("start");
    // BTC jumps further than one update may move it: it walks, and the clock stands still.
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE * 112 / 100).expect("walks");
    world.chain.advance(20);
    world.move_price(BTC, BTC_PRICE * 112 / 100);
    world.move_price(SOL, price);
    let elapsed = || {
        let snapshot = Snapshot::load(&world.chain, &world.directory(), &[world.traders[SELLER].account]);
        quote::auction(&snapshot.expect("load"), 0).expect("quote").elapsed
    };
    let since = world.chain.time() - world.account(SELLER).auction.started_at;
    let before = elapsed();
    assert!(before < since, "{before} of {since} seconds");
    world.trade_at_mark(SELLER, BUYER, &small, 1).expect("the last BTC leg is bought back");
    assert!(!world.account(SELLER).holds_underlying(BTC));
    assert_eq!(elapsed(), before);
}
