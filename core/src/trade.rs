//! A cleared trade: what moves, what it may cost, and who may make it.
//!
//! The clearinghouse stands between the two sides. Both carry the same integer premium; fees round up.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::math::fixed::{product, Bounded};
use crate::parameters::{check_ranges, ppm_down, ppm_up, ClearinghouseParameters, ParameterError, PPM};
use crate::units::{Quantity, Quote, Ratio};

/// Position limits, price bands and settlement coverage of one underlying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct LimitParameters {
    /// Most contracts of one leg, |quantity|.
    pub max_quantity: i64,
    /// Most contracts of open interest per series.
    pub open_interest_cap: i64,
    /// Largest distance of a trade price from the mark, ppm of the mark.
    pub price_band: u32,
    /// The same in ppm of spot; the larger of the two counts.
    pub price_band_floor: u32,
    /// What a curing trade may lose on top of fees, ppm of the mark value traded.
    pub curing_slip: u32,
    /// Seconds of the settlement window that samples must cover.
    pub settlement_required_seconds: u32,
    /// Longest time one settlement sample counts, seconds.
    pub sample_hold_max_seconds: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(core::mem::size_of::<LimitParameters>() == 40);

impl LimitParameters {
    /// A BTC-like underlying with up to a tenth of it per contract: 20,000 contracts per leg, 200,000 per series,
    /// 25 % of the mark or 1 % of spot, 2 % curing slip, 1,200 s of the settlement window covered by samples of 120 s
    /// at most.
    pub const fn shipped() -> Self {
        Self {
            max_quantity: 20_000,
            open_interest_cap: 200_000,
            price_band: 250_000,
            price_band_floor: 10_000,
            curing_slip: 20_000,
            settlement_required_seconds: 1_200,
            sample_hold_max_seconds: 120,
            padding: 0,
        }
    }

    /// Checks every hard range. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            // The largest i32: a leg's quantity is one.
            max_quantity: 1..=2_147_483_647,
            open_interest_cap: 1..=1_000_000_000_000,
            price_band: 10_000..=PPM,
            price_band_floor: 1_000..=100_000,
            curing_slip: 0..=100_000,
            settlement_required_seconds: 600..=1_800,
            sample_hold_max_seconds: 10..=300,
            padding: 0..=0,
        })
    }
}

/// A trade as agreed, with the prices it is measured against. All amounts per contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeTerms {
    /// Contracts that change hands, > 0.
    pub quantity: Quantity,
    /// Agreed price, >= 0.
    pub price: Quote,
    /// Mark now, >= 0.
    pub mark: Quote,
    /// Accepted price of the underlying x contract size: what one contract stands for, > 0.
    pub spot: Quote,
}

/// What a trade moves. Conservation: `buyer_cash + seller_cash + fees = 0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradePlan {
    /// Price x quantity, >= 0.
    pub premium: Quote,
    /// Change of the buyer's cash: `-(premium + fee)`.
    pub buyer_cash: Quote,
    /// Change of the seller's cash: `premium - fee`.
    pub seller_cash: Quote,
    /// Fee of each side, >= 0.
    pub fee: Quote,
    /// Fees of both sides, accrued in the expiry.
    pub fees: Quote,
    /// |mark x quantity|: the mark value traded.
    pub mark_value: Quote,
}

