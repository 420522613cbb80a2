//! The integers against the wide evaluator, which golden books hold to an independent reference.

use plimsoll_core::margin::evaluator::portfolio::{self, Scenario, VolShift};
use plimsoll_core::margin::evaluator::{Collateral, Expiry, Leg, Market, Real};
use plimsoll_core::margin::scenario::{Grid, Shift};
use plimsoll_core::margin::{CollateralView, PortfolioParameters};
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::{Price, Quote, Ratio};
use proptest::prelude::*;

use super::super::documents::float;
use super::{any_account, Account, USD};

fn ppm(value: impl Into<i128>) -> Real {
    Real::from_ratio(value.into(), 1_000_000).unwrap()
}

/// The same parameters for the evaluator; the chain knows no interest rate.
fn wide_parameters<'a>(p: &PortfolioParameters, scenarios: &'a [Scenario]) -> portfolio::Parameters<'a> {
    portfolio::Parameters {
        scenarios,
        vol_shock: portfolio::VolShock {
            range_up: ppm(p.range_up),
            min_vol_up: ppm(p.min_vol_up),
            range_down: ppm(p.range_down),
            short_power: ppm(p.short_power),
            long_power: ppm(p.long_power),
            dte_floor: Real::from_ratio(i128::from(p.dte_floor_seconds), 86_400).unwrap(),
        },
        skew_shock: portfolio::SkewShock {
            linear_base_cap: ppm(p.linear_base_cap),
            linear_c_base: ppm(p.linear_c_base),
            abs_base_cap: ppm(p.abs_base_cap),
            abs_c_base: ppm(p.abs_c_base),
            min_k: ppm(p.skew_min_k),
            width: ppm(p.skew_width),
            fixed: ppm(p.skew_static),
            scale: ppm(p.skew_scale),
        },
        discount: portfolio::Discount {
            base_long: ppm(p.base_long),
            long_mult: Real::ONE,
            long_add: ppm(p.long_add),
            base_short: ppm(1_040_000),
            short_mult: Real::ONE,
            short_add: ppm(160_000),
        },
        basis: portfolio::Basis {
            up: ppm(p.basis_up),
            down: ppm(p.basis_down),
            add: ppm(p.basis_add),
            mult: ppm(p.basis_mult),
        },
        contingency: portfolio::Contingency {
            mm_option: ppm(p.mm_option),
            im_option: ppm(p.im_option),
            conf_threshold: ppm(p.conf_threshold),
            conf_margin: ppm(p.conf_margin),
            peg_threshold: ppm(p.peg_threshold),
            peg_factor: ppm(p.peg_factor),
        },
        mm_factor: ppm(p.mm_factor),
        im_factor: ppm(p.im_factor),
        averaging_vol: true,
    }
}

fn scenario_list(account: &Account, kind: usize) -> Vec<Scenario> {
    let reach = account.reach(kind);
    let grid = Grid::new(&account.parameters, reach.most());
    let columns = grid.scenarios(&reach);
    columns
        .map(|column| Scenario {
            spot: ppm(column.multiplier),
            vol: match column.shift {
                Shift::None => VolShift::None,
                Shift::Up => VolShift::Up,
                Shift::Down => VolShift::Down,
                Shift::Linear => VolShift::Linear,
                Shift::Abs => VolShift::Abs,
            },
            dampening: Real::from_q32(column.dampening),
        })
        .collect()
}

/// (initial, maintenance, mark-to-market, equity) of the evaluator, atoms.
fn wide(account: &Account) -> [f64; 4] {
    let book = &account.book;
    let view = &book.underlyings[0];
    let expiries: Vec<Expiry> = book
        .expiries
        .iter()
        .map(|e| Expiry {
            seconds: Real::from_integer(e.head.seconds_to_expiry),
            forward: ppm(view.spot.0) * ppm(1_000_000 + e.head.basis_ppm),
            rate: Real::ZERO,
            forward_confidence: ppm(e.head.forward_confidence.0),
            rate_confidence: Real::ONE,
            vol_confidence: ppm(e.head.vol_confidence.0),
            settlement_average: Some(ppm(e.head.average.0)),
            svi: None,
        })
        .collect();
    let size = Real::from_ratio(i128::from(view.contract_size.0), 1_000_000_000).unwrap();
    let legs: Vec<Leg> = book
        .positions
        .iter()
        .map(|p| {
            let slot = usize::from(p.expiry_slot);
            Leg {
                expiry: slot,
                strike: ppm(book.expiries[slot].strikes[usize::from(p.strike)].price),
                kind: OptionKind::from_u8(p.kind).unwrap(),
                quantity: Real::from_integer(i64::from(p.quantity)) * size,
                vol: Real::from_q32(book.expiries[slot].head.vol.0),
            }
        })
        .collect();
    let collateral: Vec<Collateral> = book
        .collateral
        .iter()
        .map(|c| Collateral {
            value: ppm(c.value.0),
            confidence: ppm(c.confidence.0),
            risk_cancelling: true,
            mm_haircut: Real::ONE - ppm(c.factor.0),
            im_haircut: Real::ZERO,
        })
        .collect();
    let market = Market {
        spot: ppm(view.spot.0),
        spot_confidence: ppm(view.spot_confidence.0),
        stable_price: ppm(book.stable),
        expiries: &expiries,
        legs: &legs,
        collateral: &collateral,
    };
    let margin = |kind: usize| {
        let scenarios = scenario_list(account, kind);
        let mut profits = [Real::ZERO; portfolio::MAX_SCENARIOS];
        portfolio::evaluate(&market, &wide_parameters(&account.parameters, &scenarios), &mut profits).unwrap()
    };
    let (initial, maintenance) = (margin(0), margin(1));
    let cash = book.cash as f64;
    let equity = 1e6 * float(initial.options + initial.collateral) + cash;
    let maintained = 1e6 * float(maintenance.maintenance) + cash;
    [(1e6 * float(initial.initial) + cash).min(maintained), maintained, 1e6 * float(initial.options), equity]
}

