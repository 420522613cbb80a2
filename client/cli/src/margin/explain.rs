//! What makes up the balances of a live book: lines that add up to them, each computed by the rule book itself.
//!
//! A leg's line is the margin of that leg alone. What the rules give for holding legs together is the line "spread
//! recognition" of their expiry; what they take because all expiries are judged at one price is the line "worse-of
//! prices" of their underlying. So the lines sum to the balances by construction, whatever the rules are.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::pricing::{Greeks, Tenor};
use plimsoll_core::margin::evaluator::{Expiry, Leg, Real};
use plimsoll_core::margin::{balances, Balances, Book, CollateralView, ExpiryView, UnderlyingView};
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::units::{Quote, Wide};

/// Equity and both balances, or a part of them: quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Of equity.
    pub equity: Wide,
    /// Of the initial balance.
    pub initial: Wide,
    /// Of the maintenance balance.
    pub maintenance: Wide,
}

impl Part {
    fn of(balances: &Balances) -> Self {
        Self { equity: balances.equity, initial: balances.initial, maintenance: balances.maintenance }
    }

    /// What is left of `self` without `other`.
    fn less(self, other: Self) -> Self {
        Self {
            equity: self.equity.saturating_sub(other.equity),
            initial: self.initial.saturating_sub(other.initial),
            maintenance: self.maintenance.saturating_sub(other.maintenance),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            equity: self.equity.saturating_add(other.equity),
            initial: self.initial.saturating_add(other.initial),
            maintenance: self.maintenance.saturating_add(other.maintenance),
        }
    }

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Cash, interest owed taken off.
    Cash,
    /// The leg with this index in the book, alone.
    Leg(usize),
    /// What holding the legs of the expiry in this slot together changes.
    Spreads(u8),
    /// What judging all expiries and collateral of this underlying at one price changes.
    Prices(u8),
    /// The collateral with this index in the book.
    Collateral(usize),
    /// The initial balance is never above the maintenance balance.
    Limit,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub subject: Subject,
    /// What it adds.
    pub part: Part,
}

/// The lines of a book, in order, without those that add nothing but name no holding. Errors: as [`balances`].
pub fn lines(book: &Book) -> Result<Vec<Line>, CoreError> {
    let empty = Book { cash: Quote(0), positions: &[], collateral: &[], ..*book };
    let alone = |positions: &[Position], collateral: &[CollateralView]| -> Result<Part, CoreError> {
        balances(&Book { positions, collateral, ..empty }).map(|balances| Part::of(&balances))
    };
    let mut lines =
        vec![Line { subject: Subject::Cash, part: Part::of(&balances(&Book { cash: book.cash, ..empty })?) }];
    for underlying in (0u8..).take(book.underlyings.len()) {
        let mut parts = Part::default();
        let mut held: Vec<Position> = Vec::new();
        for (slot, _) in slots(book, underlying) {
            let of_slot = |leg: &&Position| leg.expiry_slot == slot && leg.quantity != 0;
            let legs: Vec<Position> = book.positions.iter().filter(of_slot).copied().collect();
            let mut sum = Part::default();
            for (at, leg) in book.positions.iter().enumerate().filter(|(_, leg)| of_slot(leg)) {
                let part = alone(&[*leg], &[])?;
                sum = sum.plus(part);
                lines.push(Line { subject: Subject::Leg(at), part });
            }
            let together = alone(&legs, &[])?;
            push(&mut lines, Subject::Spreads(slot), together.less(sum));
            parts = parts.plus(together);
            held.extend(legs);
        }
        let mut priced = Vec::new();
        for (at, collateral) in book.collateral.iter().enumerate() {
            if collateral.price_underlying == Some(underlying) {
                let part = alone(&[], &[*collateral])?;
                parts = parts.plus(part);
                priced.push(*collateral);
                lines.push(Line { subject: Subject::Collateral(at), part });
            }
        }
        push(&mut lines, Subject::Prices(underlying), alone(&held, &priced)?.less(parts));
    }
    for (at, collateral) in book.collateral.iter().enumerate().filter(|(_, c)| c.price_underlying.is_none()) {
        lines.push(Line { subject: Subject::Collateral(at), part: alone(&[], &[*collateral])? });
    }
    let sum = lines.iter().fold(Part::default(), |sum, line| sum.plus(line.part));
    push(&mut lines, Subject::Limit, Part::of(&balances(book)?).less(sum));
    Ok(lines)
}

fn push(lines: &mut Vec<Line>, subject: Subject, part: Part) {
    if !part.is_zero() {
        lines.push(Line { subject, part });
    }
}

/// The expiries of an underlying with their slots.
fn slots<'a>(book: &'a Book, underlying: u8) -> impl Iterator<Item = (u8, &'a ExpiryView<'a>)> {
    (0u8..).zip(book.expiries).filter(move |(_, expiry)| expiry.underlying == underlying)
}

/// Net sensitivities of the options on the underlying at `index`, in whole tokens and whole underlyings; a settled expiry
/// has none. Errors: `UnknownSeries`, `DivisionByZero`.
pub fn greeks(book: &Book, index: u8) -> Result<Greeks, CoreError> {
    let view = book.underlying(index)?;
    let size = ratio(Wide::from(view.contract_size.0), 1_000_000_000);
    let mut net = Greeks::default();
    for (slot, expiry) in slots(book, index).filter(|(_, expiry)| expiry.settled.is_none()) {
        let tenor = Tenor::new(&evaluator_expiry(expiry, view), false, true)?;
        for leg in book.positions.iter().filter(|leg| leg.expiry_slot == slot) {
            let kind = OptionKind::from_u8(leg.kind).ok_or(CoreError::UnknownSeries)?;
            let quantity = Real::from_integer(i64::from(leg.quantity)) * size;
            let strike = atoms(expiry.strike(leg.strike)?.price);
            let leg = Leg { expiry: 0, strike, kind, quantity, vol: Real::from_q32(expiry.vol.0) };
            net.add(quantity, &tenor.greeks(&leg));
        }
    }
    Ok(net)
}

fn evaluator_expiry(expiry: &ExpiryView, view: &UnderlyingView) -> Expiry {
    let basis = Real::ONE + ratio(Wide::from(expiry.basis_ppm), 1_000_000);
    let sampled = expiry.sampled_seconds > 0;
    Expiry {
        seconds: Real::from_integer(expiry.seconds_to_expiry.max(0)),
        forward: atoms(view.spot.0) * basis,
        rate: Real::ZERO,
        forward_confidence: Real::ONE,
        rate_confidence: Real::ONE,
        vol_confidence: Real::ONE,
        settlement_average: sampled.then(|| atoms(expiry.average.0)),
        svi: None,
    }
}

fn atoms(price: i64) -> Real {
    ratio(Wide::from(price), 1_000_000)
}

fn ratio(numerator: Wide, denominator: Wide) -> Real {
    Real::from_ratio(numerator, denominator).unwrap_or(Real::ZERO)
}
