//! What anyone may do for everyone: samples, settlements, sweeps, interest.

use plimsoll::cash::interest_due;
use plimsoll::state::{Expiry, MarginAccount};
use plimsoll_client::status::load_oracle;
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
    let (price, rules) = (oracle.price.rules(), underlying.oracle_parameters.rules());
    let usable = oracle::check(Use::Sample, price, book.now(), rules).is_ok();
    let counts = sample(state, Price(oracle.price.price), oracle.price.publish_time, &terms).is_ok();
    (usable && counts).then_some(Action::Sample { expiry: key })
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
