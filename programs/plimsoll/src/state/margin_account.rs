//! A margin account: cash, collateral and legs that are margined together.

use anchor_lang::prelude::*;
use plimsoll_core::position::Position;

use super::mirror::mirror;
use super::outflow::AccountOutflow;
use crate::constants::{
    INDEX_NONE, MAX_COLLATERALS, MAX_EXPIRIES, MAX_EXPIRIES_PORTFOLIO, MAX_POSITIONS, MAX_UNDERLYINGS,
};
use crate::error::{ensure, refuse, PlimsollError, Result};

/// Mode: one expiry of one underlying.
pub const MODE_ISOLATED: u8 = 1;
/// Mode: up to three underlyings and twelve expiries, spreads recognised.
pub const MODE_CROSS: u8 = 2;
/// Mode: up to three underlyings and ten expiries, held to the worst of a grid of scenarios.
pub const MODE_PORTFOLIO: u8 = 3;

/// Whether `mode` is one of the three. Errors: `ModeUnsupported`.
pub fn mode_check(mode: u8) -> Result<()> {
    match mode {
        MODE_ISOLATED | MODE_CROSS | MODE_PORTFOLIO => Ok(()),
        _ => Err(refuse(PlimsollError::ModeUnsupported, mode.into(), MODE_PORTFOLIO.into())),
    }
}

/// Whether an account in `mode` may hold `expiries`. Errors: `IsolatedExpiry`, `TooManyExpiries`.
pub fn expiries_check(mode: u8, expiries: usize) -> Result<()> {
    let (most, error) = match mode {
        MODE_ISOLATED => (1, PlimsollError::IsolatedExpiry),
        MODE_PORTFOLIO => (MAX_EXPIRIES_PORTFOLIO, PlimsollError::TooManyExpiries),
        _ => (MAX_EXPIRIES, PlimsollError::TooManyExpiries),
    };
    ensure(expiries <= most, error)
}

/// Status: trading.
pub const STATUS_OPEN: u8 = 0;
/// Status: being liquidated; frozen for its owner but for deposits and curing trades.
pub const STATUS_AUCTION: u8 = 1;

/// One leg: the program's form of [`Position`], same bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PositionData {
    /// Whole contracts: + long, - short; never zero below `position_count`.
    pub quantity: i32,
    /// Index into `expiries`.
    pub expiry_slot: u8,
    /// Index into the expiry's strikes.
    pub strike: u8,
    /// 0 call, 1 put.
    pub kind: u8,
    /// Rounding carried between the bids of one auction, 1/256 of a contract; zero outside an auction. Writers:
    /// `auction_bid`, `auction_end`.
    pub carry: u8,
}

/// An expiry the account holds legs of.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ExpirySlot {
    /// Expiry time: unix seconds; 0: the slot is free.
    pub expiry: i64,
    /// Legs in this expiry, > 0 unless the slot is free.
    pub legs: u16,
    /// Index into `underlyings`.
    pub underlying_slot: u8,
    /// Zero.
    pub padding: [u8; 5],
}

/// One kind of collateral the account holds.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CollateralSlot {
    /// Tokens held: atoms of the mint; 0: the slot is free.
    pub amount: u64,
    /// Index of the collateral.
    pub index: u16,
    /// Zero.
    pub padding: [u8; 6],
}

/// What a delegate may do and spend.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DelegateTerms {
    /// Last second of its power: unix seconds. Writer: `delegate_set`.
    pub expires_at: i64,
    /// Fees plus adverse price against the mark it may spend per window: quote atoms, >= 0. Writer: `delegate_set`.
    pub budget: i64,
    /// Spent in the running window: quote atoms, >= 0. Writers: `trade_clear`, `auction_bid`, `collateral_sale`.
    pub spent: i64,
    /// Start of the running window: unix seconds. Writers: as `spent`.
    pub window_start: i64,
    /// Length of a window, seconds. Writer: `delegate_set`.
    pub window_seconds: u32,
    /// Allowed actions: bits of `plimsoll_core::delegate::ALL_ACTIONS`. Writer: `delegate_set`.
    pub actions: u32,
}

/// Who may act for the owner, and how far.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DelegateData {
    /// The delegate; zero: none. Writer: `delegate_set`.
    pub key: Pubkey,
    /// Its power and budget.
    pub terms: DelegateTerms,
}

