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
    let file = folder.write("BTC_1h.csv", &prices(320));
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
    let (file, chain) = (folder.write("BTC_1h.csv", &prices(320)), folder.write("chain.csv", CHAIN));
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
    let short = folder.write("BTC_short.csv", &prices(1));
    let text = refusal(&folder.run(&["calibrate", "--prices", &short]));
    assert!(text.contains("BTC_short.csv: 24 bars over 86400 s") && text.contains("28 bars"), "{text}");
    let one = folder.write("BTC_one.csv", "timestamp,open,high,low,close\n0,1,1,1,1\n");
    let text = refusal(&folder.run(&["calibrate", "--prices", &one]));
    assert!(text.contains("BTC_one.csv: one bar, at 0"), "{text}");
}

#[test]
fn what_files_and_their_names_hold_does_nothing_to_a_terminal_or_to_the_toml() {
    let folder = Folder::new("control");
    for lines in
        ["timestamp,open,high,low,\u{1b}[31mclosed\n0,1,1,1,1\n", "timestamp,open,high,low,close\n0,1,\u{1b}[2J,1,1\n"]
    {
        let file = folder.write("BTC_1h.csv", lines);
        let text = refusal(&folder.run(&["calibrate", "--prices", &file]));
        assert!(text.contains("\\u{1b}[") && text.lines().count() == 1 && !text.contains('\u{1b}'), "{text:?}");
    }
    let chain = folder.write("chain\u{1b}.csv", &CHAIN.replace("BTC", "B\u{1b}[1mTC"));
    let file = folder.write("A#\n[scan]\ndeviations = 1\n_1.csv", &prices(40));
    let run = |args: &[&str]| {
        let output = folder.run(&[&["calibrate", "--prices", &file, "--chains", &chain], args].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!error.contains('\u{1b}') && error.lines().all(|line| !line.starts_with("[scan]")), "{error:?}");
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let (toml, code) = run(&["--toml"]);
    assert_eq!(code, Some(3));
    assert!(toml.lines().all(|line| line.is_empty() || line.starts_with('#')), "{toml}");
    let text = run(&[]).0;
    assert!(!text.contains('\u{1b}') && !text.contains("\n[scan]") && text.contains("B\\u{1b}[1MTC"), "{text:?}");
}

#[test]
fn files_that_do_not_fit_together_are_named() {
    let folder = Folder::new("together");
    let (hours, copy) = (folder.write("BTC_1h.csv", &prices(30)), folder.write("BTC_copy.csv", &prices(30)));
    let text = refusal(&folder.run(&["calibrate", "--prices", &hours, &copy]));
    assert!(text.contains("BTC_1h.csv and BTC_copy.csv hold the same bars"), "{text}");
    let days: String = (0..30).map(|day| format!("{},80,80,80,80\n", 1_577_836_800 + day * 86_400)).collect();
    let index = folder.write("BTC_index.csv", &format!("timestamp,open,high,low,close\n{days}"));
    let text = refusal(&folder.run(&["calibrate", "--prices", &hours, &index]));
    assert!(text.contains("BTC_1h.csv says BTC was at") && text.contains("BTC_index.csv says 80"), "{text}");
    let later = 1_577_836_800 + 719 * 3_600 + 300;
    let mixed = folder.write("BTC_mixed.csv", &(prices(30) + &format!("{later},1,1,1,1\n")));
    let text = refusal(&folder.run(&["calibrate", "--prices", &mixed]));
    assert!(text.contains("BTC_mixed.csv, line 722: this bar begins 300 s after"), "{text}");
}

/// Hours of four days that fall and rise by two thirds.
fn crash() -> String {
    let (mut text, mut price) = ("timestamp,open,high,low,close\n".to_owned(), 10_000.0f64);
    for hour in 0..96u64 {
        let open = price;
        price *= if (40..=48).contains(&hour) { 0.88 } else { 1.001 };
        let (low, high) = (open.min(price), open.max(price));
        text += &format!("{},{open:.4},{high:.4},{low:.4},{price:.4}\n", 1_577_836_800 + hour * 3_600);
    }
    text
}

#[test]
fn a_crash_alone_is_reported_in_every_form_and_proposed_in_none() {
    let folder = Folder::new("crash");
    let (file, page) = (folder.write("BTC_crash.csv", &crash()), folder.path("crash.html"));
    let missing = "BTC: nothing is proposed for [volatility], [scan], [cross], [collateral]";
    let run = |args: &[&str]| {
        let output = folder.run(&[args, &["calibrate", "--prices", &file, "--html", &page]].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains(missing), "{error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&[]);
    let parts = [
        missing,
        "coverage not reached: BTC_crash.csv: no k that the rule book allows covers 99.0 %; the most is ",
        "too few windows: BTC_crash.csv: 62 windows, of which 3 share no bar",
        ": comes closest",
        "procyclicality of the shipped range",
        "haircut of collateral in this coin, not proposed",
        "a multiple of a range that is not proposed",
        "no parameter group is proposed",
    ];
    let shown = std::fs::read_to_string(&page).unwrap();
    for part in parts {
        assert!(text.contains(part), "{part} in {text}");
        let part = part.replace("windows: ", "windows</b> ").replace("reached: ", "reached</b> ");
        assert!(shown.contains(&part), "{part} in the page");
    }
    assert!(!text.contains(" proposed ┆") && !text.contains("\n[scan]\n"), "{text}");
    assert_eq!(shown.matches("<svg").count(), 2);
    assert!(shown.contains("2020-01-02") && !shown.contains("NaN") && shown.contains("shipped maintenance margin"));
    let report: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let btc = &report["underlyings"][0];
    assert_eq!(btc["not_proposed"].as_array().unwrap().len(), 4);
    assert_eq!((btc["parameters"].as_object().unwrap().len(), btc["proposed"].as_array().unwrap().len()), (0, 0));
    let warning = &btc["warnings"][0];
    assert_eq!((warning["name"].as_str(), warning["target"].as_f64()), (Some("coverage_not_reached"), Some(0.99)));
    assert!(warning["reached"].as_f64().unwrap() < 0.99 && warning["best_at"].as_u64().unwrap() > 4_000_000);
    assert!(warning["worst"]["change"].as_f64().unwrap() < -0.5 && warning["text"].as_str().unwrap().contains("k = "));
    assert_eq!(btc["withheld"][0]["field"].as_str(), Some("deviations"));
    let output = folder.run(&["calibrate", "--prices", &file, "--toml"]);
    let toml = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(toml.lines().all(|line| line.is_empty() || line.starts_with('#')), "{toml}");
    assert!(
        toml.contains("# warning: coverage not reached: ") && toml.contains("# [scan]: nothing is proposed."),
        "{toml}"
    );
}

#[test]
fn a_short_history_is_reported_with_the_windows_it_lacks_and_not_proposed() {
    let folder = Folder::new("short");
    let swing = |day: u64| 100.0 + (day % 4) as f64;
    let day = |d: u64| format!("{},100,{},{},100\n", 1_577_836_800 + d * 86_400, swing(d), 200.0 - swing(d + 2));
    let lines: String = (0..11).map(day).collect();
    let file = folder.write("BTC_1d.csv", &format!("timestamp,open,high,low,close\n{lines}"));
    let output = folder.run(&["calibrate", "--prices", &file, "--toml"]);
    let (toml, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.contains("BTC: nothing is proposed for [volatility], [scan], [cross], [collateral]"), "{error}");
    let known =
        "warning: too few windows: BTC_1d.csv: 8 windows, of which 8 share no bar; even without a breach so many \
                 show a coverage of 68.77 % at most (95 % confidence); the target takes 299";
    assert!(toml.contains(&format!("\n# {known}\n")) && toml.contains("\n# [scan]: nothing is proposed.\n"), "{toml}");
    assert!(error.contains(known), "{error}");
    let text = String::from_utf8(folder.run(&["calibrate", "--prices", &file]).stdout).unwrap();
    let why = text.lines().find(|line| line.contains("[scan] deviations")).unwrap_or_default();
    assert!(why.contains("not enough independent windows: 8 of 299"), "{text}");
}

#[test]
fn a_delay_longer_than_the_history_is_not_tested_and_gives_no_percentages() {
    let folder = Folder::new("untested");
    let (file, page) = (folder.write("BTC_1h.csv", &prices(320)), folder.path("untested.html"));
    let output = folder.run(&["calibrate", "--prices", &file, "--auction-delay", "40000000", "--html", &page]);
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.contains("BTC: nothing is proposed for [cross];"), "{error}");
    assert!(text.contains("percentages not tested: ") && text.contains("0 moments whether a book is closed"), "{text}");
    assert!(text.contains("nothing to test it on") && text.contains("\n[scan]\n") && !text.contains("\n[cross]\n"));
    assert!(std::fs::read_to_string(page).unwrap().contains("not tested"));
}

#[test]
fn prices_that_never_move_are_reported_and_nothing_is_proposed() {
    let folder = Folder::new("still");
    let lines: String = (0..240).map(|hour| format!("{},7,7,7,7\n", 1_577_836_800 + hour * 3_600)).collect();
    let file = folder.write("BTC_1h.csv", &format!("timestamp,open,high,low,close\n{lines}"));
    let page = folder.path("still.html");
    let output = folder.run(&["calibrate", "--prices", &file, "--html", &page]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("prices do not move: BTC_1h.csv: no price of this file"), "{text}");
    // A range that never rises has no day on which it does.
    assert!(!text.contains("1970-01-01") && text.contains("none ┆"), "{text}");
    assert!(!std::fs::read_to_string(page).unwrap().contains("NaN"));
}

#[test]
fn files_of_one_name_in_two_folders_are_told_apart() {
    let folder = Folder::new("twins");
    // Every third day crosses more than the largest range.
    let wild = |low: u64| -> String {
        let day = |d: u64| {
            format!("{},100,101,{},100\n", 1_577_836_800 + d * 86_400, if d.is_multiple_of(3) { low } else { 99 })
        };
        format!("timestamp,open,high,low,close\n{}", (0..150).map(day).collect::<String>())
    };
    let write = |name: &str, low: u64| {
        std::fs::create_dir_all(folder.path(name)).unwrap();
        folder.write(&format!("{name}/BTC_1d.csv"), &wild(low))
    };
    let (a, b) = (write("a", 40), write("b", 30));
    let output = folder.run(&["calibrate", "--prices", &a, &b]);
    let text = String::from_utf8(output.stdout).unwrap();
    for file in [&a, &b] {
        assert!(text.contains(&format!("- coverage not reached: {file}: no k")), "{text}");
    }
    let text = refusal(&folder.run(&["calibrate", "--prices", &a, &a]));
    assert!(text.contains("BTC_1d.csv and BTC_1d.csv hold the same bars"), "{text}");
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
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("Example") && help.contains("Exit codes: 0 every group is proposed, 2 bad input, 3"),
        "{help}"
    );
}
