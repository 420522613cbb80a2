//! Loops over one function, for its compute units: the units of a loop less those of the empty one, by its length.
//!
//! Inputs are prepared before the loop, as a margin evaluation prepares them per expiry and scenario. `black_box` keeps
//! them in memory, so that every round loads what a real one loads.

use core::hint::black_box;

use plimsoll_core::math::black76::{call_price, price, Deviation, Forward, Scale, Shock, Strike};
use plimsoll_core::math::elementary::{exp, ln, pow, sqrt};
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::greeks::{price_greeks, Tenor};
use plimsoll_core::math::normal::cdf;
use plimsoll_core::math::smile::{Smile, Svi};
use plimsoll_core::math::time::{deviation, YEAR};

/// What a loop calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Timed {
    /// Nothing: what a loop costs by itself.
    Empty,
    /// One leg in one scenario: the forward shocked, the call priced, times a quantity, added up.
    ScenarioReprice,
    /// The prepared call price alone.
    Price,
    /// Call, put and five greeks.
    PriceGreeks,
    /// The call from plain integers: scale, two logarithms, the deviation's reciprocal, the price.
    CallPrice,
    /// The preparation of a deviation.
    Deviation,
    /// The preparation of a forward.
    Forward,
    /// `v sqrt(t)` from volatility and seconds.
    DeviationOf,
    /// The smile's volatility of a strike.
    SmileVol,
    /// Logarithm.
    Ln,
    /// Exponential.
    Exp,
    /// Square root.
    Sqrt,
    /// Power.
    Pow,
    /// Normal distribution.
    NormalCdf,
}

impl Timed {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Empty,
        Self::ScenarioReprice,
        Self::Price,
        Self::PriceGreeks,
        Self::CallPrice,
        Self::Deviation,
        Self::Forward,
        Self::DeviationOf,
        Self::SmileVol,
        Self::Ln,
        Self::Exp,
        Self::Sqrt,
        Self::Pow,
        Self::NormalCdf,
    ];
}

/// What the functions are called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Forward, price units.
    pub forward: i64,
    /// Strike, price units.
    pub strike: i64,
    /// `v sqrt(t)`, Q32. The volatility where there is one, and the argument of the elementary functions.
    pub sd: i64,
    /// Factor on the forward, Q32.
    pub factor: i64,
}

/// 30 days, 5 % a year: the tenor of the greeks.
const SECONDS: i64 = 30 * 86_400;

/// The sum of `count` calls of `body`, wrapping.
#[inline(always)]
fn looped(count: u64, body: impl Fn() -> i64) -> i64 {
    let (mut sum, mut round) = (0i64, 0u64);
    while round < count {
        sum = sum.wrapping_add(black_box(body()));
        round = black_box(round.wrapping_add(1));
    }
    sum
}

/// Calls `timed` `count` times on `inputs`; returns a sum over the results.
pub fn repeat(timed: Timed, count: u64, inputs: &Inputs) -> i64 {
    let Inputs { forward, strike, sd, factor } = *inputs;
    let scale = Scale::of(forward);
    let (prepared, series, spread) = (Forward::new(scale, forward), Strike::new(scale, strike), Deviation::new(sd));
    let tenor = Tenor::new(SECONDS, ONE / 20);
    match timed {
        Timed::Empty => looped(count, || 0),
        Timed::ScenarioReprice => {
            let (shock, quantity) = (Shock::new(factor), -7i64);
            looped(count, || {
                let shocked = black_box(&prepared).shocked(black_box(&shock));
                price(black_box(&series), &shocked, black_box(&spread)).wrapping_mul(*black_box(&quantity))
            })
        }
        Timed::Price => looped(count, || price(black_box(&series), black_box(&prepared), black_box(&spread))),
        Timed::PriceGreeks => looped(count, || {
            let g = price_greeks(black_box(&series), black_box(&prepared), black_box(&spread), black_box(&tenor));
            // Every field is made: the sum keeps them.
            [g.put, g.delta, g.gamma, g.vega, g.theta, g.rho].iter().fold(g.call, |sum, part| sum.wrapping_add(*part))
        }),
        Timed::SmileVol => smile_vol(count, &prepared, series.ln_k),
        _ => plain(timed, count, inputs),
    }
}

/// The functions of plain integers.
#[inline(never)]
fn plain(timed: Timed, count: u64, inputs: &Inputs) -> i64 {
    let Inputs { forward, strike, sd, .. } = *inputs;
    let sum = |d: Deviation| d.sd();
    match timed {
        Timed::CallPrice => looped(count, || call_price(black_box(forward), black_box(strike), black_box(sd))),
        Timed::Deviation => looped(count, || sum(*black_box(&Deviation::new(black_box(sd))))),
        Timed::Forward => {
            let scale = Scale::of(forward);
            looped(count, || Forward::new(black_box(scale), black_box(forward)).ln_f)
        }
        Timed::DeviationOf => looped(count, || deviation(black_box(sd), black_box(SECONDS))),
        Timed::Ln => looped(count, || ln(black_box(sd))),
        Timed::Exp => looped(count, || exp(black_box(sd))),
        Timed::Sqrt => looped(count, || sqrt::<32, 32>(black_box(sd))),
        Timed::Pow => looped(count, || pow(black_box(sd), black_box(ONE / 3))),
        _ => looped(count, || cdf(black_box(sd))),
    }
}

#[inline(never)]
fn smile_vol(count: u64, forward: &Forward, ln_k: i64) -> i64 {
    let svi = Svi { a: ONE / 100, b: ONE / 20, rho: -ONE / 4, m: ONE / 50, sigma: ONE / 10 };
    match Smile::new(svi, forward.ln_f, YEAR / 12) {
        Some(smile) => looped(count, || black_box(&smile).vol(black_box(ln_k))),
        None => 0,
    }
}
