//! Turns without end: a keeper's process. It logs, counts and records, goes on after failures, and stops between turns.

use std::time::Instant;

use plimsoll_client::ledger::Ledger;
use tracing::{debug, error, info, warn};

use crate::audit::Audit;
use crate::feed::recorded::{Recorder, RecordingError};
use crate::feed::{Feed, FeedError, View};
use crate::metrics;
use crate::plan::Action;
use crate::turn::{Done, Keeper, Mode, Observer};

/// How to run.
#[derive(Debug)]
pub struct Options {
    /// Send, or only simulate.
    pub mode: Mode,
    /// One turn, then stop; a turn that fails is an error.
    pub once: bool,
    /// Where every plan is recorded.
    pub recorder: Option<Recorder>,
}

/// Runs `keeper` over `feed`, sending to `ledger`, until the feed ends.
///
/// Errors: with `once`, no view of the chain; always, a recording that cannot be written: it would no longer hold what
/// was decided.
pub fn run(keeper: &Keeper, ledger: &dyn Ledger, feed: &mut dyn Feed, options: Options) -> Result<(), FeedError> {
    let Options { mode, once, recorder } = options;
    let mut journal = Journal { keeper, mode, recorder, failed: None, orphaned: false, audit: Audit::default() };
    loop {
        let turn = match feed.next() {
            Ok(None) => return Ok(()),
            Ok(Some(view)) => {
                let began = Instant::now();
                journal.look(&view);
                keeper.turn(ledger, feed, view, mode, &mut journal).map(|()| began.elapsed())
            }
            Err(failure) => Err(failure),
        };
        if let Some(failure) = journal.failed.take() {
            return Err(failure.into());
        }
        match turn {
            Ok(length) => metrics::turn_done(length),
            Err(failure) if once => return Err(failure),
            Err(failure) => {
                metrics::turn_failed();
                complain(&failure);
            }
        }
        if once {
            return Ok(());
        }
    }
}

/// A failed turn, and when it is tried again.
fn complain(failure: &FeedError) {
    match failure {
        FeedError::Node { retry, .. } => error!("{failure}; next try in {} s", retry.as_secs()),
        _ => error!("{failure}"),
    }
}

/// Logs, metrics and recording of a running keeper.
struct Journal<'a> {
    keeper: &'a Keeper,
    mode: Mode,
    recorder: Option<Recorder>,
    failed: Option<RecordingError>,
    orphaned: bool,
    audit: Audit,
}

impl Journal<'_> {
    /// Says what the operator must know of the chain: its own account missing, equations that do not hold.
    fn look(&mut self, view: &View) {
        let broken = view.book.books.check().unwrap_or_else(|problem| {
            error!("the equations of the clearinghouse cannot be computed: {problem}");
            Vec::new()
        });
        let broken = self.audit.confirm(broken);
        for equation in &broken {
            error!("{equation}: tell the authority of the clearinghouse; liquidations go on");
        }
        metrics::viewed(view, broken.len());
        let orphaned = !view.book.books.accounts.contains_key(&self.keeper.account);
        if orphaned && !self.orphaned {
            warn!(
                "no margin account at {}: it starts no auction and bids in none; open it with `plimsoll account open` \
                 and pay into it, or set account_id",
                self.keeper.account
            );
        }
        self.orphaned = orphaned;
    }
}

impl Observer for Journal<'_> {
    fn planned(&mut self, view: &View, actions: &[Action]) {
        debug!(time = view.book.now(), accounts = view.book.books.accounts.len(), decisions = actions.len(), "plan");
        if let Some(recorder) = &mut self.recorder {
            let written = recorder.write(self.keeper, view, actions);
            self.failed = self.failed.take().or(written.err());
        }
    }

    fn done(&mut self, done: Done) {
        metrics::action_done(&done, self.mode);
        let Done { action, result } = done;
        match (result, self.mode) {
            (Ok(outcome), Mode::Send) => info!(%action, signature = %outcome.signature, "done"),
            (Ok(outcome), Mode::Simulate) => info!(%action, units = outcome.compute_units, "would do"),
            (Err(problem), Mode::Send) => warn!(%action, %problem, "not done"),
            (Err(problem), Mode::Simulate) => warn!(%action, %problem, "would fail"),
        }
    }
}
