//! Which expiries and strikes anyone may list.

use bytemuck::{Pod, Zeroable};

use crate::margin::bounds::listing_bound_holds;
use crate::math::fixed::{div_rem_floor, Bounded};
use crate::parameters::{check_ranges, in_ranges, ppm_down, ppm_up, range, ParameterError};
use crate::units::{ContractSize, Price, Quantity, Seconds};

/// How far above the highest price the bound must hold: shocked prices and strikes.
const HEADROOM: i64 = 8;

/// The listing grid of one underlying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GridParameters {
    /// Strike step: quote atoms per whole underlying, > 0.
    pub strike_step: i64,
    /// Expiries are at `offset + k x interval`, seconds.
    pub expiry_interval_seconds: u32,
    /// Offset of the expiry grid from the unix epoch, seconds, less than the interval.
    pub expiry_offset_seconds: u32,
    /// Shortest time to expiry at listing, seconds.
    pub min_lead_seconds: u32,
    /// Longest time to expiry at listing, days.
    pub max_days: u32,
    /// Lowest strike, ppm of the accepted price.
    pub moneyness_low: u32,
    /// Highest strike, ppm of the accepted price.
    pub moneyness_high: u32,
}

const _: () = assert!(core::mem::size_of::<GridParameters>() == 32);

impl GridParameters {
    /// A BTC-like underlying: strikes every 500 quote between a quarter and four times the price; expiries daily at
    /// 08:00 UTC, an hour to 400 days ahead.
    pub const fn shipped() -> Self {
        Self {
            strike_step: 500_000_000,
            expiry_interval_seconds: 86_400,
            expiry_offset_seconds: 28_800,
            min_lead_seconds: 3_600,
            max_days: 400,
            moneyness_low: 250_000,
            moneyness_high: 4_000_000,
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let last = i64::from(self.expiry_interval_seconds).saturated_sub(1);
        check_ranges!(self, {
            strike_step: 1..=1_000_000_000_000_000,
            expiry_interval_seconds: 3_600..=2_592_000,
            min_lead_seconds: 1_800..=604_800,
            max_days: 1..=730,
            moneyness_low: 50_000..=1_000_000,
            moneyness_high: 1_000_000..=8_000_000,
        })?;
        in_ranges(&[range("expiry_offset_seconds", self.expiry_offset_seconds, 0, last)])
    }
}

/// Why a listing is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridRefusal {
    /// The expiry time is not on the grid.
    ExpiryOffGrid {
        /// The expiry.
        expiry: Seconds,
        /// Seconds past the grid point before it.
        past: Seconds,
    },
    /// The expiry is too near.
    ExpiryTooNear {
        /// Seconds ahead.
        lead: Seconds,
        /// Least allowed.
        min: Seconds,
    },
    /// The expiry is too far.
    ExpiryTooFar {
        /// Seconds ahead.
        lead: Seconds,
        /// Largest allowed.
        max: Seconds,
    },
    /// The strike is not a positive multiple of the step.
    StrikeOffGrid {
        /// The strike.
        strike: i64,
        /// The step.
        step: i64,
    },
    /// The strike is below the lowest at this price.
    StrikeTooLow {
        /// The strike.
        strike: i64,
        /// Lowest allowed.
        low: i64,
    },
    /// The strike is above the highest at this price.
    StrikeTooHigh {
        /// The strike.
        strike: i64,
        /// Highest allowed.
        high: i64,
    },
    /// Price, contract and quantity together would leave the margin integers.
    TooLarge {
        /// Highest price of the underlying.
        price: i64,
        /// Largest quantity of a leg.
        quantity: i64,
    },
}

/// Whether an expiry at `expiry` may be listed now. Errors: `ExpiryOffGrid`, `ExpiryTooNear`, `ExpiryTooFar`.
pub fn check_expiry(expiry: Seconds, now: Seconds, grid: &GridParameters) -> Result<(), GridRefusal> {
    let offset = Seconds::from(grid.expiry_offset_seconds);
    let past = div_rem_floor(expiry.saturated_sub(offset), u64::from(grid.expiry_interval_seconds));
    let past = past.map(|(_, past)| Seconds::try_from(past).unwrap_or(Seconds::MAX));
    if past != Some(0) {
        return Err(GridRefusal::ExpiryOffGrid { expiry, past: past.unwrap_or(0) });
    }
    let lead = expiry.saturated_sub(now);
    let min = Seconds::from(grid.min_lead_seconds);
    let max = Seconds::from(grid.max_days).saturated_mul(86_400);
    if lead < min {
        return Err(GridRefusal::ExpiryTooNear { lead, min });
    }
    if lead > max {
        return Err(GridRefusal::ExpiryTooFar { lead, max });
    }
    Ok(())
}

/// Whether `strike` may be listed while the accepted price is `spot` (> 0).
///
/// `low = floor(spot x moneyness_low)`, `high = ceil(spot x moneyness_high)`, both allowed. Errors: `StrikeOffGrid`,
/// `StrikeTooLow`, `StrikeTooHigh`.
pub fn check_strike(strike: Price, spot: Price, grid: &GridParameters) -> Result<(), GridRefusal> {
    let (strike, step) = (strike.0, grid.strike_step);
    if strike <= 0 || strike.unsigned_abs().checked_rem(step.max(0).unsigned_abs()) != Some(0) {
        return Err(GridRefusal::StrikeOffGrid { strike, step });
    }
    let low = ppm_down(spot.0, grid.moneyness_low).unwrap_or(i64::MAX);
    if strike < low {
        return Err(GridRefusal::StrikeTooLow { strike, low });
    }
    let high = ppm_up(spot.0, grid.moneyness_high).unwrap_or(i64::MAX);
    if strike > high {
        return Err(GridRefusal::StrikeTooHigh { strike, high });
    }
    Ok(())
}

/// Listing proves that no account leaves the margin integers: value per contract at 8 x `price_max` (shocked prices,
/// strikes) x `max_quantity` x 256 legs < 2^62.
///
/// Errors: `TooLarge`, also for arguments that are not positive.
pub fn check_listing(price_max: Price, size: ContractSize, max_quantity: Quantity) -> Result<(), GridRefusal> {
    let positive = price_max.0 > 0 && max_quantity.0 > 0 && size.0 > 0;
    let highest = price_max.0.checked_mul(HEADROOM).map(Price);
    if !positive || !highest.is_some_and(|price| listing_bound_holds(price, size, max_quantity)) {
        return Err(GridRefusal::TooLarge { price: price_max.0, quantity: i64::from(max_quantity.0) });
    }
    Ok(())
}
