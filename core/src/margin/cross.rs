//! Cross and isolated mode: balances of a book with spread recognition.
//!
//! S spot, F forward, K strike, n quantity, m = n x mark (both < 0 for a short), all amounts per contract in atoms.
//! Per expiry: `balance = max( sum of legs , maximum loss )`, the less demanding. Undiscounted.
//!
//! - long leg: MM `long_mm m`, IM `long_im m`
//! - short call: MM `m + mm_call S n`; IM `m + k S n`, `k = max(max_spot - otm / S, min_spot)`, `otm = max(0, K - S)`
//! - short put: MM `m + min(mm_put S n, mm_put_mark m)`; IM `min(m + k S n, MM offset)`, `otm = max(0, S - K)`
//! - maximum loss: least payoff over settlement at 0 and at each strike, never above 0, plus
//!   `net_calls F unpaired` when net calls are short
//! - IM only, per short contract: `(1 - conf) conf_factor S` below the confidence threshold and
//!   `(depeg_threshold - stable) depeg_factor S` below the depeg threshold
//!
//! A mark is rounded once per contract, down, for both sides; everything asked for on top is rounded up.
//! The initial balance is the least over accepted, low and high price of each underlying, the maintenance balance
//! over accepted and, while walking, raw.

use crate::error::CoreError;
use crate::margin::contract::{ratio_down, ratio_up, Multiplier, SizeFraction};
use crate::margin::forward::{forward_at, EvaluationPrice, EvaluationPrices};
use crate::margin::kernel::Pricer;
use crate::margin::netting::{Netting, StrikeNet};
use crate::margin::parameters::CrossParameters;
use crate::margin::view::{Balances, Book, CollateralView, ExpiryView, UnderlyingBalances, UnderlyingView};
use crate::math::fixed::{mul_div_down, Bounded};
use crate::position::OptionKind;
use crate::series::Strike;
use crate::units::{ContractSize, Price, Quote, Ratio, Wide};

/// The balances of `book`: every leg, every expiry, every evaluation price.
///
/// Errors: those of [`Book::validate`]; `UnknownSeries` for a leg that names nothing; `OutOfDomain` for an expiry
/// whose `order` is not its used strikes by ascending price; `Overflow` beyond the listing bounds.
pub fn balances(book: &Book) -> Result<Balances, CoreError> {
    book.validate()?;
    let mut out = Balances::default();
    let (mut initial, mut maintenance) = (book.cash.wide(), book.cash.wide());
    for ((index, view), part) in (0u8..).zip(book.underlyings).zip(out.by_underlying.iter_mut()) {
        *part = Context::new(book, index, view)?.worst(&EvaluationPrices::new(view))?;
        initial = sum(initial, part.initial)?;
        maintenance = sum(maintenance, part.maintenance)?;
        out.mark_to_market = sum(out.mark_to_market, part.mark_to_market)?;
    }
    let rest = unmoved_collateral(book)?;
    out.maintenance = sum(maintenance, rest.maintenance)?;
    out.initial = sum(initial, rest.initial)?.min(out.maintenance);
    out.equity = sum(sum(book.cash.wide(), out.mark_to_market)?, collateral_equity(book)?)?;
    Ok(out)
}

/// Maintenance balance of `book` if the underlying at `index` traded at `price` and every other stayed.
///
/// Errors: as [`balances`].
pub fn maintenance_at(book: &Book, index: u8, price: Price) -> Result<Wide, CoreError> {
    book.validate()?;
    let mut maintenance = sum(book.cash.wide(), unmoved_collateral(book)?.maintenance)?;
    for (at, view) in (0u8..).zip(book.underlyings) {
        let prices = if at == index { EvaluationPrices::only(price) } else { EvaluationPrices::new(view) };
        maintenance = sum(maintenance, Context::new(book, at, view)?.worst(&prices)?.maintenance)?;
    }
    Ok(maintenance)
}

