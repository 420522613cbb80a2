//! Price files, and how far prices ran from every bar within a time.

use std::fs::File;
use std::path::Path;

use plimsoll_prices::{read_bar_lines, Bar, PriceError};

use crate::error::CalibrationError;
use crate::statistics::RunningMax;
use crate::text::one_line;

/// Share of the usual step between two bars below which a step is that of another length of bars; a day that lost an
/// hour to summer time is still a day.
const SAME_LENGTH: f64 = 0.9;
/// Longer steps of one length that follow one another: from so many on they are not gaps but may be other bars. A night
/// or a weekend without bars is one step, and a quiet market misses single bars here and there.
const RUN_LEAST: usize = 3;
/// From so many on they are other bars: with every second bar missing by chance, a run of so many is one in millions.
const RUN_SURE: usize = 12;
/// Share of all steps, in such runs, above which they are.
const RUN_SHARE: f64 = 0.05;
/// Histories of one underlying whose prices differ by more than this factor are not of one underlying.
const SAME_PRICE: f64 = 2.0;

/// Bars of one price file.
#[derive(Clone, Debug)]
pub struct History {
    /// Underlying: the file's name up to its first `_`, `-` or `.`, in capitals.
    pub asset: String,
    /// Name of the file, without its folder; control characters escaped.
    pub file: String,
    /// Usual length of a bar: seconds.
    pub bar_seconds: i64,
    /// The bars by time.
    pub bars: Vec<Bar>,
}

impl History {
    /// Reads a CSV file with the columns timestamp, open, high, low, close.
    ///
    /// Errors: `Prices` and `MixedBars`, naming file, line and value.
    pub fn read(path: &Path) -> Result<Self, CalibrationError> {
        let shown = path.display().to_string();
        let refused = |source| PriceError::Open { file: shown.clone(), source };
        let lines = read_bar_lines(&shown, File::open(path).map_err(refused)?)?;
        let file = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        let history = Self::from_bars(&file, lines.iter().map(|(_, bar)| *bar).collect());
        let usual = history.bar_seconds;
        let steps: Vec<i64> = lines.windows(2).map(|pair| pair[1].1.timestamp - pair[0].1.timestamp).collect();
        let Some(place) = other_length(&steps, usual) else { return Ok(history) };
        let (line, seconds) = (lines[place + 1].0, steps[place]);
        Err(CalibrationError::MixedBars { file: shown, line, seconds, usual })
    }

    /// A history of ordered bars; `file` names it and its underlying.
    pub fn from_bars(file: &str, bars: Vec<Bar>) -> Self {
        let file = one_line(file);
        let asset = file.split(['_', '-', '.']).next().unwrap_or(&file).to_ascii_uppercase();
        let mut steps: Vec<i64> = bars.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp).collect();
        steps.sort_unstable();
        // Gaps are longer than a bar and fewer than the bars, so the middle one of all steps is a bar.
        let bar_seconds = steps.get(steps.len() / 2).copied().unwrap_or(60);
        Self { asset, file, bar_seconds, bars }
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

    /// Checks that `self` and `other`, histories of one underlying, are two histories of one price.
    ///
    /// Errors: `Twice` for the same bars, `Disagree` where their closes at the same times are mostly apart by more than
    /// a factor of two.
    pub fn beside(&self, other: &Self) -> Result<(), CalibrationError> {
        if self.bars == other.bars {
            return Err(CalibrationError::Twice { file: self.file.clone(), other: other.file.clone() });
        }
        let (fine, coarse) = if self.bar_seconds <= other.bar_seconds { (self, other) } else { (other, self) };
        let mut shared: Vec<(f64, i64, f64, f64)> = Vec::new();
        for (index, bar) in coarse.bars.iter().enumerate() {
            let time = coarse.closed_at(index);
            // Less one: the last fine bar that closed by then.
            let place = fine.bars.partition_point(|bar| bar.timestamp + fine.bar_seconds <= time);
            let Some(close) = place.checked_sub(1).and_then(|place| fine.bars.get(place)) else { continue };
            if close.timestamp >= bar.timestamp {
                shared.push((close.close / bar.close, time, close.close, bar.close));
            }
        }
        shared.sort_by(|a, b| a.0.total_cmp(&b.0));
        match shared.get(shared.len() / 2) {
            Some((ratio, time, a, b)) if *ratio > SAME_PRICE || *ratio < 1.0 / SAME_PRICE => {
                let files = [fine.file.clone(), coarse.file.clone()];
                Err(CalibrationError::Disagree { asset: fine.asset.clone(), files, time: *time, prices: [*a, *b] })
            }
            _ => Ok(()),
        }
    }

