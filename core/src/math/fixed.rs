//! Products, quotients and roots of integers, with the direction of rounding in the name.

/// 1.0 in Q32: the format of volatilities, rates, factors and probabilities.
pub const ONE: i64 = 1 << 32;

/// `a * b / d` rounded toward minus infinity; `None` when `d` is 0 or the result does not fit.
pub fn mul_div_down(a: i64, b: i64, d: i64) -> Option<i64> {
    mul_div(a, b, d, false)
}

/// `a * b / d` rounded toward plus infinity; `None` when `d` is 0 or the result does not fit.
pub fn mul_div_up(a: i64, b: i64, d: i64) -> Option<i64> {
    mul_div(a, b, d, true)
}

/// Quotient of magnitudes, then the sign: a 64-bit division costs 2 compute units, a 128-bit one over 100.
fn mul_div(a: i64, b: i64, d: i64, up: bool) -> Option<i64> {
    let negative = (a < 0) ^ (b < 0) ^ (d < 0);
    let (a, b, d) = (a.unsigned_abs(), b.unsigned_abs(), d.unsigned_abs());
    let product = mul_full(a, b);
    let (quotient, exact) = match u64::try_from(product) {
        Ok(product) => (product.checked_div(d)?, product.checked_rem(d)? == 0),
        Err(_) => {
            let d = u128::from(d);
            (u64::try_from(product.checked_div(d)?).ok()?, product.checked_rem(d)? == 0)
        }
    };
    // Up on a positive and down on a negative result both move the magnitude away from zero.
    let magnitude = quotient.checked_add(u64::from(!exact && negative != up))?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        0i64.checked_add_unsigned(magnitude)
    }
}

/// `a * b`; `None` outside `-i64::MAX..=i64::MAX`. Checked by a division, which costs 2 units on the chain; the
/// compiler's own check makes a 128-bit product.
#[inline]
pub const fn product(a: i64, b: i64) -> Option<i64> {
    match i64::MAX.unsigned_abs().checked_div(b.unsigned_abs()) {
        None => Some(0),
        // PROOF: |a| |b| <= i64::MAX.
        Some(room) if a.unsigned_abs() <= room => Some(a.wrapping_mul(b)),
        Some(_) => None,
    }
}

/// Arithmetic at the ends of `i64` in less program than the compiler's own, which puts up to a hundred bytes at every use.
pub trait Bounded: Sized {
    /// As [`i64::checked_add`].
    fn exact_add(self, other: Self) -> Option<Self>;
    /// As [`i64::checked_sub`].
    fn exact_sub(self, other: Self) -> Option<Self>;
    /// As [`i64::saturating_add`].
    fn saturated_add(self, other: Self) -> Self;
    /// As [`i64::saturating_sub`].
    fn saturated_sub(self, other: Self) -> Self;
    /// As [`i64::saturating_mul`].
    fn saturated_mul(self, other: Self) -> Self;
}

impl Bounded for i64 {
    #[inline(always)]
    fn exact_add(self, other: Self) -> Option<Self> {
        sum(self, other)
    }

    #[inline(always)]
    fn exact_sub(self, other: Self) -> Option<Self> {
        difference(self, other)
    }

    #[inline(never)]
    fn saturated_add(self, other: Self) -> Self {
        match sum(self, other) {
            Some(sum) => sum,
            None => end_beyond(self),
        }
    }

    #[inline(never)]
    fn saturated_sub(self, other: Self) -> Self {
        match difference(self, other) {
            Some(difference) => difference,
            None => end_beyond(self),
        }
    }

    #[inline(never)]
    fn saturated_mul(self, other: Self) -> Self {
        match product(self, other) {
            Some(product) => product,
            // Also for a product of exactly `i64::MIN`.
            None => end_beyond(self ^ other),
        }
    }
}

/// The end of `i64` on the side of `sign`.
#[inline(always)]
const fn end_beyond(sign: i64) -> i64 {
    if sign < 0 {
        i64::MIN
    } else {
        i64::MAX
    }
}

