//! Proof that core needs neither std nor a heap: it is linked into an object that has none.

use crate::repo;
use crate::run;
use anyhow::{bail, Context, Result};
use std::fs;

/// A crate that is `no_std` all the way down is one that links where no std is. Every symbol that core and what it
/// depends on leave open must be the language's own; an allocation or a call into std would be an open symbol of theirs.
const PROBE: &str = r#"#![no_std]
#![no_main]
extern crate plimsoll_core;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
"#;

/// Builds the probe. Linking std as well would define the panic handler twice, which rustc refuses; an allocation
/// without std has no allocator, which it refuses too.
pub fn check() -> Result<()> {
    let source = fs::read_to_string(repo::root().join("core/src/lib.rs"))?;
    if !source.contains("#![no_std]") {
        bail!("core/src/lib.rs has no `#![no_std]`");
    }
    let target = repo::target_dir().join("no-std");
    let mut build = run::cargo();
    build.args(["build", "--locked", "--release", "--package", "plimsoll-core", "--lib", "--target-dir"]).arg(&target);
    run::logged("compiling core alone", &mut build)?;
    let probe = target.join("probe.rs");
    fs::write(&probe, PROBE).context("cannot write the probe")?;
    let mut rustc = run::cargo_tool("rustc");
    rustc.args(["--edition", "2021", "--crate-type", "staticlib", "-Cpanic=abort", "--emit", "link"]);
    rustc.arg("--extern").arg(format!("plimsoll_core={}", target.join("release/libplimsoll_core.rlib").display()));
    rustc.arg("-L").arg(target.join("release/deps")).arg("-o").arg(target.join("libprobe.a")).arg(&probe);
    run::visible(&mut rustc)
}
