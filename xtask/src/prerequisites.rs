//! What a bare Debian with rustup lacks: asked for by name, installed where we may.

use crate::run;
use anyhow::{bail, Result};
use std::path::Path;
use std::process::{Command, Stdio};

/// A part of the machine that dependencies' build scripts use.
struct Need {
    name: &'static str,
    why: &'static str,
    present: fn() -> bool,
}

const NEEDS: [Need; 3] = [
    Need { name: "a C compiler", why: "Rust links with it; ring, zstd and lz4 are C", present: || run::exists("cc") },
    Need { name: "make", why: "the runtime's OpenSSL is built from source", present: || run::exists("make") },
    Need { name: "perl with its standard modules", why: "OpenSSL's build is written in it", present: perl },
];

/// Checks them all, and installs `build-essential` (which has them all) as root on Debian. Elsewhere says what to do.
pub fn ensure() -> Result<()> {
    let missing: Vec<_> = NEEDS.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {} ({})", need.name, need.why);
    }
    if !run::exists("apt-get") {
        bail!("install the above with your system's package manager");
    }
    if !is_root() {
        bail!("run: sudo apt-get update && sudo apt-get install -y build-essential");
    }
    eprintln!("Installing build-essential.");
    run::logged("reading Debian's package lists", Command::new("apt-get").args(["-q", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "-q", "-y", "--no-install-recommends"]);
    run::logged("installing build-essential", install.arg("build-essential"))
}

/// Debian's `perl-base` starts, but has not the modules that OpenSSL's build loads.
fn perl() -> bool {
    let modules = ["-MFindBin", "-MFile::Compare", "-MFile::Copy", "-MIPC::Cmd", "-e1"];
    let mut perl = Command::new("perl");
    perl.args(modules).stdout(Stdio::null()).stderr(Stdio::null());
    perl.status().is_ok_and(|status| status.success())
}

/// Whether this process runs as root: its entry under `/proc` belongs to the user it runs as.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0)
}
