//! Hard ranges: what is shipped is inside; one step past a bound names its field.

use bytemuck::Pod;
use plimsoll_core::grid::GridParameters;
use plimsoll_core::liquidation::AuctionParameters;
use plimsoll_core::oracle::OracleParameters;
use plimsoll_core::parameters::*;
use plimsoll_core::trade::LimitParameters;
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters};
use proptest::prelude::*;

/// Every group that is shipped, under its own name.
#[test]
fn what_is_shipped_is_valid() {
    assert_eq!(ClearinghouseParameters::shipped().validate(), Ok(()));
    assert_eq!(OracleParameters::shipped().validate(), Ok(()));
    assert_eq!(VolatilityParameters::shipped().validate(), Ok(()));
    assert_eq!(ScanParameters::shipped().validate(), Ok(()));
    assert_eq!(AuctionParameters::shipped().validate(), Ok(()));
    assert_eq!(GridParameters::shipped().validate(), Ok(()));
    assert_eq!(LimitParameters::shipped().validate(), Ok(()));
}

/// Whether the largest value of the field at byte `offset` is refused.
fn bounded<P: Pod>(
    shipped: P,
    offset: usize,
    size: usize,
    validate: impl Fn(&P) -> Result<(), ParameterError>,
) -> bool {
    let mut changed = shipped;
    let bytes = bytemuck::bytes_of_mut(&mut changed);
    bytes[offset..offset + size].fill(0xff);
    if size == 8 {
        bytes[offset + 7] = 0x7f;
    }
    validate(&changed).is_err()
}

fn every_field_is_bounded<P: Pod>(shipped: P, wide: usize, validate: impl Fn(&P) -> Result<(), ParameterError>) {
    let mut offset = 0;
    while offset < core::mem::size_of::<P>() {
        let size = if offset < wide * 8 { 8 } else { 4 };
        assert!(bounded(shipped, offset, size, &validate), "byte {offset} has no upper bound");
        offset += size;
    }
}

#[test]
fn every_field_of_every_group_has_an_upper_bound() {
    every_field_is_bounded(ClearinghouseParameters::shipped(), 2, |p| p.validate());
    every_field_is_bounded(OracleParameters::shipped(), 2, |p| p.validate());
    every_field_is_bounded(VolatilityParameters::shipped(), 0, |p| p.validate());
    every_field_is_bounded(ScanParameters::shipped(), 0, |p| p.validate());
    every_field_is_bounded(AuctionParameters::shipped(), 0, |p| p.validate());
    every_field_is_bounded(GridParameters::shipped(), 1, |p| p.validate());
    every_field_is_bounded(LimitParameters::shipped(), 2, |p| p.validate());
}

fn error(field: &'static str, value: i64, low: i64, high: i64) -> Result<(), ParameterError> {
    Err(ParameterError { field, value, low, high })
}

#[test]
fn a_range_includes_its_ends() {
    assert_eq!(in_range("x", 5, 5, 9), Ok(()));
    assert_eq!(in_range("x", 9, 5, 9), Ok(()));
    assert_eq!(in_range("x", 4, 5, 9), error("x", 4, 5, 9));
    assert_eq!(in_range("x", 10u32, 5u32, 9u32), error("x", 10, 5, 9));
    let text = in_range("x", 10, 5, 9).unwrap_err().to_string();
    assert_eq!(text, "x = 10 is outside [5, 9]");
}

#[test]
fn the_oracle_group_keeps_its_order() {
    let base = OracleParameters::shipped();
    let with = |change: fn(&mut OracleParameters)| {
        let mut changed = base;
        change(&mut changed);
        changed.validate()
    };
    assert_eq!(with(|p| p.future_max_seconds = 60), Ok(()));
    assert_eq!(with(|p| p.future_max_seconds = 61), error("future_max_seconds", 61, 0, 60));
    assert_eq!(with(|p| p.liquidation_max_age_seconds = 60), Ok(()));
    assert_eq!(with(|p| p.liquidation_max_age_seconds = 61), error("liquidation_max_age_seconds", 61, 5, 60));
    assert_eq!(with(|p| p.price_min = 0), error("price_min", 0, 1, 1_000_000_000_000_000_000));
    assert_eq!(with(|p| p.max_move_per_second = 100_001), error("max_move_per_second", 100_001, 100, 100_000));
    assert_eq!(with(|p| p.max_confidence = 500_001), error("max_confidence", 500_001, 100, 500_000));
    assert_eq!(with(|p| p.max_ema_divergence = 500_001), error("max_ema_divergence", 500_001, 1_000, 500_000));
    assert_eq!(with(|p| p.walk_max_seconds = 0), error("walk_max_seconds", 0, 1, 900));
}

