//! Tests of `plimsoll_core::math` against mpmath golden values and by property.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // Tests may panic, and f64 is their yardstick.

mod math {
    pub mod golden;

    mod black76;
    mod elementary;
    mod fixed;
    mod greeks;
    mod normal;
    mod smile;
    mod tables;
    mod time;
    mod unwrapped;
    mod wide;
}
