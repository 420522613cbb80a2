//! A crash lifts volatility, and with it the scan range and the margin of portfolio accounts: the initial balance at
//! once, the maintenance balance day by day, so that nobody is liquidated by one day's fear.

use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::OracleState;
use plimsoll_client::address;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, BTC_PRICE, QUOTE};

use crate::portfolio::balances_with;
use crate::support::*;

fn ranges(world: &World) -> (u32, u32) {
    let oracle: OracleState = world.chain.load(&address::oracle(&world.directory().underlying(BTC))).expect("oracle");
    (oracle.volatility.range_im, oracle.volatility.range_mm)
}

/// Requirements of the seller: initial, maintenance.
fn required(world: &World) -> (i64, i64) {
    let there = balances_with(world, SELLER, false);
    (there.equity - there.initial, there.equity - there.maintenance)
}

/// Down by a tenth and back, so that only volatility is another one.
fn crash(world: &World) {
    for price in [97, 94, 91, 95, 100] {
        world.advance(120);
        world.move_price(BTC, BTC_PRICE / 100 * price);
    }
}

#[test]
fn margin_of_a_portfolio_account_rises_with_volatility_and_falls_slowly() {
    let world = default_world();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("portfolio");
    let strangle = [(1, OptionKind::Put), (3, OptionKind::Call)];
    for (strike, kind) in strangle {
        world.trade_at_mark(BUYER, SELLER, &world.series(BTC, 1, strike, kind), 100).expect("leg");
    }
    let (calm, calm_range) = (required(&world), ranges(&world));
    crash(&world);
    let (wild, wild_range) = (required(&world), ranges(&world));
    assert!(wild_range.0 > calm_range.0 + 60_000, "{calm_range:?} {wild_range:?}");
    assert!(wild.0 > calm.0 + calm.0 / 4, "{calm:?} {wild:?}");
    // A day's rise is capped: the wider range is not maintenance's yet.
    assert!(wild_range.1 < wild_range.0 && wild_range.1 <= calm_range.1 + 60_000, "{calm_range:?} {wild_range:?}");
    assert!(wild.1 < wild.0 && wild.1 - calm.1 < wild.0 - calm.0, "{calm:?} {wild:?}");

    // What was margin enough before is not any more, and a trade that adds is refused while one that cures passes.
    let free = balances_with(&world, SELLER, false).initial;
    if free > 0 {
        world.withdraw(SELLER, free.unsigned_abs().saturating_sub(QUOTE.unsigned_abs())).expect("withdraw");
    }
    let call = world.series(BTC, 1, 3, OptionKind::Call);
    refused(&world, "InitialMarginShort", || world.trade_at_mark(BUYER, SELLER, &call, 50));
    world.trade_at_mark(SELLER, BUYER, &call, 50).expect("buying back");
    world.full_check();
}
