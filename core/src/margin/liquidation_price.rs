//! Where the price of an underlying would have to go for an account to be liquidatable. For clients.

use crate::error::CoreError;
use crate::margin::mode::Mode;
use crate::margin::view::Book;
use crate::units::{Price, Wide};

/// Largest steps taken outward: 1.02^105 > 8, 0.98^230 < 0.01.
const STEPS_UP: u32 = 105;
const STEPS_DOWN: u32 = 230;

/// Nearest prices, below and above spot, at which the maintenance balance turns negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiquidationPrices {
    /// Highest price below spot with a negative balance; `None`: none above 1 % of spot.
    pub below: Option<Price>,
    /// Lowest price above spot with a negative balance; `None`: none below 8 x spot.
    pub above: Option<Price>,
}

/// The liquidation prices of the underlying at `index` in cross or isolated mode, every other price unchanged.
///
/// Searched outward in steps of 2 %, then bisected to one atom: a region narrower than a step can be missed.
/// Already liquidatable: both are the accepted price. Errors: as [`crate::margin::cross::balances`].
pub fn liquidation_prices(book: &Book, index: u8) -> Result<LiquidationPrices, CoreError> {
    search(&Mode::Cross, book, index)
}

/// [`liquidation_prices`] in any mode. Errors: as [`Mode::balances`].
pub(super) fn search(mode: &Mode, book: &Book, index: u8) -> Result<LiquidationPrices, CoreError> {
    let spot = book.underlying(index)?.spot;
    let fails = |price| Ok(mode.maintenance_at(book, index, price)? < 0);
    if fails(spot)? {
        return Ok(LiquidationPrices { below: Some(spot), above: Some(spot) });
    }
    Ok(LiquidationPrices {
        below: first_crossing(&fails, spot, (98, 100), STEPS_DOWN)?,
        above: first_crossing(&fails, spot, (102, 100), STEPS_UP)?,
    })
}

fn first_crossing(
    fails: &dyn Fn(Price) -> Result<bool, CoreError>,
    mut good: Price,
    ratio: (i64, i64),
    steps: u32,
) -> Result<Option<Price>, CoreError> {
    for _ in 0..steps {
        let next = Wide::from(good.0).checked_mul(Wide::from(ratio.0)).ok_or(CoreError::Overflow)?;
        let next = next.checked_div(Wide::from(ratio.1)).ok_or(CoreError::DivisionByZero)?;
        let next = Price(i64::try_from(next).map_err(|_| CoreError::Overflow)?);
        if next == good || next.0 <= 0 {
            return Ok(None);
        }
        if fails(next)? {
            return bisect(fails, good, next).map(Some);
        }
        good = next;
    }
    Ok(None)
}

/// The price nearest to `good` in (good, bad] with a negative balance, for a balance that changes sign once there.
fn bisect(
    fails: &dyn Fn(Price) -> Result<bool, CoreError>,
    mut good: Price,
    mut bad: Price,
) -> Result<Price, CoreError> {
    while good.0.abs_diff(bad.0) > 1 {
        let middle = Price(good.0.midpoint(bad.0));
        if fails(middle)? {
            bad = middle;
        } else {
            good = middle;
        }
    }
    Ok(bad)
}
