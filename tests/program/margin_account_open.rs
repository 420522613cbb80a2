//! `margin_account_open`.

use bytemuck::Zeroable;
use plimsoll::constants::{seeds, INDEX_NONE};
use plimsoll::events::MarginAccountOpened;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED, MODE_PORTFOLIO, STATUS_OPEN};
use plimsoll::state::{Clearinghouse, MarginAccount, Owner};
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_tests::world::{event, World};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::forge::*;
use crate::support::*;

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

/// A world with one registered owner that has no account yet.
fn registered() -> (World, Keypair) {
    let world = bare();
    let owner = somebody(&world, "owner");
    register(&world, &world.clearinghouse, &owner);
    (world, owner)
}

fn register(world: &World, clearinghouse: &Pubkey, owner: &Keypair) {
    let create = instruction::owner_create(clearinghouse, &owner.pubkey(), &world.governance.pubkey());
    world.govern(create);
}

fn instruction_of(world: &World, owner: &Pubkey, id: u16, mode: u8) -> Instruction {
    let args = MarginAccountOpenArgs { id, mode };
    instruction::margin_account_open(&world.clearinghouse, owner, &payer(world).pubkey(), args)
}

fn open(world: &World, owner: &Keypair, id: u16, mode: u8) -> Sent {
    send_signed(world, instruction_of(world, &owner.pubkey(), id, mode), &[&payer(world), owner])
}

fn record(world: &World, owner: &Keypair) -> Pubkey {
    address::owner(&world.clearinghouse, &owner.pubkey())
}

fn next_account(world: &World, owner: &Keypair) -> u16 {
    world.chain.load::<Owner>(&record(world, owner)).expect("record").next_account
}

/// The account to the byte: empty, in its mode.
fn check_opened(world: &World, owner: &Pubkey, id: u16, mode: u8) {
    let clearinghouse = world.clearinghouse;
    let expected = MarginAccount {
        clearinghouse,
        owner: *owner,
        underlyings: [INDEX_NONE; 3],
        id,
        mode,
        status: STATUS_OPEN,
        version: 1,
        bump: bump(&[seeds::MARGIN, clearinghouse.as_ref(), owner.as_ref(), &id.to_le_bytes()]),
        ..Zeroable::zeroed()
    };
    let key = address::margin_account(&clearinghouse, owner, id);
    assert_state(&world.chain.load::<MarginAccount>(&key).expect("account"), &expected);
}

#[test]
fn an_account_opens_empty_and_takes_the_next_id() {
    let (world, owner) = registered();
    let payer = payer(&world);
    let before = (lamports(&world, &payer.pubkey()), lamports(&world, &owner.pubkey()));
    let mut expected: Owner = world.chain.load(&record(&world, &owner)).expect("record");
    for (id, mode) in [(0, MODE_CROSS), (1, MODE_ISOLATED), (2, MODE_PORTFOLIO)] {
        let sent = open(&world, &owner, id, mode).expect("open");
        check_opened(&world, &owner.pubkey(), id, mode);
        let margin_account = address::margin_account(&world.clearinghouse, &owner.pubkey(), id);
        let fact: MarginAccountOpened = event(&sent);
        assert_eq!(fact, MarginAccountOpened { margin_account, owner: owner.pubkey(), id, mode });
        expected.next_account = id + 1;
        assert_state(&world.chain.load::<Owner>(&record(&world, &owner)).expect("record"), &expected);
    }
    let rent = 3 * world.chain.rent(8 + size_of::<MarginAccount>());
    assert_eq!(before.0 - lamports(&world, &payer.pubkey()), rent, "the payer pays the rent");
    assert_eq!(before.1, lamports(&world, &owner.pubkey()), "the owner pays nothing");
    world.full_check();
}

#[test]
fn only_the_owner_opens_an_account_of_its_own() {
    let (world, owner) = registered();
    let stranger = somebody(&world, "stranger");
    register(&world, &world.clearinghouse, &stranger);
    let payer = payer(&world);
    let own = instruction_of(&world, &owner.pubkey(), 0, MODE_CROSS);
    // The owner's record and account, the stranger's signature.
    let forged = exchanged(&own, &owner.pubkey(), &stranger.pubkey());
    refused(&world, "OwnerMismatch", || send_signed(&world, forged, &[&payer, &stranger]));
    // The stranger's record, the owner's account.
    let foreign = exchanged(&own, &record(&world, &owner), &record(&world, &stranger));
    refused(&world, "OwnerMismatch", || send_signed(&world, foreign, &[&payer, &owner]));
}

#[test]
fn a_delegate_opens_no_account() {
    let world = World::new();
    let (delegate, payer) = (somebody(&world, "delegate"), payer(&world));
    set_delegate(&world, 0, &delegate, 3, 1_000);
    let own = instruction_of(&world, &world.traders[0].address(), 1, MODE_CROSS);
    let forged = exchanged(&own, &world.traders[0].address(), &delegate.pubkey());
    refused(&world, "OwnerMismatch", || send_signed(&world, forged, &[&payer, &delegate]));
}

