//! `collateral_sale`.

use plimsoll::events::CollateralSold;
use plimsoll::CollateralSaleArgs;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, WBTC};
use solana_program::instruction::{AccountMeta, Instruction};
use solana_signer::Signer;

use crate::payments::{list_dollars, pay_collateral};
use crate::support::*;

/// Owes after it bought back its short; holds two wrapped BTC.
pub const DEBTOR: usize = 2;
const TAKER: usize = 1;
const HELD: u64 = 200_000_000;

/// A world in which the debtor owes a few thousand.
pub fn in_debt() -> World {
    let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let debtor = world.add_trader("debtor", 0);
    assert_eq!(debtor, DEBTOR);
    world.deposit_wbtc(DEBTOR, HELD).expect("wrapped BTC");
    world.trade_at_mark(0, DEBTOR, &call(&world), 100).expect("sell");
    world.withdraw(DEBTOR, world.account(DEBTOR).cash.unsigned_abs()).expect("withdraw");
    world.trade_at_mark(DEBTOR, 0, &call(&world), 100).expect("buy back");
    assert!(world.account(DEBTOR).cash < 0);
    world
}

fn args(world: &World) -> CollateralSaleArgs {
    let valid_until = world.chain.time();
    CollateralSaleArgs { collateral: WBTC, amount: u64::MAX, price_limit: i64::MAX, valid_until }
}

fn sale(world: &World, args: CollateralSaleArgs) -> Instruction {
    let (debtor, taker) = (world.account(DEBTOR), world.account(TAKER));
    instruction::collateral_sale(&world.directory(), &debtor, &taker, &taker.owner, args).expect("build")
}

fn buy(world: &World, args: CollateralSaleArgs) -> Result<Outcome, LedgerError> {
    send(world, sale(world, args), &[&world.traders[TAKER].key])
}

fn refused_with(world: &World, rule: &str, change: impl FnOnce(&mut CollateralSaleArgs)) {
    let mut args = args(world);
    change(&mut args);
    refused(world, rule, || buy(world, args));
}

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut sale = sale(world, args(world));
    change(&mut sale.accounts);
    refused(world, rule, || send(world, sale, &[&world.traders[TAKER].key]));
}

fn held(world: &World, index: usize) -> u64 {
    world.account(index).collateral_slot(WBTC).map_or(0, |slot| slot.amount)
}

#[test]
fn a_sale_cures_the_debt_and_sells_no_atom_more() {
    let world = in_debt();
    world.advance(900);
    let (debtor, taker) = (world.account(DEBTOR), world.account(TAKER));
    let fact: CollateralSold = event(&buy(&world, args(&world)).expect("sale"));
    // A discount of 10 % after 1,800 s, half of it after 900 (a second passed while the price was posted).
    assert!((50_000..50_200).contains(&fact.discount), "{}", fact.discount);
    let price = i128::from(BTC_PRICE) * i128::from(1_000_000 - fact.discount);
    let value = |amount: u64| (i128::from(amount) * price + 99_999_999_999_999) / 100_000_000_000_000;
    assert_eq!(i128::from(fact.proceeds), value(fact.amount));
    let after = world.account(DEBTOR);
    assert!(after.cash - after.interest_owed >= 0, "the debt is cured");
    assert!(
        value(fact.amount - 1) < i128::from(fact.proceeds - (after.cash - after.interest_owed)),
        "one atom less would not do"
    );
    assert_eq!(after.cash - debtor.cash, fact.proceeds);
    assert_eq!(taker.cash - world.account(TAKER).cash, fact.proceeds);
    assert_eq!(held(&world, TAKER), fact.amount);
    assert_eq!(held(&world, DEBTOR), HELD - fact.amount);
    assert_eq!(after.debt_since, 0);
    assert_eq!((after.sequence, world.account(TAKER).sequence), (debtor.sequence, taker.sequence + 1));
    world.full_check();
}

