//! Margin of one account: fills the rule book's views from the market set and returns its balances.

use std::cell::Ref;

use anchor_lang::prelude::*;
use plimsoll_core::correlation::{offset_share, Fading};
use plimsoll_core::margin::scenario::{kernel_prices, Offset, RowsStamp};
use plimsoll_core::margin::view::CollateralRules;
use plimsoll_core::margin::{
    self, Balances, Book, CollateralView, Drift, ExpiryView, Mode, PortfolioParameters, PortfolioView, ScenarioView,
    UnderlyingView,
};
use plimsoll_core::math::fixed::{power_of_ten, Bounded};
use plimsoll_core::oracle::{self, spot_confidence, DEAD_AFTER_SECONDS, SILENT_AFTER_SECONDS};
use plimsoll_core::position::OptionKind;
use plimsoll_core::settlement::{average, Average, SettlementTerms, WINDOW_SECONDS};
use plimsoll_core::units::{ContractSize, Price, Quote, Ratio, Vol};
use plimsoll_core::volatility::reference_volatility;

use crate::cash::after_interest;
use crate::constants::{FRESH_PRICES_MAX, INDEX_NONE, MAX_COLLATERALS, MAX_EXPIRIES, MAX_UNDERLYINGS};
use crate::error::{core_refused, ensure, refuse, refused, PlimsollError, Result};
use crate::markets::Markets;
use crate::portfolio::{scenario_view, stamp, usable, HeldRows};
use crate::state::margin_account::MODE_PORTFOLIO;
use crate::state::{
    ClearinghouseParameters, Collateral, CollateralSlot, Expiry, MarginAccount, OracleState, Underlying,
};

/// What a book is built for.
pub type WithBook<'f> = &'f mut dyn FnMut(&Book, &Mode) -> Result<()>;

/// Everything that values margin accounts at one moment.
#[derive(Clone, Copy)]
pub struct Valuation<'m, 'a, 'info> {
    /// The market set.
    pub markets: &'m Markets<'a, 'info>,
    /// Parameters of the clearinghouse.
    pub parameters: &'m ClearinghouseParameters,
    /// Clock: unix seconds.
    pub now: i64,
    /// Age from which a price that values held collateral alone makes it worth nothing, seconds.
    collateral_age: i64,
    /// Most kernel prices of one check in portfolio mode, and half of those of all.
    fresh_max: usize,
    /// For whom it counts what risk rows may have moved, and an offset that nobody sampled lately.
    drift: Drift,
}

/// An underlying with its oracle, borrowed.
struct Asset<'a> {
    index: u16,
    underlying: Ref<'a, Underlying>,
    oracle: Ref<'a, OracleState>,
}

impl Asset<'_> {
    /// The share of losses that this underlying and `peer` offset, if it is measured here. Where the account gains by the
    /// check it needs two prices that are young enough to raise risk at.
    fn offset_share(&self, peer: &Self, valuation: &Valuation) -> Option<Ratio> {
        let (rules, others) = (self.underlying.portfolio.rules(), peer.underlying.portfolio.rules());
        let mut measured = rules.correlation_peers.iter().zip(&self.oracle.correlations);
        let (_, state) = measured.find(|(index, _)| **index == peer.index)?;
        let fading = match valuation.drift {
            Drift::Charged if self.is_stale(valuation.now) || peer.is_stale(valuation.now) => return Some(Ratio(0)),
            Drift::Charged => Fading::OWN,
            Drift::Credited => Fading::OTHERS,
        };
        let margin = rules.correlation_margin.max(others.correlation_margin);
        let cap = rules.correlation_cap.min(others.correlation_cap);
        Some(offset_share(state.rules(), valuation.now, fading, (Ratio(margin), Ratio(cap))))
    }

    fn is_stale(&self, now: i64) -> bool {
        oracle::is_stale(self.oracle.price.rules(), now, self.underlying.oracle_parameters.rules())
    }
}

/// The underlyings of a book, in the book's order.
struct Assets<'a> {
    items: [Option<Asset<'a>>; MAX_UNDERLYINGS],
    len: u8,
}

impl<'a> Assets<'a> {
    fn place(&self, index: u16) -> Option<u8> {
        let known = |item: &Option<Asset>| item.as_ref().is_some_and(|asset| asset.index == index);
        self.items.iter().position(known).and_then(|at| u8::try_from(at).ok())
    }

