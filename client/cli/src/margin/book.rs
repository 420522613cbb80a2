//! Markets, legs and collateral of the document as those of the rule book.

use plimsoll_core::margin::evaluator::{self as core, Real};
use plimsoll_core::position::OptionKind;

use super::decimal::to_f64;
use super::field::{required, within, within_or};
use super::input::{Collateral, Document, Expiry, Kind, Leg, Market, Mode, Svi};

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
            return Err(format!("{path}.underlying: \"{}\" is there twice", market.underlying));
        }
        books.push(book(&path, market, document.mode)?);
    }
    for (index, leg) in document.portfolio.options.iter().enumerate() {
        let path = format!("portfolio.options[{index}]");
        let at = market_of(&path, document, leg.underlying.as_deref())?;
        let leg = self::leg(&path, leg, &document.markets[at])?;
        refuse_second_vol(&path, &books[at].legs, &leg, document.mode)?;
        refuse_second_interest(&path, &books[at].legs, &leg, document.mode)?;
        books[at].legs.push(leg);
    }
    for (index, entry) in document.portfolio.collateral.iter().enumerate() {
        let path = format!("portfolio.collateral[{index}]");
        let at = market_of(&path, document, entry.underlying.as_deref())?;
        books[at].collateral.push(collateral(&path, entry, document.mode)?);
    }
    if document.mode == Mode::Isolated {
        refuse_unless_isolated(&books)?;
    }
    Ok(books)
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
            to_f64(leg.vol),
            to_f64(first.vol)
        )),
        _ => Ok(()),
    }
}

/// In portfolio mode a series has one open interest, whatever its legs.
fn refuse_second_interest(path: &str, legs: &[core::Leg], leg: &core::Leg, mode: Mode) -> Result<(), String> {
    match legs.iter().find(|other| other.same_series(leg)) {
        Some(first) if mode == Mode::Portfolio && first.open_interest != leg.open_interest => Err(format!(
            "{path}.open_interest = {} is not {}, that of the same series further up",
            to_f64(leg.open_interest),
            to_f64(first.open_interest)
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
            .ok_or_else(|| format!("{path}.underlying: no market \"{name}\"")),
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
            return Err(format!("{path}.id: \"{}\" is there twice", expiry.id));
        }
        expiries.push(self::expiry(&path, expiry, mode)?);
    }
    Ok(Book {
        underlying: market.underlying.clone(),
        spot: within(&format!("{path}.spot"), market.spot, "0.000000001", "10000000000")?,
        spot_confidence: within_or(&format!("{path}.spot_confidence"), market.spot_confidence, one, "0", "1")?,
        stable_price: within_or(&format!("{path}.stable_price"), market.stable_price, one, "0.001", "1000")?,
        expiries,
        legs: Vec::new(),
        collateral: Vec::new(),
    })
}

fn expiry(path: &str, expiry: &Expiry, mode: Mode) -> Result<core::Expiry, String> {
    let price = |name: &str, value| within(&format!("{path}.{name}"), value, "0.000000001", "10000000000");
    let confidence = |name: &str, value| within_or(&format!("{path}.{name}"), value, Real::ONE, "0", "1");
    if mode == Mode::Portfolio {
        required(&format!("{path}.rate"), expiry.rate, "mode \"portfolio\" discounts")?;
    }
    let seconds = within(&format!("{path}.seconds_to_expiry"), expiry.seconds_to_expiry, "0", "504576000")?;
    let rate = within_or(&format!("{path}.rate"), expiry.rate, Real::ZERO, "-10", "10")?;
    let years = seconds.checked_div(Real::from_integer(31_536_000)).unwrap_or(Real::ZERO);
    if rate * years > Real::from_integer(8) {
        return Err(format!("{path}.rate x years = {} is above its upper bound 8", to_f64(rate * years)));
    }
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
    let field = |name: &str, value, low, high| within(&format!("{path}.{name}"), value, low, high);
    let svi = core::Svi {
        a: field("a", smile.a, "-10000", "10000")?,
        b: field("b", smile.b, "0", "1000")?,
        rho: field("rho", smile.rho, "-1", "1")?,
        m: field("m", smile.m, "-100", "100")?,
        sigma: field("sigma", smile.sigma, "0", "1000")?,
        forward: field("forward", smile.forward, "0.000000001", "10000000000")?,
        tau: field("tau", smile.tau, "0.00000001", "16")?,
    };
    let level = svi.a + svi.b * svi.sigma;
    if level < Real::ZERO {
        return Err(format!("{path}.a + b sigma = {} is below its lower bound 0", to_f64(level)));
    }
    Ok(svi)
}

fn leg(path: &str, leg: &Leg, market: &Market) -> Result<core::Leg, String> {
    let expiry =
        market.expiries.iter().position(|expiry| expiry.id == leg.expiry).ok_or_else(|| {
            format!("{path}.expiry: no expiry \"{}\" in market \"{}\"", leg.expiry, market.underlying)
        })?;
    let strike = within(&format!("{path}.strike"), leg.strike, "0.000000000000001", "100000000000000")?;
    let feed = &market.expiries[expiry];
    let distance = (feed.forward.0.ln() - strike.ln()).abs();
    if distance > Real::from_integer(16) {
        return Err(format!(
            "{path}.strike: |ln(forward / strike)| = {} is above its upper bound 16",
            to_f64(distance)
        ));
    }
    let vol = match (leg.vol, &feed.svi) {
        (Some(vol), _) => within(&format!("{path}.vol"), vol, "0", "1000")?,
        (None, Some(smile)) => svi("svi", smile)?.vol(strike),
        (None, None) => return Err(format!("{path}.vol is missing: expiry \"{}\" has no svi", leg.expiry)),
    };
    Ok(core::Leg {
        expiry,
        strike,
        kind: match leg.kind {
            Kind::Call => OptionKind::Call,
            Kind::Put => OptionKind::Put,
        },
        quantity: within(&format!("{path}.quantity"), leg.quantity, "-100000000000000", "100000000000000")?,
        vol,
        open_interest: within_or(
            &format!("{path}.open_interest"),
            leg.open_interest,
            Real::ZERO,
            "0",
            "100000000000000",
        )?,
    })
}

fn collateral(path: &str, entry: &Collateral, mode: Mode) -> Result<core::Collateral, String> {
    if mode == Mode::Portfolio {
        let why = "mode \"portfolio\" needs it";
        required(&format!("{path}.risk_cancelling"), entry.risk_cancelling, why)?;
        required(&format!("{path}.mm_haircut"), entry.mm_haircut, why)?;
        required(&format!("{path}.im_haircut"), entry.im_haircut, why)?;
    }
    let share = |name: &str, value, default, high| within_or(&format!("{path}.{name}"), value, default, "0", high);
    Ok(core::Collateral {
        value: within(&format!("{path}.value"), entry.value, "0", "10000000000000")?,
        confidence: share("confidence", entry.confidence, Real::ONE, "1")?,
        risk_cancelling: entry.risk_cancelling.unwrap_or(false),
        mm_haircut: share("mm_haircut", entry.mm_haircut, Real::ZERO, "10")?,
        im_haircut: share("im_haircut", entry.im_haircut, Real::ZERO, "10")?,
    })
}
