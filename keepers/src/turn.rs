//! One turn of a keeper: load, plan, send.

use plimsoll::{AuctionBidArgs, AuctionStartArgs, CollateralSaleArgs};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{Ledger, Outcome, SendOptions};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;

use crate::book::Book;
use crate::plan::{plan, Action};
use crate::policy::Policy;

/// Compute units a keeper's transaction may use.
const COMPUTE_LIMIT: u32 = 1_000_000;
/// Most times a turn loads and plans again, because what it did made more possible.
const ROUNDS: usize = 4;

/// A keeper: whose keys, which account, which policy.
#[derive(Debug)]
pub struct Keeper {
    /// The clearinghouse it keeps.
    pub clearinghouse: Pubkey,
    /// Its own margin account: receives rewards, bids, buys.
    pub account: Pubkey,
    /// Owner of that account; pays the transaction fees.
    pub signer: Keypair,
    /// What it is willing to do.
    pub policy: Policy,
    /// Priority fee: micro-lamports per compute unit.
    pub priority_fee: u64,
}

/// What became of one decision.
#[derive(Debug)]
pub struct Done {
    /// The decision.
    pub action: Action,
    /// Its transaction, or why it failed.
    pub result: Result<Outcome, LedgerError>,
}

impl Keeper {
    /// The instructions of `action`. Errors: `Build`, `Missing` for an account that is not in the book.
    pub fn instruction(&self, book: &Book, action: &Action) -> Result<Instruction, LedgerError> {
        let directory = &book.books.directory;
        let account = |address: &Pubkey| {
            let missing = LedgerError::Missing { kind: "MarginAccount", address: *address };
            book.books.accounts.get(address).ok_or(missing)
        };
        let valid_until = book.now().saturating_add(self.policy.valid_seconds);
        match action {
            Action::Sample { expiry: (index, time) } => {
                Ok(instruction::settlement_sample(&directory.underlying(*index), *time))
            }
            Action::SettleExpiry { expiry: (index, time) } => {
                Ok(instruction::expiry_settle(&directory.underlying(*index), *time))
            }
            Action::SettleAccount { account: address, expiry: (index, time) } => {
                Ok(instruction::account_settle(directory, account(address)?, *index, *time))
            }
            Action::Sweep { expiry: (index, time) } => Ok(instruction::expiry_sweep(directory, *index, *time)),
            Action::BuyCollateral { account: address, collateral, amount, price_limit } => {
                let mine = account(&self.account)?;
                let (collateral, amount, price_limit) = (*collateral, *amount, *price_limit);
                let args = CollateralSaleArgs { collateral, amount, price_limit, valid_until };
                instruction::collateral_sale(directory, account(address)?, mine, &mine.owner, args)
            }
            Action::Start { account: address, sequence } => {
                let args = AuctionStartArgs { valid_until, sequence: *sequence };
                instruction::auction_start(directory, account(address)?, account(&self.account)?, args)
            }
            Action::Bid { account: address, sequence, fraction, price_limit, deficit } => {
                let (fraction, price_limit, sequence) = (*fraction, *price_limit, *sequence);
                let args = AuctionBidArgs { fraction, price_limit, valid_until, sequence };
                let bidder = Side::of_owner(account(&self.account)?);
                instruction::auction_bid(directory, account(address)?, bidder, *deficit, args)
            }
            Action::End { account: address } => instruction::auction_end(directory, account(address)?),
        }
    }

    /// Sends one decision. Errors: what the program refused, or transport.
    pub fn send(&self, ledger: &dyn Ledger, book: &Book, action: &Action) -> Result<Outcome, LedgerError> {
        let instruction = self.instruction(book, action)?;
        let options = SendOptions {
            compute_limit: Some(COMPUTE_LIMIT),
            priority_fee: self.priority_fee,
            ..SendOptions::default()
        };
        ledger.send(&[instruction], &[&self.signer], &options)
    }

    /// One turn: load the book, plan, send everything; again while something new became possible. Each decision is
    /// made once a turn: one that fails is not tried again before the next.
    ///
    /// Errors: only when the book cannot be loaded; what a single decision came to is in its [`Done`].
    pub fn step(&self, ledger: &dyn Ledger) -> Result<Vec<Done>, LedgerError> {
        let mut done: Vec<Done> = Vec::new();
        for _ in 0..ROUNDS {
            let book = Book::load(ledger, &self.clearinghouse)?;
            let actions = plan(&book, &self.account, &self.policy);
            let fresh: Vec<Action> =
                actions.into_iter().filter(|action| done.iter().all(|past| past.action != *action)).collect();
            if fresh.is_empty() {
                break;
            }
            for action in fresh {
                let bids = matches!(action, Action::Bid { .. } | Action::BuyCollateral { .. });
                let result = self.send(ledger, &book, &action);
                let moved = bids && result.is_ok();
                done.push(Done { action, result });
                // A bid changes the keeper's own account: what was planned after it stands on an old one.
                if moved {
                    break;
                }
            }
        }
        Ok(done)
    }
}