/// Why a trade is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeRefusal {
    /// Nothing changes hands.
    Quantity {
        /// The quantity.
        quantity: i32,
    },
    /// A leg would be larger than allowed.
    LegTooLarge {
        /// |quantity| after.
        quantity: i64,
        /// Largest allowed.
        max: i64,
    },
    /// The series would hold more contracts than allowed.
    OpenInterest {
        /// Open interest after.
        open_interest: i64,
        /// Largest allowed.
        cap: i64,
    },
    /// The price is too far from the mark.
    PriceBand {
        /// Their distance, per contract.
        distance: i64,
        /// Largest allowed.
        band: i64,
    },
    /// With a stale price a trade stands at the last accepted mark.
    NotAtMark {
        /// Agreed price.
        price: i64,
        /// The mark.
        mark: i64,
    },
    /// With a stale price a trade reduces |quantity| on both sides.
    NotReducing {
        /// Quantity before.
        before: i64,
        /// Quantity after.
        after: i64,
    },
    /// Cash would fall below what the rule allows.
    Cash {
        /// Cash after.
        cash: i64,
        /// Least allowed.
        least: i64,
    },
    /// The initial balance would be negative, and the trade does not cure.
    InitialMargin {
        /// Balance after.
        initial: i64,
    },
    /// A curing trade may grow no short.
    ShortGrows {
        /// Quantity before.
        before: i64,
        /// Quantity after.
        after: i64,
    },
    /// A curing trade may not lower the initial balance.
    InitialFalls {
        /// Balance before.
        before: i64,
        /// Balance after.
        after: i64,
    },
    /// A curing trade may not lower the maintenance balance.
    MaintenanceFalls {
        /// Balance before.
        before: i64,
        /// Balance after.
        after: i64,
    },
    /// A curing trade loses too much equity.
    EquityFalls {
        /// Equity after.
        after: i64,
        /// Least allowed.
        least: i64,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl From<CoreError> for TradeRefusal {
    fn from(error: CoreError) -> Self {
        Self::Arithmetic(error)
    }
}

/// What the trade moves. Fee of a side = `min(trade_fee x spot x quantity, trade_fee_premium_cap x premium)`, each
/// rounded up: a trade at price zero is free.
///
/// Errors: `Quantity` unless quantity > 0, `Arithmetic`.
pub fn plan(terms: &TradeTerms, fees: &ClearinghouseParameters) -> Result<TradePlan, TradeRefusal> {
    if terms.quantity.0 <= 0 {
        return Err(TradeRefusal::Quantity { quantity: terms.quantity.0 });
    }
    if terms.price.0 < 0 || terms.mark.0 < 0 || terms.spot.0 < 0 {
        return Err(CoreError::OutOfDomain.into());
    }
    let premium = total(terms.price, terms.quantity)?;
    let notional = total(terms.spot, terms.quantity)?;
    let by_notional = ppm_up(notional.0, fees.trade_fee).ok_or(CoreError::Overflow)?;
    let by_premium = ppm_up(premium.0, fees.trade_fee_premium_cap).ok_or(CoreError::Overflow)?;
    let fee = Quote(by_notional.min(by_premium));
    Ok(TradePlan {
        premium,
        buyer_cash: Quote::ZERO.sub(premium.add(fee)?)?,
        seller_cash: premium.sub(fee)?,
        fee,
        fees: fee.add(fee)?,
        mark_value: total(terms.mark, terms.quantity)?,
    })
}

fn total(amount: Quote, quantity: Quantity) -> Result<Quote, CoreError> {
    product(amount.0, i64::from(quantity.0)).map(Quote).ok_or(CoreError::Overflow)
}

/// `|price - mark| <= max(price_band x mark, price_band_floor x spot)`, bounds rounded down. Errors: `PriceBand`.
pub fn check_price_band(terms: &TradeTerms, limits: &LimitParameters) -> Result<(), TradeRefusal> {
    let by_mark = ppm_down(terms.mark.0, limits.price_band).ok_or(CoreError::Overflow)?;
    let by_spot = ppm_down(terms.spot.0, limits.price_band_floor).ok_or(CoreError::Overflow)?;
    let distance = terms.price.0.exact_sub(terms.mark.0).and_then(i64::checked_abs).ok_or(CoreError::Overflow)?;
    let band = by_mark.max(by_spot);
    if distance > band {
        return Err(TradeRefusal::PriceBand { distance, band });
    }
    Ok(())
}

/// Quantity of one side's leg before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegChange {
    /// Before: + long, - short.
    pub before: Quantity,
    /// After.
    pub after: Quantity,
}

impl LegChange {
    /// The leg after `bought` contracts (- sold). Errors: `LegTooLarge` beyond `limits` unless |quantity| falls,
    /// `Arithmetic`.
    pub fn new(before: Quantity, bought: Quantity, limits: &LimitParameters) -> Result<Self, TradeRefusal> {
        let change = Self { before, after: before.add(bought)? };
        change.within(limits)?;
        Ok(change)
    }

    /// Whether the leg may be like that. Errors: `LegTooLarge`, as [`LegChange::new`].
    pub fn within(&self, limits: &LimitParameters) -> Result<(), TradeRefusal> {
        let quantity = i64::from(self.after.0).saturating_abs();
        if quantity > limits.max_quantity && !self.reduces() {
            return Err(TradeRefusal::LegTooLarge { quantity, max: limits.max_quantity });
        }
        Ok(())
    }

    /// |quantity| falls and the sign does not turn.
    pub fn reduces(&self) -> bool {
        let (before, after) = (self.before.0, self.after.0);
        if before < 0 {
            before < after && after <= 0
        } else {
            0 <= after && after < before
        }
    }

    /// The leg is shorter than before: more contracts owed.
    pub fn grows_short(&self) -> bool {
        self.after.0 < 0 && self.after.0 < self.before.0
    }

    /// Buys back a short: short before, less so after, not long.
    pub fn buys_back(&self) -> bool {
        self.before.0 < 0 && self.reduces()
    }

