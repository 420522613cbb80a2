//! How much of an account may be taken, and what starting its auction costs.

use crate::error::CoreError;
use crate::liquidation::{AuctionParameters, Fraction, LiquidationRefusal, FRACTION_ONE};
use crate::math::fixed::mul_div_up;
use crate::parameters::{ppm_down, ppm_up};
use crate::position::Position;
use crate::units::{Quote, Ratio};

/// Smallest bid unless one lot of the largest leg is more: 1 %.
pub const SMALLEST_BID: Fraction = Fraction(10_000_000);
/// Legs of under this many lots make fractions coarse: where no leg has more, the whole book may be taken.
pub const SMALL_LEG_LOTS: u32 = 10;

/// An account in auction as a bid sees it, interest on its debt accrued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuctionView {
    /// E at the accepted price, at which everything that moves is marked.
    pub equity: Quote,
    /// MM: while a price walks, at the worse of accepted and raw price.
    pub maintenance: Quote,
    /// E with each walking underlying at the better of accepted and raw price: f_max and the price stand on it.
    pub equity_high: Quote,
    /// R: cash paid in by earlier bidders, part of `cash`, >= 0.
    pub reserved: Quote,
    /// Cash of the account that is held or locked, >= 0: part of `cash` that stays with it.
    pub bound: Quote,
    /// Cash of the account, - debt.
    pub cash: Quote,
    /// Room under the cap on debt, see [`crate::debt::debt_room`]: < 0 is liquidatable whatever MM is.
    pub debt_room: Quote,
}

impl AuctionView {
    /// The lesser of MM and the room under the cap on debt: < 0 is liquidatable, and every bid raises it.
    pub fn shortfall(&self) -> Quote {
        self.maintenance.min(self.debt_room)
    }
}

/// The legs of a book in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// |quantity| of the largest leg; 0 without legs.
    pub largest: u32,
}

/// Which fractions of what remains may be taken now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BidLimits {
    /// BM, < 0.
    pub buffer_margin: Quote,
    /// f_max: the part that is sold at a discount.
    pub discounted: Fraction,
    /// Smallest bid.
    pub smallest: Fraction,
    /// Largest bid, >= `smallest`; what it takes beyond `discounted` is priced at the mark.
    pub largest: Fraction,
}

/// The largest leg.
pub fn survey(positions: &[Position]) -> Survey {
    Survey { largest: positions.iter().map(|leg| leg.quantity.unsigned_abs()).max().unwrap_or(0) }
}

/// BM = min( MM - max(0, E - MM) x buffer, room under the cap on debt ), rounded down: what the account lacks to be
/// healthy again. E is the one at the accepted price. Errors: `Overflow`.
pub fn buffer_margin(view: &AuctionView, parameters: &AuctionParameters) -> Result<Quote, CoreError> {
    let requirement = view.equity.sub(view.maintenance)?.0.max(0);
    let buffer = Quote(ppm_up(requirement, parameters.buffer).ok_or(CoreError::Overflow)?);
    Ok(view.maintenance.sub(buffer)?.min(view.debt_room))
}

/// Whether E is under `cutoff x (E - MM)`: then the whole book may be taken.
fn under_cutoff(view: &AuctionView, parameters: &AuctionParameters) -> Result<bool, CoreError> {
    let requirement = view.equity_high.sub(view.maintenance)?.0.max(0);
    Ok(view.equity_high.0 < ppm_down(requirement, parameters.cutoff).ok_or(CoreError::Overflow)?)
}

