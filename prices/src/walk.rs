//! A seeded random walk.

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Point, PriceError, STEP_SECONDS_MAX};

/// Seconds of a year of 365 days.
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;
/// The walk turns back at these multiples of its first price, so that it can run for ever.
const REFLECT: (f64, f64) = (0.1, 10.0);

/// An endless random walk of a price: each step multiplies it by 1 + volatility x sqrt(step / year) x z, where z is the
/// sum of twelve uniforms less six (mean 0, deviation 1, at most 6). Only sums, products and a square root take part,
/// so that a seed gives the same path on every machine.
#[derive(Clone, Debug)]
pub struct Walk {
    random: ChaCha8Rng,
    next: Point,
    first: Point,
    step_seconds: i64,
    deviation: f64,
}

impl Walk {
    /// A walk from `first`, a point every `step_seconds`, with an annualised volatility (0.8 = 80 %).
    ///
    /// Errors: `Walk` when the price, the step (`1..=60`) or the volatility (`0..=10`) is out of its range.
    pub fn new(seed: u64, first: Point, step_seconds: i64, volatility: f64) -> Result<Self, PriceError> {
        let range = |field, value: f64, low: f64, high: f64| {
            (low..=high).contains(&value).then_some(()).ok_or(PriceError::Walk { field, value, low, high })
        };
        range("price", first.price, 0.000_001, 1_000_000_000.0)?;
        range("step_seconds", step_seconds as f64, 1.0, STEP_SECONDS_MAX as f64)?;
        range("volatility", volatility, 0.0, 10.0)?;
        let deviation = volatility * (step_seconds as f64 / YEAR_SECONDS).sqrt();
        Ok(Self { random: ChaCha8Rng::seed_from_u64(seed), next: first, first, step_seconds, deviation })
    }

    /// Time of the first point.
    pub fn start(&self) -> i64 {
        self.first.seconds
    }

    /// A draw with mean 0 and deviation 1: the sum of twelve uniforms less six.
    fn draw(&mut self) -> f64 {
        let uniform = |word: u32| f64::from(word) / 4_294_967_296.0;
        (0..12).map(|_| uniform(self.random.next_u32())).sum::<f64>() - 6.0
    }
}

impl Iterator for Walk {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        let point = self.next;
        let change = self.deviation * self.draw();
        let moved = point.price * (1.0 + change);
        let inside = (self.first.price * REFLECT.0..=self.first.price * REFLECT.1).contains(&moved);
        let price = if inside { moved } else { point.price * (1.0 - change) };
        self.next = Point { seconds: point.seconds + self.step_seconds, price };
        Some(point)
    }
}
