//! `auction_bid`: the largest accounts that are legal fit one transaction, and so does every other instruction that
//! must work on them.

use plimsoll::constants::{INDEX_NONE, MAX_EXPIRIES_PORTFOLIO};
use plimsoll::positions::{leg_change, open_interest_change, Series};
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::Expiry;
use plimsoll::UnderlyingCreateArgs;
use plimsoll_client::ledger::{build_transaction, transaction_size, Ledger, Outcome, SendOptions};
use plimsoll_client::{address, instruction, presets};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{World, WorldOptions, BTC, COMPUTE_LIMIT, QUOTE, SOL};
use solana_keypair::Keypair;
use solana_message::AddressLookupTableAccount;
use solana_program::instruction::{AccountMeta, Instruction};
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

use crate::payments::{collateral_out, list_collateral, pay_collateral};
use crate::support::*;

/// Bytes of a transaction that the network takes.
const TRANSACTION_BYTES: usize = 1_232;
/// Accounts that a cluster locks for one transaction.
const ACCOUNT_LOCKS: usize = 64;
/// Index of the quote token's own price.
const STABLE: u16 = 2;
/// Index of ETH.
const ETH: u16 = 3;
/// First ETH price.
const ETH_PRICE: i64 = 4_000 * QUOTE;
/// Legs of a full account.
const LEGS: usize = 256;

/// The seller, its buyer and the liquidator with plenty, nobody with a position.
fn world(expiry_days: &[i64], strike_percents: Vec<i64>) -> World {
    let options = WorldOptions {
        traders: 0,
        stable: strike_percents.len() < 32,
        expiry_days: expiry_days.to_vec(),
        strike_percents,
        ..WorldOptions::default()
    };
    let mut world = World::with(&options);
    for name in ["seller", "buyer", "liquidator"] {
        world.add_trader(name, 50_000_000 * QUOTE);
    }
    world
}

/// Calls and puts of every strike of the expiries of `underlyings`, expiry by expiry, as many as an account holds.
fn all_series(world: &World, underlyings: &[u16], strikes: u8) -> Vec<Series> {
    let mut all = Vec::new();
    for underlying in underlyings {
        for expiry in 0..world.expiries.len() {
            for strike in 0..strikes {
                for kind in [OptionKind::Call, OptionKind::Put] {
                    all.push(world.series(*underlying, expiry, strike, kind));
                }
            }
        }
    }
    all.truncate(LEGS);
    assert_eq!(all.len(), LEGS);
    all
}

/// Opens `quantity` contracts of every series between two accounts that hold nothing opposite: as trades would, leg by
/// leg through the program's own functions.
fn give(world: &World, (long, short): (usize, usize), all: &[Series], quantity: i32) {
    for (index, bought) in [(long, quantity), (short, -quantity)] {
        edit_account(world, index, |account| {
            for series in all {
                leg_change(account, series, bought).expect("a leg");
            }
        });
    }
    for series in all {
        let expiry = world.directory().expiry(series.underlying, series.expiry);
        edit::<Expiry>(world, &expiry, |expiry| {
            open_interest_change(expiry, series.strike, series.kind, i64::from(quantity)).expect("open interest");
        });
    }
}

/// Makes the seller and, a tenth of it, the liquidator short in every series; the buyer is long.
fn fill(world: &World, all: &[Series], quantity: i32) {
    give(world, (BUYER, SELLER), all, quantity);
    give(world, (BUYER, LIQUIDATOR), all, quantity / 10);
}

/// Moves as much of the seller's cash to the buyer as leaves it under maintenance by a tenth of its requirement.
fn undermine(world: &World) {
    let before = world.balances(SELLER).expect("balances");
    let requirement = before.equity - before.maintenance;
    let surplus = i64::try_from(before.maintenance + requirement / 10).expect("cash");
    edit_account(world, SELLER, |account| account.cash -= surplus);
    edit_account(world, BUYER, |account| account.cash += surplus);
    let after = world.balances(SELLER).expect("balances");
    assert!(after.maintenance < 0 && after.equity > 0);
}

