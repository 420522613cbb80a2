//! One expiry prepared for pricing every column: forwards, deviations, skews, discount.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::margin::forward::{split_at, Split};
use crate::margin::scenario::parameters::PortfolioParameters;
use crate::margin::view::ExpiryView;
use crate::math::black76::price_error_up;
use crate::math::elementary::exp;
use crate::math::fixed::{div_toward_zero, mul_div_up, mul_shift_down, Bounded, ONE};
use crate::math::time::{sqrt_time, vol_shock, years, SHOCK_SECONDS};
use crate::units::Price;

/// A skew shock: the volatility multiplier is `1 + clamp(k slope, -cap, cap)`, k = ln(K / F).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Skew {
    /// Largest change, Q32, >= 0.
    pub cap: i64,
    /// Change per unit of k, Q32, >= 0.
    pub slope: i64,
}

/// An expiry at one price of its underlying, prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Tenor {
    /// Part of the forward that the settlement average has fixed: quote atoms per whole underlying, >= 0.
    pub fixed: i64,
    /// Part that a shock multiplies, >= 0.
    pub variable: i64,
    /// v sqrt(t) with volatility unchanged, up and down, Q32.
    pub deviations: [i64; 3],
    /// The linear and the absolute skew.
    pub skews: [Skew; 2],
    /// Where both skews reach their cap (k*), Q32.
    pub wing: i64,
    /// Share of a positive shocked value that counts, Q32.
    pub long_share: i64,
    /// Share of the basis loss that counts, Q32.
    pub basis_share: i64,
}

impl Tenor {
    /// Prepares `expiry` with its underlying at `spot`. Errors: those of [`split_at`].
    #[inline(never)]
    pub fn new(expiry: &ExpiryView, spot: Price, rules: &PortfolioParameters) -> Result<Self, CoreError> {
        let split = split_at(expiry, spot)?;
        let t = expiry.seconds_to_expiry.max(0);
        let power = if t <= SHOCK_SECONDS { rules.short_power } else { rules.long_power };
        let mult = vol_shock(t, i64::from(rules.dte_floor_seconds), q32(power));
        let vol = expiry.vol.0;
        let up = scale(vol, ONE.saturated_add(scale(q32(rules.range_up), mult))).max(q32(rules.min_vol_up));
        let down = scale(vol, ONE.saturated_sub(scale(q32(rules.range_down), mult)).max(0));
        let root = sqrt_time(t) >> 8;
        let width = q32(rules.skew_static).saturated_add(scale(root, signed_q32(rules.skew_scale)));
        let wing = scale(scale(root, q32(rules.skew_width)), width).max(q32(rules.skew_min_k));
        let skew = |base: u32, slope: i32| Skew::new(scale(root, signed_q32(slope)).saturated_add(q32(base)), wing);
        let years = years(t);
        Ok(Self {
            fixed: split.fixed,
            variable: split.variable,
            deviations: deviations(&split, [vol, up, down]),
            skews: [skew(rules.linear_base_cap, rules.linear_c_base), skew(rules.abs_base_cap, rules.abs_c_base)],
            wing,
            long_share: scale(q32(rules.base_long), exp(scale(years, q32(rules.long_add)).saturating_neg())),
            // Two more for the roundings of the parts.
            basis_share: q32(rules.basis_add).saturated_add(scale(years, q32(rules.basis_mult))).saturated_add(2),
        })
    }

    /// The forward, unshocked.
    pub const fn forward(&self) -> i64 {
        self.fixed.saturating_add(self.variable)
    }

    /// v sqrt(t) under the linear and the absolute skew at `k = ln(K / F)` in Q40.
    pub fn skewed(&self, k: i64) -> [i64; 2] {
        let [plain, ..] = self.deviations;
        let [linear, absolute] = &self.skews;
        // PROOF: a logarithm is far within i64.
        let (k, wing) = (k >> 8, self.wing);
        let multipliers = [linear.multiplier(k, wing), absolute.multiplier(k.wrapping_abs(), wing)];
        // PROOF: v sqrt(t) of a volatility below 2^48 (`VOL_MAX`) and 64 years is below 2^51, a multiplier at most 6.
        multipliers.map(|multiplier| scale_fitting(plain, multiplier))
    }

