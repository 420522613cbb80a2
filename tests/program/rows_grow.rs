//! `rows_grow`.

use plimsoll::events::RowsGrown;
use plimsoll::state::risk_rows::{GROWTH_MAX, ROW_BYTES, SPACE_FIRST, SPACE_MAX};
use plimsoll::state::RiskRows;
use plimsoll_client::instruction;
use plimsoll_core::margin::scenario::ROW;
use plimsoll_tests::world::{event, World, WorldOptions, BTC};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::forge::*;
use crate::portfolio::*;
use crate::support::*;

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

/// A world with an expiry of `strikes` strikes whose rows are open.
fn opened(strikes: i64) -> World {
    let strike_percents = (0..strikes).map(|step| 75 + step).collect();
    let world = World::with(&WorldOptions { strike_percents, expiry_days: vec![7], ..WorldOptions::default() });
    world.govern(instruction::rows_open(&expiry_at(&world, 0), &world.governance.pubkey()));
    world
}

fn instruction_of(world: &World) -> Instruction {
    instruction::rows_grow(&expiry_at(world, 0), &payer(world).pubkey())
}

fn grow(world: &World) -> Sent {
    send_signed(world, instruction_of(world), &[&payer(world)])
}

fn space(world: &World) -> usize {
    world.chain.raw(&rows_at(world, 0)).expect("rows").data.len()
}

#[test]
fn anyone_adds_room_for_twenty_strikes_or_what_is_missing_and_pays_its_rent() {
    let world = opened(5);
    let payer = payer(&world);
    assert_eq!(GROWTH_MAX, 20 * ROW_BYTES);
    for strikes in [38u64, 58, 64] {
        let (before, bytes) = (lamports(&world, &payer.pubkey()), space(&world));
        let fact: RowsGrown = event(&grow(&world).expect("grow"));
        assert_eq!(fact, RowsGrown { rows: rows_at(&world, 0), strikes });
        assert_eq!(space(&world), ROWS_HEAD + usize::try_from(strikes).expect("few") * ROW_BYTES);
        let rent = world.chain.rent(space(&world)) - world.chain.rent(bytes);
        assert_eq!(before - lamports(&world, &payer.pubkey()), rent);
        assert_eq!(lamports(&world, &rows_at(&world, 0)), world.chain.rent(space(&world)));
    }
    assert_eq!(space(&world), SPACE_MAX);
    world.full_check();
}

#[test]
fn rows_with_room_for_every_strike_are_refused() {
    let world = opened(5);
    (0..3).for_each(|_| drop(grow(&world).expect("grow")));
    let most = i64::try_from(SPACE_MAX).expect("bytes");
    refused_numbers(&world, "RowsWhole", (most, most), || grow(&world));
}

#[test]
fn new_room_is_empty_and_what_was_there_stays() {
    let world = opened(64);
    refresh(&world, 0, None).expect("refresh");
    let (before, old) = (rows(&world, 0), values(&world, 0));
    assert_eq!((before.header.filled, old.len()), ((1 << 18) - 1, 18 * ROW));
    for strikes in [38, 58, 64] {
        grow(&world).expect("grow");
        assert_state(&rows(&world, 0), &before);
        let new = values(&world, 0);
        assert_eq!((&new[..old.len()], new.len()), (&old[..], strikes * ROW));
        assert!(new[old.len()..].iter().all(|value| *value == 0));
    }
    refresh(&world, 0, None).expect("refresh");
    assert_eq!(rows(&world, 0).header.filled, u64::MAX);
}

#[test]
fn lamports_that_lie_there_already_are_not_paid_again() {
    let world = opened(5);
    let payer = payer(&world);
    let rent = world.chain.rent(SPACE_FIRST + GROWTH_MAX) - world.chain.rent(SPACE_FIRST);
    world.chain.airdrop(&rows_at(&world, 0), rent - 1);
    let before = lamports(&world, &payer.pubkey());
    grow(&world).expect("grow");
    assert_eq!(before - lamports(&world, &payer.pubkey()), 1);
    world.chain.airdrop(&rows_at(&world, 0), 2 * rent);
    grow(&world).expect("grow");
    assert_eq!(before - lamports(&world, &payer.pubkey()), 1);
}

#[test]
fn the_payer_signs_and_the_rows_are_of_their_type() {
    let world = opened(5);
    let (own, payer) = (instruction_of(&world), payer(&world));
    check_account_list(&world, &own, &[&payer]);
    check_type(&world, &own, &rows_at(&world, 0), std::mem::offset_of!(RiskRows, version), &[&payer]);
    let forged = exchanged(&own, &rows_at(&world, 0), &world.directory().underlying(BTC));
    refused(&world, "AccountDiscriminatorMismatch", || send_signed(&world, forged, &[&payer]));
}
