//! Liquidations of and by portfolio accounts.

use plimsoll::events::AuctionBidTaken;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_PORTFOLIO};
use plimsoll_tests::world::{event, BTC_PRICE};

use super::*;

/// The default world with seller and liquidator in these modes, the seller's calls sold and its maintenance balance
/// negative; `rows`: of its expiry, open and fresh.
fn sunk((seller, liquidator): (u8, u8), rows: bool) -> World {
    let mut world = default_world();
    for (index, mode) in [(SELLER, seller), (LIQUIDATOR, liquidator)] {
        if mode != MODE_CROSS {
            world.set_mode(index, mode).expect("switch");
        }
    }
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    if rows {
        world.open_rows(BTC, 0);
    }
    sink(&world, 3_600);
    fill(&world);
    world
}

/// Fresh rows, if the world has any.
fn fill(world: &World) {
    if !world.rows.is_empty() {
        world.refresh_rows(BTC, 0);
    }
}

#[test]
fn a_healthy_portfolio_account_is_not_started() {
    for rows in [false, true] {
        let mut world = default_world();
        world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
        world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
        if rows {
            world.open_rows(BTC, 0);
        }
        refused(&world, "AccountHealthy", || start(&world, SELLER, LIQUIDATOR));
    }
}

#[test]
fn a_portfolio_account_is_started_sold_and_ended_from_rows_and_fresh() {
    for rows in [false, true] {
        let world = sunk((MODE_PORTFOLIO, MODE_CROSS), rows);
        start(&world, SELLER, LIQUIDATOR).expect("start");
        refused(&world, "AuctionOpen", || end(&world, SELLER));
        world.advance(20);
        fill(&world);
        sell_off(&world);
        let account = world.account(SELLER);
        assert!(!account.in_auction() && account.mode == MODE_PORTFOLIO && account.position_count > 0);
        assert!(world.balances(SELLER).expect("balances").maintenance >= 0);
        world.full_check();
    }
}

#[test]
fn bidder_and_debtor_may_be_in_different_modes() {
    for modes in [(MODE_CROSS, MODE_PORTFOLIO), (MODE_PORTFOLIO, MODE_CROSS), (MODE_PORTFOLIO, MODE_PORTFOLIO)] {
        for rows in [false, true] {
            let world = sunk(modes, rows);
            start(&world, SELLER, LIQUIDATOR).expect("start");
            world.advance(20);
            fill(&world);
            let before = world.balances(SELLER).expect("balances").maintenance;
            let fact: AuctionBidTaken = event(&bid(&world, 50_000).expect("bid"));
            assert!(world.balances(SELLER).expect("balances").maintenance > before);
            assert!(fact.maintenance_after > fact.maintenance_before);
            assert!(world.balances(LIQUIDATOR).expect("balances").initial >= 0);
            world.full_check();
        }
    }
}

#[test]
fn a_bidder_in_portfolio_mode_needs_its_margin_in_that_mode() {
    let mut world = sunk((MODE_CROSS, MODE_CROSS), false);
    let poor = world.add_trader("poor", 2_000 * QUOTE);
    world.set_mode(poor, MODE_PORTFOLIO).expect("portfolio");
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    let args = bid_args(&world, SELLER, 100_000);
    refused(&world, "InitialMarginShort", || bid_with(&world, (SELLER, poor), false, args));
}

/// The seller in portfolio mode with its calls sold, then a price a third higher that starts to walk; `rows`: open and
/// fresh.
fn walking(rows: bool) -> World {
    let mut world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    if rows {
        world.open_rows(BTC, 0);
    }
    world.chain.advance(5);
    world.post_price(BTC, BTC_PRICE / 100 * 130).expect("a price that walks");
    fill(&world);
    assert!(world.price(BTC) < BTC_PRICE / 100 * 115);
    world
}

#[test]
fn a_portfolio_account_is_started_and_sold_while_the_price_walks() {
    let world = walking(false);
    start(&world, SELLER, LIQUIDATOR).expect("start at the worse end");
    let fact: AuctionBidTaken = event(&bid(&world, 50_000).expect("bid"));
    assert!(fact.maintenance_after > fact.maintenance_before);
    world.full_check();
}

/// Rows stand at the accepted price: how far the raw price is from it counts for the account.
#[test]
fn from_rows_an_account_is_started_as_soon_as_the_accepted_price_has_walked_far_enough() {
    let world = walking(true);
    let mut steps = 0;
    while start(&world, SELLER, LIQUIDATOR).is_err() {
        assert!(world.price(BTC) < BTC_PRICE / 100 * 130, "the price has arrived");
        world.chain.advance(5);
        world.post_price(BTC, BTC_PRICE / 100 * 130).expect("a step of the walk");
        fill(&world);
        steps += 1;
    }
    assert!(world.account(SELLER).in_auction() && steps > 0);
    world.full_check();
}

