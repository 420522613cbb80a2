//! Debt of a margin account: its interest, and the sale of collateral that cures it.

use crate::error::CoreError;
use crate::math::fixed::{div_toward_zero, mul_div_up, power_of_ten, Bounded};
use crate::parameters::{ClearinghouseParameters, PPM};
use crate::units::{Price, Quote, Seconds, Wide, YEAR_SECONDS};

/// Most decimals of a token that can be sold.
pub const DECIMALS_MAX: u8 = 18;

/// Interest on `cash` over `seconds`: `debt x debt_rate x seconds / year`, rounded up; 0 without debt.
///
/// Errors: `Overflow`.
pub fn interest(cash: Quote, seconds: Seconds, parameters: &ClearinghouseParameters) -> Result<Quote, CoreError> {
    const SCALE: i64 = PPM * YEAR_SECONDS;
    if cash.0 >= 0 || seconds <= 0 {
        return Ok(Quote::ZERO);
    }
    let debt = Quote::ZERO.sub(cash)?;
    let rate = i64::from(parameters.debt_rate).checked_mul(seconds).ok_or(CoreError::Overflow)?;
    mul_div_up(debt.0, rate, SCALE).map(Quote).ok_or(CoreError::Overflow)
}

/// What an account with debt may still lose to the cap on debt: `cash + collateral + cap`, < 0 where its debt exceeds
/// the value of its collateral by more than `cap`. Such an account is auctioned although its options would carry it:
/// the cap bounds what the clearinghouse lends. Without debt the largest amount. Saturates.
pub fn debt_room(cash: Quote, collateral: Quote, cap: Quote) -> Quote {
    if cash.0 < 0 {
        Quote(cash.0.saturated_add(collateral.0).saturated_add(cap.0))
    } else {
        Quote(i64::MAX)
    }
}

/// Discount of a collateral sale `elapsed` seconds after the debt arose: linear from 0 to `sale_discount_max` at
/// `sale_window_seconds`, then constant; ppm, rounded down (for the account that sells).
pub fn sale_discount(elapsed: Seconds, parameters: &ClearinghouseParameters) -> u32 {
    let window = i64::from(parameters.sale_window_seconds);
    let full = i64::from(parameters.sale_discount_max);
    let discount = div_toward_zero(full.saturated_mul(elapsed.clamp(0, window)), window).unwrap_or(full);
    u32::try_from(discount).unwrap_or(parameters.sale_discount_max)
}

/// A collateral sale as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaleTerms {
    /// The seller's debt, > 0.
    pub debt: Quote,
    /// Tokens the seller holds: atoms of the mint.
    pub held: u64,
    /// Tokens the buyer asks for: atoms of the mint, > 0.
    pub wanted: u64,
    /// Price of one whole token in quote atoms, > 0: accepted, while it walks raw if that is higher.
    pub price: Price,
    /// Decimals of the mint.
    pub decimals: u8,
    /// Seconds since the debt arose.
    pub elapsed: Seconds,
    /// Most the buyer pays: quote atoms.
    pub price_limit: Quote,
}

/// What a collateral sale moves. Conservation: `amount` tokens and `proceeds` quote change sides; the debt falls by
/// `proceeds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalePlan {
    /// Tokens from seller to buyer: atoms of the mint, > 0.
    pub amount: u64,
    /// Quote from buyer to seller, rounded up.
    pub proceeds: Quote,
    /// Discount to the oracle price, ppm.
    pub discount: u32,
}

/// Why a sale is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebtRefusal {
    /// The account has no debt.
    NoDebt {
        /// Its debt.
        debt: i64,
    },
    /// Nothing to sell: none held or none asked for.
    Nothing {
        /// Held.
        held: u64,
        /// Asked for.
        wanted: u64,
    },
    /// The buyer would pay more than its limit.
    PriceLimit {
        /// What it would pay.
        proceeds: i64,
        /// Its limit.
        limit: i64,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl From<CoreError> for DebtRefusal {
    fn from(error: CoreError) -> Self {
        Self::Arithmetic(error)
    }
}

/// Plans a sale: at most what is held, asked for, and needed to cure the debt.
///
/// With u = price x (1 - discount) per 10^decimals atoms: needed = ceil(debt / u), amount = min(held, wanted,
/// needed), proceeds = ceil(amount x u) — at least one atom, and over the debt by less than what one token atom is
/// worth. Errors: `NoDebt`, `Nothing`, `PriceLimit`, `Arithmetic` (`OutOfDomain` for a price that is not positive or
/// too many decimals).
pub fn plan_sale(terms: &SaleTerms, parameters: &ClearinghouseParameters) -> Result<SalePlan, DebtRefusal> {
    if terms.debt.0 <= 0 {
        return Err(DebtRefusal::NoDebt { debt: terms.debt.0 });
    }
    if terms.held == 0 || terms.wanted == 0 {
        return Err(DebtRefusal::Nothing { held: terms.held, wanted: terms.wanted });
    }
    if terms.price.0 <= 0 || terms.decimals > DECIMALS_MAX {
        return Err(CoreError::OutOfDomain.into());
    }
    let discount = sale_discount(terms.elapsed, parameters);
    let kept = PPM.saturated_sub(i64::from(discount));
    // Price of one atom = rate / scale, exact. PROOF: price < 2^63 and kept <= 10^6; 10^24 < 2^80.
    let rate = Wide::from(terms.price.0).wrapping_mul(Wide::from(kept));
    let power = power_of_ten(u32::from(terms.decimals)).ok_or(CoreError::OutOfDomain)?;
    let scale = Wide::from(power).wrapping_mul(Wide::from(PPM));
    let needed = wide_product(terms.debt.wide(), scale)?;
    let needed = ceil_div(needed, rate)?;
    let amount = Wide::from(terms.held.min(terms.wanted)).min(needed);
    let proceeds = Quote::from_wide(ceil_div(wide_product(amount, rate)?, scale)?)?;
    if proceeds > terms.price_limit {
        return Err(DebtRefusal::PriceLimit { proceeds: proceeds.0, limit: terms.price_limit.0 });
    }
    let amount = u64::try_from(amount).map_err(|_| CoreError::Overflow)?;
    Ok(SalePlan { amount, proceeds, discount })
}

/// Not inlined: a checked 128-bit product is seven hundred bytes. Errors: `Overflow`.
#[inline(never)]
fn wide_product(a: Wide, b: Wide) -> Result<Wide, CoreError> {
    a.checked_mul(b).ok_or(CoreError::Overflow)
}

/// Quotient of two positive integers, rounded up. Errors: `DivisionByZero`, `Overflow`.
#[inline(never)]
fn ceil_div(a: Wide, b: Wide) -> Result<Wide, CoreError> {
    let quotient = a.checked_div(b).ok_or(CoreError::DivisionByZero)?;
    let rest = a.checked_rem(b).ok_or(CoreError::DivisionByZero)?;
    quotient.checked_add(Wide::from(rest > 0)).ok_or(CoreError::Overflow)
}
