//! Two underlyings that moved together offset each other's losses, in every instruction alike.

use plimsoll::state::margin_account::{MODE_CROSS, MODE_PORTFOLIO};
use plimsoll_core::correlation::{Fading, SAMPLES_MIN};
use plimsoll_tests::world::SOL;

use super::balances::close_out;
use super::*;

/// Cap of what offsets, ppm, as shipped.
const CAP: i64 = 500_000;

/// The correlation of SOL with BTC as if months of hours had been sampled.
fn correlate(world: &World, correlation: i32) {
    let now = world.chain.time();
    let at = address::oracle(&world.directory().underlying(SOL));
    edit::<OracleState>(world, &at, |oracle| {
        let state = &mut oracle.correlations[0];
        (state.correlation, state.samples, state.sampled_at) = (correlation, SAMPLES_MIN, now);
    });
}

/// [`SELLER`] in portfolio mode, long a straddle of BTC and short one of SOL of about its size.
fn straddles() -> World {
    let world = World::with(&WorldOptions { correlated: true, ..WorldOptions::default() });
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    for kind in [OptionKind::Call, OptionKind::Put] {
        world.trade_at_mark(SELLER, BUYER, &world.series(BTC, 1, 2, kind), 50).expect("long");
        world.trade_at_mark(BUYER, SELLER, &world.series(SOL, 1, 2, kind), 250).expect("short");
    }
    world
}

fn fresh(world: &World) -> MarginBalances {
    balances_with(world, SELLER, false)
}

/// The program's numbers, which must be the client's.
fn same(world: &World) -> MarginBalances {
    let (there, here) = (fresh(world), world.balances(SELLER).expect("balances"));
    assert_eq!((i128::from(there.initial), i128::from(there.maintenance)), (here.initial, here.maintenance));
    there
}

#[test]
fn what_is_correlated_offsets_by_what_exceeds_the_margin_up_to_the_cap() {
    let world = straddles();
    let apart = same(&world);
    let saved = [100_000, 200_000, 450_000, 700_000, 1_000_000].map(|correlation| {
        correlate(&world, correlation);
        let now = same(&world);
        assert_eq!(now.equity, apart.equity);
        assert!(now.initial <= now.maintenance);
        now.maintenance - apart.maintenance
    });
    assert_eq!(saved[..2], [0, 0]);
    assert!(saved[2] > 0 && (2 * saved[2] - saved[3]).abs() <= 2, "{saved:?}");
    assert_eq!(saved[3], saved[4], "no more than the cap of {CAP}");
    correlate(&world, -1_000_000);
    assert_eq!(same(&world), apart);
    world.full_check();
}

#[test]
fn rows_give_the_same_offset() {
    let mut world = straddles();
    correlate(&world, 900_000);
    let expected = fresh(&world);
    world.open_rows(BTC, 1);
    world.open_rows(SOL, 1);
    assert_eq!(balances_with(&world, SELLER, true), expected);
}

/// Maintenance balances: the account's own, and as others see it.
fn both(world: &World) -> [i64; 2] {
    [same(world).maintenance, i64::try_from(close_out(world, SELLER, false).maintenance).expect("fits")]
}

#[test]
fn an_offset_fades_once_nobody_samples_for_the_account_in_a_day_and_for_others_in_a_week() {
    let world = straddles();
    let apart = both(&world);
    correlate(&world, 900_000);
    let saved = |world: &World| {
        let now = both(world);
        [now[0] - apart[0], now[1] - apart[1]]
    };
    let whole = saved(&world);
    assert!(whole[0] > 0 && whole[0] == whole[1]);
    // The clock alone: marks and ranges stay as they are.
    let at = address::oracle(&world.directory().underlying(SOL));
    let aged = |age: i64| {
        let now = world.chain.time();
        edit::<OracleState>(&world, &at, |oracle| oracle.correlations[0].sampled_at = now - age);
        saved(&world)
    };
    assert_eq!(aged(Fading::OWN.from), whole);
    let [own, others] = aged((Fading::OWN.from + Fading::OWN.until) / 2);
    assert!((2 * own - whole[0]).abs() <= 4 && others == whole[1]);
    assert_eq!(aged(Fading::OWN.until), [0, whole[1]]);
    let [own, others] = aged((Fading::OTHERS.from + Fading::OTHERS.until) / 2);
    assert!(own == 0 && (2 * others - whole[1]).abs() <= 4);
    assert_eq!(aged(Fading::OTHERS.until), [0, 0]);
}

