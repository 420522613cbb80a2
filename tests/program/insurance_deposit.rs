//! `insurance_deposit`.

use plimsoll::events::InsuranceDeposited;
use plimsoll::state::{Clearinghouse, InsuranceFund};
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, QUOTE};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::forge::*;
use crate::support::*;

/// Nobody the clearinghouse knows.
fn donor(world: &World) -> Keypair {
    somebody(world, "donor")
}

fn instruction_of(world: &World, source: &Pubkey, amount: u64) -> Instruction {
    instruction::insurance_deposit(&world.directory(), &donor(world).pubkey(), source, amount)
}

/// The donor contributes tokens it is given.
fn contribute(world: &World, amount: u64) -> Sent {
    let source = quote_wallet(world, &donor(world), amount);
    contribute_from(world, &source, amount)
}

fn contribute_from(world: &World, source: &Pubkey, amount: u64) -> Sent {
    send_signed(world, instruction_of(world, source, amount), &[&donor(world)])
}

/// A deficit, left by an insolvent account, with a lock of a withdrawal made meanwhile.
pub fn with_deficit() -> World {
    let world = insolvent();
    bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    end(&world, SELLER).expect("end");
    world.withdraw(BUYER, 1_000 * QUOTE.unsigned_abs()).expect("withdraw");
    let clearinghouse = world.directory().clearinghouse;
    assert!(clearinghouse.deficit > QUOTE && clearinghouse.deficit_locked > 0, "{clearinghouse:?}");
    world
}

/// One contribution, to the last field of clearinghouse, fund and event; `to_deficit` of it covers the deficit.
fn check_contribution(world: &World, amount: i64, to_deficit: i64) {
    let (mut clearinghouse, mut expected) = (world.directory().clearinghouse, fund(world));
    let vault = token::balance(&world.chain, &clearinghouse.vault);
    let insurance_before = expected.balance;
    let fact: InsuranceDeposited = event(&contribute(world, amount.unsigned_abs()).expect("contribute"));
    clearinghouse.deficit -= to_deficit;
    if clearinghouse.deficit == 0 {
        clearinghouse.deficit_locked = 0;
    }
    assert_state(&world.directory().clearinghouse, &clearinghouse);
    expected.balance += amount - to_deficit;
    expected.received_total += amount - to_deficit;
    expected.contributed_total += amount;
    assert_state(&fund(world), &expected);
    assert_eq!(token::balance(&world.chain, &clearinghouse.vault), vault + amount.unsigned_abs());
    let fact_expected = InsuranceDeposited {
        clearinghouse: world.clearinghouse,
        depositor: donor(world).pubkey(),
        amount,
        to_deficit,
        deficit_after: clearinghouse.deficit,
        insurance_before,
        insurance_after: expected.balance,
    };
    assert_eq!(fact, fact_expected);
    world.full_check();
}

#[test]
fn anyone_contributes_and_all_of_it_reaches_the_fund() {
    let world = World::new();
    for amount in [1, 100_000 * QUOTE, 7] {
        check_contribution(&world, amount, 0);
    }
}

#[test]
fn a_recorded_deficit_is_covered_first_and_only_the_rest_reaches_the_fund() {
    let world = with_deficit();
    let deficit = world.directory().clearinghouse.deficit;
    check_contribution(&world, 1, 1);
    check_contribution(&world, deficit - 2, deficit - 2);
    assert_eq!(world.directory().clearinghouse.deficit, 1);
    check_contribution(&world, 10, 1);
    check_contribution(&world, 10, 0);
}

#[test]
fn when_the_deficit_closes_every_lock_it_caused_is_free() {
    let world = with_deficit();
    let clearinghouse = world.directory().clearinghouse;
    assert_eq!(world.account(BUYER).locked, clearinghouse.deficit_locked);
    check_contribution(&world, clearinghouse.deficit - 1, clearinghouse.deficit - 1);
    assert_eq!(world.directory().clearinghouse.deficit_locked, clearinghouse.deficit_locked);
    check_contribution(&world, 1, 1);
    assert_eq!(world.directory().clearinghouse.deficit_locked, 0);
    // What was locked leaves with the next withdrawal.
    world.withdraw(BUYER, 1).expect("withdraw");
    assert_eq!(world.account(BUYER).locked, 0);
    world.full_check();
}

