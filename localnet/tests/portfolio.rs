//! Portfolio margin on the command line: the mode of an account, its risk rows, its explanation.
use plimsoll_localnet::keys::{MAKER, TRADERS};
use serde_json::{json, Value};

use crate::command_line::{start, wallet};
use crate::dry_run::run_dry_first;
use crate::programs::number;

#[test]
fn an_account_changes_its_mode_with_both_balances_shown() {
    let localnet = start("mode", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let changed = run_dry_first(&cli, &["account", "mode", "0", "portfolio"]);
    assert_eq!((&changed["mode_before"], &changed["mode_after"]), (&json!("cross"), &json!("portfolio")));
    assert_eq!(changed["margin_before"]["equity"], changed["margin_after"]["equity"]);
    assert_eq!(changed["margin_after"]["initial"], changed["initial_after"]);
    // Bought calls count more in portfolio mode: cross margin lets no gain buy anything.
    assert!(number(&changed["margin_after"]["initial"]) > number(&changed["margin_before"]["initial"]), "{changed}");
    assert_eq!(cli.json(&["account", "show", "0"])["mode"], "portfolio");
    assert_eq!(cli.json(&["account", "list"])["accounts"][0]["mode"], "portfolio");
    assert_eq!(cli.json(&["margin", "show", "0"])["mode"], "portfolio");
    let refused = cli.refusal(&["account", "mode", "0", "portfolio"]);
    assert!(refused.contains("mode_set is refused by ModeUnchanged"), "{refused}");
    assert_eq!(cli.json(&["account", "mode", "0", "cross"])["mode_after"], "cross");
    assert_eq!(cli.json(&["account", "open", "--mode", "portfolio"])["mode"], "portfolio");
    localnet.shutdown().unwrap();
}

#[test]
fn a_portfolio_account_is_explained_by_what_decides_and_trades() {
    let localnet = start("portfolio", |_| {});
    let (cli, account) = wallet(&localnet, TRADERS[2]);
    let (_, maker) = wallet(&localnet, MAKER);
    let seller = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let market = &localnet.world().markets[1];
    cli.json(&["rows", "refresh", "SOL", &market.expiries[2].to_string(), "--payee", "0"]);
    let what_if = format!("-20 SOL-{}-180-C", market.expiries[1]);
    let explained = cli.json(&["margin", "--account", &account, "--what-if", &what_if]);
    assert_eq!(explained["mode"], "portfolio");
    adds_up(&explained, &explained["lines"]);
    adds_up(&explained["what_if"]["after"], &explained["what_if"]["lines"]);
    let [expiry] = explained["portfolio"]["expiries"].as_array().unwrap().as_slice() else { panic!("{explained}") };
    assert_eq!(expiry["priced_from"], "rows", "{explained}");
    let sol = &explained["portfolio"]["underlyings"][0];
    assert_eq!((&sol["underlying"], &sol["initial"]["worst"]["kind"]), (&json!("SOL"), &json!("scenario")));
    // A bought spread loses where the price falls; the whole loss is this expiry's.
    assert!(sol["initial"]["worst"]["spot"].as_f64().unwrap() < 1.0, "{sol}");
    assert_eq!(sol["initial"]["worst_profit"], expiry["initial_worst"]);
    let after = &explained["what_if"]["portfolio"];
    assert_eq!(after["expiries"].as_array().unwrap().len(), 2);
    assert!(number(&after["underlyings"][0]["initial"]["naked_shorts"]) > 0.0, "{after}");

    // Written puts are liquidated below the price, and the rows come along in whatever values the account.
    let series = format!("SOL-{}-150-P", market.expiries[2]);
    let shown = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity=-100", "--price", "5"]);
    let below = number(&shown["trade"]["liquidation_after"]["SOL"]["below"]);
    assert!((30.0..150.0).contains(&below), "{shown}");
    let mark = shown["trade"]["mark"].as_str().unwrap().to_owned();
    let terms = ["--quantity", "5", "--price", &mark, "--buyer", &maker, "--seller", "0", "--buyer-keypair", &seller];
    let cleared = cli.json(&[&["trade", "clear", &series][..], &terms[..]].concat());
    assert_eq!(cleared["seller_quantity_after"], -5);
    cli.json(&["margin", "check", "0"]);
    cli.json(&["withdraw", "0", "10"]);
    let status = cli.json(&["status"]);
    assert_eq!((&status["accounts"]["unknown"], &status["broken"]), (&json!(0), &json!([])));
    localnet.shutdown().unwrap();
}

fn adds_up(of: &Value, lines: &Value) {
    for balance in ["equity", "initial", "maintenance"] {
        let sum: f64 = lines.as_array().unwrap().iter().map(|line| number(&line[balance])).sum();
        assert!((sum - number(&of[balance])).abs() < 1e-6, "{balance}: {of} {lines}");
    }
}

#[test]
fn risk_rows_are_opened_grown_refreshed_shown_and_closed() {
    let localnet = start("rows", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let time = localnet.world().markets[0].expiries[3].to_string();
    let on = |command: &'static str| ["rows", command, "BTC", time.as_str()];
    let shown = cli.json(&on("show"));
    assert_eq!((&shown["open"], &shown["usable"]), (&json!(false), &json!(false)));
    assert!(shown["why"].as_str().unwrap().contains("plimsoll rows open BTC"), "{shown}");
    assert!(cli.bad_input(&on("refresh")).contains("plimsoll rows open BTC"));
    let opened = run_dry_first(&cli, &on("open"));
    assert_eq!((&opened["strikes_listed"], &opened["room_for_strikes"]), (&json!(9), &json!(18)));
    assert!(cli.refusal(&on("open")).contains("AccountExists"));
    let shown = cli.json(&on("show"));
    assert_eq!((&shown["usable"], &shown["age_seconds"]), (&json!(false), &Value::Null));
    assert!(shown["why"].as_str().unwrap().starts_with("RowsOld"), "{shown}");

    let refreshed = run_dry_first(&cli, &[&on("refresh")[..], &["--payee", "0"]].concat());
    assert_eq!((&refreshed["strikes_filled"], &refreshed["paid"]), (&json!(9), &json!("0.00")));
    let shown = cli.json(&on("show"));
    assert_eq!((&shown["usable"], &shown["why"], &shown["drift"]), (&json!(true), &Value::Null, &json!("0.00")));
    assert!(shown["steps"].as_u64() >= shown["steps_needed"].as_u64(), "{shown}");
    let grown = cli.json(&on("grow"));
    assert_eq!((&grown["room_before"], &grown["room_for_strikes"]), (&json!(18), &json!(38)));
    cli.json(&on("grow"));
    assert_eq!(cli.json(&on("grow"))["room_for_strikes"], 64);
    assert!(cli.refusal(&on("grow")).contains("RowsWhole"));
    let live = cli.refusal(&on("close"));
    assert!(live.contains("rows_close is refused by RowsLive") && live.contains("Account: rows "), "{live}");

    let listed = cli.json(&["underlying", "show", "BTC"]);
    assert_eq!(listed["parameters"]["portfolio"]["grid_step"], 60_000);
    assert_eq!(listed["parameters"]["scan"]["range_cap"], 480_000);
    assert_eq!(listed["parameters"]["portfolio"]["tails"].as_array().unwrap().len(), 8);
    localnet.shutdown().unwrap();
}