/// The account's liquidation auction, and the clock it left behind.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuctionData {
    /// When the running auction's clock stood at `elapsed_at_start`: unix seconds. Writers: `auction_start`;
    /// `auction_bid` and `trade_clear` when the account's last leg of an underlying goes.
    pub started_at: i64,
    /// When the last auction ended: unix seconds, 0 never. Writer: `auction_end`.
    pub ended_at: i64,
    /// Cash paid in by bidders of the running auction: quote atoms, >= 0; part of `cash`. Writers: `auction_bid` (+),
    /// `auction_end` (0).
    pub reserve: i64,
    /// Start fee taken in this auction generation: quote atoms, >= 0. Writer: `auction_start`.
    pub fee_taken: i64,
    /// Walk seconds of each underlying slot at `started_at`; the clock stands still while prices walk. Writers: as
    /// `started_at`.
    pub walk_at_start: [i64; MAX_UNDERLYINGS],
    /// Clock reading at `started_at`, after the rewind, seconds >= 0. Writers: as `started_at`.
    pub elapsed_at_start: u32,
    /// Clock reading when the last auction ended, seconds >= 0. Writer: `auction_end`.
    pub elapsed_at_end: u32,
    /// Number of auctions so far. Writer: `auction_start`.
    pub count: u32,
    /// Number of bids taken in the running or last auction. Writers: `auction_start` (0), `auction_bid`.
    pub bids: u32,
}

/// Cash, collateral and up to 256 legs of one owner, margined together and liquidated together; the owner's other
/// accounts never pay for it.
///
/// Seeds: `margin`, clearinghouse, owner key, id.
#[account(zero_copy)]
#[derive(Debug)]
pub struct MarginAccount {
    /// The clearinghouse. Writer: `margin_account_open`.
    pub clearinghouse: Pubkey,
    /// Whose account it is. Writer: `margin_account_open`.
    pub owner: Pubkey,
    /// Changes with positions, mode, delegate and auction, never by deposits. Writers: `trade_clear`, `delegate_set`, `mode_set`,
    /// `auction_*`, `account_settle`, `collateral_sale` (the buyer's).
    pub sequence: u64,
    /// Settled quote balance: quote atoms, - is debt. Writers: every instruction that moves quote value.
    pub cash: i64,
    /// Interest on debt not yet paid to the fund: quote atoms, >= 0; counts against equity. Writers: every
    /// instruction that moves `cash` (+), `debt_accrue` (0).
    pub interest_owed: i64,
    /// Since when interest runs: unix seconds; no meaning while `cash` >= 0. Writers: as `interest_owed`.
    pub interest_at: i64,
    /// Since when `cash` is negative: unix seconds, 0 while it is not; clock of the collateral sale. Writers: as
    /// `interest_owed`.
    pub debt_since: i64,
    /// Settlement gains not withdrawable yet: quote atoms, >= 0. Writers: `account_settle` (+), `withdraw` (0 after
    /// `held_until`).
    pub held: i64,
    /// When `held` is free: unix seconds. Writer: `account_settle`.
    pub held_until: i64,
    /// Locked by withdrawals made while a deficit was open: quote atoms, >= 0. Writer: `withdraw`.
    pub locked: i64,
    /// The account's own outflow window.
    pub outflow: AccountOutflow,
    /// Who may act for the owner.
    pub delegate: DelegateData,
    /// Liquidation state.
    pub auction: AuctionData,
    /// Deficit generation that `locked` belongs to. Writer: `withdraw`.
    pub locked_epoch: u32,
    /// Number of legs in `positions`. Writers: as `positions`.
    pub position_count: u16,
    /// Id within the owner's accounts, never reused. Writer: `margin_account_open`.
    pub id: u16,
    /// Underlyings the account holds legs of, by index; `u16::MAX`: the slot is free. Writers: as `positions`.
    pub underlyings: [u16; MAX_UNDERLYINGS],
    /// [`MODE_ISOLATED`], [`MODE_CROSS`] or [`MODE_PORTFOLIO`]. Writers: `margin_account_open`, `mode_set`.
    pub mode: u8,
    /// [`STATUS_OPEN`] or [`STATUS_AUCTION`]. Writers: `auction_start`, `auction_end`.
    pub status: u8,
    /// Layout version. Writer: `margin_account_open`.
    pub version: u8,
    /// Bump of this address. Writer: `margin_account_open`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 6],
    /// Expiries the account holds legs of, in any order. Writers: as `positions`.
    pub expiries: [ExpirySlot; MAX_EXPIRIES],
    /// Collateral the account holds, in any order. Writers: `collateral_deposit`, `collateral_withdraw`,
    /// `collateral_sale`, `auction_bid`.
    pub collaterals: [CollateralSlot; MAX_COLLATERALS],
    /// The legs: dense, `0..position_count`, no series twice, in any order; zero above. Writers: `trade_clear`,
    /// `auction_bid`, `account_settle`.
    pub positions: [PositionData; MAX_POSITIONS],
    /// Zero; room for later layouts.
    pub reserved: [u8; 256],
}

