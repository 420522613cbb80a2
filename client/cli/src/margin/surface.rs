//! Profit and loss of a book over spot and volatility: the model's values, before any margin rule.

use plimsoll_core::error::CoreError;
use plimsoll_core::margin::evaluator::pricing::Tenor;
use plimsoll_core::margin::evaluator::Real;

use super::book::{books, Book};
use super::decimal::to_f64;
use super::input::{Document, Mode};

/// Profit and loss of one market.
pub struct Surface {
    /// Name of the underlying.
    pub underlying: String,
    /// Multipliers of the spot, rising.
    pub spots: Vec<f64>,
    /// Multipliers of every volatility, rising.
    pub vols: Vec<f64>,
    /// By volatility, then by spot: quote tokens.
    pub profits: Vec<Vec<f64>>,
}

impl Surface {
    /// The profits at one volatility multiplier; empty if it is not on the grid.
    pub fn at_vol(&self, vol: f64) -> Vec<(f64, f64)> {
        let row = self.vols.iter().position(|known| (known - vol).abs() < 1e-9).and_then(|at| self.profits.get(at));
        row.map_or_else(Vec::new, |row| self.spots.iter().copied().zip(row.iter().copied()).collect())
    }
}

/// Percent of spot that the grid covers: 40 to 180 in steps of 4.
const SPOTS: (i64, i64, usize) = (40, 180, 4);
/// Percent of volatility: 50 to 200 in steps of 10.
const VOLS: (i64, i64, usize) = (50, 200, 10);
/// Percent of spot of the terminal's picture: 70 to 130 in steps of 5.
const NEAR: (i64, i64, usize) = (70, 130, 5);

/// The surface of every market that has legs or collateral of its own. Errors: as an evaluation's.
pub fn surfaces(document: &Document) -> Result<Vec<Surface>, String> {
    over(document, SPOTS, VOLS)
}

/// Profit by spot alone, volatility unchanged, near the spot. Errors: as an evaluation's.
pub fn by_spot(document: &Document) -> Result<Vec<Surface>, String> {
    over(document, NEAR, (100, 100, 1))
}

fn over(document: &Document, spots: (i64, i64, usize), vols: (i64, i64, usize)) -> Result<Vec<Surface>, String> {
    let grid = |(low, high, step): (i64, i64, usize)| (low..=high).step_by(step).collect::<Vec<i64>>();
    let (spots, vols) = (grid(spots), grid(vols));
    let mut surfaces = Vec::new();
    for book in books(document)? {
        let refused = |error: CoreError| format!("market \"{}\": {error:?}", book.underlying);
        let mut profits = Vec::with_capacity(vols.len());
        for vol in &vols {
            let row: Result<Vec<f64>, CoreError> =
                spots.iter().map(|spot| profit(document, &book, percent(*spot), percent(*vol)).map(to_f64)).collect();
            profits.push(row.map_err(refused)?);
        }
        let shares = |percents: &[i64]| percents.iter().map(|percent| *percent as f64 / 100.0).collect();
        surfaces.push(Surface {
            underlying: book.underlying.clone(),
            spots: shares(&spots),
            vols: shares(&vols),
            profits,
        });
    }
    Ok(surfaces)
}

fn percent(percent: i64) -> Real {
    Real::from_ratio(i128::from(percent), 100).unwrap_or(Real::ONE)
}

/// Change of value when spot and volatilities are multiplied: legs, and collateral whose gains count against theirs.
fn profit(document: &Document, book: &Book, spot: Real, vol: Real) -> Result<Real, CoreError> {
    let market = book.market();
    let discounted = document.mode == Mode::Portfolio;
    let mut profit = Real::ZERO;
    for (index, expiry) in market.expiries.iter().enumerate() {
        if market.legs_of(index).next().is_none() {
            continue;
        }
        let tenor = Tenor::new(expiry, discounted, document.parameters.averaging_vol)?;
        let forward = tenor.shocked(spot);
        for leg in market.legs_of(index) {
            let change = tenor.price(leg, forward, leg.vol * vol) - tenor.price(leg, tenor.forward(), leg.vol);
            profit += leg.quantity * change;
        }
    }
    let moving = market.collateral.iter().filter(|collateral| collateral.risk_cancelling);
    Ok(profit + moving.fold(Real::ZERO, |sum, c| sum + c.value) * (spot - Real::ONE))
}

/// The spot of a market by name; 0 if it is not there.
pub fn spot_of(document: &Document, underlying: &str) -> f64 {
    let market = document.markets.iter().find(|market| market.underlying == underlying);
    market.map_or(0.0, |market| to_f64(market.spot.0))
}
