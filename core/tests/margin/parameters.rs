//! Hard ranges of the cross parameters.

use plimsoll_core::margin::CrossParameters;
use plimsoll_core::parameters::ParameterError;
use plimsoll_core::units::Ratio;

const P: CrossParameters = CrossParameters::REFERENCE;

#[test]
fn what_new_underlyings_start_from_is_inside_every_range() {
    assert_eq!(P.validate(), Ok(()));
}

#[test]
fn a_refusal_names_the_field_the_value_and_the_bound() {
    let refused = CrossParameters { offset: Ratio(999_999), ..P }.validate();
    let error = ParameterError { field: "offset", value: 999_999, low: 1_000_000, high: 3_000_000 };
    assert_eq!(refused, Err(error));
    assert_eq!(error.to_string(), "offset = 999999 is outside [1000000, 3000000]");
}

#[test]
fn every_field_is_checked_on_both_sides() {
    for (index, (range, _)) in P.ranges().enumerate() {
        for outside in [range.low - 1, range.high + 1].into_iter().flat_map(u32::try_from) {
            let mut p = P;
            set(&mut p, index, Ratio(outside));
            assert_eq!(p.validate().unwrap_err().field, range.field);
        }
    }
}

#[test]
fn initial_never_asks_for_less_than_maintenance() {
    let field = |p: CrossParameters| p.validate().unwrap_err().field;
    assert_eq!(field(CrossParameters { min_spot: Ratio(150_001), ..P }), "min_spot");
    assert_eq!(field(CrossParameters { mm_call: Ratio(100_001), ..P }), "mm_call");
    assert_eq!(field(CrossParameters { mm_put: Ratio(100_001), ..P }), "mm_put");
    assert_eq!(field(CrossParameters { unpaired_mm: Ratio(1_200_001), ..P }), "unpaired_mm");
    assert_eq!(field(CrossParameters { long_im: Ratio(500_001), ..P }), "long_im");
}

fn set(p: &mut CrossParameters, index: usize, value: Ratio) {
    let fields = [
        &mut p.max_spot,
        &mut p.min_spot,
        &mut p.mm_call,
        &mut p.mm_put,
        &mut p.mm_put_mark,
        &mut p.unpaired_im,
        &mut p.unpaired_mm,
        &mut p.offset,
        &mut p.conf_threshold,
        &mut p.conf_factor,
        &mut p.depeg_threshold,
        &mut p.depeg_factor,
        &mut p.long_im,
        &mut p.long_mm,
    ];
    *fields.into_iter().nth(index).unwrap() = value;
}
