//! `trade_clear`: quantities, open interest, legs, expiries, underlyings.

use plimsoll::state::margin_account::{MODE_ISOLATED, MODE_PORTFOLIO};
use plimsoll::state::{PositionData, Underlying};
use plimsoll_client::{address, instruction, presets};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::feed::Feed;
use plimsoll_tests::world::{World, WorldOptions, BTC, QUOTE, SOL};
use solana_signer::Signer;

use super::refused_with;
use crate::support::*;

fn limit(world: &World, max_quantity: i64, open_interest_cap: i64) {
    edit::<Underlying>(world, &world.directory().underlying(BTC), |underlying| {
        underlying.limits.max_quantity = max_quantity;
        underlying.limits.open_interest_cap = open_interest_cap;
    });
}

#[test]
fn a_quantity_is_at_least_one_and_fits_its_type() {
    let world = World::new();
    refused_with(&world, "TradeQuantity", |args| args.quantity = 0);
    refused_with(&world, "TradeQuantity", |args| args.quantity = -1);
    refused_with(&world, "QuantityOverflow", |args| args.quantity = i32::MIN);
    refused_with(&world, "LegTooLarge", |args| args.quantity = i32::MAX);
}

#[test]
fn a_leg_holds_at_most_the_largest_quantity() {
    let world = World::new();
    let series = call(&world);
    limit(&world, 5, 100);
    refused(&world, "LegTooLarge", || world.trade_at_mark(0, 1, &series, 6));
    world.trade_at_mark(0, 1, &series, 5).expect("the largest leg");
    refused(&world, "LegTooLarge", || world.trade_at_mark(0, 1, &series, 1));
    limit(&world, 3, 100);
    world.trade_at_mark(1, 0, &series, 1).expect("a leg above a lowered limit may shrink");
}

#[test]
fn a_series_holds_at_most_its_open_interest() {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    let series = call(&world);
    limit(&world, 100, 5);
    refused(&world, "OpenInterestCap", || world.trade_at_mark(0, 1, &series, 6));
    world.trade_at_mark(0, 1, &series, 5).expect("up to the cap");
    refused(&world, "OpenInterestCap", || world.trade_at_mark(2, 1, &series, 1));
    world.trade_at_mark(2, 0, &series, 2).expect("open contracts change hands at the cap");
    limit(&world, 100, 3);
    world.trade_at_mark(1, 0, &series, 1).expect("open interest above a lowered cap may fall");
}

#[test]
fn an_account_holds_256_legs() {
    let world = World::new();
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 0, OptionKind::Call), 1).expect("leg");
    edit_account(&world, 0, |account| {
        let leg = account.positions[0];
        account.positions = [PositionData { quantity: 1, ..leg }; 256];
        account.position_count = 256;
        account.expiries[usize::from(leg.expiry_slot)].legs = 256;
    });
    refused(&world, "TooManyPositions", || world.trade_at_mark(0, 1, &call(&world), 1));
}

/// Thirteen expiries of one strike.
fn thirteen_expiries() -> World {
    World::with(&WorldOptions { expiry_days: (2..15).collect(), strike_percents: vec![100], ..WorldOptions::default() })
}

#[test]
fn a_portfolio_account_holds_10_expiries() {
    let world = thirteen_expiries();
    let series = |expiry| world.series(BTC, expiry, 0, OptionKind::Call);
    world.set_mode(0, MODE_PORTFOLIO).expect("portfolio");
    for expiry in 0..10 {
        world.trade_at_mark(0, 1, &series(expiry), 1).expect("expiry");
    }
    refused(&world, "TooManyExpiries", || world.trade_at_mark(0, 1, &series(10), 1));
    world.trade_at_mark(1, 0, &series(0), 1).expect("close the first");
    world.trade_at_mark(0, 1, &series(10), 1).expect("a freed slot is used again");
    world.full_check();
}

#[test]
fn an_account_holds_12_expiries() {
    let world = thirteen_expiries();
    for expiry in 0..12 {
        world.trade_at_mark(0, 1, &world.series(BTC, expiry, 0, OptionKind::Call), 1).expect("expiry");
    }
    let next = world.series(BTC, 12, 0, OptionKind::Call);
    refused(&world, "TooManyExpiries", || world.trade_at_mark(0, 1, &next, 1));
    world.trade_at_mark(1, 0, &world.series(BTC, 0, 0, OptionKind::Call), 1).expect("close the first");
    world.trade_at_mark(0, 1, &next, 1).expect("a freed slot is used again");
    world.full_check();
}

/// Lists one more underlying at a price of 200, with the first expiry and the strike 200.
fn list(world: &mut World, args: plimsoll::UnderlyingCreateArgs) {
    let (price, authority, expiry) = (200 * QUOTE, world.governance.pubkey(), world.expiries[0]);
    let underlying = address::underlying(&world.clearinghouse, args.index);
    let feed = Feed::new(underlying, args.feed_id);
    world.govern(instruction::underlying_create(&world.clearinghouse, &authority, &authority, args));
    feed.post(&world.chain, &world.governance, price).expect("price");
    world.feeds.push(feed);
    world.govern(instruction::expiry_create(&underlying, &authority, expiry));
    world.govern(instruction::strike_create(&underlying, expiry, price));
}

#[test]
fn an_account_holds_3_underlyings() {
    let mut world = World::new();
    for (index, feed) in [(2, [2; 32]), (3, [3; 32])] {
        list(&mut world, plimsoll::UnderlyingCreateArgs { feed_id: feed, ..presets::sol(index) });
    }
    world.refresh_prices();
    for index in [BTC, SOL, 2] {
        world.trade_at_mark(0, 1, &world.series(index, 0, 0, OptionKind::Call), 1).expect("underlying");
    }
    let fourth = world.series(3, 0, 0, OptionKind::Call);
    refused(&world, "TooManyUnderlyings", || world.trade_at_mark(0, 1, &fourth, 1));
    world.full_check();
}

#[test]
fn an_isolated_account_holds_one_expiry() {
    let mut world = World::new();
    let isolated = open_account(&mut world, 0, 1, MODE_ISOLATED);
    world.deposit(isolated, 10_000_000_000).expect("deposit");
    world.trade_at_mark(isolated, 1, &call(&world), 1).expect("first expiry");
    world.trade_at_mark(isolated, 1, &world.series(BTC, 0, 4, OptionKind::Put), 1).expect("same expiry");
    for other in [world.series(BTC, 1, 2, OptionKind::Call), world.series(SOL, 0, 2, OptionKind::Call)] {
        refused(&world, "IsolatedExpiry", || world.trade_at_mark(isolated, 1, &other, 1));
    }
    world.full_check();
}
