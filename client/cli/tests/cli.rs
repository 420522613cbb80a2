//! The command line from the outside, without a cluster: help, settings, bad input, exit codes.

mod server;

use std::path::PathBuf;
use std::process::{Command, Output};

use plimsoll_client::decode::State as _;
use plimsoll_client::Pubkey;
use serde_json::{json, Value};
use server::Server;
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

/// What a failed run wrote, after its exit code is checked: one line, but for usage errors of the argument parser.
fn error(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.lines().count() == 1 || text.contains("--help"), "more than one line: {text}");
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
    // Every command: what `--help` lists under each group, down to the leaves.
    let mut leaves = 0;
    let mut groups = vec![Vec::new()];
    while let Some(path) = groups.pop() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let output = folder.run(&args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let names = subcommands(&text);
        leaves += usize::from(names.is_empty());
        if names.is_empty() || path.is_empty() {
            contains(&text, &["Example", "plimsoll ", "--dry-run", "--json"]);
        }
        groups.extend(names.into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
    assert!(leaves > 35, "only {leaves} commands");
}

/// Names under `Commands:` of a help text.
fn subcommands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        listed.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
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
    let file = folder.write("type.toml", "url = \"http://127.0.0.1:8899\"\npriority_fee = \"much\"\n");
    let refused = error(&folder.run(&["--config", &file, "status"]), 2);
    contains(&refused, &["type.toml", "line 2", "field `priority_fee`", "invalid type", "u64"]);
    let file = folder.write("nested.toml", "[underlyings]\nBTC = 0\nSOL = -1\n");
    let refused = error(&folder.run(&["--config", &file, "status"]), 2);
    contains(&refused, &["nested.toml", "line 3", "field `underlyings.SOL`", "u16"]);
    let file = folder.write("syntax.toml", "url = \"http://127.0.0.1:8899\n");
    contains(&error(&folder.run(&["--config", &file, "status"]), 2), &["syntax.toml", "line 1"]);
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
fn without_a_file_of_its_own_url_and_keypair_are_those_of_the_solana_tools() {
    let folder = Folder::new("solana");
    std::fs::create_dir_all(folder.path(".config/solana/cli")).unwrap();
    let keypair = folder.path("solana.json");
    let yaml = |url: &str| {
        let keypair = keypair.display();
        let text = format!(
            "---\njson_rpc_url: {url}\nwebsocket_url: ''\nkeypair_path: {keypair} # mine\naddress_labels:\n  \
             '11111111111111111111111111111111': System Program\ncommitment: confirmed\n"
        );
        folder.write(".config/solana/cli/config.yml", &text);
    };
    for url in ["http://127.0.0.1:3", "\"http://127.0.0.1:3\"", "'http://127.0.0.1:3'"] {
        yaml(url);
        let run = folder.run(&["--clearinghouse", CLEARINGHOUSE, "status"]);
        contains(&error(&run, 1), &["no usable answer from http://127.0.0.1:3:"]);
    }
    let deposit = ["--clearinghouse", CLEARINGHOUSE, "deposit", "0", "1"];
    contains(&error(&folder.run(&deposit), 2), &["--keypair", "solana.json"]);
    contains(&error(&folder.run(&["--url", DOWN, "--clearinghouse", CLEARINGHOUSE, "status"]), 1), &[DOWN]);

    for (text, named) in [
        ("json_rpc_url: \"http://127.0.0.1:3\n", "line 1: field `json_rpc_url`: the quote is not closed"),
        ("keypair_path:\n", "field `keypair_path` is empty"),
        ("---\njson_rpc_url\n", "line 2: expected `name: value`, found \"json_rpc_url\""),
    ] {
        folder.write(".config/solana/cli/config.yml", text);
        contains(&error(&folder.run(&["status"]), 2), &["config.yml", named]);
    }

    std::fs::create_dir_all(folder.path(".config/plimsoll")).unwrap();
    folder.write(".config/plimsoll/config.toml", &format!("clearinghouse = \"{CLEARINGHOUSE}\"\n"));
    contains(&error(&folder.run(&["status"]), 1), &["http://127.0.0.1:8899"]);
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
        &["account", "close", "0"],
        &["account", "delegate", "revoke", "0"],
        &["deposit", "0", "1000.5"],
        &["collateral", "deposit", "0", "0", "5"],
        &["margin", "show", "0"],
        &["expiry", "list"],
        &["expiry", "close", "BTC", "30JAN26"],
        &["oracle", "show"],
        &["debt", "accrue", "0"],
        &["bad-debt", "show"],
        &["insurance", "show"],
    ];
    for args in commands {
        contains(&error(&folder.run_down(args), 1), &["no usable answer from", DOWN, "--url"]);
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
        let commands: [&[&str]; 4] = [
            &["deposit", "0", amount],
            &["withdraw", "0", amount],
            &["insurance", "deposit", amount],
            &["bad-debt", "repay", CLEARINGHOUSE, amount],
        ];
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
fn bad_arguments_of_the_other_groups_are_refused_before_anything_is_asked() {
    let folder = Folder::new("groups");
    let refused = |args: &[&str], parts: &[&str]| contains(&error(&folder.run_down(args), 2), parts);
    let create = ["collateral", "create", "--ramp-seconds", "3600", "--cap", "1", "--mint"];
    refused(&[&create[..], &["xyz", "--weight", "0.5"]].concat(), &["--mint", "xyz", "base58"]);
    refused(&[&create[..], &[CLEARINGHOUSE, "--weight", "1.1"]].concat(), &["--weight", "1.1", "at most 1"]);
    let buy = ["collateral", "buy", CLEARINGHOUSE, "0", "5", "--buyer", "0", "--limit"];
    refused(&[&buy[..], &["-1"]].concat(), &["--limit", "-1", "negative"]);
    refused(&["account", "delegate", "set", "0", "xyz", "--budget", "1"], &["DELEGATE", "xyz"]);
    refused(&["account", "delegate", "set", "0", CLEARINGHOUSE, "--budget", "-1"], &["--budget", "-1", "negative"]);
    refused(
        &["account", "delegate", "set", "0", CLEARINGHOUSE, "--budget", "1", "--actions", "steal"],
        &["steal", "trade"],
    );
    refused(&["oracle", "accept", "BTC", "xyz"], &["PRICE_UPDATE", "xyz"]);
    refused(&["bad-debt", "show", "xyz"], &["OWNER", "xyz"]);
}

/// What a command says when the endpoint answers every request with `answer`.
fn lied_to(folder: &Folder, answer: &str) -> String {
    let server = Server::start(answer);
    let run = folder.run(&["--url", &server.url, "--clearinghouse", CLEARINGHOUSE, "clearinghouse", "show"]);
    let text = error(&run, 1);
    contains(&text, &[&server.url, "check"]);
    text
}

/// The answer to `getMultipleAccounts`.
fn accounts(accounts: &[Value]) -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "result": { "context": { "slot": 1 }, "value": accounts } }).to_string()
}

