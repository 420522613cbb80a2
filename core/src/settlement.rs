//! The settlement price: a time-weighted average of accepted prices that nobody picks.
//!
//! Anyone samples the accepted price. A sample counts for the time it was the last one, at most
//! `sample_hold_max_seconds` of it, inside the window `[expiry - 1800 s, window end]`. The window ends at expiry; if
//! its samples then cover less than `settlement_required_seconds`, it stays open in fixed steps of 600 s until they
//! do. There is no function by which a key sets a price.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::math::fixed::{div_toward_zero, Bounded};
pub use crate::math::time::WINDOW_SECONDS;
use crate::trade::LimitParameters;
use crate::units::{Price, Seconds};

/// By how much a thinly covered window is extended at a time, seconds.
pub const EXTENSION_SECONDS: Seconds = 600;

/// What sampling and settling an expiry depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementTerms {
    /// Expiry time: unix seconds.
    pub expiry: Seconds,
    /// Longest time one sample counts, in 1..=600 s.
    pub hold_max: Seconds,
    /// Seconds of the window that samples must cover, in 1..=1800 s.
    pub required: Seconds,
}

impl SettlementTerms {
    /// The terms of an expiry under the limits of its underlying.
    pub fn new(expiry: Seconds, limits: &LimitParameters) -> Self {
        Self {
            expiry,
            hold_max: Seconds::from(limits.sample_hold_max_seconds),
            required: Seconds::from(limits.settlement_required_seconds),
        }
    }

    /// When the window opens.
    pub const fn window_start(&self) -> Seconds {
        self.expiry.saturating_sub(WINDOW_SECONDS)
    }
}

/// Samples of one expiry, stored as they are. A fresh state is zero but for `window_end`, see [`SettlementState::new`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct SettlementState {
    /// Sum of price x seconds held: low and high half of an unsigned integer of 128 bits.
    pub weighted_sum: [u64; 2],
    /// Price that holds since `last_time`: quote atoms per whole underlying; 0: no sample yet.
    pub last_price: i64,
    /// Publish time of that price: unix seconds.
    pub last_time: i64,
    /// Seconds of the window that `weighted_sum` covers, >= 0.
    pub covered_seconds: i64,
    /// End of the window: unix seconds; the expiry time, later by fixed steps while coverage is thin.
    pub window_end: i64,
}

const _: () = assert!(core::mem::size_of::<SettlementState>() == 48);

/// An average over part of the settlement window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Average {
    /// Time-weighted average price, rounded down; zero while nothing is covered.
    pub price: Price,
    /// Seconds it covers, >= 0.
    pub covered: Seconds,
}