/// Mark of one contract now: model price at the accepted price, the payoff once settled, >= 0.
///
/// Errors: `UnknownSeries`, `OutOfDomain`, `Overflow`.
pub fn mark(
    expiry: &ExpiryView,
    underlying: &UnderlyingView,
    strike: u8,
    kind: OptionKind,
) -> Result<Quote, CoreError> {
    let strike = expiry.strike(strike)?;
    if let Some(settlement) = expiry.settled {
        return payoff(settlement, strike, kind, underlying.contract_size);
    }
    let pricer = Pricer::new(&forward_at(expiry, underlying.spot)?, SizeFraction::new(underlying.contract_size)?)?;
    Ok(Quote(match kind {
        OptionKind::Call => pricer.marks(strike, (true, false))?.call,
        OptionKind::Put => pricer.marks(strike, (false, true))?.put,
    }))
}

/// What one contract pays at `settlement`, rounded down once, the same integer for both sides.
///
/// Errors: `OutOfDomain` for a negative price, `Overflow`.
pub fn payoff(settlement: Price, strike: &Strike, kind: OptionKind, size: ContractSize) -> Result<Quote, CoreError> {
    let intrinsic = match kind {
        OptionKind::Call => settlement.0.saturated_sub(strike.price),
        OptionKind::Put => strike.price.saturated_sub(settlement.0),
    };
    SizeFraction::new(size)?.down(magnitude(intrinsic.max(0))?).map(Quote)
}

/// Balances of one underlying at one price.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) initial: Wide,
    pub(super) maintenance: Wide,
    mark_to_market: Wide,
}

/// One underlying of a book with what all its expiries share.
pub(super) struct Context<'a> {
    book: &'a Book<'a>,
    index: u8,
    view: &'a UnderlyingView,
    size: SizeFraction,
}

impl<'a> Context<'a> {
    pub(super) fn new(book: &'a Book<'a>, index: u8, view: &'a UnderlyingView) -> Result<Self, CoreError> {
        Ok(Self { book, index, view, size: SizeFraction::new(view.contract_size)? })
    }

    /// The least demanding reading is never taken: each balance is its minimum over the prices that count for it.
    pub(super) fn worst(&self, prices: &EvaluationPrices) -> Result<UnderlyingBalances, CoreError> {
        let mut sums = [Sums::default(); 4];
        for (slot, expiry) in (0u8..).zip(self.book.expiries) {
            if expiry.underlying == self.index {
                self.add_expiry(slot, expiry, prices, &mut sums)?;
            }
        }
        let mut worst = UnderlyingBalances { initial: Wide::MAX, maintenance: Wide::MAX, ..Default::default() };
        for (at, (price, sums)) in prices.iter().zip(sums.iter_mut()).enumerate() {
            self.add_collateral(price, sums)?;
            if at == 0 {
                worst.mark_to_market = sums.mark_to_market;
                worst.raw_mark_to_market = sums.mark_to_market;
            }
            if Some(price.price) == self.view.walking {
                worst.raw_mark_to_market = sums.mark_to_market;
            }
            if price.initial {
                worst.initial = worst.initial.min(sums.initial);
            }
            if price.maintenance {
                worst.maintenance = worst.maintenance.min(sums.maintenance);
            }
        }
        Ok(worst)
    }

    fn add_expiry(
        &self,
        slot: u8,
        expiry: &ExpiryView,
        prices: &EvaluationPrices,
        sums: &mut [Sums; 4],
    ) -> Result<(), CoreError> {
        let mut net = Netting::EMPTY;
        net.fill(self.book.positions, usize::from(slot), expiry.strikes.len())?;
        if net.is_empty() {
            return Ok(());
        }
        net.total();
        if let Some(settlement) = expiry.settled {
            let value = settled_value(&net, expiry, settlement, self.view.contract_size)?;
            return prices.iter().zip(sums.iter_mut()).try_for_each(|(_, sums)| {
                sums.add(&Sums { initial: value, maintenance: value, mark_to_market: value })
            });
        }
        let worst_payoff = net.worst_payoff(expiry, &self.size)?;
        for (price, sums) in prices.iter().zip(sums.iter_mut()) {
            sums.add(&self.expiry_at(expiry, &net, worst_payoff, price.price)?)?;
        }
        Ok(())
    }

