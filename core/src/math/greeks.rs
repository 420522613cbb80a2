//! Price and greeks of one series, discounted, from the same d1, d2 and tables as [`super::black76::price`].

use super::black76::{short_leg_above_twice_forward, Deviation, Forward, Strike};
use super::elementary::exp;
use super::fixed::{div_toward_zero, mul_shift_down, ONE};
use super::normal::{both_from_edge, cdf_from_edge, ONE_Q31};
use super::time::{sqrt_time, years, SECONDS_MAX, YEAR};

/// ln 2 in Q40.
const LN_2: i64 = 762_123_384_786;

/// Time and rate of an expiry, prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenor {
    /// exp(-r t), Q30.
    discount: i64,
    /// t in years, Q28.
    years: i64,
    /// sqrt(t), Q30.
    sqrt_t: i64,
    /// r = max(rate, 0), Q28, at most 8.
    rate: i64,
    /// 1 / (2t) = half_inverse * 2^-exponent, half_inverse in [2^28, 2^29).
    half_inverse: i64,
    /// The exponent plus 29: less a deviation's `ratio_places`, the places of [`decay`].
    decay_places: u32,
}

impl Tenor {
    /// Prepares `seconds` to expiry (clamped to [1, 16 years]) and a rate in Q32 per year (clamped to [0, 8]).
    pub fn new(seconds: i64, rate: i64) -> Self {
        let seconds = seconds.clamp(1, SECONDS_MAX);
        let rate = rate.clamp(0, 8 * ONE);
        // 1/(2t) = YEAR / (2 seconds). PROOF: YEAR/2 < 2^24 and seconds < 2^29: the quotient of 2^39 times it has 34 to
        // 63 bits.
        let quotient = div_toward_zero((YEAR / 2) << 39, seconds).unwrap_or(0);
        let places = 35u32.saturating_sub(quotient.leading_zeros());
        Self {
            discount: discount_factor(seconds, rate) >> 2,
            years: years(seconds) >> 4,
            sqrt_t: sqrt_time(seconds) >> 10,
            rate: rate >> 4,
            half_inverse: quotient.wrapping_shr(places),
            decay_places: 68u32.wrapping_sub(places),
        }
    }
}

/// exp(-max(r, 0) t) for a rate in Q32 per year: in Q32, in [0, 1], error below 4e-10. `seconds` are clamped to
/// [0, 16 years].
pub fn discount_factor(seconds: i64, rate: i64) -> i64 {
    let exponent = mul_shift_down(rate.max(0), years(seconds), 32);
    exp(exponent.wrapping_neg()).min(ONE)
}

/// Discounted prices and sensitivities of a call and its put. gamma and vega are the same for both; delta of the put is
/// delta less the discount factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Greeks {
    /// Call, kernel units.
    pub call: i64,
    /// Put, kernel units.
    pub put: i64,
    /// Change of the call per change of the forward, Q32, error below 1e-8 for sd >= 1e-3.
    pub delta: i64,
    /// F times the change of delta per change of the forward, dimensionless, Q32: divide by F for gamma itself.
    pub gamma: i64,
    /// Change per 1.00 of volatility, kernel units.
    pub vega: i64,
    /// Change of the call per year of passing time, forward held, kernel units.
    pub theta: i64,
    /// Change of the call per 1.00 of rate, spot held (F = S exp(rt)), kernel units.
    pub rho: i64,
}

/// N(d1) and phi(d1) in Q31, df K and df K N(d2) in kernel units.
struct Terms {
    n1: i64,
    density: i64,
    k: i64,
    short: i64,
}

