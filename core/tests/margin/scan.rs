//! The scan range and the margin scale.

use plimsoll_core::margin::{margin_scale, scan_range, ScanParameters};
use plimsoll_core::units::{Ratio, Vol};
use proptest::prelude::*;

const P: ScanParameters = ScanParameters::REFERENCE;

#[test]
fn the_range_is_rounded_up_to_whole_steps_between_floor_and_cap() {
    let percent = |p: i64| Vol((p << 32) / 100);
    // 4 x 80 % x sqrt(1 / 365) = 16.75 %: four steps of 4.5 %.
    assert_eq!(scan_range(percent(80), &P), Ok(Ratio(180_000)));
    // 4 x 90 % x sqrt(1 / 365) = 18.84 %: five.
    assert_eq!(scan_range(percent(90), &P), Ok(Ratio(225_000)));
    assert_eq!(scan_range(Vol(0), &P), Ok(Ratio(90_000)));
    assert_eq!(scan_range(percent(500), &P), Ok(Ratio(360_000)));
    assert_eq!(scan_range(Vol(i64::MAX), &P), Ok(Ratio(360_000)));
    assert!(scan_range(Vol(0), &ScanParameters { step: Ratio(0), ..P }).is_err());
}

#[test]
fn the_scale_is_one_up_to_the_reference_and_capped_above() {
    assert_eq!(margin_scale(Ratio(90_000), &P), Ok(Ratio::ONE));
    assert_eq!(margin_scale(Ratio(180_000), &P), Ok(Ratio::ONE));
    assert_eq!(margin_scale(Ratio(225_000), &P), Ok(Ratio(1_250_000)));
    assert_eq!(margin_scale(Ratio(900_000), &P), Ok(P.scale_cap));
    assert!(margin_scale(Ratio(1), &ScanParameters { reference: Ratio(0), ..P }).is_err());
}

#[test]
fn a_refused_parameter_is_named() {
    assert!(P.validate().is_ok());
    let field = |p: ScanParameters| p.validate().unwrap_err().field;
    assert_eq!(field(ScanParameters { deviations: Ratio(0), ..P }), "deviations");
    assert_eq!(field(ScanParameters { horizon: -1, ..P }), "horizon");
    assert_eq!(field(ScanParameters { step: Ratio(1), ..P }), "step");
    assert_eq!(field(ScanParameters { cap: Ratio(44_999), ..P }), "cap");
    assert_eq!(field(ScanParameters { floor: Ratio(360_001), ..P }), "floor");
    assert_eq!(field(ScanParameters { reference: Ratio(0), ..P }), "reference");
    assert_eq!(field(ScanParameters { scale_cap: Ratio(1), ..P }), "scale_cap");
}

proptest! {
    #[test]
    fn the_range_never_falls_as_volatility_rises(a in 0i64..1 << 36, b in 0i64..1 << 36) {
        let (low, high) = (a.min(b), a.max(b));
        let (low, high) = (scan_range(Vol(low), &P).unwrap(), scan_range(Vol(high), &P).unwrap());
        prop_assert!(low <= high);
        prop_assert!(margin_scale(low, &P).unwrap() <= margin_scale(high, &P).unwrap());
        prop_assert_eq!(high.0 % P.step.0, 0);
    }
}
