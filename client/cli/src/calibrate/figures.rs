//! The calibration as a page with its pictures.

use plimsoll_calibration::picture::Bucket;
use plimsoll_calibration::Calibration;

use super::tables::{self, Grid};
use super::words::{duration, tested};
use super::{warnings, Report};
use crate::chart::{percent, Chart, AMBER, BLUE, GREEN, GREY, RED};
use crate::page;
use crate::series::{date_text, moment};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Most labels of the time axis.
const LABELS: usize = 12;

/// The page of a report.
pub fn page(report: &Report) -> String {
    let assets: Vec<&str> = report.calibrations.iter().map(|c| c.asset.as_str()).collect();
    let introduction = format!(
        "Margin parameters fitted by back-test. Proposed is what reaches its target: the scan range covers {} of the \
         rises and of the falls over {}, by the worst price inside; a book at its maintenance margin loses its equity \
         before it is closed with a chance of at most {}. Every rule that is judged is the program's own code.",
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
    let known = warnings::lines(calibration);
    let mut sections = Vec::new();
    if !known.is_empty() {
        let caption = warnings::not_proposed(calibration).unwrap_or_default();
        sections.push(page::section(&format!("{asset}: warnings"), &caption, &page::list(&known)));
    }
    let range = format!(
        "At the {} parameters. Blue: the initial scan range, its highest of each day, of each hour in a short history. \
         Amber: the maintenance range, whose rise a day is capped. Grey: the move of the window that came closest to \
         its range; red dots: moves beyond it.",
        tested(calibration, "scan")
    );
    sections.push(page::section(&format!("{asset}: range and moves"), &range, &ranges(asset, &calibration.buckets)));
    let chance = format!(
        "Of the short option that fares worst, at the {} maintenance margin, by delay (rows) and slippage in \
         half-spreads (columns). A delay shorter than a bar counts as a whole bar: an upper bound.",
        tested(calibration, "cross")
    );
    let title = format!("{asset}: chance that equity is gone before a book is closed");
    sections.push(page::section(&title, &chance, &closeout(report, calibration)));
    sections.extend(tables::grids(report, calibration).iter().map(grid));
    let title = format!("{asset}: {}", tables::toml_title(calibration));
    sections.push(page::section(&title, "", &page::preformatted(&calibration.toml(&[]))));
    sections
}

/// Range and moves over time.
fn ranges(asset: &str, buckets: &[Bucket]) -> String {
    let time = |bucket: &Bucket| bucket.time as f64;
    let (first, last) = (buckets.first().map_or(0.0, time), buckets.last().map_or(1.0, time));
    let moves = |bucket: &Bucket| bucket.tightest.change.abs();
    let highest = buckets.iter().map(|bucket| bucket.initial.max(moves(bucket))).fold(0.0, f64::max);
    let mut chart = Chart::new((1_080, 360), first..last, 0.0..highest * 1.05);
    chart.y_axis("share of spot", |share| percent(share, 0));
    chart.x_axis("", &dates(buckets));
    let spikes: Vec<(f64, f64)> = buckets.iter().map(|bucket| (time(bucket), moves(bucket))).collect();
    chart.spikes(&spikes, GREY, "move");
    let line = |read: fn(&Bucket) -> f64| -> Vec<(f64, f64)> { buckets.iter().map(|b| (time(b), read(b))).collect() };
    chart.line(&line(|bucket| bucket.initial), BLUE, "initial range");
    chart.line(&line(|bucket| bucket.maintenance), AMBER, "maintenance range");
    let breaches: Vec<(f64, f64, String)> = buckets
        .iter()
        .filter(|bucket| moves(bucket) > bucket.tightest.range)
        .map(|bucket| {
            let when = if bucket.time % DAY == 0 { date_text(bucket.time) } else { moment(bucket.time) };
            let (change, range) = (bucket.tightest.change * 100.0, percent(bucket.tightest.range, 1));
            (time(bucket), moves(bucket), format!("{when}: {change:+.1} % against {range}"))
        })
        .collect();
    chart.dots(&breaches, RED, "breach");
    chart.svg(&format!("Scan range of {asset} and the moves it must cover"))
}

/// Labels of the time axis: half years, months or days, the first of which there are at least three.
fn dates(buckets: &[Bucket]) -> Vec<(f64, String)> {
    let days: Vec<(f64, String)> =
        buckets.iter().filter(|b| b.time % DAY == 0).map(|b| (b.time as f64, date_text(b.time))).collect();
    let ending = |endings: &[&str]| -> Vec<(f64, String)> {
        let begins = days.iter().filter(|(_, date)| endings.iter().any(|ending| date.ends_with(ending)));
        begins.map(|(at, date)| (*at, date.trim_end_matches("-01").to_owned())).collect()
    };
    let of_length = [ending(&["-01-01", "-07-01"]), ending(&["-01"])].into_iter().find(|dates| dates.len() >= 3);
    let dates = of_length.unwrap_or(days);
    let every = dates.len().div_ceil(LABELS).max(1);
    dates.into_iter().step_by(every).collect()
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
            let (color, chance) = match *probability {
                _ if delay.moments == 0 => (GREY, "not tested".to_owned()),
                chance if chance <= report.settings.probability => (GREEN, percent(chance, 3)),
                chance => (shade(chance), percent(chance, 3)),
            };
            let title = format!("{chance} after {}", duration(delay.tested));
            chart.cell(left..left + 0.98, top - 0.92..top, color, &title);
            chart.label((left + 0.49, top - 0.55), "#ffffff", &chance);
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
