//! The evaluator's number: Q64 in `i128`, for results within 1e-11 of the forward. Slower than the kernel, same formulas.

use core::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

mod black76;
mod elementary;
mod smile;

pub use black76::{call_price, discount_factor, greeks, put_price, vol_shock, Greeks};
pub use smile::Svi;

/// A number in Q64: `raw / 2^64`, from -9.2e18 to 9.2e18 in steps of 5.4e-20.
///
/// Every operation is total: sums, products and conversions saturate at [`Wide::MIN`] and [`Wide::MAX`], which inputs
/// within the evaluator's documented bounds cannot reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wide(i128);

impl Wide {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1.
    pub const ONE: Self = Self(1 << 64);
    /// The smallest number.
    pub const MIN: Self = Self(-i128::MAX);
    /// The largest number.
    pub const MAX: Self = Self(i128::MAX);

    /// `raw * 2^-64`.
    pub const fn from_raw(raw: i128) -> Self {
        // The range is symmetric, so that every magnitude has a negation.
        Self(if raw == i128::MIN { -i128::MAX } else { raw })
    }

    /// The integer behind: `value * 2^64`.
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// An integer, exactly.
    pub fn from_integer(value: i64) -> Self {
        Self::from_raw(i128::from(value).wrapping_shl(64))
    }

    /// A Q32 number, exactly.
    pub fn from_q32(value: i64) -> Self {
        Self(i128::from(value).wrapping_shl(32))
    }

    /// `numerator / denominator`, to nearest; `None` when the denominator is 0. Decimal input enters here.
    pub fn from_ratio(numerator: i128, denominator: i128) -> Option<Self> {
        let negative = (numerator < 0) != (denominator < 0);
        let magnitude = divide(numerator.unsigned_abs(), denominator.unsigned_abs())?;
        Some(Self::signed(magnitude, negative))
    }

    /// The nearest Q32 number, saturating.
    pub fn to_q32(self) -> i64 {
        super::fixed::saturate(self.0.saturating_add(1 << 31) >> 32)
    }

    /// The largest integer not above, saturating.
    pub fn floor(self) -> i64 {
        super::fixed::saturate(self.0 >> 64)
    }

    /// The smallest integer not below, saturating.
    pub fn ceil(self) -> i64 {
        super::fixed::saturate(self.0.wrapping_neg().wrapping_shr(64).wrapping_neg())
    }

    /// The magnitude.
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// `self / other`, to nearest, saturating; `None` when `other` is 0.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        Self::from_ratio(self.0, other.0)
    }

    /// `self / other` with `other > 0` known to the caller; 0 when it is not.
    pub(super) fn over(self, other: Self) -> Self {
        self.checked_div(other).unwrap_or(Self::ZERO)
    }

    /// `self / 2`, rounded down.
    pub const fn half(self) -> Self {
        Self(self.0 >> 1)
    }

    fn signed(magnitude: u128, negative: bool) -> Self {
        let value = i128::try_from(magnitude).unwrap_or(i128::MAX);
        Self(if negative { value.wrapping_neg() } else { value })
    }
}

impl Add for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from_raw(self.0.saturating_add(other.0))
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from_raw(self.0.saturating_sub(other.0))
    }
}

impl Neg for Wide {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from_raw(self.0.saturating_neg())
    }
}

impl Mul for Wide {
    type Output = Self;
    /// The product to nearest, saturating.
    fn mul(self, other: Self) -> Self {
        let magnitude = multiply(self.0.unsigned_abs(), other.0.unsigned_abs());
        Self::signed(magnitude, (self.0 < 0) != (other.0 < 0))
    }
}

impl AddAssign for Wide {
    #[allow(clippy::arithmetic_side_effects)] // PROOF: the sum saturates.
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Wide {
    #[allow(clippy::arithmetic_side_effects)] // PROOF: the difference saturates.
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// `a * b / 2^64` to nearest, saturating; a, b < 2^127.
fn multiply(a: u128, b: u128) -> u128 {
    const LOW: u128 = (1 << 64) - 1;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    // PROOF: the halves are below 2^64 (the high ones below 2^63), so no product wraps; the lowest is at most
    // (2^64 - 1)^2, which leaves room for half a unit.
    let low = a0.wrapping_mul(b0).wrapping_add(1 << 63) >> 64;
    let middle = a1.wrapping_mul(b0).saturating_add(a0.wrapping_mul(b1));
    let high = a1.wrapping_mul(b1);
    if high >> 63 != 0 {
        return u128::MAX;
    }
    (high << 64).saturating_add(middle).saturating_add(low)
}

/// `a * 2^64 / b` to nearest, saturating; `None` when b is 0.
fn divide(a: u128, b: u128) -> Option<u128> {
    let whole = a.checked_div(b)?;
    let mut rest = a.checked_rem(b)?;
    if whole >> 63 != 0 {
        return Some(u128::MAX);
    }
    let mut fraction = 0u128;
    if rest >> 64 == 0 {
        rest = rest.wrapping_shl(64);
        fraction = rest.checked_div(b)?;
        rest = rest.checked_rem(b)?;
    } else {
        for _ in 0..64 {
            // PROOF: rest < b <= 2^127, so it doubles inside u128.
            rest = rest.wrapping_shl(1);
            let bit = rest >= b;
            rest = if bit { rest.wrapping_sub(b) } else { rest };
            fraction = fraction.wrapping_shl(1) | u128::from(bit);
        }
    }
    let round = u128::from(rest >= b.wrapping_sub(rest));
    Some(whole.wrapping_shl(64).wrapping_add(fraction).wrapping_add(round))
}
