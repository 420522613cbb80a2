//! The configuration file: defaults, and every field that can be wrong.
use std::time::Duration;

use plimsoll_client::address;
use plimsoll_keeper::config::Settings;
use plimsoll_keeper::policy::Policy;
use solana_signer::Signer;

use crate::liquidator::Folder;
use crate::node::first_frame;

#[test]
fn what_is_left_out_has_its_default() {
    let folder = Folder::new("defaults");
    let settings = Settings::load(&folder.config("https://node.example/key", "")).unwrap();
    let keeper = &settings.keeper;
    assert_eq!(settings.url, "https://node.example/key");
    assert_eq!((settings.ws_url, settings.metrics_listen), (None, None));
    assert_eq!(settings.timeout, Duration::from_secs(15));
    assert_eq!((settings.pause.unwatched, settings.pause.watched), (Duration::from_secs(2), Duration::from_secs(10)));
    assert_eq!((keeper.priority_fee, &keeper.policy), (0, &Policy::default()));
    let own = address::margin_account(&keeper.clearinghouse, &keeper.signer.pubkey(), 0);
    assert_eq!((keeper.account, keeper.account), (own, first_frame().account));
}

#[test]
fn every_field_arrives() {
    let folder = Folder::new("fields");
    let more = "ws_url = \"wss://node.example\"\naccount_id = 3\ninterval_seconds = 4\nidle_seconds = 50\n\
                timeout_seconds = 6\npriority_fee = 7\nlookup_tables = [\"AddressLookupTab1e1111111111111111111111111\"]\nmetrics_listen = \"127.0.0.1:9464\"\n[policy]\nbid = false\n\
                reserve = 1_000\npriority_fee_cap = 900\npriority_fee_percentile = 90\nmin_interest = 5\n";
    let settings = Settings::load(&folder.config("http://127.0.0.1:8899", more)).unwrap();
    let keeper = &settings.keeper;
    assert_eq!(settings.ws_url.as_deref(), Some("wss://node.example"));
    assert_eq!((settings.pause.unwatched, settings.pause.watched), (Duration::from_secs(4), Duration::from_secs(50)));
    assert_eq!((settings.timeout, keeper.priority_fee), (Duration::from_secs(6), 7));
    assert_eq!(settings.lookup_tables.len(), 1);
    assert_eq!(settings.metrics_listen.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(keeper.account, address::margin_account(&keeper.clearinghouse, &keeper.signer.pubkey(), 3));
    let policy = Policy {
        bid: false,
        reserve: 1_000,
        priority_fee_cap: 900,
        priority_fee_percentile: 90,
        min_interest: 5,
        ..Policy::default()
    };
    assert_eq!(keeper.policy, policy);
}

#[test]
fn every_wrong_field_is_named_with_what_it_should_be() {
    let folder = Folder::new("wrong");
    for (more, parts) in [
        ("urll = 1", ["line 4: unknown field `urll`", "expected"]),
        ("[policy]\nmax_discount = 1", ["line 5: unknown field `max_discount`", "`min_discount_ppm`"]),
        ("interval_seconds = \"2\"", ["line 4: invalid type", "u32"]),
        ("account_id = 70000", ["line 4: ", "70000"]),
        ("url = \"http://x\"", ["line 4: duplicate key", ""]),
        ("[policy", ["line 4: ", ""]),
        ("lookup_tables = [\"abc\"]", ["lookup_tables = \"abc\" is not an address", ""]),
        ("ws_url = \"http://x\"", ["ws_url = \"http://x\" must begin with ws:// or wss://", ""]),
        ("interval_seconds = 0", ["interval_seconds = 0 is outside 1..3600", "choose"]),
        ("idle_seconds = 3601", ["idle_seconds = 3601 is outside 1..3600", ""]),
        ("timeout_seconds = 0", ["timeout_seconds = 0 is outside 1..600", ""]),
        ("metrics_listen = \"9464\"", ["metrics_listen = \"9464\" must be", "127.0.0.1:9464"]),
        ("[policy]\nvalid_seconds = 0", ["[policy] valid_seconds = 0 is outside 1..86400", ""]),
        ("[policy]\nreserve = -1", ["[policy] reserve = -1 is outside 0..", ""]),
        ("[policy]\nslippage_ppm = 1000001", ["[policy] slippage_ppm = 1000001 is outside 0..1000000", ""]),
        ("[policy]\npriority_fee_percentile = 101", ["priority_fee_percentile = 101 is outside 0..100", ""]),
        ("priority_fee = 9\n[policy]\npriority_fee_cap = 8", ["priority_fee_cap = 8 is below priority_fee = 9", ""]),
    ] {
        let error = Settings::load(&folder.config("http://127.0.0.1:8899", more)).unwrap_err().to_string();
        assert!(error.contains("keeper.toml") && !error.contains('\n'), "{more:?}: {error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{more:?}: {error}");
    }
}

#[test]
fn an_endpoint_that_is_none_is_refused() {
    let folder = Folder::new("endpoint");
    for url in ["127.0.0.1:8899", "ws://127.0.0.1", "http://", "http://a b"] {
        let error = Settings::load(&folder.config(url, "")).unwrap_err().to_string();
        assert!(error.contains(&format!("url = {url:?} must begin with http:// or https://")), "{error}");
    }
}

#[test]
fn a_file_without_what_is_required_names_it() {
    let folder = Folder::new("missing");
    let error = Settings::load(&folder.file("empty.toml", "account_id = 1\n")).unwrap_err().to_string();
    assert!(error.contains("empty.toml") && error.contains("missing field `url`"), "{error}");
}

#[test]
fn a_keypair_file_that_is_none_is_refused() {
    let folder = Folder::new("keypair");
    for text in ["", "[1, 2, 3]", "not json", &format!("{:?}", [256; 64])] {
        folder.file("keeper.json", text);
        let error = Settings::load(&folder.config("http://127.0.0.1:8899", "")).unwrap_err().to_string();
        assert!(error.contains("keeper.json") && error.contains("solana-keygen new"), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
