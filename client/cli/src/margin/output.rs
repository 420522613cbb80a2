//! The result as JSON.

use std::collections::BTreeMap;

use plimsoll_core::margin::evaluator::portfolio::VolShift;
use serde::Serialize;

use super::compare::Regime;
use super::decimal::to_f64;
use super::evaluate::{Detail, Evaluation, MarketResult, WorstOf};
use super::what_if::Applied;
use super::Evaluated;

/// The printed object: the balances, then what was asked for beyond them.
#[derive(Serialize)]
pub struct Report<'a> {
    #[serde(flatten)]
    balances: Balances,
    #[serde(skip_serializing_if = "Option::is_none")]
    what_if: Option<WhatIfReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<&'a [Regime]>,
}

/// The book after trades.
#[derive(Serialize)]
struct WhatIfReport<'a> {
    trades: &'a [Applied],
    after: Balances,
}

/// The balances of one book.
#[derive(Serialize)]
struct Balances {
    /// Equity: options + collateral / stable price + cash.
    mark_to_market: f64,
    /// Initial margin balance, >= 0 is fine.
    initial_margin: f64,
    /// Maintenance margin balance, >= 0 is fine.
    maintenance_margin: f64,
    worst: Option<WorstReport>,
    components: Components,
    greeks: BTreeMap<String, GreeksReport>,
}

#[derive(Serialize)]
struct WorstReport {
    kind: &'static str,
    spot: Option<f64>,
    vol: Option<&'static str>,
}

#[derive(Serialize)]
struct Components {
    cash: f64,
    options: f64,
    collateral: f64,
    /// What two underlyings save together; absent where no offset is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_offset: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_offset: Option<f64>,
    underlyings: BTreeMap<String, BTreeMap<&'static str, serde_json::Value>>,
}

#[derive(Serialize)]
struct GreeksReport {
    delta: f64,
    gamma: f64,
    vega: f64,
    theta: f64,
}

/// Name of a volatility shift, as in the input.
pub const fn vol_name(vol: VolShift) -> &'static str {
    match vol {
        VolShift::Up => "up",
        VolShift::Down => "down",
        VolShift::None => "none",
        VolShift::Linear => "linear",
        VolShift::Abs => "abs",
    }
}

/// The numbers that make up the margin of one market, by name.
pub fn components(market: &MarketResult) -> Vec<(&'static str, f64)> {
    let mut list = vec![("options", to_f64(market.options)), ("collateral", to_f64(market.collateral))];
    match &market.detail {
        Detail::Portfolio(margin, _) => {
            let [naked_mm, haircut_mm] = margin.contingency_mm;
            let [naked_im, haircut_im, doubt, collateral_doubt] = margin.contingency_im;
            list.extend([
                ("loss", to_f64(margin.loss)),
                ("basis", to_f64(margin.basis)),
                ("initial_factor", to_f64(margin.im_factor)),
                ("maintenance_naked_shorts", to_f64(naked_mm)),
                ("maintenance_collateral_haircut", to_f64(haircut_mm)),
                ("initial_naked_shorts", to_f64(naked_im)),
                ("initial_collateral_haircut", to_f64(haircut_im)),
                ("initial_confidence_options", to_f64(doubt)),
                ("initial_confidence_collateral", to_f64(collateral_doubt)),
                ("initial_concentration_contracts", to_f64(margin.charges.contracts)),
                ("initial_concentration_vega", to_f64(margin.charges.vega)),
                ("initial_between_steps", to_f64(margin.charges.between)),
            ]);
        }
        Detail::Cross(margin) => {
            let [doubt, collateral_doubt, depeg] = margin.add_ons;
            list.extend([
                ("collateral_counted", to_f64(margin.collateral_counted)),
                ("options_initial", to_f64(margin.options_initial)),
                ("options_maintenance", to_f64(margin.options_maintenance)),
                ("initial_confidence_options", to_f64(doubt)),
                ("initial_confidence_collateral", to_f64(collateral_doubt)),
                ("initial_depeg", to_f64(depeg)),
            ]);
        }
    }
    list
}

impl<'a> Report<'a> {
    /// The report of an evaluated document.
    pub fn new(evaluated: &'a Evaluated) -> Self {
        let after = evaluated.what_if.as_ref();
        Self {
            balances: Balances::new(&evaluated.result),
            what_if: after.map(|w| WhatIfReport { trades: &w.trades, after: Balances::new(&w.result) }),
            compare: evaluated.compare.as_deref(),
        }
    }
}

impl Balances {
    fn new(result: &Evaluation) -> Self {
        // From 0: the sum of no floats is -0.
        let sum = |part: fn(&MarketResult) -> f64| result.markets.iter().map(part).fold(0.0, |sum, part| sum + part);
        Self {
            mark_to_market: to_f64(result.equity),
            initial_margin: to_f64(result.initial),
            maintenance_margin: to_f64(result.maintenance),
            worst: result.worst().map(WorstReport::new),
            components: Components {
                cash: to_f64(result.cash),
                options: sum(|market| to_f64(market.options)),
                collateral: sum(|market| to_f64(market.collateral)),
                initial_offset: result.offset.map(|offset| to_f64(offset.initial)),
                maintenance_offset: result.offset.map(|offset| to_f64(offset.maintenance)),
                underlyings: result.markets.iter().map(|m| (m.underlying.clone(), market_components(m))).collect(),
            },
            greeks: result.markets.iter().map(|m| (m.underlying.clone(), GreeksReport::new(m))).collect(),
        }
    }
}

fn market_components(market: &MarketResult) -> BTreeMap<&'static str, serde_json::Value> {
    let mut map: BTreeMap<_, _> = components(market).into_iter().map(|(name, value)| (name, value.into())).collect();
    if let Detail::Portfolio(_, profits) = &market.detail {
        let profits: Vec<f64> = profits.iter().copied().map(to_f64).collect();
        map.insert("scenario_profits", profits.into());
    }
    map
}

impl WorstReport {
    fn new(worst: WorstOf) -> Self {
        let (kind, spot, vol) = match worst {
            WorstOf::Scenario(spot, vol) => ("scenario", Some(to_f64(spot)), Some(vol_name(vol))),
            WorstOf::Basis => ("basis", None, None),
            WorstOf::Legs => ("legs", None, None),
            WorstOf::MaxLoss => ("max_loss", None, None),
        };
        Self { kind, spot, vol }
    }
}

impl GreeksReport {
    fn new(market: &MarketResult) -> Self {
        let greeks = &market.greeks;
        Self {
            delta: to_f64(greeks.delta),
            gamma: to_f64(greeks.gamma),
            vega: to_f64(greeks.vega),
            theta: to_f64(greeks.theta),
        }
    }
}
