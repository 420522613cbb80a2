//! `plimsoll calibrate` from the outside.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A folder of this test alone.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-calibrate-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }

    fn write(&self, file: &str, text: &str) -> String {
        std::fs::write(self.0.join(file), text).unwrap();
        self.path(file)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_plimsoll")).env_clear().env("HOME", &self.0).args(args).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Hours of `days` that swing by about 0.7 %, from a seed.
fn prices(days: u64) -> String {
    let (mut text, mut price, mut state) = ("timestamp,open,high,low,close\n".to_owned(), 10_000.0f64, 7u64);
    for hour in 0..days * 24 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = price;
        price *= ((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5).mul_add(0.025, 1.0);
        let (low, high) = (open.min(price) * 0.998, open.max(price) * 1.002);
        text += &format!("{},{open:.4},{high:.4},{low:.4},{price:.4}\n", 1_577_836_800 + hour * 3_600);
    }
    text
}

const CHAIN: &str =
    "instrument,currency,bid,ask,delta\nA,BTC,0.050,0.054,0.45\nB,BTC,0.010,0.011,-0.15\nC,BTC,,0.02,0.3\n";

fn refusal(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty());
    text
}

#[test]
fn the_proposed_group_is_what_the_command_line_lists_an_underlying_with() {
    let folder = Folder::new("proposal");
    let file = folder.write("BTC_1h.csv", &prices(200));
    let toml = folder.run(&["calibrate", "--prices", &file, "--toml"]);
    assert!(toml.status.success(), "{}", String::from_utf8_lossy(&toml.stderr));
    let toml = String::from_utf8(toml.stdout).unwrap();
    let proposed = folder.write("btc.toml", &toml);
    // Read before anything is asked of the endpoint, which is down: parameters that it refuses would exit with 2.
    let keypair = folder.path("none.json");
    let args = ["--url", "http://127.0.0.1:1", "--keypair", &keypair, "--clearinghouse"];
    let create = ["PLimsoLLcLearinghouse1111111111111111111111", "underlying", "create", "--preset", "btc"];
    let create = [&args[..], &create[..], &["--parameters"]].concat();
    let bad = folder.write("bad.toml", &toml.replace("range_floor", "range_bottom"));
    let refused = String::from_utf8(folder.run(&[&create[..], &[&bad]].concat()).stderr).unwrap();
    assert!(refused.contains("range_bottom"), "{refused}");
    let accepted = String::from_utf8(folder.run(&[&create[..], &[&proposed]].concat()).stderr).unwrap();
    assert!(!accepted.contains("--parameters") && !accepted.is_empty(), "{accepted}");
}

#[test]
fn the_report_has_every_part_and_is_the_same_every_time() {
    let folder = Folder::new("report");
    let (file, chain) = (folder.write("BTC_1h.csv", &prices(200)), folder.write("chain.csv", CHAIN));
    let args = ["--json", "calibrate", "--prices", &file, "--chains", &chain];
    let first = folder.run(&args);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(first.stdout, folder.run(&args).stdout);
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    let btc = &report["underlyings"][0];
    assert_eq!((btc["asset"].as_str(), report["half_spreads"].as_array().unwrap().len()), (Some("BTC"), 2));
    let coverage = &btc["coverage"][0]["coverage"];
    assert!(coverage["up"].as_f64().unwrap() >= 0.99 && coverage["down"].as_f64().unwrap() >= 0.99);
    assert!(btc["coverage"][0]["initial_range"]["peak_to_trough"].as_f64().unwrap() >= 1.0);
    assert!((btc["closeout"]["half_spread"].as_f64().unwrap() - 0.002).abs() < 1e-12);
    assert!(btc["closeout"]["rows"][0]["probability"][1].as_f64().unwrap() <= 0.001);
    assert!(btc["out_of_sample"]["test"]["windows"].as_u64().unwrap() > 1_000);
    assert!(btc["haircut"]["covered"].as_f64().unwrap() >= 0.99);
    assert!(btc["parameters"]["scan"]["deviations"].as_u64().unwrap() >= 1_000_000);
    assert!(btc["toml"].as_str().unwrap().contains("[scan]"));
}

#[test]
fn the_table_and_the_page_show_the_same_tables() {
    let folder = Folder::new("page");
    let (file, page) = (folder.write("BTC_1h.csv", &prices(150)), folder.path("report.html"));
    let output = folder.run(&["calibrate", "--prices", &file, "--html", &page]);
    let text = String::from_utf8(output.stdout).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    for part in ["procyclicality", "P(E &lt; 0 before the book is closed)", "haircut", "changes against the shipped"] {
        assert!(page.contains(part), "{part}");
        assert!(text.contains(&part.replace("&lt;", "<")), "{part} in {text}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count());
    assert!(!page.contains("NaN"));
}

#[test]
fn a_malformed_file_is_named_with_line_and_field() {
    let folder = Folder::new("malformed");
    let good = folder.write("BTC_1h.csv", &prices(10));
    let bad = folder.write("BTC_bad.csv", "timestamp,open,high,low,close\n0,1,1,1,1\n3600,1,x,1,1\n");
    let text = refusal(&folder.run(&["calibrate", "--prices", &good, &bad]));
    assert!(text.contains("BTC_bad.csv, line 3, column `high`: `x`"), "{text}");
    let chain = folder.write("chain.csv", &CHAIN.replace("0.054", "wide"));
    let text = refusal(&folder.run(&["calibrate", "--prices", &good, "--chains", &chain]));
    assert!(text.contains("chain.csv, line 2, column `ask`: `wide`"), "{text}");
    let text = refusal(&folder.run(&["calibrate", "--prices", "/nowhere/BTC.csv"]));
    assert!(text.contains("/nowhere/BTC.csv"), "{text}");
    let short = folder.write("BTC_short.csv", &prices(2));
    let text = refusal(&folder.run(&["calibrate", "--prices", &short]));
    assert!(text.contains("BTC_short.csv covers 172800 s") && text.contains("259200"), "{text}");
}

#[test]
fn a_flag_outside_its_range_is_named() {
    let folder = Folder::new("flags");
    let file = folder.write("BTC_1h.csv", &prices(10));
    for (flag, value) in [("--coverage", "1"), ("--horizon", "10"), ("--split", "0.95"), ("--probability", "0")] {
        let text = refusal(&folder.run(&["calibrate", "--prices", &file, flag, value]));
        assert!(text.contains(flag) && text.contains(value), "{text}");
    }
    let other = folder.write("ETH_1h.csv", &prices(150));
    let long = folder.write("BTC_1h.csv", &prices(150));
    let text = refusal(&folder.run(&["calibrate", "--toml", "--prices", &long, &other]));
    assert!(text.contains("--toml") && text.contains("BTC, ETH"), "{text}");
    let help = folder.run(&["calibrate", "--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("Example"));
}
