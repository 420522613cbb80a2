//! Where things are: the repository, its target folders and the tool cache.

use std::env;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, or `target` in the repository.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// Where the deployable programs go. Always in the repository, whatever `CARGO_TARGET_DIR` says: tests, demo and
/// localnet look for them there.
pub fn deploy_dir() -> PathBuf {
    root().join("target/deploy")
}

/// Tools and logs that outlive the target folder: `PLIMSOLL_CACHE`, or `~/.cache/plimsoll`.
pub fn cache_dir() -> PathBuf {
    match env::var_os("PLIMSOLL_CACHE") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => home_dir().join(".cache/plimsoll"),
    }
}

/// Cargo's home, which holds the sources of all dependencies.
pub fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home_dir().join(".cargo"), PathBuf::from)
}

fn home_dir() -> PathBuf {
    env::var_os("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

/// The path below the repository, for messages.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
