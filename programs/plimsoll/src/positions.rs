//! The legs of a margin account and the slots they stand on: the only code that adds, moves or removes a leg.
//!
//! Kept true by every function here: legs are dense and no series stands twice; an expiry slot is in use exactly
//! while it has legs, an underlying slot exactly while an expiry slot names it; open interest of a series is the sum
//! of its long legs, which is the sum of its short ones.

use anchor_lang::prelude::*;
use plimsoll_core::liquidation::LegTaken;
use plimsoll_core::math::fixed::Bounded;
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::trade::LegChange;
use plimsoll_core::units::Quantity;

use crate::constants::{INDEX_NONE, MAX_POSITIONS, MAX_STRIKES};
use crate::error::{ensure, refused, PlimsollError, Result};
use crate::state::margin_account::expiries_check;
use crate::state::{Expiry, ExpirySlot, MarginAccount, PositionData};

/// One option: what a leg is a quantity of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// Index of the underlying.
    pub underlying: u16,
    /// Expiry time: unix seconds.
    pub expiry: i64,
    /// Index into the expiry's strikes.
    pub strike: u8,
    /// Call or put.
    pub kind: OptionKind,
}

/// The account's quantity of `series`, 0 without a leg.
pub fn leg_quantity(account: &MarginAccount, series: &Series) -> i32 {
    account
        .expiry_slot(series.underlying, series.expiry)
        .and_then(|slot| u8::try_from(slot).ok())
        .and_then(|slot| find_leg(account, slot, series.strike, series.kind.to_u8()))
        .and_then(|at| account.positions.get(at))
        .map_or(0, |leg| leg.quantity)
}

/// Adds `delta` contracts of `series` to the account: opens, changes or removes the leg with its slots.
///
/// Errors: `TooManyPositions`, `TooManyExpiries`, `TooManyUnderlyings`, `IsolatedExpiry`, `QuantityOverflow`.
pub fn leg_change(account: &mut MarginAccount, series: &Series, delta: i32) -> Result<LegChange> {
    let slot = match account.expiry_slot(series.underlying, series.expiry) {
        Some(slot) => u8::try_from(slot).map_err(|_| refused(PlimsollError::TooManyExpiries))?,
        None if delta == 0 => return Ok(LegChange::default()),
        None => expiry_slot_allocate(account, series.underlying, series.expiry)?,
    };
    let kind = series.kind.to_u8();
    let Some(at) = find_leg(account, slot, series.strike, kind) else {
        if delta != 0 {
            leg_insert(account, slot, series.strike, kind, delta)?;
        }
        return Ok(change(0, delta));
    };
    let leg = account.positions.get_mut(at).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
    let before = leg.quantity;
    let after = before.checked_add(delta).ok_or_else(|| refused(PlimsollError::QuantityOverflow))?;
    leg.quantity = after;
    if after == 0 {
        leg_remove(account, at)?;
    }
    Ok(change(before, after))
}

/// Open interest of a series. Errors: `UnknownStrike`.
pub fn open_interest(expiry: &Expiry, strike: u8, kind: OptionKind) -> Result<i64> {
    let strike = expiry.strikes().get(usize::from(strike)).ok_or_else(|| refused(PlimsollError::UnknownStrike))?;
    let [calls, puts] = strike.open_interest;
    Ok(match kind {
        OptionKind::Call => calls,
        OptionKind::Put => puts,
    })
}

/// Applies `delta` (contracts on the long side, which is also the change on the short side) to the open interest of
/// a series and returns what it is then. Errors: `UnknownStrike`, `OpenInterestBroken` below zero.
pub fn open_interest_change(expiry: &mut Expiry, strike: u8, kind: OptionKind, delta: i64) -> Result<i64> {
    ensure(strike < expiry.strike_count, PlimsollError::UnknownStrike)?;
    let strike = expiry.strikes.get_mut(usize::from(strike)).ok_or_else(|| refused(PlimsollError::UnknownStrike))?;
    let [calls, puts] = &mut strike.open_interest;
    let interest = match kind {
        OptionKind::Call => calls,
        OptionKind::Put => puts,
    };
    let after = interest
        .exact_add(delta)
        .filter(|after| *after >= 0)
        .ok_or_else(|| refused(PlimsollError::OpenInterestBroken))?;
    *interest = after;
    Ok(after)
}

/// Takes every leg of `slot` out of the account, handing each to `leg` first, and frees the slot.
///
/// Errors: those of `leg`; `UnknownExpiry` for a free slot.
pub fn expiry_slot_clear(
    account: &mut MarginAccount,
    slot: u8,
    mut leg: impl FnMut(&PositionData) -> Result<()>,
) -> Result<()> {
    let mut at = 0usize;
    while at < usize::from(account.position_count) {
        let position = account.positions.get(at).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
        if position.expiry_slot == slot {
            leg(position)?;
            leg_remove(account, at)?;
        } else {
            at = at.saturating_add(1);
        }
    }
    let freed = account.expiries.get(usize::from(slot)).is_some_and(|slot| slot.expiry == 0);
    ensure(freed, PlimsollError::UnknownExpiry)?;
    Ok(())
}

