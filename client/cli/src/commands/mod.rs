//! One module per group of commands.

pub mod account;
pub mod auction;
pub mod cash;
pub mod clearinghouse;
pub mod collateral;
pub mod debt;
pub mod expiry;
pub mod insurance;
pub mod listing;
pub mod live_margin;
mod mode;
pub mod oracle;
pub mod rows;
pub mod settle;
pub mod status;
pub mod trade;

mod delegate;
mod parameters;
