//! Amounts of the command line: decimal text in, positive atoms out.

use plimsoll_client::price::{parse_atoms, QUOTE_DECIMALS};

use crate::Failure;

/// A quote amount > 0, in atoms. Errors: `Input` naming `what` and its value.
pub fn positive_quote(what: &str, text: &str) -> Result<u64, Failure> {
    positive(what, text, QUOTE_DECIMALS)
}

/// An amount > 0 of a token with `decimals`, in atoms. Errors: as [`positive_quote`].
pub fn positive(what: &str, text: &str, decimals: u32) -> Result<u64, Failure> {
    let atoms = parse_atoms(text, decimals).map_err(|error| Failure::Input(format!("{what}: {error}")))?;
    match u64::try_from(atoms) {
        Ok(atoms) if atoms > 0 => Ok(atoms),
        _ => Err(Failure::Input(format!("{what}: {text} must be more than 0"))),
    }
}

/// A price or amount >= 0, in quote atoms. Errors: as [`positive_quote`].
pub fn price(what: &str, text: &str) -> Result<i64, Failure> {
    match quote(what, text)? {
        atoms if atoms < 0 => Err(Failure::Input(format!("{what}: {text} must not be negative"))),
        atoms => Ok(atoms),
    }
}

/// A signed quote amount, in atoms. Errors: as [`positive_quote`].
pub fn quote(what: &str, text: &str) -> Result<i64, Failure> {
    parse_atoms(text, QUOTE_DECIMALS).map_err(|error| Failure::Input(format!("{what}: {error}")))
}

/// A share above 0 and at most 1 (`0.25`), in ppm. Errors: as [`positive_quote`].
pub fn share(what: &str, text: &str) -> Result<u32, Failure> {
    let ppm = quote(what, text)?;
    match u32::try_from(ppm) {
        Ok(ppm) if (1..=1_000_000).contains(&ppm) => Ok(ppm),
        _ => Err(Failure::Input(format!("{what}: {text} must be above 0 and at most 1"))),
    }
}
