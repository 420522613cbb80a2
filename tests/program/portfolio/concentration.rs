//! The charge for contracts that one account alone would have to sell.

use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll_tests::world::{BTC_PRICE, SOL};

use super::*;

/// Free contracts of a series, as shipped.
const FREE: i32 = 1_000;

/// Traders rich enough to hold thousands of contracts; trader 1 in portfolio mode.
fn rich() -> World {
    let options = WorldOptions { traders: 3, cash: 50_000_000 * QUOTE, ..WorldOptions::default() };
    let world = World::with(&options);
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    world
}

/// The initial balance of trader 1 without the charge less that with it.
fn charged(world: &World) -> i64 {
    let there = balances_with(world, 1, false);
    let here = world.balances(1).expect("balances");
    assert_eq!((i128::from(there.initial), i128::from(there.maintenance)), (here.initial, here.maintenance));
    let uncharged = fork(world);
    for index in [BTC, SOL] {
        let at = uncharged.directory().underlying(index);
        edit::<plimsoll::state::Underlying>(&uncharged, &at, |underlying| {
            (underlying.portfolio.concentration_rate, underlying.portfolio.vega_rate) = (0, 0);
        });
    }
    let free = balances_with(&uncharged, 1, false);
    assert_eq!((free.maintenance, free.equity), (there.maintenance, there.equity), "initial alone");
    free.initial - there.initial
}

#[test]
fn a_series_of_which_one_account_is_the_market_is_charged_beyond_the_free_contracts() {
    let world = rich();
    let series = call(&world);
    world.trade_at_mark(0, 1, &series, FREE).expect("sold");
    assert_eq!(charged(&world), 0);
    world.trade_at_mark(0, 1, &series, 500).expect("more");
    // 2 % of spot for contracts of 0.01 BTC.
    let each = BTC_PRICE / 100 / 50;
    assert_eq!(charged(&world), 500 * each);
    // Others' open interest makes room: a quarter of it is free.
    world.trade_at_mark(0, 2, &series, 4_000).expect("others");
    assert_eq!(charged(&world), (1_500 - 5_500 / 4) * each);
    world.trade_at_mark(2, 0, &series, 4_000).expect("others close");
    assert_eq!(charged(&world), 500 * each);
    world.full_check();
}

#[test]
fn open_interest_that_others_close_stops_new_risk_and_liquidates_nobody() {
    let world = rich();
    let series = call(&world);
    world.trade_at_mark(0, 2, &series, 6_000).expect("others");
    world.trade_at_mark(0, 1, &series, 1_500).expect("sold");
    let room = balances_with(&world, 1, false).initial;
    edit_account(&world, 1, |account| account.cash -= room);
    assert_eq!((charged(&world), balances_with(&world, 1, false).initial), (0, 0));
    world.trade_at_mark(2, 0, &series, 6_000).expect("others close");
    let after = balances_with(&world, 1, false);
    assert!(after.initial < 0 && after.maintenance > 0);
    refused(&world, "AccountHealthy", || start(&world, 1, 2));
    world.trade_at_mark(1, 0, &series, 100).expect("buying back cures");
}
