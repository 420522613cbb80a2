//! The smile of the evaluator: the formulas of [`crate::math::smile`].
#![allow(clippy::arithmetic_side_effects)] // PROOF: the operators of `Wide` saturate.

use super::Wide;

/// Largest total variance: v sqrt(t) = 12.
const VARIANCE_MAX: Wide = Wide(144 << 64);

/// A raw SVI slice with its reference forward and the time, in years, it was fitted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Svi {
    /// Level of total variance.
    pub a: Wide,
    /// Slope of the wings.
    pub b: Wide,
    /// Skew, in [-1, 1].
    pub rho: Wide,
    /// Centre in ln(K/F).
    pub m: Wide,
    /// Rounding of the vertex.
    pub sigma: Wide,
    /// Reference forward.
    pub forward: Wide,
    /// Time of the fit in years.
    pub tau: Wide,
}

impl Svi {
    /// w(k) at a strike, k cut to +-4 sqrt(a + b sigma), in [0, 144].
    pub fn total_variance(&self, strike: Wide) -> Wide {
        let bound = (self.a + self.b * self.sigma).sqrt();
        let bound = bound + bound + bound + bound;
        let k = (strike.ln() - self.forward.ln()).max(-bound).min(bound);
        let z = k - self.m;
        let root = (z * z + self.sigma * self.sigma).sqrt();
        (self.a + self.b * (self.rho * z + root)).max(Wide::ZERO).min(VARIANCE_MAX)
    }

    /// sqrt(w / tau) at a strike; 0 when tau is not positive.
    pub fn vol(&self, strike: Wide) -> Wide {
        self.total_variance(strike).over(self.tau.max(Wide::ZERO)).sqrt()
    }
}
