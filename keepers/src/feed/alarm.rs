//! What ends a keeper's pause: time, a change on the chain, or the order to stop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    changed: bool,
    watched: bool,
}

/// Shared by the keeper, which waits, and by whoever wakes it. Any number of changes wake it once.
#[derive(Debug, Default)]
pub struct Alarm {
    state: Mutex<State>,
    rung: Condvar,
}

/// How long a pause may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Even a change does not end it earlier.
    pub shortest: Duration,
    /// Its end while nobody watches for changes.
    pub unwatched: Duration,
    /// Its end while changes are watched for.
    pub watched: Duration,
}

impl Pause {
    /// A pause that only the order to stop ends early.
    pub const fn of(length: Duration) -> Self {
        Self { shortest: length, unwatched: length, watched: length }
    }
}

impl Alarm {
    /// Something changed on the chain.
    pub fn change(&self) {
        self.set(|state| state.changed = true);
    }

    /// The keeper is to stop; this stays.
    pub fn stop(&self) {
        self.set(|state| state.stopped = true);
    }

    /// Whether changes are being watched for. A watch that begins or ends counts as a change: what happened before it
    /// began or after it ended was not seen.
    pub fn watch(&self, watched: bool) {
        self.set(|state| {
            state.changed |= state.watched != watched;
            state.watched = watched;
        });
    }

    /// Whether the order to stop was given.
    pub fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits as long as `pause` says and forgets the changes so far. `false`: the order to stop was given.
    pub fn wait(&self, pause: &Pause) -> bool {
        let began = Instant::now();
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            let longest = if state.watched { pause.watched } else { pause.unwatched };
            let length = if state.changed { pause.shortest.min(longest) } else { longest };
            let left = length.saturating_sub(began.elapsed());
            if left.is_zero() {
                state.changed = false;
                return true;
            }
            state = self.rung.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.rung.notify_all();
    }

    /// A thread that panicked while it held the lock left plain flags, which are still true.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
