//! A whole life of a clearinghouse on an embedded chain, with the real program and the keepers' own code: markets are
//! listed, traders trade, prices crash, accounts are called and liquidated, one defaults beyond everything it has, the
//! insurance fund pays, options expire, everybody leaves.
//!
//! [`market`] is what is traded, [`story`] who takes part, [`play`] the loop over time, [`record`] what happened,
//! [`summary`] what is said of it and [`report`] what is shown of it.

use anyhow::Result;

pub mod market;
pub mod play;
pub mod record;
pub mod report;
pub mod stage;
pub mod story;
pub mod summary;
pub mod table;
pub mod tape;

use market::Market;
use play::{Play, Progress};
use record::Record;
use summary::Summary;

/// A finished run.
pub struct Run {
    /// What it came to.
    pub summary: Summary,
    /// What happened on the way.
    pub record: Record,
    /// Name and role of every member, in the order of the record.
    pub members: Vec<(String, String)>,
}

/// Plays `market` with `traders` traders. The same arguments give the same run.
///
/// Errors: no program file, or a refusal that should not be. Panics when an equation of the clearinghouse fails.
pub fn run(market: &Market, traders: usize, seed: u64, progress: &dyn Progress) -> Result<Run> {
    let mut play = Play::open(market, traders, seed, progress)?;
    play.prices()?;
    play.exit()?;
    let summary = Summary::of(&play, market, seed)?;
    let members = play.cast.roles.iter().map(|role| (role.name.clone(), role.about.to_owned())).collect();
    Ok(Run { summary, record: play.record, members })
}
