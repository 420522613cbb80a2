//! What one underlying adds up to at one price, and the balances that follow.

use crate::error::CoreError;
use crate::margin::contract::ratio_up;
use crate::margin::cross::{difference, sum};
use crate::margin::scenario::columns::{Cell, Grid, Reach, COLUMNS_MAX, DOWN, HEAD, UP};
use crate::margin::scenario::parameters::PortfolioParameters;
use crate::margin::scenario::Drift;
use crate::math::fixed::{mul_shift_down, share_down, Bounded};
use crate::parameters::{ppm_down, ppm_up, PPM};
use crate::units::{Ratio, Wide};

/// Sums over the expiries of an underlying, quote atoms.
pub struct Sums {
    /// Mark-to-market, settled expiries included.
    pub marks: Wide,
    /// Basis contingency, <= 0.
    pub basis: Wide,
    /// Contracts short after netting per strike.
    pub naked: i64,
    /// Confidence add-on of the options, >= 0.
    pub doubt: Wide,
    /// Gross contracts at their forward, >= 0.
    pub exposure: Wide,
    /// What rows may have moved: contracts after parity times distance, >= 0.
    pub drift: Wide,
    /// Contracts of series beyond the share of their open interest that is free of charge, >= 0.
    pub concentrated: i64,
    /// What spreads near expiry may lose between two steps of the grid, in quarters of a step of one contract, >= 0.
    pub between: i64,
    /// What a shock of volatility alone costs, >= 0, once [`Sums::finish`] has run.
    pub vega: i64,
    /// Largest share of a basis loss that counts, Q32.
    pub basis_share: i64,
    /// Gross contracts at the highest price that any of them can have: below 2^62, or nothing here fits.
    pub bound: u128,
    /// Profit per column, once [`Sums::finish`] has run with collateral and dampening.
    pub profits: [i64; COLUMNS_MAX],
}

/// One balance: how far it looks and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Steps that count.
    pub reach: Reach,
    /// Factor on the worst loss.
    pub factor: Ratio,
    /// Margin scale of collateral.
    pub scale: Ratio,
    /// Whether the charges of the initial balance apply.
    pub initial: bool,
    /// For whom the drift of rows counts.
    pub drift: Drift,
}

impl Sums {
    /// Nothing.
    pub const ZERO: Self = Self {
        marks: 0,
        basis: 0,
        naked: 0,
        doubt: 0,
        exposure: 0,
        drift: 0,
        concentrated: 0,
        between: 0,
        vega: 0,
        basis_share: 0,
        bound: 0,
        profits: [0; COLUMNS_MAX],
    };

    /// Takes note of `gross` contracts of up to `largest` atoms each. Errors: `Overflow`, which listing excludes.
    pub fn add_bound(&mut self, gross: u64, largest: i64) -> Result<(), CoreError> {
        // PROOF: at most 12 products of two factors below 2^64, each refused from 2^62.
        let product = u128::from(gross).wrapping_mul(u128::from(largest.unsigned_abs()));
        self.bound = self.bound.saturating_add(product);
        if self.bound < 1 << 62 {
            Ok(())
        } else {
            Err(CoreError::Overflow)
        }
    }

    /// Adds one expiry's shocked values. `totals[0]` is its mark, `long_share` what counts of a positive value.
    #[inline(never)]
    pub fn add_columns(&mut self, cells: &[Cell], totals: &[i64], (long_share, basis_share): (i64, i64)) {
        let [mark, up, down, ..] = totals else { return };
        // PROOF: a share of at most one times a discount factor of at most one.
        let counted = |value: i64| if value > 0 { share_down(value, long_share) } else { value };
        for ((cell, value), profit) in cells.iter().zip(totals).zip(self.profits.iter_mut()) {
            // PROOF: `bound` keeps the sum of values and that of marks over all expiries below 2^62 each.
            let change = counted(*value).wrapping_sub(*mark);
            let change = if cell.shift.is_skew() { change.wrapping_abs().wrapping_neg() } else { change };
            *profit = profit.wrapping_add(change);
        }
        let loss = up.wrapping_sub(*mark).min(down.wrapping_sub(*mark)).min(0);
        self.basis = self.basis.wrapping_add(Wide::from(mul_shift_down(loss, basis_share, 32)));
        self.basis_share = self.basis_share.max(basis_share);
        self.marks = self.marks.wrapping_add(Wide::from(*mark));
    }

