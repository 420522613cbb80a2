//! What two underlyings of one book lose together, as far as they have moved together.
//!
//! `loss = (1 - lambda) sum_i worst_i + lambda min(sum_i Basis_i, min_s sum_i PnL_i(s))`, lambda the share that offsets. With
//! m_i the balance of a member by itself, L the lowest factor on a loss and a = lambda L, the balance of both is
//!
//! `min_s sum_i min_p [ m_i(p) + a (PnL_i(p, s) - worst_i(p)) ]`
//!
//! over the scenarios s and the prices p that a member is looked at: accepted and, in maintenance, raw while it walks. Of all
//! combinations of prices the worst counts, and never less than the members by themselves.
//!
//! A scenario of both is the same column of both: the same tail, skew or shock of volatility, the same number of steps.
//! Where one counts fewer steps than the other, the outermost of its own counts: both go as far as their scan ranges say.
//!
//! a is at most 1/2 of a loss (`correlation_cap`): a leg that hedges nothing by itself, taken by a bid, gives back its own
//! loss, and takes with it no more than that of the other member's, so that bids go on raising the balance.

use crate::margin::scenario::columns::{Cell, Grid, BASIS_DOWN, BASIS_UP, COLUMNS_MAX};
use crate::margin::scenario::parameters::{PortfolioParameters, TAILS_MAX};
use crate::margin::scenario::sums::{Kind, Sums};
use crate::math::fixed::{div_toward_zero, share_down, Bounded, ONE};
use crate::parameters::{ppm_down, PPM};
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

/// Place of the basis contingency behind the columns.
const CONTINGENCY: usize = COLUMNS_MAX;
/// The columns and the contingency.
const PLACES: usize = COLUMNS_MAX + 1;

/// One balance of the members under every scenario of both.
#[derive(Clone, Copy, Debug)]
pub struct Joint {
    /// a, Q32, at most 1.
    share: i64,
    /// Sum of the members.
    totals: [i64; PLACES],
    /// Sum of the members' balances by themselves.
    alone: Wide,
    /// The tails of the members; with other lists of scenarios nothing is the same column.
    tails: Option<[u32; TAILS_MAX]>,
    /// Whether the basis is a scenario of any member.
    basis_counts: bool,
    /// Whether everything fits: lists of scenarios, and sums into integers, as any book does that listing allows.
    fits: bool,
    /// Members.
    count: u8,
}

/// One member: at every place the lowest of the prices it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    share: i64,
    places: [i64; PLACES],
    /// Its balance by itself: the lowest; `None` before the first price.
    alone: Option<i64>,
    basis_counts: bool,
    fits: bool,
}

impl Joint {
    /// Of nobody yet, for balances with `factor` on their losses, the lowest of the members'.
    pub fn new(offset: &Offset, factor: u32) -> Self {
        let scaled = ppm_down(i64::from(offset.share.0), factor).unwrap_or(0).min(PPM);
        Self {
            // PROOF: at most 10^6, and 32 bits more fit.
            share: div_toward_zero(scaled << 32, PPM).unwrap_or(0).min(ONE),
            totals: [0; PLACES],
            alone: 0,
            tails: None,
            basis_counts: false,
            fits: true,
            count: 0,
        }
    }

    /// A member of it, at no price yet.
    pub fn member(&self) -> Member {
        Member { share: self.share, places: [0; PLACES], alone: None, basis_counts: false, fits: true }
    }

    /// Takes `member` in, whose scenarios follow `rules`.
    #[inline(never)]
    pub fn complete(&mut self, member: &Member, rules: &PortfolioParameters) {
        self.fits &= member.fits && self.tails.is_none_or(|known| known == rules.tails);
        self.tails = Some(rules.tails);
        self.basis_counts |= member.basis_counts;
        for (total, own) in self.totals.iter_mut().zip(member.places) {
            match total.exact_add(own) {
                Some(sum) => *total = sum,
                None => self.fits = false,
            }
        }
        self.alone = self.alone.saturating_add(Wide::from(member.alone.unwrap_or(0)));
        self.count = self.count.saturating_add(1);
    }

    /// What the offset adds to the members' balances by themselves, >= 0.
    #[inline(never)]
    pub fn credit(&self) -> Wide {
        if self.count < 2 || !self.fits {
            return 0;
        }
        let is_scenario = |index: usize| self.basis_counts || !(BASIS_UP..=BASIS_DOWN).contains(&index);
        let scenarios = self.totals.iter().enumerate().filter(|(index, _)| is_scenario(*index));
        let together = scenarios.fold(i64::MAX, |worst, (_, total)| worst.min(*total));
        Wide::from(together).saturating_sub(self.alone).max(0)
    }
}

impl Member {
    /// Adds one price, at which the member has `balance` by itself.
    #[inline(never)]
    pub fn add(&mut self, (grid, cells): (&Grid, &[Cell]), (sums, kind): (&Sums, &Kind), balance: Wide) {
        let worst = i64::try_from(sums.worst(cells, &kind.reach));
        let (Ok(alone), Ok(worst), Ok(contingency)) = (i64::try_from(balance), worst, i64::try_from(sums.basis)) else {
            self.fits = false;
            return;
        };
        self.basis_counts = cells.get(BASIS_UP).is_some_and(|cell| cell.counts(&kind.reach));
        // One atom less: two shares rounded down may differ by one too much.
        let rest = alone.saturated_sub(share_down(worst, self.share)).saturated_sub(1);
        for (index, own) in self.places.iter_mut().enumerate() {
            let profit = match index {
                CONTINGENCY => contingency,
                // No scenario of this member, though it may be one of the other's.
                BASIS_UP..=BASIS_DOWN if !self.basis_counts => worst,
                _ => sums.profits.get(grid.nearest(index, &kind.reach)).copied().unwrap_or(worst),
            };
            let here = rest.saturated_add(share_down(profit, self.share));
            *own = if self.alone.is_some() { here.min(*own) } else { here };
        }
        self.alone = Some(self.alone.map_or(alone, |known| known.min(alone)));
    }
}