mirror!(DelegateTerms => plimsoll_core::delegate::DelegateTerms {
    expires_at, budget, spent, window_start, window_seconds, actions
});
mirror!(PositionData => Position { quantity, expiry_slot, strike, kind, carry });

const _: () = assert!(core::mem::size_of::<ExpirySlot>() == 16);
const _: () = assert!(core::mem::size_of::<CollateralSlot>() == 16);
const _: () = assert!(core::mem::size_of::<DelegateData>() == 72);
const _: () = assert!(core::mem::size_of::<AuctionData>() == 72);
const _: () = assert!(core::mem::offset_of!(MarginAccount, sequence) == 64);
const _: () = assert!(core::mem::offset_of!(MarginAccount, cash) == 72);
const _: () = assert!(core::mem::offset_of!(MarginAccount, delegate) == 144);
const _: () = assert!(core::mem::offset_of!(MarginAccount, auction) == 216);
const _: () = assert!(core::mem::offset_of!(MarginAccount, expiries) == 312);
const _: () = assert!(core::mem::offset_of!(MarginAccount, collaterals) == 312 + 192);
const _: () = assert!(core::mem::offset_of!(MarginAccount, positions) == 312 + 192 + 128);
const _: () = assert!(core::mem::size_of::<MarginAccount>() == 312 + 192 + 128 + 2_048 + 256);

impl MarginAccount {
    /// The legs, as the rule book takes them.
    pub fn legs(&self) -> &[Position] {
        let count = usize::from(self.position_count).min(MAX_POSITIONS);
        bytemuck::cast_slice(self.positions.get(..count).unwrap_or(&[]))
    }

    /// Whether the account owns nothing and owes nothing: no leg, cash, collateral, interest or
    /// auction. A hold or lock on no cash holds nothing.
    pub fn is_empty(&self) -> bool {
        self.position_count == 0
            && self.cash == 0
            && self.interest_owed == 0
            && self.status == STATUS_OPEN
            && self.collaterals.iter().all(|slot| slot.amount == 0)
            && self.expiries.iter().all(|slot| slot.expiry == 0)
    }

    /// The collateral slot that holds `index`, or a free one.
    pub fn collateral_slot_mut(&mut self, index: u16) -> Option<&mut CollateralSlot> {
        let held = self.collaterals.iter().position(|slot| slot.amount > 0 && slot.index == index);
        let at = held.or_else(|| self.collaterals.iter().position(|slot| slot.amount == 0))?;
        self.collaterals.get_mut(at)
    }

    /// The collateral slot that holds `index`.
    pub fn collateral_slot(&self, index: u16) -> Option<&CollateralSlot> {
        self.collaterals.iter().find(|slot| slot.amount > 0 && slot.index == index)
    }

    /// The expiry slot of (`underlying` index, `expiry` time), if the account holds legs of it.
    pub fn expiry_slot(&self, underlying: u16, expiry: i64) -> Option<usize> {
        self.expiries.iter().position(|slot| {
            slot.expiry == expiry
                && slot.legs > 0
                && self.underlyings.get(usize::from(slot.underlying_slot)) == Some(&underlying)
        })
    }

    /// The expiry at `slot`: underlying index ([`INDEX_NONE`] if the slot names none), expiry time; `None` for a free slot.
    pub fn expiry_at(&self, slot: usize) -> Option<(u16, i64)> {
        let slot = self.expiries.get(slot).filter(|slot| slot.expiry != 0)?;
        let index = self.underlyings.get(usize::from(slot.underlying_slot)).copied();
        Some((index.unwrap_or(INDEX_NONE), slot.expiry))
    }

    /// The expiries the account holds legs of, each as [`Self::expiry_at`].
    pub fn held_expiries(&self) -> impl Iterator<Item = (u16, i64)> + '_ {
        (0..self.expiries.len()).filter_map(|slot| self.expiry_at(slot))
    }

    /// Whether `index` is one of the account's underlyings.
    pub fn holds_underlying(&self, index: u16) -> bool {
        index != INDEX_NONE && self.underlyings.contains(&index)
    }

    /// Auctions the account has had and bids of the last of them: what `auction_start` and `auction_bid` are signed for.
    /// No owner, depositor or debtor's buyer moves it.
    pub fn auction_sequence(&self) -> u64 {
        u64::from(self.auction.count) << 32 | u64::from(self.auction.bids)
    }

    /// Whether the account is being liquidated.
    pub const fn in_auction(&self) -> bool {
        self.status == STATUS_AUCTION
    }
}
