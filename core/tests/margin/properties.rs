//! What holds for any book.

use std::collections::BTreeMap;

use plimsoll_core::margin::evaluator::{cross, Expiry, Market, Real};
use plimsoll_core::margin::forward::forward_at;
use plimsoll_core::margin::{balances, mark, Balances};
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::units::{ContractSize, Price, Ratio};
use proptest::prelude::*;

use super::chain::{tolerance, PLAIN};
use super::documents::{float, plain_expiry};
use super::fixtures::{expiry, position, OwnedBook};

const USD: i64 = 1_000_000;

fn evaluate(book: &OwnedBook) -> Balances {
    book.with(balances).unwrap()
}

prop_compose! {
    fn any_leg(strikes: usize)(slot in 0usize..2, strike in 0..strikes, call: bool, quantity in -1000i32..1000) -> Position {
        position(slot, strike, if call { OptionKind::Call } else { OptionKind::Put }, quantity)
    }
}

prop_compose! {
    fn any_book()(
        spot in 10 * USD..100_000 * USD,
        seconds in prop::array::uniform2(1i64..400 * 86_400),
        vol in prop::array::uniform2(5i64..300),
        moneyness in prop::array::uniform6(300i64..3_000),
        size in prop::sample::select(vec![1_000_000u64, 10_000_000, 100_000_000, 1_000_000_000, 333_333_333]),
        positions in prop::collection::vec(any_leg(6), 1..40),
        cash in -1_000_000 * USD..1_000_000 * USD,
    ) -> OwnedBook {
        let mut strikes: Vec<i64> = moneyness.iter().map(|m| spot / 1000 * m).collect();
        strikes.sort_unstable();
        strikes.dedup();
        let strikes: Vec<i64> = (0..6).map(|i| strikes.get(i).copied().unwrap_or(spot * 4 + i as i64 * USD)).rev().collect();
        let expiries = vec![expiry(seconds[0], vol[0], &strikes), expiry(seconds[1], vol[1], &strikes)];
        let mut book = OwnedBook::one(spot, PLAIN, expiries, positions);
        book.underlyings[0].contract_size = ContractSize(size);
        book.cash = cash;
        book
    }
}

/// The evaluator's balances of a chain book, in atoms: (initial, maintenance, mark-to-market).
fn wide(book: &OwnedBook) -> (f64, f64, f64) {
    let view = &book.underlyings[0];
    let whole = |atoms: i64| Real::from_ratio(i128::from(atoms), 1_000_000).unwrap();
    let one = Real::ONE;
    let expiries: Vec<Expiry> =
        book.expiries.iter().map(|e| plain_expiry(e.head.seconds_to_expiry, whole(view.spot.0))).collect();
    let legs = book.wide_legs();
    let market = Market {
        spot: whole(view.spot.0),
        spot_confidence: one,
        stable_price: one,
        expiries: &expiries,
        legs: &legs,
        collateral: &[],
    };
    let parameters = cross::Parameters { averaging_vol: true, ..super::cross::reference() };
    let margin = cross::evaluate(&market, &parameters).unwrap();
    let cash = book.cash as f64;
    (1e6 * float(margin.initial) + cash, 1e6 * float(margin.maintenance) + cash, 1e6 * float(margin.options))
}

