//! Margin cannot be faked by leaving out, repeating or exchanging what an account holds.

use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, BTC, QUOTE, SOL};
use solana_program::instruction::{AccountMeta, Instruction};

use crate::support::*;

/// The seller short in two expiries of BTC and one of SOL.
fn short_in_three() -> World {
    let world = default_world();
    for (underlying, expiry, quantity) in [(BTC, 0, 80), (BTC, 1, 40), (SOL, 0, 20)] {
        let series = world.series(underlying, expiry, 2, OptionKind::Call);
        world.trade_at_mark(BUYER, SELLER, &series, quantity).expect("short");
    }
    world
}

/// Every way to lie about the market set that starts at `first`: accounts and the rule that refuses it.
fn lies(world: &World, first: usize, honest: &[AccountMeta]) -> Vec<(&'static str, Vec<AccountMeta>)> {
    let mut lies = Vec::new();
    let mut lie = |rule: &'static str, change: &dyn Fn(&mut Vec<AccountMeta>)| {
        let mut accounts = honest.to_vec();
        change(&mut accounts);
        lies.push((rule, accounts));
    };
    // BTC, its oracle, SOL, its oracle, then BTC 0, BTC 1, SOL 0.
    let expiry = first + 4;
    for at in first..first + 7 {
        lie("MarketCount", &|accounts| {
            accounts.remove(at);
        });
    }
    lie("MarketCount", &|accounts| accounts.truncate(first));
    lie("MarketCount", &|accounts| accounts.push(accounts[expiry].clone()));
    lie("MarketMismatch", &|accounts| accounts[expiry + 1] = accounts[expiry].clone());
    lie("MarketMismatch", &|accounts| accounts[expiry] = accounts[expiry + 1].clone());
    lie("MarketMismatch", &|accounts| accounts.swap(expiry, expiry + 2));
    let foreign = world.directory().expiry(SOL, world.expiries[1]);
    lie("MarketMismatch", &|accounts| accounts[expiry + 2].pubkey = foreign);
    lie("MarketMismatch", &|accounts| accounts.swap(first + 1, first + 3));
    lie("MarketMismatch", &|accounts| {
        accounts.swap(first, first + 2);
        accounts.swap(first + 1, first + 3);
    });
    lie("MarketType", &|accounts| accounts[expiry].pubkey = world.traders[BUYER].account);
    lies
}

fn every_lie(
    world: &World,
    first: usize,
    honest: &Instruction,
    send: impl Fn(Instruction) -> Result<Outcome, LedgerError>,
) {
    for (rule, accounts) in lies(world, first, &honest.accounts) {
        let lie = Instruction { accounts, ..honest.clone() };
        refused(world, rule, || send(lie));
    }
}

#[test]
fn a_withdrawal_hides_no_position() {
    let world = short_in_three();
    let wallet = world.traders[SELLER].wallet;
    let all = world.account(SELLER).cash.unsigned_abs();
    refused(&world, "InitialMarginShort", || world.withdraw(SELLER, all));
    let honest = instruction::withdraw(&world.directory(), &world.account(SELLER), &wallet, all).expect("build");
    every_lie(&world, 7, &honest, |lie| send(&world, lie, &[&world.traders[SELLER].key]));
    world.full_check();
}

#[test]
fn a_trade_hides_no_position() {
    let world = short_in_three();
    let args = at_mark(&world, BUYER, SELLER, &call(&world), 1);
    let honest = trade_instruction(&world, BUYER, SELLER, args);
    let keys = [&world.traders[BUYER].key, &world.traders[SELLER].key];
    every_lie(&world, 7, &honest, |lie| send(&world, lie, &keys));
    send(&world, honest, &keys).expect("the truth");
}

#[test]
fn a_margin_check_hides_no_position() {
    let world = short_in_three();
    let honest = instruction::margin_check(&world.directory(), &world.account(SELLER)).expect("build");
    every_lie(&world, 2, &honest, |lie| world.crank(lie));
    world.crank(honest).expect("the truth");
}

#[test]
fn a_healthy_account_is_not_liquidated_by_leaving_out_its_longs() {
    let world = short_in_three();
    world.trade_at_mark(SELLER, BUYER, &world.series(BTC, 1, 3, OptionKind::Call), 40).expect("a long leg");
    let honest = start_instruction(&world, SELLER, LIQUIDATOR, start_args(&world, SELLER));
    every_lie(&world, 5, &honest, |lie| send(&world, lie, &[&world.traders[LIQUIDATOR].key]));
    refused(&world, "AccountHealthy", || send(&world, honest, &[&world.traders[LIQUIDATOR].key]));
    assert!(world.account(SELLER).cash > QUOTE);
}
