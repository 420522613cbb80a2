//! The result as tables for the terminal, with a picture of the profit per scenario.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use plimsoll_core::margin::evaluator::portfolio::Scenario;
use plimsoll_core::margin::evaluator::pricing::Greeks;
use plimsoll_core::margin::evaluator::Real;

use super::compare::Regime;
use super::decimal::to_f64;
use super::evaluate::{Detail, Evaluation, MarketResult, WorstOf};
use super::input::Mode;
use super::output::{components, vol_name};
use super::surface::{self, Surface};
use super::what_if::Applied;
use super::{Evaluated, WhatIf};
use crate::output;

/// Characters of the longest bar.
const BAR_WIDTH: usize = 36;

/// Everything, ready to print. Errors: as an evaluation's.
pub fn render(evaluated: &Evaluated) -> Result<String, String> {
    let result = &evaluated.result;
    let mut parts = vec![balances(result)];
    for market in &result.markets {
        parts.push(market_table(market));
        if let Detail::Portfolio(_, profits) = &market.detail {
            parts.push(scenario_bars(result, market, profits));
        }
    }
    if result.mode != Mode::Portfolio {
        parts.extend(surface::by_spot(&evaluated.document)?.iter().map(spot_bars));
    }
    if let Some(after) = &evaluated.what_if {
        parts.push(what_if(result, after));
    }
    if let Some(regimes) = &evaluated.compare {
        parts.push(compared(regimes));
    }
    Ok(parts.join("\n"))
}

/// What the trades do: each trade, then balances and greeks before and after.
fn what_if(before: &Evaluation, after: &WhatIf) -> String {
    let trade = |trade: &Applied| {
        vec![
            trade.series.clone(),
            format!("{:+}", trade.quantity),
            amount(trade.price),
            amount(trade.mark),
            amount(trade.cash),
        ]
    };
    let trades = after.trades.iter().map(trade).collect();
    let trades = output::table(&["what if", "quantity", "price", "mark", "cash"], trades);
    let row = |name: String, read: &dyn Fn(&Evaluation) -> f64| {
        let (old, new) = (read(before), read(&after.result));
        vec![name, amount(old), amount(new), amount(new - old)]
    };
    let mut rows = vec![
        row("cash".into(), &|e| to_f64(e.cash)),
        row("equity".into(), &|e| to_f64(e.equity)),
        row("initial balance".into(), &|e| to_f64(e.initial)),
        row("maintenance balance".into(), &|e| to_f64(e.maintenance)),
    ];
    for (at, market) in before.markets.iter().enumerate() {
        let greek = |name: &str, read: fn(&Greeks) -> Real| {
            let of = |e: &Evaluation| e.markets.get(at).map_or(0.0, |market| to_f64(read(&market.greeks)));
            row(format!("{} {name}", market.underlying), &of)
        };
        rows.push(greek("delta", |greeks| greeks.delta));
        rows.push(greek("gamma", |greeks| greeks.gamma));
        rows.push(greek("vega", |greeks| greeks.vega));
        rows.push(greek("theta", |greeks| greeks.theta));
    }
    format!("{trades}\n{}", output::table(&["", "before", "after", "change"], rows))
}

/// Every rule side by side, then the defaults it was given.
fn compared(regimes: &[Regime]) -> String {
    let rows = regime_rows(regimes);
    let mut lines = vec![output::table(&REGIME_HEADER, rows)];
    for regime in regimes {
        lines.push(format!("{}: {}", regime.regime, regime.rule));
        lines.extend(regime.refused.iter().map(|why| format!("  not possible: {why}")));
        lines.extend(regime.assumed.iter().map(|what| format!("  assumed: {what}")));
    }
    lines.join("\n")
}

/// Columns of [`regime_rows`].
pub const REGIME_HEADER: [&str; 6] =
    ["rule", "initial requirement", "maintenance requirement", "initial balance", "maintenance balance", "cash needed"];