#[test]
fn an_insolvent_portfolio_account_is_taken_whole_for_its_negative_equity() {
    for rows in [false, true] {
        let mut world = default_world();
        world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
        world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
        if rows {
            world.open_rows(BTC, 0);
        }
        let mut price = BTC_PRICE;
        while world.balances(SELLER).expect("balances").equity >= 0 {
            price += BTC_PRICE / 10;
            world.move_price(BTC, price);
            fill(&world);
        }
        start(&world, SELLER, LIQUIDATOR).expect("start");
        let equity = i64::try_from(world.balances(SELLER).expect("balances").equity).expect("i64");
        let cash = world.account(LIQUIDATOR).cash + world.account(SELLER).cash;
        bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
        assert_eq!(world.account(LIQUIDATOR).cash, cash - equity);
        assert_eq!((world.account(SELLER).cash, world.account(SELLER).position_count), (0, 0));
        end(&world, SELLER).expect("end");
        world.full_check();
    }
}

#[test]
fn an_account_that_fresh_prices_spare_is_not_started_from_rows_of_a_worse_price() {
    let mut world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    world.open_rows(BTC, 0);
    let price = world.price(BTC);
    world.chain.advance(5);
    world.move_price(BTC, price + price * 4 / 1_000);
    world.refresh_rows(BTC, 0);
    // Rows of the higher price, the account just healthy at the lower one.
    world.chain.advance(5);
    world.move_price(BTC, price);
    let fresh = balances_with(&world, SELLER, false);
    edit_account(&world, SELLER, |account| account.cash -= fresh.maintenance);
    assert_eq!(balances_with(&world, SELLER, false).maintenance, 0);
    assert!(balances_with(&world, SELLER, true).maintenance < 0, "its own checks stand on the worse one");
    refused(&world, "AccountHealthy", || start(&world, SELLER, LIQUIDATOR));
}

#[test]
fn a_portfolio_account_in_auction_only_cures() {
    let world = sunk((MODE_PORTFOLIO, MODE_CROSS), true);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    fill(&world);
    refused(&world, "CuringShortGrows", || world.trade_at_mark(LIQUIDATOR, SELLER, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("buying back cures");
    refused(&world, "AccountInAuction", || world.withdraw(SELLER, 1));
    world.full_check();
}

#[test]
fn what_rows_may_have_moved_ends_no_auction() {
    let world = sunk((MODE_PORTFOLIO, MODE_CROSS), true);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    fill(&world);
    world.advance(50);
    edit_oracle(&world, |oracle| oracle.price.price += oracle.price.price / 250);
    let ends = |rows: bool| {
        let mut world = fork(&world);
        if !rows {
            world.rows.clear();
        }
        end(&world, SELLER).is_ok()
    };
    let mut deposits = 0;
    while !ends(false) {
        assert!(!ends(true), "ended from rows, and not from fresh prices");
        world.deposit(SELLER, 200_000_000).expect("deposit");
        deposits += 1;
    }
    assert!(deposits > 3, "{deposits}");
}

/// The large book in auction, short of `missing` atoms of maintenance by fresh rows; then the rows age by some seconds
/// and the price moves a little.
fn large_in_auction(missing: i64) -> World {
    let world = large();
    world.chain.set_checks(false);
    world.refresh_rows(BTC, 0);
    world.refresh_rows(BTC, 1);
    let maintenance = balances_with(&world, LARGE, true).maintenance;
    edit_account(&world, LARGE, |account| account.cash -= maintenance + missing);
    start(&world, LARGE, IDLE).expect("start");
    world.chain.advance(15);
    let price = world.price(BTC);
    world.move_price(BTC, price + price / 5_000);
    world
}

/// That rows are older than the last price, and that nothing but rows values the large book.
fn stands_on_old_rows(world: &World) {
    assert!((0..2).all(|at| rows(world, at).header.computed_at + 15 <= world.chain.time()));
    let mut without = fork(world);
    without.rows.clear();
    refused(&without, "RowsNeeded", || check(&without, LARGE));
}

#[test]
fn the_auction_of_a_large_book_is_ended_from_rows_some_seconds_old() {
    let world = large_in_auction(1_000 * QUOTE);
    stands_on_old_rows(&world);
    let mut deposits = 0;
    while let Err(error) = end(&world, LARGE) {
        assert_eq!(error.rule(), Some("AuctionOpen"));
        edit_account(&world, LARGE, |account| account.cash += 1_000 * QUOTE);
        deposits += 1;
    }
    assert!(!world.account(LARGE).in_auction() && deposits > 1, "{deposits}");
    stands_on_old_rows(&world);
}

#[test]
fn a_trade_cures_a_large_book_in_auction_from_rows_some_seconds_old() {
    let world = large_in_auction(1_000 * QUOTE);
    stands_on_old_rows(&world);
    let series = world.series(BTC, 0, 20, OptionKind::Call);
    refused(&world, "CuringShortGrows", || world.trade_at_mark(OTHER, LARGE, &series, 1));
    // One contract brings less than the rows of 164 leave in doubt.
    refused(&world, "CuringInitialFalls", || world.trade_at_mark(LARGE, OTHER, &series, 1));
    world.trade_at_mark(LARGE, OTHER, &series, 5).expect("buying back cures");
    assert!(world.account(LARGE).in_auction());
    stands_on_old_rows(&world);
}
