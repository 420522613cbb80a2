//! `margin_check`.

use anchor_lang::AnchorDeserialize;
use plimsoll::events::MarginCall;
use plimsoll::state::OracleState;
use plimsoll::MarginBalances;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_client::{address, instruction};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};
use solana_program::instruction::{AccountMeta, Instruction};

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::payments::account_elsewhere;
use crate::support::*;

const CLEARINGHOUSE: usize = 0;
const MARGIN_ACCOUNT: usize = 1;
/// First account of the market set.
const FIRST: usize = 2;

fn honest(world: &World, index: usize) -> Instruction {
    instruction::margin_check(&world.directory(), &world.account(index)).expect("build")
}

fn check(world: &World, index: usize) -> Result<Outcome, LedgerError> {
    world.crank(honest(world, index))
}

fn balances(outcome: &Outcome) -> MarginBalances {
    MarginBalances::try_from_slice(&outcome.return_data).expect("balances")
}

fn call_of(outcome: &Outcome) -> Option<MarginCall> {
    outcome.event().expect("decode")
}

fn refused_account(world: &World, index: usize, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut lie = honest(world, index);
    change(&mut lie.accounts);
    refused(world, rule, || world.crank(lie));
}

/// A world in which trader 2 is short in BTC and SOL over two expiries, with collateral and a priced quote token.
fn mixed() -> (World, usize) {
    let mut world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    let trader = world.add_trader("short", 50_000 * QUOTE);
    world.deposit_wbtc(trader, 10_000_000).expect("collateral");
    for (underlying, expiry, strike, kind) in
        [(BTC, 0, 2, OptionKind::Call), (SOL, 0, 1, OptionKind::Put), (SOL, 1, 3, OptionKind::Call)]
    {
        let series = world.series(underlying, expiry, strike, kind);
        world.trade_at_mark(0, trader, &series, 20).expect("short");
    }
    world.trade_at_mark(trader, 0, &world.series(BTC, 0, 4, OptionKind::Call), 10).expect("long");
    (world, trader)
}

/// The seller's initial balance exactly `initial`.
fn with_initial(initial: i64) -> World {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    let free = i64::try_from(world.balances(SELLER).expect("balances").initial).unwrap();
    edit_account(&world, SELLER, |account| account.cash -= free - initial);
    assert_eq!(world.balances(SELLER).expect("balances").initial, i128::from(initial));
    world
}

#[test]
fn a_check_returns_the_rule_books_balances_and_writes_nothing() {
    let (world, trader) = mixed();
    for index in [0, 1, trader] {
        let outcome = writes_nothing(&world, || check(&world, index).expect("check"));
        let (there, here) = (balances(&outcome), world.balances(index).expect("balances"));
        assert_eq!(i128::from(there.initial), here.initial);
        assert_eq!(i128::from(there.maintenance), here.maintenance);
        assert_eq!(i128::from(there.equity), here.equity);
        assert!(there.initial <= there.maintenance && there.maintenance <= there.equity);
    }
    let step = honest(&world, trader);
    assert!(step.accounts.iter().all(|meta| !meta.is_writable && !meta.is_signer));
    world.full_check();
}

#[test]
fn cash_alone_is_worth_its_amount_without_any_price() {
    let mut world = World::new();
    let poor = world.add_trader("poor", 0);
    world.chain.advance(30 * 86_400);
    for (index, cash) in [(0, 100_000 * QUOTE), (poor, 0)] {
        let outcome = check(&world, index).expect("check");
        assert_eq!(balances(&outcome), MarginBalances { initial: cash, maintenance: cash, equity: cash });
    }
}

