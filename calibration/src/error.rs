//! What can be wrong with the input of a calibration.

use plimsoll_core::error::CoreError;
use plimsoll_core::parameters::ParameterError;
use plimsoll_prices::PriceError;

/// Why a calibration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// A price file is missing or malformed: names file, line and column.
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// A price file has a single bar.
    #[error(
        "{file}: one bar, at {timestamp}; a back-test takes the bars of more than {horizon} s: add those that follow"
    )]
    OneBar {
        /// File as given.
        file: String,
        /// Its time: unix seconds.
        timestamp: i64,
        /// Horizon of the back-test, seconds.
        horizon: i64,
    },
    /// A price file holds no window of the horizon.
    #[error(
        "{file}: {bars} bars over {have} s; the first window of {horizon} s after the warm-up takes {need} bars of \
         {bar} s: give a longer history or a shorter --horizon"
    )]
    TooShort {
        /// File as given.
        file: String,
        /// Bars it has.
        bars: usize,
        /// Seconds it covers.
        have: i64,
        /// Bars needed, without gaps between them.
        need: i64,
        /// Usual length of a bar, seconds.
        bar: i64,
        /// Horizon of the back-test, seconds.
        horizon: i64,
    },
    /// A price file has bars enough for a window of the horizon, but not without a gap.
    #[error(
        "{file}: no window of {horizon} s after the warm-up, though its {bars} bars of {bar} s would hold one without \
         gaps; the longest gap is {gap} s after {after}: fill it, or give the bars before or after it alone"
    )]
    Gap {
        /// File as given.
        file: String,
        /// Bars it has.
        bars: usize,
        /// Usual length of a bar, seconds.
        bar: i64,
        /// Horizon of the back-test, seconds.
        horizon: i64,
        /// The longest gap, seconds.
        gap: i64,
        /// When it began: unix seconds.
        after: i64,
    },
    /// A price file has bars of several lengths.
    #[error(
        "{file}, line {line}: this bar begins {seconds} s after the one before, most bars of the file {usual} s after: \
         give bars of another length in a file of their own"
    )]
    MixedBars {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Seconds from the bar before to this one.
        seconds: i64,
        /// Usual length of a bar, seconds.
        usual: i64,
    },
    /// The same history twice.
    #[error("--prices: {file} and {other} hold the same bars, which would count twice: give them once")]
    Twice {
        /// The first.
        file: String,
        /// The second.
        other: String,
    },
    /// Two histories under the name of one underlying that cannot both be its price.
    #[error(
        "--prices: {} says {asset} was at {} at {time}, {} says {}: files whose names begin alike are taken for one \
         underlying; rename or leave out the one that is not a price of {asset}",
        files[0], prices[0], files[1], prices[1]
    )]
    Disagree {
        /// Underlying.
        asset: String,
        /// The files.
        files: [String; 2],
        /// When: unix seconds.
        time: i64,
        /// Their prices then.
        prices: [f64; 2],
    },
    /// An option chain file could not be opened.
    #[error("cannot open {file}: {source}; give the path of a CSV file of an option chain")]
    ChainOpen {
        /// File as given.
        file: String,
        /// Reason the system gave.
        source: std::io::Error,
    },
    /// An option chain file is not CSV, lacks a column or has no quotes.
    #[error("{file}, line {line}: {reason}")]
    Chain {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A field of an option chain is not a number in its range.
    #[error("{file}, line {line}, column `{column}`: `{value}` is not {expected}")]
    ChainField {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column.
        column: &'static str,
        /// Text found.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The rule book refuses a value of the back-test.
    #[error("the rule book refuses {what}: {error:?}")]
    Rule {
        /// What was computed.
        what: String,
        /// Its refusal.
        error: CoreError,
    },
    /// The fitted parameters leave the rule book's hard ranges.
    #[error("{asset}: the fitted {group} parameters leave the rule book's ranges: {reason}")]
    Refused {
        /// Underlying.
        asset: String,
        /// Parameter group.
        group: &'static str,
        /// Field, value and range.
        reason: String,
    },
}

impl CalibrationError {
    /// A parameter group that the rule book refuses.
    pub fn refused(asset: &str, group: &'static str, error: &ParameterError) -> Self {
        Self::Refused { asset: asset.to_owned(), group, reason: error.to_string() }
    }

    /// A refusal of the rule book while `what` was computed.
    pub fn rule(what: impl Into<String>) -> impl FnOnce(CoreError) -> Self {
        let what = what.into();
        move |error| Self::Rule { what, error }
    }
}
