//! `rows_refresh`.

use std::collections::BTreeSet;

use plimsoll::events::RowsRefreshed;
use plimsoll::state::{Clearinghouse, Expiry, MarginAccount, OracleState, RiskRows, Underlying};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction, presets};
use plimsoll_core::margin::scenario::rows::{LISTED, PUT_MARK};
use plimsoll_core::margin::scenario::{fill_rows, RowsHeader, ROW};
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::ContractSize;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::forge::*;
use crate::payments::account_elsewhere;
use crate::portfolio::*;
use crate::support::*;

/// A world with rows of the first expiry of BTC, filled now, and fees of a trade in it.
fn filled() -> World {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    world.trade_at_mark(0, 1, &call(&world), 100).expect("fees");
    assert!(fees(&world) > 4 * pay(&world), "{}", fees(&world));
    world
}

fn underlying(world: &World) -> Underlying {
    world.chain.load(&world.directory().underlying(BTC)).expect("underlying")
}

fn expiry(world: &World) -> Expiry {
    world.chain.load(&expiry_at(world, 0)).expect("expiry")
}

fn fees(world: &World) -> i64 {
    expiry(world).fees_accrued
}

/// What a refresh that was due pays.
fn pay(world: &World) -> i64 {
    underlying(world).portfolio.rows_pay.into()
}

fn paid(sent: &Sent) -> i64 {
    event::<RowsRefreshed>(sent.as_ref().expect("refresh")).paid
}

/// The rows to the bit as the rule book fills them now.
fn check_filled(world: &World) {
    let (underlying, expiry) = (underlying(world), expiry(world));
    let oracle: OracleState = world.chain.load(&underlying.oracle).expect("oracle");
    let view = plimsoll::margin::underlying_view(&underlying, &oracle).expect("a price");
    let scenarios = plimsoll::portfolio::scenario_view(&underlying, &oracle);
    let (now, rules) = (world.chain.time(), underlying.portfolio.rules());
    let stamp = plimsoll::portfolio::stamp(&underlying, (&view, &scenarios), now);
    let listed = plimsoll::margin::expiry_view(&expiry, 0, (&underlying, &oracle), now).expect("an expiry");
    let mut header = RowsHeader::new(&listed, rules, &stamp).expect("header");
    let mut expected = vec![0; values(world, 0).len()];
    let size = ContractSize(underlying.contract_size);
    fill_rows(&mut header, &mut expected, listed.strikes, rules, size).expect("values");
    assert_eq!(rows(world, 0).header.rules(), &header);
    assert_eq!(values(world, 0), expected);
    assert_eq!((header.computed_at, header.spot, header.steps), (now, oracle.price.price, stamp.steps));
    assert_eq!(header.filled, (1 << expiry.strike_count) - 1);
}

#[test]
fn anyone_fills_rows_with_the_values_of_the_price_the_clock_and_the_parameters_now() {
    let world = filled();
    check_filled(&world);
    world.move_price(BTC, BTC_PRICE / 100 * 97);
    world.advance(3_600);
    let sent = refresh(&world, 0, None).expect("refresh");
    check_filled(&world);
    let steps = rows(&world, 0).header.steps.into();
    let expected =
        RowsRefreshed { rows: rows_at(&world, 0), spot: world.price(BTC), filled: (1 << 5) - 1, paid: 0, steps };
    assert_eq!(event::<RowsRefreshed>(&sent), expected);
    edit::<Underlying>(&world, &world.directory().underlying(BTC), |underlying| {
        (underlying.portfolio.range_up, underlying.sequences[7]) = (900_000, 5);
    });
    refresh(&world, 0, None).expect("refresh");
    check_filled(&world);
    assert_eq!(rows(&world, 0).header.sequence, 5);
    world.full_check();
}

#[test]
fn marks_of_rows_are_those_of_trades() {
    let world = filled();
    let values = values(&world, 0);
    for strike in 0..5u8 {
        let row = &values[usize::from(strike) * ROW..][..ROW];
        let mark = |kind| world.mark(&world.series(BTC, 0, strike, kind)).expect("mark");
        assert_eq!((row[0], row[PUT_MARK]), (mark(OptionKind::Call), mark(OptionKind::Put)));
        assert_eq!(row[LISTED], BTC_PRICE / 100 * (80 + 10 * i64::from(strike)));
    }
}

#[test]
fn rows_reach_as_far_as_the_scan_range_does_now() {
    let world = filled();
    for (range, steps) in [(90_000, 2), (119_000, 2), (121_000, 3), (300_000, 5), (480_000, 8), (900_000, 8)] {
        edit_oracle(&world, |oracle| (oracle.volatility.range_im, oracle.volatility.range_mm) = (range, 90_000));
        refresh(&world, 0, None).expect("refresh");
        assert_eq!(rows(&world, 0).header.steps, steps, "{range}");
        check_filled(&world);
    }
}

