//! What makes up the balances of a live book in portfolio mode: lines that add up to them, and what decides each loss.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::scenario::explain::{contribution, parts, Contribution, Parts, Side};
use plimsoll_core::margin::scenario::{balances, PortfolioView};
use plimsoll_core::margin::{Book, CollateralView};
use plimsoll_core::position::Position;
use plimsoll_core::units::{Quote, Wide};

use super::explain::{push, slots, Line, Part, Subject};

/// A live book in portfolio mode.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// Lines that add up to the balances.
    pub lines: Vec<Line>,
    /// Every underlying.
    pub underlyings: Vec<UnderlyingLoss>,
    /// Every expiry with legs.
    pub expiries: Vec<ExpiryLoss>,
}

/// What decides the loss of one underlying.
#[derive(Clone, Copy, Debug)]
pub struct UnderlyingLoss {
    /// Index into the book's underlyings.
    pub index: u8,
    /// Parts of the initial balance.
    pub initial: Parts,
    /// Parts of the maintenance balance.
    pub maintenance: Parts,
}

/// Where the values of an expiry come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Risk rows.
    Rows,
    /// Priced here.
    Fresh,
    /// Its settlement price stands.
    Settled,
}

/// What one expiry adds.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryLoss {
    /// Slot in the book.
    pub slot: u8,
    /// Where its values come from.
    pub source: Source,
    /// Legs at their marks.
    pub mark: Wide,
    /// Their profit or loss in what decides the initial balance, before the factor.
    pub initial: Wide,
    /// The same of maintenance.
    pub maintenance: Wide,
}

/// What one part of a book adds to both balances of its underlying.
struct Both {
    initial: Contribution,
    maintenance: Contribution,
}

/// Explains `book`. Errors: as [`balances`].
pub fn explain(book: &Book, view: &PortfolioView) -> Result<Explained, CoreError> {
    let cash = Wide::from(book.cash.0);
    let part = Part { equity: cash, initial: cash, maintenance: cash };
    let mut explained = Explained { lines: vec![Line { subject: Subject::Cash, part }], ..Explained::default() };
    for index in (0u8..).take(book.underlyings.len()) {
        add_underlying(book, view, index, &mut explained)?;
    }
    let empty = Book { cash: Quote(0), positions: &[], collateral: &[], ..*book };
    for (at, collateral) in book.collateral.iter().enumerate().filter(|(_, c)| c.price_underlying.is_none()) {
        let alone = balances(&Book { collateral: &[*collateral], ..empty }, view)?;
        explained.lines.push(Line { subject: Subject::Collateral(at), part: Part::of(&alone) });
    }
    let whole = balances(book, view)?;
    let (initial, maintenance) = (whole.initial_offset, whole.maintenance_offset);
    push(&mut explained.lines, Subject::Offset, Part { equity: 0, initial, maintenance });
    let sum = explained.lines.iter().fold(Part::default(), |sum, line| sum.plus(line.part));
    push(&mut explained.lines, Subject::Limit, Part::of(&whole).less(sum));
    Ok(explained)
}

fn add_underlying(book: &Book, view: &PortfolioView, index: u8, out: &mut Explained) -> Result<(), CoreError> {
    let empty = Book { cash: Quote(0), positions: &[], collateral: &[], ..*book };
    let initial = parts(book, view, index, Side::Initial)?;
    let maintenance = parts(book, view, index, Side::Maintenance)?;
    let both = |positions: &[Position], collateral: &[CollateralView]| -> Result<Both, CoreError> {
        let part = Book { positions, collateral, ..empty };
        Ok(Both {
            initial: contribution(&part, view, index, (Side::Initial, &initial))?,
            maintenance: contribution(&part, view, index, (Side::Maintenance, &maintenance))?,
        })
    };
    let first = out.lines.len();
    for (slot, expiry) in slots(book, index) {
        let of_slot = |leg: &&Position| leg.expiry_slot == slot && leg.quantity != 0;
        let legs: Vec<Position> = book.positions.iter().filter(of_slot).copied().collect();
        if legs.is_empty() {
            continue;
        }
        let alone = both(&legs, &[])?;
        let (here, there) = (alone.initial, alone.maintenance);
        let marks = Part { equity: here.marks, initial: here.marks, maintenance: there.marks };
        out.lines.push(Line { subject: Subject::Marks(slot), part: marks });
        push(&mut out.lines, Subject::Worst(slot), lost(&alone, &initial, &maintenance));
        let cached = view.rows.get(usize::from(slot)).is_some_and(Option::is_some);
        let source = match (expiry.settled, cached) {
            (Some(_), _) => Source::Settled,
            (None, true) => Source::Rows,
            (None, false) => Source::Fresh,
        };
        let (mark, initial, maintenance) = (here.marks, here.profit, there.profit);
        out.expiries.push(ExpiryLoss { slot, source, mark, initial, maintenance });
    }
    let mut priced = Vec::new();
    for (at, collateral) in book.collateral.iter().enumerate() {
        if collateral.price_underlying == Some(index) {
            let alone = both(&[], &[*collateral])?;
            let equity = balances(&Book { collateral: &[*collateral], ..empty }, view)?.equity;
            let part = Part { equity, initial: alone.initial.collateral, maintenance: alone.maintenance.collateral };
            out.lines.push(Line { subject: Subject::Collateral(at), part });
            priced.push(*collateral);
        }
    }
    push(&mut out.lines, Subject::Moved(index), lost(&both(&[], &priced)?, &initial, &maintenance));
    for (subject, charge) in [
        (Subject::Naked(index), (|parts| parts.naked) as fn(&Parts) -> Wide),
        (Subject::Doubt(index), |parts| parts.confidence),
        (Subject::Concentration(index), |parts| parts.concentration),
        (Subject::Between(index), |parts| parts.between),
        (Subject::Beyond(index), |parts| parts.beyond),
        (Subject::Drift(index), |parts| parts.drift),
    ] {
        let part = Part { equity: 0, initial: -charge(&initial), maintenance: -charge(&maintenance) };
        push(&mut out.lines, subject, part);
    }
    let sum = out.lines.iter().skip(first).fold(Part::default(), |sum, line| sum.plus(line.part));
    let whole = Part { equity: sum.equity, initial: initial.balance, maintenance: maintenance.balance };
    push(&mut out.lines, Subject::Rounding(index), whole.less(sum));
    out.underlyings.push(UnderlyingLoss { index, initial, maintenance });
    Ok(())
}