    /// Change of contracts held long.
    fn long(&self) -> i64 {
        i64::from(self.after.0.max(0)).saturated_sub(i64::from(self.before.0.max(0)))
    }
}

/// Open interest of the series after both legs changed.
///
/// Long minus short is the sum of quantities, which a trade leaves at zero; so the change of contracts held long is
/// that of contracts held short, and one number counts both.
///
/// Errors: `OpenInterest` above the cap unless it falls, `Arithmetic` if the legs do not sum to what they did before,
/// or the result is negative.
pub fn open_interest_after(
    before: i64,
    buyer: &LegChange,
    seller: &LegChange,
    limits: &LimitParameters,
) -> Result<i64, TradeRefusal> {
    let after = open_interest_moved(before, buyer, seller)?;
    if after > limits.open_interest_cap && after > before {
        return Err(TradeRefusal::OpenInterest { open_interest: after, cap: limits.open_interest_cap });
    }
    Ok(after)
}

/// Open interest after contracts moved between two accounts (a trade or a liquidation), without a cap.
///
/// Errors: `OutOfDomain` if the legs do not sum to what they did before, or the result is negative; `Overflow`.
pub fn open_interest_moved(before: i64, one: &LegChange, other: &LegChange) -> Result<i64, CoreError> {
    let sum = |a: Quantity, b: Quantity| i64::from(a.0).saturated_add(i64::from(b.0));
    if sum(one.before, other.before) != sum(one.after, other.after) {
        return Err(CoreError::OutOfDomain);
    }
    let change = one.long().saturated_add(other.long());
    let after = before.exact_add(change).ok_or(CoreError::Overflow)?;
    if after < 0 {
        return Err(CoreError::OutOfDomain);
    }
    Ok(after)
}

/// Equity and margin balances of an account, quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// E: cash + mark-to-market + collateral.
    pub equity: Quote,
    /// Initial balance, >= 0 is fine.
    pub initial: Quote,
    /// Maintenance balance, >= 0 is fine.
    pub maintenance: Quote,
}

impl Standing {
    /// The standing after `quantity` contracts (- sold) changed hands for `cash`: its equity is that of `before` and what
    /// the trade moved by `mark`, whatever marks the balances stand on. Errors: `Overflow`.
    pub fn traded(self, before: &Self, (quantity, mark, cash): (Quantity, Quote, Quote)) -> Result<Self, CoreError> {
        let equity = Quote::from_wide(mark.times(quantity))?.add(cash)?.add(before.equity)?;
        Ok(Self { equity, ..self })
    }

    /// Wide balances as a standing. Errors: `Overflow` outside `i64`.
    pub fn from_wide(equity: i128, initial: i128, maintenance: i128) -> Result<Self, CoreError> {
        Ok(Self {
            equity: Quote::from_wide(equity)?,
            initial: Quote::from_wide(initial)?,
            maintenance: Quote::from_wide(maintenance)?,
        })
    }
}

/// One side of a trade, before and after it, at the same prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideCheck {
    /// Balances before.
    pub before: Standing,
    /// Balances after, price and fee included.
    pub after: Standing,
    /// Cash before.
    pub cash_before: Quote,
    /// Cash after.
    pub cash_after: Quote,
    /// Cash of the account that is held, locked or reserved, >= 0: not part of the two above.
    pub bound: Quote,
    /// The leg.
    pub leg: LegChange,
    /// Fee of the side.
    pub fee: Quote,
    /// |mark x quantity| traded.
    pub mark_value: Quote,
}

/// Which trades an account may make now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeRule {
    /// Any that leaves the initial balance at 0 or above; else only curing ones.
    Free,
    /// Only those that cure.
    Curing,
    /// Only those that reduce |quantity|, at the last accepted mark, and keep the initial balance >= 0 or cure.
    Reducing,
}

/// What the oracle says for a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceStanding {
    /// Fresh, tight, converged.
    Valid,
    /// Fresh, but wide, diverging or walking.
    Guarded,
    /// Older than its bound.
    Stale,
}

/// The permission table: (price, in auction, owner owes bad debt) -> rule.
pub const fn rule(price: PriceStanding, in_auction: bool, owes_bad_debt: bool) -> TradeRule {
    match (price, in_auction, owes_bad_debt) {
        (PriceStanding::Stale, _, _) => TradeRule::Reducing,
        (PriceStanding::Guarded, _, _) | (_, true, _) | (_, _, true) => TradeRule::Curing,
        (PriceStanding::Valid, false, false) => TradeRule::Free,
    }
}

