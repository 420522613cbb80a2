//! Price paths for the demo and the local chain: where they come from ([`Path::from_csv`], [`Path::builtin`],
//! [`Path::walk`]) and the steps in which they are published ([`Path::steps`]).
//!
//! Prices are US dollars per whole underlying as `f64`; [`Point::scaled`] turns them into the integers an oracle
//! carries. Everything is deterministic: the same file, crash or seed gives the same path on every machine.

mod bars;
mod builtin;
mod error;
mod path;
mod walk;

pub use bars::{read_bar_lines, read_bars, Bar};
pub use builtin::Crash;
pub use error::PriceError;
pub use path::{Path, Point, STEP_SECONDS_MAX};
pub use walk::Walk;
