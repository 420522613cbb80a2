//! What a delegate may do for an owner, and how much it may lose.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::math::fixed::{product, Bounded};
use crate::parameters::{check_ranges, in_ranges, range, ParameterError};
use crate::units::{Quantity, Quote, Seconds};

/// What a delegate may be allowed. It never withdraws, opens or closes accounts, or delegates further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelegateAction {
    /// Trade.
    Trade,
    /// Bid in auctions and collateral sales.
    Bid,
}

impl DelegateAction {
    /// Its bit in [`DelegateTerms::actions`].
    pub const fn bit(self) -> u32 {
        match self {
            Self::Trade => 1,
            Self::Bid => 2,
        }
    }
}

/// Every action a delegate may be given.
pub const ALL_ACTIONS: u32 = DelegateAction::Trade.bit() | DelegateAction::Bid.bit();

/// Power and budget of one delegate, stored as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DelegateTerms {
    /// Last second of its power: unix seconds.
    pub expires_at: i64,
    /// Fees plus adverse price against the mark it may spend per window: quote atoms, >= 0.
    pub budget: i64,
    /// Spent in the running window: quote atoms, >= 0.
    pub spent: i64,
    /// Start of the running window: unix seconds.
    pub window_start: i64,
    /// Length of a window, seconds.
    pub window_seconds: u32,
    /// Allowed actions: bits of [`DelegateAction::bit`].
    pub actions: u32,
}

const _: () = assert!(core::mem::size_of::<DelegateTerms>() == 40);

/// Why a delegate is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelegateRefusal {
    /// Its power has ended.
    Expired {
        /// Now.
        now: Seconds,
        /// Last second of its power.
        expires_at: Seconds,
    },
    /// The action is not among those allowed.
    Forbidden {
        /// Bit of the action.
        action: u32,
        /// Bits allowed.
        allowed: u32,
    },
    /// The budget of the window does not cover the cost.
    Budget {
        /// What would be spent in the window.
        spent: i64,
        /// The budget.
        budget: i64,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl DelegateTerms {
    /// Checks new terms. Errors: the first field outside its range.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            expires_at: 0..=i64::MAX,
            budget: 0..=1_000_000_000_000_000,
            window_seconds: 60..=31_536_000,
        })?;
        in_ranges(&[range("actions", self.actions, 1, ALL_ACTIONS)])
    }

    /// The terms after the delegate took `action` at a cost of `cost` quote atoms (>= 0; see [`cost`]).
    ///
    /// A window starts with the first act after the one before has ended. Errors: `Expired`, `Forbidden`, `Budget`.
    pub fn spend(&self, action: DelegateAction, cost: Quote, now: Seconds) -> Result<Self, DelegateRefusal> {
        if now > self.expires_at {
            return Err(DelegateRefusal::Expired { now, expires_at: self.expires_at });
        }
        if self.actions & action.bit() == 0 {
            return Err(DelegateRefusal::Forbidden { action: action.bit(), allowed: self.actions });
        }
        let mut next = *self;
        if now.saturated_sub(self.window_start) >= Seconds::from(self.window_seconds) {
            next.window_start = now;
            next.spent = 0;
        }
        let overflow = DelegateRefusal::Arithmetic(CoreError::Overflow);
        next.spent = next.spent.exact_add(cost.0.max(0)).ok_or(overflow)?;
        if next.spent > self.budget {
            return Err(DelegateRefusal::Budget { spent: next.spent, budget: self.budget });
        }
        Ok(next)
    }
}

/// What a trade costs its side: fee plus `max(0, paid above the mark)`. `quantity` is signed for the side (+ bought,
/// - sold), `price` and `mark` per contract; for the side that sells, adverse is below the mark.
///
/// Errors: `Overflow`.
pub fn cost(quantity: Quantity, price: Quote, mark: Quote, fee: Quote) -> Result<Quote, CoreError> {
    let adverse = product(price.sub(mark)?.0, i64::from(quantity.0)).ok_or(CoreError::Overflow)?;
    fee.add(Quote(adverse.max(0)))
}
