//! Risk rows against fresh prices.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::scenario::{fill_rows, steps_needed, Offset, RowsRefusal, RowsStamp, ROW};
use plimsoll_core::margin::{Drift, PortfolioParameters};
use plimsoll_core::position::OptionKind::{self, Call, Put};
use plimsoll_core::units::{Price, Ratio};
use proptest::prelude::*;

use super::joint::joined;
use super::{any_account, fill, per_mille, plain, Account, OwnedRows, USD};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rows_of_this_moment_are_fresh_prices(account in any_account(), more in 0u8..3) {
        let fresh = account.balances();
        let steps = account.reach(0).most();
        let mut cached = account;
        cached.refresh(steps.saturating_add(more).min(8));
        prop_assert_eq!(cached.balances(), fresh);
    }

    #[test]
    fn rows_never_pass_or_liquidate_what_fresh_prices_would_not(
        account in any_account(),
        drift in 995i64..1_006,
        age in 0i64..600,
        vol in 900i64..1_100,
        ema in 900i64..1_100,
        walk in prop::option::of(800i64..1_200),
        caps in prop::array::uniform2(0u32..1_000_000),
        narrowest in 1_000u32..100_000,
        second in any::<bool>(),
        charges in prop::array::uniform2(0u32..1_000_000),
        (other, share) in (any_account(), prop::option::of(1u32..=1_000_000)),
    ) {
        let offset = |share| Offset { share: Ratio(share), members: 0b11 };
        let mut cached = share.map_or(account.clone(), |share| joined(&account, &other, offset(share)));
        [cached.parameters.vega_rate, cached.parameters.concentration_rate] = charges;
        cached.parameters.linear_base_cap = caps[0];
        cached.parameters.abs_base_cap = caps[1];
        cached.parameters.skew_min_k = narrowest;
        cached.refresh(8);
        if second {
            // Rows beside fresh prices.
            cached.rows[1] = None;
        }
        for view in &mut cached.book.underlyings {
            let spot = per_mille(view.spot, drift);
            (view.spot, view.low, view.high) = (spot, spot, spot);
            *view = view.worse_of(per_mille(spot, ema), walk.map(|walk| per_mille(spot, walk)));
        }
        for e in &mut cached.book.expiries {
            e.head.seconds_to_expiry = (e.head.seconds_to_expiry - age).max(1);
            e.head.vol.0 = e.head.vol.0 / 1_000 * vol;
        }
        let fresh = Account { rows: vec![], ..cached.clone() }.balances();
        let charged = cached.balances();
        prop_assert!(charged.initial <= fresh.initial, "{} {}", charged.initial, fresh.initial);
        prop_assert!(charged.maintenance <= fresh.maintenance, "{} {}", charged.maintenance, fresh.maintenance);
        cached.drift = Drift::Credited;
        let credited = cached.balances();
        prop_assert!(credited.initial >= fresh.initial, "{} {}", credited.initial, fresh.initial);
        prop_assert!(credited.maintenance >= fresh.maintenance, "{} {}", credited.maintenance, fresh.maintenance);
        let closed = cached.close_out();
        prop_assert_eq!((closed.maintenance, closed.equity), (credited.maintenance, credited.equity));
        let dearer = Account { rows: vec![], ..cached }.close_out().equity_high;
        prop_assert!(closed.equity_high >= dearer, "{} {}", closed.equity_high, dearer);
    }
}

#[test]
fn a_drift_counts_per_contract_against_whoever_gains_by_the_check() {
    let mut account = plain(&[(2, Call, -10), (3, Put, 4)]);
    account.refresh(4);
    let before = account.balances();
    account.book.underlyings[0].spot = Price(2_001 * USD);
    account.book.underlyings[0].low = Price(2_001 * USD);
    account.book.underlyings[0].high = Price(2_001 * USD);
    let charged = account.balances();
    account.drift = Drift::Credited;
    let credited = account.balances();
    // The 14 contracts by 1 USD, and a little for the skews; weight 1 + 2 x 0.8. Spot charges follow the price.
    let naked = i128::from(USD) * 10 * 3 / 1_000;
    let (charge, credit) =
        (before.maintenance - naked - charged.maintenance, credited.maintenance - before.maintenance + naked);
    assert!((charge - credit).abs() < 20, "{charge} {credit}");
    let least = i128::from(14 * USD) * 26 / 10;
    assert!((least..least * 3 / 2).contains(&charge), "{charge}");
    assert_eq!(charged.mark_to_market, before.mark_to_market);
}

/// By how much the two readings of a drift are apart for these legs: both count it for every contract.
fn doubt(legs: &[(usize, OptionKind, i32)]) -> i128 {
    let mut account = plain(legs);
    account.refresh(4);
    let view = &mut account.book.underlyings[0];
    (view.spot, view.low, view.high) = (Price(2_001 * USD), Price(2_001 * USD), Price(2_001 * USD));
    let charged = account.balances().maintenance;
    account.drift = Drift::Credited;
    account.balances().maintenance - charged
}

