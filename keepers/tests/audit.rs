//! The audit: what fails twice by the same amount.
use plimsoll_client::status::Broken;
use plimsoll_core::invariants::{Equation, InvariantViolation};
use plimsoll_keeper::audit::Audit;

fn broken(place: &str, left: i128, right: i128) -> Broken {
    let equation = Equation::VaultCoversRecorded;
    Broken { place: place.to_owned(), violation: InvariantViolation { equation, left, right } }
}

#[test]
fn what_is_missing_by_the_same_amount_twice_is_reported() {
    let mut audit = Audit::default();
    assert_eq!(audit.confirm(vec![broken("vault", 90, 100)]), []);
    assert_eq!(audit.confirm(vec![broken("vault", 190, 200)]), [broken("vault", 190, 200)]);
    assert_eq!(audit.confirm(vec![broken("vault", 190, 200)]), [broken("vault", 190, 200)]);
}

#[test]
fn what_was_read_a_moment_apart_is_not() {
    let mut audit = Audit::default();
    assert_eq!(audit.confirm(vec![broken("vault", 90, 100)]), []);
    assert_eq!(audit.confirm(vec![broken("vault", 95, 100), broken("collateral", 90, 100)]), []);
    assert_eq!(audit.confirm(Vec::new()), []);
    assert_eq!(audit.confirm(vec![broken("vault", 95, 100)]), []);
}
