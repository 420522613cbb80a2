//! `collateral_withdraw`.

use plimsoll::events::CollateralMoved;
use plimsoll::state::{Clearinghouse, Collateral, CollateralSlot, OracleState};
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Outcome;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, instruction};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, QUOTE, SOL, WBTC};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::payments::*;
use crate::support::*;

const HELD: u64 = 100_000_000;

/// Trader 0 holds one wrapped BTC.
fn world() -> World {
    let world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    world.deposit_wbtc(0, HELD).expect("wrapped BTC");
    world
}

/// Trader 2 has no cash but wrapped BTC, the premium of a short call and nothing else.
fn short() -> (World, usize) {
    let mut world = world();
    let trader = world.add_trader("short", 0);
    world.deposit_wbtc(trader, HELD).expect("wrapped BTC");
    world.trade_at_mark(0, trader, &call(&world), 50).expect("trade");
    (world, trader)
}

fn wallet(world: &World, index: usize) -> Pubkey {
    address::token_account(&world.traders[index].address(), &world.wbtc_mint)
}

fn take(world: &World, index: usize, amount: u64) -> Result<Outcome, LedgerError> {
    let step = collateral_out(world, index, WBTC, &wallet(world, index), amount);
    send(world, step, &[&world.traders[index].key])
}

fn payment(world: &World) -> Payment<'_> {
    let honest = collateral_out(world, 0, WBTC, &wallet(world, 0), 5);
    Payment { world, honest, signer: &world.traders[0].key }
}

fn listed(world: &World) -> Collateral {
    *world.directory().collateral(WBTC).expect("listed")
}

#[test]
fn a_withdrawal_moves_tokens_the_slot_and_the_total_and_nothing_else() {
    let world = world();
    let (account, total) = (world.account(0), listed(&world));
    let destination = token::create_account(&world.chain, &world.wbtc_mint, &world.traders[1].address());
    let step = collateral_out(&world, 0, WBTC, &destination, 400);
    let fact: CollateralMoved = event(&send(&world, step, &[&world.traders[0].key]).expect("withdraw"));

    let mut expected = account;
    expected.collaterals[0].amount = HELD - 400;
    assert_eq!(bytemuck::bytes_of(&world.account(0)), bytemuck::bytes_of(&expected));
    let expected = Collateral { deposited: HELD - 400, ..total };
    assert_eq!(bytemuck::bytes_of(&listed(&world)), bytemuck::bytes_of(&expected));
    assert_eq!(token::balance(&world.chain, &destination), 400, "wherever the owner says");
    assert_eq!(token::balance(&world.chain, &total.vault), HELD - 400);
    assert_eq!((fact.margin_account, fact.counterparty), (world.traders[0].account, destination));
    assert_eq!((fact.collateral, fact.amount), (WBTC, -400));
    assert_eq!((fact.held_before, fact.held_after, fact.deposited_after), (HELD, HELD - 400, HELD - 400));
    world.full_check();
}

#[test]
fn without_positions_all_of_it_leaves_without_any_price_and_frees_the_slot() {
    let world = world();
    world.chain.advance(30 * 86_400);
    let step = collateral_out(&world, 0, WBTC, &wallet(&world, 0), HELD);
    assert_eq!(step.accounts.len(), FIXED, "no market account");
    send(&world, step, &[&world.traders[0].key]).expect("all of it");
    assert_eq!(world.account(0).collaterals[0], CollateralSlot::default());
    assert_eq!(listed(&world).deposited, 0);
    world.full_check();
}

#[test]
fn without_positions_market_accounts_are_refused() {
    let world = world();
    let set = instruction::margin_check(&world.directory(), &world.account(0)).expect("build").accounts.split_off(2);
    payment(&world).refused("MarketCount", |accounts| accounts.extend(set));
}

/// The largest amount after which the initial balance of trader `index` is not negative, as the rule book sees it.
fn largest(world: &World, index: usize) -> u64 {
    let mut snapshot = Snapshot::load(&world.chain, &world.directory(), &[world.traders[index].account]).expect("load");
    let mut passes = |left: u64| {
        snapshot.accounts[0].collaterals[0].amount = left;
        snapshot.balances(0).expect("balances").initial >= 0
    };
    let (mut least, mut below) = (HELD, 0);
    while least - below > 1 {
        let middle = (least + below) / 2;
        if passes(middle) {
            least = middle;
        } else {
            below = middle;
        }
    }
    HELD - least
}