#[test]
fn a_drift_counts_the_contracts_that_parity_leaves() {
    let one = doubt(&[(2, Call, 1)]);
    let counts = |legs: &[(usize, OptionKind, i32)], contracts: i128| {
        let gross: i128 = legs.iter().map(|(_, _, quantity)| i128::from(quantity.unsigned_abs())).sum();
        let rounding = 1_000 * gross;
        let apart = (doubt(legs) - contracts * one).abs();
        assert!(apart <= rounding, "{legs:?}: {apart} of {rounding}");
    };
    counts(&[(2, Call, -10), (3, Call, 4)], 14);
    // A box: no calls and no forward are left.
    counts(&[(1, Call, 10), (1, Put, -10), (3, Call, -10), (3, Put, 10)], 0);
    // A conversion: a forward.
    counts(&[(2, Call, 10), (2, Put, -10)], 10);
    // 10 and 4 calls with a forward of 6, of 46 contracts.
    counts(&[(2, Call, -15), (2, Put, 5), (3, Call, 15), (3, Put, -11)], 10 + 4 + 6);
    // As calls with a forward these would be 8 and 18: no book moves further than its legs.
    counts(&[(3, Put, 4)], 4);
    counts(&[(2, Call, -10), (3, Put, 4)], 14);
}

#[test]
fn what_has_no_room_or_no_price_is_not_filled() {
    let account = plain(&[]);
    let rules = PortfolioParameters::REFERENCE;
    let (view, e) = (account.book.underlyings[0], account.book.expiries[0].view());
    let OwnedRows { mut header, mut values } = fill(&e, &view, &rules, 4);
    let before = (header, values.clone());
    let refused = fill_rows(&mut header, &mut values[..4 * ROW], e.strikes, &rules, view.contract_size);
    assert_eq!(refused, Err(CoreError::UnknownSeries));
    let many: Vec<_> = (0..65).map(|at| e.strikes[at % e.strikes.len()]).collect();
    let refused = fill_rows(&mut header, &mut vec![0; 65 * ROW], &many, &rules, view.contract_size);
    assert_eq!(refused, Err(CoreError::UnknownSeries));
    assert_eq!((header, values.clone()), before, "nothing is written");
    assert_eq!(fill_rows(&mut header, &mut values[..4 * ROW], &e.strikes[..4], &rules, view.contract_size), Ok(()));
    let mut worthless = e.strikes.to_vec();
    worthless[1].price = -1;
    let refused = fill_rows(&mut header, &mut values, &worthless, &rules, view.contract_size);
    assert_eq!(refused, Err(CoreError::OutOfDomain));
    assert_eq!(header.filled, 0, "what was filled in part counts as not filled");
}

#[test]
fn a_strike_that_is_not_filled_is_refused() {
    let mut account = plain(&[(2, Call, -10), (3, Put, 4)]);
    account.refresh(4);
    account.rows[0].as_mut().unwrap().header.filled &= !(1 << 3);
    assert_eq!(account.try_balances().unwrap_err(), CoreError::UnknownSeries);
    account.book.positions.pop();
    assert!(account.try_balances().is_ok());
    account.rows[0].as_mut().unwrap().values.truncate(2 * 64);
    assert_eq!(account.try_balances().unwrap_err(), CoreError::UnknownSeries);
}

#[test]
fn rows_that_do_not_reach_far_enough_are_refused() {
    let mut account = plain(&[(2, Call, -10)]);
    for (steps, range) in [(0, 45_000), (3, 135_000), (4, 180_000)] {
        account.refresh(steps);
        account.ranges = [range; 2];
        assert!(account.try_balances().is_ok());
        account.ranges = [range + 1; 2];
        assert_eq!(account.try_balances().unwrap_err(), CoreError::UnknownSeries);
        assert_eq!(
            account.with(|book, view| steps_needed(&book.underlyings[0], &view.underlyings[0])),
            steps.max(1) + 1
        );
    }
}

#[test]
fn rows_serve_a_narrower_range_than_they_were_filled_for() {
    let mut account = plain(&[(2, Call, -10), (1, Put, -4)]);
    account.refresh(8);
    for range in [45_000, 100_000, 180_000, 360_000] {
        account.ranges = [range; 2];
        let fresh = Account { rows: vec![], ..account.clone() };
        assert_eq!(account.balances(), fresh.balances());
    }
}

#[test]
fn rows_are_refused_when_old_changed_drifted_or_short() {
    let account = plain(&[]);
    let rules = PortfolioParameters::REFERENCE;
    let (view, e) = (account.book.underlyings[0], &account.book.expiries[0]);
    let mut header = fill(&e.view(), &view, &rules, 4).header;
    (header.computed_at, header.sequence) = (1_000, 7);
    let good = RowsStamp { now: 1_060, spot: Price(2_010 * USD), sequence: 7, steps: 4 };
    assert_eq!(header.check(&good, &rules), Ok(()));
    let refusal = |test: RowsStamp| header.check(&test, &rules).unwrap_err();
    assert_eq!(refusal(RowsStamp { now: 1_061, ..good }), RowsRefusal::Old { age: 61, most: 60 });
    assert_eq!(refusal(RowsStamp { now: 999, ..good }), RowsRefusal::Old { age: -1, most: 60 });
    assert_eq!(refusal(RowsStamp { sequence: 8, ..good }), RowsRefusal::Changed { rows: 7, now: 8 });
    let drifted = RowsRefusal::Drifted { drift: 5_001, most: 5_000 };
    assert_eq!(refusal(RowsStamp { spot: Price(2_010 * USD + 1), ..good }), drifted);
    assert_eq!(refusal(RowsStamp { spot: Price(1_990 * USD - 1), ..good }), drifted);
    assert_eq!(refusal(RowsStamp { steps: 5, ..good }), RowsRefusal::Short { steps: 4, needed: 5 });
    header.computed_at = 0;
    let never = header.check(&RowsStamp { now: 0, ..good }, &rules);
    assert_eq!(never, Err(RowsRefusal::Old { age: 0, most: 60 }));
    assert_eq!(Ratio(5_000).0, rules.rows_max_drift);
}
