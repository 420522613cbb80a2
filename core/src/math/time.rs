//! Seconds to years, square root of time, and the deviation `v sqrt(t)`.

use super::elementary::{pow, scale, sqrt_mantissa};
use super::fixed::{div_toward_zero, leading_zeros, mul_div_down, mul_shift_down, ONE};

/// Seconds in a year of 365 days.
pub const YEAR: i64 = 365 * 86_400;
/// Longest time to expiry the math takes: 16 years.
pub const SECONDS_MAX: i64 = 16 * YEAR;
/// The horizon at which a volatility shock has its nominal size: 30 days.
pub const SHOCK_SECONDS: i64 = 30 * 86_400;
/// Length of the settlement average before expiry.
pub const WINDOW_SECONDS: i64 = 1_800;
/// Before the window the average takes this much variance time away: two thirds of it.
pub const WINDOW_VARIANCE_SECONDS: i64 = 1_200;

/// 2^75 / sqrt(YEAR).
const INVERSE_SQRT_YEAR_Q75: u64 = 6_727_386_375_481_487_724;
/// 1 / sqrt(3), Q32.
const INVERSE_SQRT_3: i64 = 2_479_700_525;

/// Seconds as years in Q32, rounded down; clamped to [0, 16 years].
pub fn years(seconds: i64) -> i64 {
    // PROOF: seconds < 2^29, so the shifted value is below 2^61.
    div_toward_zero(seconds.clamp(0, SECONDS_MAX) << 32, YEAR).unwrap_or(0)
}

/// sqrt(seconds / year) in Q40, error below 2^-39; clamped to [0, 16 years].
pub fn sqrt_time(seconds: i64) -> i64 {
    let seconds = seconds.clamp(0, SECONDS_MAX).unsigned_abs();
    if seconds == 0 {
        return 0;
    }
    let zeros = leading_zeros(seconds) & !1;
    // sqrt(seconds) = root * 2^-(30 + zeros/2). PROOF: both factors are below 2^63; 34 <= zeros <= 62.
    let root = u128::from(sqrt_mantissa(seconds.wrapping_shl(zeros)));
    let product = root.wrapping_mul(u128::from(INVERSE_SQRT_YEAR_Q75));
    let places = zeros.wrapping_div(2).wrapping_add(65).min(127);
    let value = product.wrapping_shr(places.wrapping_sub(1)).wrapping_add(1) >> 1;
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// `vol sqrt(t)`: volatility in Q32, the result in Q32 rounded down. Negative volatility counts as 0; saturates.
pub fn deviation(vol: i64, seconds: i64) -> i64 {
    deviation_at(vol, sqrt_time(seconds))
}

/// As [`deviation`], with [`sqrt_time`] at hand.
#[inline]
pub fn deviation_at(vol: i64, sqrt_t: i64) -> i64 {
    let vol = vol.max(0);
    if vol >> 41 != 0 || sqrt_t >> 42 != 0 {
        return mul_shift_down(vol, sqrt_t, 40);
    }
    // Below 512 volatilities fit two 64-bit products. PROOF: both halves of sqrt_t are below 2^21.
    let (high, low) = (sqrt_t >> 21, sqrt_t & ((1 << 21) - 1));
    vol.wrapping_mul(high).wrapping_add(vol.wrapping_mul(low) >> 21) >> 19
}

/// The deviation of a settlement average inside its window: `sd * f_var / (f_total sqrt 3)`, where `f_total` is
/// `f_fix + f_var`, both in one unit. 0 when nothing is left to vary.
pub fn averaging_deviation(sd: i64, f_var: i64, f_total: i64) -> i64 {
    if f_total <= 0 || f_var <= 0 {
        return 0;
    }
    let share = mul_div_down(ONE, f_var.min(f_total), f_total).unwrap_or(0);
    scale(scale(sd.max(0), share), INVERSE_SQRT_3)
}

/// The multiplier of a volatility shock, `(30 d / max(t, floor))^p`, in Q32; `power` in Q32, in [0, 1].
pub fn vol_shock(seconds: i64, floor_seconds: i64, power: i64) -> i64 {
    // PROOF: 30 d < 2^22, so the shifted value is below 2^54; the divisor is at least 1.
    let ratio = div_toward_zero(SHOCK_SECONDS << 32, seconds.max(floor_seconds).max(1)).unwrap_or(0);
    pow(ratio, power)
}
