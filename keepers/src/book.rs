//! Every account of one clearinghouse at one moment.

use plimsoll::state::{Expiry, MarginAccount};
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Ledger;
use plimsoll_client::snapshot::{MarketData, Snapshot};
use plimsoll_client::status::Books;
use plimsoll_core::margin::Balances;
use solana_program::pubkey::Pubkey;

/// A clearinghouse with all its accounts and the raw market data that values them.
#[derive(Clone, Debug)]
pub struct Book {
    /// Accounts, funds and expiries, decoded.
    pub books: Books,
    /// Underlyings, oracles, expiries and collateral as stored.
    pub markets: MarketData,
}

impl Book {
    /// Loads everything of `clearinghouse`. Errors: `Missing`, `Decode`, transport.
    pub fn load(ledger: &(impl Ledger + ?Sized), clearinghouse: &Pubkey) -> Result<Self, LedgerError> {
        let books = Books::load(ledger, clearinghouse)?;
        let markets = MarketData::load(ledger, &books.market_addresses())?;
        Ok(Self { books, markets })
    }

    /// Clock of the book: unix seconds.
    pub fn now(&self) -> i64 {
        self.books.now
    }

    /// Balances of `account`. Errors: `Rules`, for example a missing price.
    pub fn balances(&self, account: &MarginAccount) -> Result<Balances, LedgerError> {
        self.markets.balances(&self.books.directory, account, self.now())
    }

    /// The accounts as one snapshot, for quotes.
    pub fn snapshot(&self, accounts: &[MarginAccount]) -> Snapshot {
        let directory = self.books.directory.clone();
        Snapshot::from_parts(directory, self.now(), accounts.to_vec(), self.markets.clone())
    }

    /// The expiry of a slot of `account`: underlying index and state; `None` for a free slot.
    pub fn expiry_of(&self, account: &MarginAccount, slot: usize) -> Option<((u16, i64), &Expiry)> {
        let slot = account.expiries.get(slot).filter(|slot| slot.expiry != 0)?;
        let underlying = *account.underlyings.get(usize::from(slot.underlying_slot))?;
        let key = (underlying, slot.expiry);
        self.books.expiries.get(&key).map(|expiry| (key, expiry))
    }
}
