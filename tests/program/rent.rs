//! Rent of a new account, worked out without floating point.

use anchor_lang::prelude::Rent;
use plimsoll::addresses::rent_exempt_balance;
use plimsoll::error::{refused, PlimsollError};

#[allow(deprecated)] // The fields have no other names before the next version of the sysvar.
fn rent(lamports_per_byte_year: u64, exemption_threshold: f64) -> Rent {
    Rent { lamports_per_byte_year, exemption_threshold, burn_percent: 50 }
}

#[test]
fn rent_is_what_the_runtime_asks_for() {
    for (lamports, threshold) in [(3480, 2.0), (6960, 1.0), (13_920, 0.5), (1000, 4.0)] {
        let rent = rent(lamports, threshold);
        for space in [0, 1, 82, 165, 4321, 10_240] {
            assert_eq!(
                rent_exempt_balance(&rent, space),
                Ok(rent.minimum_balance(space as usize)),
                "{threshold} {space}"
            );
        }
    }
}

#[test]
fn a_fraction_of_a_lamport_is_rounded_up() {
    let rent = rent(3333, 2.3);
    for space in [0u64, 1, 82, 165, 4321] {
        let exact = u128::from((128 + space) * 3333) * 23;
        assert_eq!(rent_exempt_balance(&rent, space), Ok(exact.div_ceil(10) as u64), "{space}");
        assert!(rent_exempt_balance(&rent, space).is_ok_and(|balance| rent.is_exempt(balance, space as usize)));
    }
}

#[test]
fn a_threshold_that_is_no_positive_number_is_refused() {
    for threshold in [0.0, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(rent_exempt_balance(&rent(3480, threshold), 165), Err(refused(PlimsollError::Overflow)));
    }
}
