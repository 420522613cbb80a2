//! The calibration as tables, for the terminal and for the page alike.

use plimsoll_calibration::coverage::Coverage;
use plimsoll_calibration::procyclicality::{Procyclicality, Rise};
use plimsoll_calibration::verdict::COLLATERAL;
use plimsoll_calibration::Calibration;

use super::words::{breach, duration, signed, tested};
use super::{warnings, Report};
use crate::chart::percent;
use crate::output::{dash, one_line, table};
use crate::series::date_text;

/// A table: header and rows.
pub struct Grid {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    fn new(title: impl Into<String>, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self { title: title.into(), header: header.iter().map(|name| (*name).to_owned()).collect(), rows }
    }

    /// The header's names.
    pub fn names(&self) -> Vec<&str> {
        self.header.iter().map(String::as_str).collect()
    }

    fn text(&self) -> String {
        format!("\n{}\n{}", self.title, table(&self.names(), self.rows.clone()))
    }
}

/// Everything as text: the tables of every underlying, then its parameter group.
pub fn render(report: &Report) -> String {
    let mut parts = Vec::new();
    if let Some(grid) = spreads(report) {
        parts.push(grid.text());
    }
    for calibration in &report.calibrations {
        parts.push(format!("\n== {} ==", calibration.asset));
        parts.extend(warnings::not_proposed(calibration).map(|line| format!("\n{line}")));
        let warnings = warnings::lines(calibration);
        if !warnings.is_empty() {
            let lines = warnings.iter().map(|(name, text)| format!("\n- {name}: {text}"));
            parts.push(format!("\nwarnings{}", lines.collect::<String>()));
        }
        parts.extend(grids(report, calibration).iter().map(Grid::text));
        parts.push(format!("\n{}\n\n{}", toml_title(calibration), calibration.toml(&[])));
    }
    parts.join("\n").trim().to_owned()
}

/// What stands above the TOML.
pub fn toml_title(calibration: &Calibration) -> &'static str {
    match (calibration.not_proposed().is_empty(), calibration.proposed.is_empty()) {
        (true, _) => "parameter group to propose",
        (false, false) => "parameter group to propose, in part",
        (false, true) => "no parameter group is proposed",
    }
}

/// The half-spreads of the chains; `None` without any.
pub fn spreads(report: &Report) -> Option<Grid> {
    let row = |spread: &plimsoll_calibration::chains::HalfSpread| {
        vec![
            one_line(&spread.file),
            one_line(&spread.currency),
            format!("{} - {}", spread.delta_from, spread.delta_to),
            spread.quotes.to_string(),
            percent(spread.median, 3),
            percent(spread.ninth_decile, 3),
        ]
    };
    let header = ["chain", "underlying", "|delta|", "quotes", "median half-spread", "nine in ten below"];
    let rows: Vec<Vec<String>> = report.spreads.iter().map(row).collect();
    (!rows.is_empty()).then(|| Grid::new("half-spreads, share of spot", &header, rows))
}

/// The tables of one underlying.
pub fn grids(report: &Report, calibration: &Calibration) -> Vec<Grid> {
    let mut grids = vec![
        files(calibration),
        coverage(report, calibration),
        procyclicality(calibration),
        horizons(calibration),
        initial(report, calibration),
        closeout(report, calibration),
        haircut(calibration),
        changes(calibration),
    ];
    if !calibration.withheld.is_empty() {
        grids.push(withheld(report, calibration));
    }
    grids
}

fn files(calibration: &Calibration) -> Grid {
    let row = |file: &plimsoll_calibration::calibrate::FileSummary| {
        let use_of = if file.fitted { "fitted and tested" } else { "tested only: too short to fit" };
        vec![
            file.file.clone(),
            date_text(file.from),
            date_text(file.to),
            file.bars.to_string(),
            duration(file.bar_seconds),
            file.windows.to_string(),
            file.independent.to_string(),
            percent(file.most_shown, 2),
            use_of.to_owned(),
        ]
    };
    let rows = calibration.files.iter().map(row).collect();
    let header = ["file", "from", "to", "bars", "bar", "windows", "independent", "can show at most", "use"];
    Grid::new("histories; coverage that so many independent windows can show with 95 % confidence", &header, rows)
}

