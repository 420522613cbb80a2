//! Portfolio mode: the worst of a list of scenarios for the whole book of an underlying, in 64-bit integers.
//!
//! `Balance(kind) = cash + sum over underlyings of [ m + collateral + L_kind min(Basis, min_s PnL_s) - C_kind ]`, with
//!
//! - `PnL_s = d_s [ sum_e g( disc(V_e(s)) - m_e ) + collateral value (shock_s - 1) ]`, g(x) = x, in the two skew
//!   columns -|x| per expiry; V_e(s) the shocked value of the expiry's legs, m_e their mark, d_s the dampening
//! - `disc(V) = V base_long exp(-t long_add)` above zero; below, V: at a rate of zero the discount factor is one and
//!   no share of a loss is left out
//! - `Basis = sum_e min(V_e(up) - m_e, V_e(down) - m_e, 0) (basis_add + basis_mult t)`, without disc
//! - `C_MM = naked shorts S mm_option`, `C_IM` besides `naked shorts S im_option`, the confidence add-ons and the charges
//!   for concentration: contracts beyond a share of their series' open interest, vega beyond what the market takes up
//! - `L_MM = mm_factor`, `L_IM = im_factor + max(0, peg_threshold - stable) peg_factor`
//!
//! A call and a put of one strike differ by the forward, so a strike takes one price per column whatever is held:
//! `c call + p put = (c + p) call - p (F - K)`.
//!
//! Two underlyings that have moved together offset each other in part ([`joint`]). Collateral counts at its factor; where the scenario moves it, it loses on its whole value and gains on the
//! counted part. The initial grid reaches down and up to the scenarios of the lowest and highest price; maintenance
//! is the lower of the balances at the accepted and, while walking, at the raw price. A settled expiry is worth its
//! payoff. A price per contract is rounded once, the same for both sides; sums are exact; every product on top is
//! rounded against the account.

mod close_out;
pub mod columns;
mod concentration;
mod evaluate;
pub mod explain;
pub mod joint;
pub mod parameters;
pub mod rows;
mod sums;
mod surface;
pub mod tenor;

pub use close_out::close_out_balances;
pub use columns::{columns_needed, Column, Grid, Reach, Shift, COLUMNS_MAX, STEPS_MAX};
pub use evaluate::{balances, kernel_prices, maintenance_at, steps_needed};
pub use joint::Offset;
pub use parameters::{PortfolioParameters, NO_PEER, PEERS_MAX};
pub use rows::{fill_rows, Rows, RowsHeader, RowsRefusal, RowsStamp, ROW};
pub use tenor::Tenor;

use crate::units::Ratio;

/// What portfolio mode needs to know of an underlying beyond its view.
#[derive(Clone, Copy, Debug)]
pub struct ScenarioView<'a> {
    /// Its parameters.
    pub parameters: &'a PortfolioParameters,
    /// Scan range of the initial balance, share of spot.
    pub range_im: Ratio,
    /// Scan range of the maintenance balance, share of spot.
    pub range_mm: Ratio,
}

/// What portfolio mode needs beyond the book.
#[derive(Clone, Copy, Debug)]
pub struct PortfolioView<'a> {
    /// By index into the book's underlyings.
    pub underlyings: &'a [ScenarioView<'a>],
    /// Risk rows by index into the book's expiries; a missing or `None` one is priced fresh. Marks, and with them
    /// equity and mark-to-market, are those of the rows.
    pub rows: &'a [Option<Rows<'a>>],
    /// For whom the doubt counts that rows leave.
    pub drift: Drift,
    /// Which two underlyings offset each other, and how far.
    pub offset: Offset,
}

impl<'a> PortfolioView<'a> {
    /// The rows of the expiry at `slot` of the book; `None`: it is priced fresh.
    #[inline(always)]
    pub fn rows_of(&self, slot: usize) -> Option<&'a Rows<'a>> {
        self.rows.get(slot).and_then(Option::as_ref)
    }
}

/// For whom it counts what the values of rows may have moved since they were filled, up to the present or, while the
/// price walks, the raw price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Against the account, which gains by the check: its balances are not above those of fresh prices.
    Charged,
    /// For the account, where others gain by the check: its balances are not below those of fresh prices, so that
    /// rows liquidate nobody whom fresh prices would spare.
    Credited,
}
