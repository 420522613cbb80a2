//! `oracle_accept`: how far and how fast the accepted price moves.

use plimsoll::state::oracle_state::PriceData;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::Chain;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{assert_refused, World, BTC, BTC_PRICE};

use super::world;
use crate::support::refused;

/// Publishes BTC at `price` at `publish_time` on `chain`, a fork of the world's.
fn post(world: &World, chain: &Chain, price: i64, publish_time: i64) -> Result<Outcome, LedgerError> {
    let feed = world.feeds[usize::from(BTC)];
    feed.post_update(chain, &world.governance, &PriceUpdate::new(feed.id, price, publish_time))
}

fn stored(world: &World, chain: &Chain) -> PriceData {
    world.feeds[usize::from(BTC)].oracle(chain).expect("oracle").price
}

/// The world with BTC accepted at its price this second.
fn fresh() -> (World, i64) {
    let world = world();
    let now = world.chain.time();
    post(&world, &world.chain, BTC_PRICE, now).expect("accepted");
    (world, now)
}

#[test]
fn a_move_is_capped_per_second_and_per_update_to_the_atom() {
    let (world, last) = fresh();
    for (seconds, percent) in [(1, 1), (2, 2), (9, 9), (10, 10), (11, 10), (60, 10), (86_400, 10)] {
        for sign in [1, -1] {
            let step = sign * BTC_PRICE / 100 * percent;
            let after = |price| {
                let chain = world.chain.fork();
                chain.set_time(last + seconds);
                post(&world, &chain, price, last + seconds).expect("accepted");
                stored(&world, &chain)
            };
            let taken = after(BTC_PRICE + step);
            assert_eq!((taken.price, taken.raw, taken.walking_since), (BTC_PRICE + step, BTC_PRICE + step, 0));
            let capped = after(BTC_PRICE + step + sign);
            assert_eq!((capped.price, capped.raw), (BTC_PRICE + step, BTC_PRICE + step + sign), "{seconds} seconds");
            assert_eq!((capped.walking_since, capped.walk_seconds), (last + seconds, 0));
        }
    }
}

#[test]
fn the_cap_counts_seconds_between_publish_times_not_of_the_clock() {
    let (world, last) = fresh();
    world.chain.set_time(last + 60);
    post(&world, &world.chain, BTC_PRICE * 2, last + 1).expect("accepted");
    assert_eq!(stored(&world, &world.chain).price, BTC_PRICE / 100 * 101);
}

#[test]
fn a_larger_move_walks_there_in_steps_and_its_seconds_are_counted() {
    let (world, last) = fresh();
    let (target, mut price) = (BTC_PRICE / 10 * 15, BTC_PRICE);
    let mut now = last;
    while price < target {
        now += 10;
        world.chain.set_time(now);
        post(&world, &world.chain, target, now).expect("accepted");
        let step = price / 10;
        price = if target - price <= step { target } else { price + step };
        let state = stored(&world, &world.chain);
        assert_eq!((state.price, state.raw), (price, target));
        assert_eq!(state.walking_since, if price < target { last + 10 } else { 0 });
        assert_eq!(state.walk_seconds, if price < target { 0 } else { now - last - 10 });
    }
    assert!(now > last + 30, "it took several steps");
}

#[test]
fn a_walk_ends_at_the_raw_price_after_its_longest_time() {
    for (seconds, over) in [(119, false), (120, true)] {
        let (world, last) = fresh();
        let target = BTC_PRICE * 10;
        world.chain.set_time(last + 1);
        post(&world, &world.chain, target, last + 1).expect("walks");
        world.chain.set_time(last + 1 + seconds);
        post(&world, &world.chain, target, last + 1 + seconds).expect("accepted");
        let state = stored(&world, &world.chain);
        assert_eq!(state.price == target, over, "{seconds} seconds");
        assert_eq!(state.walking_since == 0, over);
        assert_eq!(state.walk_seconds, if over { 120 } else { 0 });
    }
}

#[test]
fn a_walk_that_turns_back_converges_and_goes_on_from_where_it_is() {
    let (world, last) = fresh();
    world.chain.set_time(last + 10);
    post(&world, &world.chain, BTC_PRICE * 2, last + 10).expect("walks up");
    assert_eq!(stored(&world, &world.chain).price, BTC_PRICE / 10 * 11);
    world.chain.set_time(last + 15);
    post(&world, &world.chain, BTC_PRICE / 2, last + 15).expect("walks down");
    let down = stored(&world, &world.chain);
    assert_eq!(down.price, BTC_PRICE / 10 * 11 - BTC_PRICE / 1_000 * 55);
    assert_eq!((down.raw, down.walking_since), (BTC_PRICE / 2, last + 10), "the same walk");
    world.chain.set_time(last + 20);
    post(&world, &world.chain, BTC_PRICE, last + 20).expect("meets");
    let met = stored(&world, &world.chain);
    assert_eq!((met.price, met.walking_since, met.walk_seconds), (BTC_PRICE, 0, 10));
}

#[test]
fn many_updates_move_the_price_no_faster_than_its_seconds_allow() {
    let (world, last) = fresh();
    let mut most = BTC_PRICE;
    // All that publishers' clocks may run ahead, used up in one second.
    for second in 1..=10 {
        post(&world, &world.chain, BTC_PRICE * 3, last + second).expect("accepted");
        most += most / 100;
        assert_eq!(stored(&world, &world.chain).price, most);
        assert_refused(post(&world, &world.chain, BTC_PRICE * 3, last + second), "PriceNotNewer");
    }
    assert_refused(post(&world, &world.chain, BTC_PRICE * 3, last + 11), "PriceFromFuture");
    for second in 11..=20 {
        world.chain.advance(1);
        post(&world, &world.chain, BTC_PRICE * 3, last + second).expect("accepted");
        most += most / 100;
        assert_refused(post(&world, &world.chain, BTC_PRICE * 3, last + second + 1), "PriceFromFuture");
    }
    assert_eq!(stored(&world, &world.chain).price, most);
}

#[test]
fn while_a_price_walks_no_risk_is_opened() {
    let world = World::new();
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 102).expect("walks");
    let series = world.series(BTC, 0, 2, OptionKind::Call);
    refused(&world, "CuringInitialFalls", || world.trade_at_mark(0, 1, &series, 1));
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 102).expect("arrives");
    world.trade_at_mark(0, 1, &series, 1).expect("converged");
}
