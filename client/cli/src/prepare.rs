//! Risk rows before an instruction that values accounts in portfolio mode: found, passed along, and refreshed first where
//! the books are too large to be priced fresh.

use plimsoll::state::MarginAccount;
use plimsoll_client::directory::{rows_wanted, Directory};
use plimsoll_client::instruction;
use plimsoll_client::rows::Preparation;
use plimsoll_client::snapshot::Snapshot;

use crate::commands::expiry::name;
use crate::session::Session;
use crate::Failure;

impl Session {
    /// `directory` with the open risk rows that an instruction on `accounts` takes; `expiry`: one that is traded.
    ///
    /// `largest`: the accounts as they are at their largest in it. What of them is too large to be priced fresh has its
    /// rows refreshed by transactions of their own, signed by `--keypair`. Errors: connection, refusals of a refresh.
    pub fn prepare(
        &self,
        directory: &Directory,
        accounts: &[MarginAccount],
        largest: &[MarginAccount],
        expiry: Option<(u16, i64)>,
    ) -> Result<Directory, Failure> {
        let all: Vec<&MarginAccount> = accounts.iter().chain(largest).collect();
        if rows_wanted(&all, expiry).is_empty() {
            return Ok(directory.clone());
        }
        let snapshot = Snapshot::of_accounts(&self.ledger, directory, accounts.to_vec(), expiry, None);
        let snapshot = self.ok(snapshot)?;
        // What cannot be valued the program refuses, and says why.
        let needed = Preparation::of(&snapshot, largest).unwrap_or_default();
        for (index, time) in &needed.open {
            let expiry = name(self, directory, *index, *time).replacen('-', " ", 1);
            eprintln!(
                "note: the account is too large to be priced without risk rows of {expiry}: open them with \
                 `plimsoll rows open {expiry}`"
            );
        }
        if !needed.refresh.is_empty() {
            let signer = self.keypair()?;
            for (index, time) in &needed.refresh {
                let refresh = instruction::rows_refresh(directory, *index, *time, None);
                self.execute_ahead(refresh, &signer)?;
                let done = if self.settings.dry_run { "would be refreshed first" } else { "refreshed" };
                eprintln!("risk rows of {} {done}", name(self, directory, *index, *time));
            }
        }
        Ok(snapshot.directory)
    }

    /// [`Session::prepare`] for one account that stays as it is.
    pub fn prepare_one(&self, directory: &Directory, account: &MarginAccount) -> Result<Directory, Failure> {
        self.prepare(directory, &[*account], &[*account], None)
    }
}
