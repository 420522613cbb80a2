//! Realised volatility from accepted prices, and what margins take from it.
//!
//! Anyone may post updates, so a return is counted once per bucket of 60 s: between the first accepted prices of two
//! buckets. More updates add nothing; a gap is one return spread over its whole time. With r the log return and dt
//! its seconds, each of two averages follows `v <- v + (1 - 2^(-dt / half-life)) (r^2 year / dt - v)`.
//!
//! State^2 = max(fast, b slow + (1 - b) fast), within floor and cap: quick to rise, slow to fall.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::margin::scan::{margin_scale, scan_range, ScanParameters as ScanRule};
use crate::math::elementary::{exp, ln_integer, sqrt};
use crate::math::fixed::{div_rem_floor, div_toward_zero, Bounded};
use crate::parameters::{check_ranges, in_ranges, range, ParameterError, PPM};
use crate::units::{Price, Ratio, Seconds, Vol, YEAR_SECONDS};

/// Length of a bucket, seconds.
pub const BUCKET_SECONDS: Seconds = 60;
/// 1.0 of a variance: annualised, Q44.
pub const VARIANCE_ONE: i64 = 1 << 44;
/// Largest volatility any parameter may name: 1,600 % a year, ppm.
pub const VOLATILITY_CEILING: i64 = 16_000_000;

/// How returns become the volatility state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VolatilityParameters {
    /// Half-life of the fast average, seconds.
    pub fast_half_life_seconds: u32,
    /// Half-life of the slow average, seconds.
    pub slow_half_life_seconds: u32,
    /// Lowest volatility state: the level through the cycle below which margins do not fall, ppm a year.
    pub floor: u32,
    /// Highest volatility state, ppm a year.
    pub cap: u32,
    /// Share of the slow average in the blended variance, ppm; the rest is the fast one.
    pub blend: u32,
    /// Reversion time of the reference curve, seconds.
    pub reversion_seconds: u32,
    /// Volatility assumed before any return was seen, and against which auctions measure the state, ppm a year.
    pub reference: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(core::mem::size_of::<VolatilityParameters>() == 32);

impl VolatilityParameters {
    /// A BTC-like underlying: half-lives 6 hours and 7 days, 35 % to 500 %, 80 % slow, reversion 2 days,
    /// reference 70 %.
    pub const fn shipped() -> Self {
        Self {
            fast_half_life_seconds: 21_600,
            slow_half_life_seconds: 604_800,
            floor: 350_000,
            cap: 5_000_000,
            blend: 800_000,
            reversion_seconds: 172_800,
            reference: 700_000,
            padding: 0,
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            fast_half_life_seconds: 600..=604_800,
            floor: 10_000..=VOLATILITY_CEILING,
            blend: 0..=PPM,
            reversion_seconds: 3_600..=31_536_000,
            padding: 0..=0,
        })?;
        in_ranges(&[
            range("slow_half_life_seconds", self.slow_half_life_seconds, self.fast_half_life_seconds, 7_776_000),
            range("cap", self.cap, self.floor, VOLATILITY_CEILING),
            range("reference", self.reference, self.floor, self.cap),
        ])
    }
}

/// How the volatility state becomes a scan range and a margin scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ScanParameters {
    /// Deviations covered (k), ppm.
    pub deviations: u32,
    /// Seconds until a default is closed out (h).
    pub horizon_seconds: u32,
    /// Least range, ppm of spot.
    pub range_floor: u32,
    /// Largest range, ppm of spot.
    pub range_cap: u32,
    /// Range at which margins are the plain parameters, ppm of spot.
    pub range_reference: u32,
    /// Largest margin scale, ppm.
    pub scale_cap: u32,
    /// Largest rise of the maintenance range in a day, ppm of spot.
    pub daily_rise: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(core::mem::size_of::<ScanParameters>() == 32);

