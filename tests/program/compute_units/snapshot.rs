//! Snapshot files: reading, comparing, and writing them on request.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_tests::chain::workspace_path;
use plimsoll_tests::metrics::toolchain;
use serde::{Deserialize, Serialize};

/// Growth allowed against the snapshot of the same toolchain, percent.
const SAME_TOOLCHAIN_PERCENT: u64 = 1;
/// Growth allowed against the nearest snapshot of another toolchain, percent.
const OTHER_TOOLCHAIN_PERCENT: u64 = 10;
/// Environment variable that writes `cu.json` instead of comparing.
const BLESS_VARIABLE: &str = "PLIMSOLL_BLESS";
/// The command that accepts what is measured now.
const BLESS_COMMAND: &str = "PLIMSOLL_BLESS=1 cargo test -p plimsoll-tests --test program compute_units";

/// A snapshot file.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    toolchain: String,
    cu: BTreeMap<String, u64>,
}

/// Compares with the snapshot of this toolchain, else with that of the nearest; or writes it.
pub fn compare(measured: &BTreeMap<String, u64>) -> Vec<String> {
    let toolchain = toolchain();
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        let text = serde_json::to_string_pretty(&Snapshot { toolchain, cu: measured.clone() }).expect("snapshot");
        std::fs::write(folder().join("cu.json"), text + "\n").expect("write the snapshot");
        return Vec::new();
    }
    let Some(snapshot) = nearest(&toolchain) else {
        return vec![format!("no snapshot in {}; record one: {BLESS_COMMAND}", folder().display())];
    };
    let same = snapshot.toolchain == toolchain;
    let percent = if same { SAME_TOOLCHAIN_PERCENT } else { OTHER_TOOLCHAIN_PERCENT };
    let mut failures = differences(measured, &snapshot.cu, percent);
    if !failures.is_empty() {
        let against = format!("against {} (built with {toolchain}), + {percent} % allowed", snapshot.toolchain);
        failures.push(format!("{against}; accept with: {BLESS_COMMAND}"));
    }
    failures
}

fn differences(measured: &BTreeMap<String, u64>, recorded: &BTreeMap<String, u64>, percent: u64) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, units) in measured {
        match recorded.get(name) {
            None => failures.push(format!("{name}: {units} compute units, not in the snapshot")),
            Some(before) if units * 100 > before * (100 + percent) => {
                failures.push(format!("{name}: {units} compute units, {before} in the snapshot"));
            }
            Some(_) => {}
        }
    }
    let stale = recorded.keys().filter(|name| !measured.contains_key(*name));
    failures.extend(stale.map(|name| format!("{name}: in the snapshot, no longer measured")));
    failures
}

fn folder() -> PathBuf {
    workspace_path("tests/snapshots")
}

/// The snapshot whose toolchain shares the longest beginning with `toolchain`.
fn nearest(toolchain: &str) -> Option<Snapshot> {
    let shared = |other: &str| other.bytes().zip(toolchain.bytes()).take_while(|(a, b)| a == b).count();
    let files = std::fs::read_dir(folder()).ok()?.filter_map(Result::ok);
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with("cu."));
    let parse = |path: PathBuf| serde_json::from_slice::<Snapshot>(&std::fs::read(path).ok()?).ok();
    files.filter_map(|file| parse(file.path())).max_by_key(|snapshot| shared(&snapshot.toolchain))
}

#[test]
fn the_page_on_compute_units_has_the_numbers_of_the_snapshot() {
    let page = std::fs::read_to_string(workspace_path("docs/compute-units.md")).expect("docs/compute-units.md");
    let snapshot = std::fs::read(folder().join("cu.json")).expect("cu.json");
    let snapshot: Snapshot = serde_json::from_slice(&snapshot).expect("a snapshot");
    let mut rows = 0;
    for (name, cells) in page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")) {
        let mut cells = cells.split(" | ");
        let (shown, aim) = (cells.next().expect("units"), cells.next().expect("an aim"));
        let units = snapshot.cu.get(name).unwrap_or_else(|| panic!("{name} of docs/compute-units.md is not measured"));
        assert_eq!(shown, units.to_string(), "{name}: docs/compute-units.md is not up to date");
        let missed = aim.strip_prefix("**missed**: ");
        if let Ok(most) = missed.unwrap_or(aim).replace(',', "").parse::<u64>() {
            assert_eq!(missed.is_some(), *units > most, "{name}: {units} units, an aim of {aim}");
        }
        rows += 1;
    }
    assert_eq!(rows, 20, "rows of the table in docs/compute-units.md");
}

#[test]
fn growth_new_names_and_stale_names_are_found() {
    let map = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, units)| ((*name).to_owned(), *units)).collect();
    let recorded: BTreeMap<String, u64> = map(&[("a", 1_000), ("b", 1_000)]);
    assert!(differences(&map(&[("a", 1_010), ("b", 10)]), &recorded, 1).is_empty());
    assert_eq!(differences(&map(&[("a", 1_011), ("b", 10)]), &recorded, 1).len(), 1);
    assert_eq!(differences(&map(&[("a", 1_000), ("c", 1)]), &recorded, 10).len(), 2);
}
