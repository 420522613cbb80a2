//! Realised correlation of two underlyings from their accepted prices, and what margins let offset by it.
//!
//! Anyone may sample, so a pair of returns is counted once an hour, in its first minute: who chose among sixty of them would
//! make a correlation of his own. So would who chose among hours, which is why a missed one costs a day of samples. With r, q
//! the log returns of both since the last sample and dt its seconds, the averages of r^2, q^2 and r q follow
//! `v <- v + (1 - 2^(-dt / half-life)) (r q year / dt - v)`; the correlation is `cov / sqrt(var var')`. Once warm a return
//! counts for at most four of its deviations, and one over a longer silence not at all: one pair of prices decides nothing.
//!
//! What offsets is slow to come and soon gone: nothing before a half-life of samples, a margin off the correlation, a cap,
//! and less once nobody samples any more.

use bytemuck::{Pod, Zeroable};

use crate::math::elementary::{ln_integer, sqrt};
use crate::math::fixed::{div_rem_floor, div_toward_zero, mul_div_down, Bounded};
use crate::parameters::PPM;
use crate::units::{Price, Ratio, Seconds, YEAR_SECONDS};
use crate::volatility::{annualised, average};

/// Length of a bucket, seconds.
pub const BUCKET_SECONDS: Seconds = 3_600;
/// Half-life of the averages, seconds.
pub const HALF_LIFE_SECONDS: u32 = 2_592_000;
/// Samples before anything offsets: a half-life of them.
pub const SAMPLES_MIN: u32 = 720;
/// Most samples that count.
pub const SAMPLES_MAX: u32 = 2 * SAMPLES_MIN;
/// Samples that a missed hour takes back.
pub const MISSED_SAMPLES: u32 = 24;
/// Most that one silence takes back: an offset that is in use outlives two of any length.
pub const SILENCE_SAMPLES: u32 = SAMPLES_MIN / 2;
/// Seconds at the beginning of an hour in which it may be sampled.
pub const SAMPLING_SECONDS: Seconds = 60;
/// Longest time between two samples whose returns count, seconds.
pub const SILENCE_SECONDS: Seconds = 108_000;
/// Largest return that counts once warm, in deviations.
const DEVIATIONS_MAX: i64 = 4;

/// Ages of the last sample between which a correlation fades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fading {
    /// Up to which all of it counts, seconds.
    pub from: Seconds,
    /// From which nothing does, seconds; in between in proportion.
    pub until: Seconds,
}

impl Fading {
    /// Where the account gains by the check: from six to thirty hours.
    pub const OWN: Self = Self { from: 21_600, until: 108_000 };
    /// Where others gain by a low balance: until a week has passed, so that a pause of samples starts no auctions.
    pub const OTHERS: Self = Self { from: 108_000, until: 604_800 };
}

/// Averages of the returns of an underlying and a peer, stored as they are. Written when an hour is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct CorrelationState {
    /// Clock of the last sample: unix seconds, 0 before the first.
    pub sampled_at: i64,
    /// ln of the underlying's price then, Q40.
    pub own_ln: i64,
    /// ln of the peer's price then, Q40.
    pub peer_ln: i64,
    /// Annualised variance of the underlying, Q44.
    pub own_variance: i64,
    /// Annualised variance of the peer, Q44.
    pub peer_variance: i64,
    /// Annualised covariance, Q44, signed.
    pub covariance: i64,
    /// Correlation, ppm, toward zero, in -1,000,000..=1,000,000.
    pub correlation: i32,
    /// Pairs of returns counted, at most [`SAMPLES_MAX`], less [`MISSED_SAMPLES`] for every hour without.
    pub samples: u32,
}

const _: () = assert!(core::mem::size_of::<CorrelationState>() == 56);

/// The hour is sampled, or its first minute has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDue {
    /// When the next one may be taken: unix seconds.
    pub due: i64,
}