/// Moves `taken(leg)` contracts of every leg of `from` (same sign, at most its magnitude) to `to`, whatever slots
/// either side uses, and hands every moved leg to `moved`: the series, the leg of `to`, and the change of open interest.
///
/// One pass over the legs of both sides per expiry of `from`: linear in the number of legs.
/// Errors: as [`leg_change`]; those of `moved`.
pub fn legs_transfer(
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    taken: impl Fn(&Position) -> LegTaken,
    mut moved: impl FnMut(&Series, &LegChange, i64) -> Result<()>,
) -> Result<()> {
    let mut emptied = false;
    for slot in (0u8..).take(from.expiries.len()) {
        if let Some((underlying, expiry)) = from.expiry_at(usize::from(slot)) {
            ensure(underlying != INDEX_NONE, PlimsollError::UnknownUnderlying)?;
            emptied |= slot_transfer(from, to, (slot, underlying, expiry), (&taken, &mut moved))?;
        }
    }
    if emptied {
        remove_empty(to)?;
        remove_empty(from)?;
    }
    Ok(())
}

/// The expiry at `slot` of [`legs_transfer`]; whether a leg has reached zero. It stays until the end, so that indices hold.
fn slot_transfer(
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    (slot, underlying, expiry): (u8, u16, i64),
    (taken, moved): (&impl Fn(&Position) -> LegTaken, &mut impl FnMut(&Series, &LegChange, i64) -> Result<()>),
) -> Result<bool> {
    let mut emptied = false;
    let mut known = SeriesIndex::of(to, to.expiry_slot(underlying, expiry))?;
    let legs = from.positions.get_mut(..usize::from(from.position_count));
    for leg in legs.ok_or_else(|| refused(PlimsollError::UnknownPosition))? {
        if leg.expiry_slot != slot {
            continue;
        }
        let LegTaken { lots, carry } = taken(leg.rules());
        leg.carry = carry;
        let delta = lots.0;
        if delta == 0 {
            continue;
        }
        let kind = OptionKind::from_u8(leg.kind).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
        let after = leg.quantity.checked_sub(delta).ok_or_else(|| refused(PlimsollError::QuantityOverflow))?;
        let given = change(leg.quantity, after);
        ensure(given.reduces(), PlimsollError::QuantityOverflow)?;
        let series = Series { underlying, expiry, strike: leg.strike, kind };
        let received = known.add(to, &series, delta)?;
        leg.quantity = after;
        emptied |= after == 0 || received.after.0 == 0;
        // PROOF: both terms are differences of two i32.
        moved(&series, &received, long_delta(&given).wrapping_add(long_delta(&received)))?;
    }
    Ok(emptied)
}

/// Where the legs of one expiry stand in an account: leg index + 1 by series, 0 where there is none.
struct SeriesIndex {
    legs: [u16; 2 * MAX_STRIKES],
    /// Slot of the expiry in the account, once it has one.
    slot: Option<u8>,
}

impl SeriesIndex {
    fn of(account: &MarginAccount, slot: Option<usize>) -> Result<Self> {
        let mut index = Self { legs: [0; 2 * MAX_STRIKES], slot: None };
        let Some(slot) = slot else { return Ok(index) };
        let slot = u8::try_from(slot).map_err(|_| refused(PlimsollError::TooManyExpiries))?;
        index.slot = Some(slot);
        for (at, leg) in (1u16..=account.position_count).zip(account.positions.iter()) {
            if leg.expiry_slot == slot {
                *index.entry(leg.strike, leg.kind)? = at;
            }
        }
        Ok(index)
    }

    fn entry(&mut self, strike: u8, kind: u8) -> Result<&mut u16> {
        // PROOF: 2 x 255 + 255 < 2^16.
        let at = usize::from(strike).wrapping_mul(2).wrapping_add(usize::from(kind));
        self.legs.get_mut(at).ok_or_else(|| refused(PlimsollError::UnknownStrike))
    }

    /// Adds `delta` to the series in `account`; a leg that nets to zero stays, empty.
    fn add(&mut self, account: &mut MarginAccount, series: &Series, delta: i32) -> Result<LegChange> {
        let kind = series.kind.to_u8();
        let entry = self.entry(series.strike, kind)?;
        if let Some(at) = entry.checked_sub(1) {
            let leg =
                account.positions.get_mut(usize::from(at)).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
            let before = leg.quantity;
            leg.quantity = before.checked_add(delta).ok_or_else(|| refused(PlimsollError::QuantityOverflow))?;
            return Ok(change(before, leg.quantity));
        }
        if usize::from(account.position_count) >= MAX_POSITIONS {
            // Legs that netted to zero so far make room; the index starts again.
            remove_empty(account)?;
            *self = Self::of(account, account.expiry_slot(series.underlying, series.expiry))?;
        }
        let slot = match self.slot {
            Some(slot) => slot,
            None => expiry_slot_allocate(account, series.underlying, series.expiry)?,
        };
        self.slot = Some(slot);
        leg_insert(account, slot, series.strike, kind, delta)?;
        *self.entry(series.strike, kind)? = account.position_count;
        Ok(change(0, delta))
    }
}

