//! 128-bit values as two 64-bit words. Nothing here may use a `u128` operator that LLVM turns into a call.

/// Low and high word.
pub(crate) type Wide = (u64, u64);

const LOW_HALF: u64 = 0xffff_ffff;
const BASE: u64 = 1 << 32;

/// The whole product of two words.
#[inline(always)]
fn multiply_words(a: u64, b: u64) -> Wide {
    let (a_low, a_high, b_low, b_high) = (a & LOW_HALF, a >> 32, b & LOW_HALF, b >> 32);
    let low = a_low * b_low;
    let middle = a_high * b_low + (low >> 32);
    let carry = a_low * b_high + (middle & LOW_HALF);
    ((carry << 32) | (low & LOW_HALF), a_high * b_high + (middle >> 32) + (carry >> 32))
}

/// `a * b`, wrapping.
#[inline(always)]
pub(crate) fn multiply(a: Wide, b: Wide) -> Wide {
    let (low, high) = multiply_words(a.0, b.0);
    (low, high.wrapping_add(a.1.wrapping_mul(b.0)).wrapping_add(a.0.wrapping_mul(b.1)))
}

/// Two's complement negation, wrapping.
#[inline(always)]
pub(crate) fn negate(value: Wide) -> Wide {
    let (low, borrow) = 0u64.overflowing_sub(value.0);
    (low, 0u64.wrapping_sub(value.1).wrapping_sub(u64::from(borrow)))
}

#[inline(always)]
pub(crate) fn subtract(a: Wide, b: Wide) -> Wide {
    let (low, borrow) = a.0.overflowing_sub(b.0);
    (low, a.1.wrapping_sub(b.1).wrapping_sub(u64::from(borrow)))
}

#[inline(always)]
fn at_least(a: Wide, b: Wide) -> bool {
    a.1 > b.1 || (a.1 == b.1 && a.0 >= b.0)
}

/// One digit of Knuth's algorithm D (TAOCP 4.3.1) in base 2^32: the quotient digit of `high:next` by the normalised
/// `divisor`, corrected down at most twice.
#[inline(always)]
fn quotient_digit(high: u64, next: u64, divisor: u64) -> u64 {
    let (d_high, d_low) = (divisor >> 32, divisor & LOW_HALF);
    let (mut digit, mut rest) = (high / d_high, high % d_high);
    while digit >= BASE || digit * d_low > ((rest << 32) | next) {
        digit -= 1;
        rest += d_high;
        if rest >= BASE {
            break;
        }
    }
    digit
}

/// Quotient and remainder words of `value / divisor`, for `value.1 < divisor`: both fit in a word.
#[inline(always)]
fn div_rem_word(value: Wide, divisor: u64) -> (u64, u64) {
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    let high = if shift == 0 { value.1 } else { (value.1 << shift) | (value.0 >> (64 - shift)) };
    let low = value.0 << shift;
    let first = quotient_digit(high, low >> 32, divisor);
    let middle = (high << 32).wrapping_add(low >> 32).wrapping_sub(first.wrapping_mul(divisor));
    let second = quotient_digit(middle, low & LOW_HALF, divisor);
    let rest = (middle << 32).wrapping_add(low & LOW_HALF).wrapping_sub(second.wrapping_mul(divisor));
    ((first << 32).wrapping_add(second), rest >> shift)
}

/// Quotient and remainder, unsigned. A zero divisor stops the program in the hardware division below.
#[inline(always)]
pub(crate) fn div_rem(value: Wide, divisor: Wide) -> (Wide, Wide) {
    if divisor.1 == 0 {
        return div_rem_by_word(value, divisor.0);
    }
    if !at_least(value, divisor) {
        return ((0, 0), value);
    }
    // The divisor is at least 2^64, so the quotient is one word. Estimate it with the top 64 bits of the normalised
    // divisor and half the value: at most one too large (Hacker's Delight 9-5), hence the decrement and the recheck.
    let shift = divisor.1.leading_zeros();
    let top = if shift == 0 { divisor.1 } else { (divisor.1 << shift) | (divisor.0 >> (64 - shift)) };
    let half = ((value.1 << 63) | (value.0 >> 1), value.1 >> 1);
    let mut quotient = (div_rem_word(half, top).0 >> (63 - shift)).saturating_sub(1);
    let mut rest = subtract(value, multiply((quotient, 0), divisor));
    if at_least(rest, divisor) {
        quotient += 1;
        rest = subtract(rest, divisor);
    }
    ((quotient, 0), rest)
}

#[inline(always)]
fn div_rem_by_word(value: Wide, divisor: u64) -> (Wide, Wide) {
    if value.1 == 0 {
        return ((value.0 / divisor, 0), (value.0 % divisor, 0));
    }
    let (high, rest) = (value.1 / divisor, value.1 % divisor);
    if rest == 0 {
        return ((value.0 / divisor, high), (value.0 % divisor, 0));
    }
    let (low, rest) = div_rem_word((value.0, rest), divisor);
    ((low, high), (rest, 0))
}
