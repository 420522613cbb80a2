//! Recordings: one line of JSON per plan, with the accounts it was made on as bytes and what was decided.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::{prelude::BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_program::pubkey::Pubkey;

use super::image::Image;
use super::{Feed, FeedError, View};
use crate::base58;
use crate::plan::Action;
use crate::policy::Policy;
use crate::turn::Keeper;

/// The only form of a line so far.
const FORMAT: u32 = 1;
/// Most bytes of an account: what the chain itself allows.
const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file itself.
    #[error("recording {}: {cause}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A line that is not one of a recording.
    #[error("recording {}, line {line}: {cause}", file.display())]
    Line {
        /// Which file.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What was wrong with it.
        cause: String,
    },
}

/// One plan: who made it, on what, and what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The keeper's margin account.
    pub account: Pubkey,
    /// The keeper's policy.
    pub policy: Policy,
    /// Its decisions, in order.
    pub decisions: Vec<Action>,
    /// The accounts and their time.
    pub image: Image,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    format: u32,
    #[serde(with = "base58")]
    clearinghouse: Pubkey,
    #[serde(with = "base58")]
    account: Pubkey,
    policy: Policy,
    slot: u64,
    time: i64,
    decisions: Vec<Action>,
    accounts: Vec<Stored>,
}

/// An account; most end in a long run of zeros, which is not written out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(with = "base58")]
    address: Pubkey,
    #[serde(with = "base58")]
    owner: Pubkey,
    lamports: u64,
    /// Length of the account's data.
    bytes: usize,
    /// The data up to its last byte that is not zero, base64.
    data: String,
}

impl Stored {
    fn new(address: &Pubkey, account: &Account) -> Self {
        let used = account.data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let data = BASE64_STANDARD.encode(account.data.get(..used).unwrap_or(&[]));
        let (owner, lamports, bytes) = (account.owner, account.lamports, account.data.len());
        Self { address: *address, owner, lamports, bytes, data }
    }

    fn account(&self) -> Result<Account, String> {
        let address = &self.address;
        let mut data = BASE64_STANDARD.decode(&self.data).map_err(|e| format!("account {address}: {e}"))?;
        if data.len() > self.bytes || self.bytes > BYTES_MAX {
            let (found, said) = (data.len(), self.bytes);
            return Err(format!("account {address}: {found} bytes of data, said to have {said} (at most {BYTES_MAX})"));
        }
        data.resize(self.bytes, 0);
        Ok(Account { lamports: self.lamports, data, owner: self.owner, ..Account::default() })
    }
}

impl Frame {
    /// The line of a recording. Errors: what the serializer says.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Line {
            format: FORMAT,
            clearinghouse: self.clearinghouse,
            account: self.account,
            policy: self.policy.clone(),
            slot: self.image.slot,
            time: self.image.time,
            decisions: self.decisions.clone(),
            accounts: self.image.accounts.iter().map(|(address, account)| Stored::new(address, account)).collect(),
        })
    }

    /// A line read back. Errors: what is wrong with it.
    pub fn from_line(text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|e| format!("not a line of a recording: {e}"))?;
        if line.format != FORMAT {
            return Err(format!("format {}, this release reads {FORMAT}: use the release that wrote it", line.format));
        }
        let account = |stored: &Stored| Ok((stored.address, stored.account()?));
        let accounts = line.accounts.iter().map(account).collect::<Result<_, String>>()?;
        Ok(Self {
            clearinghouse: line.clearinghouse,
            account: line.account,
            policy: line.policy,
            decisions: line.decisions,
            image: Image { slot: line.slot, time: line.time, accounts },
        })
    }
}

/// A recording being written.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    path: PathBuf,
}

impl Recorder {
    /// Creates the file; one that exists is replaced. Errors: it cannot be written.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let failed = |cause| RecordingError::File { file: path.to_owned(), cause };
        Ok(Self { file: File::create(path).map_err(failed)?, path: path.to_owned() })
    }

    /// Adds what `keeper` decided on `view`. Errors: it cannot be written.
    pub fn write(&mut self, keeper: &Keeper, view: &View, decisions: &[Action]) -> Result<(), RecordingError> {
        let frame = Frame {
            clearinghouse: keeper.clearinghouse,
            account: keeper.account,
            policy: keeper.policy.clone(),
            decisions: decisions.to_vec(),
            image: view.image.clone(),
        };
        let line = frame.to_line().map_err(std::io::Error::from);
        line.and_then(|line| self.file.write_all((line + "\n").as_bytes()))
            .map_err(|cause| RecordingError::File { file: self.path.clone(), cause })
    }
}

/// A recording being read.
#[derive(Debug)]
pub struct Recorded {
    lines: std::io::Lines<BufReader<File>>,
    path: PathBuf,
    line: usize,
}

impl Recorded {
    /// Opens the file. Errors: it cannot be read.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|cause| RecordingError::File { file: path.to_owned(), cause })?;
        Ok(Self { lines: BufReader::new(file).lines(), path: path.to_owned(), line: 0 })
    }

    /// The number of the line last read, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The next plan; `None` at the end. Errors: the line is not one of a recording.
    pub fn frame(&mut self) -> Result<Option<Frame>, RecordingError> {
        let Some(text) = self.lines.next() else { return Ok(None) };
        self.line = self.line.saturating_add(1);
        let text = text.map_err(|cause| RecordingError::File { file: self.path.clone(), cause })?;
        Frame::from_line(&text).map(Some).map_err(|cause| self.broken(cause))
    }

    /// An error about the line last read.
    pub fn broken(&self, cause: String) -> RecordingError {
        RecordingError::Line { file: self.path.clone(), line: self.line, cause }
    }
}

impl Feed for Recorded {
    fn next(&mut self) -> Result<Option<View>, FeedError> {
        let Some(frame) = self.frame()? else { return Ok(None) };
        let view = View::of_image(frame.image, &frame.clearinghouse).map_err(|e| self.broken(e.to_string()))?;
        Ok(Some(view))
    }
}
