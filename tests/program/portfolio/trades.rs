//! Trades of portfolio accounts.

use plimsoll::positions::Series;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_PORTFOLIO};
use plimsoll::state::Owner;
use plimsoll_tests::world::BTC_PRICE;

use super::*;

/// Balances of trader `index` as if it were in `mode`.
fn initial_in(world: &World, index: usize, mode: u8) -> i64 {
    let other = fork(world);
    edit_account(&other, index, |account| account.mode = mode);
    i64::try_from(other.balances(index).expect("balances").initial).expect("i64")
}

/// The default world with the seller in `mode` and `cash`.
fn seller_in(mode: u8, cash: i64) -> World {
    let world = default_world();
    if mode != MODE_CROSS {
        world.set_mode(SELLER, mode).expect("switch");
    }
    let all = world.account(SELLER).cash;
    world.withdraw(SELLER, (all - cash).unsigned_abs()).expect("withdraw");
    world
}

/// A call of the later expiry bought, then the same strike of the first sold: a calendar.
fn calendar(world: &World) -> [Series; 2] {
    [1, 0].map(|expiry| world.series(BTC, expiry, 2, OptionKind::Call))
}

#[test]
fn a_hedged_book_passes_in_portfolio_mode_and_fails_in_cross_mode() {
    for (mode, passes) in [(MODE_PORTFOLIO, true), (MODE_CROSS, false)] {
        let world = seller_in(mode, 18_000 * QUOTE);
        let [bought, sold] = calendar(&world);
        world.trade_at_mark(SELLER, BUYER, &bought, 150).expect("buy the later one");
        let sell = || world.trade_at_mark(BUYER, SELLER, &sold, 150);
        if passes {
            sell().expect("hedged");
            assert!(initial_in(&world, SELLER, MODE_PORTFOLIO) >= 0 && initial_in(&world, SELLER, MODE_CROSS) < 0);
        } else {
            refused(&world, "InitialMarginShort", sell);
        }
        world.full_check();
    }
}

#[test]
fn a_naked_call_passes_in_cross_mode_and_fails_in_portfolio_mode() {
    for (mode, passes) in [(MODE_CROSS, true), (MODE_PORTFOLIO, false)] {
        let world = seller_in(mode, 15_300 * QUOTE);
        let sell = || world.trade_at_mark(BUYER, SELLER, &call(&world), 100);
        if passes {
            sell().expect("cross");
            assert!(initial_in(&world, SELLER, MODE_CROSS) >= 0 && initial_in(&world, SELLER, MODE_PORTFOLIO) < 0);
        } else {
            refused(&world, "InitialMarginShort", sell);
        }
    }
}

#[test]
fn two_accounts_in_different_modes_trade_with_each_other_from_rows_of_one() {
    let mut world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    world.open_rows(BTC, 0);
    let args = at_mark(&world, BUYER, SELLER, &call(&world), 10);
    let step = trade_instruction(&world, BUYER, SELLER, args);
    assert_eq!(step.accounts.last().expect("rows").pubkey, rows_at(&world, 0));
    send(&world, step, &[&world.traders[BUYER].key, &world.traders[SELLER].key]).expect("trade");
    world.trade_at_mark(SELLER, BUYER, &call(&world), 10).expect("and back");
    world.full_check();
}

/// The seller in portfolio mode between initial and maintenance margin.
fn under_initial() -> World {
    let world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    let mut price = BTC_PRICE;
    while world.balances(SELLER).expect("balances").initial >= -500 * i128::from(QUOTE) {
        price += BTC_PRICE / 200;
        world.move_price(BTC, price);
    }
    assert!(world.balances(SELLER).expect("balances").maintenance >= 0);
    world
}

#[test]
fn under_initial_margin_a_portfolio_account_may_only_cure() {
    let world = under_initial();
    refused(&world, "InitialMarginShort", || world.trade_at_mark(BUYER, SELLER, &call(&world), 1));
    let before = world.balances(SELLER).expect("balances");
    world.trade_at_mark(SELLER, BUYER, &call(&world), 5).expect("buying back cures");
    let after = world.balances(SELLER).expect("balances");
    assert!(after.initial > before.initial && after.maintenance >= before.maintenance);
    world.full_check();
}

#[test]
fn an_owner_with_open_bad_debt_only_cures_in_portfolio_mode_too() {
    let world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(BUYER, SELLER, &call(&world), 10).expect("trade");
    let record = address::owner(&world.clearinghouse, &world.traders[SELLER].address());
    edit::<Owner>(&world, &record, |owner| owner.bad_debt = 1);
    refused(&world, "CuringShortGrows", || world.trade_at_mark(BUYER, SELLER, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("buying back cures");
}

#[test]
fn at_a_stale_price_a_portfolio_account_reduces_at_the_mark() {
    let world = default_world();
    for index in [SELLER, BUYER] {
        world.set_mode(index, MODE_PORTFOLIO).expect("portfolio");
    }
    world.trade_at_mark(BUYER, SELLER, &call(&world), 10).expect("trade");
    world.chain.advance(600);
    refused(&world, "TradeNotReducing", || world.trade_at_mark(LIQUIDATOR, SELLER, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 5).expect("reduce");
    refused(&world, "PriceStale", || world.withdraw(SELLER, 1));
    world.full_check();
}

#[test]
fn a_large_account_trades_with_fresh_rows_and_not_without() {
    let mut world = large();
    let series = world.series(BTC, 0, 20, OptionKind::Call);
    world.trade_at_mark(LARGE, IDLE, &series, 1).expect("one leg less");
    let rows = std::mem::take(&mut world.rows);
    refused(&world, "RowsNeeded", || world.trade_at_mark(IDLE, LARGE, &series, 1));
    refused(&world, "RowsNeeded", || world.withdraw(LARGE, 1));
    world.deposit(LARGE, 1).expect("a deposit asks for no margin");
    world.rows = rows;
    world.withdraw(LARGE, 1).expect("with rows");
}

#[test]
fn giving_up_a_hedge_cures_nothing_by_what_rows_may_have_moved() {
    let options = WorldOptions { expiry_days: vec![7], strike_percents: vec![100, 150], ..Default::default() };
    let mut world = World::with(&options);
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    let [short, hedge] = [0, 1].map(|strike| world.series(BTC, 0, strike, OptionKind::Call));
    world.trade_at_mark(1, 0, &hedge, 100).expect("hedge");
    world.trade_at_mark(0, 1, &short, 100).expect("short");
    world.open_rows(BTC, 0);
    // Too little initial margin, whatever the drift.
    let initial = i64::try_from(world.balances(1).expect("balances").initial).expect("narrow");
    edit_account(&world, 1, |account| account.cash -= initial + 1_000 * QUOTE);
    world.advance(50);
    edit_oracle(&world, |oracle| oracle.price.price += oracle.price.price / 250);
    assert!(balances_with(&world, 1, true).initial < balances_with(&world, 1, false).initial, "drift is charged");
    refused(&world, "InitialMarginShort", || world.trade_at_mark(0, 1, &hedge, 99));
}
