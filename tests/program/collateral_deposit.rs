//! `collateral_deposit`.

use plimsoll::events::CollateralMoved;
use plimsoll::state::{Collateral, CollateralSlot, MarginAccount};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, WorldOptions, QUOTE, WBTC};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::payments::*;
use crate::support::*;

fn world() -> World {
    World::with(&WorldOptions { collateral: true, ..WorldOptions::default() })
}

fn listed(world: &World, kind: u16) -> Collateral {
    *world.directory().collateral(kind).expect("listed")
}

/// `payer` pays `amount` atoms of collateral `kind` from `source` into the account of trader 0.
fn pay_by(world: &World, payer: &Keypair, kind: u16, (source, amount): (&Pubkey, u64)) -> Instruction {
    let account = world.traders[0].account;
    let from = (&payer.pubkey(), source);
    instruction::collateral_deposit(&world.directory(), &account, from, kind, amount).expect("build")
}

fn payment(world: &World) -> Payment<'_> {
    let source = fund_collateral(world, 0, WBTC, 1_000);
    Payment { world, honest: collateral_in(world, 0, WBTC, &source, 5), signer: &world.traders[0].key }
}

#[test]
fn a_new_kind_stays_out_of_an_auction() {
    let world = in_auction();
    list_dollars(&world, 2);
    let sources = [0, 1].map(|kind| fund_collateral(&world, SELLER, kind, 1));
    let pay = |kind: u16| {
        let deposit = collateral_in(&world, SELLER, kind, &sources[usize::from(kind)], 1);
        send(&world, deposit, &[&world.traders[SELLER].key])
    };
    refused(&world, "AccountInAuction", || pay(0));
    // It holds one kind already: more of that is welcome, another is not.
    edit_account(&world, SELLER, |account| {
        account.collaterals[0] = CollateralSlot { index: 1, amount: 1, ..CollateralSlot::default() };
    });
    refused(&world, "AccountInAuction", || pay(0));
    pay(1).expect("more of a kind it holds");
}

#[test]
fn a_deposit_moves_tokens_the_slot_and_the_total_and_nothing_else() {
    let world = world();
    let source = fund_collateral(&world, 0, WBTC, 1_000);
    let (account, total) = (world.account(0), listed(&world, WBTC));
    let deposit = |amount| {
        let step = collateral_in(&world, 0, WBTC, &source, amount);
        event::<CollateralMoved>(&send(&world, step, &[&world.traders[0].key]).expect("deposit"))
    };
    let first = deposit(300);
    let mut expected = account;
    expected.collaterals[0] = CollateralSlot { amount: 300, index: WBTC, padding: [0; 6] };
    assert_eq!(bytemuck::bytes_of(&world.account(0)), bytemuck::bytes_of(&expected));
    assert_eq!((first.margin_account, first.counterparty), (world.traders[0].account, world.traders[0].address()));
    assert_eq!((first.collateral, first.amount, first.held_before, first.held_after), (WBTC, 300, 0, 300));

    let second = deposit(700);
    expected.collaterals[0].amount = 1_000;
    assert_eq!(bytemuck::bytes_of(&world.account(0)), bytemuck::bytes_of(&expected));
    assert_eq!((second.held_before, second.held_after, second.deposited_after), (300, 1_000, 1_000));
    let expected = Collateral { deposited: 1_000, ..total };
    assert_eq!(bytemuck::bytes_of(&listed(&world, WBTC)), bytemuck::bytes_of(&expected));
    assert_eq!((token::balance(&world.chain, &source), token::balance(&world.chain, &total.vault)), (0, 1_000));
    world.full_check();
}

#[test]
fn anyone_adds_to_a_kind_the_account_holds_but_only_its_owner_adds_a_kind() {
    let world = world();
    let (stranger, delegate) = (&world.traders[1].key, world.chain.wallet("delegate"));
    set_delegate(&world, 0, &delegate, 3, 1_000 * QUOTE);
    for payer in [stranger, &delegate] {
        let source = token::mint_to(&world.chain, &world.wbtc_mint, &payer.pubkey(), 10);
        let step = pay_by(&world, payer, WBTC, (&source, 4));
        refused(&world, "CollateralKindByOwnerOnly", || send(&world, step, &[payer]));
    }
    pay_collateral(&world, 0, WBTC, 1).expect("the owner");
    for payer in [stranger, &delegate] {
        let source = address::token_account(&payer.pubkey(), &world.wbtc_mint);
        let step = pay_by(&world, payer, WBTC, (&source, 4));
        let fact: CollateralMoved = event(&send(&world, step, &[payer]).expect("a known kind"));
        assert_eq!(fact.counterparty, payer.pubkey());
    }
    assert_eq!(world.account(0).collateral_slot(WBTC).map(|slot| slot.amount), Some(9));
    world.full_check();
}

#[test]
fn a_deposit_needs_no_price_and_changes_no_sequence_whatever_the_account_is_in() {
    let world = in_debt();
    world.chain.advance(30 * 86_400);
    for status in [0, 1] {
        edit_account(&world, DEBTOR, |account| account.status = status);
        let before = world.account(DEBTOR);
        pay_collateral(&world, DEBTOR, WBTC, 5).expect("deposit");
        let after = world.account(DEBTOR);
        assert_eq!((after.sequence, after.cash, after.status), (before.sequence, before.cash, status));
        assert_eq!(after.collaterals[0].amount, before.collaterals[0].amount + 5);
    }
    world.full_check();
}

