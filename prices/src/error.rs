//! What can be wrong with a price file: each error names the file, the line and the value, and says what to do.

/// Why a price path could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The file could not be opened.
    #[error(
        "cannot open {file}: {source}; give the path of a CSV file with the columns timestamp,open,high,low,close"
    )]
    Open {
        /// File as given.
        file: String,
        /// Reason the system gave.
        source: std::io::Error,
    },
    /// The file stopped being readable as CSV text.
    #[error("{file}, line {line}: not readable as CSV: {reason}; save the file as comma-separated UTF-8 text")]
    Unreadable {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What the reader found.
        reason: String,
    },
    /// The file has no line at all.
    #[error("{file} is empty; its first line must be the header timestamp,open,high,low,close")]
    Empty {
        /// File as given.
        file: String,
    },
    /// The header lacks a column.
    #[error(
        "{file}, line 1: column `{column}` is missing, the header has `{header}`; \
         the columns timestamp,open,high,low,close are needed, separated by commas, in any order"
    )]
    ColumnMissing {
        /// File as given.
        file: String,
        /// Missing column.
        column: &'static str,
        /// Header as found.
        header: String,
    },
    /// A header and no bars.
    #[error("{file} has a header and no bars below it; give at least one line of prices")]
    NoBars {
        /// File as given.
        file: String,
    },
    /// A line has fewer or more fields than the header.
    #[error("{file}, line {line}: {found} fields, the header has {expected}; complete the line or remove it")]
    FieldCount {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Fields on the line.
        found: u64,
        /// Fields of the header.
        expected: u64,
    },
    /// A price is not a number.
    #[error(
        "{file}, line {line}, column `{column}`: `{value}` is not a number; write a price in dollars such as 7935.25"
    )]
    NotANumber {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column.
        column: &'static str,
        /// Text found.
        value: String,
    },
    /// A price is zero, negative or beyond what an oracle can carry.
    #[error(
        "{file}, line {line}, column `{column}`: {value} is outside 0.000001..=1000000000; \
         correct the price or remove the line"
    )]
    OutOfRange {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column.
        column: &'static str,
        /// Text found.
        value: String,
    },
    /// A timestamp is not a plausible number of unix seconds.
    #[error(
        "{file}, line {line}, column `timestamp`: `{value}` is not a time in unix seconds (0..=99999999999); \
         divide milliseconds by 1000, convert dates to unix seconds"
    )]
    Timestamp {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Text found.
        value: String,
    },
    /// Timestamps do not grow by at least four seconds.
    #[error(
        "{file}, line {line}: timestamp {timestamp} comes after {before} on the line before; \
         sort the bars by time, remove repeated ones; bars are at least 4 seconds apart"
    )]
    OutOfOrder {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Timestamp of this line.
        timestamp: i64,
        /// Timestamp of the line before.
        before: i64,
    },
    /// The low is not the lowest or the high is not the highest of the four prices.
    #[error(
        "{file}, line {line}: low {low} and high {high} do not enclose open {open} and close {close}; \
         correct the four prices or remove the line"
    )]
    Crossed {
        /// File as given.
        file: String,
        /// Line, from 1.
        line: u64,
        /// First price.
        open: f64,
        /// Highest price.
        high: f64,
        /// Lowest price.
        low: f64,
        /// Last price.
        close: f64,
    },
    /// A path given point by point is empty, unordered or has a price that is not positive.
    #[error(
        "point {index} of path {name} ({seconds} s, {price}): times must grow and prices be above 0; correct the point"
    )]
    Knot {
        /// Name of the path.
        name: String,
        /// Which point, from 0.
        index: usize,
        /// Its time.
        seconds: i64,
        /// Its price.
        price: f64,
    },
    /// A random walk with a parameter outside its range.
    #[error("random walk: {field} = {value} is outside {low}..={high}; choose a value inside")]
    Walk {
        /// Parameter.
        field: &'static str,
        /// Value given.
        value: f64,
        /// Lowest allowed.
        low: f64,
        /// Highest allowed.
        high: f64,
    },
}
