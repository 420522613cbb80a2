//! Risk rows for what values portfolio accounts too large to be priced fresh, auctions and purchases alike: opened, given
//! room, refreshed; only where something that pays needs them.

use plimsoll::state::MarginAccount;
use plimsoll_client::rows::Preparation;

use super::Action;
use crate::book::Book;
use crate::policy::Policy;

/// Whether an instruction on `accounts`, which values them at most as large as `largest`, may be planned now: while rows
/// of its expiries are missing it waits for them. What must happen first is added to `needs`, unless rows are left to
/// others: then whatever needs any waits.
pub fn allow(
    needs: &mut Preparation,
    book: &Book,
    (accounts, largest): (&[MarginAccount], &[MarginAccount]),
    policy: &Policy,
) -> bool {
    // What cannot be valued is planned by nobody.
    let Ok(needed) = Preparation::of(&book.snapshot(accounts), largest) else { return true };
    if !policy.rows {
        return needed.is_empty();
    }
    let allowed = needed.open.is_empty();
    needs.extend(needed);
    allowed
}

/// What `needs` asks for, by expiry; rows that are opened or given room are filled at once.
pub fn actions(needs: &Preparation, book: &Book) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for expiry in &needs.open {
        let (expiry, opened) = (*expiry, book.books.directory.rows.contains(expiry));
        actions.push(if opened { Action::GrowRows { expiry } } else { Action::OpenRows { expiry } });
    }
    actions.extend(needs.open.union(&needs.refresh).map(|expiry| Action::RefreshRows { expiry: *expiry }));
    actions
}
