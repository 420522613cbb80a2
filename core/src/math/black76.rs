//! Black-76 on the forward, undiscounted: `call = F N(d1) - K N(d2)`, `d1 = ln(F/K)/sd + sd/2`, `d2 = d1 - sd`,
//! `sd = v sqrt(t)`.
//!
//! Two ways in. [`call_price`] and [`put_price`] take plain integers. A loop over strikes and scenarios prepares
//! [`Strike`], [`Forward`] and [`Deviation`] once and calls [`price`], which has no logarithm, root or division.
//!
//! **Why it is accurate.** F phi(d1) = K phi(d2), so an error shared by d1 and d2 cancels to first order: ln(F/K) and
//! 1/sd may be short, sd itself may not. Above K = 2F the product K N(d2) would magnify the table's error, so there
//! `K N(d2) = F phi(d1) R(-d2)` with the Mills ratio R, which needs no K at all.
//!
//! **Proof of the bound**, with F in [2^28, 2^29) kernel units, table errors e_N = 6.9e-10, e_phi = 8.9e-10, e_R = 1.2e-9:
//! - K <= 2F: 3 e_N from the tables, below 1e-15 from d1 (second order): 2.1e-9 F.
//! - K > 2F: e_N + 0.75 e_phi + 0.4 (e_R + 2^-32) + 2^-31, and phi(d1) R(-d2) <= 0.4 / sqrt(2 |ln(F/K)|) times the error
//!   of `sd * d1`, that is |ln(F/K)| sd 2^-30 + 2^-30; phi(d1) R(-d2) |ln(F/K)| sd <= 6.5 in the domain: 9.8e-9 F.
//! - rounding F, K and the result to kernel units: 1.5 units, at most 5.6e-9 F.
//!
//! Together below 1.6e-8 F; [`price_error_up`] states 2e-8 F.

use super::elementary::ln_integer;
use super::fixed::{div_toward_zero, mul_shift_down, scale_by_power, shift_to_bit};
use super::normal::{both_from_edge, cdf_from_edge, mills, EDGE};

/// Below this `sd` (5e-8, in Q32, rounded up) the price is the intrinsic value, by definition.
pub const SD_MIN: i64 = 215;
/// Above this `sd` (24, in Q32) the call is worth the forward, by definition.
pub const SD_MAX: i64 = 24 << 32;
/// Beyond this |ln(F/K)| (16, in Q40) the price is the intrinsic value, by definition.
pub const LOG_MAX: i64 = 16 << 40;
/// The proved bound of the price error is one part in this many of the forward: 2e-8.
pub const ERROR_PARTS: i64 = 50_000_000;
/// A shocked forward may be at most this multiple of the forward that set the [`Scale`].
pub const FORWARD_MULTIPLE_MAX: i64 = 8;

/// ln 2 in Q40.
const LN_2: i64 = 762_123_384_786;
/// Stands for the logarithm of 0: far below any true one, and its differences fit.
const LN_ZERO: i64 = -(1 << 50);
/// Largest forward in kernel units: times N(d1) in Q31 it stays inside `i64`.
const FORWARD_MAX: i64 = (1 << 32) - 1;

/// The power of two between prices and kernel units: `kernel = price * 2^shift`, chosen per expiry so that its forward
/// has 29 bits. One kernel unit is at most 2^-28 of that forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    shift: i32,
}

impl Scale {
    /// The scale that brings `forward` into [2^28, 2^29) kernel units.
    pub fn of(forward: i64) -> Self {
        Self { shift: shift_to_bit(forward, 28) }
    }

    /// A price in kernel units: exact to the left, to nearest to the right, saturating; negative counts as 0.
    #[inline]
    pub fn to_kernel(self, price: i64) -> i64 {
        scale_by_power(price, self.shift)
    }

    /// Kernel units as a price: to nearest, saturating; negative counts as 0.
    #[inline]
    pub fn to_price(self, kernel: i64) -> i64 {
        scale_by_power(kernel, self.shift.wrapping_neg())
    }

    /// The exponent in `kernel = price * 2^shift`, from -34 to 28.
    pub const fn shift(self) -> i32 {
        self.shift
    }
}

