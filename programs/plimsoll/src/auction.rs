//! What the auction instructions share: rules, clock and worth of an account in auction.

use anchor_lang::prelude::*;
use plimsoll_core::liquidation::{paused, AuctionClock, AuctionParameters, AuctionView};
use plimsoll_core::margin::{self, Balances, Book, CollateralView, UnderlyingView};
use plimsoll_core::math::fixed::mul_div_down;
use plimsoll_core::oracle::walk_seconds;
use plimsoll_core::units::{Price, Quote, Ratio};
use plimsoll_core::volatility::stress_ratio;

use crate::cash;
use crate::constants::{INDEX_NONE, MAX_COLLATERALS, MAX_UNDERLYINGS};
use crate::error::{core_refused, refused, PlimsollError};
use crate::margin::Valuation;
use crate::markets::Markets;
use crate::state::{AuctionData, MarginAccount};

/// The auction rules of an account.
#[derive(Clone, Copy, Debug)]
pub struct AuctionRules {
    /// Parameters of the account's first underlying by index: of its legs, else of its collateral; the shipped ones
    /// if it depends on no price at all.
    pub parameters: AuctionParameters,
    /// Largest volatility ratio of its underlyings.
    pub rho: Ratio,
}

/// The rules of `account`. Errors: `MarketMismatch`.
pub fn rules(account: &MarginAccount, markets: &Markets) -> Result<AuctionRules> {
    let mut first = INDEX_NONE;
    for index in account.underlyings {
        first = first.min(index);
    }
    if first == INDEX_NONE {
        for slot in account.collaterals.iter().filter(|slot| slot.amount > 0) {
            first = first.min(markets.collateral(slot.index)?.priced_by);
        }
    }
    if first == INDEX_NONE {
        return Ok(AuctionRules { parameters: AuctionParameters::shipped(), rho: Ratio::ONE });
    }
    let parameters = *markets.underlying(first)?.auction.rules();
    let mut rho = Ratio::ONE;
    for index in account.underlyings.iter().filter(|index| **index != INDEX_NONE) {
        let underlying = markets.underlying(*index)?;
        let oracle = markets.oracle(*index)?;
        let volatility = oracle.volatility.rules();
        rho = rho.max(stress_ratio(volatility, underlying.volatility.rules(), Ratio(parameters.rho_max)));
    }
    Ok(AuctionRules { parameters, rho })
}

/// Seconds ever spent walking by each underlying slot of the account, 0 for a free slot. Errors: `MarketMismatch`.
pub fn walks(account: &MarginAccount, markets: &Markets, now: i64) -> Result<[i64; MAX_UNDERLYINGS]> {
    let mut walks = [0i64; MAX_UNDERLYINGS];
    for (index, walk) in account.underlyings.iter().zip(walks.iter_mut()) {
        if *index != INDEX_NONE {
            let underlying = markets.underlying(*index)?;
            let oracle = markets.oracle(*index)?;
            *walk = walk_seconds(oracle.price.rules(), now, underlying.oracle_parameters.rules());
        }
    }
    Ok(walks)
}

/// The clock that the account remembers.
pub fn clock(auction: &AuctionData) -> AuctionClock {
    AuctionClock {
        started_at: auction.started_at,
        elapsed_at_start: i64::from(auction.elapsed_at_start),
        ended_at: auction.ended_at,
        elapsed_at_end: i64::from(auction.elapsed_at_end),
    }
}

/// Seconds since the start in which the clock of the running auction stood still. Errors: `MarketMismatch`.
pub fn paused_seconds(account: &MarginAccount, markets: &Markets, now: i64) -> Result<i64> {
    Ok(paused(&walks(account, markets, now)?, &account.auction.walk_at_start))
}

/// What an account is worth to an auction, everything marked at the accepted prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// E.
    pub equity: i64,
    /// Mark-to-market of the legs.
    pub legs: i64,
    /// Collateral as equity counts it.
    pub collateral: i64,
    /// Maintenance balance; while a price walks, at the worse of accepted and raw price.
    pub maintenance: i64,
    /// The higher of E at the accepted and, while one walks, at the raw prices.
    pub equity_high: i64,
}

impl Worth {
    /// What a bid sees of `account`, whose interest is paid.
    pub fn view(&self, account: &MarginAccount) -> AuctionView {
        AuctionView {
            equity: Quote(self.equity),
            maintenance: Quote(self.maintenance),
            equity_high: Quote(self.equity_high),
            reserved: Quote(account.auction.reserve),
            cash: Quote(account.cash),
        }
    }
}

/// The worth of `account` now. Errors: those of [`Valuation::balances`].
#[inline(never)]
pub fn worth(account: &MarginAccount, valuation: &Valuation) -> Result<Worth> {
    let cash = cash::after_interest(account, valuation.now, valuation.parameters)?;
    let mut worth = Worth::default();
    valuation.with_book(account, &mut |book| {
        let balances = margin::balances(book).map_err(core_refused)?;
        worth.equity = narrow(balances.equity)?;
        worth.legs = narrow(balances.mark_to_market)?;
        let collateral = worth.equity.checked_sub(cash).and_then(|rest| rest.checked_sub(worth.legs));
        worth.collateral = collateral.ok_or_else(|| refused(PlimsollError::Overflow))?;
        worth.maintenance = narrow(balances.maintenance)?;
        worth.equity_high = worth.equity;
        if book.underlyings.iter().any(|view| view.walking.is_some()) {
            worth.equity_high = worth.equity.max(narrow(at_raw(book)?.equity)?);
        }
        Ok(())
    })?;
    Ok(worth)
}

/// The balances of `book` with every walking price at its raw value.
#[inline(never)]
fn at_raw(book: &Book) -> Result<Balances> {
    let empty = UnderlyingView::converged(Price(1), Default::default(), Default::default());
    let mut underlyings = [empty; MAX_UNDERLYINGS];
    for (view, here) in underlyings.iter_mut().zip(book.underlyings) {
        *view = *here;
        view.spot = here.walking.unwrap_or(here.spot);
    }
    let mut collaterals = [NO_COLLATERAL; MAX_COLLATERALS];
    for (view, here) in collaterals.iter_mut().zip(book.collateral) {
        *view = *here;
        let mover = here.price_underlying.and_then(|at| book.underlyings.get(usize::from(at)));
        if let Some((mover, raw)) = mover.and_then(|mover| mover.walking.map(|raw| (mover, raw))) {
            view.value =
                Quote(mul_div_down(here.value.0, raw.0, mover.spot.0).ok_or_else(|| refused(PlimsollError::Overflow))?);
        }
    }
    let raw = Book {
        underlyings: underlyings.get(..book.underlyings.len()).unwrap_or(&[]),
        collateral: collaterals.get(..book.collateral.len()).unwrap_or(&[]),
        ..*book
    };
    margin::balances(&raw).map_err(core_refused)
}

const NO_COLLATERAL: CollateralView =
    CollateralView { value: Quote::ZERO, price_underlying: None, factor: Ratio::ZERO, confidence: Ratio::ONE };

fn narrow(wide: i128) -> Result<i64> {
    i64::try_from(wide).map_err(|_| refused(PlimsollError::Overflow))
}
