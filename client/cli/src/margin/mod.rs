//! `plimsoll margin`: the offline evaluator. Reads one JSON document ([`input::Document`]), runs the rule book in wide
//! fixed point, prints JSON or a table.

mod book;
mod decimal;
mod evaluate;
mod field;
mod input;
mod output;
mod parameters;
mod table;

use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use crate::Failure;

/// Arguments of `plimsoll margin`.
#[derive(clap::Args)]
pub struct Args {
    /// The portfolio as JSON: a file, or - for standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "schema")]
    input: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
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

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let text = if args.schema {
        serde_json::to_string_pretty(&schemars::schema_for!(input::Document)).context("cannot write the schema")?
    } else {
        let document = input::parse(&read(args.input.as_deref())?).map_err(Failure::Input)?;
        let result = evaluate::evaluate(&document).map_err(Failure::Input)?;
        match args.format {
            Format::Json => serde_json::to_string(&output::Report::new(&result)).context("cannot write the result")?,
            Format::Table => table::render(&result),
        }
    };
    // A reader that has seen enough closes the pipe: not an error.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

fn read(path: Option<&std::path::Path>) -> Result<String, Failure> {
    let path = path.unwrap_or(std::path::Path::new("-"));
    let mut text = String::new();
    let outcome = if path == std::path::Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|content| text = content)
    };
    outcome.map_err(|error| Failure::Input(format!("--input {}: {error}", path.display())))?;
    Ok(text)
}
