//! Nodes that lie or are dead: nothing is sent, the message names the node and what to do, and the keeper goes on.
use std::net::TcpListener;

use plimsoll::state::MarginAccount;
use solana_account::Account;
use solana_program::pubkey::Pubkey;

use crate::liquidator::{run, wait_for, Folder, Running};
use crate::node::{first_frame, Lie, Node};

/// One turn against a node that tells `lie`. Panics unless nothing came of it and the message holds `parts`.
fn nothing_comes_of(lie: Lie, parts: &[&str]) {
    let node = Node::start(first_frame().image, lie.clone());
    let folder = Folder::new(&format!("lie-{}", node.url.rsplit(':').next().unwrap()));
    let config = folder.config(&node.url, "timeout_seconds = 1\n");
    let (code, _, error) = run(&["--config", config.to_str().unwrap(), "--once"]);
    assert_eq!(code, Some(1), "{lie:?}: {error}");
    assert_eq!((node.simulated(), node.sent()), (0, 0), "{lie:?}: {error}");
    assert!(node.asked() > 0);
    let last = error.lines().last().unwrap();
    for part in ["error: no usable answer from", node.url.as_str(), "nothing was decided", "check that the node"] {
        assert!(last.contains(part), "{lie:?}: no {part:?} in {error}");
    }
    for part in parts {
        assert!(last.contains(part), "{lie:?}: no {part:?} in {error}");
    }
    assert!(!error.contains("panicked") && !error.contains("backtrace"), "{error}");
}

#[test]
fn an_honest_node_is_believed() {
    let node = Node::start(first_frame().image, Lie::None);
    let folder = Folder::new("honest");
    let config = folder.config(&node.url, "");
    let (code, _, log) = run(&["--config", config.to_str().unwrap(), "--once"]);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!((node.simulated(), node.sent()), (1, 1), "{log}");
    assert!(log.contains("not done action=start") && log.contains("this node only pretends"), "{log}");
}

#[test]
fn a_dry_run_simulates_and_sends_nothing() {
    let node = Node::start(first_frame().image, Lie::None);
    let folder = Folder::new("dry");
    let config = folder.config(&node.url, "");
    let (code, _, log) = run(&["--config", config.to_str().unwrap(), "--once", "--dry-run", "--log-json"]);
    assert_eq!((code, node.simulated(), node.sent()), (Some(0), 1, 0), "{log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(entry["level"].is_string(), "{line}");
    }
    assert!(log.contains("would do") && log.contains("\"units\":50000"), "{log}");
}

#[test]
fn garbage_and_errors_are_not_believed() {
    nothing_comes_of(Lie::Garbage, &["expected value at line 1"]);
    nothing_comes_of(Lie::ServerError, &["500"]);
    nothing_comes_of(Lie::Error, &["Node is behind"]);
}

#[test]
fn a_connection_that_hangs_is_given_up_in_time() {
    nothing_comes_of(Lie::Silence, &["timed out"]);
}

#[test]
fn accounts_of_another_program_are_refused() {
    let steal = |account: &mut Account| account.owner = Pubkey::new_from_array([3; 32]);
    nothing_comes_of(Lie::Changed("MarginAccount", steal), &["MarginAccount", "owned by"]);
    // A market account of another program is no market account.
    nothing_comes_of(Lie::Changed("OracleState", steal), &["no OracleState at"]);
}

#[test]
fn truncated_data_is_refused_for_every_type() {
    for kind in ["Clearinghouse", "Underlying", "OracleState", "Expiry", "MarginAccount", "InsuranceFund"] {
        let cut = |account: &mut Account| account.data.truncate(account.data.len() - 1);
        nothing_comes_of(Lie::Changed(kind, cut), &[kind, "bytes, expected"]);
    }
}

#[test]
fn another_discriminator_is_refused() {
    for kind in ["OracleState", "MarginAccount"] {
        nothing_comes_of(Lie::Changed(kind, |account| account.data[0] ^= 1), &[kind, "starts with"]);
    }
}

#[test]
fn another_layout_version_is_refused() {
    let age = |account: &mut Account| account.data[8 + std::mem::offset_of!(MarginAccount, version)] = 9;
    nothing_comes_of(Lie::Changed("MarginAccount", age), &["MarginAccount", "layout version 9"]);
}

#[test]
fn accounts_that_are_kept_back_are_missed() {
    nothing_comes_of(Lie::Hidden("OracleState"), &["no OracleState at"]);
    nothing_comes_of(Lie::Hidden("Clearinghouse"), &["no Clearinghouse at"]);
}

#[test]
fn accounts_under_the_address_of_another_are_refused() {
    nothing_comes_of(Lie::Swapped, &["the account at", "is that of"]);
}

#[test]
fn a_dead_node_is_named_with_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = Folder::new("dead");
    let config = folder.config(&url, "");
    let (code, _, error) = run(&["--config", config.to_str().unwrap(), "--once"]);
    assert_eq!(code, Some(1), "{error}");
    let last = error.lines().last().unwrap();
    for part in [&format!("no usable answer from {url}"), "Connection refused", "check that the node"] {
        assert!(last.contains(part), "no {part:?} in {error}");
    }
}

#[test]
fn after_failures_it_waits_longer_and_goes_on_when_the_node_is_back() {
    let node = Node::start(first_frame().image, Lie::Error);
    let folder = Folder::new("back");
    let config = folder.config(&node.url, "interval_seconds = 1\n");
    let running = Running::start(&config, &[]);
    // The second failure follows the first after two seconds.
    wait_for("two failures", || node.asked() >= 2);
    assert_eq!((node.simulated(), node.sent()), (0, 0));
    node.say(Lie::None);
    wait_for("a decision", || node.sent() >= 1);
    let (code, log) = running.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
    for part in ["next try in 2 s", "next try in 4 s", &node.url, "stopping after this turn", "stopped"] {
        assert!(log.contains(part), "no {part:?} in {log}");
    }
}

#[test]
fn an_interrupt_lets_it_stop_in_order() {
    let node = Node::start(first_frame().image, Lie::None);
    let folder = Folder::new("interrupt");
    let config = folder.config(&node.url, "interval_seconds = 3600\n");
    let running = Running::start(&config, &["--dry-run"]);
    wait_for("a turn", || node.simulated() >= 1);
    let (code, log) = running.stop("-INT");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("would do") && log.trim_end().ends_with("stopped"), "{log}");
}

#[test]
fn what_it_records_replays_without_a_difference() {
    let node = Node::start(first_frame().image, Lie::None);
    let folder = Folder::new("records");
    let (config, recording) = (folder.config(&node.url, ""), folder.0.join("turns.jsonl"));
    let record = ["--config", config.to_str().unwrap(), "--once", "--record", recording.to_str().unwrap()];
    let (code, _, log) = run(&record);
    assert_eq!(code, Some(0), "{log}");
    let (code, out, error) = run(&["--replay", recording.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(0), "1 plans with 1 decisions, 0 plans differ\n"), "{error}");
}
