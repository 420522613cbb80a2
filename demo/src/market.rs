//! What is traded: two coins, sized from their first prices, and the window of the price file that is played.

use anyhow::Result;
use plimsoll::UnderlyingCreateArgs;
use plimsoll_client::presets::{self, Asset};
use plimsoll_core::margin::listing_bound_holds;
use plimsoll_core::units::{ContractSize, Price, Quantity};
use plimsoll_prices::{Crash, Path, Point};
use solana_program::hash::hash;

/// Longest stretch of a price file that is played, seconds: six days.
pub const WINDOW_SECONDS_MAX: i64 = 6 * 86_400;
/// Longest step between two published prices, seconds.
const STEP_SECONDS: i64 = 60;
/// Largest move of one step, as a share of the price, as far as whole seconds allow.
const STEP_MOVE: f64 = 0.015;
/// A smaller move is published with the next minute.
const IDLE_MOVE: f64 = 0.001;
/// First time that is taken for a date: 1 January 2009. Earlier ones count seconds from the start of something.
const EARLIEST: i64 = 1_230_768_000;
/// Strikes listed for every expiry, in percent of the first price.
const STRIKE_PERCENTS: [f64; 12] = [50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0, 140.0];
/// Most contracts of one leg, where the price bound leaves room for as many.
const MAX_QUANTITY: i64 = 100_000;
/// Quote atoms of one quote token.
pub const QUOTE: i64 = 1_000_000;

/// A coin with options on it.
#[derive(Clone, Debug)]
pub struct Coin {
    /// Ticker; with a multiplier when one coin is worth too little to be listed alone: `1000xPEPE`.
    pub symbol: String,
    /// First price: dollars per listed unit.
    pub first: f64,
    /// How it is listed.
    pub listing: UnderlyingCreateArgs,
    /// Listed strikes, ascending: quote atoms. The place is the strike's id.
    pub strikes: Vec<i64>,
}

impl Coin {
    fn new(index: u16, ticker: &str, path: &Path) -> Self {
        let unit = unit_of(path.first().price);
        let symbol = if unit > 1.0 { format!("{unit}x{ticker}") } else { ticker.to_owned() };
        let first = path.first().price * unit;
        let (low, high) = (path.lowest().price * unit, path.highest().price * unit);
        let strike_step = atoms(round_step(first * 0.01));
        let (price_min, price_max) = (atoms(low / 20.0).max(1), atoms(high * 5.0));
        let contract_size = contract_size(first);
        let asset = Asset {
            contract_size,
            strike_step,
            price_min,
            price_max,
            max_quantity: max_quantity(price_max, contract_size),
        };
        let mut strikes: Vec<i64> = STRIKE_PERCENTS
            .iter()
            .map(|percent| atoms(first * percent / 100.0).div_euclid(strike_step).max(1) * strike_step)
            .collect();
        strikes.dedup();
        Self { symbol, first, listing: presets::underlying(index, feed_of(ticker), &asset), strikes }
    }

    /// Dollars that one contract stands for at `price`.
    pub fn contract_value(&self, price: f64) -> f64 {
        price * self.listing.contract_size as f64 / 1e9
    }

    /// Id of the strike nearest to `percent` of the first price.
    pub fn strike(&self, percent: f64) -> u8 {
        let wanted = self.first * percent / 100.0 * QUOTE as f64;
        let distance = |strike: &i64| (*strike as f64 - wanted).abs();
        let nearest = (0u8..).zip(&self.strikes).min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        nearest.map_or(0, |(id, _)| id)
    }
}

/// Two coins and the prices they go through.
#[derive(Clone, Debug)]
pub struct Market {
    /// The coin of the price file, and one that moves by the same returns.
    pub coins: [Coin; 2],
    /// Name of the file or of the built-in path.
    pub source: String,
    /// What was left out of a long file; `None`: nothing.
    pub cut: Option<String>,
    /// Times and relative prices (1 = the first), at most a minute apart, closer in fast markets.
    pub steps: Vec<Point>,
}

