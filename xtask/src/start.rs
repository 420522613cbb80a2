//! Commands that build the program and start one of the project's own binaries.

use crate::run;
use crate::sbf;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Arguments that are passed on.
#[derive(Args)]
pub struct Arguments {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// `cargo xtask demo`.
pub fn demo(arguments: &Arguments) -> Result<()> {
    build_program()?;
    host_binary("plimsoll-demo", &arguments.arguments)
}

/// `cargo xtask localnet`.
pub fn localnet(arguments: &Arguments) -> Result<()> {
    build_program()?;
    host_binary("plimsoll-localnet", &arguments.arguments)
}

/// `cargo xtask bench`.
pub fn bench(arguments: &Arguments) -> Result<()> {
    let mut command = run::cargo();
    // The one bench: the library under test takes no criterion arguments.
    command
        .args(["bench", "--locked", "--package", "plimsoll-core", "--bench", "kernel", "--"])
        .args(&arguments.arguments);
    run::visible(&mut command)
}

/// Builds the clearinghouse's program alone: nothing here runs the bench program.
fn build_program() -> Result<()> {
    sbf::build(&sbf::Options { program: vec![PathBuf::from("programs/plimsoll")], ..sbf::Options::default() })
}

/// Builds a binary of the same name as its package in the `host` profile and runs it.
fn host_binary(package: &str, arguments: &[String]) -> Result<()> {
    let common = ["--locked", "--profile", "host", "--package", package];
    run::logged(&format!("building {package}"), run::cargo().arg("build").args(common))?;
    run::visible(run::cargo().args(["run", "--quiet"]).args(common).arg("--").args(arguments))
}
