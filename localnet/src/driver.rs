//! The clock of the local chain: it makes the blocks and publishes the prices, until it is told to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use plimsoll_client::instruction::oracle_accept;
use plimsoll_client::ledger::{Ledger, SendOptions};
use plimsoll_prices::Point;
use plimsoll_tests::pyth::PriceUpdate;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;

use crate::chain::Chain;
use crate::immediate::Immediate;
use crate::sources::{Step, Steps, UNDERLYINGS};

/// Decimals of a price in quote atoms.
const PRICE_DECIMALS: u32 = 6;
/// Oldest a price may become between two steps before it is published again, chain seconds.
const HEARTBEAT_SECONDS: i64 = 10;
/// Compute units one accepted price may use.
const ACCEPT_UNITS: u32 = 100_000;

/// A price feed of one underlying and the account its updates are written to.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// Feed id.
    pub id: [u8; 32],
    /// Account of the latest update.
    pub update: Pubkey,
    /// The underlying that accepts it.
    pub underlying: Pubkey,
}

/// Writes price updates and has them accepted.
pub struct Publisher {
    chain: Arc<Chain>,
    ledger: Immediate,
    payer: Keypair,
    feeds: [Feed; UNDERLYINGS],
}

impl Publisher {
    /// A publisher of `feeds`; `payer` pays the transactions.
    pub fn new(chain: Arc<Chain>, payer: Keypair, feeds: [Feed; UNDERLYINGS]) -> Self {
        Self { ledger: chain.ledger(), chain, payer, feeds }
    }

    /// Publishes `prices`, dollars, at the time of the clock. Errors: the first refusal; the other feed is published
    /// all the same.
    pub fn publish(&self, prices: [f64; UNDERLYINGS]) -> Result<()> {
        let mut outcome = Ok(());
        for (feed, price) in self.feeds.iter().zip(prices) {
            if let Err(error) = self.publish_one(feed, price) {
                outcome = Err(error).with_context(|| format!("price {price} was not accepted"));
            }
        }
        outcome
    }

    fn publish_one(&self, feed: &Feed, price: f64) -> Result<()> {
        let now = self.chain.now();
        let atoms = Point { seconds: now, price }.scaled(PRICE_DECIMALS);
        let update = PriceUpdate::new(feed.id, atoms, now);
        let data = update.data();
        let lamports = self.chain.rent(data.len());
        let account = Account { lamports, data, owner: update.receiver, executable: false, rent_epoch: u64::MAX };
        self.chain.set_account(&feed.update, account)?;
        let accept = oracle_accept(&feed.underlying, &feed.update);
        self.ledger.send(&[accept], &[&self.payer], &SendOptions::with_compute_limit(ACCEPT_UNITS))?;
        Ok(())
    }
}

/// How the driver turns real time into chain time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Real milliseconds between two blocks.
    pub block_milliseconds: u64,
    /// Chain seconds per real second.
    pub speed: u32,
}

impl Pace {
    /// Chain milliseconds between two blocks.
    pub fn chain_milliseconds(&self) -> u64 {
        self.block_milliseconds.saturating_mul(u64::from(self.speed))
    }
}

/// A running driver.
pub struct Driver {
    stop: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Driver {
    /// Starts the driver at the chain's present time. Errors: no thread.
    pub fn start(chain: Arc<Chain>, publisher: Publisher, steps: Steps, pace: Pace) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let published = Arc::new(AtomicU64::new(0));
        let run = Run {
            start: chain.now(),
            next: steps.first(),
            last: steps.first(),
            steps,
            chain,
            publisher,
            pace,
            stop: Arc::clone(&stop),
            published: Arc::clone(&published),
        };
        let thread = std::thread::Builder::new().name("driver".to_owned()).spawn(move || run.run())?;
        Ok(Self { stop, published, thread: Some(thread) })
    }

    /// Prices published so far.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Whether it still runs: it ends by itself only when the chain does.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Stops after the present block. Errors: what ended it earlier.
    pub fn stop(mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => anyhow::bail!("the driver panicked"),
            None => Ok(()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Run {
    chain: Arc<Chain>,
    publisher: Publisher,
    steps: Steps,
    next: Step,
    last: Step,
    start: i64,
    pace: Pace,
    stop: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
}

impl Run {
    fn run(mut self) -> Result<()> {
        let block = Duration::from_millis(self.pace.block_milliseconds);
        let mut milliseconds = 0_i64;
        while !self.stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            milliseconds = milliseconds.saturating_add_unsigned(self.pace.chain_milliseconds());
            self.advance(milliseconds / 1_000)?;
            std::thread::sleep(block.saturating_sub(began.elapsed()));
        }
        Ok(())
    }

    /// Goes to `offset` seconds after the start; every price step on the way gets a block of its own, and a price that
    /// has become old on the way is published again.
    fn advance(&mut self, offset: i64) -> Result<()> {
        while self.next.offset <= offset {
            let step = self.next;
            if step.offset > 0 {
                self.chain.advance_to(self.start.saturating_add(step.offset))?;
                self.publish(step);
            }
            let Some(next) = self.steps.next() else { break };
            self.next = next;
        }
        self.chain.advance_to(self.start.saturating_add(offset))?;
        if offset.saturating_sub(self.last.offset) > HEARTBEAT_SECONDS {
            self.publish(Step { offset, ..self.last });
        }
        Ok(())
    }

    /// A refused price is reported and the world goes on, as it would on a cluster.
    fn publish(&mut self, step: Step) {
        self.last = step;
        match self.publisher.publish(step.prices) {
            Ok(()) => {
                self.published.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!("{error:#}"),
        }
    }
}