/// A strike, prepared. `ln_k` does not depend on the scale: compute it once, at listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// ln(K in price units), Q40.
    pub ln_k: i64,
    /// K in kernel units; above 2F a call is priced from `ln_k` alone.
    pub k: i64,
}

impl Strike {
    /// Prepares a strike; `strike <= 0` counts as 0.
    pub fn new(scale: Scale, strike: i64) -> Self {
        Self::with_ln(scale, strike, ln_price(strike))
    }

    /// As [`Strike::new`] with the stored [`ln_price`] of the strike.
    #[inline]
    pub fn with_ln(scale: Scale, strike: i64, ln_k: i64) -> Self {
        Self { ln_k, k: scale.to_kernel(strike) }
    }
}

/// A forward, prepared: of the expiry or of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// ln(F in price units), Q40.
    pub ln_f: i64,
    /// F in kernel units, below 2^32.
    pub f: i64,
}

impl Forward {
    /// Prepares a forward; `forward <= 0` counts as 0. Must not exceed [`FORWARD_MULTIPLE_MAX`] times the forward that
    /// set the scale: above, it saturates.
    pub fn new(scale: Scale, forward: i64) -> Self {
        Self { ln_f: ln_price(forward), f: scale.to_kernel(forward).min(FORWARD_MAX) }
    }

    /// The forward times a prepared factor: one product, no logarithm.
    #[inline(always)]
    pub fn shocked(&self, shock: &Shock) -> Self {
        // PROOF: f < 2^32 and the factor in Q30 is at most 2^33, so wrapping is only reachable with f >= 2^30, which
        // `FORWARD_MULTIPLE_MAX` excludes for a base forward (f < 2^29).
        let f = self.f.wrapping_mul(shock.factor_q30).wrapping_add(1 << 29) >> 30;
        Self { ln_f: self.ln_f.wrapping_add(shock.ln_factor), f: if f > FORWARD_MAX { FORWARD_MAX } else { f } }
    }
}

/// A factor on the forward, prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shock {
    ln_factor: i64,
    factor_q30: i64,
}

impl Shock {
    /// The factor 1.
    pub const NONE: Self = Self { ln_factor: 0, factor_q30: 1 << 30 };

    /// Prepares a factor in Q32 (1.18 is `1.18 * 2^32`), clamped to [2^-16, 8] and rounded to 2^-30.
    pub fn new(factor: i64) -> Self {
        // Both parts come from the factor cut to Q30, so that they agree.
        let factor_q30 = factor.clamp(1 << 16, FORWARD_MULTIPLE_MAX << 32).wrapping_add(2) >> 2;
        Self { ln_factor: super::elementary::ln(factor_q30.wrapping_shl(2)), factor_q30 }
    }
}

/// `v sqrt(t)` of one strike and volatility shock, prepared: with its reciprocal and the range of ln(F/K) that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// `sd` in Q32; 0 below [`SD_MIN`], far above [`SD_MAX`] beyond it.
    pub(super) sd: i64,
    /// Beyond this |ln(F/K)| in Q40, min(16, 9 sd), the price is the intrinsic value: there d1 and d2 are on one side
    /// of 8 (9 sd >= 8 sd + sd^2 / 2 up to sd = 2; from 16/9 the limit is 16).
    pub(super) limit: i64,
    /// Places cut off ln(F/K) before the product with `inverse`: fewer for a small sd, which needs its last bits.
    before: u32,
    /// 2^(19 + before) / sd; 0 outside the domain.
    inverse: i64,
    /// sd/2 + 8 in Q32: what the product lacks to d1 + 8.
    offset: i64,
    /// 1/sd with 30 bits: `ratio * 2^-(ratio_places + 1)`; 0 outside the domain.
    pub(super) ratio: i64,
    /// Places to cut off `phi * ratio`, phi in Q31, for phi/sd in Q32: the bits of `sd` less 4.
    pub(super) ratio_places: u32,
}

