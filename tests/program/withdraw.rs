//! `withdraw`.

use plimsoll::events::{BadDebtCovered, Withdrawn};
use plimsoll::state::{Clearinghouse, MarginAccount, OracleState, OutflowWindow};
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_client::{address, instruction};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};
use solana_program::instruction::{AccountMeta, Instruction};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::payments::*;
use crate::support::*;

fn withdrawal(world: &World, index: usize, destination: &Pubkey, amount: u64) -> Instruction {
    instruction::withdraw(&world.directory(), &world.account(index), destination, amount).expect("build")
}

fn atoms(amount: i64) -> u64 {
    u64::try_from(amount).expect("an amount")
}

fn payment(world: &World) -> Payment<'_> {
    let honest = withdrawal(world, 0, &world.traders[0].wallet, 5);
    Payment { world, honest, signer: &world.traders[0].key }
}

/// The seller short, with its wallet's worth of free cash.
fn short() -> World {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD / 2).expect("trade");
    world
}

#[test]
fn a_withdrawal_moves_tokens_cash_and_the_outflow_counters_and_nothing_else() {
    let world = World::new();
    let (before, window_before, vault_before) = (world.account(0), window(&world), vault(&world));
    let destination = world.traders[1].wallet;
    let tokens = token::balance(&world.chain, &destination);
    let step = withdrawal(&world, 0, &destination, 2_000);
    let fact: Withdrawn = event(&send(&world, step, &[&world.traders[0].key]).expect("withdraw"));

    let now = world.chain.time();
    let mut expected = MarginAccount { cash: before.cash - 2_000, interest_at: now, ..before };
    expected.outflow.window_start = now;
    expected.outflow.used = 2_000;
    assert_eq!(bytemuck::bytes_of(&world.account(0)), bytemuck::bytes_of(&expected));
    assert_eq!(window(&world), OutflowWindow { net: window_before.net + 2_000, ..window_before });
    assert_eq!(token::balance(&world.chain, &destination), tokens + 2_000, "wherever the owner says");
    assert_eq!(vault(&world), vault_before - 2_000);
    assert_eq!((fact.margin_account, fact.destination), (world.traders[0].account, destination));
    assert_eq!((fact.amount, fact.cash_before, fact.cash_after), (2_000, before.cash, before.cash - 2_000));
    assert_eq!((fact.locked, fact.initial_after, fact.vault_after), (0, before.cash - 2_000, vault_before - 2_000));
    world.full_check();
}

#[test]
fn an_account_without_positions_withdraws_without_any_price() {
    let world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    world.chain.advance(30 * 86_400);
    world.deposit_wbtc(0, 100).expect("collateral");
    let wallet = world.traders[0].wallet;
    let all = withdrawal(&world, 0, &wallet, 30_000 * QUOTE.unsigned_abs());
    assert_eq!(all.accounts.len(), FIXED, "collateral alone asks for no market account");
    assert!(!all.accounts[CLEARINGHOUSE].is_writable);
    send(&world, all, &[&world.traders[0].key]).expect("cash beside collateral");
    world.full_check();
}

#[test]
fn an_account_with_collateral_alone_takes_no_market_account() {
    let world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    world.deposit_wbtc(0, 100).expect("collateral");
    let set = instruction::margin_check(&world.directory(), &world.account(0)).expect("build").accounts.split_off(2);
    let payment = payment(&world);
    payment.refused("MarketCount", |accounts| accounts.extend(set.clone()));
    payment.refused("MarketCount", |accounts| accounts.push(set[2].clone()));
    payment.passes();
}

#[test]
fn with_positions_the_whole_initial_balance_may_leave_and_not_an_atom_more() {
    let world = short();
    let free = i64::try_from(world.balances(SELLER).expect("balances").initial).unwrap();
    assert!(free > 0 && free < world.account(SELLER).cash);
    refused_numbers(&world, "InitialMarginShort", (-1, 0), || world.withdraw(SELLER, atoms(free + 1)));
    let fact: Withdrawn = event(&world.withdraw(SELLER, atoms(free)).expect("all that is free"));
    assert_eq!(fact.initial_after, 0);
    assert_eq!(world.balances(SELLER).expect("balances").initial, 0);
    world.full_check();
}

