//! The registry-only toolchain: Debian's Rust builds std and the program for LLVM's BPF backend, `sbpf-linker` makes
//! an sBPF v3 ELF of it. Made for machines that reach crates.io and Debian and nothing else.

use super::{Program, Toolchain};
use crate::repo;
use crate::run;
use crate::tools::compiler::Compiler;
use crate::tools::linker::Linker;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of the target description in `sbf/`.
const TARGET: &str = "sbpf-solana-solana";

/// The standard library as Rust distributes it, without overflow checks of its own (a counter of every borrow), and for
/// size: what of it is not generic is formatting and growth.
const STD_PROFILE: [&str; 4] = [
    "profile.release.package.core.overflow-checks=false",
    "profile.release.package.alloc.overflow-checks=false",
    "profile.release.package.core.opt-level='z'",
    "profile.release.package.alloc.opt-level='z'",
];

/// The tools of this toolchain.
pub struct Registry {
    compiler: Compiler,
    linker: Linker,
    key: String,
}

impl Registry {
    /// The toolchain, with its tools installed.
    pub fn ensure() -> Result<Self> {
        let compiler = Compiler::ensure()?;
        let linker = Linker::ensure()?;
        let key = format!("rustc {} + {}", compiler.version(), linker.version());
        Ok(Self { compiler, linker, key })
    }

    fn flags(&self) -> Vec<String> {
        let places = [(repo::root(), "/plimsoll"), (repo::cargo_home(), "/cargo"), (self.compiler.sysroot(), "/rust")];
        let mut flags: Vec<String> = [
            "-Zunstable-options",
            // No message and no unwinding: a panic is an abort, and the program returns errors instead.
            "-Cpanic=immediate-abort",
            "--cfg",
            "target_os=\"solana\"",
            "-Aexplicit_builtin_cfgs_in_flags",
            "-Clink-arg=--llvm-args=--bpf-stack-size=4096",
            // CPU v4 has signed division, which the linker expands for sBPF; its other instructions have no sBPF form.
            "-Clink-arg=--llvm-args=--disable-ldsx",
            "-Clink-arg=--llvm-args=--disable-movsx",
            "-Clink-arg=--llvm-args=--disable-bswap",
            "-Clink-arg=--llvm-args=--disable-gotol",
            "-Clink-arg=--llvm-args=--disable-gotox",
            "-Clink-arg=--llvm-args=--disable-load-acq-store-rel",
            // One thread runs a program: atomics of dependencies become plain loads and stores.
            "-Cpasses=lower-atomic",
            // Size: what must be inlined says so itself. Measured: below 14 the calls take more than the bodies did.
            "-Cllvm-args=-inline-threshold=14",
            "-Clink-arg=--llvm-args=-inline-threshold=20",
            "-Clink-arg=--llvm-args=-inlinehint-threshold=20",
            // Size: a copy of more than six words is a call, which costs no more units than the loads and stores.
            "-Clink-arg=--llvm-args=-bpf-max-stores-per-memfunc=6",
            // The same for a comparison of keys in code that is compiled for size.
            "-Clink-arg=--llvm-args=-max-loads-per-memcmp-opt-size=3",
            // Size: equal functions are one.
            "-Clink-arg=--llvm-args=-enable-merge-functions",
            // The linker takes `s` and `z` from the functions they were compiled for and refuses them as its own level. With
            // so little inlined, what 3 adds to 2 (arguments by value) makes the program smaller, not larger.
            "-Clink-arg=-O3",
        ]
        .map(str::to_owned)
        .to_vec();
        // File names in the program do not tell where it was built.
        for (from, to) in places {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
        flags
    }
}

impl Toolchain for Registry {
    fn key(&self) -> &str {
        &self.key
    }

    fn build(&self, program: &Program) -> Result<PathBuf> {
        let target_dir = repo::target_dir().join("sbf");
        let tools = target_dir.join("bin");
        self.linker.write_wrapper(&tools)?;
        let mut command = Command::new(self.compiler.program("cargo"));
        command.current_dir(repo::root());
        run::clean(&mut command);
        for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"]
        {
            command.env_remove(name);
        }
        command
            .env("PATH", with_path(&tools)?)
            .env("LD_LIBRARY_PATH", self.compiler.libraries())
            .env("RUSTC", self.compiler.program("rustc"))
            // A stable compiler builds std and takes a target description only when told that it is being bootstrapped.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
            .env("RUST_TARGET_PATH", repo::root().join("sbf"))
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\x1f"))
            .args(["build", "--release", "--locked", "-Zbuild-std=std", "--target", TARGET, "--lib"])
            .args(STD_PROFILE.iter().flat_map(|setting| ["--config", setting]))
            .args(["--package", &program.package, "--target-dir"])
            .arg(&target_dir);
        run::logged(&format!("building {}", program.package), &mut command)?;
        let file = format!("lib{}.so", program.package.replace('-', "_"));
        Ok(target_dir.join(TARGET).join("release").join(file))
    }
}

fn with_path(first: &Path) -> Result<std::ffi::OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&rest));
    std::env::join_paths(all).context("PATH")
}
