//! Anza platform-tools, through `cargo build-sbf`.

use super::{Program, Toolchain};
use crate::repo;
use crate::run;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// A working `cargo build-sbf`.
pub struct Anza {
    key: String,
}

impl Anza {
    /// The toolchain, if it is on the path and answers.
    pub fn find() -> Option<Self> {
        if !run::exists("cargo-build-sbf") {
            return None;
        }
        let versions = run::output(run::cargo().args(["build-sbf", "--version"])).ok()?;
        // Like `solana-cargo-build-sbf 4.2.2`, `platform-tools v1.54`, `rustc 1.89.0`.
        let key: Vec<_> = versions.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Some(Self { key: key.join(" + ") })
    }
}

impl Toolchain for Anza {
    fn key(&self) -> &str {
        &self.key
    }

    fn build(&self, program: &Program) -> Result<PathBuf> {
        let out = repo::target_dir().join("sbf-anza");
        let mut command = run::cargo();
        command.arg("build-sbf").arg("--manifest-path").arg(program.dir.join("Cargo.toml"));
        command.arg("--sbf-out-dir").arg(&out).args(["--arch", "v3", "--", "--locked"]);
        run::logged(&format!("building {}", program.package), &mut command)
            .context("`cargo build-sbf` failed; `--with registry` builds without Anza's platform-tools")?;
        let named = out.join(format!("{}.so", program.package.replace('-', "_")));
        Ok(named)
    }
}
