//! What anyone may do for everyone: samples, settlements, sweeps, interest.

use plimsoll::cash::interest_due;
use plimsoll::state::{CorrelationData, Expiry, MarginAccount};
use plimsoll_client::status::load_oracle;
use plimsoll_core::correlation;
use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_core::oracle::{self, Action as Use};
use plimsoll_core::settlement::{sample, settle, SettlementTerms};
use plimsoll_core::units::Price;
use solana_program::pubkey::Pubkey;

use super::Action;
use crate::book::Book;
use crate::policy::Policy;

/// At most one step per expiry, by underlying and time.
pub fn expiries(book: &Book) -> impl Iterator<Item = Action> + '_ {
    book.books.expiries.iter().filter_map(|(key, expiry)| step(book, *key, expiry))
}

/// The next step of an expiry: a sample, its settlement, or the sweep of its fees.
fn step(book: &Book, key: (u16, i64), expiry: &Expiry) -> Option<Action> {
    if expiry.is_settled() {
        return (expiry.fees_accrued > 0).then_some(Action::Sweep { expiry: key });
    }
    let underlying = book.books.directory.underlyings.get(&key.0)?;
    let terms = SettlementTerms::new(key.1, underlying.limits.rules());
    let state = expiry.settlement.rules();
    if settle(state, book.now(), &terms).is_ok() {
        return Some(Action::SettleExpiry { expiry: key });
    }
    let oracle = load_oracle(&book.markets, &book.books.directory, key.0)?;
    let price = usable_price(book, key.0)?;
    sample(state, price, oracle.price.publish_time, &terms).is_ok().then_some(Action::Sample { expiry: key })
}

/// The correlations that may be sampled this hour, by underlying and peer.
pub fn correlations(book: &Book) -> impl Iterator<Item = Action> + '_ {
    let directory = &book.books.directory;
    let due = |underlying: u16, peer: u16, state: &CorrelationData| {
        let price = |index| usable_price(book, index);
        price(underlying)
            .zip(price(peer))
            .is_some_and(|prices| correlation::sample(state.rules(), prices, book.now()).is_ok())
    };
    directory.underlyings.iter().flat_map(move |(index, underlying)| {
        let states =
            load_oracle(&book.markets, directory, *index).map_or_else(Default::default, |oracle| oracle.correlations);
        let peers = underlying.portfolio.correlation_peers.into_iter().zip(states);
        let due = peers.filter(move |(peer, state)| *peer != NO_PEER && due(*index, *peer, state));
        due.map(|(peer, _)| Action::Correlate { underlying: *index, peer })
    })
}

/// The accepted price of an underlying if it is good enough to be sampled.
fn usable_price(book: &Book, index: u16) -> Option<Price> {
    let underlying = book.books.directory.underlyings.get(&index)?;
    let oracle = load_oracle(&book.markets, &book.books.directory, index)?;
    let (price, rules) = (oracle.price.rules(), underlying.oracle_parameters.rules());
    oracle::check(Use::Sample, price, book.now(), rules).is_ok().then_some(Price(price.price))
}

/// Payouts of settled expiries and interest of debtors, by account; the keeper's own account last.
pub fn accounts(book: &Book, me: &Pubkey, policy: &Policy) -> Vec<Action> {
    let (own, others): (Vec<_>, Vec<_>) = book.books.accounts.iter().partition(|(address, _)| *address == me);
    others.into_iter().chain(own).flat_map(|(address, account)| steps(book, address, account, policy)).collect()
}

fn steps(book: &Book, address: &Pubkey, account: &MarginAccount, policy: &Policy) -> Vec<Action> {
    let settled = (0..account.expiries.len())
        .filter_map(|slot| book.expiry_of(account, slot))
        .filter(|(_, expiry)| expiry.is_settled())
        .map(|(expiry, _)| Action::SettleAccount { account: *address, expiry });
    let owed = interest_due(account, book.now(), &book.books.clearinghouse().parameters).unwrap_or(0);
    let accrue = (owed >= policy.min_interest.max(1)).then_some(Action::Accrue { account: *address });
    settled.chain(accrue).collect()
}