/// `max(1e-6 max(1, |IM|), 4e-8 sum |q| F)`, and three atoms per contract for the roundings to atoms.
fn tolerance(account: &Account, expected: &[f64; 4]) -> f64 {
    let reference = (1e-6 * expected[0].abs()).max(1.0);
    reference.max(4e-8 * account.notional()) + 3.0 * account.gross() + 20.0
}

fn assert_same(account: &Account) -> Result<(), TestCaseError> {
    let got = account.balances();
    let expected = wide(account);
    let allowed = tolerance(account, &expected);
    let got = [got.initial, got.maintenance, got.mark_to_market, got.equity].map(|atoms| atoms as f64);
    for (name, (got, expected)) in ["initial", "maintenance", "marks", "equity"].iter().zip(got.iter().zip(&expected)) {
        prop_assert!((got - expected).abs() <= allowed, "{name}: {got} against {expected}, allowed {allowed}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_book_has_the_evaluators_balances(account in any_account()) {
        assert_same(&account)?;
    }

    #[test]
    fn confidence_and_the_peg_count_as_in_the_evaluator(
        mut account in any_account(),
        confidence in prop::array::uniform4(0u32..1_000_000),
        stable in 900_000u32..1_050_000,
        value in 0i64..1_000_000 * USD,
        basis in -100_000i32..100_000,
    ) {
        // The gross quantity is that of the series: the evaluator takes legs as they come.
        let mut seen = Vec::new();
        account.book.positions.retain(|leg| {
            let series = (leg.expiry_slot, leg.strike, leg.kind);
            let first = !seen.contains(&series);
            seen.push(series);
            first
        });
        account.book.stable = stable;
        account.book.underlyings[0].spot_confidence = Ratio(confidence[0]);
        account.book.expiries[0].head.forward_confidence = Ratio(confidence[1]);
        account.book.expiries[1].head.vol_confidence = Ratio(confidence[2]);
        account.book.expiries[1].head.basis_ppm = basis;
        // A full factor: of a partial one the chain lets only the counted part gain.
        account.book.collateral = vec![CollateralView {
            value: Quote(value),
            price_underlying: Some(0),
            factor: Ratio::ONE,
            confidence: Ratio(confidence[3]),
        }];
        assert_same(&account)?;
    }

    #[test]
    fn collateral_is_never_worth_more_than_in_the_evaluator(
        mut account in any_account(), value in 0i64..1_000_000 * USD, factor in 0u32..1_000_000,
    ) {
        account.book.collateral = vec![CollateralView {
            value: Quote(value),
            price_underlying: Some(0),
            factor: Ratio(factor),
            confidence: Ratio::ONE,
        }];
        let (got, expected) = (account.balances(), wide(&account));
        let allowed = tolerance(&account, &expected);
        prop_assert!(got.initial as f64 <= expected[0] + allowed);
        prop_assert!(got.maintenance as f64 <= expected[1] + allowed);
        prop_assert!((got.equity as f64 - expected[3]).abs() <= allowed);
    }

    #[test]
    fn inside_the_window_only_the_part_not_yet_fixed_is_shocked(
        mut account in any_account(), sampled in 1i64..1_800, average in 700i64..1_400,
    ) {
        let spot = account.book.underlyings[0].spot;
        let head = &mut account.book.expiries[0].head;
        head.seconds_to_expiry = 1_800 - sampled;
        head.sampled_seconds = sampled;
        head.average = Price(spot.0 / 1000 * average);
        assert_same(&account)?;
    }

    #[test]
    fn other_parameters_are_followed(
        account in any_account(),
        step in 20_000u32..118_000,
        tails in prop::array::uniform3(50_000u32..8_000_000),
        shares in prop::array::uniform6(0u32..1_000_000),
    ) {
        let mut account = account;
        let parameters = &mut account.parameters;
        parameters.grid_step = step;
        parameters.tails = [tails[0], tails[1], tails[2], 0, 0, 0, 0, 0];
        parameters.range_up = 2 * shares[0];
        parameters.range_down = shares[1];
        parameters.min_vol_up = shares[2];
        parameters.short_power = shares[3];
        parameters.base_long = shares[4];
        parameters.linear_base_cap = shares[5];
        parameters.abs_base_cap = shares[5] / 2;
        // A cap below zero is none on the chain; the evaluator has no such rule.
        parameters.linear_c_base = shares[0] as i32 / 2;
        parameters.abs_c_base = shares[1] as i32 / 2;
        parameters.validate().unwrap();
        assert_same(&account)?;
    }
}
