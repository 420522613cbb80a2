//! Parameter groups, as stored and as passed in instruction arguments: the same bytes in both.
//!
//! Each group mirrors the rule book's struct of the same name, which states the rules, the hard ranges
//! (`validate`) and the defaults. The mirror exists because the interface description needs types of this crate.
//! Ratios are millionths (ppm), spans are seconds, amounts are quote atoms. Written when the object is created.

use anchor_lang::prelude::*;
use plimsoll_core::units::Ratio;

use super::mirror::mirror;

/// Borsh form of a group = its bytes: every group is plain little-endian integers without padding.
macro_rules! borsh_as_bytes {
    ($($name:ident),+ $(,)?) => {$(
        impl AnchorSerialize for $name {
            fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
                writer.write_all(bytemuck::bytes_of(self))
            }
        }

        impl AnchorDeserialize for $name {
            fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
                let mut value: Self = bytemuck::Zeroable::zeroed();
                reader.read_exact(bytemuck::bytes_of_mut(&mut value))?;
                Ok(value)
            }
        }

        impl crate::arguments::Read for $name {
            #[inline(always)]
            fn read(data: &mut &[u8]) -> Option<Self> {
                let mut value: Self = bytemuck::Zeroable::zeroed();
                crate::arguments::read_into(data, bytemuck::bytes_of_mut(&mut value))?;
                Some(value)
            }
        }
    )+};
}

borsh_as_bytes!(
    ClearinghouseParameters,
    CrossParameters,
    OracleParameters,
    VolatilityParameters,
    ScanParameters,
    AuctionParameters,
    GridParameters,
    LimitParameters,
    PortfolioParameters,
);

/// Fees, debt, settlement and outflow rules of a clearinghouse; rules and ranges:
/// `plimsoll_core::parameters::ClearinghouseParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ClearinghouseParameters {
    /// Largest debt one margin account may carry before it is auctioned: quote atoms, >= 0.
    pub debt_cap: i64,
    /// What an account may always withdraw per outflow window, whatever others took: quote atoms, >= 0.
    pub outflow_reserved: i64,
    /// Fee per side: share of the notional (price of the underlying x contract size x quantity), ppm.
    pub trade_fee: u32,
    /// Cap of that fee: share of the premium, ppm.
    pub trade_fee_premium_cap: u32,
    /// Share of swept fees that goes to the insurance fund, ppm; the rest is surplus.
    pub insurance_share: u32,
    /// Interest on debt, ppm a year.
    pub debt_rate: u32,
    /// Discount of a collateral sale at the end of its window, ppm of the oracle price.
    pub sale_discount_max: u32,
    /// Length of the collateral sale's price fall, seconds.
    pub sale_window_seconds: u32,
    /// How long a settlement gain stays held while the losers of the expiry are unsettled, seconds.
    pub settlement_hold_seconds: u32,
    /// Length of an outflow window, seconds.
    pub outflow_window_seconds: u32,
    /// Net withdrawals per window, ppm of the vault at the window's start.
    pub outflow_cap: u32,
    /// Collateral confidence below which the initial add-on applies, ppm.
    pub collateral_conf_threshold: u32,
    /// Factor of that add-on, ppm.
    pub collateral_conf_factor: u32,
    /// Zero.
    pub padding: u32,
}

/// Cross and isolated margin of one underlying; rules and ranges: `plimsoll_core::margin::CrossParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CrossParameters {
    /// Initial, share of spot of a short at the money, ppm.
    pub max_spot: u32,
    /// Initial, least share of spot of a short far out of the money, ppm.
    pub min_spot: u32,
    /// Maintenance, share of spot of a short call, ppm.
    pub mm_call: u32,
    /// Maintenance, share of spot of a short put, ppm.
    pub mm_put: u32,
    /// Maintenance, share of the mark of a short put, ppm.
    pub mm_put_mark: u32,
    /// Initial, share of the forward per unpaired call in the maximum loss, ppm.
    pub unpaired_im: u32,
    /// The same for maintenance, ppm.
    pub unpaired_mm: u32,
    /// Initial requirement of a short put as a deviations of its maintenance, ppm.
    pub offset: u32,
    /// Confidence below which the initial add-on applies, ppm.
    pub conf_threshold: u32,
    /// Factor of that add-on, ppm.
    pub conf_factor: u32,
    /// Price of the quote token below which the initial add-on applies, ppm of a USD.
    pub depeg_threshold: u32,
    /// Factor of that add-on, ppm.
    pub depeg_factor: u32,
    /// Share of a long's mark that counts for the initial balance, ppm.
    pub long_im: u32,
    /// Share of a long's mark that counts for the maintenance balance, ppm.
    pub long_mm: u32,
}

