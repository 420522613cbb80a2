//! The book as a page: profit over spot and volatility, scenarios, greeks and rules.

use super::compare::Regime;
use super::decimal::to_f64;
use super::evaluate::{Detail, Evaluation, MarketResult};
use super::input::Document;
use super::output::{components, vol_name};
use super::surface::{spot_of, surfaces, Surface};
use super::table::{amount, regime_rows, REGIME_HEADER};
use crate::chart::{around_zero, number, Chart, AMBER, BLUE, GREEN, MUTED, RED};
use crate::page;

/// Volatility multipliers drawn as lines.
const LINES: [(f64, &str, &str); 3] = [(0.7, AMBER, "vol x 0.7"), (1.0, BLUE, "vol as it is"), (1.5, RED, "vol x 1.5")];

/// The page of a book. Errors: as an evaluation's.
pub fn page(document: &Document, result: &Evaluation, regimes: &[Regime]) -> Result<String, String> {
    let mut sections = vec![balances(result)];
    for (surface, market) in surfaces(document)?.iter().zip(&result.markets) {
        let spot = spot_of(document, &surface.underlying);
        let name = &surface.underlying;
        sections.push(page::section(
            &format!("{name}: profit and loss over spot and volatility"),
            "Green gains, red losses, quote tokens, at once and before any margin rule; collateral that is set off \
             against the options is inside.",
            &map(surface, spot),
        ));
        sections.push(page::section(
            &format!("{name}: profit and loss over spot"),
            "The same for three levels of volatility.",
            &lines(surface, spot),
        ));
        if let Detail::Portfolio(_, profits) = &market.detail {
            let profits: Vec<f64> = profits.iter().copied().map(to_f64).collect();
            let caption = "What each scenario of the margin rule makes of the book, dampened as the rule says.";
            let title = format!("{name}: profit and loss per scenario");
            sections.push(page::section(&title, caption, &scenarios(result, name, &profits)));
        }
        sections.push(market_section(market));
    }
    if !regimes.is_empty() {
        let table = page::table(&REGIME_HEADER, &regime_rows(regimes));
        let notes = regimes.iter().flat_map(|regime| {
            let assumed = regime.assumed.iter().map(|what| format!("{}: assumed {what}", regime.regime));
            std::iter::once(format!("{}: {}", regime.regime, regime.rule)).chain(assumed)
        });
        let notes: Vec<String> = notes.collect();
        let content = table + &page::preformatted(&notes.join("\n"));
        sections.push(page::section("The same book under every rule", "Quote tokens.", &content));
    }
    Ok(page::page("Margin of a book", "Computed by the clearinghouse's own rules in fixed point.", &sections))
}

fn balances(result: &Evaluation) -> String {
    let row = |name: &str, value: f64| vec![name.to_owned(), amount(value)];
    let mut rows = vec![
        row("cash", to_f64(result.cash)),
        row("equity", to_f64(result.equity)),
        row("initial balance (>= 0 is fine)", to_f64(result.initial)),
        row("maintenance balance (< 0 is liquidatable)", to_f64(result.maintenance)),
    ];
    if let Some(offset) = result.offset {
        rows.push(row("offset, initial (inside the balance)", to_f64(offset.initial)));
        rows.push(row("offset, maintenance (inside the balance)", to_f64(offset.maintenance)));
    }
    page::section("Balances", "", &page::table(&["", "quote tokens"], &rows))
}

fn market_section(market: &MarketResult) -> String {
    let mut rows: Vec<Vec<String>> =
        components(market).into_iter().map(|(name, value)| vec![name.replace('_', " "), amount(value)]).collect();
    let greeks = &market.greeks;
    for (name, value) in [
        ("delta (per 1 of forward)", greeks.delta),
        ("gamma", greeks.gamma),
        ("vega (per 1.00 of vol)", greeks.vega),
        ("theta (per year)", greeks.theta),
    ] {
        rows.push(vec![name.to_owned(), amount(to_f64(value))]);
    }
    page::section(&format!("{}: components and greeks", market.underlying), "", &page::table(&["", "value"], &rows))
}

