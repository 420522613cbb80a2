//! Which rows stand in for fresh prices, and what a book too large for fresh prices is told when they do not.

use plimsoll::constants::FRESH_PRICES_MAX;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::Underlying;
use plimsoll_client::instruction;
use plimsoll_core::margin::scenario::rows::LISTED;
use plimsoll_core::margin::scenario::ROW;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE};

use super::*;

/// Writes value number `value` of the row of `strike` in the rows of expiry `at`.
fn edit_value(world: &World, at: usize, (strike, value): (u8, usize), change: impl FnOnce(i64) -> i64) {
    world.chain.edit_raw(&rows_at(world, at), |account| {
        let start = ROWS_HEAD + (usize::from(strike) * ROW + value) * 8;
        let place = &mut account.data[start..start + 8];
        let new = change(i64::from_le_bytes((&*place).try_into().expect("eight")));
        place.copy_from_slice(&new.to_le_bytes());
    });
}

/// Whether a check of trader `index` stands on the rows of expiry `at`: their marks are its marks.
fn uses_rows(world: &World, index: usize, at: usize) -> bool {
    let doctored = fork(world);
    let held = world.account(index);
    let strike = held.legs().iter().find(|leg| {
        let slot = held.expiries[usize::from(leg.expiry_slot)];
        slot.expiry == world.expiries[at] && leg.kind == OptionKind::Call.to_u8()
    });
    edit_value(&doctored, at, (strike.expect("a call").strike, 0), |mark| mark + QUOTE);
    balances_with(&doctored, index, true).equity != balances_with(world, index, true).equity
}

/// Panics unless the large book is refused by `rule` with these numbers once `change` has been made to both rows, and
/// passes after a refresh.
fn refused_until_refreshed(rule: &str, numbers: (i64, i64), change: impl Fn(&World, usize)) {
    let world = large();
    assert!(uses_rows(&world, LARGE, 0) && uses_rows(&world, LARGE, 1));
    change(&world, 0);
    check(&world, LARGE).expect("half of the book is priced fresh");
    assert!(!uses_rows(&world, LARGE, 0) && uses_rows(&world, LARGE, 1));
    change(&world, 1);
    refused_numbers(&world, rule, numbers, || check(&world, LARGE));
    refresh(&world, 1, None).expect("refresh");
    check(&world, LARGE).expect("one of both");
    refresh(&world, 0, None).expect("refresh");
    assert!(uses_rows(&world, LARGE, 0) && uses_rows(&world, LARGE, 1));
}

#[test]
fn a_book_too_large_to_be_priced_fresh_needs_rows() {
    let mut world = large();
    let prices = i64::try_from(fresh_prices(&world, LARGE)).expect("few");
    let most = i64::try_from(FRESH_PRICES_MAX).expect("few");
    world.rows.clear();
    refused_numbers(&world, "RowsNeeded", (prices, most), || check(&world, LARGE));
    world.rows.insert((BTC, world.expiries[1]));
    check(&world, LARGE).expect("one half of the book from rows, the other one fresh");
}

#[test]
fn the_same_book_in_cross_mode_needs_none() {
    let mut world = large();
    world.set_mode(LARGE, plimsoll::state::margin_account::MODE_CROSS).expect("switch");
    world.rows.clear();
    check(&world, LARGE).expect("cross");
}

#[test]
fn rows_that_are_too_old_serve_no_large_book() {
    refused_until_refreshed("RowsOld", (61, 60), |world, at| {
        edit_rows(world, at, |rows| rows.header.computed_at = world.chain.time() - 61);
    });
    refused_until_refreshed("RowsOld", (-1, 60), |world, at| {
        edit_rows(world, at, |rows| rows.header.computed_at = world.chain.time() + 1);
    });
    let world = large();
    world.chain.advance(60);
    world.refresh_prices();
    let age = world.chain.time() - rows(&world, 0).header.computed_at;
    check(&world, LARGE).expect("as old as they may be");
    world.advance(1);
    refused_numbers(&world, "RowsOld", (age + 1, 60), || check(&world, LARGE));
}

#[test]
fn rows_that_were_never_filled_serve_no_large_book() {
    let world = large();
    let age = world.chain.time();
    refused_until_refreshed("RowsOld", (age, 60), |world, at| {
        edit_rows(world, at, |rows| rows.header = Default::default());
    });
}

#[test]
fn rows_from_before_a_change_of_parameters_serve_no_large_book() {
    refused_until_refreshed("RowsChanged", (7, 0), |world, at| {
        edit_rows(world, at, |rows| rows.header.sequence = 7);
    });
    let world = large();
    edit::<Underlying>(&world, &world.directory().underlying(BTC), |underlying| underlying.sequences[2] = 1);
    refused_numbers(&world, "RowsChanged", (0, 1), || check(&world, LARGE));
    (0..2).for_each(|at| drop(refresh(&world, at, None).expect("refresh")));
    check(&world, LARGE).expect("filled under the new parameters");
}

