//! What holds for any book in portfolio mode.

use plimsoll_core::margin::{CollateralView, CrossParameters, UnderlyingView};
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::units::{ContractSize, Quote, Ratio};
use proptest::prelude::*;

use super::super::fixtures::position;
use super::{any_account, any_leg, per_mille, Account};

/// Atoms that the roundings of one balance can differ by: a few per charge.
const ROUNDING: i128 = 40;

fn contract_size(account: &Account) -> ContractSize {
    account.book.underlyings[0].contract_size
}

fn split(account: &Account, first: impl Fn(usize) -> bool) -> [Account; 2] {
    [true, false].map(|wanted| {
        let mut part = account.clone();
        let legs = account.book.positions.iter().enumerate();
        part.book.positions = legs.filter(|(at, _)| first(*at) == wanted).map(|(_, leg)| *leg).collect();
        part.book.cash = if wanted { account.book.cash } else { 0 };
        part
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn initial_is_never_above_maintenance(account in any_account()) {
        let got = account.balances();
        prop_assert!(got.initial <= got.maintenance);
    }

    #[test]
    fn a_leg_and_its_opposite_are_nothing(account in any_account(), leg in any_leg()) {
        let before = account.balances();
        let mut more = account;
        more.book.positions.push(leg);
        more.book.positions.push(Position { quantity: -leg.quantity, ..leg });
        prop_assert_eq!(more.balances(), before);
    }

    #[test]
    fn the_order_of_the_legs_does_not_matter(account in any_account()) {
        let mut turned = account.clone();
        turned.book.positions.reverse();
        prop_assert_eq!(turned.balances(), account.balances());
    }

    #[test]
    fn three_times_the_book_has_three_times_the_balances(mut account in any_account()) {
        account.book.collateral = vec![CollateralView {
            value: Quote(account.book.cash.abs()),
            price_underlying: Some(0),
            factor: Ratio(900_000),
            confidence: Ratio::ONE,
        }];
        let once = account.balances();
        account.book.cash *= 3;
        account.book.collateral[0].value.0 *= 3;
        account.book.positions.iter_mut().for_each(|leg| leg.quantity *= 3);
        let thrice = account.balances();
        prop_assert_eq!(thrice.mark_to_market, 3 * once.mark_to_market);
        prop_assert!((thrice.maintenance - 3 * once.maintenance).abs() <= 3 * ROUNDING);
        prop_assert!((thrice.initial - 3 * once.initial).abs() <= 3 * ROUNDING);
    }

    #[test]
    fn a_wider_scan_range_never_helps(account in any_account(), a in 10_000u32..450_000, b in 10_000u32..450_000) {
        let at = |range: u32| Account { ranges: [range; 2], ..account.clone() }.balances();
        let (calm, wild) = (at(a.min(b)), at(a.max(b)));
        prop_assert!(wild.initial <= calm.initial);
        prop_assert!(wild.maintenance <= calm.maintenance);
        prop_assert_eq!(wild.equity, calm.equity);
    }

    #[test]
    fn diverging_prices_never_help(account in any_account(), ema in 700i64..1_400, raw in 700i64..1_400) {
        let calm = account.balances();
        let mut apart = account;
        let view = &mut apart.book.underlyings[0];
        *view = view.worse_of(per_mille(view.spot, ema), Some(per_mille(view.spot, raw)));
        let apart = apart.balances();
        prop_assert!(apart.initial <= calm.initial);
        prop_assert!(apart.maintenance <= calm.maintenance);
        prop_assert_eq!(apart.equity, calm.equity);
    }

    #[test]
    fn while_the_price_walks_maintenance_is_that_at_the_raw_price_or_less(
        account in any_account(), raw in 700i64..1_400,
    ) {
        let mut there = account.clone();
        let mut walking = account;
        let spot = walking.book.underlyings[0].spot;
        let raw = per_mille(spot, raw);
        let view = &mut walking.book.underlyings[0];
        *view = view.worse_of(spot, Some(raw));
        let view = &mut there.book.underlyings[0];
        (view.spot, view.low, view.high) = (raw, raw, raw);
        prop_assert!(walking.balances().maintenance <= there.balances().maintenance);
    }

    #[test]
    fn a_close_out_stands_on_equity_and_maintenance_and_the_better_price_of_both(
        mut account in any_account(), raw in 700i64..1_400, value in 0i64..1_000_000_000_000,
    ) {
        let spot = account.book.underlyings[0].spot;
        account.book.collateral = vec![CollateralView {
            value: Quote(value),
            price_underlying: Some(0),
            factor: Ratio(900_000),
            confidence: Ratio::ONE,
        }];
        let view = &mut account.book.underlyings[0];
        *view = view.worse_of(spot, Some(per_mille(spot, raw)));
        let (got, closed) = (account.balances(), account.close_out());
        prop_assert_eq!(closed.equity, got.equity);
        prop_assert_eq!(closed.mark_to_market, got.mark_to_market);
        prop_assert_eq!(closed.maintenance, got.maintenance);
        let mut there = account.clone();
        let moved = per_mille(spot, raw);
        there.book.underlyings[0] = UnderlyingView::converged(moved, contract_size(&account), CrossParameters::REFERENCE);
        let raw_marks = there.balances().mark_to_market;
        prop_assert_eq!(got.by_underlying[0].raw_mark_to_market, raw_marks);
        // The collateral moves with the price, rounded up.
        let change = i128::from(value) * i128::from(moved.0 - spot.0);
        let collateral = change.div_euclid(i128::from(spot.0)) + i128::from(change.rem_euclid(i128::from(spot.0)) > 0);
        let gain = (raw_marks - got.mark_to_market + collateral).max(0);
        prop_assert_eq!(closed.equity_high, got.equity + gain);
    }

    #[test]
    fn a_long_never_worsens_maintenance_by_more_than_it_costs(
        mut account in any_account(), leg in any_leg(), seconds in 1_801i64..120 * 86_400,
    ) {
        // Skew off, and L (add + mult t) <= 1: 0.8 (0.5 + 2 x 0.33) = 0.93.
        account.parameters.linear_base_cap = 0;
        account.parameters.abs_base_cap = 0;
        account.book.expiries.iter_mut().for_each(|e| e.head.seconds_to_expiry = seconds);
        let before = account.balances();
        let leg = Position { quantity: leg.quantity.abs(), ..leg };
        account.book.positions.push(leg);
        let after = account.balances();
        let premium = after.mark_to_market - before.mark_to_market;
        let bought = after.maintenance - premium;
        // Values and marks are rounded apart: one kernel error and an atom for each contract.
        let rounding = (4e-8 * account.notional() + 2.0 * account.gross()) as i128 + ROUNDING;
        prop_assert!(bought >= before.maintenance - premium - rounding);
    }

    #[test]
    fn together_needs_no_more_than_apart(mut account in any_account(), mask: u64) {
        // Skew off: what one account saves in discount by netting would count there as a loss.
        account.parameters.linear_base_cap = 0;
        account.parameters.abs_base_cap = 0;
        let whole = account.balances();
        let [a, b] = split(&account, |at| mask >> (at % 64) & 1 == 1).map(|part| part.balances());
        prop_assert!(whole.maintenance >= a.maintenance + b.maintenance - ROUNDING);
        // Initial is the lower of two balances; each of the two is super-additive.
        prop_assert!(whole.initial >= a.initial + b.initial - ROUNDING);
        prop_assert_eq!(whole.mark_to_market, a.mark_to_market + b.mark_to_market);
    }

    #[test]
    fn a_call_less_a_put_is_the_forward_at_every_strike(
        mut account in any_account(), quantity in 1i32..1_000, slot in 0usize..2,
    ) {
        // No discount: what a forward gains and loses does not depend on where it was struck.
        account.parameters.base_long = 1_000_000;
        account.parameters.long_add = 0;
        let synthetic = |strike: usize| {
            let mut account = account.clone();
            account.book.positions = vec![
                position(slot, strike, OptionKind::Call, quantity),
                position(slot, strike, OptionKind::Put, -quantity),
            ];
            let got = account.balances();
            got.maintenance - got.mark_to_market
        };
        let first = synthetic(0);
        for strike in 1..6 {
            prop_assert!((synthetic(strike) - first).abs() <= 3 * i128::from(quantity) + ROUNDING);
        }
    }
}