#[test]
fn a_margin_call_is_raised_below_zero_and_not_at_zero() {
    let world = with_initial(0);
    assert!(call_of(&check(&world, SELLER).expect("check")).is_none());
    let world = with_initial(-1);
    let outcome = check(&world, SELLER).expect("check");
    let (fact, there) = (event::<MarginCall>(&outcome), balances(&outcome));
    assert_eq!((fact.initial, fact.at), (-1, world.chain.time()));
    assert_eq!((fact.maintenance, fact.equity), (there.maintenance, there.equity));
    assert_eq!(fact.margin_account, world.traders[SELLER].account);
    assert!(there.maintenance > 0, "a call comes before a liquidation");
}

#[test]
fn a_margin_call_needs_a_price_young_enough_for_liquidation_the_balances_none() {
    let world = with_initial(-QUOTE);
    world.chain.advance(30);
    assert!(call_of(&check(&world, SELLER).expect("check")).is_some());
    world.chain.advance(1);
    let outcome = check(&world, SELLER).expect("check");
    assert!(call_of(&outcome).is_none(), "31 seconds old");
    assert!(balances(&outcome).initial < 0);
    world.chain.advance(86_400);
    let outcome = check(&world, SELLER).expect("a day old");
    assert_eq!(i128::from(balances(&outcome).initial), world.balances(SELLER).expect("balances").initial);
}

#[test]
fn a_wild_price_calls_nobody() {
    let world = with_initial(-QUOTE);
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| state.price.ema = state.price.price * 3);
    let outcome = check(&world, SELLER).expect("check");
    assert!(balances(&outcome).initial < 0 && call_of(&outcome).is_none());
}

#[test]
fn while_a_price_walks_the_worse_end_counts() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 130).expect("walks");
    assert!(world.price(BTC) < BTC_PRICE / 100 * 102);
    let outcome = check(&world, SELLER).expect("check");
    let walking = balances(&outcome);
    assert!(call_of(&outcome).is_some());
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| {
        state.price.raw = state.price.price;
        state.price.ema = state.price.price;
        state.price.walking_since = 0;
    });
    let converged = balances(&check(&world, SELLER).expect("check"));
    assert!(walking.initial < converged.initial && walking.maintenance < converged.maintenance);
    assert_eq!(walking.equity, converged.equity, "equity stands at the accepted price");
}

#[test]
fn interest_counts_against_every_balance_as_it_runs() {
    let world = in_debt();
    let before = balances(&check(&world, DEBTOR).expect("check"));
    let debt = world.account(DEBTOR);
    world.advance(31_536);
    let after = balances(&check(&world, DEBTOR).expect("check"));
    // A thousandth of a year at 15 %, rounded up.
    let interest = (i128::from(debt.cash.unsigned_abs()) * 150 + 999_999) / 1_000_000;
    let interest = i64::try_from(interest).unwrap();
    assert_eq!(before.equity - after.equity, interest);
    assert_eq!(before.initial - after.initial, interest);
    assert_eq!(before.maintenance - after.maintenance, interest);
}

#[test]
fn a_settled_expiry_counts_at_its_payoff() {
    let world = World::new();
    let series = world.series(BTC, 0, 0, OptionKind::Call);
    world.trade_at_mark(0, 1, &series, 10).expect("trade");
    settle_expiry(&world, &series);
    let payoff = (world.expiry(&series).settlement_price - BTC_PRICE / 100 * 80) / 100 * 10;
    assert!(payoff > 0);
    for (index, sign) in [(0, 1), (1, -1)] {
        let there = balances(&check(&world, index).expect("check"));
        let worth = world.account(index).cash + sign * payoff;
        assert_eq!(there, MarginBalances { initial: worth, maintenance: worth, equity: worth });
    }
}

#[test]
fn an_account_in_auction_and_an_insolvent_one_are_checked_as_any() {
    let world = insolvent();
    let outcome = check(&world, SELLER).expect("check");
    let there = balances(&outcome);
    assert!(there.equity < 0 && there.maintenance < there.equity && there.initial <= there.maintenance);
    assert!(call_of(&outcome).is_some());
}

