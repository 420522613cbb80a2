//! Portfolio margin on the command line: the mode of an account, its risk rows, its explanation.
use plimsoll::positions::Series;
use plimsoll::state::MarginAccount;
use plimsoll::TradeClearArgs;
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{Ledger, SendOptions};
use plimsoll_client::rpc::RpcLedger;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, rows};
use plimsoll_core::position::OptionKind;
use plimsoll_localnet::keys::{GOVERNANCE, MAKER, TRADERS};
use plimsoll_localnet::Localnet;
use serde_json::{json, Value};
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::command_line::{governance, start, wallet};
use crate::dry_run::run_dry_first;
use crate::programs::{number, Plimsoll};

#[test]
fn an_account_changes_its_mode_with_both_balances_shown() {
    let localnet = start("mode", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let changed = run_dry_first(&cli, &["account", "mode", "0", "portfolio"]);
    assert_eq!((&changed["mode_before"], &changed["mode_after"]), (&json!("cross"), &json!("portfolio")));
    assert_eq!(changed["margin_before"]["equity"], changed["margin_after"]["equity"]);
    assert_eq!(changed["margin_after"]["initial"], changed["initial_after"]);
    assert_ne!(changed["margin_after"]["initial"], changed["margin_before"]["initial"], "the rules differ");
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
    let shown = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity=-600", "--price", "5"]);
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
    assert_eq!((&shown["usable"], &shown["why"]), (&json!(true), &Value::Null));
    assert!(number(&shown["drift"]) < 0.005 && number(&shown["drift_max"]) == 0.005, "{shown}");
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

#[test]
fn a_correlation_is_sampled_once_an_hour_and_shown() {
    let localnet = start("correlation", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let governance = governance(&localnet);
    // Not across the end of an hour.
    while 3_600 - cli.json(&["oracle", "show"])["time"].as_i64().unwrap() % 3_600 < 60 {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    let sampled = run_dry_first(&cli, &["oracle", "correlate", "SOL", "BTC"]);
    assert_eq!((&sampled["peer"], &sampled["samples"]), (&json!("BTC"), &json!(0)), "{sampled}");
    let early = cli.refusal(&["oracle", "correlate", "SOL", "BTC"]);
    assert!(early.contains("CorrelationNotDue") && early.contains("next hour"), "{early}");
    assert!(cli.refusal(&["oracle", "correlate", "BTC", "SOL"]).contains("PeerUnknown"));
    let shown = &cli.json(&["oracle", "show", "SOL"])["oracles"][0]["correlations"][0];
    assert_eq!((&shown["peer"], &shown["offset"]), (&json!(0), &json!("0.00")), "{shown}");
    assert!(shown["sampled_at"].as_i64() > Some(0), "{shown}");

    let create = ["underlying", "create", "--preset", "eth", "--peer", "BTC", "--peer"];
    let twice = governance.bad_input(&[&create[..], &["BTC"]].concat());
    assert!(twice.contains("correlation_peers") && twice.contains("named once"), "{twice}");
    assert!(governance.bad_input(&[&create[..], &["BTC", "--peer", "SOL"]].concat()).contains("at most 2"));
    governance.json(&[&create[..], &["SOL"]].concat());
    let listed = cli.json(&["underlying", "show", "ETH"]);
    assert_eq!(listed["parameters"]["portfolio"]["correlation_peers"], json!([0, 1]));
    localnet.shutdown().unwrap();
}

/// Strikes of each of the two expiries of [`wide_market`].
const STRIKES: i64 = 20;

/// SOL once more, listed so that scenarios always reach 47 % far, with two expiries of twenty strikes; the expiries.
fn wide_market(localnet: &Localnet, governance: &Plimsoll) -> [i64; 2] {
    let folder = localnet.ready().cli_config.parent().unwrap().to_owned();
    let file = folder.join("wide.toml");
    let grid = "[grid]\nexpiry_interval_seconds = 3600\nexpiry_offset_seconds = 0\nmin_lead_seconds = 1800\n";
    std::fs::write(&file, format!("{grid}[scan]\nrange_floor = 470000\n")).unwrap();
    let file = file.display().to_string();
    let listed = governance.json(&["underlying", "create", "--preset", "sol", "--parameters", &file]);
    assert_eq!(listed["index"], 2);
    accept(localnet, governance);
    let market = &localnet.world().markets[1];
    let (ledger, payer) = (localnet.ledger(), localnet.world().wallet(GOVERNANCE).unwrap().keypair.insecure_clone());
    let underlying = address::underlying(&localnet.world().clearinghouse, 2);
    let expiries = [market.expiries[2], market.expiries[3]];
    for expiry in expiries {
        let create = instruction::expiry_create(&underlying, &payer.pubkey(), expiry);
        send(&ledger, &[create], &[&payer]);
        let strikes: Vec<_> = (0..STRIKES).map(|step| (100 + 5 * step) * 1_000_000).collect();
        for strikes in strikes.chunks(10) {
            let create = |price: &i64| instruction::strike_create(&underlying, expiry, *price);
            send(&ledger, &strikes.iter().map(create).collect::<Vec<_>>(), &[&payer]);
        }
    }
    expiries
}

/// Has the wide market take the latest price of SOL; one that is not newer is as good.
fn accept(localnet: &Localnet, cli: &Plimsoll) {
    let update = localnet.world().markets[1].feed.update.to_string();
    if let Err(refusal) = cli.attempt(&["oracle", "accept", "2", &update]) {
        assert!(refusal.contains("PriceNotNewer"), "{refusal}");
    }
}

fn send(ledger: &RpcLedger, instructions: &[Instruction], signers: &[&dyn Signer]) {
    ledger.send(instructions, signers, &SendOptions::with_compute_limit(1_400_000)).unwrap();
}

/// One contract of every series of `expiry`, sold to `buyer` at the mark, several in a transaction.
fn sell_every_series(localnet: &Localnet, expiry: i64, [buyer, seller]: [&str; 2]) {
    let (ledger, world) = (localnet.ledger(), localnet.world());
    let wallets = [buyer, seller].map(|name| world.wallet(name).unwrap());
    let addresses = wallets.map(|wallet| wallet.margin_account.unwrap());
    let directory = Directory::load(&ledger, &world.clearinghouse).unwrap();
    let series: Vec<(u8, OptionKind)> = (0..u8::try_from(STRIKES).unwrap())
        .flat_map(|strike| [OptionKind::Call, OptionKind::Put].map(|kind| (strike, kind)))
        .collect();
    for series in series.chunks(2) {
        let snapshot = Snapshot::load_with(&ledger, &directory, &addresses, Some((2, expiry)), None).unwrap();
        let [bought, sold] = [0, 1].map(|at| *snapshot.account(at).unwrap());
        let clears: Vec<Instruction> = (0u64..)
            .zip(series)
            .map(|(before, (strike, kind))| {
                let args = TradeClearArgs {
                    underlying: 2,
                    strike: *strike,
                    strike_price: (100 + 5 * i64::from(*strike)) * 1_000_000,
                    kind: kind.to_u8(),
                    quantity: 1,
                    expiry,
                    price: snapshot.value(|v| v.mark(2, expiry, *strike, *kind)).unwrap().0,
                    valid_until: i64::MAX,
                    buyer_sequence: bought.sequence + before,
                    seller_sequence: sold.sequence + before,
                };
                // The second one is built for the accounts as the first leaves them.
                let series = Series { underlying: 2, expiry, strike: *strike, kind: *kind };
                let held = |account: &MarginAccount| match before {
                    0 => *account,
                    _ => rows::traded(account, &series, 1),
                };
                let sides = [held(&bought), held(&sold)];
                let [bought, sold] = [&sides[0], &sides[1]].map(Side::of_owner);
                instruction::trade_clear(&directory, bought, sold, args).unwrap()
            })
            .collect();
        send(&ledger, &clears, &[&wallets[0].keypair, &wallets[1].keypair]);
    }
}

#[test]
fn the_rows_of_a_large_account_are_refreshed_by_the_command_that_needs_them() {
    let localnet = start("large", |_| {});
    let governance = governance(&localnet);
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let expiries = wide_market(&localnet, &governance);
    for expiry in expiries {
        accept(&localnet, &cli);
        sell_every_series(&localnet, expiry, [MAKER, TRADERS[0]]);
    }
    accept(&localnet, &cli);
    let mode = ["account", "mode", "0", "portfolio"];
    let refused = cli.failure_lines(&mode);
    assert!(refused.contains("plimsoll rows open SOL "), "{refused}");
    assert!(refused.contains("mode_set is refused by RowsNeeded") && refused.contains("at most 4480"), "{refused}");
    for expiry in expiries {
        let opened = governance.json(&["rows", "open", "2", &expiry.to_string()]);
        assert_eq!(opened["room_for_strikes"], 38);
        assert_eq!(cli.json(&["rows", "show", "2", &expiry.to_string()])["usable"], false);
    }
    accept(&localnet, &cli);
    let dry = cli.json(&[&["--dry-run"], &mode[..]].concat());
    assert_eq!((&dry["dry_run"], &dry["mode_after"]), (&json!(true), &json!("portfolio")));
    assert_eq!(cli.json(&["rows", "show", "2", &expiries[0].to_string()])["usable"], false);
    assert_eq!(cli.json(&mode)["mode_after"], "portfolio");
    assert_eq!(cli.json(&["rows", "show", "2", &expiries[0].to_string()])["usable"], true);
    accept(&localnet, &cli);
    cli.json(&["margin", "check", "0"]);
    let explained = cli.json(&["margin", "--account", &account]);
    adds_up(&explained, &explained["lines"]);
    localnet.shutdown().unwrap();
}
