//! What happened: the program's events by member, and the state of every account over time.

use std::collections::BTreeMap;

use anyhow::Result;
use plimsoll::events::{
    AuctionBidTaken, AuctionEnded, AuctionStarted, BadDebtCovered, CollateralMoved, CollateralSold, Deposited,
    ExpirySettled, ExpirySwept, InsuranceDeposited, MarginCall, TradeCleared, Withdrawn,
};
use plimsoll::state::{MarginAccount, OracleState};
use plimsoll_client::address;
use plimsoll_client::decode::Event;
use plimsoll_keeper::book::Book;
use solana_program::pubkey::Pubkey;

use crate::market::QUOTE;

/// Totals of one member. Amounts in quote atoms.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Paid in.
    pub deposited: i64,
    /// Taken out.
    pub withdrawn: i64,
    /// Wrapped coins paid in: atoms of the coin.
    pub wrapped_in: u64,
    /// Wrapped coins taken out: atoms of the coin.
    pub wrapped_out: u64,
    /// Trades taken part in.
    pub trades: u64,
    /// Trade fees.
    pub fees: i64,
    /// Margin calls received.
    pub margin_calls: u64,
    /// Auctions of the account.
    pub liquidations: u64,
    /// Losses beyond everything it had.
    pub bad_debt: i64,
}

/// What kind of moment is marked in the charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A margin call.
    Call,
    /// An auction started.
    Start,
    /// A bid.
    Bid,
    /// Insolvency: the insurance fund paid.
    BadDebt,
    /// An auction ended.
    End,
}

/// A moment in the life of an account.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Unix seconds.
    pub time: i64,
    /// Place of the member; `None`: somebody outside the cast.
    pub member: Option<usize>,
    /// What happened.
    pub mark: Mark,
    /// Quote atoms: equity at a call, a start and an end; payment of a bid; loss of bad debt.
    pub amount: i64,
}

/// State of everything at one time. Amounts in quote tokens, for charts.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Unix seconds.
    pub time: i64,
    /// Accepted prices.
    pub prices: [f64; 2],
    /// Volatility state of the first coin, annualised.
    pub volatility: f64,
    /// Scales of initial and maintenance margins of the first coin.
    pub scales: [f64; 2],
    /// Insurance fund.
    pub insurance: f64,
    /// Equity by member.
    pub equity: Vec<f64>,
    /// Maintenance requirement by member.
    pub requirement: Vec<f64>,
}

/// Everything recorded.
#[derive(Debug, Default)]
pub struct Record {
    /// Totals by member.
    pub totals: Vec<Totals>,
    /// Moments in order.
    pub moments: Vec<Moment>,
    /// Frames in order.
    pub frames: Vec<Frame>,
    /// Settlements: time, expiry, price in atoms.
    pub settlements: Vec<(i64, i64, i64)>,
    /// Trades cleared.
    pub trades: u64,
    /// Trade fees of both sides.
    pub fees: i64,
    /// Bids taken.
    pub bids: u64,
    /// Loss of all insolvencies.
    pub bad_debt: i64,
    /// What the fund paid of it.
    pub insurance_paid: i64,
    /// What became deficit.
    pub deficit: i64,
    /// Paid into the fund by anyone but the clearinghouse itself.
    pub insurance_funded: i64,
    /// Fees swept to the surplus of the protocol.
    pub to_surplus: i64,
    /// Collateral sold for debt: quote atoms.
    pub collateral_sold: i64,
    places: BTreeMap<Pubkey, usize>,
}

impl Record {
    /// An empty record of the members with these margin accounts.
    pub fn new(accounts: &[Pubkey]) -> Self {
        Self {
            totals: vec![Totals::default(); accounts.len()],
            places: accounts.iter().enumerate().map(|(place, account)| (*account, place)).collect(),
            ..Self::default()
        }
    }

    /// Place of the member whose margin account is `account`.
    pub fn place(&self, account: &Pubkey) -> Option<usize> {
        self.places.get(account).copied()
    }

    fn totals(&mut self, account: &Pubkey) -> Option<&mut Totals> {
        self.places.get(account).and_then(|place| self.totals.get_mut(*place))
    }

    fn moment(&mut self, time: i64, account: &Pubkey, mark: Mark, amount: i64) {
        self.moments.push(Moment { time, member: self.place(account), mark, amount });
    }

    /// Takes in the events of one or more transactions. Errors: an event that does not decode.
    pub fn take(&mut self, events: &[(i64, Event)]) -> Result<()> {
        for (time, event) in events {
            self.take_money(event)?;
            self.take_trade(event)?;
            self.take_risk(*time, event)?;
            self.take_settlement(*time, event)?;
        }
        Ok(())
    }

