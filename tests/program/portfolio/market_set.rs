//! Risk rows behind the market set.

use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, SOL};
use solana_program::instruction::AccountMeta;

use super::*;
use crate::forge::forged_account;

/// Trader 1 short in two expiries of BTC, in portfolio mode, with rows of the first; rows of an expiry it does not hold.
fn world() -> World {
    let mut world = World::new();
    for expiry in 0..2 {
        world.trade_at_mark(0, 1, &world.series(BTC, expiry, 3, OptionKind::Call), 20).expect("short");
    }
    world.set_mode(1, MODE_PORTFOLIO).expect("portfolio");
    world.open_rows(BTC, 0);
    world.open_rows(SOL, 0);
    world
}

fn sent(world: &World, change: impl FnOnce(&mut Vec<AccountMeta>)) -> Result<Outcome, LedgerError> {
    let mut step = instruction::margin_check(&world.directory(), &world.account(1)).expect("build");
    change(&mut step.accounts);
    world.crank(step)
}

fn read(address: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(address, false)
}

#[test]
fn rows_stand_behind_the_set_in_any_order_and_number() {
    let mut world = world();
    // Clearinghouse, account, underlying, oracle, two expiries, rows.
    let step = instruction::margin_check(&world.directory(), &world.account(1)).expect("build");
    assert_eq!((step.accounts.len(), step.accounts[6].pubkey), (7, rows_at(&world, 0)));
    let alone = sent(&world, |_| {}).expect("check").return_data;
    let twice = sent(&world, |accounts| accounts.push(accounts[6].clone())).expect("the same rows twice");
    assert_eq!(twice.return_data, alone);
    world.open_rows(BTC, 1);
    let both = sent(&world, |_| {}).expect("check").return_data;
    let turned = sent(&world, |accounts| accounts.swap(6, 7)).expect("the other order").return_data;
    assert_eq!(turned, both);
    sent(&world, |accounts| accounts.truncate(6)).expect("none");
    sent(&world, |accounts| accounts[7].is_writable = true).expect("writable is no harm");
}

#[test]
fn rows_of_an_expiry_that_is_not_in_the_set_are_refused() {
    let mut world = world();
    let sol = address::rows(&world.directory().expiry(SOL, world.expiries[0]));
    refused(&world, "MarketMismatch", || sent(&world, |accounts| accounts.push(read(sol))));
    refused(&world, "MarketMismatch", || sent(&world, |accounts| accounts[6] = read(sol)));
    refused(&world, "MarketMismatch", || sent(&world, |accounts| accounts.insert(6, read(sol))));
    // Of an expiry that only the other side of a trade would bring along.
    world.trade_at_mark(1, 0, &world.series(BTC, 0, 3, OptionKind::Call), 20).expect("back");
    let first = rows_at(&world, 0);
    refused(&world, "MarketMismatch", || sent(&world, |accounts| accounts.push(read(first))));
    world.rows.clear();
    sent(&world, |_| {}).expect("without");
}

#[test]
fn rows_anywhere_but_at_the_end_are_refused() {
    let world = world();
    let rows = rows_at(&world, 0);
    for at in 2..6 {
        let result = |world: &World| sent(world, |accounts| accounts.swap(at, 6));
        let error = result(&world).expect_err("rows in the middle");
        let rule = error.rule().expect("a rule").to_owned();
        assert!(["MarketType", "MarketCount", "MarketMismatch"].contains(&rule.as_str()), "{at}: {rule}");
        refused(&world, &rule, || result(&world));
        refused(&world, "MarketCount", || sent(&world, |accounts| accounts.insert(at, read(rows))));
    }
}

#[test]
fn rows_instead_of_a_market_account_are_refused() {
    let world = world();
    let rows = rows_at(&world, 0);
    for at in 2..5 {
        refused(&world, "MarketType", || sent(&world, |accounts| accounts[at] = read(rows)));
    }
    refused(&world, "MarketCount", || sent(&world, |accounts| accounts[5] = read(rows)));
}

#[test]
fn other_accounts_behind_the_set_are_refused() {
    let world = world();
    let outflow = world.directory().clearinghouse.outflow;
    let strangers = forged_account(&world, "strangers rows", &rows_at(&world, 0), |account| {
        account.owner = anchor_spl::token::ID;
    });
    for other in [outflow, strangers, world.quote_mint, expiry_at(&world, 0), world.traders[0].address()] {
        refused(&world, "MarketCount", || sent(&world, |accounts| accounts.push(read(other))));
        refused(&world, "MarketCount", || sent(&world, |accounts| accounts[6] = read(other)));
    }
}

#[test]
fn rows_of_another_layout_are_refused() {
    let world = world();
    for version in [0, 2, u8::MAX] {
        edit_rows(&world, 0, |rows| rows.version = version);
        refused_numbers(&world, "VersionUnknown", (version.into(), 1), || sent(&world, |_| {}));
    }
}

#[test]
fn rows_too_short_to_be_rows_are_refused() {
    let world = world();
    world.chain.edit_raw(&rows_at(&world, 0), |account| account.data.truncate(ROWS_HEAD - 1));
    refused(&world, "AccountLayout", || sent(&world, |_| {}));
}

#[test]
fn rows_change_nothing_for_an_account_in_cross_mode() {
    let world = world();
    let check = instruction::margin_check(&world.directory(), &world.account(0)).expect("build");
    assert_eq!(check.accounts.len(), 6, "the client leaves them out");
    let mut with = check.clone();
    with.accounts.push(read(rows_at(&world, 0)));
    edit_rows(&world, 0, |rows| rows.header.tenor.variable = 1);
    let (with, without) = (world.crank(with).expect("with"), world.crank(check).expect("without"));
    assert_eq!(with.return_data, without.return_data);
}

#[test]
fn rows_of_an_empty_account_are_of_no_expiry_in_its_set() {
    let mut world = world();
    let idle = world.add_trader("idle", 1_000);
    let mut step = instruction::margin_check(&world.directory(), &world.account(idle)).expect("build");
    step.accounts.push(read(rows_at(&world, 0)));
    refused(&world, "MarketMismatch", || world.crank(step));
}
