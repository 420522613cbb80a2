//! The rule book of the Plimsoll options clearinghouse: units, option math, margin, liquidation, waterfall,
//! oracle rules and invariants. The program, the clients, the keepers and the tests all run this crate.
//!
//! No Solana, no Anchor, no float, no allocation, no panic. Functions take plain values and slices and return a
//! plan or a [`error::CoreError`]; rounding is against the account and its direction is in the name.
#![no_std]

pub mod correlation;
pub mod debt;
pub mod delegate;
pub mod error;
pub mod grid;
pub mod invariants;
pub mod liquidation;
pub mod margin;
pub mod math;
pub mod oracle;
pub mod outflow;
pub mod parameters;
pub mod position;
pub mod series;
pub mod settlement;
pub mod trade;
pub mod units;
pub mod volatility;
pub mod waterfall;
