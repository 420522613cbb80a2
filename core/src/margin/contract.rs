//! Amounts per contract and their products with quantities: `i64` wherever it provably fits.

use crate::error::CoreError;
use crate::units::{ContractSize, Ratio, Wide};

const BILLION: u64 = 1_000_000_000;
const MILLION: u64 = 1_000_000;

/// A contract size as a reduced fraction of one underlying, so that the usual sizes cost one multiply and one divide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeFraction {
    numerator: u64,
    denominator: u64,
    /// Largest price whose product with `numerator` fits.
    limit: u64,
}

impl SizeFraction {
    /// The fraction of `size`. Errors: `OutOfDomain` for a size of zero.
    pub fn new(size: ContractSize) -> Result<Self, CoreError> {
        let divisor = greatest_common_divisor(BILLION, size.0);
        let numerator = size.0.checked_div(divisor).unwrap_or(0);
        let denominator = BILLION.checked_div(divisor).unwrap_or(0);
        let room = u64::MAX.saturating_sub(denominator);
        let limit = room.checked_div(numerator).ok_or(CoreError::OutOfDomain)?;
        Ok(Self { numerator, denominator, limit })
    }

    /// Value of one contract at `price` atoms per whole underlying, toward zero. Errors: `Overflow`.
    #[inline(always)]
    pub fn down(&self, price: u64) -> Result<i64, CoreError> {
        self.scaled(price, 0)
    }

    /// The same, away from zero. Errors: `Overflow`.
    pub fn up(&self, price: u64) -> Result<i64, CoreError> {
        self.scaled(price, self.denominator.saturating_sub(1))
    }

    /// [`SizeFraction::down`], and whether nothing was rounded off. Errors: `Overflow`.
    #[inline(always)]
    pub fn down_exact(&self, price: u64) -> Result<(i64, bool), CoreError> {
        let value = self.scaled(price, 0)?;
        // PROOF: the low 64 bits of two equal products are equal, and value x denominator is within one denominator
        // (at most 10^9) of price x numerator, so they differ whenever the products do.
        let back = value.unsigned_abs().wrapping_mul(self.denominator);
        Ok((value, back == price.wrapping_mul(self.numerator)))
    }

    #[inline(always)]
    fn scaled(&self, price: u64, round: u64) -> Result<i64, CoreError> {
        let value = if price <= self.limit {
            // PROOF: price <= (u64::MAX - denominator) / numerator, so product + round fits; denominator >= 1.
            price.wrapping_mul(self.numerator).wrapping_add(round).checked_div(self.denominator).unwrap_or(0)
        } else {
            wide_scaled(price, self.numerator, round, self.denominator)?
        };
        i64::try_from(value).map_err(|_| CoreError::Overflow)
    }
}

#[cold]
fn wide_scaled(price: u64, numerator: u64, round: u64, denominator: u64) -> Result<u64, CoreError> {
    // A product of two u64 plus a u64 always fits u128.
    let product = u128::from(price).wrapping_mul(u128::from(numerator)).wrapping_add(u128::from(round));
    let value = product.checked_div(u128::from(denominator)).ok_or(CoreError::DivisionByZero)?;
    u64::try_from(value).map_err(|_| CoreError::Overflow)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while let Some(rest) = a.checked_rem(b) {
        a = b;
        b = rest;
    }
    a
}

/// `amount x ratio` for an amount >= 0, toward zero. Errors: `Overflow`.
pub fn ratio_down(amount: i64, ratio: Ratio) -> Result<i64, CoreError> {
    ratio_rounded(amount, u64::from(ratio.0), 0)
}

/// `amount x ratio` for an amount >= 0, away from zero. Errors: `Overflow`.
pub fn ratio_up(amount: i64, ratio: Ratio) -> Result<i64, CoreError> {
    ratio_rounded(amount, u64::from(ratio.0), MILLION.saturating_sub(1))
}

/// `floor((amount x ratio + round) / 10^6)`, split so that no product leaves 64 bits for amounts below 2^50.
#[inline(always)]
fn ratio_rounded(amount: i64, ratio: u64, round: u64) -> Result<i64, CoreError> {
    let amount = u64::try_from(amount).map_err(|_| CoreError::OutOfDomain)?;
    let whole = amount.checked_div(MILLION).unwrap_or(0);
    let rest = amount.checked_rem(MILLION).unwrap_or(0);
    // PROOF: rest < 2^20, ratio < 2^32, round < 2^20: the sum is below 2^53.
    let part = rest.wrapping_mul(ratio).wrapping_add(round).checked_div(MILLION).unwrap_or(0);
    let sum = if whole < (1 << 30) {
        // PROOF: whole < 2^30, ratio < 2^32, part < 2^33: the sum is below 2^63.
        whole.wrapping_mul(ratio).wrapping_add(part)
    } else {
        whole.checked_mul(ratio).and_then(|w| w.checked_add(part)).ok_or(CoreError::Overflow)?
    };
    i64::try_from(sum).map_err(|_| CoreError::Overflow)
}

/// Multiplies amounts per contract by quantities: in `i64` while the amount is below a limit that the largest
/// quantity of the book sets, in `i128` beyond it. Never overflows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Multiplier {
    limit: i64,
}

impl Multiplier {
    /// For quantities of magnitude at most `largest`.
    pub fn new(largest: i64) -> Self {
        let largest = largest.unsigned_abs().max(1);
        let limit = u64::try_from(i64::MAX).unwrap_or(0).checked_div(largest).unwrap_or(0);
        Self { limit: i64::try_from(limit).unwrap_or(0) }
    }

    /// Whether sums of `quantity x amount` over quantities whose magnitudes sum to the largest stay inside `i64` for
    /// amounts of 0 to this one.
    #[inline(always)]
    pub const fn holds(&self, amount: i64) -> bool {
        amount <= self.limit
    }

    /// `quantity x amount` for `amount >= 0` and `|quantity|` at most the largest, exact.
    #[inline(always)]
    pub fn times(&self, quantity: i64, amount: i64) -> Wide {
        if amount <= self.limit {
            // PROOF: |quantity| <= largest and 0 <= amount <= i64::MAX / largest.
            Wide::from(quantity.wrapping_mul(amount))
        } else {
            // PROOF: a product of two i64 always fits i128.
            Wide::from(quantity).wrapping_mul(Wide::from(amount))
        }
    }
}
