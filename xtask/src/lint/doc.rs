//! Documentation with every rustdoc warning an error.

use crate::run;
use anyhow::Result;

/// `cargo doc` checks all dependencies in a form no build can use, so it is asked for the crates others read and
/// deploy: the rule book, the program and this tool. `missing_docs` covers the rest in clippy.
pub fn check() -> Result<()> {
    let mut command = run::cargo();
    command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps", "--locked", "--lib"]);
    command.args(["--package", "plimsoll-core", "--package", "plimsoll", "--package", "xtask"]);
    run::logged("rustdoc", &mut command)
}