    fn take_money(&mut self, event: &Event) -> Result<()> {
        if let Some(deposited) = event.get::<Deposited>()? {
            if let Some(totals) = self.totals(&deposited.margin_account) {
                totals.deposited += deposited.amount;
            }
        }
        if let Some(withdrawn) = event.get::<Withdrawn>()? {
            if let Some(totals) = self.totals(&withdrawn.margin_account) {
                totals.withdrawn += withdrawn.amount;
            }
        }
        if let Some(moved) = event.get::<CollateralMoved>()? {
            if let Some(totals) = self.totals(&moved.margin_account) {
                let side = if moved.amount > 0 { &mut totals.wrapped_in } else { &mut totals.wrapped_out };
                *side += moved.amount.unsigned_abs();
            }
        }
        if let Some(paid) = event.get::<InsuranceDeposited>()? {
            self.insurance_funded += paid.amount;
        }
        Ok(())
    }

    fn take_trade(&mut self, event: &Event) -> Result<()> {
        let Some(trade) = event.get::<TradeCleared>()? else { return Ok(()) };
        self.trades += 1;
        for side in [&trade.buyer, &trade.seller] {
            self.fees += trade.fee;
            if let Some(totals) = self.totals(side) {
                totals.trades += 1;
                totals.fees += trade.fee;
            }
        }
        Ok(())
    }

    fn take_risk(&mut self, time: i64, event: &Event) -> Result<()> {
        if let Some(call) = event.get::<MarginCall>()? {
            self.moment(time, &call.margin_account, Mark::Call, call.equity);
            if let Some(totals) = self.totals(&call.margin_account) {
                totals.margin_calls += 1;
            }
        }
        if let Some(start) = event.get::<AuctionStarted>()? {
            self.moment(time, &start.margin_account, Mark::Start, start.equity);
            if let Some(totals) = self.totals(&start.margin_account) {
                totals.liquidations += 1;
            }
        }
        if let Some(bid) = event.get::<AuctionBidTaken>()? {
            self.bids += 1;
            self.moment(time, &bid.margin_account, Mark::Bid, bid.payment);
        }
        if let Some(loss) = event.get::<BadDebtCovered>()? {
            self.bad_debt += loss.loss;
            self.insurance_paid += loss.from_insurance;
            self.deficit += loss.to_deficit;
            self.moment(time, &loss.margin_account, Mark::BadDebt, loss.loss);
            if let Some(totals) = self.totals(&loss.margin_account) {
                totals.bad_debt += loss.loss;
            }
        }
        if let Some(end) = event.get::<AuctionEnded>()? {
            self.moment(time, &end.margin_account, Mark::End, end.equity);
        }
        if let Some(sold) = event.get::<CollateralSold>()? {
            self.collateral_sold += sold.proceeds;
        }
        Ok(())
    }

    fn take_settlement(&mut self, time: i64, event: &Event) -> Result<()> {
        if let Some(settled) = event.get::<ExpirySettled>()? {
            self.settlements.push((time, settled.expiry, settled.settlement_price));
        }
        if let Some(swept) = event.get::<ExpirySwept>()? {
            self.to_surplus += swept.to_surplus;
        }
        Ok(())
    }

    /// Adds the state of `book` as a frame. Accounts that cannot be valued stand at their cash.
    pub fn frame(&mut self, book: &Book) {
        let tokens = |atoms: i128| atoms as f64 / QUOTE as f64;
        let mut equity = vec![0.0; self.totals.len()];
        let mut requirement = vec![0.0; self.totals.len()];
        for (address, account) in &book.books.accounts {
            if let Some(place) = self.place(address) {
                let (worth, needed) = worth(book, account);
                equity[place] = tokens(worth);
                requirement[place] = tokens(needed);
            }
        }
        let oracle = |index: u16| {
            let address = address::oracle(&book.books.directory.underlying(index));
            book.markets.decode::<OracleState>(&address)
        };
        let states = [oracle(0), oracle(1)];
        let price = |state: &OracleState| state.price.price as f64 / QUOTE as f64;
        let volatility = states[0].map(|state| state.volatility).unwrap_or_default();
        let scale = |ppm: u32| f64::from(ppm.max(1_000_000)) / 1e6;
        self.frames.push(Frame {
            time: book.now(),
            prices: states.map(|state| state.as_ref().map_or(0.0, price)),
            // Q32.
            volatility: volatility.state as f64 / 4_294_967_296.0,
            scales: [scale(volatility.scale_im), scale(volatility.scale_mm)],
            insurance: tokens(i128::from(book.books.insurance.balance)),
            equity,
            requirement,
        });
    }
}

/// Equity and maintenance requirement: quote atoms.
fn worth(book: &Book, account: &MarginAccount) -> (i128, i128) {
    match book.balances(account) {
        Ok(balances) => (balances.equity, balances.equity - balances.maintenance),
        Err(_) => (i128::from(account.cash), 0),
    }
}
