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
    /// Builds the program, then runs the demo with the real binary. `cargo xtask demo -- --help` shows its options.
    Demo(start::Arguments),
    /// Builds the programs and runs all tests. `--quick` leaves out what needs the local RPC server.
    Test(test::Options),
    /// A local chain with RPC and websocket, the program deployed and sample markets open.
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

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let outcome: Result<()> = prerequisites::ensure().and_then(|()| run(command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo(arguments) => start::demo(&arguments),
        Command::Test(options) => test::test(&options),
        Command::Localnet(arguments) => start::localnet(&arguments),
        Command::BuildSbf(options) => sbf::build(&options),
        Command::Idl(options) => idl::idl(&options),
        Command::Bench(arguments) => start::bench(&arguments),
        Command::Identity(options) => identity::identity(&options),
        Command::Lint(options) => lint::lint(&options),
    }
}
