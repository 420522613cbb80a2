//! `strike_create`.

use plimsoll::events::StrikeCreated;
use plimsoll::state::{Expiry, OracleState, StrikeData, Underlying};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_core::math::elementary::ln_integer;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};
use rand::seq::SliceRandom;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;

use crate::forge::*;
use crate::support::*;

/// The strike step of BTC.
const STEP: i64 = 500 * QUOTE;

/// One expiry, a week ahead, without strikes.
fn empty() -> World {
    World::with(&WorldOptions { traders: 0, ..one_expiry() })
}

fn one_expiry() -> WorldOptions {
    WorldOptions { expiry_days: vec![7], strike_percents: Vec::new(), ..Default::default() }
}

fn address_of(world: &World) -> Pubkey {
    world.directory().expiry(BTC, world.expiries[0])
}

fn expiry(world: &World) -> Expiry {
    world.chain.load(&address_of(world)).expect("expiry")
}

fn instruction_of(world: &World, price: i64) -> Instruction {
    instruction::strike_create(&world.directory().underlying(BTC), world.expiries[0], price)
}

/// Anybody lists a strike: nobody signs but for the network fee.
fn list(world: &World, price: i64) -> Sent {
    send_signed(world, instruction_of(world, price), &[])
}

/// Posts `update` of BTC, changed, published now.
fn post(world: &World, change: impl FnOnce(PriceUpdate) -> PriceUpdate) {
    world.chain.advance(5);
    let feed = &world.feeds[usize::from(BTC)];
    let update = change(PriceUpdate::new(feed.id, BTC_PRICE, world.chain.time()));
    feed.post_update(&world.chain, &world.governance, &update).expect("accepted");
}

#[test]
fn a_strike_takes_the_next_id_and_changes_nothing_else() {
    let world = empty();
    let mut expected = expiry(&world);
    let prices = [BTC_PRICE, BTC_PRICE - STEP, BTC_PRICE + STEP];
    let orders: [&[u8]; 3] = [&[0], &[1, 0], &[1, 0, 2]];
    for ((id, price), order) in (0u8..).zip(prices).zip(orders) {
        let sent = list(&world, price).expect("list");
        let fact: StrikeCreated = event(&sent);
        assert_eq!(fact, StrikeCreated { expiry_account: address_of(&world), price, strike: id });
        let strike = StrikeData { price, ln_price: ln_integer(price), open_interest: [0, 0] };
        expected.strikes[usize::from(id)] = strike;
        expected.order[..order.len()].copy_from_slice(order);
        expected.strike_count = id + 1;
        assert_state(&expiry(&world), &expected);
    }
    world.full_check();
}

#[test]
fn ids_stay_and_order_is_by_price_however_strikes_are_listed() {
    let world = empty();
    let mut prices: Vec<i64> = (0..64).map(|at| BTC_PRICE + (at - 32) * STEP).collect();
    prices.shuffle(&mut ChaCha8Rng::seed_from_u64(5));
    for (at, price) in prices.iter().enumerate() {
        list(&world, *price).expect("list");
        let expiry = expiry(&world);
        let listed: Vec<i64> = expiry.strikes().iter().map(|strike| strike.price).collect();
        assert_eq!(listed, prices[..=at], "ids are those of the listing");
        let by_order: Vec<i64> = expiry.order().iter().map(|id| listed[usize::from(*id)]).collect();
        assert!(by_order.is_sorted() && by_order.len() == at + 1, "{by_order:?}");
    }
    world.full_check();
}

#[test]
fn the_65th_strike_is_refused() {
    let world = empty();
    for at in 0..64 {
        list(&world, BTC_PRICE + at * STEP).expect("list");
    }
    refused(&world, "StrikesFull", || list(&world, BTC_PRICE + 64 * STEP));
    assert_eq!(expiry(&world).strike_count, 64);
}

#[test]
fn in_a_full_expiry_a_strike_takes_the_place_of_one_that_nobody_holds() {
    let world = World::with(&WorldOptions { traders: 2, ..one_expiry() });
    let replace = |id: u8, price: i64| {
        let underlying = world.directory().underlying(BTC);
        world.crank(instruction::strike_replace(&underlying, world.expiries[0], (id, price)))
    };
    list(&world, BTC_PRICE).expect("list");
    refused(&world, "StrikeReplaced", || replace(0, BTC_PRICE + STEP));
    for at in 1..64 {
        list(&world, BTC_PRICE + at * STEP).expect("list");
    }
    let held = world.series(BTC, 0, 3, OptionKind::Put);
    world.trade_at_mark(0, 1, &held, 1).expect("trade");
    refused_numbers(&world, "StrikeReplaced", (1, 64), || replace(3, BTC_PRICE - STEP));
    refused(&world, "StrikeExists", || replace(5, BTC_PRICE + 5 * STEP));
    refused(&world, "UnknownStrike", || replace(64, BTC_PRICE - STEP));
    refused(&world, "UnknownStrike", || replace(255, BTC_PRICE - STEP));
    for (id, price) in [(63, BTC_PRICE - STEP), (0, BTC_PRICE + 80 * STEP), (30, BTC_PRICE + 7 * STEP + 80 * STEP)] {
        let fact: StrikeCreated = event(&replace(id, price).expect("replace"));
        assert_eq!((fact.strike, fact.price), (id, price));
        let after = expiry(&world);
        assert_eq!(after.strike_count, 64);
        assert_eq!(after.strikes()[usize::from(id)].price, price);
        let by_price: Vec<i64> = after.order().iter().map(|id| after.strikes()[usize::from(*id)].price).collect();
        assert!(by_price.is_sorted() && by_price.len() == 64, "{by_price:?}");
        let mut ids = after.order().to_vec();
        ids.sort_unstable();
        assert_eq!(ids, (0..64).collect::<Vec<u8>>());
    }
    // A trade that was signed for what stood there before does not clear.
    let series = world.series(BTC, 0, 10, OptionKind::Call);
    let signed = world.trade_args(0, 1, &series, 1, world.mark(&series).expect("mark"));
    replace(10, BTC_PRICE - 2 * STEP).expect("replace");
    refused(&world, "StrikeMismatch", || world.trade_with(0, 1, signed));
    world.full_check();
}

