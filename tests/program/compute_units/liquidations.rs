//! Margin checks and liquidations by the number of legs.

use plimsoll::{AuctionBidArgs, AuctionStartArgs};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::Mode;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE};

use super::Measured;

/// Measures all of them.
pub fn measure(measured: &mut Measured) {
    liquidations_of_few_legs(measured);
    liquidation_of_256_legs(measured);
}

/// Starts the auction of `account`.
pub fn start(world: &World, account: usize, starter: usize) -> Outcome {
    let (account, by) = (world.account(account), world.account(starter));
    let args = AuctionStartArgs { valid_until: i64::MAX, sequence: account.auction_sequence() };
    let start = instruction::auction_start(&world.directory(), &account, &by, args).expect("build");
    world.send(&[start], &[&world.traders[starter].key]).expect("start")
}

/// Bids for `fraction` of `account`; `deficit`: the insolvent book whole.
pub fn bid(world: &World, account: usize, bidder: usize, (fraction, deficit): (u32, bool)) -> Outcome {
    let (account, by) = (world.account(account), world.account(bidder));
    let sequence = account.auction_sequence();
    let args = AuctionBidArgs { fraction, price_limit: i64::MAX, valid_until: i64::MAX, sequence };
    let bid = instruction::auction_bid(&world.directory(), &account, Side::of_owner(&by), deficit, args);
    world.send(&[bid.expect("build")], &[&world.traders[bidder].key]).expect("bid")
}

/// A world cheap enough to fill: no transaction is checked on its own, the books are at the end.
pub fn wide_world(strikes: i64, seller: i64) -> World {
    let options = WorldOptions {
        mode: Mode::Fast,
        traders: 0,
        expiry_days: vec![7, 14, 21, 28],
        strike_percents: (0..strikes).map(|step| 70 + 64 / strikes * step).collect(),
        ..WorldOptions::default()
    };
    let mut world = World::with(&options);
    world.chain.set_checks(false);
    world.add_trader("seller", seller);
    for name in ["buyer", "bidder", "buyer of the bidder"] {
        world.add_trader(name, 10_000_000 * QUOTE);
    }
    world
}

/// One leg after another on every strike, call and put, of `expiries` expiries; `each` sees the number of legs.
pub fn fill(
    world: &World,
    (buyer, seller): (usize, usize),
    shape: (usize, u8),
    quantity: i32,
    mut each: impl FnMut(u32),
) {
    let mut legs = 0;
    for expiry in 0..shape.0 {
        for strike in 0..shape.1 {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let series = world.series(BTC, expiry, strike, kind);
                world.trade_at_mark(buyer, seller, &series, quantity).expect("leg");
                legs += 1;
                each(legs);
            }
        }
        world.advance(10);
    }
}

/// Moves the price up until `account` is below maintenance.
pub fn sink(world: &World, account: usize) {
    let mut price = BTC_PRICE;
    while world.balances(account).expect("balances").maintenance >= 0 {
        price += BTC_PRICE / 50;
        world.move_price(BTC, price);
    }
}

/// `liquidate/fresh/legs=N`: one bid on an account of N legs in one expiry by a bidder who holds the same N series;
/// nothing is cached, every leg of both is repriced.
fn liquidations_of_few_legs(measured: &mut Measured) {
    for (strikes, legs, quantity, cash) in [(4u8, 8, 100, 200_000), (16, 32, 25, 200_000)] {
        let world = wide_world(i64::from(strikes), cash * QUOTE);
        fill(&world, (1, 0), (1, strikes), quantity, |_| {});
        fill(&world, (3, 2), (1, strikes), 3, |_| {});
        assert_eq!((world.account(0).position_count, world.account(2).position_count), (legs, legs));
        sink(&world, 0);
        start(&world, 0, 2);
        world.advance(20);
        measured.add(&format!("liquidate/fresh/legs={legs}"), &bid(&world, 0, 2, (100_000, false)));
        world.full_check();
    }
}

/// `margin/fresh/legs=N`: `margin_check` of N legs over at most four expiries, nothing cached.
///
/// `liquidate/worst/legs=256`: one bid on 256 legs over four expiries by a bidder who holds the same 256;
/// `liquidate/walking/legs=256`: the same while the price walks.
fn liquidation_of_256_legs(measured: &mut Measured) {
    let world = wide_world(32, 3_000_000 * QUOTE);
    fill(&world, (1, 0), (4, 32), 40, |legs| {
        if [1, 8, 32, 128, 256].contains(&legs) {
            let check = instruction::margin_check(&world.directory(), &world.account(0)).expect("build");
            measured.add(&format!("margin/fresh/legs={legs}"), &world.crank(check).expect("check"));
        }
    });
    fill(&world, (3, 2), (4, 32), 3, |_| {});
    sink(&world, 0);
    start(&world, 0, 2);
    measured.add("liquidate/worst/legs=256", &bid(&world, 0, 2, (100_000, false)));
    // A jump: accepted, raw and average price differ, and each is an evaluation of every leg.
    world.advance(1);
    world.post_price(BTC, world.price(BTC) / 100 * 104).expect("a price that walks");
    measured.add("liquidate/walking/legs=256", &bid(&world, 0, 2, (100_000, false)));
    world.full_check();
}
