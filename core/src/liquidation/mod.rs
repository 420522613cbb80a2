//! Liquidation: a Dutch auction of a fraction of a whole account.
//!
//! E is equity, MM the maintenance balance, Q = E - MM the requirement, R the cash that earlier bidders of the same
//! auction paid in (part of E and of cash, never sold), b the buffer, d the price factor.
//!
//! - `BM = min(MM - Q b, room under the cap on debt)`: 0 when the account is healthy again ([`fraction::buffer_margin`])
//! - d falls from `d0` to `d1` in the fast window, then to 0 in the slow one ([`clock::price_factor`])
//! - `f_max = BM / (BM - E d - R (1 - d))`: the fraction that brings BM to 0 ([`fraction::fraction_max`])
//! - a bidder takes a fraction of every leg, every collateral and of cash less R, worth V at the mark, and pays
//!   `V - (1 - d) x (fraction x (E - R))` ([`bid::plan_bid`])

pub mod bid;
pub mod clock;
pub mod fraction;

use crate::math::fixed::Bounded;
use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::parameters::{check_ranges, in_ranges, range, ParameterError, PPM};
use crate::units::Seconds;

pub use bid::{
    bid_improves, check_end, collateral_taken, leg_taken, plan_bid, plan_takeover, BidPlan, BidTerms, LegTaken, Moved,
};
pub use clock::{elapsed, ended, paused, price_factor, started, AuctionClock, Started};
pub use fraction::{
    bid_limits, buffer_margin, fraction_max, plan_start_fee, survey, AuctionView, BidLimits, StartFee, Survey,
};

/// One, in billionths: the scale of [`Fraction`].
pub const FRACTION_ONE: i64 = 1_000_000_000;

/// A share of a book or a price factor, in billionths of one, 0..=10^9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fraction(pub i64);

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Everything.
    pub const ONE: Self = Self(FRACTION_ONE);

    /// A ppm value as a fraction.
    pub fn from_ppm(ppm: u32) -> Self {
        Self(i64::from(ppm).saturated_mul(1_000))
    }

    /// Within 0..=1. Errors: `OutOfDomain`.
    pub const fn checked(self) -> Result<Self, CoreError> {
        if self.0 < 0 || self.0 > FRACTION_ONE {
            return Err(CoreError::OutOfDomain);
        }
        Ok(self)
    }
}

/// The liquidation auction of one underlying's accounts. Ratios in ppm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct AuctionParameters {
    /// Price factor at the start.
    pub d0: u32,
    /// Price factor at the end of the fast window.
    pub d1: u32,
    /// Fast window, seconds.
    pub fast_seconds: u32,
    /// Slow window, seconds; at its end the factor is 0.
    pub slow_seconds: u32,
    /// b: share of the requirement above maintenance at which the account is healthy again.
    pub buffer: u32,
    /// Share of the requirement: with less equity than that the whole book may be taken.
    pub cutoff: u32,
    /// Start fee, share of the equity of the largest fraction.
    pub start_fee: u32,
    /// Part of the start fee that goes to who started the auction.
    pub starter_share: u32,
    /// Share of the discount that the bidder pays to the insurance fund.
    pub slice: u32,
    /// Largest volatility ratio rho.
    pub rho_max: u32,
    /// Fall of `d0` per unit of rho above one.
    pub rho_slope: u32,
    /// Time in which the clock rewinds to 0 after an auction has ended, seconds; no second start fee within.
    pub rewind_seconds: u32,
}

const _: () = assert!(core::mem::size_of::<AuctionParameters>() == 48);

impl AuctionParameters {
    /// 98 % falling to 80 % in 100 s, then to 0 in four hours; buffer 20 %, cutoff 10 %, start fee 2 % of which the
    /// starter gets a quarter, 10 % of the discount to the fund, up to 3 times faster and 5 % lower per unit of
    /// rho, an hour to rewind.
    pub const fn shipped() -> Self {
        Self {
            d0: 980_000,
            d1: 800_000,
            fast_seconds: 100,
            slow_seconds: 14_400,
            buffer: 200_000,
            cutoff: 100_000,
            start_fee: 20_000,
            starter_share: 250_000,
            slice: 100_000,
            rho_max: 3_000_000,
            rho_slope: 50_000,
            rewind_seconds: 3_600,
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            d0: 500_000..=PPM,
            fast_seconds: 10..=7_200,
            slow_seconds: 60..=172_800,
            buffer: 10_000..=PPM,
            cutoff: 0..=500_000,
            start_fee: 0..=100_000,
            starter_share: 0..=500_000,
            slice: 0..=500_000,
            rho_max: PPM..=10_000_000,
            rho_slope: 0..=500_000,
            rewind_seconds: 0..=172_800,
        })?;
        in_ranges(&[range("d1", self.d1, 100_000, self.d0)])
    }
}

/// Why a liquidation step is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiquidationRefusal {
    /// The account is not below maintenance.
    Healthy {
        /// Its maintenance balance.
        maintenance: i64,
    },
    /// The account is healthy again with its buffer: the auction is over.
    AuctionOver {
        /// BM.
        buffer_margin: i64,
    },
    /// The account is not healthy yet: the auction goes on.
    AuctionOpen {
        /// BM.
        buffer_margin: i64,
    },
    /// The fraction is smaller than the smallest bid.
    FractionTooSmall {
        /// The fraction, billionths.
        fraction: i64,
        /// Smallest allowed.
        smallest: i64,
    },
    /// The fraction is larger than what may be taken.
    FractionTooLarge {
        /// The fraction, billionths.
        fraction: i64,
        /// Largest allowed.
        largest: i64,
    },
    /// The bidder would pay more than its limit.
    PriceLimit {
        /// What it would pay: payment and slice.
        cost: i64,
        /// Its limit.
        limit: i64,
    },
    /// The account's maintenance balance would not rise.
    NotImproved {
        /// Balance before.
        before: i64,
        /// Balance after.
        after: i64,
    },
    /// A fraction of a solvent book, or a whole insolvent one, was asked for with the other function.
    Solvency {
        /// Equity.
        equity: i64,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl From<CoreError> for LiquidationRefusal {
    fn from(error: CoreError) -> Self {
        Self::Arithmetic(error)
    }
}

/// Span of parameters as seconds.
pub(crate) fn span(seconds: u32) -> Seconds {
    Seconds::from(seconds)
}