/// `a + b`; `None` outside `i64`. The sum left the integers if its sign is that of neither part: half the instructions of
/// the compiler's own check.
#[inline(always)]
pub const fn sum(a: i64, b: i64) -> Option<i64> {
    // PROOF: the wrapped sum is returned only where it is the sum.
    let sum = a.wrapping_add(b);
    if (a ^ sum) & (b ^ sum) < 0 {
        None
    } else {
        Some(sum)
    }
}

/// `a - b`; `None` outside `i64`: parts of two signs, and a result that has not the first one's.
#[inline(always)]
pub const fn difference(a: i64, b: i64) -> Option<i64> {
    // PROOF: the wrapped difference is returned only where it is the difference.
    let difference = a.wrapping_sub(b);
    if (a ^ b) & (a ^ difference) < 0 {
        None
    } else {
        Some(difference)
    }
}

/// `10^exponent`; `None` above 18, where it leaves `i64`.
pub fn power_of_ten(exponent: u32) -> Option<i64> {
    const POWERS: [i64; 19] = {
        let mut powers = [1i64; 19];
        let mut exponent = 1;
        while exponent < 19 {
            // PROOF: evaluated by the compiler; 10^18 is below 2^63.
            #[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
            {
                powers[exponent] = powers[exponent - 1] * 10;
                exponent += 1;
            }
        }
        powers
    };
    usize::try_from(exponent).ok().and_then(|exponent| POWERS.get(exponent)).copied()
}

/// `a / d` toward zero; `None` when `d` is 0 or the result does not fit.
///
/// Signed quotients are made of unsigned ones throughout: the chain's instruction set as LLVM's BPF backend knows it
/// has no signed division.
pub const fn div_toward_zero(a: i64, d: i64) -> Option<i64> {
    let Some(magnitude) = a.unsigned_abs().checked_div(d.unsigned_abs()) else { return None };
    if (a < 0) == (d < 0) {
        0i64.checked_add_unsigned(magnitude)
    } else {
        0i64.checked_sub_unsigned(magnitude)
    }
}

/// `a / d` toward minus infinity, and the rest in `0..d`; `None` when `d` is 0.
pub const fn div_rem_floor(a: i64, d: u64) -> Option<(i64, u64)> {
    let magnitude = a.unsigned_abs();
    let (Some(quotient), Some(rest)) = (magnitude.checked_div(d), magnitude.checked_rem(d)) else { return None };
    if a >= 0 {
        // PROOF: a magnitude of a positive i64, divided, fits i64.
        return Some((quotient.cast_signed(), rest));
    }
    if rest == 0 {
        // PROOF: quotient <= 2^63, whose negation is the least i64.
        return Some((quotient.wrapping_neg().cast_signed(), 0));
    }
    // PROOF: a rest needs d >= 2, so that quotient < 2^62, and rest < d.
    Some((quotient.wrapping_add(1).wrapping_neg().cast_signed(), d.wrapping_sub(rest)))
}

/// `a * b` in full; 64-bit work when both factors are short.
fn mul_full(a: u64, b: u64) -> u128 {
    if (a | b) >> 32 == 0 {
        u128::from(a.wrapping_mul(b))
    } else {
        u128::from(a).wrapping_mul(u128::from(b))
    }
}

/// `a * b / 2^shift` rounded toward minus infinity, saturating to the ends of `i64`; `shift` in 1..=63, taken modulo 64.
#[inline(always)]
pub fn mul_shift_down(a: i64, b: i64, shift: u32) -> i64 {
    let (high, low) = mul_signed(a, b);
    let top = high.wrapping_shr(shift);
    let value = high.wrapping_shl(64u32.wrapping_sub(shift)) | low.wrapping_shr(shift).cast_signed();
    if top == value >> 63 {
        value
    } else if high < 0 {
        i64::MIN
    } else {
        i64::MAX
    }
}

/// `value * share / 2^32` rounded toward minus infinity, for a share in 0..=2^32: two products of 64 bits.
#[inline(always)]
pub const fn share_down(value: i64, share: i64) -> i64 {
    const LOW: i64 = (1 << 32) - 1;
    // PROOF: the high half is in -2^31..2^31 and the low one below 2^32, so with a share of at most 2^32 the products are
    // in -2^63..2^63 and below 2^64; the sum is the quotient, which is not farther from 0 than `value`, rounded down.
    let low = (value & LOW).cast_unsigned().wrapping_mul(share.cast_unsigned()) >> 32;
    (value >> 32).wrapping_mul(share).wrapping_add(low.cast_signed())
}

