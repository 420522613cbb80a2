//! What a keeper decides: a pure function of a book, its own account and its policy.
//!
//! The order is fixed, so that a recorded book replays to the same decisions: the risk rows that auctions need, auctions,
//! the most valuable first, then purchases of collateral, then cranks by expiry and by account. Nothing here sends, waits or asks for the time.

mod cranks;
mod liquidation;
mod rows;

use std::fmt;

use plimsoll_client::rows::Preparation;
use serde::{Deserialize, Serialize};
use solana_program::pubkey::Pubkey;

use crate::base58;
use crate::book::Book;
use crate::policy::Policy;

/// One decision. Accounts are margin account addresses, expiries are (underlying index, unix seconds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Open the risk rows of an expiry, with room for its strikes, at the keeper's rent.
    OpenRows {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Give risk rows room for the strikes that were listed since they were opened.
    GrowRows {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Fill the risk rows of an expiry at the accepted price.
    RefreshRows {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Start an auction.
    Start {
        /// The account under maintenance.
        #[serde(with = "base58")]
        account: Pubkey,
        /// How many auctions it has had.
        sequence: u64,
    },
    /// Bid in an auction.
    Bid {
        /// The account in auction.
        #[serde(with = "base58")]
        account: Pubkey,
        /// Its sequence.
        sequence: u64,
        /// Share of what remains, ppm.
        fraction: u32,
        /// Most to pay; negative: least to be paid. Quote atoms.
        price_limit: i64,
        /// Whether the loss may exceed the fund, so that a deficit is recorded.
        deficit: bool,
    },
    /// End an auction whose account is healthy again.
    End {
        /// The account.
        #[serde(with = "base58")]
        account: Pubkey,
    },
    /// Buy collateral of an account in debt.
    BuyCollateral {
        /// The account in debt.
        #[serde(with = "base58")]
        account: Pubkey,
        /// Index of the collateral.
        collateral: u16,
        /// Token atoms.
        amount: u64,
        /// Most to pay: quote atoms.
        price_limit: i64,
    },
    /// Add the accepted price to a settlement average.
    Sample {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Count how an underlying moved with a peer.
    Correlate {
        /// Index of the underlying.
        underlying: u16,
        /// Index of the peer.
        peer: u16,
    },
    /// Fix a settlement price.
    SettleExpiry {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Move the fees of a settled expiry to fund and surplus.
    Sweep {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Pay out the legs of an account in a settled expiry.
    SettleAccount {
        /// The account.
        #[serde(with = "base58")]
        account: Pubkey,
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Move the interest that an account owes to the fund.
    Accrue {
        /// The account in debt.
        #[serde(with = "base58")]
        account: Pubkey,
    },
}

impl Action {
    /// What is done, for logs and metrics: the name under which it is recorded.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OpenRows { .. } => "open_rows",
            Self::GrowRows { .. } => "grow_rows",
            Self::RefreshRows { .. } => "refresh_rows",
            Self::Start { .. } => "start",
            Self::Bid { .. } => "bid",
            Self::End { .. } => "end",
            Self::BuyCollateral { .. } => "buy_collateral",
            Self::Sample { .. } => "sample",
            Self::Correlate { .. } => "correlate",
            Self::SettleExpiry { .. } => "settle_expiry",
            Self::Sweep { .. } => "sweep",
            Self::SettleAccount { .. } => "settle_account",
            Self::Accrue { .. } => "accrue",
        }
    }

    /// Whether it changes the keeper's own legs, collateral or cash at a price: one such at a time, each planned on the
    /// account as the one before left it.
    pub const fn is_purchase(&self) -> bool {
        matches!(self, Self::Bid { .. } | Self::BuyCollateral { .. })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Start { account, .. } | Self::End { account } | Self::Accrue { account } => {
                write!(f, "{kind} {account}")
            }
            Self::Bid { account, fraction, price_limit, .. } => {
                write!(f, "{kind} {account} {fraction} ppm, limit {price_limit}")
            }
            Self::BuyCollateral { account, collateral, amount, price_limit } => {
                write!(f, "{kind} {account} {amount} of {collateral}, limit {price_limit}")
            }
            Self::OpenRows { expiry: (index, time) }
            | Self::GrowRows { expiry: (index, time) }
            | Self::RefreshRows { expiry: (index, time) }
            | Self::Sample { expiry: (index, time) }
            | Self::SettleExpiry { expiry: (index, time) }
            | Self::Sweep { expiry: (index, time) } => write!(f, "{kind} {index}/{time}"),
            Self::Correlate { underlying, peer } => write!(f, "{kind} {underlying} with {peer}"),
            Self::SettleAccount { account, expiry: (index, time) } => write!(f, "{kind} {account} {index}/{time}"),
        }
    }
}

/// Everything worth doing now, by the keeper whose margin account is `me`, in the order to do it.
///
/// Bids and purchases are alternatives: each alone leaves the initial balance of `me` at or above the policy's reserve.
/// After one succeeded the others are to be planned again. Accounts that cannot be valued are left alone. Without the
/// account `me` only what needs none is planned.
pub fn plan(book: &Book, me: &Pubkey, policy: &Policy) -> Vec<Action> {
    let mine = book.books.accounts.get(me);
    let mut needs = Preparation::default();
    let auctions = liquidation::auctions(book, mine, policy, &mut needs);
    let purchases = match mine.filter(|_| policy.buy_collateral) {
        Some(mine) => liquidation::purchases(book, mine, policy, &mut needs),
        None => Vec::new(),
    };
    let mut actions = rows::actions(&needs, book);
    actions.extend(auctions.into_iter().chain(purchases));
    if policy.crank {
        actions.extend(cranks::correlations(book));
        actions.extend(cranks::expiries(book));
        actions.extend(cranks::accounts(book, me, policy));
    }
    actions
}
