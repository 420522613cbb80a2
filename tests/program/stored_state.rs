//! Accounts in a state that no instruction leaves behind are refused by name: no panic, nothing written.

use anchor_lang::error::Error;
use anchor_lang::prelude::{AccountInfo, AccountLoader};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;
use plimsoll::constants::INDEX_NONE;
use plimsoll::error::Refusal;
use plimsoll::loaders::{read, write};
use plimsoll::positions::{leg_change, legs_transfer};
use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::{Clearinghouse, InsuranceFund, MarginAccount};
use plimsoll::CollateralSaleArgs;
use plimsoll_client::instruction;
use plimsoll_core::liquidation::{leg_taken, Fraction};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::world::{World, WBTC};
use solana_program::pubkey::Pubkey;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::support::*;

/// Trader 0 with one leg in an expiry that is settled.
fn settled() -> World {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    settle_expiry(&world, &call(&world));
    world
}

fn name(refusal: Refusal) -> String {
    match Error::from(refusal) {
        Error::AnchorError(error) => error.error_name,
        Error::ProgramError(_) => "a program error".to_owned(),
    }
}

#[test]
fn an_expiry_slot_of_no_underlying_is_refused_by_the_market_set() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    let check = instruction::margin_check(&world.directory(), &world.account(0)).expect("build");
    edit_account(&world, 0, |account| account.expiries[0].underlying_slot = 3);
    refused(&world, "UnknownSeries", || world.crank(check));
}

#[test]
fn a_transfer_from_an_expiry_slot_of_no_underlying_is_refused() {
    let account = || {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        (account.underlyings, account.mode) = ([INDEX_NONE; 3], MODE_CROSS);
        account
    };
    let (mut from, mut to) = (account(), account());
    let world = World::new();
    leg_change(&mut from, &call(&world), 5).expect("leg");
    from.expiries[0].underlying_slot = 3;
    let moved = legs_transfer(&mut from, &mut to, |leg| leg_taken(leg, Fraction::ONE), |_, _, _| Ok(()));
    assert_eq!(name(moved.expect_err("no such slot")), "UnknownUnderlying");
    assert_eq!((from.position_count, to.position_count), (1, 0));
}

#[test]
fn a_leg_that_is_neither_call_nor_put_is_not_settled() {
    let world = settled();
    edit_account(&world, 0, |account| account.positions[0].kind = 2);
    refused(&world, "UnknownPosition", || settle_account(&world, 0, &call(&world)));
}

#[test]
fn an_expiry_slot_that_counts_other_legs_than_there_are_is_not_settled() {
    let world = settled();
    edit_account(&world, 0, |account| account.expiries[0].legs = 2);
    refused(&world, "UnknownExpiry", || settle_account(&world, 0, &call(&world)));
    edit_account(&world, 0, |account| {
        account.expiries[0].legs = 1;
        account.positions[1] = account.positions[0];
        account.position_count = 2;
    });
    refused(&world, "UnknownPosition", || settle_account(&world, 0, &call(&world)));
}

#[test]
fn a_discount_of_everything_is_refused_not_divided_by() {
    let world = in_debt();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |state| state.parameters.sale_discount_max = 1_000_000);
    world.advance(3_600);
    let (debtor, buyer) = (world.account(DEBTOR), world.account(1));
    let args = CollateralSaleArgs { collateral: WBTC, amount: 1, price_limit: i64::MAX, valid_until: i64::MAX };
    let sale = instruction::collateral_sale(&world.directory(), &debtor, &buyer, &buyer.owner, args).expect("build");
    refused(&world, "DivisionByZero", || send(&world, sale, &[&world.traders[1].key]));
}

/// An insurance fund as the runtime hands it to the program.
fn fund_info(writable: bool) -> &'static AccountInfo<'static> {
    let words: &'static mut [u64] = Box::leak(vec![0; 1 + size_of::<InsuranceFund>() / 8].into_boxed_slice());
    let data: &'static mut [u8] = bytemuck::cast_slice_mut(words);
    let fund = InsuranceFund { version: 1, ..Zeroable::zeroed() };
    data[..8].copy_from_slice(InsuranceFund::DISCRIMINATOR);
    data[8..].copy_from_slice(bytemuck::bytes_of(&fund));
    let key: &'static Pubkey = Box::leak(Box::new(named_address("fund")));
    let lamports: &'static mut u64 = Box::leak(Box::new(1));
    Box::leak(Box::new(AccountInfo::new(key, false, writable, lamports, data, &plimsoll::ID, false)))
}

#[test]
fn an_account_passed_read_only_is_not_written() {
    let loader = AccountLoader::<InsuranceFund>::try_from(fund_info(false)).expect("a fund");
    assert!(read(&loader).is_ok());
    assert_eq!(name(write(&loader).expect_err("read-only")), "AccountReadOnly");
}

#[test]
fn an_account_in_use_is_neither_written_nor_read() {
    let loader = AccountLoader::<InsuranceFund>::try_from(fund_info(true)).expect("a fund");
    {
        let _reader = read(&loader).expect("read");
        assert!(read(&loader).is_ok(), "two readers are no harm");
        assert_eq!(name(write(&loader).expect_err("a reader")), "AccountBorrowed");
    }
    let _writer = write(&loader).expect("write");
    assert_eq!(name(write(&loader).expect_err("a writer")), "AccountBorrowed");
    assert_eq!(name(read(&loader).expect_err("a writer")), "AccountBorrowed");
}
