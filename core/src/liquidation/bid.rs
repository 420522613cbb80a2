//! One bid: what moves, what is paid, and to whom.

use crate::error::CoreError;
use crate::liquidation::{AuctionParameters, AuctionView, BidLimits, Fraction, LiquidationRefusal, FRACTION_ONE};
use crate::math::fixed::{mul_div_down, mul_div_up, Bounded};
use crate::position::Position;
use crate::units::{Quantity, Quote, Ratio, Wide};

/// A bid as its bidder signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BidTerms {
    /// Share of what remains of the account, billionths.
    pub fraction: Fraction,
    /// Most the bidder pays, payment and slice together; negative: least it is paid.
    pub price_limit: Quote,
}

/// Value at the mark of what a fraction really moves, legs and tokens being whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Of the legs ([`leg_taken`]), signed.
    pub legs: Quote,
    /// Of the collateral ([`collateral_taken`]), in quote as equity counts it, >= 0.
    pub collateral: Quote,
}

/// What a bid moves.
///
/// Conservation: `account_cash + bidder_cash + slice = from_waterfall`. The account's equity changes by
/// `payment - value`: to 0 in a takeover, else by `-discount`, no more than (1 - d) of what is sold (while a price
/// walks, plus what the better price is worth).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BidPlan {
    /// V: value at the mark of everything that moves, signed.
    pub value: Quote,
    /// What the bidder pays to the account; negative: is paid by it.
    pub payment: Quote,
    /// What the account gives away against the mark, >= 0, rounded down.
    pub discount: Quote,
    /// What the bidder pays to the insurance fund: its share of the discount, rounded up, >= 0.
    pub slice: Quote,
    /// Cash that moves from account to bidder, part of `value`, signed.
    pub cash_moved: Quote,
    /// What the waterfall pays to the bidder, >= 0; only in a takeover.
    pub from_waterfall: Quote,
    /// Change of the account's cash: `payment - cash_moved`.
    pub account_cash: Quote,
    /// Change of the bidder's cash.
    pub bidder_cash: Quote,
    /// R after the bid, >= 0.
    pub reserved_after: Quote,
}

impl BidPlan {
    /// What the bidder pays above the mark, >= 0: nothing in a takeover, which makes it whole. Errors: `Overflow`.
    pub fn above_mark(&self) -> Result<Quote, CoreError> {
        let cost = self.payment.add(self.slice)?.sub(self.from_waterfall)?;
        Ok(Quote(cost.sub(self.value)?.0.max(0)))
    }
}

/// What one bid takes of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegTaken {
    /// Contracts that move, same sign as the leg, never more than it.
    pub lots: Quantity,
    /// Rounding to store with what is left of the leg, in 1/256 of a contract.
    pub carry: u8,
}

/// Contracts that move with `fraction` of a leg: of a short rounded up, of a long down, so the bidder takes what is
/// owed first; all of it at fraction one.
///
/// The rounding of earlier bids of the same auction is carried in [`Position::carry`] (1/256 of a contract: taken
/// too much of a short, left too much of a long), so that many small bids together take the fraction they say, to one
/// contract per leg in total. Outside an auction the carry is zero.
pub fn leg_taken(position: &Position, fraction: Fraction) -> LegTaken {
    let whole = u64::from(position.quantity.unsigned_abs());
    let left = FRACTION_ONE.saturating_sub(fraction.0.clamp(0, FRACTION_ONE)).unsigned_abs();
    let carry = u64::from(position.carry);
    // In 1/256: a short leaves floor(X (1 - p)), a long ceil(X (1 - p)). PROOF: whole <= 2^31, so X < 2^40.
    let (remaining, carry) = if position.quantity < 0 {
        let exact = scaled(whole.wrapping_mul(256).wrapping_add(carry), left, false);
        (exact >> 8, exact & 255)
    } else {
        let exact = scaled(whole.wrapping_mul(256).saturating_sub(carry), left, true);
        let remaining = exact.div_ceil(256);
        (remaining, remaining.wrapping_mul(256).saturating_sub(exact))
    };
    let lots = i64::try_from(whole.saturating_sub(remaining)).unwrap_or(0);
    let signed = if position.quantity < 0 { lots.saturating_neg() } else { lots };
    LegTaken { lots: Quantity(i32::try_from(signed).unwrap_or(0)), carry: u8::try_from(carry).unwrap_or(0) }
}