fn coverage(report: &Report, calibration: &Calibration) -> Grid {
    let mut rows: Vec<Vec<String>> = Vec::new();
    if calibration.proposes("scan") {
        rows.extend(calibration.coverage.iter().map(|file| coverage_row(&file.file, "proposed", &file.coverage)));
    }
    rows.extend(calibration.start.coverage.iter().map(|(file, coverage)| coverage_row(file, "shipped", coverage)));
    let range = |deviations, floor| format!("k {deviations:.1}, floor {}", percent(floor, 1));
    if let Some(closest) = &calibration.closest {
        let name = format!("{}: comes closest", range(closest.deviations, closest.range_floor));
        rows.extend(closest.coverage.iter().map(|(file, coverage)| coverage_row(file, &name, coverage)));
    }
    if let Some(split) = &calibration.out_of_sample {
        let how = if split.reached { "fit" } else { "comes closest" };
        let fitted = format!("{}: {how}", range(split.deviations, split.range_floor));
        rows.push(coverage_row(&format!("until {}", date_text(split.split_at)), &fitted, &split.fit));
        rows.push(coverage_row(&format!("from {}", date_text(split.split_at)), "the same, unseen", &split.test));
    }
    let title = format!(
        "coverage of the scan range over {} by worst price, target {} of rises and of falls",
        duration(report.settings.horizon),
        percent(report.settings.coverage, 1)
    );
    let header = [
        "history",
        "parameters",
        "windows",
        "rises",
        "falls",
        "both",
        "close to close",
        "breach days",
        "worst breach",
        "mean range",
    ];
    Grid::new(title, &header, rows)
}

fn coverage_row(name: &str, parameters: &str, coverage: &Coverage) -> Vec<String> {
    vec![
        name.to_owned(),
        parameters.to_owned(),
        coverage.windows.to_string(),
        percent(coverage.up, 2),
        percent(coverage.down, 2),
        percent(coverage.both, 2),
        percent(coverage.close_to_close, 2),
        coverage.breach_days.to_string(),
        breach(coverage.worst),
        percent(coverage.mean_range, 1),
    ]
}

fn procyclicality(calibration: &Calibration) -> Grid {
    let mut rows = Vec::new();
    for file in &calibration.coverage {
        rows.push(swings_row(&file.file, "initial", &file.initial_range));
        rows.push(swings_row(&file.file, "maintenance", &file.maintenance_range));
    }
    let header = ["history", "range", "trough", "peak", "peak / trough", "largest 1-day rise", "largest 5-day rise"];
    Grid::new(format!("procyclicality of the {} range", tested(calibration, "scan")), &header, rows)
}

fn swings_row(file: &str, range: &str, swings: &Procyclicality) -> Vec<String> {
    let rise = |rise: Option<Rise>| {
        rise.map_or_else(|| "none".to_owned(), |rise| format!("{} on {}", signed(rise.by), date_text(rise.time)))
    };
    vec![
        file.to_owned(),
        range.to_owned(),
        percent(swings.trough, 1),
        percent(swings.peak, 1),
        format!("{:.2}", swings.peak_to_trough),
        rise(swings.rise_1_day),
        rise(swings.rise_5_days),
    ]
}

fn horizons(calibration: &Calibration) -> Grid {
    let row = |fit: &plimsoll_calibration::coverage::HorizonFit| {
        let deviations = fit.deviations.map_or_else(|| "beyond 20".to_owned(), |k| format!("{k:.1}"));
        vec![duration(fit.seconds), deviations]
    };
    let rows = calibration.horizons.iter().map(row).collect();
    Grid::new("multiplier k by horizon, no floor and no cap, whole finest history", &["horizon h", "k"], rows)
}