    fn get(&self, at: u8) -> Result<&Asset<'a>> {
        let asset = self.items.get(usize::from(at)).and_then(Option::as_ref);
        asset.ok_or_else(|| refused(PlimsollError::UnknownSeries))
    }

    /// Adds the underlying unless it is there; `false` if there is no room.
    fn add(&mut self, index: u16, markets: &Markets<'a, '_>) -> Result<bool> {
        if self.place(index).is_some() {
            return Ok(true);
        }
        let Some(free) = self.items.get_mut(usize::from(self.len)) else { return Ok(false) };
        *free = Some(Asset { index, underlying: markets.underlying(index)?, oracle: markets.oracle(index)? });
        self.len = self.len.saturating_add(1);
        Ok(true)
    }
}

impl<'m, 'a, 'info> Valuation<'m, 'a, 'info> {
    /// Values at `now`.
    pub fn new(markets: &'m Markets<'a, 'info>, parameters: &'m ClearinghouseParameters, now: i64) -> Self {
        Self {
            markets,
            parameters,
            now,
            collateral_age: DEAD_AFTER_SECONDS,
            fresh_max: FRESH_PRICES_MAX,
            drift: Drift::Charged,
        }
    }

    /// The same for an account that takes on risk: collateral whose price is silent carries none.
    pub fn for_new_risk(&self) -> Self {
        Self { collateral_age: SILENT_AFTER_SECONDS, ..*self }
    }

    /// The same where others gain by a low balance: what risk rows may have moved counts for the account, and so does an
    /// offset for a week without a sample and at any price.
    pub fn credited(&self) -> Self {
        Self { drift: Drift::Credited, ..*self }
    }

    /// The same for a client, whom no compute budget binds: books of any size are priced fresh where rows are unusable.
    pub fn of_any_size(&self) -> Self {
        Self { fresh_max: usize::MAX, ..*self }
    }

    /// Equity, initial and maintenance balance of `account`, interest owed up to now taken off its cash.
    ///
    /// Errors: `PriceMissing` before the first price of an underlying; in portfolio mode what makes rows unusable, or
    /// `RowsNeeded`, if the book is too large to be priced here; those of the rule book.
    #[inline(never)]
    pub fn balances(&self, account: &MarginAccount) -> Result<Balances> {
        let mut out = Balances::default();
        self.with_book(account, &mut |book, mode| {
            out = mode.balances(book).map_err(core_refused)?;
            Ok(())
        })?;
        Ok(out)
    }

    /// Builds the book of `account` and hands it to `f` with its mode. Positions, expiries and strikes are borrowed, not
    /// copied.
    #[inline(never)]
    pub fn with_book(&self, account: &MarginAccount, f: WithBook) -> Result<()> {
        let assets = self.assets(account)?;
        let expiries = self.expiries(account)?;
        self.with_views(account, (&assets, &expiries), f)
    }