    /// Adds the collateral that moves with the underlying, of which `gaining` gains and `losing` loses with the price,
    /// and dampens the tails. Errors: `Overflow`.
    #[inline(never)]
    pub fn finish(&mut self, grid: &Grid, cells: &[Cell], (gaining, losing): (i64, i64)) -> Result<(), CoreError> {
        if losing != 0 {
            for (cell, profit) in cells.iter().zip(self.profits.iter_mut()) {
                let moved = moved(grid.multiplier(cell), gaining, losing)?;
                *profit = profit.exact_add(moved).ok_or(CoreError::Overflow)?;
            }
        }
        for (profit, share) in self.profits.iter_mut().skip(HEAD).zip(grid.tails()) {
            *profit = share_down(*profit, *share);
        }
        let profit = |column: usize| self.profits.get(column).copied().unwrap_or(0);
        // Less what the discount of long values costs without any shock.
        self.vega = profit(0).saturated_sub(profit(UP).min(profit(DOWN))).max(0);
        Ok(())
    }

    /// `min(Basis, min_s PnL_s)` over the columns that count within `reach`, <= 0.
    #[inline(never)]
    pub fn worst(&self, cells: &[Cell], reach: &Reach) -> Wide {
        let counted = cells.iter().zip(&self.profits).filter(|(cell, _)| cell.counts(reach));
        self.basis.min(Wide::from(counted.fold(0, |worst, (_, profit)| worst.min(*profit))))
    }

    /// Balance of the options of one underlying with `spot` per contract: marks, worst loss, charges.
    ///
    /// Errors: `Overflow`.
    #[inline(never)]
    pub fn balance(
        &self,
        (grid, cells): (&Grid, &[Cell]),
        rules: &PortfolioParameters,
        kind: &Kind,
        spot: i64,
    ) -> Result<Wide, CoreError> {
        let loss = self.worst(cells, &kind.reach);
        let mut charges = times_up(self.exposure, Ratio(kind.reach.excess))?;
        charges = times_up(charges, kind.factor)?;
        let mut per_naked = ratio_up(spot, Ratio(rules.mm_option))?;
        if kind.initial {
            per_naked = per_naked.exact_add(ratio_up(spot, Ratio(rules.im_option))?).ok_or(CoreError::Overflow)?;
            charges = sum(charges, self.doubt)?;
            charges = sum(charges, self.concentration(rules, spot)?)?;
            // PROOF: a product of two i64 always fits i128.
            let quarter = ratio_up(spot, Ratio(rules.grid_step.div_ceil(4)))?;
            charges = sum(charges, Wide::from(quarter).wrapping_mul(Wide::from(self.between)))?;
        }
        // PROOF: a product of two i64 always fits i128.
        charges = sum(charges, Wide::from(per_naked).wrapping_mul(Wide::from(self.naked)))?;
        if self.drift != 0 {
            let drift = times_up(self.drift, self.drift_weight((grid, cells), rules, kind))?;
            charges = match kind.drift {
                Drift::Charged => sum(charges, drift)?,
                Drift::Credited => difference(charges, drift)?,
            };
        }
        let counted = times_up(loss.saturating_neg(), kind.factor)?.saturating_neg();
        self.marks.checked_add(counted).and_then(|total| total.checked_sub(charges)).ok_or(CoreError::Overflow)
    }

