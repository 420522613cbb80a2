//! The liquidator against the local chain: it finds the falling account, takes from it and leaves it healthy.
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_localnet::keys::{LIQUIDATOR, TRADERS};

use crate::command_line::{fall, start, wallet, FALL_SECONDS};
use crate::programs::{number, path};

const PATIENCE: Duration = Duration::from_secs(180);

/// A process that does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_liquidator_cures_a_falling_account() {
    let localnet = start("keeper", |config| {
        config.source = fall("keeper", 10.0);
        config.speed = 120;
    });
    let config = &localnet.ready().keeper_config;
    let keeper = Command::new(path("plimsoll-liquidator")).arg("--config").arg(config).stderr(Stdio::null()).spawn();
    let mut keeper = Process(keeper.unwrap());
    let (cli, own) = wallet(&localnet, LIQUIDATOR);
    let (_, falling) = wallet(&localnet, TRADERS[1]);
    let legs = |account: &str| cli.json(&["account", "show", account])["legs"].clone();
    let before = legs(&falling);

    let bid = || Ok(legs(&own).as_array().is_some_and(|legs| !legs.is_empty()).then_some(()));
    localnet.wait_for("the liquidator's bid", PATIENCE, bid).unwrap();
    let healthy = || {
        let standing = cli.json(&["margin", "show", &falling]);
        let cured = standing["status"] == "open" && number(&standing["maintenance"]) >= 0.0;
        Ok((cured && localnet.elapsed() > FALL_SECONDS).then_some(()))
    };
    localnet.wait_for("the cure", PATIENCE, healthy).unwrap();
    assert_ne!(legs(&falling), before);
    let status = cli.json(&["status"]);
    assert_eq!(status["broken"].as_array().unwrap().len(), 0, "{status}");
    assert!(number(&status["insurance"]) > 250_000.0, "{status}");
    assert!(keeper.0.try_wait().unwrap().is_none(), "the liquidator ended");
    drop(keeper);
    localnet.shutdown().unwrap();
}
