//! Client of the Plimsoll clearinghouse.
//!
//! | module | what it does |
//! |---|---|
//! | [`address`] | derived addresses |
//! | [`decode`] | typed accounts and events from bytes |
//! | [`ledger`], [`rpc`] | the chain as a trait, and over JSON-RPC |
//! | [`error`] | refusals by name, account and values |
//! | [`directory`] | what a clearinghouse lists |
//! | [`markets`], [`instruction`] | account lists and instructions: the only place they are built |
//! | [`rows`] | risk rows: what they are good for now, and which an instruction needs refreshed |
//! | [`snapshot`], [`quote`] | margin of accounts now; trades and bids before they are signed |
//! | [`status`] | every sum of a clearinghouse |
//! | [`presets`] | parameter sets to start from |
//! | [`price`] | text to atoms and back, exactly |

pub mod address;
pub mod decode;
pub mod directory;
pub mod error;
pub mod error_codes;
pub mod instruction;
pub mod ledger;
pub mod markets;
pub mod presets;
pub mod price;
pub mod quote;
pub mod rows;
pub mod rpc;
pub mod snapshot;
pub mod status;

/// Keys of accounts and programs.
pub use solana_program::pubkey::Pubkey;
