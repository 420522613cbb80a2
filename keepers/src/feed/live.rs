//! Views of a cluster: read over RPC whenever something changed, and at the latest after an interval.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_client::ledger::Ledger;
use solana_program::pubkey::Pubkey;

use super::alarm::{Alarm, Pause};
use super::{Feed, FeedError, View};

/// Longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Doublings of the pause after which it is not doubled again.
const BACKOFF_DOUBLINGS: u32 = 6;

/// A node, and when to ask it.
pub struct Live<'a> {
    ledger: &'a dyn Ledger,
    url: String,
    clearinghouse: Pubkey,
    alarm: Arc<Alarm>,
    pause: Pause,
    asked: bool,
    failures: u32,
}

impl<'a> Live<'a> {
    /// Views of `clearinghouse` over `ledger`, a connection to `url` (for messages), as often as `pause` says and
    /// `alarm` asks for. The first one comes at once.
    pub fn new(ledger: &'a dyn Ledger, url: &str, clearinghouse: Pubkey, alarm: Arc<Alarm>, pause: Pause) -> Self {
        Self { ledger, url: url.to_owned(), clearinghouse, alarm, pause, asked: false, failures: 0 }
    }

    /// The pause before the next question: after failures twice as long each time, and no change shortens it.
    fn pause(&self) -> Pause {
        if self.failures == 0 {
            return self.pause;
        }
        let doubled = 2u32.saturating_pow(self.failures.min(BACKOFF_DOUBLINGS));
        Pause::of(self.pause.unwatched.saturating_mul(doubled).min(BACKOFF_MAX))
    }

    fn take(&mut self) -> Result<Option<View>, FeedError> {
        match View::take(self.ledger, &self.clearinghouse) {
            Ok(view) => {
                self.failures = 0;
                Ok(Some(view))
            }
            Err(cause) => {
                self.failures = self.failures.saturating_add(1);
                Err(FeedError::Node { url: self.url.clone(), cause: Box::new(cause), retry: self.pause().unwatched })
            }
        }
    }
}

impl Feed for Live<'_> {
    /// `None` once the alarm says to stop.
    fn next(&mut self) -> Result<Option<View>, FeedError> {
        let first = !std::mem::replace(&mut self.asked, true);
        let go_on = if first { !self.alarm.stopped() } else { self.alarm.wait(&self.pause()) };
        if !go_on {
            return Ok(None);
        }
        self.take()
    }

    fn again(&mut self) -> Result<Option<View>, FeedError> {
        self.take()
    }
}
