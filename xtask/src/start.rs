//! Commands that build the program and start one of the project's own binaries.

use crate::repo;
use crate::run;
use crate::sbf;
use anyhow::{bail, Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Arguments that are passed on.
#[derive(Args)]
pub struct Arguments {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// What people run, built as one selection: each alone would compile the crates they share with other features again.
const TOOLS: [&str; 3] = ["plimsoll-demo", "plimsoll-cli", "plimsoll-keeper"];

/// `cargo xtask demo`.
pub fn demo(arguments: &Arguments) -> Result<ExitCode> {
    price_file(&arguments.arguments)?;
    build_program()?;
    let mut with_out = arguments.arguments.clone();
    // The files land in the repository wherever the command is given, unless it says where.
    let elsewhere = std::env::current_dir().is_ok_and(|here| here != repo::root());
    if elsewhere && !given(&with_out, "--out") {
        with_out.extend(["--out".to_owned(), repo::root().join("target/demo").display().to_string()]);
    }
    host_binary("plimsoll-demo", &TOOLS, &with_out)
}

/// `cargo xtask localnet`.
pub fn localnet(arguments: &Arguments) -> Result<ExitCode> {
    price_file(&arguments.arguments)?;
    build_program()?;
    host_binary("plimsoll-localnet", &["plimsoll-localnet"], &arguments.arguments)
}

fn given(arguments: &[String], option: &str) -> bool {
    arguments.iter().any(|given| given == option || given.starts_with(&format!("{option}=")))
}

/// Refuses a price file that is not there before minutes are spent on building.
fn price_file(arguments: &[String]) -> Result<()> {
    let at = arguments.iter().position(|given| given == "--prices");
    let next = at.and_then(|at| arguments.get(at + 1)).map(String::as_str);
    let named = next.or_else(|| arguments.iter().find_map(|given| given.strip_prefix("--prices=")));
    match named {
        Some(file) if !Path::new(file).is_file() => bail!("--prices {file}: there is no such file here"),
        _ => Ok(()),
    }
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

/// Builds `packages` in the `host` profile and runs the binary `name` where the command was given; its exit code.
fn host_binary(name: &str, packages: &[&str], arguments: &[String]) -> Result<ExitCode> {
    let mut build = run::cargo();
    build.args(["build", "--locked", "--profile", "host"]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    run::logged(&format!("building {}", packages.join(", ")), &mut build)?;
    let binary = repo::target_dir().join("host").join(name);
    let mut command = Command::new(&binary);
    run::clean(&mut command);
    let status = command.args(arguments).status();
    let status = status.with_context(|| format!("cannot start {}", binary.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
