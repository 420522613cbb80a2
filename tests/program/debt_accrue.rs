//! `debt_accrue`.

use plimsoll::events::DebtAccrued;
use plimsoll::state::InsuranceFund;
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_core::units::YEAR_SECONDS;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World};
use solana_signer::Signer;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::support::*;

fn accrue(world: &World, index: usize) -> DebtAccrued {
    let accrue = instruction::debt_accrue(&world.directory(), &world.account(index));
    event(&world.crank(accrue).expect("accrue"))
}

#[test]
fn interest_on_debt_goes_to_the_fund_rounded_up() {
    let world = in_debt();
    let before = world.account(DEBTOR);
    let fund = |world: &World| {
        world.chain.load::<InsuranceFund>(&world.directory().clearinghouse.insurance).expect("fund").balance
    };
    let fund_before = fund(&world);
    world.chain.advance(86_400);
    let fact = accrue(&world, DEBTOR);
    let seconds = i128::from(world.chain.time() - before.interest_at);
    let scale = 1_000_000 * i128::from(YEAR_SECONDS);
    let due = (i128::from(-before.cash) * 150_000 * seconds + scale - 1) / scale;
    assert_eq!(i128::from(fact.interest - before.interest_owed), due);
    assert_eq!(before.cash - world.account(DEBTOR).cash, fact.interest);
    assert_eq!(fund(&world) - fund_before, fact.interest);
    assert_eq!(world.account(DEBTOR).debt_since, before.debt_since);
    assert_eq!(accrue(&world, DEBTOR).interest, 0, "a second call in the same second takes nothing");
    world.refresh_prices();
    world.full_check();
}

#[test]
fn an_account_without_debt_owes_nothing() {
    let world = in_debt();
    let before = world.account(1).cash;
    world.chain.advance(86_400);
    assert_eq!(accrue(&world, 1).interest, 0);
    assert_eq!(world.account(1).cash, before);
}

#[test]
fn interest_runs_on_negative_cash_only_and_every_second_counts() {
    let world = in_debt();
    accrue(&world, DEBTOR);
    for seconds in [1, 2, 60] {
        world.chain.advance(seconds);
        let debt = -i128::from(world.account(DEBTOR).cash);
        let scale = 1_000_000 * i128::from(YEAR_SECONDS);
        let due = (debt * 150_000 * i128::from(seconds) + scale - 1) / scale;
        assert_eq!(i128::from(accrue(&world, DEBTOR).interest), due, "{seconds} seconds");
    }
    let debt = world.account(DEBTOR).cash.unsigned_abs();
    let key = &world.traders[DEBTOR].key;
    let source = token::mint_to(&world.chain, &world.quote_mint, &key.pubkey(), debt);
    let deposit =
        instruction::deposit(&world.directory(), &world.traders[DEBTOR].account, &key.pubkey(), &source, debt);
    send(&world, deposit, &[key]).expect("deposit");
    assert_eq!(world.account(DEBTOR).cash, 0);
    world.chain.advance(86_400);
    assert_eq!(accrue(&world, DEBTOR).interest, 0, "nothing is owed, so nothing runs");
    world.refresh_prices();
    world.full_check();
}

#[test]
fn another_fund_and_another_clearinghouse_are_refused() {
    let world = in_debt();
    let other = other_clearinghouse(&world);
    let fund = insurance_of(&world, &other);
    let mut accrue = instruction::debt_accrue(&world.directory(), &world.account(DEBTOR));
    accrue.accounts[1].pubkey = fund;
    refused(&world, "InsuranceMismatch", || world.crank(accrue.clone()));
    accrue.accounts[0].pubkey = other;
    refused(&world, "ClearinghouseMismatch", || world.crank(accrue));
}
