//! The results of a case, and the hash of many: what two machines compare.

use plimsoll_core::math::black76::{
    call_price, discounted_down, ln_price, price, put_price, Deviation, Forward, Scale, Shock, Strike,
};
use plimsoll_core::math::elementary::{exp, ln, ln_integer, pow, sqrt};
use plimsoll_core::math::greeks::{discount_factor, price_greeks, Greeks, Tenor};
use plimsoll_core::math::normal::{cdf, mills, pdf};
use plimsoll_core::math::smile::{Smile, Svi};
use plimsoll_core::math::time::{averaging_deviation, deviation, sqrt_time, vol_shock, years};

use crate::cases::Case;

/// Results of a case; functions with fewer leave zeros.
pub const RESULTS: usize = 8;

/// The results of one case.
pub fn results(case: &Case) -> [i64; RESULTS] {
    match *case {
        Case::Logarithm(x) => first([ln(x), ln_integer(x), ln_price(x)]),
        Case::Exponential(x) => first([exp(x)]),
        Case::Roots { x, power } => first([sqrt::<32, 32>(x), sqrt::<52, 40>(x), sqrt::<0, 29>(x), pow(x, power)]),
        Case::Normal(x) => first([cdf(x), pdf(x), mills(x)]),
        Case::Price { forward, strike, sd } => first([call_price(forward, strike, sd), put_price(forward, strike, sd)]),
        Case::Scenario { base, forward, factor, strike, sd } => scenario([base, forward, factor, strike, sd]),
        Case::Greeks { forward, strike, sd, seconds, rate } => greeks([forward, strike, sd, seconds, rate]),
        Case::Smile { svi, forward, tau, strike } => smile(svi, [forward, tau, strike]),
        Case::Time { vol, seconds, rate, part, whole } => time([vol, seconds, rate, part, whole]),
    }
}

/// A hash over the results of the cases `from..from + count` of a sequence.
///
/// Each step is a bijection of the hash for a given result and of the result for a given hash: one differing result
/// always changes the hash of a batch, several hide each other with probability 2^-64.
pub fn hash(seed: u64, from: u64, count: u64) -> u64 {
    let mut hash = seed;
    let mut number = from;
    while number < from.wrapping_add(count) {
        for result in results(&Case::of(seed, number)) {
            hash = (hash ^ result as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        number = number.wrapping_add(1);
    }
    hash
}

fn first<const N: usize>(some: [i64; N]) -> [i64; RESULTS] {
    let mut all = [0; RESULTS];
    for (slot, result) in all.iter_mut().zip(some) {
        *slot = result;
    }
    all
}

#[inline(never)]
fn scenario([base, forward, factor, strike, sd]: [i64; 5]) -> [i64; RESULTS] {
    let scale = Scale::of(base);
    let (series, spread) = (Strike::new(scale, strike), Deviation::new(sd));
    let forward = Forward::new(scale, forward);
    let shocked = forward.shocked(&Shock::new(factor));
    let (now, then) = (price(&series, &forward, &spread), price(&series, &shocked, &spread));
    first([now, then, scale.to_price(then), shocked.f, shocked.ln_f, spread.sd(), series.ln_k, series.k])
}

#[inline(never)]
fn greeks([forward, strike, sd, seconds, rate]: [i64; 5]) -> [i64; RESULTS] {
    let scale = Scale::of(forward);
    let (series, forward) = (Strike::new(scale, strike), Forward::new(scale, forward));
    let Greeks { call, put, delta, gamma, vega, theta, rho } =
        price_greeks(&series, &forward, &Deviation::new(sd), &Tenor::new(seconds, rate));
    first([call, put, delta, gamma, vega, theta, rho])
}

#[inline(never)]
fn smile(svi: Svi, [forward, tau, strike]: [i64; 3]) -> [i64; RESULTS] {
    match Smile::new(svi, ln_price(forward), tau) {
        Some(smile) => first([1, smile.total_variance(ln_price(strike)), smile.vol(ln_price(strike))]),
        None => first([0]),
    }
}

#[inline(never)]
fn time([vol, seconds, rate, part, whole]: [i64; 5]) -> [i64; RESULTS] {
    let (sd, discount) = (deviation(vol, seconds), discount_factor(seconds, rate));
    first([
        sqrt_time(seconds),
        years(seconds),
        sd,
        averaging_deviation(sd, part, whole),
        discount,
        discounted_down(whole, discount),
        vol_shock(seconds, part, rate),
    ])
}
