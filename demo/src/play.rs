//! The play: prices step by step, keepers in between, expiries, and everybody's way out.

use std::collections::VecDeque;

use anyhow::{ensure, Context, Result};
use plimsoll_keeper::book::Book;
use plimsoll_keeper::plan::plan;
use plimsoll_prices::Point;
use plimsoll_tests::invariants::full_check;

use crate::market::Market;
use crate::record::Record;
use crate::stage::Stage;
use crate::story::Cast;

/// Transactions between two checks of every equation over every account.
const FULL_CHECK_EVERY: u64 = 1_000;
/// Relative move of the price at which accounts are looked at again.
const SCAN_MOVE: f64 = 0.000_5;
/// Longest time between two looks at the accounts, seconds.
const SCAN_SECONDS: i64 = 900;
/// Least time between two margin calls of one account, seconds.
const CALL_SECONDS: i64 = 3_600;
/// The market is fast when the price moves by this share within [`FAST_SECONDS`]: blocks are full then, and keepers
/// get a turn only every [`FULL_SECONDS`], or when [`URGENT_MOVE`] makes them outbid the crowd.
const FAST_MOVE: f64 = 0.03;
/// See [`FAST_MOVE`].
const FAST_SECONDS: i64 = 600;
/// See [`FAST_MOVE`].
const FULL_SECONDS: i64 = 240;
/// See [`FAST_MOVE`].
const URGENT_MOVE: f64 = 0.06;
/// Expiries settle over the half hour before; sampling starts a little earlier.
const SETTLEMENT_SECONDS: i64 = 1_920;
/// Steps after the end of the path, outside settlement windows, seconds.
const QUIET_STEP: i64 = 600;
/// A day: the grid of expiries, at 08:00 UTC.
const DAY: i64 = 86_400;
/// Offset of the grid of expiries.
const EXPIRY_OFFSET: i64 = 28_800;
/// Most hours of the way out.
const EXIT_HOURS: i64 = 96;

/// Where the play reports how far it is.
pub trait Progress {
    /// `done` of `total` steps, in the phase `phase`.
    fn at(&self, phase: &str, done: u64, total: u64);
}

/// The two expiries: the first inside the path if it is long enough, the second after its end.
pub fn expiries(market: &Market) -> Vec<i64> {
    let (start, end) = market.span();
    let grid = |time: i64| (time - EXPIRY_OFFSET).div_euclid(DAY) * DAY + EXPIRY_OFFSET;
    let after = |time: i64| grid(time - 1) + DAY;
    let first = after(start + ((end - start) * 2 / 5).max(7_200));
    let second = after((end + SETTLEMENT_SECONDS).max(first + 1));
    vec![first, second]
}

/// Whether an account stands called, and when it was last.
#[derive(Clone, Copy, Default)]
struct Call {
    open: bool,
    at: i64,
}

/// A play under way.
pub struct Play<'a> {
    /// The clearinghouse.
    pub stage: Stage,
    /// Everybody.
    pub cast: Cast,
    /// What happened so far.
    pub record: Record,
    market: &'a Market,
    progress: &'a dyn Progress,
    scanned_at: i64,
    scanned_level: f64,
    called: Vec<Call>,
    /// Recent prices: time and relative price, oldest first.
    recent: VecDeque<(i64, f64)>,
    /// Time and relative price of the keepers' last turn.
    kept: (i64, f64),
    checked_at: u64,
    speculation: (i64, i64),
    urgent: bool,
}

