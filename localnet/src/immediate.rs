//! A connection for whoever makes the blocks: it does not wait for them.

use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{AccountFilter, Ledger, Outcome};
use plimsoll_client::rpc::RpcLedger;
use solana_account::Account;
use solana_clock::Clock;
use solana_commitment_config::CommitmentConfig;
use solana_message::Hash;
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

/// A [`Ledger`] over JSON-RPC that sees transactions as soon as they ran, before their block is made. The outcome of a
/// transaction is its signature alone: logs and events belong to the block.
pub struct Immediate {
    rpc: RpcLedger,
}

impl Immediate {
    /// Connects to `url`.
    pub fn new(url: &str) -> Self {
        Self { rpc: RpcLedger::with_commitment(url, CommitmentConfig::processed()) }
    }
}

impl Ledger for Immediate {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        self.rpc.accounts(addresses)
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        self.rpc.program_accounts(filter)
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        self.rpc.clock()
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        self.rpc.latest_blockhash()
    }

    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        match self.rpc.client().send_transaction(&transaction) {
            Ok(signature) => Ok(Outcome { signature, ..Outcome::default() }),
            // A refused transaction changed nothing: run again without effect it tells why.
            Err(error) => match self.rpc.dry_run(transaction) {
                Ok(_) => Err(LedgerError::Transport(error.to_string())),
                Err(refusal) => Err(refusal),
            },
        }
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.rpc.dry_run(transaction)
    }
}
