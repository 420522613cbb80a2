//! One expiry of an underlying, with its strikes.

use anchor_lang::prelude::*;
use plimsoll_core::series::Strike;

use super::mirror::mirror;
use crate::constants::MAX_STRIKES;

/// Status: trading until its time, then waiting for the settlement price.
pub const STATUS_LIVE: u8 = 0;
/// Status: the settlement price is fixed; options are worth their payoff.
pub const STATUS_SETTLED: u8 = 1;

/// One strike: the program's form of [`Strike`], same bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StrikeData {
    /// Strike price: quote atoms per whole underlying, > 0. Writer: `strike_create`.
    pub price: i64,
    /// ln of `price` in Q40. Writer: `strike_create`.
    pub ln_price: i64,
    /// Contracts held long, which is also what is held short: calls, then puts. Writers: `trade_clear`,
    /// `auction_bid`; frozen once the expiry is settled.
    pub open_interest: [i64; 2],
}

/// Settlement samples; mirrors `plimsoll_core::settlement::SettlementState`, same bytes. Writers:
/// `settlement_sample`, `expiry_settle`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SettlementData {
    /// Sum of price x seconds held: low and high half of a 128-bit unsigned integer.
    pub weighted_sum: [u64; 2],
    /// Price that holds since `last_time`: quote atoms per whole underlying; 0: no sample yet.
    pub last_price: i64,
    /// Publish time of that price: unix seconds.
    pub last_time: i64,
    /// Seconds of the window covered so far, >= 0.
    pub covered_seconds: i64,
    /// End of the window: unix seconds; the expiry time, later by fixed steps while coverage is thin.
    pub window_end: i64,
}

/// One expiry: strikes, open interest, fees and settlement.
///
/// Seeds: `expiry`, underlying, expiry time.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Expiry {
    /// The clearinghouse. Writer: `expiry_create`.
    pub clearinghouse: Pubkey,
    /// The underlying. Writer: `expiry_create`.
    pub underlying: Pubkey,
    /// Who paid the rent and gets it back. Writer: `expiry_create`.
    pub rent_payer: Pubkey,
    /// Expiry time: unix seconds. Writer: `expiry_create`.
    pub expiry: i64,
    /// Trade fees not yet swept: quote atoms, >= 0. Writers: `trade_clear` (+), `expiry_sweep` (0).
    pub fees_accrued: i64,
    /// What settled accounts paid less what they received: quote atoms, signed; zero once all are settled. Writer:
    /// `account_settle`.
    pub settlement_balance: i64,
    /// Settlement price: quote atoms per whole underlying; 0 until settled. Writer: `expiry_settle`.
    pub settlement_price: i64,
    /// When the price was fixed: unix seconds; 0 until settled. Writer: `expiry_settle`.
    pub settled_at: i64,
    /// Long contracts of accounts not yet settled, all series; set when the price is fixed. Writers:
    /// `expiry_settle`, `account_settle`.
    pub unsettled_long: i64,
    /// Short contracts of accounts not yet settled, all series, >= 0. Writers: as `unsettled_long`.
    pub unsettled_short: i64,
    /// Settlement samples.
    pub settlement: SettlementData,
    /// Index of the underlying. Writer: `expiry_create`.
    pub underlying_index: u16,
    /// [`STATUS_LIVE`] or [`STATUS_SETTLED`]. Writer: `expiry_settle`.
    pub status: u8,
    /// Number of strikes. Writer: `strike_create`.
    pub strike_count: u8,
    /// Layout version. Writer: `expiry_create`.
    pub version: u8,
    /// Bump of this address. Writer: `expiry_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 2],
    /// Strike ids by ascending price, `0..strike_count`. Writer: `strike_create`.
    pub order: [u8; MAX_STRIKES],
    /// The strikes; the index is the id, which names one price as long as it has open interest. Writer:
    /// `strike_create`.
    pub strikes: [StrikeData; MAX_STRIKES],
    /// Strikes that gave their place to another. Writer: `strike_create`.
    pub replaced: u32,
    /// Zero; room for later layouts.
    pub reserved: [u8; 132],
}

mirror!(StrikeData => Strike { price, ln_price, open_interest });
mirror!(SettlementData => plimsoll_core::settlement::SettlementState {
    weighted_sum, last_price, last_time, covered_seconds, window_end
});

const _: () = assert!(core::mem::size_of::<SettlementData>() == 48);
const _: () = assert!(core::mem::offset_of!(Expiry, settlement) == 152);
const _: () = assert!(core::mem::offset_of!(Expiry, order) == 208);
const _: () = assert!(core::mem::offset_of!(Expiry, strikes) == 272);
const _: () = assert!(core::mem::size_of::<Expiry>() == 272 + 2_048 + 4 + 132);

impl Expiry {
    /// The listed strikes, as the rule book takes them.
    pub fn strikes(&self) -> &[Strike] {
        let count = usize::from(self.strike_count).min(MAX_STRIKES);
        bytemuck::cast_slice(self.strikes.get(..count).unwrap_or(&[]))
    }

    /// Strike ids by ascending price.
    pub fn order(&self) -> &[u8] {
        let count = usize::from(self.strike_count).min(MAX_STRIKES);
        self.order.get(..count).unwrap_or(&[])
    }

    /// Whether the settlement price is fixed.
    pub const fn is_settled(&self) -> bool {
        self.status == STATUS_SETTLED
    }
}
