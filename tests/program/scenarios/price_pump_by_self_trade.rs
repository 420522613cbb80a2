//! One person with two owner keys trades with itself at the edges of the band: nothing but fees changes hands.

use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, WorldOptions, BTC};

use crate::support::*;

#[test]
fn trading_with_oneself_at_any_price_moves_no_mark_and_makes_no_margin() {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    let far = world.series(BTC, 1, 4, OptionKind::Call);
    let mark = world.mark(&far).expect("mark");
    let both = |world: &World| {
        let of = |index: usize| world.balances(index).expect("balances");
        (of(0).equity + of(1).equity, of(0).initial + of(1).initial)
    };
    let before = both(&world);
    let band = (mark / 4).max(world.price(BTC) / 100 / 100);
    for round in 0..6 {
        let price = if round % 2 == 0 { mark + band } else { (mark - band).max(0) };
        world.trade(0, 1, &far, 50, price).expect("pump");
        assert_eq!(world.mark(&far).expect("mark"), mark, "a trade's price is no mark");
        world.full_check();
    }
    let open = both(&world);
    assert_eq!(before.0 - open.0, i128::from(world.expiry(&far).fees_accrued), "equity falls by the fees");
    assert!(open.1 < before.1, "margin is needed, none is made");

    world.trade(1, 0, &far, 300, mark).expect("unwind");
    let after = both(&world);
    assert_eq!(before.0 - after.0, i128::from(world.expiry(&far).fees_accrued));
    assert_eq!(world.account(0).position_count, 0);

    // The stranger's account never moved.
    assert_eq!(world.balances(2).expect("balances").equity, 100_000_000_000);
    world.full_check();
}

#[test]
fn an_account_emptied_to_the_other_side_of_the_band_stays_above_its_margin() {
    let world = default_world();
    let series = call(&world);
    world.trade_at_mark(BUYER, SELLER, &series, SOLD).expect("short");
    let mark = world.mark(&series).expect("mark");
    // Selling cheap to an accomplice costs equity: it is refused as soon as margin would not hold.
    for _ in 0..2_000 {
        let drained = world.trade(LIQUIDATOR, SELLER, &series, 10, mark - mark / 4);
        if drained.is_err() {
            break;
        }
    }
    refused(&world, "InitialMarginShort", || world.trade(LIQUIDATOR, SELLER, &series, 10, mark - mark / 4));
    assert!(world.balances(SELLER).expect("balances").initial >= 0);
    world.full_check();
}