#[test]
fn while_the_price_walks_the_higher_one_counts_and_a_delegate_pays_above_the_lower_from_its_budget() {
    let world = in_debt();
    world.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 110).expect("walks up");
    let (accepted, raw) = (world.price(BTC), BTC_PRICE / 100 * 110);
    assert!(accepted < raw);
    let part = CollateralSaleArgs { amount: 1_000_000, ..args(&world) };
    let fact: CollateralSold = event(&buy(&world, part).expect("sale"));
    assert_eq!(fact.price, raw);
    let key = world.chain.wallet("delegate");
    let by_key = || {
        let mut sale = sale(&world, part);
        sale.accounts[0].pubkey = key.pubkey();
        send(&world, sale, &[&key])
    };
    set_delegate(&world, TAKER, &key, 2, 0);
    refused(&world, "DelegateBudget", by_key);
    set_delegate(&world, TAKER, &key, 2, QUOTE * 1_000);
    by_key().expect("within its budget");
    world.full_check();
}

#[test]
fn a_debtors_settled_expiries_are_paid_out_before_its_collateral_is_sold() {
    let world = in_debt();
    let lend = |amount: i64| {
        edit_account(&world, DEBTOR, |account| account.cash += amount);
        edit_account(&world, 0, |account| account.cash -= amount);
    };
    lend(20_000 * QUOTE);
    world.trade_at_mark(0, DEBTOR, &call(&world), 1).expect("a leg");
    lend(-20_000 * QUOTE);
    settle_expiry(&world, &call(&world));
    world.refresh_prices();
    refused_with(&world, "AuctionSettleFirst", |_| {});
    settle_account(&world, DEBTOR, &call(&world)).expect("settle");
    buy(&world, CollateralSaleArgs { amount: 1_000, ..args(&world) }).expect("sale");
    world.full_check();
}

#[test]
fn a_sale_sells_no_more_than_asked_for() {
    let world = in_debt();
    buy(&world, CollateralSaleArgs { amount: 1_000, ..args(&world) }).expect("part");
    assert_eq!(held(&world, TAKER), 1_000);
    assert!(world.account(DEBTOR).cash < 0);
    world.full_check();
}

#[test]
fn collateral_of_an_account_without_debt_is_not_for_sale() {
    let world = in_debt();
    buy(&world, args(&world)).expect("cure");
    refused_with(&world, "DebtNone", |_| {});
}

#[test]
fn a_sale_is_valid_through_its_last_second() {
    let world = in_debt();
    refused_with(&world, "InstructionExpired", |args| args.valid_until -= 1);
}

#[test]
fn a_sale_above_the_buyers_limit_is_refused() {
    let world = in_debt();
    let twin = in_debt();
    let proceeds = event::<CollateralSold>(&buy(&twin, args(&twin)).expect("sale")).proceeds;
    refused_with(&world, "PriceLimit", |args| args.price_limit = proceeds - 1);
    buy(&world, CollateralSaleArgs { price_limit: proceeds, ..args(&world) }).expect("at the limit");
}

#[test]
fn a_sale_of_nothing_is_refused() {
    let world = in_debt();
    refused_with(&world, "CollateralShort", |args| args.amount = 0);
}

#[test]
fn an_account_does_not_buy_from_itself_or_its_owner() {
    let mut world = in_debt();
    let debtor = world.traders[DEBTOR].account;
    refused_account(&world, "AccountDuplicate", |accounts| accounts[3].pubkey = debtor);
    let second = open_account(&mut world, DEBTOR, 1, 2);
    let (account, buyer) = (world.account(DEBTOR), world.account(second));
    let sale =
        instruction::collateral_sale(&world.directory(), &account, &buyer, &buyer.owner, args(&world)).expect("build");
    refused(&world, "OwnerOnBothSides", || send(&world, sale, &[&world.traders[second].key]));
}

