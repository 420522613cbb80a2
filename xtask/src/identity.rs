//! `cargo xtask identity`: the option math gives the same bits everywhere, over many random cases.
//!
//! Two comparisons, both on the same sequence of cases (`tests/bench-program/src/cases.rs`):
//! - the chain's virtual machine, running the bench program, against the tests' build of the math;
//! - the keeper's build of it (profile `host`: optimised) against the tests' build (profile `dev`: the bench crate and
//!   all it inlines unoptimised, with debug assertions). Source and processor are the same, generated code is not.

use crate::{repo, run, sbf};
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// Cases of one native hash.
const BLOCK: u64 = 100_000;
/// Mismatches that are shown.
const SHOWN: usize = 20;
/// The binary that hashes cases natively.
const HASH: &str = "plimsoll-kernel-hash";
/// The binary that compares the virtual machine with its own build.
const SVM: &str = "plimsoll-identity";

/// Options of `identity`.
#[derive(Args)]
pub struct Options {
    /// Cases on the virtual machine.
    #[arg(long, default_value_t = 1_000_000)]
    svm: u64,
    /// Cases natively.
    #[arg(long, default_value_t = 100_000_000)]
    native: u64,
    /// Names the sequence of cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Builds both sides and compares them; fails on any mismatch, after both comparisons.
pub fn identity(options: &Options) -> Result<()> {
    let program = PathBuf::from("tests/bench-program");
    sbf::build(&sbf::Options { program: vec![program], ..sbf::Options::default() })?;
    // The selection of the tests, so that nothing is compiled twice.
    let mut tests = run::cargo();
    tests.args(["build", "--workspace", "--locked", "--bin", SVM, "--bin", HASH]);
    run::logged("building the tests' kernel", &mut tests)?;
    let mut keeper = run::cargo();
    keeper.args(["build", "--locked", "--profile", "host", "--package", "plimsoll-bench-program", "--bin", HASH]);
    run::logged("building the keeper's kernel", &mut keeper)?;
    let (seed, count) = (options.seed.to_string(), options.svm.to_string());
    let svm = run::visible(&mut command(built("debug", SVM), &[&seed, &count]));
    native(options)?;
    svm
}

fn native(options: &Options) -> Result<()> {
    let started = Instant::now();
    let sides = [built("host", HASH), built("debug", HASH)];
    let found = differing(&sides, options.seed, (0, options.native), BLOCK)?;
    let mut cases = Vec::new();
    for first in found {
        let count = BLOCK.min(options.native - first);
        cases.extend(differing(&sides, options.seed, (first, count), 1)?);
        if cases.len() >= SHOWN {
            break;
        }
    }
    for case in cases.iter().take(SHOWN) {
        for (name, side) in ["keeper's", "tests'"].iter().zip(&sides) {
            let shown =
                run::output(&mut command(side.clone(), &["show", &options.seed.to_string(), &case.to_string()]))?;
            println!("case {case}, {name} build: {}", shown.trim());
        }
    }
    let least = if cases.len() >= SHOWN { "at least " } else { "" };
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "keeper's build = tests' build: {} cases, {least}{} mismatches, {seconds:.1} s",
        options.native,
        cases.len()
    );
    ensure!(cases.is_empty(), "the builds differ in {least}{} cases", cases.len());
    Ok(())
}

/// The first cases of the blocks in `first..first + count` whose hashes differ.
fn differing(sides: &[PathBuf; 2], seed: u64, (first, count): (u64, u64), block: u64) -> Result<Vec<u64>> {
    let words = [seed, first, count, block].map(|word| word.to_string());
    let hashes = |side: &PathBuf| {
        let [seed, first, count, block] = words.each_ref();
        run::output(&mut command(side.clone(), &["hash", seed, first, count, block]))
    };
    let [ours, theirs] = [hashes(&sides[0])?, hashes(&sides[1])?];
    let blocks = usize::try_from(count.div_ceil(block))?;
    for (side, hashes) in sides.iter().zip([&ours, &theirs]) {
        let lines = hashes.lines().count();
        if lines != blocks {
            bail!("{} printed {lines} hashes, {blocks} were asked for", side.display());
        }
    }
    let differ = ours.lines().zip(theirs.lines()).filter(|(a, b)| a != b);
    differ.map(|(line, _)| first_word(line)).collect()
}

fn first_word(line: &str) -> Result<u64> {
    let word = line.split(' ').next().unwrap_or_default();
    word.parse().with_context(|| format!("`{line}` does not begin with a case"))
}

fn built(folder: &str, name: &str) -> PathBuf {
    repo::target_dir().join(folder).join(name)
}

fn command(program: PathBuf, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    run::clean(&mut command);
    command.args(arguments);
    command
}
