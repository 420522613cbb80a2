//! The option kernel alone in a program.
//!
//! Two uses, both with the flags of the real program:
//! - [`timing`]: loops over one function. Two loops that differ in nothing else say what a call costs.
//! - [`identity`]: random cases of every function, folded to a hash, run on the chain's virtual machine and natively.
//!
//! The library is the same code on both sides; only the entry point is left out of native builds.

pub mod cases;
#[cfg(any(target_os = "solana", target_os = "zkvm"))]
mod entrypoint;
pub mod identity;
pub mod instruction;
pub mod timing;

// Linked for its symbols alone: the calls LLVM makes for 128-bit arithmetic.
#[cfg(target_os = "zkvm")]
use plimsoll_sbf_builtins as _;
