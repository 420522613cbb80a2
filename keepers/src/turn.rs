//! One turn of a keeper: plan on a view, send, and plan again while that made more possible.

use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{Ledger, Outcome};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;

use crate::feed::{Direct, Feed, FeedError, View};
use crate::plan::{plan, Action};
use crate::policy::Policy;

/// Most plans of one turn.
const ROUNDS: usize = 4;
/// Decisions in a row without an answer after which a turn ends: one alone may be the decision's fault.
const LOST_MAX: usize = 2;

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
    /// Priority fee: micro-lamports per compute unit; the lowest, if the policy follows the recent ones.
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

/// Whether decisions are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Send,
    /// They are only simulated, one plan a turn.
    Simulate,
}

/// Who is told what happens during a turn.
pub trait Observer {
    /// A plan was made on `view`.
    fn planned(&mut self, view: &View, actions: &[Action]);
    /// A decision was sent or simulated.
    fn done(&mut self, done: Done);
}

impl Observer for Vec<Done> {
    fn planned(&mut self, _: &View, _: &[Action]) {}

    fn done(&mut self, done: Done) {
        self.push(done);
    }
}

impl Keeper {
    /// One turn on any ledger, from a view taken now. Errors: only when a view cannot be had; what a single decision
    /// came to is in its [`Done`].
    pub fn step(&self, ledger: &dyn Ledger) -> Result<Vec<Done>, FeedError> {
        let mut feed = Direct { ledger, clearinghouse: self.clearinghouse };
        let mut done = Vec::new();
        if let Some(view) = feed.next()? {
            self.turn(ledger, &mut feed, view, Mode::Send, &mut done)?;
        }
        Ok(done)
    }

    /// Plans on `view` and sends everything; again on a new view of `feed` while something succeeded. Each decision is
    /// made once a turn: one that fails is not tried again before the next. A node that does not answer ends the turn.
    ///
    /// Errors: a view after the first cannot be had.
    pub fn turn(
        &self,
        ledger: &dyn Ledger,
        feed: &mut dyn Feed,
        view: View,
        mode: Mode,
        observer: &mut dyn Observer,
    ) -> Result<(), FeedError> {
        let mut tried: Vec<Action> = Vec::new();
        let mut next = Some(view);
        for _ in 0..ROUNDS {
            let Some(view) = next else { break };
            let mut actions = plan(&view.book, &self.account, &self.policy);
            observer.planned(&view, &actions);
            actions.retain(|action| !tried.contains(action));
            let progress = self.carry_out(ledger, &view, (actions, mode), &mut tried, observer);
            if progress != Progress::More {
                break;
            }
            next = feed.again()?;
        }
        Ok(())
    }

    /// Sends `actions` in order, but of bids and purchases only up to the first that succeeds.
    fn carry_out(
        &self,
        ledger: &dyn Ledger,
        view: &View,
        (actions, mode): (Vec<Action>, Mode),
        tried: &mut Vec<Action>,
        observer: &mut dyn Observer,
    ) -> Progress {
        let (mut bought, mut lost, mut progress) = (false, 0usize, Progress::Nothing);
        for action in actions {
            let purchase = action.is_purchase();
            if bought && purchase {
                // Planned on an account that is not as it was; the next round plans it anew.
                continue;
            }
            let result = match mode {
                Mode::Send => self.send(ledger, &view.book, &action),
                Mode::Simulate => self.simulate(ledger, &view.book, &action),
            };
            let landed = result.is_ok();
            lost = if matches!(result, Err(LedgerError::Transport(_))) { lost.saturating_add(1) } else { 0 };
            tried.push(action.clone());
            observer.done(Done { action, result });
            if lost >= LOST_MAX {
                return Progress::Lost;
            }
            if landed && mode == Mode::Send {
                bought |= purchase;
                progress = Progress::More;
            }
        }
        progress
    }
}

/// What sending a plan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Nothing changed.
    Nothing,
    /// Something landed, which may have made more possible.
    More,
    /// The connection is gone.
    Lost,
}
