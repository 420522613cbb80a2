//! The scenario columns of an underlying: a fixed list of which the scan range chooses how much counts.
//!
//! | column | spot | volatility |
//! |---|---|---|
//! | 0 | unshocked: the mark, and the scenario without a move | none |
//! | 1, 2 | basis up, basis down: scenarios only where the parameters say so | none |
//! | 3, 4 | unshocked | linear skew, absolute skew |
//! | 5, 6 | unshocked | up, down |
//! | 7.. | tails | up |
//! | then, per step n = 1, 2, .. | -n, +n, -n, -n, +n, +n steps | up, up, none, down, none, down |
//!
//! Every list is the beginning of a longer one, so values computed for a wide range serve a narrow one. At the
//! outermost step that counts only volatility up does.

use crate::margin::scenario::parameters::{PortfolioParameters, TAILS_MAX};
use crate::margin::scenario::ScenarioView;
use crate::margin::view::UnderlyingView;
use crate::math::black76::{Forward, Shock};
use crate::math::fixed::{div_toward_zero, mul_div_up, Bounded, ONE};
use crate::parameters::PPM;
use crate::units::{Price, Ratio};

/// Most grid steps on one side.
pub const STEPS_MAX: u8 = 8;
/// Most columns of one underlying: of the outermost step only two are ever needed.
pub const COLUMNS_MAX: usize = HEAD + TAILS_MAX + 6 * 8 - 4;
/// Columns before the tails.
pub const HEAD: usize = 7;
/// Column of the basis up; the next one is the basis down.
pub const BASIS_UP: usize = 1;
/// The first of the two skews.
pub const SKEWS: usize = 3;
/// Column of the basis down.
pub const BASIS_DOWN: usize = 2;
/// Column of volatility up without a move.
pub const UP: usize = 5;
/// Column of volatility down without a move.
pub const DOWN: usize = 6;
/// Distinct spot multipliers: unshocked, two of the basis, tails, steps.
pub const SPOTS_MAX: usize = 3 + TAILS_MAX + 2 * 8;
/// Least spot multiplier of a step, ppm.
const MULTIPLIER_MIN: i64 = 50_000;

/// What happens to volatility in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Unchanged.
    None,
    /// `max(min_vol_up, v (1 + range_up mult))`.
    Up,
    /// `v max(0, 1 - range_down mult)`.
    Down,
    /// Skew by ln(K / F): one wing up, the other down.
    Linear,
    /// Skew by |ln(K / F)|: both wings.
    Abs,
}

impl Shift {
    /// Whether the column counts `-|x|` per expiry.
    #[inline(always)]
    pub const fn is_skew(self) -> bool {
        matches!(self, Self::Linear | Self::Abs)
    }
}

/// One scenario, as a rule to print or to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Multiplier of the spot and of the variable part of the forward, ppm.
    pub multiplier: i64,
    /// What volatility does.
    pub shift: Shift,
    /// Share of the profit or loss that counts, Q32.
    pub dampening: i64,
}

/// How many steps count on each side for one balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Steps below the accepted price.
    pub down: u8,
    /// Steps above it.
    pub up: u8,
    /// How much further the price would have to be looked at than [`STEPS_MAX`] steps go, ppm of spot: charged per
    /// contract, because no scenario stands there.
    pub excess: u32,
}

impl Reach {
    /// The reach of the initial and of the maintenance balance of an underlying.
    ///
    /// The initial one is not below that of maintenance, and goes down and up as far again as the lowest and the
    /// highest price are from the accepted one.
    #[inline(never)]
    pub fn of(view: &UnderlyingView, rules: &ScenarioView) -> [Self; 2] {
        let below = apart(view.spot.0.saturated_sub(view.low.0), view.spot);
        let above = apart(view.high.0.saturated_sub(view.spot.0), view.spot);
        let widest = rules.range_im.max(rules.range_mm);
        [Self::new(rules.parameters, widest, below, above), Self::new(rules.parameters, rules.range_mm, 0, 0)]
    }

    /// The reach of a scan `range`, extended down by `below` and up by `above` (all ppm of spot), in whole steps.
    ///
    /// The range itself is cut to [`STEPS_MAX`] steps, its cap in this mode ([`PortfolioParameters::validate_cap`]).
    #[inline(never)]
    pub fn new(parameters: &PortfolioParameters, range: Ratio, below: u32, above: u32) -> Self {
        let step = u64::from(parameters.grid_step.max(1));
        let longest = step.saturating_mul(u64::from(STEPS_MAX));
        let range = u64::from(range.0).clamp(1, longest);
        let side = |extension: u32| {
            let distance = range.saturating_add(u64::from(extension));
            let steps = distance.div_ceil(step).min(u64::from(STEPS_MAX));
            (u8::try_from(steps).unwrap_or(STEPS_MAX), distance.saturating_sub(longest))
        };
        let ((down, low), (up, high)) = (side(below), side(above));
        Self { down, up, excess: u32::try_from(low.max(high)).unwrap_or(u32::MAX) }
    }

