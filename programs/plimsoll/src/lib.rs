//! On-chain options clearinghouse.
//!
//! The program is thin: it checks accounts and authority, fills the rule book's views, applies the rule book's
//! plans, moves tokens and emits events. One file per instruction in [`instructions`], one file per account in
//! [`state`].
// Anchor's macros put undocumented items beside ours, in this file and beside every accounts struct; what we write
// ourselves is checked again where no macro stands.
#![allow(missing_docs)]

use anchor_lang::prelude::*;

#[warn(missing_docs)]
pub mod account_list;
#[warn(missing_docs)]
pub mod addresses;
#[warn(missing_docs)]
pub mod arguments;
#[warn(missing_docs)]
pub mod auction;
#[warn(missing_docs)]
pub mod authority;
#[warn(missing_docs)]
pub mod cash;
#[warn(missing_docs)]
pub mod constants;
#[cfg(all(target_os = "solana", not(feature = "cpi")))]
mod entry;
#[warn(missing_docs)]
pub mod error;
#[warn(missing_docs)]
pub mod events;
#[warn(missing_docs)]
pub mod funds;
#[cfg(all(feature = "custom-heap", target_os = "solana", not(feature = "cpi")))]
mod heap;
pub mod instructions;
#[warn(missing_docs)]
pub mod loaders;
#[warn(missing_docs)]
pub mod log;
#[warn(missing_docs)]
pub mod margin;
#[warn(missing_docs)]
pub mod markets;
#[warn(missing_docs)]
pub mod portfolio;
#[warn(missing_docs)]
pub mod positions;
#[warn(missing_docs)]
pub mod pyth;
#[warn(missing_docs)]
pub mod refusals;
#[warn(missing_docs)]
pub mod report;
#[warn(missing_docs)]
pub mod result;
#[warn(missing_docs)]
pub mod state;
#[warn(missing_docs)]
pub mod tokens;

pub use instructions::*;

// Linked for its symbols alone: the calls LLVM makes for 128-bit arithmetic.
#[cfg(target_os = "zkvm")]
use plimsoll_sbf_builtins as _;

declare_id!("PLimsoLLcLearinghouse1111111111111111111111");

#[cfg(all(target_os = "solana", not(feature = "cpi")))]
solana_security_txt::security_txt! {
    name: "Plimsoll",
    project_url: "https://github.com/plimsoll-clearing/plimsoll",
    contacts: "link:https://github.com/plimsoll-clearing/plimsoll/security/advisories/new",
    policy: "https://github.com/plimsoll-clearing/plimsoll/blob/main/SECURITY.md",
    preferred_languages: "en",
    source_code: "https://github.com/plimsoll-clearing/plimsoll"
}

#[program]
#[allow(clippy::too_many_lines)]
pub mod plimsoll {
    use super::*;

    // The interface; on chain `entry` calls the handlers.