    /// The account's underlyings, then, while there is room, those with a living price that price its collateral.
    fn assets(&self, account: &MarginAccount) -> Result<Assets<'a>> {
        let mut assets = Assets { items: [None, None, None], len: 0 };
        for index in account.underlyings.iter().filter(|index| **index != INDEX_NONE) {
            let added = assets.add(*index, self.markets)?;
            ensure(added, PlimsollError::UnknownSeries)?;
        }
        for slot in account.collaterals.iter().filter(|slot| slot.amount > 0) {
            let priced_by = self.markets.collateral(slot.index)?.priced_by;
            if priced_by != INDEX_NONE && !self.markets.is_idle(priced_by, self.now, self.collateral_age)? {
                assets.add(priced_by, self.markets)?;
            }
        }
        Ok(assets)
    }

    /// The account's expiries by slot; `None` for a free slot.
    fn expiries(&self, account: &MarginAccount) -> Result<[Option<Ref<'a, Expiry>>; MAX_EXPIRIES]> {
        let mut expiries = [const { None }; MAX_EXPIRIES];
        for (slot, expiry) in expiries.iter_mut().enumerate() {
            if let Some((underlying, time)) = account.expiry_at(slot) {
                *expiry = Some(self.markets.expiry(underlying, time)?);
            }
        }
        Ok(expiries)
    }

    #[inline(never)]
    fn with_views(
        &self,
        account: &MarginAccount,
        (assets, expiries): (&Assets<'a>, &[Option<Ref<'a, Expiry>>; MAX_EXPIRIES]),
        f: WithBook,
    ) -> Result<()> {
        let empty = UnderlyingView::converged(Price(1), ContractSize::ONE, Default::default());
        let mut underlying_views = [empty; MAX_UNDERLYINGS];
        for (view, asset) in underlying_views.iter_mut().zip(assets.items.iter().flatten()) {
            *view = underlying_view(&asset.underlying, &asset.oracle)?;
        }
        let mut expiry_views = [FREE_SLOT; MAX_EXPIRIES];
        let mut used = 0usize;
        for (at, expiry) in expiries.iter().enumerate() {
            if let (Some(expiry), Some(view)) = (expiry, expiry_views.get_mut(at)) {
                *view = self.view_of(expiry, assets)?;
                used = at.saturating_add(1);
            }
        }
        let mut collateral_views = [NO_COLLATERAL; MAX_COLLATERALS];
        let held = self.fill_collaterals(account, assets, &mut collateral_views)?;
        let book = Book {
            cash: Quote(after_interest(account, self.now, self.parameters)?),
            positions: account.legs(),
            expiries: expiry_views.get(..used).unwrap_or(&[]),
            underlyings: underlying_views.get(..usize::from(assets.len)).unwrap_or(&[]),
            collateral: collateral_views.get(..held).unwrap_or(&[]),
            stable_price: self.markets.stable_price()?,
            collateral_rules: self.collateral_rules(),
        };
        if account.mode == MODE_PORTFOLIO {
            self.with_portfolio(account, assets, &book, f)
        } else {
            f(&book, &Mode::Cross)
        }
    }

    /// The same in portfolio mode: with the scenarios of the underlyings, and with those rows that may be used.
    #[inline(never)]
    fn with_portfolio(&self, account: &MarginAccount, assets: &Assets, book: &Book, f: WithBook) -> Result<()> {
        let mut views = [NO_SCENARIOS; MAX_UNDERLYINGS];
        let mut stamps = [RowsStamp { now: self.now, spot: Price(0), sequence: 0, steps: 0 }; MAX_UNDERLYINGS];
        let slots = views.iter_mut().zip(&mut stamps).zip(assets.items.iter().flatten().zip(book.underlyings));
        for ((view, filled), (asset, underlying)) in slots {
            *view = scenario_view(&asset.underlying, &asset.oracle);
            *filled = stamp(&asset.underlying, (underlying, view), self.now);
        }
        let held = self.rows(account)?;
        let mut rows = [None; MAX_EXPIRIES];
        let refusal = usable(book, &held, (&stamps, &views), &mut rows);
        let view = PortfolioView {
            underlyings: views.get(..usize::from(assets.len)).unwrap_or(&[]),
            rows: &rows,
            drift: self.drift,
            offset: self.offset(assets),
        };
        let prices = kernel_prices(book, &view).map_err(core_refused)?;
        let total = self.markets.prices_taken(prices).div_ceil(2);
        if prices.max(total) > self.fresh_max {
            let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let needed = || refuse(PlimsollError::RowsNeeded, number(prices.max(total)), number(self.fresh_max));
            return Err(refusal.unwrap_or_else(needed));
        }
        f(book, &Mode::Portfolio(view))
    }

    /// Which two underlyings of the book offset each other: the first two in its order that are peers. However they move,
    /// and whatever else is held, they stay the same ones.
    #[inline(never)]
    fn offset(&self, assets: &Assets) -> Offset {
        let [first, second @ Some(_), third] = &assets.items else { return Offset::NONE };
        for ((one, two), members) in [((first, second), 0b011), ((first, third), 0b101), ((second, third), 0b110)] {
            let (Some(one), Some(two)) = (one, two) else { continue };
            if let Some(share) = one.offset_share(two, self).or_else(|| two.offset_share(one, self)) {
                return Offset { share, members };
            }
        }
        Offset::NONE
    }

    /// Risk rows of the account's expiries by slot, as far as they were passed.
    #[inline(never)]
    fn rows(&self, account: &MarginAccount) -> Result<[Option<HeldRows<'a>>; MAX_EXPIRIES]> {
        let mut rows = [const { None }; MAX_EXPIRIES];
        for (slot, rows) in rows.iter_mut().enumerate() {
            if let Some((underlying, expiry)) = account.expiry_at(slot) {
                *rows = self.markets.rows(underlying, expiry)?;
            }
        }
        Ok(rows)
    }

    fn view_of<'e>(&self, expiry: &'e Expiry, assets: &Assets) -> Result<ExpiryView<'e>> {
        let at = assets.place(expiry.underlying_index).ok_or_else(|| refused(PlimsollError::UnknownSeries))?;
        let asset = assets.get(at)?;
        self.expiry_view(expiry, at, (&asset.underlying, &asset.oracle))
    }

    /// [`expiry_view`], its volatility computed once per instruction.
    fn expiry_view<'e>(
        &self,
        expiry: &'e Expiry,
        at: u8,
        (underlying, oracle): (&Underlying, &OracleState),
    ) -> Result<ExpiryView<'e>> {
        let key = (expiry.underlying_index, expiry.expiry);
        let vol = self.markets.volatility(key, || volatility(expiry, (underlying, oracle), self.now));
        view_with(expiry, at, (underlying, vol), self.now)
    }

    fn collateral_rules(&self) -> CollateralRules {
        CollateralRules {
            conf_threshold: Ratio(self.parameters.collateral_conf_threshold),
            conf_factor: Ratio(self.parameters.collateral_conf_factor),
        }
    }

    /// Fills in what is held, without gaps; returns how many kinds.
    #[inline(never)]
    fn fill_collaterals(
        &self,
        account: &MarginAccount,
        assets: &Assets,
        views: &mut [CollateralView; MAX_COLLATERALS],
    ) -> Result<usize> {
        let mut held = 0usize;
        for (slot, view) in account.collaterals.iter().filter(|slot| slot.amount > 0).zip(views.iter_mut()) {
            let collateral = self.markets.collateral(slot.index)?;
            *view = self.collateral_view(slot, &collateral, assets.place(collateral.priced_by))?;
            held = held.saturating_add(1);
        }
        Ok(held)
    }

    /// A held collateral; `place`: the underlying of the book that prices it, if it is there. While its price is dead it
    /// is worth nothing.
    fn collateral_view(
        &self,
        slot: &CollateralSlot,
        collateral: &Collateral,
        place: Option<u8>,
    ) -> Result<CollateralView> {
        let mut factor = ramped_factor(collateral, self.now);
        let mut price = Price(ONE_USD);
        let mut confidence = Ratio::ONE;
        if collateral.priced_by != INDEX_NONE {
            let underlying = self.markets.underlying(collateral.priced_by)?;
            let oracle = self.markets.oracle(collateral.priced_by)?;
            price = Price(oracle.price.price);
            if self.markets.is_idle(collateral.priced_by, self.now, self.collateral_age)? {
                return Ok(NO_COLLATERAL);
            }
            ensure(price.0 > 0, PlimsollError::PriceMissing)?;
            confidence = spot_confidence(oracle.price.rules(), underlying.oracle_parameters.rules());
            if place.is_none() {
                factor = scaled_factor(factor, oracle.volatility.scale_im);
            }
        }
        let value = collateral_value(slot.amount, price, collateral.decimals);
        Ok(CollateralView { value, price_underlying: place, factor, confidence })
    }

    /// Mark of one contract of a series now. Errors: `MarketMismatch`, `PriceMissing`, those of the rule book.
    pub fn mark(&self, underlying: u16, expiry: i64, strike: u8, kind: OptionKind) -> Result<Quote> {
        let account = self.markets.expiry(underlying, expiry)?;
        let (asset, oracle) = (self.markets.underlying(underlying)?, self.markets.oracle(underlying)?);
        self.mark_in(&account, (&asset, &oracle), strike, kind)
    }

    /// [`Self::mark`] of an expiry at hand with its underlying. Errors: `PriceMissing`, those of the rule book.
    #[inline(never)]
    pub fn mark_in(
        &self,
        expiry: &Expiry,
        (underlying, oracle): (&Underlying, &OracleState),
        strike: u8,
        kind: OptionKind,
    ) -> Result<Quote> {
        let spot = underlying_view(underlying, oracle)?;
        let view = self.expiry_view(expiry, 0, (underlying, oracle))?;
        margin::mark(&view, &spot, strike, kind).map_err(core_refused)
    }
}