impl ScanParameters {
    /// A BTC-like underlying: four deviations over a day, 9 % to 48 %, reference 18 %, scale at most 3, maintenance
    /// range up by at most 6 % of spot a day.
    pub const fn shipped() -> Self {
        Self {
            deviations: 4_000_000,
            horizon_seconds: 86_400,
            range_floor: 90_000,
            range_cap: 480_000,
            range_reference: 180_000,
            scale_cap: 3_000_000,
            daily_rise: 60_000,
            padding: 0,
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            deviations: 1_000_000..=20_000_000,
            horizon_seconds: 60..=2_592_000,
            range_cap: 10_000..=950_000,
            range_reference: 10_000..=950_000,
            scale_cap: 1_000_000..=10_000_000,
            daily_rise: 1_000..=950_000,
            padding: 0..=0,
        })?;
        in_ranges(&[range("range_floor", self.range_floor, 10_000, self.range_cap)])
    }

    /// The same rule without the rounding to whole grid steps: the margin scale needs none.
    fn rule(&self) -> ScanRule {
        ScanRule {
            deviations: Ratio(self.deviations),
            horizon: Seconds::from(self.horizon_seconds),
            floor: Ratio(self.range_floor),
            cap: Ratio(self.range_cap),
            step: Ratio(1),
            reference: Ratio(self.range_reference),
            scale_cap: Ratio(self.scale_cap),
        }
    }
}

/// Realised volatility of one underlying with what margins take from it, stored as it is. Written when a bucket
/// starts, by acceptance only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VolatilityState {
    /// Publish time of the last counted price: unix seconds, 0 before the first.
    pub sampled_at: i64,
    /// ln of that price in Q40.
    pub sampled_ln: i64,
    /// Fast average of the annualised variance, Q44.
    pub fast_variance: i64,
    /// Slow average of the annualised variance, Q44.
    pub slow_variance: i64,
    /// The volatility state: annualised, Q32, within floor and cap.
    pub state: i64,
    /// Scan range of the initial balance, ppm of spot.
    pub range_im: u32,
    /// Scan range of the maintenance balance, ppm of spot; at most `range_im`.
    pub range_mm: u32,
    /// Margin scale of the initial balance, ppm, >= 1,000,000.
    pub scale_im: u32,
    /// Margin scale of the maintenance balance, ppm, >= 1,000,000.
    pub scale_mm: u32,
    /// Up to when the rise of the maintenance range is used: unix **microseconds**.
    pub range_at: i64,
}

const _: () = assert!(core::mem::size_of::<VolatilityState>() == 64);

/// The state after `price` was accepted at `publish_time`: unchanged within a bucket.
///
/// Precondition: publish times rise and prices are positive (acceptance proves both). Errors: `Overflow`,
/// `OutOfDomain`, only for parameters outside their hard ranges.
pub fn update(
    state: &VolatilityState,
    price: Price,
    publish_time: Seconds,
    parameters: &VolatilityParameters,
    scan: &ScanParameters,
) -> Result<VolatilityState, CoreError> {
    let mut next = *state;
    if state.sampled_at != 0 && bucket(publish_time) <= bucket(state.sampled_at) {
        return Ok(next);
    }
    let ln_price = ln_integer(price.0);
    if state.sampled_at == 0 {
        let start = variance_of_ppm(parameters.reference);
        next.fast_variance = start;
        next.slow_variance = start;
    } else {
        let log_return = ln_price.saturated_sub(state.sampled_ln);
        let seconds = publish_time.saturated_sub(state.sampled_at);
        let realised = annualised((log_return, log_return), seconds);
        next.fast_variance = average(state.fast_variance, realised, seconds, parameters.fast_half_life_seconds);
        next.slow_variance = average(state.slow_variance, realised, seconds, parameters.slow_half_life_seconds);
    }
    next.sampled_at = publish_time;
    next.sampled_ln = ln_price;
    next.state = sqrt::<44, 32>(state_variance(&next, parameters));
    advance_ranges(&mut next, state, publish_time, scan)?;
    Ok(next)
}

fn bucket(time: Seconds) -> i64 {
    // PROOF: the divisor is a positive constant.
    div_rem_floor(time, BUCKET_SECONDS.unsigned_abs()).map_or(0, |(bucket, _)| bucket)
}