    /// How far the computed value of one whole underlying's option can be from that in `now`, whatever its strike
    /// and shift, for a spot multiplier of 1; a multiplier x makes it at most max(1, x) times as much. Quote atoms,
    /// rounded up; 0 if nothing moved.
    ///
    /// |dC/dF| <= 1 and |dC/dsd| <= 0.4 F, so it is `|dF_fix| + |dF_var| + 0.4 F dsd` with dsd the largest change of
    /// a deviation, and never more than F, besides one error of the kernel on each side. The change of a skewed
    /// deviation with multiplier x is `dsd0 (1 + cap) + sd0 dx`, and x, a clamp of k slope, moves by at most
    /// `2 dcap + k* dslope + slope dk`, `dk = dF / F`, and by no more than twice its cap.
    #[inline(never)]
    pub fn distance_up(&self, now: &Self) -> i64 {
        let same_forward = self.fixed == now.fixed && self.variable == now.variable;
        if same_forward && self.deviations == now.deviations && self.skews == now.skews {
            return 0;
        }
        let moved = self.fixed.abs_diff(now.fixed).saturating_add(self.variable.abs_diff(now.variable));
        let moved = i64::try_from(moved).unwrap_or(i64::MAX);
        let (low, high) = (self.forward().min(now.forward()), self.forward().max(now.forward()));
        // One more: k is cut to 32 fraction bits on both sides.
        let log_move = mul_div_up(moved, ONE, low).unwrap_or(i64::MAX).saturated_add(1);
        let pairs = || self.deviations.iter().zip(&now.deviations).map(|(a, b)| a.saturated_sub(*b).saturating_abs());
        let plain = pairs().next().unwrap_or(0);
        let mut widest = pairs().fold(0, i64::max);
        let deviation = self.deviations.iter().zip(&now.deviations).map(|(a, b)| *a.max(b)).next().unwrap_or(0);
        for (before, after) in self.skews.iter().zip(&now.skews) {
            let change = before.change_up(after, self.wing.max(now.wing), log_move);
            let cap = before.cap.max(after.cap);
            let skewed = scale(plain, ONE.saturated_add(cap)).saturated_add(scale(deviation, change));
            widest = widest.max(skewed.saturated_add(2));
        }
        const FOUR_TENTHS: i64 = 1_717_986_919;
        let vega = mul_div_up(high, scale(widest, FOUR_TENTHS).saturated_add(1), ONE).unwrap_or(i64::MAX);
        moved.saturated_add(vega).min(high).saturated_add(price_error_up(high).saturated_mul(2))
    }
}

impl Skew {
    /// `cap` below 0 counts as 0; the slope is `cap / wing`, rounded up: at the wing, which is above 0 (`skew_min_k`), the cap
    /// is reached.
    fn new(cap: i64, wing: i64) -> Self {
        let cap = cap.max(0);
        // PROOF: a cap is at most base_cap + 4 c_base <= 5 in Q32, below 2^35.
        let slope = div_toward_zero(cap << 28, wing).unwrap_or(0).saturated_add(1).saturated_mul(16);
        Self { cap, slope: if cap == 0 { 0 } else { slope } }
    }

    /// `max(0, 1 + clamp(k slope, -cap, cap))`, all in Q32.
    #[inline(always)]
    fn multiplier(&self, k: i64, wing: i64) -> i64 {
        let least = self.cap.wrapping_neg();
        // From the wing on the product is at least the cap, and need not fit; inside it is at most a rounding above.
        let change = if k >= wing {
            self.cap
        } else if k <= wing.wrapping_neg() {
            least
        } else {
            scale_fitting(k, self.slope).min(self.cap).max(least)
        };
        // PROOF: a cap is at most 5.
        ONE.wrapping_add(change).max(0)
    }

    /// Largest change of the multiplier toward `other` when ln F moves by `log_move`, Q32.
    #[inline(never)]
    fn change_up(&self, other: &Self, wing: i64, log_move: i64) -> i64 {
        let cap = self.cap.max(other.cap);
        let caps = self.cap.saturated_sub(other.cap).saturating_abs().saturated_mul(2);
        let slopes = scale(wing, self.slope.saturated_sub(other.slope).saturating_abs());
        let along = scale(log_move, self.slope.max(other.slope));
        // Two more for the roundings of the parts.
        caps.saturated_add(slopes).saturated_add(along).saturated_add(2).min(cap.saturated_mul(2))
    }
}

fn deviations(split: &Split, vols: [i64; 3]) -> [i64; 3] {
    vols.map(|vol| split.deviation(vol))
}

/// A share in ppm as Q32, rounded down.
pub fn q32(ppm: u32) -> i64 {
    // PROOF: ppm < 2^32 takes 32 bits more as an unsigned number, and the quotient is below 2^45.
    (u64::from(ppm) << 32).wrapping_div(1_000_000).cast_signed()
}

/// A signed share in ppm as Q32, toward zero.
fn signed_q32(ppm: i32) -> i64 {
    let magnitude = q32(ppm.unsigned_abs());
    if ppm < 0 {
        magnitude.saturating_neg()
    } else {
        magnitude
    }
}

/// `value * factor` with the factor in Q32, toward minus infinity, saturating.
#[inline(never)]
fn scale(value: i64, factor: i64) -> i64 {
    let magnitude = |x: i64| x ^ (x >> 63);
    if (magnitude(value) | magnitude(factor)) >> 46 == 0 {
        // PROOF: below 2^46 times 2^46 / 2^32.
        return scale_fitting(value, factor);
    }
    mul_shift_down(value, factor, 32)
}

/// [`scale`] of what is known to fit: every step is exact modulo 2^64, and so is a result inside `i64`.
#[inline(always)]
const fn scale_fitting(value: i64, factor: i64) -> i64 {
    const LOW: i64 = (1 << 32) - 1;
    // value * factor = (value >> 32) factor 2^32 + low (factor >> 32) 2^32 + low * (factor's low), the last below 2^64.
    let low = value & LOW;
    let last = low.cast_unsigned().wrapping_mul((factor & LOW).cast_unsigned()) >> 32;
    let high = (value >> 32).wrapping_mul(factor).wrapping_add(low.wrapping_mul(factor >> 32));
    high.wrapping_add(last.cast_signed())
}
