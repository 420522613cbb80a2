//! Isolated mode: what may share an account.

use plimsoll_core::position::OptionKind::{Call, Put};

use super::chain::PLAIN;
use super::fixtures::{expiry, position, OwnedBook};

const USD: i64 = 1_000_000;

#[test]
fn several_legs_of_one_expiry_are_isolated_and_a_second_expiry_is_not() {
    let one = expiry(86_400, 50, &[1_000 * USD, 2_000 * USD]);
    let legs = vec![position(0, 0, Call, 1), position(0, 1, Put, -2)];
    let book = OwnedBook::one(1_500 * USD, PLAIN, vec![one.clone()], legs.clone());
    assert!(book.with(|b| b.is_isolated()));
    let book = OwnedBook::one(1_500 * USD, PLAIN, vec![one.clone(), one], legs);
    assert!(!book.with(|b| b.is_isolated()));
}

#[test]
fn a_second_underlying_is_not_isolated() {
    let mut book = OwnedBook::one(1_500 * USD, PLAIN, vec![], vec![]);
    assert!(book.with(|b| b.is_isolated()));
    book.underlyings.push(book.underlyings[0]);
    assert!(!book.with(|b| b.is_isolated()));
}
