//! `auction_bid`.

mod dead_price;
mod edges;
mod in_kind;
mod size;

use plimsoll::events::{AuctionBidTaken, BadDebtCovered};
use plimsoll::positions::leg_quantity;
use plimsoll::state::{Clearinghouse, InsuranceFund, Owner, Underlying};
use plimsoll::AuctionBidArgs;
use plimsoll_client::address;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_tests::world::{event, World, BTC, BTC_PRICE, QUOTE};
use solana_program::instruction::AccountMeta;
use solana_signer::Signer;

use crate::support::*;

const PAIR: (usize, usize) = (SELLER, LIQUIDATOR);

fn refused_with(world: &World, rule: &str, change: impl FnOnce(&mut AuctionBidArgs)) {
    let mut args = bid_args(world, SELLER, 100_000);
    change(&mut args);
    refused(world, rule, || bid_with(world, PAIR, false, args));
}

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut bid = bid_instruction(world, PAIR, false, bid_args(world, SELLER, 100_000));
    change(&mut bid.accounts);
    refused(world, rule, || send(world, bid, &[&world.traders[LIQUIDATOR].key]));
}

#[test]
fn a_bid_moves_its_part_of_the_legs_at_the_formulas_price() {
    let world = in_auction();
    let (account, bidder) = (world.account(SELLER), world.account(LIQUIDATOR));
    let insurance = world.directory().clearinghouse.insurance;
    let fund = |world: &World| world.chain.load::<InsuranceFund>(&insurance).expect("fund").balance;
    let (fund_before, mark) = (fund(&world), world.mark(&call(&world)).expect("mark"));
    let fact: AuctionBidTaken = event(&bid(&world, 100_000).expect("bid"));
    let after = (world.account(SELLER), world.account(LIQUIDATOR));

    assert_eq!(leg_quantity(&after.1, &call(&world)), -SOLD / 10);
    assert_eq!(leg_quantity(&after.0, &call(&world)), -SOLD * 9 / 10);
    let cash_part = account.cash / 10;
    assert_eq!(fact.value, cash_part - mark * i64::from(SOLD / 10));
    // What is for sale is the equity: the discount is its tenth times 1 - d, and the fund takes a tenth of that.
    let discount = i128::from(fact.equity_before / 10) * i128::from(1_000_000_000 - fact.price_factor) / 1_000_000_000;
    assert!((i128::from(fact.value - fact.payment) - discount).abs() <= 1);
    assert!((i128::from(fact.slice) - discount / 10).abs() <= 1);
    assert_eq!(after.0.cash - account.cash, fact.payment - cash_part);
    assert_eq!(after.1.cash - bidder.cash, cash_part - fact.payment - fact.slice);
    assert_eq!(fund(&world) - fund_before, fact.slice);
    assert_eq!(fact.reserve_after, fact.payment.max(0));
    assert!(fact.maintenance_after > fact.maintenance_before);
    assert_eq!((after.0.sequence, after.1.sequence), (account.sequence + 1, bidder.sequence + 1));
    world.full_check();
}

#[test]
fn what_bidders_paid_is_not_sold_again() {
    let world = in_auction();
    let mut reserve = 0;
    for _ in 0..4 {
        let before = world.account(SELLER);
        let fact: AuctionBidTaken = event(&bid(&world, 30_000).expect("bid"));
        let after = world.account(SELLER);
        assert_eq!(after.auction.reserve, (reserve + fact.payment).max(0));
        let moved = before.cash + fact.payment - after.cash;
        assert_eq!(moved, (before.cash - reserve) * 3 / 100, "only cash outside the reserve moves");
        reserve = after.auction.reserve;
    }
    world.full_check();
}

#[test]
fn an_account_that_is_not_in_auction_takes_no_bid() {
    let world = under_maintenance();
    refused_with(&world, "AccountNotInAuction", |_| {});
}

#[test]
fn a_bid_is_valid_through_its_last_second() {
    let world = in_auction();
    refused_with(&world, "InstructionExpired", |args| args.valid_until = world.chain.time() - 1);
    let args = AuctionBidArgs { valid_until: world.chain.time(), ..bid_args(&world, SELLER, 100_000) };
    bid_with(&world, PAIR, false, args).expect("the last second counts");
}

