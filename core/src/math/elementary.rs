//! Logarithm, exponential, square root and power on Q-format integers.

use super::fixed::{leading_zeros, mul_shift_down, saturate, ONE};
use super::normal::cubic;
use super::tables::{EXP2, LN};

/// ln 2 in Q46.
const LN_2_Q46: i64 = 48_775_896_626_292;
/// 32 ln 2 in Q40.
const LN_2_POW_32_Q40: i64 = 24_387_948_313_146;
/// log2(e) in Q50, as two halves of 25 bits: `HIGH * 2^25 + LOW`.
const LOG2_E_HIGH: i64 = 48_408_812;
const LOG2_E_LOW: i64 = 21_684_416;

/// ln(x): `x > 0` in Q32, the result in Q40 with an error below 2^-39. `x <= 0` counts as 2^-32.
pub fn ln(x: i64) -> i64 {
    let (mantissa, exponent) = ln_parts(x);
    // PROOF: the exponent is in -32..=30, so the sum is below 2^52; one bit more by rounding.
    let sum = mantissa.wrapping_add(exponent.wrapping_sub(32).wrapping_mul(LN_2_Q46));
    sum.wrapping_add(1 << 5) >> 6
}

/// ln(x) of a positive integer, in Q40 with an error below 2^-39. `x <= 0` counts as 1.
pub fn ln_integer(x: i64) -> i64 {
    // PROOF: |ln| < 2^46.
    ln(x).wrapping_add(LN_2_POW_32_Q40)
}

/// `x = 2^exponent * m` with m in [1, 2): ln(m) in Q46 and the exponent of the raw integer.
#[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: index masked to 64 cells, t below 2^42.
fn ln_parts(x: i64) -> (i64, i64) {
    let x = x.max(1).unsigned_abs();
    let zeros = leading_zeros(x);
    let mantissa = x.wrapping_shl(zeros);
    let [c0, c1, c2, c3, c4] = LN[(mantissa >> 57) as usize & 63];
    let long = ((mantissa >> 15) & ((1 << 42) - 1)) as i64;
    let t = long >> 14;
    // PROOF: t < 2^28 and the inner sums are below 2^35; the first product has 128 bits.
    let curve = cubic::<28, 28>([0, 0, c2, c3.wrapping_add(t.wrapping_mul(c4) >> 28)], t);
    let slope = mul_shift_down(c1, long, 42);
    (c0.wrapping_add(slope).wrapping_add(curve), 63i64.wrapping_sub(i64::from(zeros)))
}

/// e^x: `x` in Q32, the result in Q32 with a relative error below 1e-10 plus half a unit. 0 below -23, `i64::MAX` from
/// 31 ln 2 up.
pub fn exp(x: i64) -> i64 {
    const TOP: i64 = 92_288_378_627; // 31 ln 2
    if x >= TOP {
        return i64::MAX;
    }
    if x < -23 * ONE {
        return 0;
    }
    // y = x log2(e) in Q57. PROOF: |x| < 2^36.6, the halves are below 2^26 and 2^25.
    let y = x.wrapping_mul(LOG2_E_HIGH).wrapping_add(x.wrapping_mul(LOG2_E_LOW) >> 25);
    let power = y >> 57;
    let mantissa = exp2_mantissa((y >> 23) & ((1 << 34) - 1));
    // PROOF: the mantissa is in [2^40, 2^41) and the power in -34..=30: the left shift is at most 22 places.
    let places = power.wrapping_sub(8);
    let distance = u32::try_from(places.unsigned_abs()).unwrap_or(0);
    if places >= 0 {
        mantissa.wrapping_shl(distance)
    } else {
        mantissa.wrapping_shr(distance.wrapping_sub(1)).wrapping_add(1) >> 1
    }
}

/// 2^f for a fraction in Q34, in Q40 in [1, 2).
#[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: the index is masked to the table's 64 cells.
fn exp2_mantissa(fraction: i64) -> i64 {
    let row = EXP2[(fraction >> 28) as usize & 63];
    cubic::<28, 28>(row, fraction & ((1 << 28) - 1)).clamp(1 << 40, (1 << 41) - 1)
}

/// Square root of `x` in Q`IN`, in Q`OUT`, rounded down; 0 for `x <= 0`. `IN` is even and `OUT <= 30 + IN / 2`.
pub fn sqrt<const IN: u32, const OUT: u32>(x: i64) -> i64 {
    const { assert!(IN.is_multiple_of(2) && OUT <= 30 + IN / 2 && OUT >= 1) };
    if x <= 0 {
        return 0;
    }
    let x = x.unsigned_abs();
    let zeros = leading_zeros(x) & !1;
    let root = sqrt_mantissa(x.wrapping_shl(zeros));
    // sqrt(x) = root 2^-30 2^(-zeros/2). PROOF: zeros <= 62, so the shift is at most 30 + 16 + 31 < 128 and >= 0.
    let base = const { 30 + IN / 2 - OUT };
    let places = base.wrapping_add(zeros / 2);
    root.checked_shr(places).unwrap_or(0).cast_signed()
}

/// `sqrt(x) * 2^30` for `x` in [2^62, 2^64), within one unit: the integer root by Newton, then 30 more bits from the
/// remainder.
pub(super) fn sqrt_mantissa(x: u64) -> u64 {
    // The chord through both ends starts within 8.4 %; each step squares half the error: 3.5e-3, 6e-6, 2e-11, exact.
    let mut root = (1u64 << 31).wrapping_add((x >> 31).wrapping_sub(1 << 31) / 3);
    for _ in 0..4 {
        root = root.wrapping_add(x.checked_div(root).unwrap_or(0)) >> 1;
    }
    // PROOF: from above Newton ends at the floor or one over; the product is then below 2^64 unless root is 2^32.
    if x.checked_div(root).unwrap_or(0) < root {
        root = root.wrapping_sub(1);
    }
    let remainder = x.wrapping_sub(root.wrapping_mul(root));
    // sqrt(x) = root + remainder / (2 root) - tiny; remainder <= 2 root < 2^33.
    let tail = (remainder << 29).checked_div(root).unwrap_or(0);
    (root << 30).wrapping_add(tail)
}

/// x^p for `x > 0` and `p` in [0, 1], all in Q32: `exp(p ln x)`, relative error below 3.5e-10 plus half a unit.
/// `x <= 0` counts as 2^-32, `p` is clamped.
pub fn pow(x: i64, p: i64) -> i64 {
    let p = p.clamp(0, ONE);
    exp(mul_shift_down(ln(x), p, 40))
}

/// `value * factor` with the factor in Q32, to nearest, saturating.
pub fn scale(value: i64, factor: i64) -> i64 {
    // PROOF: |value * factor| <= 2^126, and half a unit is 2^31.
    saturate(i128::from(value).wrapping_mul(i128::from(factor)).wrapping_add(1 << 31) >> 32)
}
