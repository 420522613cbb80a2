//! The end of an expiry by hand: samples, settlement, the debt it leaves and its cure, fees, closing.
use std::time::Duration;

use plimsoll_localnet::keys::{LIQUIDATOR, MAKER, TRADERS};
use plimsoll_localnet::Localnet;
use serde_json::json;

use crate::command_line::{fall, start, wallet};
use crate::dry_run::run_dry_first;
use crate::programs::{number, Plimsoll};

const PATIENCE: Duration = Duration::from_secs(180);

/// trader-1 writes 40 calls in the money to the maker and leaves 100 quote tokens beside its collateral.
fn write_calls(localnet: &Localnet, cli: &Plimsoll, series: &str) {
    let (_, maker) = wallet(localnet, MAKER);
    let maker_file = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let what_if = cli.json(&["margin", "show", "0", "--trade", series, "--quantity=-40", "--price", "1"]);
    let mark = what_if["trade"]["mark"].as_str().unwrap().to_owned();
    let terms = ["trade", "clear", series, "--quantity", "40", "--price", &mark, "--valid-for", "3600"];
    let sides = ["--buyer", &maker, "--buyer-keypair", &maker_file, "--seller", "0"];
    let sold = cli.json(&[&terms[..], &sides[..]].concat());
    let rest = number(&sold["seller_cash_after"]) - 100.0;
    cli.json(&["withdraw", "0", &format!("{rest:.6}")]);
}

#[test]
fn an_expiry_is_settled_swept_and_closed_and_a_sale_cures_the_debt_it_leaves() {
    let localnet = start("expiry", |config| {
        // The price stands still, so that what is owed is known.
        config.source = fall("still", 0.0);
        config.speed = 240;
    });
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let (liquidator, _) = wallet(&localnet, LIQUIDATOR);
    let (_, maker) = wallet(&localnet, MAKER);
    let market = &localnet.world().markets[1];
    let time = market.expiries[0].to_string();
    write_calls(&localnet, &cli, &format!("SOL-{time}-136-C"));

    let settle = || {
        // Too early before the window, not newer where no price came in between.
        if let Err(text) = cli.attempt(&["settle", "sample", "SOL", &time]) {
            let waits = ["SampleTooEarly", "SampleNotNewer", "SettlementWindowClosed"];
            assert!(waits.iter().any(|rule| text.contains(rule)), "{text}");
        }
        Ok(cli.attempt(&["settle", "expiry", "SOL", &time]).ok())
    };
    let settled = localnet.wait_for("the settlement", PATIENCE, settle).unwrap();
    assert_eq!((&settled["settlement_price"], &settled["open_interest"]), (&json!("150.00"), &json!(40)));

    let loser = run_dry_first(&cli, &["settle", "account", "0", "SOL", &time]);
    assert_eq!((&loser["contracts_short"], &loser["contracts_long"]), (&json!(40), &json!(0)));
    assert_eq!(number(&loser["cash_before"]) - number(&loser["cash_after"]), 40.0 * 14.0);
    assert!(number(&loser["cash_after"]) < -459.0, "{loser}");
    let again = cli.json(&["settle", "account", "0", "SOL", &time]);
    assert_eq!((&again["contracts_short"], &again["cash_after"]), (&json!(0), &loser["cash_after"]));
    assert_eq!(cli.json(&["settle", "account", &maker, "SOL", &time])["contracts_long"], 40);

    cure(&liquidator, &account, number(&loser["cash_after"]));
    let swept = run_dry_first(&liquidator, &["expiry", "sweep", "SOL", &time]);
    let parts = ["to_deficit", "to_insurance", "to_surplus"].map(|part| number(&swept[part]));
    assert!(
        number(&swept["fees"]) > 0.0 && (parts.iter().sum::<f64>() - number(&swept["fees"])).abs() < 1e-9,
        "{swept}"
    );
    let closed = run_dry_first(&liquidator, &["expiry", "close", "SOL", &time]);
    assert_eq!(closed["rent_payer"], localnet.ready().wallet("governance").unwrap().pubkey.as_str());
    let left = liquidator.json(&["expiry", "list"]);
    assert!(left["expiries"].as_array().unwrap().iter().all(|listed| listed["address"] != closed["expiry"]), "{left}");
    let gone = liquidator.bad_input(&["expiry", "close", "SOL", &time]);
    assert!(gone.contains("is not listed"), "{gone}");
    let status = liquidator.json(&["status"]);
    assert_eq!(
        (&status["broken"], &status["deficit"], &status["settlement"]),
        (&json!([]), &json!("0.00"), &json!("0.00"))
    );
    localnet.shutdown().unwrap();
}

/// Interest runs on the debt; the liquidator buys collateral until the account owes nothing.
fn cure(liquidator: &Plimsoll, account: &str, cash: f64) {
    let accrued = run_dry_first(liquidator, &["debt", "accrue", account]);
    assert!(number(&accrued["interest"]) > 0.0, "{accrued}");
    assert!(number(&accrued["cash_after"]) < cash, "{accrued}");
    let low = ["collateral", "buy", account, "0", "10", "--buyer", "0", "--limit", "1", "--valid-for", "3600"];
    let refused = liquidator.refusal(&low);
    assert!(refused.contains("PriceLimit") && refused.contains("limit 1.00"), "{refused}");
    let buy = ["collateral", "buy", account, "0", "10", "--buyer", "0", "--limit", "2000", "--valid-for", "3600"];
    liquidator.json(&[&["--dry-run"], &buy[..]].concat());
    assert!(number(&liquidator.json(&["account", "show", account])["cash"]) < 0.0, "the dry run sold something");
    let sold = liquidator.json(&buy);
    // At most 10 % below 150, and no more than cures the debt.
    let (amount, proceeds) = (number(&sold["amount"]), number(&sold["proceeds"]));
    assert!(amount < 10.0 && (135.0..=150.0 + 1e-6).contains(&(proceeds / amount)), "{sold}");
    assert!(number(&sold["cash_after"]) >= 0.0 && number(&sold["cash_after"]) < 1.0, "{sold}");
    let refused = liquidator.refusal(&buy);
    assert!(refused.contains("DebtNone"), "{refused}");
}
