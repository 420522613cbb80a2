//! Accepted price and realised volatility of an underlying.

use anchor_lang::prelude::*;

use super::mirror::mirror;

/// The accepted price; mirrors `plimsoll_core::oracle::PriceState`, same bytes. Writer: `oracle_accept`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PriceData {
    /// Accepted price: quote atoms per whole underlying, > 0 once a price was accepted.
    pub price: i64,
    /// Average price (EMA) of the same update: quote atoms per whole underlying.
    pub ema: i64,
    /// Price of the same update before any cap on its move: quote atoms per whole underlying; = `price` when
    /// converged.
    pub raw: i64,
    /// Confidence interval: quote atoms per whole underlying, >= 0.
    pub confidence: i64,
    /// Publish time of the update: unix seconds, 0 before the first.
    pub publish_time: i64,
    /// Since when `price` walks toward `raw`: unix seconds; 0: converged.
    pub walking_since: i64,
    /// Seconds of all finished walks, >= 0; auction clocks stand still in them.
    pub walk_seconds: i64,
}

/// Realised volatility; mirrors `plimsoll_core::volatility::VolatilityState`, same bytes. Writer: `oracle_accept`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VolatilityData {
    /// Publish time of the last counted price: unix seconds, 0 before the first.
    pub sampled_at: i64,
    /// ln of that price in Q40.
    pub sampled_ln: i64,
    /// Fast average of the annualised variance, Q44.
    pub fast_variance: i64,
    /// Slow average of the annualised variance, Q44.
    pub slow_variance: i64,
    /// The volatility state: annualised, Q32, within floor and cap.
    pub state: i64,
    /// Scan range of the initial balance, ppm of spot.
    pub range_im: u32,
    /// Scan range of the maintenance balance, ppm of spot.
    pub range_mm: u32,
    /// Margin scale of the initial balance, ppm, >= 1,000,000.
    pub scale_im: u32,
    /// Margin scale of the maintenance balance, ppm, >= 1,000,000.
    pub scale_mm: u32,
    /// Up to when the rise of the maintenance range is used: unix seconds.
    pub range_at: i64,
}

/// Realised correlation with a peer; mirrors `plimsoll_core::correlation::CorrelationState`, same bytes. Writer:
/// `correlation_sample`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CorrelationData {
    /// Clock of the last sample: unix seconds, 0 before the first.
    pub sampled_at: i64,
    /// ln of the underlying's price then, Q40.
    pub own_ln: i64,
    /// ln of the peer's price then, Q40.
    pub peer_ln: i64,
    /// Annualised variance of the underlying, Q44.
    pub own_variance: i64,
    /// Annualised variance of the peer, Q44.
    pub peer_variance: i64,
    /// Annualised covariance, Q44, signed.
    pub covariance: i64,
    /// Correlation, ppm, signed.
    pub correlation: i32,
    /// Pairs of returns counted, less what missed hours took back.
    pub samples: u32,
}

/// Accepted price, walk state and volatility of one underlying; only `oracle_accept` writes it, but for the correlations.
///
/// Seeds: `oracle`, underlying.
#[account(zero_copy)]
#[derive(Debug)]
pub struct OracleState {
    /// The underlying. Writer: `underlying_create`.
    pub underlying: Pubkey,
    /// The accepted price.
    pub price: PriceData,
    /// The volatility state.
    pub volatility: VolatilityData,
    /// Number of accepted updates. Writer: `oracle_accept`.
    pub sequence: u64,
    /// Clock of the last acceptance: unix seconds. Writer: `oracle_accept`.
    pub accepted_at: i64,
    /// Index of the underlying. Writer: `underlying_create`.
    pub index: u16,
    /// Layout version. Writer: `underlying_create`.
    pub version: u8,
    /// Bump of this address. Writer: `underlying_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 4],
    /// By place among the underlying's `correlation_peers`. Writer: `correlation_sample`.
    pub correlations: [CorrelationData; 2],
    /// Zero; room for later layouts.
    pub reserved: [u8; 128],
}

const _: () = assert!(core::mem::offset_of!(OracleState, price) == 32);
const _: () = assert!(core::mem::size_of::<OracleState>() == 416);

mirror!(PriceData => plimsoll_core::oracle::PriceState {
    price, ema, raw, confidence, publish_time, walking_since, walk_seconds
});
mirror!(VolatilityData => plimsoll_core::volatility::VolatilityState {
    sampled_at, sampled_ln, fast_variance, slow_variance, state, range_im, range_mm, scale_im, scale_mm, range_at
});
mirror!(CorrelationData => plimsoll_core::correlation::CorrelationState {
    sampled_at, own_ln, peer_ln, own_variance, peer_variance, covariance, correlation, samples
});
