//! Markets, legs and collateral of the document as those of the rule book.

use plimsoll_core::margin::evaluator::book::{Entry, GROSS_NOTIONAL_MAX};
use plimsoll_core::margin::evaluator::portfolio::{Discount, GROWN_MAX, GROWTH_MAX};
use plimsoll_core::margin::evaluator::{self as core, Real};
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::YEAR_SECONDS;

use super::decimal::{shown, to_f64};
use super::field::{at_most, required, within, within_or};
use super::input::{Collateral, Document, Expiry, Kind, Leg, Market, Mode, Svi};

/// Most legs of a document: each is compared with every other.
const LEGS_MAX: usize = 4_096;

/// A market with what the account holds in it.
pub struct Book {
    /// Name of the underlying.
    pub underlying: String,
    spot: Real,
    spot_confidence: Real,
    stable_price: Real,
    expiries: Vec<core::Expiry>,
    legs: Vec<core::Leg>,
    collateral: Vec<core::Collateral>,
    /// Places of the legs in the document.
    legs_at: Vec<usize>,
    /// Places of the collateral in the document.
    collateral_at: Vec<usize>,
}

impl Book {
    /// The market as the rule book takes it.
    pub fn market(&self) -> core::Market<'_> {
        core::Market {
            spot: self.spot,
            spot_confidence: self.spot_confidence,
            stable_price: self.stable_price,
            expiries: &self.expiries,
            legs: &self.legs,
            collateral: &self.collateral,
        }
    }

    /// Refuses a discount that multiplies the values of an expiry instead: sums of them would not fit.
    pub fn refuse_growth(&self, discount: &Discount) -> Result<(), String> {
        let used = |at: usize| self.legs.iter().any(|leg| leg.expiry == at);
        for (_, expiry) in self.expiries.iter().enumerate().filter(|(at, _)| used(*at)) {
            let years = expiry.seconds.checked_div(Real::from_integer(YEAR_SECONDS)).unwrap_or(Real::ZERO);
            let share = discount.long(expiry.rate.max(Real::ZERO), years);
            let what = "parameters.discount: base_long x exp(-years x (rate x long_mult + long_add))";
            let (years, rate) = (shown(to_f64(years)), shown(to_f64(expiry.rate)));
            let path = format!("{what} of {years} years and rate {rate} in market {:?}", self.underlying);
            at_most(&path, share, GROWTH_MAX)?;
            at_most(&format!("{path}, times its gross notional,"), share * self.market().gross(), GROWN_MAX)?;
        }
        Ok(())
    }

    /// How many expiries the legs use.
    fn expiries_used(&self) -> usize {
        (0..self.expiries.len()).filter(|index| self.legs.iter().any(|leg| leg.expiry == *index)).count()
    }
}

/// The books of a document, one per market.
pub fn books(document: &Document) -> Result<Vec<Book>, String> {
    let mut books: Vec<Book> = Vec::new();
    for (index, market) in document.markets.iter().enumerate() {
        let path = format!("markets[{index}]");
        if books.iter().any(|known| known.underlying == market.underlying) {
            return Err(format!("{path}.underlying: {:?} is there twice", market.underlying));
        }
        books.push(book(&path, market, document.mode)?);
    }
    let legs = document.portfolio.options.len();
    if legs > LEGS_MAX {
        return Err(format!("portfolio.options has {legs} entries: {LEGS_MAX} at most"));
    }
    for (index, leg) in document.portfolio.options.iter().enumerate() {
        let path = format!("portfolio.options[{index}]");
        let at = market_of(&path, document, leg.underlying.as_deref())?;
        let leg = self::leg(&path, leg, &document.markets[at], &books[at].expiries)?;
        refuse_second_vol(&path, &books[at].legs, &leg, document.mode)?;
        refuse_second_interest(&path, &books[at].legs, &leg, document.mode)?;
        books[at].legs.push(leg);
        books[at].legs_at.push(index);
    }
    for (index, entry) in document.portfolio.collateral.iter().enumerate() {
        let path = format!("portfolio.collateral[{index}]");
        let at = market_of(&path, document, entry.underlying.as_deref())?;
        books[at].collateral.push(collateral(&path, entry, document.mode)?);
        books[at].collateral_at.push(index);
    }
    for (index, book) in books.iter().enumerate() {
        refuse_excess(document, index, book)?;
    }
    if document.mode == Mode::Isolated {
        refuse_unless_isolated(&books)?;
    }
    Ok(books)
}

