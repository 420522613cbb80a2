//! A local Plimsoll: a chain with real JSON-RPC and websocket ports, the program deployed, a clearinghouse with sample
//! markets, funded wallets, and prices that move. For trying clients, keepers and the program; offline.
//!
//! [`Localnet::start`] gives a handle for tests; the binary `plimsoll-localnet` prints where everything is. Its
//! functions block: call them from plain threads, not from async code.

pub mod chain;
pub mod driver;
pub mod faucet;
pub mod immediate;
pub mod keys;
pub mod listing;
pub mod ready;
pub mod sources;
pub mod tokens;
pub mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{bail, Context, Result};
use plimsoll_client::rpc::RpcLedger;
use plimsoll_client::Pubkey;

use chain::{Chain, ChainConfig};
use driver::{Driver, Pace};
use faucet::FaucetServer;
use ready::Ready;
use sources::{Source, Steps};
use tokens::{Faucet, QUOTE_UNIT};
use world::World;

/// Highest speed: ten chain minutes per second.
pub const SPEED_MAX: u32 = 600;
/// Real time between two blocks at the usual speeds, milliseconds.
const BLOCK_MILLISECONDS: u64 = 400;
/// Chain time of a block at high speeds, milliseconds: blocks come faster there.
const BLOCK_CHAIN_MILLISECONDS: u64 = 60_000;
/// What every wallet named with `--fund` receives: SOL and whole quote tokens.
const FUND: (u64, u64) = (100, 1_000_000);

/// What to start. Ports: 0 takes any free one.
#[derive(Clone, Debug)]
pub struct Config {
    /// JSON-RPC port.
    pub rpc_port: u16,
    /// Websocket port.
    pub ws_port: u16,
    /// Port of the faucet.
    pub faucet_port: u16,
    /// Program file.
    pub program: PathBuf,
    /// Folder for key pairs and configuration files; created if need be.
    pub folder: PathBuf,
    /// What moves the prices.
    pub source: Source,
    /// Seed of the wallets and of the random walks.
    pub seed: u64,
    /// Chain seconds per real second, `1..=600`.
    pub speed: u32,
    /// Wallets to fund besides those of the world.
    pub fund: Vec<Pubkey>,
}

impl Default for Config {
    /// Free ports, the program as `cargo xtask build-sbf` leaves it, walking prices in real time.
    fn default() -> Self {
        Self {
            rpc_port: 0,
            ws_port: 0,
            faucet_port: 0,
            program: plimsoll_tests::chain::program_path(),
            folder: plimsoll_tests::chain::workspace_path("target/localnet"),
            source: Source::Walk,
            seed: 1,
            speed: 1,
            fund: Vec::new(),
        }
    }
}

/// A running local Plimsoll.
pub struct Localnet {
    chain: Arc<Chain>,
    driver: Driver,
    faucet: FaucetServer,
    world: World,
    ready: Ready,
    opened: i64,
}

impl Localnet {
    /// Starts the chain, sets up the world and lets prices and time run. Errors: a port in use, no program file, a
    /// price file that cannot be read, or a transaction of the setup that the program refuses.
    pub fn start(config: &Config) -> Result<Self> {
        if !(1..=SPEED_MAX).contains(&config.speed) {
            bail!("speed {} is outside 1..={SPEED_MAX} chain seconds per second", config.speed);
        }
        let steps = Steps::new(&config.source, config.seed, config.speed)?;
        let pace = pace(config.speed);
        let open = unix_now()?;
        let chain = Arc::new(Chain::start(ChainConfig {
            rpc_port: config.rpc_port,
            ws_port: config.ws_port,
            // The collateral is listed first: by the time the markets open it has its full weight.
            start: open - i64::from(listing::RAMP_SECONDS),
            block_milliseconds: pace.chain_milliseconds(),
        })?);
        chain.deploy(&plimsoll::ID, &config.program)?;
        let faucet = Arc::new(Faucet::open(Arc::clone(&chain), |name| keys::keypair(config.seed, name))?);
        let (world, publisher) = world::build(&chain, &faucet, config.seed, open, steps.first().prices)?;
        for owner in &config.fund {
            faucet.give_sol(owner, FUND.0)?;
            faucet.give(faucet.quote, owner, FUND.1 * QUOTE_UNIT)?;
        }
        let faucet = FaucetServer::start(faucet, config.faucet_port)?;
        let ready = Ready::new(&config.folder, (chain.rpc_url(), chain.ws_url(), faucet.url()), &world, config.speed)?;
        let driver = Driver::start(Arc::clone(&chain), publisher, steps, pace)?;
        Ok(Self { chain, driver, faucet, world, ready, opened: open })
    }

    /// JSON-RPC address.
    pub fn rpc_url(&self) -> &str {
        self.chain.rpc_url()
    }

    /// Websocket address.
    pub fn ws_url(&self) -> &str {
        self.chain.ws_url()
    }

    /// Where to ask for SOL and tokens.
    pub fn faucet_url(&self) -> &str {
        self.faucet.url()
    }

    /// What was set up.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The same as written to files: addresses, paths, lines to paste.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The chain itself, for what a cluster cannot do.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// A connection as a client has it.
    pub fn ledger(&self) -> RpcLedger {
        RpcLedger::new(self.rpc_url())
    }

    /// Prices published since the start.
    pub fn published(&self) -> u64 {
        self.driver.published()
    }

    /// Chain seconds since the start.
    pub fn elapsed(&self) -> i64 {
        self.chain.now().saturating_sub(self.opened)
    }

    /// Whether time and prices still run.
    pub fn is_running(&self) -> bool {
        self.driver.is_running()
    }

    /// Asks `check` every 100 ms until it gives a value. Errors: none within `patience`, or `check` failed.
    pub fn wait_for<T>(
        &self,
        what: &str,
        patience: Duration,
        mut check: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(value) = check()? {
                return Ok(value);
            }
            if !self.is_running() {
                bail!("the chain ended while waiting for {what}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("{what} did not come within {patience:?}")
    }

    /// Ends prices, faucet and chain, in this order. Errors: what ended one of them earlier.
    pub fn shutdown(self) -> Result<()> {
        let Self { chain, driver, faucet, .. } = self;
        let driven = driver.stop();
        drop(faucet);
        chain.shutdown()?;
        driven
    }
}

/// Blocks every 400 ms, faster where a block would otherwise span more than a chain minute.
fn pace(speed: u32) -> Pace {
    let block_milliseconds = BLOCK_MILLISECONDS.min(BLOCK_CHAIN_MILLISECONDS / u64::from(speed.max(1)));
    Pace { block_milliseconds, speed }
}

fn unix_now() -> Result<i64> {
    let elapsed = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .context("the clock of this machine is set before 1970; set it")?;
    Ok(i64::try_from(elapsed.as_secs())?)
}
