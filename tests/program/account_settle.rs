//! `account_settle`.

use plimsoll::events::AccountSettled;
use plimsoll::state::Expiry;
use plimsoll_client::instruction;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};

use crate::support::*;

/// Calls at 90 % in the money when settled: 5 from trader 1 to 0, 2 of them on to trader 2; a put out of the money.
fn settled() -> World {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    let (deep, put) = (world.series(BTC, 0, 1, OptionKind::Call), world.series(BTC, 0, 0, OptionKind::Put));
    world.trade_at_mark(0, 1, &deep, 5).expect("trade");
    world.trade_at_mark(2, 0, &deep, 2).expect("trade");
    world.trade_at_mark(2, 1, &put, 3).expect("trade");
    settle_expiry(&world, &deep);
    world
}

#[test]
fn every_leg_becomes_its_payoff_the_same_integer_on_both_sides() {
    let world = settled();
    let price = world.expiry(&call(&world)).settlement_price;
    let payoff = (price - BTC_PRICE / 10 * 9) / 100;
    for (index, contracts) in [(0, 3), (1, -5), (2, 2)] {
        let before = world.account(index);
        settle_account(&world, index, &call(&world)).expect("settle");
        let after = world.account(index);
        assert_eq!(after.cash - before.cash, payoff * contracts);
        assert_eq!((after.position_count, after.sequence), (0, before.sequence + 1));
        world.full_check();
    }
    let expiry = world.expiry(&call(&world));
    assert_eq!((expiry.settlement_balance, expiry.unsettled_long, expiry.unsettled_short), (0, 0, 0));
}

#[test]
fn a_second_settlement_changes_nothing() {
    let world = settled();
    settle_account(&world, 0, &call(&world)).expect("settle");
    let before = world.account(0);
    settle_account(&world, 0, &call(&world)).expect("again");
    assert_eq!(before.sequence, world.account(0).sequence);
}

#[test]
fn a_gain_is_held_until_the_hold_has_passed_or_every_short_has_settled() {
    let world = settled();
    let fact: AccountSettled = event(&settle_account(&world, 0, &call(&world)).expect("settle"));
    let gain = fact.cash_after - fact.cash_before;
    assert_eq!(fact.held_after, gain);
    refused(&world, "CashShort", || world.withdraw(0, fact.cash_after.unsigned_abs()));
    settle_account(&world, 1, &call(&world)).expect("the only short");
    let late: AccountSettled = event(&settle_account(&world, 2, &call(&world)).expect("settle"));
    assert_eq!(late.held_after, 0, "nothing is held once no short is open");
    world.chain.advance(86_400);
    world.withdraw(0, gain.unsigned_abs()).expect("the hold has passed");
    world.full_check();
}

#[test]
fn what_of_a_gain_pays_a_debt_is_not_held() {
    let twin = settled();
    let fact: AccountSettled = event(&settle_account(&twin, 0, &call(&twin)).expect("settle"));
    let gain = fact.cash_after - fact.cash_before;
    let world = settled();
    let owed = world.account(0).cash + gain / 4;
    edit_account(&world, 0, |account| account.cash -= owed);
    edit_account(&world, 2, |account| account.cash += owed);
    let fact: AccountSettled = event(&settle_account(&world, 0, &call(&world)).expect("settle"));
    assert_eq!(fact.cash_after, gain - gain / 4);
    assert_eq!(fact.held_after, fact.cash_after, "free cash is zero, not negative");
    world.full_check();
}

#[test]
fn a_loss_above_cash_becomes_debt() {
    let world = default_world();
    let series = call(&world);
    world.trade_at_mark(BUYER, SELLER, &series, SOLD).expect("trade");
    world.move_price(BTC, BTC_PRICE / 2 * 3);
    settle_expiry(&world, &series);
    let fact: AccountSettled = event(&settle_account(&world, SELLER, &series).expect("settle"));
    assert!(fact.cash_after < 0, "{fact:?}");
    assert!(world.account(SELLER).debt_since > 0);
    settle_account(&world, BUYER, &series).expect("the winner gets all of it");
    assert!(world.account(BUYER).cash > 100_000 * QUOTE);
    world.full_check();
}

#[test]
fn an_expiry_that_is_not_settled_settles_nobody() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 1).expect("trade");
    refused(&world, "ExpiryNotSettled", || settle_account(&world, 0, &call(&world)));
}

#[test]
fn the_settlement_balance_takes_the_other_side_until_every_account_is_settled() {
    let world = settled();
    let mut balance = 0;
    for index in [2, 1, 0] {
        let before = world.account(index).cash;
        let fact: AccountSettled = event(&settle_account(&world, index, &call(&world)).expect("settle"));
        balance -= world.account(index).cash - before;
        assert_eq!(world.expiry(&call(&world)).settlement_balance, balance);
        assert_eq!(fact.settlement_balance_after, balance);
        assert_eq!(balance == 0, index == 0, "zero once all are settled, not before");
    }
    world.full_check();
}

#[test]
fn an_account_in_auction_is_settled_too() {
    let world = in_auction();
    settle_expiry(&world, &call(&world));
    let before = world.account(SELLER);
    let fact: AccountSettled = event(&settle_account(&world, SELLER, &call(&world)).expect("settle"));
    let after = world.account(SELLER);
    assert_eq!((fact.contracts_short, after.position_count), (i64::from(SOLD), 0));
    assert_eq!((after.status, after.sequence), (before.status, before.sequence + 1));
    world.full_check();
}

#[test]
fn more_contracts_than_were_open_are_not_settled() {
    let world = settled();
    let expiry = world.directory().expiry(BTC, world.expiries[0]);
    let [long, short] = [3, 8];
    edit::<Expiry>(&world, &expiry, |expiry| expiry.unsettled_long = long - 1);
    refused(&world, "OpenInterestBroken", || settle_account(&world, 0, &call(&world)));
    edit::<Expiry>(&world, &expiry, |expiry| (expiry.unsettled_long, expiry.unsettled_short) = (long, short - 1));
    settle_account(&world, 0, &call(&world)).expect("as many as were open");
    refused(&world, "OpenInterestBroken", || settle_account(&world, 1, &call(&world)));
}

#[test]
fn the_last_account_leaves_nothing_in_the_settlement_balance() {
    for wrong in [1, -1] {
        let world = settled();
        for index in [0, 1] {
            settle_account(&world, index, &call(&world)).expect("settle");
        }
        let expiry = world.directory().expiry(BTC, world.expiries[0]);
        edit::<Expiry>(&world, &expiry, |expiry| expiry.settlement_balance += wrong);
        refused_numbers(&world, "SettlementBalanceOpen", (wrong, 0), || settle_account(&world, 2, &call(&world)));
    }
}

#[test]
fn another_underlying_and_another_clearinghouse_are_refused() {
    let world = settled();
    let directory = world.directory();
    let settle = instruction::account_settle(&directory, &world.account(0), BTC, world.expiries[0]);
    let other = other_clearinghouse(&world);
    let with = |at: usize, key| {
        let mut settle = settle.clone();
        settle.accounts[at].pubkey = key;
        settle
    };
    refused(&world, "ClearinghouseMismatch", || world.crank(with(0, other)));
    refused(&world, "UnderlyingMismatch", || world.crank(with(1, directory.underlying(SOL))));
}
