//! The binary from the outside: what it refuses, prints and writes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test alone.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-demo-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn demo(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plimsoll-demo")).current_dir(folder).args(args).output().unwrap()
}

#[test]
fn a_bad_price_file_is_refused_with_line_and_value() {
    let folder = Folder::new("bad");
    let header = "timestamp,open,high,low,close";
    let good = "1780444800,100,101,99,100";
    for (line, named) in [
        ("1780445100,100,1o1,99,100", ["line 3", "column `high`", "`1o1` is not a number"]),
        ("1780445100,100,101,99,-7", ["line 3", "column `close`", "-7 is outside"]),
        ("yesterday,100,101,99,100", ["line 3", "column `timestamp`", "`yesterday` is not a time"]),
        ("1780444800,100,101,99,100", ["line 3", "timestamp 1780444800", "comes after 1780444800"]),
        ("1780445100,100,101", ["line 3", "3 fields", "the header has 5"]),
    ] {
        let file = folder.write("BTC_bad.csv", &format!("{header}\n{good}\n{line}\n"));
        let refused = demo(&folder.0, &["--json", "--prices", &file]);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(refused.stdout.is_empty() && text.lines().count() == 1, "{text}");
        for part in [&named[..], &["plimsoll-demo: ", "BTC_bad.csv"]].concat() {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
    let missing = demo(&folder.0, &["--prices", "nowhere.csv"]);
    let text = String::from_utf8(missing.stderr).unwrap();
    assert!(missing.status.code() == Some(2) && text.contains("cannot open nowhere.csv"), "{text}");
    assert!(!folder.0.join("target").exists(), "what is refused leaves nothing");
}

#[test]
fn json_is_the_summary_alone_and_the_files_go_where_they_are_told() {
    let folder = Folder::new("out");
    let mut bars = String::from("timestamp,open,high,low,close\n");
    for bar in 0..20 {
        let price = if bar < 10 { 2_000 } else { 1_500 };
        writeln!(bars, "{},{price},{price},{price},{price}", 1_780_444_800 + bar * 300).unwrap();
    }
    let file = folder.write("ETH_fall.csv", &bars);
    let args = ["--json", "--prices", &file, "--traders", "1", "--out", "run/one", "--picture", "run/one.svg"];
    let played = demo(&folder.0, &args);
    assert_eq!(played.status.code(), Some(0), "{}", String::from_utf8_lossy(&played.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&played.stdout).unwrap();
    assert_eq!((&printed["solvent"], &printed["seed"]), (&true.into(), &1.into()), "{printed}");
    let read = |name: &str| std::fs::read_to_string(folder.0.join("run").join(name)).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&read("one/summary.json")).unwrap(), printed);
    assert!(read("one/report.html").starts_with("<!doctype html>") && read("one.svg").starts_with("<svg"));
    assert!(!folder.0.join("target").exists(), "nothing is written elsewhere");
}