/// The rules' numbers as cells.
pub fn regime_rows(regimes: &[Regime]) -> Vec<Vec<String>> {
    let row = |regime: &Regime| {
        let numbers = regime.balances.map(|b| {
            let of = [b.initial_requirement, b.maintenance_requirement, b.initial_margin, b.maintenance_margin];
            of.into_iter().chain([b.cash_needed]).map(|value| format!("{value:.2}")).collect::<Vec<_>>()
        });
        let numbers = numbers.unwrap_or_else(|| vec!["-".to_owned(); REGIME_HEADER.len() - 1]);
        std::iter::once(regime.regime.to_owned()).chain(numbers).collect()
    };
    regimes.iter().map(row).collect()
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header.iter().copied());
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn balances(result: &Evaluation) -> String {
    let mode = match result.mode {
        Mode::Portfolio => "portfolio margin",
        Mode::Cross => "cross margin",
        Mode::Isolated => "isolated margin",
    };
    let mut table = table(&[mode, "quote", ""]);
    let verdict = |balance: f64, short: &str| if balance < 0.0 { short.to_string() } else { "covered".to_string() };
    let (equity, initial, maintenance) = (to_f64(result.equity), to_f64(result.initial), to_f64(result.maintenance));
    table.add_row(["cash".into(), amount(to_f64(result.cash)), String::new()]);
    table.add_row(["equity".into(), amount(equity), verdict(equity, "insolvent")]);
    table.add_row(["initial balance".into(), amount(initial), verdict(initial, "no new risk")]);
    table.add_row(["maintenance balance".into(), amount(maintenance), verdict(maintenance, "liquidatable")]);
    if let Some(offset) = result.offset {
        table.add_row(["offset, initial".into(), amount(to_f64(offset.initial)), String::new()]);
        table.add_row(["offset, maintenance".into(), amount(to_f64(offset.maintenance)), String::new()]);
    }
    let worst = match result.worst() {
        Some(WorstOf::Scenario(spot, vol)) => format!("spot x {}, vol {}", to_f64(spot), vol_name(vol)),
        Some(WorstOf::Basis) => "basis".into(),
        Some(WorstOf::Legs) => "sum of legs".into(),
        Some(WorstOf::MaxLoss) => "maximum loss".into(),
        None => "-".into(),
    };
    table.add_row(["worst".into(), String::new(), worst]);
    table.to_string()
}

fn market_table(market: &MarketResult) -> String {
    let mut table = table(&[&market.underlying, "quote"]);
    for (name, value) in components(market) {
        table.add_row([name.replace('_', " "), amount(value)]);
    }
    let greeks = &market.greeks;
    table.add_row(["delta (per 1 of forward)".into(), amount(to_f64(greeks.delta))]);
    table.add_row(["gamma".into(), amount(to_f64(greeks.gamma))]);
    table.add_row(["vega (per 1.00 of vol)".into(), amount(to_f64(greeks.vega))]);
    table.add_row(["theta (per year)".into(), amount(to_f64(greeks.theta))]);
    table.to_string()
}

/// One bar per scenario.
fn scenario_bars(result: &Evaluation, market: &MarketResult, profits: &[Real]) -> String {
    let loss = to_f64(market.loss());
    let labelled = |(scenario, profit): (&Scenario, &Real)| {
        (format!("x {:<6} {:<6}", to_f64(scenario.spot), vol_name(scenario.vol)), to_f64(*profit))
    };
    let profits: Vec<(String, f64)> = result.scenarios.iter().zip(profits).map(labelled).collect();
    bars(&format!("{} profit per scenario", market.underlying), &profits, Some(loss).filter(|loss| *loss < 0.0))
}

/// One bar per move of the spot, for modes that have no scenarios.
fn spot_bars(surface: &Surface) -> String {
    let labelled = |(spot, profit): (f64, f64)| (format!("x {spot:<6}"), profit);
    let profits: Vec<(String, f64)> = surface.at_vol(1.0).into_iter().map(labelled).collect();
    let worst = profits.iter().map(|(_, profit)| *profit).fold(0.0, f64::min);
    let title = format!("{} profit by spot, volatility unchanged", surface.underlying);
    bars(&title, &profits, Some(worst).filter(|worst| *worst < 0.0))
}

/// Bars under a title: losses to the left of the line, profits to the right.
fn bars(title: &str, profits: &[(String, f64)], worst: Option<f64>) -> String {
    let longest = profits.iter().fold(0.0_f64, |longest, (_, p)| longest.max(p.abs()));
    let mut lines = vec![title.to_owned()];
    for (label, profit) in profits {
        let bar = "█".repeat(bar_length(profit.abs(), longest));
        let (left, right) = if *profit < 0.0 { (bar.as_str(), "") } else { ("", bar.as_str()) };
        let mark = if worst == Some(*profit) { " <- worst" } else { "" };
        lines.push(format!("  {label} {left:>BAR_WIDTH$}|{right:<BAR_WIDTH$} {:>16}{mark}", amount(*profit)));
    }
    lines.join("\n")
}

fn bar_length(magnitude: f64, longest: f64) -> usize {
    // One bar position out of BAR_WIDTH per share of the longest; counting avoids a float to integer cast.
    (1..=BAR_WIDTH)
        .take_while(|step| magnitude * BAR_WIDTH as f64 >= (*step as f64 - 0.5) * longest && longest > 0.0)
        .count()
}

/// Six decimals, or more digits for what would vanish.
pub fn amount(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        format!("{value:.6e}")
    } else {
        format!("{value:.6}")
    }
}
