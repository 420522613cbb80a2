//! What functions of this program return.

use std::mem::ManuallyDrop;

use anchor_lang::error::{Error, ErrorCode};
use anchor_lang::prelude::ProgramError;

use crate::error::{refused, PlimsollError};
use crate::report::refused_by_framework;

/// Why a function of this program refuses: the framework's error behind one word, so that a result without a value
/// comes back in a register. It becomes the framework's error again where an instruction ends.
///
/// Never freed: the program's heap frees nothing, and code that frees would stand behind every call.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal(ManuallyDrop<Box<Error>>);

/// What a function of this program returns.
pub type Result<T> = core::result::Result<T, Refusal>;

impl From<Error> for Refusal {
    #[cold]
    #[inline(never)]
    fn from(error: Error) -> Self {
        Self(ManuallyDrop::new(Box::new(error)))
    }
}

impl From<PlimsollError> for Refusal {
    fn from(error: PlimsollError) -> Self {
        refused(error)
    }
}

impl From<ProgramError> for Refusal {
    #[cold]
    #[inline(never)]
    fn from(error: ProgramError) -> Self {
        Error::from(error).into()
    }
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        refused_by_framework(error)
    }
}

impl From<Refusal> for Error {
    #[cold]
    #[inline(never)]
    fn from(refusal: Refusal) -> Self {
        *ManuallyDrop::into_inner(refusal.0)
    }
}
