//! The market set: every underlying, expiry and collateral that the margin accounts of an instruction depend on.
//!
//! It stands in the remaining accounts, without gaps or leftovers:
//! 1. for each underlying by ascending index: `Underlying`, `OracleState`;
//! 2. for each expiry by ascending (underlying index, expiry time): `Expiry`;
//! 3. for each collateral by ascending index: `Collateral`;
//! 4. if they shall be used, `RiskRows` of expiries of the set, in any order. Only portfolio mode reads them.
//!
//! The underlyings are those of held expiries, those that price held collateral, and, if anything is held at all, the
//! one that prices the quote token. Because the set is derived from the accounts, no caller can leave out, repeat or
//! replace what an account holds.

use std::cell::{Cell, Ref, RefMut};

use anchor_lang::prelude::*;
use anchor_lang::ZeroCopy;
use plimsoll_core::math::fixed::mul_div_up;
use plimsoll_core::oracle::{self, Action, DEAD_AFTER_SECONDS, SILENT_AFTER_SECONDS};
use plimsoll_core::units::{Price, Ratio, Vol};

use crate::constants::INDEX_NONE;
use crate::error::{ensure, oracle_refused, refuse, refused, PlimsollError, Refusal, Result};
use crate::loaders::{is_a, known, known_mut, typed, Layout};
use crate::portfolio::{rows, HeldRows};
use crate::state::{Clearinghouse, Collateral, Expiry, MarginAccount, OracleState, RiskRows, Underlying};

/// Most underlyings of one instruction: two full accounts, what prices their collateral, and the quote token.
const UNDERLYINGS_MAX: usize = 24;
/// Most expiries of one instruction: two full accounts and a traded expiry.
const EXPIRIES_MAX: usize = 25;
/// Most collaterals of one instruction: two full accounts.
const COLLATERALS_MAX: usize = 16;

/// What the market set of an instruction must hold.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// The margin accounts that are evaluated.
    pub accounts: &'s [&'s MarginAccount],
    /// An expiry that is traded: underlying index, expiry time.
    pub expiry: Option<(u16, i64)>,
    /// A collateral that is sold.
    pub collateral: Option<u16>,
}

impl<'s> Scope<'s> {
    /// The scope of margin accounts alone.
    pub const fn of(accounts: &'s [&'s MarginAccount]) -> Self {
        Self { accounts, expiry: None, collateral: None }
    }
}

/// A small ascending set.
struct Ascending<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T: Copy + Ord, const N: usize> Ascending<T, N> {
    const fn new(filler: T) -> Self {
        Self { items: [filler; N], len: 0 }
    }

    fn as_slice(&self) -> &[T] {
        self.items.get(..self.len).unwrap_or(&[])
    }

    fn place(&self, item: T) -> Option<usize> {
        self.as_slice().iter().position(|known| *known == item)
    }

    /// Adds `item` once, in its place. Errors: `MarketTooWide`.
    fn insert(&mut self, item: T) -> Result<()> {
        let at = self.as_slice().iter().position(|known| *known >= item).unwrap_or(self.len);
        if self.as_slice().get(at) == Some(&item) {
            return Ok(());
        }
        let end = self.len.saturating_add(1);
        let tail = self.items.get_mut(at..end).ok_or_else(|| refused(PlimsollError::MarketTooWide))?;
        tail.rotate_right(1);
        *tail.first_mut().ok_or_else(|| refused(PlimsollError::MarketTooWide))? = item;
        self.len = end;
        Ok(())
    }
}