/// A coloured cell per spot and volatility.
fn map(surface: &Surface, spot: f64) -> String {
    let step = |values: &[f64]| values.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    let (width, height) = (step(&surface.spots), step(&surface.vols));
    let edges = |values: &[f64], step: f64| {
        let (first, last) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(1.0));
        first - step / 2.0..last + step / 2.0
    };
    let mut chart = Chart::new((1_080, 380), edges(&surface.spots, width), edges(&surface.vols, height));
    let largest = surface.profits.iter().flatten().fold(0.0_f64, |largest, profit| largest.max(profit.abs()));
    for (vol, row) in surface.vols.iter().zip(&surface.profits) {
        for (multiplier, profit) in surface.spots.iter().zip(row) {
            let title = format!("spot {}, vol x {vol:.1}: {}", number(spot * multiplier), number(*profit));
            let x = multiplier - width / 2.0..multiplier + width / 2.0;
            let y = vol - height / 2.0..vol + height / 2.0;
            chart.cell(x, y, &shade(*profit, largest), &title);
        }
    }
    chart.y_labels("volatility", &[0.5, 1.0, 1.5, 2.0].map(|vol| (vol, format!("x {vol}"))));
    chart.x_axis("spot", &spot_ticks(surface, spot));
    chart.svg(&format!("Profit and loss of {} options over spot and volatility", surface.underlying))
}

/// From white to green for gains, to red for losses; the square root keeps small amounts visible.
fn shade(profit: f64, largest: f64) -> String {
    let strength = if largest > 0.0 { (profit.abs() / largest).sqrt().min(1.0) } else { 0.0 };
    let (red, green, blue) = if profit < 0.0 { (198.0, 71.0, 52.0) } else { (42.0, 127.0, 98.0) };
    let mixed = |full: f64| 255.0 + (full - 255.0) * strength;
    format!("rgb({:.0},{:.0},{:.0})", mixed(red), mixed(green), mixed(blue))
}

fn spot_ticks(surface: &Surface, spot: f64) -> Vec<(f64, String)> {
    let whole =
        surface.spots.iter().filter(|multiplier| ((*multiplier * 5.0).round() - *multiplier * 5.0).abs() < 1e-9);
    whole.map(|multiplier| (*multiplier, number(spot * multiplier))).collect()
}

fn lines(surface: &Surface, spot: f64) -> String {
    let drawn = LINES.map(|(vol, color, label)| (surface.at_vol(vol), color, label));
    let profits = drawn.iter().flat_map(|(points, _, _)| points.iter().map(|point| point.1));
    let range = around_zero(profits);
    let ends = surface.spots.first().copied().unwrap_or(0.0)..surface.spots.last().copied().unwrap_or(1.0);
    let mut chart = Chart::new((1_080, 340), ends, range);
    chart.y_axis("quote tokens", number);
    chart.x_axis("spot", &spot_ticks(surface, spot));
    chart.level(0.0, MUTED);
    for (points, color, label) in &drawn {
        chart.line(points, color, label);
    }
    chart.svg(&format!("Profit and loss of {} options over spot", surface.underlying))
}

fn scenarios(result: &Evaluation, underlying: &str, profits: &[f64]) -> String {
    let count = profits.len() as f64;
    let mut chart = Chart::new((1_080, 300), 0.0..count, around_zero(profits.iter().copied()));
    chart.y_axis("quote tokens", number);
    let mut ticks = Vec::new();
    for (index, (scenario, profit)) in result.scenarios.iter().zip(profits).enumerate() {
        let (left, spot) = (index as f64, to_f64(scenario.spot));
        let title = format!("spot x {spot}, vol {}: {}", vol_name(scenario.vol), number(*profit));
        let color = if *profit < 0.0 { RED } else { GREEN };
        chart.cell(left + 0.1..left + 0.9, profit.min(0.0)..profit.max(0.0), color, &title);
        if index % 3 == 0 {
            ticks.push((left + 0.5, format!("x {spot}")));
        }
    }
    chart.x_axis("scenario (spot)", &ticks);
    chart.level(0.0, MUTED);
    chart.svg(&format!("Profit and loss of {underlying} options per scenario"))
}
