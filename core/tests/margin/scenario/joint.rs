//! What underlyings that move together save: against the formula in floating point on the evaluator's profits.

use std::collections::BTreeMap;

use plimsoll_core::margin::evaluator::offset::credit;
use plimsoll_core::margin::evaluator::portfolio::VolShift;
use plimsoll_core::margin::evaluator::Real;
use plimsoll_core::margin::scenario::{maintenance_at, Offset};
use plimsoll_core::margin::{CollateralView, PortfolioParameters};
use plimsoll_core::position::OptionKind::{Call, Put};
use plimsoll_core::units::{Quote, Ratio};
use proptest::prelude::*;

use super::super::chain::PLAIN;
use super::super::documents::float;
use super::super::fixtures::{expiry, position, OwnedBook};
use super::evaluator::{scenario_list, tolerance, wide, wide_margin, wide_parameters};
use super::{any_account, per_mille, plain, Account, DAY, USD};

/// Half of the losses of the first two underlyings.
const HALF: Offset = Offset { share: Ratio(500_000), members: 0b11 };

/// One scenario of two underlyings: steps and shift, or the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Steps(i64, u8),
    Tail(i64),
}

fn shift_of(vol: VolShift) -> u8 {
    match vol {
        VolShift::None => 0,
        VolShift::Up => 1,
        VolShift::Down => 2,
        VolShift::Linear => 3,
        VolShift::Abs => 4,
    }
}

/// Profits of the first underlying by scenario, atoms, with what it loses by itself.
fn profits(account: &Account, kind: usize) -> (BTreeMap<Key, f64>, f64) {
    let (margin, list) = wide_margin(account, kind);
    let step = i64::from(account.parameters.grid_step);
    let keyed = list.into_iter().map(|(scenario, profit)| {
        let distance = (float(scenario.spot) * 1e6).round() as i64 - 1_000_000;
        let key = if distance % step == 0 {
            Key::Steps(distance / step, shift_of(scenario.vol))
        } else {
            Key::Tail(distance)
        };
        (key, 1e6 * float(profit))
    });
    (keyed.collect(), 1e6 * float(margin.loss).min(0.0))
}

/// The profit under `key`, or under the outermost step of the same side and shift.
fn nearest(profits: &BTreeMap<Key, f64>, key: Key) -> f64 {
    let Key::Steps(steps, shift) = key else { return profits[&key] };
    let within = (0..=steps.abs()).rev().map(|n| Key::Steps(n * steps.signum(), shift));
    within.filter_map(|key| profits.get(&key)).next().copied().unwrap_or(0.0)
}

/// `share L (min_s sum PnL - sum worst)`, atoms.
fn saved(parts: &[&Account; 2], kind: usize, share: f64) -> f64 {
    let [(first, alone), (second, also_alone)] = parts.map(|part| profits(part, kind));
    let keys = first.keys().chain(second.keys());
    let together = keys.map(|key| nearest(&first, *key) + nearest(&second, *key)).fold(0.0, f64::min);
    let basis = parts.map(|part| 1e6 * float(wide_margin(part, kind).0.basis));
    let together = together.min(basis[0] + basis[1]);
    let factor = if kind == 0 { 1.0 } else { 0.8 };
    share * factor * (together - alone - also_alone)
}

/// One book of both, the second underlying with its own price and contract size.
pub fn joined(first: &Account, second: &Account, offset: Offset) -> Account {
    let mut both = first.clone();
    both.views = 2;
    both.others = Some(second.parameters);
    both.offset = offset;
    both.book.cash += second.book.cash;
    both.book.underlyings.push(second.book.underlyings[0]);
    let slots = both.book.expiries.len() as u8;
    both.book.expiries.extend(second.book.expiries.iter().cloned().map(|mut expiry| {
        expiry.head.underlying = 1;
        expiry
    }));
    both.book.positions.extend(second.book.positions.iter().cloned().map(|mut leg| {
        leg.expiry_slot += slots;
        leg
    }));
    both
}