#[test]
fn an_account_gains_by_an_offset_at_young_prices_alone() {
    let world = straddles();
    let apart = both(&world);
    correlate(&world, 900_000);
    let whole = both(&world);
    for index in [BTC, SOL] {
        let at = address::oracle(&world.directory().underlying(index));
        let before = world.chain.raw(&at).expect("oracle");
        edit::<OracleState>(&world, &at, |oracle| oracle.price.publish_time -= 61);
        assert_eq!(both(&world), [apart[0], whole[1]]);
        world.chain.set_raw(&at, before);
    }
}

#[test]
fn of_three_underlyings_the_first_two_of_the_account_that_are_peers_offset_each_other() {
    let mut world = straddles();
    let saved = |world: &World| world.balances(SELLER).expect("balances").maintenance_offset;
    correlate(&world, 900_000);
    let before = saved(&world);
    let mut eth = plimsoll_client::presets::eth(2);
    eth.portfolio.correlation_peers = [BTC, SOL];
    world.add_underlying(eth, 2_000 * QUOTE);
    let (underlying, expiry) = (address::underlying(&world.clearinghouse, 2), world.expiries[1]);
    let payer = solana_signer::Signer::pubkey(&world.governance);
    world.govern(instruction::expiry_create(&underlying, &payer, expiry));
    world.govern(instruction::strike_create(&underlying, expiry, 2_000 * QUOTE));
    world.refresh_prices();
    world.trade_at_mark(BUYER, SELLER, &world.series(2, 1, 0, OptionKind::Call), 1).expect("a little ETH");
    edit::<OracleState>(&world, &address::oracle(&underlying), |oracle| {
        for state in &mut oracle.correlations {
            (state.correlation, state.samples, state.sampled_at) = (1_000_000, SAMPLES_MIN, world.chain.time());
        }
    });
    assert_eq!(saved(&world), before, "whatever the others' correlation is");
    assert_eq!(same(&world).equity, fresh(&world).equity);
}

#[test]
fn other_modes_know_no_offset() {
    let world = straddles();
    edit_account(&world, SELLER, |account| account.mode = MODE_CROSS);
    let before = fresh(&world);
    correlate(&world, 900_000);
    assert_eq!(fresh(&world), before);
}

#[test]
fn a_liquidator_cannot_leave_an_offset_out() {
    let mut world = straddles();
    let liquidator = world.add_trader("liquidator", 500_000 * QUOTE);
    correlate(&world, 900_000);
    // Sound by one atom with the offset, and by nothing without it.
    let maintenance = fresh(&world).maintenance;
    edit_account(&world, SELLER, |account| account.cash -= maintenance);
    refused(&world, "AccountHealthy", || start(&world, SELLER, liquidator));
    edit_account(&world, SELLER, |account| account.cash -= 1);
    start(&fork(&world), SELLER, liquidator).expect("an atom below");
    edit_account(&world, SELLER, |account| account.cash += 1);
    correlate(&world, 0);
    start(&world, SELLER, liquidator).expect("without it");
}

#[test]
fn an_auction_of_an_account_with_an_offset_runs_to_its_end() {
    let mut world = straddles();
    let liquidator = world.add_trader("liquidator", 500_000 * QUOTE);
    correlate(&world, 900_000);
    let maintenance = fresh(&world).maintenance;
    edit_account(&world, SELLER, |account| account.cash -= maintenance + 50 * QUOTE);
    start(&world, SELLER, liquidator).expect("start");
    assert_eq!(liquidator, LIQUIDATOR);
    refused(&world, "AuctionOpen", || end(&world, SELLER));
    sell_off(&world);
    assert!(fresh(&world).maintenance >= 0);
}
