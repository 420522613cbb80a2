//! `oracle_accept`: what realised volatility takes from accepted prices.

use plimsoll::state::oracle_state::VolatilityData;
use plimsoll_core::units::YEAR_SECONDS;
use plimsoll_core::volatility::VARIANCE_ONE;
use plimsoll_tests::chain::{Chain, START_TIME};
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE};

use super::world;

const FAST: f64 = 21_600.0;
const SLOW: f64 = 604_800.0;

fn post(world: &World, chain: &Chain, price: i64, publish_time: i64) {
    let feed = world.feeds[usize::from(BTC)];
    chain.set_time(publish_time.max(chain.time()));
    let update = PriceUpdate::new(feed.id, price, publish_time);
    feed.post_update(chain, &world.governance, &update).unwrap_or_else(|e| panic!("{price} at {publish_time}: {e}"));
}

fn state(world: &World, chain: &Chain) -> VolatilityData {
    world.feeds[usize::from(BTC)].oracle(chain).expect("oracle").volatility
}

fn variance(stored: i64) -> f64 {
    stored as f64 / VARIANCE_ONE as f64
}

/// `v <- v + (1 - 2^(-dt / half-life)) (r^2 year / dt - v)`, the textbook's way.
fn follows(before: i64, half_life: f64, (log_return, seconds): (f64, i64)) -> f64 {
    let weight = 1.0 - (-(seconds as f64) / half_life).exp2();
    let realised = log_return * log_return * YEAR_SECONDS as f64 / seconds as f64;
    variance(before) + weight * (realised - variance(before))
}

fn assert_close(found: f64, wanted: f64) {
    assert!((found / wanted - 1.0).abs() < 1e-6, "{found} instead of {wanted}");
}

/// BTC accepted at its price at the first second of a minute, which is returned.
fn on_the_minute() -> (World, i64) {
    let world = world();
    let minute = START_TIME + 120;
    post(&world, &world.chain, BTC_PRICE, minute);
    (world, minute)
}

#[test]
fn the_first_price_of_all_starts_at_the_reference() {
    let world = World::with(&WorldOptions { traders: 0, expiry_days: Vec::new(), ..WorldOptions::default() });
    let first = state(&world, &world.chain);
    assert_eq!((first.sampled_at, first.fast_variance), (START_TIME, first.slow_variance));
    assert_close(variance(first.fast_variance), 0.49);
    assert_eq!(first.range_im, first.range_mm);
}

#[test]
fn further_updates_within_a_minute_add_nothing() {
    let (world, minute) = on_the_minute();
    let (calm, pumped) = (world.chain.fork(), world.chain.fork());
    for at in 1..=30 {
        let (time, price) = (minute + 60 * at, BTC_PRICE + at * BTC_PRICE / 2_000);
        post(&world, &calm, price, time);
        post(&world, &pumped, price, time);
        let counted = state(&world, &pumped);
        for second in 1..=18 {
            let swing = if second % 2 == 0 { 0 } else { price / 100 * 3 };
            post(&world, &pumped, price + swing, time + second * 3);
            assert_eq!(state(&world, &pumped), counted, "minute {at}, second {}", second * 3);
        }
    }
    assert_eq!(state(&world, &calm), state(&world, &pumped));
    assert!(state(&world, &calm).fast_variance < state(&world, &world.chain).fast_variance, "a quiet half hour");
}

#[test]
fn the_minute_is_that_of_the_publish_time() {
    let (world, minute) = on_the_minute();
    let before = state(&world, &world.chain);
    world.chain.set_time(minute + 70);
    post(&world, &world.chain, BTC_PRICE / 100 * 101, minute + 59);
    assert_eq!(state(&world, &world.chain), before, "accepted in the next minute, published in this one");
    post(&world, &world.chain, BTC_PRICE / 100 * 102, minute + 60);
    let after = state(&world, &world.chain);
    assert_eq!(after.sampled_at, minute + 60);
    assert_close(variance(after.fast_variance), follows(before.fast_variance, FAST, (1.02f64.ln(), 60)));
}

#[test]
fn a_return_counts_from_the_first_price_of_one_minute_to_that_of_the_next() {
    let (world, minute) = on_the_minute();
    post(&world, &world.chain, BTC_PRICE / 100 * 105, minute + 30);
    let before = state(&world, &world.chain);
    post(&world, &world.chain, BTC_PRICE / 100 * 103, minute + 75);
    let after = state(&world, &world.chain);
    // Late in its minute: the time is the one that passed.
    assert_close(variance(after.fast_variance), follows(before.fast_variance, FAST, (1.03f64.ln(), 75)));
    assert_close(variance(after.slow_variance), follows(before.slow_variance, SLOW, (1.03f64.ln(), 75)));
}

#[test]
fn a_gap_is_filled_pro_rata() {
    for seconds in [60, 600, 3_600, 86_400, 30 * 86_400] {
        let (world, minute) = on_the_minute();
        let before = state(&world, &world.chain);
        post(&world, &world.chain, BTC_PRICE / 100 * 107, minute + seconds);
        let after = state(&world, &world.chain);
        let told = (1.07f64.ln(), seconds);
        assert_close(variance(after.fast_variance), follows(before.fast_variance, FAST, told));
        assert_close(variance(after.slow_variance), follows(before.slow_variance, SLOW, told));
        assert_eq!(after.sampled_at, minute + seconds);
    }
}

#[test]
fn a_gap_costs_no_more_than_the_same_move_told_at_once() {
    let (world, minute) = on_the_minute();
    let (at_once, late) = (world.chain.fork(), world.chain.fork());
    post(&world, &at_once, BTC_PRICE / 100 * 107, minute + 60);
    post(&world, &late, BTC_PRICE / 100 * 107, minute + 3_600);
    assert!(state(&world, &late).fast_variance < state(&world, &at_once).fast_variance);
}

#[test]
fn while_a_price_walks_its_steps_count_not_the_raw_price() {
    let (world, minute) = on_the_minute();
    let before = state(&world, &world.chain);
    post(&world, &world.chain, BTC_PRICE * 2, minute + 60);
    let after = state(&world, &world.chain);
    assert_close(variance(after.fast_variance), follows(before.fast_variance, FAST, (1.1f64.ln(), 60)));
}
