//! What a keeper decides: a pure function of a book, its own account and its policy.
//!
//! The order is fixed, so that a recorded book replays to the same decisions: cranks by expiry, then accounts by
//! address. Nothing here sends, waits or asks for the time.

use plimsoll::state::MarginAccount;
use plimsoll_client::quote;
use plimsoll_client::status::load_oracle;
use plimsoll_core::debt::{plan_sale, sale_discount, SaleTerms};
use plimsoll_core::liquidation::{buffer_margin, FRACTION_ONE};
use plimsoll_core::oracle::{self, Action as Use};
use plimsoll_core::settlement::{sample, settle, SettlementTerms};
use plimsoll_core::units::{Price, Quote};
use serde::{Deserialize, Serialize};
use solana_program::pubkey::Pubkey;

use crate::book::Book;
use crate::policy::Policy;

/// One decision. Accounts are margin account addresses, expiries are (underlying index, unix seconds).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Add the accepted price to a settlement average.
    Sample {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Fix a settlement price.
    SettleExpiry {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Pay out the legs of an account in a settled expiry.
    SettleAccount {
        /// The account.
        account: Pubkey,
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Move the fees of a settled expiry to fund and surplus.
    Sweep {
        /// The expiry.
        expiry: (u16, i64),
    },
    /// Buy collateral of an account in debt.
    BuyCollateral {
        /// The account in debt.
        account: Pubkey,
        /// Index of the collateral.
        collateral: u16,
        /// Token atoms.
        amount: u64,
        /// Most to pay: quote atoms.
        price_limit: i64,
    },
    /// Start an auction.
    Start {
        /// The account under maintenance.
        account: Pubkey,
        /// Its sequence.
        sequence: u64,
    },
    /// Bid in an auction.
    Bid {
        /// The account in auction.
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
        account: Pubkey,
    },
}

/// Everything worth doing now, by the keeper whose margin account is `me`, in the order to do it.
///
/// Accounts that cannot be valued (a price is missing) are left alone.
pub fn plan(book: &Book, me: &Pubkey, policy: &Policy) -> Vec<Action> {
    let mut actions = Vec::new();
    if policy.crank {
        plan_expiries(book, &mut actions);
    }
    for (address, account) in book.books.accounts.iter().filter(|(address, _)| *address != me) {
        if policy.crank {
            plan_settlement(book, address, account, &mut actions);
        }
        if policy.buy_collateral {
            actions.extend(plan_purchase(book, address, account, policy));
        }
        actions.extend(plan_auction(book, (address, account), me, policy));
    }
    if let Some(account) = book.books.accounts.get(me).filter(|_| policy.crank) {
        plan_settlement(book, me, account, &mut actions);
    }
    actions
}

fn plan_expiries(book: &Book, actions: &mut Vec<Action>) {
    for (key, expiry) in &book.books.expiries {
        let Some(underlying) = book.books.directory.underlyings.get(&key.0) else { continue };
        let terms = SettlementTerms::new(key.1, underlying.limits.rules());
        let state = expiry.settlement.rules();
        if expiry.is_settled() {
            if expiry.fees_accrued > 0 {
                actions.push(Action::Sweep { expiry: *key });
            }
            continue;
        }
        if settle(state, book.now(), &terms).is_ok() {
            actions.push(Action::SettleExpiry { expiry: *key });
            continue;
        }
        let Some(oracle) = load_oracle(&book.markets, &book.books.directory, key.0) else { continue };
        let (price, rules) = (oracle.price.rules(), underlying.oracle_parameters.rules());
        let usable = oracle::check(Use::Sample, price, book.now(), rules).is_ok();
        if usable && sample(state, Price(oracle.price.price), oracle.price.publish_time, &terms).is_ok() {
            actions.push(Action::Sample { expiry: *key });
        }
    }
}

fn plan_settlement(book: &Book, address: &Pubkey, account: &MarginAccount, actions: &mut Vec<Action>) {
    for slot in 0..account.expiries.len() {
        if let Some((expiry, _)) = book.expiry_of(account, slot).filter(|(_, state)| state.is_settled()) {
            actions.push(Action::SettleAccount { account: *address, expiry });
        }
    }
}

/// The first collateral of a debtor that is cheap enough.
fn plan_purchase(book: &Book, address: &Pubkey, account: &MarginAccount, policy: &Policy) -> Option<Action> {
    if account.cash >= 0 || account.in_auction() {
        return None;
    }
    let directory = &book.books.directory;
    let parameters = directory.clearinghouse.parameters.rules();
    let elapsed = book.now().saturating_sub(account.debt_since);
    if sale_discount(elapsed, parameters) < policy.min_sale_discount_ppm {
        return None;
    }
    let slot = account.collaterals.iter().find(|slot| slot.amount > 0)?;
    let collateral = directory.collaterals.get(&slot.index)?;
    let price = match load_oracle(&book.markets, directory, collateral.priced_by) {
        Some(oracle) => oracle.price.price,
        None => 1_000_000,
    };
    let terms = SaleTerms {
        debt: Quote(account.cash.checked_neg()?),
        held: slot.amount,
        wanted: u64::MAX,
        price: Price(price),
        decimals: collateral.decimals,
        elapsed,
        price_limit: Quote(i64::MAX),
    };
    let sale = plan_sale(&terms, parameters).ok()?;
    Some(Action::BuyCollateral {
        account: *address,
        collateral: slot.index,
        amount: sale.amount,
        price_limit: sale.proceeds.0,
    })
}

fn plan_auction(
    book: &Book,
    (address, account): (&Pubkey, &MarginAccount),
    me: &Pubkey,
    policy: &Policy,
) -> Option<Action> {
    if account.position_count == 0 && account.cash >= 0 && !account.in_auction() {
        return None;
    }
    let snapshot = book.snapshot(&[*account]);
    let auction = quote::auction(&snapshot, 0).ok()?;
    let (equity, maintenance) = (auction.worth.equity, auction.worth.maintenance);
    if !account.in_auction() {
        let due = policy.start && maintenance < 0 && prices_valid(book, account);
        return due.then_some(Action::Start { account: *address, sequence: account.sequence });
    }
    let healthy = buffer_margin(Quote(equity), Quote(maintenance), &auction.rules.parameters).ok()?.0 >= 0;
    if healthy {
        return policy.crank.then_some(Action::End { account: *address });
    }
    let mine = book.books.accounts.get(me)?;
    if !policy.bid || mine.owner == account.owner || !prices_valid(book, account) {
        return None;
    }
    plan_bid(book, (address, account), mine, (&auction, policy))
}

/// The largest fraction that the policy and the keeper's own margin allow.
fn plan_bid(
    book: &Book,
    (address, account): (&Pubkey, &MarginAccount),
    mine: &MarginAccount,
    (auction, policy): (&quote::AuctionQuote, &Policy),
) -> Option<Action> {
    let snapshot = book.snapshot(&[*account, *mine]);
    for fraction in fractions(auction, policy) {
        let Ok(bid) = quote::bid(&snapshot, 0, Some(1), fraction) else { continue };
        let affordable = bid.bidder_after.initial >= i128::from(policy.reserve) && bid.bidder_cash_after >= 0;
        if !affordable || bid.maintenance_after <= auction.worth.maintenance {
            continue;
        }
        let cost = bid.plan.payment.0.checked_add(bid.plan.slice.0)?;
        let slack = share(bid.plan.value.0.saturating_abs(), policy.slippage_ppm);
        let loss = bid.plan.from_waterfall.0;
        let price_limit = if bid.takeover { auction.worth.equity } else { cost.saturating_add(slack) };
        return Some(Action::Bid {
            account: *address,
            sequence: account.sequence,
            fraction,
            price_limit,
            deficit: loss > book.books.insurance.balance,
        });
    }
    None
}

/// Fractions to try, largest first, ppm; none when the price is not good enough yet.
fn fractions(auction: &quote::AuctionQuote, policy: &Policy) -> Vec<u32> {
    const ALL: u32 = 1_000_000;
    let Some(limits) = auction.limits else {
        let insolvent = auction.worth.equity_high < 0;
        return if insolvent && policy.take_insolvent { vec![ALL] } else { Vec::new() };
    };
    let discount = FRACTION_ONE.saturating_sub(auction.price_factor.0) / 1_000;
    if discount < i64::from(policy.min_discount_ppm) {
        return Vec::new();
    }
    let ppm = |fraction: i64| u32::try_from(fraction / 1_000).unwrap_or(ALL);
    let smallest = ppm(limits.smallest.0.saturating_add(999)).min(ALL);
    let mut tries = vec![ppm(limits.discounted.0).max(smallest), ppm(limits.largest.0)];
    let mut next = tries[0];
    while next > smallest {
        next = (next / 2).max(smallest);
        tries.push(next);
    }
    tries.retain(|fraction| *fraction >= smallest && *fraction <= ppm(limits.largest.0));
    tries
}

/// Whether the program would liquidate at the prices that `account` depends on.
fn prices_valid(book: &Book, account: &MarginAccount) -> bool {
    let snapshot = book.snapshot(&[*account]);
    snapshot.value(|valuation| valuation.markets.check_prices(Use::Liquidate, valuation.now)).is_ok()
}

fn share(amount: i64, ppm: u32) -> i64 {
    Quote(amount).ratio_down(plimsoll_core::units::Ratio(ppm)).map_or(0, |quote| quote.0)
}
