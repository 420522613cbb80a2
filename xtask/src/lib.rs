//! The project's commands. `cargo xtask --help` lists them; each installs what it needs and says what it does.
//!
//! [`stack`] and [`sbf::Record`] are also used by the tests.

pub mod identity;
pub mod idl;
pub mod lint;
pub mod prerequisites;
pub mod progress;
pub mod repo;
pub mod run;
pub mod sbf;
pub mod stack;
pub mod start;
pub mod test;
pub mod times;
pub mod tools;
