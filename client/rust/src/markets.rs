//! The market set: the remaining accounts of every instruction that evaluates margin, built here and nowhere else.
//!
//! Order and content are those of the program's own retriever: underlyings with their oracles, expiries, collateral,
//! each ascending, none missing, none left over; behind them the open risk rows of portfolio accounts.

use std::collections::BTreeSet;

use plimsoll::constants::INDEX_NONE;
use plimsoll::markets::Scope;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
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
    /// Expiries whose open risk rows come along: those of portfolio accounts.
    pub rows: BTreeSet<(u16, i64)>,
    /// Whether one of the accounts is in portfolio mode.
    portfolio: bool,
}

impl MarketSet {
    /// The union of what `accounts` hold. Errors: `Build` for collateral that `directory` does not list (load it
    /// again).
    pub fn of(directory: &Directory, accounts: &[&MarginAccount]) -> Result<Self, LedgerError> {
        let mut set = Self::default();
        for account in accounts {
            set.expiries.extend(account.held_expiries());
            if account.mode == MODE_PORTFOLIO {
                set.portfolio = true;
                set.rows.extend(account.held_expiries().filter(|held| directory.rows.contains(held)));
            }
            set.collaterals.extend(account.collaterals.iter().filter(|s| s.amount > 0).map(|s| s.index));
        }
        set.close(directory)
    }

    /// The same where legs may move from any of `accounts` to any other: one in portfolio mode can end with legs of
    /// every expiry. Errors: as [`MarketSet::of`].
    pub fn of_transfer(directory: &Directory, accounts: &[&MarginAccount]) -> Result<Self, LedgerError> {
        let mut set = Self::of(directory, accounts)?;
        if set.portfolio {
            set.rows.extend(set.expiries.iter().filter(|held| directory.rows.contains(held)));
        }
        Ok(set)
    }

    /// The set of the program's own description of it; without expiry and collateral several accounts are those of a
    /// transfer. Errors: as [`MarketSet::of`].
    pub fn of_scope(directory: &Directory, scope: &Scope) -> Result<Self, LedgerError> {
        let mut set = match (scope.expiry, scope.collateral) {
            (None, None) => Self::of_transfer(directory, scope.accounts)?,
            _ => Self::of(directory, scope.accounts)?,
        };
        set.collaterals.extend(scope.collateral);
        match scope.expiry {
            Some((underlying, expiry)) => set.with_expiry(directory, underlying, expiry),
            None => set.close(directory),
        }
    }

    /// The set with an expiry added. Errors: as [`MarketSet::of`].
    pub fn with_expiry(mut self, directory: &Directory, underlying: u16, expiry: i64) -> Result<Self, LedgerError> {
        self.expiries.insert((underlying, expiry));
        if self.portfolio && directory.rows.contains(&(underlying, expiry)) {
            self.rows.insert((underlying, expiry));
        }
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
        for (underlying, expiry) in &self.rows {
            metas.push(AccountMeta::new_readonly(directory.rows_of(*underlying, *expiry), false));
        }
        Ok(metas)
    }

    /// The addresses, in the order of the account list. Errors: as [`MarketSet::metas`].
    pub fn addresses(&self, directory: &Directory) -> Result<Vec<Pubkey>, LedgerError> {
        Ok(self.metas(directory, Written::Nothing)?.into_iter().map(|meta| meta.pubkey).collect())
    }
}
