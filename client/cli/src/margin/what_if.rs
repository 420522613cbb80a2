//! Trades that are tried on a book: `+2 BTC-30JAN26-100000-C`, optionally ` at 1250`, ` vol 0.6` and ` oi 400`.

use plimsoll_core::margin::evaluator::Real;
use serde::Serialize;

use super::decimal::{to_f64, Decimal};
use super::evaluate::evaluate;
use super::field::{between, within};
use super::input::{Document, Kind, Leg, Market};
use crate::series::expiry_name;

/// Largest premium: that of prices.
const PREMIUM_MOST: &str = "10000000000";

/// A trade as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The whole text, for errors.
    text: &'a str,
    /// + bought, - sold.
    pub quantity: &'a str,
    /// UNDERLYING-EXPIRY-STRIKE-KIND.
    pub series: &'a str,
    /// Premium per contract; `None`: the mark.
    pub price: Option<&'a str>,
    /// Volatility of the leg; `None`: that of the series or of the smile.
    pub vol: Option<&'a str>,
    /// Open interest of the series after the trade; `None`: that of the book, of a new series what the trades leave.
    pub open_interest: Option<&'a str>,
}

/// A trade after it was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// The series.
    pub series: String,
    /// + bought, - sold.
    pub quantity: f64,
    /// Model price of one contract.
    pub mark: f64,
    /// Premium per contract.
    pub price: f64,
    /// Change of cash, without fees.
    pub cash: f64,
}

impl<'a> Request<'a> {
    /// Reads a trade; the error is one line that quotes it.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let shape = || {
            let form = "QUANTITY SERIES [at PRICE] [vol VOL] [oi CONTRACTS]";
            format!("--what-if {text:?}: expected {form}, as \"+2 BTC-30JAN26-100000-C\"")
        };
        let (Some(quantity), Some(series)) = (words.first(), words.get(1)) else { return Err(shape()) };
        let mut request = Self { text, quantity, series, price: None, vol: None, open_interest: None };
        for pair in words.get(2..).unwrap_or(&[]).chunks(2) {
            match pair {
                ["at", price] if request.price.is_none() => request.price = Some(price),
                ["vol", vol] if request.vol.is_none() => request.vol = Some(vol),
                ["oi", contracts] if request.open_interest.is_none() => request.open_interest = Some(contracts),
                _ => return Err(shape()),
            }
        }
        Ok(request)
    }

    /// An error about one part of the trade.
    pub fn refused(&self, what: &str, why: impl std::fmt::Display) -> String {
        format!("--what-if {:?}: {what}: {why}", self.text)
    }

    fn decimal(&self, what: &str, text: &str) -> Result<Decimal, String> {
        let bare = text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text);
        Decimal::parse(bare).map_err(|why| self.refused(what, why))
    }

    /// A number of the trade within the bounds of the field it becomes.
    fn within(&self, what: &str, text: &str, field: &str) -> Result<Decimal, String> {
        let value = self.decimal(what, text)?;
        within(field, value).map(|_| value).map_err(|why| self.refused(what, why))
    }
}

/// The document after `texts`, in their order, and what each trade did. A trade without a price is at the mark, so that
/// equity stays. Errors: one line that quotes the trade and names what is wrong with it.
pub fn apply(document: &Document, texts: &[String]) -> Result<(Document, Vec<Applied>), String> {
    let (mut after, mut applied) = (document.clone(), Vec::new());
    for text in texts {
        let request = Request::parse(text)?;
        applied.push(trade(&mut after, &request)?);
    }
    // Until here, so that a series which a trade closes and the next one opens keeps what is said of it.
    after.portfolio.options.retain(|leg| leg.quantity.0 != Real::ZERO);
    interest_of_new(document, &mut after);
    Ok((after, applied))
}

fn trade(document: &mut Document, request: &Request) -> Result<Applied, String> {
    let quantity = request.within("quantity", request.quantity, "portfolio.options[].quantity")?.0;
    if quantity == Real::ZERO {
        return Err(request.refused("quantity", "0 is no trade"));
    }
    let before = evaluate(document)?;
    let mut changed = document.clone();
    let leg = new_leg(document, request, quantity)?;
    if request.open_interest.is_some() {
        let same = |other: &Leg| same_series(document, other, &leg);
        let legs = changed.portfolio.options.iter_mut().filter(|other| same(other));
        legs.for_each(|other| other.open_interest = leg.open_interest);
    }
    add(&mut changed, leg);
    // The only change of equity is the leg's value: quantity x mark.
    let value = evaluate(&changed).map_err(|why| request.refused("series", why))?.equity - before.equity;
    let price = request.price.map(|price| request.decimal("price", price)).transpose()?;
    if let Some(price) = price {
        between("a premium", price, "0", PREMIUM_MOST).map_err(|why| request.refused("price", why))?;
    }
    let cash = match price {
        Some(price) => -(quantity * price.0),
        None => -value,
    };
    changed.portfolio.cash = Decimal::from(changed.portfolio.cash.0 + cash);
    within("portfolio.cash", changed.portfolio.cash).map_err(|why| request.refused("cash", why))?;
    *document = changed;
    // + 0: a worthless contract sold is worth 0, not -0.
    let (quantity, mark) = (to_f64(quantity), to_f64(value) / to_f64(quantity) + 0.0);
    let price = price.map_or(mark, |price| to_f64(price.0));
    Ok(Applied { series: request.series.to_owned(), quantity, mark, price, cash: to_f64(cash) })
}

