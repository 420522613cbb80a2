//! Starting other programs: with their output shown, captured, or kept in a log while progress is printed.

use crate::progress::Progress;
use crate::repo;
use anyhow::{bail, Context, Result};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Lines of a failed command's log that are shown: at its end, and from its first error on.
const SHOWN_LOG_LINES: usize = 40;
const SHOWN_ERROR_LINES: usize = 120;

/// `cargo` of the active toolchain, started in the repository, without what `cargo run` put into the environment.
pub fn cargo() -> Command {
    cargo_tool("cargo")
}

/// A program of the active toolchain, started in the repository like [`cargo`].
pub fn cargo_tool(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repo::root());
    clean(&mut command);
    command
}

/// Removes the variables that `cargo run` and `cargo test` set for their own child: they would name this tool's
/// package, pin the toolchain, and make cargo see changed inputs where there are none.
pub fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let ours = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PRIMARY_PACKAGE", "RUSTUP_TOOLCHAIN"];
        let prefixed = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix));
        if prefixed || ours.contains(&name.as_str()) || name == "LD_LIBRARY_PATH" {
            command.env_remove(name);
        }
    }
}

/// Runs with the output on the terminal. Fails if the command does.
pub fn visible(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    Ok(())
}

/// Runs with the output on the terminal, and shows each line of the standard output to `watch`.
pub fn watched(command: &mut Command, mut watch: impl FnMut(&str)) -> Result<()> {
    command.stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", name_of(command)))?;
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).split(b'\n')) {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        watch(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    Ok(())
}

/// Runs and returns the standard output. Fails, with the standard error in the message, if the command does.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot start {}", name_of(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", name_of(command), output.status, stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs with all output in a log and progress lines on the terminal. On failure the end of the log is shown.
pub fn logged(title: &str, command: &mut Command) -> Result<()> {
    let log_path = repo::target_dir().join("xtask-logs").join(format!("{}.log", file_name(title)));
    if let Some(dir) = log_path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut log = File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
    // Cargo prints `done/all` only to terminals unless told otherwise; the numbers are what the percentage is from.
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
    command.env("CARGO_TERM_COLOR", "never");
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", name_of(command)))?;
    let progress = Progress::start(title);
    if let Some(stderr) = child.stderr.take() {
        copy_lines(stderr, &mut log, &progress)?;
    }
    let status = child.wait()?;
    progress.finish(status.success());
    if !status.success() {
        show_tail(&log_path)?;
        bail!("{title}: {} ended with {status}; the whole log is {}", name_of(command), log_path.display());
    }
    Ok(())
}

/// Copies a stream to the log line by line and tells the progress display. Cargo ends its progress lines with `\r`.
fn copy_lines(mut from: impl Read, log: &mut File, progress: &Progress) -> Result<()> {
    let mut pending = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        for &byte in buffer.get(..count).unwrap_or_default() {
            if byte != b'\n' && byte != b'\r' {
                pending.push(byte);
                continue;
            }
            let line = String::from_utf8_lossy(&pending).into_owned();
            pending.clear();
            let is_bar = progress.line(&line);
            if byte == b'\n' && !is_bar {
                writeln!(log, "{line}")?;
            }
        }
    }
    log.write_all(&pending)?;
    Ok(())
}

/// Shows a failed command's log from its first error on, or its end if it names none.
fn show_tail(log_path: &Path) -> Result<()> {
    let log = fs::read(log_path)?;
    let log = String::from_utf8_lossy(&log).into_owned();
    let lines: Vec<&str> = log.lines().collect();
    let end = lines.len().saturating_sub(SHOWN_LOG_LINES);
    let first = lines.iter().position(|line| line.starts_with("error")).unwrap_or(end).min(end);
    let hidden = lines.len().saturating_sub(first).saturating_sub(SHOWN_ERROR_LINES);
    for line in lines.iter().skip(first).take(SHOWN_ERROR_LINES) {
        eprintln!("  | {line}");
    }
    if hidden > 0 {
        eprintln!("  | ... and {hidden} lines more");
    }
    Ok(())
}

fn file_name(title: &str) -> String {
    title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn name_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let text: Vec<_> = words.map(OsStr::to_string_lossy).take(8).collect();
    format!("`{}`", text.join(" "))
}

/// Whether a program of this name can be started.
pub fn exists(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|dir| dir.join(program).is_file())
}
