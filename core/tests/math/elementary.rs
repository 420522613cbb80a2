//! ln, exp, sqrt and pow against mpmath, and their ends.

use plimsoll_core::math::elementary::{exp, ln, ln_integer, pow, scale, sqrt};
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::tables::LN_ERROR_Q60;
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, q60, rows};

#[test]
fn logarithm_is_within_its_bound_in_every_cell_and_over_the_range() {
    let mut cells = rows(&["tables", "ln"]);
    cells.extend(rows(&["elementary", "ln"]));
    let worst = cells.iter().map(|row| ((i128::from(ln(arg(row[0]))) << 20) - row[1]).abs()).max().unwrap();
    println!("ln {:.3e}", q60(worst));
    // The table, half a unit of Q40, and 32 times the last bit of ln 2.
    assert!(worst <= i128::from(LN_ERROR_Q60) + (1 << 19) + (1 << 18), "{worst}");
    assert!(worst < 1 << 21);
}

#[test]
fn exponential_is_within_its_bound_in_every_cell_and_over_the_range() {
    let mut cells = rows(&["tables", "exp"]);
    cells.extend(rows(&["elementary", "exp"]));
    let mut worst = 0.0f64;
    for row in cells {
        let error = ((i128::from(exp(arg(row[0]))) << 28) - row[1]).abs();
        let allowed = 1e-10 * q60(row[1]) + q60(1 << 27);
        worst = worst.max((q60(error) - q60(1 << 27)) / q60(row[1]));
        assert!(q60(error) <= allowed, "{row:?} {error}");
    }
    println!("exp relative {worst:.3e}");
}

#[test]
fn square_root_is_within_one_unit() {
    for row in rows(&["elementary", "sqrt"]) {
        let error = row[1] - (i128::from(sqrt::<32, 32>(arg(row[0]))) << 28);
        assert!(error >= -1 && error <= (1 << 28) + row[1] / (1 << 58), "{row:?} {error}");
    }
}

#[test]
fn power_is_within_its_bound() {
    for row in rows(&["elementary", "pow"]) {
        let (x, p) = (arg(row[0]), arg(row[1]));
        let error = ((i128::from(pow(x, p)) << 28) - row[2]).abs();
        assert!(q60(error) <= 3.5e-10 * q60(row[2]) + q60(1 << 27), "{row:?} {error}");
    }
    assert_eq!(pow(5 * ONE, 0), ONE);
}

#[test]
fn ends_saturate() {
    assert_eq!(ln(0), ln(1));
    assert_eq!(ln(i64::MIN), ln(1));
    assert_eq!(ln(ONE), 0);
    assert_eq!(ln_integer(1), 0);
    assert_eq!(ln_integer(-5), 0);
    assert_eq!(exp(0), ONE);
    assert_eq!(exp(i64::MAX), i64::MAX);
    assert_eq!(exp(i64::MIN), 0);
    assert_eq!(sqrt::<32, 32>(-1), 0);
    assert_eq!(sqrt::<32, 32>(4 * ONE), 2 * ONE);
    assert_eq!(scale(i64::MAX, i64::MAX), i64::MAX);
    assert_eq!(scale(i64::MIN, i64::MAX), i64::MIN);
}

proptest! {
    #[test]
    fn total_on_any_integer(x in any_integer(), y in any_integer()) {
        let _ = (ln(x), ln_integer(x), scale(x, y), pow(x, y));
        prop_assert!(exp(x) >= 0 && sqrt::<52, 40>(x) >= 0 && sqrt::<0, 29>(x) >= 0);
    }

    #[test]
    fn logarithm_rises(x in 1i64.., y in 1i64..) {
        let (lo, hi) = (x.min(y), x.max(y));
        prop_assert!(ln(lo) <= ln(hi) + 4);
    }

    #[test]
    fn exponential_undoes_logarithm(x in 1i64 << 16..1i64 << 60) {
        let back = exp(ln(x) >> 8);
        prop_assert!((back - x).abs() <= x / 2_000_000_000 + 1, "{} {}", back, x);
    }
}
