//! Tests of `plimsoll_core::margin` against mpmath golden books, published numbers and by property.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // Tests may panic, and f64 is their yardstick.

mod margin {
    pub mod documents;
    pub mod fixtures;

    mod bounds;
    mod chain;
    mod cross;
    mod golden;
    mod liquidation_price;
    mod parameters;
    mod portfolio;
    mod portfolio_properties;
    mod properties;
    mod published;
    mod scan;
    mod scenario;
}
