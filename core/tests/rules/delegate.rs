//! A delegate's power, actions and budget.

use plimsoll_core::delegate::*;
use plimsoll_core::error::CoreError;
use plimsoll_core::units::{Quantity, Quote};
use proptest::prelude::*;

const NOW: i64 = 10_000;

fn terms() -> DelegateTerms {
    DelegateTerms { expires_at: NOW + 100, budget: 50, spent: 0, window_start: NOW, window_seconds: 60, actions: 3 }
}

#[test]
fn its_power_ends_after_its_last_second() {
    let at = |now| terms().spend(DelegateAction::Trade, Quote(1), now);
    assert!(at(NOW + 100).is_ok());
    let expired = DelegateRefusal::Expired { now: NOW + 101, expires_at: NOW + 100 };
    assert_eq!(at(NOW + 101), Err(expired));
}

#[test]
fn it_does_only_what_it_is_allowed() {
    let only = |actions| DelegateTerms { actions, ..terms() };
    let may = |actions, action| only(actions).spend(action, Quote(0), NOW).is_ok();
    assert!(may(1, DelegateAction::Trade) && !may(1, DelegateAction::Bid));
    assert!(!may(2, DelegateAction::Trade) && may(2, DelegateAction::Bid));
    let forbidden = DelegateRefusal::Forbidden { action: 2, allowed: 1 };
    assert_eq!(only(1).spend(DelegateAction::Bid, Quote(0), NOW), Err(forbidden));
}

#[test]
fn the_budget_holds_to_the_atom_and_renews_with_the_window() {
    let half = terms().spend(DelegateAction::Trade, Quote(30), NOW + 1).unwrap();
    assert_eq!(half.spent, 30);
    assert!(half.spend(DelegateAction::Trade, Quote(20), NOW + 59).is_ok());
    let refused = DelegateRefusal::Budget { spent: 51, budget: 50 };
    assert_eq!(half.spend(DelegateAction::Trade, Quote(21), NOW + 59), Err(refused));
    let renewed = half.spend(DelegateAction::Trade, Quote(50), NOW + 60).unwrap();
    assert_eq!((renewed.spent, renewed.window_start), (50, NOW + 60));
    // A negative cost gives nothing back.
    assert_eq!(half.spend(DelegateAction::Trade, Quote(-9), NOW + 1).unwrap().spent, 30);
}

#[test]
fn cost_is_the_fee_and_the_adverse_price() {
    let at = |quantity, price| cost(Quantity(quantity), Quote(price), Quote(100), Quote(7)).unwrap().0;
    assert_eq!(at(3, 110), 37); // buys above the mark
    assert_eq!(at(3, 90), 7);
    assert_eq!(at(-3, 90), 37); // sells below the mark
    assert_eq!(at(-3, 110), 7);
    let wide = cost(Quantity(i32::MAX), Quote(i64::MAX), Quote(0), Quote(0));
    assert_eq!(wide, Err(CoreError::Overflow));
}

#[test]
fn terms_have_ranges() {
    let field = |terms: DelegateTerms| terms.validate().map_err(|error| error.field);
    assert_eq!(field(terms()), Ok(()));
    assert_eq!(field(DelegateTerms { actions: 0, ..terms() }), Err("actions"));
    assert_eq!(field(DelegateTerms { actions: ALL_ACTIONS + 1, ..terms() }), Err("actions"));
    assert_eq!(field(DelegateTerms { budget: -1, ..terms() }), Err("budget"));
    assert_eq!(field(DelegateTerms { window_seconds: 59, ..terms() }), Err("window_seconds"));
    assert_eq!(field(DelegateTerms { expires_at: -1, ..terms() }), Err("expires_at"));
}

proptest! {
    #[test]
    fn no_input_panics(a: i64, b: i64, c: i64, d: i64, w: u32, actions: u32, cost_of: i64, now: i64, q: i32) {
        let terms = DelegateTerms {
            expires_at: a, budget: b, spent: c, window_start: d, window_seconds: w, actions,
        };
        let _ = (terms.spend(DelegateAction::Bid, Quote(cost_of), now), terms.validate());
        let _ = cost(Quantity(q), Quote(a), Quote(b), Quote(c));
    }
}