fn transaction(
    world: &World,
    step: &Instruction,
    signers: &[&Keypair],
    tables: Vec<AddressLookupTableAccount>,
) -> VersionedTransaction {
    let signers: Vec<&dyn Signer> = signers.iter().map(|key| *key as &dyn Signer).collect();
    let options = SendOptions { lookup_tables: tables, ..SendOptions::with_compute_limit(COMPUTE_LIMIT) };
    let hash = world.chain.latest_blockhash().expect("block hash");
    build_transaction(std::slice::from_ref(step), &signers, &options, hash).expect("build")
}

/// Accounts that the transaction locks.
fn locked(transaction: &VersionedTransaction) -> usize {
    let looked_up = transaction.message.address_table_lookups().unwrap_or_default();
    let looked_up: usize = looked_up.iter().map(|l| l.writable_indexes.len() + l.readonly_indexes.len()).sum();
    transaction.message.static_account_keys().len() + looked_up
}

/// A lookup table of everything the clearinghouse lists and of the accounts of the parties.
fn table(world: &World, steps: &[&Instruction]) -> AddressLookupTableAccount {
    let mut keys: Vec<Pubkey> = steps.iter().flat_map(|step| step.accounts.iter().map(|meta| meta.pubkey)).collect();
    keys.sort();
    keys.dedup();
    world.chain.create_lookup_table("markets", &keys)
}

/// Sends `step` through a lookup table. Panics unless it fits, locks at most `accounts` and passes.
fn fits(world: &World, name: &str, accounts: usize, step: &Instruction, signers: &[&Keypair]) -> Outcome {
    let transaction = transaction(world, step, signers, vec![table(world, &[step])]);
    let (bytes, locks) = (transaction_size(&transaction), locked(&transaction));
    let outcome = world.chain.execute(transaction).unwrap_or_else(|e| panic!("{name}: {e}"));
    println!("{name}: {bytes} bytes, {locks} accounts, {} compute units", outcome.compute_units);
    assert!(bytes <= TRANSACTION_BYTES, "{name}: {bytes} bytes");
    assert!(locks <= accounts, "{name}: {locks} accounts, at most {accounts}");
    assert!(outcome.compute_units <= u64::from(COMPUTE_LIMIT));
    outcome
}

#[test]
fn a_bid_for_256_legs_over_four_expiries_of_one_underlying_needs_no_lookup_table() {
    let world = world(&[7, 14, 21, 28], (0..32).map(|step| 70 + 2 * step).collect());
    fill(&world, &all_series(&world, &[BTC], 32), 40);
    undermine(&world);
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    let bid = bid_instruction(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 100_000));
    let transaction = transaction(&world, &bid, &[&world.traders[LIQUIDATOR].key], Vec::new());
    let (bytes, accounts) = (transaction_size(&transaction), locked(&transaction));
    assert!(bytes <= TRANSACTION_BYTES, "{bytes} bytes");
    assert!(accounts <= 16, "{accounts} accounts");
    world.chain.execute(transaction).expect("bid");
    assert_eq!((world.account(SELLER).position_count, world.account(LIQUIDATOR).position_count), (256, 256));
    world.full_check();
}

/// Three underlyings, four expiries of each, eight kinds of collateral `priced_by`, a priced quote token, 256 legs;
/// the liquidator holds the same.
fn full(priced_by: [u16; 8]) -> World {
    let world = listed(priced_by, 11);
    fill(&world, &all_series(&world, &[BTC, SOL, ETH], 11), 40);
    world
}

