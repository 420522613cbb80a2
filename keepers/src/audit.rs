//! Equations that really do not hold, told from views whose parts were read a moment apart.

use plimsoll_client::status::Broken;
use plimsoll_core::units::Wide;

/// Remembers what did not hold in the last view.
///
/// A node answers request by request: what happened between two of them makes an equation fail by some amount in one
/// view and by another, or not at all, in the next. Money that is missing is missing by the same amount in both.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    last: Vec<Broken>,
}

impl Audit {
    /// Those of `broken` that failed by the same amount in the view before; `broken` is what the next ones are held
    /// against.
    pub fn confirm(&mut self, broken: Vec<Broken>) -> Vec<Broken> {
        let again = |now: &&Broken| self.last.iter().any(|before| same(before, now));
        let confirmed = broken.iter().filter(again).cloned().collect();
        self.last = broken;
        confirmed
    }
}

fn same(before: &Broken, now: &Broken) -> bool {
    let gap = |broken: &Broken| -> Option<Wide> { broken.violation.left.checked_sub(broken.violation.right) };
    before.place == now.place && before.violation.equation == now.violation.equation && gap(before) == gap(now)
}
