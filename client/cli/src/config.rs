//! Settings: flags and `PLIMSOLL_*` variables first, then the configuration file, then defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_client::Pubkey;
use serde::Deserialize;

use crate::Failure;

/// Where a local cluster listens.
const DEFAULT_URL: &str = "http://127.0.0.1:8899";
/// A transaction may use this many compute units unless told otherwise: the network's maximum.
const DEFAULT_COMPUTE_LIMIT: u32 = 1_400_000;

/// Flags that every command takes.
#[derive(clap::Args)]
pub struct Global {
    /// JSON-RPC endpoint [default: http://127.0.0.1:8899].
    #[arg(long, global = true, env = "PLIMSOLL_URL", value_name = "URL")]
    url: Option<String>,
    /// Solana keypair (JSON) that signs and pays [default: ~/.config/solana/id.json].
    #[arg(long, global = true, env = "PLIMSOLL_KEYPAIR", value_name = "FILE")]
    keypair: Option<PathBuf>,
    /// Address of the clearinghouse.
    #[arg(long, global = true, env = "PLIMSOLL_CLEARINGHOUSE", value_name = "ADDRESS")]
    clearinghouse: Option<String>,
    /// Configuration file, TOML [default: ~/.config/plimsoll/config.toml, if it is there].
    #[arg(long, global = true, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// Simulate and print what would change; nothing is sent.
    #[arg(long, global = true)]
    dry_run: bool,
    /// Priority fee: micro-lamports per compute unit [default: 0].
    #[arg(long, global = true, env = "PLIMSOLL_PRIORITY_FEE", value_name = "MICRO_LAMPORTS")]
    priority_fee: Option<u64>,
    /// Compute units a transaction may use [default: 1400000].
    #[arg(long, global = true, env = "PLIMSOLL_COMPUTE_LIMIT", value_name = "UNITS")]
    compute_limit: Option<u32>,
}

impl Global {
    /// Whether JSON was asked for: for commands that need no other setting.
    pub const fn json(&self) -> bool {
        self.json
    }
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    url: Option<String>,
    keypair: Option<PathBuf>,
    clearinghouse: Option<String>,
    priority_fee: Option<u64>,
    compute_limit: Option<u32>,
    #[serde(default)]
    underlyings: BTreeMap<String, u16>,
}

/// What a command runs with.
#[derive(Debug)]
pub struct Settings {
    /// JSON-RPC endpoint.
    pub url: String,
    /// Keypair file.
    pub keypair: PathBuf,
    /// Clearinghouse, if one was named.
    pub clearinghouse: Option<Pubkey>,
    /// Print JSON.
    pub json: bool,
    /// Simulate only.
    pub dry_run: bool,
    /// Micro-lamports per compute unit.
    pub priority_fee: u64,
    /// Compute units of a transaction.
    pub compute_limit: u32,
    /// Names for underlying indices.
    pub underlyings: BTreeMap<String, u16>,
}

impl Settings {
    /// Resolves flags, variables and file. Errors: `Input` naming the file and field, or the flag.
    pub fn resolve(global: &Global) -> Result<Self, Failure> {
        let file = read(global.config.as_deref())?;
        let url = global.url.clone().or(file.url).unwrap_or_else(|| DEFAULT_URL.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Input(format!("--url {url}: must begin with http:// or https://")));
        }
        let clearinghouse = global.clearinghouse.clone().or(file.clearinghouse);
        Ok(Self {
            url,
            keypair: global
                .keypair
                .clone()
                .or(file.keypair)
                .or_else(|| home().map(|home| home.join(".config/solana/id.json")))
                .unwrap_or_default(),
            clearinghouse: clearinghouse.map(|text| address("--clearinghouse", &text)).transpose()?,
            json: global.json,
            dry_run: global.dry_run,
            priority_fee: global.priority_fee.or(file.priority_fee).unwrap_or(0),
            compute_limit: global.compute_limit.or(file.compute_limit).unwrap_or(DEFAULT_COMPUTE_LIMIT),
            underlyings: file.underlyings,
        })
    }
}

/// An address from text. Errors: `Input` naming `what` was given.
pub fn address(what: &str, text: &str) -> Result<Pubkey, Failure> {
    text.trim().parse().map_err(|_| Failure::Input(format!("{what}: {text:?} is not an address (base58, 32 bytes)")))
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// The file that was named must exist; the default one need not.
fn read(named: Option<&Path>) -> Result<File, Failure> {
    let path = match (named, home()) {
        (Some(path), _) => path.to_owned(),
        (None, Some(home)) if home.join(".config/plimsoll/config.toml").exists() => {
            home.join(".config/plimsoll/config.toml")
        }
        _ => return Ok(File::default()),
    };
    let place = path.display();
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::Input(format!("--config {place}: {error}")))?;
    toml::from_str(&text).map_err(|error| Failure::Input(format!("--config {place}: {error}")))
}
