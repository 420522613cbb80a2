//! The liquidator against the local chain: it finds the falling account, takes from it and leaves it healthy; a change
//! alone wakes it; what it counts can be read.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_client::Pubkey;
use plimsoll_localnet::chain::{free_port, Chain, ChainConfig};
use plimsoll_localnet::keys::{self, LIQUIDATOR, TRADERS};
use plimsoll_localnet::Localnet;
use serde_json::Value;

use crate::command_line::{fall, start, wallet, FALL_SECONDS};
use crate::programs::{number, path, Plimsoll};

const PATIENCE: Duration = Duration::from_secs(180);

/// A liquidator that does not outlive the test.
struct Liquidator(Child);

impl Liquidator {
    fn start(config: &Path) -> Self {
        let started =
            Command::new(path("plimsoll-liquidator")).arg("--config").arg(config).stderr(Stdio::piped()).spawn();
        Self(started.unwrap())
    }

    /// Asks it to stop and returns what it logged. Panics unless it ran until now and ends in order.
    fn stop(mut self) -> String {
        assert!(self.0.try_wait().unwrap().is_none(), "the liquidator ended");
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap().success());
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0), "{log}");
        log
    }
}

impl Drop for Liquidator {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// SOL and BTC fall by a sixth in twenty seconds.
fn falling(name: &'static str) -> Localnet {
    start(name, |config| {
        config.source = fall(name, 17.0);
        config.speed = 120;
    })
}

fn legs(cli: &Plimsoll, account: &str) -> Value {
    cli.json(&["account", "show", account])["legs"].clone()
}

fn wait_for_bid(localnet: &Localnet) {
    let (cli, own) = wallet(localnet, LIQUIDATOR);
    let bid = || Ok(legs(&cli, &own).as_array().is_some_and(|legs| !legs.is_empty()).then_some(()));
    localnet.wait_for("the liquidator's bid", PATIENCE, bid).unwrap();
}

/// The liquidator's configuration with `fields` instead of its interval.
fn config_with(localnet: &Localnet, fields: &str) -> PathBuf {
    let original = &localnet.ready().keeper_config;
    let text = std::fs::read_to_string(original).unwrap();
    assert!(text.contains("interval_seconds = 1\n") && text.contains("ws_url = "), "{text}");
    let changed = original.with_file_name("changed.toml");
    std::fs::write(&changed, text.replace("interval_seconds = 1\n", fields)).unwrap();
    changed
}

#[test]
fn the_liquidator_cures_a_falling_account() {
    let localnet = falling("keeper");
    let liquidator = Liquidator::start(&localnet.ready().keeper_config);
    let (cli, _) = wallet(&localnet, LIQUIDATOR);
    let (_, falling) = wallet(&localnet, TRADERS[1]);
    let before = legs(&cli, &falling);
    wait_for_bid(&localnet);
    let healthy = || {
        let standing = cli.json(&["margin", "show", &falling]);
        let cured = standing["status"] == "open" && number(&standing["maintenance"]) >= 0.0;
        Ok((cured && localnet.elapsed() > FALL_SECONDS).then_some(()))
    };
    localnet.wait_for("the cure", PATIENCE, healthy).unwrap();
    assert_ne!(legs(&cli, &falling), before);
    let status = cli.json(&["status"]);
    assert_eq!(status["broken"].as_array().unwrap().len(), 0, "{status}");
    assert!(number(&status["insurance"]) > 250_000.0, "{status}");
    let log = liquidator.stop();
    assert!(log.contains("action=start ") && log.contains("action=bid ") && log.contains("action=end "), "{log}");
    localnet.shutdown().unwrap();
}

#[test]
fn changes_alone_wake_the_liquidator_and_its_counts_can_be_read() {
    let localnet = falling("woken");
    let port = free_port(0, "").unwrap();
    // Left to its clock it would look once an hour.
    let fields = format!("interval_seconds = 3600\nidle_seconds = 3600\nmetrics_listen = \"127.0.0.1:{port}\"\n");
    let liquidator = Liquidator::start(&config_with(&localnet, &fields));
    wait_for_bid(&localnet);
    let bids = || Ok((metric(port, "actions_total{action=\"bid\",outcome=\"done\"}") >= Some(1.0)).then_some(()));
    localnet.wait_for("the count of the bid", PATIENCE, bids).unwrap();
    assert!(metric(port, "actions_total{action=\"start\",outcome=\"done\"}") >= Some(1.0));
    assert!(metric(port, "turns_total{outcome=\"done\"}") >= Some(3.0));
    assert_eq!(metric(port, "rpc_errors_total"), Some(0.0));
    assert_eq!(metric(port, "websocket_connected"), Some(1.0));
    assert_eq!(metric(port, "broken_equations"), Some(0.0));
    assert!(metric(port, "turn_seconds") > Some(0.0));
    assert!(metric(port, "price_age_seconds{underlying=\"1\"}") >= Some(0.0));
    let counted = ["sound", "called", "liquidatable", "insolvent", "unknown"].map(|health| {
        metric(port, &format!("accounts{{health=\"{health}\"}}")).unwrap_or_else(|| panic!("no count of {health}"))
    });
    assert_eq!(counted.iter().sum::<f64>(), 5.0, "{counted:?}");
    let log = liquidator.stop();
    assert!(log.contains("watching for changes") && log.trim_end().ends_with("stopped"), "{log}");
    localnet.shutdown().unwrap();
}

#[test]
fn without_a_websocket_the_liquidator_says_so_and_polls() {
    let localnet = falling("polled");
    let closed = free_port(0, "").unwrap();
    let config = config_with(&localnet, "interval_seconds = 1\n");
    let text =
        std::fs::read_to_string(&config).unwrap().replace(localnet.ws_url(), &format!("ws://127.0.0.1:{closed}"));
    std::fs::write(&config, text).unwrap();
    let liquidator = Liquidator::start(&config);
    wait_for_bid(&localnet);
    let log = liquidator.stop();
    assert!(log.contains(&format!("websocket ws://127.0.0.1:{closed}: ")), "{log}");
    assert!(log.contains("polling meanwhile, next try in 1 s") && log.contains("next try in 2 s"), "{log}");
    localnet.shutdown().unwrap();
}

#[test]
fn a_lost_websocket_is_connected_again() {
    let (rpc_port, ws_port) = (free_port(0, "").unwrap(), free_port(0, "").unwrap());
    let chain =
        || Chain::start(ChainConfig { rpc_port, ws_port, start: 1_780_272_000, block_milliseconds: 400 }).unwrap();
    let first = chain();
    let folder = std::env::temp_dir().join(format!("plimsoll-reconnect-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let keypair = keys::write(&folder, "keeper", &keys::keypair(5, "keeper")).unwrap();
    let (config, log) = (folder.join("liquidator.toml"), folder.join("log"));
    let (url, ws_url, clearinghouse) = (first.rpc_url(), first.ws_url(), Pubkey::new_unique());
    let text =
        format!("url = {url:?}\nws_url = {ws_url:?}\nkeypair = {keypair:?}\nclearinghouse = \"{clearinghouse}\"\n");
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(path("plimsoll-liquidator"));
    command.arg("--config").arg(&config).stderr(std::fs::File::create(&log).unwrap());
    let liquidator = Liquidator(command.spawn().unwrap());

    let logged = |what: &str| std::fs::read_to_string(&log).unwrap().matches(what).count();
    wait_for_log("the first connection", || logged("watching for changes") == 1);
    first.shutdown().unwrap();
    wait_for_log("the loss", || logged("polling meanwhile") >= 1);
    let second = chain();
    wait_for_log("the second connection", || logged("watching for changes") == 2);
    assert!(logged(&format!("no Clearinghouse at {clearinghouse}")) >= 1);
    drop(liquidator);
    second.shutdown().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

fn wait_for_log(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The value of a metric, its labels written as Prometheus does; `None`: it is not there.
fn metric(port: u16, name: &str) -> Option<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let value = answer.lines().find_map(|line| line.strip_prefix(&format!("plimsoll_keeper_{name} ")));
    value.map(|value| value.parse().unwrap())
}
