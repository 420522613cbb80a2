//! Errors as a person reads them: the rule, the account and the values that disagree, never a bare code.

use std::fmt;

use anchor_spl::token::spl_token::error::TokenError;
use plimsoll_core::error::CoreError;
use solana_program::pubkey::Pubkey;
use solana_transaction::{InstructionError, Signature, TransactionError};

use crate::decode::DecodeError;

/// Why a read or a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A program refused.
    #[error(transparent)]
    Rejected(#[from] Box<Rejection>),
    /// The transaction never ran: signature, block hash, fee payer, account lock, size.
    #[error("transaction not run: {0}")]
    NotRun(TransactionError),
    /// The instructions do not make a transaction.
    #[error("cannot build the transaction: {0}")]
    Build(String),
    /// An account that must exist does not.
    #[error("no {kind} at {address}")]
    Missing {
        /// Account type.
        kind: &'static str,
        /// Where it should be.
        address: Pubkey,
    },
    /// An account or event is not what it should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The connection failed.
    #[error("connection: {0}")]
    Transport(String),
    /// It was sent, and whether it ran is not known: it may still land.
    #[error("transaction {signature} was sent and not confirmed: {cause}")]
    Unconfirmed {
        /// The transaction.
        signature: Signature,
        /// What the connection said.
        cause: String,
    },
    /// It ran, and what it did could not be read.
    #[error("transaction {signature} is confirmed, but what it did could not be read: {cause}")]
    Unread {
        /// The transaction.
        signature: Signature,
        /// What the connection said.
        cause: String,
    },
    /// It ran, and its logs lack an event that it must have emitted.
    #[error("transaction {signature} ran, but its logs hold no {event}")]
    EventMissing {
        /// The transaction.
        signature: Signature,
        /// Name of the event.
        event: &'static str,
    },
    /// The program's own code, run here on fetched accounts, refused.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// The rule book cannot work on these accounts.
    #[error("rule book: {0}")]
    Rules(String),
}

impl From<plimsoll::error::Refusal> for LedgerError {
    fn from(refusal: plimsoll::error::Refusal) -> Self {
        anchor_lang::error::Error::from(refusal).into()
    }
}

impl From<anchor_lang::error::Error> for LedgerError {
    /// A refusal of program code that ran in this process.
    fn from(error: anchor_lang::error::Error) -> Self {
        Self::Refused(Box::new(error.into()))
    }
}

impl From<CoreError> for LedgerError {
    fn from(error: CoreError) -> Self {
        Self::Rules(format!("{error:?}"))
    }
}

impl LedgerError {
    /// The rejection, if a program refused.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Whether the transaction never ran because its fee payer has too little SOL.
    pub fn lacks_sol(&self) -> bool {
        use TransactionError as E;
        let poor = |cause: &E| {
            matches!(cause, E::AccountNotFound | E::InsufficientFundsForFee | E::InsufficientFundsForRent { .. })
        };
        matches!(self, Self::NotRun(cause) if poor(cause))
    }

    /// Name of the rule that refused (`PriceStale`, `ConstraintSeeds`, `InsufficientFunds`), if a program did.
    pub fn rule(&self) -> Option<&str> {
        self.rejection().map(|r| r.rule.as_str())
    }

    /// From a failed execution. Transactions that never ran become [`LedgerError::NotRun`].
    pub fn from_execution(error: TransactionError, logs: Vec<String>, programs: &[Pubkey]) -> Self {
        match error {
            TransactionError::InstructionError(index, error) => {
                let program = programs.get(usize::from(index)).copied().unwrap_or_default();
                Self::Rejected(Box::new(Rejection::decode(index, program, &error, logs)))
            }
            other => Self::NotRun(other),
        }
    }
}

/// A refusal of the program's own code that ran in this process: a quote, a valuation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// Name of the rule.
    pub rule: String,
    /// What was wrong, one sentence.
    pub message: String,
    /// The two values that disagree, if the rule has them.
    pub values: Option<(String, String)>,
}

impl From<plimsoll::error::Refusal> for Refusal {
    fn from(refusal: plimsoll::error::Refusal) -> Self {
        anchor_lang::error::Error::from(refusal).into()
    }
}

impl From<anchor_lang::error::Error> for Refusal {
    fn from(error: anchor_lang::error::Error) -> Self {
        use anchor_lang::error::{ComparedValues, Error};
        match error {
            Error::AnchorError(error) => Self {
                rule: error.error_name,
                message: error.error_msg,
                values: error.compared_values.map(|values| match values {
                    ComparedValues::Values(values) => values,
                    ComparedValues::Pubkeys((left, right)) => (left.to_string(), right.to_string()),
                }),
            },
            Error::ProgramError(error) => Self {
                rule: format!("{:?}", error.program_error),
                message: error.program_error.to_string(),
                values: None,
            },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message.trim_end_matches('.'))?;
        match &self.values {
            Some((left, right)) => write!(f, " ({left} against {right})"),
            None => Ok(()),
        }
    }
}

/// A program's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Index of the instruction in the transaction, budget instructions counted.
    pub instruction: u8,
    /// The program that refused: of the instruction, or one it called.
    pub program: Pubkey,
    /// Number of a custom error; `None` for the runtime's own errors.
    pub code: Option<u32>,
    /// Name of the rule.
    pub rule: String,
    /// What was wrong, one sentence.
    pub message: String,
    /// Field name of the account in the instruction's account list, if the program named one.
    pub account: Option<String>,
    /// The two values that disagree, if the program named them.
    pub values: Option<(String, String)>,
    /// All logs of the transaction.
    pub logs: Vec<String>,
}