/// The verified market set of an instruction.
pub struct Markets<'a, 'info> {
    underlyings: Ascending<u16, UNDERLYINGS_MAX>,
    expiries: Ascending<(u16, i64), EXPIRIES_MAX>,
    collaterals: Ascending<u16, COLLATERALS_MAX>,
    underlying_infos: &'a [AccountInfo<'info>],
    expiry_infos: &'a [AccountInfo<'info>],
    collateral_infos: &'a [AccountInfo<'info>],
    rows_infos: &'a [AccountInfo<'info>],
    stable: u16,
    /// Collateral that is sold, [`INDEX_NONE`] if none.
    sold: u16,
    /// Volatility by expiry once it was asked for, else zero: several accounts are valued at it in one instruction.
    volatilities: [Cell<Vol>; EXPIRIES_MAX],
    /// Kernel prices that the instruction's checks in portfolio mode have taken.
    prices: Cell<usize>,
}

impl<'a, 'info> Markets<'a, 'info> {
    /// Verifies that `remaining` is exactly the market set of `scope` in `clearinghouse` (at address `key`).
    ///
    /// Every account: owner, discriminator, layout version, parent and id; an account of this program with the right
    /// type, parent and id can only be the one at that address.
    /// Errors: `MarketCount`, `MarketType`, `MarketMismatch`, `MarketTooWide`.
    #[inline(never)]
    pub fn load(
        clearinghouse: &Clearinghouse,
        key: &Pubkey,
        scope: &Scope,
        remaining: &'a [AccountInfo<'info>],
    ) -> Result<Self> {
        let mut markets = Self {
            underlyings: Ascending::new(INDEX_NONE),
            expiries: Ascending::new((INDEX_NONE, 0)),
            collaterals: Ascending::new(INDEX_NONE),
            underlying_infos: &[],
            expiry_infos: &[],
            collateral_infos: &[],
            rows_infos: &[],
            stable: INDEX_NONE,
            sold: scope.collateral.unwrap_or(INDEX_NONE),
            volatilities: [const { Cell::new(Vol::ZERO) }; EXPIRIES_MAX],
            prices: Cell::new(0),
        };
        markets.collect(scope)?;
        let remaining = markets.split_rows(remaining);
        markets.split(remaining)?;
        markets.check_collaterals(key)?;
        markets.add_stable(clearinghouse)?;
        markets.check_count(remaining.len())?;
        markets.check_underlyings(key)?;
        markets.check_expiries()?;
        markets.check_rows()?;
        Ok(markets)
    }

    /// What the accounts hold.
    fn collect(&mut self, scope: &Scope) -> Result<()> {
        for account in scope.accounts {
            for (index, expiry) in account.held_expiries() {
                ensure(index != INDEX_NONE, PlimsollError::UnknownSeries)?;
                self.underlyings.insert(index)?;
                self.expiries.insert((index, expiry))?;
            }
            for slot in account.collaterals.iter().filter(|slot| slot.amount > 0) {
                self.collaterals.insert(slot.index)?;
            }
        }
        if let Some((underlying, expiry)) = scope.expiry {
            self.underlyings.insert(underlying)?;
            self.expiries.insert((underlying, expiry))?;
        }
        if let Some(collateral) = scope.collateral {
            self.collaterals.insert(collateral)?;
        }
        Ok(())
    }

    /// Takes the risk rows off the end; returns the rest.
    fn split_rows(&mut self, remaining: &'a [AccountInfo<'info>]) -> &'a [AccountInfo<'info>] {
        let rows = remaining.iter().rev().take_while(|info| is_a::<RiskRows>(info)).count();
        let (rest, rows) = remaining.split_at_checked(remaining.len().saturating_sub(rows)).unwrap_or((remaining, &[]));
        self.rows_infos = rows;
        rest
    }

    /// Cuts the accounts into their three parts, from the end: the first part's length is known last.
    fn split(&mut self, remaining: &'a [AccountInfo<'info>]) -> Result<()> {
        let collaterals = remaining.len().checked_sub(self.collaterals.len);
        let (rest, collateral_infos) = collaterals
            .and_then(|at| remaining.split_at_checked(at))
            .ok_or_else(|| count_refused(remaining.len(), self.collaterals.len))?;
        let expiries = rest.len().checked_sub(self.expiries.len);
        let (underlying_infos, expiry_infos) = expiries
            .and_then(|at| rest.split_at_checked(at))
            .ok_or_else(|| count_refused(rest.len(), self.expiries.len))?;
        self.collateral_infos = collateral_infos;
        self.expiry_infos = expiry_infos;
        self.underlying_infos = underlying_infos;
        Ok(())
    }

    /// Collaterals in order; adds the underlyings that price them.
    fn check_collaterals(&mut self, clearinghouse: &Pubkey) -> Result<()> {
        for (index, info) in self.collaterals.as_slice().iter().zip(self.collateral_infos) {
            let collateral = of_type::<Collateral>(info)?;
            let same = collateral.clearinghouse == *clearinghouse && collateral.index == *index;
            ensure(same, PlimsollError::MarketMismatch)?;
            if collateral.priced_by != INDEX_NONE {
                self.underlyings.insert(collateral.priced_by)?;
            }
        }
        Ok(())
    }

    /// The quote token's own price counts as soon as an account holds anything but cash.
    fn add_stable(&mut self, clearinghouse: &Clearinghouse) -> Result<()> {
        let holds = self.expiries.len > 0 || self.collaterals.len > 0;
        if holds && clearinghouse.stable_underlying != INDEX_NONE {
            self.stable = clearinghouse.stable_underlying;
            self.underlyings.insert(self.stable)?;
        }
        Ok(())
    }

    fn check_count(&self, given: usize) -> Result<()> {
        let pairs = self.underlyings.len.saturating_mul(2);
        if self.underlying_infos.len() == pairs {
            return Ok(());
        }
        let needed = pairs.saturating_add(self.expiries.len).saturating_add(self.collaterals.len);
        Err(count_refused(given, needed))
    }

    fn check_underlyings(&self, clearinghouse: &Pubkey) -> Result<()> {
        for (index, pair) in self.underlyings.as_slice().iter().zip(self.underlying_infos.chunks_exact(2)) {
            let [first, second] = pair else { return Err(refused(PlimsollError::MarketMismatch)) };
            let underlying = of_type::<Underlying>(first)?;
            let oracle = of_type::<OracleState>(second)?;
            let same = underlying.clearinghouse == *clearinghouse
                && underlying.index == *index
                && oracle.underlying == *first.key;
            ensure(same, PlimsollError::MarketMismatch)?;
        }
        Ok(())
    }

    fn check_expiries(&self) -> Result<()> {
        for ((index, time), info) in self.expiries.as_slice().iter().zip(self.expiry_infos) {
            let expiry = of_type::<Expiry>(info)?;
            let parent = self.underlying_info(*index, 0)?;
            let same = expiry.underlying == *parent.key && expiry.expiry == *time;
            ensure(same, PlimsollError::MarketMismatch)?;
        }
        Ok(())
    }

    /// Rows of an expiry that the set does not hold would never be read: a mistake of the caller.
    fn check_rows(&self) -> Result<()> {
        for info in self.rows_infos {
            let expiry = rows(info)?.expiry;
            ensure(self.expiry_infos.iter().any(|info| *info.key == expiry), PlimsollError::MarketMismatch)?;
        }
        Ok(())
    }

    /// The underlying's account (`part` 0) or its oracle (1).
    fn underlying_info(&self, index: u16, part: usize) -> Result<&'a AccountInfo<'info>> {
        let place = self.underlyings.place(index).and_then(|at| at.checked_mul(2)?.checked_add(part));
        let info = place.and_then(|at| self.underlying_infos.get(at));
        info.ok_or_else(|| refused(PlimsollError::MarketMismatch))
    }

    fn expiry_info(&self, underlying: u16, expiry: i64) -> Result<&'a AccountInfo<'info>> {
        let info = self.expiries.place((underlying, expiry)).and_then(|at| self.expiry_infos.get(at));
        info.ok_or_else(|| refused(PlimsollError::MarketMismatch))
    }

    /// The underlying with this index. Errors: `MarketMismatch` if it is not in the set.
    pub fn underlying(&self, index: u16) -> Result<Ref<'a, Underlying>> {
        known(self.underlying_info(index, 0)?)
    }

    /// The oracle state of that underlying. Errors: `MarketMismatch` if it is not in the set.
    pub fn oracle(&self, index: u16) -> Result<Ref<'a, OracleState>> {
        known(self.underlying_info(index, 1)?)
    }

    /// The expiry, for reading. Errors: `MarketMismatch` if it is not in the set.
    pub fn expiry(&self, underlying: u16, expiry: i64) -> Result<Ref<'a, Expiry>> {
        known(self.expiry_info(underlying, expiry)?)
    }

    /// The expiry, for writing. Errors: `MarketMismatch` if it is not in the set, `MarketNotWritable`.
    pub fn expiry_mut(&self, underlying: u16, expiry: i64) -> Result<RefMut<'a, Expiry>> {
        let info = self.expiry_info(underlying, expiry)?;
        ensure(info.is_writable, PlimsollError::MarketNotWritable)?;
        known_mut(info)
    }

    /// The risk rows of the expiry, if they were passed. Errors: `MarketMismatch` if the expiry is not in the set.
    pub fn rows(&self, underlying: u16, expiry: i64) -> Result<Option<HeldRows<'a>>> {
        let expiry = self.expiry_info(underlying, expiry)?;
        for info in self.rows_infos {
            if rows(info)?.expiry == *expiry.key {
                return HeldRows::new(info, &*known::<Expiry>(expiry)?).map(Some);
            }
        }
        Ok(None)
    }

    /// Counts `prices` more kernel prices; returns how many there are.
    pub fn prices_taken(&self, prices: usize) -> usize {
        self.prices.set(self.prices.get().saturating_add(prices));
        self.prices.get()
    }

    /// Volatility of the expiry (`key`: underlying index, expiry time), from `compute` the first time.
    pub fn volatility(&self, key: (u16, i64), compute: impl FnOnce() -> Vol) -> Vol {
        let Some(known) = self.expiries.place(key).and_then(|at| self.volatilities.get(at)) else { return compute() };
        if known.get() == Vol::ZERO {
            known.set(compute());
        }
        known.get()
    }

    /// Address of the expiry. Errors: `MarketMismatch` if it is not in the set.
    pub fn expiry_key(&self, underlying: u16, expiry: i64) -> Result<Pubkey> {
        self.expiry_info(underlying, expiry).map(|info| *info.key)
    }

    /// The collateral with this index. Errors: `MarketMismatch` if it is not in the set.
    pub fn collateral(&self, index: u16) -> Result<Ref<'a, Collateral>> {
        let info = self.collaterals.place(index).and_then(|at| self.collateral_infos.get(at));
        known(info.ok_or_else(|| refused(PlimsollError::MarketMismatch))?)
    }

    /// Whether `action` may use every price of the set at `now`. A price that values held collateral alone stops nothing
    /// once it is dead, and no liquidation once it is silent. Errors: the first price's refusal.
    pub fn check_prices(&self, action: Action, now: i64) -> Result<()> {
        for index in self.underlyings.as_slice() {
            let underlying = self.underlying(*index)?;
            let oracle = self.oracle(*index)?;
            let rules = underlying.oracle_parameters.rules();
            if let Err(refusal) = oracle::check(action, oracle.price.rules(), now, rules) {
                let age = if action == Action::Liquidate { SILENT_AFTER_SECONDS } else { DEAD_AFTER_SECONDS };
                if !self.is_idle(*index, now, age)? {
                    return Err(oracle_refused(refusal));
                }
            }
        }
        Ok(())
    }

    /// Whether the price of underlying `index` is dead, and with it the collateral it values. Errors:
    /// `MarketMismatch` if it is not in the set.
    pub fn is_dead(&self, index: u16, now: i64) -> Result<bool> {
        self.is_idle(index, now, DEAD_AFTER_SECONDS)
    }

    /// Whether the price of collateral `index` is dead. Errors: `MarketMismatch` if it is not in the set.
    pub fn is_worthless(&self, index: u16, now: i64) -> Result<bool> {
        let priced_by = self.collateral(index)?.priced_by;
        Ok(priced_by != INDEX_NONE && self.is_dead(priced_by, now)?)
    }

    /// Whether the price of underlying `index` is missing or older than `age` seconds, and values collateral that is
    /// merely held: no leg, no sale and not the quote token. Errors: `MarketMismatch` if it is not in the set.
    #[inline(never)]
    pub fn is_idle(&self, index: u16, now: i64, age: i64) -> Result<bool> {
        if !oracle::is_older(self.oracle(index)?.price.rules(), now, age) {
            return Ok(false);
        }
        let traded = self.expiries.as_slice().iter().any(|(underlying, _)| *underlying == index);
        let sold = self.sold != INDEX_NONE && self.collateral(self.sold)?.priced_by == index;
        Ok(!traded && !sold && self.stable != index)
    }

    /// Whether a price of the set that is not dead is too old for anything but trades that reduce both sides.
    pub fn is_stale(&self, now: i64) -> Result<bool> {
        for index in self.underlyings.as_slice() {
            let underlying = self.underlying(*index)?;
            let oracle = self.oracle(*index)?;
            let stale = oracle::is_stale(oracle.price.rules(), now, underlying.oracle_parameters.rules());
            if stale && !self.is_dead(*index, now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lower and higher price of one whole token in quote, accepted and, while it walks, raw: its price in USD
    /// (`priced_by`: underlying index, [`INDEX_NONE`] one USD) over that of the quote token, rounded up.
    ///
    /// Errors: `MarketMismatch`, `PriceMissing`, `Overflow`.
    pub fn quote_prices(&self, priced_by: u16) -> Result<(Price, Price)> {
        let one = i64::from(Ratio::ONE.0);
        let (mut accepted, mut raw) = (one, one);
        if priced_by != INDEX_NONE {
            let oracle = self.oracle(priced_by)?;
            accepted = oracle.price.price;
            raw = oracle.price.rules().walking_to().map_or(accepted, |price| price.0);
        }
        ensure(accepted.min(raw) > 0, PlimsollError::PriceMissing)?;
        let stable = i64::from(self.stable_price()?.0);
        let in_quote =
            |usd: i64| mul_div_up(usd, one, stable).map(Price).ok_or_else(|| refused(PlimsollError::Overflow));
        Ok((in_quote(accepted.min(raw))?, in_quote(accepted.max(raw))?))
    }

    /// USD price of one quote token; one if the clearinghouse names no underlying for it or nothing is held.
    ///
    /// Errors: `PriceMissing` before the first accepted price.
    pub fn stable_price(&self) -> Result<Ratio> {
        if self.stable == INDEX_NONE {
            return Ok(Ratio::ONE);
        }
        let price = self.oracle(self.stable)?.price.price;
        ensure(price > 0, PlimsollError::PriceMissing)?;
        // A price is in millionths of a USD per whole token: the ratio itself.
        Ok(Ratio(u32::try_from(price).map_err(|_| refused(PlimsollError::OutOfDomain))?))
    }
}

/// [`typed`], with the error that says where the account stands.
fn of_type<'a, T: ZeroCopy + Layout>(info: &'a AccountInfo) -> Result<Ref<'a, T>> {
    typed(info).map_err(|_| refused(PlimsollError::MarketType))
}

fn count_refused(given: usize, needed: usize) -> Refusal {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    refuse(PlimsollError::MarketCount, number(given), number(needed))
}
