//! `cargo xtask idl`: the program's interface description, from its source.

use crate::repo;
use anchor_lang_idl::build::IdlBuilder;
use anyhow::{bail, Context, Result};
use clap::Args;
use std::env;
use std::fs;

/// Options of `idl`.
#[derive(Args, Default)]
pub struct Options {
    /// Only compare with the file that is there.
    #[arg(long)]
    pub check: bool,
}

/// Builds the IDL and writes or compares `idl/plimsoll.json`.
pub fn idl(options: &Options) -> Result<()> {
    let path = repo::root().join("idl/plimsoll.json");
    let fresh = build()?;
    let current = fs::read_to_string(&path).unwrap_or_default();
    let shown = repo::shown(&path);
    if current == fresh {
        println!("{shown} is current");
        return Ok(());
    }
    if options.check {
        bail!("{shown} does not describe the program as it is: run `cargo xtask idl` and commit the file");
    }
    fs::create_dir_all(repo::root().join("idl"))?;
    fs::write(&path, fresh).with_context(|| format!("cannot write {shown}"))?;
    println!("{shown} written");
    Ok(())
}

fn build() -> Result<String> {
    // The builder hands a set RUSTUP_TOOLCHAIN to cargo in a form cargo does not read. It also sets RUSTFLAGS, so that
    // everything is built once more: in a folder of its own, or the next test run would start from zero.
    env::remove_var("RUSTUP_TOOLCHAIN");
    let outer = env::var_os("CARGO_TARGET_DIR");
    env::set_var("CARGO_TARGET_DIR", repo::target_dir().join("idl"));
    let built = IdlBuilder::new()
        .program_path(repo::root().join("programs/plimsoll"))
        .cargo_args(vec!["--locked".to_owned()])
        .build();
    match outer {
        Some(dir) => env::set_var("CARGO_TARGET_DIR", dir),
        None => env::remove_var("CARGO_TARGET_DIR"),
    }
    let idl = built.context("building the IDL")?;
    Ok(serde_json::to_string_pretty(&idl)? + "\n")
}
