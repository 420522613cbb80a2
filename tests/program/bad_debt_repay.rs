//! `bad_debt_repay`.

use plimsoll::events::BadDebtRepaid;
use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::{Clearinghouse, InsuranceFund, Owner};
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, QUOTE};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::forge::*;
use crate::insurance_deposit::with_deficit;
use crate::support::*;

/// Nobody the clearinghouse knows.
fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

fn debtor(world: &World) -> Pubkey {
    world.traders[SELLER].address()
}

fn record_key(world: &World) -> Pubkey {
    address::owner(&world.clearinghouse, &debtor(world))
}

fn record(world: &World) -> Owner {
    world.chain.load(&record_key(world)).expect("record")
}

fn instruction_of(world: &World, source: &Pubkey, amount: u64) -> Instruction {
    instruction::bad_debt_repay(&world.directory(), &debtor(world), &payer(world).pubkey(), source, amount)
}

/// The payer repays with tokens it is given.
fn repay(world: &World, amount: u64) -> Sent {
    let source = quote_wallet(world, &payer(world), amount);
    repay_from(world, &source, amount)
}

fn repay_from(world: &World, source: &Pubkey, amount: u64) -> Sent {
    send_signed(world, instruction_of(world, source, amount), &[&payer(world)])
}

/// A takeover that the fund paid in part: bad debt above the deficit that is left.
fn with_bad_debt() -> World {
    let world = insolvent();
    let donor = somebody(&world, "donor");
    let loss = i64::try_from(-world.balances(SELLER).expect("balances").equity).expect("a loss");
    let part = loss.unsigned_abs() / 3;
    let source = quote_wallet(&world, &donor, part);
    let insure = instruction::insurance_deposit(&world.directory(), &donor.pubkey(), &source, part);
    send_signed(&world, insure, &[&donor]).expect("insure");
    bid_with(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 1_000_000)).expect("takeover");
    end(&world, SELLER).expect("end");
    let deficit = world.directory().clearinghouse.deficit;
    assert!(0 < deficit && deficit < record(&world).bad_debt, "{deficit} of {}", record(&world).bad_debt);
    world
}

/// Offers `offered` of which `taken` is taken, `to_deficit` of that for the deficit; every field of record,
/// clearinghouse, fund and event.
fn check_repayment(world: &World, offered: i64, (taken, to_deficit): (i64, i64)) {
    let (mut owner, mut clearinghouse, mut expected) = (record(world), world.directory().clearinghouse, fund(world));
    let source = quote_wallet(world, &payer(world), 0);
    let (before, vault) = (token::balance(&world.chain, &source), token::balance(&world.chain, &clearinghouse.vault));
    let bad_debt_before = owner.bad_debt;
    let fact: BadDebtRepaid = event(&repay(world, offered.unsigned_abs()).expect("repay"));
    owner.bad_debt -= taken;
    assert_state(&record(world), &owner);
    clearinghouse.deficit -= to_deficit;
    if clearinghouse.deficit == 0 {
        clearinghouse.deficit_locked = 0;
    }
    assert_state(&world.directory().clearinghouse, &clearinghouse);
    expected.balance += taken - to_deficit;
    expected.received_total += taken - to_deficit;
    assert_state(&fund(world), &expected);
    assert_eq!(token::balance(&world.chain, &clearinghouse.vault), vault + taken.unsigned_abs());
    assert_eq!(token::balance(&world.chain, &source), before + offered.unsigned_abs() - taken.unsigned_abs());
    let fact_expected = BadDebtRepaid {
        clearinghouse: world.clearinghouse,
        owner: debtor(world),
        payer: payer(world).pubkey(),
        amount: taken,
        to_deficit,
        bad_debt_before,
        bad_debt_after: owner.bad_debt,
        deficit_after: clearinghouse.deficit,
        insurance_after: expected.balance,
    };
    assert_eq!(fact, fact_expected);
    world.full_check();
}

#[test]
fn a_repayment_covers_the_deficit_first_and_the_rest_reaches_the_fund() {
    let world = with_bad_debt();
    let (deficit, owed) = (world.directory().clearinghouse.deficit, record(&world).bad_debt);
    check_repayment(&world, 1, (1, 1));
    check_repayment(&world, deficit - 2, (deficit - 2, deficit - 2));
    check_repayment(&world, 10, (10, 1));
    check_repayment(&world, owed - deficit - 10, (owed - deficit - 10, 0));
    assert_eq!(record(&world).bad_debt, 1);
    check_repayment(&world, 1, (1, 0));
    assert_eq!((record(&world).bad_debt, world.directory().clearinghouse.deficit), (0, 0));
}

#[test]
fn no_more_than_is_owed_is_taken() {
    let world = with_bad_debt();
    let (deficit, owed) = (world.directory().clearinghouse.deficit, record(&world).bad_debt);
    check_repayment(&world, owed + 1_000, (owed, deficit));
    let world = with_bad_debt();
    let source = quote_wallet(&world, &payer(&world), owed.unsigned_abs());
    let repay = instruction_of(&world, &source, u64::MAX);
    send_signed(&world, repay, &[&payer(&world)]).expect("as much as is owed");
    assert_eq!((record(&world).bad_debt, token::balance(&world.chain, &source)), (0, 0));
    world.full_check();
}