#[test]
fn a_bid_is_not_replayed() {
    let world = in_auction();
    let args = bid_args(&world, SELLER, 20_000);
    bid_with(&world, PAIR, false, args).expect("bid");
    refused(&world, "SequenceMismatch", || bid_with(&world, PAIR, false, args));
}

#[test]
fn curing_trades_of_its_owner_do_not_block_a_bid() {
    let world = in_auction();
    let args = bid_args(&world, SELLER, 100_000);
    let before = world.account(SELLER).sequence;
    world.trade_at_mark(SELLER, BUYER, &call(&world), 1).expect("a lot bought back");
    assert_eq!(world.account(SELLER).sequence, before + 1);
    bid_with(&world, PAIR, false, args).expect("bid");
}

#[test]
fn dust_does_not_block_a_bid() {
    let world = in_auction();
    let args = bid_args(&world, SELLER, 100_000);
    world.deposit(SELLER, 1).expect("dust");
    bid_with(&world, PAIR, false, args).expect("bid");
}

#[test]
fn a_bid_stays_between_the_smallest_and_the_largest_fraction() {
    let world = in_auction();
    refused_with(&world, "BidTooSmall", |args| args.fraction = 9_999);
    refused_with(&world, "BidTooSmall", |args| args.fraction = 0);
    let most = largest(&world);
    refused_with(&world, "BidTooLarge", |args| args.fraction = most + 1);
    refused_with(&world, "BidTooLarge", |args| args.fraction = 1_000_000);
    assert!(bid_with(&world, PAIR, false, bid_args(&world, SELLER, u32::MAX)).is_err());
    bid(&world, most).expect("the largest fraction");
    world.full_check();
}

#[test]
fn a_bid_above_its_price_limit_is_refused() {
    let world = in_auction();
    let twin = in_auction();
    let fact: AuctionBidTaken = event(&bid(&twin, 100_000).expect("bid"));
    let cost = fact.payment + fact.slice;
    refused_with(&world, "PriceLimit", |args| args.price_limit = cost - 1);
    let args = AuctionBidArgs { price_limit: cost, ..bid_args(&world, SELLER, 100_000) };
    bid_with(&world, PAIR, false, args).expect("at the limit");
}

#[test]
fn a_healthy_account_in_auction_takes_no_bid() {
    let world = in_auction();
    world.deposit(SELLER, 40_000 * QUOTE.unsigned_abs()).expect("deposit");
    refused_with(&world, "AuctionOver", |_| {});
}

#[test]
fn the_bidder_is_neither_the_account_nor_its_owner_nor_in_auction() {
    let mut world = in_auction();
    let account = world.traders[SELLER].account;
    refused_account(&world, "AccountDuplicate", |accounts| accounts[5].pubkey = account);
    let second = open_account(&mut world, SELLER, 1, 2);
    let args = bid_args(&world, SELLER, 100_000);
    refused(&world, "OwnerOnBothSides", || bid_with(&world, (SELLER, second), false, args));
    edit_account(&world, LIQUIDATOR, |account| account.status = 1);
    refused_with(&world, "AccountInAuction", |_| {});
}

#[test]
fn an_owner_with_open_bad_debt_takes_no_new_risk() {
    let world = in_auction();
    let record = address::owner(&world.clearinghouse, &world.traders[LIQUIDATOR].address());
    edit::<Owner>(&world, &record, |owner| owner.bad_debt = 1);
    refused_with(&world, "BadDebtOpen", |_| {});
}

#[test]
fn owner_records_are_those_of_both_accounts() {
    let world = in_auction();
    for at in [4, 6] {
        refused_account(&world, "OwnerMismatch", |accounts| accounts[at].pubkey = accounts[10 - at].pubkey);
    }
}

