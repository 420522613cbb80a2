//! Sizes of the persisted tables, and the program ids that the program knows by name.

use anchor_lang::prelude::{pubkey, Pubkey};

pub use plimsoll_core::margin::view::{MAX_EXPIRIES, MAX_POSITIONS, MAX_UNDERLYINGS};
pub use plimsoll_core::series::MAX_STRIKES;

/// Most kinds of collateral one margin account holds.
pub const MAX_COLLATERALS: usize = 8;

/// Most expiries of an account in portfolio mode: each brings its rows along, and a bid for the widest account still has
/// to fit the 64 accounts that a cluster locks for a transaction. Otherwise it could not be liquidated from rows.
pub const MAX_EXPIRIES_PORTFOLIO: usize = 10;

/// Most kernel prices that one margin check takes in portfolio mode: 64 legs in 33 scenarios with their two basis columns,
/// twice while a price walks. All checks of an instruction together take twice as many: a bid values an account before and
/// after, which is about a million compute units. Larger books are valued from risk rows.
pub const FRESH_PRICES_MAX: usize = 64 * 35 * 2;

/// Layout version of every account this program writes.
pub const LAYOUT_VERSION: u8 = 1;

/// An underlying or collateral index that names none.
pub const INDEX_NONE: u16 = u16::MAX;

/// Decimals of every quote mint.
pub const QUOTE_DECIMALS: u8 = 6;

/// Most decimals of a collateral mint: its value computation stays inside `i128`.
pub const COLLATERAL_DECIMALS_MAX: u8 = 12;

/// Token-2022, refused by name.
pub const TOKEN_2022_ID: Pubkey = pubkey!("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// The Pyth receiver programs whose price accounts an underlying may name. Nobody else's account is a price.
pub const PRICE_RECEIVERS: [Pubkey; 2] =
    [pubkey!("rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ"), pubkey!("rec2HHDDnjLfj4kE7VyEtFA1HPGQLK33259532cRyHp")];