    /// Clears a trade between two margin accounts (both sides sign).
    pub fn trade_clear<'info>(ctx: Context<'info, TradeClear<'info>>, args: TradeClearArgs) -> Result<()> {
        Ok(TradeClear::handler(ctx, args)?)
    }

    /// Accepts a posted price (anyone).
    pub fn oracle_accept<'info>(ctx: Context<'info, OracleAccept<'info>>) -> Result<()> {
        Ok(OracleAccept::handler(ctx)?)
    }

    /// Takes a fraction of an account in auction (anyone).
    pub fn auction_bid<'info>(ctx: Context<'info, AuctionBid<'info>>, args: AuctionBidArgs) -> Result<()> {
        Ok(AuctionBid::handler(ctx, args)?)
    }

    /// Starts the liquidation auction of an account under maintenance (anyone).
    pub fn auction_start<'info>(ctx: Context<'info, AuctionStart<'info>>, args: AuctionStartArgs) -> Result<()> {
        Ok(AuctionStart::handler(ctx, args)?)
    }

    /// Ends the auction of an account that is healthy again (anyone).
    pub fn auction_end<'info>(ctx: Context<'info, AuctionEnd<'info>>) -> Result<()> {
        Ok(AuctionEnd::handler(ctx)?)
    }

    /// Pays quote tokens into a margin account (anyone).
    pub fn deposit<'info>(ctx: Context<'info, Deposit<'info>>, args: DepositArgs) -> Result<()> {
        Ok(Deposit::handler(ctx, args)?)
    }

    /// Takes quote tokens out of a margin account (owner).
    pub fn withdraw<'info>(ctx: Context<'info, Withdraw<'info>>, args: WithdrawArgs) -> Result<()> {
        Ok(Withdraw::handler(ctx, args)?)
    }

    /// Evaluates an account; emits a margin call when its initial balance is negative (anyone).
    pub fn margin_check<'info>(ctx: Context<'info, MarginCheck<'info>>) -> Result<MarginBalances> {
        Ok(MarginCheck::handler(ctx)?)
    }

    /// Refreshes the risk rows of an expiry (anyone); a margin account may be paid for it.
    pub fn rows_refresh<'info>(ctx: Context<'info, RowsRefresh<'info>>) -> Result<()> {
        Ok(RowsRefresh::handler(ctx)?)
    }

    /// Measures how an underlying moves with a peer (anyone).
    pub fn correlation_sample<'info>(ctx: Context<'info, CorrelationSample<'info>>) -> Result<()> {
        Ok(CorrelationSample::handler(ctx)?)
    }

    /// Settles the legs of one account in a settled expiry (anyone).
    pub fn account_settle<'info>(ctx: Context<'info, AccountSettle<'info>>) -> Result<()> {
        Ok(AccountSettle::handler(ctx)?)
    }

    /// Opens a clearinghouse with its vault, insurance fund and outflow limiter.
    pub fn clearinghouse_create<'info>(
        ctx: Context<'info, ClearinghouseCreate<'info>>,
        args: ClearinghouseCreateArgs,
    ) -> Result<()> {
        Ok(ClearinghouseCreate::handler(ctx, args)?)
    }

    /// Lists an underlying (authority).
    pub fn underlying_create<'info>(
        ctx: Context<'info, UnderlyingCreate<'info>>,
        args: UnderlyingCreateArgs,
    ) -> Result<()> {
        Ok(UnderlyingCreate::handler(ctx, args)?)
    }

    /// Lists a collateral (authority); its weight ramps from zero.
    pub fn collateral_create<'info>(
        ctx: Context<'info, CollateralCreate<'info>>,
        args: CollateralCreateArgs,
    ) -> Result<()> {
        Ok(CollateralCreate::handler(ctx, args)?)
    }

    /// Lists an expiry on the grid (anyone).
    pub fn expiry_create<'info>(ctx: Context<'info, ExpiryCreate<'info>>, args: ExpiryCreateArgs) -> Result<()> {
        Ok(ExpiryCreate::handler(ctx, args)?)
    }

    /// Lists a strike on the grid (anyone).
    pub fn strike_create<'info>(ctx: Context<'info, StrikeCreate<'info>>, args: StrikeCreateArgs) -> Result<()> {
        Ok(StrikeCreate::handler(ctx, args)?)
    }

    /// Registers a key in a clearinghouse (anyone pays).
    pub fn owner_create<'info>(ctx: Context<'info, OwnerCreate<'info>>) -> Result<()> {
        Ok(OwnerCreate::handler(ctx)?)
    }

    /// Opens a margin account (owner).
    pub fn margin_account_open<'info>(
        ctx: Context<'info, MarginAccountOpen<'info>>,
        args: MarginAccountOpenArgs,
    ) -> Result<()> {
        Ok(MarginAccountOpen::handler(ctx, args)?)
    }

    /// Closes an empty margin account (owner).
    pub fn margin_account_close<'info>(ctx: Context<'info, MarginAccountClose<'info>>) -> Result<()> {
        Ok(MarginAccountClose::handler(ctx)?)
    }

    /// Changes the margin mode (owner).
    pub fn mode_set<'info>(ctx: Context<'info, ModeSet<'info>>, args: ModeSetArgs) -> Result<()> {
        Ok(ModeSet::handler(ctx, args)?)
    }

    /// Opens the risk rows of an expiry (anyone pays).
    pub fn rows_open<'info>(ctx: Context<'info, RowsOpen<'info>>) -> Result<()> {
        Ok(RowsOpen::handler(ctx)?)
    }

    /// Adds room for strikes to risk rows (anyone pays).
    pub fn rows_grow<'info>(ctx: Context<'info, RowsGrow<'info>>) -> Result<()> {
        Ok(RowsGrow::handler(ctx)?)
    }

    /// Closes the risk rows of an expiry that is over (anyone).
    pub fn rows_close<'info>(ctx: Context<'info, RowsClose<'info>>) -> Result<()> {
        Ok(RowsClose::handler(ctx)?)
    }

    /// Sets, changes or removes the delegate (owner).
    pub fn delegate_set<'info>(ctx: Context<'info, DelegateSet<'info>>, args: DelegateSetArgs) -> Result<()> {
        Ok(DelegateSet::handler(ctx, args)?)
    }

    /// Pays collateral into a margin account (anyone; a new kind only the owner).
    pub fn collateral_deposit<'info>(
        ctx: Context<'info, CollateralDeposit<'info>>,
        args: CollateralDepositArgs,
    ) -> Result<()> {
        Ok(CollateralDeposit::handler(ctx, args)?)
    }

    /// Takes collateral out of a margin account (owner).
    pub fn collateral_withdraw<'info>(
        ctx: Context<'info, CollateralWithdraw<'info>>,
        args: CollateralWithdrawArgs,
    ) -> Result<()> {
        Ok(CollateralWithdraw::handler(ctx, args)?)
    }

    /// Moves interest on debt to the insurance fund (anyone).
    pub fn debt_accrue<'info>(ctx: Context<'info, DebtAccrue<'info>>) -> Result<()> {
        Ok(DebtAccrue::handler(ctx)?)
    }

    /// Buys collateral of an account in debt at a falling price (anyone).
    pub fn collateral_sale<'info>(ctx: Context<'info, CollateralSale<'info>>, args: CollateralSaleArgs) -> Result<()> {
        Ok(CollateralSale::handler(ctx, args)?)
    }

    /// Adds the accepted price to the settlement average (anyone).
    pub fn settlement_sample<'info>(ctx: Context<'info, SettlementSample<'info>>) -> Result<()> {
        Ok(SettlementSample::handler(ctx)?)
    }

    /// Fixes the settlement price (anyone).
    pub fn expiry_settle<'info>(ctx: Context<'info, ExpirySettle<'info>>) -> Result<()> {
        Ok(ExpirySettle::handler(ctx)?)
    }

    /// Moves trade fees of an expiry to fund and surplus (anyone).
    pub fn expiry_sweep<'info>(ctx: Context<'info, ExpirySweep<'info>>) -> Result<()> {
        Ok(ExpirySweep::handler(ctx)?)
    }

    /// Closes an expiry in which nothing is left (anyone).
    pub fn expiry_close<'info>(ctx: Context<'info, ExpiryClose<'info>>) -> Result<()> {
        Ok(ExpiryClose::handler(ctx)?)
    }

    /// Contributes to the insurance fund; covers a recorded deficit first (anyone).
    pub fn insurance_deposit<'info>(
        ctx: Context<'info, InsuranceDeposit<'info>>,
        args: InsuranceDepositArgs,
    ) -> Result<()> {
        Ok(InsuranceDeposit::handler(ctx, args)?)
    }

    /// Repays bad debt of an owner (anyone).
    pub fn bad_debt_repay<'info>(ctx: Context<'info, BadDebtRepay<'info>>, args: BadDebtRepayArgs) -> Result<()> {
        Ok(BadDebtRepay::handler(ctx, args)?)
    }
}
