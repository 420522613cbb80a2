//! The whole local Plimsoll: world, prices, faucet.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use plimsoll::state::{InsuranceFund, MarginAccount, OracleState};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::status::{token_balance, Books};
use plimsoll_client::{address, Pubkey};
use plimsoll_localnet::keys::{LIQUIDATOR, MAKER, TRADERS};
use plimsoll_localnet::sources::Source;
use plimsoll_localnet::{Config, Localnet};

const PATIENCE: Duration = Duration::from_secs(60);

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("plimsoll-{name}-{}", std::process::id()))
}

fn start(name: &str, change: impl FnOnce(&mut Config)) -> Localnet {
    let mut config = Config { folder: folder(name), ..Config::default() };
    change(&mut config);
    Localnet::start(&config).unwrap_or_else(|error| panic!("{error:#}"))
}

fn price(localnet: &Localnet, index: usize) -> OracleState {
    let underlying = localnet.world().markets[index].feed.underlying;
    localnet.ledger().load(&address::oracle(&underlying)).unwrap()
}

#[test]
fn the_world_is_funded_traded_and_balanced() {
    let localnet = start("world", |_| {});
    let (ledger, world) = (localnet.ledger(), localnet.world());
    let fund: InsuranceFund = ledger.load(&address::insurance(&world.clearinghouse)).unwrap();
    assert_eq!(fund.balance, 250_000_000_000);
    for name in [MAKER, LIQUIDATOR].into_iter().chain(TRADERS) {
        let wallet = world.wallet(name).unwrap();
        let account: MarginAccount = ledger.load(&wallet.margin_account.unwrap()).unwrap();
        assert!(account.cash > 0, "{name}");
        assert_eq!(account.position_count > 0, name != LIQUIDATOR, "{name}");
    }
    let books = Books::load(&ledger, &world.clearinghouse).unwrap();
    assert!(books.check().unwrap().is_empty());
    localnet.shutdown().unwrap();
}

#[test]
fn prices_are_published_and_accepted_at_the_time_of_the_clock() {
    let localnet = start("prices", |config| config.speed = 30);
    let before = price(&localnet, 0).price;
    let later = |seconds: i64| {
        let now = price(&localnet, 0).price;
        Ok((now.publish_time >= before.publish_time + seconds).then_some(now))
    };
    let after = localnet.wait_for("four minutes", PATIENCE, || later(240)).unwrap();
    assert!(localnet.published() >= 4);
    assert!(after.publish_time <= localnet.chain().now());
    assert_ne!(after.price, before.price);
    localnet.shutdown().unwrap();
}

#[test]
fn a_file_drives_its_underlying_to_its_prices() {
    let file = folder("sol").with_file_name(format!("SOL_{}.csv", std::process::id()));
    std::fs::write(&file, "timestamp,open,high,low,close\n0,100,102,98,99\n600,99,99,97,97\n").unwrap();
    let localnet = start("file", |config| {
        config.source = Source::File(file.clone());
        config.speed = 300;
    });
    let reached = |atoms: i64| {
        localnet.wait_for("the price", PATIENCE, || Ok((price(&localnet, 1).price.price == atoms).then_some(())))
    };
    reached(97_000_000).unwrap();
    assert_eq!(price(&localnet, 0).price.price, 97_000_000_000);
    localnet.shutdown().unwrap();
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_faucet_gives_tokens_to_anyone_and_refuses_what_is_no_key() {
    let localnet = start("faucet", |_| {});
    let owner = Pubkey::new_unique();
    let answer = post(localnet.faucet_url(), &format!("{{\"pubkey\": \"{owner}\", \"sol\": 3, \"quote\": 500}}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ledger = localnet.chain().ledger();
    let tokens = address::token_account(&owner, &localnet.world().quote.mint);
    assert_eq!(token_balance(&ledger, &tokens).unwrap(), 500_000_000);
    let answer = post(localnet.faucet_url(), "{\"pubkey\": \"nobody\"}");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("`nobody` is not a base-58 key"), "{answer}");
    localnet.shutdown().unwrap();
}

#[test]
fn what_is_written_to_files_is_what_runs() {
    let owner = Pubkey::new_unique();
    let localnet = start("files", |config| config.fund = vec![owner]);
    let file = folder("files").join("ready.json");
    localnet.ready().write(&file).unwrap();
    let read: plimsoll_localnet::ready::Ready = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(read.rpc_url, localnet.rpc_url());
    for wallet in &read.wallets {
        let keypair = solana_keypair::read_keypair_file(&wallet.keypair).unwrap();
        assert_eq!(solana_signer::Signer::pubkey(&keypair).to_string(), wallet.pubkey);
    }
    assert!(read.cli_config.exists() && read.keeper_config.exists());
    let tokens = address::token_account(&owner, &localnet.world().quote.mint);
    assert_eq!(token_balance(&localnet.chain().ledger(), &tokens).unwrap(), 1_000_000_000_000);
    localnet.shutdown().unwrap();
}

#[test]
fn a_speed_out_of_range_is_refused() {
    let config = Config { speed: 601, folder: folder("speed"), ..Config::default() };
    let error = Localnet::start(&config).err().unwrap().to_string();
    assert!(error.contains("speed 601 is outside 1..=600"), "{error}");
}

/// The answer to a JSON POST.
fn post(url: &str, body: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches("/faucet");
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /faucet HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn help_names_every_option_and_an_unknown_one_is_bad_input() {
    let run = |argument: &str| Command::new(env!("CARGO_BIN_EXE_plimsoll-localnet")).arg(argument).output().unwrap();
    let help = run("--help");
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success() && text.contains("Usage: cargo xtask localnet"), "{text}");
    for option in [
        "--port <PORT>",
        "--ws-port <WS_PORT>",
        "--faucet-port <FAUCET_PORT>",
        "--prices <FILE>",
        "--crash <CRASH>",
        "--speed <SPEED>",
        "--seed <SEED>",
        "--fund <PUBKEY>",
        "--program <FILE>",
        "--folder <FOLDER>",
        "--ready-file <FILE>",
        "--json",
    ] {
        assert!(text.contains(option), "no {option} in {text}");
    }
    let unknown = run("--sead");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("'--seed'"), "it names the one that was meant");
}
