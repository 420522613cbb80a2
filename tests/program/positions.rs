//! Legs and slots against a plain map: random trades and fractional transfers between accounts.

use std::collections::BTreeMap;

use bytemuck::Zeroable;
use plimsoll::constants::INDEX_NONE;
use plimsoll::positions::{expiry_slot_clear, leg_change, leg_quantity, legs_transfer, Series};
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED};
use plimsoll::state::MarginAccount;
use plimsoll_core::liquidation::{leg_taken, Fraction};
use plimsoll_core::position::OptionKind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Key = (u16, i64, u8, u8);
type Model = BTreeMap<Key, i32>;

fn account() -> Box<MarginAccount> {
    let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
    account.underlyings = [INDEX_NONE; 3];
    account.mode = MODE_CROSS;
    account
}

fn series(key: Key) -> Series {
    let kind = if key.3 == 0 { OptionKind::Call } else { OptionKind::Put };
    Series { underlying: key.0, expiry: key.1, strike: key.2, kind }
}

fn key(series: &Series) -> Key {
    (series.underlying, series.expiry, series.strike, series.kind.to_u8())
}

/// Legs are those of the model, dense, each on a slot in use; slots hold exactly their legs.
fn check(account: &MarginAccount, model: &Model) {
    let mut found = Model::new();
    let mut legs = [0u16; 12];
    for leg in account.legs() {
        assert_ne!(leg.quantity, 0, "an empty leg stays");
        let slot = account.expiries[usize::from(leg.expiry_slot)];
        assert_ne!(slot.expiry, 0, "a leg stands on a free slot");
        legs[usize::from(leg.expiry_slot)] += 1;
        let underlying = account.underlyings[usize::from(slot.underlying_slot)];
        assert_ne!(underlying, INDEX_NONE, "an expiry stands on a free underlying");
        let twice = found.insert((underlying, slot.expiry, leg.strike, leg.kind), leg.quantity);
        assert!(twice.is_none(), "a series stands twice");
    }
    assert_eq!(&found, model);
    for (slot, legs) in account.expiries.iter().zip(legs) {
        assert_eq!(slot.legs, legs);
        assert_eq!(slot.expiry == 0, legs == 0);
    }
    for (at, index) in account.underlyings.iter().enumerate() {
        let used = account.expiries.iter().any(|slot| slot.expiry != 0 && usize::from(slot.underlying_slot) == at);
        assert_eq!(*index != INDEX_NONE, used);
    }
    let rest = &account.positions[usize::from(account.position_count)..];
    assert!(rest.iter().all(|leg| *leg == Zeroable::zeroed()), "legs above the count are zero");
}

fn add(model: &mut Model, key: Key, quantity: i32) {
    let sum = model.get(&key).copied().unwrap_or(0) + quantity;
    if sum == 0 {
        model.remove(&key);
    } else {
        model.insert(key, sum);
    }
}

fn random_key(random: &mut ChaCha8Rng) -> Key {
    (
        random.random_range(0..4),
        1_000 + random.random_range(0..5),
        random.random_range(0..12),
        random.random_range(0..2),
    )
}

/// A change that an account refuses leaves it as it was.
fn change(account: &mut MarginAccount, model: &mut Model, key: Key, quantity: i32) {
    let before = model.get(&key).copied().unwrap_or(0);
    assert_eq!(leg_quantity(account, &series(key)), before);
    let Ok(change) = leg_change(account, &series(key), quantity) else { return };
    assert_eq!((change.before.0, change.after.0), (before, before + quantity));
    add(model, key, quantity);
}

#[test]
fn legs_and_slots_follow_any_sequence_of_trades_and_transfers() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..300 {
        let (mut one, mut other) = (account(), account());
        let (mut model_one, mut model_other) = (Model::new(), Model::new());
        for _ in 0..random.random_range(1..250) {
            let key = random_key(&mut random);
            let quantity = random.random_range(-40..40);
            change(&mut one, &mut model_one, key, quantity);
            let key = random_key(&mut random);
            change(&mut other, &mut model_other, key, random.random_range(-3..3));
        }
        check(&one, &model_one);
        check(&other, &model_other);
        transfer(&mut random, (&mut one, &mut model_one), (&mut other, &mut model_other));
    }
}

