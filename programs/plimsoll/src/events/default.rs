//! Events of auctions, bad debt and debt.

use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

/// An auction started.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuctionStarted {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Who started it.
    pub starter: Pubkey,
    /// Number of the auction within the account.
    pub count: u32,
    /// Equity before the fee.
    pub equity: i64,
    /// Maintenance balance before the fee.
    pub maintenance: i64,
    /// Interest paid to the fund.
    pub interest: i64,
    /// Start fee.
    pub fee: i64,
    /// Part of the fee that went to the starter.
    pub starter_fee: i64,
    /// Clock reading the auction starts from, seconds.
    pub elapsed: i64,
    /// Cash before.
    pub cash_before: i64,
    /// Cash after.
    pub cash_after: i64,
    /// Sequence of the account after.
    pub sequence: u64,
}

/// A bid took a fraction of an account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuctionBidTaken {
    /// The account in auction.
    pub margin_account: Pubkey,
    /// The bidding account.
    pub bidder: Pubkey,
    /// Fraction taken, ppm.
    pub fraction: u32,
    /// Legs the account has left.
    pub legs_after: u16,
    /// Price factor, billionths.
    pub price_factor: i64,
    /// Equity before.
    pub equity_before: i64,
    /// Maintenance balance before.
    pub maintenance_before: i64,
    /// Maintenance balance after.
    pub maintenance_after: i64,
    /// Value at the mark of what moved.
    pub value: i64,
    /// What the bidder paid to the account; negative: was paid.
    pub payment: i64,
    /// What the bidder paid to the fund.
    pub slice: i64,
    /// Interest paid to the fund.
    pub interest: i64,
    /// The account's cash before.
    pub cash_before: i64,
    /// The account's cash after.
    pub cash_after: i64,
    /// The bidder's cash before.
    pub bidder_cash_before: i64,
    /// The bidder's cash after.
    pub bidder_cash_after: i64,
    /// Cash paid in by bidders of this auction so far.
    pub reserve_after: i64,
    /// Sequence of the account after.
    pub sequence: u64,
}

/// An insolvent account was taken over; the waterfall paid.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDebtCovered {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The account in auction.
    pub margin_account: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Number of the incident.
    pub incident: u32,
    /// The loss: what the account owed after everything it had was gone.
    pub loss: i64,
    /// Part that the fund paid.
    pub from_insurance: i64,
    /// Part that the surplus paid.
    pub from_surplus: i64,
    /// Part that became deficit.
    pub to_deficit: i64,
    /// Fund after.
    pub insurance_after: i64,
    /// Surplus after.
    pub surplus_after: i64,
    /// Deficit after.
    pub deficit_after: i64,
    /// Generation of the deficit after.
    pub deficit_epoch: u32,
    /// Bad debt of the owner after.
    pub bad_debt_after: i64,
}

/// An auction ended.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuctionEnded {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Number of the auction within the account.
    pub count: u32,
    /// Equity.
    pub equity: i64,
    /// Maintenance balance.
    pub maintenance: i64,
    /// Balance with the buffer, >= 0.
    pub buffer_margin: i64,
    /// Clock reading, seconds.
    pub elapsed: i64,
    /// Reserve that becomes plain cash.
    pub reserve_before: i64,
    /// Sequence of the account after.
    pub sequence: u64,
}

/// Interest on debt was paid to the fund.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebtAccrued {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Interest paid.
    pub interest: i64,
    /// Cash before.
    pub cash_before: i64,
    /// Cash after.
    pub cash_after: i64,
    /// Fund before.
    pub insurance_before: i64,
    /// Fund after.
    pub insurance_after: i64,
}

/// Collateral of an account in debt was sold to another account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralSold {
    /// The account in debt.
    pub margin_account: Pubkey,
    /// The buying account.
    pub buyer: Pubkey,
    /// Index of the collateral.
    pub collateral: u16,
    /// Atoms of the mint sold.
    pub amount: u64,
    /// Quote paid.
    pub proceeds: i64,
    /// Price of one whole token in quote.
    pub price: i64,
    /// Discount, ppm.
    pub discount: u32,
    /// The seller's cash before.
    pub cash_before: i64,
    /// The seller's cash after.
    pub cash_after: i64,
    /// The buyer's cash after.
    pub buyer_cash_after: i64,
}