#[test]
fn a_contribution_is_not_redeemable() {
    let world = World::new();
    let owner = &world.traders[0];
    let before = world.account(0);
    let own = instruction::insurance_deposit(&world.directory(), &owner.address(), &owner.wallet, 1_000);
    send_signed(&world, own, &[&owner.key]).expect("contribute");
    assert_state(&world.account(0), &before);
    refused(&world, "CashShort", || world.withdraw(0, before.cash.unsigned_abs() + 1));
    world.full_check();
}

#[test]
fn a_transfer_that_moves_another_amount_is_refused() {
    let world = World::new();
    let donor = donor(&world);
    let source = quote_wallet(&world, &donor, 100);
    replace_token_program(&world);
    let send = || send_signed(&world, instruction_of(&world, &source, 5), &[&donor]);
    refused_numbers(&world, "VaultDeltaMismatch", (0, 5), send);
}

#[test]
fn a_wrong_source_and_an_amount_that_is_not_there_are_refused() {
    let world = World::new();
    check_source(&world, &donor(&world), |source, amount| instruction_of(&world, source, amount));
    world.full_check();
}

#[test]
fn a_frozen_source_and_a_frozen_vault_are_refused() {
    let world = World::new();
    check_frozen(&world, &donor(&world), |source, amount| instruction_of(&world, source, amount));
}

#[test]
fn what_leaves_the_integers_is_refused() {
    let world = World::new();
    let wide = i64::MAX.unsigned_abs() + 1;
    let source = quote_wallet(&world, &donor(&world), wide);
    refused(&world, "Overflow", || contribute_from(&world, &source, wide));
    let insurance = world.directory().clearinghouse.insurance;
    edit::<InsuranceFund>(&world, &insurance, |fund| fund.balance = i64::MAX - 9);
    let source = quote_wallet(&world, &donor(&world), 10);
    refused(&world, "Overflow", || contribute_from(&world, &source, 10));
    contribute(&world, 9).expect("up to the last atom");
    assert_eq!(fund(&world).balance, i64::MAX);
}

#[test]
fn fund_and_vault_are_those_of_the_clearinghouse() {
    let world = World::new();
    let (donor, own) = (donor(&world), world.directory());
    let source = quote_wallet(&world, &donor, 100);
    let contribution = instruction_of(&world, &source, 1);
    let other = world.chain.load::<Clearinghouse>(&other_clearinghouse(&world)).expect("another");
    let not_a_vault = token::mint_to(&world.chain, &world.quote_mint, &world.clearinghouse, 5);
    let key = insurance_key(&world);
    let exchanges = [
        ("InsuranceMismatch", key, other.insurance),
        ("InsuranceMismatch", world.clearinghouse, plimsoll_client::address::clearinghouse(&other.creator, 1)),
        ("VaultMismatch", own.clearinghouse.vault, other.vault),
        ("VaultMismatch", own.clearinghouse.vault, not_a_vault),
        ("VaultMismatch", own.clearinghouse.vault, source),
    ];
    for (rule, mine, wrong) in exchanges {
        refused(&world, rule, || send_signed(&world, exchanged(&contribution, &mine, &wrong), &[&donor]));
    }
}

fn insurance_key(world: &World) -> Pubkey {
    world.directory().clearinghouse.insurance
}

#[test]
fn the_depositor_signs_and_every_account_is_of_its_type() {
    let world = World::new();
    let donor = donor(&world);
    let contribution = instruction_of(&world, &quote_wallet(&world, &donor, 100), 1);
    check_account_list(&world, &contribution, &[&donor]);
    let version_at = std::mem::offset_of!(Clearinghouse, version);
    check_type(&world, &contribution, &world.clearinghouse, version_at, &[&donor]);
    let version_at = std::mem::offset_of!(InsuranceFund, version);
    check_type(&world, &contribution, &insurance_key(&world), version_at, &[&donor]);
}
