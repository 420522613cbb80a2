//! The configuration file of a keeper. `docs/keeper.md` documents every field.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_client::address;
use serde::Deserialize;
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::feed::alarm::Pause;
use crate::policy::{in_range, Policy};
use crate::turn::Keeper;

/// Even changes do not make a keeper read everything more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// Why a configuration is not one: one line that names the place and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The file. Unknown fields are refused by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    url: String,
    ws_url: Option<String>,
    keypair: PathBuf,
    clearinghouse: String,
    #[serde(default)]
    account_id: u16,
    #[serde(default = "default_interval")]
    interval_seconds: u32,
    #[serde(default = "default_idle")]
    idle_seconds: u32,
    #[serde(default = "default_timeout")]
    timeout_seconds: u32,
    #[serde(default)]
    priority_fee: u64,
    metrics_listen: Option<String>,
    #[serde(default)]
    lookup_tables: Vec<String>,
    #[serde(default)]
    policy: Policy,
}

const fn default_interval() -> u32 {
    2
}

const fn default_idle() -> u32 {
    10
}

const fn default_timeout() -> u32 {
    15
}

/// What a keeper runs with.
#[derive(Debug)]
pub struct Settings {
    /// JSON-RPC endpoint.
    pub url: String,
    /// Websocket endpoint, if it is to be woken by changes.
    pub ws_url: Option<String>,
    /// Longest wait for an answer of the endpoint.
    pub timeout: Duration,
    /// Pause between turns.
    pub pause: Pause,
    /// Address lookup tables that shorten its transactions.
    pub lookup_tables: Vec<Pubkey>,
    /// Where metrics are served.
    pub metrics_listen: Option<SocketAddr>,
    /// Keys, account and policy.
    pub keeper: Keeper,
}

impl Settings {
    /// Reads the file at `path` and the keypair it names. Errors: the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError(format!("{shown}: {e}; --config takes a TOML file, see docs/keeper.md")))?;
        let file: File = toml::from_str(&text).map_err(|e| syntax(&text, &e)).map_err(|e| at(path, &e))?;
        Self::from_file(file).map_err(|e| at(path, &e))
    }

    fn from_file(file: File) -> Result<Self, String> {
        endpoint("url", &file.url, ["http://", "https://"])?;
        if let Some(ws_url) = &file.ws_url {
            endpoint("ws_url", ws_url, ["ws://", "wss://"])?;
        }
        in_range("interval_seconds", i64::from(file.interval_seconds), 1, 3_600)?;
        in_range("idle_seconds", i64::from(file.idle_seconds), 1, 3_600)?;
        in_range("timeout_seconds", i64::from(file.timeout_seconds), 1, 600)?;
        file.policy.validate().map_err(|e| format!("[policy] {e}"))?;
        let cap = file.policy.priority_fee_cap;
        if cap != 0 && cap < file.priority_fee {
            return Err(format!("[policy] priority_fee_cap = {cap} is below priority_fee = {}", file.priority_fee));
        }
        let metrics_listen = file.metrics_listen.as_deref().map(listen).transpose()?;
        let clearinghouse = address_in("clearinghouse", &file.clearinghouse)?;
        let tables = file.lookup_tables.iter().map(|text| address_in("lookup_tables", text));
        let lookup_tables = tables.collect::<Result<_, _>>()?;
        let signer = keypair(&file.keypair)?;
        let account = address::margin_account(&clearinghouse, &signer.pubkey(), file.account_id);
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Ok(Self {
            timeout: seconds(file.timeout_seconds),
            pause: Pause {
                shortest: SHORTEST_PAUSE,
                unwatched: seconds(file.interval_seconds),
                watched: seconds(file.idle_seconds),
            },
            lookup_tables,
            metrics_listen,
            keeper: Keeper { clearinghouse, account, signer, policy: file.policy, priority_fee: file.priority_fee },
            url: file.url,
            ws_url: file.ws_url,
        })
    }
}

fn at(path: &Path, problem: &str) -> ConfigError {
    ConfigError(format!("{}: {problem}", path.display()))
}

/// The parser's message in one line, with the line it is about.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count().saturating_add(1));
    format!("line {line}: {}", error.message().replace('\n', " "))
}

fn endpoint(field: &str, url: &str, schemes: [&str; 2]) -> Result<(), String> {
    let [plain, secure] = schemes;
    let host = url.strip_prefix(plain).or_else(|| url.strip_prefix(secure));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) {
        return Ok(());
    }
    Err(format!("{field} = {url:?} must begin with {plain} or {secure} and name a host"))
}

fn address_in(field: &str, text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| format!("{field} = {text:?} is not an address (base58, 32 bytes): copy it whole"))
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("metrics_listen = {text:?} must be an IP address and a port: \"127.0.0.1:9464\""))
}

fn keypair(path: &Path) -> Result<Keypair, String> {
    solana_keypair::read_keypair_file(path).map_err(|e| {
        let shown = path.display();
        format!("keypair {shown}: {e}; it takes a Solana keypair file, `solana-keygen new` makes one")
    })
}
