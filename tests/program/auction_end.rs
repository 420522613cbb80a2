//! `auction_end`.

use plimsoll::state::margin_account::STATUS_OPEN;
use plimsoll_client::instruction;
use plimsoll_tests::world::{World, BTC, BTC_PRICE, QUOTE};
use solana_program::instruction::AccountMeta;

use crate::support::*;

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut end = instruction::auction_end(&world.directory(), &world.account(SELLER)).expect("build");
    change(&mut end.accounts);
    refused(world, rule, || world.crank(end));
}

#[test]
fn an_account_with_its_buffer_back_is_thawed_and_keeps_its_reserve_as_cash() {
    let world = in_auction();
    bid(&world, 100_000).expect("bid");
    assert!(world.account(SELLER).auction.reserve > 0);
    world.deposit(SELLER, 40_000 * QUOTE.unsigned_abs()).expect("deposit");
    let before = world.account(SELLER);
    end(&world, SELLER).expect("end");
    let after = world.account(SELLER);
    assert_eq!((after.status, after.auction.reserve), (STATUS_OPEN, 0));
    assert_eq!((after.cash, after.sequence), (before.cash, before.sequence + 1));
    assert_eq!(after.auction.ended_at, world.chain.time());
    assert!(after.legs().iter().all(|leg| leg.carry == 0));
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("it trades again");
    world.full_check();
}

#[test]
fn an_account_that_is_not_in_auction_has_none_to_end() {
    let world = under_maintenance();
    refused(&world, "AccountNotInAuction", || end(&world, SELLER));
}

#[test]
fn an_auction_goes_on_while_the_buffered_balance_is_negative() {
    let world = in_auction();
    refused(&world, "AuctionOpen", || end(&world, SELLER));
    // Maintenance alone is not enough: the buffer is missing.
    let short = -world.balances(SELLER).expect("balances").maintenance;
    world.deposit(SELLER, u64::try_from(short).unwrap() + 1).expect("deposit");
    assert!(world.balances(SELLER).expect("balances").maintenance >= 0);
    refused(&world, "AuctionOpen", || end(&world, SELLER));
}

#[test]
fn an_end_needs_a_price_young_enough_for_liquidation() {
    let world = in_auction();
    world.deposit(SELLER, 40_000 * QUOTE.unsigned_abs()).expect("deposit");
    world.chain.advance(31);
    refused(&world, "PriceStale", || end(&world, SELLER));
    world.refresh_prices();
    end(&world, SELLER).expect("fresh price");
}

#[test]
fn another_clearinghouse_and_another_market_set_are_refused() {
    let world = in_auction();
    let other = other_clearinghouse(&world);
    refused_account(&world, "ClearinghouseMismatch", |accounts| accounts[0].pubkey = other);
    refused_account(&world, "MarketCount", |accounts| accounts.truncate(4));
    let later = world.directory().expiry(BTC, world.expiries[1]);
    refused_account(&world, "MarketMismatch", |accounts| accounts[4].pubkey = later);
}

#[test]
fn a_price_that_walks_away_from_the_account_does_not_end_its_auction() {
    let world = in_auction();
    let needed = -world.balances(SELLER).expect("balances").maintenance;
    world.deposit(SELLER, u64::try_from(needed).unwrap() + 5_000_000_000).expect("deposit");
    world.post_price(BTC, world.price(BTC) + BTC_PRICE / 2).expect("walk");
    refused(&world, "AuctionOpen", || end(&world, SELLER));
}