/// Price of one USD in [`Price`] units.
const ONE_USD: i64 = 1_000_000;

/// Stands for a free expiry slot: no leg names it.
const FREE_SLOT: ExpiryView<'static> = ExpiryView {
    underlying: 0,
    seconds_to_expiry: 0,
    basis_ppm: 0,
    vol: Vol::ZERO,
    forward_confidence: Ratio::ONE,
    vol_confidence: Ratio::ONE,
    average: Price::ZERO,
    sampled_seconds: 0,
    strikes: &[],
    order: &[],
    settled: None,
};

/// Stands for a free underlying slot: no scenario names it.
const NO_SCENARIOS: ScenarioView<'static> =
    ScenarioView { parameters: &PortfolioParameters::REFERENCE, range_im: Ratio::ZERO, range_mm: Ratio::ZERO };

/// Stands for a free collateral slot: worth nothing.
const NO_COLLATERAL: CollateralView =
    CollateralView { value: Quote::ZERO, price_underlying: None, factor: Ratio::ZERO, confidence: Ratio::ONE };

/// An underlying as a margin check sees it. Errors: `PriceMissing` before its first accepted price.
#[inline(never)]
pub fn underlying_view(underlying: &Underlying, oracle: &OracleState) -> Result<UnderlyingView> {
    let price = oracle.price.rules();
    ensure(price.price > 0, PlimsollError::PriceMissing)?;
    let range = price.initial_range();
    Ok(UnderlyingView {
        spot: Price(price.price),
        low: range.low,
        high: range.high,
        walking: price.walking_to(),
        contract_size: ContractSize(underlying.contract_size),
        scale_im: Ratio(oracle.volatility.scale_im).max(Ratio::ONE),
        scale_mm: Ratio(oracle.volatility.scale_mm).max(Ratio::ONE),
        spot_confidence: spot_confidence(price, underlying.oracle_parameters.rules()),
        parameters: underlying.cross.rules(),
    })
}

