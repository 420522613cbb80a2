//! Where the prices of the two underlyings come from, as one endless sequence of steps.

use std::path::PathBuf;

use anyhow::Result;
use plimsoll_prices::{Crash, Path, Point, Walk, STEP_SECONDS_MAX};

/// Number of underlyings.
pub const UNDERLYINGS: usize = 2;
/// Their symbols, by index.
pub const SYMBOLS: [&str; UNDERLYINGS] = ["BTC", "SOL"];
/// Their first prices, dollars, where no file gives one.
const FIRST_PRICES: [f64; UNDERLYINGS] = [100_000.0, 150.0];
/// Annualised volatilities of their random walks.
const VOLATILITIES: [f64; UNDERLYINGS] = [0.55, 0.85];
/// Real seconds between two publications, as far as steps of at most a minute allow.
const PUBLISH_SECONDS: i64 = 2;

/// What moves the prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A random walk of each underlying.
    Walk,
    /// A known crash of one underlying; the other moves by the same returns.
    Crash(Crash),
    /// A CSV file of bars: it drives the underlying its name starts with, else the first; the other moves by the same
    /// returns.
    File(PathBuf),
}

/// Prices of both underlyings at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Seconds since the start.
    pub offset: i64,
    /// Dollars per whole underlying.
    pub prices: [f64; UNDERLYINGS],
}

/// Endless price steps; a file that has come to its end stays at its last price.
pub struct Steps {
    first: Step,
    driven: Option<usize>,
    rest: Box<dyn Iterator<Item = Step> + Send>,
}

impl Steps {
    /// The steps of `source`, as far apart as publishing every two real seconds at `speed` chain seconds per second
    /// takes them, at most a minute. Errors: a file that cannot be read, with the line and the value.
    pub fn new(source: &Source, seed: u64, speed: u32) -> Result<Self> {
        let step_seconds = i64::from(speed).saturating_mul(PUBLISH_SECONDS).clamp(1, STEP_SECONDS_MAX);
        match source {
            Source::Walk => Self::walk(seed, step_seconds),
            Source::Crash(crash) => Ok(Self::path(&Path::builtin(*crash), step_seconds)),
            Source::File(file) => Ok(Self::path(&Path::from_csv(file)?, step_seconds)),
        }
    }

    /// The prices at the start.
    pub fn first(&self) -> Step {
        self.first
    }

    /// Index of the underlying that a file or a crash drives; `None` for walks.
    pub fn driven(&self) -> Option<usize> {
        self.driven
    }

    fn walk(seed: u64, step_seconds: i64) -> Result<Self> {
        let walk = |index: usize| {
            let first = Point { seconds: 0, price: FIRST_PRICES[index] };
            // Neighbouring seeds must not share a walk: the second underlying starts far from all of them.
            let seed = seed ^ (0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(index as u64));
            Walk::new(seed, first, step_seconds, VOLATILITIES[index])
        };
        let steps = walk(0)?.zip(walk(1)?);
        let steps = steps.map(|(a, b)| Step { offset: a.seconds, prices: [a.price, b.price] });
        Ok(Self { first: Step { offset: 0, prices: FIRST_PRICES }, driven: None, rest: Box::new(steps.skip(1)) })
    }

    fn path(path: &Path, step_seconds: i64) -> Self {
        let driven = path.drives(&SYMBOLS);
        let start = path.first();
        let step = move |point: Point| {
            let growth = point.price / start.price;
            let mut prices = FIRST_PRICES.map(|price| price * growth);
            prices[driven] = point.price;
            Step { offset: point.seconds - start.seconds, prices }
        };
        let steps: Vec<Step> = path.steps(step_seconds).map(step).collect();
        let Step { offset, prices } = step(path.last());
        let held = (1..).map(move |n: i64| Step { offset: offset.saturating_add(n * step_seconds), prices });
        Self { first: step(start), driven: Some(driven), rest: Box::new(steps.into_iter().skip(1).chain(held)) }
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.rest.next()
    }
}
