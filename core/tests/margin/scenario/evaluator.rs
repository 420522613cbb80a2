//! The integers against the wide evaluator, which golden books hold to an independent reference.

use plimsoll_core::margin::evaluator::charges::{BetweenSteps, Concentration};
use plimsoll_core::margin::evaluator::portfolio::{self, Scenario, VolShift};
use plimsoll_core::margin::evaluator::{Collateral, Expiry, Market, Real};
use plimsoll_core::margin::scenario::Shift;
use plimsoll_core::margin::{CollateralView, PortfolioParameters};
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::{ContractSize, Price, Quote, Ratio};
use proptest::prelude::*;

use super::super::chain::PLAIN;
use super::super::documents::float;
use super::super::fixtures::{expiry, position, OwnedBook};
use super::{any_account, scenarios, Account, DAY, USD};

fn ppm(value: impl Into<i128>) -> Real {
    Real::from_ratio(value.into(), 1_000_000).unwrap()
}

/// The same parameters for the evaluator, with contracts of `size` underlyings; the chain knows no interest rate.
pub fn wide_parameters<'a>(
    p: &PortfolioParameters,
    scenarios: &'a [Scenario],
    size: ContractSize,
) -> portfolio::Parameters<'a> {
    let size = Real::from_ratio(size.0.into(), 1_000_000_000).unwrap();
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
        concentration: Concentration {
            share: ppm(p.concentration_share),
            free: Real::from_integer(p.concentration_free.into()) * size,
            rate: ppm(p.concentration_rate),
            vega_free: Real::from_integer(p.vega_free.into()),
            vega_rate: ppm(p.vega_rate),
        },
        between_steps: BetweenSteps { seconds: Real::from_integer(p.near_seconds.into()), step: ppm(p.grid_step) },
        mm_factor: ppm(p.mm_factor),
        im_factor: ppm(p.im_factor),
        averaging_vol: true,
    }
}