#[test]
fn the_cap_is_reached_to_the_atom() {
    let world = world();
    let cap = i64::try_from(listed(&world, WBTC).cap).unwrap();
    let rest = cap.unsigned_abs() - 10;
    let sources = [fund_collateral(&world, 0, WBTC, 11), fund_collateral(&world, 1, WBTC, rest + 1)];
    let pay = |index: usize, amount| {
        let step = collateral_in(&world, index, WBTC, &sources[index], amount);
        send(&world, step, &[&world.traders[index].key])
    };
    pay(0, 10).expect("deposit");
    refused_numbers(&world, "CollateralCap", (cap + 1, cap), || pay(1, rest + 1));
    pay(1, rest).expect("up to the cap");
    assert_eq!(listed(&world, WBTC).deposited, cap.unsigned_abs());
    refused_numbers(&world, "CollateralCap", (cap + 1, cap), || pay(0, 1));
    world.full_check();
}

#[test]
fn an_account_holds_eight_kinds_and_a_freed_slot_is_used_again() {
    let world = World::new();
    list_dollars(&world, 9);
    for kind in 0..8 {
        pay_collateral(&world, 0, kind, 100 + u64::from(kind)).expect("a kind");
    }
    let source = fund_collateral(&world, 0, 8, 10);
    let ninth = || send(&world, collateral_in(&world, 0, 8, &source, 10), &[&world.traders[0].key]);
    refused(&world, "CollateralSlots", ninth);
    pay_collateral(&world, 0, 7, 1).expect("a known kind still counts");
    let taken = address::token_account(&world.traders[0].address(), &listed(&world, 3).mint);
    send(&world, collateral_out(&world, 0, 3, &taken, 103), &[&world.traders[0].key]).expect("take out the fourth");
    ninth().expect("a free slot");
    let account: MarginAccount = world.account(0);
    assert_eq!(account.collaterals[3], CollateralSlot { amount: 10, index: 8, padding: [0; 6] });
    world.full_check();
}

#[test]
fn a_zero_amount_is_refused() {
    let world = world();
    let source = fund_collateral(&world, 0, WBTC, 10);
    let step = collateral_in(&world, 0, WBTC, &source, 0);
    refused(&world, "AmountZero", || send(&world, step, &[&world.traders[0].key]));
}

#[test]
fn a_deposit_takes_only_what_its_payer_may_spend() {
    let world = world();
    let own = fund_collateral(&world, 0, WBTC, 10);
    let strangers = fund_collateral(&world, 1, WBTC, 10);
    for (rule, source, amount) in
        [("InsufficientFunds", own, 11), ("InsufficientFunds", own, u64::MAX), ("OwnerMismatch", strangers, 1)]
    {
        let step = collateral_in(&world, 0, WBTC, &source, amount);
        let error = send(&world, step, &[&world.traders[0].key]).expect_err(rule);
        let rejection = error.rejection().expect("refused by a program");
        assert_eq!((rejection.rule.as_str(), rejection.program), (rule, anchor_spl::token::ID));
    }
}

#[test]
fn an_amount_beyond_the_integers_is_refused() {
    let world = world();
    let source = fund_collateral(&world, 0, WBTC, u64::MAX);
    for amount in [u64::MAX, i64::MAX.unsigned_abs() + 1] {
        let step = collateral_in(&world, 0, WBTC, &source, amount);
        refused(&world, "Overflow", || send(&world, step, &[&world.traders[0].key]));
    }
    let (most, cap) = (i64::MAX, 1_000_000_000_000);
    let step = collateral_in(&world, 0, WBTC, &source, most.unsigned_abs());
    refused_numbers(&world, "CollateralCap", (most, cap), || send(&world, step, &[&world.traders[0].key]));
}

#[test]
fn tokens_sent_straight_to_the_vault_are_credited_to_nobody() {
    let world = world();
    token::mint_to_account(&world.chain, &world.wbtc_mint, &listed(&world, WBTC).vault, 1_000);
    let fact: CollateralMoved = event(&pay_collateral(&world, 0, WBTC, 1).expect("deposit"));
    assert_eq!((fact.amount, fact.held_after, fact.deposited_after), (1, 1, 1));
    world.full_check();
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
    let collateral = payment.honest.accounts[LIMIT].pubkey;
    edit::<Collateral>(&world, &collateral, |collateral| collateral.version = 7);
    let again = || send(&world, payment.honest.clone(), &[payment.signer]);
    refused_numbers(&world, "VersionUnknown", (7, 1), again);
    edit::<Collateral>(&world, &collateral, |collateral| collateral.version = 1);
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
    payment.refused("ClearinghouseMismatch", |accounts| {
        accounts[LIMIT].pubkey = foreign;
        accounts[VAULT].pubkey = foreign_vault;
    });
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = foreign_vault);
    payment.refused("VaultMismatch", |accounts| accounts[VAULT].pubkey = quote_vault);
    let stored = world.chain.load::<MarginAccount>(&account).expect("account elsewhere");
    assert!(stored.is_empty());
    payment.passes();
}
