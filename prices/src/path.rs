//! A price over time, and the steps in which it is published.

use std::fs::File;

use crate::bars::BAR_SECONDS_MIN;
use crate::{read_bars, Bar, Crash, PriceError, Walk};

/// Longest step between two published prices: one bucket of the volatility estimate.
pub const STEP_SECONDS_MAX: i64 = 60;

/// A price at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Unix seconds.
    pub seconds: i64,
    /// Dollars per whole underlying.
    pub price: f64,
}

impl Point {
    /// The price as an integer of `decimals` decimals, rounded to the nearest, at least 1: what an oracle publishes.
    pub fn scaled(&self, decimals: u32) -> i64 {
        // Prices stay below 1e9 and oracles at 8 decimals, far inside both types; the cast saturates beyond.
        ((self.price * 10f64.powi(decimals.min(9) as i32)).round() as i64).max(1)
    }
}

/// A price over time: points joined by straight lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    name: String,
    knots: Vec<Point>,
}

impl Path {
    /// The path of the bars in a CSV file (see [`read_bars`]), each bar taken as open, low, high, close: the open at its
    /// start, the low and the high at its thirds, the close in its last second.
    ///
    /// Errors: [`PriceError`] naming the file, the line and the value.
    pub fn from_csv(file: impl AsRef<std::path::Path>) -> Result<Self, PriceError> {
        let file = file.as_ref();
        let shown = file.display().to_string();
        let text = File::open(file).map_err(|source| PriceError::Open { file: shown.clone(), source })?;
        let bars = read_bars(&shown, text)?;
        let name = file.file_stem().map_or(shown, |stem| stem.to_string_lossy().into_owned());
        Ok(Self::from_bars(name, &bars))
    }

    /// The path of ordered bars. A bar lasts until the next one starts, at most as long as the shortest distance of two
    /// bars: a gap in the data is a straight line from one close to the next open. A single bar lasts 60 seconds.
    pub fn from_bars(name: impl Into<String>, bars: &[Bar]) -> Self {
        let length = bars
            .windows(2)
            .map(|pair| pair[1].timestamp - pair[0].timestamp)
            .min()
            .unwrap_or(STEP_SECONDS_MAX)
            .max(BAR_SECONDS_MIN);
        let last = length - 1;
        let knots = bars
            .iter()
            .flat_map(|bar| {
                let point = |offset, price| Point { seconds: bar.timestamp + offset, price };
                [point(0, bar.open), point(last / 3, bar.low), point(last * 2 / 3, bar.high), point(last, bar.close)]
            })
            .collect();
        Self { name: name.into(), knots }
    }

    /// A path through given points.
    ///
    /// Errors: `Knot` when there is none, when a time does not grow or a price is not positive.
    pub fn from_points(name: impl Into<String>, knots: Vec<Point>) -> Result<Self, PriceError> {
        let name = name.into();
        let mut before = i64::MIN;
        if knots.is_empty() {
            return Err(PriceError::Knot { name, index: 0, seconds: 0, price: 0.0 });
        }
        for (index, &Point { seconds, price }) in knots.iter().enumerate() {
            if seconds <= before || !price.is_finite() || price <= 0.0 {
                return Err(PriceError::Knot { name, index, seconds, price });
            }
            before = seconds;
        }
        Ok(Self { name, knots })
    }

    /// A crash whose waypoints are built in.
    pub fn builtin(crash: Crash) -> Self {
        let knots = crash
            .waypoints()
            .iter()
            .map(|&(minute, price)| Point { seconds: crash.start() + minute * 60, price })
            .collect();
        Self { name: crash.name().to_owned(), knots }
    }

    /// The first `seconds` of a random walk.
    pub fn walk(name: impl Into<String>, walk: Walk, seconds: i64) -> Self {
        let end = walk.start() + seconds;
        Self { name: name.into(), knots: walk.take_while(|point| point.seconds <= end).collect() }
    }

    /// Name: the file's without its ending, the crash's, or the walk's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The points joined by straight lines, at least one, ordered by time.
    pub fn knots(&self) -> &[Point] {
        &self.knots
    }

    /// First point.
    pub fn first(&self) -> Point {
        self.knots[0]
    }

    /// Last point.
    pub fn last(&self) -> Point {
        self.knots[self.knots.len() - 1]
    }

    /// Lowest point, the earliest of equals.
    pub fn lowest(&self) -> Point {
        self.knots.iter().fold(self.first(), |low, point| if point.price < low.price { *point } else { low })
    }

    /// Highest point, the earliest of equals.
    pub fn highest(&self) -> Point {
        self.knots.iter().fold(self.first(), |high, point| if point.price > high.price { *point } else { high })
    }

    /// Seconds from the first to the last point.
    pub fn duration(&self) -> i64 {
        self.last().seconds - self.first().seconds
    }

    /// The same returns from another first price: how a second underlying moves with the first.
    ///
    /// Errors: `Knot` when `start` is not positive.
    pub fn starting_at(&self, name: impl Into<String>, start: f64) -> Result<Self, PriceError> {
        let factor = start / self.first().price;
        let knots = self.knots.iter().map(|point| Point { price: point.price * factor, ..*point }).collect();
        Self::from_points(name, knots)
    }

    /// Which of `underlyings` the path drives: the one its name starts with (in any case), else the first.
    pub fn drives(&self, underlyings: &[&str]) -> usize {
        let name = self.name.to_ascii_lowercase();
        underlyings.iter().position(|symbol| name.starts_with(&symbol.to_ascii_lowercase())).unwrap_or(0)
    }

    /// Every knot, and between two knots as many evenly spaced points on the line as keep each step within
    /// `step_seconds` (taken into `1..=60`). Times grow strictly.
    pub fn steps(&self, step_seconds: i64) -> impl Iterator<Item = Point> + '_ {
        let step = step_seconds.clamp(1, STEP_SECONDS_MAX);
        let segments = self.knots.windows(2).flat_map(move |pair| segment(pair[0], pair[1], step));
        std::iter::once(self.first()).chain(segments)
    }
}

/// The points after `from` up to and including `to`, each at most `step` seconds after the one before.
fn segment(from: Point, to: Point, step: i64) -> impl Iterator<Item = Point> {
    let span = to.seconds - from.seconds;
    let count = span.div_euclid(step) + i64::from(span.rem_euclid(step) != 0);
    (1..=count).map(move |index| {
        if index == count {
            return to;
        }
        let seconds = span * index / count;
        // Spans are far below 2^52 seconds: exact in f64.
        let share = seconds as f64 / span as f64;
        Point { seconds: from.seconds + seconds, price: from.price + (to.price - from.price) * share }
    })
}
