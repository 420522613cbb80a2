//! `plimsoll calibrate`: fits margin parameters to price history and prints the parameter group to propose.

mod figures;
mod tables;
mod warnings;
mod words;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use plimsoll_calibration::chains::{read_half_spreads, typical_wide, HalfSpread};
use plimsoll_calibration::closeout::Delay;
use plimsoll_calibration::proposal::Proposal;
use plimsoll_calibration::{calibrate, Calibration, CalibrationError, History, Settings};
use serde_json::{json, Map, Value};

use crate::output::{one_line, print};
use crate::{page, Failure};

/// Work that takes longer says what it is doing.
const QUIET: Duration = Duration::from_secs(2);

/// Arguments of `plimsoll calibrate`.
#[derive(clap::Args)]
#[command(after_help = "\
Files are CSV with the columns timestamp (unix seconds), open, high, low, close. The name of a file up to its first _, - \
or . names its underlying; several files of one underlying are calibrated together, each with bars of one length.

A report comes for any prices. What does not reach its target is not proposed, nor is anything that the files are too \
short to show: a coverage of 99 % over a day takes 299 days that share no bar, a chance of 0.1 % takes 2995 such \
moments. The report says how far it comes, what was fitted, and tests the shipped parameters instead.

Exit codes: 0 every group is proposed, 2 bad input, 3 a report that proposes nothing for at least one group.

Examples:
  plimsoll calibrate --prices BTC_1h.csv BTC_1d.csv
  plimsoll calibrate --prices BTC_1h.csv ETH_1h.csv --chains options.csv --html report.html
  plimsoll calibrate --prices SOL_1h.csv --toml > sol.toml
  plimsoll --dry-run underlying create --preset sol --parameters sol.toml")]
pub struct Args {
    /// Price histories.
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    prices: Vec<PathBuf>,
    /// Option chains with the columns currency, bid, ask and delta: their half-spreads are the cost of closing.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    chains: Vec<PathBuf>,
    /// Write the report with its pictures to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print only the parameter group as TOML, as `underlying create --parameters` reads it; one underlying.
    #[arg(long)]
    toml: bool,
    /// Share of rises, and of falls, that margin must cover.
    #[arg(long, value_name = "SHARE", default_value_t = 0.99)]
    coverage: f64,
    /// Seconds over which it must.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    horizon: u32,
    /// Share of the history that the out-of-sample fit sees.
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    split: f64,
    /// Largest chance that equity is gone before a book at its maintenance margin is closed.
    #[arg(long, value_name = "SHARE", default_value_t = 0.001)]
    probability: f64,
    /// Seconds until a price that shows a breach is accepted.
    #[arg(long, value_name = "SECONDS", default_value_t = 150)]
    oracle_delay: u32,
    /// Seconds until a liquidation is in a block.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    inclusion_delay: u32,
    /// Seconds until an auction has found its bidder.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    auction_delay: u32,
}

/// What a run found.
struct Report {
    settings: Settings,
    spreads: Vec<HalfSpread>,
    calibrations: Vec<Calibration>,
}

/// Runs the command. Errors: `Input` naming the flag, or file, line and column; `NotProposed`, after the report is
/// printed, if nothing is proposed for a group.
pub fn run(args: &Args, json: bool) -> Result<(), Failure> {
    let settings = settings(args)?;
    let report = calibrate_all(args, settings).map_err(|error| Failure::Input(one_line(&error.to_string())))?;
    if args.toml && report.calibrations.len() != 1 {
        let assets: Vec<&str> = report.calibrations.iter().map(|c| c.asset.as_str()).collect();
        return Err(Failure::Input(format!("--toml: takes the files of one underlying, not of {}", assets.join(", "))));
    }
    if let Some(path) = &args.html {
        page::write("--html", path, &figures::page(&report))?;
    }
    let text = match report.calibrations.as_slice() {
        [one] if args.toml => toml(one).trim_end().to_owned(),
        _ => tables::render(&report),
    };
    print(json, &text, &value(&report));
    let missing: Vec<String> = report.calibrations.iter().filter_map(warnings::not_proposed).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::NotProposed(format!("{}; the warnings of the report say why", missing.join("; "))))
}

