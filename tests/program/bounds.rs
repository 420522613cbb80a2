//! Hard ranges of arguments: every field at both ends of its range, one beyond each, and at the ends of its type.

use plimsoll_client::error::LedgerError;

use crate::forge::Sent;

/// A field of the arguments `A` and its hard range.
pub struct Bound<A> {
    /// Where it stands in the arguments; the last part is its name.
    pub path: &'static str,
    /// Smallest value allowed.
    pub low: i64,
    /// Largest value allowed.
    pub high: i64,
    /// Writes a value, with whatever other fields leave this one its whole range; `false` if it does not fit the type.
    pub set: fn(&mut A, i64) -> bool,
}

/// A table of [`Bound`]s: `path in low, high, with other = value, ...;` for every field.
macro_rules! bounds {
    ($args:ty: $($($field:ident).+ in $low:expr, $high:expr $(, with $($($other:ident).+ = $value:expr),+)?;)+) => {
        &[$($crate::bounds::Bound::<$args> {
            path: stringify!($($field).+),
            low: $low,
            high: $high,
            set: |args, value| {
                $($(args.$($other).+ = $value;)+)?
                value.try_into().map(|value| args.$($field).+ = value).is_ok()
            },
        }),+]
    };
}

pub(crate) use bounds;

/// Panics unless `attempt` takes every field of `valid` at both ends of its range and refuses it beyond them, with the
/// value, the bound it crossed and, if `named`, the field's name in the log.
pub fn check_bounds<A: Copy>(bounds: &[Bound<A>], valid: A, named: bool, attempt: impl Fn(A) -> Sent) {
    for bound in bounds {
        let with = |value: i64| {
            let mut args = valid;
            (bound.set)(&mut args, value).then(|| attempt(args))
        };
        for value in [bound.low, bound.high] {
            let sent = with(value).unwrap_or_else(|| panic!("{} = {value} does not fit its type", bound.path));
            assert!(sent.is_ok(), "{} = {value} is refused: {}", bound.path, sent.unwrap_err());
        }
        for value in beyond(bound) {
            let Some(sent) = with(value) else { continue };
            check_refusal(bound, value, named, sent.err());
        }
    }
}

fn check_refusal<A>(bound: &Bound<A>, value: i64, named: bool, error: Option<LedgerError>) {
    let path = bound.path;
    let error = error.unwrap_or_else(|| panic!("{path} = {value} passes"));
    let rejection = error.rejection().unwrap_or_else(|| panic!("{path} = {value}: {error}"));
    let crossed = if value < bound.low { bound.low } else { bound.high };
    assert_eq!(rejection.rule, "ParameterOutOfRange", "{path} = {value}: {error}");
    assert_eq!(rejection.values, Some((value.to_string(), crossed.to_string())), "{path} = {value}");
    let name = path.rsplit('.').next().unwrap_or(path).trim();
    let line = format!("Program log: {name}");
    assert!(!named || rejection.logs.contains(&line), "{path} = {value}: the log does not name {name}");
}

fn beyond<A>(bound: &Bound<A>) -> Vec<i64> {
    let next = [bound.low.checked_sub(1), bound.high.checked_add(1)];
    let mut values: Vec<i64> = next.into_iter().flatten().chain([i64::MIN, u32::MAX.into(), i64::MAX]).collect();
    values.retain(|value| !(bound.low..=bound.high).contains(value));
    values
}