/// `x left / 10^9` rounded down or up; 64-bit work for legs below 2^25 contracts.
fn scaled(x: u64, left: u64, up: bool) -> u64 {
    let one = FRACTION_ONE.unsigned_abs();
    let add = if up { one.wrapping_sub(1) } else { 0 };
    if x < 1 << 33 {
        // PROOF: left <= 10^9 < 2^30, so product and sum are below 2^64. Asking the product itself takes 128 bits.
        return x.wrapping_mul(left).wrapping_add(add).checked_div(one).unwrap_or(0);
    }
    // PROOF: 2^64 x 2^30 + 2^30 is below 2^128.
    let product = u128::from(x).wrapping_mul(u128::from(left)).wrapping_add(u128::from(add));
    product.checked_div(u128::from(one)).and_then(|quotient| u64::try_from(quotient).ok()).unwrap_or(u64::MAX)
}

/// Tokens that move with `fraction` of a collateral balance, rounded down; all of them at fraction one.
pub fn collateral_taken(amount: u64, fraction: Fraction) -> u64 {
    let share = u128::from(fraction.0.clamp(0, FRACTION_ONE).unsigned_abs());
    // PROOF: 2^64 x 2^30 is below 2^128.
    let product = u128::from(amount).wrapping_mul(share);
    let taken = product.checked_div(u128::from(FRACTION_ONE.unsigned_abs())).unwrap_or(0);
    u64::try_from(taken).unwrap_or(amount)
}

/// Plans a bid on a solvent account (E >= 0).
///
/// With p the fraction, f = min(p, f_max) and B = E - R the mark value of all that is for sale: cash moved =
/// floor(p (cash - R)), V = legs + collateral + cash moved, discount = floor((1 - d) f max(0, B)), uplift = ceil(p (E at
/// the higher price - E)), payment = V + uplift - discount. So p <= f_max pays d V but for whole lots, which like the
/// part beyond f_max stand at the mark; a liability (B < 0) is taken at the mark. A negative payment comes out of R
/// first, then out of the rest of the cash.
///
/// Errors: `FractionTooSmall`, `FractionTooLarge`, `PriceLimit`, `Solvency` if E < 0, `Arithmetic`.
pub fn plan_bid(
    view: &AuctionView,
    terms: &BidTerms,
    limits: &BidLimits,
    moved: &Moved,
    d: Fraction,
    parameters: &AuctionParameters,
) -> Result<BidPlan, LiquidationRefusal> {
    let p = terms.fraction;
    if p < limits.smallest {
        return Err(LiquidationRefusal::FractionTooSmall { fraction: p.0, smallest: limits.smallest.0 });
    }
    if p > limits.largest.checked()? {
        return Err(LiquidationRefusal::FractionTooLarge { fraction: p.0, largest: limits.largest.0 });
    }
    if view.equity_high.0 < 0 {
        return Err(LiquidationRefusal::Solvency { equity: view.equity_high.0 });
    }
    let cash_moved = part_of_cash(view, p)?;
    let value = Quote::from_wide(total(moved, cash_moved))?;
    let for_sale = view.equity_high.sub(view.reserved)?.0.max(0);
    let discount = discount(for_sale, p.min(limits.discounted), d)?;
    let above = view.equity_high.sub(view.equity)?;
    let uplift = Quote(mul_div_up(above.0, p.0, FRACTION_ONE).ok_or(CoreError::Overflow)?);
    let payment = value.add(uplift)?.sub(discount)?;
    let slice = discount.ratio_up(Ratio(parameters.slice))?;
    let cost = payment.add(slice)?;
    if cost > terms.price_limit {
        return Err(LiquidationRefusal::PriceLimit { cost: cost.0, limit: terms.price_limit.0 });
    }
    Ok(BidPlan {
        value,
        payment,
        discount,
        slice,
        cash_moved,
        from_waterfall: Quote::ZERO,
        account_cash: payment.sub(cash_moved)?,
        bidder_cash: cash_moved.sub(cost)?,
        reserved_after: Quote(view.reserved.add(payment)?.0.max(0)),
    })
}

