//! The normal distribution and its density, from tables: Q32 arguments, Q31 values.

use super::tables::{DENSITY, MILLS, NORMAL};

/// 1.0 in Q31: the format of the tabulated probabilities.
pub const ONE_Q31: i64 = 1 << 31;

/// Beyond +-8 the distribution is 0 or 1 (N(-8) < 7e-16).
pub(super) const EDGE: i64 = 8 << 32;

/// `c0 + c1 t + c2 t^2 + c3 t^3` with `t` in units of 2^-BITS; the last shift is LAST places.
///
/// PROOF (no wrap): `0 <= t < 2^28` and, by the tables' ranges, every partial sum but c0 is below 2^35 in magnitude.
#[inline(always)]
pub(super) const fn cubic<const BITS: u32, const LAST: u32>(row: [i64; 4], t: i64) -> i64 {
    let [c0, c1, c2, c3] = row;
    let sum = c2.wrapping_add(t.wrapping_mul(c3) >> BITS);
    let sum = c1.wrapping_add(t.wrapping_mul(sum) >> BITS);
    c0.wrapping_add(t.wrapping_mul(sum) >> LAST)
}

/// N(x): `x` in Q32, the result in Q31 within [`super::tables::CDF_ERROR_Q60`], in [0, 1]. Total.
#[inline]
pub fn cdf(x: i64) -> i64 {
    cdf_from_edge(x.saturating_add(EDGE))
}

/// The density at x: `x` in Q32, the result in Q31 within [`super::tables::PDF_ERROR_Q60`]. Total.
#[inline]
pub fn pdf(x: i64) -> i64 {
    density(x)
}

/// N(y - 8): the kernel carries d1 + 8, so that cells count from 0.
#[inline(always)]
pub(super) fn cdf_from_edge(y: i64) -> i64 {
    if y >> 36 != 0 {
        return if y < 0 { 0 } else { ONE_Q31 };
    }
    let [c0, c1, c2, c3] = *row_of(y);
    cubic::<27, 32>([plain(c0), plain(c1), signed(c2), signed(c3)], y & ((1 << 27) - 1))
}

/// N(y - 8) and phi(y - 8).
#[inline(always)]
pub(super) fn both_from_edge(y: i64) -> (i64, i64) {
    (cdf_from_edge(y), density(y.wrapping_sub(EDGE)))
}

/// phi(x), which is that of -x: 0 from 6.5 up, where it is below the bound of the table.
#[inline(always)]
fn density(x: i64) -> i64 {
    let x = x.unsigned_abs();
    let row = usize::try_from(x >> 27).ok().and_then(|cell| DENSITY.get(cell));
    let Some([c0, c1, c2, c3]) = row else { return 0 };
    let t = (x & ((1 << 27) - 1)).cast_signed();
    cubic::<27, 32>([plain(*c0), signed(*c1), signed(*c2), signed(*c3)], t)
}

/// A coefficient that is never negative.
#[inline(always)]
#[allow(clippy::as_conversions)] // PROOF: widens; `From` is not constant.
const fn plain(word: u32) -> i64 {
    word as i64
}

/// A coefficient that stands 2^30 above itself: half the bytes, and a subtraction where a sign would take two shifts.
#[inline(always)]
const fn signed(word: u32) -> i64 {
    plain(word).wrapping_sub(1 << 30)
}

#[inline(always)]
#[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: y < 2^36, so the cell is below 512; masked as well.
fn row_of(y: i64) -> &'static [u32; 4] {
    &NORMAL[(y >> 27) as usize & 511]
}

/// The Mills ratio N(-z) / phi(z): `z > 1` in Q32, the result in Q31 within [`super::tables::MILLS_ERROR_Q60`] plus
/// 2^-32 for the reciprocal. Other `z` give the value at 1.
#[inline(always)]
#[allow(clippy::as_conversions, clippy::indexing_slicing)] // PROOF: the index is masked to the table's 64 cells.
pub fn mills(z: i64) -> i64 {
    const ONE: i64 = 1 << 32;
    let z = if z > ONE { z.unsigned_abs() } else { 1 << 32 };
    // 1/z in Q32: below 2^32, because z > 2^32 or the quotient of 2^64 - 1.
    let reciprocal = u64::MAX.checked_div(z).unwrap_or(0);
    let row = MILLS[(reciprocal >> 26) as usize & 63];
    cubic::<26, 31>(row, (reciprocal & ((1 << 26) - 1)) as i64)
}
