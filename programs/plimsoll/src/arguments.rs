//! Arguments of instructions, read without the framework's decoder.
//!
//! `arguments!` keeps the derive, which describes the interface and serves clients, and puts a reader of the same
//! bytes beside it: the derived one carries the errors of input and output behind every field.

use anchor_lang::prelude::*;

/// A value at the start of instruction data.
pub trait Read: Sized {
    /// Takes the value off the front of `data`; `None` if it is not there.
    fn read(data: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl Read for $type {
            #[inline(always)]
            fn read(data: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = data.split_first_chunk()?;
                *data = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )+};
}

integers!(u8, u16, u32, u64, i32, i64);

impl Read for [u8; 32] {
    #[inline(always)]
    fn read(data: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = data.split_first_chunk()?;
        *data = rest;
        Some(*bytes)
    }
}

impl Read for Pubkey {
    #[inline(always)]
    fn read(data: &mut &[u8]) -> Option<Self> {
        <[u8; 32]>::read(data).map(Self::new_from_array)
    }
}

impl Read for Option<u8> {
    #[inline(always)]
    fn read(data: &mut &[u8]) -> Option<Self> {
        match u8::read(data)? {
            0 => Some(None),
            1 => u8::read(data).map(Some),
            _ => None,
        }
    }
}

/// Fills `value` from the front of `data`: for groups, whose bytes are their serialised form.
#[inline(never)]
pub fn read_into(data: &mut &[u8], value: &mut [u8]) -> Option<()> {
    let (bytes, rest) = data.split_at_checked(value.len())?;
    value.copy_from_slice(bytes);
    *data = rest;
    Some(())
}

/// Declares a struct of arguments with its reader: see the module. The derive sees the declaration as it is written.
#[macro_export]
macro_rules! arguments {
    (@reader $(#[$outer:meta])* pub struct $name:ident { $($(#[$inner:meta])* pub $field:ident: $type:ty,)+ }) => {
        impl $crate::arguments::Read for $name {
            #[inline(always)]
            fn read(data: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::arguments::Read::read(data)?,)+ })
            }
        }
    };
    ($($declaration:tt)*) => {
        $($declaration)*

        $crate::arguments!(@reader $($declaration)*);
    };
}
