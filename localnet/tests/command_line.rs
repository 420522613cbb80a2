//! The command line against the local chain: from a new wallet to a trade, and from a falling price to an auction.
use std::path::PathBuf;
use std::time::Duration;

use anchor_spl::token::spl_token::state::Mint;
use plimsoll_client::Pubkey;
use plimsoll_localnet::keys::{self, GOVERNANCE, LIQUIDATOR, MAKER, TRADERS};
use plimsoll_localnet::sources::Source;
use plimsoll_localnet::{Config, Localnet};
use plimsoll_tests::pyth::PriceUpdate;
use serde_json::{json, Value};
use solana_account::Account;
use solana_program::program_pack::Pack;
use solana_signer::Signer;

use crate::dry_run::run_dry_first;
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
    let quoted = &cleared["buyer_quote"];
    assert_eq!(quoted["refusal"], Value::Null);
    assert!(number(&quoted["after"]["equity"]) < number(&quoted["before"]["equity"]), "a fee was paid: {quoted}");
    assert_eq!(number(&cleared["buyer_cash_after"]), 5_000.5 + number(&quoted["cash"]));
    // A bought call has no price at which it is liquidated, and the client says so per underlying.
    assert_eq!(quoted["liquidation_after"]["SOL"], json!({ "below": null, "above": null }));

    // A hundred written puts have one, below the price: shown before anything is signed.
    let puts = ["--trade", &series.replace("-C", "-P"), "--quantity=-100", "--price", "5"];
    let written = cli.json(&[&["margin", "show", "0"], &puts[..]].concat());
    let below = number(&written["trade"]["liquidation_after"]["SOL"]["below"]);
    assert!((50.0..150.0).contains(&below), "{written}");
    assert!(
        number(&written["trade"]["after"]["initial"]) < number(&written["trade"]["before"]["initial"]),
        "{written}"
    );

    let shown = cli.json(&["account", "show", "0"]);
    assert_eq!(shown["legs"].as_array().unwrap().len(), 1);
    assert!(number(&shown["cash"]) < 5_000.5 - 2.0 * number(&cleared["price"]));
    assert_eq!(cli.json(&["margin", "show", "0"])["health"], "sound");
    cli.json(&["withdraw", "0", "100"]);
    let refused = cli.refusal(&["withdraw", "0", "5000"]);
    assert!(refused.contains("CashShort") && refused.contains("needed 5000.00"), "{refused}");
    let status = cli.json(&["status"]);
    assert_eq!((status["accounts"]["total"].as_u64(), status["broken"].as_array().unwrap().len()), (Some(6), 0));
    localnet.shutdown().unwrap();
}

