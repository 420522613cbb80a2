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
    pub(super) fn of(balances: &Balances) -> Self {
        Self { equity: balances.equity, initial: balances.initial, maintenance: balances.maintenance }
    }

    /// What is left of `self` without `other`.
    pub(super) fn less(self, other: Self) -> Self {
        Self {
            equity: self.equity.saturating_sub(other.equity),
            initial: self.initial.saturating_sub(other.initial),
            maintenance: self.maintenance.saturating_sub(other.maintenance),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
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
    /// What judging all expiries and collateral of the underlying with this index in the book at one price changes.
    Prices(u8),
    /// The collateral with this index in the book.
    Collateral(usize),
    /// Portfolio mode: the legs of the expiry in this slot at their marks.
    Marks(u8),
    /// Portfolio mode: what they lose in what decides.
    Worst(u8),
    /// Portfolio mode: what the collateral priced by this underlying loses there.
    Moved(u8),
    /// Portfolio mode: the charge for naked shorts on this underlying.
    Naked(u8),
    /// Portfolio mode: the charge for doubtful prices of options on it.
    Doubt(u8),
    /// Portfolio mode: the charge for contracts and vega that this account alone would have to sell.
    Concentration(u8),
    /// Portfolio mode: the charge for what spreads near expiry may lose between two steps of the grid.
    Between(u8),
    /// Portfolio mode: the charge for prices beyond the scenario grid.
    Beyond(u8),
    /// Portfolio mode: the charge for what risk rows may have moved.
    Drift(u8),
    /// Portfolio mode: what two underlyings that move together offset of their losses.
    Offset,
    /// Portfolio mode: what is rounded once for the whole.
    Rounding(u8),
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

pub(super) fn push(lines: &mut Vec<Line>, subject: Subject, part: Part) {
    if !part.is_zero() {
        lines.push(Line { subject, part });
    }
}

/// The expiries of an underlying with their slots.
pub(super) fn slots<'a>(book: &'a Book, underlying: u8) -> impl Iterator<Item = (u8, &'a ExpiryView<'a>)> {
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
            let vol = Real::from_q32(expiry.vol.0);
            let leg = Leg { expiry: 0, strike, kind, quantity, vol, open_interest: Real::ZERO };
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

#[cfg(test)]
pub(super) mod tests {
    use plimsoll_core::margin::{CollateralRules, CrossParameters};
    use plimsoll_core::math::black76::ln_price;
    use plimsoll_core::series::Strike;
    use plimsoll_core::units::{ContractSize, Price, Ratio, Vol};

    use super::*;

    const SPOT: i64 = 2_000_000_000;

    fn strikes() -> [Strike; 2] {
        [1_900_000_000, 2_200_000_000].map(|price| Strike { price, ln_price: ln_price(price), open_interest: [1, 1] })
    }

    fn expiry(strikes: &[Strike], days: i64) -> ExpiryView<'_> {
        ExpiryView {
            underlying: 0,
            seconds_to_expiry: days * 86_400,
            basis_ppm: 0,
            vol: Vol(3 << 31),
            forward_confidence: Ratio::ONE,
            vol_confidence: Ratio::ONE,
            average: Price(0),
            sampled_seconds: 0,
            strikes,
            order: &[0, 1],
            settled: None,
        }
    }

    fn leg(slot: u8, strike: u8, kind: OptionKind, quantity: i32) -> Position {
        Position { quantity, expiry_slot: slot, strike, kind: kind.to_u8(), carry: 0 }
    }

    fn collateral(value: i64, price_underlying: Option<u8>) -> CollateralView {
        CollateralView { value: Quote(value), price_underlying, factor: Ratio(800_000), confidence: Ratio::ONE }
    }

    /// Runs `check` on a book with a call spread, a straddle, and collateral, at prices that have not converged.
    pub fn with_book(check: impl FnOnce(&Book)) {
        let strikes = strikes();
        let expiries = [expiry(&strikes, 7), expiry(&strikes, 30)];
        let ema = Price(SPOT - SPOT / 50);
        let view = UnderlyingView::converged(Price(SPOT), ContractSize(100_000_000), CrossParameters::REFERENCE);
        let underlyings = [UnderlyingView { scale_im: Ratio(1_400_000), ..view }.worse_of(ema, Some(Price(SPOT + 5)))];
        let positions = [
            leg(0, 0, OptionKind::Call, -30),
            leg(0, 1, OptionKind::Call, 30),
            leg(1, 1, OptionKind::Call, -7),
            leg(1, 1, OptionKind::Put, -7),
            leg(1, 0, OptionKind::Put, 0),
        ];
        let collateral = [collateral(5_000_000_000, Some(0)), collateral(1_000_000_000, None)];
        check(&Book {
            cash: Quote(-250_000_000),
            positions: &positions,
            expiries: &expiries,
            underlyings: &underlyings,
            collateral: &collateral,
            stable_price: Ratio(990_000),
            collateral_rules: CollateralRules::default(),
        });
    }

    #[test]
    fn the_lines_add_up_to_the_balances() {
        with_book(|book| {
            let sum = lines(book).unwrap().iter().fold(Part::default(), |sum, line| sum.plus(line.part));
            assert_eq!(sum, Part::of(&balances(book).unwrap()));
        });
    }

    #[test]
    fn every_holding_has_its_line_and_a_spread_its_relief() {
        with_book(|book| {
            let lines = lines(book).unwrap();
            let legs: Vec<Subject> = (0..4).map(Subject::Leg).collect();
            for subject in legs.iter().chain(&[Subject::Cash, Subject::Collateral(0), Subject::Collateral(1)]) {
                assert_eq!(lines.iter().filter(|line| line.subject == *subject).count(), 1, "{subject:?}");
            }
            assert!(!lines.iter().any(|line| line.subject == Subject::Leg(4)), "an empty leg has no line");
            let spread = lines.iter().find(|line| line.subject == Subject::Spreads(0)).unwrap();
            assert!(spread.part.initial > 0 && spread.part.equity == 0, "{spread:?}");
            let cash = lines[0].part;
            assert_eq!((cash.equity, cash.initial, cash.maintenance), (-250_000_000, -250_000_000, -250_000_000));
        });
    }

    #[test]
    fn greeks_are_those_of_the_whole_position() {
        with_book(|book| {
            let net = greeks(book, 0).unwrap();
            let value = |spot: i64| {
                let view =
                    UnderlyingView::converged(Price(spot), ContractSize(100_000_000), CrossParameters::REFERENCE);
                let moved = Book { underlyings: &[view], collateral: &[], cash: Quote(0), ..*book };
                balances(&moved).unwrap().mark_to_market as f64 / 1e6
            };
            let bump = SPOT / 1_000;
            let delta = (value(SPOT + bump) - value(SPOT - bump)) / (2.0 * bump as f64 / 1e6);
            let reported = super::super::decimal::to_f64(net.delta);
            assert!((reported - delta).abs() < 1e-3 * delta.abs().max(1.0), "{reported} {delta}");
            assert!(net.gamma < Real::ZERO && net.vega < Real::ZERO && net.theta > Real::ZERO);
        });
    }
}
