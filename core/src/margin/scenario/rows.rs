//! Risk rows: per strike the shocked call under every column, so that a margin check is one multiply-add per strike
//! and column. Rows are computed by the program alone and are as trusted as fresh prices.
//!
//! Rows stand on the price, time and volatility of their refresh. What the value of a contract can have moved since
//! ([`Tenor::distance_up`]) counts per contract of the book after parity ([`super::Drift`]): against the account in its
//! own checks, at the end of its auction and after a curing trade; for it before such a trade, and in a start and a bid,
//! where others gain by a low balance. So rows never let pass what fresh prices refuse, and liquidate nobody whom fresh
//! prices would spare.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::margin::contract::SizeFraction;
use crate::margin::forward::Forward;
use crate::margin::kernel::Pricer;
use crate::margin::scenario::columns::{Grid, SPOTS_MAX, STEPS_MAX};
use crate::margin::scenario::parameters::PortfolioParameters;
use crate::margin::scenario::surface::{Columns, Deviations, SizeMantissa};
use crate::margin::scenario::tenor::Tenor;
use crate::margin::view::ExpiryView;
use crate::math::fixed::{mul_div_up, Bounded};
use crate::parameters::PPM;
use crate::series::{Strike, MAX_STRIKES};
use crate::units::{ContractSize, Price, Seconds};

/// Values of one strike: the columns, then free ones, then [`LISTED`], [`PUT_MARK`] and, last, the strike in atoms per
/// contract, rounded down.
pub const ROW: usize = 64;
/// Price of the strike as listed, atoms per whole underlying: whose row this is, should its id come to name another.
pub const LISTED: usize = ROW - 3;
/// Mark of the put, atoms per contract.
pub const PUT_MARK: usize = ROW - 2;

/// What the rows of one expiry stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RowsHeader {
    /// The expiry as it was priced.
    pub tenor: Tenor,
    /// Forward at every spot multiplier, atoms per contract.
    pub forwards: [i64; SPOTS_MAX],
    /// Accepted price it was priced at: quote atoms per whole underlying.
    pub spot: i64,
    /// Clock of the refresh: unix seconds; 0 before the first.
    pub computed_at: i64,
    /// Bit i: the row of strike i is filled.
    pub filled: u64,
    /// Sum of the change sequences of every parameter group that the values depend on: any change raises it.
    pub sequence: u64,
    /// Grid steps a side that the columns serve.
    pub steps: u8,
    /// Zero.
    pub padding: [u8; 3],
    /// How many strikes of the expiry had given their place to another when it was filled.
    pub replaced: u32,
}

const _: () = assert!(core::mem::size_of::<RowsHeader>() == 352);

/// Why rows cannot stand in for fresh prices, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsRefusal {
    /// Older than the largest age, or from the future.
    Old {
        /// Age in seconds.
        age: Seconds,
        /// Largest age.
        most: Seconds,
    },
    /// A parameter group changed since.
    Changed {
        /// Sequence of the rows.
        rows: u64,
        /// Sequence now.
        now: u64,
    },
    /// The accepted price is too far from theirs.
    Drifted {
        /// Distance, ppm of their price, rounded up.
        drift: i64,
        /// Largest distance.
        most: i64,
    },
    /// Not enough grid steps are filled.
    Short {
        /// Steps filled.
        steps: u8,
        /// Steps needed.
        needed: u8,
    },
}

/// When and for what rows are filled or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsStamp {
    /// Clock: unix seconds.
    pub now: Seconds,
    /// Accepted price now.
    pub spot: Price,
    /// As [`RowsHeader::sequence`].
    pub sequence: u64,
    /// Grid steps a side: those to fill, or those a check needs ([`super::steps_needed`]).
    pub steps: u8,
}

impl RowsHeader {
    /// The header of rows still to be filled: `expiry` at the moment of `stamp`. Errors: those of [`Tenor::new`].
    pub fn new(expiry: &ExpiryView, rules: &PortfolioParameters, stamp: &RowsStamp) -> Result<Self, CoreError> {
        Ok(Self {
            tenor: Tenor::new(expiry, stamp.spot, rules)?,
            forwards: [0; SPOTS_MAX],
            spot: stamp.spot.0,
            computed_at: stamp.now,
            filled: 0,
            sequence: stamp.sequence,
            steps: stamp.steps.clamp(1, STEPS_MAX),
            padding: [0; 3],
            replaced: 0,
        })
    }