/// `r q x year / seconds` in Q44, toward zero, at most 2^62. `r` and `q` in Q40, clamped to +-1: no bucket counts for more.
#[inline(never)]
pub(crate) fn annualised((r, q): (i64, i64), seconds: Seconds) -> i64 {
    let magnitude = |x: i64| (x.saturating_abs().min(1 << 40) >> 10).unsigned_abs();
    // Both are <= 2^30 in Q30. PROOF: r q <= 2^60 and year < 2^25, so the product of 128 bits is below 2^85; Q60 >> 20 = Q40.
    let product = u128::from(magnitude(r).wrapping_mul(magnitude(q)));
    let yearly = product.wrapping_mul(u128::from(YEAR_SECONDS.unsigned_abs())) >> 20;
    let yearly = u64::try_from(yearly).unwrap_or(u64::MAX);
    let rate = yearly.checked_div(seconds.max(1).unsigned_abs()).unwrap_or(0);
    let rate = i64::try_from(rate.min(1 << 58) << 4).unwrap_or(i64::MAX);
    if (r < 0) == (q < 0) {
        rate
    } else {
        rate.saturating_neg()
    }
}

/// `v + (1 - 2^(-seconds / half_life)) (x - v)`, to nearest.
#[inline(never)]
pub(crate) fn average(v: i64, x: i64, seconds: Seconds, half_life: u32) -> i64 {
    const LN_2_Q32: i64 = 2_977_044_472;
    const LONGEST: Seconds = 1 << 30;
    // PROOF: ln 2 < 2^32 and the seconds at most 2^30: the product is below 2^62.
    let exponent =
        div_toward_zero(LN_2_Q32.wrapping_mul(seconds.clamp(0, LONGEST)), i64::from(half_life)).unwrap_or(i64::MAX);
    let weight = (1i64 << 32).saturated_sub(exp(exponent.saturating_neg())).clamp(0, 1 << 32);
    let gap = i128::from(x.saturated_sub(v));
    // PROOF: |gap| < 2^63 and the weight at most 2^32: the product is below 2^96.
    let change = gap.wrapping_mul(i128::from(weight)).wrapping_add(1 << 31) >> 32;
    v.saturated_add(i64::try_from(change).unwrap_or(0))
}

/// `clamp(max(fast, b slow + (1 - b) fast), floor^2, cap^2)` in Q44.
fn state_variance(state: &VolatilityState, parameters: &VolatilityParameters) -> i64 {
    let low = variance_of_ppm(parameters.floor);
    let high = variance_of_ppm(parameters.cap).max(low);
    state.fast_variance.max(blended(state, parameters)).clamp(low, high)
}

/// `b slow + (1 - b) fast` in Q44, rounded up.
fn blended(state: &VolatilityState, parameters: &VolatilityParameters) -> i64 {
    let above = state.slow_variance.saturated_sub(state.fast_variance);
    let share = crate::parameters::ppm_up(above, parameters.blend).unwrap_or(i64::MAX);
    state.fast_variance.saturated_add(share).max(0)
}

/// Square of a volatility in ppm, as a variance in Q44, rounded down. At most 2^52.
///
/// 2^44 / 10^12 = 2^32 / D with D = 244140625: with v^2 = q D + r the variance is q 2^32 + r 2^32 / D, 64 bits wide.
fn variance_of_ppm(volatility: u32) -> i64 {
    const D: u64 = 244_140_625;
    let volatility = u64::from(volatility).min(VOLATILITY_CEILING.unsigned_abs());
    // PROOF: v <= 1.6 x 10^7, so v^2 < 2^48, q < 2^21 and r < 2^28.
    let squared = volatility.wrapping_mul(volatility);
    ((squared / D) << 32).saturating_add(((squared % D) << 32) / D).cast_signed()
}

