//! Fixed-point option math: 64-bit integers on the hot path, 128-bit ones for the evaluator, the same bits on every
//! machine.
//!
//! A value "in Q32" is the integer `value * 2^32`. Formats used throughout:
//!
//! | quantity | format |
//! |---|---|
//! | volatility, v sqrt(t), rate, shock factor, power, discount factor, delta | Q32 in `i64` ([`fixed::ONE`]) |
//! | probability and density of [`normal`] | Q31 in `i64` |
//! | logarithms, square root of time | Q40 in `i64` |
//! | total variance | Q52 in `i64` |
//! | prices inside the kernel | kernel units, see [`black76::Scale`] |
//! | everything in the evaluator | [`wide::Wide`], Q64 in `i128` |
//!
//! Nothing here panics: arguments outside a documented range saturate to the nearest end or give the exact limit.

pub mod black76;
pub mod elementary;
pub mod fixed;
pub mod greeks;
pub mod normal;
pub mod smile;
pub mod tables;
pub mod time;
pub mod wide;
