//! Replaying a recording: the same plan on the same accounts must come to the same decisions.

use std::fmt;
use std::path::Path;

use crate::feed::recorded::{Recorded, RecordingError};
use crate::feed::View;
use crate::plan::{plan, Action};

/// A plan that came out differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Line of the recording, from 1.
    pub line: usize,
    /// Time of the accounts: unix seconds.
    pub time: i64,
    /// Place of the first decision that differs, from 0.
    pub place: usize,
    /// What was decided there then; `None`: nothing more.
    pub recorded: Option<Action>,
    /// What is decided there now; `None`: nothing more.
    pub replayed: Option<Action>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |action: &Option<Action>| match action {
            Some(action) => action.to_string(),
            None => "nothing more".to_owned(),
        };
        let (line, time, place) = (self.line, self.time, self.place);
        let (recorded, replayed) = (show(&self.recorded), show(&self.replayed));
        write!(f, "line {line}, time {time}, decision {place}: recorded {recorded}, now {replayed}")
    }
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Plans made again.
    pub plans: usize,
    /// Decisions in the recording.
    pub decisions: usize,
    /// The plans that came out differently, each with its first different decision.
    pub differences: Vec<Difference>,
}

/// Makes every plan of the recording at `path` again. Errors: it cannot be read.
pub fn replay(path: &Path) -> Result<Replay, RecordingError> {
    let mut recorded = Recorded::open(path)?;
    let mut replay = Replay::default();
    while let Some(frame) = recorded.frame()? {
        let view = View::of_image(frame.image, &frame.clearinghouse).map_err(|e| recorded.broken(e.to_string()))?;
        let decisions = plan(&view.book, &frame.account, &frame.policy);
        replay.plans = replay.plans.saturating_add(1);
        replay.decisions = replay.decisions.saturating_add(frame.decisions.len());
        if let Some(place) = first_difference(&frame.decisions, &decisions) {
            replay.differences.push(Difference {
                line: recorded.line(),
                time: view.book.now(),
                place,
                recorded: frame.decisions.get(place).cloned(),
                replayed: decisions.get(place).cloned(),
            });
        }
    }
    Ok(replay)
}

/// The first place at which two lists of decisions differ.
fn first_difference(recorded: &[Action], replayed: &[Action]) -> Option<usize> {
    let longest = recorded.len().max(replayed.len());
    (0..longest).find(|place| recorded.get(*place) != replayed.get(*place))
}
