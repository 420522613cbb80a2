//! Numbers of the input: JSON numbers or decimal strings, read exactly.

use std::borrow::Cow;
use std::fmt;

use plimsoll_core::margin::evaluator::Real;
use schemars::{json_schema, JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Digits kept after the point: beyond, they are far below 2^-64.
const FRACTION_DIGITS: usize = 22;
/// Most characters of a refused text that are shown.
const SHOWN_CHARACTERS: usize = 60;
/// Most digits before the point.
const WHOLE_DIGITS: usize = 15;

/// A number of the input, to within 2^-65 of what was written, with what was written for the eye.
///
/// Too large for a [`Real`], it is the largest: above every bound.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(pub Real, f64);

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Decimal {}

impl From<Real> for Decimal {
    fn from(value: Real) -> Self {
        Self(value, to_f64(value))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&shown(self.1))
    }
}

impl Decimal {
    /// Reads `[-]digits[.digits][e[-]digits]`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("{:?} is not a decimal number", start(text));
        if text.contains(char::is_whitespace) {
            return Err(format!("{:?} has spaces: a decimal number is written without", start(text)));
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent).ok_or_else(refused)?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: String = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused());
        }
        let written: f64 = text.parse().map_err(|_| refused())?;
        if !written.is_finite() {
            return Err(format!("{} is beyond 10^308", start(text)));
        }
        let point = i32::try_from(whole.len()).map_err(|_| refused())?.saturating_add(exponent);
        let magnitude = exact(&all, point).unwrap_or(Real::MAX);
        // There is one zero.
        Ok(Self(if negative { -magnitude } else { magnitude }, if written == 0.0 { 0.0 } else { written }))
    }
}

/// As much of `text` as a line holds.
fn start(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The power of ten after an `e`; the sign and size of one that is no `i32` are enough.
fn power(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude: i32 = digits.parse().unwrap_or(i32::MAX);
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// 0.`digits` x 10^`point`; `None` beyond [`WHOLE_DIGITS`].
fn exact(digits: &str, point: i32) -> Option<Real> {
    let leading = digits.bytes().take_while(|b| *b == b'0').count();
    let significant = digits.get(leading..).unwrap_or("");
    let point = point.saturating_sub(i32::try_from(leading).ok()?);
    if significant.is_empty() || point < -i32::try_from(FRACTION_DIGITS).ok()? {
        return Some(Real::ZERO);
    }
    if point > i32::try_from(WHOLE_DIGITS).ok()? {
        return None;
    }
    // As many digits as stand before 10^-22, zeros appended where there are fewer.
    let kept = usize::try_from(point + i32::try_from(FRACTION_DIGITS).ok()?).ok()?;
    let mut text: String = significant.chars().take(kept).collect();
    text.extend(std::iter::repeat_n('0', kept.saturating_sub(significant.len())));
    let numerator: i128 = if text.is_empty() { 0 } else { text.parse().ok()? };
    Real::from_ratio(numerator, 10_i128.pow(u32::try_from(FRACTION_DIGITS).ok()?))
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number or a decimal string")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Decimal::parse(&value.to_string()).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        Decimal::parse(&value.to_string()).map_err(E::custom)
    }

    // The shortest decimal that reads back as the same double: what was written, for up to 15 digits.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Decimal, E> {
        Decimal::parse(&format!("{value:e}")).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Decimal, E> {
        Decimal::parse(value).map_err(E::custom)
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or a decimal number in a string without spaces; minimum and maximum hold for both.",
            "anyOf": [
                { "type": "number" },
                { "type": "string", "pattern": "^-?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$" }
            ]
        })
    }
}

/// A number in a refusal: with an exponent where digits would only be counted.
pub fn shown(value: f64) -> String {
    if value != 0.0 && !(1e-9..1e16).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// The nearest double, for printing.
pub fn to_f64(value: Real) -> f64 {
    // A Q64 number below 2^63 loses nothing here but bits beyond the 53rd.
    value.raw() as f64 / 18_446_744_073_709_551_616.0
}
