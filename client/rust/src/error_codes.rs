//! Names and messages of the program's error codes, for failures that come without logs.
//!
//! The table is read off the program's own error source at compile time, so that it cannot fall behind: an error enum
//! of Anchor has no list of its variants.

/// The program's error enum: each variant after its `#[msg("...")]`, codes from 6000 in order.
const SOURCE: &str = include_str!("../../../programs/plimsoll/src/error.rs");

/// Code of the first error, Anchor's offset for programs.
const FIRST_CODE: u32 = anchor_lang::error::ERROR_CODE_OFFSET;

/// Name and message of every error, in the order of their codes.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let body = SOURCE.split_once("pub enum PlimsollError {").map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or(body, |(body, _)| body);
    let mut message = "";
    body.lines().map(str::trim).filter_map(move |line| {
        if let Some(text) = line.strip_prefix("#[msg(\"").and_then(|l| l.strip_suffix("\")]")) {
            message = text;
        }
        let name = line.strip_suffix(',').filter(|name| name.chars().all(char::is_alphanumeric))?;
        Some((name, std::mem::take(&mut message)))
    })
}

/// Name and message of custom error `code` of the program; `None` for a code it does not have.
pub fn describe(code: u32) -> Option<(String, String)> {
    let index = usize::try_from(code.checked_sub(FIRST_CODE)?).ok()?;
    all().nth(index).map(|(name, message)| (name.to_owned(), message.to_owned()))
}