#[test]
fn only_the_bidders_owner_or_a_delegate_within_its_terms_bids() {
    let world = in_auction();
    let key = world.chain.wallet("delegate");
    let by_key = || {
        let mut bid = bid_instruction(&world, PAIR, false, bid_args(&world, SELLER, 20_000));
        bid.accounts[0].pubkey = key.pubkey();
        send(&world, bid, &[&key])
    };
    refused(&world, "SignerNotAuthorised", by_key);
    set_delegate(&world, LIQUIDATOR, &key, 1, 0);
    refused(&world, "DelegateActionForbidden", by_key);
    set_delegate(&world, LIQUIDATOR, &key, 2, 0);
    by_key().expect("a bid under the mark costs no budget");
    world.advance(86_401);
    refused(&world, "DelegateExpired", by_key);
}

#[test]
fn a_delegate_without_budget_does_not_pay_above_the_mark_for_a_price_that_walks() {
    let world = insolvent();
    let key = world.chain.wallet("delegate");
    set_delegate(&world, LIQUIDATOR, &key, 2, 0);
    world.advance(1);
    world.post_price(BTC, BTC_PRICE).expect("a price that walks down");
    let mut bid = bid_instruction(&world, PAIR, false, bid_args(&world, SELLER, 100_000));
    let by_owner = bid.clone();
    bid.accounts[0].pubkey = key.pubkey();
    refused(&world, "DelegateBudget", || send(&world, bid, &[&key]));
    let fact: AuctionBidTaken = event(&send(&world, by_owner, &[&world.traders[LIQUIDATOR].key]).expect("bid"));
    assert!(fact.payment + fact.slice > fact.value);
    world.full_check();
}

#[test]
fn a_bidder_without_margin_is_refused() {
    let mut world = in_auction();
    let poor = world.add_trader("poor", 2_000 * QUOTE);
    let args = bid_args(&world, SELLER, 100_000);
    refused(&world, "InitialMarginShort", || bid_with(&world, (SELLER, poor), false, args));
}

#[test]
fn a_bidders_leg_stays_within_the_largest_quantity() {
    let world = in_auction();
    edit::<Underlying>(&world, &world.directory().underlying(BTC), |underlying| underlying.limits.max_quantity = 10);
    refused_with(&world, "LegTooLarge", |_| {});
    bid(&world, 50_000).expect("ten contracts");
}

#[test]
fn another_fund_and_another_clearinghouse_are_refused() {
    let world = in_auction();
    let other = other_clearinghouse(&world);
    let fund = insurance_of(&world, &other);
    refused_account(&world, "InsuranceMismatch", |accounts| accounts[2].pubkey = fund);
    refused_account(&world, "ClearinghouseMismatch", |accounts| {
        accounts[1].pubkey = other;
        accounts[2].pubkey = fund;
    });
}

#[test]
fn a_market_set_that_is_not_exactly_both_accounts_is_refused() {
    let world = in_auction();
    refused_account(&world, "MarketCount", |accounts| accounts.truncate(accounts.len() - 1));
    refused_account(&world, "MarketCount", |accounts| accounts.push(accounts[9].clone()));
    let later = world.directory().expiry(BTC, world.expiries[1]);
    let last = |accounts: &Vec<AccountMeta>| accounts.len() - 1;
    refused_account(&world, "MarketMismatch", |accounts| {
        let at = last(accounts);
        accounts[at].pubkey = later;
    });
}

#[test]
fn a_bid_needs_a_price_young_enough_for_liquidation() {
    let world = in_auction();
    world.chain.advance(31);
    refused_with(&world, "PriceStale", |_| {});
}

#[test]
fn an_insolvent_book_is_taken_whole_for_exactly_its_negative_equity() {
    let world = insolvent();
    refused(&world, "BidTooSmall", || bid_with(&world, PAIR, true, bid_args(&world, SELLER, 999_999)));
    refused(&world, "ClearinghouseNotWritable", || bid(&world, 1_000_000));
    let equity = i64::try_from(world.balances(SELLER).expect("balances").equity).unwrap();
    let limited = |price_limit| AuctionBidArgs { price_limit, ..bid_args(&world, SELLER, 1_000_000) };
    refused(&world, "PriceLimit", || bid_with(&world, PAIR, true, limited(equity - 1)));
    let (account, bidder) = (world.account(SELLER), world.account(LIQUIDATOR));
    let bidder_equity = world.balances(LIQUIDATOR).expect("balances").equity;
    let taken = bid_with(&world, PAIR, true, limited(equity)).expect("takeover");
    let covered: BadDebtCovered = event(&taken);
    assert_eq!(covered.loss, -equity);
    assert_eq!(covered.loss, covered.from_insurance + covered.to_deficit);
    assert_eq!(world.account(LIQUIDATOR).cash - bidder.cash, account.cash - equity);
    assert_eq!((world.account(SELLER).cash, world.account(SELLER).position_count), (0, 0));
    assert_eq!(leg_quantity(&world.account(LIQUIDATOR), &call(&world)), -SOLD);
    assert_eq!(world.balances(LIQUIDATOR).expect("balances").equity, bidder_equity, "the bidder is made whole");
    let record = address::owner(&world.clearinghouse, &world.traders[SELLER].address());
    assert_eq!(world.chain.load::<Owner>(&record).expect("owner").bad_debt, -equity);
    end(&world, SELLER).expect("end");
    world.full_check();
}

