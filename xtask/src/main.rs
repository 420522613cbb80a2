//! `cargo xtask`: see `cargo xtask --help`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::{identity, idl, lint, prerequisites, sbf, start, test};

/// Plimsoll's project commands. Tools are kept in ~/.cache/plimsoll (PLIMSOLL_CACHE).
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole life of a clearinghouse on an embedded chain: trades, a crash, a default, settlement.
    ///
    /// Builds the program, then plays the story with the real binary; builds `plimsoll` and `plimsoll-liquidator` on the
    /// way (target/host). `cargo xtask demo -- --help` says it all.
    #[command(after_help = DEMO_OPTIONS)]
    Demo(start::Arguments),
    /// Builds the programs and runs all tests. `--quick` leaves out what needs the local RPC server.
    Test(test::Options),
    /// A local chain with RPC and websocket, the program deployed and sample markets open.
    ///
    /// Runs until Ctrl-C and prints what to paste. `cargo xtask localnet -- --help` says it all.
    #[command(after_help = LOCALNET_OPTIONS)]
    Localnet(start::Arguments),
    /// Builds target/deploy/plimsoll.so (and the kernel bench program).
    ///
    /// Uses Anza platform-tools if `cargo build-sbf` works here. Otherwise it fetches a toolchain from crates.io and
    /// Debian into ~/.cache/plimsoll: about 5 minutes once, nothing on the system is changed.
    BuildSbf(sbf::Options),
    /// Writes idl/plimsoll.json from the program's source.
    Idl(idl::Options),
    /// Benchmarks of the rule book. Arguments go to criterion.
    Bench(start::Arguments),
    /// Compares the option math on the virtual machine, in the keeper's build and in the tests', bit for bit.
    Identity(identity::Options),
    /// Formatting, clippy, spelling, dependencies, documentation, no_std, IDL. All stages run; all failures are shown.
    Lint(lint::Options),
}

const DEMO_OPTIONS: &str = "\
Arguments:
  --prices FILE.csv  timestamp (unix seconds), open, high, low, close; BTC in March 2020 without
  --seed N           of what is random
  --traders N        besides the market maker and the keepers
  --json             the summary on stdout, and nothing else
  --out DIR          where summary.json and report.html go (target/demo)
  --picture FILE.svg one picture more
Exit codes: 0 played and solvent, 1 not, 2 bad arguments or a file that is no price file.";

const LOCALNET_OPTIONS: &str = "\
Arguments:
  --prices FILE.csv  timestamp (unix seconds), open, high, low, close; a random walk without
  --crash NAME       btc-march2020 or sol-november2022 instead
  --speed N          chain seconds per second
  --fund PUBKEY      a wallet that gets SOL and quote tokens
  --port, --ws-port, --faucet-port N   8899, 8900, 8901
  --folder FOLDER    for key pairs and configuration files
  --json             addresses, URLs and paths as JSON";

fn main() -> ExitCode {
    let command = Cli::parse().command;
    match prerequisites::ensure().and_then(|()| run(command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(arguments) => return start::demo(&arguments),
        Command::Localnet(arguments) => return start::localnet(&arguments),
        Command::Test(options) => test::test(&options),
        Command::BuildSbf(options) => sbf::build(&options),
        Command::Idl(options) => idl::idl(&options),
        Command::Bench(arguments) => start::bench(&arguments),
        Command::Identity(options) => identity::identity(&options),
        Command::Lint(options) => lint::lint(&options),
    }?;
    Ok(ExitCode::SUCCESS)
}
