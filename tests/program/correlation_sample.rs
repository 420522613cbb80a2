//! `correlation_sample`.

use plimsoll::events::CorrelationSampled;
use plimsoll::state::{CorrelationData, OracleState, Underlying};
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{LedgerExt, Outcome};
use plimsoll_client::{address, instruction, presets};
use plimsoll_core::correlation::{sample as rule, CorrelationState, SAMPLING_SECONDS, SILENCE_SECONDS};
use plimsoll_core::units::Price;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, SOL, SOL_PRICE};
use solana_program::instruction::Instruction;

use crate::forge::*;
use crate::support::*;

/// The standard world, the correlation of SOL with BTC measured.
fn world() -> World {
    World::with(&WorldOptions { correlated: true, ..WorldOptions::default() })
}

fn instruction_of(world: &World, underlying: u16, peer: u16) -> Instruction {
    let directory = world.directory();
    instruction::correlation_sample(&directory.underlying(underlying), &directory.underlying(peer))
}

/// Samples the pair that the world lists: SOL with BTC.
fn sample(world: &World) -> Result<Outcome, LedgerError> {
    world.crank(instruction_of(world, SOL, BTC))
}

fn oracle(world: &World, index: u16) -> OracleState {
    world.chain.load(&address::oracle(&world.directory().underlying(index))).expect("oracle")
}

fn state(world: &World) -> CorrelationData {
    oracle(world, SOL).correlations[0]
}

/// Seconds until the next hour begins.
fn until_the_hour(world: &World) -> i64 {
    3_600 - world.chain.time() % 3_600
}

/// Moves both prices by these per mille at the beginning of the next hour.
fn an_hour_later(world: &World, (btc, sol): (i64, i64)) {
    world.advance(until_the_hour(world));
    world.move_price(BTC, world.price(BTC) / 1_000 * (1_000 + btc));
    world.move_price(SOL, world.price(SOL) / 1_000 * (1_000 + sol));
}

#[test]
fn anyone_samples_the_accepted_prices_as_the_rule_book_does() {
    let world = world();
    let mut expected = CorrelationState::default();
    for (btc, sol) in [(0, 0), (3, 4), (-2, -5), (4, 1), (-3, 2)] {
        an_hour_later(&world, (btc, sol));
        let prices = (Price(world.price(SOL)), Price(world.price(BTC)));
        let before = expected.correlation;
        expected = rule(&expected, prices, world.chain.time()).expect("due");
        let fact: CorrelationSampled = event(&sample(&world).expect("sample"));
        assert_eq!((fact.price, fact.peer_price, fact.peer), (prices.0 .0, prices.1 .0, BTC));
        assert_eq!((fact.correlation_before, fact.correlation_after), (before, expected.correlation));
        assert_eq!((fact.samples, fact.underlying), (expected.samples, world.directory().underlying(SOL)));
        assert_eq!(state(&world).rules(), &expected);
    }
    assert!((300_000..900_000).contains(&expected.correlation), "{expected:?}");
    assert_eq!(oracle(&world, SOL).correlations[1], CorrelationData::default());
    world.full_check();
}

#[test]
fn the_first_sample_counts_no_return() {
    let world = world();
    sample(&world).expect("sample");
    let first = state(&world);
    assert_eq!((first.samples, first.correlation, first.sampled_at), (0, 0, world.chain.time()));
    // Nothing else of the underlying's prices changes.
    let oracle = oracle(&world, SOL);
    assert_eq!((oracle.price.price, oracle.price.raw), (SOL_PRICE, SOL_PRICE));
}

