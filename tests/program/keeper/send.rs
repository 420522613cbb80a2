//! How a decision is sent: sized by its simulation, priced by policy, signed again while it is valid.

use std::cell::RefCell;

use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{AccountFilter, Ledger, Outcome};
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::policy::Policy;
use plimsoll_tests::chain::Chain;
use plimsoll_tests::world::World;
use solana_account::Account;
use solana_clock::Clock;
use solana_message::Hash;
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction::TransactionError;

use super::{decide, keeper_of, view};
use crate::support::*;

/// A chain whose blocks are full: the first transactions outlive their block hash, each taking some time.
struct Crowded<'a> {
    chain: &'a Chain,
    /// Transactions that do not get into a block.
    lost: usize,
    /// Seconds that each of them takes.
    seconds: i64,
    /// What others paid lately.
    fees: Vec<u64>,
    /// Compute limit and price of everything sent.
    sent: RefCell<Vec<(u32, u64)>>,
}

impl<'a> Crowded<'a> {
    fn new(chain: &'a Chain, lost: usize, seconds: i64) -> Self {
        Self { chain, lost, seconds, fees: Vec::new(), sent: RefCell::default() }
    }
}

/// Compute limit and price that a transaction asks for.
fn budget(transaction: &VersionedTransaction) -> (u32, u64) {
    let (mut limit, mut price) = (0, 0);
    for instruction in transaction.message.instructions() {
        match instruction.data.split_first() {
            Some((2, rest)) if rest.len() == 4 => limit = u32::from_le_bytes(rest.try_into().expect("limit")),
            Some((3, rest)) if rest.len() == 8 => price = u64::from_le_bytes(rest.try_into().expect("price")),
            _ => {}
        }
    }
    (limit, price)
}

impl Ledger for Crowded<'_> {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        self.chain.accounts(addresses)
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        self.chain.program_accounts(filter)
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        self.chain.clock()
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        self.chain.latest_blockhash()
    }

    fn recent_priority_fees(&self, addresses: &[Pubkey]) -> Result<Vec<u64>, LedgerError> {
        assert!(!addresses.is_empty(), "asked for the fees of no account");
        Ok(self.fees.clone())
    }

    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.sent.borrow_mut().push(budget(&transaction));
        if self.sent.borrow().len() <= self.lost {
            self.chain.advance(self.seconds);
            return Err(LedgerError::NotRun(TransactionError::BlockhashNotFound));
        }
        self.chain.execute(transaction)
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        self.chain.dry_run(transaction)
    }
}

/// Sends the start of the seller's auction over `ledger`.
fn send_start(world: &World, ledger: &dyn Ledger, policy: Policy, priority_fee: u64) -> Result<Outcome, LedgerError> {
    let mut keeper = keeper_of(world, LIQUIDATOR, policy);
    keeper.priority_fee = priority_fee;
    let start = decide(world, &keeper).remove(0);
    assert!(matches!(start, Action::Start { .. }));
    keeper.send(ledger, &view(world).book, &start)
}

#[test]
fn a_transaction_that_outlived_its_block_hash_is_signed_again() {
    let world = under_maintenance();
    let crowded = Crowded::new(&world.chain, 3, 5);
    send_start(&world, &crowded, Policy::default(), 0).expect("the fourth lands");
    assert_eq!(crowded.sent.borrow().len(), 4);
    assert!(world.account(SELLER).in_auction());
}

#[test]
fn a_decision_is_not_signed_again_after_its_time() {
    let world = under_maintenance();
    let crowded = Crowded::new(&world.chain, 9, 20);
    let outcome = send_start(&world, &crowded, Policy { valid_seconds: 60, ..Policy::default() }, 0);
    assert!(matches!(outcome, Err(LedgerError::NotRun(TransactionError::BlockhashNotFound))), "{outcome:?}");
    // After 20, 40 and 60 seconds it is still valid, after 80 no more.
    assert_eq!(crowded.sent.borrow().len(), 4);
}

#[test]
fn the_compute_limit_is_the_simulated_use_and_a_tenth() {
    let world = under_maintenance();
    let crowded = Crowded::new(&world.chain, 0, 0);
    let used = send_start(&world, &crowded, Policy::default(), 7).expect("start").compute_units;
    let (limit, price) = crowded.sent.borrow()[0];
    assert_eq!((u64::from(limit), price), (used * 110 / 100, 7));
}

#[test]
fn the_priority_fee_follows_the_percentile_between_its_floor_and_cap() {
    let paid = |fees: &[u64], floor: u64, cap: u64| {
        let world = under_maintenance();
        let mut crowded = Crowded::new(&world.chain, 0, 0);
        crowded.fees = fees.to_vec();
        let policy = Policy { priority_fee_cap: cap, priority_fee_percentile: 75, ..Policy::default() };
        send_start(&world, &crowded, policy, floor).expect("start");
        let (_, price) = crowded.sent.borrow()[0];
        price
    };
    let recent = [400, 100, 300, 200];
    assert_eq!(paid(&recent, 50, 1_000), 300);
    assert_eq!(paid(&recent, 350, 1_000), 350);
    assert_eq!(paid(&recent, 50, 250), 250);
    assert_eq!(paid(&recent, 50, 0), 50, "without a cap the fee is fixed");
    assert_eq!(paid(&[], 50, 1_000), 50, "nobody pays");
}

#[test]
fn what_the_simulation_refuses_is_not_sent() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    let crowded = Crowded::new(&world.chain, 0, 0);
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    let start =
        Action::Start { account: world.traders[SELLER].account, sequence: world.account(SELLER).auction_sequence() };
    let refusal = keeper.send(&crowded, &view(&world).book, &start).expect_err("healthy");
    assert_eq!(refusal.rule(), Some("AccountHealthy"));
    assert!(crowded.sent.borrow().is_empty());
}