    /// Steps between two bars that are longer than `seconds`: how many, the longest, and the close before it.
    pub fn gaps(&self, seconds: i64) -> Option<Gaps> {
        let mut gaps: Option<Gaps> = None;
        for (index, pair) in self.bars.windows(2).enumerate() {
            let missing = pair[1].timestamp - self.closed_at(index);
            if missing > seconds {
                let (count, longest) = gaps.map_or((0, 0), |gaps| (gaps.count, gaps.longest));
                let after =
                    gaps.filter(|gaps| gaps.longest >= missing).map_or(self.closed_at(index), |gaps| gaps.after);
                gaps = Some(Gaps { count: count + 1, longest: longest.max(missing), after });
            }
        }
        gaps
    }

    /// Every bar's close with what followed within `horizon` seconds, from bar `from` on; bars too near the end to have
    /// a whole horizon after them are left out.
    ///
    /// A horizon shorter than a bar counts as one bar. A window reaches to the first close at or after its end, so that
    /// a gap makes it longer, never shorter.
    pub fn windows(&self, horizon: i64, from: usize) -> Vec<Window> {
        let mut windows = Vec::new();
        let (mut highs, mut lows) = (RunningMax::default(), RunningMax::default());
        // The first bar that the two have not seen.
        let mut next = from + 1;
        for start in from..self.bars.len() {
            let until = self.closed_at(start) + horizon;
            while let Some(bar) = self.bars.get(next).filter(|_| next <= start + 1 || self.closed_at(next - 1) < until)
            {
                highs.push(next, bar.high);
                lows.push(next, -bar.low);
                next += 1;
            }
            let end = next - 1;
            if end <= start || self.closed_at(end) < until {
                break;
            }
            let high = highs.largest(start + 1).map(|(_, high)| *high);
            let low = lows.largest(start + 1).map(|(_, low)| -*low);
            windows.push(self.window((start, end), high, low));
        }
        windows
    }

    fn window(&self, (start, end): (usize, usize), high: Option<f64>, low: Option<f64>) -> Window {
        let price = self.bars[start].close;
        let high = high.map_or(price, |high| price.max(high));
        let low = low.map_or(price, |low| price.min(low));
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

/// The first of `steps` that is that of another length of bars than `usual`: a shorter one, or the first of many longer
/// ones that follow one another and are alike. A bar that is longer than its history says would close before its time.
fn other_length(steps: &[i64], usual: i64) -> Option<usize> {
    let shorter = |step: i64, than: i64| (step as f64) < than as f64 * SAME_LENGTH;
    if let Some(place) = steps.iter().position(|step| shorter(*step, usual)) {
        return Some(place);
    }
    let alike = |a: &i64, b: &i64| !shorter(*a, *b) && !shorter(*b, *a);
    let (mut place, mut first, mut count, mut longest) = (0, None, 0, 0);
    for run in steps.chunk_by(alike) {
        if run.len() >= RUN_LEAST && run.iter().all(|step| shorter(usual, *step)) {
            first = first.or(Some(place));
            count += run.len();
            longest = longest.max(run.len());
        }
        place += run.len();
    }
    first.filter(|_| longest >= RUN_SURE || count as f64 > steps.len() as f64 * RUN_SHARE)
}

/// Spans without bars inside a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gaps {
    /// How many.
    pub count: usize,
    /// The longest: seconds from a close to the next open.
    pub longest: i64,
    /// When it began: unix seconds.
    pub after: i64,
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
