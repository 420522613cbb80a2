//! The smile of one expiry: raw SVI total variance
//! `w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))`, `v = sqrt(w / tau)`.

use super::elementary::{sqrt, sqrt_mantissa};
use super::fixed::{leading_zeros, mul_shift_down, saturate};
use super::time::{sqrt_time, SECONDS_MAX};

/// Largest total variance, Q52: 144, that is v sqrt(t) = 12.
pub const VARIANCE_MAX: i64 = 144 << 52;
/// Largest volatility the smile returns, Q32: 65,536.
pub const VOL_MAX: i64 = 1 << 48;

/// Parameters of a raw SVI slice, all in Q32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Svi {
    /// Level of total variance, in [-144, 144].
    pub a: i64,
    /// Slope of the wings, in [0, 16].
    pub b: i64,
    /// Skew, in [-1, 1].
    pub rho: i64,
    /// Centre in ln(K/F), in [-16, 16].
    pub m: i64,
    /// Rounding of the vertex, in [0, 16].
    pub sigma: i64,
}

/// A smile, prepared for pricing strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smile {
    svi: Svi,
    /// ln of the reference forward, Q40.
    ln_f: i64,
    /// 4 sqrt(a + b sigma), Q40: where k is cut.
    bound: i64,
    /// 1 / sqrt(tau), Q40.
    inverse_sqrt_tau: i64,
}

impl Smile {
    /// Prepares a slice: `ln_f` is [`super::black76::ln_price`] of its reference forward, `tau_seconds` the time it was
    /// fitted at, in [1 s, 16 years]. `None` when a parameter is outside its range.
    pub fn new(svi: Svi, ln_f: i64, tau_seconds: i64) -> Option<Self> {
        let inside = |value: i64, lo: i64, hi: i64| (lo << 32..=hi << 32).contains(&value);
        let valid = inside(svi.a, -144, 144)
            && inside(svi.b, 0, 16)
            && inside(svi.rho, -1, 1)
            && inside(svi.m, -16, 16)
            && inside(svi.sigma, 0, 16)
            && (1..=SECONDS_MAX).contains(&tau_seconds);
        if !valid {
            return None;
        }
        // PROOF: a + b sigma is at most 400 in magnitude: below 2^61 in Q52, and the root below 20 in Q40.
        let level = (svi.a << 20).wrapping_add(mul_shift_down(svi.b, svi.sigma, 12));
        let bound = sqrt::<52, 40>(level) << 2;
        let inverse = (1i128 << 80).checked_div(i128::from(sqrt_time(tau_seconds)))?;
        Some(Self { svi, ln_f, bound, inverse_sqrt_tau: saturate(inverse) })
    }

    /// Total variance in Q52, in [0, 144], at a strike whose [`super::black76::ln_price`] is `ln_k`.
    pub fn total_variance(&self, ln_k: i64) -> i64 {
        let Svi { a, b, rho, m, sigma } = self.svi;
        let k = ln_k.wrapping_sub(self.ln_f).clamp(self.bound.wrapping_neg(), self.bound);
        // PROOF: |k| <= 80, so |z| < 2^47 in Q40, and sigma <= 2^44.
        let z = k.wrapping_sub(m << 8);
        let (p, q) = (z.unsigned_abs(), (sigma << 8).unsigned_abs());
        let zeros = leading_zeros(p | q);
        if zeros == 64 {
            return (a << 20).clamp(0, VARIANCE_MAX);
        }
        // Cut both to 31 bits, the longer one to [2^30, 2^31). PROOF: zeros >= 17.
        let (left, right) = (zeros.saturating_sub(33), 33u32.saturating_sub(zeros));
        let (p, q) = (p.wrapping_shl(left).wrapping_shr(right), q.wrapping_shl(left).wrapping_shr(right));
        // 30 more bits: below 2^61.6, and |rho p| <= 2^61.
        let skew = (rho >> 2).wrapping_mul(p.cast_signed());
        let skew = if z < 0 { skew.wrapping_neg() } else { skew };
        let bracket = root_of_squares(p, q).wrapping_add(skew);
        // b in Q32 times it, in Q52, is the product less 17 + zeros places. PROOF: b <= 2^36, so 37 places leave 62 bits.
        let wing = mul_shift_down(b, bracket, 37);
        let wing = if zeros >= 20 {
            wing.wrapping_shr(zeros.wrapping_sub(20))
        } else {
            wing.min(i64::MAX >> 3).wrapping_shl(20u32.wrapping_sub(zeros))
        };
        // PROOF: |a| < 2^60.
        (a << 20).saturating_add(wing).clamp(0, VARIANCE_MAX)
    }

    /// Volatility in Q32, in [0, [`VOL_MAX`]].
    pub fn vol(&self, ln_k: i64) -> i64 {
        let root = sqrt::<52, 40>(self.total_variance(ln_k));
        mul_shift_down(root, self.inverse_sqrt_tau, 48).min(VOL_MAX)
    }
}

/// sqrt(p^2 + q^2) with 30 fraction bits, for p, q < 2^31 and at least one of them from 2^30 up.
fn root_of_squares(p: u64, q: u64) -> i64 {
    // PROOF: the sum is in [2^60, 2^63).
    let sum = p.wrapping_mul(p).wrapping_add(q.wrapping_mul(q));
    let root = if sum >> 62 == 0 { sqrt_mantissa(sum << 2) >> 1 } else { sqrt_mantissa(sum) };
    root.cast_signed()
}
