//! Margin of accounts from fetched data: the program's own valuation, run here on the same bytes.
//!
//! [`MarketData`] holds the market accounts as the chain stores them. [`MarketData::value`] hands them to the program's
//! retriever and view builder, so that a client cannot value an account differently from the program.

use std::collections::HashMap;
use std::sync::Arc;

use anchor_lang::prelude::AccountInfo;
use plimsoll::margin::Valuation;
use plimsoll::markets::{Markets, Scope};
use plimsoll::state::MarginAccount;
use plimsoll_core::margin::Balances;
use solana_program::pubkey::Pubkey;

use crate::decode::State;
use crate::directory::Directory;
use crate::error::LedgerError;
use crate::ledger::{Ledger, LedgerExt};
use crate::markets::MarketSet;

/// Account data whose first byte is 8-byte aligned, as the program's zero-copy reads need it.
#[derive(Clone, Debug, Default)]
struct Aligned {
    words: Vec<u64>,
    len: usize,
}

impl Aligned {
    fn new(data: &[u8]) -> Self {
        let mut aligned = Self { words: vec![0; data.len().div_ceil(8)], len: data.len() };
        aligned.bytes_mut().copy_from_slice(data);
        aligned
    }

    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.len]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut bytemuck::cast_slice_mut(&mut self.words)[..len]
    }
}

/// Market accounts (underlyings, oracles, expiries, collateral) by address, as fetched. A clone shares them: a keeper
/// values thousands of accounts on the same ones.
#[derive(Clone, Debug, Default)]
pub struct MarketData {
    accounts: Arc<HashMap<Pubkey, Aligned>>,
}

impl MarketData {
    /// Fetches `addresses`; those without an account are left out. Errors: transport.
    pub fn load(ledger: &(impl Ledger + ?Sized), addresses: &[Pubkey]) -> Result<Self, LedgerError> {
        let mut data = Self::default();
        for (address, account) in addresses.iter().zip(ledger.accounts(addresses)?) {
            if let Some(account) = account.filter(|account| account.owner == plimsoll::ID) {
                data.insert(*address, &account.data);
            }
        }
        Ok(data)
    }

    /// Puts in or replaces one account's data; the caller knows that the program owns it.
    pub fn insert(&mut self, address: Pubkey, data: &[u8]) {
        Arc::make_mut(&mut self.accounts).insert(address, Aligned::new(data));
    }

    /// Whether the account at `address` is there.
    pub fn contains(&self, address: &Pubkey) -> bool {
        self.accounts.contains_key(address)
    }

    /// The data of the account at `address`, 8-byte aligned.
    pub fn data(&self, address: &Pubkey) -> Option<&[u8]> {
        self.accounts.get(address).map(Aligned::bytes)
    }

    /// The account at `address`, decoded; `None` if it is not here or not of this type.
    pub fn decode<T: State>(&self, address: &Pubkey) -> Option<T> {
        self.require(address).ok()
    }

    /// The account at `address`, decoded. Errors: `Missing` if it is not here; `Decode` if it is not of this type.
    pub fn require<T: State>(&self, address: &Pubkey) -> Result<T, LedgerError> {
        let missing = LedgerError::Missing { kind: T::NAME, address: *address };
        Ok(T::decode_data(address, self.accounts.get(address).ok_or(missing)?.bytes())?)
    }

    /// Runs `f` with the program's valuation of `scope` at `now`, unix seconds.
    ///
    /// Errors: `Missing` for a market account that is not here; `Rules` for what the program refuses.
    pub fn value<T>(
        &self,
        directory: &Directory,
        scope: &Scope,
        now: i64,
        f: impl FnOnce(&Valuation) -> plimsoll::error::Result<T>,
    ) -> Result<T, LedgerError> {
        let keys = MarketSet::of_scope(directory, scope)?.addresses(directory)?;
        let find = |key: &Pubkey| {
            let missing = LedgerError::Missing { kind: "market account", address: *key };
            self.accounts.get(key).cloned().ok_or(missing)
        };
        let mut buffers = keys.iter().map(find).collect::<Result<Vec<Aligned>, LedgerError>>()?;
        let mut lamports = vec![1u64; keys.len()];
        let infos: Vec<AccountInfo> = keys
            .iter()
            .zip(lamports.iter_mut().zip(buffers.iter_mut()))
            .map(|(key, (lamports, data))| {
                AccountInfo::new(key, false, false, lamports, data.bytes_mut(), &plimsoll::ID, false)
            })
            .collect();
        let markets = Markets::load(&directory.clearinghouse, &directory.address, scope, &infos)?;
        let parameters = &directory.clearinghouse.parameters;
        Ok(f(&Valuation::new(&markets, parameters, now).of_any_size())?)
    }

