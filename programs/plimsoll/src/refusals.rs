//! The rule book's refusals as errors of this program, each with the two numbers that disagree.

use plimsoll_core::debt::DebtRefusal;
use plimsoll_core::delegate::DelegateRefusal;
use plimsoll_core::error::CoreError;
use plimsoll_core::grid::GridRefusal;
use plimsoll_core::liquidation::LiquidationRefusal;
use plimsoll_core::margin::scenario::RowsRefusal;
use plimsoll_core::settlement::SettlementRefusal;
use plimsoll_core::trade::TradeRefusal;

use crate::error::{refuse, PlimsollError as E, Refusal};

fn arithmetic(error: CoreError) -> (E, i64, i64) {
    (error.into(), 0, 0)
}

/// A trade that is refused.
#[inline(never)]
pub fn trade_refused(refusal: TradeRefusal) -> Refusal {
    let (error, left, right) = match refusal {
        TradeRefusal::Quantity { quantity } => (E::TradeQuantity, i64::from(quantity), 1),
        TradeRefusal::LegTooLarge { quantity, max } => (E::LegTooLarge, quantity, max),
        TradeRefusal::OpenInterest { open_interest, cap } => (E::OpenInterestCap, open_interest, cap),
        TradeRefusal::PriceBand { distance, band } => (E::TradePriceBand, distance, band),
        TradeRefusal::NotAtMark { price, mark } => (E::TradeNotAtMark, price, mark),
        TradeRefusal::NotReducing { before, after } => (E::TradeNotReducing, before, after),
        TradeRefusal::Cash { cash, least } => (E::CashShort, cash, least),
        TradeRefusal::InitialMargin { initial } => (E::InitialMarginShort, initial, 0),
        TradeRefusal::ShortGrows { before, after } => (E::CuringShortGrows, before, after),
        TradeRefusal::InitialFalls { before, after } => (E::CuringInitialFalls, before, after),
        TradeRefusal::MaintenanceFalls { before, after } => (E::CuringMaintenanceFalls, before, after),
        TradeRefusal::EquityFalls { after, least } => (E::CuringEquityFalls, after, least),
        TradeRefusal::Arithmetic(error) => arithmetic(error),
    };
    refuse(error, left, right)
}

/// Risk rows that cannot stand in for fresh prices.
#[cold]
#[inline(never)]
pub fn rows_refused(refusal: RowsRefusal) -> Refusal {
    let number = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
    let (error, left, right) = match refusal {
        RowsRefusal::Old { age, most } => (E::RowsOld, age, most),
        RowsRefusal::Changed { rows, now } => (E::RowsChanged, number(rows), number(now)),
        RowsRefusal::Drifted { drift, most } => (E::RowsDrifted, drift, most),
        RowsRefusal::Short { steps, needed } => (E::RowsShort, steps.into(), needed.into()),
    };
    refuse(error, left, right)
}

/// A listing off the grid, with the two numbers that disagree.
#[inline(never)]
pub fn grid_refused(refusal: GridRefusal) -> Refusal {
    let (error, left, right) = match refusal {
        GridRefusal::ExpiryOffGrid { expiry, past } => (E::ExpiryOffGrid, expiry, past),
        GridRefusal::ExpiryTooNear { lead, min } => (E::ExpiryLead, lead, min),
        GridRefusal::ExpiryTooFar { lead, max } => (E::ExpiryLead, lead, max),
        GridRefusal::StrikeOffGrid { strike, step } => (E::StrikeOffGrid, strike, step),
        GridRefusal::StrikeTooLow { strike, low } => (E::StrikeTooFar, strike, low),
        GridRefusal::StrikeTooHigh { strike, high } => (E::StrikeTooFar, strike, high),
        GridRefusal::TooLarge { price, quantity } => (E::ListingBound, price, quantity),
    };
    refuse(error, left, right)
}

/// A delegate that is refused.
#[inline(never)]
pub fn delegate_refused(refusal: DelegateRefusal) -> Refusal {
    let (error, left, right) = match refusal {
        DelegateRefusal::Expired { now, expires_at } => (E::DelegateExpired, now, expires_at),
        DelegateRefusal::Forbidden { action, allowed } => {
            (E::DelegateActionForbidden, i64::from(action), i64::from(allowed))
        }
        DelegateRefusal::Budget { spent, budget } => (E::DelegateBudget, spent, budget),
        DelegateRefusal::Arithmetic(error) => arithmetic(error),
    };
    refuse(error, left, right)
}

/// A settlement sample or price that is refused.
#[inline(never)]
pub fn settlement_refused(refusal: SettlementRefusal) -> Refusal {
    let (error, left, right) = match refusal {
        SettlementRefusal::TooEarly { publish_time, first } => (E::SampleTooEarly, publish_time, first),
        SettlementRefusal::NotNewer { publish_time, last } => (E::SampleNotNewer, publish_time, last),
        SettlementRefusal::WindowClosed { publish_time, end } => (E::SettlementWindowClosed, publish_time, end),
        SettlementRefusal::WindowOpen { now, end } => (E::SettlementWindowOpen, now, end),
        SettlementRefusal::Thin { covered, required } => (E::SettlementThin, covered, required),
        SettlementRefusal::Arithmetic(error) => arithmetic(error),
    };
    refuse(error, left, right)
}

/// A step of a liquidation that is refused.
#[inline(never)]
pub fn liquidation_refused(refusal: LiquidationRefusal) -> Refusal {
    let (error, left, right) = match refusal {
        LiquidationRefusal::Healthy { maintenance } => (E::AccountHealthy, maintenance, 0),
        LiquidationRefusal::AuctionOver { buffer_margin } => (E::AuctionOver, buffer_margin, 0),
        LiquidationRefusal::AuctionOpen { buffer_margin } => (E::AuctionOpen, buffer_margin, 0),
        LiquidationRefusal::FractionTooSmall { fraction, smallest } => (E::BidTooSmall, fraction, smallest),
        LiquidationRefusal::FractionTooLarge { fraction, largest } => (E::BidTooLarge, fraction, largest),
        LiquidationRefusal::PriceLimit { cost, limit } => (E::PriceLimit, cost, limit),
        LiquidationRefusal::NotImproved { before, after } => (E::BidNotImproving, before, after),
        LiquidationRefusal::Solvency { equity } => (E::BidSolvency, equity, 0),
        LiquidationRefusal::Arithmetic(error) => arithmetic(error),
    };
    refuse(error, left, right)
}

/// A collateral sale that is refused.
#[inline(never)]
pub fn debt_refused(refusal: DebtRefusal) -> Refusal {
    let number = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let (error, left, right) = match refusal {
        DebtRefusal::NoDebt { debt } => (E::DebtNone, debt, 0),
        DebtRefusal::Nothing { held, wanted } => (E::CollateralShort, number(held), number(wanted)),
        DebtRefusal::PriceLimit { proceeds, limit } => (E::PriceLimit, proceeds, limit),
        DebtRefusal::Arithmetic(error) => arithmetic(error),
    };
    refuse(error, left, right)
}
