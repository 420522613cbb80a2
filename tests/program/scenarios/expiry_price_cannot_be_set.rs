//! No key sets the price of an expiry: not governance, not by one late print, not by a feed of other decimals.

use plimsoll::events::ExpirySettled;
use plimsoll_client::instruction;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE};

use crate::support::*;

#[test]
fn without_samples_an_expiry_waits_for_them_however_long() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 5).expect("trade");
    let underlying = world.directory().underlying(BTC);
    world.chain.set_time(world.expiries[0] + 3 * 86_400);
    refused(&world, "SettlementThin", || world.crank(instruction::expiry_settle(&underlying, world.expiries[0])));
    // It settles late, from prices accepted then.
    world.refresh_prices();
    for _ in 0..40 {
        if world.crank(instruction::settlement_sample(&underlying, world.expiries[0])).is_err() {
            break;
        }
        world.advance(60);
    }
    world.chain.advance(600);
    let settled = world.crank(instruction::expiry_settle(&underlying, world.expiries[0])).expect("settle");
    assert_eq!(event::<ExpirySettled>(&settled).settlement_price, BTC_PRICE);
    world.full_check();
}

#[test]
fn one_print_at_the_end_weighs_no_more_than_its_time() {
    let world = World::new();
    let underlying = world.directory().underlying(BTC);
    world.chain.set_time(world.expiries[0] - 1_800);
    world.refresh_prices();
    while world.chain.time() < world.expiries[0] - 30 {
        world.crank(instruction::settlement_sample(&underlying, world.expiries[0])).expect("sample");
        world.advance(59);
    }
    // Thirty seconds before the end the price jumps: accepted in steps, sampled for what is left.
    while world.chain.time() < world.expiries[0] {
        world.post_price(BTC, BTC_PRICE / 100 * 130).expect("print");
        let _late = world.crank(instruction::settlement_sample(&underlying, world.expiries[0]));
        world.chain.advance(5);
    }
    world.chain.set_time(world.expiries[0]);
    let settled = world.crank(instruction::expiry_settle(&underlying, world.expiries[0])).expect("settle");
    let price = event::<ExpirySettled>(&settled).settlement_price;
    assert!(price > BTC_PRICE && price < BTC_PRICE / 1_000 * 1_005, "{price}");
}

#[test]
fn a_price_account_of_another_program_or_feed_is_not_accepted() {
    let world = World::new();
    world.chain.advance(5);
    let feed = &world.feeds[usize::from(BTC)];
    let good = PriceUpdate::new(feed.id, BTC_PRICE, world.chain.time());
    let foreign = good.clone().with_receiver(world.traders[0].address());
    refused(&world, "PriceOwner", || feed.post_update(&world.chain, &world.governance, &foreign));
    let other = PriceUpdate::new([7; 32], BTC_PRICE, world.chain.time());
    refused(&world, "PriceFeedMismatch", || feed.post_update(&world.chain, &world.governance, &other));
}
