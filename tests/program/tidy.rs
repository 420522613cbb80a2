//! Checks of the sources themselves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll::report::TEXTS;
use plimsoll_client::error_codes;
use plimsoll_tests::chain::workspace_path;

/// Folders with sources of ours.
const FOLDERS: [&str; 11] = [
    "core",
    "programs/plimsoll/src",
    "client",
    "keepers",
    "calibration",
    "prices",
    "sbf",
    "demo",
    "localnet",
    "tests",
    "xtask/src",
];
/// Lines that a file may have.
const LINES: usize = 600;
/// Where the handlers are.
const INSTRUCTIONS: &str = "programs/plimsoll/src/instructions";
/// Where the tests of the program are.
const TESTS: &str = "tests/program";
/// Files of the program that name account lists, and why: those of the programs it calls.
const CALLS_OUT: [&str; 2] = ["programs/plimsoll/src/addresses.rs", "programs/plimsoll/src/tokens.rs"];

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
    let found = sources_in(&FOLDERS);
    assert!(found.len() > 100, "only {} files: the folders are not where they were", found.len());
    found
}

fn sources_in(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in folders {
        let before = found.len();
        rust_files(&workspace_path(folder), &mut found);
        assert!(found.len() > before, "{folder} holds no sources: it is not where it was");
    }
    found
}

/// Panics with every file that `broken` finds something in.
fn refuse(broken: impl Fn(&Path, &str) -> Option<String>) {
    refuse_in(&sources(), broken);
}

fn refuse_in(files: &[(PathBuf, String)], broken: impl Fn(&Path, &str) -> Option<String>) {
    let found: Vec<String> =
        files.iter().filter_map(|(path, text)| Some(format!("{}: {}", path.display(), broken(path, text)?))).collect();
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

/// Name and source of every instruction.
fn instructions() -> Vec<(String, String)> {
    let name = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let files = sources_in(&[INSTRUCTIONS]).into_iter();
    let mut found: Vec<_> = files.map(|(path, text)| (name(path), text)).filter(|(name, _)| name != "mod").collect();
    found.sort();
    found
}

/// Source of the test module `name`, its parts included; empty if there is none.
fn test_module(name: &str) -> String {
    let mut files = Vec::new();
    rust_files(&workspace_path(&format!("{TESTS}/{name}")), &mut files);
    let own = std::fs::read_to_string(workspace_path(&format!("{TESTS}/{name}.rs"))).unwrap_or_default();
    files.into_iter().map(|(_, text)| text).chain([own]).collect()
}

#[test]
fn every_error_is_named_in_a_test() {
    let tests: String =
        sources_in(&[TESTS]).into_iter().filter(|(path, _)| !path.ends_with("tidy.rs")).map(|f| f.1).collect();
    let asserted = |name: &str| tests.contains(&format!("\"{name}\""));
    let errors: Vec<&str> = error_codes::all().map(|(name, _)| name).collect();
    assert!(errors.len() > 100, "only {} errors", errors.len());
    let missing: Vec<_> = errors.iter().filter(|name| !asserted(name)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}

#[test]
fn the_upgrade_authority_stands_first() {
    let table = std::fs::read_to_string(workspace_path("docs/privileges.md")).expect("docs/privileges.md");
    let first = table.lines().filter(|line| line.starts_with("| ")).nth(1).expect("a row");
    assert!(first.starts_with("| upgrade authority of the program |"), "{first}");
}

#[test]
fn every_instruction_has_a_test_module_of_its_name() {
    let main = std::fs::read_to_string(workspace_path(&format!("{TESTS}/main.rs"))).expect("main.rs");
    let instructions = instructions();
    let interface = std::fs::read_to_string(workspace_path("programs/plimsoll/src/lib.rs")).expect("lib.rs");
    assert_eq!(instructions.len(), interface.matches("    pub fn ").count(), "a file for every instruction");
    let tested = |name: &str| !test_module(name).is_empty() && main.contains(&format!("mod {name};"));
    let missing: Vec<_> = instructions.iter().map(|(name, _)| name).filter(|name| !tested(name)).collect();
    assert!(missing.is_empty(), "without a test module: {missing:?}");
}

#[test]
fn a_handler_has_at_least_as_many_tests_as_its_specification_has_bullets() {
    let mut short = Vec::new();
    for (name, source) in instructions() {
        let (_, specification) = source.split_once("Specification:").unwrap_or_else(|| panic!("{name} has none"));
        let lines = specification.lines().skip(1).map(str::trim).take_while(|line| line.starts_with("///"));
        let bullets = lines.filter(|line| line.starts_with("/// - ")).count();
        assert!(bullets > 0, "{name}: an empty specification");
        let tests = test_module(&name).matches("#[test]").count();
        if tests < bullets {
            short.push(format!("{name}: {bullets} bullets, {tests} tests"));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn every_stored_field_is_documented() {
    let mut fields = 0;
    let mut bare = Vec::new();
    for (path, text) in sources_in(&["programs/plimsoll/src/state"]) {
        let mut documented = false;
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("#[")) {
            let is_field = line.starts_with("pub ") && line.ends_with(',') && line.contains(": ");
            fields += usize::from(is_field);
            if is_field && !documented {
                bare.push(format!("{}: {line}", path.display()));
            }
            documented = line.starts_with("///");
        }
    }
    assert!(fields > 150, "only {fields} fields");
    assert!(bare.is_empty(), "without meaning, unit and writer:\n{}", bare.join("\n"));
}

#[test]
fn account_lists_are_written_in_the_client_and_nowhere_else() {
    let folders = ["core", "programs", "client", "keepers", "demo", "localnet", "prices", "xtask"];
    let called: Vec<PathBuf> = CALLS_OUT.iter().map(|file| workspace_path(file)).collect();
    refuse_in(&sources_in(&folders), |path, text| {
        let allowed = path.starts_with(workspace_path("client/rust/src")) || called.iter().any(|file| file == path);
        (text.contains("AccountMeta") && !allowed).then(|| "names an account list".to_owned())
    });
}

#[test]
fn the_errors_of_the_framework_that_the_program_returns_have_their_texts() {
    let mut named = BTreeSet::new();
    for (_, text) in sources_in(&["programs/plimsoll/src"]).iter().filter(|(path, _)| !path.ends_with("report.rs")) {
        let codes = text.split("ErrorCode::").skip(1);
        let name = |code: &str| code.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
        named.extend(codes.map(name));
    }
    assert_eq!(named, TEXTS.iter().map(|(_, name, _)| (*name).to_owned()).collect());
}

#[test]
fn core_and_program_hold_no_tests() {
    refuse_in(&sources_in(&["core/src", "programs/plimsoll/src"]), |_, text| {
        text.contains("#[cfg(test)]").then(|| "holds tests: they belong beside the crate".to_owned())
    });
}
