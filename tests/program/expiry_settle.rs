//! `expiry_settle`.

use plimsoll::events::ExpirySettled;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, SOL};

use crate::support::*;

fn settle(world: &World) -> Result<Outcome, LedgerError> {
    world.crank(instruction::expiry_settle(&world.directory().underlying(BTC), world.expiries[0]))
}

#[test]
fn the_price_is_the_time_weighted_average_rounded_down() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 7).expect("trade");
    let underlying = world.directory().underlying(BTC);
    world.chain.set_time(world.expiries[0] - 1_800);
    world.refresh_prices();
    let (mut weighted, mut last) = (0i128, None);
    let mut price = BTC_PRICE;
    while world.chain.time() < world.expiries[0] {
        world.crank(instruction::settlement_sample(&underlying, world.expiries[0])).expect("sample");
        last = Some((world.price(BTC), world.chain.time()));
        price += 1_234_567;
        world.chain.advance(47);
        world.post_price(BTC, price).expect("price");
        world.refresh_prices();
        let (held, since) = last.unwrap();
        weighted += i128::from(held) * i128::from(world.chain.time().min(world.expiries[0]) - since);
    }
    assert!(last.is_some());
    let fact: ExpirySettled = event(&settle(&world).expect("settle"));
    assert_eq!(i128::from(fact.settlement_price), weighted / i128::from(fact.covered_seconds));
    assert_eq!(fact.open_interest, 7);
    let expiry = world.expiry(&call(&world));
    assert_eq!((expiry.unsettled_long, expiry.unsettled_short), (7, 7));
    world.full_check();
}

#[test]
fn before_the_window_ends_nothing_is_settled() {
    let world = World::new();
    refused(&world, "SettlementWindowOpen", || settle(&world));
    sample_window(&world, &call(&world), 60);
    world.chain.set_time(world.expiries[0] - 1);
    refused(&world, "SettlementWindowOpen", || settle(&world));
    world.chain.set_time(world.expiries[0]);
    settle(&world).expect("the second of expiry");
}

#[test]
fn a_thin_window_is_not_settled() {
    let world = World::new();
    world.chain.set_time(world.expiries[0]);
    refused(&world, "SettlementThin", || settle(&world));
    world.chain.set_time(world.expiries[0] + 86_400);
    refused(&world, "SettlementThin", || settle(&world));
}

#[test]
fn an_expiry_is_settled_once() {
    let world = World::new();
    settle_expiry(&world, &call(&world));
    refused(&world, "ExpirySettledAlready", || settle(&world));
}

#[test]
fn the_rules_of_another_underlying_are_refused() {
    let world = World::new();
    let mut foreign = instruction::expiry_settle(&world.directory().underlying(BTC), world.expiries[0]);
    foreign.accounts[0].pubkey = world.directory().underlying(SOL);
    refused(&world, "UnderlyingMismatch", || world.crank(foreign));
}
