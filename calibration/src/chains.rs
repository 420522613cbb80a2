//! Half-spreads of option chains: what closing a book costs beyond the mark.
//!
//! Prices of a chain are in the underlying, so a half-spread is a share of spot. Only options out of the money count: one
//! in the money is closed as the option out of the money of the same strike and a forward.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use serde::Serialize;

use crate::error::CalibrationError;
use crate::statistics::quantile;

/// |delta| from which an option is near the money, and below which it is too far out to matter.
const NEAR: f64 = 0.25;
const FAR: f64 = 0.05;
/// Highest price of an option, in the underlying: a put at a thousand times the spot.
const PRICE_MAX: f64 = 1_000.0;
/// The quote that stands for a bucket: nine in ten are tighter.
const TYPICAL_WIDE: f64 = 0.9;

/// A two-sided quote.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainQuote {
    /// Underlying.
    pub currency: String,
    /// Half of ask less bid, share of spot.
    pub half_spread: f64,
    /// Delta of one contract.
    pub delta: f64,
}

/// Half-spreads of one underlying in one file at one distance from the money, shares of spot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HalfSpread {
    /// Name of the file.
    pub file: String,
    /// Underlying.
    pub currency: String,
    /// |delta| above this.
    pub delta_from: f64,
    /// |delta| at most this.
    pub delta_to: f64,
    /// Two-sided quotes.
    pub quotes: usize,
    /// Half of the quotes are at most this wide.
    pub median: f64,
    /// Nine in ten are.
    pub ninth_decile: f64,
}

/// Half-spreads of a chain file by underlying and distance from the money. Errors: `ChainOpen`, `Chain`, `ChainField`.
pub fn read_half_spreads(path: &Path) -> Result<Vec<HalfSpread>, CalibrationError> {
    let shown = path.display().to_string();
    let text = File::open(path).map_err(|source| CalibrationError::ChainOpen { file: shown.clone(), source })?;
    let quotes = read_quotes(&shown, text)?;
    let file = path.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    Ok(half_spreads(&file, &quotes))
}

/// The two-sided quotes of CSV text with at least the columns currency, bid, ask, delta; a side that is empty or zero
/// is no quote. `file` is the name errors speak of. Errors: `Chain`, `ChainField`.
pub fn read_quotes(file: &str, text: impl Read) -> Result<Vec<ChainQuote>, CalibrationError> {
    let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|error| unreadable(file, &error))?.clone();
    let find = |column: &'static str| {
        header.iter().position(|name| name.eq_ignore_ascii_case(column)).ok_or_else(|| CalibrationError::Chain {
            file: file.to_owned(),
            line: 1,
            reason: format!("column `{column}` is missing; the columns currency, bid, ask and delta are needed"),
        })
    };
    let columns = (find("currency")?, find("bid")?, find("ask")?, find("delta")?);
    let mut quotes = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(file, &error))?;
        let line = Line { file, number: record.position().map_or(0, csv::Position::line), record: &record };
        quotes.extend(line.quote(columns)?);
    }
    if quotes.is_empty() {
        let reason = "no option has both a bid and an ask; give a file with quotes".to_owned();
        return Err(CalibrationError::Chain { file: file.to_owned(), line: 1, reason });
    }
    Ok(quotes)
}

fn unreadable(file: &str, error: &csv::Error) -> CalibrationError {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, the header has {expected_len}; complete the line or remove it")
        }
        _ => format!("not readable as CSV: {error}"),
    };
    CalibrationError::Chain { file: file.to_owned(), line, reason }
}

/// One line below the header.
struct Line<'a> {
    file: &'a str,
    number: u64,
    record: &'a StringRecord,
}

impl Line<'_> {
    fn quote(
        &self,
        (currency, bid, ask, delta): (usize, usize, usize, usize),
    ) -> Result<Option<ChainQuote>, CalibrationError> {
        let (bid, ask) = (self.price(bid, "bid")?, self.price(ask, "ask")?);
        let (Some(bid), Some(ask)) = (bid, ask) else { return Ok(None) };
        let delta = self.number(delta, "delta", (-1.0, 1.0), "a number in -1..=1")?;
        if ask < bid {
            return Err(self.refused("ask", &ask.to_string(), "at least the bid"));
        }
        let currency = self.field(currency).to_ascii_uppercase();
        Ok(Some(ChainQuote { currency, half_spread: (ask - bid) / 2.0, delta }))
    }

    /// A price above zero; `None` for an empty or zero one.
    fn price(&self, place: usize, column: &'static str) -> Result<Option<f64>, CalibrationError> {
        if self.field(place).is_empty() {
            return Ok(None);
        }
        let price = self.number(place, column, (0.0, PRICE_MAX), "a price in the underlying, 0..=1000, or empty")?;
        Ok((price > 0.0).then_some(price))
    }

    /// A number from `low` to `high`.
    fn number(
        &self,
        place: usize,
        column: &'static str,
        (low, high): (f64, f64),
        expected: &'static str,
    ) -> Result<f64, CalibrationError> {
        let text = self.field(place);
        let number = text.parse::<f64>().ok().filter(|number| (low..=high).contains(number));
        number.ok_or_else(|| self.refused(column, text, expected))
    }

    fn field(&self, place: usize) -> &str {
        self.record.get(place).unwrap_or("")
    }

    fn refused(&self, column: &'static str, value: &str, expected: &'static str) -> CalibrationError {
        let (file, value) = (self.file.to_owned(), value.to_owned());
        CalibrationError::ChainField { file, line: self.number, column, value, expected }
    }
}

/// Half-spreads of `quotes` by underlying and distance from the money, in alphabetical order, near ones first.
pub fn half_spreads(file: &str, quotes: &[ChainQuote]) -> Vec<HalfSpread> {
    let mut currencies: Vec<&str> = quotes.iter().map(|quote| quote.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let mut spreads = Vec::new();
    for currency in currencies {
        for (delta_from, delta_to) in [(NEAR, 0.5), (FAR, NEAR)] {
            let inside = |quote: &&ChainQuote| {
                quote.currency == currency && quote.delta.abs() > delta_from && quote.delta.abs() <= delta_to
            };
            let values: Vec<f64> = quotes.iter().filter(inside).map(|quote| quote.half_spread).collect();
            if let (Some(median), Some(ninth_decile)) = (quantile(&values, 0.5), quantile(&values, TYPICAL_WIDE)) {
                spreads.push(HalfSpread {
                    file: file.to_owned(),
                    currency: currency.to_owned(),
                    delta_from,
                    delta_to,
                    quotes: values.len(),
                    median,
                    ninth_decile,
                });
            }
        }
    }
    spreads
}

/// What stands for the half-spread of `asset`: the widest ninth decile of all files and distances; of every underlying
/// if `asset` is in no file. `None` without any.
pub fn typical_wide(spreads: &[HalfSpread], asset: &str) -> Option<f64> {
    let widest = |own: bool| {
        let counted = spreads.iter().filter(|spread| !own || spread.currency == asset);
        counted.map(|spread| spread.ninth_decile).reduce(f64::max)
    };
    widest(true).or_else(|| widest(false))
}
