//! Persisted accounts, one file each.
//!
//! Every account is `zero_copy`, `repr(C)`, eight-byte aligned, holds primitive integers and keys only, carries a
//! version byte and at least 128 reserved bytes, and asserts its size and offsets at compile time. Enumerations
//! are `u8` constants with accessors, absent indices are `u16::MAX`, absent keys are all zero.

pub mod clearinghouse;
pub mod collateral;
pub mod expiry;
pub mod insurance;
pub mod margin_account;
mod mirror;
pub mod oracle_state;
pub mod outflow;
pub mod owner;
pub mod parameters;
pub mod risk_rows;
pub mod underlying;

pub use clearinghouse::Clearinghouse;
pub use collateral::Collateral;
pub use expiry::{Expiry, SettlementData, StrikeData};
pub use insurance::InsuranceFund;
pub use margin_account::{
    AuctionData, CollateralSlot, DelegateData, DelegateTerms, ExpirySlot, MarginAccount, PositionData,
};
pub use oracle_state::{CorrelationData, OracleState, PriceData, VolatilityData};
pub use outflow::{AccountOutflow, Outflow, OutflowWindow};
pub use owner::Owner;
pub use parameters::{
    AuctionParameters, ClearinghouseParameters, CrossParameters, GridParameters, LimitParameters, OracleParameters,
    PortfolioParameters, ScanParameters, VolatilityParameters,
};
pub use risk_rows::{RiskRows, RowsHeaderData, SkewData, TenorData};
pub use underlying::Underlying;