/// An account of `owner` that begins with `discriminator`.
fn account(owner: &Pubkey, discriminator: [u8; 8]) -> Value {
    let mut data = [1; 32];
    data[..8].copy_from_slice(&discriminator);
    // An address is 32 bytes in base58, which is an encoding of account data too.
    let data = Pubkey::new_from_array(data).to_string();
    json!({
        "lamports": 1, "owner": owner.to_string(), "executable": false, "rentEpoch": 0, "space": 32,
        "data": [data, "base58"],
    })
}

#[test]
fn an_endpoint_that_is_no_json_rpc_or_lies_is_named() {
    let folder = Folder::new("lying");
    let lied = |answer: &str| lied_to(&folder, answer);
    contains(&lied("<html>not here</html>"), &["no usable answer from"]);
    contains(&lied("{\"jsonrpc\": \"2.0\", \"id\": 0, \"result\": 7}"), &["no usable answer from"]);
    contains(&lied(&accounts(&[])), &["no usable answer from", "asked for 1 accounts, answered with 0"]);
    contains(&lied(&accounts(&[Value::Null])), &["no Clearinghouse at", CLEARINGHOUSE]);
    let foreign = lied(&accounts(&[account(&Pubkey::default(), [7; 8])]));
    contains(&foreign, &["Clearinghouse", CLEARINGHOUSE, "owned by 11111111111111111111111111111111"]);
    let unknown = lied(&accounts(&[account(&plimsoll::ID, [7; 8])]));
    contains(&unknown, &["is no account that this client knows, not a Clearinghouse"]);
    let other = lied(&accounts(&[account(&plimsoll::ID, plimsoll::state::MarginAccount::discriminator())]));
    contains(&other, &["is a MarginAccount, not a Clearinghouse"]);
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
    contains(&create(&text, 1), &["no usable answer from"]);
    contains(&create("[auction]\nd7 = 1\n", 2), &["btc.toml", "[auction]", "d7", "d0"]);
    contains(&create("[auktion]\nd0 = 1\n", 2), &["[auktion]", "limits"]);
    contains(&create("[grid]\nstrike_step = \"wide\"\n", 2), &["[grid]", "strike_step", "integer"]);
    contains(&create("[grid]\nexpiry_interval_seconds = 1\n", 2), &["expiry_interval_seconds = 1", "3600", "2592000"]);
    contains(&create("[auction]\nd0 = -1\n", 2), &["[auction]", "d0 = -1"]);
}

