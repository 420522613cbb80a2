//! `plimsoll-liquidator`: keeps one clearinghouse over RPC until it is told to stop.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{anyhow, Context, Result};
use clap::Parser;
use plimsoll_client::address;
use plimsoll_client::rpc::RpcLedger;
use plimsoll_keeper::book::Book;
use plimsoll_keeper::plan::plan;
use plimsoll_keeper::policy::Policy;
use plimsoll_keeper::turn::Keeper;
use serde::Deserialize;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;
use tracing::{error, info, warn};

/// Longest pause after failures, seconds.
const BACKOFF_MAX_SECONDS: u64 = 60;

/// Liquidates accounts under maintenance, settles expiries and sweeps fees, for the rewards.
#[derive(Parser)]
#[command(version, after_help = "Example: plimsoll-liquidator --config keeper.toml --dry-run --once")]
struct Arguments {
    /// Configuration file (TOML): url, keypair, clearinghouse, account_id, interval_seconds, priority_fee, [policy].
    #[arg(long)]
    config: PathBuf,
    /// Print what would be done, send nothing.
    #[arg(long)]
    dry_run: bool,
    /// One turn, then stop.
    #[arg(long)]
    once: bool,
}

/// The configuration file. Unknown fields are refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// JSON-RPC endpoint.
    url: String,
    /// Solana keypair file: owner of the keeper's margin account.
    keypair: PathBuf,
    /// Address of the clearinghouse.
    clearinghouse: String,
    /// Id of the keeper's margin account.
    #[serde(default)]
    account_id: u16,
    /// Seconds between turns.
    #[serde(default = "default_interval")]
    interval_seconds: u64,
    /// Micro-lamports per compute unit.
    #[serde(default)]
    priority_fee: u64,
    /// What it is willing to do.
    #[serde(default)]
    policy: Policy,
}

fn default_interval() -> u64 {
    2
}

fn load(path: &PathBuf) -> Result<(Config, Keeper)> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let config: Config = toml::from_str(&text).with_context(|| format!("{shown} is not a keeper configuration"))?;
    let signer = solana_keypair::read_keypair_file(&config.keypair)
        .map_err(|e| anyhow!("keypair {}: {e}", config.keypair.display()))?;
    let clearinghouse: Pubkey = config
        .clearinghouse
        .parse()
        .map_err(|e| anyhow!("clearinghouse {:?} is not an address: {e}", config.clearinghouse))?;
    let account = address::margin_account(&clearinghouse, &signer.pubkey(), config.account_id);
    let policy = config.policy.clone();
    let keeper = Keeper { clearinghouse, account, signer, policy, priority_fee: config.priority_fee };
    Ok((config, keeper))
}

/// One turn; logs what was decided and what became of it. Errors: the book cannot be loaded.
fn turn(keeper: &Keeper, ledger: &RpcLedger, dry_run: bool) -> Result<()> {
    if dry_run {
        let book = Book::load(ledger, &keeper.clearinghouse)?;
        for action in plan(&book, &keeper.account, &keeper.policy) {
            info!(?action, "would do");
        }
        return Ok(());
    }
    for done in keeper.step(ledger)? {
        match done.result {
            Ok(outcome) => info!(action = ?done.action, signature = %outcome.signature, "done"),
            Err(refusal) => warn!(action = ?done.action, %refusal, "refused"),
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let (config, keeper) = load(&arguments.config)?;
    let ledger = RpcLedger::new(&config.url);
    info!(clearinghouse = %keeper.clearinghouse, account = %keeper.account, url = config.url, "keeping");
    let mut pause = config.interval_seconds.max(1);
    loop {
        match tokio::task::block_in_place(|| turn(&keeper, &ledger, arguments.dry_run)) {
            Ok(()) => pause = config.interval_seconds.max(1),
            Err(problem) if arguments.once => return Err(problem),
            Err(problem) => {
                pause = pause.saturating_mul(2).min(BACKOFF_MAX_SECONDS);
                error!("{problem:#}; is {} up? next try in {pause} s", config.url);
            }
        }
        if arguments.once {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
            stop = tokio::signal::ctrl_c() => {
                stop?;
                info!("stopped");
                return Ok(());
            }
        }
    }
}
