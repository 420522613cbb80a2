//! Keepers of the Plimsoll clearinghouse.
//!
//! One turn of a keeper is: take a [`feed::View`] (every account of one clearinghouse), let [`plan::plan`] decide, a
//! pure function of book and policy, and [`send`] what was decided; again while that made more possible. The same code
//! runs against an RPC node, a recording and the embedded chain of demo and tests.
//!
//! | module | what it does |
//! |---|---|
//! | [`feed`] | views of the chain: live over RPC and websocket, recorded, or of any ledger |
//! | [`book`] | the decoded accounts of one view |
//! | [`scan`] | which accounts the program would auction |
//! | [`plan`], [`policy`] | what to do about it, and at which terms |
//! | [`send`], [`turn`] | transactions, and the rounds of one turn |
//! | [`run`] | turns without end: logs, metrics, recording, stop |
//! | [`audit`] | equations that do not hold, told from reads a moment apart |
//! | [`replay`] | recorded plans made again |
//! | [`config`], [`metrics`] | the configuration file; the Prometheus endpoint |

pub mod audit;
mod base58;
pub mod book;
pub mod config;
pub mod feed;
pub mod metrics;
pub mod plan;
pub mod policy;
pub mod replay;
pub mod run;
pub mod scan;
pub mod send;
pub mod turn;
