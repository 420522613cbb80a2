//! `plimsoll-localnet`: a local chain with the clearinghouse, until Ctrl-C.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use plimsoll_client::Pubkey;
use plimsoll_localnet::sources::{Source, SYMBOLS};
use plimsoll_localnet::{Config, Localnet, SPEED_MAX};
use plimsoll_prices::Crash;
use tracing_subscriber::EnvFilter;

/// A local chain with JSON-RPC and websocket, the program deployed, sample markets, and prices that move.
#[derive(Parser)]
#[command(name = "plimsoll-localnet", bin_name = "cargo xtask localnet", version, max_term_width = 100)]
struct Options {
    /// JSON-RPC port; 0: any free one.
    #[arg(long, default_value_t = 8899)]
    port: u16,
    /// Websocket port; 0: any free one.
    #[arg(long, default_value_t = 8900)]
    ws_port: u16,
    /// Port of the faucet; 0: any free one.
    #[arg(long, default_value_t = 8901)]
    faucet_port: u16,
    /// Prices from a CSV file with the columns timestamp,open,high,low,close. It drives the underlying its name starts
    /// with (BTC, SOL), else the first; the other moves by the same returns. Without it prices walk at random.
    #[arg(long, value_name = "FILE", conflicts_with = "crash")]
    prices: Option<PathBuf>,
    /// Prices of a known crash.
    #[arg(long, value_enum)]
    crash: Option<CrashName>,
    /// Chain seconds per second. Trades and bids are valid for a chain minute unless they say otherwise.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// Seed of the wallets and of the random walk.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Wallet to give SOL and quote tokens at the start; may be repeated.
    #[arg(long, value_name = "PUBKEY")]
    fund: Vec<Pubkey>,
    /// Program file.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder for key pairs and configuration files.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Write a JSON file with addresses, URLs and paths once everything is up.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Print that JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The built-in crashes.
#[derive(Clone, Copy, ValueEnum)]
enum CrashName {
    /// BTC on 12 and 13 March 2020.
    BtcMarch2020,
    /// SOL from 8 to 10 November 2022.
    SolNovember2022,
}

impl Options {
    fn config(&self) -> Config {
        let source = match (&self.prices, self.crash) {
            (Some(file), _) => Source::File(file.clone()),
            (None, Some(CrashName::BtcMarch2020)) => Source::Crash(Crash::BtcMarch2020),
            (None, Some(CrashName::SolNovember2022)) => Source::Crash(Crash::SolNovember2022),
            (None, None) => Source::Walk,
        };
        let usual = Config::default();
        Config {
            rpc_port: self.port,
            ws_port: self.ws_port,
            faucet_port: self.faucet_port,
            program: self.program.clone().unwrap_or(usual.program),
            folder: self.folder.clone().unwrap_or(usual.folder),
            source,
            seed: self.seed,
            speed: self.speed,
            fund: self.fund.clone(),
        }
    }
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("plimsoll_localnet=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let localnet = Localnet::start(&options.config())?;
    announce(options, &localnet)?;
    if let Some(file) = &options.ready_file {
        localnet.ready().write(file)?;
    }
    wait(&localnet)?;
    if !options.json {
        eprintln!("stopping after {} prices", localnet.published());
    }
    localnet.shutdown()
}

fn announce(options: &Options, localnet: &Localnet) -> Result<()> {
    let ready = localnet.ready();
    if options.json {
        println!("{}", serde_json::to_string_pretty(ready)?);
        return Ok(());
    }
    println!("rpc            {}", ready.rpc_url);
    println!("websocket      {}", ready.ws_url);
    println!("faucet         {}", ready.faucet_url);
    println!("program        {}", ready.program);
    println!("clearinghouse  {}", ready.clearinghouse);
    println!("quote mint     {}", ready.quote_mint);
    println!("underlyings    {}", SYMBOLS.join(", "));
    println!("wallets        {}", ready.wallets.iter().map(|w| w.name.as_str()).collect::<Vec<_>>().join(", "));
    if let Some(wallet) = ready.wallets.first() {
        println!("keypairs       {}", wallet.keypair.parent().unwrap_or(&wallet.keypair).display());
    }
    println!("\nTry (`cargo xtask demo` leaves both programs in target/host):");
    for line in ready.lines() {
        println!("  {line}");
    }
    println!("\nRunning at {} chain seconds per second. Ctrl-C stops it.", options.speed);
    Ok(())
}

/// Waits for Ctrl-C or a termination signal. Errors: the chain ended by itself.
fn wait(localnet: &Localnet) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interval = tokio::time::interval(Duration::from_millis(200));
        let mut terminated = Terminated::new()?;
        loop {
            tokio::select! {
                signal = tokio::signal::ctrl_c() => return signal.context("Ctrl-C cannot be awaited"),
                () = terminated.wait() => return Ok(()),
                _ = interval.tick() => if !localnet.is_running() { return Ok(()) },
            }
        }
    })
}

/// The termination signal, where there is one.
struct Terminated {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Terminated {
    #[cfg(unix)]
    fn new() -> Result<Self> {
        let kind = tokio::signal::unix::SignalKind::terminate();
        Ok(Self { signal: tokio::signal::unix::signal(kind).context("signals cannot be awaited")? })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        self.signal.recv().await;
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        std::future::pending().await
    }
}