fn initial(report: &Report, calibration: &Calibration) -> Grid {
    let row = |option: &plimsoll_calibration::initial::OptionCoverage| {
        let worst = option.worst.map_or_else(
            || "none".to_owned(),
            |w| format!("{} against {} on {}", percent(w.loss, 1), percent(w.requirement, 1), date_text(w.time)),
        );
        vec![option.option.clone(), option.windows.to_string(), percent(option.covered, 2), worst]
    };
    let mut rows: Vec<Vec<String>> = calibration.initial.iter().map(row).collect();
    let mut shipped = row(&calibration.start.initial);
    shipped[0] = format!("shipped, worst: {}", shipped[0]);
    rows.push(shipped);
    let title = format!(
        "initial margin of short options over {} at the {} percentages, losses in percent of spot",
        duration(report.settings.horizon),
        tested(calibration, "cross")
    );
    Grid::new(title, &["book", "windows", "covered", "worst"], rows)
}

/// P(E < 0) over delay and slippage.
fn closeout(report: &Report, calibration: &Calibration) -> Grid {
    let closeout = &calibration.closeout;
    let row = |row: &plimsoll_calibration::closeout::CloseoutRow| {
        let mut cells = vec![format!("{} (tested {})", duration(row.delay), duration(row.tested))];
        let tested = |chance: f64| if row.moments == 0 { dash(None) } else { percent(chance, 3) };
        cells.extend(row.probability.iter().map(|chance| tested(*chance)));
        cells.push(tested(row.wildest));
        cells.push(if row.moments == 0 { "not tested".to_owned() } else { row.worst_option.clone() });
        cells
    };
    let mut rows: Vec<Vec<String>> = closeout.rows.iter().map(row).collect();
    let mut shipped = row(&calibration.start.closeout);
    shipped[0] = format!("shipped, {}", shipped[0]);
    rows.push(shipped);
    let delay = &closeout.delay;
    let title = format!(
        "P(E < 0 before the book is closed) at the {} percentages, target {}; delay = oracle {} + inclusion {} + \
         auction {}; slippage in half-spreads of {} of spot",
        tested(calibration, "cross"),
        percent(report.settings.probability, 2),
        duration(delay.oracle),
        duration(delay.inclusion),
        duration(delay.auction),
        percent(closeout.half_spread, 3)
    );
    let multiples = closeout.slippage_multiples.iter().map(|multiple| format!("{multiple} x"));
    let header = std::iter::once("delay".to_owned()).chain(multiples);
    let header = header.chain(["1 x, wildest tenth".to_owned(), "worst book".to_owned()]).collect();
    Grid { title, header, rows }
}

fn haircut(calibration: &Calibration) -> Grid {
    let fit = &calibration.haircut;
    let row = vec![
        percent(fit.haircut, 0),
        fit.cross_factor.to_string(),
        percent(fit.covered, 2),
        breach(fit.worst),
        percent(fit.mean_cut, 1),
    ];
    let header = ["haircut at scale 1", "cross_factor (ppm)", "covered", "worst breach", "mean cut"];
    let proposed = if calibration.proposes(COLLATERAL) { "" } else { ", not proposed" };
    Grid::new(format!("haircut of collateral in this coin{proposed}"), &header, vec![row])
}

/// Fields that the proposal changes.
pub fn changes(calibration: &Calibration) -> Grid {
    let row = |change: &plimsoll_calibration::proposal::Change| {
        vec![format!("[{}] {}", change.group, change.field), change.now.to_string(), change.proposed.to_string()]
    };
    let rows = calibration.changes.iter().map(row).collect();
    Grid::new("changes against the shipped parameters", &["field", "shipped", "proposed"], rows)
}

/// Fields for which nothing is proposed.
fn withheld(report: &Report, calibration: &Calibration) -> Grid {
    let row = |withheld: &plimsoll_calibration::verdict::Withheld| {
        vec![
            format!("[{}] {}", withheld.group, withheld.field),
            dash(withheld.now.map(|now| now.to_string())),
            withheld.fitted.to_string(),
            warnings::reason(report, calibration, withheld.reason),
        ]
    };
    let rows = calibration.withheld.iter().map(row).collect();
    Grid::new("not proposed", &["field", "shipped", "as fitted", "why not"], rows)
}