impl std::error::Error for Rejection {}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message.trim_end_matches('.'))?;
        if let Some(account) = &self.account {
            write!(f, " (account `{account}`)")?;
        }
        if let Some((left, right)) = &self.values {
            write!(f, " ({left} against {right})")?;
        }
        write!(f, ", instruction {} of program {}", self.instruction, self.program)
    }
}

impl Rejection {
    /// The program that refused, as a person calls it.
    pub fn program_name(&self) -> String {
        if self.program == plimsoll::ID {
            "the clearinghouse program".to_owned()
        } else if self.program == anchor_spl::token::ID {
            "the token program".to_owned()
        } else if self.program == anchor_lang::system_program::ID {
            "the system program".to_owned()
        } else {
            format!("program {}", self.program)
        }
    }

    /// Reads the logs of a failed transaction: Anchor's error line names the account and the rule, and the lines
    /// after it the two values.
    pub fn decode(instruction: u8, program: Pubkey, error: &InstructionError, logs: Vec<String>) -> Self {
        let code = match error {
            InstructionError::Custom(code) => Some(*code),
            _ => None,
        };
        let program = failing_program(&logs).unwrap_or(program);
        let mut rejection = Self {
            instruction,
            program,
            code,
            rule: format!("{error:?}"),
            message: error.to_string(),
            account: None,
            values: None,
            logs,
        };
        rejection.name_from_code();
        rejection.name_from_logs();
        rejection
    }

    fn name_from_code(&mut self) {
        let Some(code) = self.code else { return };
        let named = if self.program == anchor_spl::token::ID {
            TokenError::try_from(code).ok().map(|e| (format!("{e:?}"), e.to_string()))
        } else if self.program == plimsoll::ID {
            crate::error_codes::describe(code)
        } else if self.program == anchor_lang::system_program::ID {
            system_error(code).map(|(rule, message)| (rule.to_owned(), message.to_owned()))
        } else {
            None
        };
        let unnamed = || (format!("Custom({code})"), format!("the program refused with its error number {code}"));
        (self.rule, self.message) = named.unwrap_or_else(unnamed);
    }

    fn name_from_logs(&mut self) {
        let line = |l: &String| l.strip_prefix("Program log: ").map(str::to_owned);
        let Some(at) = self
            .logs
            .iter()
            .rposition(|l| l.starts_with("Program log: AnchorError ") || l.starts_with("Program log: ProgramError "))
        else {
            self.values = self.logs.iter().rev().find_map(|line| missing_lamports(line));
            return;
        };
        let Some(text) = line(&self.logs[at]) else { return };
        let after = |marker: &str, until: &str| -> Option<String> {
            let start = text.find(marker)?.checked_add(marker.len())?;
            let rest = text.get(start..)?;
            Some(rest.split(until).next().unwrap_or(rest).to_owned())
        };
        let number = after("Error Number: ", ".").and_then(|n| n.parse::<u32>().ok());
        if self.code.is_some() && number != self.code {
            // The line belongs to an error that was handled, not to the one that ended the transaction.
            return;
        }
        if let Some(rule) = after("Error Code: ", ". Error Number") {
            self.rule = rule;
        }
        if let Some(start) = text.find("Error Message: ") {
            let message = text.get(start.saturating_add("Error Message: ".len())..).unwrap_or_default();
            self.message = message.trim_end_matches('.').to_owned();
        }
        self.account = after("caused by account: ", ". Error Code");
        self.values = self.values_after(at);
    }

    /// Anchor prints `Left: a` and `Right: b`, or each key on a line of its own.
    fn values_after(&self, at: usize) -> Option<(String, String)> {
        let mut lines = self.logs.iter().skip(at.saturating_add(1)).map_while(|l| l.strip_prefix("Program log: "));
        let mut side = |name: &str| -> Option<String> {
            let value = lines.next()?.strip_prefix(name)?.trim().to_owned();
            if value.is_empty() {
                lines.next().map(|v| v.trim().to_owned())
            } else {
                Some(value)
            }
        };
        let left = side("Left:")?;
        Some((left, side("Right:")?))
    }
}

/// The program of the first `Program <id> failed` line: the innermost one, where the error began.
fn failing_program(logs: &[String]) -> Option<Pubkey> {
    logs.iter().find_map(|line| {
        let (id, rest) = line.strip_prefix("Program ")?.split_once(' ')?;
        if rest.starts_with("failed") {
            id.parse().ok()
        } else {
            None
        }
    })
}

/// Name and message of error `code` of the system program: what creating an account or paying for it may run into.
fn system_error(code: u32) -> Option<(&'static str, &'static str)> {
    match code {
        0 => Some(("AccountAlreadyInUse", "the account to be created exists already")),
        1 => Some(("ResultWithNegativeLamports", "the payer has too little SOL for the rent")),
        3 => Some(("InvalidAccountDataLength", "the account to be created is larger than an account may be")),
        _ => None,
    }
}

/// The two amounts of the system program's `Transfer: insufficient lamports 5, need 7`: held, needed.
fn missing_lamports(line: &str) -> Option<(String, String)> {
    let (_, amounts) = line.split_once("insufficient lamports ")?;
    let (held, needed) = amounts.split_once(", need ")?;
    Some((held.to_owned(), needed.to_owned()))
}