#[test]
fn a_strike_that_is_listed_is_refused() {
    let world = empty();
    for price in [BTC_PRICE, BTC_PRICE + STEP] {
        list(&world, price).expect("list");
    }
    for price in [BTC_PRICE, BTC_PRICE + STEP] {
        refused(&world, "StrikeExists", || list(&world, price));
    }
}

#[test]
fn a_strike_off_the_grid_is_refused() {
    let world = empty();
    for price in [BTC_PRICE + 1, BTC_PRICE - 1, STEP - 1, 1, 0, -1, -STEP, i64::MIN, i64::MAX] {
        refused_numbers(&world, "StrikeOffGrid", (price, STEP), || list(&world, price));
    }
}

#[test]
fn a_strike_stands_between_a_quarter_and_four_times_the_price() {
    let world = empty();
    let (low, high) = (BTC_PRICE / 4, BTC_PRICE * 4);
    refused_numbers(&world, "StrikeTooFar", (low - STEP, low), || list(&world, low - STEP));
    refused_numbers(&world, "StrikeTooFar", (high + STEP, high), || list(&world, high + STEP));
    let highest = i64::MAX / STEP * STEP;
    refused_numbers(&world, "StrikeTooFar", (highest, high), || list(&world, highest));
    for price in [low, high] {
        list(&world, price).expect("the bound itself");
    }
    // The bounds follow the accepted price.
    world.move_price(BTC, BTC_PRICE + 2 * STEP);
    list(&world, high + 8 * STEP).expect("four times the new price");
    refused(&world, "StrikeTooFar", || list(&world, low - STEP));
}

#[test]
fn a_strike_needs_a_price_valid_for_new_risk() {
    let world = empty();
    let strike = || list(&world, BTC_PRICE);
    world.chain.advance(60);
    let age = world.chain.time() - world.feeds[0].oracle(&world.chain).expect("oracle").price.publish_time;
    world.chain.advance(61 - age);
    refused_numbers(&world, "PriceStale", (61, 60), strike);
    post(&world, |update| update.with_confidence(BTC_PRICE / 1_000 * 15 + 1));
    let widest = BTC_PRICE / 1_000 * 15;
    refused_numbers(&world, "PriceUncertain", (widest + 1, widest), strike);
    post(&world, |update| update.with_ema(BTC_PRICE * 2));
    refused(&world, "PriceDiverged", strike);
    post(&world, |mut update| {
        update.message.price = update.message.price / 100 * 106;
        update
    });
    let walking = world.feeds[0].oracle(&world.chain).expect("oracle").price;
    assert!(walking.walking_since > 0);
    refused_numbers(&world, "PriceWalking", (walking.price, walking.raw), strike);
    world.move_price(BTC, BTC_PRICE);
    strike().expect("a price valid for new risk");
}

#[test]
fn an_underlying_without_a_price_lists_no_strike() {
    let world = empty();
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| state.price.price = 0);
    refused(&world, "PriceMissing", || list(&world, BTC_PRICE));
}

#[test]
fn an_expiry_that_is_over_lists_no_strike() {
    let world = World::new();
    let series = call(&world);
    sample_window(&world, &series, 60);
    world.chain.set_time(series.expiry - 1);
    world.refresh_prices();
    list(&world, BTC_PRICE + STEP).expect("the last second");
    world.chain.set_time(series.expiry);
    let passed = || list(&world, BTC_PRICE + 2 * STEP);
    refused_numbers(&world, "ExpiryPassed", (series.expiry, series.expiry), passed);
    let underlying = world.directory().underlying(BTC);
    world.crank(instruction::expiry_settle(&underlying, series.expiry)).expect("settle");
    refused(&world, "ExpirySettledAlready", || list(&world, BTC_PRICE + 2 * STEP));
}

#[test]
fn oracle_and_expiry_are_those_of_the_underlying() {
    let world = empty();
    let directory = world.directory();
    let create = instruction_of(&world, BTC_PRICE);
    let (btc, sol) = (directory.underlying(BTC), directory.underlying(SOL));
    let exchanges = [
        (address::oracle(&btc), address::oracle(&sol)),
        (address_of(&world), directory.expiry(SOL, world.expiries[0])),
        (btc, sol),
    ];
    for (own, wrong) in exchanges {
        refused(&world, "UnderlyingMismatch", || send_signed(&world, exchanged(&create, &own, &wrong), &[]));
    }
}

#[test]
fn every_account_is_of_its_type() {
    let world = empty();
    let create = instruction_of(&world, BTC_PRICE);
    check_account_list(&world, &create, &[]);
    let underlying = world.directory().underlying(BTC);
    let accounts = [
        (underlying, std::mem::offset_of!(Underlying, version)),
        (address::oracle(&underlying), std::mem::offset_of!(OracleState, version)),
        (address_of(&world), std::mem::offset_of!(Expiry, version)),
    ];
    for (key, version_at) in accounts {
        check_type(&world, &create, &key, version_at, &[]);
    }
}
