//! `cargo xtask test`: the programs, then every test of the workspace.
//!
//! All test binaries are built by one cargo call with one selection of packages, so that every dependency is compiled
//! once, with one set of features; then each package's tests run as a stage.

use crate::run;
use crate::sbf;
use crate::times::Stages;
use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The member with the local RPC server: what it depends on takes longer to compile than all else together.
const LOCALNET: &str = "plimsoll-localnet";

/// Options of `test`.
#[derive(Args)]
pub struct Options {
    /// Leave out the local RPC server, which takes about 12 minutes to compile the first time.
    #[arg(long)]
    quick: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// A built test binary.
struct TestBinary {
    package: String,
    /// Folder of the package: tests start there, as under `cargo test`.
    dir: PathBuf,
    target: String,
    path: PathBuf,
}

/// Tests that ran.
#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    /// Adds the numbers of a line like `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some((_, numbers)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in numbers.split("; ") {
            match part.split_once(' ').and_then(|(count, word)| Some((count.parse::<u64>().ok()?, word))) {
                Some((count, "passed")) => self.passed += count,
                Some((count, "failed")) => self.failed += count,
                _ => {}
            }
        }
    }
}

/// Runs the stages. Later stages run although an earlier one failed, as far as they can.
pub fn test(options: &Options) -> Result<()> {
    let mut stages = Stages::new("test");
    let built = stages.run("build-sbf", "cargo xtask build-sbf", || sbf::build(&sbf::Options::default()));
    let mut binaries = Vec::new();
    let mut counts = Counts::default();
    let compiled = built
        && stages.run("compile", "cargo test --workspace --no-run", || {
            binaries = compile(options)?;
            Ok(())
        });
    if compiled {
        let mut packages: BTreeMap<(bool, &str), Vec<&TestBinary>> = BTreeMap::new();
        for binary in &binaries {
            packages.entry((binary.package == LOCALNET, &binary.package)).or_default().push(binary);
        }
        stages.run("doc", "cargo test --workspace --doc", || doc(options, &mut counts));
        for ((_, package), binaries) in packages {
            let fix = format!("cargo xtask test, or alone: cargo test --workspace --package {package}");
            stages.run(package, &fix, || {
                // Every binary runs, whatever the one before it says.
                let outcomes: Vec<_> = binaries.iter().map(|binary| execute(binary, options, &mut counts)).collect();
                outcomes.into_iter().collect()
            });
        }
    }
    let outcome = stages.finish();
    println!("{} passed, {} failed", counts.passed, counts.failed);
    outcome
}

/// The selection of packages, the same in all calls.
fn selection(options: &Options) -> Vec<&'static str> {
    let mut arguments = vec!["--workspace", "--locked"];
    if options.quick {
        arguments.extend(["--exclude", LOCALNET]);
    }
    arguments
}

/// Builds the test binaries, and the project's own binaries, which some tests start.
fn compile(options: &Options) -> Result<Vec<TestBinary>> {
    // One selection for all of them: binaries built without the tests get other features, and so all crates again.
    let mut build = run::cargo();
    build.arg("build").args(selection(options)).args(["--lib", "--bins", "--tests"]);
    run::logged("compiling tests and binaries", &mut build)?;
    // Nothing is left to compile: the second call only lists what the first one made.
    let mut list = run::cargo();
    list.arg("test").args(selection(options));
    list.args(["--no-run", "--lib", "--bins", "--tests", "--message-format", "json", "--quiet"]);
    let messages = run::output(&mut list)?;
    messages.lines().filter_map(|line| test_binary(line).transpose()).collect()
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

fn test_binary(line: &str) -> Result<Option<TestBinary>> {
    let message: Message = serde_json::from_str(line).context("cargo's message")?;
    if message.reason != "compiler-artifact" || !message.profile.is_some_and(|profile| profile.test) {
        return Ok(None);
    }
    let (Some(path), Some(manifest), Some(target)) = (message.executable, message.manifest_path, message.target) else {
        return Ok(None);
    };
    let dir = manifest.parent().unwrap_or(Path::new(".")).to_path_buf();
    let package = package_name(&manifest)?;
    Ok(Some(TestBinary { package, dir, target: target.name, path }))
}

fn package_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest)?;
    let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    Ok(name.with_context(|| format!("{} names no package", manifest.display()))?.to_owned())
}

fn execute(binary: &TestBinary, options: &Options, counts: &mut Counts) -> Result<()> {
    println!("-- {} {}", binary.package, binary.target);
    let mut command = Command::new(&binary.path);
    run::clean(&mut command);
    command.current_dir(&binary.dir).env("CARGO_MANIFEST_DIR", &binary.dir).args(&options.filter);
    run::watched(&mut command, |line| counts.add(line))
}

fn doc(options: &Options, counts: &mut Counts) -> Result<()> {
    let mut command = run::cargo();
    command.arg("test").args(selection(options)).arg("--doc").args(&options.filter);
    run::watched(&mut command, |line| counts.add(line))
}
