//! A portfolio too large for fresh prices is liquidated from risk rows, whatever a debtor or a stranger does to them: a
//! new price every second within the drift leaves them usable, and so does a refresh by anybody.

use plimsoll::events::RowsRefreshed;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, QUOTE};

use crate::portfolio::*;
use crate::support::*;

fn refresh_both(world: &World) {
    (0..2).for_each(|at| drop(refresh(world, at, None).expect("refresh")));
}

/// The large account with just its initial margin, after the price rose until it is so far under maintenance that a
/// fifth of a percent of its gross contracts, which counts for it, does not lift it again.
fn under_maintenance() -> World {
    let world = large();
    let free = balances_with(&world, LARGE, true).initial;
    edit_account(&world, LARGE, |account| account.cash -= free);
    let mut price = BTC_PRICE;
    while world.balances(LARGE).expect("balances").maintenance >= i128::from(-2_000 * QUOTE) {
        price += BTC_PRICE / 100;
        world.advance(3_600);
        world.move_price(BTC, price);
        refresh_both(&world);
    }
    world
}

#[test]
fn a_debtor_who_posts_a_price_every_second_is_liquidated_from_rows_of_seconds_ago() {
    let world = under_maintenance();
    let mut price = world.price(BTC);
    let post = |price: i64| {
        world.chain.advance(1);
        world.post_price(BTC, price).expect("post");
    };
    let mut bids = 0;
    for round in 0..8i64 {
        // The price of the last second is already another one; rows are those of two seconds ago.
        refresh_both(&world);
        price += BTC_PRICE / 1_000 * if round % 2 == 0 { 1 } else { -1 };
        post(price);
        post(price + BTC_PRICE / 2_000);
        if round == 0 {
            start(&world, LARGE, IDLE).expect("start");
            continue;
        }
        takeover(&fork(&world)).expect("bid");
        bids += 1;
    }
    assert_eq!(bids, 7);
    // Further than the drift the rows are void, and one refresh makes them good: nobody else is needed.
    post(price + BTC_PRICE / 100);
    refused(&world, "RowsDrifted", || takeover(&world));
    refresh_both(&world);
    takeover(&world).expect("bid");
    assert_eq!(world.account(LARGE).position_count, 0);
    end(&world, LARGE).expect("end");
}

/// A bid for the whole book, whose legs are too small to be divided.
fn takeover(world: &World) -> Result<Outcome, LedgerError> {
    bid_with(world, (LARGE, IDLE), false, bid_args(world, LARGE, 1_000_000))
}

#[test]
fn a_stranger_who_refreshes_rows_all_the_time_voids_nothing_and_is_paid_for_what_was_due() {
    let world = large();
    let fees = |world: &World| world.expiry(&world.series(BTC, 0, 0, OptionKind::Call)).fees_accrued;
    refresh_both(&world);
    let (before, cash) = (fees(&world), world.account(IDLE).cash);
    let mut paid = 0;
    for _ in 0..200 {
        world.advance(1);
        paid += event::<RowsRefreshed>(&refresh(&world, 0, Some(IDLE)).expect("refresh")).paid;
        check(&world, LARGE).expect("from rows");
    }
    assert_eq!(paid, 0, "rows refreshed all the time are never due");
    for round in 1..=3 {
        world.advance(61);
        (0..10).for_each(|_| drop(refresh(&world, 0, Some(IDLE)).expect("refresh")));
        assert_eq!(world.account(IDLE).cash - cash, round * 2_000, "once for each time they were due");
        check(&world, LARGE).expect("from rows");
    }
    assert_eq!(before - fees(&world), 6_000);
}
