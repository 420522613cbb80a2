//! `expiry_sweep`.

use plimsoll::events::ExpirySwept;
use plimsoll::state::{Clearinghouse, Expiry, InsuranceFund};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, SOL};
use solana_program::instruction::AccountMeta;

use crate::support::*;

const CLEARINGHOUSE: usize = 0;
const INSURANCE: usize = 1;
const EXPIRY: usize = 2;

/// A world with fees in the first expiry of BTC.
fn traded() -> World {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    world
}

fn sweep(world: &World) -> Result<Outcome, LedgerError> {
    world.crank(instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0]))
}

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let mut lie = instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0]);
    change(&mut lie.accounts);
    refused(world, rule, || world.crank(lie));
}

fn books(world: &World) -> Clearinghouse {
    world.directory().clearinghouse
}

/// Sets the expiry's fees to `fees`; the difference comes out of a trader's cash, so that the books still balance.
fn set_fees(world: &World, fees: i64) {
    let before = world.expiry(&call(world)).fees_accrued;
    edit_account(world, 0, |account| account.cash -= fees - before);
    let address = world.directory().expiry(BTC, world.expiries[0]);
    edit::<Expiry>(world, &address, |expiry| expiry.fees_accrued = fees);
}

/// Records a deficit of `deficit` against as much in a trader's cash.
fn set_deficit(world: &World, deficit: i64) {
    edit::<Clearinghouse>(world, &world.clearinghouse, |books| {
        books.deficit = deficit;
        books.deficit_locked = deficit / 2;
        books.deficit_epoch = 1;
    });
    edit_account(world, 0, |account| account.cash += deficit);
}

fn set_share(world: &World, insurance_share: u32) {
    edit::<Clearinghouse>(world, &world.clearinghouse, |books| books.parameters.insurance_share = insurance_share);
}

#[test]
fn a_sweep_splits_the_fees_and_changes_nothing_else() {
    let world = traded();
    set_fees(&world, 1_000_001);
    let (books_before, fund_before, expiry_before) = (books(&world), fund(&world), world.expiry(&call(&world)));
    let fact: ExpirySwept = event(&sweep(&world).expect("sweep"));

    // Half each; the odd atom is the fund's.
    let expected = Clearinghouse { surplus: books_before.surplus + 500_000, ..books_before };
    assert_eq!(bytemuck::bytes_of(&books(&world)), bytemuck::bytes_of(&expected));
    let expected = InsuranceFund {
        balance: fund_before.balance + 500_001,
        received_total: fund_before.received_total + 500_001,
        ..fund_before
    };
    assert_eq!(bytemuck::bytes_of(&fund(&world)), bytemuck::bytes_of(&expected));
    let expected = Expiry { fees_accrued: 0, ..expiry_before };
    assert_eq!(bytemuck::bytes_of(&world.expiry(&call(&world))), bytemuck::bytes_of(&expected));
    assert_eq!(fact.expiry_account, world.directory().expiry(BTC, world.expiries[0]));
    assert_eq!((fact.fees, fact.to_deficit, fact.to_insurance, fact.to_surplus), (1_000_001, 0, 500_001, 500_000));
    assert_eq!((fact.insurance_after, fact.surplus_after), (fund(&world).balance, books(&world).surplus));
    world.full_check();
}

#[test]
fn the_surplus_rounds_down_at_every_share() {
    for (share, fees, surplus) in [
        (1_000_000, 1_000_001, 0),
        (999_999, 1_999_999, 1),
        (999_999, 999_999, 0),
        (333_333, 10, 6),
        (500_000, 1, 0),
        (100_000, 9, 8),
        (100_000, 10, 9),
    ] {
        let world = traded();
        set_share(&world, share);
        set_fees(&world, fees);
        let fact: ExpirySwept = event(&sweep(&world).expect("sweep"));
        assert_eq!((fact.to_surplus, fact.to_insurance), (surplus, fees - surplus), "share {share}, fees {fees}");
        world.full_check();
    }
}

#[test]
fn a_recorded_deficit_is_covered_first() {
    for (deficit, fees, covered) in [(1_000, 400, 400), (1_000, 999, 999), (1_000, 1_000, 1_000), (1_000, 1_400, 1_000)]
    {
        let world = traded();
        set_fees(&world, fees);
        set_deficit(&world, deficit);
        let fact: ExpirySwept = event(&sweep(&world).expect("sweep"));
        let rest = fees - covered;
        assert_eq!((fact.to_deficit, fact.to_insurance, fact.to_surplus), (covered, rest - rest / 2, rest / 2));
        let after = books(&world);
        assert_eq!(after.deficit, deficit - covered);
        let locked = if covered == deficit { 0 } else { deficit / 2 };
        assert_eq!((after.deficit_locked, after.deficit_epoch), (locked, 1), "locks end with the deficit");
        world.full_check();
    }
}