fn transfer(
    random: &mut ChaCha8Rng,
    (one, model_one): (&mut MarginAccount, &mut Model),
    (other, model_other): (&mut MarginAccount, &mut Model),
) {
    let fraction = Fraction(random.random_range(1..=1_000_000_000));
    let fraction = if random.random_range(0..4) == 0 { Fraction::ONE } else { fraction };
    let long = |a: &Model, b: &Model| -> i64 { a.values().chain(b.values()).map(|q| i64::from((*q).max(0))).sum() };
    let long_before = long(model_one, model_other);
    let mut interest_change = 0i64;
    let mut moved = Model::new();
    let done = legs_transfer(
        one,
        other,
        |leg| leg_taken(leg, fraction),
        |series, leg, interest| {
            moved.insert(key(series), leg.after.0 - leg.before.0);
            interest_change += interest;
            Ok(())
        },
    );
    if done.is_err() {
        // More underlyings than the receiver has slots: the transaction would be undone.
        return;
    }
    for (key, quantity) in moved {
        add(model_one, key, -quantity);
        add(model_other, key, quantity);
    }
    check(one, model_one);
    check(other, model_other);
    assert_eq!(long(model_one, model_other) - long_before, interest_change);
    if fraction == Fraction::ONE {
        assert!(model_one.is_empty(), "everything moves at fraction one");
    }
}

#[test]
fn a_full_account_nets_into_a_full_account() {
    let (mut one, mut other) = (account(), account());
    for at in 0..256u16 {
        let key: Key = (0, 1_000 + i64::from(at / 128), u8::try_from(at % 64).unwrap(), u8::from(at % 128 >= 64));
        leg_change(&mut one, &series(key), 5).unwrap();
        leg_change(&mut other, &series(key), -5).unwrap();
    }
    assert!(leg_change(&mut one, &series((0, 2_000, 0, 0)), 1).is_err(), "a leg beyond the last is refused");
    let mut interest = 0;
    legs_transfer(
        &mut one,
        &mut other,
        |leg| leg_taken(leg, Fraction::ONE),
        |_, _, change| {
            interest += change;
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(interest, -5 * 256);
    check(&one, &Model::new());
    check(&other, &Model::new());
}

#[test]
fn clearing_an_expiry_hands_over_each_leg_once_and_frees_its_slots() {
    let mut one = account();
    let mut model = Model::new();
    for strike in 0..20 {
        change(&mut one, &mut model, (1, 1_000, strike, 0), 3);
        change(&mut one, &mut model, (2, 1_000, strike, 1), -2);
    }
    let slot = u8::try_from(one.expiry_slot(1, 1_000).unwrap()).unwrap();
    let mut sum = 0;
    expiry_slot_clear(&mut one, slot, |leg| {
        sum += leg.quantity;
        Ok(())
    })
    .unwrap();
    assert_eq!(sum, 60);
    model.retain(|key, _| key.0 == 2);
    check(&one, &model);
    assert!(!one.holds_underlying(1));
}

#[test]
fn an_isolated_account_holds_one_expiry_of_one_underlying() {
    let mut one = account();
    one.mode = MODE_ISOLATED;
    leg_change(&mut one, &series((0, 1_000, 0, 0)), 1).unwrap();
    leg_change(&mut one, &series((0, 1_000, 1, 1)), -1).unwrap();
    assert!(leg_change(&mut one, &series((0, 1_001, 0, 0)), 1).is_err());
    assert!(leg_change(&mut one, &series((1, 1_000, 0, 0)), 1).is_err());
    leg_change(&mut one, &series((0, 1_000, 0, 0)), -1).unwrap();
    leg_change(&mut one, &series((0, 1_000, 1, 1)), 1).unwrap();
    leg_change(&mut one, &series((1, 1_001, 0, 0)), 1).unwrap();
}
