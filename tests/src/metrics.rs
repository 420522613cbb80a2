//! What the program file was built with: compute-unit snapshots are keyed by it.

use serde::Deserialize;

use crate::chain::program_path;

/// What a program build writes beside the file.
#[derive(Deserialize)]
struct BuildRecord {
    toolchain: String,
}

/// The toolchain of the program file, as its build recorded it; `unknown` without a record.
pub fn toolchain() -> String {
    let path = program_path().with_extension("so.json");
    let record = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<BuildRecord>(&bytes).ok());
    record.map_or_else(|| "unknown".to_owned(), |r| r.toolchain)
}