#[test]
fn every_strike_there_is_room_for_is_filled_at_once() {
    let options = WorldOptions { expiry_days: vec![7], strike_percents: (80..105).collect(), ..Default::default() };
    let world = World::with(&options);
    world.govern(instruction::rows_open(&expiry_at(&world, 0), &world.governance.pubkey()));
    let count = || refresh(&world, 0, None).map(|_| rows(&world, 0).header.filled.count_ones()).expect("refresh");
    assert_eq!(count(), 18, "as many as there is room for");
    world.govern(instruction::rows_grow(&expiry_at(&world, 0), &world.governance.pubkey()));
    assert_eq!(count(), 25, "as many as are listed");
    check_filled(&world);
    let strike = instruction::strike_create(&world.directory().underlying(BTC), world.expiries[0], 110_000 * QUOTE);
    world.crank(strike).expect("strike");
    assert_eq!(rows(&world, 0).header.filled.count_ones(), 25);
    assert_eq!(count(), 26, "a strike listed since");
    check_filled(&world);
}

#[test]
fn a_named_account_is_paid_out_of_the_fees_if_the_rows_could_not_be_used_any_more() {
    let world = filled();
    let due = |change: &dyn Fn()| {
        refresh(&world, 0, None).expect("refresh");
        assert_eq!(paid(&refresh(&world, 0, Some(1))), 0, "they could be used");
        change();
        let (before, cash) = (fees(&world), world.account(1).cash);
        assert_eq!(paid(&refresh(&world, 0, Some(1))), pay(&world));
        assert_eq!((before - fees(&world), world.account(1).cash - cash), (pay(&world), pay(&world)));
    };
    let max_age = i64::from(underlying(&world).portfolio.rows_max_age_seconds);
    due(&|| world.advance(max_age + 1));
    due(&|| edit_rows(&world, 0, |rows| rows.header.computed_at += 1));
    due(&|| edit_rows(&world, 0, |rows| rows.header.sequence = 1));
    due(&|| edit_rows(&world, 0, |rows| rows.header.spot += BTC_PRICE / 100));
    due(&|| edit_rows(&world, 0, |rows| rows.header.steps = 1));
    due(&|| edit_rows(&world, 0, |rows| rows.header.filled ^= 1));
    world.advance(max_age);
    assert_eq!(paid(&refresh(&world, 0, Some(1))), 0, "old enough only a second later");
    world.full_check();
}

#[test]
fn rows_of_a_strike_whose_place_another_took_are_filled_anew_for_nothing() {
    let options = WorldOptions { expiry_days: vec![7], strike_percents: (70..134).collect(), ..Default::default() };
    let mut world = World::with(&options);
    world.open_rows(BTC, 0);
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 30, OptionKind::Call), 100).expect("fees");
    refresh(&world, 0, None).expect("refresh");
    let underlying = world.directory().underlying(BTC);
    world.crank(instruction::strike_replace(&underlying, world.expiries[0], (3, 150_000 * QUOTE))).expect("replace");
    assert_eq!(paid(&refresh(&world, 0, Some(1))), 0, "replacing strikes and refreshing would pay for itself");
    assert_eq!(values(&world, 0)[3 * ROW + LISTED], 150_000 * QUOTE);
}

#[test]
fn at_most_what_the_fees_hold_is_paid() {
    let world = filled();
    for (held, expected) in [(pay(&world) + 1, pay(&world)), (1, 1), (0, 0)] {
        edit::<Expiry>(&world, &expiry_at(&world, 0), |expiry| expiry.fees_accrued = held);
        edit_rows(&world, 0, |rows| rows.header.computed_at = 0);
        assert_eq!(paid(&refresh(&world, 0, Some(0))), expected);
        assert_eq!(fees(&world), held - expected);
    }
}

#[test]
fn without_a_named_account_nobody_is_paid() {
    let world = filled();
    let before = fees(&world);
    edit_rows(&world, 0, |rows| rows.header.computed_at = 0);
    let step = refresh_instruction(&world, 0, None);
    let written: BTreeSet<_> = step.accounts.iter().filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect();
    assert_eq!(written.len(), 1, "only the rows");
    assert_eq!(paid(&world.crank(step)), 0);
    assert_eq!(fees(&world), before);
}

#[test]
fn a_payee_in_debt_and_one_in_auction_are_paid_too() {
    let mut world = in_auction();
    world.open_rows(BTC, 0);
    edit_rows(&world, 0, |rows| rows.header.computed_at = 0);
    let cash = world.account(SELLER).cash;
    assert_eq!(paid(&refresh(&world, 0, Some(SELLER))), pay(&world));
    assert_eq!(world.account(SELLER).cash, cash + pay(&world));
    world.full_check();
}

