//! Rust with the BPF backend and the matching standard library source, from Debian.
//!
//! The Rust that rustup installs has no standard library for BPF and no source to build one from; Debian's
//! `rustc-web`, `cargo-web` and `rust-web-src` always carry the same version of all three.

use super::apt::{self, Apt, Suite};
use super::{Tool, Versions};
use crate::repo;
use crate::run;
use anyhow::{bail, Context, Result};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name in the cache.
pub const NAME: &str = "compiler";
const RECIPE: &str = "1";
const WANTED: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const SUITES: [Suite; 2] =
    [Suite { archive: "debian", names: "bookworm" }, Suite { archive: "debian-security", names: "bookworm-security" }];
/// Part of every machine that can link: a second copy of the C library would not fit the machine's loader.
const MACHINE_HAS: [&str; 7] = ["libc6", "libc6-dev", "libgcc-s1", "libstdc++6", "gcc", "binutils", "debconf"];

/// One change of the standard library's source, from `sbf/std-edits.json`.
#[derive(Deserialize)]
struct Edit {
    file: PathBuf,
    find: String,
    replace: String,
}

/// The compiler and where its parts are.
pub struct Compiler {
    tool: Tool,
}

impl Compiler {
    /// The installed compiler, installed now if need be.
    pub fn ensure() -> Result<Self> {
        let edits = fs::read_to_string(edits_path()).context("cannot read sbf/std-edits.json")?;
        let tool = super::ensure(NAME, &format!("{RECIPE}\n{edits}"), |dir| install(dir, &edits))?;
        Ok(Self { tool })
    }

    /// `rustc`'s version.
    pub fn version(&self) -> String {
        self.tool.upstream("rustc-web")
    }

    /// A program of the compiler's `bin` folder.
    pub fn program(&self, name: &str) -> PathBuf {
        self.tool.dir.join("usr/bin").join(name)
    }

    /// Search path of the shared libraries that the programs need beside the machine's own.
    pub fn libraries(&self) -> String {
        let dir = self.tool.dir.display();
        format!("{dir}/usr/lib/x86_64-linux-gnu:{dir}/lib/x86_64-linux-gnu")
    }

    /// The compiler's system root. Cargo finds the standard library's source in it, and names std's crates by their
    /// path below it, so that symbol hashes, and with them the program's bytes, do not depend on where the cache is.
    pub fn sysroot(&self) -> PathBuf {
        self.tool.dir.join("usr")
    }
}

fn edits_path() -> PathBuf {
    repo::root().join("sbf/std-edits.json")
}

fn install(dir: &Path, edits: &str) -> Result<Versions> {
    eprintln!(
        "The BPF standard library is built from Debian's Rust source by the same Rust: fetching rustc-web, cargo-web \
         and rust-web-src (about 150 MB, unpacked in the cache folder, not installed)."
    );
    let work = dir.join("apt");
    let apt = Apt::open(&work, &SUITES)?;
    let packages = apt.closure(&WANTED, |name| MACHINE_HAS.contains(&name))?;
    for file in apt.download("downloading Rust from Debian", &packages)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The source package holds the whole compiler; only `library` is of use.
        let only = name.starts_with("rust-web-src_").then_some("./usr/src/rustc-*/library/*");
        apt::unpack(&file, dir, only)?;
    }
    let library = place_std_source(dir)?;
    apply_edits(&library, edits)?;
    fs::remove_dir_all(work)?;
    Ok(packages)
}

/// Moves the standard library's source to where cargo looks for it. Debian has a link there, to a place of the system.
fn place_std_source(dir: &Path) -> Result<PathBuf> {
    let mut list = Command::new("sh");
    let source = run::output(list.arg("-c").arg("ls -d usr/src/rustc-*/library").current_dir(dir))?;
    let home = dir.join("usr/lib/rustlib/src/rust");
    drop(fs::remove_file(&home));
    fs::create_dir_all(&home)?;
    let library = home.join("library");
    fs::rename(dir.join(source.trim()), &library).context("no library folder in rust-web-src")?;
    Ok(library)
}

/// Applies `sbf/std-edits.json`. Each text must be there exactly once: a new Rust that reads differently is refused
/// here, not miscompiled.
fn apply_edits(library: &Path, edits: &str) -> Result<()> {
    let edits: Vec<Edit> = serde_json::from_str(edits).context("sbf/std-edits.json")?;
    for edit in edits {
        let path = library.join(&edit.file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let count = text.matches(&edit.find).count();
        if count != 1 {
            bail!(
                "{} of this Rust has the text of sbf/std-edits.json {count} times, not once: adapt the edit\n{}",
                edit.file.display(),
                edit.find
            );
        }
        fs::write(&path, text.replace(&edit.find, &edit.replace))?;
    }
    Ok(())
}
