//! Prices of one expiry under every column, atoms per contract.

use crate::error::CoreError;
use crate::margin::scenario::columns::{Cell, Forwards, Grid, Shift, SPOTS_MAX};
use crate::margin::scenario::rows::ROW;
use crate::margin::scenario::tenor::Tenor;
use crate::math::black76::{price, Deviation, Forward, Scale, Strike};
use crate::math::fixed::{leading_zeros, mul_div_down};
use crate::parameters::PPM;
use crate::series;
use crate::units::ContractSize;

/// A contract size as 31 bits and a power of two: `size = mantissa 2^-places` underlyings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeMantissa {
    mantissa: u64,
    places: i32,
}

impl SizeMantissa {
    /// Within 2^-31 of `size`. Errors: `OutOfDomain` for a size of zero.
    pub fn new(size: ContractSize) -> Result<Self, CoreError> {
        const BILLION: u64 = 1_000_000_000;
        if size.0 == 0 {
            return Err(CoreError::OutOfDomain);
        }
        let zeros = leading_zeros(size.0);
        // In (2^33, 2^35): 2^63 <= shifted < 2^64.
        let quotient = size.0.wrapping_shl(zeros) / BILLION;
        let cut = 33u32.wrapping_sub(leading_zeros(quotient));
        let half = 1u64.wrapping_shl(cut).wrapping_shr(1);
        // PROOF: quotient < 2^35, so adding half of a unit fits; `zeros` and `cut` are below 64.
        let mantissa = quotient.wrapping_add(half).wrapping_shr(cut).min((1 << 31) - 1);
        Ok(Self { mantissa, places: 0i32.wrapping_add_unsigned(zeros).wrapping_sub_unsigned(cut) })
    }
}

/// Kernel units to atoms per contract: one product and one shift.
#[derive(Clone, Copy, Debug)]
struct Units {
    mantissa: u64,
    places: u32,
    half: u64,
}

impl Units {
    /// Errors: `Overflow` for a contract worth 2^58 atoms or more, which no listing allows.
    fn new(scale: Scale, size: &SizeMantissa) -> Result<Self, CoreError> {
        let places = u32::try_from(scale.shift().saturating_add(size.places)).map_err(|_| CoreError::Overflow)?;
        if places == 0 {
            return Err(CoreError::Overflow);
        }
        let places = places.min(63);
        Ok(Self { mantissa: size.mantissa, places, half: 1u64.wrapping_shl(places.wrapping_sub(1)) })
    }

    /// To nearest. PROOF: a kernel value is below 2^32 and the mantissa below 2^31, so the product is below 2^63 and
    /// half a unit fits an unsigned number.
    #[inline(always)]
    const fn atoms(&self, kernel: i64) -> i64 {
        let product = kernel.cast_unsigned().wrapping_mul(self.mantissa);
        product.wrapping_add(self.half).wrapping_shr(self.places).cast_signed()
    }
}

/// The forwards of one expiry at every spot multiplier.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    scale: Scale,
    units: Units,
    forwards: Forwards,
}

impl Surface {
    /// Prepares the forwards of `tenor`. Outside the settlement window a shock is one product; inside, the part
    /// already fixed stays. Errors: `OutOfDomain` for a forward of zero, `Overflow`.
    #[inline(never)]
    pub fn new(tenor: &Tenor, grid: &Grid, size: &SizeMantissa) -> Result<Self, CoreError> {
        let forward = tenor.forward();
        if forward <= 0 {
            return Err(CoreError::OutOfDomain);
        }
        let scale = Scale::of(forward);
        let base = Forward::new(scale, forward);
        let mut forwards = [base; SPOTS_MAX];
        if tenor.fixed == 0 {
            for (slot, shock) in forwards.iter_mut().zip(grid.shocks()).skip(1) {
                *slot = base.shocked(shock);
            }
        } else {
            for (slot, ppm) in forwards.iter_mut().zip(grid.multipliers()).skip(1) {
                let moved = mul_div_down(tenor.variable, i64::from(*ppm), PPM).ok_or(CoreError::Overflow)?;
                *slot = Forward::new(scale, tenor.fixed.checked_add(moved).ok_or(CoreError::Overflow)?);
            }
        }
        Ok(Self { scale, units: Units::new(scale, size)?, forwards })
    }

    /// Forward at every spot multiplier, atoms per contract.
    pub fn forwards(&self) -> [i64; SPOTS_MAX] {
        self.forwards.map(|forward| self.units.atoms(forward.f))
    }

    /// Adds `quantity` times the call of `strike` under every column but the mark to `totals`: one kernel price each.
    /// Wraps; the caller has bounded the sums.
    #[inline(never)]
    pub fn add_calls(
        &self,
        deviations: &mut Deviations,
        cells: &[Cell],
        strike: &series::Strike,
        quantity: i64,
        totals: &mut [i64; ROW],
    ) {
        let prepared = Strike::with_ln(self.scale, strike.price, strike.ln_price);
        let [centre, ..] = &self.forwards;
        deviations.skew(strike.ln_price.wrapping_sub(centre.ln_f));
        for (cell, total) in cells.iter().zip(totals).skip(1) {
            let forward = self.forwards.get(usize::from(cell.spot)).unwrap_or(centre);
            let value = self.units.atoms(price(&prepared, forward, deviations.of(cell.shift)));
            *total = total.wrapping_add(quantity.wrapping_mul(value));
        }
    }
}

/// The deviations of one expiry under every volatility shift; those of the skews are the current strike's.
#[derive(Clone, Copy, Debug)]
pub struct Deviations<'t> {
    tenor: &'t Tenor,
    plain: Deviation,
    up: Deviation,
    down: Deviation,
    linear: Deviation,
    absolute: Deviation,
}

impl<'t> Deviations<'t> {
    /// Prepares those that no strike changes.
    pub fn new(tenor: &'t Tenor) -> Self {
        let [plain, up, down] = tenor.deviations.map(prepared);
        Self { tenor, plain, up, down, linear: plain, absolute: plain }
    }

    /// Sets the skews for `k = ln(K / F)`, Q40.
    fn skew(&mut self, k: i64) {
        let [linear, absolute] = self.tenor.skewed(k).map(prepared);
        self.linear = linear;
        self.absolute = absolute;
    }

    #[inline(always)]
    const fn of(&self, shift: Shift) -> &Deviation {
        match shift {
            Shift::None => &self.plain,
            Shift::Up => &self.up,
            Shift::Down => &self.down,
            Shift::Linear => &self.linear,
            Shift::Abs => &self.absolute,
        }
    }
}

#[inline(never)]
fn prepared(deviation: i64) -> Deviation {
    Deviation::new(deviation)
}
