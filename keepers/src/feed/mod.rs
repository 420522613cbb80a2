//! Where a keeper's view of the chain comes from: a node ([`live`]), a file ([`recorded`]) or any ledger, at once.
//!
//! A view is an [`Image`], the accounts as bytes with their time, and the [`Book`] decoded from it. Everything a keeper
//! decides it decides on that book, so that a recorded image leads to the same decisions.

pub mod alarm;
pub mod image;
pub mod live;
pub mod recorded;
pub mod watch;

use std::time::Duration;

use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::Ledger;
use solana_program::pubkey::Pubkey;

use crate::book::Book;
use image::Image;
use recorded::RecordingError;

/// The clearinghouse at one moment, as bytes and decoded from them.
#[derive(Clone, Debug)]
pub struct View {
    /// As bytes.
    pub image: Image,
    /// Decoded.
    pub book: Book,
}

impl View {
    /// Reads everything of `clearinghouse`. Errors: `Missing`, `Decode`, transport.
    pub fn take(ledger: &dyn Ledger, clearinghouse: &Pubkey) -> Result<Self, LedgerError> {
        Self::of_image(Image::take(ledger, clearinghouse)?, clearinghouse)
    }

    /// Decodes an image. Errors: `Missing`, `Decode` for an image that is not whole.
    pub fn of_image(image: Image, clearinghouse: &Pubkey) -> Result<Self, LedgerError> {
        Ok(Self { book: Book::load(&image, clearinghouse)?, image })
    }
}

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The node does not answer, or what it answers is not a clearinghouse.
    #[error(
        "no usable answer from {url}: {cause}; nothing was decided on it: check that the node runs, that `url` is its \
         JSON-RPC port and `clearinghouse` an address there"
    )]
    Node {
        /// Its address.
        url: String,
        /// What was wrong.
        cause: Box<LedgerError>,
        /// When the feed asks again.
        retry: Duration,
    },
    /// A ledger without an address of its own.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// A sequence of views.
pub trait Feed {
    /// The next view, once there is something new to see; `None` when there will be none. Errors: this view could not
    /// be had; the next may.
    fn next(&mut self) -> Result<Option<View>, FeedError>;

    /// The next view at once: the keeper itself has just changed something. Otherwise as [`Feed::next`].
    fn again(&mut self) -> Result<Option<View>, FeedError> {
        self.next()
    }
}

/// Views of a ledger whenever they are asked for, without end: the embedded chain of demo and tests.
pub struct Direct<'a> {
    /// Where the accounts are.
    pub ledger: &'a dyn Ledger,
    /// Whose accounts.
    pub clearinghouse: Pubkey,
}

impl Feed for Direct<'_> {
    fn next(&mut self) -> Result<Option<View>, FeedError> {
        Ok(Some(View::take(self.ledger, &self.clearinghouse)?))
    }
}