/// What a long leg may cost by its strike alone. The maximum loss looks at the strikes of the book and charges for net
/// short calls what lies beyond; a leg with a strike above all others adds a place to look at, where those calls have
/// lost more.
fn beyond(book: &OwnedBook, leg: &Position) -> i128 {
    let mut nets = BTreeMap::new();
    for held in book.positions.iter().filter(|held| held.expiry_slot == leg.expiry_slot) {
        *nets.entry((held.strike, held.kind)).or_insert(0i128) += i128::from(held.quantity);
    }
    let price = |strike: u8| book.expiries[usize::from(leg.expiry_slot)].strikes[usize::from(strike)].price;
    let highest = nets.iter().filter(|(_, net)| **net != 0).map(|((strike, _), _)| price(*strike)).max().unwrap_or(0);
    let calls: i128 = nets.iter().filter(|((_, kind), _)| *kind == 0).map(|(_, net)| *net).sum();
    let distance = i128::from((price(leg.strike) - highest).max(0));
    -calls.min(0) * (distance * i128::from(book.underlyings[0].contract_size.0) / 1_000_000_000 + 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_chain_is_never_kinder_than_the_evaluator_by_more_than_its_bound(mut book in any_book()) {
        // The evaluator takes the window as sampled so far; the chain as sampled by whoever came.
        for e in &mut book.expiries {
            e.head.seconds_to_expiry = e.head.seconds_to_expiry.max(1_801);
        }
        let got = evaluate(&book);
        let (initial, maintenance, marks) = wide(&book);
        let allowed = tolerance(&book);
        prop_assert!((got.mark_to_market as f64 - marks).abs() <= allowed);
        prop_assert!((got.maintenance as f64 - maintenance).abs() <= allowed);
        prop_assert!((got.initial as f64 - initial.min(maintenance)).abs() <= allowed);
    }

    #[test]
    fn a_leg_and_its_opposite_are_nothing(book in any_book(), leg in any_leg(6)) {
        let before = evaluate(&book);
        let mut more = book;
        more.positions.push(leg);
        more.positions.push(Position { quantity: -leg.quantity, ..leg });
        prop_assert_eq!(evaluate(&more), before);
    }

    #[test]
    fn a_long_leg_lowers_a_balance_by_no_more_than_a_new_highest_strike_costs(book in any_book(), leg in any_leg(6), long_mm in 0u32..=1_000_000) {
        let mut book = book;
        book.underlyings[0].parameters.long_mm = Ratio(long_mm);
        let before = evaluate(&book);
        let mut more = book.clone();
        more.positions.push(Position { quantity: leg.quantity.abs(), ..leg });
        let after = evaluate(&more);
        // A maximum loss costs an atom per contract more when a strike is not worth whole atoms per contract.
        let atoms: i128 = more.positions.iter().map(|p| i128::from(p.quantity.unsigned_abs())).sum();
        let least = atoms + beyond(&book, &leg);
        prop_assert!(after.maintenance >= before.maintenance - least, "{} {}", after.maintenance, before.maintenance);
        prop_assert!(after.initial >= before.initial - least, "{} {}", after.initial, before.initial);
    }

    #[test]
    fn a_call_less_its_put_is_the_forward_less_the_strike(book in any_book(), slot in 0usize..2, strike in 0u8..6) {
        let expiry = book.expiries[slot].view();
        let view = &book.underlyings[0];
        let mark = |kind| mark(&expiry, view, strike, kind).unwrap().0;
        let distance = forward_at(&expiry, view.spot).unwrap().price - expiry.strike(strike).unwrap().price;
        let exact = i128::from(distance) * i128::from(view.contract_size.0);
        // Both marks are rounded down once, to an atom per contract.
        let error = i128::from(mark(OptionKind::Call) - mark(OptionKind::Put)) * 1_000_000_000 - exact;
        prop_assert!(error.abs() < 1_000_000_000, "{}", error);
    }

    #[test]
    fn the_order_of_the_legs_does_not_matter(book in any_book()) {
        let before = evaluate(&book);
        let mut turned = book;
        turned.positions.reverse();
        prop_assert_eq!(evaluate(&turned), before);
    }

    #[test]
    fn twice_the_book_has_twice_the_balances(book in any_book()) {
        let once = evaluate(&book);
        let mut twice = book;
        twice.cash *= 2;
        twice.positions.iter_mut().for_each(|p| p.quantity *= 2);
        let twice = evaluate(&twice);
        prop_assert_eq!(twice.mark_to_market, 2 * once.mark_to_market);
        // Exact but for the one atom per contract of strikes that are not whole per contract, linear too.
        prop_assert_eq!(twice.maintenance, 2 * once.maintenance);
        prop_assert_eq!(twice.initial, 2 * once.initial);
    }

    #[test]
    fn a_wider_scan_range_never_helps(book in any_book(), a in 1_000_000u32..5_000_000, b in 1_000_000u32..5_000_000) {
        let at = |scale: u32| {
            let mut book = book.clone();
            book.underlyings[0].scale_im = Ratio(scale);
            book.underlyings[0].scale_mm = Ratio(scale);
            evaluate(&book)
        };
        let (calm, wild) = (at(a.min(b)), at(a.max(b)));
        prop_assert!(wild.initial <= calm.initial);
        prop_assert!(wild.maintenance <= calm.maintenance);
        prop_assert_eq!(wild.equity, calm.equity);
    }

    #[test]
    fn diverging_prices_never_help(book in any_book(), ema in 700i64..1_400, raw in 700i64..1_400) {
        let calm = evaluate(&book);
        let mut apart = book;
        let view = &mut apart.underlyings[0];
        let spot = view.spot.0;
        *view = view.worse_of(Price(spot / 1000 * ema), Some(Price(spot / 1000 * raw)));
        let apart = evaluate(&apart);
        prop_assert!(apart.initial <= calm.initial);
        prop_assert!(apart.maintenance <= calm.maintenance);
        prop_assert_eq!(apart.equity, calm.equity);
    }

    #[test]
    fn a_box_spread_owes_the_distance_of_its_strikes_and_no_more(
        spot in 10i64..100_000, low in 1i64..5_000, width in 1i64..5_000, quantity in 1i32..1_000, seconds in 1i64..34_560_000,
    ) {
        let strikes = [low * USD, (low + width) * USD];
        let legs = vec![
            position(0, 0, OptionKind::Call, -quantity),
            position(0, 1, OptionKind::Call, quantity),
            position(0, 0, OptionKind::Put, quantity),
            position(0, 1, OptionKind::Put, -quantity),
        ];
        let mut book = OwnedBook::one(spot * USD, PLAIN, vec![expiry(seconds, 80, &strikes)], legs);
        let owed = -i128::from(width * USD) * i128::from(quantity);
        let short = evaluate(&book);
        prop_assert!(short.initial >= owed && short.maintenance >= owed);
        book.positions.iter_mut().for_each(|p| p.quantity = -p.quantity);
        prop_assert!(evaluate(&book).initial >= 0);
    }

    #[test]
    fn initial_is_never_above_maintenance(book in any_book()) {
        let got = evaluate(&book);
        prop_assert!(got.initial <= got.maintenance);
    }
}
