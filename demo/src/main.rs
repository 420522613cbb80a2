//! `plimsoll-demo`: plays a crash through the clearinghouse, prints who ended with what, writes summary and report.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_demo::market::Market;
use plimsoll_demo::play::Progress;
use plimsoll_demo::{report, run, table};
use plimsoll_prices::PriceError;

/// Exit code for input that cannot be used.
const BAD_INPUT: u8 = 2;

/// Plays a crash through the clearinghouse: the real program on an embedded chain, eight traders, a market maker and
/// two keepers, from the first listing to the last withdrawal.
#[derive(Parser)]
#[command(name = "plimsoll-demo", after_help = AFTER_HELP)]
struct Cli {
    /// CSV file with the columns timestamp (unix seconds), open, high, low, close; its name starts with the coin's
    /// (BTC_2020-03.csv). Without: BTC in March 2020, built in
    #[arg(long, value_name = "FILE.csv")]
    prices: Option<PathBuf>,
    /// Seed of what is random; the same seed and prices give the same run
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many traders, besides the market maker and the keepers
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=200))]
    traders: u16,
    /// Print the summary as JSON on stdout, and nothing else
    #[arg(long)]
    json: bool,
    /// Where summary.json and report.html go
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    out: PathBuf,
    /// Also write one picture: price, the account that defaults, the insurance fund
    #[arg(long, value_name = "FILE.svg")]
    picture: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
summary.json holds, with amounts as decimal numbers of quote tokens:
  prices, prices_cut, seed, duration_seconds   what was played
  transactions, refused, trades, bids, margin_calls, liquidations (auctions started)
  fees, bad_debt, insurance_paid, insurance_funded, insurance, surplus, deficit
  assets, claims (before the recorded deficit), solvent (assets >= claims)
  accounts[]  name, role, mode, deposited, withdrawn, collateral_in, collateral_out, left, pnl, trades, fees,
              margin_calls, liquidations, bad_debt

Exit codes: 0 played and solvent, 1 not, 2 bad arguments or a file that is no price file.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match play(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match error.downcast_ref::<PriceError>() {
            // It names its cause itself.
            Some(bad) => {
                eprintln!("plimsoll-demo: {bad}");
                ExitCode::from(BAD_INPUT)
            }
            None => {
                eprintln!("plimsoll-demo: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Plays and writes; whether the clearinghouse ended solvent.
fn play(cli: &Cli) -> Result<bool> {
    let market = Market::load(cli.prices.as_deref())?;
    if let Some(cut) = market.cut.as_ref() {
        eprintln!("{cut}");
    }
    let bar = Bar::new();
    let run = run(&market, usize::from(cli.traders), cli.seed, &bar)?;
    bar.finish();
    let json = serde_json::to_string_pretty(&run.summary).context("the summary as JSON")?;
    write(&cli.out.join("summary.json"), &format!("{json}\n"))?;
    write(&cli.out.join("report.html"), &report::html(&market, &run)?)?;
    if let Some(picture) = &cli.picture {
        write(picture, &report::picture(&market, &run)?)?;
    }
    if cli.json {
        println!("{json}");
    } else {
        println!("{}", table::table(&run.summary));
        println!("report: {}", cli.out.join("report.html").display());
    }
    Ok(run.summary.solvent)
}

fn write(file: &Path, text: &str) -> Result<()> {
    let shown = file.display();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {shown}"))
}

/// Progress on stderr: a bar on a terminal, else a line per tenth.
struct Bar {
    bar: Option<ProgressBar>,
    said: RefCell<(String, u64)>,
}

impl Bar {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:12} {wide_bar:.blue} {pos:>6}/{len} {elapsed}");
            ProgressBar::new(1).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, said: RefCell::default() }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn at(&self, phase: &str, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_message(phase.to_owned());
            bar.set_position(done);
            return;
        }
        let tenth = done * 10 / total.max(1);
        let mut said = self.said.borrow_mut();
        if said.0 != phase || said.1 != tenth {
            *said = (phase.to_owned(), tenth);
            eprintln!("{phase}: {} %", tenth * 10);
        }
    }
}
