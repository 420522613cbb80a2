//! A clearinghouse of one's own on the local chain: opened, shown, and with underlyings listed.
use plimsoll::state::Underlying;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, Pubkey};
use plimsoll_localnet::keys::{GOVERNANCE, TRADERS};
use plimsoll_localnet::Localnet;
use serde_json::{json, Value};

use crate::command_line::{governance, new_mint, start, wallet};
use crate::dry_run::run_dry_first;
use crate::programs::Plimsoll;

/// A file of parameters in the folder of the local chain.
fn file(localnet: &Localnet, name: &str, text: &str) -> String {
    let path = localnet.ready().cli_config.parent().unwrap().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_clearinghouse_is_opened_with_its_own_keys_and_parameters_and_shown() {
    let localnet = start("own", |_| {});
    let (creator, authority) = (governance(&localnet), wallet(&localnet, TRADERS[0]).0);
    let key = |name: &str| localnet.ready().wallet(name).unwrap().pubkey.clone();
    let (by, with, guard) = (key(GOVERNANCE), key(TRADERS[0]), key(TRADERS[1]));
    let mint = localnet.world().quote.mint.to_string();
    let defaults = creator.json(&["clearinghouse", "create", "--print-default-parameters"]);
    let defaults = defaults["parameters"].as_str().unwrap();
    assert!(defaults.contains("\ninsurance_share = ") && !defaults.contains("insurance_share = 123456"), "{defaults}");
    let rules = file(&localnet, "rules.toml", "[clearinghouse]\ninsurance_share = 123456\n");

    let keys = ["--authority", &with, "--guardian", &guard, "--index", "1", "--parameters", &rules];
    let create = [&["clearinghouse", "create", "--quote-mint", &mint][..], &keys[..]].concat();
    let created = run_dry_first(&creator, &create);
    let at = address::clearinghouse(&by.parse::<Pubkey>().unwrap(), 1).to_string();
    let named = json!({ "clearinghouse": at, "creator": by, "index": 1, "authority": with, "guardian": guard });
    let same = |shown: &Value| named.as_object().unwrap().iter().all(|(field, value)| shown[field] == *value);
    assert!(same(&created) && created["quote_mint"] == mint.as_str(), "{created}");

    let shown = authority.json(&["--clearinghouse", &at, "clearinghouse", "show"]);
    assert!(same(&shown), "{shown}");
    assert_eq!(
        (&shown["underlyings"], &shown["collaterals"], &shown["deficit"]),
        (&json!(0), &json!(0), &json!("0.00"))
    );
    let stored = defaults.lines().map(|line| match line.split_once(" = ") {
        Some(("insurance_share", _)) => "insurance_share = 123456",
        _ => line,
    });
    assert_eq!(shown["parameters"], stored.collect::<Vec<_>>().join("\n"));
    let status = authority.json(&["--clearinghouse", &at, "status"]);
    assert_eq!((&status["creator"], &status["authority"], &status["broken"]), (&json!(by), &json!(with), &json!([])));

    list(&localnet, &authority, &at);
    let refused = creator.refusal(&["--clearinghouse", &at, "underlying", "create", "--preset", "btc"]);
    assert!(
        refused.contains("underlying_create is refused by AuthorityMismatch") && refused.contains(&by),
        "{refused}"
    );
    let refused = creator.refusal(&create);
    assert!(refused.contains("clearinghouse_create is refused by"), "{refused}");
    let coarse = new_mint(&localnet, 5);
    let refused = creator.refusal(&["clearinghouse", "create", "--index", "2", "--quote-mint", &coarse]);
    assert!(refused.contains("MintDecimals") && refused.contains(&coarse), "{refused}");
    localnet.shutdown().unwrap();
}

/// Lists two underlyings in the clearinghouse `at`, the second with a size, a feed and a parameter of its own.
fn list(localnet: &Localnet, authority: &Plimsoll, at: &str) {
    let preset = ["--clearinghouse", at, "underlying", "create", "--preset"];
    let first = run_dry_first(authority, &[&preset[..], &["eth"]].concat());
    assert_eq!(
        (&first["index"], &first["contract_size"], &first["stable"]),
        (&json!(0), &json!("0.10"), &json!(false))
    );
    let (feed, limits) = ("ab".repeat(32), file(localnet, "limits.toml", "[limits]\nopen_interest_cap = 777\n"));
    let own = ["sol", "--feed-id", &feed, "--contract-size", "0.5", "--parameters", &limits];
    let second = run_dry_first(authority, &[&preset[..], &own[..]].concat());
    assert_eq!(
        (&second["index"], &second["contract_size"], &second["feed_id"]),
        (&json!(1), &json!("0.50"), &json!(feed))
    );
    let listed = authority.json(&["--clearinghouse", at, "underlying", "list"]);
    let listed = listed["underlyings"].as_array().unwrap();
    let shown = |index: usize| [&listed[index]["index"], &listed[index]["contract_size"], &listed[index]["price"]];
    assert_eq!(shown(0), [&json!(0), &json!("0.10"), &Value::Null]);
    assert_eq!(shown(1), [&json!(1), &json!("0.50"), &Value::Null]);
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["address"], second["underlying"]);
    let stored: Underlying = localnet.ledger().load(&second["underlying"].as_str().unwrap().parse().unwrap()).unwrap();
    assert_eq!((stored.limits.open_interest_cap, stored.feed_id), (777, [0xab; 32]));
    let refused = authority.bad_input(&[&preset[..], &["btc", "--feed-id", "abc"]].concat());
    assert!(refused.contains("64 hexadecimal digits"), "{refused}");
}