#[test]
fn the_surplus_pays_what_the_fund_cannot_before_anything_is_recorded() {
    let world = insolvent();
    let loss = i64::try_from(-world.balances(SELLER).expect("balances").equity).unwrap();
    let give = |surplus: i64| {
        edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.surplus = surplus);
        edit_account(&world, BUYER, |account| account.cash -= surplus);
    };
    give(loss / 3);
    let fund = world.chain.load::<InsuranceFund>(&world.directory().clearinghouse.insurance).expect("fund").balance;
    let covered: BadDebtCovered =
        event(&bid_with(&world, PAIR, true, bid_args(&world, SELLER, 1_000_000)).expect("takeover"));
    assert_eq!((covered.from_insurance, covered.from_surplus), (fund, loss / 3));
    assert_eq!((covered.to_deficit, covered.surplus_after), (loss - fund - loss / 3, 0));
    assert_eq!(world.directory().clearinghouse.deficit, covered.to_deficit);
    world.full_check();
}

#[test]
fn a_surplus_that_covers_the_loss_leaves_no_deficit_and_no_locks() {
    let world = insolvent();
    let loss = i64::try_from(-world.balances(SELLER).expect("balances").equity).unwrap();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.surplus = loss + 7);
    edit_account(&world, BUYER, |account| account.cash -= loss + 7);
    let epoch = world.directory().clearinghouse.deficit_epoch;
    let covered: BadDebtCovered =
        event(&bid_with(&world, PAIR, true, bid_args(&world, SELLER, 1_000_000)).expect("takeover"));
    assert_eq!((covered.to_deficit, covered.surplus_after - covered.from_insurance), (0, 7));
    assert_eq!((covered.deficit_after, covered.deficit_epoch), (0, epoch));
    world.full_check();
}

#[test]
fn held_cash_is_not_sold_and_goes_along_held_in_a_takeover() {
    let world = in_auction();
    let hold = |held: i64| {
        edit_account(&world, SELLER, |account| {
            (account.held, account.held_until) = (held, world.chain.time() + 86_400);
        });
    };
    let cash = world.account(SELLER).cash;
    hold(cash / 2);
    let fact: AuctionBidTaken = event(&bid(&world, 50_000).expect("bid"));
    let after = world.account(SELLER);
    assert_eq!(after.held, cash / 2);
    assert_eq!(after.cash - cash, fact.payment - (cash - cash / 2) / 20, "a twentieth of what is not held moved");
    assert_eq!((fact.reserve_after, after.auction.reserve), (fact.payment.max(0), fact.payment.max(0)));
    world.full_check();

    let world = insolvent();
    let until = world.chain.time() + 86_400;
    edit_account(&world, SELLER, |account| (account.held, account.held_until) = (1_000, until));
    bid_with(&world, PAIR, true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    let (seller, bidder) = (world.account(SELLER), world.account(LIQUIDATOR));
    assert_eq!((seller.held, bidder.held, bidder.held_until), (0, 1_000, until));
    world.full_check();
}

#[test]
fn legs_of_a_settled_expiry_are_settled_before_a_bid() {
    let world = in_auction();
    settle_expiry(&world, &call(&world));
    refused_with(&world, "AuctionSettleFirst", |_| {});
    settle_account(&world, SELLER, &call(&world)).expect("settle while in auction");
    world.full_check();
}
