//! A price feed: posting a price is writing the Pyth account and accepting it on chain.

use plimsoll::state::OracleState;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{Ledger, LedgerExt, Outcome, SendOptions};
use plimsoll_client::{address, instruction};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;

use crate::chain::{named_address, Chain};
use crate::pyth::PriceUpdate;

/// Seconds between the steps of a walking price.
const WALK_STEP_SECONDS: i64 = 10;

/// The feed of one underlying.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// The underlying it prices.
    pub underlying: Pubkey,
    /// Feed id.
    pub id: [u8; 32],
    /// The price account.
    pub account: Pubkey,
}

impl Feed {
    /// The feed `id` of `underlying`, at a price account of its own.
    pub fn new(underlying: Pubkey, id: [u8; 32]) -> Self {
        Self { underlying, id, account: named_address(&format!("price account {underlying}")) }
    }

    /// The state that `oracle_accept` writes. Errors: `Missing`, `Decode`.
    pub fn oracle(&self, chain: &Chain) -> Result<OracleState, LedgerError> {
        chain.load(&address::oracle(&self.underlying))
    }

    /// Posts `price` (quote atoms per whole underlying) published now and has it accepted. Moves the clock by a second
    /// if a price was accepted this second. Errors: the program's refusal.
    pub fn post(&self, chain: &Chain, payer: &Keypair, price: i64) -> Result<Outcome, LedgerError> {
        let last = self.oracle(chain)?.price.publish_time;
        if chain.time() <= last {
            chain.set_time(last.saturating_add(1));
        }
        self.post_update(chain, payer, &PriceUpdate::new(self.id, price, chain.time()))
    }

    /// Writes `update` and has it accepted, whatever it says. Errors: the program's refusal.
    pub fn post_update(&self, chain: &Chain, payer: &Keypair, update: &PriceUpdate) -> Result<Outcome, LedgerError> {
        update.post(chain, &self.account);
        let accept = instruction::oracle_accept(&self.underlying, &self.account);
        chain.send(&[accept], &[payer], &SendOptions::default())
    }

    /// Posts `price` again and again, ten seconds apart, until the accepted price has walked there. Errors: the
    /// program's refusal.
    pub fn walk(&self, chain: &Chain, payer: &Keypair, price: i64) -> Result<(), LedgerError> {
        loop {
            self.post(chain, payer, price)?;
            if self.oracle(chain)?.price.walking_since == 0 {
                return Ok(());
            }
            chain.advance(WALK_STEP_SECONDS);
        }
    }
}
