//! The chain alone: servers, blocks, clock, accounts.
use std::net::TcpListener;
use std::time::Duration;

use plimsoll_client::ledger::{Ledger, SendOptions};
use plimsoll_localnet::chain::{Chain, ChainConfig};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::{instruction::Instruction, pubkey::Pubkey};
use solana_pubsub_client::pubsub_client::PubsubClient;
use solana_signer::Signer;

const START: i64 = 1_780_272_000;

fn config() -> ChainConfig {
    ChainConfig { rpc_port: 0, ws_port: 0, start: START, block_milliseconds: 400 }
}

fn account(data: Vec<u8>) -> Account {
    Account {
        lamports: 10_000_000,
        data,
        owner: Pubkey::new_from_array([9; 32]),
        executable: false,
        rent_epoch: u64::MAX,
    }
}

#[test]
fn the_clock_starts_and_stays_where_it_is_put() {
    let chain = Chain::start(config()).unwrap();
    assert_eq!(chain.now(), START);
    let slot = chain.clock().slot;
    chain.advance(90).unwrap();
    chain.advance(0).unwrap();
    assert_eq!((chain.now(), chain.clock().slot), (START + 90, slot + 2));
    let clock = chain.ledger().clock().unwrap();
    assert_eq!((clock.unix_timestamp, clock.slot), (START + 90, slot + 2));
    let error = chain.advance_to(START).unwrap_err().to_string();
    assert!(error.contains("cannot go back"), "{error}");
    chain.shutdown().unwrap();
}

#[test]
fn accounts_written_and_transactions_sent_are_seen_over_rpc() {
    let chain = Chain::start(config()).unwrap();
    let (ledger, wallet) = (chain.ledger(), Keypair::new());
    chain.airdrop(&wallet.pubkey(), 5_000_000_000).unwrap();
    let address = Pubkey::new_unique();
    chain.set_account(&address, account(vec![1, 2, 3])).unwrap();
    assert_eq!(ledger.account(&address).unwrap().unwrap().data, [1, 2, 3]);
    let before = ledger.account(&wallet.pubkey()).unwrap().unwrap().lamports;
    let nothing: [Instruction; 0] = [];
    let options = SendOptions { compute_limit: Some(1_000), ..SendOptions::default() };
    ledger.send(&nothing, &[&wallet], &options).unwrap();
    assert_eq!(ledger.account(&wallet.pubkey()).unwrap().unwrap().lamports, before - 5_000);
    chain.shutdown().unwrap();
}

#[test]
fn a_transaction_is_confirmed_once_its_block_is_made() {
    let chain = Chain::start(config()).unwrap();
    let wallet = Keypair::new();
    chain.airdrop(&wallet.pubkey(), 5_000_000_000).unwrap();
    let options = SendOptions::with_compute_limit(1_000);
    let signature = chain.ledger().send(&[], &[&wallet], &options).unwrap().signature;
    let confirmed = || {
        let client = plimsoll_client::rpc::RpcLedger::new(chain.rpc_url());
        client.client().confirm_transaction(&signature).unwrap()
    };
    assert!(!confirmed());
    chain.advance(1).unwrap();
    assert!(confirmed());
    chain.shutdown().unwrap();
}

#[test]
fn a_websocket_subscription_sees_an_account_change() {
    let chain = Chain::start(config()).unwrap();
    let address = Pubkey::new_unique();
    chain.set_account(&address, account(vec![1])).unwrap();
    let (subscription, changes) = PubsubClient::account_subscribe(chain.ws_url(), &address, None).unwrap();
    let change = (0..50).find_map(|n| {
        chain.set_account(&address, account(vec![2, n])).unwrap();
        chain.advance(1).unwrap();
        changes.recv_timeout(Duration::from_millis(200)).ok()
    });
    let data = change.expect("no notification").value.data.decode().unwrap();
    assert_eq!(data[0], 2);
    // The client's reader holds the connection until a message comes: it is let go only once the server is gone.
    chain.shutdown().unwrap();
    drop(subscription);
}

#[test]
fn a_port_in_use_is_refused_by_number_and_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Chain::start(ChainConfig { ws_port: port, ..config() }).err().unwrap().to_string();
    assert!(error.contains(&port.to_string()) && error.contains("--ws-port"), "{error}");
}

#[test]
fn two_chains_run_side_by_side_and_free_their_ports() {
    let (one, two) = (Chain::start(config()).unwrap(), Chain::start(config()).unwrap());
    one.advance(60).unwrap();
    assert_eq!((one.ledger().now().unwrap(), two.ledger().now().unwrap()), (START + 60, START));
    let port: u16 = one.rpc_url().rsplit(':').next().unwrap().parse().unwrap();
    one.shutdown().unwrap();
    one.shutdown().unwrap();
    TcpListener::bind(("127.0.0.1", port)).unwrap();
    two.shutdown().unwrap();
}

#[test]
fn a_program_that_is_not_there_names_the_command_that_builds_it() {
    let chain = Chain::start(config()).unwrap();
    let error = chain.deploy(&Pubkey::new_unique(), "/nowhere/x.so".as_ref()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/x.so") && error.contains("cargo xtask build-sbf"), "{error}");
    chain.shutdown().unwrap();
}