/// What makes a price acceptable; rules and ranges: `plimsoll_core::oracle::OracleParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OracleParameters {
    /// Lowest sane price: quote atoms per whole underlying, > 0.
    pub price_min: i64,
    /// Highest sane price: quote atoms per whole underlying.
    pub price_max: i64,
    /// Age above which a price is stale for risk increase and withdrawal, seconds.
    pub max_age_seconds: u32,
    /// Age above which a price is stale for liquidation, seconds.
    pub liquidation_max_age_seconds: u32,
    /// How far a publish time may run ahead of the clock, seconds.
    pub future_max_seconds: u32,
    /// Longest time a price may walk before the raw price is taken, seconds.
    pub walk_max_seconds: u32,
    /// Largest confidence interval, ppm of the price.
    pub max_confidence: u32,
    /// Largest distance of price and EMA, ppm.
    pub max_ema_divergence: u32,
    /// Largest accepted move of one update, ppm.
    pub max_move_per_update: u32,
    /// Largest accepted move per second between updates, ppm.
    pub max_move_per_second: u32,
    /// Confidence interval at which the spot confidence is zero, ppm of the price.
    pub confidence_full: u32,
    /// Confidence interval, and distance of price and EMA, above which an update is not accepted at all, ppm.
    pub max_wild: u32,
}

/// Realised volatility; rules and ranges: `plimsoll_core::volatility::VolatilityParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VolatilityParameters {
    /// Half-life of the fast average, seconds.
    pub fast_half_life_seconds: u32,
    /// Half-life of the slow average, seconds.
    pub slow_half_life_seconds: u32,
    /// Lowest volatility state, ppm a year.
    pub floor: u32,
    /// Highest volatility state, ppm a year.
    pub cap: u32,
    /// Share of the slow average that the blended state takes, ppm.
    pub blend: u32,
    /// Reversion time of the reference curve, seconds.
    pub reversion_seconds: u32,
    /// Volatility assumed before any return was seen, and against which auctions measure the state, ppm a year.
    pub reference: u32,
    /// Zero.
    pub padding: u32,
}

/// Scan range and margin scale; rules and ranges: `plimsoll_core::volatility::ScanParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ScanParameters {
    /// Deviations covered, ppm.
    pub deviations: u32,
    /// Horizon, seconds.
    pub horizon_seconds: u32,
    /// Smallest scan range, ppm of spot.
    pub range_floor: u32,
    /// Largest scan range, ppm of spot.
    pub range_cap: u32,
    /// Scan range at which margins are the plain parameters, ppm of spot.
    pub range_reference: u32,
    /// Largest margin scale, ppm.
    pub scale_cap: u32,
    /// Largest rise of the maintenance range a day, ppm of spot.
    pub daily_rise: u32,
    /// Zero.
    pub padding: u32,
}

/// Liquidation auction; rules and ranges: `plimsoll_core::liquidation::AuctionParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuctionParameters {
    /// Price factor at the start, ppm.
    pub d0: u32,
    /// Price factor at the end of the fast window, ppm.
    pub d1: u32,
    /// Fast window, seconds.
    pub fast_seconds: u32,
    /// Slow window, seconds.
    pub slow_seconds: u32,
    /// Share of the requirement above maintenance that makes the account healthy, ppm.
    pub buffer: u32,
    /// Share of the requirement below which the whole book may be taken, ppm.
    pub cutoff: u32,
    /// Start fee, ppm of the largest fraction's equity.
    pub start_fee: u32,
    /// Part of the start fee paid to who started the auction, ppm.
    pub starter_share: u32,
    /// Share of the discount that the bidder pays to the fund, ppm.
    pub slice: u32,
    /// Largest volatility ratio that speeds the clock, ppm.
    pub rho_max: u32,
    /// Fall of d0 per unit of the ratio above one, ppm.
    pub rho_slope: u32,
    /// Time over which the clock rewinds after the end, seconds.
    pub rewind_seconds: u32,
}

/// Which expiries and strikes may be listed; rules and ranges: `plimsoll_core::grid::GridParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GridParameters {
    /// Strike step: quote atoms per whole underlying, > 0.
    pub strike_step: i64,
    /// Expiries are at `offset + k x interval`, seconds.
    pub expiry_interval_seconds: u32,
    /// Offset of the expiry grid, seconds.
    pub expiry_offset_seconds: u32,
    /// Shortest time to expiry at listing, seconds.
    pub min_lead_seconds: u32,
    /// Longest time to expiry at listing, days.
    pub max_days: u32,
    /// Lowest strike, ppm of the accepted price.
    pub moneyness_low: u32,
    /// Highest strike, ppm of the accepted price.
    pub moneyness_high: u32,
}