#[test]
fn gains_that_are_not_settled_do_not_leave() {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 20).expect("trade");
    world.move_price(BTC, BTC_PRICE / 100 * 108);
    let (cash, equity) = (world.account(0).cash, world.balances(0).expect("balances").equity);
    assert!(equity > i128::from(cash), "the call gained");
    refused_numbers(&world, "CashShort", (cash, cash + 1), || world.withdraw(0, atoms(cash + 1)));
}

#[test]
fn with_positions_every_price_is_fresh_tight_and_converged() {
    let act = |world: &World| world.withdraw(SELLER, 1);
    let world = short();
    let posted = world.price(BTC);
    world.chain.advance(60);
    act(&world).expect("60 seconds old");
    world.chain.advance(1);
    refused_numbers(&world, "PriceStale", (61, 60), || act(&world));

    let post = |change: fn(PriceUpdate) -> PriceUpdate| {
        world.chain.advance(1);
        let update = change(PriceUpdate::new(world.feeds[0].id, posted, world.chain.time()));
        world.feeds[0].post_update(&world.chain, &world.governance, &update).expect("accepted");
    };
    post(|update| update.with_confidence(BTC_PRICE / 1_000 * 15 + 1));
    let wide = BTC_PRICE / 1_000 * 15;
    refused_numbers(&world, "PriceUncertain", (wide + 1, wide), || act(&world));
    post(|update| update.with_ema(BTC_PRICE / 10 * 9));
    refused_numbers(&world, "PriceDiverged", (BTC_PRICE / 10, BTC_PRICE / 100 * 9), || act(&world));
    world.chain.advance(1);
    world.post_price(BTC, posted * 2).expect("walks");
    refused_numbers(&world, "PriceWalking", (world.price(BTC), posted * 2), || act(&world));
    edit::<OracleState>(&world, &address::oracle(&world.directory().underlying(BTC)), |state| state.price.price = 0);
    refused(&world, "PriceMissing", || act(&world));
}

#[test]
fn a_price_of_the_market_set_that_no_position_needs_counts_too() {
    let mut world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    let trader = world.add_trader("short", 50_000 * QUOTE);
    world.deposit_wbtc(trader, 100).expect("collateral priced by BTC");
    world.trade_at_mark(0, trader, &world.series(SOL, 0, 2, OptionKind::Call), 5).expect("a position in SOL");
    world.withdraw(trader, 1).expect("all fresh");
    for stale in [BTC, SOL, 2] {
        let oracle = address::oracle(&world.directory().underlying(stale));
        let before = world.chain.raw(&oracle).expect("oracle");
        edit::<OracleState>(&world, &oracle, |state| state.price.publish_time -= 100);
        refused_numbers(&world, "PriceStale", (100, 60), || world.withdraw(trader, 1));
        world.chain.set_raw(&oracle, before);
    }
}

#[test]
fn the_market_set_is_exactly_that_of_the_account() {
    let mut world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    let trader = world.add_trader("short", 50_000 * QUOTE);
    world.deposit_wbtc(trader, 100).expect("collateral");
    for (underlying, expiry) in [(SOL, 0), (SOL, 1)] {
        let series = world.series(underlying, expiry, 2, OptionKind::Call);
        world.trade_at_mark(0, trader, &series, 5).expect("position");
    }
    let honest = withdrawal(&world, trader, &world.traders[trader].wallet, 5);
    // Three underlyings with their oracles, two expiries, one collateral.
    assert_eq!(honest.accounts.len(), FIXED + 9);
    let payment = Payment { world: &world, honest, signer: &world.traders[trader].key };
    for at in FIXED..FIXED + 8 {
        payment.refused("MarketCount", |accounts| {
            accounts.remove(at);
        });
    }
    // Without the collateral an expiry stands in its place.
    payment.refused("MarketType", |accounts| accounts.truncate(FIXED + 8));
    payment.refused("MarketCount", |accounts| accounts.insert(FIXED, accounts[FIXED].clone()));
    payment.refused("MarketCount", |accounts| accounts.truncate(FIXED));
    payment.refused("MarketMismatch", |accounts| accounts.swap(FIXED + 6, FIXED + 7));
    payment.refused("MarketMismatch", |accounts| accounts[FIXED + 6] = accounts[FIXED + 7].clone());
    payment.refused("MarketMismatch", |accounts| accounts.swap(FIXED + 1, FIXED + 3));
    payment.refused("MarketType", |accounts| accounts.swap(FIXED + 7, FIXED + 8));
    payment.refused("MarketType", |accounts| accounts[FIXED + 8].pubkey = world.quote_mint);
    payment.passes();
}

