//! Keepers of the Plimsoll clearinghouse.
//!
//! One turn of a keeper is: load the [`book::Book`] (every account of one clearinghouse), let [`plan::plan`] decide, a
//! pure function of book and policy, and [`turn::step`] send what was decided. The same code runs against an RPC node, a
//! recording and the embedded chain of demo and tests.

pub mod book;
pub mod plan;
pub mod policy;
pub mod turn;