/// The leg a trade adds, with the open interest of its series. Its volatility: as asked, else that of the leg of its
/// series, else the smile's.
fn new_leg(document: &Document, request: &Request, quantity: Real) -> Result<Leg, String> {
    let refused = |why: String| request.refused("series", why);
    let mut parts = request.series.rsplitn(3, '-');
    let (Some(kind), Some(strike), Some(expiry)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refused("expected UNDERLYING-EXPIRY-STRIKE-KIND".to_owned()));
    };
    let kind = match kind.to_ascii_uppercase().as_str() {
        "C" => Kind::Call,
        "P" => Kind::Put,
        _ => return Err(refused(format!("its last part is C (call) or P (put), not {kind:?}"))),
    };
    let strike = request.decimal("strike", strike)?;
    let (market, expiry) = find_expiry(document, expiry).map_err(refused)?;
    let mut leg = Leg {
        underlying: Some(market.underlying.clone()),
        expiry: expiry.to_owned(),
        strike,
        kind,
        quantity: Decimal::from(quantity),
        vol: request.vol.map(|vol| request.decimal("vol", vol)).transpose()?,
        open_interest: None,
    };
    let same = document.portfolio.options.iter().find(|other| same_series(document, other, &leg));
    let asked = request.open_interest.map(|oi| request.within("oi", oi, "portfolio.options[].open_interest"));
    leg.open_interest = asked.transpose()?.or_else(|| same.and_then(|same| same.open_interest));
    if leg.vol.is_none() {
        leg.vol = same.and_then(|same| same.vol);
    }
    let smile = market.expiries.iter().any(|e| e.id == leg.expiry && e.svi.is_some());
    if leg.vol.is_none() && !smile {
        let why = format!("expiry {:?} has no svi and the book no leg of this series: add \" vol 0.6\"", leg.expiry);
        return Err(request.refused("vol", why));
    }
    Ok(leg)
}

/// Gives a series that `before` does not have, and of which no trade says it, the contracts that its legs hold together.
fn interest_of_new(before: &Document, after: &mut Document) {
    let held = after.portfolio.options.clone();
    for leg in after.portfolio.options.iter_mut().filter(|leg| leg.open_interest.is_none()) {
        if before.portfolio.options.iter().any(|known| same_series(before, known, leg)) {
            continue;
        }
        let same = held.iter().filter(|other| same_series(before, other, leg));
        let net = same.fold(Real::ZERO, |net, other| net + other.quantity.0);
        leg.open_interest = Some(Decimal::from(net.abs()));
    }
}

/// Adds to the leg of the same series and volatility, if there is one, or in the place of one of nothing.
fn add(document: &mut Document, mut leg: Leg) {
    let same = |other: &Leg| {
        let open = other.quantity.0 != Real::ZERO;
        same_series(document, other, &leg) && (other.vol == leg.vol || !open)
    };
    match document.portfolio.options.iter().position(same) {
        Some(at) => {
            leg.quantity = Decimal::from(document.portfolio.options[at].quantity.0 + leg.quantity.0);
            document.portfolio.options[at] = leg;
        }
        None => document.portfolio.options.push(leg),
    }
}

fn same_series(document: &Document, a: &Leg, b: &Leg) -> bool {
    let only = document.markets.first().map(|market| market.underlying.as_str());
    let underlying = |leg: &'_ Leg| leg.underlying.clone().or_else(|| only.map(str::to_owned));
    underlying(a) == underlying(b) && a.expiry == b.expiry && a.strike == b.strike && a.kind == b.kind
}

/// The market and expiry id that `UNDERLYING-EXPIRY` names; either part may contain dashes itself. An id in unix seconds
/// goes by its date too: 30JAN26, or 30JAN26T0800.
fn find_expiry<'a>(document: &'a Document, text: &str) -> Result<(&'a Market, &'a str), String> {
    let mut known = Vec::new();
    let mut dated = Vec::new();
    for market in &document.markets {
        for expiry in &market.expiries {
            let name = format!("{}-{}", market.underlying, expiry.id);
            if name.eq_ignore_ascii_case(text) {
                return Ok((market, &expiry.id));
            }
            if dates(&expiry.id).iter().any(|date| format!("{}-{date}", market.underlying).eq_ignore_ascii_case(text)) {
                dated.push((market, expiry.id.as_str()));
            }
            known.push(name);
        }
    }
    match dated.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("no expiry {text:?} in the book; there are: {}", known.join(", "))),
        several => {
            let ids: Vec<&str> = several.iter().map(|(_, id)| *id).collect();
            Err(format!("{text:?} is one of several expiries: name {}", ids.join(" or ")))
        }
    }
}

/// Names of an id that is a unix time: with its time of day and without.
fn dates(id: &str) -> Vec<String> {
    let Some(seconds) = id.parse::<i64>().ok().filter(|_| id.len() > 7) else { return Vec::new() };
    let name = expiry_name(None, seconds);
    let date = name.split_once('T').map(|(date, _)| date.to_owned());
    std::iter::once(name).chain(date).collect()
}
