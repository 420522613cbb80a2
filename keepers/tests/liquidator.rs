//! Running the liquidator itself.
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use plimsoll_tests::chain::named_keypair;

use crate::node::{first_frame, golden};

/// A folder of this test alone, with the recorded liquidator's keypair in it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-liquidator-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let keypair = named_keypair("liquidator").to_bytes();
        std::fs::write(path.join("keeper.json"), serde_json::to_string(keypair.as_slice()).unwrap()).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A good configuration for the node at `url`, with `more` lines.
    pub fn config(&self, url: &str, more: &str) -> PathBuf {
        let (keypair, clearinghouse) = (self.0.join("keeper.json"), first_frame().clearinghouse);
        let text = format!("url = \"{url}\"\nkeypair = {keypair:?}\nclearinghouse = \"{clearinghouse}\"\n{more}");
        self.file("keeper.toml", &text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub fn liquidator() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-liquidator"));
    command.env_remove("RUST_LOG");
    command
}

pub fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = liquidator().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A liquidator that runs until it is told to stop, and does not outlive the test.
pub struct Running(pub Child);

impl Running {
    pub fn start(config: &std::path::Path, more: &[&str]) -> Self {
        Self(liquidator().arg("--config").arg(config).args(more).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Sends `signal` and waits for the end: exit code and everything it logged.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let code = self.0.wait().unwrap().code();
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Waits for `ready`. Panics after half a minute.
pub fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Panics unless the liquidator refuses these arguments in one line that holds `parts`, with exit code 2.
pub fn refused(arguments: &[&str], parts: &[&str]) {
    let (code, out, error) = run(arguments);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
    assert!(error.starts_with("error: ") && error.trim_end().lines().count() == 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}

#[test]
fn help_teaches_configuration_and_first_steps() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for part in ["account open", "deposit", "clearinghouse =", "--dry-run --once", "--replay", "RUST_LOG", "Exit codes"]
    {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let (code, _, error) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(error.contains("--config"), "{error}");
    let recording = golden().display().to_string();
    let (code, _, error) = run(&["--replay", &recording, "--dry-run"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn a_bad_configuration_keypair_or_address_ends_with_code_2_and_one_line() {
    let folder = Folder::new("bad");
    let config = folder.config("http://127.0.0.1:1", "interval_second = 3\n");
    refused(&["--config", config.to_str().unwrap()], &["keeper.toml: line 4", "unknown field `interval_second`"]);
    refused(&["--config", "/nowhere/keeper.toml"], &["/nowhere/keeper.toml", "--config takes a TOML file"]);
    let config = folder.file("x.toml", "url = \"http://h\"\nkeypair = \"/nowhere/k.json\"\nclearinghouse = \"abc\"\n");
    refused(&["--config", config.to_str().unwrap()], &["x.toml", "clearinghouse = \"abc\" is not an address"]);
    let clearinghouse = first_frame().clearinghouse;
    let text = format!("url = \"http://h\"\nkeypair = \"/nowhere/k.json\"\nclearinghouse = \"{clearinghouse}\"\n");
    let config = folder.file("y.toml", &text);
    refused(&["--config", config.to_str().unwrap()], &["keypair /nowhere/k.json", "solana-keygen new"]);
}

#[test]
fn a_metrics_port_in_use_is_refused_by_its_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = Folder::new("port");
    let config = folder.config("http://127.0.0.1:1", &format!("metrics_listen = \"{address}\"\n"));
    refused(&["--config", config.to_str().unwrap()], &["metrics_listen", &address.to_string(), "choose a free port"]);
}

#[test]
fn a_log_filter_that_is_none_is_refused() {
    let output = liquidator().env("RUST_LOG", "plimsoll=loud").args(["--replay", "x"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(error.starts_with("error: RUST_LOG=plimsoll=loud: "), "{error}");
}

#[test]
fn a_recording_that_cannot_be_created_is_refused() {
    let folder = Folder::new("record");
    let config = folder.config("http://127.0.0.1:1", "");
    let arguments = ["--config", config.to_str().unwrap(), "--record", "/nowhere/turns.jsonl"];
    refused(&arguments, &["recording /nowhere/turns.jsonl", "No such file"]);
}
