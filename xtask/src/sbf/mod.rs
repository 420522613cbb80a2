//! `cargo xtask build-sbf`: the deployable programs, with the first toolchain that is there.

mod anza;
mod record;
mod registry;

pub use record::Record;

use crate::repo;
use crate::stack;
use crate::tools;
use anyhow::{bail, Context, Result};
use clap::{Args, ValueEnum};
use std::fs;
use std::path::PathBuf;

/// Where the bytes come from.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum With {
    /// Anza platform-tools (`cargo build-sbf`).
    Anza,
    /// Package registries only: crates.io and Debian.
    Registry,
}

/// Options of `build-sbf`.
#[derive(Args, Clone, Default)]
pub struct Options {
    /// Toolchain; default: `anza` if `cargo build-sbf` works here, else `registry`.
    #[arg(long, env = "PLIMSOLL_SBF_WITH")]
    pub with: Option<With>,
    /// Folder of a program crate; default: programs/plimsoll, and tests/bench-program if it is there.
    #[arg(long)]
    pub program: Vec<PathBuf>,
    /// Build even if the recorded inputs are unchanged.
    #[arg(long)]
    pub force: bool,
    /// Fetch the newest tools of the registry-only toolchain first. Compute units may change with them.
    #[arg(long)]
    pub update_tools: bool,
    /// Print the deepest stack frames of the programs as JSON.
    #[arg(long)]
    pub stack: bool,
}

/// A program crate to build.
struct Program {
    /// Folder below the repository.
    dir: PathBuf,
    /// Cargo package.
    package: String,
    /// File name of the shared object, without its extension.
    library: String,
}

/// A toolchain that can build programs.
trait Toolchain {
    /// What the compute-unit snapshots are keyed by.
    fn key(&self) -> &str;
    /// Builds the program and returns the path of its ELF.
    fn build(&self, program: &Program) -> Result<PathBuf>;
}

/// Builds what is not current and writes `target/deploy/NAME.so` and `NAME.so.json`.
pub fn build(options: &Options) -> Result<()> {
    if options.update_tools {
        for name in tools::linker::NAMES.into_iter().chain([tools::compiler::NAME]) {
            tools::forget(name)?;
        }
    }
    let toolchain = choose(options.with)?;
    for program in programs(&options.program)? {
        let elf = build_one(toolchain.as_ref(), &program, options.force)?;
        if options.stack {
            let frames = stack::frames(&fs::read(&elf)?)?;
            println!("{}", serde_json::to_string_pretty(frames.get(..12).unwrap_or(&frames))?);
        }
    }
    Ok(())
}

fn build_one(toolchain: &dyn Toolchain, program: &Program, force: bool) -> Result<PathBuf> {
    let deployed = repo::deploy_dir().join(format!("{}.so", program.library));
    let inputs = record::inputs(program, toolchain.key())?;
    if !force {
        if let Some(record) = record::current(&deployed, &inputs) {
            eprintln!("{} is current: {}", repo::shown(&deployed), record.summary());
            return Ok(deployed);
        }
    }
    eprintln!("Building {} with {}", repo::shown(&deployed), toolchain.key());
    let elf = toolchain.build(program)?;
    fs::create_dir_all(repo::deploy_dir())?;
    // Renamed into place: a test that loads the program meanwhile sees the old file or the new one, whole.
    let part = deployed.with_extension("so.part");
    fs::copy(&elf, &part).with_context(|| format!("cannot copy {}", elf.display()))?;
    let record = record::write(&part, &deployed, toolchain.key(), inputs)?;
    eprintln!("{}: {}", repo::shown(&deployed), record.summary());
    if record.deepest_frame_bytes > stack::LIMIT {
        bail!(
            "{}: a stack frame of {} bytes is over the limit of {}; see `cargo xtask build-sbf --stack`",
            program.package,
            record.deepest_frame_bytes,
            stack::LIMIT
        );
    }
    Ok(deployed)
}

fn choose(with: Option<With>) -> Result<Box<dyn Toolchain>> {
    let anza = if with == Some(With::Registry) { None } else { anza::Anza::find() };
    match (anza, with) {
        (Some(anza), _) => Ok(Box::new(anza)),
        (None, Some(With::Anza)) => bail!("`cargo build-sbf` does not work here: install the Solana CLI of Anza"),
        (None, _) => Ok(Box::new(registry::Registry::ensure()?)),
    }
}

fn programs(dirs: &[PathBuf]) -> Result<Vec<Program>> {
    let defaults = ["programs/plimsoll", "tests/bench-program"].map(PathBuf::from);
    let chosen = if dirs.is_empty() { &defaults[..] } else { dirs };
    let mut programs = Vec::new();
    for dir in chosen {
        let manifest = repo::root().join(dir).join("Cargo.toml");
        if dirs.is_empty() && !manifest.is_file() {
            continue;
        }
        let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
        let package = text
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .with_context(|| format!("{} names no package", manifest.display()))?
            .to_owned();
        // The bench program's object has a short name: plimsoll-bench-program -> plimsoll_bench.so
        let library = package.strip_suffix("-program").unwrap_or(&package).replace('-', "_");
        programs.push(Program { dir: dir.clone(), package, library });
    }
    Ok(programs)
}
