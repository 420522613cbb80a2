//! What LLVM's BPF backend calls: 128-bit arithmetic in its own register layout, and the memory functions.
//!
//! LLVM calls `__multi3`, `__udivti3`, `__umodti3`, `__divti3` and `__modti3` for `u128` and `i128` arithmetic and
//! expects the low half of the result in the first return register and the high half in the second. Rust's own
//! definitions return through memory on this target: a program linked against them builds, loads, and stops at the
//! first multiplication with an access violation. The definitions here use the backend's own layout.
//!
//! Floating point stops the program: none of this workspace uses any, and the linker keeps Rust's own definitions,
//! called or not.
//!
//! Only the registry-only build (`os = "zkvm"` in `sbf/sbpf-solana-solana.json`) has anything in here; Anza's
//! platform-tools bring their own, and on the host the crate is empty.
#![cfg_attr(target_os = "zkvm", no_std, feature(abi_unadjusted), allow(internal_features))]

#[cfg(target_os = "zkvm")]
mod calls;
#[cfg(target_os = "zkvm")]
mod floats;
#[cfg(target_os = "zkvm")]
mod memory;
#[cfg(target_os = "zkvm")]
mod wide;
