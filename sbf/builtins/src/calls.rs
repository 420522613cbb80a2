//! The five symbols LLVM emits calls to. `extern "unadjusted"` hands the 128-bit values to the backend untouched.

use crate::wide::{div_rem, multiply, negate, subtract, Wide};

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

/// The quotient for the rarer calls: division is four hundred instructions and stands once, in [`__udivti3`].
fn quotient(a: Wide, b: Wide) -> Wide {
    split(__udivti3(join(a), join(b)))
}

/// What the quotient leaves of `a`.
fn remainder(a: Wide, b: Wide) -> Wide {
    subtract(a, multiply(quotient(a, b), b))
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
    join(remainder(split(a), split(b)))
}

/// `a / b`, two's complement, towards zero.
#[no_mangle]
pub extern "unadjusted" fn __divti3(a: u128, b: u128) -> u128 {
    let (a, b) = (split(a), split(b));
    join(signed(quotient(magnitude(a), magnitude(b)), is_negative(a) != is_negative(b)))
}

/// `a % b`, two's complement, with the sign of `a`.
#[no_mangle]
pub extern "unadjusted" fn __modti3(a: u128, b: u128) -> u128 {
    let (a, b) = (split(a), split(b));
    join(signed(remainder(magnitude(a), magnitude(b)), is_negative(a)))
}