#[test]
fn more_than_free_cash_is_refused() {
    let world = World::new();
    let cash = world.account(0).cash;
    refused_numbers(&world, "CashShort", (cash, cash + 1), || world.withdraw(0, atoms(cash + 1)));
    refused_numbers(&world, "CashShort", (cash, i64::MAX), || world.withdraw(0, i64::MAX.unsigned_abs()));
    refused(&world, "Overflow", || world.withdraw(0, i64::MAX.unsigned_abs() + 1));
    refused(&world, "Overflow", || world.withdraw(0, u64::MAX));
    refused(&world, "AmountZero", || world.withdraw(0, 0));
    world.withdraw(0, atoms(cash)).expect("all of it");
    assert_eq!(world.account(0).cash, 0);
    world.full_check();
}

#[test]
fn two_withdrawals_of_one_transaction_do_not_spend_the_same_cash() {
    let world = World::new();
    let cash = world.account(0).cash;
    let half = withdrawal(&world, 0, &world.traders[0].wallet, atoms(cash / 2 + 1));
    let twice = || world.send(&[half.clone(), half.clone()], &[&world.traders[0].key]);
    refused_numbers(&world, "CashShort", (cash - cash / 2 - 1, cash / 2 + 1), twice);
}

#[test]
fn a_debt_and_its_interest_are_not_withdrawn() {
    let world = in_debt();
    let debt = world.account(DEBTOR).cash;
    refused_numbers(&world, "CashShort", (debt, 1), || world.withdraw(DEBTOR, 1));
    edit_account(&world, 0, |account| account.interest_owed = account.cash - 10);
    refused_numbers(&world, "CashShort", (10, 11), || world.withdraw(0, 11));
}

#[test]
fn a_settlement_gain_is_held_through_its_last_second() {
    let world = World::new();
    let (cash, until) = (world.account(0).cash, world.chain.time() + 500);
    edit_account(&world, 0, |account| {
        account.held = cash - 100;
        account.held_until = until;
    });
    refused_numbers(&world, "CashShort", (100, 101), || world.withdraw(0, 101));
    world.chain.set_time(until - 1);
    refused_numbers(&world, "CashShort", (100, 101), || world.withdraw(0, 101));
    world.withdraw(0, 100).expect("what is not held");
    assert_eq!((world.account(0).held, world.account(0).held_until), (cash - 100, until));
    world.chain.set_time(until);
    world.withdraw(0, atoms(cash - 100)).expect("the hold is over");
    assert_eq!((world.account(0).held, world.account(0).held_until), (0, 0));
    world.full_check();
}

/// Five traders with 100,000 each, in a window that starts now: a fifth of the vault may leave in it.
fn limited() -> World {
    let world = World::with(&WorldOptions { traders: 5, ..WorldOptions::default() });
    world.chain.advance(7_200);
    world
}

#[test]
fn net_outflow_of_a_window_stays_within_its_cap() {
    let world = limited();
    let cap = 100_000 * QUOTE;
    world.withdraw(0, atoms(60_000 * QUOTE)).expect("within");
    assert_eq!(window(&world).vault_at_start, 500_000 * QUOTE);
    let next = 40_000 * QUOTE + 1;
    refused_numbers(&world, "OutflowLimit", (cap + 1, cap), || world.withdraw(1, atoms(next)));
    world.withdraw(1, atoms(next - 1)).expect("the whole cap");
    refused_numbers(&world, "OutflowLimit", (cap + 2_000 * QUOTE, cap), || world.withdraw(2, atoms(2_000 * QUOTE)));
    world.deposit(3, atoms(2_000 * QUOTE)).expect("a deposit makes room");
    world.withdraw(2, atoms(2_000 * QUOTE)).expect("room");
    let started = window(&world).window_start;
    world.chain.set_time(started + 3_599);
    refused(&world, "OutflowLimit", || world.withdraw(0, atoms(2_000 * QUOTE)));
    // In the next window the one before counts with what is left of it: a fifth of 400,000, two fifths of 100,000.
    world.chain.set_time(started + 5_759);
    refused(&world, "OutflowLimit", || world.withdraw(0, atoms(40_000 * QUOTE)));
    world.chain.advance(1);
    world.withdraw(0, atoms(40_000 * QUOTE)).expect("room again");
    world.full_check();
}

