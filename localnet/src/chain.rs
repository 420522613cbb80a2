//! The local chain: surfpool's virtual machine behind its JSON-RPC and websocket servers.
//!
//! Nothing on it happens by itself: a block is made when [`Chain::advance_to`] is called, with the clock set to the
//! second asked for. Whoever calls it is the clock of the world, so that prices, blocks and time never race.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{anyhow, bail, Context, Result};
use solana_account::Account;
use solana_clock::Clock;
use solana_program::pubkey::Pubkey;
use surfpool_core::runloops::start_local_surfnet_runloop;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;
use surfpool_core::surfnet::svm::{SurfnetSvm, SurfnetSvmConfig};
use surfpool_types::channel::{bounded, unbounded, Receiver, Sender};
use surfpool_types::{BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig};

use crate::immediate::Immediate;

/// The only address the servers listen on.
pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How long a block, the start and the end of the servers may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Interval of surfpool's own clock, which is not used: blocks are made by [`Chain::advance_to`].
const IDLE_CLOCK_MILLISECONDS: u64 = 60_000;

/// A running chain. Its functions block: call them from plain threads, not from async code.
pub struct Chain {
    rpc_url: String,
    ws_url: String,
    commands: Sender<SimnetCommand>,
    svm: SurfnetSvmLocker,
    closed: Receiver<()>,
    runtime: tokio::runtime::Runtime,
    runloop: Mutex<Option<JoinHandle<()>>>,
}

/// What [`Chain::start`] needs.
#[derive(Clone, Copy, Debug)]
pub struct ChainConfig {
    /// JSON-RPC port; 0: any free one.
    pub rpc_port: u16,
    /// Websocket port; 0: any free one.
    pub ws_port: u16,
    /// First time of the clock, unix seconds.
    pub start: i64,
    /// Chain milliseconds between two blocks, for block times.
    pub block_milliseconds: u64,
}

impl Chain {
    /// Starts the virtual machine and both servers, offline. Errors: a port in use, or surfpool's own.
    pub fn start(config: ChainConfig) -> Result<Self> {
        let rpc_port = free_port(config.rpc_port, "--port")?;
        let ws_port = free_port(config.ws_port, "--ws-port")?;
        let svm_config = SurfnetSvmConfig {
            slot_time: config.block_milliseconds,
            instruction_profiling_enabled: false,
            ..SurfnetSvmConfig::default()
        };
        let (svm, events, geyser) =
            SurfnetSvm::new(svm_config).map_err(|e| anyhow!("the virtual machine does not start: {e}"))?;
        let svm = SurfnetSvmLocker::new(svm);
        let (commands, received) = unbounded();
        let (loop_svm, loop_commands) = (svm.clone(), commands.clone());
        let surfpool = surfpool_config(rpc_port, ws_port);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("threads for the chain")?;
        let handle = runtime.handle().clone();
        let runloop = std::thread::Builder::new().name("chain".to_owned()).spawn(move || {
            let future = start_local_surfnet_runloop(loop_svm, surfpool, loop_commands, received, geyser);
            if let Err(error) = handle.block_on(future) {
                tracing::error!("the chain ended: {error}");
            }
        })?;
        wait_until_ready(&events)?;
        let chain = Self {
            rpc_url: format!("http://{}", SocketAddr::new(HOST, rpc_port)),
            ws_url: format!("ws://{}", SocketAddr::new(HOST, ws_port)),
            commands,
            svm,
            closed: drain(events),
            runtime,
            runloop: Mutex::new(Some(runloop)),
        };
        chain.set_genesis(config.start)?;
        Ok(chain)
    }

    /// JSON-RPC address.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// Websocket address.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// A connection that does not wait for blocks.
    pub fn ledger(&self) -> Immediate {
        Immediate::new(&self.rpc_url)
    }

    /// Unix seconds of the clock sysvar.
    pub fn now(&self) -> i64 {
        self.clock().unix_timestamp
    }

    /// The clock sysvar.
    pub fn clock(&self) -> Clock {
        self.svm.with_svm_reader(|svm| svm.inner.get_sysvar::<Clock>())
    }

    /// Makes the next block and sets the clock to `seconds`. Errors: `seconds` lies in the past, or the chain ended.
    pub fn advance_to(&self, seconds: i64) -> Result<()> {
        let clock = self.clock();
        if seconds < clock.unix_timestamp {
            bail!("the clock is at {} and cannot go back to {seconds}", clock.unix_timestamp);
        }
        self.make_block(seconds)
    }

    /// Makes the next block, `seconds` later than the last. Errors: as [`Chain::advance_to`].
    pub fn advance(&self, seconds: i64) -> Result<()> {
        self.advance_to(self.now().saturating_add(seconds))
    }

    /// Writes an account, whatever it was, and notifies subscribers. Errors: a sysvar or program that is not one.
    pub fn set_account(&self, address: &Pubkey, account: Account) -> Result<()> {
        let address = *address;
        self.svm
            .with_svm_writer(move |svm| svm.set_account(&address, account).map_err(|e| e.to_string()))
            .map_err(|e| anyhow!("cannot write account {address}: {e}"))
    }