/// The account list with another account at `place`.
fn with(instruction: &Instruction, place: usize, key: &solana_program::pubkey::Pubkey) -> Instruction {
    let mut forged = instruction.clone();
    forged.accounts[place].pubkey = *key;
    forged
}

const CLEARINGHOUSE: usize = 0;
const UNDERLYING: usize = 1;
const ORACLE: usize = 2;
const EXPIRY: usize = 3;
const ROWS: usize = 4;
const PAYEE: usize = 5;

#[test]
fn accounts_of_another_parent_are_refused() {
    let mut world = filled();
    world.open_rows(BTC, 1);
    let directory = world.directory();
    let (sol, own) = (directory.underlying(SOL), refresh_instruction(&world, 0, Some(0)));
    let try_with = |rule: &str, forged: Instruction| refused(&world, rule, || world.crank(forged));
    try_with("MarketMismatch", with(&own, ROWS, &rows_at(&world, 1)));
    try_with("MarketMismatch", with(&own, EXPIRY, &expiry_at(&world, 1)));
    try_with("UnderlyingMismatch", with(&own, EXPIRY, &directory.expiry(SOL, world.expiries[0])));
    try_with("UnderlyingMismatch", with(&own, ORACLE, &address::oracle(&sol)));
    try_with("UnderlyingMismatch", with(&own, UNDERLYING, &sol));
    try_with("UnderlyingMismatch", with(&with(&own, UNDERLYING, &sol), ORACLE, &address::oracle(&sol)));
    let (other, account) = account_elsewhere(&world, 0);
    try_with("ClearinghouseMismatch", with(&own, PAYEE, &account));
    try_with("ClearinghouseMismatch", with(&own, CLEARINGHOUSE, &other));
    try_with("ClearinghouseMismatch", with(&with(&own, CLEARINGHOUSE, &other), PAYEE, &account));
    let authority = world.governance.pubkey();
    world.govern(instruction::underlying_create(&other, &authority, &authority, presets::btc(0)));
    try_with("ClearinghouseMismatch", with(&own, UNDERLYING, &address::underlying(&other, 0)));
    world.crank(own).expect("the truth");
}

#[test]
fn whoever_is_paid_makes_the_expiry_writable() {
    let world = filled();
    let forged = read_only(&refresh_instruction(&world, 0, Some(0)), &expiry_at(&world, 0));
    world.crank(forged.clone()).expect("nothing is due");
    edit_rows(&world, 0, |rows| rows.header.computed_at = 0);
    refused(&world, "MarketNotWritable", || world.crank(forged));
}

#[test]
fn rows_of_a_settled_expiry_are_not_filled() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    settle_expiry(&world, &call(&world));
    refused(&world, "ExpirySettledAlready", || refresh(&world, 0, None));
}

/// An expiry whose samples are too few stays unsettled, and its books must be liquidated meanwhile.
#[test]
fn until_an_expiry_is_settled_its_rows_are_filled() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    sample_window(&world, &call(&world), 60);
    for late in [0, 1, 7_200] {
        world.advance(late);
        assert!(world.chain.time() >= world.expiries[0]);
        refresh(&world, 0, None).expect("refresh");
        check_filled(&world);
    }
}

#[test]
fn without_a_price_nothing_is_filled() {
    let mut world = World::new();
    world.open_rows(BTC, 0);
    edit_oracle(&world, |oracle| oracle.price.price = 0);
    refused(&world, "PriceMissing", || refresh(&world, 0, None));
}

#[test]
fn every_account_is_of_its_type_and_the_written_ones_are_writable() {
    let world = filled();
    let own = refresh_instruction(&world, 0, Some(0));
    let version = |at: usize| match at {
        CLEARINGHOUSE => std::mem::offset_of!(Clearinghouse, version),
        UNDERLYING => std::mem::offset_of!(Underlying, version),
        ORACLE => std::mem::offset_of!(OracleState, version),
        EXPIRY => std::mem::offset_of!(Expiry, version),
        _ => std::mem::offset_of!(RiskRows, version),
    };
    for at in CLEARINGHOUSE..PAYEE {
        check_type(&world, &own, &own.accounts[at].pubkey, version(at), &[]);
    }
    for at in [ROWS, PAYEE] {
        let forged = read_only(&own, &own.accounts[at].pubkey);
        refused(&world, "ConstraintMut", || send_signed(&world, forged, &[]));
    }
    let payee = own.accounts[PAYEE].pubkey;
    for other in [world.governance.pubkey(), world.clearinghouse, world.quote_mint] {
        refused(&world, "AccountLayout", || send_signed(&world, exchanged(&own, &payee, &other), &[]));
    }
    edit::<MarginAccount>(&world, &payee, |account| account.version = 9);
    refused_numbers(&world, "VersionUnknown", (9, 1), || send_signed(&world, own, &[]));
}
