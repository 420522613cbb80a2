//! Under `--dry-run` a command shows the fields of the real run and changes nothing.
use std::collections::BTreeSet;

use plimsoll_localnet::keys::{LIQUIDATOR, MAKER, TRADERS};
use serde_json::Value;

use crate::command_line::{governance, new_mint, start, wallet};
use crate::programs::Plimsoll;

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// What `command` prints once it ran, after a dry run that had the same fields and was marked as one.
pub fn run_dry_first(cli: &Plimsoll, command: &[&str]) -> Value {
    let dry = cli.json(&[&["--dry-run"], command].concat());
    let real = cli.json(command);
    assert_eq!(fields(&dry), fields(&real), "{command:?}");
    assert_eq!((dry["dry_run"].as_bool(), &dry["signature"]), (Some(true), &Value::Null), "{command:?}");
    assert_eq!((real["dry_run"].as_bool(), real["signature"].is_string()), (Some(false), true), "{command:?}");
    real
}

/// All that a dry run of a trader's command could change.
fn state(cli: &Plimsoll) -> Vec<Value> {
    let mut status = cli.json(&["status"]);
    // The clock goes on; nothing else may.
    status["time"] = Value::Null;
    vec![
        status,
        cli.json(&["account", "list"]),
        cli.json(&["account", "show", "0"]),
        cli.json(&["collateral", "list"])["collaterals"][0]["deposited"].clone(),
        cli.json(&["expiry", "list"]),
    ]
}

#[test]
fn a_dry_run_has_the_fields_of_the_run_and_changes_nothing() {
    let localnet = start("dry", |_| {});
    let (cli, _) = wallet(&localnet, TRADERS[0]);
    let (_, maker) = wallet(&localnet, MAKER);
    let (_, liquidator) = wallet(&localnet, LIQUIDATOR);
    let maker_file = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let market = &localnet.world().markets[1];
    let (traded, held) = (market.expiries[1].to_string(), market.expiries[2].to_string());
    let series = format!("SOL-{traded}-150-C");
    let what_if = cli.json(&["margin", "show", "0", "--trade", &series, "--quantity", "2", "--price", "1"]);
    let mark = what_if["trade"]["mark"].as_str().unwrap().to_owned();
    let new_expiry = (market.expiries[0] + 7_200).to_string();
    let commands: [&[&str]; 16] = [
        &["account", "open", "--mode", "isolated"],
        &["account", "close", "1"],
        &["deposit", "0", "12.5"],
        &["withdraw", "0", "2.5"],
        &["collateral", "withdraw", "0", "0", "5"],
        &["collateral", "deposit", "0", "0", "2"],
        &["account", "delegate", "set", "0", &liquidator, "--budget", "1"],
        &["account", "delegate", "revoke", "0"],
        &["insurance", "deposit", "3"],
        &["debt", "accrue", "0"],
        &["margin", "check", "0"],
        &["expiry", "create", "SOL", &new_expiry],
        &["strike", "create", "SOL", &new_expiry, "150"],
        &[
            "trade",
            "clear",
            &series,
            "--quantity",
            "2",
            "--price",
            &mark,
            "--buyer",
            "0",
            "--seller",
            &maker,
            "--seller-keypair",
            &maker_file,
        ],
        &["expiry", "sweep", "SOL", &held],
        &["expiry", "sweep", "SOL", &traded],
    ];
    for command in commands {
        let before = state(&cli);
        let dry = cli.json(&[&["--dry-run"], command].concat());
        assert_eq!(before, state(&cli), "a dry run of {command:?} changed something");
        let real = run_dry_first(&cli, command);
        for nested in ["buyer_quote", "seller_quote", "margin_before", "margin_after"] {
            assert_eq!(dry[nested].is_object(), real[nested].is_object(), "{command:?}: {nested}");
        }
    }
    let mint = new_mint(&localnet, 6);
    let create = ["collateral", "create", "--weight", "0.5", "--ramp-seconds", "3600", "--cap", "10", "--mint", &mint];
    governance(&localnet).json(&[&["--dry-run"], &create[..]].concat());
    assert_eq!(cli.json(&["collateral", "list"])["collaterals"].as_array().unwrap().len(), 1);
    run_dry_first(&governance(&localnet), &create);
    localnet.shutdown().unwrap();
}