pub fn scenario_list(account: &Account, kind: usize) -> Vec<Scenario> {
    scenarios(&account.parameters, &account.reach(kind))
        .into_iter()
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
pub fn wide(account: &Account) -> [f64; 4] {
    let [(initial, _), (maintenance, _)] = [0, 1].map(|kind| wide_margin(account, kind));
    let cash = account.book.cash as f64;
    let equity = 1e6 * float(initial.options + initial.collateral) + cash;
    let maintained = 1e6 * float(maintenance.maintenance) + cash;
    [(1e6 * float(initial.initial) + cash).min(maintained), maintained, 1e6 * float(initial.options), equity]
}

/// What the evaluator says of the first underlying, with the profit under every scenario of the initial (0) or the
/// maintenance (1) balance.
pub fn wide_margin(account: &Account, kind: usize) -> (portfolio::MarketMargin, Vec<(Scenario, Real)>) {
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
    let legs = book.wide_legs();
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
    let scenarios = scenario_list(account, kind);
    let mut profits = [Real::ZERO; portfolio::MAX_SCENARIOS];
    let parameters = wide_parameters(&account.parameters, &scenarios, view.contract_size);
    let margin = portfolio::evaluate(&market, &parameters, &mut profits).unwrap();
    (margin, scenarios.into_iter().zip(profits).collect())
}

/// `max(1e-6 max(1, |IM|), 4e-8 sum |q| F)`, and three atoms per contract for the roundings to atoms.
pub fn tolerance(account: &Account, expected: &[f64; 4]) -> f64 {
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

/// A change of one parameter.
type Set = fn(&mut PortfolioParameters, i32);

/// Every parameter that balances depend on, with the ends of its hard range.
const FIELDS: [(&str, Set, i32, i32); 40] = [
    ("grid_step", |p, v| p.grid_step = v as u32, 5_000, 118_000),
    ("range_reference", |p, v| p.range_reference = v as u32, 10_000, 950_000),
    ("tail_dampening", |p, v| p.tail_dampening = v as u32, 0, 2_000_000),
    ("tails, lowest", |p, v| p.tails[0] = v as u32, 50_000, 8_000_000),
    ("tails, highest", |p, v| p.tails[7] = v as u32, 50_000, 8_000_000),
    ("range_up", |p, v| p.range_up = v as u32, 0, 5_000_000),
    ("range_down", |p, v| p.range_down = v as u32, 0, 1_000_000),
    ("min_vol_up", |p, v| p.min_vol_up = v as u32, 0, 4_000_000),
    ("short_power", |p, v| p.short_power = v as u32, 0, 1_000_000),
    ("long_power", |p, v| p.long_power = v as u32, 0, 1_000_000),
    ("dte_floor_seconds", |p, v| p.dte_floor_seconds = v as u32, 3_600, 2_592_000),
    ("linear_base_cap", |p, v| p.linear_base_cap = v as u32, 40_000, 1_000_000),
    ("linear_c_base", |p, v| p.linear_c_base = v, -1_000_000, 1_000_000),
    ("abs_base_cap", |p, v| p.abs_base_cap = v as u32, 40_000, 1_000_000),
    ("abs_c_base", |p, v| p.abs_c_base = v, -1_000_000, 1_000_000),
    ("skew_min_k", |p, v| p.skew_min_k = v as u32, 1_000, 1_000_000),
    ("skew_width", |p, v| p.skew_width = v as u32, 0, 20_000_000),
    ("skew_static", |p, v| p.skew_static = v as u32, 0, 2_000_000),
    ("skew_scale", |p, v| p.skew_scale = v, -1_000_000, 1_000_000),
    ("base_long", |p, v| p.base_long = v as u32, 0, 1_000_000),
    ("long_add", |p, v| p.long_add = v as u32, 0, 2_000_000),
    ("basis_up", |p, v| p.basis_up = v as u32, 1_000_000, 2_000_000),
    ("basis_down", |p, v| p.basis_down = v as u32, 50_000, 1_000_000),
    ("basis_add", |p, v| p.basis_add = v as u32, 0, 5_000_000),
    ("basis_mult", |p, v| p.basis_mult = v as u32, 0, 20_000_000),
    // At the first step, as in the reference, it would be that step once more.
    ("basis_scenarios", |p, v| (p.basis_scenarios, p.basis_up, p.basis_down) = (v as u32, 1_250_000, 800_000), 0, 1),
    ("mm_option", |p, v| p.mm_option = v as u32, 0, 200_000),
    ("im_option", |p, v| p.im_option = v as u32, 0, 200_000),
    ("conf_threshold", |p, v| p.conf_threshold = v as u32, 0, 1_000_000),
    ("conf_margin", |p, v| p.conf_margin = v as u32, 0, 5_000_000),
    ("peg_threshold", |p, v| p.peg_threshold = v as u32, 0, 1_000_000),
    ("peg_factor", |p, v| p.peg_factor = v as u32, 0, 10_000_000),
    ("mm_factor", |p, v| p.mm_factor = v as u32, 500_000, 1_000_000),
    ("im_factor", |p, v| p.im_factor = v as u32, 800_000, 3_000_000),
    ("concentration_share", |p, v| (p.concentration_rate, p.concentration_share) = (20_000, v as u32), 0, 1_000_000),
    ("concentration_free", |p, v| (p.concentration_rate, p.concentration_free) = (20_000, v as u32), 0, i32::MAX),
    ("concentration_rate", |p, v| p.concentration_rate = v as u32, 0, 1_000_000),
    ("vega_free", |p, v| (p.vega_rate, p.vega_free) = (250_000, v as u32), 0, i32::MAX),
    ("vega_rate", |p, v| p.vega_rate = v as u32, 0, 5_000_000),
    ("near_seconds", |p, v| p.near_seconds = v as u32, 0, 2_592_000),
];

/// Books that lose to a move, to volatility and to skew, near and far, under doubt and a weak quote token.
fn sweep_books() -> Vec<Account> {
    let strikes: Vec<i64> = [1_000, 1_500, 1_900, 2_000, 2_100, 2_500, 4_000].iter().map(|k| k * USD).collect();
    let books: [&[(usize, OptionKind, i32)]; 5] = [
        &[(2, OptionKind::Put, -10), (4, OptionKind::Call, -10)],
        &[(3, OptionKind::Put, 10), (3, OptionKind::Call, 10)],
        &[(0, OptionKind::Put, -40), (6, OptionKind::Call, -40)],
        // Sold forward against the delta of a risk reversal.
        &[(2, OptionKind::Put, -10), (4, OptionKind::Call, 10), (3, OptionKind::Call, -8), (3, OptionKind::Put, 8)],
        // Wings against the body.
        &[(1, OptionKind::Put, 60), (5, OptionKind::Call, 60), (3, OptionKind::Put, -3), (3, OptionKind::Call, -3)],
    ];
    let account = |slot: usize, legs: &[(usize, OptionKind, i32)]| {
        let expiries = vec![expiry(5 * DAY, 60, &strikes), expiry(200 * DAY, 50, &strikes)];
        let legs = legs.iter().map(|(strike, kind, quantity)| position(slot, *strike, *kind, *quantity)).collect();
        let mut account = Account::new(OwnedBook::one(2_000 * USD, PLAIN, expiries, legs));
        account.book.expiries[slot].head.forward_confidence = Ratio(500_000);
        account.book.expiries[slot].strikes.iter_mut().for_each(|strike| strike.open_interest = [4, 12]);
        account.book.stable = 980_000;
        account.ranges = [100_000, 60_000];
        account
    };
    books.iter().flat_map(|legs| [account(0, legs), account(1, legs)]).collect()
}

#[test]
fn each_parameter_is_followed_to_both_ends_of_its_range_and_matters() {
    for (name, set, low, high) in FIELDS {
        let mut matters = false;
        for mut account in sweep_books() {
            let [least, most] = [low, high].map(|value| {
                // The evaluator has no rule for a cap below zero.
                (account.parameters.linear_base_cap, account.parameters.abs_base_cap) = (800_000, 800_000);
                set(&mut account.parameters, value);
                account.parameters.validate().unwrap();
                assert_same(&account).unwrap_or_else(|error| panic!("{name} = {value}: {error}"));
                account.balances()
            });
            matters |= least != most;
        }
        assert!(matters, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_book_has_the_evaluators_balances(account in any_account()) {
        assert_same(&account)?;
    }

    #[test]
    fn what_the_initial_balance_is_charged_is_followed(
        account in any_account(),
        interest in prop::array::uniform6(prop::array::uniform2(0i64..500)),
        quarters in 0u32..=4,
        free in 0u32..500,
        rate in 0u32..200_000,
        vega in (0u32..10_000, 0u32..1_000_000),
        near_seconds in 0u32..2_592_000,
    ) {
        let mut account = account;
        // The chain takes whole contracts of the share: such as these are.
        account.parameters.concentration_share = quarters * 250_000;
        account.parameters.concentration_free = free;
        account.parameters.concentration_rate = rate;
        (account.parameters.vega_free, account.parameters.vega_rate) = vega;
        account.parameters.near_seconds = near_seconds;
        account.parameters.validate().unwrap();
        for expiry in &mut account.book.expiries {
            for (strike, interest) in expiry.strikes.iter_mut().zip(interest) {
                strike.open_interest = interest.map(|contracts| 4 * contracts);
            }
        }
        // The first expiry is near for half of the books.
        account.book.expiries[0].head.seconds_to_expiry = (account.book.expiries[0].head.seconds_to_expiry / 8).max(1_801);
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
        basis_scenarios in 0u32..=1,
    ) {
        let mut account = account;
        let parameters = &mut account.parameters;
        parameters.grid_step = step;
        parameters.tails = [tails[0], tails[1], tails[2], 0, 0, 0, 0, 0];
        parameters.basis_scenarios = basis_scenarios;
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
