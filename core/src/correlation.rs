//! Realised correlation of two underlyings from their accepted prices, and what margins let offset by it.
//!
//! Anyone may sample, so a pair of returns is counted once an hour, between the first samples of two hours. With r, q the
//! log returns of both since the last sample and dt its seconds, the averages of r^2, q^2 and r q follow
//! `v <- v + (1 - 2^(-dt / half-life)) (r q year / dt - v)`; the correlation is `cov / sqrt(var var')`.
//!
//! What offsets is slow to come and soon gone: nothing before a half-life of samples, a margin off the correlation, a cap,
//! and less from the sixth hour without a sample on.

use bytemuck::{Pod, Zeroable};

use crate::math::elementary::{ln_integer, sqrt};
use crate::math::fixed::{div_rem_floor, div_toward_zero};
use crate::parameters::PPM;
use crate::units::{Price, Ratio, Seconds};
use crate::volatility::{annualised, average};

/// Length of a bucket, seconds.
pub const BUCKET_SECONDS: Seconds = 3_600;
/// Half-life of the averages, seconds.
pub const HALF_LIFE_SECONDS: u32 = 2_592_000;
/// Samples before anything offsets: a half-life of them.
pub const SAMPLES_MIN: u32 = 720;
/// Age of the last sample up to which the whole correlation counts, seconds.
pub const WHOLE_SECONDS: Seconds = 21_600;
/// Age from which nothing does, seconds; in between in proportion.
pub const GONE_SECONDS: Seconds = 108_000;

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
    /// Pairs of returns counted.
    pub samples: u32,
}

const _: () = assert!(core::mem::size_of::<CorrelationState>() == 56);

/// The hour of the last sample has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDue {
    /// When the next one may be taken: unix seconds.
    pub due: i64,
}

/// The state after both were at `own` and `peer` at `now`. Precondition: both prices are positive.
///
/// Errors: [`NotDue`] within the hour of the last sample.
pub fn sample(
    state: &CorrelationState,
    (own, peer): (Price, Price),
    now: Seconds,
) -> Result<CorrelationState, NotDue> {
    if state.sampled_at != 0 && bucket(now) <= bucket(state.sampled_at) {
        return Err(NotDue { due: bucket(state.sampled_at).saturating_add(1).saturating_mul(BUCKET_SECONDS) });
    }
    let (own_ln, peer_ln) = (ln_integer(own.0), ln_integer(peer.0));
    let mut next = CorrelationState { sampled_at: now, own_ln, peer_ln, ..*state };
    if state.sampled_at != 0 {
        let seconds = now.saturating_sub(state.sampled_at);
        let (r, q) = (own_ln.saturating_sub(state.own_ln), peer_ln.saturating_sub(state.peer_ln));
        let follow = |v, realised| average(v, realised, seconds, HALF_LIFE_SECONDS);
        next.own_variance = follow(state.own_variance, annualised((r, r), seconds));
        next.peer_variance = follow(state.peer_variance, annualised((q, q), seconds));
        next.covariance = follow(state.covariance, annualised((r, q), seconds));
        next.correlation = correlation(&next);
        next.samples = state.samples.saturating_add(1);
    }
    Ok(next)
}

/// The share of two underlyings' losses that may offset each other at `now`: `clamp(correlation - margin, 0, cap)`, less
/// with the age of the last sample, rounded down.
pub fn offset_share(state: &CorrelationState, now: Seconds, (margin, cap): (Ratio, Ratio)) -> Ratio {
    if state.samples < SAMPLES_MIN {
        return Ratio(0);
    }
    let above = i64::from(state.correlation).saturating_sub(i64::from(margin.0));
    let share = above.clamp(0, i64::from(cap.0));
    let fading = GONE_SECONDS.saturating_sub(WHOLE_SECONDS);
    let left = GONE_SECONDS.saturating_sub(now.saturating_sub(state.sampled_at)).clamp(0, fading);
    // PROOF: a share below 2^32 times seconds below 2^17.
    let share = div_toward_zero(share.wrapping_mul(left), fading).unwrap_or(0);
    Ratio(u32::try_from(share).unwrap_or(0))
}

fn bucket(time: Seconds) -> i64 {
    // PROOF: the divisor is a positive constant.
    div_rem_floor(time, BUCKET_SECONDS.unsigned_abs()).map_or(0, |(bucket, _)| bucket)
}

/// `cov / sqrt(var var')` in ppm, toward zero; 0 while one of them never moved.
fn correlation(state: &CorrelationState) -> i32 {
    // Rounded up by one each, so that the quotient is not too large.
    let deviation = |variance: i64| i128::from(sqrt::<44, 32>(variance).saturating_add(1));
    let scale = deviation(state.own_variance).saturating_mul(deviation(state.peer_variance));
    // PROOF: 2^63 x 2^20 is 2^83, times 2^20 below 2^104; Q44 + 20 bits is the Q64 of the two deviations.
    let scaled = (i128::from(state.covariance) << 20).saturating_mul(i128::from(PPM));
    let ppm = scaled.checked_div(scale).unwrap_or(0);
    let one = i128::from(PPM);
    i32::try_from(ppm.clamp(one.saturating_neg(), one)).unwrap_or(0)
}
