//! The wallets of the local world: the same for the same seed, kept as ordinary keypair files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use solana_keypair::Keypair;
use solana_program::hash::hashv;

/// Wallet names, in the order in which they are listed.
pub const GOVERNANCE: &str = "governance";
/// The market maker, other side of every sample trade.
pub const MAKER: &str = "maker";
/// Traders with sample positions.
pub const TRADERS: [&str; 3] = ["trader-1", "trader-2", "trader-3"];
/// The wallet of the liquidator.
pub const LIQUIDATOR: &str = "liquidator";

/// The key pair called `name` of the world `seed`. Anyone can compute it: for local chains only.
pub fn keypair(seed: u64, name: &str) -> Keypair {
    let bytes = hashv(&[b"plimsoll localnet key", &seed.to_le_bytes(), name.as_bytes()]).to_bytes();
    Keypair::new_from_array(bytes)
}

/// Writes `keypair` as `name.json` into `folder`, readable by its owner only, and returns the path. Errors: the file
/// cannot be written.
pub fn write(folder: &Path, name: &str, keypair: &Keypair) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.json"));
    let text = serde_json::to_string(&keypair.to_bytes().as_slice())?;
    std::fs::write(&path, text).with_context(|| format!("cannot write keypair {}", path.display()))?;
    restrict(&path)?;
    Ok(path)
}

#[cfg(unix)]
fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let only_owner = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, only_owner).with_context(|| format!("cannot protect {}", path.display()))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<()> {
    Ok(())
}
