//! The kernel's integer formulas once more in 128 bits, where nothing can wrap: what the 64-bit code gives must be the
//! same integer everywhere in its documented range. Its proofs of "no wrap" are what this holds to.

use plimsoll_core::math::black76::{
    call_price, price, Deviation, Forward, Scale, Shock, Strike, FORWARD_MULTIPLE_MAX, LOG_MAX, SD_MAX, SD_MIN,
};
use plimsoll_core::math::elementary::{exp, ln};
use plimsoll_core::math::fixed::ONE;
use plimsoll_core::math::tables::{DENSITY, EXP2, LN, MILLS, NORMAL};
use proptest::prelude::*;

const LN_2_Q40: i128 = 762_123_384_786;

/// `c0 + c1 t + c2 t^2 + c3 t^3`, floors where the kernel has them.
fn cubic(row: &[i64], t: i128, bits: u32, last: u32) -> i128 {
    let [c0, c1, c2, c3] = [0, 1, 2, 3].map(|index| i128::from(row[index]));
    c0 + ((t * (c1 + ((t * (c2 + ((t * c3) >> bits))) >> bits))) >> last)
}

/// Coefficients of a row whose first `plain` words stand for themselves, the others 2^30 above.
fn coefficients(row: &[u32; 4], plain: usize) -> [i64; 4] {
    std::array::from_fn(|index| i64::from(row[index]) - (i64::from(index >= plain) << 30))
}

/// N at a d + 8 in Q32.
fn distribution(y: i128) -> i128 {
    match y >> 36 {
        0 => cubic(&coefficients(&NORMAL[(y >> 27) as usize], 2), y & ((1 << 27) - 1), 27, 32),
        outside => i128::from(outside > 0) << 31,
    }
}

/// phi at a d + 8 in Q32.
fn density(y: i128) -> i128 {
    let x = (y - (8 << 32)).abs();
    let row = DENSITY.get((x >> 27) as usize);
    row.map_or(0, |row| cubic(&coefficients(row, 1), x & ((1 << 27) - 1), 27, 32))
}

fn mills(z: i128) -> i128 {
    let reciprocal = ((1i128 << 64) - 1) / z.max(1 << 32);
    let row = &MILLS[((reciprocal >> 26) & 63) as usize];
    cubic(row, reciprocal & ((1 << 26) - 1), 26, 31)
}

/// d1 + 8 in Q32 from x in Q40 and sd in Q32: the reciprocal of sd with 30 bits, x with ten places cut.
fn d1_from_edge(x: i128, sd: i128) -> i128 {
    let bits = 128 - sd.leading_zeros();
    let n = if bits <= 35 { sd << (35 - bits) } else { sd >> (bits - 35) };
    let ratio = ((1i128 << 64) - 1 - (n >> 1)) / n + 1;
    let (before, inverse) = match bits {
        ..22 => (0, ratio << (22 - bits)),
        22..=32 => (bits - 22, ratio),
        33.. => (10, ((ratio >> (bits - 33)) + 1) >> 1),
    };
    (((x >> before) * inverse) >> 27) + (sd >> 1) + (8 << 32)
}

/// The call in kernel units, from a prepared forward and strike.
fn call((f, ln_f): (i128, i128), (k, ln_k): (i128, i128), sd: i128) -> i128 {
    let (x, intrinsic) = (ln_f - ln_k, (f - k).max(0));
    if sd < i128::from(SD_MIN) {
        return intrinsic;
    }
    if sd > i128::from(SD_MAX) {
        return f;
    }
    if x.abs() > ((9 * sd) << 8).min(LOG_MAX.into()) {
        return intrinsic;
    }
    let y = d1_from_edge(x, sd);
    let (long, short) = if x < -LN_2_Q40 {
        (f * distribution(y), f * ((density(y) * mills(sd + (8 << 32) - y)) >> 31))
    } else {
        (f * distribution(y), k * distribution(y - sd))
    };
    ((long - short + (1 << 30)) >> 31).max(intrinsic)
}

