//! Constants of the program: address seeds, limits and well-known program ids.

pub mod limits;
pub mod seeds;

pub use limits::*;