/// Why a sample or a settlement is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettlementRefusal {
    /// The price was published before any of it can count.
    TooEarly {
        /// Its publish time.
        publish_time: Seconds,
        /// First useful publish time.
        first: Seconds,
    },
    /// The price is not newer than the last sample.
    NotNewer {
        /// Its publish time.
        publish_time: Seconds,
        /// Publish time of the last sample.
        last: Seconds,
    },
    /// The price was published after the window closed with enough coverage: settle.
    WindowClosed {
        /// Its publish time.
        publish_time: Seconds,
        /// End of the window.
        end: Seconds,
    },
    /// The window is still open.
    WindowOpen {
        /// Now.
        now: Seconds,
        /// End of the window.
        end: Seconds,
    },
    /// The samples cover too little.
    Thin {
        /// Seconds covered.
        covered: Seconds,
        /// Seconds required.
        required: Seconds,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl From<CoreError> for SettlementRefusal {
    fn from(error: CoreError) -> Self {
        Self::Arithmetic(error)
    }
}

impl SettlementState {
    /// The state of a new expiry: no sample, window end at expiry.
    pub const fn new(expiry: Seconds) -> Self {
        Self { weighted_sum: [0, 0], last_price: 0, last_time: 0, covered_seconds: 0, window_end: expiry }
    }

    /// Sum of price x seconds.
    pub fn sum(&self) -> u128 {
        let [low, high] = self.weighted_sum;
        u128::from(low) | u128::from(high) << 64
    }

    #[allow(clippy::as_conversions)] // PROOF: the two halves of 128 bits, each cut to its 64.
    fn set_sum(&mut self, sum: u128) {
        self.weighted_sum = [sum as u64, (sum >> 64) as u64];
    }

    /// Adds what the last sample is worth up to `until`, inside the window. Conserves: covered = sum of weights.
    fn held(&self, until: Seconds, terms: &SettlementTerms) -> Result<Self, CoreError> {
        let mut next = *self;
        let weight = self.weight(until, terms);
        let price = u128::try_from(self.last_price).map_err(|_| CoreError::OutOfDomain)?;
        let weighted = u128::from(weight.unsigned_abs()).saturating_mul(price);
        next.set_sum(self.sum().checked_add(weighted).ok_or(CoreError::Overflow)?);
        next.covered_seconds = self.covered_seconds.exact_add(weight).ok_or(CoreError::Overflow)?;
        Ok(next)
    }

    /// Seconds the last sample counts if it is held until `until`: from its publish time or the window's start, to
    /// `until`, the end of the window or of its hold, whichever comes first; 0 without a sample.
    fn weight(&self, until: Seconds, terms: &SettlementTerms) -> Seconds {
        if self.last_price == 0 {
            return 0;
        }
        let end = until.min(self.window_end).min(self.last_time.saturated_add(terms.hold_max));
        end.saturated_sub(self.last_time.max(terms.window_start())).max(0)
    }

    /// Coverage at the end of the window if no further sample comes.
    fn covered_at_end(&self, terms: &SettlementTerms) -> Seconds {
        self.covered_seconds.saturated_add(self.weight(self.window_end, terms))
    }

    /// The state with its window extended, by whole steps, until it is covered or ends after `time`.
    ///
    /// A hold is at most one step long, so the step after the first adds no coverage: what remains is one division.
    fn extended(&self, time: Seconds, terms: &SettlementTerms) -> Self {
        let mut next = *self;
        if time < next.window_end || next.covered_at_end(terms) >= terms.required {
            return next;
        }
        next.window_end = next.window_end.saturated_add(EXTENSION_SECONDS);
        if time < next.window_end || next.covered_at_end(terms) >= terms.required {
            return next;
        }
        let late = time.saturated_sub(next.window_end);
        let steps = div_toward_zero(late, EXTENSION_SECONDS).unwrap_or(0).saturated_add(1);
        next.window_end = next.window_end.saturated_add(steps.saturated_mul(EXTENSION_SECONDS));
        next
    }
}

/// The state after the accepted `price`, published at `publish_time`, is sampled.
///
/// Errors: `TooEarly` if it would be out of its hold before the window opens, `NotNewer`, `WindowClosed` if it was
/// published at or after the end of a window that is covered.
pub fn sample(
    state: &SettlementState,
    price: Price,
    publish_time: Seconds,
    terms: &SettlementTerms,
) -> Result<SettlementState, SettlementRefusal> {
    let first = terms.window_start().saturated_sub(terms.hold_max).saturated_add(1);
    if publish_time < first {
        return Err(SettlementRefusal::TooEarly { publish_time, first });
    }
    if state.last_price != 0 && publish_time <= state.last_time {
        return Err(SettlementRefusal::NotNewer { publish_time, last: state.last_time });
    }
    let open = state.extended(publish_time, terms);
    if publish_time >= open.window_end {
        return Err(SettlementRefusal::WindowClosed { publish_time, end: open.window_end });
    }
    if price.0 <= 0 {
        return Err(CoreError::OutOfDomain.into());
    }
    let mut next = open.held(publish_time, terms)?;
    next.last_price = price.0;
    next.last_time = publish_time;
    Ok(next)
}

/// The settlement price, once the window has ended and is covered: weighted sum over covered seconds, rounded down.
///
/// Errors: `WindowOpen` before the end, `Thin` while coverage is short (then the window goes on), `Arithmetic`.
pub fn settle(state: &SettlementState, now: Seconds, terms: &SettlementTerms) -> Result<Average, SettlementRefusal> {
    if now < state.window_end {
        return Err(SettlementRefusal::WindowOpen { now, end: state.window_end });
    }
    let open = state.extended(now, terms);
    if now < open.window_end {
        let covered = open.held(now, terms)?.covered_seconds;
        return Err(SettlementRefusal::Thin { covered, required: terms.required });
    }
    Ok(mean(&open.held(open.window_end, terms)?)?)
}

/// The average so far, for margin: what is sampled, the last sample held until `now`. `covered` is 0 before the
/// window opens; margin counts at most [`WINDOW_SECONDS`] of it.
///
/// Errors: `Overflow`, `OutOfDomain` for a state no [`sample`] wrote.
pub fn average(state: &SettlementState, now: Seconds, terms: &SettlementTerms) -> Result<Average, CoreError> {
    let held = state.extended(now, terms).held(now, terms)?;
    mean(&held).map(|mean| Average { covered: mean.covered.min(WINDOW_SECONDS), ..mean })
}

fn mean(state: &SettlementState) -> Result<Average, CoreError> {
    let covered = state.covered_seconds;
    let Some(price) = state.sum().checked_div(u128::from(covered.max(0).unsigned_abs())) else {
        return Ok(Average::default());
    };
    let price = i64::try_from(price).map_err(|_| CoreError::Overflow)?;
    Ok(Average { price: Price(price), covered })
}