#[test]
fn a_falling_account_is_auctioned_by_hand() {
    let localnet = start("auction", |config| {
        config.source = fall("auction", 17.0);
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
    run_dry_first(&cli, &["auction", "start", &falling, "--starter", "0"]);
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

#[test]
fn an_insolvent_account_is_taken_over_and_its_bad_debt_is_repaid() {
    let localnet = start("insolvent", |config| {
        config.source = fall("insolvent", 60.0);
        config.speed = 180;
    });
    let (cli, _) = wallet(&localnet, LIQUIDATOR);
    let (debtor, falling) = wallet(&localnet, TRADERS[1]);
    let owner = localnet.ready().wallet(TRADERS[1]).unwrap().pubkey.clone();
    localnet.wait_for("the fall", PATIENCE, || Ok((localnet.elapsed() > FALL_SECONDS + 120).then_some(()))).unwrap();
    assert_eq!(cli.json(&["margin", "show", &falling])["health"], "insolvent");
    assert_eq!(cli.json(&["status"])["accounts"]["insolvent"], 1);
    cli.json(&["auction", "start", &falling, "--starter", "0"]);
    let terms = ["--bidder", "0", "--fraction", "1", "--limit=0", "--valid-for", "1800"];
    let taken = run_dry_first(&cli, &[&["auction", "bid", &falling][..], &terms[..]].concat());
    assert_eq!(
        (&taken["takeover"], &taken["payment"], &taken["legs_after"]),
        (&json!(true), &json!("0.00"), &json!(0))
    );
    let loss = &taken["bad_debt"]["loss"];
    let gained = number(&taken["bidder_cash_after"]) - number(&taken["bidder_cash_before"]);
    assert!((gained - number(&taken["cash_before"]) - number(loss)).abs() < 1e-6, "{taken}");
    assert_eq!((&taken["bad_debt"]["from_insurance"], &taken["bad_debt"]["to_deficit"]), (loss, &json!("0.00")));

    let shown = cli.json(&["bad-debt", "show"]);
    assert_eq!(shown["owners"], json!([{ "owner": owner, "bad_debt": loss, "accounts_opened": 1 }]));
    assert_eq!(&cli.json(&["insurance", "show"])["paid"], loss);
    let refused = debtor.refusal(&["account", "open"]);
    let named = format!("bad debt {}", loss.as_str().unwrap());
    assert!(
        refused.contains("BadDebtOpen") && refused.contains(&named) && refused.contains("bad-debt repay"),
        "{refused}"
    );
    // More than is owed is offered; what is owed is taken.
    let repaid = run_dry_first(&cli, &["bad-debt", "repay", &owner, "400000"]);
    assert_eq!((&repaid["amount"], &repaid["bad_debt_after"]), (loss, &json!("0.00")));
    assert_eq!(cli.json(&["bad-debt", "show"])["owners"], json!([]));
    let status = cli.json(&["status"]);
    assert_eq!(
        (&status["broken"], &status["bad_debt"], &status["solvent"]),
        (&json!([]), &json!("0.00"), &json!(true))
    );
    localnet.shutdown().unwrap();
}

#[test]
fn collateral_is_listed_deposited_and_withdrawn() {
    let localnet = start("collateral", |_| {});
    let governance = governance(&localnet);
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let mint = new_mint(&localnet, 2);
    let terms = ["--priced-by", "BTC", "--weight", "0.8", "--ramp-seconds", "7200", "--cap", "12.5"];
    let listed = governance.json(&[&["collateral", "create", "--mint", &mint][..], &terms[..]].concat());
    assert_eq!((&listed["index"], &listed["decimals"], &listed["cap"]), (&json!(1), &json!(2), &json!("12.50")));
    let all = cli.json(&["collateral", "list"]);
    assert_eq!(all["collaterals"][1]["mint"], mint.as_str());
    assert_eq!(
        (&all["collaterals"][1]["priced_by"], &all["collaterals"][1]["weight"]),
        (&json!("BTC"), &json!("0.80"))
    );
    assert!(number(&all["collaterals"][1]["weight_now"]) < 0.01, "the ramp has just begun: {all}");
    assert_eq!(
        (&all["collaterals"][0]["weight_now"], &all["collaterals"][0]["price"].is_string()),
        (&json!("0.90"), &true)
    );

    // Without legs in SOL: its price is one of those that decide, because it prices collateral.
    let priced = cli.json(&["margin", "show", "0"]);
    let names: Vec<&Value> = priced["underlyings"].as_array().unwrap().iter().map(|part| &part["underlying"]).collect();
    assert_eq!(names, ["BTC", "SOL"]);
    let withdrawn = cli.json(&["collateral", "withdraw", "0", "0", "10"]);
    assert_eq!((&withdrawn["held_before"], &withdrawn["held_after"]), (&json!("100.00"), &json!("90.00")));
    let collateral = localnet.ready().collateral_mint.clone();
    let deposited = cli.json(&["collateral", "deposit", &account, &collateral, "4.5"]);
    assert_eq!((&deposited["amount"], &deposited["held_after"]), (&json!("4.50"), &json!("94.50")));
    let shown = cli.json(&["account", "show", "0"]);
    assert_eq!(shown["collateral"], json!([{ "index": 0, "mint": collateral, "amount": "94.50" }]));
    let status = cli.json(&["status"]);
    assert_eq!(status["broken"], json!([]));
    localnet.shutdown().unwrap();
}

#[test]
fn a_delegate_trades_within_its_budget_until_it_is_revoked() {
    let delegate = keys::keypair(99, "delegate");
    let localnet = start("delegate", |config| config.fund = vec![delegate.pubkey()]);
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let (_, maker) = wallet(&localnet, MAKER);
    let folder: PathBuf = localnet.ready().cli_config.parent().unwrap().to_owned();
    let delegate_file = keys::write(&folder, "delegate", &delegate).unwrap().display().to_string();
    let maker_file = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let series = format!("SOL-{}-150-C", localnet.world().markets[1].expiries[1]);
    let key = delegate.pubkey().to_string();
    let terms = ["--budget", "0.05", "--window-seconds", "3600", "--actions", "trade"];
    let set = cli.json(&[&["account", "delegate", "set", "0", &key][..], &terms[..]].concat());
    assert_eq!(
        (&set["delegate_after"], &set["actions"], &set["budget"]),
        (&json!(key), &json!("trade"), &json!("0.05"))
    );

    let what_if = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity", "1", "--price", "1"]);
    let mark = what_if["trade"]["mark"].as_str().unwrap().to_owned();
    let trade = |quantity: &str| {
        let terms =
            ["trade", "clear", &series, "--quantity", quantity, "--price", &mark, "--seller-keypair", &maker_file];
        let sides = ["--buyer", &account, "--buyer-keypair", &delegate_file, "--seller", &maker];
        cli.attempt(&[&terms[..], &sides[..]].concat())
    };
    assert_eq!(trade("1").unwrap()["buyer_quantity_after"], 1);
    let shown = cli.json(&["account", "show", "0"]);
    let spent = number(&shown["delegate"]["spent"]);
    assert!(spent > 0.0 && spent <= 0.05, "{shown}");
    // The fee alone of a larger trade is above the budget.
    let refused = trade("100").unwrap_err();
    for part in ["trade_clear is refused by DelegateBudget", "would be spent in the window", "budget 0.05", &account] {
        assert!(refused.contains(part), "no {part:?} in {refused}");
    }
    let revoked = cli.json(&["account", "delegate", "revoke", "0"]);
    assert_eq!((&revoked["delegate_before"], &revoked["delegate_after"]), (&json!(key), &Value::Null));
    let refused = trade("1").unwrap_err();
    assert!(refused.contains("SignerNotAuthorised") && refused.contains(&account), "{refused}");
    localnet.shutdown().unwrap();
}

#[test]
fn a_price_update_is_accepted_once() {
    let localnet = start("price", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let market = &localnet.world().markets[1];
    let now = localnet.chain().now();
    let update = PriceUpdate::new(market.feed.id, 150_500_000, now + 5);
    let (at, data) = (Pubkey::new_unique(), update.data());
    let account =
        Account { lamports: localnet.chain().rent(data.len()), data, owner: update.receiver, ..Account::default() };
    localnet.chain().set_account(&at, account).unwrap();
    let accept = ["oracle", "accept", "SOL", &at.to_string()];
    let accepted = cli.json(&accept);
    assert_eq!((&accepted["price_after"], &accepted["publish_time"]), (&json!("150.50"), &json!(now + 5)));
    let refused = cli.refusal(&accept);
    for part in ["oracle_accept is refused by PriceNotNewer", "published 20", " UTC", &format!("price_update {at}")] {
        assert!(refused.contains(part), "no {part:?} in {refused}");
    }
    let shown = cli.json(&["oracle", "show", "SOL"]);
    assert_eq!(shown["oracles"].as_array().unwrap().len(), 1);
    assert_eq!(shown["oracles"][0]["refused_uses"]["liquidate"], Value::Null);
    localnet.shutdown().unwrap();
}

/// The command line with the keypair of governance.
pub fn governance(localnet: &Localnet) -> Plimsoll {
    let ready = localnet.ready();
    Plimsoll::new(&ready.cli_config, &ready.wallet(GOVERNANCE).unwrap().keypair)
}

/// A new mint of the classic token program.
pub fn new_mint(localnet: &Localnet, decimals: u8) -> String {
    let mint = Mint { decimals, is_initialized: true, ..Mint::default() };
    let mut data = vec![0; Mint::LEN];
    Mint::pack(mint, &mut data).unwrap();
    let (at, lamports) = (Pubkey::new_unique(), localnet.chain().rent(Mint::LEN));
    let account = Account { lamports, data, owner: anchor_spl::token::ID, ..Account::default() };
    localnet.chain().set_account(&at, account).unwrap();
    at.to_string()
}