impl<'a> Play<'a> {
    /// Opens the clearinghouse, enrols `traders` traders and lets them trade at the first price.
    ///
    /// Errors: no program file, or what the program refused.
    pub fn open(market: &'a Market, traders: usize, seed: u64, progress: &'a dyn Progress) -> Result<Self> {
        progress.at("opening", 0, 1);
        let stage = Stage::open(market, expiries(market))?;
        let cast = Cast::enrol(&stage, market, traders, seed)?;
        let accounts: Vec<_> = cast.members.iter().map(|member| member.account).collect();
        let (start, end) = market.span();
        let mut play = Self {
            record: Record::new(&accounts),
            called: vec![Call::default(); accounts.len()],
            recent: VecDeque::new(),
            kept: (start, 1.0),
            stage,
            cast,
            market,
            progress,
            scanned_at: 0,
            scanned_level: 1.0,
            checked_at: 0,
            speculation: (start, ((end - start) / 60).max(60)),
            urgent: false,
        };
        play.stage.post(start, market, 1.0)?;
        play.cast.open_positions(&play.stage, market)?;
        play.account_for()?;
        Ok(play)
    }

    /// Prices from the first to the last, and on at the last until both expiries are settled. Errors: what the program
    /// refused that it must not refuse.
    pub fn prices(&mut self) -> Result<()> {
        let mut steps = self.market.steps[1..].to_vec();
        let last = steps.last().copied().unwrap_or(Point { seconds: self.market.span().0, price: 1.0 });
        let path_steps = steps.len();
        steps.extend(quiet_steps(last, &self.stage.expiries));
        for (done, step) in steps.iter().enumerate() {
            self.step(*step)?;
            let phase = if done < path_steps { "prices" } else { "to expiry" };
            self.progress.at(phase, done as u64 + 1, steps.len() as u64);
        }
        Ok(())
    }

    fn step(&mut self, step: Point) -> Result<()> {
        let (time, level) = (step.seconds, step.price);
        self.stage.post(time, self.market, level)?;
        if time >= self.speculation.0 + self.speculation.1 && time < self.market.span().1 {
            self.speculation.0 = time;
            self.cast.speculate(&self.stage, self.market, level)?;
        }
        let moved = (level / self.scanned_level - 1.0).abs() >= SCAN_MOVE;
        let settling = self
            .stage
            .expiries
            .iter()
            .any(|expiry| (expiry - SETTLEMENT_SECONDS..expiry + SETTLEMENT_SECONDS).contains(&time));
        if moved || settling || self.urgent || time - self.scanned_at >= SCAN_SECONDS {
            (self.scanned_at, self.scanned_level) = (time, level);
            self.scan(time, level)?;
        }
        self.account_for()
    }

    /// Whether keepers get a turn now; see [`FAST_MOVE`].
    fn keepers_through(&mut self, time: i64, level: f64) -> bool {
        self.recent.push_back((time, level));
        while self.recent.front().is_some_and(|(past, _)| time - past > FAST_SECONDS) {
            self.recent.pop_front();
        }
        let far = |past: f64, share: f64| (level / past - 1.0).abs() >= share;
        let fast = self.recent.iter().any(|(_, past)| far(*past, FAST_MOVE));
        !fast || time - self.kept.0 >= FULL_SECONDS || far(self.kept.1, URGENT_MOVE)
    }

    /// Looks at every account: frame, margin calls, keepers.
    fn scan(&mut self, time: i64, level: f64) -> Result<()> {
        let book = Book::load(&self.stage.tape, &self.stage.clearinghouse)?;
        self.record.frame(&book);
        self.margin_calls(&book, time)?;
        self.urgent = book.books.accounts.values().any(|account| account.in_auction());
        if self.keepers_through(time, level) {
            self.kept = (time, level);
            self.keep(&book)?;
            self.cast.unwind(&self.stage)?;
        }
        Ok(())
    }

    /// The keepers' own turns, where their own plan finds something to do.
    fn keep(&mut self, book: &Book) -> Result<()> {
        for keeper in &self.cast.keepers {
            if plan(book, &keeper.account, &keeper.policy).is_empty() {
                continue;
            }
            let done = keeper.step(&self.stage.tape).context("a keeper's turn")?;
            self.urgent |= !done.is_empty();
        }
        Ok(())
    }

