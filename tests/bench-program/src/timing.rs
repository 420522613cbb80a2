//! Loops over one function, for its compute units: the units of a loop less those of the empty one, by its length.
//!
//! Inputs are prepared before the loop, as a margin evaluation prepares them per expiry and scenario, and every round
//! loads them from memory, as a real one does.

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

/// Everything a loop may read, behind one reference.
struct Prepared {
    inputs: Inputs,
    scale: Scale,
    series: Strike,
    forward: Forward,
    spread: Deviation,
    shock: Shock,
    tenor: Tenor,
    quantity: i64,
}

/// The sum of `count` calls of `body`, wrapping. The reference is hidden from the compiler in every round: nothing is
/// computed before the loop that a call would have to compute.
#[inline(always)]
fn looped(count: u64, prepared: &Prepared, body: impl Fn(&Prepared) -> i64) -> i64 {
    let (mut sum, mut round) = (0i64, 0u64);
    while round < count {
        sum = sum.wrapping_add(black_box(body(black_box(prepared))));
        round = black_box(round.wrapping_add(1));
    }
    sum
}

/// Calls `timed` `count` times on `inputs`; returns a sum over the results.
pub fn repeat(timed: Timed, count: u64, inputs: &Inputs) -> i64 {
    let scale = Scale::of(inputs.forward);
    let prepared = Prepared {
        inputs: *inputs,
        scale,
        series: Strike::new(scale, inputs.strike),
        forward: Forward::new(scale, inputs.forward),
        spread: Deviation::new(inputs.sd),
        shock: Shock::new(inputs.factor),
        tenor: Tenor::new(SECONDS, ONE / 20),
        quantity: -7,
    };
    match timed {
        Timed::Empty => looped(count, &prepared, |_| 0),
        Timed::ScenarioReprice => looped(count, &prepared, |p| {
            price(&p.series, &p.forward.shocked(&p.shock), &p.spread).wrapping_mul(p.quantity)
        }),
        Timed::Price => looped(count, &prepared, |p| price(&p.series, &p.forward, &p.spread)),
        Timed::PriceGreeks => looped(count, &prepared, |p| {
            let g = price_greeks(&p.series, &p.forward, &p.spread, &p.tenor);
            // Every field is made: the sum keeps them.
            [g.put, g.delta, g.gamma, g.vega, g.theta, g.rho].iter().fold(g.call, |sum, part| sum.wrapping_add(*part))
        }),
        Timed::SmileVol => smile_vol(count, &prepared),
        _ => plain(timed, count, &prepared),
    }
}

/// The functions of plain integers.
#[inline(never)]
fn plain(timed: Timed, count: u64, prepared: &Prepared) -> i64 {
    match timed {
        Timed::CallPrice => looped(count, prepared, |p| call_price(p.inputs.forward, p.inputs.strike, p.inputs.sd)),
        // A deviation is made to be kept: all of it is written.
        Timed::Deviation => looped(count, prepared, |p| black_box(&Deviation::new(p.inputs.sd)).sd()),
        Timed::Forward => looped(count, prepared, |p| black_box(&Forward::new(p.scale, p.inputs.forward)).ln_f),
        Timed::DeviationOf => looped(count, prepared, |p| deviation(p.inputs.sd, SECONDS)),
        Timed::Ln => looped(count, prepared, |p| ln(p.inputs.sd)),
        Timed::Exp => looped(count, prepared, |p| exp(p.inputs.sd)),
        Timed::Sqrt => looped(count, prepared, |p| sqrt::<32, 32>(p.inputs.sd)),
        Timed::Pow => looped(count, prepared, |p| pow(p.inputs.sd, ONE / 3)),
        _ => looped(count, prepared, |p| cdf(p.inputs.sd)),
    }
}

#[inline(never)]
fn smile_vol(count: u64, prepared: &Prepared) -> i64 {
    let svi = Svi { a: ONE / 100, b: ONE / 20, rho: -ONE / 4, m: ONE / 50, sigma: ONE / 10 };
    match Smile::new(svi, prepared.forward.ln_f, YEAR / 12) {
        Some(smile) => looped(count, prepared, |p| black_box(&smile).vol(p.series.ln_k)),
        None => 0,
    }
}
