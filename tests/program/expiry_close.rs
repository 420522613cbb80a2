//! `expiry_close`.

use plimsoll::state::Expiry;
use plimsoll_client::instruction;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, SOL};
use solana_signer::Signer;

use crate::support::*;

fn close(world: &World) -> Result<plimsoll_client::ledger::Outcome, plimsoll_client::error::LedgerError> {
    world.crank(instruction::expiry_close(&world.expiry(&call(world))))
}

/// An expiry in which one trade was made and settled for both sides, fees unswept.
fn settled() -> World {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    settle_expiry(&world, &call(&world));
    world
}

#[test]
fn an_empty_expiry_gives_its_rent_back_to_who_paid_it() {
    let world = settled();
    let address = world.directory().expiry(BTC, world.expiries[0]);
    for index in [0, 1] {
        settle_account(&world, index, &call(&world)).expect("settle");
    }
    world.crank(instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0])).expect("sweep");
    let lamports = |key| world.chain.raw(&key).map_or(0, |account| account.lamports);
    let (rent, before) = (lamports(address), lamports(world.governance.pubkey()));
    let closed = close(&world).expect("close");
    assert_eq!(lamports(world.governance.pubkey()), before + rent - closed.fee);
    assert_eq!(lamports(address), 0);
    world.full_check();
}

#[test]
fn an_expiry_nobody_held_closes_without_a_price() {
    let world = World::new();
    world.chain.set_time(world.expiries[0]);
    close(&world).expect("close");
    let sol = world.expiry(&world.series(SOL, 0, 0, OptionKind::Call));
    world.crank(instruction::expiry_close(&sol)).expect("close");
}

#[test]
fn an_expiry_whose_time_has_not_come_stays() {
    let world = World::new();
    refused(&world, "ExpiryNotOver", || close(&world));
    world.chain.set_time(world.expiries[0] - 1);
    refused(&world, "ExpiryNotOver", || close(&world));
}

#[test]
fn an_expiry_with_contracts_stays() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    world.chain.set_time(world.expiries[0]);
    refused(&world, "ExpiryNotEmpty", || close(&world));
    let world = settled();
    refused(&world, "ExpiryNotEmpty", || close(&world));
    settle_account(&world, 0, &call(&world)).expect("settle");
    refused(&world, "ExpiryNotEmpty", || close(&world));
}

#[test]
fn an_expiry_with_unswept_fees_stays() {
    let world = settled();
    for index in [0, 1] {
        settle_account(&world, index, &call(&world)).expect("settle");
    }
    refused(&world, "FeesUnswept", || close(&world));
}

#[test]
fn an_expiry_that_owes_or_holds_something_stays() {
    let world = World::new();
    world.chain.set_time(world.expiries[0]);
    let address = world.directory().expiry(BTC, world.expiries[0]);
    for balance in [1, -1] {
        edit::<Expiry>(&world, &address, |expiry| expiry.settlement_balance = balance);
        refused(&world, "SettlementBalanceOpen", || close(&world));
    }
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let world = World::new();
    world.chain.set_time(world.expiries[0]);
    let mut close = instruction::expiry_close(&world.expiry(&call(&world)));
    close.accounts[1].pubkey = world.traders[0].address();
    refused(&world, "RentPayerMismatch", || world.crank(close));
}