#[test]
fn whoever_caused_the_deficit_a_repayment_covers_it() {
    // The owner owes half of what is open; all it repays lowers the deficit.
    let world = with_deficit();
    let (deficit, owed) = (world.directory().clearinghouse.deficit, record(&world).bad_debt);
    assert_eq!(deficit, owed);
    edit::<Owner>(&world, &record_key(&world), |owner| owner.bad_debt = owed / 2);
    check_repayment(&world, owed, (owed / 2, owed / 2));
}

#[test]
fn at_zero_the_owners_accounts_take_new_risk_again() {
    let world = with_bad_debt();
    let key = &world.traders[SELLER].key;
    let args = MarginAccountOpenArgs { id: 1, mode: MODE_CROSS };
    let open = instruction::margin_account_open(&world.clearinghouse, &key.pubkey(), &key.pubkey(), args);
    world.deposit(SELLER, 20_000 * QUOTE.unsigned_abs()).expect("deposit");
    let short = || world.trade_at_mark(BUYER, SELLER, &call(&world), 1);
    let owed = record(&world).bad_debt;
    repay(&world, owed.unsigned_abs() - 1).expect("all but one atom");
    refused_numbers(&world, "BadDebtOpen", (1, 0), || send(&world, open.clone(), &[key]));
    refused(&world, "CuringShortGrows", short);
    repay(&world, 1).expect("the last atom");
    send(&world, open.clone(), &[key]).expect("open");
    short().expect("trade");
    world.full_check();
}

#[test]
fn an_owner_without_bad_debt_is_refused() {
    let world = World::new();
    let source = quote_wallet(&world, &payer(&world), 1);
    refused(&world, "BadDebtNone", || repay_from(&world, &source, 1));
    let world = with_bad_debt();
    repay(&world, record(&world).bad_debt.unsigned_abs()).expect("all");
    let source = quote_wallet(&world, &payer(&world), 1);
    refused(&world, "BadDebtNone", || repay_from(&world, &source, 1));
    edit::<Owner>(&world, &record_key(&world), |owner| owner.bad_debt = -1);
    refused(&world, "BadDebtNone", || repay_from(&world, &source, 1));
}

#[test]
fn a_transfer_that_moves_another_amount_is_refused() {
    let world = with_bad_debt();
    let source = quote_wallet(&world, &payer(&world), 100);
    replace_token_program(&world);
    let send = || send_signed(&world, instruction_of(&world, &source, 5), &[&payer(&world)]);
    refused_numbers(&world, "VaultDeltaMismatch", (0, 5), send);
}

#[test]
fn a_wrong_source_and_an_amount_that_is_not_there_are_refused() {
    let world = with_bad_debt();
    check_source(&world, &payer(&world), |source, amount| instruction_of(&world, source, amount));
    world.full_check();
}

#[test]
fn a_frozen_source_and_a_frozen_vault_are_refused() {
    let world = with_bad_debt();
    check_frozen(&world, &payer(&world), |source, amount| instruction_of(&world, source, amount));
}

#[test]
fn record_fund_and_vault_are_those_of_the_clearinghouse() {
    let world = with_bad_debt();
    let (payer, own) = (payer(&world), world.directory().clearinghouse);
    let repayment = instruction_of(&world, &quote_wallet(&world, &payer, 100), 1);
    let key = other_clearinghouse(&world);
    let other = world.chain.load::<Clearinghouse>(&key).expect("another");
    world.govern(instruction::owner_create(&key, &debtor(&world), &world.governance.pubkey()));
    edit::<Owner>(&world, &address::owner(&key, &debtor(&world)), |owner| owner.bad_debt = 5);
    let exchanges = [
        ("InsuranceMismatch", own.insurance, other.insurance),
        ("InsuranceMismatch", world.clearinghouse, key),
        ("VaultMismatch", own.vault, other.vault),
        ("ClearinghouseMismatch", record_key(&world), address::owner(&key, &debtor(&world))),
        ("BadDebtNone", record_key(&world), address::owner(&world.clearinghouse, &world.traders[BUYER].address())),
    ];
    for (rule, mine, wrong) in exchanges {
        refused(&world, rule, || send_signed(&world, exchanged(&repayment, &mine, &wrong), &[&payer]));
    }
}

#[test]
fn the_payer_signs_and_every_account_is_of_its_type() {
    let world = with_bad_debt();
    let payer = payer(&world);
    let repayment = instruction_of(&world, &quote_wallet(&world, &payer, 100), 1);
    check_account_list(&world, &repayment, &[&payer]);
    let accounts = [
        (world.clearinghouse, std::mem::offset_of!(Clearinghouse, version)),
        (record_key(&world), std::mem::offset_of!(Owner, version)),
        (world.directory().clearinghouse.insurance, std::mem::offset_of!(InsuranceFund, version)),
    ];
    for (key, version_at) in accounts {
        check_type(&world, &repayment, &key, version_at, &[&payer]);
    }
}
