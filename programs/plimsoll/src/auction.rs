//! What the auction instructions share: rules, clock and worth of an account in auction.

use anchor_lang::prelude::*;
use plimsoll_core::debt::debt_room;
use plimsoll_core::liquidation::{elapsed, paused, AuctionClock, AuctionParameters, AuctionView};
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::oracle::walk_seconds;
use plimsoll_core::units::{Quote, Ratio};
use plimsoll_core::volatility::stress_ratio;

use crate::cash;
use crate::constants::{INDEX_NONE, MAX_UNDERLYINGS};
use crate::error::{core_refused, ensure, refused, PlimsollError, Result};
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

/// Reading of the running auction's clock. Errors: `MarketMismatch`.
pub fn reading(account: &MarginAccount, markets: &Markets, now: i64) -> Result<i64> {
    Ok(elapsed(&clock(&account.auction), now, paused_seconds(account, markets, now)?))
}

/// Lets the clock go on from `reading` if the account no longer holds an underlying of `held`: the seconds in which the
/// walk of that one had stopped the clock would be forgotten with its slot. Errors: `MarketMismatch`.
pub fn clock_keep(
    account: &mut MarginAccount,
    held: &[u16; MAX_UNDERLYINGS],
    reading: i64,
    (markets, now): (&Markets, i64),
) -> Result<()> {
    if account.underlyings != *held {
        account.auction.walk_at_start = walks(account, markets, now)?;
        account.auction.elapsed_at_start = u32::try_from(reading).unwrap_or(u32::MAX);
        account.auction.started_at = now;
    }
    Ok(())
}

/// A leg of a settled expiry is a payoff, not a risk to sell: its account is settled before it is liquidated.
///
/// Errors: `AuctionSettleFirst`.
pub fn settled_first(account: &MarginAccount, markets: &Markets) -> Result<()> {
    for (underlying, expiry) in account.held_expiries() {
        let settled = markets.expiry(underlying, expiry)?.is_settled();
        ensure(!settled, PlimsollError::AuctionSettleFirst)?;
    }
    Ok(())
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
    /// Maintenance balance; while a price walks, at the worse of accepted and raw price. In portfolio mode what risk rows
    /// may have moved counts in it as the valuation says.
    pub maintenance: i64,
    /// Room under the cap on debt, see [`debt_room`].
    pub debt_room: i64,
    /// E with each walking price at the better of accepted and raw; in portfolio mode plus what risk rows may have moved.
    pub equity_high: i64,
}

impl Worth {
    /// What a bid sees of `account`, whose interest is paid. `bound`: its cash that is held or locked, which stays with
    /// it as the reserve does.
    pub fn view(&self, account: &MarginAccount, bound: i64) -> AuctionView {
        AuctionView {
            equity: Quote(self.equity),
            maintenance: Quote(self.maintenance),
            equity_high: Quote(self.equity_high),
            reserved: Quote(account.auction.reserve),
            bound: Quote(bound),
            cash: Quote(account.cash),
            debt_room: Quote(self.debt_room),
        }
    }
}

/// The worth of `account` now, for whom `valuation` counts what risk rows may have moved. Errors: those of [`Valuation::balances`].
#[inline(never)]
pub fn worth(account: &MarginAccount, valuation: &Valuation) -> Result<Worth> {
    let cash = cash::after_interest(account, valuation.now, valuation.parameters)?;
    let mut worth = Worth::default();
    valuation.with_book(account, &mut |book, mode| {
        let balances = mode.close_out_balances(book).map_err(core_refused)?;
        worth.equity = narrow(balances.equity)?;
        worth.legs = narrow(balances.mark_to_market)?;
        let collateral = worth.equity.exact_sub(cash).and_then(|rest| rest.exact_sub(worth.legs));
        worth.collateral = collateral.ok_or_else(|| refused(PlimsollError::Overflow))?;
        worth.maintenance = narrow(balances.maintenance)?;
        worth.debt_room = debt_room(Quote(cash), Quote(worth.collateral), Quote(valuation.parameters.debt_cap)).0;
        worth.equity_high = narrow(balances.equity_high)?;
        Ok(())
    })?;
    Ok(worth)
}

fn narrow(wide: i128) -> Result<i64> {
    i64::try_from(wide).map_err(|_| refused(PlimsollError::Overflow))
}
