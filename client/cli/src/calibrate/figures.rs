//! The calibration as a page with its pictures.

use plimsoll_calibration::calibrate::Day;
use plimsoll_calibration::Calibration;

use super::tables::{self, duration, Grid};
use super::Report;
use crate::chart::{percent, Chart, AMBER, BLUE, GREEN, GREY, RED};
use crate::page;
use crate::series::date_text;

/// The page of a report.
pub fn page(report: &Report) -> String {
    let assets: Vec<&str> = report.calibrations.iter().map(|c| c.asset.as_str()).collect();
    let introduction = format!(
        "Margin parameters fitted by back-test: the scan range covers {} of the rises and of the falls over {}, by the \
         worst price inside; a book at its maintenance margin loses its equity before it is closed with a chance of at \
         most {}. Every rule that is judged is the program's own code.",
        percent(report.settings.coverage, 1),
        duration(report.settings.horizon),
        percent(report.settings.probability, 2),
    );
    let mut sections = Vec::new();
    if let Some(spreads) = tables::spreads(report) {
        sections.push(grid(&spreads));
    }
    for calibration in &report.calibrations {
        sections.extend(underlying(report, calibration));
    }
    page::page(&format!("Margin calibration: {}", assets.join(", ")), &introduction, &sections)
}

fn grid(grid: &Grid) -> String {
    page::section(&grid.title, "", &page::table(&grid.names(), &grid.rows))
}

fn underlying(report: &Report, calibration: &Calibration) -> Vec<String> {
    let asset = &calibration.asset;
    let mut sections = vec![
        page::section(
            &format!("{asset}: range and moves"),
            "Blue: the initial scan range, its highest of each day. Amber: the maintenance range, whose rise a day is \
             capped. Grey: the move of the day's window that came closest to its range; red dots: moves beyond it.",
            &ranges(asset, &calibration.days),
        ),
        page::section(
            &format!("{asset}: chance that equity is gone before a book is closed"),
            "Of the short option that fares worst, at the proposed maintenance margin, by delay (rows) and slippage in \
             half-spreads (columns). A delay shorter than a bar counts as a whole bar: an upper bound.",
            &closeout(report, calibration),
        ),
    ];
    sections.extend(tables::grids(report, calibration).iter().map(grid));
    let toml = calibration.proposal.toml(asset);
    sections.push(page::section(&format!("{asset}: parameter group to propose"), "", &page::preformatted(&toml)));
    sections
}

/// Range and moves over time.
fn ranges(asset: &str, days: &[Day]) -> String {
    let time = |day: &Day| day.time as f64;
    let (first, last) = (days.first().map_or(0.0, time), days.last().map_or(1.0, time));
    let moves = |day: &Day| day.tightest.map_or(0.0, |t| t.change.abs());
    let highest = days.iter().map(|day| day.initial.max(moves(day))).fold(0.0, f64::max);
    let mut chart = Chart::new((1_080, 360), first..last, 0.0..highest * 1.05);
    chart.y_axis("share of spot", |share| percent(share, 0));
    let years: Vec<(f64, String)> = days
        .iter()
        .map(|day| (time(day), date_text(day.time)))
        .filter(|(_, date)| date.ends_with("-01-01") || date.ends_with("-07-01"))
        .map(|(at, date)| (at, date.trim_end_matches("-01").to_owned()))
        .collect();
    chart.x_axis("", &years);
    let spikes: Vec<(f64, f64)> = days.iter().map(|day| (time(day), moves(day))).collect();
    chart.spikes(&spikes, GREY, "move");
    let line = |read: fn(&Day) -> f64| -> Vec<(f64, f64)> { days.iter().map(|day| (time(day), read(day))).collect() };
    chart.line(&line(|day| day.initial), BLUE, "initial range");
    chart.line(&line(|day| day.maintenance), AMBER, "maintenance range");
    let breaches: Vec<(f64, f64, String)> = days
        .iter()
        .filter_map(|day| Some((day, day.tightest.filter(|t| t.change.abs() > t.range)?)))
        .map(|(day, t)| {
            let title = format!("{}: {:+.1} % against {}", date_text(day.time), t.change * 100.0, percent(t.range, 1));
            (time(day), t.change.abs(), title)
        })
        .collect();
    chart.dots(&breaches, RED, "breach");
    chart.svg(&format!("Scan range of {asset} and the moves it must cover"))
}

/// The probability table as coloured cells.
fn closeout(report: &Report, calibration: &Calibration) -> String {
    let table = &calibration.closeout;
    let (columns, rows) = (table.slippage_multiples.len(), table.rows.len());
    let mut chart = Chart::new((1_080, 60 + 44 * rows as u32), 0.0..columns as f64, 0.0..rows as f64);
    let mut labels = Vec::new();
    for (row, delay) in table.rows.iter().enumerate() {
        let top = (rows - row) as f64;
        for (column, probability) in delay.probability.iter().enumerate() {
            let left = column as f64;
            let color = if *probability <= report.settings.probability { GREEN } else { shade(*probability) };
            let title = format!("{} after {}", percent(*probability, 3), duration(delay.tested));
            chart.cell(left..left + 0.98, top - 0.92..top, color, &title);
            chart.label((left + 0.49, top - 0.55), "#ffffff", &percent(*probability, 3));
        }
        labels.push((top - 0.5, duration(delay.tested)));
    }
    chart.y_labels("delay", &labels);
    let ticks: Vec<(f64, String)> = table
        .slippage_multiples
        .iter()
        .enumerate()
        .map(|(column, multiple)| (column as f64 + 0.49, format!("{multiple} x {}", percent(table.half_spread, 3))))
        .collect();
    chart.x_axis("", &ticks);
    chart.svg(&format!("Chance that equity of a {} book is gone before it is closed", calibration.asset))
}

/// From amber to red as the chance grows.
fn shade(probability: f64) -> &'static str {
    match probability {
        p if p <= 0.005 => AMBER,
        p if p <= 0.02 => "#d0702a",
        _ => RED,
    }
}