const fn change(before: i32, after: i32) -> LegChange {
    LegChange { before: Quantity(before), after: Quantity(after) }
}

/// Contracts that a change adds to the long side, - takes away.
fn long_delta(change: &LegChange) -> i64 {
    // PROOF: a difference of two i32 fits i64.
    i64::from(change.after.0.max(0)).wrapping_sub(i64::from(change.before.0.max(0)))
}

fn find_leg(account: &MarginAccount, slot: u8, strike: u8, kind: u8) -> Option<usize> {
    account
        .positions
        .iter()
        .take(usize::from(account.position_count))
        .position(|leg| leg.expiry_slot == slot && leg.strike == strike && leg.kind == kind)
}

fn expiry_slot_allocate(account: &mut MarginAccount, underlying: u16, expiry: i64) -> Result<u8> {
    expiries_check(account.mode, account.held_expiries().count().saturating_add(1))?;
    // Nothing is written before all of it is known to fit.
    ensure(usize::from(account.position_count) < MAX_POSITIONS, PlimsollError::TooManyPositions)?;
    let free = account.expiries.iter().position(|slot| slot.expiry == 0);
    let free = free.ok_or_else(|| refused(PlimsollError::TooManyExpiries))?;
    let underlying_slot = underlying_slot_allocate(account, underlying)?;
    let slot = account.expiries.get_mut(free).ok_or_else(|| refused(PlimsollError::TooManyExpiries))?;
    *slot = ExpirySlot { expiry, legs: 0, underlying_slot, padding: [0; 5] };
    u8::try_from(free).map_err(|_| refused(PlimsollError::TooManyExpiries))
}

fn underlying_slot_allocate(account: &mut MarginAccount, underlying: u16) -> Result<u8> {
    let known = account.underlyings.iter().position(|index| *index == underlying);
    let at = known.or_else(|| account.underlyings.iter().position(|index| *index == INDEX_NONE));
    let at = at.ok_or_else(|| refused(PlimsollError::TooManyUnderlyings))?;
    *account.underlyings.get_mut(at).ok_or_else(|| refused(PlimsollError::TooManyUnderlyings))? = underlying;
    u8::try_from(at).map_err(|_| refused(PlimsollError::TooManyUnderlyings))
}

fn leg_insert(account: &mut MarginAccount, slot: u8, strike: u8, kind: u8, quantity: i32) -> Result<()> {
    let at = usize::from(account.position_count);
    let leg = account.positions.get_mut(at).ok_or_else(|| refused(PlimsollError::TooManyPositions))?;
    *leg = PositionData { quantity, expiry_slot: slot, strike, kind, carry: 0 };
    let slot = account.expiries.get_mut(usize::from(slot)).ok_or_else(|| refused(PlimsollError::TooManyExpiries))?;
    slot.legs = slot.legs.checked_add(1).ok_or_else(|| refused(PlimsollError::TooManyPositions))?;
    account.position_count =
        account.position_count.checked_add(1).ok_or_else(|| refused(PlimsollError::TooManyPositions))?;
    Ok(())
}

/// Removes leg `at`: the last leg takes its place; slots that hold nothing any more are freed.
fn leg_remove(account: &mut MarginAccount, at: usize) -> Result<()> {
    let last = account.position_count.checked_sub(1).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
    let tail = *account.positions.get(usize::from(last)).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
    let leg = account.positions.get_mut(at).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
    let slot = leg.expiry_slot;
    *leg = tail;
    *account.positions.get_mut(usize::from(last)).ok_or_else(|| refused(PlimsollError::UnknownPosition))? =
        PositionData::default();
    account.position_count = last;
    slot_release(account, slot)
}

fn slot_release(account: &mut MarginAccount, slot: u8) -> Result<()> {
    let slot = account.expiries.get_mut(usize::from(slot)).ok_or_else(|| refused(PlimsollError::UnknownExpiry))?;
    slot.legs = slot.legs.checked_sub(1).ok_or_else(|| refused(PlimsollError::UnknownPosition))?;
    if slot.legs > 0 {
        return Ok(());
    }
    let underlying = slot.underlying_slot;
    *slot = ExpirySlot::default();
    if !account.expiries.iter().any(|slot| slot.expiry != 0 && slot.underlying_slot == underlying) {
        let index = account
            .underlyings
            .get_mut(usize::from(underlying))
            .ok_or_else(|| refused(PlimsollError::UnknownUnderlying))?;
        *index = INDEX_NONE;
    }
    Ok(())
}

fn remove_empty(account: &mut MarginAccount) -> Result<()> {
    let mut at = 0usize;
    // The leg that takes the place of a removed one is looked at next.
    let next = |account: &MarginAccount, at: usize| account.legs().get(at..)?.iter().position(|leg| leg.quantity == 0);
    while let Some(skipped) = next(account, at) {
        at = at.saturating_add(skipped);
        leg_remove(account, at)?;
    }
    Ok(())
}
