//! The forward and the deviation of an expiry, with the settlement window.
//!
//! In the last 1800 s before expiry part of the settlement average is already fixed. With A the average so far,
//! e the sampled seconds and F the forward: `F_fix = A e / 1800`, `F_var = F (1800 - e) / 1800`. The forward that
//! options are priced on is `F_fix + F_var`; a price move multiplies `F_var` only, so gamma fades. The average also
//! varies less than a price: inside the window the deviation v sqrt(t) is multiplied by
//! `F_var / ((F_fix + F_var) sqrt 3)`, before it t - 1200 s stands for t.

use crate::error::CoreError;
use crate::margin::view::{ExpiryView, UnderlyingView};
use crate::math::fixed::mul_div_down;
use crate::math::time::{averaging_deviation, deviation, WINDOW_SECONDS, WINDOW_VARIANCE_SECONDS};
use crate::units::Price;

/// What a price evaluation needs to know of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// `F_fix + F_var`, quote atoms per whole underlying, > 0.
    pub price: i64,
    /// v sqrt(t) with the averaging adjustment, Q32, >= 0.
    pub deviation: i64,
}

/// The forward of `expiry` when its underlying trades at `spot`.
///
/// Expired and not settled: the average so far (the forward if nothing was sampled) with deviation 0.
/// Errors: `OutOfDomain` for samples outside the window or a basis of -100 % or less, `Overflow`.
pub fn forward_at(expiry: &ExpiryView, spot: Price) -> Result<Forward, CoreError> {
    let full = basis_forward(expiry, spot)?;
    let t = expiry.seconds_to_expiry;
    if t > WINDOW_SECONDS {
        // PROOF: t > 1800.
        let t = t.wrapping_sub(WINDOW_VARIANCE_SECONDS);
        return Ok(Forward { price: full, deviation: deviation(expiry.vol.0, t) });
    }
    windowed(expiry, full)
}

fn windowed(expiry: &ExpiryView, full: i64) -> Result<Forward, CoreError> {
    let sampled = expiry.sampled_seconds;
    if !(0..=WINDOW_SECONDS).contains(&sampled) {
        return Err(CoreError::OutOfDomain);
    }
    if expiry.seconds_to_expiry <= 0 {
        let price = if sampled > 0 { expiry.average.0 } else { full };
        return Ok(Forward { price: price.max(1), deviation: 0 });
    }
    let rest = WINDOW_SECONDS.checked_sub(sampled).ok_or(CoreError::Overflow)?;
    let fixed = mul_div_down(expiry.average.0, sampled, WINDOW_SECONDS).ok_or(CoreError::Overflow)?;
    let variable = mul_div_down(full, rest, WINDOW_SECONDS).ok_or(CoreError::Overflow)?;
    let price = fixed.checked_add(variable).ok_or(CoreError::Overflow)?.max(1);
    let plain = deviation(expiry.vol.0, expiry.seconds_to_expiry);
    Ok(Forward { price, deviation: averaging_deviation(plain, variable, price) })
}

fn basis_forward(expiry: &ExpiryView, spot: Price) -> Result<i64, CoreError> {
    let factor = i64::from(expiry.basis_ppm).checked_add(1_000_000).ok_or(CoreError::Overflow)?;
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
