//! `plimsoll-liquidator`: keeps one clearinghouse over RPC until it is told to stop.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use plimsoll_client::rpc::RpcLedger;
use plimsoll_keeper::config::Settings;
use plimsoll_keeper::feed::alarm::Alarm;
use plimsoll_keeper::feed::live::Live;
use plimsoll_keeper::feed::recorded::{Recorder, RecordingError};
use plimsoll_keeper::feed::watch::watch;
use plimsoll_keeper::feed::FeedError;
use plimsoll_keeper::metrics;
use plimsoll_keeper::replay::replay;
use plimsoll_keeper::run::{run, Options};
use plimsoll_keeper::turn::Mode;
use tokio::runtime::Runtime;
use tracing::info;
use tracing_subscriber::EnvFilter;

const ABOUT: &str = "\
Liquidates accounts under maintenance, settles expiries, collects interest and sweeps fees, for the rewards.

It reads the whole clearinghouse, decides, sends, and waits for the next change. It owns one margin account: rewards go \
there, and bids are paid and margined from there. Nothing it does needs anybody's permission, and the program checks all \
of it again: several keepers may run side by side.";

const EXAMPLES: &str = "\
The configuration file (TOML), with what the fields are if left out:
  url = \"http://127.0.0.1:8899\"        # JSON-RPC; required
  ws_url = \"ws://127.0.0.1:8900\"       # websocket that wakes it at changes; without it, it polls
  keypair = \"/home/me/keeper.json\"     # owner of its margin account, pays the fees; required
  clearinghouse = \"<ADDRESS>\"          # required
  account_id = 0                       # which margin account of that owner
  interval_seconds = 2                 # pause between turns without a websocket
  idle_seconds = 10                    # longest pause between turns with one
  timeout_seconds = 15                 # longest wait for an answer of the node
  priority_fee = 0                     # micro-lamports per compute unit
  lookup_tables = []                   # address lookup tables, for the widest accounts
  metrics_listen = \"127.0.0.1:9464\"    # Prometheus; without it, none
  [policy]                             # what it is willing to do: see docs/keeper.md
  min_discount_ppm = 15000

Before it runs: open its margin account and pay into it.
  export PLIMSOLL_KEYPAIR=keeper.json PLIMSOLL_CLEARINGHOUSE=<ADDRESS>
  plimsoll account open
  plimsoll deposit 0 50000

Examples:
  plimsoll-liquidator --config keeper.toml --dry-run --once     what would it do now?
  plimsoll-liquidator --config keeper.toml --record turns.jsonl
  plimsoll-liquidator --replay turns.jsonl                      does this release decide the same?

RUST_LOG sets what is logged (RUST_LOG=plimsoll_keeper=debug). Ctrl-C and SIGTERM let it finish its turn.
Exit codes: 0 stopped, 1 the node failed under --once or a replay differed, 2 bad configuration.";

/// What is logged unless `RUST_LOG` says otherwise.
const LOG_FILTER: &str = "warn,plimsoll_keeper=info,plimsoll_liquidator=info";

#[derive(Parser)]
#[command(version, about = ABOUT, after_help = EXAMPLES)]
struct Arguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE", required_unless_present = "replay")]
    config: Option<PathBuf>,
    /// Simulate what would be done and log it; send nothing.
    #[arg(long)]
    dry_run: bool,
    /// One turn, then stop.
    #[arg(long)]
    once: bool,
    /// Write every plan with the accounts it was made on to this file, one line of JSON each.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Make the plans of a recording again and print what differs.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "dry_run", "once", "record"])]
    replay: Option<PathBuf>,
    /// Log JSON, one object a line.
    #[arg(long)]
    log_json: bool,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// What it was given is at fault: exit code 2.
    #[error("{0}")]
    Input(String),
    /// The node, or a replay that differed: exit code 1.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Input(_) => 2,
            Self::Other(_) => 1,
        })
    }
}

impl From<RecordingError> for Failure {
    fn from(error: RecordingError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Recording(recording) => recording.into(),
            other => Self::Other(other.to_string()),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = start_log(arguments.log_json).and_then(|()| match &arguments.replay {
        Some(recording) => check(recording),
        None => keep(&arguments),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn start_log(json: bool) -> Result<(), Failure> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| LOG_FILTER.to_owned());
    let parsed = EnvFilter::try_new(&filter).map_err(|e| Failure::Input(format!("RUST_LOG={filter}: {e}")))?;
    let log = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    if json {
        log.json().init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}

/// Makes the plans of a recording again. Errors: it cannot be read, or differs.
fn check(recording: &std::path::Path) -> Result<(), Failure> {
    let outcome = replay(recording)?;
    for difference in &outcome.differences {
        println!("{difference}");
    }
    let (plans, decisions, differing) = (outcome.plans, outcome.decisions, outcome.differences.len());
    println!("{plans} plans with {decisions} decisions, {differing} plans differ");
    if differing > 0 {
        return Err(Failure::Other(format!("{}: {differing} of {plans} plans differ", recording.display())));
    }
    Ok(())
}

/// Keeps until told to stop.
fn keep(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref().ok_or_else(|| Failure::Input("--config is missing".to_owned()))?;
    let settings = Settings::load(config).map_err(|e| Failure::Input(e.to_string()))?;
    let recorder = arguments.record.as_deref().map(Recorder::create).transpose()?;
    let alarm = Arc::new(Alarm::default());
    let runtime = Runtime::new().map_err(|e| Failure::Other(format!("no threads: {e}")))?;
    start_services(&runtime, &settings, &alarm)?;

    let keeper = &settings.keeper;
    let ledger =
        RpcLedger::with_timeout(&settings.url, settings.timeout).with_lookup_tables(settings.lookup_tables.clone());
    let mut feed = Live::new(&ledger, &settings.url, keeper.clearinghouse, Arc::clone(&alarm), settings.pause);
    info!(clearinghouse = %keeper.clearinghouse, account = %keeper.account, url = settings.url, "keeping");
    let mode = if arguments.dry_run { Mode::Simulate } else { Mode::Send };
    let outcome = run(keeper, &ledger, &mut feed, Options { mode, once: arguments.once, recorder });
    // The websocket may be waiting for the network: nothing of it needs an end.
    runtime.shutdown_background();
    outcome?;
    info!("stopped");
    Ok(())
}

/// Metrics, signals and the websocket, beside the keeper itself. Errors: the metrics address cannot be used.
fn start_services(runtime: &Runtime, settings: &Settings, alarm: &Arc<Alarm>) -> Result<(), Failure> {
    let _inside = runtime.enter();
    if let Some(listen) = settings.metrics_listen {
        metrics::serve(listen).map_err(|e| {
            Failure::Input(format!("metrics_listen = \"{listen}\": {e}; choose a free port of this machine"))
        })?;
        info!("metrics at http://{listen}/metrics");
    }
    let stop = Arc::clone(alarm);
    runtime.spawn(async move {
        signal().await;
        info!("stopping after this turn; a second signal stops at once");
        stop.stop();
        signal().await;
        std::process::exit(130);
    });
    if let Some(ws_url) = settings.ws_url.clone() {
        runtime.spawn(watch(ws_url, Arc::clone(alarm)));
    }
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM. Where one cannot be listened for, it keeps its usual effect.
async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
