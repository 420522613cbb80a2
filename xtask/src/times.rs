//! Stages of a command: each is announced, timed, and merged into `target/ci-times.json`.

use crate::progress::elapsed;
use crate::repo;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// The stages of one command.
pub struct Stages {
    command: &'static str,
    started: Instant,
    seconds: BTreeMap<String, f64>,
    failed: Vec<String>,
}

impl Stages {
    /// Starts the clock of `command`.
    pub fn new(command: &'static str) -> Self {
        Self { command, started: Instant::now(), seconds: BTreeMap::new(), failed: Vec::new() }
    }

    /// Runs a stage. A failure is shown with `fix` and kept for [`Stages::finish`]. Returns whether it passed.
    pub fn run(&mut self, name: &str, fix: &str, stage: impl FnOnce() -> Result<()>) -> bool {
        println!("== {} {name}", self.command);
        // Named before it starts: a deadline that ends the command can say where.
        drop(fs::write(stage_path(), format!("{} {name}\n", self.command)));
        let started = Instant::now();
        let outcome = stage();
        let time = started.elapsed();
        self.seconds.insert(format!("{} {name}", self.command), time.as_secs_f64());
        // At once: a deadline that ends the command in a later stage leaves this one's time.
        if let Err(error) = merge(&self.seconds) {
            eprintln!("stage times are not written: {error:#}");
        }
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
            eprintln!("  to fix: {fix}");
            self.failed.push(name.to_owned());
        }
        let word = if outcome.is_ok() { "passed" } else { "FAILED" };
        println!("== {} {name}: {word} in {}", self.command, elapsed(time));
        outcome.is_ok()
    }

    /// Prints and writes all times. Fails if a stage did.
    pub fn finish(mut self) -> Result<()> {
        let total = self.started.elapsed();
        println!("\n{} took {}:", self.command, elapsed(total));
        for (stage, seconds) in &self.seconds {
            println!("  {seconds:>8.1} s  {stage}");
        }
        self.seconds.insert(format!("{} total", self.command), total.as_secs_f64());
        merge(&self.seconds)?;
        drop(fs::remove_file(stage_path()));
        if self.failed.is_empty() {
            return Ok(());
        }
        anyhow::bail!("{} failed in: {}", self.command, self.failed.join(", "))
    }
}

fn stage_path() -> PathBuf {
    repo::root().join("target/ci-stage")
}

/// Replaces this command's entries and keeps the others'.
fn merge(seconds: &BTreeMap<String, f64>) -> Result<()> {
    let path = repo::root().join("target/ci-times.json");
    let mut all: BTreeMap<String, f64> =
        fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    for (stage, time) in seconds {
        all.insert(stage.clone(), (time * 10.0).round() / 10.0);
    }
    fs::create_dir_all(repo::root().join("target"))?;
    fs::write(&path, serde_json::to_string_pretty(&all)? + "\n")?;
    Ok(())
}
