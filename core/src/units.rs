//! Unit newtypes: a product that compiles is dimensionally right; a rounding direction is in the function name.
//!
//! | unit | raw | meaning |
//! |---|---|---|
//! | [`Quote`] | `i64` | atoms of the quote token (6 decimals), - owed |
//! | [`Price`] | `i64` | quote atoms per **whole** underlying |
//! | [`Quantity`] | `i32` | whole contracts, + long, - short |
//! | [`ContractSize`] | `u64` | billionths of the underlying per contract |
//! | [`Ratio`] | `u32` | millionths (ppm) of one |
//! | [`Vol`] | `i64` | annualised volatility, Q32 |
//! | [`Seconds`] | `i64` | unix seconds, or a span of them |
//!
//! Persisted accounts hold the raw integers; the rule book takes the types. Sums over many legs are `i128` atoms
//! ([`Wide`]) and come back through [`Quote::from_wide`].

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::math::fixed::{difference, mul_div_down, mul_div_up, sum};

/// Quote atoms summed over many legs, before they are known to fit [`Quote`].
pub type Wide = i128;
/// Unix seconds, or a span of them. Slots and sequence numbers only order events.
pub type Seconds = i64;

/// One in Q32: the scale of [`Vol`].
pub const Q32_ONE: i64 = 1 << 32;
/// Seconds of a year of 365 days, the project's only year.
pub const YEAR_SECONDS: Seconds = 365 * 86_400;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $raw:ty, $sum:path, $difference:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
        #[repr(transparent)]
        pub struct $name(pub $raw);

        // Checked and fallible: not the operators of `core::ops`.
        #[allow(clippy::should_implement_trait)]
        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// Largest value of the raw type.
            pub const MAX: Self = Self(<$raw>::MAX);
            /// The raw integer, as persisted.
            pub const fn raw(self) -> $raw {
                self.0
            }
            /// Sum. Errors: `Overflow`.
            pub fn add(self, other: Self) -> Result<Self, CoreError> {
                $sum(self.0, other.0).map(Self).ok_or(CoreError::Overflow)
            }
            /// Difference. Errors: `Overflow`.
            pub fn sub(self, other: Self) -> Result<Self, CoreError> {
                $difference(self.0, other.0).map(Self).ok_or(CoreError::Overflow)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unit!(/// Atoms of the quote token (6 decimals). Negative: owed.
    Quote, i64, sum, difference);
unit!(/// Quote atoms per whole underlying.
    Price, i64, sum, difference);
unit!(/// Whole contracts of one series: + long, - short.
    Quantity, i32, i32::checked_add, i32::checked_sub);
unit!(/// Billionths of the underlying per contract.
    ContractSize, u64, u64::checked_add, u64::checked_sub);
unit!(/// Millionths of one.
    Ratio, u32, u32::checked_add, u32::checked_sub);
unit!(/// Annualised volatility in Q32.
    Vol, i64, sum, difference);

impl Ratio {
    /// One.
    pub const ONE: Self = Self(1_000_000);
}

impl ContractSize {
    /// One whole underlying per contract.
    pub const ONE: Self = Self(1_000_000_000);
}

impl Vol {
    /// 100 % a year.
    pub const ONE: Self = Self(Q32_ONE);
}

impl Quote {
    /// A wide sum as an amount. Errors: `Overflow` outside `i64`.
    pub fn from_wide(wide: Wide) -> Result<Self, CoreError> {
        i64::try_from(wide).map(Self).map_err(|_| CoreError::Overflow)
    }

    /// The amount as a term of a wide sum.
    pub fn wide(self) -> Wide {
        Wide::from(self.0)
    }

    /// `self x ratio`, toward minus infinity. Errors: `Overflow`.
    pub fn ratio_down(self, ratio: Ratio) -> Result<Self, CoreError> {
        mul_div_down(self.0, i64::from(ratio.0), i64::from(Ratio::ONE.0)).map(Self).ok_or(CoreError::Overflow)
    }

    /// `self x ratio`, toward plus infinity. Errors: `Overflow`.
    pub fn ratio_up(self, ratio: Ratio) -> Result<Self, CoreError> {
        mul_div_up(self.0, i64::from(ratio.0), i64::from(Ratio::ONE.0)).map(Self).ok_or(CoreError::Overflow)
    }

    /// Value of `quantity` contracts at this amount per contract, exact.
    pub fn times(self, quantity: Quantity) -> Wide {
        // |i64| x |i32| < 2^94: a product of the two always fits i128.
        Wide::from(self.0).wrapping_mul(Wide::from(quantity.0))
    }
}

impl Price {
    /// Value of one contract at this price, rounded once toward minus infinity, so that both sides of a trade
    /// carry the same integer. Errors: `Overflow`.
    pub fn per_contract(self, size: ContractSize) -> Result<Quote, CoreError> {
        let size = i64::try_from(size.0).map_err(|_| CoreError::Overflow)?;
        mul_div_down(self.0, size, 1_000_000_000).map(Quote).ok_or(CoreError::Overflow)
    }

    /// `self x ratio`, toward minus infinity. Errors: `Overflow`.
    pub fn ratio_down(self, ratio: Ratio) -> Result<Self, CoreError> {
        Quote(self.0).ratio_down(ratio).map(|q| Self(q.0))
    }

    /// `self x ratio`, toward plus infinity. Errors: `Overflow`.
    pub fn ratio_up(self, ratio: Ratio) -> Result<Self, CoreError> {
        Quote(self.0).ratio_up(ratio).map(|q| Self(q.0))
    }
}
