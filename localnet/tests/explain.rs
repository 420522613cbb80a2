//! `plimsoll margin --account` against the local chain.
use plimsoll_client::Pubkey;
use plimsoll_localnet::keys::{MAKER, TRADERS};
use plimsoll_tests::pyth::PriceUpdate;
use solana_account::Account;

use crate::command_line::{start, wallet};
use crate::programs::number;

#[test]
fn a_live_account_is_explained_line_by_line_and_trades_are_tried_on_it() {
    let localnet = start("explain", |_| {});
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let (_, maker) = wallet(&localnet, MAKER);
    let seller = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let market = &localnet.world().markets[1];
    let series = format!("SOL-{}-150-C", market.expiries[1]);
    let what_if = format!("+2 {series}");
    let trade = ["trade", "clear", &series, "--quantity", "4", "--buyer", &account, "--seller", &maker];
    let tried = cli.json(&["margin", "--account", &account, "--what-if", &what_if]);
    let mark = tried["what_if"]["trades"][0]["mark"].as_str().unwrap().to_owned();
    cli.json(&[&trade[..], &["--price", &mark, "--seller-keypair", &seller]].concat());

    for account in [&account, &maker] {
        let explained = cli.json(&["margin", "--account", account, "--what-if", &what_if]);
        let lines = explained["lines"].as_array().unwrap();
        for balance in ["equity", "initial", "maintenance"] {
            let sum: f64 = lines.iter().map(|line| number(&line[balance])).sum();
            assert!((sum - number(&explained[balance])).abs() < 1e-6, "{balance}: {explained}");
        }
        let held = |line: &serde_json::Value| {
            let name = line["line"].as_str().unwrap();
            name.contains("4 SOL-") && name.ends_with("-150-C")
        };
        assert!(lines.iter().any(held), "{explained}");
        // At the mark and without fees a trade leaves equity alone.
        let (before, after) = (number(&explained["equity"]), number(&explained["what_if"]["after"]["equity"]));
        assert!((before - after).abs() < 1e-6, "{before} {after}");
        let delta = |greeks: &serde_json::Value| greeks["SOL"]["delta"].as_f64().unwrap();
        assert!(delta(&explained["what_if"]["greeks"]) > delta(&explained["greeks"]), "{explained}");
    }
    let refused = cli.bad_input(&["margin", "--account", &account, "--what-if", "+1.5 SOL-30JAN26-150-C"]);
    assert!(refused.contains("+1.5") && refused.contains("whole contracts"), "{refused}");
    let refused = cli.bad_input(&["margin", "--account", &account, "--what-if", "+1 SOL-30JAN26-150-X"]);
    assert!(refused.contains("C (call) or P (put)"), "{refused}");
    localnet.shutdown().unwrap();
}

#[test]
fn a_line_of_prices_names_its_underlying_whatever_slot_that_has() {
    let localnet = start("explain-slots", |_| {});
    let (cli, account) = wallet(&localnet, TRADERS[0]);
    let (_, maker) = wallet(&localnet, MAKER);
    let maker_file = localnet.ready().wallet(MAKER).unwrap().keypair.display().to_string();
    let sell = |series: &str, quantity: &str| {
        let what_if = cli.json(&["margin", "show", "0", "--trade", series, "--quantity=-1", "--price", "1"]);
        let mark = what_if["trade"]["mark"].as_str().unwrap().to_owned();
        let terms = ["trade", "clear", series, "--quantity", quantity, "--price", &mark];
        let sides = ["--buyer", &maker, "--buyer-keypair", &maker_file, "--seller", &account];
        cli.json(&[&terms[..], &sides[..]].concat());
    };
    let [btc, sol] = &localnet.world().markets[..] else { panic!("two markets") };
    sell(&format!("SOL-{}-150-C", sol.expiries[2]), "4");
    // The calls it had go, and with them what stood in its first slot.
    sell(&format!("BTC-{}-100000-C", btc.expiries[2]), "10");

    // Apart from its average, SOL is judged at the worse of both: calls and collateral do not lose at the same one.
    let now = localnet.chain().now();
    let update = PriceUpdate::new(sol.feed.id, 150_000_000, now + 5).with_ema(145_000_000);
    let (at, data) = (Pubkey::new_unique(), update.data());
    let lamports = localnet.chain().rent(data.len());
    let posted = Account { lamports, data, owner: update.receiver, ..Account::default() };
    localnet.chain().set_account(&at, posted).unwrap();
    cli.json(&["oracle", "accept", "SOL", &at.to_string()]);
    let explained = cli.json(&["margin", "--account", &account]);
    let names: Vec<&str> =
        explained["lines"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert!(names.contains(&"SOL judged at its worse price as a whole"), "{explained}");
    localnet.shutdown().unwrap();
}