#[test]
fn nobody_crowds_the_reserved_amount_of_others_out() {
    let world = limited();
    world.withdraw(0, atoms(100_000 * QUOTE)).expect("the whole cap");
    let reserved = 1_000 * QUOTE;
    refused(&world, "OutflowLimit", || world.withdraw(1, atoms(reserved + 1)));
    world.withdraw(1, atoms(reserved - 1)).expect("reserved");
    refused(&world, "OutflowLimit", || world.withdraw(1, 2));
    world.withdraw(1, 1).expect("to the atom");
    refused(&world, "OutflowLimit", || world.withdraw(1, 1));
    world.withdraw(2, atoms(reserved)).expect("everyone has one");
    let own = world.account(1).outflow;
    assert_eq!(own.used, reserved);
    world.full_check();
}

#[test]
fn the_reserved_amount_is_per_window_of_the_account() {
    let world = limited();
    let reserved = atoms(1_000 * QUOTE);
    world.withdraw(0, atoms(100_000 * QUOTE)).expect("the whole cap");
    let started = world.chain.time();
    world.chain.set_time(started + 1_800);
    world.withdraw(1, reserved).expect("reserved");
    world.chain.set_time(started + 1_800 + 3_599);
    // A fifth of 399,000 less what is left of 101,000.
    world.withdraw(2, 29_271_944_444).expect("the whole cap");
    refused(&world, "OutflowLimit", || world.withdraw(1, 1));
    world.chain.advance(1);
    world.withdraw(1, reserved).expect("the account's next window");
    let own = world.account(1).outflow;
    assert_eq!((own.window_start, own.used), (world.chain.time(), 1_000 * QUOTE));
}

/// A takeover that left a recorded deficit, with three more traders of 100,000.
fn in_deficit() -> (World, usize) {
    let mut world = insolvent();
    let first = world.add_trader("first", 100_000 * QUOTE);
    world.add_trader("second", 100_000 * QUOTE);
    world.add_trader("third", 100_000 * QUOTE);
    let taken = bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    assert!(event::<BadDebtCovered>(&taken).to_deficit > 0);
    end(&world, SELLER).expect("end");
    (world, first)
}

#[test]
fn while_a_deficit_is_open_a_withdrawal_locks_its_share_of_it() {
    let (world, first) = in_deficit();
    let amount = 10_000 * QUOTE;
    for index in [first, first + 1, first, first + 2] {
        let books = world.directory().clearinghouse;
        let uncovered = i128::from(books.deficit - books.deficit_locked);
        let held = i128::from(vault(&world));
        let lock = i64::try_from((i128::from(amount) * uncovered + held - 1) / held).unwrap();
        assert!(lock > 0);
        let before = world.account(index);
        let fact: Withdrawn = event(&world.withdraw(index, atoms(amount)).expect("withdraw"));
        let after = world.account(index);
        assert_eq!(fact.locked, lock);
        assert_eq!((after.locked, after.locked_epoch), (before.locked + lock, books.deficit_epoch));
        let now = world.directory().clearinghouse;
        assert_eq!((now.deficit, now.deficit_locked), (books.deficit, books.deficit_locked + lock));
        world.full_check();
    }
}

#[test]
fn what_a_withdrawal_would_lock_is_part_of_what_it_needs() {
    let (world, first) = in_deficit();
    let (cash, books) = (world.account(first).cash, world.directory().clearinghouse);
    let held = i128::from(vault(&world));
    let needs = |amount: i64| {
        amount + i64::try_from((i128::from(amount) * i128::from(books.deficit) + held - 1) / held).unwrap()
    };
    // The largest amount that leaves its lock behind.
    let (mut most, mut above) = (0, cash);
    while above - most > 1 {
        let middle = (most + above) / 2;
        if needs(middle) <= cash {
            most = middle;
        } else {
            above = middle;
        }
    }
    assert!(most < cash);
    refused_numbers(&world, "CashShort", (cash, needs(most + 1)), || world.withdraw(first, atoms(most + 1)));
    // The vault's outflow limit is not what this is about: the account leaves in parts.
    world.withdraw(first, atoms(most / 2)).expect("a part");
    let locked = world.account(first).locked;
    let left = world.account(first).cash - locked;
    refused(&world, "CashShort", || world.withdraw(first, atoms(left)));
    world.full_check();
}

