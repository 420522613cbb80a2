//! Risk rows as a client sees them: whether they can stand in for fresh prices now, and which ones an instruction that
//! values large portfolio accounts needs refreshed in the transactions before it.

use std::collections::BTreeSet;

use plimsoll::addresses::space_of;
use plimsoll::constants::FRESH_PRICES_MAX;
use plimsoll::error::PlimsollError;
use plimsoll::margin::{underlying_view, Valuation};
use plimsoll::portfolio::{scenario_view, stamp};
use plimsoll::positions::{leg_change, legs_transfer, Series};
use plimsoll::refusals::rows_refused;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::risk_rows::{GROWTH_MAX, ROW_BYTES, SPACE_FIRST};
use plimsoll::state::{Expiry, MarginAccount, OracleState, RiskRows, Underlying};
use plimsoll_core::liquidation::{leg_taken, Fraction, FRACTION_ONE};
use plimsoll_core::margin::scenario::{kernel_prices, Rows, ROW};
use plimsoll_core::margin::{Book, Mode, PortfolioView};
use plimsoll_core::units::Price;
use solana_program::pubkey::Pubkey;

use crate::address;
use crate::directory::Directory;
use crate::error::{LedgerError, Refusal};
use crate::snapshot::{MarketData, Snapshot};

/// Rows that are older than this share of their largest age, or that have drifted as much of theirs, are refreshed
/// before an instruction that needs them: they must still be usable when it runs. Numerator and denominator.
const SPENT: (i64, i64) = (2, 3);

/// The risk rows of one expiry and what the program would say to them now.
#[derive(Clone, Debug)]
pub struct RowsStanding {
    /// Their address.
    pub address: Pubkey,
    /// As stored, without their values.
    pub rows: RiskRows,
    /// Strikes there is room for.
    pub room: usize,
    /// Strikes that the expiry lists.
    pub listed: usize,
    /// Listed strikes whose values are filled, under the price at which they are listed now.
    pub filled: usize,
    /// Seconds since the refresh; `None` before the first.
    pub age: Option<i64>,
    /// Oldest that may stand in for fresh prices: seconds.
    pub age_max: i64,
    /// Distance of the accepted price from that of the refresh, ppm of the latter, rounded up; 0 before the first.
    pub drift: i64,
    /// Largest such distance.
    pub drift_max: i64,
    /// Grid steps a side that a check needs now.
    pub steps_needed: u8,
    /// Why they cannot stand in for fresh prices; `None`: they can, for strikes that are filled.
    pub refusal: Option<Refusal>,
}

impl RowsStanding {
    /// The rows of the expiry at `time` of underlying number `index`; `None` if they are not among `markets`.
    ///
    /// Errors: `Missing`, `Decode` for their market; `Rules` before the first price.
    pub fn of(
        markets: &MarketData,
        directory: &Directory,
        (index, time): (u16, i64),
        now: i64,
    ) -> Result<Option<Self>, LedgerError> {
        let address = directory.rows_of(index, time);
        let Some(rows) = markets.decode::<RiskRows>(&address) else { return Ok(None) };
        let underlying: Underlying = markets.require(&directory.underlying(index))?;
        let oracle: OracleState = markets.require(&address::oracle(&directory.underlying(index)))?;
        let expiry: Expiry = markets.require(&directory.expiry(index, time))?;
        let view = underlying_view(&underlying, &oracle)?;
        let scenarios = scenario_view(&underlying, &oracle);
        let stamp = stamp(&underlying, (&view, &scenarios), now);
        let header = rows.header.rules();
        let values = values(markets.data(&address).unwrap_or(&[]));
        let served = Rows { header, values };
        let parameters = scenarios.parameters;
        Ok(Some(Self {
            address,
            rows,
            room: values.len() / ROW,
            listed: expiry.strikes().len(),
            filled: (0u8..)
                .zip(expiry.strikes())
                .filter(|(id, strike)| served.serves(*id, Price(strike.price)))
                .count(),
            age: (header.computed_at != 0).then(|| now.saturating_sub(header.computed_at)),
            age_max: i64::from(parameters.rows_max_age_seconds),
            drift: if header.computed_at == 0 { 0 } else { header.drift_up(stamp.spot) },
            drift_max: i64::from(parameters.rows_max_drift),
            steps_needed: stamp.steps,
            refusal: header.check(&stamp, parameters).err().map(|refusal| Refusal::from(rows_refused(refusal))),
        }))
    }