    /// Whether the rows may stand in for fresh prices. Which strikes are filled is seen when they are read.
    ///
    /// Errors: the first refusal, in the order of [`RowsRefusal`].
    pub fn check(&self, stamp: &RowsStamp, rules: &PortfolioParameters) -> Result<(), RowsRefusal> {
        let (age, most) = (stamp.now.saturated_sub(self.computed_at), Seconds::from(rules.rows_max_age_seconds));
        if self.computed_at == 0 || age < 0 || age > most {
            return Err(RowsRefusal::Old { age, most });
        }
        if self.sequence != stamp.sequence {
            return Err(RowsRefusal::Changed { rows: self.sequence, now: stamp.sequence });
        }
        let drift = self.drift_up(stamp.spot);
        let most = i64::from(rules.rows_max_drift);
        if drift > most {
            return Err(RowsRefusal::Drifted { drift, most });
        }
        if self.steps < stamp.steps {
            return Err(RowsRefusal::Short { steps: self.steps, needed: stamp.steps });
        }
        Ok(())
    }
}

impl RowsHeader {
    /// Distance of `spot` from the price that the rows stand on, ppm of the latter, rounded up; `i64::MAX` before the
    /// first refresh.
    pub fn drift_up(&self, spot: Price) -> i64 {
        let apart = spot.0.saturated_sub(self.spot).saturating_abs();
        mul_div_up(apart, PPM, self.spot).unwrap_or(i64::MAX)
    }

    /// Whether every one of `strikes` strikes is filled and none has changed since: `replaced` ones by now.
    pub fn is_whole(&self, strikes: usize, replaced: u32) -> bool {
        let all = first_ids(strikes);
        self.replaced == replaced && self.filled & all == all
    }
}

/// A bit per strike id below `strikes`.
fn first_ids(strikes: usize) -> u64 {
    let end = u32::try_from(strikes).ok().and_then(|count| 1u64.checked_shl(count));
    end.map_or(u64::MAX, |end| end.wrapping_sub(1))
}

/// The rows of one expiry.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What they stand on.
    pub header: &'a RowsHeader,
    /// [`ROW`] values per strike id.
    pub values: &'a [i64],
}

impl<'a> Rows<'a> {
    /// The values of strike `id`. Errors: `UnknownSeries` for one that is not filled.
    #[inline(always)]
    pub fn row(&self, id: u8) -> Result<&'a [i64; ROW], CoreError> {
        let filled = self.header.filled.checked_shr(u32::from(id)).unwrap_or(0) & 1 == 1;
        let (rows, _) = self.values.as_chunks::<ROW>();
        rows.get(usize::from(id)).filter(|_| filled).ok_or(CoreError::UnknownSeries)
    }

    /// Whether strike `id`, listed at `price`, is filled.
    #[inline(always)]
    pub fn serves(&self, id: u8, price: Price) -> bool {
        self.row(id).is_ok_and(|[.., listed, _, _]| *listed == price.0)
    }
}

/// Fills the rows of `strikes`, the first ones of the expiry, as the header's tenor has them, and marks them filled.
/// `values` holds [`ROW`] values per strike.
///
/// Errors: `UnknownSeries` for a strike without room or beyond [`MAX_STRIKES`], before anything is written; after that none of
/// `strikes` counts as filled: `OutOfDomain` for a forward, a strike or a size
/// of zero; `Overflow` beyond the listing bounds.
#[inline(never)]
pub fn fill_rows(
    header: &mut RowsHeader,
    values: &mut [i64],
    strikes: &[Strike],
    rules: &PortfolioParameters,
    size: ContractSize,
) -> Result<(), CoreError> {
    let tenor = header.tenor;
    let mut grid = Grid::new(rules, header.steps);
    grid.prepare();
    let [deviation, ..] = tenor.deviations;
    let mantissa = SizeMantissa::new(size)?;
    let size = SizeFraction::new(size)?;
    let pricer = Pricer::new(&Forward { price: tenor.forward(), deviation }, size)?;
    let deviations = Deviations::new(&tenor);
    let mut columns = Columns::new(&deviations);
    columns.fill(&grid, grid.cells(header.steps), (&pricer, &mantissa))?;
    let (rows, _) = values.as_chunks_mut::<ROW>();
    if strikes.len() > MAX_STRIKES {
        return Err(CoreError::UnknownSeries);
    }
    let rows = rows.get_mut(..strikes.len()).ok_or(CoreError::UnknownSeries)?;
    let filled = first_ids(strikes.len());
    header.filled &= !filled;
    header.forwards = *columns.forwards();
    rows.as_flattened_mut().fill(0);
    for (row, strike) in rows.iter_mut().zip(strikes) {
        let prepared = pricer.prepared(strike);
        columns.calls(&prepared, row);
        let marks = pricer.marks_of(&prepared, strike.price, (true, true))?;
        let price = u64::try_from(strike.price).map_err(|_| CoreError::OutOfDomain)?;
        let [call, .., listed, put, k] = row;
        *call = marks.call;
        *listed = strike.price;
        *put = marks.put;
        *k = size.down(price)?;
    }
    header.filled |= filled;
    Ok(())
}
