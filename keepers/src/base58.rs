//! Addresses in files: base58, as everywhere else.

use serde::{Deserialize, Deserializer, Serializer};
use solana_program::pubkey::Pubkey;

/// Writes `key` as base58.
pub fn serialize<S: Serializer>(key: &Pubkey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

/// Reads base58. Errors: not 32 bytes of base58.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pubkey, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is not an address (base58, 32 bytes)")))
}
