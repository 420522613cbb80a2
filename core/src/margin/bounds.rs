//! What listing proves so that no margin check ever leaves its integers.

use crate::margin::contract::SizeFraction;
use crate::margin::view::MAX_POSITIONS;
use crate::units::{ContractSize, Price, Quantity};

/// Whether `value per contract x |quantity| x 256 legs` stays below 2^62 atoms for every price up to
/// `price_highest`. Listing refuses an underlying or a strike where it does not hold.
///
/// `price_highest`: the highest spot, forward, strike or shocked price the underlying allows, atoms per whole.
pub fn listing_bound_holds(price_highest: Price, size: ContractSize, quantity_largest: Quantity) -> bool {
    contract_value_times(price_highest, size, quantity_largest).is_some_and(|value| value < (1 << 62))
}

fn contract_value_times(price: Price, size: ContractSize, quantity: Quantity) -> Option<u128> {
    let price = u64::try_from(price.0).ok()?;
    let value = SizeFraction::new(size).ok()?.up(price).ok()?;
    let legs = u128::try_from(MAX_POSITIONS).ok()?;
    u128::try_from(value).ok()?.checked_mul(u128::from(quantity.0.unsigned_abs()))?.checked_mul(legs)
}
