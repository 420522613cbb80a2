//! The summary: what `summary.json` holds.

use anyhow::Result;
use plimsoll::state::margin_account::{MODE_ISOLATED, MODE_PORTFOLIO};
use plimsoll_client::status::Books;
use plimsoll_tests::invariants::full_check;
use serde::Serialize;

use crate::market::QUOTE;
use crate::play::Play;
use crate::stage::WRAPPED_DECIMALS;

/// The outcome of a run. Amounts are decimal numbers of quote tokens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the price file without its ending, or of the built-in path.
    pub prices: String,
    /// What was left out of a long file; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_cut: Option<String>,
    /// Seed of what is random.
    pub seed: u64,
    /// Seconds of the price path.
    pub duration_seconds: i64,
    /// Transactions that landed.
    pub transactions: u64,
    /// Transactions that the program refused.
    pub refused: u64,
    /// Trades cleared.
    pub trades: u64,
    /// Margin calls.
    pub margin_calls: u64,
    /// Auctions started.
    pub liquidations: u64,
    /// Bids taken.
    pub bids: u64,
    /// Trade fees paid by both sides.
    pub fees: f64,
    /// Losses beyond everything the defaulting accounts had.
    pub bad_debt: f64,
    /// Part of `bad_debt` that the insurance fund paid.
    pub insurance_paid: f64,
    /// Paid into the fund at the start.
    pub insurance_funded: f64,
    /// Insurance fund at the end.
    pub insurance: f64,
    /// Protocol surplus at the end.
    pub surplus: f64,
    /// Deficit that is recorded at the end.
    pub deficit: f64,
    /// Quote tokens in the vault at the end.
    pub assets: f64,
    /// What accounts, fund and surplus are owed at the end, before the recorded deficit.
    pub claims: f64,
    /// `assets >= claims`.
    pub solvent: bool,
    /// Every member: traders, market maker, liquidator, backstop.
    pub accounts: Vec<Account>,
}

/// One member of the cast. Amounts in quote tokens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Name.
    pub name: String,
    /// What it does.
    pub role: String,
    /// `cross` or `isolated`.
    pub mode: &'static str,
    /// Quote tokens paid in.
    pub deposited: f64,
    /// Quote tokens taken out.
    pub withdrawn: f64,
    /// Wrapped coins paid in, at the first price.
    pub collateral_in: f64,
    /// Wrapped coins taken out, at the last price.
    pub collateral_out: f64,
    /// Cash left in the account; negative: debt.
    pub left: f64,
    /// Withdrawn, left and collateral out, less deposited and collateral in.
    pub pnl: f64,
    /// Trades.
    pub trades: u64,
    /// Trade fees.
    pub fees: f64,
    /// Margin calls.
    pub margin_calls: u64,
    /// Auctions of the account.
    pub liquidations: u64,
    /// Losses beyond everything it had.
    pub bad_debt: f64,
}

/// Quote atoms as a number of tokens, exact to the atom below 2^53 of them.
fn tokens(atoms: impl Into<i128>) -> f64 {
    atoms.into() as f64 / QUOTE as f64
}

impl Summary {
    /// The summary of a finished play, after every equation was checked over every account.
    ///
    /// Errors: transport. Panics when an equation fails, with all of them.
    pub fn of(play: &Play, market: &crate::market::Market, seed: u64) -> Result<Self> {
        let books = full_check(&play.stage.tape.chain, &play.stage.clearinghouse, 0);
        let record = &play.record;
        let (start, end) = market.span();
        let accounts = (0..play.cast.members.len()).map(|place| account(play, market, &books, place)).collect();
        let claims = books.claims();
        Ok(Self {
            prices: market.source.clone(),
            prices_cut: market.cut.clone(),
            seed,
            duration_seconds: end - start,
            transactions: play.stage.tape.landed(),
            refused: play.stage.tape.refused(),
            trades: record.trades,
            margin_calls: record.totals.iter().map(|totals| totals.margin_calls).sum(),
            liquidations: record.totals.iter().map(|totals| totals.liquidations).sum(),
            bids: record.bids,
            fees: tokens(record.fees),
            bad_debt: tokens(record.bad_debt),
            insurance_paid: tokens(record.insurance_paid),
            insurance_funded: tokens(record.insurance_funded),
            insurance: tokens(books.insurance.balance),
            surplus: tokens(books.clearinghouse().surplus),
            deficit: tokens(books.clearinghouse().deficit),
            assets: tokens(books.vault),
            claims: tokens(claims),
            solvent: i128::from(books.vault) >= claims,
            accounts,
        })
    }
}

fn account(play: &Play, market: &crate::market::Market, books: &Books, place: usize) -> Account {
    let (role, member, totals) = (&play.cast.roles[place], &play.cast.members[place], &play.record.totals[place]);
    let state = books.accounts.get(&member.account);
    let last = market.steps.last().map_or(1.0, |step| step.price);
    let coins = |amount: u64, level: f64| {
        let value = amount as f64 / 10f64.powi(WRAPPED_DECIMALS as i32) * market.price(0, level);
        (value * QUOTE as f64).round() / QUOTE as f64
    };
    let (collateral_in, collateral_out) = (coins(totals.wrapped_in, 1.0), coins(totals.wrapped_out, last));
    let left = state.map_or(0, |account| account.cash);
    let cash = tokens(totals.withdrawn + left - totals.deposited);
    Account {
        name: role.name.clone(),
        role: role.about.to_owned(),
        mode: match role.mode {
            MODE_ISOLATED => "isolated",
            MODE_PORTFOLIO => "portfolio",
            _ => "cross",
        },
        deposited: tokens(totals.deposited),
        withdrawn: tokens(totals.withdrawn),
        collateral_in,
        collateral_out,
        left: tokens(left),
        pnl: ((cash + collateral_out - collateral_in) * QUOTE as f64).round() / QUOTE as f64,
        trades: totals.trades,
        fees: tokens(totals.fees),
        margin_calls: totals.margin_calls,
        liquidations: totals.liquidations,
        bad_debt: tokens(totals.bad_debt),
    }
}
