//! Settings: flags and `PLIMSOLL_*` variables first, then the configuration file, or without one that of the Solana
//! tools, then defaults.

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
    /// JSON-RPC endpoint [default: that of the Solana tools, else http://127.0.0.1:8899].
    #[arg(long, global = true, env = "PLIMSOLL_URL", value_name = "URL")]
    url: Option<String>,
    /// Solana keypair (JSON) that signs and pays [default: that of the Solana tools, else ~/.config/solana/id.json].
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

/// The file that was named must exist; the default one need not: then the Solana tools' own is read.
fn read(named: Option<&Path>) -> Result<File, Failure> {
    let default = home().map(|home| home.join(".config/plimsoll/config.toml")).filter(|path| path.exists());
    match named.map(Path::to_owned).or(default) {
        Some(path) => read_own(&path),
        None => read_solana(),
    }
}

fn read_own(path: &Path) -> Result<File, Failure> {
    let refused = |why: String| Failure::Input(format!("--config {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let line_of = |at: usize| text.get(..at).map_or(1, |before| before.lines().count().max(1));
    let describe = |field: &str, error: &toml::de::Error| {
        let place = error.span().map_or_else(String::new, |span| format!("line {}: ", line_of(span.end)));
        let field = if field.is_empty() || field == "." { String::new() } else { format!("field `{field}`: ") };
        format!("{place}{field}{}", error.message())
    };
    let document = toml::Deserializer::parse(&text).map_err(|error| refused(describe("", &error)))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| refused(describe(&error.path().to_string(), error.inner())))
}

/// Endpoint and keypair of `solana config`, if that file is there.
fn read_solana() -> Result<File, Failure> {
    let Some(path) = home().map(|home| home.join(".config/solana/cli/config.yml")).filter(|path| path.exists()) else {
        return Ok(File::default());
    };
    let refused = |why: String| Failure::Input(format!("Solana configuration {}: {why}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| refused(error.to_string()))?;
    let scalars = scalars(&text).map_err(refused)?;
    let scalar = |field: &str| match scalars.get(field) {
        Some(value) if value.is_empty() => Err(refused(format!("field `{field}` is empty"))),
        other => Ok(other.cloned()),
    };
    Ok(File { url: scalar("json_rpc_url")?, keypair: scalar("keypair_path")?.map(PathBuf::from), ..File::default() })
}

/// The top-level scalars of a YAML mapping as the Solana tools write it: one `name: value` a line, plain or quoted;
/// nested values are indented and left out. Errors: the line that is neither.
fn scalars(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut scalars = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim_end();
        if content.is_empty() || content == "---" || content.starts_with([' ', '\t', '#', '-']) {
            continue;
        }
        let refused = || format!("line {number}: expected `name: value`, found {content:?}");
        let (name, value) = content.split_once(':').ok_or_else(refused)?;
        let value = value.trim();
        let quoted = |mark: char| value.strip_prefix(mark).map(|rest| rest.strip_suffix(mark));
        let value = match quoted('"').or_else(|| quoted('\'')) {
            Some(inside) => inside.ok_or_else(|| format!("line {number}: field `{name}`: the quote is not closed"))?,
            None => value.split_once(" #").map_or(value, |(value, _)| value.trim_end()),
        };
        scalars.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(scalars)
}
