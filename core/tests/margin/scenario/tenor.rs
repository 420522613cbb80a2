//! What a tenor makes of a strike: the skewed deviations.

use plimsoll_core::margin::scenario::tenor::Skew;
use plimsoll_core::margin::scenario::Tenor;
use proptest::prelude::*;

const ONE: i128 = 1 << 32;

/// A tenor with v sqrt(t) `plain` whose skews reach `caps` at `wing`, with the least slope that does; all in Q32.
fn tenor(plain: i64, caps: [i64; 2], wing: i64) -> Tenor {
    let slope = |cap: i64| ((i128::from(cap) << 32) / i128::from(wing)) as i64 + i64::from(cap > 0);
    let skews = caps.map(|cap| Skew { cap, slope: slope(cap) });
    Tenor { deviations: [plain, 0, 0], skews, wing, ..Tenor::default() }
}

/// `plain max(0, 1 + clamp(k slope, -cap, cap))` with k in Q32, floors where 64 bits have them.
fn expected(plain: i64, skew: &Skew, k: i128) -> i128 {
    let cap = i128::from(skew.cap);
    let change = ((k * i128::from(skew.slope)) >> 32).clamp(-cap, cap);
    (i128::from(plain) * (ONE + change).max(0)) >> 32
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_skew_is_the_clamped_line_inside_the_wing_and_beyond(
        plain in 0i64..50 << 32,
        caps in prop::array::uniform2(0i64..5 << 32),
        wing in 1i64 << 22..80 << 32,
        k in -(17i64 << 40)..17 << 40,
    ) {
        let tenor = tenor(plain, caps, wing);
        let [linear, absolute] = &tenor.skews;
        for k in [k, wing << 8, (wing - 1) << 8, -(wing << 8), -((wing - 1) << 8), (wing << 8) - 1, 0, -1] {
            let short = i128::from(k >> 8);
            let both = [expected(plain, linear, short), expected(plain, absolute, short.abs())];
            prop_assert_eq!(tenor.skewed(k).map(i128::from), both, "{}", k);
        }
    }
}

#[test]
fn tenors_that_differ_in_the_wing_alone_price_alike() {
    let near = tenor(1 << 30, [1 << 29; 2], 1 << 31);
    let far = Tenor { wing: near.wing + (1 << 25), ..near };
    assert_eq!(near.distance_up(&far), 0);
    for k in (-(3i64 << 40)..3 << 40).step_by(1 << 33) {
        assert_eq!(near.skewed(k), far.skewed(k), "{k}");
    }
}