#[test]
fn the_auction_group_keeps_its_order() {
    let base = AuctionParameters::shipped();
    assert_eq!(AuctionParameters { d1: 980_000, ..base }.validate(), Ok(()));
    let refused = AuctionParameters { d1: 980_001, ..base }.validate();
    assert_eq!(refused, error("d1", 980_001, 100_000, 980_000));
    let refused = AuctionParameters { rho_max: 999_999, ..base }.validate();
    assert_eq!(refused, error("rho_max", 999_999, 1_000_000, 10_000_000));
    assert_eq!(AuctionParameters { fast_seconds: 9, ..base }.validate(), error("fast_seconds", 9, 10, 7_200));
}

#[test]
fn volatility_and_scan_keep_their_order() {
    let base = VolatilityParameters::shipped();
    let refused = VolatilityParameters { slow_half_life_seconds: 21_599, ..base }.validate();
    assert_eq!(refused, error("slow_half_life_seconds", 21_599, 21_600, 7_776_000));
    let refused = VolatilityParameters { reference: 349_999, ..base }.validate();
    assert_eq!(refused, error("reference", 349_999, 350_000, 5_000_000));
    assert_eq!(VolatilityParameters { padding: 1, ..base }.validate(), error("padding", 1, 0, 0));
    let scan = ScanParameters { range_floor: 480_001, ..ScanParameters::shipped() };
    assert_eq!(scan.validate(), error("range_floor", 480_001, 10_000, 480_000));
}

#[test]
fn grid_and_clearinghouse_keep_their_order() {
    let grid = GridParameters { expiry_offset_seconds: 86_400, ..GridParameters::shipped() };
    assert_eq!(grid.validate(), error("expiry_offset_seconds", 86_400, 0, 86_399));
    let none = ClearinghouseParameters { outflow_reserved: 999_999, ..ClearinghouseParameters::shipped() };
    assert_eq!(none.validate(), error("outflow_reserved", 999_999, 1_000_000, 1_000_000_000_000_000));
    let limits = LimitParameters { sample_hold_max_seconds: 301, ..LimitParameters::shipped() };
    assert_eq!(limits.validate(), error("sample_hold_max_seconds", 301, 10, 300));
}

#[test]
fn shares_round_as_they_say() {
    assert_eq!((ppm_down(7, 500_000), ppm_up(7, 500_000)), (Some(3), Some(4)));
    assert_eq!((ppm_down(-7, 500_000), ppm_up(-7, 500_000)), (Some(-4), Some(-3)));
    assert_eq!((ppm_down(8, 500_000), ppm_up(8, 500_000)), (Some(4), Some(4)));
    assert_eq!(ppm_down(i64::MAX, 1_000_000), Some(i64::MAX));
    assert_eq!(ppm_up(i64::MIN + 1_000_000, 1_000_000), Some(i64::MIN + 1_000_000));
    assert_eq!(ppm_up(i64::MIN, 1_000_000), None);
    assert_eq!((ppm_down(i64::MAX, 1_000_001), ppm_up(i64::MAX, u32::MAX)), (None, None));
}

proptest! {
    #[test]
    fn shares_are_exact(value: i64, ratio: u32) {
        let exact = i128::from(value) * i128::from(ratio);
        let (down, up) = (exact.div_euclid(1_000_000), -(-exact).div_euclid(1_000_000));
        // Within i64 both are exact; at its very end `None` is allowed, never a wrong number.
        for (got, want) in [(ppm_down(value, ratio), down), (ppm_up(value, ratio), up)] {
            match got {
                Some(got) => prop_assert_eq!(i128::from(got), want),
                None => prop_assert!(want.abs() > i128::from(i64::MAX) - (1 << 33)),
            }
        }
    }
}
