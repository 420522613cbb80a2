//! Portfolio mode: an underlying's scenarios, and the risk rows of the market set that may stand in for fresh prices.

use std::cell::{Ref, RefMut};
use std::ops::Range;

use anchor_lang::prelude::*;
use plimsoll_core::margin::scenario::{steps_needed, Rows, RowsStamp};
use plimsoll_core::margin::{Book, ScenarioView, UnderlyingView};
use plimsoll_core::units::{Price, Ratio};

use crate::addresses::{space_of, DISCRIMINATOR_LEN};
use crate::constants::MAX_EXPIRIES;
use crate::error::{refuse, PlimsollError, Refusal, Result};
use crate::loaders::{part, part_mut, version_check};
use crate::refusals::rows_refused;
use crate::state::{Expiry, OracleState, RiskRows, Underlying};

/// Where the layout of rows stands in their account; their values follow.
const HEAD: Range<usize> = DISCRIMINATOR_LEN..space_of::<RiskRows>();

/// What portfolio mode needs to know of an underlying beyond its view.
pub fn scenario_view<'u>(underlying: &'u Underlying, oracle: &OracleState) -> ScenarioView<'u> {
    ScenarioView {
        parameters: underlying.portfolio.rules(),
        range_im: Ratio(oracle.volatility.range_im),
        range_mm: Ratio(oracle.volatility.range_mm),
    }
}

/// For what rows of `underlying` are filled or read at `now`.
pub fn stamp(underlying: &Underlying, (view, rules): (&UnderlyingView, &ScenarioView), now: i64) -> RowsStamp {
    RowsStamp { now, spot: view.spot, sequence: underlying.sequence(), steps: steps_needed(view, rules) }
}

/// Risk rows, borrowed.
pub struct HeldRows<'a> {
    account: Ref<'a, RiskRows>,
    values: Ref<'a, [i64]>,
    /// Whether every strike is served, so that none need be looked at.
    whole: bool,
}

impl<'a> HeldRows<'a> {
    /// Those in `info`, whose type was checked in this instruction, of `expiry`.
    pub fn new(info: &'a AccountInfo, expiry: &Expiry) -> Result<Self> {
        let account = rows(info)?;
        let whole = account.header.rules().is_whole(expiry.strikes().len(), expiry.replaced);
        Ok(Self { account, values: values(info)?, whole })
    }

    /// As the rule book takes them.
    pub fn rules(&self) -> Rows<'_> {
        Rows { header: self.account.header.rules(), values: &self.values }
    }
}

/// Which of `held` (by expiry slot) may stand in for fresh prices of `book`, and why the first of those cannot that may
/// not. `stamps`: by index into the book's underlyings.
#[inline(never)]
pub fn usable<'r>(
    book: &Book,
    held: &'r [Option<HeldRows>; MAX_EXPIRIES],
    (stamps, views): (&[RowsStamp], &[ScenarioView]),
    rows: &mut [Option<Rows<'r>>; MAX_EXPIRIES],
) -> Option<Refusal> {
    let mut first = None;
    for ((held, rows), expiry) in held.iter().zip(rows.iter_mut()).zip(book.expiries) {
        let at = usize::from(expiry.underlying);
        if let (Some(held), None, Some(stamp), Some(view)) = (held, expiry.settled, stamps.get(at), views.get(at)) {
            match held.account.header.rules().check(stamp, view.parameters) {
                Ok(()) => *rows = Some(held.rules()),
                Err(refusal) => first = first.or(Some(rows_refused(refusal))),
            }
        }
    }
    let part = |held: &Option<HeldRows>| held.as_ref().is_some_and(|held| !held.whole);
    if !held.iter().any(part) {
        return first;
    }
    for leg in book.positions {
        let slot = usize::from(leg.expiry_slot);
        if let (Some(rows), Some(expiry)) = (rows.get_mut(slot), book.expiries.get(slot)) {
            let price = expiry.strikes.get(usize::from(leg.strike)).map_or(0, |strike| strike.price);
            if rows.is_some_and(|rows| !rows.serves(leg.strike, Price(price))) {
                *rows = None;
                first = first.or(Some(refuse(PlimsollError::RowsUnfilled, leg.strike.into(), price)));
            }
        }
    }
    first
}

/// The rows' account for reading, without its values; its type was checked in this instruction. Errors:
/// `AccountBorrowed`, `AccountLayout`, `VersionUnknown`.
pub fn rows<'a>(info: &'a AccountInfo) -> Result<Ref<'a, RiskRows>> {
    let rows: Ref<RiskRows> = part(info, |data| bytemuck::try_from_bytes(data.get(HEAD)?).ok())?;
    version_check(rows.version)?;
    Ok(rows)
}

/// The same for writing, of any version: new rows have none yet. Errors: `AccountBorrowed`, `AccountLayout`.
pub fn rows_mut<'a>(info: &'a AccountInfo) -> Result<RefMut<'a, RiskRows>> {
    part_mut(info, |data| bytemuck::try_from_bytes_mut(data.get_mut(HEAD)?).ok())
}

/// The values behind the account, for reading. Errors: `AccountBorrowed`, `AccountLayout`.
pub fn values<'a>(info: &'a AccountInfo) -> Result<Ref<'a, [i64]>> {
    part(info, |data| bytemuck::try_cast_slice(data.get(HEAD.end..)?).ok())
}

/// The same for writing. Errors: `AccountBorrowed`, `AccountLayout`.
pub fn values_mut<'a>(info: &'a AccountInfo) -> Result<RefMut<'a, [i64]>> {
    part_mut(info, |data| bytemuck::try_cast_slice_mut(data.get_mut(HEAD.end..)?).ok())
}
