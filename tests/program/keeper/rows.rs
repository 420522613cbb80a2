//! Accounts in portfolio mode that are too large to be priced fresh: the keeper opens and refreshes the rows that their
//! liquidation needs, and only then, and is paid for it.

use plimsoll::constants::FRESH_PRICES_MAX;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::{Expiry, OracleState};
use plimsoll_client::{address, rows::RowsStanding};
use plimsoll_core::margin::scenario::columns_needed;
use plimsoll_core::margin::PortfolioParameters;
use plimsoll_core::position::OptionKind;
use plimsoll_keeper::feed::recorded::{Recorded, Recorder};
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::policy::Policy;
use plimsoll_keeper::replay::replay;
use plimsoll_keeper::turn::Keeper;
use plimsoll_tests::chain::Mode;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE};

use super::{decide, keeper_of, kinds, view};
use crate::portfolio::fork;
use crate::support::{edit, edit_account, end, start};

const KEEPER: usize = 0;
const MAKER: usize = 1;
const LARGE: usize = 2;
const STRIKES: u8 = 20;

/// An account in portfolio mode with 80 legs of two expiries, and a keeper in `mode`; the grid is looked at as far as it
/// goes, so that the account is too large to be priced fresh.
fn large_account(mode: u8) -> (World, Keeper) {
    let mut world = World::with(&WorldOptions {
        mode: Mode::Fast,
        traders: 0,
        expiry_days: vec![14, 28],
        strike_percents: (0..i64::from(STRIKES)).map(|step| 70 + 3 * step).collect(),
        ..WorldOptions::default()
    });
    world.chain.set_checks(false);
    for (name, cash) in [("keeper", 9_000_000), ("maker", 20_000_000), ("large", 4_000_000)] {
        world.add_trader(name, cash * QUOTE);
    }
    world.set_mode(LARGE, MODE_PORTFOLIO).expect("mode");
    if mode == MODE_PORTFOLIO {
        world.set_mode(KEEPER, MODE_PORTFOLIO).expect("mode of the keeper");
    }
    for expiry in 0..2 {
        for strike in 0..STRIKES {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let series = world.series(BTC, expiry, strike, kind);
                let quantity = if kind == OptionKind::Call { 30 } else { 5 };
                world.trade_at_mark(MAKER, LARGE, &series, quantity).expect("leg");
            }
        }
    }
    let keeper = keeper_of(&world, KEEPER, Policy::default());
    (world, keeper)
}

/// Lets BTC look eight steps far.
fn look_far(world: &World) {
    let parameters = PortfolioParameters::shipped();
    edit::<OracleState>(world, &address::oracle(&address::underlying(&world.clearinghouse, BTC)), |oracle| {
        oracle.volatility.range_im = 8 * parameters.grid_step - 1_000;
        oracle.volatility.range_mm = oracle.volatility.range_im;
    });
    assert!(columns_needed(&parameters, 8) * 4 * usize::from(STRIKES) > FRESH_PRICES_MAX, "the book is small");
}

/// Moves the price until the account is under maintenance.
fn sink(world: &World) {
    let mut price = BTC_PRICE;
    look_far(world);
    while world.balances(LARGE).expect("balances").maintenance >= 0 {
        price += BTC_PRICE / 50;
        world.move_price(BTC, price);
        look_far(world);
    }
}

fn standing(world: &World, expiry: usize) -> Option<RowsStanding> {
    let view = view(world);
    let held = (BTC, world.expiries[expiry]);
    RowsStanding::of(&view.book.markets, &view.book.books.directory, held, view.book.now()).expect("rows")
}

#[test]
fn rows_are_opened_and_refreshed_for_an_auction_that_needs_them_and_not_before() {
    let (world, keeper) = large_account(0);
    look_far(&world);
    assert!(decide(&world, &keeper).is_empty(), "a healthy account needs no rows");
    sink(&world);
    let planned = decide(&world, &keeper);
    assert_eq!(kinds(&planned), ["open_rows", "refresh_rows"], "half of the book fits: {planned:?}");
    let without =
        Keeper { policy: Policy { rows: false, ..Policy::default() }, ..keeper_of(&world, KEEPER, Policy::default()) };
    assert!(decide(&world, &without).is_empty(), "it leaves the account to others");

    edit::<Expiry>(&world, &world.directory().expiry(BTC, world.expiries[0]), |expiry| expiry.fees_accrued += QUOTE);
    let before = world.account(KEEPER).cash;
    let done = keeper.step(&world.chain).expect("turn");
    let done: Vec<_> = done.iter().map(|done| (done.action.kind(), done.result.as_ref().map(drop))).collect();
    assert!(done.iter().all(|(_, result)| result.is_ok()), "{done:?}");
    let kinds: Vec<_> = done.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds[..3], ["open_rows", "refresh_rows", "start"], "{done:?}");
    assert_eq!(world.account(LARGE).auction.count, 1);
    let pay = i64::from(PortfolioParameters::shipped().rows_pay);
    assert!(world.account(KEEPER).cash >= before + pay, "the refresh of rows that were due is paid");
}