/// BTC, SOL and ETH with four expiries of `strikes` each; seller and liquidator hold eight kinds of collateral
/// `priced_by`, and the quote token is priced.
fn listed(priced_by: [u16; 8], strikes: i64) -> World {
    let mut world = world(&[7, 14, 21, 28], (0..strikes).map(|step| 80 + 4 * step).collect());
    world.add_underlying(presets::eth(ETH), ETH_PRICE);
    for index in ETH + 1..=priced_by.into_iter().filter(|index| *index != INDEX_NONE).max().unwrap_or(0) {
        let feed_id = [u8::try_from(index).expect("small"); 32];
        world.add_underlying(UnderlyingCreateArgs { feed_id, ..presets::sol(index) }, 200 * QUOTE);
    }
    let underlying = address::underlying(&world.clearinghouse, ETH);
    for expiry in &world.expiries {
        world.govern(instruction::expiry_create(&underlying, &world.governance.pubkey(), *expiry));
        for step in 0..strikes {
            world.govern(instruction::strike_create(&underlying, *expiry, ETH_PRICE / 100 * (80 + 4 * step)));
        }
    }
    for (kind, priced_by) in (0..).zip(priced_by) {
        list_collateral(&world, priced_by, 8);
        for index in [SELLER, LIQUIDATOR] {
            pay_collateral(&world, index, kind, 1_000_000).expect("collateral");
        }
    }
    world.advance(3_600);
    world
}

/// Posts every price of BTC, SOL and ETH `percent` higher with an average `average` per cent above today's price: each
/// distinct one of accepted, average and, while it walks, raw price is an evaluation of every leg.
fn post(world: &World, percent: i64, average: i64) {
    world.chain.advance(1);
    for feed in &world.feeds {
        let price = feed.oracle(&world.chain).expect("oracle").price.price;
        let update = PriceUpdate::new(feed.id, price / 100 * (100 + percent), world.chain.time());
        let update = update.with_ema(price / 100 * (100 + average));
        feed.post_update(&world.chain, &world.governance, &update).expect("accepted");
    }
}

/// Trades, checks, auctions and withdraws on the full account, each in one transaction of at most `accounts`.
fn everything_fits(world: &World, accounts: usize) {
    let [seller, buyer, liquidator] = [SELLER, BUYER, LIQUIDATOR].map(|index| &world.traders[index].key);
    let fits = |name: &str, step: Instruction, signers: &[&Keypair]| fits(world, name, accounts, &step, signers);
    post(world, 0, -1);
    let series = world.series(ETH, 0, 5, OptionKind::Call);
    let trade = trade_instruction(world, SELLER, LIQUIDATOR, at_mark(world, SELLER, LIQUIDATOR, &series, 1));
    fits("trade_clear", trade, &[seller, liquidator]);
    let wallet = world.traders[SELLER].wallet;
    let out = instruction::withdraw(&world.directory(), &world.account(SELLER), &wallet, 1).expect("build");
    fits("withdraw", out, &[seller]);
    let tokens = world.directory().collateral(0).expect("listed").mint;
    let tokens = address::token_account(&world.traders[SELLER].address(), &tokens);
    fits("collateral_withdraw", collateral_out(world, SELLER, 0, &tokens, 1), &[seller]);

    undermine(world);
    post(world, 4, -1);
    let check = instruction::margin_check(&world.directory(), &world.account(SELLER)).expect("build");
    fits("margin_check", check, &[buyer]);
    fits("auction_start", start_instruction(world, SELLER, LIQUIDATOR, start_args(world, SELLER)), &[liquidator]);
    world.advance(20);
    undermine(world);
    post(world, 4, -1);
    let bid = bid_instruction(world, (SELLER, LIQUIDATOR), true, bid_args(world, SELLER, 100_000));
    fits("auction_bid", bid, &[liquidator]);
    assert_eq!((world.account(SELLER).position_count, world.account(LIQUIDATOR).position_count), (256, 256));
    world.deposit(SELLER, 10_000_000 * QUOTE.unsigned_abs()).expect("deposit");
    let end = instruction::auction_end(&world.directory(), &world.account(SELLER)).expect("build");
    fits("auction_end", end, &[buyer]);
    world.full_check();
}

#[test]
fn the_largest_account_fits_forty_accounts_through_a_lookup_table() {
    let world = full([BTC, SOL, ETH, STABLE, INDEX_NONE, BTC, SOL, ETH]);
    everything_fits(&world, 40);
}

