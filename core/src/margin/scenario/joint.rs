//! What two underlyings of one book lose together, as far as they have moved together.
//!
//! `loss = (1 - lambda) sum_i worst_i + lambda min(sum_i Basis_i, min_s sum_i PnL_i(s))`, lambda the share that offsets. The balance
//! already has the first sum; what is added here is `lambda L (min(..) - sum_i worst_i)`, never below zero,
//! with L the lower of the factors on the losses.
//!
//! A scenario of both is the same column of both: the same tail, skew or shock of volatility, the same number of steps.
//! Where one counts fewer steps than the other, the outermost of its own counts: both go as far as their scan ranges say.

use crate::margin::scenario::columns::{Cell, Grid, BASIS_DOWN, BASIS_UP, COLUMNS_MAX};
use crate::margin::scenario::sums::{Kind, Sums};
use crate::parameters::ppm_down;
use crate::units::{Ratio, Wide};

/// Two underlyings of a book whose losses offset each other in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    /// Lambda, 0..1.
    pub share: Ratio,
    /// Bit i: the underlying at index i of the book is one of them.
    pub members: u8,
}

impl Offset {
    /// No underlying offsets another.
    pub const NONE: Self = Self { share: Ratio(0), members: 0 };

    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.share.0 != 0
    }

    /// Whether the underlying at `index` is one of the two.
    pub fn concerns(&self, index: u8) -> bool {
        self.any() && self.members.checked_shr(u32::from(index)).is_some_and(|bits| bits & 1 == 1)
    }
}

/// The profits of the members under every scenario of both.
#[derive(Clone, Copy, Debug)]
pub struct Joint {
    profits: [i64; COLUMNS_MAX],
    /// Sum of what each loses by itself, <= 0.
    apart: Wide,
    /// Sum of the basis contingencies, <= 0.
    basis: Wide,
    /// Whether the basis is a scenario of any member.
    basis_counts: bool,
    /// The lowest factor on a loss.
    factor: Ratio,
    /// Tails that every member has: with other lists of scenarios nothing is the same column.
    tails: Option<usize>,
    /// Members so far.
    count: u8,
}

impl Joint {
    /// Of nobody yet.
    pub const NONE: Self = Self { profits: [0; COLUMNS_MAX], apart: 0, basis: 0, basis_counts: false, factor: Ratio(u32::MAX), tails: None, count: 0 };

    /// Adds a member.
    #[inline(never)]
    pub fn add(&mut self, (grid, cells): (&Grid, &[Cell]), sums: &Sums, kind: &Kind) {
        let tails = grid.tails().len();
        self.count = self.count.saturating_add(1);
        if self.tails.is_some_and(|known| known != tails) {
            self.factor = Ratio(0);
        }
        self.tails = Some(tails);
        self.factor = self.factor.min(kind.factor);
        let worst = sums.worst(cells, &kind.reach);
        self.apart = self.apart.saturating_add(worst);
        self.basis = self.basis.saturating_add(sums.basis);
        self.basis_counts |= cells.get(BASIS_UP).is_some_and(|cell| cell.counts(&kind.reach));
        for (index, joint) in self.profits.iter_mut().enumerate() {
            let own = sums.profits.get(grid.nearest(index, &kind.reach)).copied().unwrap_or(0);
            match joint.checked_add(own) {
                Some(profit) => *joint = profit,
                // No book that listing allows is that large; without a sum nothing offsets.
                None => self.factor = Ratio(0),
            }
        }
    }

    /// What the offset adds to the balance, >= 0, rounded down.
    #[inline(never)]
    pub fn credit(&self, offset: &Offset) -> Wide {
        if self.count < 2 {
            return 0;
        }
        let is_scenario = |index: usize| self.basis_counts || !(BASIS_UP..=BASIS_DOWN).contains(&index);
        let scenarios = self.profits.iter().enumerate().filter(|(index, _)| is_scenario(*index));
        let together = self.basis.min(Wide::from(scenarios.fold(0, |worst, (_, profit)| worst.min(*profit))));
        // What does not fit counts for less, or for nothing.
        let saved = i64::try_from(together.saturating_sub(self.apart).max(0)).unwrap_or(i64::MAX);
        let shared = ppm_down(saved, offset.share.0).unwrap_or(0);
        Wide::from(ppm_down(shared, self.factor.0).unwrap_or(0))
    }
}