    /// Balances of `account` at `now`. Errors: as [`MarketData::value`].
    pub fn balances(&self, directory: &Directory, account: &MarginAccount, now: i64) -> Result<Balances, LedgerError> {
        self.value(directory, &Scope::of(&[account]), now, |valuation| valuation.balances(account))
    }
}

/// Margin accounts with everything their balances depend on, at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the clearinghouse lists.
    pub directory: Directory,
    /// Clock: unix seconds.
    pub now: i64,
    /// The accounts, in the order asked.
    pub accounts: Vec<MarginAccount>,
    /// The market accounts.
    pub markets: MarketData,
    expiry: Option<(u16, i64)>,
    collateral: Option<u16>,
}

impl Snapshot {
    /// Loads the margin accounts at `addresses` with their market set. Errors: `Missing`, `Decode`, transport.
    pub fn load(
        ledger: &(impl Ledger + ?Sized),
        directory: &Directory,
        addresses: &[Pubkey],
    ) -> Result<Self, LedgerError> {
        Self::load_with(ledger, directory, addresses, None, None)
    }

    /// The same with an expiry that is to be traded (underlying index, time) or a collateral that is to be sold. An
    /// expiry that is not listed is left out.
    pub fn load_with(
        ledger: &(impl Ledger + ?Sized),
        directory: &Directory,
        addresses: &[Pubkey],
        expiry: Option<(u16, i64)>,
        collateral: Option<u16>,
    ) -> Result<Self, LedgerError> {
        Self::of_accounts(ledger, directory, ledger.load_many::<MarginAccount>(addresses)?, expiry, collateral)
    }

    /// The same for `accounts` that are already here, as they are or as they might be.
    pub fn of_accounts(
        ledger: &(impl Ledger + ?Sized),
        directory: &Directory,
        accounts: Vec<MarginAccount>,
        expiry: Option<(u16, i64)>,
        collateral: Option<u16>,
    ) -> Result<Self, LedgerError> {
        let now = ledger.now()?;
        let markets = MarketData::default();
        let mut snapshot = Self { directory: directory.clone(), now, accounts, markets, expiry, collateral };
        let held: Vec<&MarginAccount> = snapshot.accounts.iter().collect();
        snapshot.directory.find_rows(ledger, &held, expiry)?;
        let keys =
            snapshot.scoped(|scope| MarketSet::of_scope(&snapshot.directory, scope))?.addresses(&snapshot.directory)?;
        snapshot.markets = MarketData::load(ledger, &keys)?;
        Ok(snapshot)
    }

    /// From accounts and market data that are already here, as a keeper holds them.
    pub fn from_parts(directory: Directory, now: i64, accounts: Vec<MarginAccount>, markets: MarketData) -> Self {
        Self { directory, now, accounts, markets, expiry: None, collateral: None }
    }

    /// The same with `collateral` to be sold: its price must be as young as for any liquidation.
    pub fn selling(self, collateral: u16) -> Self {
        Self { collateral: Some(collateral), ..self }
    }

    /// Account number `index` of the snapshot. Errors: `Build` beyond its end.
    pub fn account(&self, index: usize) -> Result<&MarginAccount, LedgerError> {
        self.accounts.get(index).ok_or_else(|| LedgerError::Build(format!("no account {index} in the snapshot")))
    }

    fn scoped<T>(&self, f: impl FnOnce(&Scope) -> T) -> T {
        let accounts: Vec<&MarginAccount> = self.accounts.iter().collect();
        f(&Scope { accounts: &accounts, expiry: self.expiry, collateral: self.collateral })
    }

    /// Runs `f` with the program's valuation. Errors: as [`MarketData::value`].
    pub fn value<T>(&self, f: impl FnOnce(&Valuation) -> plimsoll::error::Result<T>) -> Result<T, LedgerError> {
        self.scoped(|scope| self.markets.value(&self.directory, scope, self.now, f))
    }

    /// Balances of account number `index`. Errors: as [`MarketData::value`].
    pub fn balances(&self, index: usize) -> Result<Balances, LedgerError> {
        let account = self.account(index)?;
        self.value(|valuation| valuation.balances(account))
    }
}