#[test]
fn a_large_account_is_bid_for_from_fresh_rows_whatever_the_mode_of_the_keeper() {
    for mode in [0, MODE_PORTFOLIO] {
        let (mut world, keeper) = large_account(mode);
        world.open_rows(BTC, 0);
        world.open_rows(BTC, 1);
        sink(&world);
        let mut bids = 0;
        for _ in 0..12 {
            look_far(&world);
            let done = keeper.step(&world.chain).expect("turn");
            for done in &done {
                assert!(done.result.is_ok(), "{}: {:?}", done.action, done.result);
            }
            bids += done.iter().filter(|done| done.action.kind() == "bid").count();
            let own = world.balances(KEEPER).expect("balances");
            assert!(own.initial >= 0, "the keeper took more than it can carry: {own:?}");
            world.advance(30);
        }
        assert!(bids > 0, "mode {mode}: no bid");
        assert!(standing(&world, 0).is_some_and(|rows| rows.rows.header.computed_at > 0));
    }
}

#[test]
fn fresh_rows_are_left_alone_and_spent_ones_are_refreshed_first() {
    let (mut world, keeper) = large_account(0);
    world.open_rows(BTC, 0);
    world.open_rows(BTC, 1);
    sink(&world);
    let refreshed = [0, 1].map(|expiry| Action::RefreshRows { expiry: (BTC, world.expiries[expiry]) });
    let planned = decide(&world, &keeper);
    assert_eq!(planned[..2], refreshed, "{planned:?}");
    assert_eq!(planned[2].kind(), "start");
    world.refresh_rows(BTC, 0);
    world.refresh_rows(BTC, 1);
    assert_eq!(kinds(&decide(&world, &keeper)), ["start"], "nothing is refreshed that is fresh");
    world.chain.advance(45);
    world.refresh_prices();
    look_far(&world);
    assert_eq!(kinds(&decide(&world, &keeper)), ["refresh_rows", "refresh_rows", "start"]);
}

#[test]
fn an_auction_is_ended_once_what_its_rows_may_have_moved_no_longer_decides() {
    let (mut world, keeper) = large_account(0);
    world.open_rows(BTC, 0);
    world.open_rows(BTC, 1);
    sink(&world);
    let refresh = |world: &World| drop([0, 1].map(|expiry| world.refresh_rows(BTC, expiry)));
    refresh(&world);
    start(&world, LARGE, KEEPER).expect("start");
    world.chain.advance(15);
    let price = world.price(BTC);
    world.move_price(BTC, price - price / 400);
    look_far(&world);
    let ends = |world: &World| kinds(&decide(world, &keeper)).contains(&"end");
    let refreshed = || {
        let world = fork(&world);
        refresh(&world);
        world
    };
    while !ends(&refreshed()) {
        assert!(!ends(&world), "planned from old rows, and not from fresh ones");
        edit_account(&world, LARGE, |account| account.cash += 500 * QUOTE);
    }
    assert!(
        !ends(&world) && end(&world, LARGE).is_err(),
        "what the old rows may have moved counts against the account"
    );
    end(&refreshed(), LARGE).expect("end");
}

#[test]
fn a_recording_with_rows_replays_to_the_same_decisions() {
    let (mut world, keeper) = large_account(MODE_PORTFOLIO);
    world.open_rows(BTC, 1);
    sink(&world);
    let file = std::env::temp_dir().join(format!("plimsoll-keeper-rows-{}.jsonl", std::process::id()));
    let mut recorder = Recorder::create(&file).expect("recording");
    for _ in 0..2 {
        let view = view(&world);
        let actions = plimsoll_keeper::plan::plan(&view.book, &keeper.account, &keeper.policy);
        recorder.write(&keeper, &view, &actions).expect("recording");
        keeper.step(&world.chain).expect("turn");
        world.advance(20);
        look_far(&world);
    }
    let replayed = replay(&file).expect("replay");
    assert_eq!((replayed.plans, replayed.differences), (2, vec![]));
    let frame = Recorded::open(&file).expect("recording").frame().expect("frame").expect("one");
    let rows = world.directory().rows_of(BTC, world.expiries[1]);
    assert!(frame.image.accounts.contains_key(&rows), "the recording holds what the decisions stand on");
    std::fs::remove_file(&file).expect("remove");
}
