//! The smile against mpmath, on both paths.

use plimsoll_core::math::black76::ln_price;
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::smile::{Smile, Svi, VARIANCE_MAX, VOL_MAX};
use plimsoll_core::math::time::YEAR;
use plimsoll_core::math::wide::{self, Wide};
use proptest::prelude::*;

use super::fixed::any_integer;
use super::golden::{arg, q60, rows};

#[test]
fn total_variance_and_volatility_match_on_both_paths() {
    let (mut worst, mut worst_wide) = (0.0f64, 0.0f64);
    for row in rows(&["smile"]) {
        let [a, b, rho, m, sigma, forward, tau, strike] = core::array::from_fn(|i| arg(row[i]));
        let smile = Smile::new(Svi { a, b, rho, m, sigma }, ln_price(forward), tau).unwrap();
        let w = (i128::from(smile.total_variance(ln_price(strike))) << 8) - row[8];
        let v = (i128::from(smile.vol(ln_price(strike))) << 28) - row[9];
        let exact = Svi64 { a, b, rho, m, sigma, forward, tau }.wide();
        let wide_v = (exact.vol(Wide::from_integer(strike)).raw() >> 4) - row[9];
        // What counts is the error of v sqrt(tau), relative to the price: 0.4 F at most.
        let root = (tau as f64 / YEAR as f64).sqrt();
        worst = worst.max(q60(v.abs()) * root);
        worst_wide = worst_wide.max(q60(wide_v.abs()) * root);
        assert!(q60(w.abs()) <= 1e-8 * q60(row[8]) + 1e-10, "{row:?} {}", q60(w));
        assert!(q60(v.abs()) * root <= 5e-9 * (1.0 + 0.001 / q60(row[8]).sqrt().max(1e-6)), "{row:?} {}", q60(v));
        assert!(q60(wide_v.abs()) <= 1e-11, "{row:?} {}", q60(wide_v));
    }
    println!("smile: v sqrt(tau) {worst:.3e}, wide {worst_wide:.3e}");
}

struct Svi64 {
    a: i64,
    b: i64,
    rho: i64,
    m: i64,
    sigma: i64,
    forward: i64,
    tau: i64,
}

impl Svi64 {
    fn wide(&self) -> wide::Svi {
        let q = Wide::from_q32;
        wide::Svi {
            a: q(self.a),
            b: q(self.b),
            rho: q(self.rho),
            m: q(self.m),
            sigma: q(self.sigma),
            forward: Wide::from_integer(self.forward),
            tau: Wide::from_ratio(self.tau.into(), YEAR.into()).unwrap(),
        }
    }
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let good = Svi { a: ONE / 10, b: ONE / 10, rho: 0, m: 0, sigma: ONE / 10 };
    assert!(Smile::new(good, 0, YEAR).is_some());
    for bad in [
        Svi { a: 145 * ONE, ..good },
        Svi { a: -145 * ONE, ..good },
        Svi { b: -1, ..good },
        Svi { b: 17 * ONE, ..good },
        Svi { rho: ONE + 1, ..good },
        Svi { rho: -ONE - 1, ..good },
        Svi { m: 17 * ONE, ..good },
        Svi { sigma: -1, ..good },
        Svi { sigma: 17 * ONE, ..good },
    ] {
        assert!(Smile::new(bad, 0, YEAR).is_none(), "{bad:?}");
    }
    assert!(Smile::new(good, 0, 0).is_none());
    assert!(Smile::new(good, 0, 17 * YEAR).is_none());
}

proptest! {
    #[test]
    fn every_accepted_smile_is_total(
        a in -144i64..=144, b in 0i64..=16, rho in -ONE..=ONE, m in -16i64..=16, sigma in 0i64..=16,
        ln_f in any_integer(), ln_k in any_integer(), tau in 1i64..16 * YEAR,
    ) {
        let svi = Svi { a: a << 32, b: b << 32, rho, m: m << 32, sigma: sigma << 32 };
        let smile = Smile::new(svi, ln_f, tau).unwrap();
        prop_assert!((0..=VARIANCE_MAX).contains(&smile.total_variance(ln_k)));
        prop_assert!((0..=VOL_MAX).contains(&smile.vol(ln_k)));
    }
}