#[test]
fn an_account_whose_collateral_is_priced_by_eight_other_underlyings_fits_the_locks_of_a_cluster() {
    let world = full([4, 5, 6, 7, 8, 9, 10, 11]);
    everything_fits(&world, ACCOUNT_LOCKS);
}

/// The seller short 256 legs over ten expiries of three underlyings in portfolio mode, with rows of each, and eight kinds
/// of collateral that other underlyings price; the expiries.
fn widest_portfolio() -> (World, Vec<(u16, usize)>) {
    const STRIKES: u8 = 13;
    let mut world = listed([4, 5, 6, 7, 8, 9, 10, 11], STRIKES.into());
    let expiries: Vec<_> = [(BTC, 4), (SOL, 3), (ETH, 3)]
        .into_iter()
        .flat_map(|(underlying, expiries)| (0..expiries).map(move |at| (underlying, at)))
        .collect();
    assert_eq!(expiries.len(), MAX_EXPIRIES_PORTFOLIO);
    let mut all: Vec<Series> = Vec::new();
    for (underlying, expiry) in &expiries {
        for strike in 0..STRIKES {
            all.extend(
                [OptionKind::Call, OptionKind::Put].map(|kind| world.series(*underlying, *expiry, strike, kind)),
            );
        }
    }
    all.truncate(LEGS);
    fill(&world, &all, 40);
    for (underlying, expiry) in &expiries {
        world.refresh_prices();
        world.open_rows(*underlying, *expiry);
    }
    edit_account(&world, SELLER, |account| account.mode = MODE_PORTFOLIO);
    (world, expiries)
}

#[test]
fn the_widest_portfolio_account_fits_the_locks_of_a_cluster_with_all_its_rows() {
    let (world, expiries) = widest_portfolio();
    let refresh_rows = || expiries.iter().for_each(|(index, expiry)| drop(world.refresh_rows(*index, *expiry)));
    let refresh = || {
        world.refresh_prices();
        refresh_rows();
    };
    let rows = |step: &Instruction| {
        let is_rows = |meta: &&AccountMeta| {
            expiries.iter().any(|(underlying, at)| {
                meta.pubkey == address::rows(&world.directory().expiry(*underlying, world.expiries[*at]))
            })
        };
        step.accounts.iter().filter(is_rows).count()
    };
    refresh();
    undermine(&world);
    let liquidator = &world.traders[LIQUIDATOR].key;
    let start = start_instruction(&world, SELLER, LIQUIDATOR, start_args(&world, SELLER));
    fits(&world, "auction_start", ACCOUNT_LOCKS, &start, &[liquidator]);
    world.advance(20);
    refresh();
    undermine(&world);
    let bid = bid_instruction(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 100_000));
    assert_eq!([rows(&start), rows(&bid)], [MAX_EXPIRIES_PORTFOLIO; 2]);
    fits(&world, "auction_bid", ACCOUNT_LOCKS, &bid, &[liquidator]);
    // While every price walks all of it is valued at both ends. The rows follow each step, and what the walk may still move
    // counts for the account.
    post(&world, 4, -1);
    refresh_rows();
    undermine(&world);
    let walk = 345_000 * QUOTE;
    edit_account(&world, SELLER, |account| account.cash -= walk);
    edit_account(&world, BUYER, |account| account.cash += walk);
    let bid = bid_instruction(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 100_000));
    assert_eq!(rows(&bid), MAX_EXPIRIES_PORTFOLIO);
    fits(&world, "auction_bid of walking prices", ACCOUNT_LOCKS, &bid, &[liquidator]);
    world.full_check();
}

