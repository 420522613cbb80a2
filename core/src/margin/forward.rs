//! The forward and the deviation of an expiry, with the settlement window.
//!
//! In the last 1800 s before expiry part of the settlement average is already fixed. With A the average so far,
//! e the sampled seconds and F the forward: `F_fix = A e / 1800`, `F_var = F (1800 - e) / 1800`. The forward that
//! options are priced on is `F_fix + F_var`; a price move multiplies `F_var` only, so gamma fades. The average also
//! varies less than a price: inside the window the deviation v sqrt(t) is multiplied by
//! `F_var / ((F_fix + F_var) sqrt 3)`, before it t - 1200 s stands for t.

use crate::error::CoreError;
use crate::margin::view::{ExpiryView, UnderlyingView};
use crate::math::fixed::{mul_div_down, Bounded};
use crate::math::time::{averaging_deviation, deviation_at, sqrt_time, WINDOW_SECONDS, WINDOW_VARIANCE_SECONDS};
use crate::units::Price;

/// What a price evaluation needs to know of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// `F_fix + F_var`, quote atoms per whole underlying, > 0.
    pub price: i64,
    /// v sqrt(t) with the averaging adjustment, Q32, >= 0.
    pub deviation: i64,
}

/// The forward of an expiry in its two parts, and what makes a deviation of a volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// F_fix: what the settlement average has fixed, quote atoms per whole underlying, >= 0.
    pub fixed: i64,
    /// F_var: what a price move multiplies, >= 0.
    pub variable: i64,
    /// Square root of the variance time, Q40; 0 once expired.
    root: i64,
    /// Inside the settlement window.
    averaging: bool,
}

impl Split {
    /// `F_fix + F_var`, > 0.
    pub const fn price(&self) -> i64 {
        self.fixed.saturating_add(self.variable)
    }

    /// v sqrt(t) with the averaging adjustment, Q32, of a volatility in Q32.
    #[inline]
    pub fn deviation(&self, vol: i64) -> i64 {
        let plain = deviation_at(vol, self.root);
        if self.averaging {
            averaging_deviation(plain, self.variable, self.price())
        } else {
            plain
        }
    }
}

/// The forward of `expiry` when its underlying trades at `spot`.
///
/// Expired and not settled: the average so far (the forward if nothing was sampled) with deviation 0.
/// Errors: `OutOfDomain` for samples outside the window or a basis of -100 % or less, `Overflow`.
pub fn forward_at(expiry: &ExpiryView, spot: Price) -> Result<Forward, CoreError> {
    let split = split_at(expiry, spot)?;
    Ok(Forward { price: split.price(), deviation: split.deviation(expiry.vol.0) })
}

/// The parts of [`forward_at`]. Expired and not settled: the share of the window that nothing was sampled in moves
/// with the price. Errors: as there.
pub fn split_at(expiry: &ExpiryView, spot: Price) -> Result<Split, CoreError> {
    let full = basis_forward(expiry, spot)?;
    let t = expiry.seconds_to_expiry;
    if t > WINDOW_SECONDS {
        // PROOF: t > 1800.
        let root = sqrt_time(t.wrapping_sub(WINDOW_VARIANCE_SECONDS));
        return Ok(Split { fixed: 0, variable: full, root, averaging: false });
    }
    windowed(expiry, full)
}

fn windowed(expiry: &ExpiryView, full: i64) -> Result<Split, CoreError> {
    let sampled = expiry.sampled_seconds;
    if !(0..=WINDOW_SECONDS).contains(&sampled) {
        return Err(CoreError::OutOfDomain);
    }
    let rest = WINDOW_SECONDS.exact_sub(sampled).ok_or(CoreError::Overflow)?;
    let part = |price, seconds| mul_div_down(price, seconds, WINDOW_SECONDS).ok_or(CoreError::Overflow);
    if expiry.seconds_to_expiry <= 0 {
        let price = if sampled > 0 { expiry.average.0 } else { full }.max(1);
        let fixed = part(price, sampled)?;
        // PROOF: 0 <= fixed <= price.
        return Ok(Split { fixed, variable: price.wrapping_sub(fixed), root: 0, averaging: false });
    }
    let fixed = part(expiry.average.0.max(0), sampled)?;
    // A price of zero has no logarithm.
    let variable = part(full, rest)?.max(i64::from(fixed == 0));
    fixed.exact_add(variable).ok_or(CoreError::Overflow)?;
    Ok(Split { fixed, variable, root: sqrt_time(expiry.seconds_to_expiry), averaging: true })
}

fn basis_forward(expiry: &ExpiryView, spot: Price) -> Result<i64, CoreError> {
    let factor = i64::from(expiry.basis_ppm).exact_add(1_000_000).ok_or(CoreError::Overflow)?;
    if factor <= 0 {
        return Err(CoreError::OutOfDomain);
    }
    let forward = if expiry.basis_ppm == 0 {
        spot.0
    } else {
        mul_div_down(spot.0, factor, 1_000_000).ok_or(CoreError::Overflow)?
    };
    Ok(forward.max(1))
}

/// The distinct prices at which the balances of an underlying are taken, with what each counts for.
///
/// Initial: accepted, low, high. Maintenance: accepted and, while walking, raw.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationPrices {
    slots: [EvaluationPrice; 4],
    count: usize,
}

/// One evaluation price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvaluationPrice {
    /// The price of the underlying.
    pub price: Price,
    /// Counts for the initial balance.
    pub initial: bool,
    /// Counts for the maintenance balance.
    pub maintenance: bool,
}

impl EvaluationPrices {
    /// The evaluation prices of `underlying`; the first is the accepted one.
    pub fn new(underlying: &UnderlyingView) -> Self {
        let accepted = EvaluationPrice { price: underlying.spot, initial: true, maintenance: true };
        let mut prices = Self { slots: [accepted, accepted, accepted, accepted], count: 1 };
        prices.include(underlying.low, true, false);
        prices.include(underlying.high, true, false);
        if let Some(raw) = underlying.walking {
            prices.include(raw, false, true);
        }
        prices
    }

    /// The prices of `underlying` that the maintenance balance stands on; the first is the accepted one.
    pub fn for_maintenance(underlying: &UnderlyingView) -> Self {
        let mut prices = Self::only(underlying.spot);
        if let Some(raw) = underlying.walking {
            prices.include(raw, false, true);
        }
        prices
    }

    /// One price alone, for both balances.
    pub fn only(price: Price) -> Self {
        let slot = EvaluationPrice { price, initial: true, maintenance: true };
        Self { slots: [slot, slot, slot, slot], count: 1 }
    }

    /// The distinct prices.
    pub fn iter(&self) -> impl Iterator<Item = &EvaluationPrice> {
        self.slots.iter().take(self.count)
    }

    fn include(&mut self, price: Price, initial: bool, maintenance: bool) {
        if let Some(known) = self.slots.iter_mut().take(self.count).find(|slot| slot.price == price) {
            known.initial |= initial;
            known.maintenance |= maintenance;
        } else if let Some(slot) = self.slots.get_mut(self.count) {
            *slot = EvaluationPrice { price, initial, maintenance };
            self.count = self.count.saturating_add(1);
        }
    }
}
