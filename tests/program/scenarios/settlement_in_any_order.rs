//! Twelve accounts with random books settle in random orders to the same cash each.

use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::Mode;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

const TRADERS: usize = 12;

fn settled_in(order: &[usize]) -> Vec<i64> {
    let world = World::with(&WorldOptions { mode: Mode::Full, traders: TRADERS, ..WorldOptions::default() });
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..60 {
        let buyer = random.random_range(0..TRADERS);
        let seller = (buyer + random.random_range(1..TRADERS)) % TRADERS;
        let kind = if random.random() { OptionKind::Call } else { OptionKind::Put };
        let series = world.series(BTC, 0, random.random_range(0..5), kind);
        world.trade_at_mark(buyer, seller, &series, random.random_range(1..20)).expect("trade");
    }
    world.move_price(BTC, BTC_PRICE / 1_000 * 1_037);
    settle_expiry(&world, &call(&world));
    for index in order {
        settle_account(&world, *index, &call(&world)).expect("settle");
        world.full_check();
    }
    let expiry = world.expiry(&call(&world));
    assert_eq!((expiry.settlement_balance, expiry.unsettled_long, expiry.unsettled_short), (0, 0, 0));
    (0..TRADERS).map(|index| world.account(index).cash).collect()
}

#[test]
fn every_order_of_settlement_pays_the_same() {
    let mut order: Vec<usize> = (0..TRADERS).collect();
    let first = settled_in(&order);
    let mut random = ChaCha8Rng::seed_from_u64(12);
    for _ in 0..3 {
        order.shuffle(&mut random);
        assert_eq!(settled_in(&order), first, "{order:?}");
    }
}
