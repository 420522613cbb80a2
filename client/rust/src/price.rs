//! Text to atoms and back, exactly: no float ever holds an amount.
//!
//! Prices and amounts are decimals with a fixed number of places; a volatility is a Q32 number, which is what
//! [`fixed::types::I32F32`] holds, so that its text form is exact too.

use fixed::types::{I32F32, I64F64};
use plimsoll_core::units::{Ratio, Vol, Wide};

/// Decimal places of the quote token and of every price.
pub const QUOTE_DECIMALS: u32 = 6;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something besides one sign, digits, `_` between digits and one point.
    #[error("{text:?} is not a decimal number")]
    NotADecimal {
        /// What was given.
        text: String,
    },
    /// More decimal places than the token has.
    #[error("{text:?} has more than {decimals} decimal places")]
    TooPrecise {
        /// What was given.
        text: String,
        /// Places that are there.
        decimals: u32,
    },
    /// Outside the integer type.
    #[error("{text:?} is out of range")]
    OutOfRange {
        /// What was given.
        text: String,
    },
}

/// Reads `text` as a decimal with at most `decimals` places, in atoms of 10^-decimals.
///
/// `_` may group digits; zeros beyond the last place are accepted. Errors: [`AmountError`], one per cause.
pub fn parse_atoms(text: &str, decimals: u32) -> Result<i64, AmountError> {
    let not_a_decimal = || AmountError::NotADecimal { text: text.to_owned() };
    let out_of_range = || AmountError::OutOfRange { text: text.to_owned() };
    let trimmed = text.trim();
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) || unsigned == "_" {
        return Err(not_a_decimal());
    }
    let whole: String = whole.chars().filter(|c| *c != '_').collect();
    let fraction: String = fraction.chars().filter(|c| *c != '_').collect();
    let fraction = fraction.trim_end_matches('0');
    let places = usize::try_from(decimals).map_err(|_| out_of_range())?;
    if fraction.len() > places {
        return Err(AmountError::TooPrecise { text: text.to_owned(), decimals });
    }
    let joined = format!("{whole}{fraction:0<places$}");
    let magnitude: i128 = if joined.is_empty() { 0 } else { joined.parse().map_err(|_| out_of_range())? };
    let signed = if negative { -magnitude } else { magnitude };
    i64::try_from(signed).map_err(|_| out_of_range())
}

/// Atoms as a decimal with at least two places (fewer when the token has fewer) and no further trailing zero.
pub fn format_atoms(atoms: impl Into<Wide>, decimals: u32) -> String {
    let atoms: Wide = atoms.into();
    let places = usize::try_from(decimals).unwrap_or(0);
    let digits = format!("{:0>width$}", atoms.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let kept = fraction.trim_end_matches('0').len().max(places.min(2));
    let sign = if atoms < 0 { "-" } else { "" };
    if kept == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", &fraction[..kept])
}

/// A quote amount or a price, as text.
pub fn format_quote(atoms: impl Into<Wide>) -> String {
    format_atoms(atoms, QUOTE_DECIMALS)
}

/// A ratio as a percentage without the sign: `0.05` gives `5.00`.
pub fn format_percent(ratio: Ratio) -> String {
    format_atoms(ratio.0, 4)
}

/// An annualised volatility as a number with four places: `0.6500`.
pub fn format_vol(vol: Vol) -> String {
    format!("{:.4}", I32F32::from_bits(vol.0))
}

/// `numerator / denominator` for display (health, backing ratio): 64.64 bits; `None` when the denominator is not
/// positive or a value does not fit 64 bits.
pub fn quotient(numerator: Wide, denominator: Wide) -> Option<I64F64> {
    let denominator = I64F64::checked_from_num(denominator).filter(|d| *d > I64F64::ZERO)?;
    I64F64::checked_from_num(numerator)?.checked_div(denominator)
}