    /// The charge for what this account alone would have to sell: contracts beyond its share of their series, and what a
    /// shock of volatility costs beyond what the market takes up.
    fn concentration(&self, rules: &PortfolioParameters, spot: i64) -> Result<Wide, CoreError> {
        // PROOF: below 2^32 x 10^6.
        let free = i64::from(rules.vega_free).wrapping_mul(PPM);
        let vega = times_up(Wide::from(self.vega.saturated_sub(free).max(0)), Ratio(rules.vega_rate))?;
        if self.concentrated == 0 {
            return Ok(vega);
        }
        // PROOF: a product of two i64 always fits i128.
        let rate = Wide::from(ratio_up(spot, Ratio(rules.concentration_rate))?);
        sum(vega, rate.wrapping_mul(Wide::from(self.concentrated)))
    }

    /// By how much a move of every mark by one, and of every shocked value by one per unit of its multiplier x, can
    /// move the balance m + L min(..): the largest over the columns of
    ///
    /// - `|1 - L d| + L d max(1, x)` for `m + L d (disc(V) - m)`, in the basis with its share for d
    /// - `1 + 2 L` for `m - L |disc(V) - m|`, the skews
    ///
    /// and, in the initial balance, twice the rate of the charge for vega. Where underlyings offset each other no term grows:
    /// the offset's share of the loss is one of these with a lower L.
    #[inline(never)]
    fn drift_weight(&self, (grid, cells): (&Grid, &[Cell]), rules: &PortfolioParameters, kind: &Kind) -> Ratio {
        let weight = |dampening: i64, multiplier: i64| {
            let share = mul_shift_down(i64::from(kind.factor.0), dampening, 32).saturated_add(1);
            let rest = PPM.saturated_sub(share).saturating_abs();
            let moved = u32::try_from(multiplier.max(PPM)).ok().and_then(|multiplier| ppm_up(share, multiplier));
            rest.saturated_add(moved.unwrap_or(i64::MAX)).saturated_add(1)
        };
        let counted = cells.iter().enumerate().filter(|(_, cell)| cell.counts(&kind.reach));
        let skew = i64::from(kind.factor.0).saturating_mul(2).saturating_add(PPM);
        let columns =
            counted.map(
                |(index, cell)| {
                    if cell.shift.is_skew() {
                        skew
                    } else {
                        weight(grid.dampening(index), grid.multiplier(cell))
                    }
                },
            );
        let up = grid.multipliers().get(1).copied().map_or(PPM, i64::from);
        let basis = weight(0, PPM).max(weight(self.basis_share, up));
        // The charge for vega stands on a shocked value less another.
        let vega = if kind.initial { i64::from(rules.vega_rate).saturating_mul(2) } else { 0 };
        Ratio(u32::try_from(columns.fold(basis, i64::max).saturated_add(vega)).unwrap_or(u32::MAX))
    }
}

/// Profit of collateral at a spot `multiplier` in ppm, rounded down.
fn moved(multiplier: i64, gaining: i64, losing: i64) -> Result<i64, CoreError> {
    let distance = multiplier.saturated_sub(PPM);
    let share = u32::try_from(distance.unsigned_abs()).map_err(|_| CoreError::OutOfDomain)?;
    let profit = if distance > 0 { ppm_down(gaining, share) } else { ppm_up(losing, share).map(i64::saturating_neg) };
    profit.ok_or(CoreError::Overflow)
}

/// `amount x ratio` for an amount >= 0, rounded up. Errors: `Overflow`.
#[inline(never)]
pub fn times_up(amount: Wide, ratio: Ratio) -> Result<Wide, CoreError> {
    if amount == 0 || ratio.0 == 0 {
        return Ok(0);
    }
    match i64::try_from(amount) {
        Ok(amount) => ratio_up(amount, ratio).map(Wide::from),
        Err(_) => {
            let product = amount.unsigned_abs().checked_mul(u128::from(ratio.0)).ok_or(CoreError::Overflow)?;
            Wide::try_from(product.div_ceil(1_000_000)).map_err(|_| CoreError::Overflow)
        }
    }
}
