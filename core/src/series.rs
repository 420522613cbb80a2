//! What the rule book knows of a series: the strikes of an expiry.

use bytemuck::{Pod, Zeroable};

/// Most strikes of one expiry.
pub const MAX_STRIKES: usize = 64;

/// One strike of an expiry: 32 bytes. The index in the expiry is its id and never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Strike {
    /// Strike price: quote atoms per whole underlying, > 0.
    pub price: i64,
    /// ln of `price` in Q40 ([`crate::math::elementary`]), stored so that no check computes it again.
    pub ln_price: i64,
    /// Contracts held long, which is also what is held short: calls, then puts.
    pub open_interest: [i64; 2],
}

const _: () = assert!(core::mem::size_of::<Strike>() == 32);
const _: () = assert!(core::mem::align_of::<Strike>() == 8);
