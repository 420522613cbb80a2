//! `expiry_create`.

use bytemuck::Zeroable;
use plimsoll::constants::seeds;
use plimsoll::events::ExpiryCreated;
use plimsoll::state::expiry::STATUS_LIVE;
use plimsoll::state::{Expiry, SettlementData, Underlying};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::START_TIME;
use plimsoll_tests::world::{event, World, BTC, SOL};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::forge::*;
use crate::support::*;

const DAY: i64 = 86_400;
/// 08:00 UTC on the first day.
const MORNING: i64 = START_TIME + 28_800;

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

fn btc(world: &World) -> Pubkey {
    world.directory().underlying(BTC)
}

fn list(world: &World, expiry: i64) -> Sent {
    let payer = payer(world);
    send_signed(world, instruction::expiry_create(&btc(world), &payer.pubkey(), expiry), &[&payer])
}

/// The expiry to the byte: live, without strikes, its settlement window ending at its time.
fn check_listed(world: &World, expiry: i64) {
    let underlying = btc(world);
    let expected = Expiry {
        clearinghouse: world.clearinghouse,
        underlying,
        rent_payer: payer(world).pubkey(),
        expiry,
        settlement: SettlementData { window_end: expiry, ..SettlementData::default() },
        underlying_index: BTC,
        status: STATUS_LIVE,
        version: 1,
        bump: bump(&[seeds::EXPIRY, underlying.as_ref(), &expiry.to_le_bytes()]),
        ..Zeroable::zeroed()
    };
    assert_state(&world.chain.load::<Expiry>(&address::expiry(&underlying, expiry)).expect("expiry"), &expected);
}

#[test]
fn anyone_lists_an_expiry_that_starts_live_and_without_strikes() {
    let world = bare();
    let payer = payer(&world);
    let before = lamports(&world, &payer.pubkey());
    let sent = list(&world, MORNING + DAY).expect("list");
    check_listed(&world, MORNING + DAY);
    let fact: ExpiryCreated = event(&sent);
    let expected = ExpiryCreated {
        underlying: btc(&world),
        expiry_account: world.directory().expiry(BTC, MORNING + DAY),
        expiry: MORNING + DAY,
        rent_payer: payer.pubkey(),
    };
    assert_eq!(fact, expected);
    let rent = world.chain.rent(8 + size_of::<Expiry>());
    assert_eq!(before - lamports(&world, &payer.pubkey()), rent, "the payer pays the rent");
    world.full_check();
}

#[test]
fn the_rent_returns_to_who_paid_it_at_the_close() {
    let world = bare();
    let payer = payer(&world);
    let before = lamports(&world, &payer.pubkey());
    list(&world, MORNING + DAY).expect("list");
    world.chain.set_time(MORNING + DAY);
    let expiry = world.chain.load::<Expiry>(&world.directory().expiry(BTC, MORNING + DAY)).expect("expiry");
    world.crank(instruction::expiry_close(&expiry)).expect("close");
    assert_eq!(lamports(&world, &payer.pubkey()), before);
}

#[test]
fn a_time_off_the_grid_is_refused() {
    let world = bare();
    for off in [1, -1, 3_600, DAY / 2] {
        let expiry = MORNING + 7 * DAY + off;
        refused_numbers(&world, "ExpiryOffGrid", (expiry, off.rem_euclid(DAY)), || list(&world, expiry));
    }
    for expiry in [0, -1, i64::MIN, i64::MAX] {
        refused(&world, "ExpiryOffGrid", || list(&world, expiry));
    }
    list(&world, MORNING + 7 * DAY).expect("on the grid");
}

#[test]
fn the_grid_is_the_underlyings_own() {
    let world = bare();
    edit::<Underlying>(&world, &btc(&world), |underlying| {
        (underlying.grid.expiry_interval_seconds, underlying.grid.expiry_offset_seconds) = (7 * 86_400, 4 * 86_400);
    });
    // Weeks that start on a Monday, as 5 January 1970 was; 8 June 2026 is one too.
    refused(&world, "ExpiryOffGrid", || list(&world, START_TIME + 6 * DAY));
    list(&world, START_TIME + 7 * DAY).expect("a Monday");
    check_listed(&world, START_TIME + 7 * DAY);
}

