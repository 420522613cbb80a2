//! The command line against the local chain: from a new wallet to a trade, and from a falling price to an auction.
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_localnet::keys::{self, LIQUIDATOR, MAKER, TRADERS};
use plimsoll_localnet::sources::Source;
use plimsoll_localnet::{Config, Localnet};
use solana_signer::Signer;

use crate::programs::{number, Plimsoll};

const PATIENCE: Duration = Duration::from_secs(120);

pub fn start(name: &str, change: impl FnOnce(&mut Config)) -> Localnet {
    let folder = std::env::temp_dir().join(format!("plimsoll-{name}-{}", std::process::id()));
    let mut config = Config { folder, ..Config::default() };
    change(&mut config);
    Localnet::start(&config).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Chain seconds after which the price of [`fall`] stands still.
pub const FALL_SECONDS: i64 = 40 * 60;

/// A file in which SOL, and with it BTC, falls by `percent` in forty minutes and stays there.
pub fn fall(name: &str, percent: f64) -> Source {
    let file = std::env::temp_dir().join(format!("SOL_{name}_{}.csv", std::process::id()));
    let mut text = "timestamp,open,high,low,close\n".to_owned();
    for minute in 0..=FALL_SECONDS / 60 {
        let price = 150.0 * (1.0 - percent / 100.0 * minute as f64 * 60.0 / FALL_SECONDS as f64);
        text += &format!("{},{price},{price},{price},{price}\n", minute * 60);
    }
    std::fs::write(&file, text).unwrap();
    Source::File(file)
}

pub fn wallet(localnet: &Localnet, name: &str) -> (Plimsoll, String) {
    let ready = localnet.ready();
    let wallet = ready.wallet(name).unwrap();
    let account = wallet.margin_account.clone().unwrap();
    (Plimsoll::new(&ready.cli_config, &wallet.keypair), account)
}

#[test]
fn a_new_wallet_deposits_trades_and_withdraws() {
    let new = keys::keypair(99, "newcomer");
    let localnet = start("newcomer", |config| config.fund = vec![new.pubkey()]);
    let folder: PathBuf = localnet.ready().cli_config.parent().unwrap().to_owned();
    let keypair = keys::write(&folder, "newcomer", &new).unwrap();
    let cli = Plimsoll::new(&localnet.ready().cli_config, &keypair);
    let (_, maker) = wallet(&localnet, MAKER);
    let seller = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();

    cli.json(&["account", "open"]);
    assert_eq!(number(&cli.json(&["deposit", "0", "5000.5"])["cash_after"]), 5_000.5);
    let market = &localnet.world().markets[1];
    let series = format!("SOL-{}-150-C", market.expiries[1]);
    let what_if = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity", "2", "--price", "1"]);
    let mark = what_if["trade"]["mark"].as_str().unwrap().to_owned();
    let trade = ["trade", "clear", &series, "--quantity", "2", "--price", &mark, "--buyer", "0", "--seller", &maker];
    let cleared = cli.json(&[&trade[..], &["--seller-keypair", &seller]].concat());
    assert_eq!(cleared["buyer_quantity_after"], 2);

    let shown = cli.json(&["account", "show", "0"]);
    assert_eq!(shown["legs"].as_array().unwrap().len(), 1);
    assert!(number(&shown["cash"]) < 5_000.5 - 2.0 * number(&cleared["price"]));
    assert_eq!(cli.json(&["margin", "show", "0"])["health"], "sound");
    cli.json(&["withdraw", "0", "100"]);
    let refused = cli.refusal(&["withdraw", "0", "5000"]);
    assert!(refused.contains("against"), "{refused}");
    let status = cli.json(&["status"]);
    assert_eq!((status["accounts"]["total"].as_u64(), status["broken"].as_array().unwrap().len()), (Some(6), 0));
    localnet.shutdown().unwrap();
}

#[test]
fn a_falling_account_is_auctioned_by_hand() {
    let localnet = start("auction", |config| {
        config.source = fall("auction", 10.0);
        config.speed = 180;
    });
    let (cli, _) = wallet(&localnet, LIQUIDATOR);
    let (_, falling) = wallet(&localnet, TRADERS[1]);
    localnet
        .wait_for("the fall", PATIENCE, || {
            Ok((cli.json(&["margin", "show", &falling])["health"] == "liquidatable").then_some(()))
        })
        .unwrap();
    localnet.wait_for("its end", PATIENCE, || Ok((localnet.elapsed() > FALL_SECONDS + 120).then_some(()))).unwrap();
    cli.json(&["auction", "start", &falling, "--starter", "0"]);
    let standing = cli.json(&["margin", "show", &falling]);
    let largest = number(&standing["auction"]["limits"]["largest"]);
    // The largest share moves with the clock: a little less is inside.
    let share = &format!("{:.6}", largest * 0.99);
    let bid = cli.json(&[
        "auction",
        "bid",
        &falling,
        "--bidder",
        "0",
        "--fraction",
        share,
        "--limit",
        "100000",
        "--valid-for",
        "1800",
    ]);
    assert!(number(&bid["payment"]) > 0.0 && number(&bid["slice"]) >= 0.0, "{bid}");
    let taken = cli.json(&["account", "show", "0"]);
    assert!(!taken["legs"].as_array().unwrap().is_empty());
    let status = cli.json(&["status"]);
    assert_eq!((status["accounts"]["insolvent"].as_u64(), status["broken"].as_array().unwrap().len()), (Some(0), 0));
    localnet.shutdown().unwrap();
}
