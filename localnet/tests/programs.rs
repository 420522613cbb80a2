//! Running the project's own binaries.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

/// How often, and how far apart, a command is run again that met a stale price.
const STALE_RETRIES: u32 = 20;
const STALE_PAUSE: Duration = Duration::from_millis(20);

/// The binary `name`, built beside this test. Panics if it is not there, with the command that builds it.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "no {}: run `cargo build --workspace --bins`", path.display());
    path
}

/// The command line with a configuration file.
pub struct Plimsoll {
    config: PathBuf,
    keypair: PathBuf,
}

impl Plimsoll {
    pub fn new(config: &Path, keypair: &Path) -> Self {
        Self { config: config.to_owned(), keypair: keypair.to_owned() }
    }

    /// What a command prints as JSON. Panics with its error if it fails.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "plimsoll {}: {error}", arguments.join(" "));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("plimsoll {}: {e}: {text}", arguments.join(" ")))
    }

    /// The error of a command that the chain must refuse: one line, in words.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        self.failure(arguments, 1)
    }

    /// The error of a command whose input is at fault.
    pub fn bad_input(&self, arguments: &[&str]) -> String {
        self.failure(arguments, 2)
    }

    /// As [`Plimsoll::json`]; a refusal is returned.
    pub fn attempt(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = self.run(arguments);
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            code => panic!("plimsoll {}: {code:?}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Everything that a command says which the chain must refuse, notes before the refusal included.
    pub fn failure_lines(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "plimsoll {}: {text}", arguments.join(" "));
        text
    }

    fn failure(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "plimsoll {}: {text}", arguments.join(" "));
        assert!(output.stdout.is_empty(), "plimsoll {} prints a result too", arguments.join(" "));
        assert_eq!(text.lines().count(), 1, "more than one line: {text}");
        assert!(!text.contains("0x"), "a code instead of words: {text}");
        text
    }

    /// Again while the price is stale: at high speeds it is, from each block to the price published in it.
    fn run(&self, arguments: &[&str]) -> Output {
        for _ in 0..STALE_RETRIES {
            let output = self.run_once(arguments);
            if !String::from_utf8_lossy(&output.stderr).contains("PriceStale") {
                return output;
            }
            std::thread::sleep(STALE_PAUSE);
        }
        self.run_once(arguments)
    }

    fn run_once(&self, arguments: &[&str]) -> Output {
        Command::new(path("plimsoll"))
            .arg("--config")
            .arg(&self.config)
            .arg("--keypair")
            .arg(&self.keypair)
            .arg("--json")
            .args(arguments)
            .output()
            .unwrap()
    }
}

/// A decimal amount that a command printed, as a number.
pub fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no decimal text"))
}