    /// Steps on the longer side.
    pub fn most(&self) -> u8 {
        self.down.max(self.up)
    }
}

/// `distance / spot` in ppm, rounded up.
fn apart(distance: i64, spot: Price) -> u32 {
    let share = mul_div_up(distance.max(0), PPM, spot.0).unwrap_or(i64::MAX);
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// Columns that a reach of `steps` needs with `tails` tails: of its last step only volatility up.
fn needed(tails: usize, steps: u8) -> usize {
    // PROOF: 2 to 44 in steps of 6, on top of at most 15.
    let inner = usize::from(steps.clamp(1, STEPS_MAX)).wrapping_mul(6).wrapping_sub(4);
    HEAD.wrapping_add(tails).wrapping_add(inner)
}

/// Where a column stands: its spot, its volatility shift, and the step that decides whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of its spot multiplier.
    pub spot: u8,
    /// What volatility does.
    pub shift: Shift,
    /// 0: always counts. Else 2n - 1 with volatility up and 2n without, for step n, negative below the price; or
    /// [`NO_SCENARIO`].
    rank: i16,
}

/// Rank of a column beyond any reach: its values serve the basis contingency alone.
const NO_SCENARIO: i16 = i16::MAX;

impl Cell {
    const fn fixed(spot: u8, shift: Shift) -> Self {
        Self { spot, shift, rank: 0 }
    }

    /// Whether the column is a scenario and counts within `reach`: at the outermost step only volatility up does.
    #[inline(always)]
    pub fn counts(&self, reach: &Reach) -> bool {
        // PROOF: steps are at most 255.
        let last = |steps: u8| i32::from(steps).wrapping_mul(2).wrapping_sub(1).max(0);
        let rank = i32::from(self.rank);
        rank <= last(reach.up) && rank.wrapping_neg() <= last(reach.down)
    }
}

/// The columns of one underlying up to a number of steps.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    multipliers: [u32; SPOTS_MAX],
    shocks: [Shock; SPOTS_MAX],
    cells: [Cell; COLUMNS_MAX],
    spots: usize,
    count: usize,
    tails: usize,
    /// Shares of the tails, Q32.
    dampening: [i64; TAILS_MAX],
}

impl Grid {
    /// The columns of `parameters` up to `steps` on each side, 1 to [`STEPS_MAX`].
    #[inline(never)]
    pub fn new(parameters: &PortfolioParameters, steps: u8) -> Self {
        let tails = parameters.tails();
        let mut grid = Self {
            multipliers: [1_000_000; SPOTS_MAX],
            shocks: [Shock::NONE; SPOTS_MAX],
            cells: [Cell::fixed(0, Shift::None); COLUMNS_MAX],
            spots: 1,
            count: 1,
            tails: tails.len(),
            dampening: [ONE; TAILS_MAX],
        };
        for basis in [parameters.basis_up, parameters.basis_down] {
            let spot = grid.spot(basis);
            let rank = if parameters.basis_scenarios == 0 { NO_SCENARIO } else { 0 };
            grid.push(Cell { spot, shift: Shift::None, rank });
        }
        for shift in [Shift::Linear, Shift::Abs, Shift::Up, Shift::Down] {
            grid.push(Cell::fixed(0, shift));
        }
        for (at, tail) in tails.iter().enumerate() {
            let spot = grid.spot(*tail);
            grid.push(Cell::fixed(spot, Shift::Up));
            if let Some(share) = grid.dampening.get_mut(at) {
                *share = dampening_up(parameters, *tail);
            }
        }
        for step in 1..=steps.clamp(1, STEPS_MAX) {
            grid.push_step(parameters.grid_step, i16::from(step));
        }
        grid
    }

    fn push_step(&mut self, size: u32, step: i16) {
        let distance = i64::from(size).wrapping_mul(i64::from(step));
        // PROOF: at most 8 steps of less than 2^32 ppm.
        let at = |distance: i64| PPM.wrapping_add(distance).max(MULTIPLIER_MIN);
        let below = self.spot(u32::try_from(at(distance.wrapping_neg())).unwrap_or(u32::MAX));
        let above = self.spot(u32::try_from(at(distance)).unwrap_or(u32::MAX));
        // PROOF: a step is at most 8.
        let rank = |shift| step.wrapping_mul(2).wrapping_sub(i16::from(shift == Shift::Up));
        let down = |shift| Cell { spot: below, shift, rank: rank(shift).wrapping_neg() };
        let up = |shift| Cell { spot: above, shift, rank: rank(shift) };
        self.push(down(Shift::Up));
        self.push(up(Shift::Up));
        for shift in [Shift::None, Shift::Down] {
            self.push(down(shift));
        }
        for shift in [Shift::None, Shift::Down] {
            self.push(up(shift));
        }
    }

