//! What a clearinghouse lists: loaded once, reused by everything that builds instructions for it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::constants::INDEX_NONE;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::{Clearinghouse, Collateral, MarginAccount, RiskRows, Underlying};
use solana_program::pubkey::Pubkey;

use crate::address;
use crate::decode::State;
use crate::error::LedgerError;
use crate::ledger::{AccountFilter, Ledger, LedgerExt};

/// A clearinghouse with its underlyings and collateral by index. Prices are not part of it: they live in the oracle
/// states and are loaded when needed.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Address of the clearinghouse.
    pub address: Pubkey,
    /// The clearinghouse.
    pub clearinghouse: Clearinghouse,
    /// Underlyings by index.
    pub underlyings: BTreeMap<u16, Underlying>,
    /// Collateral by index.
    pub collaterals: BTreeMap<u16, Collateral>,
    /// Expiries whose risk rows are known to be open, by underlying index and time: those that were looked for.
    pub rows: BTreeSet<(u16, i64)>,
}

impl Directory {
    /// Loads the clearinghouse at `address` with all it lists. Errors: `Missing`, `Decode`, transport.
    pub fn load(ledger: &(impl Ledger + ?Sized), address: &Pubkey) -> Result<Self, LedgerError> {
        let clearinghouse: Clearinghouse = ledger.load(address)?;
        let addresses: Vec<Pubkey> =
            (0..clearinghouse.next_underlying).map(|index| address::underlying(address, index)).collect();
        let underlyings = ledger.load_many::<Underlying>(&addresses)?;
        let filter =
            AccountFilter::all::<Collateral>().with_key(std::mem::offset_of!(Collateral, clearinghouse), address);
        let collaterals = match clearinghouse.next_collateral {
            0 => Vec::new(),
            _ => ledger.load_all::<Collateral>(&filter)?,
        };
        Ok(Self {
            address: *address,
            clearinghouse,
            underlyings: underlyings.into_iter().map(|u| (u.index, u)).collect(),
            collaterals: collaterals.into_iter().map(|(_, c)| (c.index, c)).collect(),
            rows: BTreeSet::new(),
        })
    }

    /// Looks for open risk rows of what `accounts` hold, and of `expiry` if there is one; without a portfolio account
    /// among them nothing needs rows. Errors: transport.
    pub fn find_rows(
        &mut self,
        ledger: &(impl Ledger + ?Sized),
        accounts: &[&MarginAccount],
        expiry: Option<(u16, i64)>,
    ) -> Result<(), LedgerError> {
        let wanted = rows_wanted(accounts, expiry);
        if wanted.is_empty() {
            return Ok(());
        }
        let addresses: Vec<Pubkey> = wanted.iter().map(|(index, time)| self.rows_of(*index, *time)).collect();
        for ((held, address), account) in wanted.iter().zip(&addresses).zip(ledger.accounts(&addresses)?) {
            if account.is_some_and(|account| RiskRows::decode(address, &account).is_ok()) {
                self.rows.insert(*held);
            } else {
                self.rows.remove(held);
            }
        }
        Ok(())
    }

    /// Address of the risk rows of the expiry at `expiry` of the underlying with `index`.
    pub fn rows_of(&self, index: u16, expiry: i64) -> Pubkey {
        address::rows(&self.expiry(index, expiry))
    }

    /// The collateral with `index`. Errors: `Build` when it was listed after this directory was loaded.
    pub fn collateral(&self, index: u16) -> Result<&Collateral, LedgerError> {
        let unknown = || LedgerError::Build(format!("collateral {index} is not in the directory: load it again"));
        self.collaterals.get(&index).ok_or_else(unknown)
    }

    /// Address of the underlying with `index`.
    pub fn underlying(&self, index: u16) -> Pubkey {
        address::underlying(&self.address, index)
    }

    /// Address of the expiry at `expiry` of the underlying with `index`.
    pub fn expiry(&self, index: u16, expiry: i64) -> Pubkey {
        address::expiry(&self.underlying(index), expiry)
    }

    /// Index of the underlying that prices the quote token; `None`: it counts as 1 USD.
    pub fn stable_underlying(&self) -> Option<u16> {
        Some(self.clearinghouse.stable_underlying).filter(|index| *index != INDEX_NONE)
    }
}

/// The expiries whose risk rows may be of use where `accounts` are valued, one of them perhaps after a trade in
/// `expiry`: none without an account in portfolio mode.
pub fn rows_wanted(accounts: &[&MarginAccount], expiry: Option<(u16, i64)>) -> BTreeSet<(u16, i64)> {
    if !accounts.iter().any(|account| account.mode == MODE_PORTFOLIO) {
        return BTreeSet::new();
    }
    accounts.iter().flat_map(|account| account.held_expiries()).chain(expiry).collect()
}
