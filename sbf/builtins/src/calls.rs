//! The five symbols LLVM emits calls to. `extern "unadjusted"` hands the 128-bit values to the backend untouched.

use crate::wide::{div_rem, multiply, negate, Wide};

fn split(value: u128) -> Wide {
    (value as u64, (value >> 64) as u64)
}

fn join((low, high): Wide) -> u128 {
    (u128::from(high) << 64) | u128::from(low)
}

fn is_negative(value: Wide) -> bool {
    (value.1 as i64) < 0
}

fn magnitude(value: Wide) -> Wide {
    if is_negative(value) {
        negate(value)
    } else {
        value
    }
}

fn signed(value: Wide, negative: bool) -> Wide {
    if negative {
        negate(value)
    } else {
        value
    }
}

/// The division of the rarer calls, in one place: it is four hundred instructions.
#[inline(never)]
fn shared_div_rem(a: Wide, b: Wide) -> (Wide, Wide) {
    div_rem(a, b)
}

/// `a * b`, wrapping.
#[no_mangle]
pub extern "unadjusted" fn __multi3(a: u128, b: u128) -> u128 {
    join(multiply(split(a), split(b)))
}

/// `a / b`, unsigned.
#[no_mangle]
pub extern "unadjusted" fn __udivti3(a: u128, b: u128) -> u128 {
    join(div_rem(split(a), split(b)).0)
}

/// `a % b`, unsigned.
#[no_mangle]
pub extern "unadjusted" fn __umodti3(a: u128, b: u128) -> u128 {
    join(shared_div_rem(split(a), split(b)).1)
}

/// `a / b`, two's complement, towards zero.
#[no_mangle]
pub extern "unadjusted" fn __divti3(a: u128, b: u128) -> u128 {
    let (a, b) = (split(a), split(b));
    let quotient = shared_div_rem(magnitude(a), magnitude(b)).0;
    join(signed(quotient, is_negative(a) != is_negative(b)))
}

/// `a % b`, two's complement, with the sign of `a`.
#[no_mangle]
pub extern "unadjusted" fn __modti3(a: u128, b: u128) -> u128 {
    let (a, b) = (split(a), split(b));
    let remainder = shared_div_rem(magnitude(a), magnitude(b)).1;
    join(signed(remainder, is_negative(a)))
}
