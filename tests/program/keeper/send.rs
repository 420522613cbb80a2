//! How a decision is sent: sized by its simulation, priced by policy, signed again while it is valid.

use std::cell::RefCell;

use plimsoll::CollateralCreateArgs;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{lookup_table, AccountFilter, Ledger, Outcome};
use plimsoll_core::position::OptionKind;
use plimsoll_keeper::plan::Action;
use plimsoll_keeper::policy::Policy;
use plimsoll_tests::chain::Chain;
use plimsoll_tests::token;
use plimsoll_tests::world::{World, WorldOptions, BTC, QUOTE, SOL};
use solana_account::Account;
use solana_clock::Clock;
use solana_message::{AddressLookupTableAccount, Hash};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;
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
    /// Tables that it knows.
    tables: Vec<AddressLookupTableAccount>,
    /// Compute limit and price of everything sent.
    sent: RefCell<Vec<(u32, u64)>>,
}

impl<'a> Crowded<'a> {
    fn new(chain: &'a Chain, lost: usize, seconds: i64) -> Self {
        Self { chain, lost, seconds, fees: Vec::new(), tables: Vec::new(), sent: RefCell::default() }
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

    fn lookup_tables(&self) -> Result<Vec<AddressLookupTableAccount>, LedgerError> {
        Ok(self.tables.clone())
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

/// As wide an account as there is, in auction: legs in twelve expiries of two underlyings, eight kinds of collateral.
fn wide() -> World {
    let options = WorldOptions { traders: 0, expiry_days: (2..14).collect(), ..WorldOptions::default() };
    let mut world = World::with(&options);
    world.add_trader("seller", 40_000 * QUOTE);
    world.add_trader("buyer", 20_000_000 * QUOTE);
    world.add_trader("liquidator", 500_000 * QUOTE);
    for index in 0..8 {
        add_collateral(&world, index);
    }
    for expiry in 0..12 {
        let (underlying, contracts) = if expiry < 6 { (BTC, SOLD / 7) } else { (SOL, 1) };
        let series = world.series(underlying, expiry, 2, OptionKind::Call);
        world.trade_at_mark(BUYER, SELLER, &series, contracts).expect("sell");
    }
    sink(&world, 3_600);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    world
}

/// Lists one more collateral, priced as BTC, and gives the seller an atom of it.
fn add_collateral(world: &World, index: u16) {
    let mint = token::create_mint(&world.chain, &format!("coin {index}"), 8);
    let authority = world.governance.pubkey();
    let args = CollateralCreateArgs { index, priced_by: BTC, cross_factor: 800_000, ramp_seconds: 3_600, cap: 1_000 };
    world.govern(instruction::collateral_create(&world.clearinghouse, &authority, &authority, &mint, args));
    let seller = &world.traders[SELLER];
    let source = token::mint_to(&world.chain, &mint, &seller.address(), 1);
    let from = (&seller.address(), &source);
    let deposit = instruction::collateral_deposit(&world.directory(), &seller.account, from, index, 1).expect("build");
    send(world, deposit, &[&seller.key]).expect("deposit");
}

#[test]
fn a_bid_too_large_for_a_transaction_needs_lookup_tables_and_stops_nothing_else() {
    let world = wide();
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    let mut crowded = Crowded::new(&world.chain, 0, 0);
    let (view, planned) = (view(&world), decide(&world, &keeper));
    let Some(bid @ Action::Bid { .. }) = planned.first() else { panic!("{planned:?}") };
    let problem = keeper.send(&crowded, &view.book, bid).expect_err("too large").to_string();
    assert!(problem.contains("bytes, the network takes 1232") && problem.contains("lookup_tables"), "{problem}");
    assert!(crowded.sent.borrow().is_empty());

    let keys: Vec<Pubkey> = keeper
        .instructions(&view.book, bid)
        .expect("instructions")
        .iter()
        .flat_map(|instruction| &instruction.accounts)
        .filter(|account| !account.is_signer)
        .map(|account| account.pubkey)
        .collect();
    let table = world.chain.create_lookup_table("markets", &keys);
    let stored = world.chain.raw(&table.key).expect("table");
    crowded.tables = vec![lookup_table(&table.key, &stored).expect("table")];
    assert_eq!(crowded.tables[0].addresses, keys);
    keeper.send(&crowded, &view.book, bid).expect("with a table it fits");
    world.full_check();
}

#[test]
fn what_is_no_lookup_table_is_refused_by_its_address() {
    let world = World::new();
    let table = world.chain.create_lookup_table("odd", &[world.clearinghouse]);
    let good = world.chain.raw(&table.key).expect("table");
    let mut torn = good.clone();
    torn.data.pop();
    let foreign = Account { owner: plimsoll::ID, ..good.clone() };
    let short = Account { data: vec![1; 55], ..good };
    for account in [torn, foreign, short] {
        let problem = lookup_table(&table.key, &account).expect_err("none").to_string();
        assert!(problem.contains(&format!("{} is not an address lookup table", table.key)), "{problem}");
    }
}