#[test]
fn rows_of_another_price_serve_no_large_book() {
    let world = large();
    let spot = world.price(BTC);
    world.chain.advance(5);
    world.move_price(BTC, spot + spot / 200);
    check(&world, LARGE).expect("as far as they may be");
    world.chain.advance(5);
    world.move_price(BTC, spot + spot / 200 + 1);
    refused_numbers(&world, "RowsDrifted", (5_001, 5_000), || check(&world, LARGE));
    world.chain.advance(5);
    world.move_price(BTC, spot - spot / 100);
    refused_numbers(&world, "RowsDrifted", (10_000, 5_000), || check(&world, LARGE));
    (0..2).for_each(|at| drop(refresh(&world, at, None).expect("refresh")));
    check(&world, LARGE).expect("filled at the new price");
}

#[test]
fn rows_that_do_not_reach_as_far_as_the_scan_range_serve_no_large_book() {
    let steps = i64::from(rows(&large(), 0).header.steps);
    refused_until_refreshed("RowsShort", (steps - 1, steps), |world, at| {
        edit_rows(world, at, |rows| rows.header.steps -= 1);
    });
}

#[test]
fn rows_without_values_of_a_held_strike_serve_no_large_book() {
    let price = BTC_PRICE / 100 * 87;
    refused_until_refreshed("RowsUnfilled", (7, price), |world, at| {
        edit_rows(world, at, |rows| rows.header.filled &= !(1 << 7));
    });
    refused_until_refreshed("RowsUnfilled", (7, price), |world, at| {
        // A strike has given its place to another since: only then are the rows looked at one by one.
        edit_rows(world, at, |rows| rows.header.replaced += 1);
        edit_value(world, at, (7, LISTED), |listed| listed + 1);
    });
    // Values of a strike nobody in the book holds are nobody's concern.
    let world = large();
    (0..2).for_each(|at| edit_rows(&world, at, |rows| rows.header.filled |= 1 << 60));
    check(&world, LARGE).expect("41 strikes are held");
}

#[test]
fn the_row_of_a_strike_whose_place_another_took_is_not_used_until_a_refresh() {
    let options = WorldOptions { expiry_days: vec![7], strike_percents: (70..134).collect(), ..Default::default() };
    let mut world = World::with(&options);
    world.open_rows(BTC, 0);
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    let underlying = world.directory().underlying(BTC);
    world.crank(instruction::strike_replace(&underlying, world.expiries[0], (3, 150_000 * QUOTE))).expect("replace");
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 3, OptionKind::Call), 10).expect("the new strike");
    assert!(!uses_rows(&world, 1, 0));
    assert_eq!(balances_with(&world, 1, true), balances_with(&world, 1, false));
    refresh(&world, 0, None).expect("refresh");
    assert!(uses_rows(&world, 1, 0));
}

#[test]
fn a_strike_listed_since_the_refresh_is_priced_fresh_until_the_next() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    let underlying = world.directory().underlying(BTC);
    world.crank(instruction::strike_create(&underlying, world.expiries[0], 105_000 * QUOTE)).expect("strike");
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 5, OptionKind::Call), 10).expect("the new strike");
    assert!(!uses_rows(&world, 1, 0));
    refresh(&world, 0, None).expect("refresh");
    assert!(uses_rows(&world, 1, 0));
}

#[test]
fn a_small_book_is_priced_fresh_without_a_word_where_rows_are_unusable() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    world.trade_at_mark(0, 1, &call(&world), 50).expect("short");
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    let fresh = balances_with(&world, 1, false);
    let changes: [&dyn Fn(&mut plimsoll::state::RiskRows); 5] = [
        &|rows| rows.header.computed_at -= 61,
        &|rows| rows.header.sequence = 1,
        &|rows| rows.header.spot += BTC_PRICE / 100,
        &|rows| rows.header.steps = 1,
        &|rows| rows.header.filled = 0,
    ];
    for change in changes {
        refresh(&world, 0, None).expect("refresh");
        assert!(uses_rows(&world, 1, 0));
        edit_rows(&world, 0, change);
        assert!(!uses_rows(&world, 1, 0));
        assert_eq!(balances_with(&world, 1, true), fresh);
    }
}

