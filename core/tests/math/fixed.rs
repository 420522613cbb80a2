//! Rounding directions, overflow and roots.

use plimsoll_core::math::fixed::*;
use proptest::prelude::*;

#[test]
fn rounding_goes_where_the_name_says() {
    assert_eq!(mul_div_down(7, 1, 2), Some(3));
    assert_eq!(mul_div_up(7, 1, 2), Some(4));
    assert_eq!(mul_div_down(-7, 1, 2), Some(-4));
    assert_eq!(mul_div_up(-7, 1, 2), Some(-3));
    assert_eq!(mul_div_down(7, 1, -2), Some(-4));
    assert_eq!(mul_div_up(7, 1, -2), Some(-3));
    assert_eq!(mul_div_down(-6, 1, 2), Some(-3));
    assert_eq!(mul_div_up(-6, 1, 2), Some(-3));
}

#[test]
fn zero_divisor_and_overflow_give_none() {
    assert_eq!(mul_div_down(1, 1, 0), None);
    assert_eq!(mul_div_up(i64::MAX, i64::MAX, 0), None);
    assert_eq!(mul_div_down(i64::MAX, 2, 1), None);
    assert_eq!(mul_div_down(i64::MIN, -1, 1), None);
    assert_eq!(mul_div_up(i64::MIN, 1, 1), Some(i64::MIN));
    assert_eq!(mul_div_down(i64::MIN, i64::MIN, i64::MIN), Some(i64::MIN));
}

/// Any integer, with the ends and small ones often.
pub fn any_integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -4i64..5,
        Just(i64::MIN),
        Just(i64::MAX),
        Just(i64::MIN + 1),
        (0u32..63, -1i64..2).prop_map(|(bit, near)| (1i64 << bit) + near),
    ]
}

proptest! {
    #[test]
    fn mul_div_is_the_floor_and_the_ceiling(a in any_integer(), b in any_integer(), d in any_integer()) {
        prop_assume!(d != 0);
        let product = i128::from(a) * i128::from(b);
        let d = i128::from(d);
        let floor = product.div_euclid(d) - i128::from(d < 0 && product.rem_euclid(d) != 0);
        let ceiling = floor + i128::from(product % d != 0);
        prop_assert_eq!(mul_div_down(a, b, d as i64), i64::try_from(floor).ok());
        prop_assert_eq!(mul_div_up(a, b, d as i64), i64::try_from(ceiling).ok());
    }

    #[test]
    fn mul_shift_is_the_floor(a in any_integer(), b in any_integer(), shift in 1u32..64) {
        let product = i128::from(a) * i128::from(b);
        prop_assert_eq!(mul_shift_down(a, b, shift), saturate(product >> shift));
    }

    #[test]
    fn leading_zeros_are_those_of_the_standard_library(x in any::<u64>(), places in 0u32..64) {
        prop_assert_eq!(leading_zeros(x >> places), (x >> places).leading_zeros());
        prop_assert_eq!(leading_zeros(0), 64);
    }

    #[test]
    fn roots_are_floors(x in any::<u64>(), hi in any::<u64>()) {
        let y = (u128::from(hi) << 64) | u128::from(x);
        let root = isqrt_u128(y);
        prop_assert!(root * root <= y && (root + 1).checked_mul(root + 1).is_none_or(|next| next > y));
    }

    #[test]
    fn scaling_down_rounds_to_nearest_and_up_is_exact(x in any_integer(), shift in 0i32..63) {
        let positive = i128::from(x.max(0));
        prop_assert_eq!(scale_by_power(x, shift), saturate(positive << shift).min(i64::MAX >> shift << shift));
        let back = i128::from(scale_by_power(x, -shift)) << shift;
        prop_assert!((back - positive).abs() * 2 <= 1 << shift);
    }

    #[test]
    fn the_normalising_shift_puts_the_top_bit_in_place(x in 1i64.., bit in 0u8..62) {
        let shift = shift_to_bit(x, bit);
        let moved = if shift >= 0 { x << shift } else { x >> -shift };
        prop_assert!(moved >> bit == 1);
    }
}

#[test]
fn bounded_arithmetic_is_that_of_the_standard_library() {
    let ends =
        [i64::MIN, i64::MIN + 1, -(1 << 62), -(1 << 32), -2, -1, 0, 1, 2, 3, 1 << 31, 1 << 32, 1 << 62, i64::MAX];
    for a in ends {
        for b in ends {
            assert_eq!(a.exact_add(b), a.checked_add(b), "{a} + {b}");
            assert_eq!(a.exact_sub(b), a.checked_sub(b), "{a} - {b}");
            assert_eq!(a.saturated_add(b), a.saturating_add(b), "{a} + {b}");
            assert_eq!(a.saturated_sub(b), a.saturating_sub(b), "{a} - {b}");
            assert_eq!(a.saturated_mul(b), a.saturating_mul(b), "{a} x {b}");
        }
    }
}

proptest! {
    #[test]
    fn bounded_arithmetic_of_any_numbers_is_that_of_the_standard_library(a: i64, b: i64, shift in 0u32..64) {
        let b = b >> shift;
        prop_assert_eq!(a.exact_add(b), a.checked_add(b));
        prop_assert_eq!(a.exact_sub(b), a.checked_sub(b));
        prop_assert_eq!(a.saturated_add(b), a.saturating_add(b));
        prop_assert_eq!(a.saturated_sub(b), a.saturating_sub(b));
        prop_assert_eq!(a.saturated_mul(b), a.saturating_mul(b));
    }
}

#[test]
fn powers_of_ten_end_where_the_integer_does() {
    for exponent in 0..64 {
        assert_eq!(power_of_ten(exponent), 10i64.checked_pow(exponent), "10^{exponent}");
    }
}
