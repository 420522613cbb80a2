//! Risk parameters of portfolio mode with the hard ranges the program enforces.

use crate::math::fixed::Bounded;
use bytemuck::{Pod, Zeroable};

use crate::margin::scenario::columns::STEPS_MAX;
use crate::parameters::{check_ranges, in_range, ParameterError, PPM};

/// Most tails of one underlying.
pub const TAILS_MAX: usize = 8;
/// Most underlyings that one underlying's correlation is measured with.
pub const PEERS_MAX: usize = 2;
/// Stands for no underlying.
pub const NO_PEER: u16 = u16::MAX;

/// Portfolio mode: the scenarios of one underlying and what is charged beside them. Shares are ppm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PortfolioParameters {
    /// Distance of two neighbouring spot scenarios, ppm of spot; the grid never moves, the scan range chooses how
    /// much of it counts.
    pub grid_step: u32,
    /// Scan range at which tails were calibrated (R_reference), ppm of spot.
    pub range_reference: u32,
    /// Dampening of a tail with multiplier x: `tail_dampening range_reference / |x - 1|`, at most 1.
    pub tail_dampening: u32,
    /// Spot multipliers of the tails, ppm; unused ones are 0 and stand last.
    pub tails: [u32; TAILS_MAX],
    /// Rise of volatility at 30 days, share.
    pub range_up: u32,
    /// Fall of volatility at 30 days, share.
    pub range_down: u32,
    /// Least volatility after a rise, a year.
    pub min_vol_up: u32,
    /// p of the volatility shock `(30 d / max(t, dte_floor))^p` up to 30 days.
    pub short_power: u32,
    /// p beyond 30 days.
    pub long_power: u32,
    /// Time below which volatility shocks grow no further, seconds.
    pub dte_floor_seconds: u32,
    /// Cap of the linear skew: `linear_c_base sqrt(t) + linear_base_cap`, not below 0.
    pub linear_base_cap: u32,
    /// Its slope in the square root of time, signed.
    pub linear_c_base: i32,
    /// Cap of the absolute skew: `abs_c_base sqrt(t) + abs_base_cap`, not below 0.
    pub abs_base_cap: u32,
    /// Its slope in the square root of time, signed.
    pub abs_c_base: i32,
    /// Least k* of the skews: `max(skew_min_k, sqrt(t) skew_width (skew_static + sqrt(t) skew_scale))`.
    pub skew_min_k: u32,
    /// `skew_width` of k*.
    pub skew_width: u32,
    /// `skew_static` of k*.
    pub skew_static: u32,
    /// `skew_scale` of k*, signed.
    pub skew_scale: i32,
    /// Share of an expiry's positive shocked value that counts: `base_long exp(-t long_add)`.
    pub base_long: u32,
    /// Its decay a year.
    pub long_add: u32,
    /// Multiplier of the forward, basis up.
    pub basis_up: u32,
    /// Multiplier of the forward, basis down.
    pub basis_down: u32,
    /// Share of the basis loss that counts at once: `basis_add + basis_mult t`.
    pub basis_add: u32,
    /// Further share a year.
    pub basis_mult: u32,
    /// Share of spot per naked short, both balances.
    pub mm_option: u32,
    /// Further share, initial balance.
    pub im_option: u32,
    /// Confidence below which the add-on applies.
    pub conf_threshold: u32,
    /// Initial: the add-on is `(1 - conf) conf_margin` of the gross quantity at spot, or of the collateral.
    pub conf_margin: u32,
    /// Price of the quote token below which the initial loss factor rises.
    pub peg_threshold: u32,
    /// By this multiple of the gap.
    pub peg_factor: u32,
    /// Factor on the worst loss, maintenance balance.
    pub mm_factor: u32,
    /// Factor on the worst loss, initial balance.
    pub im_factor: u32,
    /// Oldest risk rows that may stand in for fresh prices, seconds.
    pub rows_max_age_seconds: u32,
    /// Largest distance of the accepted price from theirs, ppm of theirs.
    pub rows_max_drift: u32,
    /// Paid from an expiry's trade fees for a refresh of rows that were due, quote atoms.
    pub rows_pay: u32,
    /// Share of a series' open interest that an account may hold without charge.
    pub concentration_share: u32,
    /// Contracts of a series that any account may hold without charge.
    pub concentration_free: u32,
    /// Share of spot per contract beyond both, initial balance.
    pub concentration_rate: u32,
    /// What a shock of volatility alone may cost without charge, whole units of the quote token.
    pub vega_free: u32,
    /// Share of what it costs beyond, initial balance.
    pub vega_rate: u32,
    /// Taken off the realised correlation with another underlying before it offsets anything.
    pub correlation_margin: u32,
    /// Largest share of the losses of two underlyings that offset each other.
    pub correlation_cap: u32,
    /// Underlyings whose correlation with this one is measured, by index; [`NO_PEER`] for none.
    pub correlation_peers: [u16; PEERS_MAX],
    /// 1: basis up and down are scenarios besides, a move of the whole price as far; 0: not.
    pub basis_scenarios: u32,
    /// Time to expiry below which spreads are charged for what they may lose between two steps, seconds; 0: never.
    pub near_seconds: u32,
}