    /// `max(legs, maximum loss)` of one expiry at one price, less the initial add-ons.
    fn expiry_at(&self, expiry: &ExpiryView, net: &Netting, worst: Wide, spot: Price) -> Result<Sums, CoreError> {
        let forward = forward_at(expiry, spot)?;
        let multiplier = net.multiplier();
        let rules = LegRules::new(self.view, spot, self.size)?;
        let pricer = Pricer::new(&forward, self.size)?;
        let mut legs = LegSums { multiplier, ..LegSums::default() };
        for strike in net.iter() {
            rules.add_strike(strike, expiry.strike(strike.id)?, &pricer, &mut legs)?;
        }
        let legs = legs.total();
        let (mut initial, mut maintenance) = (worst, worst);
        if net.net_calls < 0 {
            let notional = self.size.up(magnitude(forward.price)?)?;
            let unpaired = |ratio| ratio_up(notional, ratio).map(|amount| multiplier.times(net.net_calls, amount));
            initial = sum(initial, unpaired(self.view.parameters.unpaired_im)?)?;
            maintenance = sum(maintenance, unpaired(self.view.parameters.unpaired_mm)?)?;
        }
        let add_on = multiplier.times(net.shorts, self.add_on(expiry, rules.spot)?);
        Ok(Sums {
            initial: difference(legs.initial.max(initial), add_on)?,
            maintenance: legs.maintenance.max(maintenance),
            mark_to_market: legs.mark_to_market,
        })
    }

    /// Confidence and depeg add-ons per short contract at `spot` per contract.
    fn add_on(&self, expiry: &ExpiryView, spot: i64) -> Result<i64, CoreError> {
        let rules = &self.view.parameters;
        let confidence = self.view.spot_confidence.min(expiry.forward_confidence).min(expiry.vol_confidence);
        let doubt = doubt_up(spot, confidence, rules.conf_threshold, rules.conf_factor)?;
        let gap = Ratio(rules.depeg_threshold.0.saturating_sub(self.book.stable_price.0));
        more(doubt, share_up(spot, gap, rules.depeg_factor)?)
    }

    /// The collateral that moves with this underlying, at `price`.
    fn add_collateral(&self, price: &EvaluationPrice, sums: &mut Sums) -> Result<(), CoreError> {
        let rules = &self.view.parameters;
        for collateral in self.book.collateral.iter().filter(|c| c.price_underlying == Some(self.index)) {
            let value = if price.price == self.view.spot {
                collateral.value.0
            } else {
                mul_div_down(collateral.value.0, price.price.0, self.view.spot.0).ok_or(CoreError::Overflow)?
            };
            let counted = |scale| counted_down(value, collateral.factor, scale).map(Wide::from);
            let doubt = doubt_up(value, collateral.confidence, rules.conf_threshold, rules.conf_factor)?;
            sums.add(&Sums {
                initial: difference(counted(self.view.scale_im)?, Wide::from(doubt))?,
                maintenance: counted(self.view.scale_mm)?,
                mark_to_market: 0,
            })?;
        }
        Ok(())
    }
}

/// Sums over the legs of one expiry: in 64 bits for amounts that the multiplier holds, in 128 beyond.
#[derive(Clone, Copy, Debug, Default)]
struct LegSums {
    multiplier: Multiplier,
    initial: i64,
    maintenance: i64,
    mark_to_market: i64,
    beyond: Sums,
}

impl LegSums {
    /// Adds a leg that counts at (initial, maintenance) per contract, all amounts >= 0.
    #[inline(always)]
    fn add(&mut self, quantity: i64, mark: i64, (initial, maintenance): (i64, i64)) {
        if self.multiplier.holds(mark.max(initial).max(maintenance)) {
            // PROOF: the multiplier is that of the expiry's gross quantity.
            self.initial = self.initial.wrapping_add(quantity.wrapping_mul(initial));
            self.maintenance = self.maintenance.wrapping_add(quantity.wrapping_mul(maintenance));
            self.mark_to_market = self.mark_to_market.wrapping_add(quantity.wrapping_mul(mark));
        } else {
            self.add_beyond(quantity, mark, (initial, maintenance));
        }
    }

    #[cold]
    #[inline(never)]
    fn add_beyond(&mut self, quantity: i64, mark: i64, (initial, maintenance): (i64, i64)) {
        // PROOF: at most 128 legs of an expiry, each product below 2^95.
        let times = |amount: i64| Wide::from(quantity).wrapping_mul(Wide::from(amount));
        let beyond = &mut self.beyond;
        beyond.initial = beyond.initial.wrapping_add(times(initial));
        beyond.maintenance = beyond.maintenance.wrapping_add(times(maintenance));
        beyond.mark_to_market = beyond.mark_to_market.wrapping_add(times(mark));
    }