fn straddle(quantity: i32) -> Account {
    plain(&[(2, Call, quantity), (2, Put, quantity)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_saved_is_the_formula_on_the_evaluators_profits(
        first in any_account(),
        mut second in any_account(),
        share in 0u32..=1_000_000,
        (below, above) in (700i64..=1_000, 1_000i64..=1_300),
    ) {
        second.ranges = first.ranges;
        let view = &mut second.book.underlyings[0];
        (view.low, view.high) = (per_mille(view.spot, below), per_mille(view.spot, above));
        // A reach beyond the grid is charged, which the evaluator does not know.
        prop_assume!([0, 1].iter().all(|kind| second.reach(*kind).excess == 0));
        let both = joined(&first, &second, Offset { share: Ratio(share), members: 0b11 });
        let got = both.balances();
        let parts = [&first, &second];
        let expected = parts.map(wide);
        let allowed = tolerance(&first, &expected[0]) + tolerance(&second, &expected[1]);
        let share = f64::from(share) / 1e6;
        let saved = [0, 1].map(|kind| saved(&parts, kind, share));
        for (got, expected) in [got.initial_offset, got.maintenance_offset].iter().zip(saved) {
            prop_assert!((*got as f64 - expected).abs() <= 2.0 * allowed, "{got} against {expected} +- {allowed}");
            prop_assert!(*got >= 0);
        }
        let maintenance = expected[0][1] + expected[1][1] + saved[1];
        prop_assert!((got.maintenance as f64 - maintenance).abs() <= 3.0 * allowed);
        prop_assert!(got.initial <= got.maintenance);
    }

    #[test]
    fn with_one_list_of_scenarios_what_is_saved_is_the_evaluators_offset(
        first in any_account(), mut second in any_account(), share in 0u32..=500_000, stable in 900_000u32..=1_000_000,
        factor in 800_000u32..=3_000_000,
    ) {
        second.ranges = first.ranges;
        let mut accounts = [first, second];
        for account in &mut accounts {
            account.book.stable = stable;
            account.parameters.im_factor = factor;
        }
        let [first, second] = &accounts;
        let got = joined(first, second, Offset { share: Ratio(share), members: 0b11 }).balances();
        let expected = [0, 1].map(|kind| {
            let scenarios = scenario_list(first, kind);
            let parameters = wide_parameters(&first.parameters, &scenarios, first.book.underlyings[0].contract_size);
            let [one, other] = [first, second].map(|account| {
                let (margin, list) = wide_margin(account, kind);
                (margin, list.into_iter().map(|(_, profit)| profit).collect::<Vec<Real>>())
            });
            let share = Real::from_ratio(share.into(), 1_000_000).unwrap();
            credit(share, [(&one.0, &one.1), (&other.0, &other.1)], &parameters).unwrap()
        });
        let allowed: f64 = accounts.iter().map(|account| tolerance(account, &wide(account))).sum();
        let [initial, maintenance] = [expected[0].initial, expected[1].maintenance].map(|saved| 1e6 * float(saved));
        prop_assert!((got.initial_offset as f64 - initial).abs() <= 2.0 * allowed, "{} {initial}", got.initial_offset);
        prop_assert!((got.maintenance_offset as f64 - maintenance).abs() <= 2.0 * allowed);
    }

    #[test]
    fn while_prices_walk_the_worst_combination_of_both_counts(
        first in any_account(), mut second in any_account(), share in 1u32..=500_000, walks in prop::array::uniform2(700i64..1_400),
    ) {
        second.ranges = first.ranges;
        let offset = Offset { share: Ratio(share), members: 0b11 };
        let accounts = [first, second];
        let at = |account: &Account, of: i64| {
            let mut moved = account.clone();
            let view = &mut moved.book.underlyings[0];
            let spot = per_mille(view.spot, of);
            (view.spot, view.low, view.high) = (spot, spot, spot);
            moved
        };
        let places = walks.map(|walk| [1_000, walk]);
        let mut worst = i128::MAX;
        for one in places[0] {
            for two in places[1] {
                let there = joined(&at(&accounts[0], one), &at(&accounts[1], two), offset).balances();
                worst = worst.min(there.maintenance);
            }
        }
        let mut walking = joined(&accounts[0], &accounts[1], offset);
        for (view, walk) in walking.book.underlyings.iter_mut().zip(walks) {
            *view = view.worse_of(view.spot, Some(per_mille(view.spot, walk)));
        }
        let got = walking.balances().maintenance;
        prop_assert!((got - worst).abs() <= 8, "{got} {worst}");
        let apart = Account { offset: Offset::NONE, ..walking }.balances().maintenance;
        prop_assert!(got >= apart, "{got} {apart}");
    }

    #[test]
    fn an_offset_never_worsens_a_balance_and_never_exceeds_its_share_of_the_losses(
        first in any_account(), mut second in any_account(), share in 1u32..=1_000_000,
    ) {
        second.ranges = first.ranges;
        let none = joined(&first, &second, Offset::NONE).balances();
        let some = joined(&first, &second, Offset { share: Ratio(share), members: 0b11 }).balances();
        prop_assert!(some.maintenance >= none.maintenance && some.initial >= none.initial);
        prop_assert_eq!(none.maintenance_offset, 0);
        let losses = |kind| profits(&first, kind).1 + profits(&second, kind).1;
        let most = -losses(1) * 0.8 * f64::from(share) / 1e6;
        let allowed = tolerance(&first, &wide(&first)) + tolerance(&second, &wide(&second));
        prop_assert!(some.maintenance_offset as f64 <= most + allowed);
    }
}

#[test]
fn a_long_straddle_pays_for_a_short_one_as_far_as_both_move_together() {
    let (long, short) = (straddle(10), straddle(-10));
    let apart = joined(&long, &short, Offset::NONE).balances();
    let whole = joined(&long, &short, Offset { share: Ratio::ONE, members: 0b11 }).balances();
    let half = joined(&long, &short, HALF).balances();
    // Moving as one they are one book of nothing: what remains is the discount of the long side.
    assert!(whole.maintenance_offset * 10 > -9 * (apart.maintenance - apart.mark_to_market) / 2);
    let halves = whole.maintenance_offset / 2 - half.maintenance_offset;
    assert!(halves.abs() <= 1, "{halves}");
    assert!(half.maintenance > apart.maintenance);
}

#[test]
fn two_shorts_of_one_kind_save_nothing() {
    let got = joined(&plain(&[(2, Call, -10)]), &plain(&[(2, Call, -30)]), HALF).balances();
    assert_eq!((got.initial_offset, got.maintenance_offset), (0, 0));
}

#[test]
fn only_members_offset_each_other() {
    let (long, short) = (straddle(10), straddle(-10));
    for members in [0b00, 0b01, 0b10, 0b101, 0b110] {
        let got = joined(&long, &short, Offset { share: Ratio::ONE, members }).balances();
        assert_eq!((got.initial_offset, got.maintenance_offset), (0, 0), "{members:b}");
    }
}

#[test]
fn a_close_out_and_a_liquidation_price_stand_on_the_same_offset() {
    let mut both = joined(&straddle(10), &straddle(-10), HALF);
    let balances = both.balances();
    assert!(balances.maintenance_offset > 0);
    assert_eq!(both.close_out().maintenance, balances.maintenance);
    let spot = both.book.underlyings[0].spot;
    assert_eq!(both.with(|book, view| maintenance_at(book, view, 0, spot)).unwrap(), balances.maintenance);
    for view in &mut both.book.underlyings {
        *view = view.worse_of(view.spot, Some(per_mille(view.spot, 900)));
    }
    assert_eq!(both.close_out().maintenance, both.balances().maintenance);
}

/// Long forwards of one expiry against short ones of another: what they lose is the basis alone.
fn calendar() -> Account {
    let strikes: Vec<i64> = (2..=6).map(|k| k * 500 * USD).collect();
    let legs = [(0, Call, 100), (0, Put, -100), (1, Call, -100), (1, Put, 100)];
    let legs = legs.map(|(slot, kind, quantity)| position(slot, 2, kind, quantity)).to_vec();
    let expiries = vec![expiry(30 * DAY, 60, &strikes), expiry(90 * DAY, 60, &strikes)];
    Account::new(OwnedBook::one(2_000 * USD, PLAIN, expiries, legs))
}

#[test]
fn losses_of_the_basis_offset_nothing() {
    for parameters in [PortfolioParameters::REFERENCE, PortfolioParameters::shipped()] {
        let with = |account: Account| Account { parameters, ..account };
        let alone = with(calendar()).balances();
        assert!(alone.maintenance < 0);
        let twice = joined(&with(calendar()), &with(calendar()), HALF).balances();
        assert_eq!((twice.initial_offset, twice.maintenance_offset), (0, 0));
        let mut dust = joined(&with(calendar()), &with(plain(&[])), HALF);
        dust.book.collateral = vec![CollateralView {
            value: Quote(1),
            price_underlying: Some(1),
            factor: Ratio::ONE,
            confidence: Ratio::ONE,
        }];
        let dust = dust.balances();
        assert_eq!((dust.initial_offset, dust.maintenance_offset), (0, 0));
    }
}

#[test]
fn other_tails_are_other_scenarios() {
    let (long, mut short) = (straddle(10), straddle(-10));
    assert!(joined(&long, &short, HALF).balances().maintenance_offset > 0);
    short.parameters.tails.reverse();
    assert_eq!(joined(&long, &short, HALF).balances().maintenance_offset, 0);
    // Another step of the grid is not: both go as far as their own ranges say.
    let mut short = straddle(-10);
    short.parameters.grid_step = 60_000;
    assert!(joined(&long, &short, HALF).balances().maintenance_offset > 0);
}

#[test]
fn rows_give_the_offset_of_fresh_prices() {
    let mut both = joined(&straddle(10), &straddle(-10), HALF);
    let fresh = both.balances();
    both.refresh(4);
    assert_eq!(both.balances(), fresh);
}
