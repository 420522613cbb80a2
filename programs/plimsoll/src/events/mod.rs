//! Facts with values before and after. Hot-path events go to the log; governance and incident events are emitted
//! by a call to the program itself, where log truncation cannot lose them. Amounts are quote atoms unless named.
//!
//! The memory of a [`Pod`] event, wide fields first and without padding, is its serialised form: [`crate::log`].

use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

mod default;

pub use default::*;

/// A clearinghouse was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearinghouseCreated {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// Its creator.
    pub creator: Pubkey,
    /// Its authority.
    pub authority: Pubkey,
    /// Its quote mint.
    pub quote_mint: Pubkey,
    /// Index within the creator's clearinghouses.
    pub index: u16,
}

/// An underlying was listed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderlyingCreated {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The underlying.
    pub underlying: Pubkey,
    /// Its price feed.
    pub feed_id: [u8; 32],
    /// Billionths of the underlying per contract.
    pub contract_size: u64,
    /// Index within the clearinghouse.
    pub index: u16,
    /// 1 if it prices the quote token itself.
    pub stable: u8,
}

/// A collateral was listed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralCreated {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The collateral.
    pub collateral: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Most tokens held, atoms of the mint.
    pub cap: u64,
    /// Full weight, ppm.
    pub cross_factor: u32,
    /// Time to the full weight, seconds.
    pub ramp_seconds: u32,
    /// Index within the clearinghouse.
    pub index: u16,
    /// Underlying that prices it; `u16::MAX`: 1 USD a token.
    pub priced_by: u16,
}

/// An expiry was listed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryCreated {
    /// The underlying.
    pub underlying: Pubkey,
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Expiry time: unix seconds.
    pub expiry: i64,
    /// Who paid the rent.
    pub rent_payer: Pubkey,
}

/// A strike was listed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrikeCreated {
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Strike price: quote atoms per whole underlying.
    pub price: i64,
    /// Its id.
    pub strike: u8,
}

/// A key was registered in a clearinghouse.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerCreated {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The key.
    pub owner: Pubkey,
}

/// A margin account was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarginAccountOpened {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its id.
    pub id: u16,
    /// Its mode: 1 isolated, 2 cross, 3 portfolio.
    pub mode: u8,
}

/// A margin account was closed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginAccountClosed {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its id, which never returns.
    pub id: u16,
}

/// The margin mode of an account changed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeChanged {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Initial balance under the new mode, >= 0.
    pub initial_after: i64,
    /// Sequence of the account after.
    pub sequence: u64,
    /// Mode before: 1 isolated, 2 cross, 3 portfolio.
    pub mode_before: u32,
    /// Mode after.
    pub mode_after: u32,
}

/// The risk rows of an expiry were opened.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsOpened {
    /// The rows.
    pub rows: Pubkey,
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Who paid the rent.
    pub rent_payer: Pubkey,
}

/// Risk rows have room for more strikes.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsGrown {
    /// The rows.
    pub rows: Pubkey,
    /// Strikes there is room for after.
    pub strikes: u64,
}

/// Risk rows were refreshed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsRefreshed {
    /// The rows.
    pub rows: Pubkey,
    /// Accepted price they stand on: quote atoms per whole underlying.
    pub spot: i64,
    /// Bit i: strike i is filled.
    pub filled: u64,
    /// Paid to the payee, >= 0.
    pub paid: i64,
    /// Grid steps a side that are filled.
    pub steps: u64,
}

/// Risk rows were closed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsClosed {
    /// The rows.
    pub rows: Pubkey,
    /// Who received the rent.
    pub rent_payer: Pubkey,
}

/// The delegate of a margin account changed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegateChanged {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Delegate before; zero: none.
    pub delegate_before: Pubkey,
    /// Delegate after; zero: none.
    pub delegate_after: Pubkey,
    /// Last second of its power: unix seconds.
    pub expires_at: i64,
    /// Budget per window.
    pub budget: i64,
    /// Length of a window, seconds.
    pub window_seconds: u32,
    /// Allowed actions.
    pub actions: u32,
    /// Sequence of the account after.
    pub sequence: u64,
}