    fn total(&self) -> Sums {
        // PROOF: an i64 and a sum below 2^102.
        Sums {
            initial: self.beyond.initial.wrapping_add(Wide::from(self.initial)),
            maintenance: self.beyond.maintenance.wrapping_add(Wide::from(self.maintenance)),
            mark_to_market: self.beyond.mark_to_market.wrapping_add(Wide::from(self.mark_to_market)),
        }
    }
}

impl Sums {
    /// Not inlined: three checked 128-bit additions are six hundred bytes, and some callers' loops are unrolled.
    #[inline(never)]
    fn add(&mut self, other: &Self) -> Result<(), CoreError> {
        self.initial = sum(self.initial, other.initial)?;
        self.maintenance = sum(self.maintenance, other.maintenance)?;
        self.mark_to_market = sum(self.mark_to_market, other.mark_to_market)?;
        Ok(())
    }
}

/// What a short contract asks for at one price of the underlying, atoms per contract, rounded up.
struct LegRules<'a> {
    parameters: &'a CrossParameters,
    size: SizeFraction,
    price: Price,
    /// Spot per contract.
    spot: i64,
    /// `max_spot S` and `min_spot S`, scaled for the initial balance.
    most: i64,
    least: i64,
    /// `mm_call S` and `mm_put S`, scaled for the maintenance balance.
    call: i64,
    put: i64,
    /// `mm_put S`, scaled for the initial balance, where `offset` applies to it.
    put_initial: i64,
}

impl<'a> LegRules<'a> {
    fn new(view: &'a UnderlyingView, price: Price, size: SizeFraction) -> Result<Self, CoreError> {
        let rules = &view.parameters;
        let spot = size.up(magnitude(price.0)?)?;
        let share = |ratio, scale| share_up(spot, ratio, scale);
        Ok(Self {
            parameters: rules,
            size,
            price,
            spot,
            most: share(rules.max_spot, view.scale_im)?,
            least: share(rules.min_spot, view.scale_im)?,
            call: share(rules.mm_call, view.scale_mm)?,
            put: share(rules.mm_put, view.scale_mm)?,
            put_initial: share(rules.mm_put, view.scale_im)?,
        })
    }

    /// Adds the call and put legs of one strike; they share one kernel price.
    fn add_strike(
        &self,
        net: &StrikeNet,
        strike: &Strike,
        pricer: &Pricer,
        legs: &mut LegSums,
    ) -> Result<(), CoreError> {
        let marks = pricer.marks(strike, (net.calls != 0, net.puts != 0))?;
        if net.calls != 0 {
            let counted = if net.calls < 0 { self.short_call(marks.call, strike)? } else { self.long(marks.call)? };
            legs.add(net.calls, marks.call, counted);
        }
        if net.puts != 0 {
            let counted = if net.puts < 0 { self.short_put(marks.put, strike)? } else { self.long(marks.put)? };
            legs.add(net.puts, marks.put, counted);
        }
        Ok(())
    }

    /// What a long counts at per contract: (initial, maintenance), rounded down.
    #[inline(always)]
    fn long(&self, mark: i64) -> Result<(i64, i64), CoreError> {
        let share = |ratio: Ratio| if ratio.0 == 0 { Ok(0) } else { ratio_down(mark, ratio) };
        Ok((share(self.parameters.long_im)?, share(self.parameters.long_mm)?))
    }

    /// What a short call asks for per contract: (initial, maintenance), rounded up.
    #[inline(always)]
    fn short_call(&self, mark: i64, strike: &Strike) -> Result<(i64, i64), CoreError> {
        let otm = self.size.down(magnitude(strike.price.saturated_sub(self.price.0).max(0))?)?;
        Ok((more(mark, self.shock(otm))?, more(mark, self.call)?))
    }

    /// What a short put asks for per contract: (initial, maintenance), rounded up.
    #[inline(always)]
    fn short_put(&self, mark: i64, strike: &Strike) -> Result<(i64, i64), CoreError> {
        let otm = self.size.down(magnitude(self.price.0.saturated_sub(strike.price).max(0))?)?;
        let by_mark = ratio_up(mark, self.parameters.mm_put_mark)?;
        let floor = ratio_up(more(mark, self.put_initial.max(by_mark))?, self.parameters.offset)?;
        Ok((more(mark, self.shock(otm))?.max(floor), more(mark, self.put.max(by_mark))?))
    }

