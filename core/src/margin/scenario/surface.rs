//! Prices of one expiry under every column, atoms per contract.

use crate::error::CoreError;
use crate::margin::kernel::Pricer;
use crate::margin::scenario::columns::{Cell, Forwards, Grid, Shift, COLUMNS_MAX, HEAD, SPOTS_MAX, UP};
use crate::margin::scenario::rows::ROW;
use crate::margin::scenario::tenor::Tenor;
use crate::math::black76::{price, Deviation, Forward, Scale, Strike};
use crate::math::fixed::{leading_zeros, mul_div_down, Bounded};
use crate::parameters::PPM;
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

/// The forwards at every spot multiplier, of which all are the unshocked one. Outside the settlement window a shock is one
/// product; inside, the part already fixed stays. Errors: `Overflow`.
#[inline(always)]
fn shock(forwards: &mut Forwards, tenor: &Tenor, grid: &Grid, scale: Scale) -> Result<(), CoreError> {
    let [base, rest @ ..] = forwards;
    if tenor.fixed == 0 {
        for (slot, shock) in rest.iter_mut().zip(grid.shocks().iter().skip(1)) {
            *slot = base.shocked(shock);
        }
    } else {
        for (slot, ppm) in rest.iter_mut().zip(grid.multipliers().iter().skip(1)) {
            let moved = mul_div_down(tenor.variable, i64::from(*ppm), PPM).ok_or(CoreError::Overflow)?;
            *slot = Forward::new(scale, tenor.fixed.exact_add(moved).ok_or(CoreError::Overflow)?);
        }
    }
    Ok(())
}

/// The columns of one expiry, prepared.
pub struct Columns<'s> {
    units: Units,
    centre: Forward,
    deviations: &'s Deviations<'s>,
    /// Volatility and forward of every column; of the skews, whose volatility is the strike's, they are not read.
    priced: [(&'s Deviation, Forward); COLUMNS_MAX],
    count: usize,
    /// Where the first step up and down stand, if they are what basis up and down are.
    twins: Option<[usize; 2]>,
    /// Forward at every spot multiplier, atoms per contract.
    forwards: [i64; SPOTS_MAX],
}

impl<'s> Columns<'s> {
    /// No columns yet, of the expiry of `deviations`.
    #[inline(always)]
    pub const fn new(deviations: &'s Deviations<'s>) -> Self {
        Self {
            units: Units { mantissa: 0, places: 0, half: 0 },
            centre: Forward { ln_f: 0, f: 0 },
            deviations,
            priced: [(&deviations.plain, Forward { ln_f: 0, f: 0 }); COLUMNS_MAX],
            count: 0,
            twins: None,
            forwards: [0; SPOTS_MAX],
        }
    }

    /// Prepares the columns `cells` of `grid`, in place: they are too large to move. `pricer` stands at the forward of the
    /// tenor.
    /// Errors: `Overflow`.
    #[inline(never)]
    pub fn fill(
        &mut self,
        grid: &Grid,
        cells: &[Cell],
        (pricer, size): (&Pricer, &SizeMantissa),
    ) -> Result<(), CoreError> {
        let (scale, forward) = pricer.forward();
        self.units = Units::new(scale, size)?;
        let mut forwards = [*forward; SPOTS_MAX];
        let tenor = self.deviations.tenor;
        shock(&mut forwards, tenor, grid, scale)?;
        let [centre, ..] = &forwards;
        self.centre = *centre;
        let forward = |cell: &Cell| *forwards.get(usize::from(cell.spot)).unwrap_or(centre);
        for (slot, cell) in self.priced.iter_mut().zip(cells) {
            *slot = (self.deviations.of(cell.shift), forward(cell));
        }
        self.count = cells.len();
        let mut plain = (0usize..).zip(cells).skip(HEAD).filter(|(_, cell)| cell.shift == Shift::None);
        if let ([_, up, down, ..], Some((below, low)), Some((above, high))) = (cells, plain.next(), plain.next()) {
            if forward(up) == forward(high) && forward(down) == forward(low) {
                self.twins = Some([above, below]);
            }
        }
        for (atoms, forward) in self.forwards.iter_mut().zip(&forwards) {
            *atoms = self.units.atoms(forward.f);
        }
        Ok(())
    }

    /// Forward at every spot multiplier, atoms per contract.
    pub const fn forwards(&self) -> &[i64; SPOTS_MAX] {
        &self.forwards
    }

    /// Sets every column of `row` but the mark to the call of `strike`: one kernel price each, and none for the basis where
    /// that is the first step.
    #[inline(never)]
    pub fn calls(&self, strike: &Strike, row: &mut [i64; ROW]) {
        let scenarios = UP..self.count;
        // Never missing: a row is no shorter, and there is a column for every cell from the head on.
        let (Some(priced), Some(values)) = (self.priced.get(scenarios.clone()), row.get_mut(scenarios)) else { return };
        for ((deviation, forward), value) in priced.iter().zip(values) {
            *value = self.units.atoms(price(strike, forward, deviation));
        }
        let [_, above, below, ..] = &self.priced;
        let basis = match self.twins {
            Some(twins) => twins.map(|column| row.get(column).copied().unwrap_or(0)),
            None => [above, below].map(|(deviation, forward)| self.units.atoms(single(strike, forward, deviation))),
        };
        let [_, up, down, linear, absolute, ..] = row;
        [*up, *down] = basis;
        [*linear, *absolute] = self.skewed(strike);
    }

    /// The calls under the linear and the absolute skew. Above the forward the two are often one.
    #[inline(always)]
    fn skewed(&self, strike: &Strike) -> [i64; 2] {
        let call = |sd| self.units.atoms(single(strike, &self.centre, &prepared(sd)));
        let [linear, absolute] = self.deviations.tenor.skewed(strike.ln_k.wrapping_sub(self.centre.ln_f));
        let first = call(linear);
        [first, if absolute == linear { first } else { call(absolute) }]
    }
}

/// The deviations of one expiry under the volatility shifts that are the same for every strike.
#[derive(Clone, Copy, Debug)]
pub struct Deviations<'t> {
    tenor: &'t Tenor,
    plain: Deviation,
    up: Deviation,
    down: Deviation,
}

impl<'t> Deviations<'t> {
    /// Prepares them.
    pub fn new(tenor: &'t Tenor) -> Self {
        let [plain, up, down] = tenor.deviations.map(prepared);
        Self { tenor, plain, up, down }
    }

    /// That of a column of its own volatility; the plain one for a skew.
    #[inline(always)]
    const fn of(&self, shift: Shift) -> &Deviation {
        match shift {
            Shift::None | Shift::Linear | Shift::Abs => &self.plain,
            Shift::Up => &self.up,
            Shift::Down => &self.down,
        }
    }
}

#[inline(never)]
fn prepared(deviation: i64) -> Deviation {
    Deviation::new(deviation)
}

/// A kernel price by itself: one copy of it for what is not a loop.
#[inline(never)]
fn single(strike: &Strike, forward: &Forward, deviation: &Deviation) -> i64 {
    price(strike, forward, deviation)
}