    fn margin_calls(&mut self, book: &Book, time: i64) -> Result<()> {
        for place in 0..self.cast.members.len() {
            let Some(account) = book.books.accounts.get(&self.cast.members[place].account) else { continue };
            let short = book.balances(account).is_ok_and(|balances| balances.initial < 0);
            let call = &mut self.called[place];
            if !short || account.position_count == 0 || account.in_auction() {
                call.open &= short;
                continue;
            }
            if call.open || time - call.at < CALL_SECONDS {
                continue;
            }
            *call = Call { open: true, at: time };
            self.stage.margin_check(account).context("a margin check")?;
            self.urgent |= self.cast.answer_call(&self.stage, place)?;
        }
        Ok(())
    }

    /// Reads the tape; every so often checks every equation over every account.
    fn account_for(&mut self) -> Result<()> {
        self.record.take(&self.stage.tape.drain())?;
        if self.stage.tape.landed() - self.checked_at >= FULL_CHECK_EVERY {
            self.checked_at = self.stage.tape.landed();
            full_check(&self.stage.tape.chain, &self.stage.clearinghouse, 0);
        }
        Ok(())
    }

    /// Everybody takes out what the limiter lets through, hour by hour, until nothing more comes.
    ///
    /// Errors: a withdrawal within the rules that is refused.
    pub fn exit(&mut self) -> Result<()> {
        let last = self.market.steps.last().map_or(1.0, |step| step.price);
        let mut idle = 0;
        for hour in 0..EXIT_HOURS {
            self.progress.at("way out", hour as u64, EXIT_HOURS as u64);
            let time = self.stage.tape.chain.time() + 3_600;
            self.stage.post(time, self.market, last)?;
            for keeper in &self.cast.keepers {
                keeper.step(&self.stage.tape).context("a keeper's turn")?;
            }
            let taken = self.withdraw_all()?;
            self.account_for()?;
            idle = if taken == 0 { idle + 1 } else { 0 };
            // Settlement gains may be held for a day.
            if idle > 25 {
                break;
            }
        }
        self.progress.at("way out", 1, 1);
        let book = Book::load(&self.stage.tape, &self.stage.clearinghouse)?;
        self.record.frame(&book);
        Ok(())
    }

    fn withdraw_all(&mut self) -> Result<i64> {
        let mut taken = 0;
        for member in &self.cast.members {
            // Each withdrawal during a deficit changes what the next one locks.
            self.stage.reload()?;
            let account = self.stage.account(member)?;
            ensure!(account.position_count == 0, "{} still holds positions after both expiries", member.name);
            // Who owes interest has it taken from the cash; what it has no cash for, keepers collect in collateral.
            if account.in_auction() || account.cash < 0 {
                continue;
            }
            if self.stage.accrue(&account).with_context(|| format!("{} pays interest", member.name))? > 0 {
                taken += 1;
                continue;
            }
            let amount = self.stage.withdrawable(&account)?;
            if amount > 0 {
                self.stage.withdraw(member, amount).with_context(|| format!("{} withdraws", member.name))?;
                taken += amount;
            }
            if let Some(slot) = account.collateral_slot(0) {
                let withdrawn = self.stage.withdraw_wrapped(member, slot.amount);
                withdrawn.with_context(|| format!("{} takes the coins out", member.name))?;
            }
        }
        Ok(taken)
    }
}

/// Steps at the last price until both expiries are settled: every minute around an expiry, else every ten.
fn quiet_steps(last: Point, expiries: &[i64]) -> Vec<Point> {
    let end = expiries.iter().max().copied().unwrap_or(last.seconds) + SETTLEMENT_SECONDS;
    let mut steps = Vec::new();
    let mut time = last.seconds;
    while time < end {
        let next = expiries.iter().map(|expiry| expiry - SETTLEMENT_SECONDS).find(|window| *window > time);
        let inside =
            expiries.iter().any(|expiry| (expiry - SETTLEMENT_SECONDS..=expiry + SETTLEMENT_SECONDS).contains(&time));
        time += if inside { 60 } else { QUIET_STEP.min(next.map_or(QUIET_STEP, |window| window - time)) };
        steps.push(Point { seconds: time, price: last.price });
    }
    steps
}