#[test]
fn balances_beyond_the_integers_stop_at_their_ends() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 10).expect("trade");
    edit_account(&world, 0, |account| account.cash = i64::MAX);
    let there = balances(&check(&world, 0).expect("check"));
    assert_eq!((there.equity, there.maintenance), (i64::MAX, i64::MAX));
    edit_account(&world, 1, |account| (account.cash, account.interest_at) = (i64::MIN + 1, world.chain.time()));
    let there = balances(&check(&world, 1).expect("check"));
    assert_eq!((there.equity, there.maintenance, there.initial), (i64::MIN, i64::MIN, i64::MIN));
}

#[test]
fn without_an_accepted_price_a_position_has_no_balance() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 10).expect("trade");
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| state.price.price = 0);
    refused(&world, "PriceMissing", || check(&world, 0));
}

#[test]
fn a_market_set_that_is_short_long_out_of_order_or_of_other_accounts_is_refused() {
    let (world, trader) = mixed();
    // BTC, SOL and the quote token with their oracles, three expiries, one collateral.
    let last = FIRST + 9;
    assert_eq!(honest(&world, trader).accounts.len(), last + 1);
    for at in FIRST..last {
        refused_account(&world, trader, "MarketCount", |accounts| {
            accounts.remove(at);
        });
    }
    refused_account(&world, trader, "MarketType", |accounts| accounts.truncate(last));
    refused_account(&world, trader, "MarketCount", |accounts| accounts.truncate(FIRST));
    for at in FIRST..last {
        refused_account(&world, trader, "MarketCount", |accounts| accounts.insert(at, accounts[at].clone()));
    }
    refused_account(&world, trader, "MarketCount", |accounts| accounts.push(accounts[last].clone()));
    for (one, other) in [(0, 2), (1, 3), (2, 4), (6, 7), (6, 8), (7, 8)] {
        refused_account(&world, trader, "MarketMismatch", |accounts| accounts.swap(FIRST + one, FIRST + other));
    }
    for (one, other) in [(0, 1), (1, 2), (5, 6), (8, 9)] {
        refused_account(&world, trader, "MarketType", |accounts| accounts.swap(FIRST + one, FIRST + other));
    }
    for at in FIRST..=last {
        refused_account(&world, trader, "MarketType", |accounts| accounts[at].pubkey = world.quote_mint);
        refused_account(&world, trader, "MarketType", |accounts| accounts[at].pubkey = world.clearinghouse);
    }
    let elsewhere = world.directory().expiry(BTC, world.expiries[1]);
    refused_account(&world, trader, "MarketMismatch", |accounts| accounts[FIRST + 6].pubkey = elsewhere);
    check(&world, trader).expect("the truth");
}

#[test]
fn an_account_without_holdings_takes_no_market_account() {
    let (world, trader) = mixed();
    let set = honest(&world, trader).accounts.split_off(FIRST);
    refused_account(&world, 1, "MarketCount", |accounts| accounts.push(set[0].clone()));
    refused_account(&world, 1, "MarketCount", |accounts| accounts.extend(set.clone()));
}

#[test]
fn accounts_of_another_clearinghouse_type_or_layout_are_refused() {
    let world = World::new();
    let (other, account) = account_elsewhere(&world, 0);
    refused_account(&world, 0, "ClearinghouseMismatch", |accounts| accounts[CLEARINGHOUSE].pubkey = other);
    refused_account(&world, 0, "ClearinghouseMismatch", |accounts| accounts[MARGIN_ACCOUNT].pubkey = account);
    refused_account(&world, 0, "AccountDiscriminatorMismatch", |accounts| accounts.swap(CLEARINGHOUSE, MARGIN_ACCOUNT));
    let wallet = world.traders[0].wallet;
    refused_account(&world, 0, "AccountOwnedByWrongProgram", |accounts| accounts[MARGIN_ACCOUNT].pubkey = wallet);
    let step = honest(&world, 0);
    edit_account(&world, 0, |account| account.version = 9);
    refused_numbers(&world, "VersionUnknown", (9, 1), || world.crank(step));
}