/// ln(x) of a Q32 number, in Q40.
fn logarithm(x: i128) -> i128 {
    let top = 127 - x.leading_zeros();
    let mantissa = x << (63 - top);
    let row = LN[((mantissa >> 57) & 63) as usize].map(i128::from);
    let long = (mantissa >> 15) & ((1 << 42) - 1);
    let t = long >> 14;
    let curve = (t * ((t * (row[2] + ((t * (row[3] + ((t * row[4]) >> 28))) >> 28))) >> 28)) >> 28;
    let sum = row[0] + ((row[1] * long) >> 42) + curve + (i128::from(top) - 32) * 48_775_896_626_292;
    (sum + 32) >> 6
}

/// e^x of a Q32 number inside the range, in Q32.
fn exponential(x: i128) -> i128 {
    let y = x * 48_408_812 + ((x * 21_684_416) >> 25);
    let fraction = (y >> 23) & ((1 << 34) - 1);
    let row = &EXP2[(fraction >> 28) as usize];
    let mantissa = cubic(row, fraction & ((1 << 28) - 1), 28, 28).clamp(1 << 40, (1 << 41) - 1);
    match (y >> 57) - 8 {
        places @ 0.. => mantissa << places,
        places => ((mantissa >> (-places - 1)) + 1) >> 1,
    }
}

/// A forward, a deviation of any size around the domain, and ln(K/F) up to 9.5 deviations and 17.
fn option() -> impl Strategy<Value = (i64, i64, i64)> {
    (20u32..50, any::<u64>(), 6.0f64..38.0, -1.0f64..1.0).prop_map(|(bits, noise, size, at)| {
        let forward = (1i64 << bits) | (noise & ((1 << bits) - 1)) as i64;
        let sd = size.exp2() as i64;
        let width = (sd as f64 / ONE as f64 * 9.5).min(17.0);
        (forward, ((forward as f64 * (at * width).exp()) as i64).max(1), sd)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn the_price_never_wraps((f, k, sd) in option(), factor in ONE / 20..FORWARD_MULTIPLE_MAX * ONE) {
        let scale = Scale::of(f);
        let (strike, forward, deviation) = (Strike::new(scale, k), Forward::new(scale, f), Deviation::new(sd));
        let wide = |forward: &Forward| {
            call((forward.f.into(), forward.ln_f.into()), (strike.k.into(), strike.ln_k.into()), sd.into())
        };
        let shocked = forward.shocked(&Shock::new(factor));
        prop_assert_eq!(i128::from(price(&strike, &forward, &deviation)), wide(&forward));
        prop_assert_eq!(i128::from(price(&strike, &shocked, &deviation)), wide(&shocked));
    }

    #[test]
    fn the_logarithm_never_wraps(x in 1i64.., places in 0u32..63) {
        let x = (x >> places).max(1);
        prop_assert_eq!(i128::from(ln(x)), logarithm(x.into()));
    }

    #[test]
    fn the_exponential_never_wraps(x in -23 * ONE..92_288_378_627) {
        prop_assert_eq!(i128::from(exp(x)), exponential(x.into()));
    }
}

#[test]
fn the_ends_of_the_domain_are_those_of_the_wide_formula() {
    let f = 1 << 28;
    let scale = Scale::of(f);
    let forward = Forward::new(scale, f);
    for sd in [SD_MIN - 1, SD_MIN, ONE, SD_MAX, SD_MAX + 1] {
        for k in [1, f / 2, f - 1, f, f + 1, 2 * f - 1, 2 * f, 2 * f + 1, 1 << 50] {
            let strike = Strike::new(scale, k);
            let wide = call((f.into(), forward.ln_f.into()), (strike.k.into(), strike.ln_k.into()), sd.into());
            assert_eq!(i128::from(price(&strike, &forward, &Deviation::new(sd))), wide, "{k} {sd}");
            assert!((i128::from(call_price(f, k, sd)) - wide).abs() <= 1, "{k} {sd}");
        }
    }
}
