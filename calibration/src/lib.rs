//! Calibration of margin parameters to price history: every rule that is judged is the rule book's own integer code,
//! only the statistics around it are `f64`.
//!
//! | module | what it does |
//! |---|---|
//! | [`history`] | price files, and how far prices ran from every bar within a time |
//! | [`replay`] | the volatility state over a history |
//! | [`coverage`] | how often the scan range covers a move; the multiplier and the floor that do |
//! | [`range`] | the range over several histories and their parts; what comes closest where none covers |
//! | [`sample`] | how much a number of windows can show |
//! | [`procyclicality`] | how far and how fast the range swings |
//! | [`options`] | marks and margin of single short options |
//! | [`initial`] | the reference range at which initial margin survives a day |
//! | [`chains`] | half-spreads of option chains |
//! | [`closeout`] | the chance that equity is gone before a book is closed; maintenance percentages |
//! | [`haircut`] | collateral haircuts |
//! | [`proposal`] | the parameter group to propose |
//! | [`verdict`] | which groups reach their targets on enough windows and are proposed |
//! | [`warning`] | what to know before using it |
//! | [`text`] | text of files and their names, made fit to be shown |
//! | [`picture`] | range and moves over time |
//! | [`calibrate()`] | all of it, for one underlying |
//!
//! Deterministic: the same files give the same result on every machine.

pub mod calibrate;
pub mod chains;
pub mod closeout;
pub mod coverage;
pub mod error;
pub mod haircut;
pub mod history;
pub mod initial;
pub mod options;
pub mod picture;
pub mod procyclicality;
pub mod proposal;
pub mod range;
pub mod replay;
pub mod sample;
pub mod statistics;
pub mod text;
pub mod verdict;
pub mod warning;

pub use calibrate::{calibrate, Calibration, Settings};
pub use error::CalibrationError;
pub use history::History;
pub use warning::Warning;
