//! Harness of the Plimsoll program: the built program on an embedded chain, driven through the client.
//!
//! | module | what it does |
//! |---|---|
//! | [`chain`] | the chain: clock, accounts, execution; implements the client's `Ledger` |
//! | [`token`], [`pyth`], [`feed`] | mints, price accounts, posting prices |
//! | [`world`] | a clearinghouse with markets, collateral and funded traders |
//! | [`invariants`] | what must be true after every transaction, and of everything |
//! | [`kernel_bench`] | the program of the option kernel alone: units of single functions, hashes of random cases |
//! | [`metrics`] | compute units against a snapshot |

pub mod chain;
pub mod feed;
pub mod invariants;
pub mod kernel_bench;
pub mod metrics;
pub mod pyth;
pub mod token;
pub mod world;