/// f_max, rounded down: the fraction after which BM is 0, if requirements shrink in proportion.
///
/// A fraction f moves f (E - R) out and f d (E - R) in, so BM becomes BM - f (BM - E d - R (1 - d)):
/// `f_max = BM / (BM - E d - R (1 - d))`. If E < R what is sold is a liability, whose taker is paid in full: d counts
/// as 1 and f_max = BM / (BM - E). 0 if BM >= 0; 1 if E <= 0.
///
/// Errors: `Overflow`, `OutOfDomain` for a negative R or a d outside 0..=1.
pub fn fraction_max(buffer_margin: Quote, equity: Quote, reserved: Quote, d: Fraction) -> Result<Fraction, CoreError> {
    let d = d.checked()?;
    if reserved.0 < 0 {
        return Err(CoreError::OutOfDomain);
    }
    if buffer_margin.0 >= 0 {
        return Ok(Fraction::ZERO);
    }
    if equity.0 <= 0 {
        return Ok(Fraction::ONE);
    }
    let one = i128::from(FRACTION_ONE);
    let d = if equity < reserved { one } else { i128::from(d.0) };
    // All terms in atoms x 10^9. PROOF: each product is below 2^63 x 2^30, the scaled numerator below 2^124.
    let needed = buffer_margin.wide().wrapping_neg().wrapping_mul(one);
    let paid = equity.wide().wrapping_mul(d);
    let kept = reserved.wide().wrapping_mul(one.wrapping_sub(d));
    let whole = needed.wrapping_add(paid).wrapping_add(kept);
    let fraction = needed.wrapping_mul(one).checked_div(whole).ok_or(CoreError::DivisionByZero)?;
    i64::try_from(fraction).map(Fraction).map_err(|_| CoreError::Overflow)
}

/// Which fractions may be taken at price factor `d`.
///
/// f_max of the formula, or 1 under the cutoff. Smallest bid: 1 % or one lot of the largest leg, whichever is more.
/// Largest: f_max, at least the smallest; 1 under the cutoff, or if every leg has under ten lots, or without legs.
///
/// Errors: `AuctionOver` if BM >= 0, `Solvency` if E < 0 (see [`crate::liquidation::plan_takeover`]), `Arithmetic`.
pub fn bid_limits(
    view: &AuctionView,
    d: Fraction,
    survey: &Survey,
    parameters: &AuctionParameters,
) -> Result<BidLimits, LiquidationRefusal> {
    let buffer_margin = buffer_margin(view, parameters)?;
    if buffer_margin.0 >= 0 {
        return Err(LiquidationRefusal::AuctionOver { buffer_margin: buffer_margin.0 });
    }
    if view.equity_high.0 < 0 {
        return Err(LiquidationRefusal::Solvency { equity: view.equity_high.0 });
    }
    let whole = under_cutoff(view, parameters)?;
    let discounted =
        if whole { Fraction::ONE } else { fraction_max(buffer_margin, view.equity_high, view.reserved, d)? };
    let lot = FRACTION_ONE.unsigned_abs().div_ceil(u64::from(survey.largest.max(1)));
    let smallest = Fraction(i64::try_from(lot).unwrap_or(FRACTION_ONE)).max(SMALLEST_BID);
    let largest = if whole || survey.largest < SMALL_LEG_LOTS { Fraction::ONE } else { discounted.max(smallest) };
    Ok(BidLimits { buffer_margin, discounted, smallest, largest })
}

/// What starting an auction moves. Conservation: `fee = starter + fund`, all out of the account's cash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartFee {
    /// Taken from the account, >= 0, at most its equity.
    pub fee: Quote,
    /// To who started the auction, rounded down.
    pub starter: Quote,
    /// To the insurance fund.
    pub fund: Quote,
}

/// The start fee: `start_fee x f_max(d = 1, R = 0) x E`, rounded up, at most E; 0 if E <= 0 or `due` is false.
///
/// E is the one at the accepted price. Errors: `Healthy` if MM and the room under the cap on debt are >= 0,
/// `Arithmetic`.
pub fn plan_start_fee(
    view: &AuctionView,
    due: bool,
    parameters: &AuctionParameters,
) -> Result<StartFee, LiquidationRefusal> {
    let (equity, shortfall) = (view.equity, view.shortfall());
    if shortfall.0 >= 0 {
        return Err(LiquidationRefusal::Healthy { maintenance: shortfall.0 });
    }
    if !due || equity.0 <= 0 {
        return Ok(StartFee::default());
    }
    let buffer_margin = buffer_margin(view, parameters)?;
    let fraction = fraction_max(buffer_margin, equity, Quote::ZERO, Fraction::ONE)?;
    let sold = mul_div_up(equity.0, fraction.0, FRACTION_ONE).ok_or(CoreError::Overflow)?;
    let fee = Quote(sold).ratio_up(Ratio(parameters.start_fee))?.min(equity);
    let starter = fee.ratio_down(Ratio(parameters.starter_share))?;
    Ok(StartFee { fee, starter, fund: fee.sub(starter)? })
}
