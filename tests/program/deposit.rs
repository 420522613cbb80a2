//! `deposit`.

use plimsoll::events::Deposited;
use plimsoll::state::{MarginAccount, OutflowWindow};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World};
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::payments::*;
use crate::support::*;

/// Trader 1 pays `amount` from `source` into the account of trader `index`.
fn deposit_for(world: &World, index: usize, source: &Pubkey, amount: u64) -> Instruction {
    let payer = world.traders[1].address();
    instruction::deposit(&world.directory(), &world.traders[index].account, &payer, source, amount)
}

fn send_for(world: &World, index: usize, source: &Pubkey, amount: u64) -> Result<Outcome, LedgerError> {
    send(world, deposit_for(world, index, source, amount), &[&world.traders[1].key])
}

fn payment(world: &World) -> Payment<'_> {
    let honest = deposit_for(world, 0, &world.traders[1].wallet, 5);
    Payment { world, honest, signer: &world.traders[1].key }
}

#[test]
fn a_deposit_moves_tokens_cash_and_the_outflow_window_and_nothing_else() {
    let world = World::new();
    let wallet = world.traders[0].wallet;
    let (before, window_before, vault_before) = (world.account(0), window(&world), vault(&world));
    let tokens = token::balance(&world.chain, &wallet);
    let fact: Deposited = event(&world.deposit(0, 1_234_567).expect("deposit"));

    let expected = MarginAccount { cash: before.cash + 1_234_567, interest_at: world.chain.time(), ..before };
    assert_eq!(bytemuck::bytes_of(&world.account(0)), bytemuck::bytes_of(&expected));
    assert_eq!(window(&world), OutflowWindow { net: window_before.net - 1_234_567, ..window_before });
    assert_eq!(token::balance(&world.chain, &wallet), tokens - 1_234_567);
    assert_eq!(vault(&world), vault_before + 1_234_567);
    assert_eq!((fact.margin_account, fact.depositor), (world.traders[0].account, world.traders[0].address()));
    assert_eq!((fact.amount, fact.cash_before, fact.cash_after), (1_234_567, before.cash, before.cash + 1_234_567));
    assert_eq!(fact.vault_after, vault_before + 1_234_567);
    world.full_check();
}

#[test]
fn anyone_deposits_for_another() {
    let world = World::new();
    let (before, payer) = (world.account(0), world.account(1));
    let fact: Deposited = event(&send_for(&world, 0, &world.traders[1].wallet, 7).expect("deposit"));
    assert_eq!(fact.depositor, world.traders[1].address());
    assert_eq!(world.account(0).cash, before.cash + 7);
    assert_eq!(bytemuck::bytes_of(&world.account(1)), bytemuck::bytes_of(&payer));
    world.full_check();
}

#[test]
fn two_deposits_of_one_transaction_both_count() {
    let world = World::new();
    let before = world.account(0).cash;
    let step = deposit_for(&world, 0, &world.traders[1].wallet, 3);
    world.send(&[step.clone(), step], &[&world.traders[1].key]).expect("both");
    assert_eq!(world.account(0).cash, before + 6);
    world.full_check();
}

#[test]
fn a_deposit_needs_no_price() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    world.chain.advance(30 * 86_400);
    world.deposit(0, 1).expect("thirty days without a price");
}

#[test]
fn an_account_in_auction_is_paid_into_and_keeps_its_sequence() {
    let world = in_auction();
    let before = world.account(SELLER);
    world.deposit(SELLER, 10).expect("deposit");
    let after = world.account(SELLER);
    assert_eq!((after.cash, after.sequence), (before.cash + 10, before.sequence));
    assert_eq!((after.status, after.auction), (before.status, before.auction));
    world.full_check();
}

#[test]
fn a_deposit_into_a_debt_notes_its_interest_and_stops_its_clock_at_zero() {
    let world = in_debt();
    let debt = world.account(DEBTOR);
    assert!(debt.debt_since > 0);
    world.advance(86_400);
    let owed = debt.cash.unsigned_abs();
    send_for(&world, DEBTOR, &world.traders[1].wallet, owed - 1).expect("all but one atom");
    let after = world.account(DEBTOR);
    assert_eq!((after.cash, after.debt_since), (-1, debt.debt_since));
    assert_eq!(after.interest_at, world.chain.time());
    // 15 % a year on the debt for the time it stood, rounded up.
    let seconds = i128::from(world.chain.time() - debt.interest_at);
    let interest = (i128::from(owed) * 150_000 * seconds + 31_536_000_000_000 - 1) / 31_536_000_000_000;
    assert_eq!(i128::from(after.interest_owed), i128::from(debt.interest_owed) + interest);
    send_for(&world, DEBTOR, &world.traders[1].wallet, 1).expect("the last atom");
    assert_eq!((world.account(DEBTOR).cash, world.account(DEBTOR).debt_since), (0, 0));
    world.full_check();
}

