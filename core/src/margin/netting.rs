//! The legs of one expiry, netted per series, and what they can lose at settlement.
//!
//! With c_i, p_i the net calls and puts at strike K_i, the payoff at settlement price P is
//! `sum c_i max(0, P - K_i) + sum p_i max(0, K_i - P)`: piecewise linear in P with kinks at the strikes, so its
//! minimum over P >= 0 stands at 0, at a strike, or, when net calls are short, at infinity.

use crate::error::CoreError;
use crate::margin::contract::{Multiplier, SizeFraction};
use crate::margin::view::ExpiryView;
use crate::position::{OptionKind, Position};
use crate::series::MAX_STRIKES;
use crate::units::Wide;

/// Net quantities of one strike, each within an i32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrikeNet {
    /// Net calls, + long.
    pub calls: i64,
    /// Net puts, + long.
    pub puts: i64,
    /// Index of the strike.
    pub id: u8,
}

/// Net calls and puts per strike of one expiry: 1600 bytes of tables, filled as far as there are legs.
#[derive(Clone, Copy, Debug)]
pub struct Netting {
    entries: [StrikeNet; MAX_STRIKES],
    /// By strike id: index into `entries` plus one, 0 where there is no leg.
    index: [u8; MAX_STRIKES],
    count: u8,
    /// Contracts short: calls and puts, per series after netting.
    pub shorts: i64,
    /// Sum of all net calls, signed.
    pub net_calls: i64,
    /// Sum of all net puts, signed.
    net_puts: i64,
    /// Sum of magnitudes.
    gross: i64,
}

impl Netting {
    /// No legs.
    pub const EMPTY: Self = Self {
        entries: [StrikeNet { calls: 0, puts: 0, id: 0 }; MAX_STRIKES],
        index: [0; MAX_STRIKES],
        count: 0,
        shorts: 0,
        net_calls: 0,
        net_puts: 0,
        gross: 0,
    };

    /// Nets the legs of `positions` in expiry slot `slot` into an empty table, in place: it is too large to move. The
    /// sums over strikes are left to [`Netting::total`].
    /// Errors: `UnknownSeries` for a strike or kind that is not there, `Overflow`.
    pub fn fill(&mut self, positions: &[Position], slot: usize, strike_count: usize) -> Result<(), CoreError> {
        let (eights, rest) = positions.as_chunks::<8>();
        for eight in eights {
            // Most legs of a large book are of another expiry, and those of one mostly stand together: eight are passed over
            // at the price of three.
            if eight.iter().any(|position| usize::from(position.expiry_slot) == slot) {
                self.add_all(eight, slot, strike_count)?;
            }
        }
        self.add_all(rest, slot, strike_count)
    }

    #[inline(never)]
    fn add_all(&mut self, positions: &[Position], slot: usize, strike_count: usize) -> Result<(), CoreError> {
        for position in positions {
            if usize::from(position.expiry_slot) == slot && position.quantity != 0 {
                self.add(position, strike_count)?;
            }
        }
        Ok(())
    }

    /// No leg at all.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// For products with any sum of this expiry's quantities, after [`Netting::total`].
    pub fn multiplier(&self) -> Multiplier {
        Multiplier::new(self.gross)
    }

