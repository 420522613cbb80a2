//! Tests of the rules: prices, volatility, settlement, trades, liquidation, waterfall, limits and invariants.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // Tests may panic, and f64 is their yardstick.

mod rules {
    mod auction_sims;
    mod correlation;
    mod debt;
    mod delegate;
    mod grid;
    mod invariants;
    mod liquidation;
    mod oracle;
    mod outflow;
    mod parameters;
    mod settlement;
    mod trade;
    mod volatility;
    mod waterfall;
}
