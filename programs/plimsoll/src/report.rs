//! Errors of the framework as the program makes and logs them.
//!
//! The framework's own functions know every error of every program, with texts and formatting; these know those that
//! this program can meet. Codes and log lines are the framework's.

use anchor_lang::error::{AnchorError, ComparedValues, Error, ErrorCode, ErrorOrigin};
use anchor_lang::prelude::*;
use anchor_lang::solana_program::log::sol_log;

use crate::error::Refusal;

/// The framework's errors that this program returns, with their messages.
macro_rules! framework_errors {
    ($($name:ident: $message:literal,)+) => {
        /// Code, name and message.
        pub const TEXTS: &[(ErrorCode, &str, &str)] = &[$((ErrorCode::$name, stringify!($name), $message),)+];
    };
}

framework_errors! {
    InstructionFallbackNotFound: "Fallback functions are not supported",
    InstructionDidNotDeserialize: "The program could not deserialize the given instruction",
    ConstraintMut: "A mut constraint was violated",
    ConstraintSigner: "A signer constraint was violated",
    ConstraintSeeds: "A seeds constraint was violated",
    ConstraintClose: "A close constraint was violated",
    ConstraintAddress: "An address constraint was violated",
    AccountDiscriminatorAlreadySet: "The account discriminator was already set on this account",
    AccountDiscriminatorNotFound: "No discriminator was found on the account",
    AccountDiscriminatorMismatch: "Account discriminator did not match what was expected",
    AccountDidNotDeserialize: "Failed to deserialize the account",
    AccountNotEnoughKeys: "Not enough account keys given to the instruction",
    AccountOwnedByWrongProgram: "The given account is owned by a different program than expected",
    InvalidProgramId: "Program ID was not as expected",
    InvalidProgramExecutable: "Program account is not executable",
    AccountNotSigner: "The given account did not sign",
    DeclaredProgramIdMismatch: "The declared program id does not match the actual program id",
}

/// The runtime's errors that this program returns: error, name and message.
pub const RUNTIME_TEXTS: &[(ProgramError, &str, &str)] = &[
    (ProgramError::InvalidArgument, "InvalidArgument", "The arguments provided to a program instruction were invalid"),
    (ProgramError::NotEnoughAccountKeys, "NotEnoughAccountKeys", "The instruction expected additional account keys"),
    (
        ProgramError::AccountBorrowFailed,
        "AccountBorrowFailed",
        "Failed to borrow a reference to account data, already borrowed",
    ),
    (ProgramError::UnsupportedSysvar, "UnsupportedSysvar", "Unsupported sysvar"),
    (ProgramError::ArithmeticOverflow, "ArithmeticOverflow", "Program arithmetic overflowed"),
    (ProgramError::InvalidRealloc, "InvalidRealloc", "Account data reallocation was invalid"),
];

/// `code` with its texts.
#[cold]
#[inline(never)]
pub fn described(code: ErrorCode) -> AnchorError {
    let number = u32::from(code);
    let texts = TEXTS.iter().find(|(known, ..)| u32::from(*known) == number);
    let (name, message) = texts.map_or(("", ""), |(_, name, message)| (name, message));
    AnchorError {
        error_name: String::from(name),
        error_code_number: number,
        error_msg: String::from(message),
        error_origin: None,
        compared_values: None,
    }
}

/// The framework's refusal with `code`.
#[cold]
#[inline(never)]
pub fn refused_by_framework(code: ErrorCode) -> Refusal {
    Error::from(described(code)).into()
}

/// Logs `error` and returns its number for the runtime.
#[cold]
#[inline(never)]
pub fn report(error: Error) -> u64 {
    match error {
        Error::AnchorError(error) => {
            let texts = (error.error_name.as_str(), error.error_msg.as_str());
            let number = u64::from(error.error_code_number);
            log_error("AnchorError", error.error_origin.as_ref(), number, texts);
            log_compared(error.compared_values.as_ref());
            number
        }
        Error::ProgramError(error) => {
            let number = u64::from(error.program_error.clone());
            let known = RUNTIME_TEXTS.iter().find(|(known, ..)| *known == error.program_error);
            let texts = known.map_or(("", ""), |(_, name, message)| (name, message));
            log_error("ProgramError", error.error_origin.as_ref(), number, texts);
            log_compared(error.compared_values.as_ref());
            number
        }
    }
}

/// The line of an error. No function of this program notes the place in its source.
fn log_error(kind: &str, origin: Option<&ErrorOrigin>, number: u64, (name, message): (&str, &str)) {
    let mut line = String::from(kind);
    if let Some(ErrorOrigin::AccountName(account)) = origin {
        push(&mut line, &[" caused by account: ", account]);
    } else {
        push(&mut line, &[" occurred"]);
    }
    let number = number.to_string();
    push(&mut line, &[". Error Code: ", name, ". Error Number: ", &number, ". Error Message: ", message, "."]);
    sol_log(&line);
}

fn log_compared(values: Option<&ComparedValues>) {
    match values {
        Some(ComparedValues::Pubkeys((left, right))) => {
            sol_log("Left:");
            left.log();
            sol_log("Right:");
            right.log();
        }
        Some(ComparedValues::Values((left, right))) => {
            for (side, value) in [("Left: ", left), ("Right: ", right)] {
                let mut line = String::from(side);
                push(&mut line, &[value]);
                sol_log(&line);
            }
        }
        None => {}
    }
}

#[inline(never)]
fn push(line: &mut String, parts: &[&str]) {
    for part in parts {
        line.push_str(part);
    }
}
