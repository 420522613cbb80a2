//! The listing bound.

use plimsoll_core::margin::listing_bound_holds;
use plimsoll_core::units::{ContractSize, Price, Quantity};

#[test]
fn the_bound_is_two_to_the_62_over_256_legs() {
    // 2^54 / 10^6 contracts: 18,014,398,509 atoms per contract and a half.
    let size = ContractSize::ONE;
    assert!(listing_bound_holds(Price(18_014_398_509), size, Quantity(1_000_000)));
    assert!(!listing_bound_holds(Price(18_014_398_510), size, Quantity(1_000_000)));
    assert!(!listing_bound_holds(Price(18_014_398_510), size, Quantity(-1_000_000)));
    // A hundredth of the size carries a hundred times the price.
    assert!(listing_bound_holds(Price(1_801_439_850_900), ContractSize(10_000_000), Quantity(1_000_000)));
    assert!(!listing_bound_holds(Price(-1), size, Quantity(1)));
    assert!(!listing_bound_holds(Price(1), ContractSize(0), Quantity(1)));
    assert!(!listing_bound_holds(Price(i64::MAX), ContractSize(u64::MAX), Quantity(1)));
}
