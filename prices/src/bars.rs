//! Open-high-low-close bars from CSV text.

use std::io::Read;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

use crate::PriceError;

/// Shortest distance of two bars: room for open, low, high and close, a second each.
pub(crate) const BAR_SECONDS_MIN: i64 = 4;
/// Latest timestamp read as seconds (year 5138); larger numbers are milliseconds.
const TIMESTAMP_MAX: i64 = 99_999_999_999;
/// Prices an oracle with 6 decimals can carry.
const PRICE_RANGE: std::ops::RangeInclusive<f64> = 0.000_001..=1_000_000_000.0;
/// The columns a file must have, in any order, in any case; others are ignored.
const COLUMNS: [&str; 5] = ["timestamp", "open", "high", "low", "close"];

/// One bar: the four prices in dollars of the span that starts at `timestamp`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Start of the bar, unix seconds UTC.
    pub timestamp: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// The bars of CSV text with the columns timestamp, open, high, low, close (others are ignored), strictly ordered by
/// time. `file` is the name errors speak of.
///
/// Errors: everything [`PriceError`] says of files, with the line and the value.
pub fn read_bars(file: &str, text: impl Read) -> Result<Vec<Bar>, PriceError> {
    Ok(read_bar_lines(file, text)?.into_iter().map(|(_, bar)| bar).collect())
}

/// The same bars, each with its line in the text, from 1: for whoever finds a fault that only shows beside other bars.
///
/// Errors: those of [`read_bars`].
pub fn read_bar_lines(file: &str, mut text: impl Read) -> Result<Vec<(u64, Bar)>, PriceError> {
    let mut bytes = Vec::new();
    text.read_to_end(&mut bytes).map_err(|source| PriceError::Open { file: file.to_owned(), source })?;
    let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let mut lines = Lines { bytes: &bytes, counted: 0, line: 1 };
    let header = reader.headers().map_err(|error| unreadable(file, &error, &mut lines))?.clone();
    let columns = Columns::find(file, &header)?;
    let mut bars: Vec<(u64, Bar)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(file, &error, &mut lines))?;
        let line = Line { file, number: lines.at(record.position()), record: &record };
        let bar = line.bar(&columns)?;
        if let Some((_, before)) = bars.last() {
            line.follows(&bar, before)?;
        }
        bars.push((line.number, bar));
    }
    if bars.is_empty() {
        return Err(PriceError::NoBars { file: file.to_owned() });
    }
    Ok(bars)
}

/// Counts the lines of text once, from its beginning on; they end with a line feed, a carriage return or both, as those
/// of the reader do, which counts line feeds alone.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Bytes that are counted.
    counted: usize,
    /// The line that the next of them belongs to, from 1.
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that begins at `position`, none before one asked for already: the reader places it before
    /// the empty lines it skips.
    fn at(&mut self, position: Option<&Position>) -> u64 {
        let from = position.map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        while let Some(byte) = self.bytes.get(self.counted) {
            if self.counted >= from && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.counted += 1;
            let ends = *byte == b'\n' || (*byte == b'\r' && self.bytes.get(self.counted) != Some(&b'\n'));
            self.line += u64::from(ends);
        }
        self.line
    }
}

/// Where each of [`COLUMNS`] stands in the header.
struct Columns([usize; 5]);

impl Columns {
    fn find(file: &str, header: &StringRecord) -> Result<Self, PriceError> {
        if header.iter().all(str::is_empty) {
            return Err(PriceError::Empty { file: file.to_owned() });
        }
        let mut places = [0; 5];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            // A byte order mark, as spreadsheets write it, is not part of the first name.
            let named = |field: &str| field.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(column);
            *place = header.iter().position(named).ok_or_else(|| PriceError::ColumnMissing {
                file: file.to_owned(),
                column,
                header: header.iter().collect::<Vec<_>>().join(","),
            })?;
        }
        Ok(Self(places))
    }
}

/// One line below the header.
struct Line<'a> {
    file: &'a str,
    number: u64,
    record: &'a StringRecord,
}

impl Line<'_> {
    fn bar(&self, columns: &Columns) -> Result<Bar, PriceError> {
        let [timestamp, open, high, low, close] = columns.0;
        let bar = Bar {
            timestamp: self.timestamp(timestamp)?,
            open: self.price(open, "open")?,
            high: self.price(high, "high")?,
            low: self.price(low, "low")?,
            close: self.price(close, "close")?,
        };
        if bar.low > bar.open.min(bar.close) || bar.high < bar.open.max(bar.close) {
            let Bar { open, high, low, close, .. } = bar;
            return Err(PriceError::Crossed { file: self.file.to_owned(), line: self.number, open, high, low, close });
        }
        Ok(bar)
    }

    fn timestamp(&self, place: usize) -> Result<i64, PriceError> {
        let text = self.field(place);
        text.parse().ok().filter(|seconds| (0..=TIMESTAMP_MAX).contains(seconds)).ok_or_else(|| PriceError::Timestamp {
            file: self.file.to_owned(),
            line: self.number,
            value: text.to_owned(),
        })
    }

    fn price(&self, place: usize, column: &'static str) -> Result<f64, PriceError> {
        let (file, line, text) = (self.file.to_owned(), self.number, self.field(place));
        match text.parse::<f64>() {
            Ok(value) if PRICE_RANGE.contains(&value) => Ok(value),
            Ok(value) if value.is_finite() => {
                Err(PriceError::OutOfRange { file, line, column, value: text.to_owned() })
            }
            _ => Err(PriceError::NotANumber { file, line, column, value: text.to_owned() }),
        }
    }

    fn follows(&self, bar: &Bar, before: &Bar) -> Result<(), PriceError> {
        if bar.timestamp - before.timestamp >= BAR_SECONDS_MIN {
            return Ok(());
        }
        Err(PriceError::OutOfOrder {
            file: self.file.to_owned(),
            line: self.number,
            timestamp: bar.timestamp,
            before: before.timestamp,
        })
    }

    fn field(&self, place: usize) -> &str {
        self.record.get(place).unwrap_or("")
    }
}

/// A reader's error as one of ours.
fn unreadable(file: &str, error: &csv::Error, lines: &mut Lines) -> PriceError {
    let (file, line) = (file.to_owned(), lines.at(error.position()));
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            PriceError::FieldCount { file, line, found: *len, expected: *expected_len }
        }
        _ => PriceError::Unreadable { file, line, reason: error.to_string() },
    }
}