/// What a part of the book takes from both balances in what decides: its profit times the factor.
fn lost(part: &Both, initial: &Parts, maintenance: &Parts) -> Part {
    let times = |profit: Wide, parts: &Parts| profit.saturating_mul(Wide::from(parts.factor.0)).div_euclid(1_000_000);
    Part {
        equity: 0,
        initial: times(part.initial.profit, initial),
        maintenance: times(part.maintenance.profit, maintenance),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::margin::scenario::Offset;
    use plimsoll_core::margin::{Drift, ExpiryView, PortfolioParameters, ScenarioView};
    use plimsoll_core::units::Ratio;

    use super::super::explain::tests::with_book;
    use super::*;

    fn with_view(check: impl FnOnce(&Book, &PortfolioView)) {
        let parameters = PortfolioParameters::shipped();
        let ranges = [Ratio(250_000), Ratio(180_000)];
        let scenarios = ScenarioView { parameters: &parameters, range_im: ranges[0], range_mm: ranges[1] };
        let view = PortfolioView { underlyings: &[scenarios], rows: &[], drift: Drift::Charged, offset: Offset::NONE };
        with_book(|book| check(book, &view));
    }

    #[test]
    fn the_lines_add_up_to_the_balances_and_nothing_but_roundings_is_unnamed() {
        with_view(|book, view| {
            let explained = explain(book, view).unwrap();
            let sum = explained.lines.iter().fold(Part::default(), |sum, line| sum.plus(line.part));
            assert_eq!(sum, Part::of(&balances(book, view).unwrap()));
            for line in explained.lines.iter().filter(|line| matches!(line.subject, Subject::Rounding(_))) {
                let Part { equity, initial, maintenance } = line.part;
                assert!(equity == 0 && initial.abs() < 10 && maintenance.abs() < 10, "{line:?}");
            }
        });
    }

    #[test]
    fn what_offsets_and_what_is_concentrated_has_its_line() {
        let parameters = PortfolioParameters { concentration_free: 0, ..PortfolioParameters::shipped() };
        let range = Ratio(180_000);
        let scenarios = ScenarioView { parameters: &parameters, range_im: range, range_mm: range };
        let (underlyings, offset) = ([scenarios; 2], Offset { share: Ratio(500_000), members: 0b11 });
        let view = PortfolioView { underlyings: &underlyings, rows: &[], drift: Drift::Charged, offset };
        with_book(|book| {
            let [first, second] = book.expiries else { panic!("two expiries") };
            let expiries = [*first, ExpiryView { underlying: 1, ..*second }];
            let positions = [(0, 9), (1, -9)].map(|(expiry_slot, quantity)| {
                let leg = book.positions.iter().find(|leg| leg.expiry_slot == expiry_slot && leg.strike == 1).unwrap();
                Position { quantity, ..*leg }
            });
            let underlyings = [book.underlyings[0]; 2];
            let book = Book { expiries: &expiries, positions: &positions, underlyings: &underlyings, ..*book };
            let explained = explain(&book, &view).unwrap();
            let whole = balances(&book, &view).unwrap();
            let sum = explained.lines.iter().fold(Part::default(), |sum, line| sum.plus(line.part));
            assert_eq!(sum, Part::of(&whole));
            let of = |subject| explained.lines.iter().find(|line| line.subject == subject).map(|line| line.part);
            let offset = Part { equity: 0, initial: whole.initial_offset, maintenance: whole.maintenance_offset };
            assert!(offset.maintenance > 0);
            assert_eq!(of(Subject::Offset), Some(offset));
            assert!([0, 1].iter().all(|index| of(Subject::Concentration(*index)).unwrap().initial < 0));
        });
    }

    #[test]
    fn every_expiry_has_its_mark_and_its_loss_and_the_underlying_its_scenario() {
        with_view(|book, view| {
            let explained = explain(book, view).unwrap();
            assert_eq!(explained.expiries.iter().map(|e| e.slot).collect::<Vec<_>>(), [0, 1]);
            assert!(explained.expiries.iter().all(|expiry| expiry.source == Source::Fresh));
            for subject in [Subject::Marks(0), Subject::Marks(1), Subject::Worst(1), Subject::Naked(0)] {
                assert_eq!(explained.lines.iter().filter(|l| l.subject == subject).count(), 1, "{subject:?}");
            }
            let [underlying] = explained.underlyings.as_slice() else { panic!("one underlying") };
            assert!(underlying.initial.loss < underlying.maintenance.loss);
        });
    }
}
