//! `trade_clear`: the band around the mark, for both kinds of option and for underlyings of different size.

use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, SOL};

use crate::support::*;

/// Spot per contract: a hundredth of a BTC, one SOL.
fn spot(world: &World, underlying: u16) -> i64 {
    let contracts = if underlying == BTC { 100 } else { 1 };
    world.price(underlying) / contracts
}

#[test]
fn calls_and_puts_of_btc_and_sol_stand_within_the_band_to_the_atom() {
    let world = World::new();
    let (mut by_mark, mut by_spot) = (0, 0);
    for (underlying, kind) in
        [(BTC, OptionKind::Call), (BTC, OptionKind::Put), (SOL, OptionKind::Call), (SOL, OptionKind::Put)]
    {
        for (expiry, strike) in [(0, 0), (0, 2), (0, 4), (1, 0), (1, 2), (1, 4)] {
            let series = world.series(underlying, expiry, strike, kind);
            let mark = world.mark(&series).expect("mark");
            let (of_mark, of_spot) = (mark / 4, spot(&world, underlying) / 100);
            let band = of_mark.max(of_spot);
            let wide = if of_mark > of_spot { &mut by_mark } else { &mut by_spot };
            *wide += 1;
            refused_numbers(&world, "TradePriceBand", (band + 1, band), || {
                world.trade(0, 1, &series, 1, mark + band + 1)
            });
            if mark > band {
                refused_numbers(&world, "TradePriceBand", (band + 1, band), || {
                    world.trade(0, 1, &series, 1, mark - band - 1)
                });
            } else {
                refused_numbers(&world, "TradePriceNegative", (-1, 0), || world.trade(0, 1, &series, 1, -1));
            }
            world.trade(0, 1, &series, 1, mark + band).expect("upper edge");
            world.trade(1, 0, &series, 1, (mark - band).max(0)).expect("lower edge");
        }
    }
    assert!(by_mark > 3 && by_spot > 3, "both bounds are met: {by_mark} {by_spot}");
    world.full_check();
}