#[test]
fn an_hour_is_sampled_once_and_in_its_first_minute() {
    let world = world();
    let not_due = |world: &World| {
        let numbers = (world.chain.time(), world.chain.time() + until_the_hour(world));
        refused_numbers(world, "CorrelationNotDue", numbers, || sample(world));
    };
    world.advance(until_the_hour(&world) + 1_800);
    sample(&world).expect("the very first, at any time");
    not_due(&world);
    world.advance(until_the_hour(&world) - 1);
    not_due(&world);
    world.advance(1);
    sample(&world).expect("the next hour");
    assert_eq!(state(&world).samples, 1);
    not_due(&world);
    world.advance(until_the_hour(&world) + SAMPLING_SECONDS);
    not_due(&world);
    world.advance(until_the_hour(&world) + SAMPLING_SECONDS - 1);
    sample(&world).expect("its last second");
    assert_eq!(state(&world).samples, 1, "the hour that was missed cost more than there were");
}

#[test]
fn a_return_over_a_silence_counts_nothing() {
    let world = world();
    an_hour_later(&world, (1, 1));
    sample(&world).expect("first");
    an_hour_later(&world, (1, 1));
    sample(&world).expect("second");
    let before = state(&world);
    world.advance(SILENCE_SECONDS);
    an_hour_later(&world, (5, 5));
    sample(&world).expect("after the silence");
    let after = state(&world);
    assert_eq!((after.samples, after.covariance), (0, before.covariance));
    assert!(after.sampled_at > before.sampled_at && after.own_ln > before.own_ln);
}

#[test]
fn an_underlying_that_is_no_peer_is_refused() {
    let mut world = world();
    refused_numbers(&world, "PeerUnknown", (SOL.into(), BTC.into()), || world.crank(instruction_of(&world, BTC, SOL)));
    refused_numbers(&world, "PeerUnknown", (SOL.into(), SOL.into()), || world.crank(instruction_of(&world, SOL, SOL)));
    world.add_underlying(presets::eth(2), SOL_PRICE * 10);
    refused_numbers(&world, "PeerUnknown", (2, SOL.into()), || world.crank(instruction_of(&world, SOL, 2)));
}

#[test]
fn an_underlying_of_another_clearinghouse_is_refused() {
    let world = world();
    let other = other_clearinghouse(&world);
    let authority = solana_signer::Signer::pubkey(&world.governance);
    world.govern(instruction::underlying_create(&other, &authority, &authority, presets::btc(BTC)));
    let foreign = address::underlying(&other, BTC);
    let mixed = instruction::correlation_sample(&world.directory().underlying(SOL), &foreign);
    refused(&world, "ClearinghouseMismatch", || world.crank(mixed));
}

#[test]
fn a_price_of_another_underlying_is_refused() {
    let world = world();
    let honest = instruction_of(&world, SOL, BTC);
    let [own, peer] = [honest.accounts[1].pubkey, honest.accounts[3].pubkey];
    for place in [1, 3] {
        let mut forged = honest.clone();
        forged.accounts[place].pubkey = if place == 1 { peer } else { own };
        refused(&world, "UnderlyingMismatch", || world.crank(forged));
    }
    for (at, version) in [
        (0, std::mem::offset_of!(Underlying, version)),
        (1, std::mem::offset_of!(OracleState, version)),
        (2, std::mem::offset_of!(Underlying, version)),
        (3, std::mem::offset_of!(OracleState, version)),
    ] {
        check_type(&world, &honest, &honest.accounts[at].pubkey, version, &[]);
    }
    check_account_list(&world, &honest, &[]);
}

#[test]
fn a_stale_or_wild_price_of_either_is_refused() {
    let world = world();
    for index in [BTC, SOL] {
        let at = address::oracle(&world.directory().underlying(index));
        let whole = world.chain.raw(&at).expect("oracle");
        edit::<OracleState>(&world, &at, |state| state.price.publish_time -= 61);
        refused(&world, "PriceStale", || sample(&world));
        world.chain.set_raw(&at, whole.clone());
        edit::<OracleState>(&world, &at, |state| state.price.ema = BTC_PRICE * 3);
        refused(&world, "PriceDiverged", || sample(&world));
        world.chain.set_raw(&at, whole);
    }
    sample(&world).expect("both are well");
}