/// Initial range and scale from the state; the maintenance range follows up by at most `daily_rise` and down at once.
///
/// The rise is measured in whole ppm; `range_at` advances by the microseconds they took, rounded up, so that rounding
/// never adds to the cap and takes less than a millionth of it.
fn advance_ranges(
    next: &mut VolatilityState,
    before: &VolatilityState,
    now: Seconds,
    scan: &ScanParameters,
) -> Result<(), CoreError> {
    const MICRO: i64 = 1_000_000;
    const DAY: i64 = 86_400 * MICRO;
    let rule = scan.rule();
    let range_im = scan_range(Vol(next.state), &rule)?;
    let now = now.saturated_mul(MICRO);
    let elapsed = now.saturated_sub(before.range_at).max(0);
    let rise = div_toward_zero(elapsed.saturated_mul(i64::from(scan.daily_rise)), DAY).unwrap_or(0);
    let highest = i64::from(before.range_mm).saturated_add(rise);
    if before.sampled_at == 0 || i64::from(range_im.0) <= highest {
        next.range_mm = range_im.0;
        next.range_at = now;
    } else {
        next.range_mm = u32::try_from(highest).unwrap_or(range_im.0);
        let used = rise.saturated_mul(DAY).unsigned_abs().div_ceil(u64::from(scan.daily_rise.max(1)));
        next.range_at = before.range_at.saturating_add_unsigned(used);
    }
    next.range_im = range_im.0;
    next.scale_im = margin_scale(range_im, &rule)?.0;
    next.scale_mm = margin_scale(Ratio(next.range_mm), &rule)?.0;
    Ok(())
}

/// The reference curve: the flat volatility at which an option `seconds` from expiry is marked.
///
/// `ref(t)^2 = slow^2 + (state^2 - slow^2) tau (1 - exp(-t / tau)) / t`, slow within floor and state: a spike today
/// is not a spike for a year. Falls from the state (t = 0) toward the slow average, rounded down in Q32.
pub fn reference_volatility(state: &VolatilityState, seconds: Seconds, parameters: &VolatilityParameters) -> Vol {
    let current = state_variance(state, parameters);
    let slow = state.slow_variance.clamp(variance_of_ppm(parameters.floor).min(current), current);
    let share = decay_share(seconds, Seconds::from(parameters.reversion_seconds));
    // PROOF: the gap is in 0..=2^52 and the share at most 2^32: the product is below 2^85.
    let above = i128::from(current.saturated_sub(slow)).wrapping_mul(i128::from(share)) >> 32;
    let variance = slow.saturated_add(i64::try_from(above).unwrap_or(0));
    Vol(sqrt::<44, 32>(variance))
}

/// `tau (1 - exp(-t / tau)) / t` in Q32, in 0..=1; below t = tau / 256 by its series 1 - t / (2 tau).
fn decay_share(seconds: Seconds, tau: Seconds) -> i64 {
    const ONE: i64 = 1 << 32;
    let (t, tau) = (seconds.clamp(0, 1 << 29), tau.clamp(1, 1 << 30));
    // PROOF: t and tau are below 2^31, so every shifted value is below 2^62.
    let ratio = div_toward_zero(t << 32, tau).unwrap_or(0);
    if ratio < ONE >> 8 {
        return ONE.saturated_sub(ratio >> 1);
    }
    let lost = ONE.saturated_sub(exp(ratio.saturating_neg()));
    div_toward_zero(lost.saturated_mul(tau), t).unwrap_or(ONE).clamp(0, ONE)
}

/// rho: how far the state is above its reference, `clamp(state / reference, 1, rho_max)` in ppm. Auctions run faster
/// and start lower by it.
pub fn stress_ratio(state: &VolatilityState, parameters: &VolatilityParameters, rho_max: Ratio) -> Ratio {
    // state in Q32 is at most 16 x 2^32; x 10^12 needs 77 bits. PROOF: 2^36 x 2^40 is below 2^127.
    let scaled = i128::from(state.state.clamp(0, 1 << 37)).wrapping_mul(1_000_000_000_000) >> 32;
    let ratio = scaled.checked_div(i128::from(parameters.reference)).unwrap_or(0);
    let ratio = u32::try_from(ratio).unwrap_or(u32::MAX);
    Ratio(ratio.max(Ratio::ONE.0).min(rho_max.0.max(Ratio::ONE.0)))
}
