//! Logarithm, exponential, root, power and the normal distribution by their series, to about 2^-60.
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Wide` saturate; integer work is explicit.

use super::super::fixed::isqrt_u128;
use super::Wide;

/// ln 2 in Q96: exact enough to be multiplied by any exponent.
const LN_2_Q96: i128 = 54_916_777_467_707_473_351_141_471_128;
/// log2(e) in Q64.
const LOG2_E: Wide = Wide(26_613_026_195_688_644_983);
/// 1 / sqrt(2 pi) in Q64.
const INVERSE_SQRT_2_PI: Wide = Wide(7_359_186_146_747_302_452);
/// Below, e^x is under half a unit.
const EXP_MIN: Wide = Wide(-45 << 64);
/// From here, e^x does not fit.
const EXP_MAX: Wide = Wide(43 << 64);
/// Where the Mills ratio changes from the series around 0 to the continued fraction.
const TAIL: Wide = Wide(3 << 64);
/// Levels of the continued fraction: at z = 3 they leave less than 1e-20.
const LEVELS: i64 = 90;

impl Wide {
    /// ln(x), error below 2^-61; [`Wide::MIN`] for `x <= 0`.
    pub fn ln(self) -> Self {
        if self.0 <= 0 {
            return Self::MIN;
        }
        let raw = self.0.unsigned_abs();
        let zeros = raw.leading_zeros();
        // m in [1, 2) in Q64, then [sqrt(1/2), sqrt(2)), so that |z| < 0.172. PROOF: the top bit is at 127.
        let m = raw.wrapping_shl(zeros) >> 63;
        let mut exponent = 63i32.wrapping_sub_unsigned(zeros);
        let mut m = Self(m.cast_signed());
        if m.0 > 26_087_635_650_665_564_425 {
            m = m.half();
            exponent = exponent.wrapping_add(1);
        }
        // ln m = 2 (z + z^3/3 + z^5/5 + ..), z = (m - 1) / (m + 1).
        let z = (m - Self::ONE).over(m + Self::ONE);
        let square = z * z;
        let (mut power, mut sum, mut divisor) = (z, z, 1i128);
        while power.0 != 0 && divisor < 99 {
            power = power * square;
            divisor = divisor.wrapping_add(2);
            sum += Self(power.0.checked_div(divisor).unwrap_or(0));
        }
        let scaled = i128::from(exponent).wrapping_mul(LN_2_Q96) >> 32;
        sum + sum + Self(scaled)
    }

    /// e^x, relative error below 2^-61 plus one unit of 2^-64; 0 below -45, [`Wide::MAX`] from 43 up.
    pub fn exp(self) -> Self {
        if self >= EXP_MAX {
            return Self::MAX;
        }
        if self < EXP_MIN {
            return Self::ZERO;
        }
        // x = k ln 2 + r with r in [0, ln 2), up to the last bit of log2(e).
        let k = (self * LOG2_E).floor();
        // PROOF: |x| < 2^6, so x in Q96 is below 2^102; |k| <= 65.
        let r = (self.0 << 32).wrapping_sub(i128::from(k).wrapping_mul(LN_2_Q96)) >> 32;
        let r = Self(r);
        let (mut term, mut sum, mut n) = (Self::ONE, Self::ONE, 0i128);
        while term.0 != 0 && n < 60 {
            n = n.wrapping_add(1);
            term = Self((term * r).0.checked_div(n).unwrap_or(0));
            sum += term;
        }
        // PROOF: sum < 2.01 in Q64 and k <= 62.
        let places = u32::try_from(k.unsigned_abs()).unwrap_or(127).min(127);
        if k >= 0 {
            Self(sum.0.wrapping_shl(places))
        } else {
            Self(sum.0.wrapping_shr(places.wrapping_sub(1)).wrapping_add(1) >> 1)
        }
    }

    /// Square root, relative error below 2^-62 plus one unit of 2^-64; 0 for `x <= 0`.
    pub fn sqrt(self) -> Self {
        if self.0 <= 0 {
            return Self::ZERO;
        }
        let raw = self.0.unsigned_abs();
        let zeros = raw.leading_zeros() & !1;
        // sqrt(raw 2^-64) 2^64 = isqrt(raw 2^zeros) 2^(32 - zeros/2). PROOF: the root is below 2^64, the shift below 33.
        let root = isqrt_u128(raw.wrapping_shl(zeros)).cast_signed();
        let half = zeros / 2;
        if half <= 32 {
            Self(root.wrapping_shl(32u32.wrapping_sub(half)))
        } else {
            Self(root.wrapping_shr(half.wrapping_sub(32)))
        }
    }

    /// x^p = exp(p ln x) for x > 0; 0 for `x <= 0`, 1 for p = 0.
    pub fn pow(self, power: Self) -> Self {
        if power == Self::ZERO {
            Self::ONE
        } else if self.0 <= 0 {
            Self::ZERO
        } else {
            (power * self.ln()).exp()
        }
    }

    /// The normal density at x.
    pub fn normal_pdf(self) -> Self {
        INVERSE_SQRT_2_PI * (-(self * self).half()).exp()
    }

    /// The normal distribution N(x), error below 2^-60.
    pub fn normal_cdf(self) -> Self {
        let magnitude = self.abs();
        let upper = if magnitude < TAIL {
            Self::ONE.half() - centre(magnitude)
        } else {
            magnitude.normal_pdf() * fraction(magnitude)
        };
        if self.0 < 0 {
            upper
        } else {
            Self::ONE - upper
        }
    }

    /// The Mills ratio N(-z) / phi(z) for z >= 0, relative error below 1e-16; negative z counts as 0.
    pub(super) fn mills(self) -> Self {
        let z = self.max(Self::ZERO);
        if z < TAIL {
            (Self::ONE.half() - centre(z)).over(z.normal_pdf())
        } else {
            fraction(z)
        }
    }
}

/// N(z) - 1/2 = phi(z) (z + z^3/3 + z^5/(3 5) + ..) for z in [0, 3): positive terms only.
fn centre(z: Wide) -> Wide {
    let square = z * z;
    let (mut term, mut sum, mut divisor) = (z, z, 1i128);
    while term.0 != 0 && divisor < 299 {
        divisor = divisor.wrapping_add(2);
        term = Wide((term * square).0.checked_div(divisor).unwrap_or(0));
        sum += term;
    }
    z.normal_pdf() * sum
}

/// The Mills ratio for z >= 3: 1/(z + 1/(z + 2/(z + 3/(z + ..)))), from the inside out.
fn fraction(z: Wide) -> Wide {
    let mut below = z;
    let mut level = LEVELS;
    while level > 0 {
        below = z + Wide::from_integer(level).over(below);
        level = level.wrapping_sub(1);
    }
    Wide::ONE.over(below)
}