/// What `underlying create` lists the preset with, and what its calibration proposes.
fn preset_and_proposal(preset: &str) -> [toml::Table; 2] {
    let folder = Folder::new(&format!("calibrated-{preset}"));
    let printed = folder.run(&["underlying", "create", "--preset", preset, "--print-default-parameters"]);
    let file = format!("{}/../../docs/calibration/{preset}.toml", env!("CARGO_MANIFEST_DIR"));
    let proposed = std::fs::read_to_string(file).unwrap();
    [String::from_utf8(printed.stdout).unwrap(), proposed].map(|text| toml::from_str(&text).unwrap())
}

#[test]
fn sol_is_listed_with_the_group_that_its_calibration_proposes() {
    let [printed, proposed] = preset_and_proposal("sol");
    assert_eq!(proposed.keys().collect::<Vec<_>>(), ["cross", "scan", "volatility"]);
    for (group, fields) in &proposed {
        for (field, value) in fields.as_table().unwrap() {
            assert_eq!(&printed[group][field], value, "[{group}] {field}");
        }
    }
}

#[test]
fn no_preset_is_less_cautious_than_its_calibration() {
    for preset in ["btc", "eth", "sol"] {
        let [printed, proposed] = preset_and_proposal(preset);
        // The percentages grow with the range over its reference: a higher reference takes from them.
        let reference = |table: &toml::Table| table["scan"]["range_reference"].as_integer().unwrap();
        for (group, fields) in &proposed {
            for (field, value) in fields.as_table().unwrap() {
                let (held, wanted) = (printed[group][field].as_integer().unwrap(), value.as_integer().unwrap());
                match field.as_str() {
                    "range_reference" => {}
                    "max_spot" | "min_spot" | "mm_call" | "mm_put" => {
                        assert!(held >= wanted, "{preset}: [{group}] {field} = {held}, proposed {wanted}");
                        let (held, wanted) = (held * reference(&proposed), wanted * reference(&printed));
                        assert!(held >= wanted, "{preset}: [{group}] {field} over its reference range");
                    }
                    "deviations" | "range_floor" | "reference" => {
                        assert!(held >= wanted, "{preset}: [{group}] {field} = {held}, proposed {wanted}");
                    }
                    _ => assert_eq!(held, wanted, "{preset}: [{group}] {field}"),
                }
            }
        }
    }
}

#[test]
fn the_portfolio_group_is_a_part_of_it_and_its_grid_reaches_the_range() {
    let folder = Folder::new("portfolio-parameters");
    let printed = folder.run(&["underlying", "create", "--preset", "sol", "--print-default-parameters"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    contains(&text, &["[portfolio]", "grid_step = 60000", "linear_c_base = -50000", "tails = [340000, 670000,"]);
    let refused = |change: &str, to: &str| {
        assert!(text.contains(change), "{change}: {text}");
        let file = folder.write("sol.toml", &text.replace(change, to));
        error(&folder.run_down(&["underlying", "create", "--preset", "sol", "--parameters", &file]), 2)
    };
    contains(&refused("grid_step = 60000", "grid_step = 59999"), &["[scan]", "range_cap", "480000", "59999"]);
    contains(&refused("linear_c_base = -50000", "linear_c_base = -3000000000"), &["linear_c_base", "-2147483648"]);
    let tails = text.lines().find(|line| line.starts_with("tails")).unwrap();
    contains(&refused(tails, "tails = 3"), &["[portfolio] tails", "a list of at most 8 integers"]);
    contains(&refused(tails, "tails = [340000, 1]"), &["[portfolio]", "tails"]);
    // Fewer tails are fine: it fails only where there is no chain.
    let file = folder.write("sol.toml", &text.replace(tails, "tails = [340000]"));
    error(&folder.run_down(&["underlying", "create", "--preset", "sol", "--parameters", &file]), 1);
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