impl Market {
    /// The market of a CSV file, or of BTC in March 2020. Errors: `PriceError` for a file that is no price file.
    pub fn load(file: Option<&std::path::Path>) -> Result<Self> {
        match file {
            Some(file) => Self::of_path(&Path::from_csv(file)?),
            None => Self::of_path(&Path::builtin(Crash::BtcMarch2020)),
        }
    }

    /// The market of `path`, cut to the worst fall if it is longer than [`WINDOW_SECONDS_MAX`].
    ///
    /// Errors: `PriceError`, when no path can be made of the cut.
    pub fn of_path(path: &Path) -> Result<Self> {
        let (path, cut) = worst_window(&dated(path)?)?;
        let ticker = ticker_of(path.name());
        let (partner, start) = if ticker == "SOL" { ("BTC", 20_000.0) } else { ("SOL", 30.0) };
        let second = path.starting_at(partner, start)?;
        let coins = [Coin::new(0, &ticker, &path), Coin::new(1, partner, &second)];
        let steps = steps_of(&path);
        Ok(Self { coins, source: path.name().to_owned(), cut, steps })
    }

    /// First and last second of the price path.
    pub fn span(&self) -> (i64, i64) {
        let time = |point: Option<&Point>| point.map_or(0, |point| point.seconds);
        (time(self.steps.first()), time(self.steps.last()))
    }

    /// Dollars per listed unit of coin `index` at relative price `level`.
    pub fn price(&self, index: usize, level: f64) -> f64 {
        self.coins[index].first * level
    }
}

/// Ticker at the beginning of a file name: the letters and digits before the first separator; `BTC` if there is none
/// of at most eight.
fn ticker_of(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    for known in ["BTC", "ETH", "SOL"] {
        if upper.starts_with(known) {
            return known.to_owned();
        }
    }
    let word: String = upper.chars().take_while(char::is_ascii_alphanumeric).collect();
    let separated = word.len() < upper.len() && word.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if separated && (2..=8).contains(&word.len()) {
        word
    } else {
        "BTC".to_owned()
    }
}

/// The known Pyth feed of `ticker`, or an id of its own.
fn feed_of(ticker: &str) -> [u8; 32] {
    match ticker {
        "BTC" => presets::BTC_FEED,
        "ETH" => presets::ETH_FEED,
        "SOL" => presets::SOL_FEED,
        _ => hash(ticker.as_bytes()).to_bytes(),
    }
}

/// The power of ten that brings `price` to one dollar or more: prices have six decimals, a coin of a hundredth of a
/// cent would move in visible steps.
fn unit_of(price: f64) -> f64 {
    let mut unit = 1.0;
    while price * unit < 1.0 {
        unit *= 10.0;
    }
    unit
}

/// Dollars in quote atoms, at least one.
pub fn atoms(dollars: f64) -> i64 {
    // Listed prices stay far inside i64; the cast saturates.
    ((dollars * QUOTE as f64).round() as i64).max(1)
}

/// The largest 1, 2 or 5 times a power of ten up to `value`.
fn round_step(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let lead = value / power;
    power
        * if lead >= 5.0 {
            5.0
        } else if lead >= 2.0 {
            2.0
        } else {
            1.0
        }
}

/// Billionths of the unit per contract, a power of ten: contracts of 30 to 300 dollars.
fn contract_size(price: f64) -> u64 {
    let units = 10f64.powf((300.0 / price).log10().floor());
    ((units * 1e9).round() as u64).max(1)
}

/// As many contracts as the margin integers hold at `price_max`, up to [`MAX_QUANTITY`].
fn max_quantity(price_max: i64, size: u64) -> i64 {
    let fits = |quantity: i64| {
        let highest = Price(price_max.saturating_mul(8));
        listing_bound_holds(highest, ContractSize(size), Quantity(i32::try_from(quantity).unwrap_or(i32::MAX)))
    };
    let mut quantity = MAX_QUANTITY;
    while quantity > 1 && !fits(quantity) {
        quantity /= 2;
    }
    quantity
}