const _: () = assert!(core::mem::size_of::<PortfolioParameters>() == 208);

impl PortfolioParameters {
    /// Those of the published engine that this mode is compared with.
    pub const REFERENCE: Self = Self {
        grid_step: 45_000,
        range_reference: 180_000,
        tail_dampening: 770_000,
        tails: [340_000, 670_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000],
        range_up: 500_000,
        range_down: 300_000,
        min_vol_up: 400_000,
        short_power: 300_000,
        long_power: 130_000,
        dte_floor_seconds: 86_400,
        linear_base_cap: 150_000,
        linear_c_base: -50_000,
        abs_base_cap: 150_000,
        abs_c_base: -50_000,
        skew_min_k: 10_000,
        skew_width: 4_000_000,
        skew_static: 600_000,
        skew_scale: -100_000,
        base_long: 950_000,
        long_add: 160_000,
        basis_up: 1_045_000,
        basis_down: 955_000,
        basis_add: 500_000,
        basis_mult: 2_000_000,
        mm_option: 3_000,
        im_option: 2_000,
        conf_threshold: 550_000,
        conf_margin: 1_000_000,
        peg_threshold: 990_000,
        peg_factor: 4_000_000,
        mm_factor: 800_000,
        im_factor: 1_000_000,
        rows_max_age_seconds: 60,
        rows_max_drift: 5_000,
        rows_pay: 2_000,
        concentration_share: 0,
        concentration_free: 0,
        concentration_rate: 0,
        vega_free: 0,
        vega_rate: 0,
        correlation_margin: 0,
        correlation_cap: 0,
        correlation_peers: [NO_PEER; PEERS_MAX],
        basis_scenarios: 0,
        near_seconds: 0,
    };

