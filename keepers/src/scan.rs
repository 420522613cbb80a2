//! Which accounts of a book need a keeper: those the program would let be auctioned, and those it is auctioning.

use plimsoll::auction::settled_first;
use plimsoll::cash::after_interest;
use plimsoll::state::MarginAccount;
use plimsoll_client::quote::{self, AuctionQuote};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::status::load_oracle;
use plimsoll_core::liquidation::buffer_margin;
use plimsoll_core::oracle::Action as Use;
use solana_program::pubkey::Pubkey;

use crate::book::Book;

/// Where an account stands on its way through an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Under maintenance and not in auction: it may be started.
    Startable,
    /// In auction and not healthy: it takes bids.
    Biddable,
    /// In auction and healthy again, whatever risk rows may have moved: it may be ended.
    Endable,
}

/// An account on which the program would accept an auction instruction now.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its address.
    pub address: Pubkey,
    /// The account.
    pub account: &'a MarginAccount,
    /// Which instruction.
    pub stage: Stage,
    /// Its auction at the prices of the book; of one that is not started, what it would start as.
    pub auction: AuctionQuote,
}

/// The candidates of `book`, by address. Left out: healthy accounts, those whose prices the program would not
/// liquidate at (stale, wild or missing), and those that cannot be valued.
pub fn candidates(book: &Book) -> Vec<Candidate<'_>> {
    book.books.accounts.iter().filter_map(|(address, account)| candidate(book, address, account)).collect()
}

fn candidate<'a>(book: &'a Book, address: &Pubkey, account: &'a MarginAccount) -> Option<Candidate<'a>> {
    if !account.in_auction() && is_sound(book, account) {
        return None;
    }
    let snapshot = book.snapshot(&[*account]);
    if !prices_valid(&snapshot) {
        return None;
    }
    let auction = quote::auction(&snapshot, 0).ok()?;
    let stage = if !account.in_auction() {
        Stage::Startable
    } else if buffer_margin(&auction.view, &auction.rules.parameters).ok()?.0 < 0 {
        Stage::Biddable
    } else if quote::is_endable(&snapshot, 0).ok()? {
        Stage::Endable
    } else {
        // What its rows may have moved decides: neither a bid nor an end passes before they are refreshed.
        return None;
    };
    // What is settled already is paid out first: the program liquidates no payoff.
    let unsettled = stage == Stage::Endable || !awaits_settlement(&snapshot, account);
    let due = stage != Stage::Startable || auction.view.shortfall().0 < 0;
    (due && unsettled).then_some(Candidate { address: *address, account, stage, auction })
}

/// Whether an account is certainly not under maintenance, or cannot be valued. Cash alone needs no valuation.
fn is_sound(book: &Book, account: &MarginAccount) -> bool {
    let parameters = &book.books.clearinghouse().parameters;
    let cash = after_interest(account, book.now(), parameters).unwrap_or(i64::MIN);
    let only_cash = account.position_count == 0 && cash >= 0;
    // Debt above its cap is liquidated whatever the options are worth.
    only_cash || book.balances(account).map_or(true, |balances| balances.maintenance >= 0 && cash >= 0)
}

/// Whether the account still holds legs of an expiry whose settlement price stands.
pub fn awaits_settlement(snapshot: &Snapshot, account: &MarginAccount) -> bool {
    snapshot.value(|valuation| settled_first(account, valuation.markets)).is_err()
}

/// Whether the program would liquidate at the prices that the accounts of `snapshot` depend on.
pub fn prices_valid(snapshot: &Snapshot) -> bool {
    snapshot.value(|valuation| valuation.markets.check_prices(Use::Liquidate, valuation.now)).is_ok()
}

/// Age of the accepted price of every underlying, by index: seconds since it was published, >= 0; `None` before the
/// first.
pub fn price_ages(book: &Book) -> Vec<(u16, Option<i64>)> {
    let directory = &book.books.directory;
    let age = |index: &u16| {
        let oracle = load_oracle(&book.markets, directory, *index).filter(|oracle| oracle.price.price > 0);
        (*index, oracle.map(|oracle| book.now().saturating_sub(oracle.price.publish_time).max(0)))
    };
    directory.underlyings.keys().map(age).collect()
}