#[test]
fn with_a_deficit_open_the_clearinghouse_is_written() {
    let (world, first) = in_deficit();
    let honest = withdrawal(&world, first, &world.traders[first].wallet, 1_000);
    assert!(honest.accounts[CLEARINGHOUSE].is_writable);
    let payment = Payment { world: &world, honest, signer: &world.traders[first].key };
    payment.refused("ClearinghouseNotWritable", |accounts| accounts[CLEARINGHOUSE].is_writable = false);
    payment.passes();
}

#[test]
fn a_deficit_that_is_locked_already_locks_no_more() {
    let (world, first) = in_deficit();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.deficit_locked = books.deficit);
    let mut step = withdrawal(&world, first, &world.traders[first].wallet, 1_000);
    step.accounts[CLEARINGHOUSE].is_writable = false;
    let fact: Withdrawn = event(&send(&world, step, &[&world.traders[first].key]).expect("withdraw"));
    assert_eq!((fact.locked, world.account(first).locked), (0, 0));
}

#[test]
fn a_lock_binds_only_in_its_own_deficit() {
    let (world, first) = in_deficit();
    world.withdraw(first, 1_000_000).expect("withdraw");
    let (account, books) = (world.account(first), world.directory().clearinghouse);
    assert!(account.locked > 0);
    edit_account(&world, first, |account| account.locked_epoch -= 1);
    let fact: Withdrawn = event(&world.withdraw(first, 1_000).expect("withdraw"));
    let after = world.account(first);
    assert_eq!((after.locked, after.locked_epoch), (fact.locked, books.deficit_epoch), "the old lock is gone");
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.deficit = 0);
    world.withdraw(first, 1_000).expect("no deficit, no lock");
    assert_eq!(world.account(first).locked, 0);
}

#[test]
fn with_an_empty_vault_and_a_deficit_nothing_leaves() {
    let (world, first) = in_deficit();
    let key = world.directory().clearinghouse.vault;
    token::edit::<anchor_spl::token::spl_token::state::Account>(&world.chain, &key, |vault| vault.amount = 0);
    refused(&world, "DeficitTotal", || world.withdraw(first, 1));
}

#[test]
fn a_vault_that_holds_less_than_it_owes_is_named() {
    let world = World::new();
    let key = world.directory().clearinghouse.vault;
    token::edit::<anchor_spl::token::spl_token::state::Account>(&world.chain, &key, |vault| vault.amount = 99);
    refused(&world, "VaultShort", || world.withdraw(0, 100));
    world.withdraw(0, 99).expect("what is there");
}

#[test]
fn an_account_in_auction_is_not_withdrawn_from() {
    let world = in_auction();
    refused(&world, "AccountInAuction", || world.withdraw(SELLER, 1));
}

#[test]
fn neither_a_delegate_nor_a_stranger_withdraws() {
    let world = World::new();
    let delegate = world.chain.wallet("delegate");
    let by = |key: &solana_keypair::Keypair| -> Result<Outcome, LedgerError> {
        let mut step = withdrawal(&world, 0, &world.traders[0].wallet, 1);
        step.accounts[AUTHORITY].pubkey = key.pubkey();
        send(&world, step, &[key])
    };
    refused(&world, "OwnerMismatch", || by(&delegate));
    set_delegate(&world, 0, &delegate, 3, 1_000 * QUOTE);
    refused(&world, "OwnerMismatch", || by(&delegate));
    refused(&world, "OwnerMismatch", || by(&world.governance));
    refused(&world, "OwnerMismatch", || by(&world.traders[1].key));
    by(&world.traders[0].key).expect("the owner");
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
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.version = 0);
    payment.refused("VersionUnknown", |_| {});
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.version = 1);
    payment.passes();
}

#[test]
fn accounts_of_another_clearinghouse_are_refused() {
    let world = World::new();
    let (other, account) = account_elsewhere(&world, 0);
    let payment = payment(&world);
    let (outflow, vault) = (address::outflow(&other), address::vault(&other, &world.quote_mint));
    payment.refused("OutflowMismatch", |accounts| accounts[LIMIT].pubkey = outflow);
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = vault);
    payment.refused("ClearinghouseMismatch", |accounts| accounts[MARGIN_ACCOUNT].pubkey = account);
    payment.refused("ClearinghouseMismatch", |accounts: &mut Vec<AccountMeta>| {
        accounts[CLEARINGHOUSE].pubkey = other;
        accounts[LIMIT].pubkey = outflow;
        accounts[VAULT].pubkey = vault;
    });
    payment.passes();
}
