//! The market set: the remaining accounts of every instruction that evaluates margin, built here and nowhere else.
//!
//! Order and content are those of the program's own retriever: underlyings with their oracles, expiries, collateral,
//! each ascending, none missing, none left over.

use std::collections::BTreeSet;

use plimsoll::constants::INDEX_NONE;
use plimsoll::markets::Scope;
use plimsoll::state::MarginAccount;
use solana_program::{instruction::AccountMeta, pubkey::Pubkey};

use crate::address;
use crate::directory::Directory;
use crate::error::LedgerError;

/// Which expiries of the set an instruction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// None.
    Nothing,
    /// This one: underlying index, expiry time.
    One(u16, i64),
    /// All.
    All,
}

/// What one or more margin accounts depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketSet {
    /// Underlyings by index.
    pub underlyings: BTreeSet<u16>,
    /// Expiries by underlying index and time.
    pub expiries: BTreeSet<(u16, i64)>,
    /// Collateral by index.
    pub collaterals: BTreeSet<u16>,
}

impl MarketSet {
    /// The union of what `accounts` hold. Errors: `Build` for collateral that `directory` does not list (load it
    /// again).
    pub fn of(directory: &Directory, accounts: &[&MarginAccount]) -> Result<Self, LedgerError> {
        let mut set = Self::default();
        for account in accounts {
            for slot in account.expiries.iter().filter(|slot| slot.expiry != 0) {
                let index = account.underlyings.get(usize::from(slot.underlying_slot)).copied();
                set.expiries.insert((index.unwrap_or(INDEX_NONE), slot.expiry));
            }
            set.collaterals.extend(account.collaterals.iter().filter(|s| s.amount > 0).map(|s| s.index));
        }
        set.close(directory)
    }

    /// The set of the program's own description of it. Errors: as [`MarketSet::of`].
    pub fn of_scope(directory: &Directory, scope: &Scope) -> Result<Self, LedgerError> {
        let mut set = Self::of(directory, scope.accounts)?;
        set.expiries.extend(scope.expiry);
        set.collaterals.extend(scope.collateral);
        set.close(directory)
    }

    /// The set with an expiry added. Errors: as [`MarketSet::of`].
    pub fn with_expiry(mut self, directory: &Directory, underlying: u16, expiry: i64) -> Result<Self, LedgerError> {
        self.expiries.insert((underlying, expiry));
        self.close(directory)
    }

    /// The set with a collateral added. Errors: as [`MarketSet::of`].
    pub fn with_collateral(mut self, directory: &Directory, collateral: u16) -> Result<Self, LedgerError> {
        self.collaterals.insert(collateral);
        self.close(directory)
    }

    /// Adds the underlyings that the expiries and the collateral bring along.
    fn close(mut self, directory: &Directory) -> Result<Self, LedgerError> {
        self.underlyings.extend(self.expiries.iter().map(|(underlying, _)| *underlying));
        for index in &self.collaterals {
            let collateral = directory.collateral(*index)?;
            self.underlyings.extend(Some(collateral.priced_by).filter(|index| *index != INDEX_NONE));
        }
        if !self.expiries.is_empty() || !self.collaterals.is_empty() {
            self.underlyings.extend(directory.stable_underlying());
        }
        Ok(self)
    }

    /// The account list. Errors: `Build` for collateral that `directory` does not list.
    pub fn metas(&self, directory: &Directory, written: Written) -> Result<Vec<AccountMeta>, LedgerError> {
        let mut metas = Vec::new();
        for index in &self.underlyings {
            let underlying = directory.underlying(*index);
            metas.push(AccountMeta::new_readonly(underlying, false));
            metas.push(AccountMeta::new_readonly(address::oracle(&underlying), false));
        }
        for (underlying, expiry) in &self.expiries {
            let address = directory.expiry(*underlying, *expiry);
            let writes = match written {
                Written::Nothing => false,
                Written::One(one, time) => (one, time) == (*underlying, *expiry),
                Written::All => true,
            };
            metas.push(if writes {
                AccountMeta::new(address, false)
            } else {
                AccountMeta::new_readonly(address, false)
            });
        }
        for index in &self.collaterals {
            let mint = directory.collateral(*index)?.mint;
            metas.push(AccountMeta::new_readonly(address::collateral(&directory.address, &mint), false));
        }
        Ok(metas)
    }

    /// The addresses, in the order of the account list. Errors: as [`MarketSet::metas`].
    pub fn addresses(&self, directory: &Directory) -> Result<Vec<Pubkey>, LedgerError> {
        Ok(self.metas(directory, Written::Nothing)?.into_iter().map(|meta| meta.pubkey).collect())
    }
}
