//! Tools kept in the cache folder: installed once, whole or not at all, by one process at a time.

pub mod apt;
pub mod compiler;
pub mod linker;
pub mod wheel;

use crate::repo;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const STAMP: &str = "plimsoll-tool.json";

/// Package names and the versions that were installed.
pub type Versions = BTreeMap<String, String>;

/// What an installed tool says about itself.
#[derive(Serialize, Deserialize)]
struct Stamp {
    /// What was asked for; a tool with another recipe is installed anew.
    recipe: String,
    /// What came.
    versions: Versions,
}

/// An installed tool.
pub struct Tool {
    /// Its folder in the cache.
    pub dir: PathBuf,
    /// Its packages' versions.
    pub versions: Versions,
}

impl Tool {
    /// The upstream version of a package: `1:23.1.4-2` is `23.1.4`.
    pub fn upstream(&self, package: &str) -> String {
        let whole = self.versions.get(package).map_or("unknown", String::as_str);
        let no_epoch = whole.split_once(':').map_or(whole, |(_, rest)| rest);
        no_epoch.split(['-', '+', '~']).next().unwrap_or(no_epoch).to_owned()
    }
}

/// Returns the tool `name`, installing it if it is absent or was made by another `recipe`.
///
/// `install` gets an empty folder, which becomes the tool's only if it succeeds: a half-finished install leaves
/// nothing that looks finished. A lock file keeps a second call waiting until the first is through.
pub fn ensure(name: &str, recipe: &str, install: impl FnOnce(&Path) -> Result<Versions>) -> Result<Tool> {
    let home = repo::cache_dir().join("tools");
    let dir = home.join(name);
    if let Some(tool) = installed(&dir, recipe) {
        return Ok(tool);
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    let lock = File::create(home.join(format!("{name}.lock")))?;
    lock.lock().with_context(|| format!("cannot lock {name}"))?;
    if let Some(tool) = installed(&dir, recipe) {
        return Ok(tool);
    }
    let fresh = home.join(format!("{name}.part"));
    remove(&fresh)?;
    fs::create_dir_all(&fresh)?;
    let versions = install(&fresh).with_context(|| format!("installing {name} into {}", home.display()))?;
    let stamp = Stamp { recipe: recipe.to_owned(), versions };
    fs::write(fresh.join(STAMP), serde_json::to_vec_pretty(&stamp)?)?;
    remove(&dir)?;
    fs::rename(&fresh, &dir)?;
    Ok(Tool { dir, versions: stamp.versions })
}

/// Forgets a tool, so that the next [`ensure`] installs what is current then.
pub fn forget(name: &str) -> Result<()> {
    remove(&repo::cache_dir().join("tools").join(name))
}

fn installed(dir: &Path, recipe: &str) -> Option<Tool> {
    let stamp: Stamp = serde_json::from_slice(&fs::read(dir.join(STAMP)).ok()?).ok()?;
    (stamp.recipe == recipe).then(|| Tool { dir: dir.to_path_buf(), versions: stamp.versions })
}

fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}
