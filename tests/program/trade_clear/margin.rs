//! `trade_clear`: margin, cash and what cures.

use plimsoll::state::Owner;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, quote};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};

use crate::support::*;

/// The seller between initial and maintenance margin, short calls.
fn under_initial() -> World {
    let world = default_world();
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
fn a_trade_that_leaves_a_side_under_initial_margin_is_refused() {
    let world = default_world();
    refused(&world, "InitialMarginShort", || world.trade_at_mark(BUYER, SELLER, &call(&world), 2_000));
    let world = under_initial();
    refused(&world, "InitialMarginShort", || world.trade_at_mark(LIQUIDATOR, SELLER, &call(&world), 1));
    let put = world.series(BTC, 0, 2, OptionKind::Put);
    refused(&world, "InitialMarginShort", || world.trade_at_mark(BUYER, SELLER, &put, 200));
}

#[test]
fn under_initial_margin_a_side_may_cure() {
    let world = under_initial();
    let before = world.balances(SELLER).expect("balances");
    world.trade_at_mark(SELLER, BUYER, &call(&world), 5).expect("buying back cures");
    let after = world.balances(SELLER).expect("balances");
    assert!(after.initial > before.initial && after.maintenance >= before.maintenance);
    let mark = world.mark(&call(&world)).expect("mark");
    refused(&world, "InitialMarginShort", || world.trade(SELLER, BUYER, &call(&world), 1, mark + mark / 5));
    world.full_check();
}

#[test]
fn cash_does_not_fall_below_zero_however_much_collateral_there_is() {
    let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let poor = world.add_trader("collateral only", 0);
    world.deposit_wbtc(poor, 100_000_000).expect("wrapped BTC");
    refused(&world, "CashShort", || world.trade_at_mark(poor, 1, &call(&world), 1));
    world.trade_at_mark(0, poor, &call(&world), 10).expect("collateral margins a short");
    world.full_check();
}

#[test]
fn buying_back_a_short_may_open_debt_up_to_the_cap() {
    let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let poor = world.add_trader("collateral only", 0);
    world.deposit_wbtc(poor, 200_000_000).expect("wrapped BTC");
    world.trade_at_mark(0, poor, &call(&world), 400).expect("sell");
    let premium = world.account(poor).cash;
    assert!(premium > 10_000 * QUOTE, "{premium}");
    world.withdraw(poor, premium.unsigned_abs()).expect("withdraw");
    refused(&world, "CashShort", || world.trade_at_mark(poor, 0, &call(&world), 400));
    world.trade_at_mark(poor, 0, &call(&world), 100).expect("a debt below the cap");
    assert!(world.account(poor).cash < 0);
    assert!(world.account(poor).debt_since > 0);
    world.full_check();
}

#[test]
fn held_cash_pays_no_premium() {
    let world = World::new();
    edit_account(&world, 0, |account| {
        account.held = account.cash;
        account.held_until = i64::MAX;
    });
    refused(&world, "CashShort", || world.trade_at_mark(0, 1, &call(&world), 1));
}

/// The seller short and the buyer long, then a price too uncertain for new risk.
fn guarded() -> World {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    world.chain.advance(5);
    let feed = &world.feeds[usize::from(BTC)];
    let update = PriceUpdate::new(feed.id, BTC_PRICE, world.chain.time()).with_confidence(BTC_PRICE * 18 / 1_000);
    feed.post_update(&world.chain, &world.governance, &update).expect("uncertain price");
    world
}

#[test]
fn at_an_uncertain_price_no_short_grows() {
    let world = guarded();
    refused(&world, "CuringShortGrows", || world.trade_at_mark(SELLER, LIQUIDATOR, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 10).expect("both reduce");
}

#[test]
fn at_an_uncertain_price_no_initial_balance_falls() {
    let world = guarded();
    refused(&world, "CuringInitialFalls", || world.trade_at_mark(LIQUIDATOR, BUYER, &call(&world), 1));
}

/// A wing bought for a short at 100 % caps its largest loss at 13 % of spot: that is less than the initial requirement
/// and more than the maintenance requirement, so that only the initial balance gains what the wing costs both.
#[test]
fn a_curing_trade_lowers_no_maintenance_balance() {
    let options = WorldOptions { traders: 0, strike_percents: vec![100, 113], ..WorldOptions::default() };
    let mut world = World::with(&options);
    let seller = world.add_trader("seller", 40_000 * QUOTE);
    let buyer = world.add_trader("buyer", 100_000 * QUOTE);
    let [short, wing] = [0, 1].map(|strike| world.series(BTC, 0, strike, OptionKind::Call));
    world.trade_at_mark(buyer, seller, &short, 50).expect("short");
    let record = address::owner(&world.clearinghouse, &world.traders[seller].address());
    edit::<Owner>(&world, &record, |owner| owner.bad_debt = 1);

    let (accounts, expiry) = ([world.traders[seller].account], Some((BTC, wing.expiry)));
    let snapshot = Snapshot::load_with(&world.chain, &world.directory(), &accounts, expiry, None).expect("load");
    let mark = world.mark(&wing).expect("mark");
    let quoted = quote::trade(&snapshot, 0, &wing, 50, mark).expect("quote");
    let (before, after) = (quoted.before, quoted.after);
    assert!(after.initial > before.initial && after.maintenance < before.maintenance);
    let numbers = (before.maintenance.0, after.maintenance.0);
    refused_numbers(&world, "CuringMaintenanceFalls", numbers, || world.trade(seller, buyer, &wing, 50, mark));
    edit::<Owner>(&world, &record, |owner| owner.bad_debt = 0);
    world.trade(seller, buyer, &wing, 50, mark).expect("above initial margin it may");
    world.full_check();
}

#[test]
fn a_curing_trade_costs_at_most_fee_and_slip() {
    let world = guarded();
    let mark = world.mark(&call(&world)).expect("mark");
    let slip = mark * 100 / 50;
    let over = mark + slip / 100 + 1;
    refused(&world, "CuringEquityFalls", || world.trade(SELLER, BUYER, &call(&world), 100, over));
    world.trade(SELLER, BUYER, &call(&world), 100, mark + slip / 100).expect("the whole slip");
    world.full_check();
}

#[test]
fn an_owner_with_open_bad_debt_only_cures() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), 10).expect("trade");
    let record = address::owner(&world.clearinghouse, &world.traders[SELLER].address());
    edit::<Owner>(&world, &record, |owner| owner.bad_debt = 1);
    refused(&world, "CuringShortGrows", || world.trade_at_mark(BUYER, SELLER, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("buying back cures");
}

#[test]
fn an_account_in_auction_only_cures_in_what_it_holds() {
    let world = in_auction();
    let sol = world.series(SOL, 0, 2, OptionKind::Call);
    refused(&world, "AuctionNewUnderlying", || world.trade_at_mark(SELLER, BUYER, &sol, 1));
    refused(&world, "CuringShortGrows", || world.trade_at_mark(LIQUIDATOR, SELLER, &call(&world), 1));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("buying back cures");
    world.full_check();
}