#[test]
fn a_price_that_walks_takes_twice_as_many_fresh_prices() {
    let mut world = large();
    let later = world.expiries[1];
    edit_account(&world, LARGE, |account| {
        // Half of the book: what is left is priced fresh while the price stands.
        let held = &account.positions[..usize::from(account.position_count)];
        let kept = held.iter().filter(|leg| account.expiries[usize::from(leg.expiry_slot)].expiry != later);
        let kept: Vec<_> = kept.copied().collect();
        account.positions = bytemuck::Zeroable::zeroed();
        account.positions[..kept.len()].copy_from_slice(&kept);
        account.position_count = u16::try_from(kept.len()).expect("few");
        let slot = account.expiries.iter().position(|slot| slot.expiry == later).expect("held");
        account.expiries[slot] = bytemuck::Zeroable::zeroed();
    });
    let rows = std::mem::take(&mut world.rows);
    // The price moves the range too, and with it the columns: held where the worse of both prices, 4 % further, is still
    // the third step of 6 %, so that only the walk counts.
    let hold_range = |world: &World| {
        edit_oracle(world, |oracle| (oracle.volatility.range_im, oracle.volatility.range_mm) = (130_000, 130_000));
    };
    hold_range(&world);
    check(&world, LARGE).expect("fresh");
    let standing = fresh_prices(&world, LARGE);
    world.chain.advance(1);
    world.post_price(BTC, world.price(BTC) / 100 * 104).expect("a price that walks");
    hold_range(&world);
    assert_eq!(fresh_prices(&world, LARGE), 2 * standing);
    let numbers = (i64::try_from(2 * standing).expect("few"), i64::try_from(FRESH_PRICES_MAX).expect("few"));
    refused_numbers(&world, "RowsNeeded", numbers, || check(&world, LARGE));
    world.rows = rows;
    refresh(&world, 0, None).expect("refresh");
    check(&world, LARGE).expect("rows serve both ends of the walk");
}

#[test]
fn a_large_book_of_an_expiry_that_waits_for_its_settlement_is_valued_from_rows() {
    let world = large();
    world.chain.set_time(world.expiries[1]);
    world.refresh_prices();
    edit_oracle(&world, |oracle| (oracle.volatility.range_im, oracle.volatility.range_mm) = (170_000, 170_000));
    refused(&world, "RowsOld", || check(&world, LARGE));
    (0..2).for_each(|at| drop(refresh(&world, at, None).expect("refresh")));
    check(&world, LARGE).expect("from rows");
}

/// Two expiries of 64 strikes, `LARGE` short forty calls of each in portfolio mode, 35 columns: exactly the limit, each
/// price of another strike.
fn at_the_limit() -> World {
    let options = WorldOptions {
        mode: ChainMode::Fast,
        traders: 3,
        cash: 9_000_000 * QUOTE,
        expiry_days: vec![7, 14],
        strike_percents: (70..134).collect(),
        ..WorldOptions::default()
    };
    let world = World::with(&options);
    for expiry in 0..2 {
        for strike in 0..64 {
            world.trade_at_mark(OTHER, LARGE, &world.series(BTC, expiry, strike, OptionKind::Call), 40).expect("leg");
        }
        world.refresh_prices();
    }
    for index in [LARGE, IDLE] {
        edit_account(&world, index, |account| account.mode = MODE_PORTFOLIO);
    }
    four_steps(&world);
    assert_eq!(fresh_prices(&world, LARGE), FRESH_PRICES_MAX);
    world
}

fn four_steps(world: &World) {
    edit_oracle(world, |oracle| (oracle.volatility.range_im, oracle.volatility.range_mm) = (230_000, 230_000));
}

/// It must not run out of compute units instead of being told to pass rows.
#[test]
fn the_largest_book_that_is_priced_fresh_is_checked_and_started_in_one_transaction() {
    let world = at_the_limit();
    check(&world, LARGE).expect("fresh");
    let maintenance = balances_with(&world, LARGE, false).maintenance;
    edit_account(&world, LARGE, |account| account.cash -= maintenance + 1_000 * QUOTE);
    start(&world, LARGE, IDLE).expect("fresh");
}

#[test]
fn a_bid_on_the_largest_book_that_is_priced_fresh_passes_from_rows() {
    let mut world = at_the_limit();
    let maintenance = balances_with(&world, LARGE, false).maintenance;
    edit_account(&world, LARGE, |account| account.cash -= maintenance + 1_000 * QUOTE);
    start(&world, LARGE, IDLE).expect("fresh");
    world.advance(20);
    four_steps(&world);
    (0..2).for_each(|at| drop(world.open_rows(BTC, at)));
    (0..2).for_each(|at| drop(refresh(&world, at, None).expect("refresh")));
    let before = balances_with(&world, LARGE, true).maintenance;
    let taken = bid_with(&world, (LARGE, IDLE), false, bid_args(&world, LARGE, 100_000)).expect("from rows");
    assert!(taken.compute_units < 600_000, "{}", taken.compute_units);
    assert!(balances_with(&world, LARGE, true).maintenance > before);
}