/// Position limits and price bands of one underlying; rules and ranges: `plimsoll_core::trade::LimitParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LimitParameters {
    /// Most contracts of one leg, |quantity|.
    pub max_quantity: i64,
    /// Most contracts of open interest per series.
    pub open_interest_cap: i64,
    /// Trade price band around the mark, ppm of the mark.
    pub price_band: u32,
    /// Smallest trade price band, ppm of spot.
    pub price_band_floor: u32,
    /// What a curing trade may lose against the mark, ppm of the mark value traded.
    pub curing_slip: u32,
    /// Share of the settlement window that must be sampled, seconds.
    pub settlement_required_seconds: u32,
    /// Longest time one settlement sample counts, seconds.
    pub sample_hold_max_seconds: u32,
    /// Zero.
    pub padding: u32,
}

/// Portfolio margin of one underlying; rules and ranges: `plimsoll_core::margin::PortfolioParameters`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PortfolioParameters {
    /// Distance of two neighbouring spot scenarios, ppm of spot.
    pub grid_step: u32,
    /// Scan range at which tails were calibrated, ppm of spot.
    pub range_reference: u32,
    /// Dampening of a tail with multiplier x: `tail_dampening range_reference / |x - 1|`, ppm, at most 1.
    pub tail_dampening: u32,
    /// Spot multipliers of the tails, ppm; unused ones are 0 and stand last.
    pub tails: [u32; 8],
    /// Rise of volatility at 30 days, ppm.
    pub range_up: u32,
    /// Fall of volatility at 30 days, ppm.
    pub range_down: u32,
    /// Least volatility after a rise, ppm a year.
    pub min_vol_up: u32,
    /// Power of the volatility shock up to 30 days, ppm.
    pub short_power: u32,
    /// Power beyond 30 days, ppm.
    pub long_power: u32,
    /// Time below which volatility shocks grow no further, seconds.
    pub dte_floor_seconds: u32,
    /// Cap of the linear skew at no time left, ppm.
    pub linear_base_cap: u32,
    /// Its slope in the square root of time, ppm, signed.
    pub linear_c_base: i32,
    /// Cap of the absolute skew at no time left, ppm.
    pub abs_base_cap: u32,
    /// Its slope in the square root of time, ppm, signed.
    pub abs_c_base: i32,
    /// Least |ln(K / F)| at which skews reach their cap, ppm.
    pub skew_min_k: u32,
    /// Width of the skews, ppm.
    pub skew_width: u32,
    /// Constant part of their width, ppm.
    pub skew_static: u32,
    /// Part in the square root of time, ppm, signed.
    pub skew_scale: i32,
    /// Share of an expiry's positive shocked value that counts, ppm.
    pub base_long: u32,
    /// Its decay, ppm a year.
    pub long_add: u32,
    /// Multiplier of the forward, basis up, ppm.
    pub basis_up: u32,
    /// Multiplier of the forward, basis down, ppm.
    pub basis_down: u32,
    /// Share of the basis loss that counts at once, ppm.
    pub basis_add: u32,
    /// Further share a year, ppm.
    pub basis_mult: u32,
    /// Per naked short in both balances, ppm of spot.
    pub mm_option: u32,
    /// Per naked short in the initial balance besides, ppm of spot.
    pub im_option: u32,
    /// Confidence below which the add-on applies, ppm.
    pub conf_threshold: u32,
    /// Factor of that add-on, ppm.
    pub conf_margin: u32,
    /// Price of the quote token below which the initial loss factor rises, ppm of a USD.
    pub peg_threshold: u32,
    /// By this multiple of the gap, ppm.
    pub peg_factor: u32,
    /// Factor on the worst loss, maintenance, ppm.
    pub mm_factor: u32,
    /// Factor on the worst loss, initial, ppm.
    pub im_factor: u32,
    /// Oldest risk rows that may stand in for fresh prices, seconds.
    pub rows_max_age_seconds: u32,
    /// Largest distance of the accepted price from theirs, ppm.
    pub rows_max_drift: u32,
    /// Paid from an expiry's trade fees for a refresh of rows that were due: quote atoms.
    pub rows_pay: u32,
    /// Share of a series' open interest that an account may hold without charge, ppm.
    pub concentration_share: u32,
    /// Contracts of a series that any account may hold without charge.
    pub concentration_free: u32,
    /// Per contract beyond both, initial balance, ppm of spot.
    pub concentration_rate: u32,
    /// What a shock of volatility alone may cost without charge: whole units of the quote token.
    pub vega_free: u32,
    /// Share of what it costs beyond, initial balance, ppm.
    pub vega_rate: u32,
    /// Taken off the realised correlation with another underlying before it offsets anything, ppm.
    pub correlation_margin: u32,
    /// Largest share of the losses of two underlyings that offset each other, ppm.
    pub correlation_cap: u32,
    /// Underlyings whose correlation with this one is measured, by index; 65,535 for none.
    pub correlation_peers: [u16; 2],
    /// 1: basis up and down are scenarios besides; 0: not.
    pub basis_scenarios: u32,
    /// Time to expiry below which spreads are charged for what they may lose between two steps, seconds; 0: never.
    pub near_seconds: u32,
}