/// An expiry as a margin check sees it: flat smile at the reference curve, no basis.
///
/// `at`: index of its underlying in the book.
pub fn expiry_view<'e>(
    expiry: &'e Expiry,
    at: u8,
    (underlying, oracle): (&Underlying, &OracleState),
    now: i64,
) -> Result<ExpiryView<'e>> {
    view_with(expiry, at, (underlying, volatility(expiry, (underlying, oracle), now)), now)
}

/// The reference volatility of an expiry; zero once it is settled.
#[inline(never)]
fn volatility(expiry: &Expiry, (underlying, oracle): (&Underlying, &OracleState), now: i64) -> Vol {
    if expiry.is_settled() {
        return Vol::ZERO;
    }
    let seconds = expiry.expiry.saturated_sub(now).max(0);
    reference_volatility(oracle.volatility.rules(), seconds, underlying.volatility.rules())
}

#[inline(never)]
fn view_with<'e>(
    expiry: &'e Expiry,
    at: u8,
    (underlying, vol): (&Underlying, Vol),
    now: i64,
) -> Result<ExpiryView<'e>> {
    let seconds = expiry.expiry.saturated_sub(now);
    let settled = expiry.is_settled().then_some(Price(expiry.settlement_price));
    let mut mean = Average::default();
    if settled.is_none() && seconds <= WINDOW_SECONDS {
        let terms = SettlementTerms::new(expiry.expiry, underlying.limits.rules());
        mean = average(expiry.settlement.rules(), now, &terms).map_err(core_refused)?;
    }
    Ok(ExpiryView {
        underlying: at,
        seconds_to_expiry: seconds,
        basis_ppm: 0,
        vol,
        forward_confidence: Ratio::ONE,
        vol_confidence: Ratio::ONE,
        average: mean.price,
        sampled_seconds: mean.covered,
        strikes: expiry.strikes(),
        order: expiry.order(),
        settled,
    })
}

/// Value of `amount` atoms of a mint in millionths of a USD, rounded down, at most `i64::MAX`.
pub fn collateral_value(amount: u64, price: Price, decimals: u8) -> Quote {
    let scale = power_of_ten(u32::from(decimals)).map_or(u128::MAX, |power| u128::from(power.unsigned_abs()));
    let price = u128::from(price.0.max(0).unsigned_abs());
    // PROOF: both factors are below 2^64.
    let value = u128::from(amount).wrapping_mul(price).checked_div(scale).unwrap_or(0);
    Quote(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Cross factor x ramp, rounded down.
pub fn ramped_factor(collateral: &Collateral, now: i64) -> Ratio {
    let length = u64::from(collateral.ramp_seconds.max(1));
    let elapsed = now.saturated_sub(collateral.ramp_start).max(0).unsigned_abs().min(length);
    // PROOF: both factors are below 2^32.
    let factor = u64::from(collateral.cross_factor).wrapping_mul(elapsed).checked_div(length).unwrap_or(0);
    Ratio(u32::try_from(factor).unwrap_or(0))
}

/// One less (one less factor) x scale, not below zero: the cut of a collateral that moves with no underlying of the
/// book, scaled by its own underlying.
fn scaled_factor(factor: Ratio, scale: u32) -> Ratio {
    let one = u64::from(Ratio::ONE.0);
    let cut = one.saturating_sub(u64::from(factor.0)).saturating_mul(u64::from(scale)).div_ceil(one);
    Ratio(u32::try_from(one.saturating_sub(cut)).unwrap_or(0))
}