/// The seller short in the first BTC expiry and in auction.
fn one_short(world: &World) {
    give(world, (BUYER, SELLER), &[call(world)], 1_000);
    undermine(world);
    start(world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
}

/// The first call of each (underlying, expiry).
fn first_calls(world: &World, of: impl IntoIterator<Item = (u16, usize)>) -> Vec<Series> {
    of.into_iter().map(|(underlying, expiry)| world.series(underlying, expiry, 0, OptionKind::Call)).collect()
}

#[test]
fn a_bidder_full_of_other_underlyings_takes_none() {
    let mut world = world(&[7], vec![90, 95, 100]);
    for (index, id) in [(3, 3), (4, 4)] {
        let args = UnderlyingCreateArgs { feed_id: [id; 32], ..presets::sol(index) };
        world.add_underlying(args, 200 * QUOTE);
        let (underlying, expiry) = (address::underlying(&world.clearinghouse, index), world.expiries[0]);
        world.govern(instruction::expiry_create(&underlying, &world.governance.pubkey(), expiry));
        world.govern(instruction::strike_create(&underlying, expiry, 200 * QUOTE));
    }
    let other = world.add_trader("counterparty", QUOTE);
    world.refresh_prices();
    give(&world, (other, LIQUIDATOR), &first_calls(&world, [(SOL, 0), (3, 0), (4, 0)]), 1);
    one_short(&world);
    refused(&world, "TooManyUnderlyings", || bid(&world, 100_000));
    bid_with(&world, (SELLER, BUYER), false, bid_args(&world, SELLER, 100_000)).expect("who holds BTC takes it");
    world.full_check();
}

#[test]
fn a_bidder_full_of_other_expiries_takes_none() {
    let mut world = world(&(2..15).collect::<Vec<_>>(), vec![90, 95, 100]);
    let other = world.add_trader("counterparty", QUOTE);
    give(&world, (other, LIQUIDATOR), &first_calls(&world, (1..13).map(|expiry| (BTC, expiry))), 1);
    one_short(&world);
    refused(&world, "TooManyExpiries", || bid(&world, 100_000));
    world.full_check();
}

#[test]
fn a_bidder_full_of_other_legs_takes_none() {
    let mut world = world(&[7, 14, 21, 28], (0..33).map(|step| 70 + 2 * step).collect());
    let other = world.add_trader("counterparty", QUOTE);
    let mut all = all_series(&world, &[BTC], 33);
    let sold = call(&world);
    let place = all.iter().position(|series| *series == sold).expect("the seller's series");
    all[place] = world.series(BTC, 3, 32, OptionKind::Put);
    give(&world, (other, LIQUIDATOR), &all, 1);
    one_short(&world);
    refused(&world, "TooManyPositions", || bid(&world, 100_000));
    world.full_check();
}

/// One large short in the first expiry, and eleven single longs and eight kinds of collateral of which a small bid
/// takes nothing; the liquidator holds eleven other expiries and eight other kinds.
#[test]
fn a_bidder_of_other_expiries_and_collateral_than_it_takes_fits_the_locks_of_a_cluster() {
    let mut world = world(&(2..25).collect::<Vec<_>>(), vec![90, 95, 100]);
    let others = ["one", "other"].map(|name| world.add_trader(name, 1_000_000 * QUOTE));
    for kind in 0..16 {
        list_collateral(&world, [BTC, SOL, STABLE, INDEX_NONE][usize::from(kind) % 4], 8);
        pay_collateral(&world, if kind < 8 { SELLER } else { LIQUIDATOR }, kind, 9).expect("nine atoms");
    }
    give(&world, (SELLER, others[0]), &first_calls(&world, (1..12).map(|expiry| (BTC, expiry))), 1);
    give(&world, (others[1], LIQUIDATOR), &first_calls(&world, (12..23).map(|expiry| (BTC, expiry))), 1);
    one_short(&world);
    let small = bid_instruction(&world, (SELLER, LIQUIDATOR), true, bid_args(&world, SELLER, 10_000));
    fits(&world, "auction_bid", ACCOUNT_LOCKS, &small, &[&world.traders[LIQUIDATOR].key]);
    let slots = world.account(LIQUIDATOR).expiries.iter().filter(|slot| slot.legs > 0).count();
    assert_eq!(slots, 12);
    world.full_check();
}
