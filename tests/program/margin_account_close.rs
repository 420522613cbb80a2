//! `margin_account_close`.

use anchor_lang::solana_program::{system_instruction, system_program};
use plimsoll::events::MarginAccountClosed;
use plimsoll::state::margin_account::{MODE_CROSS, STATUS_AUCTION};
use plimsoll::state::{CollateralSlot, MarginAccount};
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_tests::world::{event, World, WorldOptions};
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::forge::*;
use crate::support::*;

const OWNER: usize = 0;

/// Two traders, the first with an account that holds nothing.
fn empty() -> World {
    let world = World::new();
    let cash = world.account(OWNER).cash.unsigned_abs();
    for part in [cash / 10; 10] {
        world.withdraw(OWNER, part).expect("withdraw");
        world.advance(3_600);
    }
    assert_eq!(world.account(OWNER).cash, 0);
    world
}

fn instruction_of(world: &World, index: usize) -> Instruction {
    instruction::margin_account_close(&world.account(index))
}

fn close(world: &World, index: usize) -> Sent {
    send_signed(world, instruction_of(world, index), &[&world.traders[index].key])
}

fn reopen(world: &World) -> Instruction {
    let owner = world.traders[OWNER].address();
    let args = MarginAccountOpenArgs { id: 0, mode: MODE_CROSS };
    instruction::margin_account_open(&world.clearinghouse, &owner, &owner, args)
}

#[test]
fn an_empty_account_gives_its_owner_all_its_lamports_and_is_gone() {
    let world = empty();
    let (account, owner) = (world.traders[OWNER].account, world.traders[OWNER].address());
    world.chain.airdrop(&account, 777);
    let (held, before) = (lamports(&world, &account), lamports(&world, &owner));
    assert_eq!(held, world.chain.rent(8 + size_of::<MarginAccount>()) + 777);
    let fact: MarginAccountClosed = event(&close(&world, OWNER).expect("close"));
    assert_eq!(fact, MarginAccountClosed { margin_account: account, owner, id: 0 });
    assert_eq!(lamports(&world, &owner), before + held);
    let left = world.chain.raw(&account).unwrap_or_default();
    assert_eq!((left.lamports, left.data.len(), left.owner), (0, 0, system_program::ID));
    world.full_check();
}

#[test]
fn only_the_owner_closes_its_account() {
    let world = empty();
    let delegate = somebody(&world, "delegate");
    set_delegate(&world, OWNER, &delegate, 3, 1_000);
    let owner = world.traders[OWNER].address();
    for key in [delegate, somebody(&world, "stranger"), world.traders[1].key.insecure_clone()] {
        let forged = exchanged(&instruction_of(&world, OWNER), &owner, &key.pubkey());
        refused(&world, "OwnerMismatch", || send_signed(&world, forged, &[&key]));
    }
}

#[test]
fn an_account_with_cash_or_debt_stays() {
    let world = World::new();
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
    let world = empty();
    world.deposit(OWNER, 1).expect("one atom");
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
    for cash in [-1, i64::MIN, i64::MAX] {
        edit_account(&world, OWNER, |account| account.cash = cash);
        refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
    }
}

#[test]
fn an_account_that_owes_interest_stays() {
    let world = empty();
    edit_account(&world, OWNER, |account| account.interest_owed = 1);
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
}

#[test]
fn an_account_with_a_leg_stays() {
    let world = World::new();
    world.trade_at_mark(OWNER, 1, &call(&world), 1).expect("long");
    for index in [OWNER, 1] {
        edit_account(&world, index, |account| account.cash = 0);
        refused(&world, "MarginAccountNotEmpty", || close(&world, index));
    }
}

#[test]
fn an_account_with_collateral_stays() {
    let world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    edit_account(&world, OWNER, |account| account.cash = 0);
    world.deposit_wbtc(OWNER, 1).expect("one atom");
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
    edit_account(&world, OWNER, |account| {
        account.collaterals.swap(0, 7);
        assert_eq!(account.collaterals[7], CollateralSlot { amount: 1, index: 0, padding: [0; 6] });
    });
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
}

#[test]
fn an_account_in_auction_stays() {
    let world = empty();
    edit_account(&world, OWNER, |account| account.status = STATUS_AUCTION);
    refused(&world, "MarginAccountNotEmpty", || close(&world, OWNER));
}

#[test]
fn a_hold_or_lock_on_no_cash_holds_nothing() {
    let world = empty();
    edit_account(&world, OWNER, |account| {
        (account.held, account.held_until, account.locked) = (5, i64::MAX, 5);
    });
    close(&world, OWNER).expect("close");
    world.full_check();
}

#[test]
fn a_closed_account_is_not_revived_in_the_same_transaction() {
    let world = empty();
    let (account, key) = (world.traders[OWNER].account, &world.traders[OWNER].key);
    let shut = instruction_of(&world, OWNER);
    refused(&world, "IndexNotNext", || world.send(&[shut.clone(), reopen(&world)], &[key]));
    let twice = || world.send(&[shut.clone(), shut.clone()], &[key]);
    refused(&world, "AccountOwnedByWrongProgram", twice);
    let wallet = world.traders[OWNER].wallet;
    let deposit = instruction::deposit(&world.directory(), &account, &key.pubkey(), &wallet, 1);
    let revive = || world.send(&[shut.clone(), deposit.clone()], &[key]);
    refused(&world, "AccountOwnedByWrongProgram", revive);
    // Lamports sent after it within the transaction keep an address alive, not an account.
    let send_back = system_instruction::transfer(&key.pubkey(), &account, 5_000_000);
    world.send(&[shut, send_back], &[key]).expect("close and fund");
    let left = world.chain.raw(&account).expect("funded");
    assert_eq!((left.data.len(), left.owner), (0, system_program::ID));
    refused(&world, "AccountOwnedByWrongProgram", || send(&world, deposit, &[key]));
    refused(&world, "IndexNotNext", || send(&world, reopen(&world), &[key]));
}

#[test]
fn the_id_of_a_closed_account_never_returns() {
    let mut world = empty();
    close(&world, OWNER).expect("close");
    let key = world.traders[OWNER].key.insecure_clone();
    refused_numbers(&world, "IndexNotNext", (0, 1), || send(&world, reopen(&world), &[&key]));
    let next = open_account(&mut world, OWNER, 1, MODE_CROSS);
    assert_eq!(world.account(next).id, 1);
    assert!(world.chain.load::<MarginAccount>(&world.traders[OWNER].account).is_err());
    world.full_check();
}

#[test]
fn the_owner_signs_and_the_account_is_of_its_type() {
    let world = empty();
    let (shut, key) = (instruction_of(&world, OWNER), &world.traders[OWNER].key);
    check_account_list(&world, &shut, &[key]);
    let account = world.traders[OWNER].account;
    check_type(&world, &shut, &account, std::mem::offset_of!(MarginAccount, version), &[key]);
}
