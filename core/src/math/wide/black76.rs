//! Black-76, greeks, discount and volatility shock of the evaluator: the formulas of [`crate::math::black76`].
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Wide` saturate.

use super::Wide;

/// 5e-8: below this `sd` the price is the intrinsic value, by definition.
const SD_MIN: Wide = Wide(922_337_203_685);
/// 24: above this `sd` the call is worth the forward, by definition.
const SD_MAX: Wide = Wide(24 << 64);
/// 16: beyond this |ln(F/K)| the price is the intrinsic value, by definition.
const LOG_MAX: Wide = Wide(16 << 64);
/// 30 days in seconds.
const SHOCK_SECONDS: i64 = 30 * 86_400;

/// Discounted prices and sensitivities, each in plain units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Greeks {
    /// Call.
    pub call: Wide,
    /// Put.
    pub put: Wide,
    /// Change of the call per change of the forward.
    pub delta: Wide,
    /// Change of delta per change of the forward.
    pub gamma: Wide,
    /// Change per 1.00 of volatility.
    pub vega: Wide,
    /// Change of the call per year of passing time, forward held.
    pub theta: Wide,
    /// Change of the call per 1.00 of rate, spot held (F = S exp(rt)).
    pub rho: Wide,
}

/// The price outside the domain, exact by definition.
fn limit(forward: Wide, strike: Wide, sd: Wide) -> Option<Wide> {
    let intrinsic = (forward - strike).max(Wide::ZERO);
    if forward <= Wide::ZERO {
        Some(Wide::ZERO)
    } else if strike <= Wide::ZERO {
        Some(forward)
    } else if sd < SD_MIN {
        Some(intrinsic)
    } else if sd > SD_MAX {
        Some(forward)
    } else if (forward.ln() - strike.ln()).abs() > LOG_MAX {
        Some(intrinsic)
    } else {
        None
    }
}

/// N(d1), phi(d1) and K N(d2) inside the domain.
struct Terms {
    n1: Wide,
    density: Wide,
    short: Wide,
}

fn terms(forward: Wide, strike: Wide, sd: Wide) -> Terms {
    let d1 = (forward.ln() - strike.ln()).over(sd) + sd.half();
    let d2 = d1 - sd;
    let density = d1.normal_pdf();
    // Above the forward, K N(d2) = F phi(d1) R(-d2): no product with a large K. There d2 < 0.
    let short = if strike > forward { forward * density * (-d2).mills() } else { strike * d2.normal_cdf() };
    Terms { n1: d1.normal_cdf(), density, short }
}

/// Undiscounted call, `sd = v sqrt(t)`: in [max(F - K, 0), F], within 1e-11 F of the exact value, limits as in
/// [`crate::math::black76::call_price`].
pub fn call_price(forward: Wide, strike: Wide, sd: Wide) -> Wide {
    if let Some(value) = limit(forward, strike, sd) {
        return value;
    }
    let Terms { n1, short, .. } = terms(forward, strike, sd);
    (forward * n1 - short).max(forward - strike).max(Wide::ZERO).min(forward)
}

/// Undiscounted put by parity; non-positive arguments count as 0.
pub fn put_price(forward: Wide, strike: Wide, sd: Wide) -> Wide {
    let (forward, strike) = (forward.max(Wide::ZERO), strike.max(Wide::ZERO));
    call_price(forward, strike, sd) - (forward - strike)
}

/// exp(-max(rate, 0) t), t in years.
pub fn discount_factor(rate: Wide, years: Wide) -> Wide {
    (-(rate.max(Wide::ZERO) * years.max(Wide::ZERO))).exp()
}

/// Discounted call, put and greeks at volatility `vol` and `years` to expiry. Outside the domain the prices are the
/// limits, delta is 0 or 1 (with the side of the limit), the other greeks follow from a density of 0.
pub fn greeks(forward: Wide, strike: Wide, vol: Wide, years: Wide, rate: Wide) -> Greeks {
    let (forward, strike, years) = (forward.max(Wide::ZERO), strike.max(Wide::ZERO), years.max(Wide::ZERO));
    let rate = rate.max(Wide::ZERO);
    let root = years.sqrt();
    let sd = vol * root;
    let discount = discount_factor(rate, years);
    let value = call_price(forward, strike, sd);
    let Terms { n1, density, short } = match limit(forward, strike, sd) {
        None => terms(forward, strike, sd),
        Some(call) => {
            let n1 = if call > Wide::ZERO { Wide::ONE } else { Wide::ZERO };
            Terms { n1, density: Wide::ZERO, short: forward * n1 - call }
        }
    };
    let density = discount * density;
    let weight = forward * density;
    Greeks {
        call: discount * value,
        put: discount * (value - (forward - strike)),
        delta: discount * n1,
        gamma: density.over(forward * sd),
        vega: weight * root,
        theta: rate * (discount * value) - (weight * vol).over(root).half(),
        rho: discount * short * years,
    }
}

/// The multiplier of a volatility shock, `(30 d / max(t, floor))^p`, times in seconds.
pub fn vol_shock(seconds: Wide, floor_seconds: Wide, power: Wide) -> Wide {
    let seconds = seconds.max(floor_seconds).max(Wide::ONE);
    Wide::from_integer(SHOCK_SECONDS).over(seconds).pow(power)
}