/// The parameter group with the warnings above it, which are said here too: the output is usually a file.
fn toml(calibration: &Calibration) -> String {
    let notes = warnings::lines(calibration).into_iter().map(|(name, text)| format!("warning: {name}: {text}"));
    let notes: Vec<String> = notes.collect();
    for note in &notes {
        eprintln!("{note}");
    }
    calibration.toml(&notes)
}

fn settings(args: &Args) -> Result<Settings, Failure> {
    let share = |flag: &str, value: f64, low: f64, high: f64| {
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        Err(Failure::Input(format!("--{flag} {value}: must be in {low}..={high}")))
    };
    if !(60..=2_592_000).contains(&args.horizon) {
        return Err(Failure::Input(format!("--horizon {}: must be in 60..=2592000 seconds", args.horizon)));
    }
    Ok(Settings {
        coverage: share("coverage", args.coverage, 0.5, 0.9999)?,
        horizon: i64::from(args.horizon),
        split: share("split", args.split, 0.1, 0.9)?,
        delay: Delay {
            oracle: i64::from(args.oracle_delay),
            inclusion: i64::from(args.inclusion_delay),
            auction: i64::from(args.auction_delay),
        },
        probability: share("probability", args.probability, 0.00001, 0.5)?,
        start: Proposal::shipped(),
    })
}

fn calibrate_all(args: &Args, settings: Settings) -> Result<Report, CalibrationError> {
    let (started, silent) = (Instant::now(), Cell::new(true));
    let progress = |stage: &str| {
        if !silent.get() || started.elapsed() >= QUIET {
            silent.set(false);
            eprintln!("{:>4} s  {stage}", started.elapsed().as_secs());
        }
    };
    let mut spreads = Vec::new();
    for path in &args.chains {
        spreads.extend(read_half_spreads(path)?);
    }
    let mut assets: Vec<(String, Vec<History>)> = Vec::new();
    for path in &args.prices {
        progress(&one_line(&format!("reading {}", path.display())));
        let mut history = History::read(path)?;
        if args.prices.iter().any(|other| other != path && other.file_name() == path.file_name()) {
            history.file = one_line(&path.display().to_string());
        }
        match assets.iter_mut().find(|(asset, _)| *asset == history.asset) {
            Some((_, histories)) => histories.push(history),
            None => assets.push((history.asset.clone(), vec![history])),
        }
    }
    let mut calibrations = Vec::with_capacity(assets.len());
    for (asset, histories) in &assets {
        let half_spread = typical_wide(&spreads, asset).unwrap_or(0.0);
        calibrations.push(calibrate(histories, half_spread, &settings, &progress)?);
    }
    Ok(Report { settings, spreads, calibrations })
}

fn value(report: &Report) -> Value {
    let settings = &report.settings;
    let underlying = |calibration: &Calibration| {
        let mut value = json!(calibration);
        let mut groups: Map<String, Value> = Map::new();
        let proposed = calibration.proposal.groups().into_iter().filter(|(name, _)| calibration.proposes(name));
        for (name, fields) in proposed {
            groups.insert(name.to_owned(), fields.into_iter().map(|(f, v)| (f.to_owned(), json!(v))).collect());
        }
        value["parameters"] = Value::Object(groups);
        value["toml"] = calibration.toml(&[]).into();
        value["not_proposed"] = json!(calibration.not_proposed());
        value["warnings"] = warnings::values(calibration);
        value
    };
    json!({
        "coverage": settings.coverage, "horizon": settings.horizon, "split": settings.split,
        "probability": settings.probability, "half_spreads": report.spreads,
        "underlyings": report.calibrations.iter().map(underlying).collect::<Vec<_>>(),
    })
}