    /// Lamports that make an account of `bytes` rent-exempt.
    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm.with_svm_reader(|svm| svm.inner.minimum_balance_for_rent_exemption(bytes))
    }

    /// Adds lamports to an account, creating it if need be. Errors: too few for an account to exist.
    pub fn airdrop(&self, address: &Pubkey, lamports: u64) -> Result<()> {
        let given = self.svm.airdrop(address, lamports);
        let refused = |reason: String| anyhow!("{lamports} lamports cannot be given to {address}: {reason}");
        match given {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(failed)) => Err(refused(failed.err.to_string())),
            Err(error) => Err(refused(format!("{error:?}"))),
        }
    }

    /// Deploys the program in `file` under `program`. Errors: no such file, or a file that does not load.
    pub fn deploy(&self, program: &Pubkey, file: &Path) -> Result<()> {
        let bytes = std::fs::read(file)
            .with_context(|| format!("no program at {}: run `cargo xtask build-sbf`", file.display()))?;
        let deployed = self.runtime.block_on(self.svm.write_program(*program, None, 0, &bytes, &None));
        deployed.map_err(|e| anyhow!("{} does not load as a program: {e}", file.display()))
    }

    /// Ends both servers and waits until their ports are free; nothing the second time. Errors: they do not end in time.
    pub fn shutdown(&self) -> Result<()> {
        let Some(runloop) = self.runloop.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        self.commands.send(SimnetCommand::Terminate(None)).ok();
        self.closed
            .recv_timeout(PATIENCE)
            .map_err(|_| anyhow!("the servers did not end within {PATIENCE:?}; their ports may still be taken"))?;
        runloop.join().map_err(|_| anyhow!("the chain's thread panicked"))
    }

    /// Starts time at `seconds`: the machine itself begins at the time of day.
    fn set_genesis(&self, seconds: i64) -> Result<()> {
        let milliseconds = u64::try_from(seconds)
            .map_err(|_| anyhow!("the chain cannot start at {seconds}, before 1970"))?
            .saturating_mul(1_000);
        self.svm.with_svm_writer(move |svm| {
            svm.updated_at = milliseconds;
            svm.genesis_updated_at = milliseconds;
        });
        self.make_block(seconds)
    }

    fn make_block(&self, seconds: i64) -> Result<()> {
        let mut clock = self.clock();
        clock.slot = clock.slot.saturating_add(1);
        clock.unix_timestamp = seconds;
        let (done, confirmed) = bounded(1);
        self.commands
            .send(SimnetCommand::UpdateInternalClockWithConfirmation(None, clock, done))
            .map_err(|_| anyhow!("the chain has ended"))?;
        confirmed.recv_timeout(PATIENCE).map_err(|_| anyhow!("no block was made within {PATIENCE:?}"))?;
        Ok(())
    }
}

impl Drop for Chain {
    /// Asks the servers to end; [`Chain::shutdown`] also waits for them.
    fn drop(&mut self) {
        self.commands.send(SimnetCommand::Terminate(None)).ok();
    }
}

/// `asked`, or a port that is free now for 0. Errors: `asked` is in use; `option` is what to change.
pub fn free_port(asked: u16, option: &str) -> Result<u16> {
    let listener = TcpListener::bind(SocketAddr::new(HOST, asked)).with_context(|| {
        format!("port {asked} cannot be used: choose another one with {option}, or 0 for any free port")
    })?;
    Ok(listener.local_addr()?.port())
}

fn surfpool_config(rpc_port: u16, ws_port: u16) -> SurfpoolConfig {
    SurfpoolConfig {
        simnets: vec![SimnetConfig {
            offline_mode: true,
            remote_rpc_url: None,
            slot_time: IDLE_CLOCK_MILLISECONDS,
            block_production_mode: BlockProductionMode::Manual,
            instruction_profiling_enabled: false,
            ..SimnetConfig::default()
        }],
        rpc: RpcConfig { bind_host: HOST.to_string(), bind_port: rpc_port, ws_port, ..RpcConfig::default() },
        ..SurfpoolConfig::default()
    }
}

fn wait_until_ready(events: &Receiver<SimnetEvent>) -> Result<()> {
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(SimnetEvent::CoreStarted(_)) => return Ok(()),
            Ok(SimnetEvent::Aborted(reason)) => bail!("the chain does not start: {reason}"),
            Ok(SimnetEvent::Shutdown) => bail!("the chain ended while it started"),
            Ok(_) => {}
            Err(e) => bail!("the chain is not ready after {PATIENCE:?}: {e}"),
        }
    }
}

/// Reads the chain's events for as long as it lives, so that they do not pile up; the returned channel fires when both
/// servers have ended.
fn drain(events: Receiver<SimnetEvent>) -> Receiver<()> {
    let (done, closed) = bounded(1);
    std::thread::spawn(move || {
        let mut ended = 0;
        while let Ok(event) = events.recv() {
            match event {
                SimnetEvent::ErrorLog(_, text) => tracing::warn!("chain: {text}"),
                SimnetEvent::Aborted(text) => tracing::error!("chain: {text}"),
                SimnetEvent::Shutdown => {
                    ended += 1;
                    if ended == 2 {
                        break;
                    }
                }
                _ => {}
            }
        }
        done.send(()).ok();
    });
    closed
}
