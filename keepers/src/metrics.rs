//! What a keeper counts, for Prometheus. Names and meaning stand in `docs/keeper.md`.

use std::net::SocketAddr;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};
use plimsoll_client::error::LedgerError;
use plimsoll_client::status::Health;

use crate::feed::View;
use crate::scan::price_ages;
use crate::turn::{Done, Mode};

const TURNS: &str = "plimsoll_keeper_turns_total";
const ACTIONS: &str = "plimsoll_keeper_actions_total";
const RPC_ERRORS: &str = "plimsoll_keeper_rpc_errors_total";
const TURN_SECONDS: &str = "plimsoll_keeper_turn_seconds";
const ACCOUNTS: &str = "plimsoll_keeper_accounts";
const PRICE_AGE: &str = "plimsoll_keeper_price_age_seconds";
const BROKEN: &str = "plimsoll_keeper_broken_equations";
const WATCHING: &str = "plimsoll_keeper_websocket_connected";

/// Serves `http://listen/metrics` from now on; call it inside a tokio runtime. Errors: the address cannot be listened
/// on, or this process serves metrics already.
pub fn serve(listen: SocketAddr) -> Result<(), BuildError> {
    PrometheusBuilder::new().with_http_listener(listen).install()?;
    describe_counter!(TURNS, "Turns, by outcome: done, or failed for want of a view of the chain");
    describe_counter!(ACTIONS, "Decisions, by action and outcome: done, simulated, refused, not_run or failed");
    describe_counter!(RPC_ERRORS, "Requests that the node did not answer, or not with what was asked for");
    describe_gauge!(TURN_SECONDS, "Length of the last turn, seconds");
    describe_gauge!(ACCOUNTS, "Margin accounts by health; those in auction are counted there too");
    describe_gauge!(PRICE_AGE, "Age of the accepted price by underlying, chain seconds");
    describe_gauge!(BROKEN, "Equations of the clearinghouse that do not hold; anything but 0 is an incident");
    describe_gauge!(WATCHING, "1 while the websocket is connected");
    counter!(RPC_ERRORS).absolute(0);
    watched(false);
    Ok(())
}

/// The websocket was connected or lost.
pub fn watched(connected: bool) {
    gauge!(WATCHING).set(if connected { 1.0 } else { 0.0 });
}

/// A turn that ended well after `length`.
pub fn turn_done(length: Duration) {
    counter!(TURNS, "outcome" => "done").increment(1);
    gauge!(TURN_SECONDS).set(length.as_secs_f64());
}

/// A turn that had no view of the chain.
pub fn turn_failed() {
    counter!(TURNS, "outcome" => "failed").increment(1);
    counter!(RPC_ERRORS).increment(1);
}

/// What the accounts of a view look like, and how many equations are confirmed to be broken.
pub fn viewed(view: &View, broken: usize) {
    let Health { sound, called, liquidatable, insolvent, in_auction, unknown } =
        view.book.books.health(&view.book.markets);
    let counts = [
        ("sound", sound),
        ("called", called),
        ("liquidatable", liquidatable),
        ("insolvent", insolvent),
        ("in_auction", in_auction),
        ("unknown", unknown),
    ];
    for (health, count) in counts {
        gauge!(ACCOUNTS, "health" => health).set(f64::from(count));
    }
    for (index, age) in price_ages(&view.book) {
        // Of an underlying without a price the age is not a number.
        let seconds = age.and_then(|age| u32::try_from(age).ok()).map_or(f64::NAN, f64::from);
        gauge!(PRICE_AGE, "underlying" => index.to_string()).set(seconds);
    }
    gauge!(BROKEN).set(u32::try_from(broken).map_or(f64::INFINITY, f64::from));
}

/// What became of a decision.
pub fn action_done(done: &Done, mode: Mode) {
    let outcome = match (&done.result, mode) {
        (Ok(_), Mode::Send) => "done",
        (Ok(_), Mode::Simulate) => "simulated",
        (Err(LedgerError::Rejected(_)), _) => "refused",
        (Err(LedgerError::NotRun(_)), _) => "not_run",
        (Err(_), _) => "failed",
    };
    counter!(ACTIONS, "action" => done.action.kind(), "outcome" => outcome).increment(1);
    if matches!(done.result, Err(LedgerError::Transport(_))) {
        counter!(RPC_ERRORS).increment(1);
    }
}
