//! `owner_create`.

use bytemuck::Zeroable;
use plimsoll::constants::seeds;
use plimsoll::events::OwnerCreated;
use plimsoll::state::{Clearinghouse, Owner};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::world::{event, World};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::forge::*;
use crate::support::*;

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

/// Somebody who is not the owner registers it and pays.
fn register(world: &World, clearinghouse: &Pubkey, owner: &Pubkey) -> Sent {
    let payer = payer(world);
    send_signed(world, instruction::owner_create(clearinghouse, owner, &payer.pubkey()), &[&payer])
}

fn check_registered(world: &World, clearinghouse: &Pubkey, owner: &Pubkey) {
    let expected = Owner {
        clearinghouse: *clearinghouse,
        owner: *owner,
        version: 1,
        bump: bump(&[seeds::OWNER, clearinghouse.as_ref(), owner.as_ref()]),
        ..Zeroable::zeroed()
    };
    assert_state(&world.chain.load::<Owner>(&address::owner(clearinghouse, owner)).expect("record"), &expected);
}

#[test]
fn a_record_starts_with_id_0_next_and_no_bad_debt() {
    let world = bare();
    let (owner, payer) = (named_address("owner"), payer(&world));
    let before = lamports(&world, &payer.pubkey());
    let sent = register(&world, &world.clearinghouse, &owner).expect("register");
    check_registered(&world, &world.clearinghouse, &owner);
    let record = world.chain.load::<Owner>(&address::owner(&world.clearinghouse, &owner)).expect("record");
    assert_eq!((record.next_account, record.bad_debt), (0, 0));
    let fact: OwnerCreated = event(&sent);
    assert_eq!(fact, OwnerCreated { clearinghouse: world.clearinghouse, owner });
    let rent = world.chain.rent(8 + size_of::<Owner>());
    assert_eq!(before - lamports(&world, &payer.pubkey()), rent, "the payer pays the rent");
    world.full_check();
}

#[test]
fn anyone_registers_any_key_once_in_each_clearinghouse() {
    let world = bare();
    let other = other_clearinghouse(&world);
    for clearinghouse in [world.clearinghouse, other] {
        for owner in [named_address("owner"), Pubkey::default(), world.clearinghouse, payer(&world).pubkey()] {
            register(&world, &clearinghouse, &owner).expect("register");
            check_registered(&world, &clearinghouse, &owner);
            refused(&world, "AccountExists", || register(&world, &clearinghouse, &owner));
        }
    }
}

#[test]
fn bad_debt_and_the_next_id_are_never_reset() {
    let world = World::new();
    let owner = world.traders[0].address();
    let record = address::owner(&world.clearinghouse, &owner);
    edit::<Owner>(&world, &record, |state| state.bad_debt = 7);
    refused(&world, "AccountExists", || register(&world, &world.clearinghouse, &owner));
    let state = world.chain.load::<Owner>(&record).expect("record");
    assert_eq!((state.bad_debt, state.next_account), (7, 1));
}

#[test]
fn an_address_that_somebody_funded_beforehand_still_initialises() {
    let world = bare();
    let bytes = 8 + size_of::<Owner>();
    for prefund in prefunds(&world, bytes) {
        let owner = named_address(&format!("owner {prefund}"));
        let key = address::owner(&world.clearinghouse, &owner);
        world.chain.airdrop(&key, prefund);
        register(&world, &world.clearinghouse, &owner).expect("register");
        check_registered(&world, &world.clearinghouse, &owner);
        assert_eq!(lamports(&world, &key), world.chain.rent(bytes).max(prefund));
    }
}

#[test]
fn a_record_stands_at_its_address_and_nowhere_else() {
    let world = bare();
    let (owner, other, payer) = (named_address("owner"), named_address("other"), payer(&world));
    let create = instruction::owner_create(&world.clearinghouse, &owner, &payer.pubkey());
    let own = address::owner(&world.clearinghouse, &owner);
    let foreign = address::owner(&other_clearinghouse(&world), &owner);
    for wrong in [address::owner(&world.clearinghouse, &other), foreign] {
        refused(&world, "AddressMismatch", || send_signed(&world, exchanged(&create, &own, &wrong), &[&payer]));
    }
}

#[test]
fn the_payer_signs_and_every_account_is_of_its_type() {
    let world = bare();
    let payer = payer(&world);
    let create = instruction::owner_create(&world.clearinghouse, &named_address("owner"), &payer.pubkey());
    check_account_list(&world, &create, &[&payer]);
    let version_at = std::mem::offset_of!(Clearinghouse, version);
    check_type(&world, &create, &world.clearinghouse, version_at, &[&payer]);
}