    /// What this clearinghouse lists underlyings with: steps of 6 %, so that eight of them reach the scan range's cap, and
    /// the basis at half a step, where it is a scenario too, charged with what a basis at 4.5 % would be; spreads charged between
    /// steps in the last three days;
    /// 2 % of spot for every contract beyond 1,000 and a quarter of a series' open interest; a quarter of what a shock of
    /// volatility costs beyond a million; of a correlation what exceeds 20 %, at most half, once peers are named.
    pub const fn shipped() -> Self {
        Self {
            grid_step: 60_000,
            basis_up: 1_030_000,
            basis_down: 970_000,
            basis_add: 750_000,
            basis_mult: 3_000_000,
            basis_scenarios: 1,
            near_seconds: 259_200,
            concentration_share: 250_000,
            concentration_free: 1_000,
            concentration_rate: 20_000,
            vega_free: 1_000_000,
            vega_rate: 250_000,
            correlation_margin: 200_000,
            correlation_cap: 500_000,
            ..Self::REFERENCE
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            // Eight steps stay above 5 % of spot.
            grid_step: 5_000..=118_000,
            range_reference: 10_000..=950_000,
            tail_dampening: 0..=2 * PPM,
        })?;
        self.validate_tails()?;
        self.validate_rest()?;
        // Initial asks at least what maintenance asks.
        in_range("mm_factor", self.mm_factor, 500_000, self.im_factor)
    }

    /// Checks that scan ranges up to `range_cap` (ppm of spot) end on the grid: nothing looks beyond [`STEPS_MAX`]
    /// steps. Errors: the range with the largest that fits.
    pub fn validate_cap(&self, range_cap: u32) -> Result<(), ParameterError> {
        let longest = i64::from(self.grid_step).saturated_mul(i64::from(STEPS_MAX));
        in_range("range_cap", range_cap, 0, longest)
    }

    /// Checks that the peers of the underlying with `index` were listed before it, each named once. Errors: the first that
    /// was not, with the range of those.
    pub fn validate_peers(&self, index: u16) -> Result<(), ParameterError> {
        let [first, second] = self.correlation_peers;
        let before = i64::from(index).saturated_sub(1);
        for (peer, other) in [(first, NO_PEER), (second, first)] {
            // An empty range refuses what stands there already.
            let highest = if peer == other { -1 } else { before };
            if peer != NO_PEER {
                in_range("correlation_peers", peer, 0, highest)?;
            }
        }
        Ok(())
    }

    /// Every field but grid, tails, peers and the maintenance factor.
    fn validate_rest(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            range_up: 0..=5 * PPM,
            range_down: 0..=PPM,
            min_vol_up: 0..=4 * PPM,
            short_power: 0..=PPM,
            long_power: 0..=PPM,
            dte_floor_seconds: 3_600..=2_592_000,
            linear_base_cap: 0..=PPM,
            abs_base_cap: 0..=PPM,
            skew_min_k: 1_000..=PPM,
            skew_width: 0..=20 * PPM,
            skew_static: 0..=2 * PPM,
            base_long: 0..=PPM,
            long_add: 0..=2 * PPM,
            basis_up: PPM..=2 * PPM,
            basis_down: 50_000..=PPM,
            basis_add: 0..=5 * PPM,
            basis_mult: 0..=20 * PPM,
            mm_option: 0..=200_000,
            im_option: 0..=200_000,
            conf_threshold: 0..=PPM,
            conf_margin: 0..=5 * PPM,
            peg_threshold: 0..=PPM,
            peg_factor: 0..=10 * PPM,
            im_factor: 800_000..=3 * PPM,
            rows_max_age_seconds: 1..=600,
            rows_max_drift: 100..=50_000,
            rows_pay: 0..=100_000,
            concentration_share: 0..=PPM,
            concentration_free: 0..=2_147_483_647,
            concentration_rate: 0..=PPM,
            vega_rate: 0..=5 * PPM,
            correlation_margin: 0..=PPM,
            // Beyond one half a bid may lower what it leaves: `joint`.
            correlation_cap: 0..=500_000,
            basis_scenarios: 0..=1,
            near_seconds: 0..=2_592_000,
            linear_c_base: -PPM..=PPM,
            abs_c_base: -PPM..=PPM,
            skew_scale: -PPM..=PPM,
        })
    }

    /// A used tail after an unused one would not count.
    fn validate_tails(&self) -> Result<(), ParameterError> {
        let mut used = true;
        for tail in self.tails {
            used = used && tail != 0;
            let (low, high) = if used { (50_000, 8 * PPM) } else { (0, 0) };
            in_range("tails", tail, low, high)?;
        }
        Ok(())
    }

    /// The tails in use.
    pub fn tails(&self) -> &[u32] {
        let used = self.tails.iter().position(|tail| *tail == 0).unwrap_or(TAILS_MAX);
        self.tails.get(..used).unwrap_or(&[])
    }
}
