//! `plimsoll margin`: the evaluator. Reads one JSON document ([`input::Document`]) and runs the rule book on it in wide
//! fixed point, or explains a live account line by line ([`live`]). Prints JSON or tables; draws a page.

mod book;
mod bounds;
mod compare;
mod decimal;
mod evaluate;
mod explain;
mod field;
mod figures;
mod input;
mod live;
mod output;
mod parameters;
mod reference;
mod scenarios;
mod surface;
mod table;
mod what_if;
mod worst;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::config::Global;
use crate::output::one_line;
use crate::session::Session;
use crate::{page, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll margin --input book.json
  plimsoll margin --input book.json --what-if \"+2 BTC-30JAN26-100000-C\" --what-if \"-1 BTC-30JAN26-90000-P at 850\"
  plimsoll margin --input book.json --what-if \"+5 BTC-30JAN26-120000-C vol 0.6 oi 400\"
  plimsoll margin --input book.json --compare --html book.html
  plimsoll margin --account <ADDRESS> --url http://127.0.0.1:8899
  plimsoll margin --account <ADDRESS> --what-if \"-3 SOL-30JAN26-150-C\"
  plimsoll margin --schema

A trade of --what-if is QUANTITY SERIES [at PRICE] [vol VOL] [oi CONTRACTS], + bought, - sold, without fees; without a \
price it is at the mark. The expiry of a series is its id in the book, or its date where the id is in unix seconds. oi is \
the open interest of the series after the trade, for concentration; without it the series keeps that of the book, and one \
that is new to the book has what the trades leave of it.

Legs of one series in the book count as one leg of their summed quantity. Every number stands within the minimum and \
maximum that --schema gives; a refusal names the field, the value and the bound.";

/// Arguments of `plimsoll margin`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The portfolio as JSON: a file, or - for standard input.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["schema", "account"])]
    input: Option<PathBuf>,
    /// Explain this margin account on chain instead, line by line.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["input", "compare", "html"])]
    account: Option<String>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Show what a trade would change, as "+2 BTC-30JAN26-100000-C"; may be given several times.
    #[arg(long, value_name = "TRADE", allow_hyphen_values = true)]
    what_if: Vec<String>,
    /// Show the book, after --what-if, under isolated, cross and portfolio margin, fully collateralised, and at 150 %.
    #[arg(long)]
    compare: bool,
    /// Write a page with charts of profit over spot and volatility to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the JSON Schema of the input and stop.
    #[arg(long)]
    schema: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object.
    Json,
    /// Tables and a picture of the loss per scenario.
    Table,
}

/// An evaluated document with what was asked for beyond it.
struct Evaluated {
    document: input::Document,
    result: evaluate::Evaluation,
    what_if: Option<WhatIf>,
    compare: Option<Vec<compare::Regime>>,
}

/// The book after trades.
struct WhatIf {
    trades: Vec<what_if::Applied>,
    document: input::Document,
    result: evaluate::Evaluation,
}

impl Evaluated {
    /// The book that pictures and comparisons show: after the trades, if there are any.
    fn shown(&self) -> (&input::Document, &evaluate::Evaluation) {
        self.what_if.as_ref().map_or((&self.document, &self.result), |after| (&after.document, &after.result))
    }
}

/// Runs the command. Errors: `Input` naming field, flag or file; those of the connection for a live account.
pub fn run(global: &Global, args: &Args) -> Result<(), Failure> {
    if args.schema {
        let mut schema = schemars::schema_for!(input::Document);
        bounds::describe(&mut schema);
        print(&serde_json::to_string_pretty(&schema).context("cannot write the schema")?);
        return Ok(());
    }
    let json = args.format == Format::Json || global.json();
    if let Some(account) = &args.account {
        return live::run(&Session::new(global)?, account, &args.what_if, json);
    }
    let evaluated = evaluate_all(args).map_err(|why| Failure::Input(one_line(&why)))?;
    if let Some(path) = &args.html {
        let (document, result) = evaluated.shown();
        let regimes = evaluated.compare.as_deref().unwrap_or(&[]);
        let text = figures::page(document, result, regimes).map_err(Failure::Input)?;
        page::write("--html", path, &text)?;
    }
    print(&if json {
        serde_json::to_string(&output::Report::new(&evaluated)).context("cannot write the result")?
    } else {
        table::render(&evaluated).map_err(Failure::Input)?
    });
    Ok(())
}

fn evaluate_all(args: &Args) -> Result<Evaluated, String> {
    let document = input::parse(&read(args.input.as_deref())?)?;
    let result = evaluate::evaluate(&document)?;
    let mut evaluated = Evaluated { document, result, what_if: None, compare: None };
    if !args.what_if.is_empty() {
        let (document, trades) = what_if::apply(&evaluated.document, &args.what_if)?;
        let result = evaluate::evaluate(&document)?;
        evaluated.what_if = Some(WhatIf { trades, document, result });
    }
    if args.compare {
        evaluated.compare = Some(compare::compare(evaluated.shown().0));
    }
    Ok(evaluated)
}

fn print(text: &str) {
    // A reader that has seen enough closes the pipe: not an error.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn read(path: Option<&Path>) -> Result<String, String> {
    let path = path.unwrap_or(Path::new("-"));
    let mut text = String::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|content| text = content)
    };
    outcome.map_err(|error| format!("--input {}: {error}", path.display()))?;
    Ok(text)
}
