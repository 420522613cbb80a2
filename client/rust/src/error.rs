//! Errors as a person reads them: the rule, the account and the values that disagree, never a bare code.

use std::fmt;

use anchor_spl::token::spl_token::error::TokenError;
use plimsoll_core::error::CoreError;
use solana_program::pubkey::Pubkey;
use solana_transaction::{InstructionError, TransactionError};

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
    /// The rule book cannot work on these accounts.
    #[error("rule book: {0}")]
    Rules(String),
}

impl From<anchor_lang::error::Error> for LedgerError {
    /// A refusal of program code that ran in this process.
    fn from(error: anchor_lang::error::Error) -> Self {
        use anchor_lang::error::{ComparedValues, Error};
        Self::Rules(match error {
            Error::AnchorError(e) => match &e.compared_values {
                Some(ComparedValues::Values((left, right))) => {
                    format!("{}: {} ({left} against {right})", e.error_name, e.error_msg)
                }
                _ => format!("{}: {}", e.error_name, e.error_msg),
            },
            Error::ProgramError(e) => e.program_error.to_string(),
        })
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
        } else {
            None
        };
        if let Some((rule, message)) = named {
            self.rule = rule;
            self.message = message;
        }
    }

    fn name_from_logs(&mut self) {
        let line = |l: &String| l.strip_prefix("Program log: ").map(str::to_owned);
        let Some(at) = self
            .logs
            .iter()
            .rposition(|l| l.starts_with("Program log: AnchorError ") || l.starts_with("Program log: ProgramError "))
        else {
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
