//! Portfolio mode: the additivity of risk arrays, refusals.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::offset::{credit, Credit};
use plimsoll_core::margin::evaluator::portfolio::{evaluate, worst_of, MarketMargin, Parameters, Worst, MAX_SCENARIOS};
use plimsoll_core::margin::evaluator::Real;
use serde_json::Value;

use super::documents::{float, golden, markets, portfolio_parameters, real, scenarios, Balances};

/// Equity, initial and maintenance balance of a portfolio document.
pub fn balances(document: &Value) -> Balances {
    let cash = real(&document["portfolio"]["cash"]);
    let scenarios = scenarios(document);
    let parameters = portfolio_parameters(document, &scenarios);
    let margins: Vec<(MarketMargin, Vec<Real>)> = markets(document)
        .iter()
        .map(|owned| {
            let mut profits = vec![Real::ZERO; scenarios.len()];
            (evaluate(&owned.market(), &parameters, &mut profits).unwrap(), profits)
        })
        .collect();
    let offset = offset(document, &margins, &parameters);
    let start = [cash, cash + offset.initial, cash + offset.maintenance];
    margins.iter().fold(start, |[equity, initial, maintenance], (margin, _)| {
        [equity + margin.options + margin.collateral, initial + margin.initial, maintenance + margin.maintenance]
    })
}

/// What the offset of a document adds; nothing without one.
fn offset(document: &Value, margins: &[(MarketMargin, Vec<Real>)], parameters: &Parameters) -> Credit {
    let Some(offset) = document["parameters"].get("offset") else { return Credit::default() };
    let member = |index: usize| {
        let markets = document["markets"].as_array().unwrap();
        let at = markets.iter().position(|market| market["underlying"] == offset["underlyings"][index]).unwrap();
        (&margins[at].0, margins[at].1.as_slice())
    };
    credit(real(&offset["share"]), [member(0), member(1)], parameters).unwrap()
}

#[test]
fn risk_arrays_add_up() {
    let future = [0, 0, 3330, 3330, -3330, -3330, 6670, 6670, -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000];
    let call = [460, -610, 2640, 1730, -1270, -2340, 5210, 4540, -2540, -3430, 8060, 7640, -3380, -3990, 3130, -1500];
    let requirement = |row: [i64; 16]| {
        let row = row.map(Real::from_integer);
        -worst_of(&row).unwrap().1.floor()
    };
    let sum = |a: [i64; 16], b: [i64; 16], sign: i64| std::array::from_fn(|i| a[i] + sign * b[i]);
    assert_eq!(requirement(future), 10_000);
    assert_eq!(requirement(call), 3_990);
    assert_eq!(requirement(sum([0; 16], call, -1)), 8_060);
    assert_eq!(requirement(sum(future, call, -1)), 6_620);
    assert_eq!(worst_of(&[]), None);
}

#[test]
fn a_book_without_options_or_collateral_is_its_cash() {
    let mut document = golden("margin_portfolio.json")[0]["input"].clone();
    document["portfolio"] = serde_json::json!({ "cash": "1000" });
    assert!(balances(&document).iter().all(|balance| *balance == Real::from_integer(1000)));
}

#[test]
fn the_parts_say_what_the_balances_are_made_of() {
    for case in golden("margin_portfolio.json").iter().step_by(7) {
        let document = &case["input"];
        let scenarios = scenarios(document);
        let parameters = portfolio_parameters(document, &scenarios);
        let mut profits = [Real::ZERO; MAX_SCENARIOS];
        for owned in markets(document) {
            let m = evaluate(&owned.market(), &parameters, &mut profits).unwrap();
            let sum = |terms: &[Real]| terms.iter().fold(Real::ZERO, |a, b| a + *b);
            let base = m.options + m.collateral - sum(&m.contingency_mm);
            assert_eq!(m.maintenance, base + parameters.mm_factor * m.loss);
            assert_eq!(m.initial, base - sum(&m.contingency_im) - m.charges.total() + m.im_factor * m.loss);
            match m.worst {
                Worst::Scenario(index) => assert_eq!(m.loss, profits[index]),
                Worst::Basis => assert_eq!(m.loss, m.basis),
            }
            assert!(profits[..scenarios.len()].iter().all(|profit| *profit >= m.loss));
        }
    }
}

#[test]
fn greeks_are_the_slopes_of_the_value() {
    let document = &golden("margin_portfolio.json")[0]["input"];
    let scenarios = scenarios(document);
    let parameters = portfolio_parameters(document, &scenarios);
    let mut profits = [Real::ZERO; MAX_SCENARIOS];
    let step = Real::from_ratio(1, 1000).unwrap();
    let owned = &markets(document)[0];
    let mut at = |shift: Real, vol: Real| {
        let mut moved = markets(document).remove(0);
        moved.expiries.iter_mut().for_each(|e| e.forward += shift);
        moved.legs.iter_mut().for_each(|l| l.vol += vol);
        float(evaluate(&moved.market(), &parameters, &mut profits).unwrap().options)
    };
    let (up, down) = (at(step, Real::ZERO), at(-step, Real::ZERO));
    let vega = (at(Real::ZERO, step) - at(Real::ZERO, -step)) / 0.002;
    let middle = at(Real::ZERO, Real::ZERO);
    let greeks = evaluate(&owned.market(), &parameters, &mut profits).unwrap().greeks;
    let near = |got: Real, expected: f64, tolerance: f64| {
        let got = float(got);
        assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "{got} {expected}");
    };
    near(greeks.delta, (up - down) / 0.002, 1e-6);
    near(greeks.gamma, (up - 2.0 * middle + down) / 1e-6, 1e-4);
    near(greeks.vega, vega, 1e-5);
}

#[test]
fn what_has_no_margin_is_refused() {
    let document = &golden("margin_portfolio.json")[0]["input"];
    let scenarios = scenarios(document);
    let parameters = portfolio_parameters(document, &scenarios);
    let mut profits = [Real::ZERO; MAX_SCENARIOS];
    let mut refusal = |change: fn(&mut super::documents::Owned)| {
        let mut owned = markets(document).remove(0);
        change(&mut owned);
        evaluate(&owned.market(), &parameters, &mut profits).unwrap_err()
    };
    assert_eq!(refusal(|m| m.legs[0].expiry = 9), CoreError::UnknownSeries);
    assert_eq!(refusal(|m| m.head[0] = Real::ZERO), CoreError::OutOfDomain);
    assert_eq!(refusal(|m| m.head[2] = Real::ZERO), CoreError::OutOfDomain);
    assert_eq!(refusal(|m| m.legs[0].strike = Real::ZERO), CoreError::OutOfDomain);
    assert_eq!(refusal(|m| m.legs[0].quantity = Real::from_integer(i64::MAX)), CoreError::Overflow);
    let short = evaluate(&markets(document)[0].market(), &parameters, &mut profits[..3]);
    assert_eq!(short.unwrap_err(), CoreError::OutOfDomain);
}
