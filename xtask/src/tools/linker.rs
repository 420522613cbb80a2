//! `sbpf-linker` from crates.io and the LLVM it loads at run time, from Debian.

use super::apt::{self, Apt, Suite};
use super::{Tool, Versions};
use crate::repo;
use crate::run;
use anyhow::{bail, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Names in the cache.
pub const NAMES: [&str; 2] = ["llvm", "sbpf-linker"];
/// The linker's version, and the LLVM that this version loads.
const LINKER_VERSION: &str = "0.2.6";
const LLVM_PACKAGE: &str = "libllvm23";
/// Stable Debian has an older LLVM. Its C library comes along, so the linker runs on any machine.
const SUITES: [Suite; 1] = [Suite { archive: "debian", names: "sid" }];

/// The linker, ready to be called as `sbpf-linker-wrapper`.
pub struct Linker {
    llvm: Tool,
    linker: Tool,
}

impl Linker {
    /// The installed linker, installed now if need be.
    pub fn ensure() -> Result<Self> {
        let llvm = super::ensure("llvm", LLVM_PACKAGE, install_llvm)?;
        let linker = super::ensure("sbpf-linker", LINKER_VERSION, install_linker)?;
        Ok(Self { llvm, linker })
    }

    /// Like `LLVM 23.1.4 + sbpf-linker 0.2.6`.
    pub fn version(&self) -> String {
        format!("LLVM {} + sbpf-linker {LINKER_VERSION}", self.llvm.upstream(LLVM_PACKAGE))
    }

    /// Writes the program that the target description names as its linker into `dir`: the linker, started by the
    /// loader and with the libraries that came with its LLVM.
    pub fn write_wrapper(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir)?;
        let libraries = self.llvm.dir.join("usr/lib/x86_64-linux-gnu");
        let libraries = libraries.display();
        let binary = self.linker.dir.join("bin/sbpf-linker");
        let text = format!(
            "#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{libraries}/ld-linux-x86-64.so.2' \
             --library-path '{libraries}' '{}' \"$@\"\n",
            binary.display()
        );
        let path = dir.join("sbpf-linker-wrapper");
        if fs::read_to_string(&path).is_ok_and(|now| now == text) {
            return Ok(());
        }
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

fn install_llvm(dir: &Path) -> Result<Versions> {
    eprintln!("The linker loads LLVM 23, which Debian has in sid: fetching {LLVM_PACKAGE} (about 45 MB).");
    let work = dir.join("apt");
    let apt = Apt::open(&work, &SUITES)?;
    let packages = apt.closure(&[LLVM_PACKAGE], |_| false)?;
    for file in apt.download("downloading LLVM from Debian", &packages)? {
        apt::unpack(&file, dir, None)?;
    }
    fs::remove_dir_all(work)?;
    Ok(packages)
}

fn install_linker(dir: &Path) -> Result<Versions> {
    eprintln!("Building sbpf-linker {LINKER_VERSION} from crates.io (once, 3 to 5 minutes on two cores).");
    let build = repo::cache_dir().join("build/sbpf-linker");
    let mut command = Command::new("cargo");
    run::clean(&mut command);
    command.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    command.args(["install", "--locked", "--version", LINKER_VERSION, "sbpf-linker", "--root"]).arg(dir);
    command.arg("--target-dir").arg(&build);
    run::logged("building sbpf-linker", &mut command)?;
    if !dir.join("bin/sbpf-linker").is_file() {
        bail!("cargo install left no bin/sbpf-linker");
    }
    fs::remove_dir_all(build)?;
    Ok(Versions::from([("sbpf-linker".to_owned(), LINKER_VERSION.to_owned())]))
}
