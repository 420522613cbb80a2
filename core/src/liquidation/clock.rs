//! The auction's clock: how far the price has fallen.
//!
//! The clock stands still while a price of the account walks, and after an auction it rewinds to 0 over
//! `rewind_seconds`, so that ending and reopening an auction does not restart the price.

use crate::error::CoreError;
use crate::liquidation::{span, AuctionParameters, Fraction};
use crate::math::fixed::{mul_div_down, mul_div_up, Bounded};
use crate::units::{Ratio, Seconds};

/// What a margin account remembers of its auctions' clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuctionClock {
    /// When the running auction started: unix seconds.
    pub started_at: Seconds,
    /// Reading the running auction started from, >= 0.
    pub elapsed_at_start: Seconds,
    /// When the last auction ended: unix seconds, 0 never.
    pub ended_at: Seconds,
    /// Reading when the last auction ended, >= 0.
    pub elapsed_at_end: Seconds,
}

/// A started auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// The clock to store.
    pub clock: AuctionClock,
    /// Whether this start takes the start fee: not within `rewind_seconds` of the last end.
    pub fee_due: bool,
}

/// The clock of an auction that starts now: what the last one left, rewound linearly, rounded up.
pub fn started(clock: &AuctionClock, now: Seconds, parameters: &AuctionParameters) -> Started {
    let window = span(parameters.rewind_seconds);
    let since = now.saturated_sub(clock.ended_at).max(0);
    let rewound = clock.ended_at != 0 && since >= window;
    let left = if clock.ended_at == 0 || rewound {
        0
    } else {
        mul_div_up(clock.elapsed_at_end.max(0), window.saturated_sub(since), window).unwrap_or(0)
    };
    Started {
        clock: AuctionClock { started_at: now, elapsed_at_start: left, ..*clock },
        fee_due: clock.ended_at == 0 || rewound,
    }
}

/// Seconds since the start in which the clock stood still: the sum over the account's underlyings of how much their
/// walk seconds grew. With two walking at once it stands still twice over, never runs.
pub fn paused(walk_now: &[Seconds], walk_at_start: &[Seconds]) -> Seconds {
    walk_now
        .iter()
        .zip(walk_at_start)
        .fold(0, |sum: Seconds, (now, start)| sum.saturated_add(now.saturated_sub(*start).max(0)))
}

/// Reading of the clock: what it started from, plus the time since, less `paused`; never less than at the start.
pub fn elapsed(clock: &AuctionClock, now: Seconds, paused: Seconds) -> Seconds {
    let running = now.saturated_sub(clock.started_at).saturated_sub(paused.max(0)).max(0);
    clock.elapsed_at_start.max(0).saturated_add(running)
}

/// The clock after the auction ended now, its reading at most where the factor is 0: a reopening rewinds from there.
pub fn ended(clock: &AuctionClock, now: Seconds, paused: Seconds, parameters: &AuctionParameters) -> AuctionClock {
    let last = i64::from(parameters.fast_seconds).saturated_add(i64::from(parameters.slow_seconds));
    AuctionClock { ended_at: now, elapsed_at_end: elapsed(clock, now, paused).min(last), ..*clock }
}

/// d(t): the share of the mark that a bidder pays, rounded up.
///
/// With rho the volatility ratio (ppm, >= 1): d0' = max(d1, d0 - rho_slope (rho - 1)), windows F/rho and S/rho;
/// x = t rho: `d0' - (d0' - d1) x / F` for x < F, `d1 - d1 (x - F) / S` for x < F + S, then 0. Rounding up is against
/// the bidder. Errors: `Overflow` only for parameters outside their ranges.
pub fn price_factor(elapsed: Seconds, rho: Ratio, parameters: &AuctionParameters) -> Result<Fraction, CoreError> {
    const MICRO: i64 = 1_000_000;
    let rho = i64::from(rho.0.clamp(Ratio::ONE.0, parameters.rho_max.max(Ratio::ONE.0)));
    let slope = i64::from(parameters.rho_slope);
    let lowered = mul_div_down(rho.saturated_sub(MICRO), slope, MICRO).unwrap_or(i64::MAX);
    let (d0, d1) = (i64::from(parameters.d0), i64::from(parameters.d1));
    let start = d0.saturated_sub(lowered).max(d1).saturated_mul(1_000);
    let d1 = d1.saturated_mul(1_000);
    // Time in millionths of a second of the unstressed auction.
    let x = elapsed.max(0).saturated_mul(rho);
    let fast = span(parameters.fast_seconds).saturated_mul(MICRO);
    let slow = span(parameters.slow_seconds).saturated_mul(MICRO);
    let into_slow = x.saturated_sub(fast);
    // Falling by the complement rounds the factor up: d = end + (start - end) (window - x) / window.
    let (end, fall, left, window) = if x < fast {
        (d1, start.saturated_sub(d1), fast.saturated_sub(x), fast)
    } else {
        (0, d1, slow.saturated_sub(into_slow).max(0), slow)
    };
    let above = mul_div_up(fall, left, window).ok_or(CoreError::Overflow)?;
    Ok(Fraction(end.saturated_add(above)))
}
