//! What a portfolio account is worth: the client's numbers, rows against fresh prices, collateral, walks, settlement.

use plimsoll::state::margin_account::{MODE_CROSS, MODE_PORTFOLIO};
use plimsoll_core::margin::CloseOutBalances;
use plimsoll_tests::world::{BTC_PRICE, SOL, SOL_PRICE};

use super::*;

/// A portfolio account short and long in BTC and SOL over two expiries, with collateral and a priced quote token, and
/// rows of three of its four expiries; returns its number.
fn mixed() -> (World, usize) {
    let mut world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    let trader = world.add_trader("portfolio", 60_000 * QUOTE);
    world.deposit_wbtc(trader, 10_000_000).expect("collateral");
    world.set_mode(trader, MODE_PORTFOLIO).expect("portfolio");
    let legs = [(BTC, 0, 2, OptionKind::Call), (BTC, 1, 1, OptionKind::Put), (SOL, 0, 1, OptionKind::Put)];
    for (underlying, expiry, strike, kind) in legs.into_iter().chain([(SOL, 1, 3, OptionKind::Call)]) {
        world.trade_at_mark(0, trader, &world.series(underlying, expiry, strike, kind), 20).expect("short");
    }
    world.trade_at_mark(trader, 0, &world.series(BTC, 0, 4, OptionKind::Call), 30).expect("long");
    world.trade_at_mark(trader, 0, &world.series(BTC, 1, 0, OptionKind::Put), 10).expect("long");
    for (underlying, expiry) in [(BTC, 0), (BTC, 1), (SOL, 0)] {
        world.open_rows(underlying, expiry);
    }
    (world, trader)
}

fn refresh_all(world: &World) {
    for (underlying, expiry) in [(BTC, 0), (BTC, 1), (SOL, 0)] {
        world.refresh_rows(underlying, expiry);
    }
}

fn snapshot(world: &World, index: usize, with_rows: bool) -> Snapshot {
    let mut snapshot = Snapshot::load(&world.chain, &world.directory(), &[world.traders[index].account]).expect("load");
    if !with_rows {
        snapshot.directory.rows.clear();
    }
    snapshot
}

/// The program's balances are the client's, from rows and fresh; returns both, rows first.
fn check_same(world: &World, index: usize) -> [MarginBalances; 2] {
    [true, false].map(|with_rows| {
        let there = balances_with(world, index, with_rows);
        let here = snapshot(world, index, with_rows).balances(0).expect("balances");
        assert_eq!(i128::from(there.equity), here.equity);
        assert_eq!(i128::from(there.initial), here.initial);
        assert_eq!(i128::from(there.maintenance), here.maintenance);
        there
    })
}

pub fn close_out(world: &World, index: usize, with_rows: bool) -> CloseOutBalances {
    let account = world.account(index);
    let mut out = CloseOutBalances::default();
    let value = |valuation: &plimsoll::margin::Valuation| {
        valuation.credited().with_book(&account, &mut |book, mode| {
            out = mode.close_out_balances(book).map_err(plimsoll::error::core_refused)?;
            Ok(())
        })
    };
    snapshot(world, index, with_rows).value(value).expect("close out");
    out
}

#[test]
fn the_program_returns_the_clients_balances_from_rows_and_fresh() {
    let (world, trader) = mixed();
    let [rows, fresh] = check_same(&world, trader);
    assert_eq!(rows.equity, fresh.equity, "rows of this second have the marks of this second");
    assert!(rows.initial <= rows.maintenance && rows.maintenance <= rows.equity);
    for (seconds, price) in [(10, 100_300), (20, 99_900), (25, 101_000), (600, 104_000)] {
        world.advance(seconds);
        world.move_price(BTC, price * QUOTE);
        check_same(&world, trader);
    }
    refresh_all(&world);
    let [rows, fresh] = check_same(&world, trader);
    assert_eq!(rows.equity, fresh.equity);
    world.full_check();
}

#[test]
fn rows_are_never_better_than_fresh_prices_for_the_account_nor_worse_for_it_in_a_close_out() {
    let (world, trader) = mixed();
    let mut apart = 0;
    for (btc, sol) in [(100_000, 200_000), (100_200, 200_300), (99_700, 199_600), (100_450, 200_900), (99_600, 199_200)]
    {
        world.move_price(BTC, BTC_PRICE);
        world.move_price(SOL, SOL_PRICE);
        refresh_all(&world);
        for seconds in [0, 1, 20, 20] {
            world.advance(seconds);
            world.move_price(BTC, btc * QUOTE);
            world.move_price(SOL, sol * QUOTE / 1_000);
            let [rows, fresh] = check_same(&world, trader);
            assert!(rows.initial <= fresh.initial, "{rows:?} {fresh:?}");
            assert!(rows.maintenance <= fresh.maintenance, "{rows:?} {fresh:?}");
            apart += usize::from(rows.maintenance < fresh.maintenance);
            let [rows, fresh] = [true, false].map(|with_rows| close_out(&world, trader, with_rows));
            assert!(rows.maintenance >= fresh.maintenance, "{rows:?} {fresh:?}");
            assert!(rows.equity_high >= fresh.equity_high, "{rows:?} {fresh:?}");
        }
    }
    assert!(apart > 8, "the rows were not used: {apart}");
}

