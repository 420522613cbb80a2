//! The result as tables for the terminal, with a picture of the profit per scenario.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::decimal::to_f64;
use super::evaluate::{Detail, Evaluation, MarketResult, WorstOf};
use super::input::Mode;
use super::output::{components, vol_name};

/// Characters of the longest bar.
const BAR_WIDTH: usize = 36;

/// Everything, ready to print.
pub fn render(result: &Evaluation) -> String {
    let mut parts = vec![balances(result)];
    for market in &result.markets {
        parts.push(market_table(market));
        if let Detail::Portfolio(_, profits) = &market.detail {
            let profits: Vec<f64> = profits.iter().copied().map(to_f64).collect();
            parts.push(bars(result, market, &profits));
        }
    }
    parts.join("\n")
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

/// One bar per scenario: losses to the left of the line, profits to the right.
fn bars(result: &Evaluation, market: &MarketResult, profits: &[f64]) -> String {
    let longest = profits.iter().fold(0.0_f64, |longest, p| longest.max(p.abs()));
    let loss = to_f64(market.loss());
    let mut lines = vec![format!("{} profit per scenario", market.underlying)];
    for (scenario, profit) in result.scenarios.iter().zip(profits) {
        let bar = "█".repeat(bar_length(profit.abs(), longest));
        let (left, right) = if *profit < 0.0 { (bar.as_str(), "") } else { ("", bar.as_str()) };
        let worst = if *profit == loss && loss < 0.0 { " <- worst" } else { "" };
        lines.push(format!(
            "  x {:<6} {:<6} {left:>BAR_WIDTH$}|{right:<BAR_WIDTH$} {:>16}{worst}",
            to_f64(scenario.spot),
            vol_name(scenario.vol),
            amount(*profit),
        ));
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
fn amount(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        format!("{value:.6e}")
    } else {
        format!("{value:.6}")
    }
}