/// Refuses a book whose sums would not fit, with the leg or collateral at which they pass their bound.
fn refuse_excess(document: &Document, index: usize, book: &Book) -> Result<(), String> {
    let market = book.market();
    let of = format!("of markets[{index}] {:?}", book.underlying);
    if let Some((entry, gross)) = market.gross_excess() {
        let what = format!("with it the gross notional {of}, options and collateral,");
        return Err(excess(document, book, entry, &what, (gross, GROSS_NOTIONAL_MAX)));
    }
    match core::cross::payoff_excess(&market) {
        Some((leg, gross)) if document.mode != Mode::Portfolio => {
            let what = format!("with it the sum of |quantity| x highest strike in its expiry {of}");
            Err(excess(document, book, Entry::Leg(leg), &what, (gross, core::cross::PAYOFF_MAX)))
        }
        _ => Ok(()),
    }
}

fn excess(document: &Document, book: &Book, entry: Entry, what: &str, (sum, bound): (Real, i64)) -> String {
    let portfolio = &document.portfolio;
    let subject = match entry {
        Entry::Leg(at) => book
            .legs_at
            .get(at)
            .and_then(|place| Some((place, portfolio.options.get(*place)?)))
            .map_or_else(String::new, |(place, leg)| {
                let kind = if leg.kind == Kind::Call { "call" } else { "put" };
                let Leg { expiry, strike, quantity, .. } = leg;
                format!("portfolio.options[{place}].quantity = {quantity} (expiry {expiry:?}, strike {strike}, {kind})")
            }),
        Entry::Collateral(at) => {
            let place = book.collateral_at.get(at);
            place
                .and_then(|place| Some((place, portfolio.collateral.get(*place)?)))
                .map_or_else(String::new, |(place, entry)| {
                    format!("portfolio.collateral[{place}].value = {}", entry.value)
                })
        }
    };
    format!("{subject}: {what} is {}, above its upper bound {bound}", shown(to_f64(sum)))
}

fn refuse_unless_isolated(books: &[Book]) -> Result<(), String> {
    let underlyings = books.iter().filter(|b| !b.legs.is_empty() || !b.collateral.is_empty()).count();
    if underlyings > 1 {
        return Err(format!("portfolio: mode \"isolated\" takes one underlying, this one has {underlyings}"));
    }
    let expiries: usize = books.iter().map(Book::expiries_used).sum();
    if expiries > 1 {
        return Err(format!("portfolio.options: mode \"isolated\" takes one expiry, these have {expiries}"));
    }
    Ok(())
}

/// In cross mode legs of one series are one leg, which has one volatility.
fn refuse_second_vol(path: &str, legs: &[core::Leg], leg: &core::Leg, mode: Mode) -> Result<(), String> {
    match legs.iter().find(|other| other.same_series(leg)) {
        Some(first) if mode != Mode::Portfolio && first.vol != leg.vol => Err(format!(
            "{path}.vol = {} is not {}, that of the same series further up",
            shown(to_f64(leg.vol)),
            shown(to_f64(first.vol))
        )),
        _ => Ok(()),
    }
}

/// In portfolio mode a series has one open interest, whatever its legs.
fn refuse_second_interest(path: &str, legs: &[core::Leg], leg: &core::Leg, mode: Mode) -> Result<(), String> {
    match legs.iter().find(|other| other.same_series(leg)) {
        Some(first) if mode == Mode::Portfolio && first.open_interest != leg.open_interest => Err(format!(
            "{path}.open_interest = {} is not {}, that of the same series further up",
            shown(to_f64(leg.open_interest)),
            shown(to_f64(first.open_interest))
        )),
        _ => Ok(()),
    }
}

fn market_of(path: &str, document: &Document, name: Option<&str>) -> Result<usize, String> {
    match name {
        Some(name) => document
            .markets
            .iter()
            .position(|market| market.underlying == name)
            .ok_or_else(|| format!("{path}.underlying: no market {name:?}")),
        None if document.markets.len() == 1 => Ok(0),
        None => Err(format!("{path}.underlying is missing: there are {} markets", document.markets.len())),
    }
}

fn book(path: &str, market: &Market, mode: Mode) -> Result<Book, String> {
    let one = Real::ONE;
    let mut expiries = Vec::with_capacity(market.expiries.len());
    for (index, expiry) in market.expiries.iter().enumerate() {
        let path = format!("{path}.expiries[{index}]");
        if market.expiries.iter().take(index).any(|known| known.id == expiry.id) {
            return Err(format!("{path}.id: {:?} is there twice", expiry.id));
        }
        expiries.push(self::expiry(&path, expiry, mode)?);
    }
    Ok(Book {
        underlying: market.underlying.clone(),
        spot: within(&format!("{path}.spot"), market.spot)?,
        spot_confidence: within_or(&format!("{path}.spot_confidence"), market.spot_confidence, one)?,
        stable_price: within_or(&format!("{path}.stable_price"), market.stable_price, one)?,
        expiries,
        legs: Vec::new(),
        collateral: Vec::new(),
        legs_at: Vec::new(),
        collateral_at: Vec::new(),
    })
}

