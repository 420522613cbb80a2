//! `delegate_set`.

use plimsoll::events::DelegateChanged;
use plimsoll::state::{DelegateData, DelegateTerms, MarginAccount};
use plimsoll::DelegateSetArgs;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{Ledger, SendOptions};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::world::{event, World, COMPUTE_LIMIT};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::bounds::{bounds, check_bounds, Bound};
use crate::forge::*;
use crate::support::*;

const OWNER: usize = 0;

const BOUNDS: &[Bound<DelegateSetArgs>] = bounds! { DelegateSetArgs:
    expires_at in 0, i64::MAX;
    budget in 0, 1_000_000_000_000_000;
    window_seconds in 60, 31_536_000;
    actions in 1, 3;
};

const NONE: DelegateSetArgs = DelegateSetArgs {
    delegate: Pubkey::new_from_array([0; 32]),
    expires_at: 0,
    budget: 0,
    window_seconds: 0,
    actions: 0,
};

fn args(world: &World) -> DelegateSetArgs {
    let expires_at = world.chain.time() + 86_400;
    DelegateSetArgs {
        delegate: named_address("delegate"),
        expires_at,
        budget: 1_000,
        window_seconds: 3_600,
        actions: 3,
    }
}

fn set(world: &World, args: DelegateSetArgs) -> Sent {
    send_signed(world, instruction::delegate_set(&world.account(OWNER), args), &[&world.traders[OWNER].key])
}

/// Sets the delegate and checks account and event to the last field.
fn check_set(world: &World, args: DelegateSetArgs) {
    let mut expected = world.account(OWNER);
    let fact: DelegateChanged = event(&set(world, args).expect("set"));
    let terms = DelegateTerms {
        expires_at: args.expires_at,
        budget: args.budget,
        spent: 0,
        window_start: world.chain.time(),
        window_seconds: args.window_seconds,
        actions: args.actions,
    };
    let delegate_before = expected.delegate.key;
    expected.delegate = DelegateData { key: args.delegate, terms };
    expected.sequence += 1;
    assert_state(&world.account(OWNER), &expected);
    let fact_expected = DelegateChanged {
        margin_account: world.traders[OWNER].account,
        delegate_before,
        delegate_after: args.delegate,
        expires_at: args.expires_at,
        budget: args.budget,
        window_seconds: args.window_seconds,
        actions: args.actions,
        sequence: expected.sequence,
    };
    assert_eq!(fact, fact_expected);
}

#[test]
fn the_owner_sets_changes_and_removes_the_delegate() {
    let world = World::new();
    check_set(&world, args(&world));
    world.chain.advance(10);
    check_set(&world, DelegateSetArgs { delegate: named_address("another"), actions: 1, ..args(&world) });
    check_set(&world, DelegateSetArgs { budget: 0, ..args(&world) });
    check_set(&world, NONE);
    check_set(&world, NONE);
    world.full_check();
}

#[test]
fn setting_the_delegate_again_starts_its_budget_anew() {
    let world = World::new();
    let delegate = somebody(&world, "delegate");
    set_delegate(&world, OWNER, &delegate, 1, 10_000_000_000);
    trade_by(&world, (OWNER, &delegate), (1, &world.traders[1].key), at_mark(&world, OWNER, 1, &call(&world), 5))
        .expect("trade");
    assert!(world.account(OWNER).delegate.terms.spent > 0);
    check_set(&world, args(&world));
}

#[test]
fn nobody_but_the_owner_sets_it() {
    let world = World::new();
    let delegate = somebody(&world, "delegate");
    set_delegate(&world, OWNER, &delegate, 3, 1_000);
    let owner = world.traders[OWNER].address();
    for key in [delegate, somebody(&world, "stranger"), world.traders[1].key.insecure_clone()] {
        for args in [args(&world), NONE] {
            let own = instruction::delegate_set(&world.account(OWNER), args);
            let forged = exchanged(&own, &owner, &key.pubkey());
            refused(&world, "OwnerMismatch", || send_signed(&world, forged, &[&key]));
        }
    }
}

#[test]
fn a_removed_or_replaced_delegate_acts_no_more() {
    let world = World::new();
    let [old, new] = ["old", "new"].map(|name| somebody(&world, name));
    let trade =
        |key| trade_by(&world, (OWNER, key), (1, &world.traders[1].key), at_mark(&world, 0, 1, &call(&world), 1));
    set_delegate(&world, OWNER, &old, 1, 10_000_000_000);
    trade(&old).expect("the delegate trades");
    set_delegate(&world, OWNER, &new, 1, 10_000_000_000);
    refused(&world, "SignerNotAuthorised", || trade(&old));
    trade(&new).expect("the new delegate trades");
    set(&world, NONE).expect("remove");
    refused(&world, "SignerNotAuthorised", || trade(&new));
}

#[test]
fn what_was_signed_before_the_change_fails() {
    let world = World::new();
    let signed = at_mark(&world, OWNER, 1, &call(&world), 1);
    for args in [args(&world), NONE] {
        set(&world, args).expect("set");
        refused(&world, "SequenceMismatch", || world.trade_with(OWNER, 1, signed));
    }
    world.trade_at_mark(OWNER, 1, &call(&world), 1).expect("signed for the present sequence");
}

#[test]
fn terms_are_taken_within_their_hard_ranges_and_refused_beyond() {
    let world = World::new();
    let owner = &world.traders[OWNER].key;
    check_bounds(BOUNDS, args(&world), true, |args| {
        let set = instruction::delegate_set(&world.account(OWNER), args);
        world.chain.simulate(&[set], &[owner], &SendOptions::with_compute_limit(COMPUTE_LIMIT))
    });
    for actions in [1, 2, 3] {
        check_set(&world, DelegateSetArgs { actions, ..args(&world) });
    }
}

#[test]
fn an_owner_is_not_its_own_delegate() {
    let world = World::new();
    let delegate = world.traders[OWNER].address();
    refused(&world, "DelegateTerms", || set(&world, DelegateSetArgs { delegate, ..args(&world) }));
}

#[test]
fn no_delegate_has_no_terms() {
    let world = World::new();
    let leftovers = [
        DelegateSetArgs { expires_at: 1, ..NONE },
        DelegateSetArgs { expires_at: i64::MIN, ..NONE },
        DelegateSetArgs { budget: 1, ..NONE },
        DelegateSetArgs { budget: -1, ..NONE },
        DelegateSetArgs { window_seconds: 1, ..NONE },
        DelegateSetArgs { actions: 1, ..NONE },
        DelegateSetArgs { delegate: Pubkey::default(), ..args(&world) },
    ];
    for args in leftovers {
        refused(&world, "DelegateTerms", || set(&world, args));
    }
}

#[test]
fn the_owner_signs_and_the_account_is_of_its_type() {
    let world = World::new();
    let own = instruction::delegate_set(&world.account(OWNER), args(&world));
    let key = &world.traders[OWNER].key;
    check_account_list(&world, &own, &[key]);
    let account = world.traders[OWNER].account;
    check_type(&world, &own, &account, std::mem::offset_of!(MarginAccount, version), &[key]);
}

#[test]
fn an_account_in_auction_keeps_its_delegate_and_its_sequence() {
    let world = in_auction();
    let bid = bid_args(&world, SELLER, 100_000);
    let set = instruction::delegate_set(&world.account(SELLER), args(&world));
    refused(&world, "AccountInAuction", || send_signed(&world, set, &[&world.traders[SELLER].key]));
    bid_with(&world, (SELLER, LIQUIDATOR), false, bid).expect("the bid still stands");
}
