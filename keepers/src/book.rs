//! Every account of one clearinghouse at one moment.

use plimsoll::state::{Collateral, Expiry, MarginAccount, OracleState, RiskRows, Underlying};
use plimsoll_client::address;
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
    /// Underlyings, oracles, expiries and collateral as stored; with an account in portfolio mode the open risk rows of
    /// what is held.
    pub markets: MarketData,
}

impl Book {
    /// Loads everything of `clearinghouse`. Errors: `Missing`, `Decode`, transport: a book is whole or not there.
    pub fn load(ledger: &(impl Ledger + ?Sized), clearinghouse: &Pubkey) -> Result<Self, LedgerError> {
        let mut books = Books::load(ledger, clearinghouse)?;
        let markets = books.load_markets(ledger)?;
        let book = Self { books, markets };
        book.check_whole()?;
        Ok(book)
    }

    /// Every market account is there and of its type, every margin account stands at its own address. A node that says
    /// otherwise would have the keeper leave accounts out of its plan in silence.
    fn check_whole(&self) -> Result<(), LedgerError> {
        let directory = &self.books.directory;
        for index in directory.underlyings.keys() {
            let underlying = directory.underlying(*index);
            self.markets.require::<Underlying>(&underlying)?;
            self.markets.require::<OracleState>(&address::oracle(&underlying))?;
        }
        for (index, time) in self.books.expiries.keys() {
            self.markets.require::<Expiry>(&directory.expiry(*index, *time))?;
        }
        for (index, time) in &directory.rows {
            self.markets.require::<RiskRows>(&directory.rows_of(*index, *time))?;
        }
        for collateral in directory.collaterals.values() {
            self.markets.require::<Collateral>(&address::collateral(&directory.address, &collateral.mint))?;
        }
        for (address, account) in &self.books.accounts {
            let own = address::of_margin_account(account);
            if own != *address {
                return Err(LedgerError::Transport(format!("the account at {address} is that of {own}")));
            }
        }
        Ok(())
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
        let key = account.expiry_at(slot)?;
        self.books.expiries.get(&key).map(|expiry| (key, expiry))
    }
}
