//! What the rule book refuses, one cause each.

/// A refusal or an arithmetic limit, one cause each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreError {
    /// An intermediate left its integer type: the inputs are outside the listed bounds.
    Overflow,
    /// A divisor was zero.
    DivisionByZero,
    /// A position names an expiry slot or a strike that is not there.
    UnknownSeries,
    /// A value is outside the domain its field documents.
    OutOfDomain,
}
