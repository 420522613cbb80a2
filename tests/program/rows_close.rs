//! `rows_close`.

use plimsoll::events::RowsClosed;
use plimsoll::state::{Expiry, RiskRows};
use plimsoll_client::instruction;
use plimsoll_tests::world::{event, World, BTC};
use solana_signer::Signer;

use crate::forge::*;
use crate::portfolio::*;
use crate::support::*;

/// A world with filled rows of the first expiry of BTC, in which one trade was made.
fn traded() -> World {
    let mut world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    world.open_rows(BTC, 0);
    world
}

/// The same after the expiry was settled.
fn settled() -> World {
    let world = traded();
    settle_expiry(&world, &call(&world));
    world
}

fn close(world: &World) -> Sent {
    send_signed(world, instruction::rows_close(&rows(world, 0)), &[])
}

#[test]
fn anyone_closes_the_rows_of_a_settled_expiry_and_the_rent_goes_back_to_who_paid_it() {
    let world = settled();
    let (address, payer) = (rows_at(&world, 0), world.governance.pubkey());
    let (rent, before) = (lamports(&world, &address), lamports(&world, &payer));
    let sent = close(&world).expect("close");
    assert_eq!(event::<RowsClosed>(&sent), RowsClosed { rows: address, rent_payer: payer });
    assert_eq!(lamports(&world, &payer), before + rent);
    assert_eq!(lamports(&world, &address), 0);
    for index in [0, 1] {
        settle_account(&world, index, &call(&world)).expect("settle");
    }
    world.full_check();
}

#[test]
fn the_rows_of_a_closed_expiry_close_too() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    let close_rows = instruction::rows_close(&rows(&world, 0));
    world.chain.set_time(world.expiries[0]);
    world.crank(instruction::expiry_close(&world.expiry(&call(&world)))).expect("close the expiry");
    send_signed(&world, close_rows, &[]).expect("close");
    assert_eq!(lamports(&world, &rows_at(&world, 0)), 0);
}

#[test]
fn rows_of_an_expiry_that_is_not_over_stay() {
    let world = traded();
    let over = world.expiries[0];
    for time in [world.chain.time(), over - 1] {
        world.chain.set_time(time);
        refused_numbers(&world, "RowsLive", (time, over), || close(&world));
    }
}

/// Books are valued from them until the expiry is settled, however late that is.
#[test]
fn rows_of_an_expiry_whose_time_has_passed_stay_until_it_is_settled() {
    let world = traded();
    let over = world.expiries[0];
    for time in [over, over + 86_400] {
        world.chain.set_time(time);
        refused_numbers(&world, "RowsLive", (time, over), || close(&world));
    }
}

#[test]
fn closed_rows_never_return() {
    let world = settled();
    let again = instruction::rows_open(&expiry_at(&world, 0), &world.governance.pubkey());
    close(&world).expect("close");
    refused(&world, "ExpirySettledAlready", || world.crank(again));
    refused(&world, "AccountOwnedByWrongProgram", || close_again(&world));
}

fn close_again(world: &World) -> Sent {
    let rows = RiskRows { expiry: expiry_at(world, 0), rent_payer: world.governance.pubkey(), ..rows_of_nobody() };
    send_signed(world, instruction::rows_close(&rows), &[])
}

fn rows_of_nobody() -> RiskRows {
    bytemuck::Zeroable::zeroed()
}

#[test]
fn the_rent_goes_to_nobody_else() {
    let world = settled();
    let own = instruction::rows_close(&rows(&world, 0));
    let forged = exchanged(&own, &world.governance.pubkey(), &world.traders[0].address());
    refused(&world, "RentPayerMismatch", || send_signed(&world, forged, &[]));
}

#[test]
fn another_expiry_says_nothing_about_these_rows() {
    let world = traded();
    let own = instruction::rows_close(&rows(&world, 0));
    let nothing = somebody(&world, "no expiry").pubkey();
    for other in [expiry_at(&world, 1), nothing, rows_at(&world, 0)] {
        let mut forged = own.clone();
        forged.accounts[0].pubkey = other;
        refused(&world, "MarketMismatch", || send_signed(&world, forged, &[]));
    }
}

#[test]
fn rows_and_expiry_are_of_their_type() {
    let world = settled();
    let own = instruction::rows_close(&rows(&world, 0));
    check_account_list(&world, &own, &[]);
    check_kind(&world, &own, &rows_at(&world, 0), std::mem::offset_of!(RiskRows, version), &[]);
    let expiry = expiry_at(&world, 0);
    edit::<Expiry>(&world, &expiry, |expiry| expiry.version = 9);
    refused_numbers(&world, "VersionUnknown", (9, 1), || send_signed(&world, own, &[]));
}