#[test]
fn accounts_in_auction_neither_sell_nor_buy() {
    for frozen in [DEBTOR, TAKER] {
        let world = in_debt();
        edit_account(&world, frozen, |account| account.status = 1);
        refused_with(&world, "AccountInAuction", |_| {});
    }
}

#[test]
fn only_the_buyers_owner_or_a_delegate_that_may_bid_buys() {
    let world = in_debt();
    let stranger = world.chain.wallet("stranger");
    let by_stranger = || {
        let mut sale = sale(&world, args(&world));
        sale.accounts[0].pubkey = solana_signer::Signer::pubkey(&stranger);
        send(&world, sale, &[&stranger])
    };
    refused(&world, "SignerNotAuthorised", by_stranger);
    set_delegate(&world, TAKER, &stranger, 1, 0);
    refused(&world, "DelegateActionForbidden", by_stranger);
    set_delegate(&world, TAKER, &stranger, 2, 0);
    by_stranger().expect("a delegate that may bid");
}

#[test]
fn the_buyer_pays_from_free_cash() {
    let world = in_debt();
    edit_account(&world, TAKER, |account| {
        account.held = account.cash;
        account.held_until = i64::MAX;
    });
    refused_with(&world, "CashShort", |_| {});
}

/// A debtor with the first eight of seventeen kinds of collateral and a buyer with the next eight.
fn sixteen_kinds() -> World {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    list_dollars(&world, 17);
    for kind in 0..8 {
        pay_collateral(&world, DEBTOR, kind, 100_000_000).expect("the debtor's");
        pay_collateral(&world, TAKER, kind + 8, 100_000_000).expect("the buyer's");
    }
    let cash = world.account(DEBTOR).cash;
    edit_account(&world, DEBTOR, |account| account.cash = -QUOTE);
    edit_account(&world, TAKER, |account| account.cash += cash + QUOTE);
    world
}

#[test]
fn a_buyer_without_a_free_slot_takes_no_further_kind() {
    let world = sixteen_kinds();
    refused_with(&world, "CollateralSlots", |args| args.collateral = 3);
    refused_with(&world, "CollateralShort", |args| args.collateral = 8);
    edit_account(&world, DEBTOR, |account| account.collaterals[7].index = 8);
    let step = CollateralSaleArgs { collateral: 8, ..args(&world) };
    buy(&world, step).expect("a kind the buyer holds");
}

#[test]
fn more_kinds_of_collateral_than_two_accounts_hold_are_refused() {
    let world = sixteen_kinds();
    refused_with(&world, "MarketTooWide", |args| args.collateral = 16);
}

#[test]
fn the_buyer_stays_above_initial_margin() {
    let world = in_debt();
    let series = call(&world);
    world.trade_at_mark(0, TAKER, &series, 500).expect("short");
    let free = world.balances(TAKER).expect("balances").initial;
    let spare = u64::try_from(free).unwrap() - QUOTE.unsigned_abs();
    world.withdraw(TAKER, spare).expect("withdraw");
    // The collateral counts for less than it costs.
    refused_with(&world, "InitialMarginShort", |_| {});
}

#[test]
fn a_sale_needs_a_price_young_enough_for_liquidation() {
    let world = in_debt();
    world.chain.advance(31);
    refused_with(&world, "PriceStale", |_| {});
}

#[test]
fn another_clearinghouse_and_another_market_set_are_refused() {
    let world = in_debt();
    let other = other_clearinghouse(&world);
    refused_account(&world, "ClearinghouseMismatch", |accounts| accounts[1].pubkey = other);
    refused_account(&world, "MarketCount", |accounts| accounts.truncate(4));
    refused_account(&world, "MarketType", |accounts| accounts.truncate(6));
    refused_account(&world, "MarketType", |accounts| accounts.push(accounts[4].clone()));
    refused_account(&world, "MarketCount", |accounts| accounts.push(accounts[6].clone()));
    refused_account(&world, "MarketType", |accounts| accounts.swap(4, 5));
}
