//! Portfolio mode: the additivity of risk arrays, refusals.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::book::{Entry, GROSS_NOTIONAL_MAX};
use plimsoll_core::margin::evaluator::offset::{credit, Credit};
use plimsoll_core::margin::evaluator::portfolio::{
    evaluate, worst_of, Discount, MarketMargin, Parameters, Worst, MAX_SCENARIOS,
};
use plimsoll_core::margin::evaluator::{Collateral, Leg, Real};
use serde_json::Value;

use super::documents::{decimal, float, golden, markets, portfolio_parameters, real, scenarios, Balances};

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

#[test]
fn a_short_discount_of_nothing_counts_nothing_however_it_grows() {
    let mut document = golden("margin_portfolio.json")[0]["input"].clone();
    let with = |document: &mut Value, base: &str, add: &str| {
        document["parameters"]["discount"]["base_short"] = base.into();
        document["parameters"]["discount"]["short_add"] = add.into();
        balances(document).map(float)
    };
    let plain = with(&mut document, "0", "0");
    // exp(-t add) is below the last bit: 0 times whatever it makes of 1 stays 0.
    assert_eq!(with(&mut document, "0", "10000"), plain);
    // And a base close to 0 grows to what it grows to: 1e-17 x exp(44) is above every cap of 1 / df.
    let capped = with(&mut document, "1", "10000");
    assert_ne!(capped, plain);
    assert_eq!(with(&mut document, "0.00000000000000001", "10000"), capped);
}

#[test]
fn legs_of_one_series_count_as_one_leg() {
    let document = &golden("margin_portfolio.json")[0]["input"];
    let scenarios = scenarios(document);
    let parameters = portfolio_parameters(document, &scenarios);
    let once = markets(document).remove(0);
    let mut twice = once.clone();
    for index in 0..once.legs.len() {
        let (leg, part) = (twice.legs[index], Real::from_integer(5));
        twice.legs[index].quantity = leg.quantity - part;
        twice.legs.push(Leg { quantity: part, ..leg });
    }
    let mut profits = [Real::ZERO; MAX_SCENARIOS];
    let [merged, split] = [&once, &twice].map(|book| evaluate(&book.market(), &parameters, &mut profits).unwrap());
    for (one, other) in
        [(merged.initial, split.initial), (merged.maintenance, split.maintenance), (merged.options, split.options)]
    {
        assert!(float((one - other).abs()) < 1e-12, "{} {}", float(one), float(other));
    }
}

#[test]
fn the_gross_notional_names_the_entry_that_passes_its_bound() {
    let document = &golden("margin_portfolio.json")[0]["input"];
    let mut owned = markets(document).remove(0);
    assert_eq!(owned.market().gross_excess(), None);
    owned.legs[3].quantity = Real::from_integer(-1_000_000_000_000);
    let (entry, gross) = owned.market().gross_excess().unwrap();
    assert_eq!(entry, Entry::Leg(3));
    assert!(gross > Real::from_integer(GROSS_NOTIONAL_MAX));
    // The bound itself is within it, and collateral comes after the legs.
    owned.legs.clear();
    owned.collateral = vec![Collateral { value: Real::from_integer(GROSS_NOTIONAL_MAX), ..Collateral::default() }];
    assert_eq!(owned.market().validate(), Ok(()));
    owned.collateral.push(Collateral { value: Real::ONE, ..Collateral::default() });
    assert_eq!(owned.market().gross_excess().map(|(entry, _)| entry), Some(Entry::Collateral(1)));
    assert_eq!(owned.market().validate(), Err(CoreError::Overflow));
}

#[test]
fn a_discount_that_multiplies_is_bounded_with_the_book() {
    let document = &golden("margin_portfolio.json")[0]["input"];
    let scenarios = scenarios(document);
    let mut profits = [Real::ZERO; MAX_SCENARIOS];
    let mut outcome = |add: i64, quantity: i64| {
        let mut parameters = portfolio_parameters(document, &scenarios);
        parameters.discount.long_add = Real::from_integer(add);
        let mut owned = markets(document).remove(0);
        owned.legs[0].quantity = Real::from_integer(quantity);
        evaluate(&owned.market(), &parameters, &mut profits).map(|_| ())
    };
    assert_eq!(outcome(-90, 1), Ok(()));
    assert_eq!(outcome(-90, 1_000_000_000), Err(CoreError::OutOfDomain), "growth of the notional");
    assert_eq!(outcome(-200, 1), Err(CoreError::OutOfDomain), "growth");
}

#[test]
fn a_small_base_takes_a_growth_back_that_does_not_fit_alone() {
    let long = |base: &str, add: i64| {
        let discount = Discount { base_long: decimal(base), long_add: Real::from_integer(add), ..Discount::default() };
        float(discount.long(Real::ZERO, Real::ONE))
    };
    for (base, add) in [("0.000000001", -60), ("0.000000001", -40), ("0.5", -3), ("0.5", 3), ("1", 0)] {
        let expected = base.parse::<f64>().unwrap() * f64::from(-i32::try_from(add).unwrap()).exp();
        assert!((long(base, add) / expected - 1.0).abs() < 1e-9, "{base} {add}");
    }
    assert_eq!([long("0", -100), long("0", 100)], [0.0, 0.0]);
}