#[test]
fn the_fund_covers_what_the_fees_leave_of_a_deficit() {
    for (held, left, rest) in [(400, 200, 0), (600, 0, 0), (1_000, 0, 400)] {
        let world = traded();
        set_fees(&world, 400);
        set_deficit(&world, 1_000);
        edit::<InsuranceFund>(&world, &books(&world).insurance, |fund| fund.balance = held);
        edit_account(&world, 1, |account| account.cash -= held);
        let fact: ExpirySwept = event(&sweep(&world).expect("sweep"));
        assert_eq!((fact.to_deficit, fact.to_insurance, fact.to_surplus), (400, 0, 0));
        assert_eq!((books(&world).deficit, fund(&world).balance), (left, rest), "the fund held {held}");
        world.full_check();
    }
}

#[test]
fn an_expiry_is_swept_in_every_status() {
    let world = traded();
    sweep(&world).expect("live");
    world.trade_at_mark(1, 0, &call(&world), 1).expect("trade");
    world.chain.set_time(world.expiries[0]);
    sweep(&world).expect("over");
    let world = traded();
    settle_expiry(&world, &call(&world));
    sweep(&world).expect("settled");
    for index in [0, 1] {
        settle_account(&world, index, &call(&world)).expect("settle");
    }
    refused(&world, "FeesNone", || sweep(&world));
    world.full_check();
}

#[test]
fn a_sweep_needs_no_price_and_nobodys_signature() {
    let world = traded();
    world.chain.advance(3 * 86_400);
    let step = instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0]);
    assert!(step.accounts.iter().all(|meta| !meta.is_signer));
    let anyone = world.chain.wallet("anyone");
    send(&world, step, &[&anyone]).expect("sweep");
}

#[test]
fn an_expiry_without_fees_is_refused() {
    let world = World::new();
    refused(&world, "FeesNone", || sweep(&world));
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    sweep(&world).expect("sweep");
    refused(&world, "FeesNone", || sweep(&world));
    let step = instruction::expiry_sweep(&world.directory(), SOL, world.expiries[0]);
    refused(&world, "FeesNone", || world.crank(step));
}

#[test]
fn fees_are_swept_once_within_a_transaction() {
    let world = traded();
    let step = instruction::expiry_sweep(&world.directory(), BTC, world.expiries[0]);
    refused(&world, "FeesNone", || world.send(&[step.clone(), step.clone()], &[&world.governance]));
}

#[test]
fn amounts_beyond_the_integers_are_refused() {
    let world = traded();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |books| books.surplus = i64::MAX);
    refused(&world, "Overflow", || sweep(&world));
    let world = traded();
    edit::<InsuranceFund>(&world, &books(&world).insurance, |fund| fund.balance = i64::MAX);
    refused(&world, "Overflow", || sweep(&world));
}

#[test]
fn another_fund_and_another_clearinghouse_are_refused() {
    let world = traded();
    let other = other_clearinghouse(&world);
    let fund = insurance_of(&world, &other);
    refused_account(&world, "InsuranceMismatch", |accounts| accounts[INSURANCE].pubkey = fund);
    refused_account(&world, "InsuranceMismatch", |accounts| accounts[CLEARINGHOUSE].pubkey = other);
    refused_account(&world, "ClearinghouseMismatch", |accounts| {
        accounts[CLEARINGHOUSE].pubkey = other;
        accounts[INSURANCE].pubkey = fund;
    });
}

#[test]
fn accounts_of_another_type_program_or_layout_and_missing_rights_are_refused() {
    let world = World::with(&WorldOptions { expiry_days: vec![7], ..WorldOptions::default() });
    world.trade_at_mark(0, 1, &call(&world), 3).expect("trade");
    let (account, wallet) = (world.traders[0].account, world.traders[0].wallet);
    for place in [CLEARINGHOUSE, INSURANCE, EXPIRY] {
        refused_account(&world, "AccountDiscriminatorMismatch", |accounts| accounts[place].pubkey = account);
        refused_account(&world, "AccountOwnedByWrongProgram", |accounts| accounts[place].pubkey = wallet);
        refused_account(&world, "ConstraintMut", |accounts| accounts[place].is_writable = false);
    }
    let expiry = world.directory().expiry(BTC, world.expiries[0]);
    world.chain.edit_raw(&expiry, |account| account.data.truncate(500));
    refused(&world, "AccountLayout", || sweep(&world));
    let other = World::with(&WorldOptions { expiry_days: vec![7], ..WorldOptions::default() });
    other.trade_at_mark(0, 1, &call(&other), 3).expect("trade");
    edit::<Expiry>(&other, &expiry, |expiry| expiry.version = 2);
    refused_numbers(&other, "VersionUnknown", (2, 1), || sweep(&other));
    edit::<Expiry>(&other, &expiry, |expiry| expiry.version = 1);
    sweep(&other).expect("sweep");
}
