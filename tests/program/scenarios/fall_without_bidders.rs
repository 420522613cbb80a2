//! The price halves in one walk and nobody bids, for hours: the books hold all the while, and whoever comes at last still
//! buys one account out and takes the other over.

use plimsoll::events::BadDebtCovered;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{instruction, quote};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, QUOTE};

use crate::support::*;

/// Puts that leave the seller solvent but under maintenance once the price has halved.
const HELD: i32 = 72;
/// Puts that take more than their seller has.
const RUINOUS: i32 = 200;

/// Equity and maintenance balance.
fn standing(world: &World, index: usize) -> (i128, i128) {
    let balances = world.balances(index).expect("balances");
    (balances.equity, balances.maintenance)
}

fn price_factor(world: &World) -> i64 {
    let here = Snapshot::load(&world.chain, &world.directory(), &[world.traders[SELLER].account]).expect("load");
    quote::auction(&here, 0).expect("quote").price_factor.0
}

#[test]
fn after_a_fall_without_bidders_who_comes_late_still_clears_it() {
    let mut world = default_world();
    let ruined = world.add_trader("ruined", 40_000 * QUOTE);
    let put = world.series(BTC, 1, 2, OptionKind::Put);
    for (seller, quantity) in [(SELLER, HELD), (ruined, RUINOUS)] {
        world.trade_at_mark(BUYER, seller, &put, quantity).expect("trade");
    }
    let started = world.chain.time();
    world.move_price(BTC, BTC_PRICE / 2);
    assert_eq!(world.price(BTC), BTC_PRICE / 2);
    let walked = world.chain.time() - started;
    assert!(walked > 60, "no walk: {walked} s");
    let (held, lost) = (standing(&world, SELLER), standing(&world, ruined));
    assert!(held.0 > 0 && held.1 < 0, "liquidatable, not insolvent: {held:?}");
    assert!(lost.0 < 0, "insolvent: {lost:?}");
    world.full_check();

    // Who has to deliver takes nothing out; the others come and go.
    for index in [SELLER, ruined] {
        refused(&world, "InitialMarginShort", || world.withdraw(index, 1));
    }
    world.withdraw(BUYER, QUOTE.unsigned_abs()).expect("its winner withdraws");
    world.withdraw(LIQUIDATOR, QUOTE.unsigned_abs()).expect("a bystander withdraws");
    world.full_check();

    // Started late, and even then nobody bids until the discount has long been as deep as it gets.
    world.advance(3_600);
    for index in [SELLER, ruined] {
        start(&world, index, BUYER).expect("start");
    }
    world.advance(5 * 3_600);
    assert_eq!(price_factor(&world), 0);
    world.full_check();

    assert!(standing(&world, SELLER).1 < 0, "still under: {:?}", standing(&world, SELLER));
    let before = world.balances(LIQUIDATOR).expect("balances").equity;
    sell_off(&world);
    assert_eq!(world.account(SELLER).status, 0);
    let after = world.balances(SELLER).expect("balances");
    assert!(after.equity >= 0 && after.maintenance >= 0, "{after:?}");
    assert!(world.balances(LIQUIDATOR).expect("balances").equity > before, "waiting was paid");

    let loss = -standing(&world, ruined).0;
    let taken = bid_with(&world, (ruined, LIQUIDATOR), true, bid_args(&world, ruined, 1_000_000)).expect("takeover");
    let covered: BadDebtCovered = event(&taken);
    assert_eq!(i128::from(covered.loss), loss);
    assert_eq!(covered.loss, covered.from_insurance + covered.from_surplus + covered.to_deficit);
    end(&world, ruined).expect("end");
    assert_eq!((standing(&world, ruined), world.account(ruined).position_count), ((0, 0), 0));
    world.full_check();

    settle_expiry(&world, &put);
    for index in [SELLER, BUYER, LIQUIDATOR] {
        settle_account(&world, index, &put).expect("settle");
    }
    world.crank(instruction::expiry_sweep(&world.directory(), BTC, put.expiry)).expect("sweep");
    world.full_check();
}