#[test]
fn a_record_of_another_clearinghouse_is_refused() {
    let (world, owner) = registered();
    let other = other_clearinghouse(&world);
    register(&world, &other, &owner);
    let own = instruction_of(&world, &owner.pubkey(), 0, MODE_CROSS);
    let foreign = exchanged(&own, &record(&world, &owner), &address::owner(&other, &owner.pubkey()));
    refused(&world, "ClearinghouseMismatch", || send_signed(&world, foreign, &[&payer(&world), &owner]));
    let foreign = exchanged(&own, &world.clearinghouse, &other);
    refused(&world, "ClearinghouseMismatch", || send_signed(&world, foreign, &[&payer(&world), &owner]));
}

#[test]
fn every_id_but_the_next_is_refused() {
    let (world, owner) = registered();
    let wrong = |id: u16, next: u16| {
        let send = || open(&world, &owner, id, MODE_CROSS);
        refused_numbers(&world, "IndexNotNext", (id.into(), next.into()), send);
    };
    for id in [1, 2, u16::MAX] {
        wrong(id, 0);
    }
    open(&world, &owner, 0, MODE_CROSS).expect("the first");
    for id in [0, 2] {
        wrong(id, 1);
    }
}

#[test]
fn an_id_is_never_handed_out_again_also_after_a_close() {
    let (world, owner) = registered();
    open(&world, &owner, 0, MODE_CROSS).expect("open");
    let key = address::margin_account(&world.clearinghouse, &owner.pubkey(), 0);
    let close = instruction::margin_account_close(&world.chain.load(&key).expect("account"));
    send_signed(&world, close, &[&owner]).expect("close");
    refused_numbers(&world, "IndexNotNext", (0, 1), || open(&world, &owner, 0, MODE_CROSS));
    open(&world, &owner, 1, MODE_CROSS).expect("the next");
    assert_eq!(next_account(&world, &owner), 2);
}

#[test]
fn the_last_id_is_never_handed_out() {
    let (world, owner) = registered();
    edit::<Owner>(&world, &record(&world, &owner), |record| record.next_account = u16::MAX - 1);
    open(&world, &owner, u16::MAX - 1, MODE_CROSS).expect("the last but one");
    check_opened(&world, &owner.pubkey(), u16::MAX - 1, MODE_CROSS);
    let last = i64::from(u16::MAX);
    refused_numbers(&world, "IndexNotNext", (last, last), || open(&world, &owner, u16::MAX, MODE_CROSS));
}

#[test]
fn an_account_that_exists_is_never_written_again() {
    let (world, owner) = registered();
    open(&world, &owner, 0, MODE_CROSS).expect("open");
    edit::<Owner>(&world, &record(&world, &owner), |record| record.next_account = 0);
    refused(&world, "AccountExists", || open(&world, &owner, 0, MODE_CROSS));
}

#[test]
fn modes_other_than_isolated_cross_and_portfolio_are_refused() {
    let (world, owner) = registered();
    for mode in [0, 4, u8::MAX] {
        refused(&world, "ModeUnsupported", || open(&world, &owner, 0, mode));
    }
}

#[test]
fn no_account_opens_while_bad_debt_is_open() {
    let (world, owner) = registered();
    let owe = |amount: i64| edit::<Owner>(&world, &record(&world, &owner), |record| record.bad_debt = amount);
    for amount in [1, i64::MAX] {
        owe(amount);
        refused_numbers(&world, "BadDebtOpen", (amount, 0), || open(&world, &owner, 0, MODE_CROSS));
    }
    owe(0);
    open(&world, &owner, 0, MODE_CROSS).expect("nothing is owed");
}

#[test]
fn an_address_that_somebody_funded_beforehand_still_initialises() {
    let (world, owner) = registered();
    let bytes = 8 + size_of::<MarginAccount>();
    for (id, prefund) in (0u16..).zip(prefunds(&world, bytes)) {
        let key = address::margin_account(&world.clearinghouse, &owner.pubkey(), id);
        world.chain.airdrop(&key, prefund);
        open(&world, &owner, id, MODE_CROSS).expect("open");
        check_opened(&world, &owner.pubkey(), id, MODE_CROSS);
        assert_eq!(lamports(&world, &key), world.chain.rent(bytes).max(prefund));
    }
}

#[test]
fn an_account_stands_at_its_address_and_nowhere_else() {
    let (world, owner) = registered();
    let own = instruction_of(&world, &owner.pubkey(), 0, MODE_CROSS);
    let at = |id| address::margin_account(&world.clearinghouse, &owner.pubkey(), id);
    for wrong in [at(1), address::margin_account(&world.clearinghouse, &payer(&world).pubkey(), 0)] {
        let forged = exchanged(&own, &at(0), &wrong);
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&payer(&world), &owner]));
    }
}

#[test]
fn owner_and_payer_sign_and_every_account_is_of_its_type() {
    let (world, owner) = registered();
    let own = instruction_of(&world, &owner.pubkey(), 0, MODE_CROSS);
    let signers = [&payer(&world), &owner];
    check_account_list(&world, &own, &signers);
    check_type(&world, &own, &world.clearinghouse, std::mem::offset_of!(Clearinghouse, version), &signers);
    check_type(&world, &own, &record(&world, &owner), std::mem::offset_of!(Owner, version), &signers);
}
