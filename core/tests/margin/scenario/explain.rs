//! The parts of a balance add up to it, and the contributions of its expiries to its loss.

use plimsoll_core::margin::scenario::explain::{contribution, parts, Contribution, Parts, Side, Worst};
use plimsoll_core::margin::{CollateralView, Drift};
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::{Quote, Ratio, Wide};
use proptest::prelude::*;

use super::{any_account, per_mille, plain, Account, DAY};

/// Atoms that roundings of the contributions of two expiries and the collateral can differ by.
const ROUNDING: i128 = 8;

fn of(account: &Account, side: Side) -> Parts {
    account.with(|book, view| parts(book, view, 0, side).unwrap())
}

fn sum(parts: &Parts) -> Wide {
    parts.marks + parts.loss - parts.naked - parts.confidence - parts.beyond - parts.drift + parts.collateral
}

/// What the legs of each expiry and the collateral alone contribute.
fn contributions(account: &Account, side: Side) -> Vec<Contribution> {
    let whole = of(account, side);
    let alone = |keep: &dyn Fn(u8) -> bool, collateral: bool| {
        let mut part = account.clone();
        part.book.positions.retain(|leg| keep(leg.expiry_slot));
        if !collateral {
            part.book.collateral.clear();
        }
        part.with(|book, view| contribution(book, view, 0, (side, &whole)).unwrap())
    };
    let mut found: Vec<Contribution> =
        (0..account.book.expiries.len()).map(|slot| alone(&|of| usize::from(of) == slot, false)).collect();
    found.push(alone(&|_| false, true));
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn parts_add_up_to_the_balances_and_contributions_to_the_loss(
        mut account in any_account(),
        (ema, raw) in (800i64..1_250, 800i64..1_250),
        value in 0i64..1_000_000_000_000,
        confidence in 0u32..=1_000_000,
        (stable, credited, cached) in (900_000u32..1_100_000, any::<bool>(), any::<bool>()),
    ) {
        account.book.collateral = vec![CollateralView {
            value: Quote(value),
            price_underlying: Some(0),
            factor: Ratio(900_000),
            confidence: Ratio(confidence),
        }];
        account.book.stable = stable;
        account.book.underlyings[0].spot_confidence = Ratio(confidence);
        let view = &mut account.book.underlyings[0];
        *view = view.worse_of(per_mille(view.spot, ema), Some(per_mille(view.spot, raw)));
        if cached {
            account.refresh(8);
            account.book.expiries[0].head.seconds_to_expiry -= 45;
        }
        account.drift = if credited { Drift::Credited } else { Drift::Charged };
        let balances = account.balances();
        for (side, balance) in [
            (Side::Initial, balances.by_underlying[0].initial),
            (Side::Maintenance, balances.by_underlying[0].maintenance),
        ] {
            let parts = of(&account, side);
            prop_assert_eq!(parts.balance, balance);
            prop_assert_eq!(sum(&parts), balance);
            prop_assert!(parts.naked >= 0 && parts.confidence >= 0 && parts.beyond >= 0 && parts.loss <= 0);
            prop_assert_eq!(parts.drift < 0, credited && parts.drift != 0);
            let alone = contributions(&account, side);
            let total = |of: fn(&Contribution) -> Wide| -> Wide { alone.iter().map(of).sum() };
            prop_assert!((total(|part| part.profit) - parts.profit).abs() <= ROUNDING, "{:?} {:?}", alone, parts);
            prop_assert_eq!(total(|part| part.marks), parts.marks);
            prop_assert_eq!(total(|part| part.collateral), parts.collateral);
        }
    }
}

#[test]
fn the_worst_scenario_is_named() {
    // Short calls lose where the price rises most, with volatility up.
    let short = plain(&[(4, OptionKind::Call, -100), (2, OptionKind::Call, -100)]);
    let Worst::Scenario(column, _) = of(&short, Side::Initial).worst else { panic!("no scenario") };
    assert!(column.multiplier > 1_000_000, "{column:?}");
    assert!(of(&short, Side::Initial).naked > of(&short, Side::Maintenance).naked);
    // Nothing held, nothing lost.
    assert_eq!(of(&plain(&[]), Side::Maintenance).worst, Worst::Nothing);
    // A forward against an opposite one elsewhere loses by their basis alone.
    let mut basis = plain(&[(2, OptionKind::Call, 100), (2, OptionKind::Put, -100)]);
    let far = super::super::fixtures::expiry(
        60 * DAY,
        60,
        &basis.book.expiries[0].view().strikes.iter().map(|strike| strike.price).collect::<Vec<_>>(),
    );
    basis.book.expiries.push(far);
    for (kind, quantity) in [(OptionKind::Call, -100), (OptionKind::Put, 100)] {
        basis.book.positions.push(super::super::fixtures::position(1, 2, kind, quantity));
    }
    assert_eq!(of(&basis, Side::Maintenance).worst, Worst::Basis, "{:?}", of(&basis, Side::Maintenance));
}
