//! Checks of the sources themselves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_tests::chain::workspace_path;

/// Folders with sources of ours.
const FOLDERS: [&str; 8] =
    ["core/src", "programs/plimsoll/src", "client/rust/src", "keepers", "demo", "localnet", "tests", "xtask/src"];
/// Lines that a file may have.
const LINES: usize = 600;

fn rust_files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            found.push((path, text));
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        rust_files(&workspace_path(folder), &mut found);
    }
    assert!(found.len() > 100, "only {} files: the folders are not where they were", found.len());
    found
}

/// Panics with every file that `broken` finds something in.
fn refuse(broken: impl Fn(&Path, &str) -> Option<String>) {
    let found: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| Some(format!("{}: {}", path.display(), broken(path, text)?)))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_file_is_long() {
    refuse(|_, text| {
        let lines = text.lines().count();
        (lines > LINES).then(|| format!("{lines} lines, at most {LINES}"))
    });
}

#[test]
fn nothing_is_put_off_or_ignored() {
    // Put together here, so that this file does not find itself.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[", "ignore"].concat(), ["todo", "!("].concat()];
    refuse(|_, text| words.iter().find(|word| text.contains(word.as_str())).cloned());
}

#[test]
fn every_named_test_exists() {
    let text = std::fs::read_to_string(workspace_path("docs/threats.md")).expect("docs/threats.md");
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(named.len() > 40, "only {} names", named.len());
    let mut files = Vec::new();
    rust_files(&workspace_path("tests/program"), &mut files);
    let exists = |name: &&str| {
        let mut parts = name.rsplit("::");
        let (test, module) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let function = format!("fn {test}()");
        files.iter().any(|(path, text)| {
            let path = path.with_extension("");
            let path = if path.ends_with("mod") { path.parent().map(Path::to_path_buf) } else { Some(path) };
            path.is_some_and(|path| path.ends_with(module)) && text.contains(&function)
        })
    };
    let missing: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "docs/threats.md names tests that do not exist: {missing:?}");
}