    /// The strikes with legs.
    pub fn iter(&self) -> core::slice::Iter<'_, StrikeNet> {
        // Never missing: there are no more strikes than entries. A slice has one end to look at, where `take` has two.
        self.entries.get(..usize::from(self.count)).unwrap_or(&[]).iter()
    }

    #[inline(always)]
    fn add(&mut self, position: &Position, strike_count: usize) -> Result<(), CoreError> {
        let id = usize::from(position.strike);
        if id >= strike_count {
            return Err(CoreError::UnknownSeries);
        }
        let slot = self.index.get_mut(id).ok_or(CoreError::UnknownSeries)?;
        let first = *slot == 0;
        if first {
            // PROOF: an index counts distinct strikes, of which there are at most 64.
            self.count = self.count.wrapping_add(1);
            *slot = self.count;
        }
        // PROOF: a slot is 1 to 64, so that no bit is cut off.
        let at = usize::from(slot.wrapping_sub(1)) & (MAX_STRIKES - 1);
        let entry = self.entries.get_mut(at).ok_or(CoreError::UnknownSeries)?;
        if first {
            entry.id = position.strike;
        }
        let quantity = match OptionKind::from_u8(position.kind) {
            Some(OptionKind::Call) => &mut entry.calls,
            Some(OptionKind::Put) => &mut entry.puts,
            None => return Err(CoreError::UnknownSeries),
        };
        // PROOF: the sum of two i32 fits i64. In this width the check takes half the units.
        let net = quantity.wrapping_add(i64::from(position.quantity));
        if i32::try_from(net).is_err() {
            return Err(CoreError::Overflow);
        }
        *quantity = net;
        Ok(())
    }

    /// Sets the sums over strikes, once every leg is in.
    pub fn total(&mut self) {
        let (mut shorts, mut calls, mut puts, mut gross) = (0i64, 0i64, 0i64, 0i64);
        for net in self.iter() {
            let (call, put) = (net.calls, net.puts);
            // PROOF: 64 strikes x 2 kinds x 2^31 < 2^39: no sum here leaves i64.
            shorts = shorts.wrapping_sub(call.min(0)).wrapping_sub(put.min(0));
            calls = calls.wrapping_add(call);
            puts = puts.wrapping_add(put);
            gross = gross.wrapping_add(call.wrapping_abs()).wrapping_add(put.wrapping_abs());
        }
        self.shorts = shorts;
        self.net_calls = calls;
        self.net_puts = puts;
        self.gross = gross;
    }

    fn at(&self, id: u8) -> Option<&StrikeNet> {
        let slot = self.index.get(usize::from(id))?.checked_sub(1)?;
        self.entries.get(usize::from(slot))
    }

    /// Least of min(0, payoff) over the settlement prices 0 and each strike, quote atoms, <= 0; unpaired short calls
    /// are the caller's. Strikes that are not worth whole atoms per contract cost one atom per contract more.
    ///
    /// Errors: `OutOfDomain` when `expiry.order` is not every used strike by ascending price.
    pub fn worst_payoff(&self, expiry: &ExpiryView, size: &SizeFraction) -> Result<Wide, CoreError> {
        let multiplier = self.multiplier();
        let mut near = Payoff::new(self.net_puts.wrapping_neg());
        let exact = self.kinks(expiry, size, &mut |value, net| near.turn(value, net))?;
        // PROOF: |slope| and the sum of |puts| are at most the gross, so while the last strike is within the multiplier's
        // limit no sum of `near` left i64.
        let worst = if multiplier.holds(near.price) {
            Wide::from(near.at_zero).wrapping_add(Wide::from(near.lowest)).min(0)
        } else {
            self.worst_payoff_wide(expiry, size)?
        };
        Ok(if exact || worst == 0 { worst } else { worst.wrapping_sub(Wide::from(self.gross)) })
    }

    /// The same in 128 bits, without the atom per contract.
    #[cold]
    #[inline(never)]
    fn worst_payoff_wide(&self, expiry: &ExpiryView, size: &SizeFraction) -> Result<Wide, CoreError> {
        let (mut price, mut slope) = (0i64, self.net_puts.wrapping_neg());
        let (mut at_zero, mut moved, mut lowest): (Wide, Wide, Wide) = (0, 0, 0);
        // PROOF: a product of two i64 is below 2^126, and there are at most 64 terms, of which those at the largest
        // quantities and prices sum to |quantities| x price.
        let times = |a: i64, b: i64| Wide::from(a).wrapping_mul(Wide::from(b));
        self.kinks(expiry, size, &mut |value, net| {
            moved = moved.wrapping_add(times(slope, value.wrapping_sub(price)));
            at_zero = at_zero.wrapping_add(times(net.puts, value));
            slope = slope.wrapping_add(net.calls).wrapping_add(net.puts);
            lowest = lowest.min(moved);
            price = value;
        })?;
        Ok(at_zero.wrapping_add(lowest).min(0))
    }

    /// Hands every strike that does not net to nothing to `kink`, by ascending price, with its value per contract.
    /// Returns whether all of them are worth whole atoms.
    #[inline(always)]
    fn kinks(
        &self,
        expiry: &ExpiryView,
        size: &SizeFraction,
        kink: &mut impl FnMut(i64, &StrikeNet),
    ) -> Result<bool, CoreError> {
        let (mut left, mut exact, mut last) = (self.count, true, 0);
        for id in expiry.order {
            let Some(net) = self.at(*id) else { continue };
            let strike = price_of(expiry, *id)?;
            if strike <= last {
                return Err(CoreError::OutOfDomain);
            }
            last = strike;
            if net.calls != 0 || net.puts != 0 {
                let (value, whole) = size.down_exact(strike)?;
                exact &= whole;
                kink(value, net);
            }
            left = left.wrapping_sub(1);
            if left == 0 {
                return Ok(exact);
            }
        }
        Err(CoreError::OutOfDomain)
    }
}

/// The payoff of an expiry along the settlement price, in 64 bits: it moves with the slope
/// `sum c_i (K_i < P) - sum p_i (K_i > P)`, and what it is at 0, `sum p_i K_i`, is known at the end.
struct Payoff {
    /// The last strike, per contract.
    price: i64,
    slope: i64,
    at_zero: i64,
    /// Payoff at `price` less that at 0, and the least of it so far.
    moved: i64,
    lowest: i64,
}

impl Payoff {
    const fn new(slope: i64) -> Self {
        Self { price: 0, slope, at_zero: 0, moved: 0, lowest: 0 }
    }

    #[inline(always)]
    fn turn(&mut self, value: i64, net: &StrikeNet) {
        let (calls, puts) = (net.calls, net.puts);
        // PROOF: may wrap; the caller takes no result of a wrapped sum.
        self.moved = self.moved.wrapping_add(self.slope.wrapping_mul(value.wrapping_sub(self.price)));
        self.at_zero = self.at_zero.wrapping_add(puts.wrapping_mul(value));
        self.slope = self.slope.wrapping_add(calls).wrapping_add(puts);
        self.lowest = self.lowest.min(self.moved);
        self.price = value;
    }
}

fn price_of(expiry: &ExpiryView, id: u8) -> Result<u64, CoreError> {
    u64::try_from(expiry.strike(id)?.price).map_err(|_| CoreError::OutOfDomain)
}