#[test]
fn with_positions_collateral_leaves_down_to_initial_margin_and_not_an_atom_more() {
    let (world, trader) = short();
    let most = largest(&world, trader);
    assert!(most > 0 && most < HELD - 1, "{most}");
    refused(&world, "InitialMarginShort", || take(&world, trader, most + 1));
    take(&world, trader, most).expect("the largest");
    assert!(world.balances(trader).expect("balances").initial >= 0);
    refused(&world, "InitialMarginShort", || take(&world, trader, 1));
    world.full_check();
}

/// A change of a stored price, and the rule that refuses it.
type Lie = (&'static str, fn(&mut OracleState));

#[test]
fn with_positions_every_price_is_fit_for_withdrawals() {
    let (world, trader) = short();
    world.chain.advance(60);
    take(&world, trader, 1).expect("60 seconds old");
    world.chain.advance(1);
    refused_numbers(&world, "PriceStale", (61, 60), || take(&world, trader, 1));
    world.refresh_prices();
    let oracle = address::oracle(&world.directory().underlying(BTC));
    let lies: [Lie; 4] = [
        ("PriceUncertain", |state| state.price.confidence = state.price.price / 1_000 * 15 + 1),
        ("PriceDiverged", |state| state.price.ema = state.price.price / 10 * 9),
        ("PriceWalking", |state| state.price.walking_since = 1),
        ("PriceMissing", |state| state.price.price = 0),
    ];
    for (rule, change) in lies {
        let before = world.chain.raw(&oracle).expect("oracle");
        edit(&world, &oracle, change);
        refused(&world, rule, || take(&world, trader, 1));
        world.chain.set_raw(&oracle, before);
    }
    take(&world, trader, 1).expect("fresh again");
}

#[test]
fn the_market_set_is_that_of_the_account_after_the_withdrawal() {
    let mut world = world();
    let trader = world.add_trader("short", 50_000 * QUOTE);
    world.deposit_wbtc(trader, 100).expect("wrapped BTC");
    let series = world.series(SOL, 0, 2, OptionKind::Call);
    world.trade_at_mark(0, trader, &series, 5).expect("a position in SOL");
    let of = |amount| {
        let honest = collateral_out(&world, trader, WBTC, &wallet(&world, trader), amount);
        Payment { world: &world, honest, signer: &world.traders[trader].key }
    };
    // A part: BTC and SOL with their oracles, the expiry, the collateral. All: SOL, its oracle and the expiry.
    let (part, all) = (of(99), of(100));
    assert_eq!((part.honest.accounts.len(), all.honest.accounts.len()), (FIXED + 6, FIXED + 3));
    part.refused("MarketType", |accounts| accounts.truncate(FIXED + 5));
    part.refused("MarketCount", |accounts| {
        accounts.remove(FIXED);
    });
    part.refused("MarketMismatch", |accounts| accounts.swap(FIXED + 1, FIXED + 3));
    let whole = part.honest.accounts.clone();
    all.refused("MarketCount", |accounts| *accounts = whole);
    all.refused("MarketCount", |accounts| accounts.truncate(FIXED));
    all.passes();
    world.full_check();
}

#[test]
fn more_than_the_account_holds_is_refused() {
    let world = world();
    let held = i64::try_from(HELD).unwrap();
    refused_numbers(&world, "CollateralShort", (held, held + 1), || take(&world, 0, HELD + 1));
    refused_numbers(&world, "CollateralShort", (held, i64::MAX), || take(&world, 0, i64::MAX.unsigned_abs()));
    refused_numbers(&world, "CollateralShort", (held, i64::MAX), || take(&world, 0, u64::MAX));
    token::create_account(&world.chain, &world.wbtc_mint, &world.traders[1].address());
    refused_numbers(&world, "CollateralShort", (0, 1), || take(&world, 1, 1));
}

#[test]
fn two_withdrawals_of_one_transaction_do_not_take_the_same_tokens() {
    let world = world();
    let half = collateral_out(&world, 0, WBTC, &wallet(&world, 0), HELD / 2 + 1);
    let (left, asked) = (i64::try_from(HELD / 2 - 1).unwrap(), i64::try_from(HELD / 2 + 1).unwrap());
    let twice = || world.send(&[half.clone(), half.clone()], &[&world.traders[0].key]);
    refused_numbers(&world, "CollateralShort", (left, asked), twice);
}

#[test]
fn a_zero_amount_is_refused() {
    let world = world();
    refused(&world, "AmountZero", || take(&world, 0, 0));
}

#[test]
fn an_account_in_debt_keeps_its_collateral() {
    let world = in_debt();
    let cash = world.account(DEBTOR).cash;
    refused_numbers(&world, "DebtOpen", (cash, 0), || take(&world, DEBTOR, 1));
    // Interest noted above the cash is a debt too, one equal to it is none.
    edit_account(&world, DEBTOR, |account| (account.cash, account.interest_owed) = (7, 8));
    refused_numbers(&world, "DebtOpen", (-1, 0), || take(&world, DEBTOR, 1));
    edit_account(&world, DEBTOR, |account| account.interest_owed = 7);
    take(&world, DEBTOR, 1).expect("no debt");
}

#[test]
fn an_account_in_auction_keeps_its_collateral() {
    let world = world();
    edit_account(&world, 0, |account| account.status = 1);
    refused(&world, "AccountInAuction", || take(&world, 0, 1));
}

#[test]
fn neither_a_delegate_nor_a_stranger_withdraws() {
    let world = world();
    let delegate = world.chain.wallet("delegate");
    let by = |key: &Keypair| {
        let mut step = collateral_out(&world, 0, WBTC, &wallet(&world, 0), 1);
        step.accounts[AUTHORITY].pubkey = key.pubkey();
        send(&world, step, &[key])
    };
    set_delegate(&world, 0, &delegate, 3, 1_000 * QUOTE);
    for key in [&delegate, &world.governance, &world.traders[1].key] {
        refused(&world, "OwnerMismatch", || by(key));
    }
    by(&world.traders[0].key).expect("the owner");
}

#[test]
fn a_vault_that_holds_less_than_it_owes_is_named() {
    let world = world();
    let vault = listed(&world).vault;
    token::edit::<anchor_spl::token::spl_token::state::Account>(&world.chain, &vault, |vault| vault.amount = 99);
    refused(&world, "VaultShort", || take(&world, 0, 100));
    take(&world, 0, 99).expect("what is there");
}

#[test]
fn other_token_accounts_and_frozen_ones_are_refused() {
    let world = world();
    let payment = payment(&world);
    payment.refuses_every_other_token_account();
    payment.passes();
    world.full_check();
}

#[test]
fn another_token_program_is_refused() {
    payment(&world()).refuses_every_other_token_program();
}

#[test]
fn accounts_of_another_type_or_layout_and_missing_rights_are_refused() {
    let world = world();
    let payment = payment(&world);
    payment.refuses_every_other_account();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.version = 0);
    refused_numbers(&world, "VersionUnknown", (0, 1), || send(&world, payment.honest.clone(), &[payment.signer]));
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.version = 1);
    payment.passes();
}

#[test]
fn accounts_of_another_clearinghouse_and_another_vault_are_refused() {
    let world = world();
    let (other, account) = account_elsewhere(&world, 0);
    let foreign = collateral_elsewhere(&world, &other);
    let foreign_vault = address::vault(&other, &world.wbtc_mint);
    let quote_vault = world.directory().clearinghouse.vault;
    let payment = payment(&world);
    payment.refused("ClearinghouseMismatch", |accounts| accounts[LIMIT].pubkey = foreign);
    payment.refused("ClearinghouseMismatch", |accounts| accounts[CLEARINGHOUSE].pubkey = other);
    payment.refused("ClearinghouseMismatch", |accounts| accounts[MARGIN_ACCOUNT].pubkey = account);
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = foreign_vault);
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = quote_vault);
    payment.passes();
}
