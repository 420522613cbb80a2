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
    /// A price file is too short for the horizon.
    #[error(
        "{file} covers {have} s; a back-test over {horizon} s needs at least {need} s: give a longer history or a \
         shorter --horizon"
    )]
    TooShort {
        /// File as given.
        file: String,
        /// Seconds it covers.
        have: i64,
        /// Seconds needed.
        need: i64,
        /// Horizon of the back-test, seconds.
        horizon: i64,
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
    /// No multiplier inside the rule book's range reaches the coverage.
    #[error(
        "{file}: no {parameter} up to {highest} covers {target} of the moves; coverage at that value is {reached}: \
         lower --coverage"
    )]
    Unreachable {
        /// File as given.
        file: String,
        /// Name of the parameter.
        parameter: &'static str,
        /// Largest value the rule book allows.
        highest: String,
        /// Coverage asked for.
        target: f64,
        /// Coverage at the largest value.
        reached: f64,
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
