//! The feed stalls while the market runs away: nobody is sold on a stale price, and when it is back with a gap the
//! account is started while the price still walks and taken over once it has arrived.

use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{instruction, quote};
use plimsoll_tests::world::{BTC, BTC_PRICE};

use crate::support::*;

#[test]
fn nobody_is_liquidated_on_a_stalled_price_and_the_gap_is_taken_over_when_it_is_back() {
    let world = default_world();
    let series = call(&world);
    world.trade_at_mark(BUYER, SELLER, &series, SOLD).expect("trade");
    world.chain.advance(600);

    // Stalled: no start, no withdrawal, no new risk; reducing at the last mark and deposits go on.
    refused(&world, "PriceStale", || start(&world, SELLER, LIQUIDATOR));
    refused(&world, "PriceStale", || world.withdraw(BUYER, 1));
    let mark = world.mark(&series).expect("mark");
    refused(&world, "TradeNotReducing", || world.trade(LIQUIDATOR, SELLER, &series, 1, mark));
    world.trade(SELLER, BUYER, &series, 5, mark).expect("reduce");
    world.deposit(SELLER, 1_000_000).expect("deposit");

    // Back with a gap: the accepted price walks, an account under at the worse of both is started meanwhile.
    world.post_price(BTC, BTC_PRICE / 100 * 130).expect("gap");
    world.refresh_prices();
    assert!(world.price(BTC) < BTC_PRICE / 100 * 130, "the gap is walked");
    start(&world, SELLER, LIQUIDATOR).expect("start at the worse price");
    let walking = world.account(SELLER).auction;
    world.move_price(BTC, BTC_PRICE / 100 * 130);
    world.full_check();

    let here = Snapshot::load(&world.chain, &world.directory(), &[world.traders[SELLER].account]).expect("load");
    let elapsed = quote::auction(&here, 0).expect("quote").elapsed;
    assert!(elapsed <= 1, "the clock stood still while the price walked: {elapsed}");

    // So large a gap lifts volatility so much that the account is insolvent: it is taken whole, at any clock.
    assert!(world.balances(SELLER).expect("balances").equity < 0);
    assert!(world.chain.time() > walking.started_at);
    bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    assert_eq!(world.account(SELLER).position_count, 0);
    end(&world, SELLER).expect("end");
    world.full_check();
    settle_expiry(&world, &series);
    for index in [SELLER, BUYER, LIQUIDATOR] {
        settle_account(&world, index, &series).expect("settle");
    }
    world.crank(instruction::expiry_sweep(&world.directory(), BTC, series.expiry)).expect("sweep");
    world.full_check();
}
