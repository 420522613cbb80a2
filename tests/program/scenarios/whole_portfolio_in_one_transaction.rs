//! A portfolio account with as many legs as there can be is started, sold and ended from risk rows, each in one
//! transaction.

use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll_client::ledger::{build_transaction, transaction_size, Ledger, SendOptions};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::Mode;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, COMPUTE_LIMIT, QUOTE};
use solana_program::instruction::Instruction;

use crate::support::*;

/// Accounts that one such transaction may name, the payer and the programs counted.
const ACCOUNTS: usize = 20;
/// Bytes of a transaction that the network takes.
const TRANSACTION_BYTES: usize = 1_232;
/// Strikes of each of four expiries: 256 legs.
const STRIKES: u8 = 32;

fn refresh(world: &World) {
    (0..4).for_each(|expiry| drop(world.refresh_rows(BTC, expiry)));
}

fn full_account() -> World {
    let options = WorldOptions {
        mode: Mode::Fast,
        traders: 0,
        expiry_days: vec![7, 14, 21, 28],
        strike_percents: (0..i64::from(STRIKES)).map(|step| 70 + 2 * step).collect(),
        ..WorldOptions::default()
    };
    let mut world = World::with(&options);
    for (name, cash) in [("seller", 3_000_000), ("buyer", 10_000_000), ("liquidator", 10_000_000)] {
        world.add_trader(name, cash * QUOTE);
    }
    for expiry in 0..4 {
        for strike in 0..STRIKES {
            for kind in [OptionKind::Call, OptionKind::Put] {
                world.trade_at_mark(BUYER, SELLER, &world.series(BTC, expiry, strike, kind), 40).expect("leg");
            }
        }
        world.advance(10);
        world.open_rows(BTC, expiry);
    }
    refresh(&world);
    for index in [SELLER, LIQUIDATOR] {
        world.set_mode(index, MODE_PORTFOLIO).expect("portfolio");
    }
    world
}

/// Accounts and bytes of the transaction that sends `instruction` alone, without lookup tables.
fn measured(world: &World, instruction: &Instruction, signer: usize) -> (usize, usize) {
    let options = SendOptions::with_compute_limit(COMPUTE_LIMIT);
    let hash = world.chain.latest_blockhash().expect("hash");
    let key = &world.traders[signer].key;
    let transaction = build_transaction(std::slice::from_ref(instruction), &[key], &options, hash).expect("build");
    (transaction.message.static_account_keys().len(), transaction_size(&transaction))
}

#[test]
fn an_account_of_256_portfolio_legs_is_liquidated_from_rows_without_lookup_tables() {
    let world = full_account();
    assert_eq!(world.account(SELLER).position_count, 256);
    let mut price = BTC_PRICE;
    while world.balances(SELLER).expect("balances").maintenance >= 0 {
        price += BTC_PRICE / 50;
        world.move_price(BTC, price);
        refresh(&world);
    }
    let fits = |what: &str, instruction: Instruction, signer: usize| {
        let (accounts, bytes) = measured(&world, &instruction, signer);
        send(&world, instruction, &[&world.traders[signer].key]).expect(what);
        assert!(accounts <= ACCOUNTS && bytes <= TRANSACTION_BYTES, "{what}: {accounts} accounts, {bytes} bytes");
    };
    refresh(&world);
    fits("start", start_instruction(&world, SELLER, LIQUIDATOR, start_args(&world, SELLER)), LIQUIDATOR);
    world.advance(20);
    refresh(&world);
    let args = bid_args(&world, SELLER, 100_000);
    fits("bid", bid_instruction(&world, (SELLER, LIQUIDATOR), false, args), LIQUIDATOR);
    assert_eq!((world.account(SELLER).position_count, world.account(LIQUIDATOR).position_count), (256, 256));
    refresh(&world);
    // Both hold the same 256 series now.
    fits("bid", bid_instruction(&world, (SELLER, LIQUIDATOR), false, bid_args(&world, SELLER, 50_000)), LIQUIDATOR);
}
