//! An asset that options are written on.

use anchor_lang::prelude::*;

use super::parameters::{
    AuctionParameters, CrossParameters, GridParameters, LimitParameters, OracleParameters, PortfolioParameters,
    ScanParameters, VolatilityParameters,
};

/// An asset with its price feed, contract and parameters. Prices and volatility live in its `OracleState`, so that
/// reading margin never write-locks this account.
///
/// Seeds: `underlying`, clearinghouse, index.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Underlying {
    /// The clearinghouse. Writer: `underlying_create`.
    pub clearinghouse: Pubkey,
    /// Its `OracleState`. Writer: `underlying_create`.
    pub oracle: Pubkey,
    /// Program that owns the price accounts of this feed. Writer: `underlying_create`.
    pub receiver_program: Pubkey,
    /// Price feed id. Writer: `underlying_create`.
    pub feed_id: [u8; 32],
    /// Billionths of the underlying per contract, > 0. Writer: `underlying_create`.
    pub contract_size: u64,
    /// Unix second of listing. Writer: `underlying_create`.
    pub created_at: i64,
    /// Listing grid. Writer: `underlying_create`.
    pub grid: GridParameters,
    /// Price acceptance. Writer: `underlying_create`.
    pub oracle_parameters: OracleParameters,
    /// Volatility state. Writer: `underlying_create`.
    pub volatility: VolatilityParameters,
    /// Scan range and margin scale. Writer: `underlying_create`.
    pub scan: ScanParameters,
    /// Cross and isolated margin. Writer: `underlying_create`.
    pub cross: CrossParameters,
    /// Liquidation auction. Writer: `underlying_create`.
    pub auction: AuctionParameters,
    /// Position limits and price bands. Writer: `underlying_create`.
    pub limits: LimitParameters,
    /// Portfolio margin. Writer: `underlying_create`.
    pub portfolio: PortfolioParameters,
    /// Change sequences of the groups, in the order above. Writer: `underlying_create`.
    pub sequences: [u32; 8],
    /// Index within the clearinghouse, never reused. Writer: `underlying_create`.
    pub index: u16,
    /// Layout version. Writer: `underlying_create`.
    pub version: u8,
    /// Bump of this address. Writer: `underlying_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 4],
    /// Zero; room for later layouts.
    pub reserved: [u8; 216],
}

const _: () = assert!(core::mem::offset_of!(Underlying, contract_size) == 128);
const _: () = assert!(core::mem::offset_of!(Underlying, grid) == 144);
const _: () = assert!(core::mem::size_of::<Underlying>() == 904);

impl Underlying {
    /// Sum of the change sequences of all groups: rows computed under other parameters have another one.
    pub fn sequence(&self) -> u64 {
        self.sequences.iter().fold(0, |sum, sequence| sum.saturating_add(u64::from(*sequence)))
    }
}