/// The terms of a strike, `f` being df F. Outside the range of the deviation the density is 0 and N is 0 or 1.
#[inline(always)]
fn terms(strike: &Strike, x: i64, f: i64, deviation: &Deviation, discount: i64) -> Terms {
    let inside = x <= deviation.limit && x >= deviation.limit.wrapping_neg();
    if x < -LN_2 {
        // K may be any size here: 128 bits for the put where it takes them, and the short leg without K.
        let k =
            if strike.k >> 32 == 0 { discounted(strike.k, discount) } else { mul_shift_down(strike.k, discount, 30) };
        if !inside {
            return Terms { n1: 0, density: 0, k, short: 0 };
        }
        let y = deviation.d1_from_edge(x);
        let (n1, density) = both_from_edge(y);
        let short = f.wrapping_mul(short_leg_above_twice_forward(y, density, deviation.sd)) >> 31;
        return Terms { n1, density, k, short };
    }
    // PROOF: k <= 2f <= 2^31, discount <= 2^30 and N <= 2^31 in Q31.
    let k = discounted(strike.k, discount);
    if !inside {
        let (n1, short) = if x > 0 { (ONE_Q31, k) } else { (0, 0) };
        return Terms { n1, density: 0, k, short };
    }
    let y = deviation.d1_from_edge(x);
    let (n1, density) = both_from_edge(y);
    let n2 = cdf_from_edge(y.wrapping_sub(deviation.sd));
    Terms { n1, density, k, short: k.wrapping_mul(n2) >> 31 }
}

/// Kernel units times a discount in Q30, to nearest.
#[inline(always)]
const fn discounted(value: i64, discount: i64) -> i64 {
    value.wrapping_mul(discount).wrapping_add(1 << 29) >> 30
}

/// Discounted call, put and greeks. `forward` is the expiry's own, the one that set the scale (below 2^30 kernel units).
///
/// The prices are within 2.5 units + 1e-8 F: F and K are discounted first, which rounds each once more.
///
/// PROOF (no wrap in that range): f <= 2^30, N <= 2^31, density < 0.4 * 2^31, discount <= 2^30, sqrt_t <= 2^32,
/// years <= 2^32, rate <= 2^31, ratio <= 2^30: each product below is under 2^63.
#[inline(always)]
pub fn price_greeks(strike: &Strike, forward: &Forward, deviation: &Deviation, tenor: &Tenor) -> Greeks {
    let f = discounted(forward.f, tenor.discount);
    let x = forward.ln_f.wrapping_sub(strike.ln_k);
    let Terms { n1, density, k, short } = terms(strike, x, f, deviation, tenor.discount);
    let intrinsic = f.wrapping_sub(k);
    let mut call = (f.wrapping_mul(n1) >> 31).wrapping_sub(short);
    if call < intrinsic {
        call = intrinsic;
    }
    if call < 0 {
        call = 0;
    }
    // df F phi(d1): the common factor of vega and theta.
    let weight = f.wrapping_mul(density) >> 31;
    let flat = density.wrapping_mul(tenor.discount) >> 30;
    Greeks {
        call,
        put: call.wrapping_sub(intrinsic),
        delta: n1.wrapping_mul(tenor.discount) >> 29,
        gamma: flat.wrapping_mul(deviation.ratio).wrapping_shr(deviation.ratio_places),
        vega: weight.wrapping_mul(tenor.sqrt_t) >> 30,
        theta: (call.wrapping_mul(tenor.rate) >> 28).wrapping_sub(decay(weight, deviation, tenor)),
        rho: short.wrapping_mul(tenor.years) >> 28,
    }
}

/// `weight * sd / (2t)`: what the option loses per year, kernel units.
///
/// PROOF: weight < 2^29 and ratio >= 2^29 give a quotient below 2^30; half_inverse < 2^29. The places are the exponent
/// (4..=33) plus 33 less the bits of sd (8..=37): in 0..=58. A ratio of 0 comes with a weight of 0.
#[inline(always)]
fn decay(weight: i64, deviation: &Deviation, tenor: &Tenor) -> i64 {
    let weight = (weight << 30).unsigned_abs();
    let quotient = weight.checked_div(deviation.ratio.unsigned_abs()).unwrap_or(0).cast_signed();
    let places = tenor.decay_places.wrapping_sub(deviation.ratio_places);
    quotient.wrapping_mul(tenor.half_inverse).wrapping_shr(places)
}
