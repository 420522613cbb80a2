//! The accounts of a clearinghouse as bytes, at one time: a ledger that can only be read.

use std::cell::RefCell;
use std::collections::BTreeMap;

use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{AccountFilter, Ledger, Outcome};
use solana_account::Account;
use solana_clock::Clock;
use solana_message::Hash;
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

use crate::book::Book;

/// Every account that a [`Book`] is made of, as fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// Slot of the clock.
    pub slot: u64,
    /// Unix seconds of the clock.
    pub time: i64,
    /// The accounts.
    pub accounts: BTreeMap<Pubkey, Account>,
}

impl Image {
    /// Keeps whatever the loading of the book of `clearinghouse` reads from `ledger`, so that the same loading from the
    /// image reads the same. Errors: those of the loading.
    pub fn take(ledger: &dyn Ledger, clearinghouse: &Pubkey) -> Result<Self, LedgerError> {
        let capture = Capture { ledger, image: RefCell::default() };
        Book::load(&capture, clearinghouse)?;
        Ok(capture.image.into_inner())
    }
}

fn read_only<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Build("an image of the chain takes no transactions: send them to a node".to_owned()))
}

impl Ledger for Image {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        Ok(addresses.iter().map(|address| self.accounts.get(address).cloned()).collect())
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        let passes = |account: &Account| account.owner == plimsoll::ID && filter.accepts(&account.data);
        let found = self.accounts.iter().filter(|(_, account)| passes(account));
        Ok(found.map(|(address, account)| (*address, account.clone())).collect())
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        Ok(Clock { slot: self.slot, unix_timestamp: self.time, ..Clock::default() })
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        read_only()
    }

    fn execute(&self, _: VersionedTransaction) -> Result<Outcome, LedgerError> {
        read_only()
    }

    fn dry_run(&self, _: VersionedTransaction) -> Result<Outcome, LedgerError> {
        read_only()
    }
}

/// A ledger that remembers what was read from it.
struct Capture<'a> {
    ledger: &'a dyn Ledger,
    image: RefCell<Image>,
}

impl Ledger for Capture<'_> {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        let found = self.ledger.accounts(addresses)?;
        let there = addresses.iter().zip(&found).filter_map(|(address, account)| Some((*address, account.clone()?)));
        self.image.borrow_mut().accounts.extend(there);
        Ok(found)
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        let found = self.ledger.program_accounts(filter)?;
        self.image.borrow_mut().accounts.extend(found.iter().cloned());
        Ok(found)
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        let clock = self.ledger.clock()?;
        let mut image = self.image.borrow_mut();
        (image.slot, image.time) = (clock.slot, clock.unix_timestamp);
        Ok(clock)
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        self.ledger.latest_blockhash()
    }

    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.ledger.execute(transaction)
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.ledger.dry_run(transaction)
    }
}