    /// Whether the rows stand in for fresh prices of every listed strike.
    pub fn is_usable(&self) -> bool {
        self.refusal.is_none() && self.filled == self.listed
    }

    /// Whether they should be refreshed before an instruction that needs them.
    pub fn is_due(&self) -> bool {
        let spent = |value: i64, most: i64| value.saturating_mul(SPENT.1) > most.saturating_mul(SPENT.0);
        self.refusal.is_some()
            || self.filled < self.listed.min(self.room)
            || spent(self.age.unwrap_or(i64::MAX), self.age_max)
            || spent(self.drift, self.drift_max)
    }
}

/// The values behind the layout of rows.
fn values(data: &[u8]) -> &[i64] {
    let values = data.get(space_of::<RiskRows>()..).unwrap_or(&[]);
    bytemuck::try_cast_slice(values).unwrap_or(&[])
}

/// How often [`crate::instruction::rows_grow`] is needed until rows with room for `room` strikes have room for
/// `strikes`.
pub fn growths(room: usize, strikes: usize) -> usize {
    strikes.saturating_sub(room).div_ceil(GROWTH_MAX / ROW_BYTES)
}

/// How often the rows of the expiry at `time` of underlying number `index`, newly opened ones if there are none among
/// `markets`, must grow until every listed strike has room.
pub fn growths_needed(markets: &MarketData, directory: &Directory, (index, time): (u16, i64)) -> usize {
    let listed = markets.decode::<Expiry>(&directory.expiry(index, time)).map_or(0, |expiry| expiry.strikes().len());
    let rows = markets.data(&directory.rows_of(index, time)).filter(|data| !data.is_empty());
    growths(rows.map_or(first_room(), |data| values(data).len() / ROW), listed)
}

/// Strikes that newly opened rows have room for.
pub fn first_room() -> usize {
    (SPACE_FIRST - space_of::<RiskRows>()) / ROW_BYTES
}

/// What must happen in the transactions before an instruction that values portfolio accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preparation {
    /// Rows to be refreshed: underlying index, expiry time.
    pub refresh: BTreeSet<(u16, i64)>,
    /// Rows that are not open, or have no room for a held strike; without them the books stay too large.
    pub open: BTreeSet<(u16, i64)>,
}

impl Preparation {
    /// Adds what something else needs.
    pub fn extend(&mut self, other: Self) {
        self.refresh.extend(other.refresh);
        self.open.extend(other.open);
    }

    /// Whether nothing must happen.
    pub fn is_empty(&self) -> bool {
        self.refresh.is_empty() && self.open.is_empty()
    }

