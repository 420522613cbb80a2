//! The command line from the outside, without a cluster: help, settings, bad input, exit codes.

use std::path::PathBuf;
use std::process::{Command, Output};

use solana_keypair::Keypair;

/// Nobody listens on port 1.
const DOWN: &str = "http://127.0.0.1:1";
const CLEARINGHOUSE: &str = "PLimsoLLcLearinghouse1111111111111111111111";

/// A folder of this test alone, with a keypair in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
        solana_keypair::write_keypair_file(&Keypair::new(), folder.path("id.json")).unwrap();
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn write(&self, file: &str, text: &str) -> String {
        std::fs::write(self.path(file), text).unwrap();
        self.path(file).to_str().unwrap().to_owned()
    }

    /// Runs the binary with this folder as home and nothing inherited.
    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_plimsoll")).env_clear().env("HOME", &self.0).args(args).output().unwrap()
    }

    /// Runs with the keypair, a clearinghouse and an endpoint that is down.
    fn run_down(&self, args: &[&str]) -> Output {
        let keypair = self.path("id.json");
        let mut all = vec!["--url", DOWN, "--clearinghouse", CLEARINGHOUSE, "--keypair", keypair.to_str().unwrap()];
        all.extend_from_slice(args);
        self.run(&all)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a failed run wrote, after its exit code is checked.
fn error(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(output.stdout.is_empty(), "a failure prints no result: {}", String::from_utf8_lossy(&output.stdout));
    text
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

#[test]
fn help_teaches_with_examples() {
    let folder = Folder::new("help");
    let groups: &[&[&str]] = &[
        &["--help"],
        &["deposit", "--help"],
        &["trade", "clear", "--help"],
        &["margin", "show", "--help"],
        &["auction", "bid", "--help"],
        &["clearinghouse", "create", "--help"],
        &["underlying", "create", "--help"],
        &["strike", "create", "--help"],
        &["settle", "account", "--help"],
    ];
    for args in groups {
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        contains(&String::from_utf8(output.stdout).unwrap(), &["Example", "plimsoll ", "--dry-run"]);
    }
}

#[test]
fn unknown_commands_and_missing_arguments_are_bad_input() {
    let folder = Folder::new("unknown");
    error(&folder.run(&["frobnicate"]), 2);
    contains(&error(&folder.run(&["deposit", "0"]), 2), &["AMOUNT"]);
    contains(&error(&folder.run(&["clearinghouse", "create"]), 2), &["--quote-mint"]);
    contains(&error(&folder.run(&["margin"]), 2), &["--input"]);
}

#[test]
fn an_unknown_configuration_field_is_named() {
    let folder = Folder::new("config");
    let file = folder.write("bad.toml", "url = \"http://127.0.0.1:8899\"\npriorty_fee = 3\n");
    contains(&error(&folder.run(&["--config", &file, "status"]), 2), &["bad.toml", "priorty_fee", "priority_fee"]);
    let file = folder.write("type.toml", "priority_fee = \"much\"\n");
    contains(&error(&folder.run(&["--config", &file, "status"]), 2), &["type.toml", "priority_fee"]);
    let file = folder.write("key.toml", "clearinghouse = \"xyz\"\n");
    contains(&error(&folder.run(&["--config", &file, "status"]), 2), &["--clearinghouse", "xyz"]);
    contains(&error(&folder.run(&["--config", "/nowhere.toml", "status"]), 2), &["/nowhere.toml"]);
}

#[test]
fn the_default_configuration_file_is_read_and_flags_win() {
    let folder = Folder::new("default");
    std::fs::create_dir_all(folder.path(".config/plimsoll")).unwrap();
    folder.write(
        ".config/plimsoll/config.toml",
        &format!("url = \"http://127.0.0.1:2\"\nclearinghouse = \"{CLEARINGHOUSE}\"\n"),
    );
    contains(&error(&folder.run(&["status"]), 1), &["http://127.0.0.1:2"]);
    contains(&error(&folder.run(&["--url", DOWN, "status"]), 1), &[DOWN]);
}

#[test]
fn a_missing_keypair_names_the_file() {
    let folder = Folder::new("keypair");
    let args = ["--url", DOWN, "--clearinghouse", CLEARINGHOUSE, "--keypair", "/nowhere/id.json", "account", "open"];
    contains(&error(&folder.run(&args), 2), &["--keypair", "/nowhere/id.json", "solana-keygen"]);
    let default = ["--url", DOWN, "--clearinghouse", CLEARINGHOUSE, "deposit", "0", "1"];
    contains(&error(&folder.run(&default), 2), &[".config/solana/id.json"]);
}

#[test]
fn a_missing_clearinghouse_says_how_to_name_it() {
    let folder = Folder::new("clearinghouse");
    contains(&error(&folder.run(&["--url", DOWN, "status"]), 2), &["--clearinghouse", "PLIMSOLL_CLEARINGHOUSE"]);
}

#[test]
fn an_endpoint_that_is_down_is_named() {
    let folder = Folder::new("down");
    let commands: &[&[&str]] = &[
        &["status"],
        &["account", "open"],
        &["deposit", "0", "1000.5"],
        &["margin", "show", "0"],
        &["expiry", "list"],
    ];
    for args in commands {
        contains(&error(&folder.run_down(args), 1), &["no answer from", DOWN, "--url"]);
    }
    contains(&error(&folder.run(&["--url", "localhost:8899", "status"]), 2), &["localhost:8899", "http://"]);
}

#[test]
fn bad_amounts_are_refused_before_anything_is_asked() {
    let folder = Folder::new("amounts");
    let cases = [
        ("0", "more than 0"),
        ("0.000000", "more than 0"),
        ("-5", "more than 0"),
        ("1.0000001", "more than 6 decimal places"),
        ("99999999999999999999", "out of range"),
        ("ten", "not a decimal number"),
        ("1e3", "not a decimal number"),
        ("", "not a decimal number"),
    ];
    for (amount, why) in cases {
        let commands: [&[&str]; 3] =
            [&["deposit", "0", amount], &["withdraw", "0", amount], &["insurance", "deposit", amount]];
        for args in commands {
            contains(&error(&folder.run_down(args), 2), &["AMOUNT", amount, why]);
        }
    }
}

#[test]
fn bad_trades_and_bids_are_refused_before_anything_is_asked() {
    let folder = Folder::new("trades");
    let trade = |quantity: &str, price: &str| {
        let args = ["trade", "clear", "BTC-30JAN26-100000-C", "--quantity", quantity, "--price", price];
        let sides = ["--buyer", "0", "--seller", "1"];
        error(&folder.run_down(&[&args[..], &sides[..]].concat()), 2)
    };
    contains(&trade("0", "1"), &["--quantity: 0"]);
    contains(&trade("-3", "1"), &["--quantity: -3", "swap"]);
    contains(&trade("3", "-1"), &["--price: -1", "negative"]);
    contains(&trade("3", "0.1234567"), &["--price", "6 decimal places"]);
    contains(&trade("3", "1"), &["both sides are signed by", "--seller-keypair"]);
    let bid = |fraction: &str| {
        let args = ["auction", "bid", CLEARINGHOUSE, "--bidder", "0", "--limit=-20", "--fraction", fraction];
        error(&folder.run_down(&args), 2)
    };
    for fraction in ["0", "1.1", "-0.5", "0.0000001"] {
        contains(&bid(fraction), &["--fraction", fraction]);
    }
    contains(&error(&folder.run_down(&["account", "show", "xyz"]), 2), &["ACCOUNT", "xyz", "base58"]);
}

#[test]
fn default_parameters_are_a_file_that_is_read_back() {
    let folder = Folder::new("parameters");
    let printed = folder.run(&["underlying", "create", "--preset", "btc", "--print-default-parameters"]);
    assert_eq!(printed.status.code(), Some(0));
    let text = String::from_utf8(printed.stdout).unwrap();
    contains(&text, &["[grid]", "[oracle]", "[volatility]", "[scan]", "[cross]", "[auction]", "[limits]"]);
    let create = |text: &str, code| {
        let file = folder.write("btc.toml", text);
        error(&folder.run_down(&["underlying", "create", "--preset", "btc", "--parameters", &file]), code)
    };
    // The unchanged file passes, so that the endpoint is what fails.
    contains(&create(&text, 1), &["no answer from"]);
    contains(&create("[auction]\nd7 = 1\n", 2), &["btc.toml", "[auction]", "d7", "d0"]);
    contains(&create("[auktion]\nd0 = 1\n", 2), &["[auktion]", "limits"]);
    contains(&create("[grid]\nstrike_step = \"wide\"\n", 2), &["[grid]", "strike_step", "integer"]);
    contains(&create("[grid]\nexpiry_interval_seconds = 1\n", 2), &["expiry_interval_seconds = 1", "3600", "2592000"]);
    contains(&create("[auction]\nd0 = -1\n", 2), &["[auction]", "d0 = -1"]);
}

#[test]
fn clearinghouse_parameters_are_checked_too() {
    let folder = Folder::new("rules");
    let printed = folder.run(&["--json", "clearinghouse", "create", "--print-default-parameters"]);
    let value: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    contains(value["parameters"].as_str().unwrap(), &["[clearinghouse]", "trade_fee = ", "debt_cap = "]);
    let file = folder.write("rules.toml", "[clearinghouse]\ntrade_fee = 4000000000\n");
    let args = ["clearinghouse", "create", "--quote-mint", CLEARINGHOUSE, "--parameters", &file];
    contains(&error(&folder.run_down(&args), 2), &["rules.toml", "trade_fee = 4000000000", "outside"]);
}