/// Cash was deposited.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposited {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Who paid.
    pub depositor: Pubkey,
    /// Credited: the measured change of the vault.
    pub amount: i64,
    /// Cash before.
    pub cash_before: i64,
    /// Cash after.
    pub cash_after: i64,
    /// Vault after.
    pub vault_after: u64,
}

/// Cash was withdrawn.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Token account that received it.
    pub destination: Pubkey,
    /// Paid out.
    pub amount: i64,
    /// Cash before.
    pub cash_before: i64,
    /// Cash after.
    pub cash_after: i64,
    /// Locked by this withdrawal because a deficit is open.
    pub locked: i64,
    /// Initial balance after.
    pub initial_after: i64,
    /// Vault after.
    pub vault_after: u64,
}

/// Collateral was deposited (`amount` > 0) or withdrawn (`amount` < 0).
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralMoved {
    /// The margin account.
    pub margin_account: Pubkey,
    /// The other side: depositor or destination token account.
    pub counterparty: Pubkey,
    /// Index of the collateral.
    pub collateral: u16,
    /// Atoms of the mint: + deposited, - withdrawn.
    pub amount: i64,
    /// The account's balance before, atoms of the mint.
    pub held_before: u64,
    /// The account's balance after, atoms of the mint.
    pub held_after: u64,
    /// All accounts' balance after, atoms of the mint.
    pub deposited_after: u64,
}

/// A price was accepted.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceAccepted {
    /// The underlying.
    pub underlying: Pubkey,
    /// Number of the update.
    pub sequence: u64,
    /// Publish time: unix seconds.
    pub publish_time: i64,
    /// Accepted price before: quote atoms per whole underlying.
    pub price_before: i64,
    /// Accepted price after.
    pub price_after: i64,
    /// Raw price of the update.
    pub raw: i64,
    /// Since when the accepted price walks: unix seconds, 0 converged.
    pub walking_since: i64,
    /// Volatility state after: annualised, Q32.
    pub volatility: i64,
}

/// An account's initial balance is negative.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginCall {
    /// The margin account.
    pub margin_account: Pubkey,
    /// Equity.
    pub equity: i64,
    /// Initial balance, < 0: the shortfall.
    pub initial: i64,
    /// Maintenance balance; < 0: liquidatable.
    pub maintenance: i64,
    /// Unix second of the check.
    pub at: i64,
}

/// The insurance fund received a contribution; a recorded deficit is covered first.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsuranceDeposited {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// Who paid.
    pub depositor: Pubkey,
    /// Paid in: the measured change of the vault.
    pub amount: i64,
    /// Part of it that covered the deficit; what the fund itself covers shows in its balance.
    pub to_deficit: i64,
    /// Deficit after.
    pub deficit_after: i64,
    /// Fund before.
    pub insurance_before: i64,
    /// Fund after.
    pub insurance_after: i64,
}

/// Bad debt of an owner was repaid; a recorded deficit is covered first, the rest goes to the fund.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDebtRepaid {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// Whose debt.
    pub owner: Pubkey,
    /// Who paid.
    pub payer: Pubkey,
    /// Paid in: the measured change of the vault.
    pub amount: i64,
    /// Part of it that covered the deficit; what the fund itself covers shows in its balance.
    pub to_deficit: i64,
    /// Bad debt before.
    pub bad_debt_before: i64,
    /// Bad debt after.
    pub bad_debt_after: i64,
    /// Deficit after.
    pub deficit_after: i64,
    /// Fund after.
    pub insurance_after: i64,
}

