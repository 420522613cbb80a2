//! `target/deploy/NAME.so.json`: what a deployed file is and what it was made from.

use super::Program;
use crate::repo;
use crate::stack;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// What a build of this tool writes beside the ELF.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// Compiler, LLVM and linker. Compute units depend on them: snapshots are keyed by this text.
    pub toolchain: String,
    /// Bytes of the ELF.
    pub size: u64,
    /// SHA-256 of the ELF, hexadecimal.
    pub sha256: String,
    /// Deepest stack frame in bytes.
    pub deepest_frame_bytes: u32,
    /// SHA-256 over everything the ELF was built from.
    pub inputs: String,
}

impl Record {
    /// One line for the terminal.
    pub fn summary(&self) -> String {
        format!(
            "{} bytes, deepest frame {} of {}, sha256 {}, {}",
            self.size,
            self.deepest_frame_bytes,
            stack::LIMIT,
            self.sha256,
            self.toolchain
        )
    }
}

/// Hash over the sources, the lock, the toolchain and the flags (which are in this tool's sources).
pub fn inputs(program: &Program, toolchain: &str) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(toolchain);
    let sources = ["Cargo.toml", "Cargo.lock", "core/Cargo.toml", "core/src", "programs", "sbf", "xtask/src/sbf"];
    let mut files = Vec::new();
    for source in sources.map(PathBuf::from).into_iter().chain([program.dir.clone()]) {
        collect(&repo::root().join(source), &mut files)?;
    }
    files.sort();
    files.dedup();
    for path in files {
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(repo::shown(&path));
        hash.update([0]);
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    Ok(hex(&hash.finalize()))
}

/// The record of `deployed`, if it was made from these inputs and the file is still the one recorded.
pub fn current(deployed: &Path, inputs: &str) -> Option<Record> {
    let record: Record = serde_json::from_slice(&fs::read(record_path(deployed)).ok()?).ok()?;
    let elf = fs::read(deployed).ok()?;
    (record.inputs == inputs && record.sha256 == hex(&Sha256::digest(elf))).then_some(record)
}

/// Moves `part` to `deployed` and writes its record.
pub fn write(part: &Path, deployed: &Path, toolchain: &str, inputs: String) -> Result<Record> {
    let elf = fs::read(part)?;
    let deepest = stack::frames(&elf)?.first().map_or(0, |frame| frame.bytes);
    let record = Record {
        toolchain: toolchain.to_owned(),
        size: elf.len() as u64,
        sha256: hex(&Sha256::digest(&elf)),
        deepest_frame_bytes: deepest,
        inputs,
    };
    fs::rename(part, deployed)?;
    fs::write(record_path(deployed), serde_json::to_string_pretty(&record)? + "\n")?;
    Ok(record)
}

fn record_path(deployed: &Path) -> PathBuf {
    deployed.with_extension("so.json")
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