impl Deviation {
    /// Prepares `sd = v sqrt(t)` in Q32; negative counts as 0.
    pub fn new(sd: i64) -> Self {
        if sd < SD_MIN {
            return Self::outside(0, 0);
        }
        if sd > SD_MAX {
            // d1 = 20 and d2 = -20 whatever the strike: the call is worth F.
            return Self::outside(40 << 32, 1 << 62);
        }
        // Searched from 32 bits, 1/2 to 1: there, when volatility is high and rows are refreshed for liquidations, it takes a
        // dozen units less than `leading_zeros`; usual ones, down to 1/8, take nine more.
        // PROOF: 215 <= sd <= 24 * 2^32 gives 8 <= bits <= 37 here and for everything below.
        let mut bits = 32u32;
        while sd.wrapping_shr(bits) != 0 {
            bits = bits.wrapping_add(1);
        }
        while sd.wrapping_shr(bits.wrapping_sub(4)) == 0 {
            bits = bits.wrapping_sub(4);
        }
        while sd.wrapping_shr(bits.wrapping_sub(1)) == 0 {
            bits = bits.wrapping_sub(1);
        }
        let zeros = 64u32.wrapping_sub(bits);
        // n = sd with its top bit at 2^34, in [2^34, 2^35): the reciprocal 2^64 / n is in (2^29, 2^30].
        let n = (sd.unsigned_abs().wrapping_shl(zeros)) >> 29;
        let ratio = (u64::MAX.wrapping_sub(n >> 1).checked_div(n).unwrap_or(0)).wrapping_add(1).cast_signed();
        // 9 sd in Q40. PROOF: below 2^48.
        let limit = sd.wrapping_mul(9 << 8);
        let limit = if limit < LOG_MAX { limit } else { LOG_MAX };
        // ratio = 2^(bits - 3) / sd: 2^(19 + before) / sd up to 10 places before the product.
        let (before, inverse) = if bits < 22 {
            (0, ratio.wrapping_shl(22u32.wrapping_sub(bits)))
        } else if bits <= 32 {
            (bits.wrapping_sub(22), ratio)
        } else {
            // To nearest: places >= 1.
            let places = bits.wrapping_sub(32);
            (10, ratio.wrapping_shr(places.wrapping_sub(1)).wrapping_add(1) >> 1)
        };
        let offset = (sd >> 1).wrapping_add(EDGE);
        Self { sd, limit, before, inverse, offset, ratio, ratio_places: bits.wrapping_sub(4) }
    }

    /// The limits: d1 = sd/2 and d2 = -sd/2 for every strike within `limit`.
    const fn outside(sd: i64, limit: i64) -> Self {
        let offset = (sd >> 1).wrapping_add(EDGE);
        Self { sd, limit, before: 0, inverse: 0, offset, ratio: 0, ratio_places: 0 }
    }

    /// `sd` in Q32, as the kernel sees it: 0 below the domain, 40 above.
    pub const fn sd(&self) -> i64 {
        self.sd
    }

    /// d1 + 8 in Q32 for `x = ln(F/K)` in Q40, |x| <= limit.
    ///
    /// PROOF: the product is 2^59 |x| / sd, and |x| / sd <= limit / sd <= 9: below 2^63 with every rounding. (A product
    /// with an `inverse` of 0 is 0 whatever x is.)
    #[inline(always)]
    pub(super) const fn d1_from_edge(&self, x: i64) -> i64 {
        (x.wrapping_shr(self.before).wrapping_mul(self.inverse) >> 27).wrapping_add(self.offset)
    }
}

/// Undiscounted call in kernel units, in [max(F - K, 0), F], within 1.5 units + 1e-8 F of the exact value.
///
/// PROOF (no wrap inside the documented ranges): f < 2^32, N <= 2^31, and k N(d2) <= 2f 2^31 only wraps together with
/// f N(d1) so that the difference, in [-2^33, f 2^31], is right. It is not above F: N(d1) <= 1 and N(d2) >= 0 in every
/// cell of the table.
#[inline(always)]
pub fn price(strike: &Strike, forward: &Forward, deviation: &Deviation) -> i64 {
    let x = forward.ln_f.wrapping_sub(strike.ln_k);
    if x < -LN_2 {
        return price_above_twice_forward(forward.f, x, deviation);
    }
    let intrinsic = forward.f.wrapping_sub(strike.k);
    let mut value = intrinsic;
    if x <= deviation.limit && x >= deviation.limit.wrapping_neg() {
        let y = deviation.d1_from_edge(x);
        let long = forward.f.wrapping_mul(cdf_from_edge(y));
        let short = strike.k.wrapping_mul(cdf_from_edge(y.wrapping_sub(deviation.sd)));
        value = long.wrapping_sub(short).wrapping_add(1 << 30) >> 31;
        if value < intrinsic {
            value = intrinsic;
        }
    }
    if value < 0 {
        0
    } else {
        value
    }
}