/// Fees of an expiry were swept.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpirySwept {
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Fees swept.
    pub fees: i64,
    /// Part of it that covered the deficit; what the fund itself covers shows in its balance.
    pub to_deficit: i64,
    /// Part that went to the insurance fund.
    pub to_insurance: i64,
    /// Part that went to the surplus.
    pub to_surplus: i64,
    /// Fund after.
    pub insurance_after: i64,
    /// Surplus after.
    pub surplus_after: i64,
}

/// A trade was cleared. Its memory is its serialised form: no padding, wide fields first; see [`crate::log`].
#[event]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TradeCleared {
    /// The buying account.
    pub buyer: Pubkey,
    /// The selling account.
    pub seller: Pubkey,
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Price per contract.
    pub price: i64,
    /// Mark per contract.
    pub mark: i64,
    /// Fee of each side.
    pub fee: i64,
    /// The buyer's cash after; before it was more by `price x quantity + fee`.
    pub buyer_cash_after: i64,
    /// The seller's cash after; before it was less by `price x quantity - fee`.
    pub seller_cash_after: i64,
    /// Open interest of the series after.
    pub open_interest_after: i64,
    /// Fees of the expiry after.
    pub fees_accrued_after: i64,
    /// Contracts.
    pub quantity: i32,
    /// The buyer's leg after, contracts; before it was less by `quantity`.
    pub buyer_quantity_after: i32,
    /// The seller's leg after, contracts; before it was more by `quantity`.
    pub seller_quantity_after: i32,
    /// Strike id.
    pub strike: u8,
    /// 0 call, 1 put.
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

const _: () = assert!(core::mem::size_of::<TradeCleared>() == 96 + 56 + 12 + 4);

/// A settlement sample was taken.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementSampled {
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// The accepted price: quote atoms per whole underlying.
    pub price: i64,
    /// Its publish time: unix seconds.
    pub publish_time: i64,
    /// Seconds covered before.
    pub covered_before: i64,
    /// Seconds covered after.
    pub covered_after: i64,
    /// End of the window: unix seconds.
    pub window_end: i64,
}

/// A correlation was sampled.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorrelationSampled {
    /// The underlying.
    pub underlying: Pubkey,
    /// Its accepted price: quote atoms per whole underlying.
    pub price: i64,
    /// The peer's accepted price: quote atoms per whole underlying.
    pub peer_price: i64,
    /// Correlation before, ppm, signed.
    pub correlation_before: i32,
    /// Correlation after, ppm, signed.
    pub correlation_after: i32,
    /// Pairs of returns counted, less what missed hours took back.
    pub samples: u32,
    /// Index of the peer.
    pub peer: u16,
    /// Zero.
    pub reserved: [u8; 2],
}

/// The settlement price was fixed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpirySettled {
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Expiry time: unix seconds.
    pub expiry: i64,
    /// Settlement price: quote atoms per whole underlying.
    pub settlement_price: i64,
    /// Seconds of the window that samples cover.
    pub covered_seconds: i64,
    /// Contracts to settle, long and short alike.
    pub open_interest: i64,
}

/// The legs of an account in an expiry were settled.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSettled {
    /// The margin account.
    pub margin_account: Pubkey,
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Settlement price: quote atoms per whole underlying.
    pub settlement_price: i64,
    /// Contracts that were held long.
    pub contracts_long: i64,
    /// Contracts that were held short.
    pub contracts_short: i64,
    /// Cash before.
    pub cash_before: i64,
    /// Cash after; negative: debt.
    pub cash_after: i64,
    /// Held after.
    pub held_after: i64,
    /// Settlement balance of the expiry after.
    pub settlement_balance_after: i64,
}

/// An expiry was closed.
#[event]
#[cfg_attr(not(feature = "idl-build"), derive(Pod, Zeroable), repr(C))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryClosed {
    /// The expiry account.
    pub expiry_account: Pubkey,
    /// Who got the rent back.
    pub rent_payer: Pubkey,
    /// Expiry time: unix seconds.
    pub expiry: i64,
}
