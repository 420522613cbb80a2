//! Price files, and how far prices ran from every bar within a time.

use std::fs::File;
use std::path::Path;

use plimsoll_prices::{read_bars, Bar, PriceError};

/// Bars of one price file.
#[derive(Clone, Debug)]
pub struct History {
    /// Underlying: the file's name up to its first `_`, `-` or `.`, in capitals.
    pub asset: String,
    /// Name of the file, without its folder.
    pub file: String,
    /// Usual length of a bar: seconds.
    pub bar_seconds: i64,
    /// The bars by time.
    pub bars: Vec<Bar>,
}

impl History {
    /// Reads a CSV file with the columns timestamp, open, high, low, close.
    ///
    /// Errors: [`PriceError`] naming file, line and column.
    pub fn read(path: &Path) -> Result<Self, PriceError> {
        let shown = path.display().to_string();
        let text = File::open(path).map_err(|source| PriceError::Open { file: shown.clone(), source })?;
        let bars = read_bars(&shown, text)?;
        let file = path.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
        Ok(Self::from_bars(&file, bars))
    }

    /// A history of ordered bars; `file` names it and its underlying.
    pub fn from_bars(file: &str, bars: Vec<Bar>) -> Self {
        let asset = file.split(['_', '-', '.']).next().unwrap_or(file).to_ascii_uppercase();
        let mut steps: Vec<i64> = bars.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp).collect();
        steps.sort_unstable();
        // Gaps are longer than a bar and fewer than the bars, so the middle one of all steps is a bar.
        let bar_seconds = steps.get(steps.len() / 2).copied().unwrap_or(60);
        Self { asset, file: file.to_owned(), bar_seconds, bars }
    }

    /// When bar number `index` closed: unix seconds; 0 beyond the end.
    pub fn closed_at(&self, index: usize) -> i64 {
        self.bars.get(index).map_or(0, |bar| bar.timestamp + self.bar_seconds)
    }

    /// Seconds from the first open to the last close.
    pub fn seconds(&self) -> i64 {
        let first = self.bars.first().map_or(0, |bar| bar.timestamp);
        self.closed_at(self.bars.len().saturating_sub(1)) - first
    }

    /// Every bar's close with what followed within `horizon` seconds, from bar `from` on; bars too near the end to have
    /// a whole horizon after them are left out.
    ///
    /// A horizon shorter than a bar counts as one bar. A window reaches to the first close at or after its end, so that
    /// a gap makes it longer, never shorter.
    pub fn windows(&self, horizon: i64, from: usize) -> Vec<Window> {
        let mut windows = Vec::new();
        let mut end = from + 1;
        for start in from..self.bars.len() {
            let until = self.closed_at(start) + horizon;
            end = end.max(start + 1);
            while end < self.bars.len() && self.closed_at(end) < until {
                end += 1;
            }
            if end >= self.bars.len() {
                break;
            }
            windows.push(self.window(start, end));
        }
        windows
    }

    fn window(&self, start: usize, end: usize) -> Window {
        let price = self.bars[start].close;
        let after = &self.bars[start + 1..=end];
        let high = after.iter().fold(price, |high, bar| high.max(bar.high));
        let low = after.iter().fold(price, |low, bar| low.min(bar.low));
        Window {
            start,
            end,
            time: self.closed_at(start),
            price,
            up: high / price - 1.0,
            down: 1.0 - low / price,
            close: self.bars[end].close / price - 1.0,
        }
    }
}

/// What prices did after the close of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Index of the bar.
    pub start: usize,
    /// Index of the last bar inside.
    pub end: usize,
    /// Close of the bar: unix seconds.
    pub time: i64,
    /// Its price.
    pub price: f64,
    /// Largest rise inside, share of the price, >= 0.
    pub up: f64,
    /// Largest fall inside, share of the price, >= 0.
    pub down: f64,
    /// Move to the last close, share of the price, signed.
    pub close: f64,
}

impl Window {
    /// The larger of rise and fall.
    pub fn largest(&self) -> f64 {
        self.up.max(self.down)
    }
}
