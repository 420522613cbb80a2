//! The chain of the demo: passes everything on, counts what is sent and keeps every event until it is read.

use std::cell::{Cell, RefCell};

use plimsoll_client::decode::Event;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{AccountFilter, Ledger, Outcome};
use plimsoll_tests::chain::Chain;
use solana_account::Account;
use solana_clock::Clock;
use solana_message::Hash;
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

/// A [`Ledger`] over the embedded chain that remembers what happened on it.
pub struct Tape {
    /// The chain.
    pub chain: Chain,
    landed: Cell<u64>,
    refused: Cell<u64>,
    events: RefCell<Vec<(i64, Event)>>,
}

impl Tape {
    /// A tape over `chain`, empty.
    pub fn new(chain: Chain) -> Self {
        Self { chain, landed: Cell::new(0), refused: Cell::new(0), events: RefCell::default() }
    }

    /// Transactions that landed.
    pub fn landed(&self) -> u64 {
        self.landed.get()
    }

    /// Transactions that the program refused.
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// Events since the last call, with the clock's unix seconds, in order.
    pub fn drain(&self) -> Vec<(i64, Event)> {
        self.events.take()
    }
}

impl Ledger for Tape {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        self.chain.accounts(addresses)
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        self.chain.program_accounts(filter)
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        self.chain.clock()
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        self.chain.latest_blockhash()
    }

    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        let result = self.chain.execute(transaction);
        let count = if result.is_ok() { &self.landed } else { &self.refused };
        count.set(count.get() + 1);
        let outcome = result?;
        let now = self.chain.time();
        self.events.borrow_mut().extend(outcome.events.iter().map(|event| (now, event.clone())));
        Ok(outcome)
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.chain.dry_run(transaction)
    }
}