#[test]
fn while_a_price_walks_the_worse_end_counts_from_rows_and_fresh() {
    let (world, trader) = mixed();
    refresh_all(&world);
    let standing = check_same(&world, trader);
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 90).expect("a price that walks");
    world.refresh_prices();
    let walking = check_same(&world, trader);
    for (before, now) in standing.iter().zip(&walking) {
        assert!(now.initial < before.initial && now.maintenance < before.maintenance);
    }
    assert!(walking[0].maintenance <= walking[1].maintenance);
    let [rows, fresh] = [true, false].map(|with_rows| close_out(&world, trader, with_rows));
    assert!(rows.maintenance >= fresh.maintenance && rows.equity_high >= fresh.equity_high);
}

/// Wrapped BTC falls with the price that a short put falls with, and gains where a short call loses.
#[test]
fn collateral_moves_with_the_scenarios_of_its_underlying() {
    let required = |kind: Option<OptionKind>, mode: u8, btc: bool| {
        let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
        let trader = world.add_trader("collateral", 120_000 * QUOTE);
        if btc {
            world.deposit_wbtc(trader, 100_000_000).expect("one BTC");
        }
        if let Some(kind) = kind {
            world.trade_at_mark(0, trader, &world.series(BTC, 0, 2, kind), 100).expect("short one BTC");
        }
        edit_account(&world, trader, |account| account.mode = mode);
        let [fresh, _] = check_same(&world, trader);
        fresh.equity - fresh.initial
    };
    let portfolio = |kind, btc| required(kind, MODE_PORTFOLIO, btc);
    let (call, put) = (Some(OptionKind::Call), Some(OptionKind::Put));
    let alone = portfolio(None, true);
    assert!(alone > 0);
    let together = |kind| portfolio(kind, true) - portfolio(kind, false);
    assert!(together(call) < alone, "covered calls: {} of {alone}", together(call));
    assert!(together(put) > together(call), "a put falls with the collateral");
    // Cross mode recognises neither.
    let cross = |kind| required(kind, MODE_CROSS, true) - required(kind, MODE_CROSS, false);
    assert_eq!((cross(call), cross(put)), (cross(None), cross(None)));
}

#[test]
fn collateral_that_covers_a_short_call_cannot_leave() {
    let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let trader = world.add_trader("covered", 0);
    world.deposit_wbtc(trader, 100_000_000).expect("one BTC");
    world.set_mode(trader, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(0, trader, &call(&world), 80).expect("covered calls");
    let owner = world.traders[trader].address();
    let destination = plimsoll_tests::token::create_account(&world.chain, &world.wbtc_mint, &owner);
    let out = |amount: u64| {
        let account = world.account(trader);
        let step = instruction::collateral_withdraw(&world.directory(), &account, &destination, 0, amount);
        send(&world, step.expect("build"), &[&world.traders[trader].key])
    };
    refused(&world, "InitialMarginShort", || out(100_000_000));
    refused(&world, "InitialMarginShort", || out(90_000_000));
    out(1_000_000).expect("what is free");
    assert!(balances_with(&world, trader, false).initial >= 0);
    world.full_check();
}

#[test]
fn cash_leaves_down_to_an_initial_balance_of_zero() {
    let mut world = World::new();
    let trader = world.add_trader("portfolio", 60_000 * QUOTE);
    world.set_mode(trader, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(0, trader, &call(&world), 100).expect("short");
    world.open_rows(BTC, 0);
    let [rows, fresh] = check_same(&world, trader);
    assert_eq!(rows.initial, fresh.initial);
    let free = rows.initial.unsigned_abs();
    assert!(rows.initial > 0 && world.account(trader).cash > rows.initial);
    refused(&world, "InitialMarginShort", || world.withdraw(trader, free + 1));
    world.withdraw(trader, free).expect("what is free");
    assert_eq!(balances_with(&world, trader, true).initial, 0);
    world.full_check();
}

#[test]
fn a_portfolio_account_settles_like_any_other() {
    let mut world = World::new();
    for index in [0, 1] {
        world.set_mode(index, MODE_PORTFOLIO).expect("portfolio");
    }
    let series = world.series(BTC, 0, 0, OptionKind::Call);
    world.trade_at_mark(0, 1, &series, 10).expect("trade");
    world.trade_at_mark(0, 1, &world.series(BTC, 1, 3, OptionKind::Call), 10).expect("an expiry that lives on");
    world.open_rows(BTC, 0);
    settle_expiry(&world, &series);
    let payoff = (world.expiry(&series).settlement_price - BTC_PRICE / 100 * 80) / 100 * 10;
    let equity = [0, 1].map(|index| check_same(&world, index)[1].equity);
    for (index, sign) in [(0, 1), (1, -1)] {
        let cash = world.account(index).cash;
        settle_account(&world, index, &series).expect("settle");
        assert_eq!(world.account(index).cash - cash, sign * payoff);
        assert_eq!(check_same(&world, index)[1].equity, equity[index], "it was counted at its payoff before");
    }
    world.crank(instruction::rows_close(&rows(&world, 0))).expect("close the rows");
    world.full_check();
}