/// The 128-bit product as (high, low), from four 32-bit products: half the price of the compiler's own on the chain.
#[inline(always)]
const fn mul_signed(a: i64, b: i64) -> (i64, u64) {
    const LOW: u64 = (1 << 32) - 1;
    let (x, y) = (a.cast_unsigned(), b.cast_unsigned());
    let (x1, x0, y1, y0) = (x >> 32, x & LOW, y >> 32, y & LOW);
    // PROOF: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1: no sum below wraps.
    let middle = x1.wrapping_mul(y0).wrapping_add(x0.wrapping_mul(y0) >> 32);
    let other = x0.wrapping_mul(y1).wrapping_add(middle & LOW);
    let high = x1.wrapping_mul(y1).wrapping_add(middle >> 32).wrapping_add(other >> 32);
    // Two's complement: a negative factor counted 2^64 times the other one too much.
    let high = high.cast_signed().wrapping_sub((a >> 63) & b).wrapping_sub((b >> 63) & a);
    (high, x.wrapping_mul(y))
}

/// Leading zeros of `x`, 64 for 0: by halves and a table, at half the price of the compiler's own on the chain.
#[inline(always)]
#[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: eight bits index 256 entries.
pub const fn leading_zeros(x: u64) -> u32 {
    let (mut x, mut zeros) = (x, 0u32);
    if x >> 32 == 0 {
        zeros = 32;
        x <<= 32;
    }
    if x >> 48 == 0 {
        zeros = zeros.wrapping_add(16);
        x <<= 16;
    }
    if x >> 56 == 0 {
        zeros = zeros.wrapping_add(8);
        x <<= 8;
    }
    zeros.wrapping_add(BYTE_ZEROS[(x >> 56) as usize & 255] as u32)
}

/// Leading zeros of a byte.
static BYTE_ZEROS: [u8; 256] = {
    let mut table = [8u8; 256];
    let mut value = 1u8;
    loop {
        #[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: evaluated by the compiler.
        {
            table[value as usize] = value.leading_zeros() as u8;
        }
        if value == 255 {
            break;
        }
        value = value.wrapping_add(1);
    }
    table
};

/// The nearest `i64`.
#[inline]
pub fn saturate(value: i128) -> i64 {
    match i64::try_from(value) {
        Ok(value) => value,
        Err(_) if value < 0 => i64::MIN,
        Err(_) => i64::MAX,
    }
}

/// Floor of the square root.
#[inline]
pub fn isqrt_u128(x: u128) -> u128 {
    x.isqrt()
}

/// `x * 2^shift` for `x >= 0`: a left shift that saturates at `i64::MAX`, or a right shift that rounds to nearest.
/// Negative `x` counts as 0.
#[inline]
pub fn scale_by_power(x: i64, shift: i32) -> i64 {
    let x = x.max(0);
    let places = shift.unsigned_abs();
    if shift >= 0 {
        // PROOF: x <= MAX >> places, so x << places <= MAX.
        x.min(i64::MAX.checked_shr(places).unwrap_or(0)).wrapping_shl(places)
    } else {
        // PROOF: places >= 1, so the floor is at most 2^62 and adding the first bit cut off cannot overflow.
        let floor = x.checked_shr(places).unwrap_or(0);
        let next = x.checked_shr(places.wrapping_sub(1)).unwrap_or(0) & 1;
        floor.wrapping_add(next)
    }
}

/// The shift that brings `x > 0` into `[2^bit, 2^(bit+1))`: positive to the left. 0 for `x <= 0`.
#[inline]
pub fn shift_to_bit(x: i64, bit: u8) -> i32 {
    if x <= 0 {
        return 0;
    }
    // PROOF: the top bit is in 0..=62 and `bit` in 0..=255: both differences fit.
    let top = 63i32.wrapping_sub_unsigned(leading_zeros(x.unsigned_abs()));
    i32::from(bit).wrapping_sub(top)
}