/// The call for K > 2F: `F (N(d1) - phi(d1) R(-d2))`.
#[inline(never)]
fn price_above_twice_forward(f: i64, x: i64, deviation: &Deviation) -> i64 {
    if x < deviation.limit.wrapping_neg() {
        return 0;
    }
    let y = deviation.d1_from_edge(x);
    let (n1, density) = both_from_edge(y);
    let share = n1.wrapping_sub(short_leg_above_twice_forward(y, density, deviation.sd));
    // PROOF: f < 2^32 and the share is in [-1, 1] in Q31.
    let value = f.wrapping_mul(share).wrapping_add(1 << 30) >> 31;
    if value < 0 {
        0
    } else {
        value
    }
}

/// K N(d2) / F = phi(d1) R(-d2) in Q31, for ln(F/K) < -ln 2: then d2 <= -sqrt(2 ln 2) < -1.17. `y` is d1 + 8,
/// `density` phi(d1).
#[inline(always)]
pub(super) fn short_leg_above_twice_forward(y: i64, density: i64, sd: i64) -> i64 {
    // PROOF: phi < 2^30 and R < 2^31 in Q31.
    let z = sd.wrapping_add(EDGE).wrapping_sub(y);
    density.wrapping_mul(mills(z)) >> 31
}

/// Undiscounted call: `forward` and `strike` in the same price unit, `sd = v sqrt(t)` in Q32. Total.
///
/// The result is in price units, in [max(F - K, 0), F], within [`price_error_up`] of the exact value. Limits, exact by
/// definition: `forward <= 0` gives 0; `strike <= 0` gives F; `sd` below [`SD_MIN`] the intrinsic value, above [`SD_MAX`]
/// F; |ln(F/K)| > 16 the intrinsic value.
pub fn call_price(forward: i64, strike: i64, sd: i64) -> i64 {
    let (forward, strike) = (forward.max(0), strike.max(0));
    let scale = Scale::of(forward);
    let (prepared, deviation) = (Forward::new(scale, forward), Deviation::new(sd));
    let series = Strike::new(scale, strike);
    // PROOF: both are >= 0, so the difference fits and the bounds are ordered.
    let intrinsic = forward.wrapping_sub(strike).max(0);
    if prepared.ln_f.wrapping_sub(series.ln_k) > deviation.limit {
        // In price units, without the rounding to kernel units.
        return intrinsic;
    }
    scale.to_price(price(&series, &prepared, &deviation)).clamp(intrinsic, forward)
}

/// Undiscounted put: `call - F + K`, with the limits and the error of [`call_price`]; in [max(K - F, 0), K].
pub fn put_price(forward: i64, strike: i64, sd: i64) -> i64 {
    let (forward, strike) = (forward.max(0), strike.max(0));
    // PROOF: call <= F and call >= F - K, so `F - call` is in [0, K].
    strike.wrapping_sub(forward.wrapping_sub(call_price(forward, strike, sd)))
}

/// Bound of |[`call_price`] - exact|, in price units: 2e-8 of the forward, rounded up, and one unit for the integer.
pub const fn price_error_up(forward: i64) -> i64 {
    if forward <= 0 {
        return 0;
    }
    // PROOF: the divisor is a positive constant and the quotient at most 1.9e11.
    match div_toward_zero(forward, ERROR_PARTS) {
        Some(quotient) => quotient.wrapping_add(2),
        None => 2,
    }
}

/// ln of a price in Q40, as [`Strike::with_ln`] takes it; far below any other for `price <= 0`.
pub fn ln_price(price: i64) -> i64 {
    if price > 0 {
        ln_integer(price)
    } else {
        LN_ZERO
    }
}

/// `price * factor` for a discount factor in Q32, toward minus infinity, saturating.
pub fn discounted_down(price: i64, factor: i64) -> i64 {
    mul_shift_down(price, factor, 32)
}