#[test]
fn an_expiry_is_listed_from_an_hour_to_400_days_ahead() {
    let world = bare();
    let expiry = MORNING + 400 * DAY;
    let too_far = || list(&world, expiry + DAY);
    refused_numbers(&world, "ExpiryLead", (401 * DAY + MORNING - world.chain.time(), 400 * DAY), too_far);
    world.chain.set_time(MORNING - 1);
    refused_numbers(&world, "ExpiryLead", (400 * DAY + 1, 400 * DAY), || list(&world, expiry));
    world.chain.set_time(MORNING);
    list(&world, expiry).expect("the farthest");
    check_listed(&world, expiry);

    let next = MORNING + DAY;
    for late in [1, 3_600, 3_601, 400 * DAY] {
        world.chain.set_time(next - 3_600 + late);
        refused_numbers(&world, "ExpiryLead", (3_600 - late, 3_600), || list(&world, next));
    }
    world.chain.set_time(next - 3_600);
    list(&world, next).expect("the nearest");
    check_listed(&world, next);
}

#[test]
fn an_expiry_that_exists_is_refused() {
    let world = bare();
    list(&world, MORNING + DAY).expect("list");
    refused(&world, "AccountExists", || list(&world, MORNING + DAY));
    list(&world, MORNING + 2 * DAY).expect("another");
}

#[test]
fn an_expiry_that_was_closed_never_returns() {
    let world = World::new();
    let series = world.series(BTC, 0, 2, OptionKind::Call);
    world.chain.set_time(series.expiry);
    let close = instruction::expiry_close(&world.expiry(&series));
    let again = instruction::expiry_create(&btc(&world), &world.governance.pubkey(), series.expiry);
    refused(&world, "ExpiryLead", || world.send(&[close.clone(), again.clone()], &[&world.governance]));
    world.crank(close).expect("close");
    refused_numbers(&world, "ExpiryLead", (0, 3_600), || world.crank(again));
}

#[test]
fn an_address_that_somebody_funded_beforehand_still_initialises() {
    let world = bare();
    let bytes = 8 + size_of::<Expiry>();
    for (days, prefund) in (1..).zip(prefunds(&world, bytes)) {
        let expiry = MORNING + days * DAY;
        let key = world.directory().expiry(BTC, expiry);
        world.chain.airdrop(&key, prefund);
        list(&world, expiry).expect("list");
        check_listed(&world, expiry);
        assert_eq!(lamports(&world, &key), world.chain.rent(bytes).max(prefund));
    }
}

#[test]
fn an_expiry_stands_at_its_address_and_nowhere_else() {
    let world = bare();
    let (payer, directory) = (payer(&world), world.directory());
    let create = instruction::expiry_create(&btc(&world), &payer.pubkey(), MORNING + DAY);
    let own = directory.expiry(BTC, MORNING + DAY);
    for wrong in [directory.expiry(BTC, MORNING + 2 * DAY), directory.expiry(SOL, MORNING + DAY)] {
        refused(&world, "AddressMismatch", || send_signed(&world, exchanged(&create, &own, &wrong), &[&payer]));
    }
    let forged = exchanged(&create, &btc(&world), &directory.underlying(SOL));
    refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&payer]));
}

#[test]
fn the_payer_signs_and_every_account_is_of_its_type() {
    let world = bare();
    let payer = payer(&world);
    let create = instruction::expiry_create(&btc(&world), &payer.pubkey(), MORNING + DAY);
    check_account_list(&world, &create, &[&payer]);
    check_type(&world, &create, &btc(&world), std::mem::offset_of!(Underlying, version), &[&payer]);
}