    /// `k S = max(max_spot S - otm, min_spot S)`.
    fn shock(&self, otm: i64) -> i64 {
        self.most.saturated_sub(otm).max(self.least)
    }
}

pub(super) fn settled_value(
    net: &Netting,
    expiry: &ExpiryView,
    settlement: Price,
    size: ContractSize,
) -> Result<Wide, CoreError> {
    let multiplier = net.multiplier();
    let mut value: Wide = 0;
    for strike in net.iter() {
        let series = expiry.strike(strike.id)?;
        let call = payoff(settlement, series, OptionKind::Call, size)?;
        let put = payoff(settlement, series, OptionKind::Put, size)?;
        value = sum(value, multiplier.times(strike.calls, call.0))?;
        value = sum(value, multiplier.times(strike.puts, put.0))?;
    }
    Ok(value)
}

/// Collateral that moves with no underlying of the book.
pub(super) fn unmoved_collateral(book: &Book) -> Result<Sums, CoreError> {
    let rules = &book.collateral_rules;
    let mut sums = Sums::default();
    for collateral in book.collateral.iter().filter(|c| c.price_underlying.is_none()) {
        let value = Wide::from(counted_down(collateral.value.0, collateral.factor, Ratio::ONE)?);
        let doubt = doubt_up(collateral.value.0, collateral.confidence, rules.conf_threshold, rules.conf_factor)?;
        sums.add(&Sums { initial: difference(value, Wide::from(doubt))?, maintenance: value, mark_to_market: 0 })?;
    }
    Ok(sums)
}

/// Sum of collateral value / stable price, rounded down per balance.
pub(super) fn collateral_equity(book: &Book) -> Result<Wide, CoreError> {
    book.collateral.iter().try_fold(0, |total, collateral: &CollateralView| {
        let value = if book.stable_price == Ratio::ONE {
            collateral.value.0
        } else {
            let (one, price) = (i64::from(Ratio::ONE.0), i64::from(book.stable_price.0));
            mul_div_down(collateral.value.0, one, price).ok_or(CoreError::Overflow)?
        };
        sum(total, Wide::from(value))
    })
}

/// `(1 - confidence) x factor x amount` below `threshold`, else 0, rounded up.
pub(super) fn doubt_up(amount: i64, confidence: Ratio, threshold: Ratio, factor: Ratio) -> Result<i64, CoreError> {
    if confidence >= threshold {
        return Ok(0);
    }
    share_up(amount, Ratio(Ratio::ONE.0.saturating_sub(confidence.0)), factor)
}

/// `max(0, 1 - scale (1 - factor)) x value`, rounded down: collateral that falls with the position is cut with it.
pub(super) fn counted_down(value: i64, factor: Ratio, scale: Ratio) -> Result<i64, CoreError> {
    let cut = share_up(value, Ratio(Ratio::ONE.0.saturating_sub(factor.0)), scale)?;
    Ok(value.saturated_sub(cut).max(0))
}

/// `amount x ratio x scale`, each product rounded up to an atom.
fn share_up(amount: i64, ratio: Ratio, scale: Ratio) -> Result<i64, CoreError> {
    if ratio.0 == 0 {
        return Ok(0);
    }
    let share = ratio_up(amount, ratio)?;
    if scale == Ratio::ONE {
        Ok(share)
    } else {
        ratio_up(share, scale)
    }
}

pub(super) fn magnitude(amount: i64) -> Result<u64, CoreError> {
    u64::try_from(amount).map_err(|_| CoreError::OutOfDomain)
}

fn more(a: i64, b: i64) -> Result<i64, CoreError> {
    a.exact_add(b).ok_or(CoreError::Overflow)
}

/// `a + b`. Not inlined, as [`difference`]: a checked 128-bit sum is two hundred bytes. Errors: `Overflow`.
#[inline(never)]
pub(super) fn sum(a: Wide, b: Wide) -> Result<Wide, CoreError> {
    a.checked_add(b).ok_or(CoreError::Overflow)
}

/// `a - b`. Errors: `Overflow`.
#[inline(never)]
pub(super) fn difference(a: Wide, b: Wide) -> Result<Wide, CoreError> {
    a.checked_sub(b).ok_or(CoreError::Overflow)
}