/// The state after both were at `own` and `peer` at `now`. The first sample may be taken at any time, and counts no return,
/// as one after a silence. Precondition: both prices are positive.
///
/// Errors: [`NotDue`] within the hour of the last sample or after the first minute of an hour.
pub fn sample(state: &CorrelationState, (own, peer): (Price, Price), now: Seconds) -> Result<CorrelationState, NotDue> {
    let begin = bucket(now).saturated_mul(BUCKET_SECONDS);
    let late = now.saturated_sub(begin) >= SAMPLING_SECONDS;
    if state.sampled_at != 0 && (late || state.sampled_at >= begin) {
        return Err(NotDue { due: begin.saturated_add(BUCKET_SECONDS) });
    }
    let (own_ln, peer_ln) = (ln_integer(own.0), ln_integer(peer.0));
    let mut next = CorrelationState { sampled_at: now, own_ln, peer_ln, samples: samples_left(state, now), ..*state };
    let seconds = now.saturated_sub(state.sampled_at);
    if state.sampled_at != 0 && seconds <= SILENCE_SECONDS {
        let warm = state.samples >= SAMPLES_MIN;
        let r = counted(own_ln.saturated_sub(state.own_ln), (warm, state.own_variance), seconds);
        let q = counted(peer_ln.saturated_sub(state.peer_ln), (warm, state.peer_variance), seconds);
        let follow = |v, realised| average(v, realised, seconds, HALF_LIFE_SECONDS);
        next.own_variance = follow(state.own_variance, annualised((r, r), seconds));
        next.peer_variance = follow(state.peer_variance, annualised((q, q), seconds));
        next.covariance = follow(state.covariance, annualised((r, q), seconds));
        next.correlation = correlation(&next);
        next.samples = next.samples.saturating_add(1).min(SAMPLES_MAX);
    }
    Ok(next)
}

/// The samples less what the hours without any since the last one take back.
fn samples_left(state: &CorrelationState, now: Seconds) -> u32 {
    let hours = bucket(now).saturated_sub(bucket(state.sampled_at));
    let missed = u32::try_from(hours.saturated_sub(1).max(0)).unwrap_or(u32::MAX);
    state.samples.saturating_sub(missed.saturating_mul(MISSED_SAMPLES).min(SILENCE_SAMPLES))
}

/// The part of a log return (Q40) that counts: all of it before the average is `warm`, else at most four deviations.
fn counted(log_return: i64, (warm, variance): (bool, i64), seconds: Seconds) -> i64 {
    if !warm {
        return log_return;
    }
    // PROOF: seconds are at most `SILENCE_SECONDS`, less than a year's: no more than the variance, below 2^62.
    let of_time = mul_div_down(variance, seconds, YEAR_SECONDS).unwrap_or(i64::MAX);
    // Q32 to Q40.
    let most = sqrt::<44, 32>(of_time).saturated_mul(DEVIATIONS_MAX << 8);
    log_return.clamp(most.saturating_neg(), most)
}

/// The share of two underlyings' losses that may offset each other at `now`: `clamp(correlation - margin, 0, cap)`, less
/// with the age of the last sample, rounded down.
pub fn offset_share(state: &CorrelationState, now: Seconds, fading: Fading, (margin, cap): (Ratio, Ratio)) -> Ratio {
    if state.samples < SAMPLES_MIN {
        return Ratio(0);
    }
    let above = i64::from(state.correlation).saturated_sub(i64::from(margin.0));
    let share = above.clamp(0, i64::from(cap.0));
    let length = fading.until.saturated_sub(fading.from);
    let left = fading.until.saturated_sub(now.saturated_sub(state.sampled_at)).clamp(0, length);
    // PROOF: a share below 2^20 times seconds below 2^20.
    let share = div_toward_zero(share.wrapping_mul(left), length).unwrap_or(0);
    Ratio(u32::try_from(share).unwrap_or(0))
}

fn bucket(time: Seconds) -> i64 {
    // PROOF: the divisor is a positive constant.
    div_rem_floor(time, BUCKET_SECONDS.unsigned_abs()).map_or(0, |(bucket, _)| bucket)
}

/// `cov / sqrt(var var')` in ppm, toward zero; 0 while one of them never moved.
fn correlation(state: &CorrelationState) -> i32 {
    // Rounded up by one each, so that the quotient is not too large.
    let deviation = |variance: i64| i128::from(sqrt::<44, 32>(variance).saturated_add(1));
    let scale = deviation(state.own_variance).saturating_mul(deviation(state.peer_variance));
    // PROOF: 2^63 x 2^20 is 2^83, times 2^20 below 2^104; Q44 + 20 bits is the Q64 of the two deviations.
    let scaled = (i128::from(state.covariance) << 20).saturating_mul(i128::from(PPM));
    let ppm = scaled.checked_div(scale).unwrap_or(0);
    let one = i128::from(PPM);
    i32::try_from(ppm.clamp(one.saturating_neg(), one)).unwrap_or(0)
}