    /// What one instruction needs that values `books`, given as they are at their largest, at the prices of
    /// `snapshot`, whose market set must hold all of their expiries. Accounts in other modes need nothing.
    ///
    /// Together they are priced fresh up to [`FRESH_PRICES_MAX`] kernel prices. Beyond, expiries with rows take those;
    /// a book that is too large for one check even so needs rows of its largest other expiries opened. Errors:
    /// `Missing`, `Rules`.
    pub fn of(snapshot: &Snapshot, books: &[MarginAccount]) -> Result<Self, LedgerError> {
        let mut fresh = Vec::new();
        for account in books.iter().filter(|account| account.mode == MODE_PORTFOLIO) {
            fresh.push(snapshot.value(|valuation| prices(valuation, account))?);
        }
        let mut preparation = Self::default();
        if fresh.iter().flatten().fold(0usize, |sum, part| sum.saturating_add(part.prices)) <= FRESH_PRICES_MAX {
            return Ok(preparation);
        }
        for parts in fresh {
            let mut unserved = Vec::new();
            for part in parts {
                let standing = RowsStanding::of(&snapshot.markets, &snapshot.directory, part.expiry, snapshot.now)?;
                match standing.filter(|standing| part.strikes <= standing.room) {
                    Some(standing) if standing.is_due() => drop(preparation.refresh.insert(part.expiry)),
                    Some(_) => {}
                    None => unserved.push(part),
                }
            }
            unserved.sort_by_key(|part| (std::cmp::Reverse(part.prices), part.expiry));
            let mut left = unserved.iter().fold(0usize, |sum, part| sum.saturating_add(part.prices));
            for part in unserved {
                if left > FRESH_PRICES_MAX {
                    left = left.saturating_sub(part.prices);
                    preparation.open.insert(part.expiry);
                }
            }
        }
        Ok(preparation)
    }
}

/// An expiry of a portfolio account.
#[derive(Clone, Copy, Debug)]
struct Part {
    expiry: (u16, i64),
    /// Kernel prices if it is priced fresh.
    prices: usize,
    /// One more than the highest held strike id.
    strikes: usize,
}

/// The expiries of the account that are not settled.
fn prices(valuation: &Valuation, account: &MarginAccount) -> plimsoll::error::Result<Vec<Part>> {
    let mut fresh = Vec::new();
    valuation.with_book(account, &mut |book, mode| {
        let Mode::Portfolio(view) = mode else { return Ok(()) };
        let view = PortfolioView { rows: &[], ..*view };
        for slot in (0u8..).take(account.expiries.len()) {
            let Some(expiry) = account.expiry_at(usize::from(slot)) else { continue };
            let legs: Vec<_> = book.positions.iter().filter(|leg| leg.expiry_slot == slot).copied().collect();
            let part = Book { positions: &legs, ..*book };
            let prices = kernel_prices(&part, &view).map_err(PlimsollError::from)?;
            let strikes = legs.iter().map(|leg| usize::from(leg.strike) + 1).max().unwrap_or(0);
            if prices > 0 {
                fresh.push(Part { expiry, prices, strikes });
            }
        }
        Ok(())
    })?;
    Ok(fresh)
}

/// `account` after it bought `quantity` (- sold) of `series`, its cash as it was; as it is if it cannot.
pub fn traded(account: &MarginAccount, series: &Series, quantity: i32) -> MarginAccount {
    let mut after = *account;
    leg_change(&mut after, series, quantity).map_or(*account, |_| after)
}

/// `bidder` with every leg of `account`, the most that a bid can leave it with; as it is if there is no room.
pub fn taken(account: &MarginAccount, bidder: &MarginAccount) -> MarginAccount {
    let (mut from, mut into) = (*account, *bidder);
    let all = |leg: &_| leg_taken(leg, Fraction(FRACTION_ONE));
    legs_transfer(&mut from, &mut into, all, |_, _, _| Ok(())).map_or(*bidder, |()| into)
}

/// Which expiries of account number `index` of `snapshot` its balances take from rows now, by underlying index and
/// time; the others are priced fresh. Errors: as [`Snapshot::value`].
pub fn used(snapshot: &Snapshot, index: usize) -> Result<BTreeSet<(u16, i64)>, LedgerError> {
    let account = snapshot.account(index)?;
    let mut used = BTreeSet::new();
    snapshot.value(|valuation| {
        valuation.with_book(account, &mut |_, mode| {
            if let Mode::Portfolio(view) = mode {
                let slots = 0..account.expiries.len();
                used.extend(
                    slots.filter(|slot| view.rows_of(*slot).is_some()).filter_map(|slot| account.expiry_at(slot)),
                );
            }
            Ok(())
        })
    })?;
    Ok(used)
}
