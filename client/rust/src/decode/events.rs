//! Events of the program: from its log lines, and from the calls it makes to itself where truncation of the log must
//! not lose them.

use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::Discriminator;
use base64::{prelude::BASE64_STANDARD, Engine};
use borsh::BorshDeserialize;
use solana_program::pubkey::Pubkey;

use super::DecodeError;

/// Bytes of an event's discriminator.
const DISCRIMINATOR_BYTES: usize = 8;

/// Prefix of a log line that carries data.
const DATA_PREFIX: &str = "Program data: ";

/// One event, typed on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which event it is.
    pub discriminator: [u8; DISCRIMINATOR_BYTES],
    /// Its fields in borsh.
    pub data: Vec<u8>,
}

impl Event {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (discriminator, data) = bytes.split_first_chunk::<DISCRIMINATOR_BYTES>()?;
        Some(Self { discriminator: *discriminator, data: data.to_vec() })
    }

    /// Whether this is a `T`.
    pub fn is<T: Discriminator>(&self) -> bool {
        self.discriminator.as_slice() == T::DISCRIMINATOR
    }

    /// The event as a `T`; `None` if it is another. Errors: `Event` when the fields are not those of `T`.
    pub fn get<T: Discriminator + BorshDeserialize>(&self) -> Result<Option<T>, DecodeError> {
        if !self.is::<T>() {
            return Ok(None);
        }
        T::try_from_slice(&self.data).map(Some).map_err(|e| DecodeError::Event {
            name: std::any::type_name::<T>().rsplit("::").next().unwrap_or_default().to_owned(),
            reason: e.to_string(),
        })
    }
}

/// The program's events in `logs`, then those among the `inner` instructions. Lines and calls of other programs are
/// skipped. Errors: `Event` for data of this program that is no event.
pub fn collect(logs: &[String], inner: &[(Pubkey, Vec<u8>)]) -> Result<Vec<Event>, DecodeError> {
    let mut events = from_logs(logs)?;
    for (program, data) in inner {
        if let (true, Some(bytes)) = (*program == plimsoll::ID, data.strip_prefix(EVENT_IX_TAG_LE)) {
            events.push(Event::from_bytes(bytes).ok_or_else(too_short)?);
        }
    }
    Ok(events)
}

/// The stack of running programs says whose a `Program data:` line is.
fn from_logs(logs: &[String]) -> Result<Vec<Event>, DecodeError> {
    let mut stack: Vec<Pubkey> = Vec::new();
    let mut events = Vec::new();
    for line in logs {
        if let Some(encoded) = line.strip_prefix(DATA_PREFIX) {
            if stack.last() == Some(&plimsoll::ID) {
                events.push(event(encoded)?);
            }
        } else if let Some((program, rest)) = line.strip_prefix("Program ").and_then(|l| l.split_once(' ')) {
            if rest.starts_with("invoke [") {
                stack.push(program.parse().unwrap_or_default());
            } else if rest == "success" || rest.starts_with("failed") {
                stack.pop();
            }
        }
    }
    Ok(events)
}

fn event(encoded: &str) -> Result<Event, DecodeError> {
    let bytes = BASE64_STANDARD
        .decode(encoded.trim())
        .map_err(|e| DecodeError::Event { name: "of the log".to_owned(), reason: e.to_string() })?;
    Event::from_bytes(&bytes).ok_or_else(too_short)
}

fn too_short() -> DecodeError {
    DecodeError::Event { name: "without name".to_owned(), reason: "shorter than a discriminator".to_owned() }
}
