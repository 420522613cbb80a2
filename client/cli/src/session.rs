//! One run of the command line: settings, connection, signer, and how a transaction is sent and reported.

use std::cell::RefCell;
use std::path::Path;

use plimsoll::state::{MarginAccount, Owner};
use plimsoll_client::decode::DecodeError;
use plimsoll_client::directory::Directory;
use plimsoll_client::error::{LedgerError, Rejection};
use plimsoll_client::ledger::{EventData, Ledger, LedgerExt, Outcome, SendOptions};
use plimsoll_client::rpc::RpcLedger;
use plimsoll_client::status::kind_of;
use plimsoll_client::{address, Pubkey};
use serde_json::Value;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::config::{self, Global, Settings};
use crate::output::{print, Facts};
use crate::refusal::{self, Known};
use crate::Failure;

/// Most compute units of a transaction.
const COMPUTE_MAX: u32 = 1_400_000;

/// Settings and connection of a run.
pub struct Session {
    /// Resolved settings.
    pub settings: Settings,
    /// The connection.
    pub ledger: RpcLedger,
    /// Under `--dry-run`, what would be sent in transactions before: simulated in front of the instruction.
    ahead: RefCell<Vec<Instruction>>,
}

impl Session {
    /// Resolves the settings; does not connect yet. Errors: `Input`.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let settings = Settings::resolve(global)?;
        let ledger = RpcLedger::new(&settings.url);
        Ok(Self { settings, ledger, ahead: RefCell::default() })
    }

    /// The signer of `--keypair`. Errors: `Input` naming the file.
    pub fn keypair(&self) -> Result<Keypair, Failure> {
        keypair("--keypair", &self.settings.keypair)
    }

    /// The clearinghouse. Errors: `Input` if none was named.
    pub fn clearinghouse(&self) -> Result<Pubkey, Failure> {
        self.settings.clearinghouse.ok_or_else(|| {
            Failure::Input(
                "no clearinghouse: pass --clearinghouse ADDRESS, set PLIMSOLL_CLEARINGHOUSE or put `clearinghouse` \
                 into the configuration file"
                    .to_owned(),
            )
        })
    }

    /// The clearinghouse with what it lists. Errors: `Input`, connection.
    pub fn directory(&self) -> Result<Directory, Failure> {
        let clearinghouse = self.clearinghouse()?;
        Directory::load(&self.ledger, &clearinghouse).map_err(|error| self.failure(error))
    }

    /// Address of the margin account that `text` names: an address, or an id of `--keypair`'s own. Errors: `Input`.
    pub fn account_address(&self, what: &str, text: &str) -> Result<Pubkey, Failure> {
        match text.parse::<u16>() {
            Ok(id) => Ok(address::margin_account(&self.clearinghouse()?, &self.keypair()?.pubkey(), id)),
            Err(_) => config::address(what, text),
        }
    }

    /// The margin account that `text` names. Errors: as [`Session::account_address`], connection; `Input` for an
    /// account of another clearinghouse.
    pub fn account(&self, what: &str, text: &str) -> Result<(Pubkey, MarginAccount), Failure> {
        let at = self.account_address(what, text)?;
        let account: MarginAccount = self.ok(self.ledger.load(&at))?;
        let clearinghouse = self.clearinghouse()?;
        if account.clearinghouse != clearinghouse {
            return Err(Failure::Input(format!(
                "{what}: {at} belongs to clearinghouse {}, not to {clearinghouse}",
                account.clearinghouse
            )));
        }
        Ok((at, account))
    }

    /// A margin account that `owner` owns. Errors: as [`Session::account`]; `Input` for somebody else's.
    pub fn own_account(&self, what: &str, text: &str, owner: &Pubkey) -> Result<(Pubkey, MarginAccount), Failure> {
        let (at, account) = self.account(what, text)?;
        if account.owner != *owner {
            return Err(Failure::Input(format!(
                "{what}: {at} belongs to {}, and --keypair is {owner}: only the owner does this",
                account.owner
            )));
        }
        Ok((at, account))
    }

    /// The owner record of `key`, if there is one. Errors: connection.
    pub fn owner_record(&self, key: &Pubkey) -> Result<Option<Owner>, Failure> {
        self.ok(self.ledger.find(&address::owner(&self.clearinghouse()?, key)))
    }

    /// The token account to move tokens of `mint`: what `named` says, or the associated one of `owner`.
    pub fn token_account(
        &self,
        what: &str,
        named: Option<&str>,
        owner: &Pubkey,
        mint: &Pubkey,
    ) -> Result<Pubkey, Failure> {
        named.map_or_else(|| Ok(address::token_account(owner, mint)), |text| config::address(what, text))
    }

    /// Unix seconds of the cluster's clock. Errors: connection.
    pub fn now(&self) -> Result<i64, Failure> {
        self.ok(self.ledger.now())
    }

    /// A client result as a result of this command line.
    pub fn ok<T>(&self, result: Result<T, LedgerError>) -> Result<T, Failure> {
        result.map_err(|error| self.failure(error))
    }

    /// A client error in one line, with what to check.
    pub fn failure(&self, error: LedgerError) -> Failure {
        let url = &self.settings.url;
        let text = match &error {
            LedgerError::Transport(cause) => format!(
                "no usable answer from {url}: {}; check that the node runs, that --url (or PLIMSOLL_URL) is its JSON-RPC \
                 port, and that nothing blocks it",
                one_line(cause)
            ),
            LedgerError::Missing { kind, address } => format!(
                "no {kind} at {address} on {url}: check the address or id (`plimsoll account list`), the cluster and \
                 --clearinghouse"
            ),
            LedgerError::Decode(cause) => format!(
                "{} (as {url} answered): check the address, --clearinghouse and whether the node can be trusted",
                undecoded(cause)
            ),
            LedgerError::Unconfirmed { signature, cause } => format!(
                "transaction {signature} was sent to {url} and not confirmed: {}; it may still land, so look it up \
                 before you run this again",
                one_line(cause)
            ),
            LedgerError::Unread { .. } | LedgerError::EventMissing { .. } => {
                format!("{error} (as {url} answered): look at the accounts before you run this again")
            }
            LedgerError::Rejected(rejection) => refusal::explain(rejection, &[], 0, &Known::default()),
            LedgerError::Refused(refused) => refusal::explain_here(refused),
            LedgerError::NotRun(_) | LedgerError::Build(_) | LedgerError::Rules(_) => error.to_string(),
        };
        Failure::Other(anyhow::anyhow!(text))
    }

    /// Sends, or simulates under `--dry-run`. Errors: the rule that refused with its account, connection.
    pub fn execute(&self, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<Outcome, Failure> {
        self.execute_as(instructions, signers, |_| Known::default())
    }

    /// The same, where `known` says more about a rejection than the program does.
    pub fn execute_as(
        &self,
        instructions: &[Instruction],
        signers: &[&dyn Signer],
        known: impl Fn(&Rejection) -> Known,
    ) -> Result<Outcome, Failure> {
        let before = self.ahead.take();
        let options = SendOptions {
            compute_limit: Some(if before.is_empty() { self.settings.compute_limit } else { COMPUTE_MAX }),
            priority_fee: self.settings.priority_fee,
            ..SendOptions::default()
        };
        let result = if self.settings.dry_run {
            self.ledger.simulate(&[&before, instructions].concat(), signers, &options)
        } else {
            self.ledger.send(instructions, signers, &options)
        };
        result.map_err(|error| match &error {
            LedgerError::Rejected(rejection) => {
                let budget = usize::from(options.compute_limit.is_some()) + usize::from(options.priority_fee > 0);
                let ahead = budget + before.len();
                let text = refusal::explain(rejection, instructions, ahead, &known(rejection));
                Failure::Other(anyhow::anyhow!(text))
            }
            LedgerError::NotRun(cause) => {
                let payer = signers.first().map(|signer| signer.pubkey()).unwrap_or_default();
                let url = &self.settings.url;
                let next = if error.lacks_sol() {
                    format!("Fund the fee payer {payer} with SOL there.")
                } else {
                    "Run it again; if it keeps failing, check that the node is in step with the cluster.".to_owned()
                };
                let cause = cause.to_string();
                let cause = cause.trim_end_matches('.');
                Failure::Other(anyhow::anyhow!("the transaction did not run on {url}: {cause}. {next}"))
            }
            _ => self.failure(error),
        })
    }

    /// Sends `instruction` in a transaction of its own, before the one that a command is about; under `--dry-run` it is
    /// simulated together with that one. Errors: as [`Session::execute`].
    pub fn execute_ahead(&self, instruction: Instruction, signer: &Keypair) -> Result<(), Failure> {
        if self.settings.dry_run {
            self.ahead.borrow_mut().push(instruction);
            return Ok(());
        }
        let options = SendOptions {
            compute_limit: Some(COMPUTE_MAX),
            priority_fee: self.settings.priority_fee,
            ..SendOptions::default()
        };
        let sent = self.ledger.send(std::slice::from_ref(&instruction), &[signer], &options);
        self.ok(sent.map(drop))
    }

    /// The event that a transaction must have emitted. Errors: the node kept it back.
    pub fn event<T: EventData>(&self, outcome: &Outcome) -> Result<T, Failure> {
        self.ok(outcome.emitted())
    }

    /// Reports a transaction: what it did, and its signature.
    pub fn report(&self, outcome: &Outcome, facts: Facts) {
        let dry_run = self.settings.dry_run;
        let signature = (!dry_run).then(|| outcome.signature.to_string());
        let facts =
            facts.json("dry_run", dry_run).json("fee_lamports", outcome.fee).json("signature", signature.clone());
        let facts = match signature {
            Some(signature) => facts.row("transaction", signature),
            None => facts.row("dry run", "nothing was sent; this is what would change"),
        };
        self.show(facts.field("compute_units", outcome.compute_units));
    }

    /// Prints facts.
    pub fn show(&self, facts: Facts) {
        let (text, value) = facts.into_parts();
        self.print(&text, &value);
    }

    /// Prints facts with tables under them.
    pub fn show_with(&self, facts: Facts, tables: &[String]) {
        let (text, value) = facts.into_parts();
        let parts: Vec<&str> = std::iter::once(&text).chain(tables).map(String::as_str).collect();
        self.print(&parts.join("\n"), &value);
    }

    /// Prints a result.
    pub fn print(&self, text: &str, value: &Value) {
        print(self.settings.json, text, value);
    }
}

/// A keypair file. Errors: `Input` naming the flag and file.
pub fn keypair(flag: &str, path: &Path) -> Result<Keypair, Failure> {
    solana_keypair::read_keypair_file(path).map_err(|error| {
        Failure::Input(format!(
            "{flag} {}: {error}; expected a Solana keypair file, `solana-keygen new` makes one",
            path.display()
        ))
    })
}

/// `text` without line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What an account is instead of what it should be, in words.
fn undecoded(error: &DecodeError) -> String {
    match error {
        DecodeError::Discriminator { kind, address, found, .. } => {
            let found = kind_of(found)
                .map_or_else(|| "no account that this client knows".to_owned(), |kind| format!("a {kind}"));
            format!("{address} is {found}, not a {kind}")
        }
        other => other.to_string(),
    }
}
