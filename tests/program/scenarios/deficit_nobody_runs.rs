//! A loss beyond the fund: every withdrawal leaves its share behind, so being first wins nothing; new money closes it.

use plimsoll::events::BadDebtCovered;
use plimsoll::state::InsuranceFund;
use plimsoll_client::instruction;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, BTC, QUOTE};

use crate::support::*;

fn withdraw(world: &World, index: usize, amount: i64) -> i64 {
    let before = world.account(index).locked;
    world.withdraw(index, amount.unsigned_abs()).expect("withdraw");
    world.account(index).locked - before
}

#[test]
fn a_deficit_locks_the_same_share_of_everyone_and_new_money_releases_it() {
    let mut world = insolvent();
    let first = world.add_trader("first", 100_000 * QUOTE);
    let last = world.add_trader("last", 100_000 * QUOTE);
    let taken = bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    let covered: BadDebtCovered = event(&taken);
    assert!(covered.to_deficit > 0);
    end(&world, SELLER).expect("end");
    let deficit = world.directory().clearinghouse.deficit;
    assert_eq!(deficit, covered.to_deficit);
    world.full_check();

    // First and last withdraw the same and leave the same behind, to the rounding of one atom.
    let locked_first = withdraw(&world, first, 10_000 * QUOTE);
    assert!(locked_first > 0);
    withdraw(&world, BUYER, 5_000 * QUOTE);
    let locked_last = withdraw(&world, last, 10_000 * QUOTE);
    assert!((locked_first - locked_last).abs() <= 2, "{locked_first} {locked_last}");
    let books = world.directory().clearinghouse;
    let locked: i64 = [first, last, BUYER].iter().map(|index| world.account(*index).locked).sum();
    assert_eq!(books.deficit_locked, locked);
    assert!(books.deficit_locked <= books.deficit);
    world.full_check();

    // What is locked neither leaves nor pays.
    let cash = world.account(first).cash;
    refused(&world, "CashShort", || world.withdraw(first, cash.unsigned_abs()));

    // New money covers the deficit first: with it closed, the locks are gone.
    let donor = world.chain.wallet("donor");
    let key = solana_signer::Signer::pubkey(&donor);
    let source = token::mint_to(&world.chain, &world.quote_mint, &key, deficit.unsigned_abs());
    let part = instruction::insurance_deposit(&world.directory(), &key, &source, deficit.unsigned_abs() - 1);
    send(&world, part, &[&donor]).expect("all but one atom");
    assert_eq!(world.directory().clearinghouse.deficit, 1);
    world.full_check();
    let rest = instruction::insurance_deposit(&world.directory(), &key, &source, 1);
    send(&world, rest, &[&donor]).expect("the last atom");
    assert_eq!(world.directory().clearinghouse.deficit, 0);
    for index in [first, last] {
        world.chain.advance(3_600);
        let cash = world.account(index).cash;
        for part in [cash / 2, cash - cash / 2] {
            world.chain.advance(3_600);
            world.withdraw(index, part.unsigned_abs()).expect("nothing is locked any more");
        }
        assert_eq!(world.account(index).cash, 0);
    }
    world.full_check();
}

#[test]
fn what_reaches_the_fund_later_covers_the_deficit_with_the_next_sweep() {
    let world = insolvent();
    bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    let deficit = world.directory().clearinghouse.deficit;
    let (came, fund) = (deficit / 3, world.directory().clearinghouse.insurance);
    // As a start fee would: out of an account into the fund, without the clearinghouse.
    edit_account(&world, LIQUIDATOR, |account| account.cash -= came);
    edit::<InsuranceFund>(&world, &fund, |fund| fund.balance += came);
    let fees = world.expiry(&call(&world)).fees_accrued;
    assert!(fees > 0);
    let sweep = instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0]);
    world.crank(sweep).expect("sweep");
    assert_eq!(world.directory().clearinghouse.deficit, deficit - came - fees);
    world.full_check();
}