#[test]
fn a_deposit_after_the_window_opens_the_next_one() {
    let world = World::new();
    world.chain.set_time(window(&world).window_start + 3_599);
    world.deposit(0, 5).expect("last second of the window");
    let old = window(&world);
    world.chain.advance(1);
    let held = i64::try_from(vault(&world)).unwrap();
    world.deposit(0, 5).expect("first second of the next");
    let next =
        OutflowWindow { window_start: old.window_start + 3_600, vault_at_start: held, net: -5, previous: old.net };
    assert_eq!(window(&world), next);
}

#[test]
fn tokens_sent_straight_to_the_vault_are_credited_to_nobody() {
    let mut world = World::new();
    let before = world.account(0).cash;
    world.donate(1_000);
    world.deposit(0, 1).expect("deposit");
    assert_eq!(world.account(0).cash, before + 1);
    world.full_check();
}

#[test]
fn a_zero_amount_is_refused() {
    let world = World::new();
    refused(&world, "AmountZero", || world.deposit(0, 0));
}

#[test]
fn a_deposit_takes_only_what_its_payer_may_spend() {
    let world = World::new();
    let (own, strangers) = (world.traders[1].wallet, world.traders[0].wallet);
    let all = token::balance(&world.chain, &own);
    let token_rule = |rule: &str, source: &Pubkey, amount| {
        let error = send_for(&world, 0, source, amount).expect_err(rule);
        let rejection = error.rejection().expect("refused by a program");
        assert_eq!((rejection.rule.as_str(), rejection.program), (rule, anchor_spl::token::ID));
    };
    token_rule("InsufficientFunds", &own, all + 1);
    token_rule("InsufficientFunds", &own, u64::MAX);
    token_rule("OwnerMismatch", &strangers, 1);
    send_for(&world, 0, &own, all).expect("the whole wallet");
    assert_eq!(token::balance(&world.chain, &own), 0);
    world.full_check();
}

#[test]
fn an_amount_beyond_the_integers_of_cash_is_refused() {
    let world = World::new();
    let source = world.traders[1].wallet;
    let room = u64::MAX - vault(&world) - token::balance(&world.chain, &source);
    token::mint_to_account(&world.chain, &world.quote_mint, &source, room);
    let most = i64::MAX.unsigned_abs();
    refused(&world, "Overflow", || send_for(&world, 0, &source, most + 1));
    let cash = world.account(0).cash.unsigned_abs();
    refused(&world, "Overflow", || send_for(&world, 0, &source, most - cash + 1));
    send_for(&world, 0, &source, most - vault(&world)).expect("the vault's whole range");
    world.full_check();
}

#[test]
fn other_token_accounts_and_frozen_ones_are_refused() {
    let world = World::new();
    let payment = payment(&world);
    payment.refuses_every_other_token_account();
    payment.passes();
    world.full_check();
}

#[test]
fn another_token_program_is_refused() {
    payment(&World::new()).refuses_every_other_token_program();
}

#[test]
fn accounts_of_another_type_or_layout_and_missing_rights_are_refused() {
    let world = World::new();
    let payment = payment(&world);
    payment.refuses_every_other_account();
    edit_account(&world, 0, |account| account.version = 2);
    let again = || send(&world, payment.honest.clone(), &[payment.signer]);
    refused_numbers(&world, "VersionUnknown", (2, 1), again);
    edit_account(&world, 0, |account| account.version = 1);
    payment.passes();
}

#[test]
fn accounts_of_another_clearinghouse_are_refused() {
    let world = World::new();
    let (other, account) = account_elsewhere(&world, 0);
    let payment = payment(&world);
    let outflow = plimsoll_client::address::outflow(&other);
    let vault = plimsoll_client::address::vault(&other, &world.quote_mint);
    payment.refused("OutflowMismatch", |accounts| accounts[LIMIT].pubkey = outflow);
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = vault);
    payment.refused("ClearinghouseMismatch", |accounts| accounts[MARGIN_ACCOUNT].pubkey = account);
    payment.refused("OutflowMismatch", |accounts| accounts[CLEARINGHOUSE].pubkey = other);
    payment.refused("ClearinghouseMismatch", |accounts| {
        accounts[CLEARINGHOUSE].pubkey = other;
        accounts[LIMIT].pubkey = outflow;
        accounts[VAULT].pubkey = vault;
    });
    payment.passes();
}