/// Whether one side may make its trade.
///
/// | rule | passes if |
/// |---|---|
/// | free | initial balance after >= 0 and cash after >= 0; or it cures |
/// | curing | see [`check_curing`], and cash after >= min(0, cash before) |
/// | reducing | \|quantity\| falls, price = mark (checked by [`check_at_mark`]), and it cures or leaves the initial balance >= 0; cash as for curing |
///
/// A trade that buys back a short may take cash to `-debt_cap` under each rule, unless cash is bound: what is held,
/// locked or reserved is spent by no trade. Errors: the first refusal.
pub fn check_side(
    rule: TradeRule,
    side: &SideCheck,
    limits: &LimitParameters,
    debt_cap: Quote,
) -> Result<(), TradeRefusal> {
    let cures = || check_curing(side, limits);
    let strict = match rule {
        TradeRule::Free if side.after.initial.0 >= 0 => true,
        TradeRule::Free => match cures() {
            Ok(()) => false,
            Err(TradeRefusal::Arithmetic(error)) => return Err(error.into()),
            Err(_) => return Err(TradeRefusal::InitialMargin { initial: side.after.initial.0 }),
        },
        TradeRule::Curing => cures().map(|()| false)?,
        // The long leg of a spread reduces too, and leaves the short one naked.
        TradeRule::Reducing if side.leg.reduces() && side.after.initial.0 >= 0 => false,
        TradeRule::Reducing if side.leg.reduces() => cures().map(|()| false)?,
        TradeRule::Reducing => {
            let (before, after) = (i64::from(side.leg.before.0), i64::from(side.leg.after.0));
            return Err(TradeRefusal::NotReducing { before, after });
        }
    };
    check_cash(side, strict && cures().is_err(), debt_cap)
}

/// Cash after the trade: at least 0 (`strict`), or at least min(0, cash before) for a trade that cures or reduces;
/// buying back a short may use the debt cap. Errors: `Cash`.
fn check_cash(side: &SideCheck, strict: bool, debt_cap: Quote) -> Result<(), TradeRefusal> {
    let mut least = if strict { 0 } else { side.cash_before.0.min(0) };
    if side.leg.buys_back() && side.bound.0 == 0 {
        least = least.min(debt_cap.0.saturating_neg());
    }
    if side.cash_after.0 < least {
        return Err(TradeRefusal::Cash { cash: side.cash_after.0, least });
    }
    Ok(())
}

/// Curing: initial and maintenance balance not lower, no short grown, and equity at least
/// `max(E - fee - curing_slip x |mark value|, min(E, 0))`. Errors: the first that fails.
pub fn check_curing(side: &SideCheck, limits: &LimitParameters) -> Result<(), TradeRefusal> {
    let (before, after) = (&side.before, &side.after);
    if side.leg.grows_short() {
        let (before, after) = (i64::from(side.leg.before.0), i64::from(side.leg.after.0));
        return Err(TradeRefusal::ShortGrows { before, after });
    }
    if after.initial < before.initial {
        return Err(TradeRefusal::InitialFalls { before: before.initial.0, after: after.initial.0 });
    }
    if after.maintenance < before.maintenance {
        return Err(TradeRefusal::MaintenanceFalls { before: before.maintenance.0, after: after.maintenance.0 });
    }
    let slip = ppm_down(side.mark_value.0, limits.curing_slip).ok_or(CoreError::Overflow)?;
    let least = before.equity.sub(side.fee)?.sub(Quote(slip))?.0.max(before.equity.0.min(0));
    if after.equity.0 < least {
        return Err(TradeRefusal::EquityFalls { after: after.equity.0, least });
    }
    Ok(())
}

/// A trade on a stale price stands at the last accepted mark exactly. Errors: `NotAtMark`.
pub fn check_at_mark(terms: &TradeTerms) -> Result<(), TradeRefusal> {
    if terms.price != terms.mark {
        return Err(TradeRefusal::NotAtMark { price: terms.price.0, mark: terms.mark.0 });
    }
    Ok(())
}

/// Collected fees, divided. Conservation: `insurance + surplus = fees`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeSplit {
    /// To the insurance fund: its share and the remainder of rounding.
    pub insurance: Quote,
    /// To the surplus, rounded down.
    pub surplus: Quote,
}

/// Divides `fees` (>= 0); the protocol's part rounds down. Errors: `OutOfDomain` below 0 or for a share above one.
pub fn split_fees(fees: Quote, insurance_share: Ratio) -> Result<FeeSplit, CoreError> {
    let rest = Ratio::ONE.0.checked_sub(insurance_share.0).ok_or(CoreError::OutOfDomain)?;
    if fees.0 < 0 {
        return Err(CoreError::OutOfDomain);
    }
    let surplus = Quote(ppm_down(fees.0, rest).ok_or(CoreError::Overflow)?);
    Ok(FeeSplit { insurance: fees.sub(surplus)?, surplus })
}