    #[inline(never)]
    fn spot(&mut self, multiplier: u32) -> u8 {
        let at = self.spots;
        if let Some(slot) = self.multipliers.get_mut(at) {
            *slot = multiplier;
            self.spots = at.wrapping_add(1);
        }
        u8::try_from(at).unwrap_or(0)
    }

    #[inline(never)]
    fn push(&mut self, cell: Cell) {
        if let Some(slot) = self.cells.get_mut(self.count) {
            *slot = cell;
            self.count = self.count.wrapping_add(1);
        }
    }

    /// The columns whose values the longest reach needs: its last step only with volatility up.
    pub fn cells(&self, steps: u8) -> &[Cell] {
        self.cells.get(..self.needed(steps)).unwrap_or(&self.cells)
    }

    /// Number of columns that a reach of `steps` needs.
    pub fn needed(&self, steps: u8) -> usize {
        needed(self.tails, steps).min(self.count)
    }

    /// The spot multipliers, ppm.
    pub fn multipliers(&self) -> &[u32] {
        self.multipliers.get(..self.spots).unwrap_or(&[])
    }

    /// Spot multiplier of `cell`, ppm.
    pub fn multiplier(&self, cell: &Cell) -> i64 {
        i64::from(self.multipliers.get(usize::from(cell.spot)).copied().unwrap_or(1_000_000))
    }

    /// Share of the profit or loss of the column at `index` that counts, Q32, rounded up; 2^32 for all but tails.
    #[inline(always)]
    pub fn dampening(&self, index: usize) -> i64 {
        self.tails().get(index.wrapping_sub(HEAD)).copied().unwrap_or(ONE)
    }

    /// Shares of the tails, whose columns begin at [`HEAD`].
    pub fn tails(&self) -> &[i64] {
        self.dampening.get(..self.tails).unwrap_or(&[])
    }

    /// The column that stands for the one at `index` of a longest grid, of those that count within `reach`: itself, or the
    /// same shift at the outermost step of the same side that has it, or without a step if none has.
    pub fn nearest(&self, index: usize, reach: &Reach) -> usize {
        let first = HEAD.wrapping_add(self.tails);
        let Some(at) = index.checked_sub(first) else { return index };
        // The order of `push_step`: volatility up below and above, then the other two below, then above.
        let (step, place) = (at / 6, at % 6);
        let steps = usize::from(if matches!(place, 1 | 4 | 5) { reach.up } else { reach.down });
        // At the outermost step only volatility up counts.
        let counting = if place < 2 { steps } else { steps.saturating_sub(1) };
        match counting.checked_sub(1) {
            Some(last) => first.wrapping_add(step.min(last).wrapping_mul(6)).wrapping_add(place),
            None if matches!(place, 3 | 5) => DOWN,
            None if place < 2 => UP,
            None => 0,
        }
    }

    /// Prepares the multipliers for pricing: a logarithm each but for the first, which is 1. A check from rows needs none.
    #[inline(never)]
    pub fn prepare(&mut self) {
        for (shock, ppm) in self.shocks.iter_mut().zip(&self.multipliers).take(self.spots).skip(1) {
            // PROOF: a multiplier is below 2^23 ppm, so 32 bits more fit.
            *shock = Shock::new(div_toward_zero(i64::from(*ppm) << 32, PPM).unwrap_or(ONE));
        }
    }

    /// The multipliers as the kernel takes them, once prepared.
    pub fn shocks(&self) -> &[Shock] {
        self.shocks.get(..self.spots).unwrap_or(&[])
    }

    /// The scenario of `cell`, which stands at `index`.
    pub fn column(&self, index: usize, cell: &Cell) -> Column {
        Column { multiplier: self.multiplier(cell), shift: cell.shift, dampening: self.dampening(index) }
    }
}

/// Kernel prices of one strike in a check that looks `steps` steps far.
pub fn columns_needed(parameters: &PortfolioParameters, steps: u8) -> usize {
    needed(parameters.tails().len(), steps)
}

/// `tail_dampening range_reference / |tail - 1|`, at most 1, in Q32.
fn dampening_up(parameters: &PortfolioParameters, tail: u32) -> i64 {
    // PROOF: the hard ranges keep both factors below 2^21.
    let loss = i64::from(parameters.tail_dampening).wrapping_mul(i64::from(parameters.range_reference));
    let distance = i64::from(tail).wrapping_sub(PPM).wrapping_abs().max(1);
    // PROOF: loss 2^20 is below 2^62; what exceeds 1 in ppm is cut, and then 12 bits more fit.
    let share = div_toward_zero(loss << 20, distance).unwrap_or(0).min(PPM << 20);
    div_toward_zero(share << 12, PPM).unwrap_or(0).wrapping_add(1).min(ONE)
}

/// Prepared forwards, one per spot multiplier.
pub type Forwards = [Forward; SPOTS_MAX];
