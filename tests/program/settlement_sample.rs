//! `settlement_sample`.

use plimsoll::events::SettlementSampled;
use plimsoll::state::OracleState;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_client::{address, instruction};
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, SOL};

use crate::support::*;

fn sample(world: &World) -> Result<Outcome, LedgerError> {
    world.crank(instruction::settlement_sample(&world.directory().underlying(BTC), world.expiries[0]))
}

/// The standard world `seconds` after the window opened.
fn in_window(seconds: i64) -> World {
    let world = World::new();
    world.chain.set_time(world.expiries[0] - 1_800 + seconds);
    world.refresh_prices();
    world
}

#[test]
fn a_sample_counts_for_the_time_it_was_the_last_up_to_the_hold() {
    let world = in_window(0);
    for (wait, covered) in [(60, 0), (119, 60), (500, 179), (1, 299), (1, 300)] {
        let fact: SettlementSampled = event(&sample(&world).expect("sample"));
        assert_eq!((fact.price, fact.covered_after), (BTC_PRICE, covered));
        world.advance(wait);
    }
    world.full_check();
}

#[test]
fn a_sample_before_the_windows_first_useful_second_is_refused() {
    let world = in_window(-120);
    refused(&world, "SampleTooEarly", || sample(&world));
    world.advance(1);
    sample(&world).expect("held into the window");
}

#[test]
fn a_price_is_sampled_once() {
    let world = in_window(10);
    sample(&world).expect("sample");
    refused(&world, "SampleNotNewer", || sample(&world));
    world.chain.advance(5);
    refused(&world, "SampleNotNewer", || sample(&world));
}

#[test]
fn a_stale_price_is_not_sampled() {
    let world = in_window(10);
    world.chain.advance(61);
    refused(&world, "PriceStale", || sample(&world));
}

#[test]
fn a_wild_price_is_not_sampled() {
    let world = in_window(10);
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| state.price.ema = BTC_PRICE / 2);
    refused(&world, "PriceDiverged", || sample(&world));
}

#[test]
fn a_window_covered_enough_takes_no_sample_after_its_end() {
    let world = World::new();
    sample_window(&world, &call(&world), 60);
    refused(&world, "SettlementWindowClosed", || sample(&world));
}

#[test]
fn a_thin_window_goes_on_past_expiry_in_fixed_steps() {
    let world = in_window(1_799);
    sample(&world).expect("sample");
    world.advance(60);
    let fact: SettlementSampled = event(&sample(&world).expect("sample"));
    assert_eq!(fact.window_end, world.expiries[0] + 600);
    assert_eq!(fact.covered_after, 60);
}

#[test]
fn a_settled_expiry_takes_no_sample() {
    let world = World::new();
    settle_expiry(&world, &call(&world));
    refused(&world, "ExpirySettledAlready", || sample(&world));
}

#[test]
fn a_price_of_another_underlying_is_not_sampled() {
    let world = in_window(10);
    let (btc, sol) = (world.directory().underlying(BTC), world.directory().underlying(SOL));
    let mut foreign = instruction::settlement_sample(&btc, world.expiries[0]);
    foreign.accounts[1].pubkey = address::oracle(&sol);
    refused(&world, "UnderlyingMismatch", || world.crank(foreign.clone()));
    foreign.accounts[0].pubkey = sol;
    refused(&world, "UnderlyingMismatch", || world.crank(foreign));
}
