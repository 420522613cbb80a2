//! One run of the command line: settings, connection, signer, and how a transaction is sent and reported.

use plimsoll::state::{MarginAccount, Owner};
use plimsoll_client::directory::Directory;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{Ledger, LedgerExt, Outcome, SendOptions};
use plimsoll_client::rpc::RpcLedger;
use plimsoll_client::{address, Pubkey};
use serde_json::{json, Value};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;
use std::path::Path;

use crate::config::{self, Global, Settings};
use crate::output::{pairs, print};
use crate::Failure;

/// Settings and connection of a run.
pub struct Session {
    /// Resolved settings.
    pub settings: Settings,
    /// The connection.
    pub ledger: RpcLedger,
}

impl Session {
    /// Resolves the settings; does not connect yet. Errors: `Input`.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let settings = Settings::resolve(global)?;
        let ledger = RpcLedger::new(&settings.url);
        Ok(Self { settings, ledger })
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

    /// A client error with what to check.
    pub fn failure(&self, error: LedgerError) -> Failure {
        let url = &self.settings.url;
        match error {
            LedgerError::Transport(cause) => Failure::Other(anyhow::anyhow!(
                "no answer from {url}: {cause}\n  check that the node runs, that --url (or PLIMSOLL_URL) is its \
                 JSON-RPC port, and that nothing blocks it"
            )),
            LedgerError::Missing { kind, address } => Failure::Other(anyhow::anyhow!(
                "no {kind} at {address} on {url}: check the address, the cluster and --clearinghouse"
            )),
            other => Failure::Other(anyhow::Error::new(other)),
        }
    }

    /// Sends, or simulates under `--dry-run`. Errors: the rule that refused, connection.
    pub fn execute(&self, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<Outcome, Failure> {
        let options = SendOptions {
            compute_limit: Some(self.settings.compute_limit),
            priority_fee: self.settings.priority_fee,
            ..SendOptions::default()
        };
        self.ok(if self.settings.dry_run {
            self.ledger.simulate(instructions, signers, &options)
        } else {
            self.ledger.send(instructions, signers, &options)
        })
    }

    /// Reports a transaction: what it did (`rows`, with `value` for JSON) and its signature.
    pub fn report(&self, outcome: &Outcome, rows: Vec<(&str, String)>, mut value: Value) {
        let mut rows = rows;
        if self.settings.dry_run {
            rows.push(("dry run", format!("not sent; {} compute units", outcome.compute_units)));
        } else {
            rows.push(("transaction", outcome.signature.to_string()));
        }
        if let Some(object) = value.as_object_mut() {
            object.insert("dry_run".to_owned(), json!(self.settings.dry_run));
            object.insert("compute_units".to_owned(), json!(outcome.compute_units));
            object.insert("fee_lamports".to_owned(), json!(outcome.fee));
            let signature = (!self.settings.dry_run).then(|| outcome.signature.to_string());
            object.insert("signature".to_owned(), json!(signature));
        }
        self.print(&pairs(&rows), &value);
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
            "{flag} {}: {error}\n  expected a Solana keypair file; `solana-keygen new` makes one",
            path.display()
        ))
    })
}