fn expiry(path: &str, expiry: &Expiry, mode: Mode) -> Result<core::Expiry, String> {
    let price = |name: &str, value| within(&format!("{path}.{name}"), value);
    let confidence = |name: &str, value| within_or(&format!("{path}.{name}"), value, Real::ONE);
    if mode == Mode::Portfolio {
        required(&format!("{path}.rate"), expiry.rate, "mode \"portfolio\" discounts")?;
    }
    let seconds = within(&format!("{path}.seconds_to_expiry"), expiry.seconds_to_expiry)?;
    let rate = within_or(&format!("{path}.rate"), expiry.rate, Real::ZERO)?;
    let years = seconds.checked_div(Real::from_integer(YEAR_SECONDS)).unwrap_or(Real::ZERO);
    at_most(&format!("{path}.rate x years"), rate * years, 8)?;
    Ok(core::Expiry {
        seconds,
        forward: price("forward", expiry.forward)?,
        rate,
        forward_confidence: confidence("forward_confidence", expiry.forward_confidence)?,
        rate_confidence: confidence("rate_confidence", expiry.rate_confidence)?,
        vol_confidence: confidence("vol_confidence", expiry.vol_confidence)?,
        settlement_average: match expiry.settlement_average {
            Some(average) => Some(price("settlement_average", average)?),
            None => None,
        },
        svi: match &expiry.svi {
            Some(smile) => Some(svi(&format!("{path}.svi"), smile)?),
            None => None,
        },
    })
}

fn svi(path: &str, smile: &Svi) -> Result<core::Svi, String> {
    let field = |name: &str, value| within(&format!("{path}.{name}"), value);
    let svi = core::Svi {
        a: field("a", smile.a)?,
        b: field("b", smile.b)?,
        rho: field("rho", smile.rho)?,
        m: field("m", smile.m)?,
        sigma: field("sigma", smile.sigma)?,
        forward: field("forward", smile.forward)?,
        tau: field("tau", smile.tau)?,
    };
    let level = svi.a + svi.b * svi.sigma;
    if level < Real::ZERO {
        return Err(format!("{path}.a + b sigma = {} is below its lower bound 0", shown(to_f64(level))));
    }
    Ok(svi)
}

fn leg(path: &str, leg: &Leg, market: &Market, feeds: &[core::Expiry]) -> Result<core::Leg, String> {
    let expiry = market
        .expiries
        .iter()
        .position(|expiry| expiry.id == leg.expiry)
        .ok_or_else(|| format!("{path}.expiry: no expiry {:?} in market {:?}", leg.expiry, market.underlying))?;
    let strike = within(&format!("{path}.strike"), leg.strike)?;
    let feed = &feeds[expiry];
    let distance = (feed.forward.ln() - strike.ln()).abs();
    at_most(&format!("{path}.strike = {}: |ln(forward / strike)|", leg.strike), distance, 16)?;
    let vol = match (leg.vol, &feed.svi) {
        (Some(vol), _) => within(&format!("{path}.vol"), vol)?,
        (None, Some(smile)) => smile.vol(strike),
        (None, None) => return Err(format!("{path}.vol is missing: expiry {:?} has no svi", leg.expiry)),
    };
    Ok(core::Leg {
        expiry,
        strike,
        kind: match leg.kind {
            Kind::Call => OptionKind::Call,
            Kind::Put => OptionKind::Put,
        },
        quantity: within(&format!("{path}.quantity"), leg.quantity)?,
        vol,
        open_interest: within_or(&format!("{path}.open_interest"), leg.open_interest, Real::ZERO)?,
    })
}

fn collateral(path: &str, entry: &Collateral, mode: Mode) -> Result<core::Collateral, String> {
    if mode == Mode::Portfolio {
        let why = "mode \"portfolio\" needs it";
        required(&format!("{path}.risk_cancelling"), entry.risk_cancelling, why)?;
        required(&format!("{path}.mm_haircut"), entry.mm_haircut, why)?;
        required(&format!("{path}.im_haircut"), entry.im_haircut, why)?;
    }
    let share = |name: &str, value, default| within_or(&format!("{path}.{name}"), value, default);
    Ok(core::Collateral {
        value: within(&format!("{path}.value"), entry.value)?,
        confidence: share("confidence", entry.confidence, Real::ONE)?,
        risk_cancelling: entry.risk_cancelling.unwrap_or(false),
        mm_haircut: share("mm_haircut", entry.mm_haircut, Real::ZERO)?,
        im_haircut: share("im_haircut", entry.im_haircut, Real::ZERO)?,
    })
}