mirror!(ClearinghouseParameters => plimsoll_core::parameters::ClearinghouseParameters { debt_cap, outflow_reserved, trade_fee, trade_fee_premium_cap, insurance_share, debt_rate, sale_discount_max, sale_window_seconds, settlement_hold_seconds, outflow_window_seconds, outflow_cap, collateral_conf_threshold, collateral_conf_factor, padding });
mirror!(OracleParameters => plimsoll_core::oracle::OracleParameters { price_min, price_max, max_age_seconds, liquidation_max_age_seconds, future_max_seconds, walk_max_seconds, max_confidence, max_ema_divergence, max_move_per_update, max_move_per_second, confidence_full, max_wild });
mirror!(VolatilityParameters => plimsoll_core::volatility::VolatilityParameters { fast_half_life_seconds, slow_half_life_seconds, floor, cap, blend, reversion_seconds, reference, padding });
mirror!(ScanParameters => plimsoll_core::volatility::ScanParameters { deviations, horizon_seconds, range_floor, range_cap, range_reference, scale_cap, daily_rise, padding });
mirror!(AuctionParameters => plimsoll_core::liquidation::AuctionParameters { d0, d1, fast_seconds, slow_seconds, buffer, cutoff, start_fee, starter_share, slice, rho_max, rho_slope, rewind_seconds });
mirror!(GridParameters => plimsoll_core::grid::GridParameters { strike_step, expiry_interval_seconds, expiry_offset_seconds, min_lead_seconds, max_days, moneyness_low, moneyness_high });
mirror!(PortfolioParameters => plimsoll_core::margin::PortfolioParameters { grid_step, range_reference, tail_dampening, tails, range_up, range_down, min_vol_up, short_power, long_power, dte_floor_seconds, linear_base_cap, linear_c_base, abs_base_cap, abs_c_base, skew_min_k, skew_width, skew_static, skew_scale, base_long, long_add, basis_up, basis_down, basis_add, basis_mult, mm_option, im_option, conf_threshold, conf_margin, peg_threshold, peg_factor, mm_factor, im_factor, rows_max_age_seconds, rows_max_drift, rows_pay, concentration_share, concentration_free, concentration_rate, vega_free, vega_rate, correlation_margin, correlation_cap, correlation_peers, basis_scenarios, near_seconds });
mirror!(LimitParameters => plimsoll_core::trade::LimitParameters { max_quantity, open_interest_cap, price_band, price_band_floor, curing_slip, settlement_required_seconds, sample_hold_max_seconds, padding });

impl CrossParameters {
    /// The rule book's form.
    pub const fn rules(&self) -> plimsoll_core::margin::CrossParameters {
        plimsoll_core::margin::CrossParameters {
            max_spot: Ratio(self.max_spot),
            min_spot: Ratio(self.min_spot),
            mm_call: Ratio(self.mm_call),
            mm_put: Ratio(self.mm_put),
            mm_put_mark: Ratio(self.mm_put_mark),
            unpaired_im: Ratio(self.unpaired_im),
            unpaired_mm: Ratio(self.unpaired_mm),
            offset: Ratio(self.offset),
            conf_threshold: Ratio(self.conf_threshold),
            conf_factor: Ratio(self.conf_factor),
            depeg_threshold: Ratio(self.depeg_threshold),
            depeg_factor: Ratio(self.depeg_factor),
            long_im: Ratio(self.long_im),
            long_mm: Ratio(self.long_mm),
        }
    }

    /// The program's form.
    pub const fn from_rules(rules: &plimsoll_core::margin::CrossParameters) -> Self {
        Self {
            max_spot: rules.max_spot.0,
            min_spot: rules.min_spot.0,
            mm_call: rules.mm_call.0,
            mm_put: rules.mm_put.0,
            mm_put_mark: rules.mm_put_mark.0,
            unpaired_im: rules.unpaired_im.0,
            unpaired_mm: rules.unpaired_mm.0,
            offset: rules.offset.0,
            conf_threshold: rules.conf_threshold.0,
            conf_factor: rules.conf_factor.0,
            depeg_threshold: rules.depeg_threshold.0,
            depeg_factor: rules.depeg_factor.0,
            long_im: rules.long_im.0,
            long_mm: rules.long_mm.0,
        }
    }
}
