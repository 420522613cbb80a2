//! Risk rows before auctions of portfolio accounts that are too large to be priced fresh: opened, given room, refreshed;
//! only where an auction that pays needs them.

use std::collections::BTreeSet;

use plimsoll::addresses::space_of;
use plimsoll::state::{MarginAccount, RiskRows};
use plimsoll_client::rows::{first_room, growths, Preparation};
use plimsoll_core::margin::scenario::ROW;

use super::Action;
use crate::book::Book;
use crate::policy::Policy;

/// What the decisions of a plan need done first.
#[derive(Debug, Default)]
pub struct Needs {
    refresh: BTreeSet<(u16, i64)>,
    open: BTreeSet<(u16, i64)>,
}

impl Needs {
    /// Whether an instruction on `accounts`, which values them at most as large as `largest`, may be planned now: it may
    /// not before rows of its expiries are opened. What it needs is noted.
    pub fn allow(
        &mut self,
        book: &Book,
        (accounts, largest): (&[MarginAccount], &[MarginAccount]),
        policy: &Policy,
    ) -> bool {
        // What cannot be valued is planned by nobody.
        let Ok(needed) = Preparation::of(&book.snapshot(accounts), largest) else { return true };
        if !policy.rows {
            return needed.is_empty();
        }
        self.refresh.extend(&needed.refresh);
        self.open.extend(&needed.open);
        needed.open.is_empty()
    }

    /// The decisions, by expiry; rows that are opened or given room are filled at once. Without an account of the keeper
    /// there is nobody to pay.
    pub fn actions(&self, book: &Book) -> Vec<Action> {
        let mut actions: Vec<Action> = Vec::new();
        for expiry in &self.open {
            let (expiry, opened) = (*expiry, book.books.directory.rows.contains(expiry));
            actions.push(if opened { Action::GrowRows { expiry } } else { Action::OpenRows { expiry } });
        }
        actions.extend(self.open.union(&self.refresh).map(|expiry| Action::RefreshRows { expiry: *expiry }));
        actions
    }
}

/// How often the rows of an expiry, if need be newly opened ones, must grow until every listed strike has room.
pub fn growths_needed(book: &Book, expiry: (u16, i64)) -> usize {
    let listed = book.books.expiries.get(&expiry).map_or(0, |state| state.strikes().len());
    let address = book.books.directory.rows_of(expiry.0, expiry.1);
    let bytes = book.markets.data(&address).map_or(0, <[u8]>::len);
    let values = bytes.saturating_sub(space_of::<RiskRows>()) / size_of::<i64>();
    let room = if bytes == 0 { first_room() } else { values / ROW };
    growths(room, listed)
}
