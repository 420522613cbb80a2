//! The tables at both ends and inside every cell.

use plimsoll_core::math::normal::{cdf, mills, pdf, ONE_Q31};
use plimsoll_core::math::tables::{CDF_ERROR_Q60, MILLS_ERROR_Q60, PDF_ERROR_Q60};
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, rows};

fn worst(table: &str, function: fn(i64) -> i64) -> i128 {
    rows(&["tables", table]).iter().map(|row| ((i128::from(function(arg(row[0]))) << 29) - row[1]).abs()).max().unwrap()
}

#[test]
fn distribution_and_density_stay_within_their_proved_bounds() {
    let (n, phi) = (worst("cdf", cdf), worst("pdf", pdf));
    println!("cdf {:.3e} pdf {:.3e}", super::golden::q60(n), super::golden::q60(phi));
    assert!(n <= i128::from(CDF_ERROR_Q60), "{n}");
    assert!(phi <= i128::from(PDF_ERROR_Q60), "{phi}");
}

#[test]
fn mills_ratio_stays_within_its_proved_bound() {
    let error = worst("mills", mills);
    println!("mills {:.3e}", super::golden::q60(error));
    assert!(error <= i128::from(MILLS_ERROR_Q60) + (1 << 28), "{error}");
}

#[test]
fn beyond_the_table_the_limits_are_exact() {
    for x in [8 << 32, i64::MAX, 9 << 32] {
        assert_eq!((cdf(x), pdf(x)), (ONE_Q31, 0));
        assert_eq!((cdf(-x), pdf(-x)), (0, 0));
    }
    assert_eq!((cdf(i64::MIN), pdf(i64::MIN)), (0, 0));
}

proptest! {
    #[test]
    fn distribution_is_symmetric_and_everything_in_range(x in any_integer()) {
        prop_assert!((0..=ONE_Q31).contains(&cdf(x)));
        prop_assert!((0..ONE_Q31 / 2).contains(&pdf(x)));
        prop_assert!((0..ONE_Q31).contains(&mills(x)));
        if x > i64::MIN && x != 0 {
            // One unit of rounding on either side.
            prop_assert!((cdf(x) + cdf(-x) - ONE_Q31).abs() <= 2);
            prop_assert!((pdf(x) - pdf(-x)).abs() <= 2);
        }
    }

    #[test]
    fn distribution_rises(x in -(9i64 << 32)..9i64 << 32, step in 1i64 << 12..1i64 << 30) {
        // Neighbouring cells may differ by two bounds at most.
        prop_assert!(cdf(x + step) + (CDF_ERROR_Q60 >> 28) + 1 >= cdf(x));
    }
}

#[test]
fn distribution_stays_in_range_at_every_place_of_the_outer_cells() {
    // What the kernel relies on to stay at or below the forward.
    for cell in (0..64i64).chain(448..512) {
        for t in (0..1 << 27).step_by(4_099) {
            let value = cdf(((cell << 27) | t) - (8 << 32));
            assert!((0..=ONE_Q31).contains(&value), "{cell} {t} {value}");
        }
    }
}
