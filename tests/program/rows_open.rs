//! `rows_open`.

use bytemuck::Zeroable;
use plimsoll::constants::seeds;
use plimsoll::events::RowsOpened;
use plimsoll::state::risk_rows::{ROW_BYTES, SPACE_FIRST};
use plimsoll::state::{Expiry, RiskRows};
use plimsoll_client::{address, instruction};
use plimsoll_tests::world::{event, World, BTC};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::forge::*;
use crate::portfolio::*;
use crate::support::*;

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

fn instruction_of(world: &World, at: usize) -> Instruction {
    instruction::rows_open(&expiry_at(world, at), &payer(world).pubkey())
}

fn open(world: &World, at: usize) -> Sent {
    send_signed(world, instruction_of(world, at), &[&payer(world)])
}

/// The rows to the byte: of their expiry, nothing filled, every value zero.
fn check_opened(world: &World, at: usize) {
    let expiry = expiry_at(world, at);
    let expected = RiskRows {
        expiry,
        rent_payer: payer(world).pubkey(),
        version: 1,
        bump: bump(&[seeds::ROWS, expiry.as_ref()]),
        ..Zeroable::zeroed()
    };
    assert_state(&rows(world, at), &expected);
    assert!(values(world, at).iter().all(|value| *value == 0));
}

#[test]
fn anyone_opens_the_rows_of_an_expiry_and_pays_their_rent() {
    let world = World::new();
    let payer = payer(&world);
    let before = lamports(&world, &payer.pubkey());
    let sent = open(&world, 0).expect("open");
    check_opened(&world, 0);
    let fact: RowsOpened = event(&sent);
    let (rows, expiry_account) = (rows_at(&world, 0), expiry_at(&world, 0));
    assert_eq!(fact, RowsOpened { rows, expiry_account, rent_payer: payer.pubkey() });
    assert_eq!(before - lamports(&world, &payer.pubkey()), world.chain.rent(SPACE_FIRST));
    world.full_check();
}

#[test]
fn they_start_with_room_for_the_first_strikes_and_serve_nobody_yet() {
    let world = World::new();
    open(&world, 0).expect("open");
    assert_eq!(SPACE_FIRST, ROWS_HEAD + 18 * ROW_BYTES);
    assert_eq!(world.chain.raw(&rows_at(&world, 0)).expect("rows").data.len(), SPACE_FIRST);
    assert_eq!((rows(&world, 0).header.filled, rows(&world, 0).header.computed_at), (0, 0));
}

#[test]
fn all_rent_returns_to_who_opened_at_the_close() {
    let world = World::new();
    let (payer, grower) = (payer(&world), somebody(&world, "grower"));
    let before = lamports(&world, &payer.pubkey());
    open(&world, 0).expect("open");
    let grow = instruction::rows_grow(&expiry_at(&world, 0), &grower.pubkey());
    let whole = lamports(&world, &grower.pubkey());
    send_signed(&world, grow, &[&grower]).expect("grow");
    let grown = whole - lamports(&world, &grower.pubkey());
    world.chain.airdrop(&rows_at(&world, 0), 77);
    settle_expiry(&world, &call(&world));
    world.crank(instruction::rows_close(&rows(&world, 0))).expect("close");
    assert_eq!(lamports(&world, &payer.pubkey()), before + grown + 77);
    assert_eq!(lamports(&world, &rows_at(&world, 0)), 0);
}

#[test]
fn rows_that_exist_are_refused() {
    let world = World::new();
    open(&world, 0).expect("open");
    refused(&world, "AccountExists", || open(&world, 0));
    refresh(&world, 0, None).expect("refresh");
    refused(&world, "AccountExists", || open(&world, 0));
    open(&world, 1).expect("another expiry");
}

#[test]
fn an_expiry_gets_rows_until_it_is_settled() {
    let world = World::new();
    world.chain.set_time(world.expiries[0] + 1);
    open(&world, 0).expect("books are valued while it waits for its price");
    let world = World::new();
    settle_expiry(&world, &call(&world));
    refused(&world, "ExpirySettledAlready", || open(&world, 0));
}

#[test]
fn an_address_that_somebody_funded_beforehand_still_initialises() {
    for prefund in prefunds(&World::new(), SPACE_FIRST) {
        let world = World::new();
        world.chain.airdrop(&rows_at(&world, 0), prefund);
        open(&world, 0).expect("open");
        check_opened(&world, 0);
        assert_eq!(lamports(&world, &rows_at(&world, 0)), world.chain.rent(SPACE_FIRST).max(prefund));
    }
}

#[test]
fn rows_stand_at_their_address_and_nowhere_else() {
    let world = World::new();
    let (own, payer) = (instruction_of(&world, 0), payer(&world));
    for wrong in [rows_at(&world, 1), address::rows(&world.directory().underlying(BTC))] {
        let forged = exchanged(&own, &rows_at(&world, 0), &wrong);
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&payer]));
    }
    let forged = exchanged(&own, &expiry_at(&world, 0), &expiry_at(&world, 1));
    refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&payer]));
}

#[test]
fn the_payer_signs_and_the_expiry_is_of_its_type() {
    let world = World::new();
    let (own, payer) = (instruction_of(&world, 0), payer(&world));
    check_account_list(&world, &own, &[&payer]);
    check_type(&world, &own, &expiry_at(&world, 0), std::mem::offset_of!(Expiry, version), &[&payer]);
}