/// Plans the takeover of an insolvent account (E < 0): the bidder takes every leg, all collateral that has a price
/// and all cash, R included, and the waterfall pays it |E|, so that what it receives is worth nothing at the mark; while a price walks,
/// |E| at the better of accepted and raw price. The account is left with nothing of worth.
///
/// `moved` is the whole book; `terms.fraction` must be one. Errors: `FractionTooSmall`, `Solvency` if E >= 0,
/// `PriceLimit` if the bidder asked for more than |E|, `Arithmetic` (`OutOfDomain` if what moves is not worth E).
pub fn plan_takeover(view: &AuctionView, terms: &BidTerms, moved: &Moved) -> Result<BidPlan, LiquidationRefusal> {
    let equity = view.equity;
    if view.equity_high.0 >= 0 || equity.0 >= 0 {
        return Err(LiquidationRefusal::Solvency { equity: view.equity_high.max(equity).0 });
    }
    if terms.fraction != Fraction::ONE {
        return Err(LiquidationRefusal::FractionTooSmall { fraction: terms.fraction.0, smallest: FRACTION_ONE });
    }
    let value = Quote::from_wide(total(moved, view.cash))?;
    if value != equity {
        return Err(CoreError::OutOfDomain.into());
    }
    let cost = view.equity_high;
    if cost > terms.price_limit {
        return Err(LiquidationRefusal::PriceLimit { cost: cost.0, limit: terms.price_limit.0 });
    }
    let from_waterfall = Quote::ZERO.sub(cost)?;
    Ok(BidPlan {
        value,
        payment: Quote::ZERO,
        discount: Quote::ZERO,
        slice: Quote::ZERO,
        cash_moved: view.cash,
        from_waterfall,
        account_cash: Quote::ZERO.sub(view.cash)?,
        bidder_cash: view.cash.add(from_waterfall)?,
        reserved_after: Quote::ZERO,
    })
}

fn total(moved: &Moved, cash: Quote) -> Wide {
    // PROOF: three i64 sum inside i128.
    moved.legs.wide().wrapping_add(moved.collateral.wide()).wrapping_add(cash.wide())
}

/// floor(p (cash - R - bound)): the bidder receives no more, and owes no less, than its share.
fn part_of_cash(view: &AuctionView, p: Fraction) -> Result<Quote, CoreError> {
    let free = view.cash.sub(view.reserved)?;
    let free = free.sub(view.bound.min(free).max(Quote::ZERO))?;
    mul_div_down(free.0, p.0, FRACTION_ONE).map(Quote).ok_or(CoreError::Overflow)
}

/// floor((1 - d) f B).
fn discount(for_sale: i64, f: Fraction, d: Fraction) -> Result<Quote, CoreError> {
    let sold = mul_div_down(for_sale, f.0, FRACTION_ONE).ok_or(CoreError::Overflow)?;
    let away = FRACTION_ONE.exact_sub(d.checked()?.0).ok_or(CoreError::Overflow)?;
    mul_div_down(sold, away, FRACTION_ONE).map(Quote).ok_or(CoreError::Overflow)
}

/// The account's shortfall after the bid is above the one before, see [`AuctionView::shortfall`]: asked of every bid,
/// once the account is evaluated again at the same prices. Errors: `NotImproved`.
pub fn bid_improves(before: Quote, after: Quote) -> Result<(), LiquidationRefusal> {
    if after <= before {
        return Err(LiquidationRefusal::NotImproved { before: before.0, after: after.0 });
    }
    Ok(())
}

/// The auction may end: BM >= 0. Errors: `AuctionOpen`, `Arithmetic`.
pub fn check_end(view: &AuctionView, parameters: &AuctionParameters) -> Result<Quote, LiquidationRefusal> {
    let buffer_margin = crate::liquidation::buffer_margin(view, parameters)?;
    if buffer_margin.0 < 0 {
        return Err(LiquidationRefusal::AuctionOpen { buffer_margin: buffer_margin.0 });
    }
    Ok(buffer_margin)
}