/// `path`, or of a longer one the [`WINDOW_SECONDS_MAX`] with the deepest fall, and what to say about it.
fn worst_window(path: &Path) -> Result<(Path, Option<String>)> {
    if path.duration() <= WINDOW_SECONDS_MAX {
        return Ok((path.clone(), None));
    }
    // Bars may be days long: the window starts and ends between them.
    let points = refined(path, |_, span| span.div_euclid(3_600) + 1);
    let (peak, trough) = worst_fall(&points, WINDOW_SECONDS_MAX * 2 / 3);
    let lead = (WINDOW_SECONDS_MAX - (trough.seconds - peak.seconds)) / 4;
    let latest = path.last().seconds - WINDOW_SECONDS_MAX;
    let from = (peak.seconds - lead).clamp(path.first().seconds, latest);
    let inside = |point: &Point| (from..=from + WINDOW_SECONDS_MAX).contains(&point.seconds);
    let said = format!(
        "the file covers {:.1} days; played are the 6 days around its worst fall ({:.1} % in {:.1} hours)",
        path.duration() as f64 / 86_400.0,
        100.0 * (1.0 - trough.price / peak.price),
        (trough.seconds - peak.seconds) as f64 / 3_600.0,
    );
    let knots = points.into_iter().filter(inside).collect();
    Ok((Path::from_points(path.name(), knots)?, Some(said)))
}

/// A path that starts before [`EARLIEST`], as counted seconds do, moved by whole days behind it.
fn dated(path: &Path) -> Result<Path> {
    let missing = EARLIEST - path.first().seconds;
    if missing <= 0 {
        return Ok(path.clone());
    }
    let days = missing.div_euclid(86_400) + 1;
    let moved = |point: &Point| Point { seconds: point.seconds + days * 86_400, ..*point };
    Ok(Path::from_points(path.name(), path.knots().iter().map(moved).collect())?)
}

/// Peak and trough of the deepest relative fall within `seconds`.
fn worst_fall(knots: &[Point], seconds: i64) -> (Point, Point) {
    let mut peaks: std::collections::VecDeque<Point> = std::collections::VecDeque::new();
    let mut worst = (knots[0], knots[0]);
    for point in knots {
        while peaks.front().is_some_and(|peak| point.seconds - peak.seconds > seconds) {
            peaks.pop_front();
        }
        while peaks.back().is_some_and(|peak| peak.price <= point.price) {
            peaks.pop_back();
        }
        peaks.push_back(*point);
        let peak = peaks[0];
        if point.price / peak.price < worst.1.price / worst.0.price {
            worst = (peak, *point);
        }
    }
    worst
}

/// The knots of `path` with points on the lines between them: `count` of (logarithm of the ratio, seconds) each.
fn refined(path: &Path, count: impl Fn(f64, i64) -> i64) -> Vec<Point> {
    let mut points = vec![path.first()];
    for pair in path.knots().windows(2) {
        let span = pair[1].seconds - pair[0].seconds;
        let parts = count((pair[1].price / pair[0].price).ln(), span).clamp(1, span.max(1));
        points.extend((1..=parts).map(|part| {
            let share = part as f64 / parts as f64;
            let price = pair[0].price + (pair[1].price - pair[0].price) * share;
            Point { seconds: pair[0].seconds + span * part / parts, price }
        }));
    }
    points
}

/// The steps of `path` as relative prices: each at most a minute and, where seconds allow, [`STEP_MOVE`] long; what
/// neither time nor a move of [`IDLE_MOVE`] calls for is left out.
fn steps_of(path: &Path) -> Vec<Point> {
    let parts = |ratio: f64, span: i64| {
        let by_time = (span + STEP_SECONDS - 1) / STEP_SECONDS;
        by_time.max((ratio.abs() / STEP_MOVE).ceil() as i64)
    };
    let first = path.first().price;
    let points = refined(path, parts);
    let mut steps: Vec<Point> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        let step = Point { seconds: point.seconds, price: point.price / first };
        // Whether the next one still comes within a minute of the last one kept.
        let next = points.get(place + 1).map_or(i64::MAX, |next| next.seconds);
        let idle = steps.last().is_some_and(|last| {
            (step.price / last.price - 1.0).abs() < IDLE_MOVE && next - last.seconds <= STEP_SECONDS
        });
        if !idle {
            steps.push(step);
        }
    }
    steps
}
