//! The chance that an account's equity is gone before its book is closed, and the maintenance percentages that keep it
//! small.
//!
//! An account stands exactly at its maintenance margin when a bar closes. Until the book is in other hands a delay
//! passes: the price must be posted, the transaction must be included, the auction must find its price. The account is
//! short of money if the loss until then and the cost of closing, a half-spread per contract, are more than its equity.
//!
//! Every bar counts as such a moment, for every short option; the probability is that of the option that fares worst.

use serde::Serialize;

use plimsoll_core::margin::CrossParameters;
use plimsoll_core::position::OptionKind;
use plimsoll_core::units::Ratio;
use plimsoll_core::volatility::{VolatilityParameters, VolatilityState};

use crate::error::CalibrationError;
use crate::history::History;
use crate::initial::OptionCases;
use crate::options::{cases, requirement, Case, Scales, ShortOption, SHORT_OPTIONS};
use crate::statistics::{from_ppm, quantile, round_up, share, to_ppm};

/// Multiples of the half-spread that the table shows.
pub const SLIPPAGE_MULTIPLES: [f64; 5] = [0.0, 1.0, 2.0, 4.0, 8.0];
/// Place of the multiple that the percentages are fitted to.
const ONE_HALF_SPREAD: usize = 1;
/// Share of the moments below the wildest tenth.
const WILD: f64 = 0.9;
/// Step of the fitted maintenance percentages: a quarter of a percent of spot.
const MAINTENANCE_STEP: f64 = 0.0025;

/// From the breach of maintenance to the book in other hands, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Delay {
    /// Until a price that shows the breach is accepted.
    pub oracle: i64,
    /// Until the liquidation transaction is in a block.
    pub inclusion: i64,
    /// Until the auction's price factor has found a bidder.
    pub auction: i64,
}

impl Delay {
    /// The sum.
    pub const fn total(&self) -> i64 {
        self.oracle.saturating_add(self.inclusion).saturating_add(self.auction)
    }
}

/// The probability over delay and slippage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closeout {
    /// The delay the percentages are fitted to, by its parts.
    pub delay: Delay,
    /// The half-spread, share of spot; multiplied by the columns.
    pub half_spread: f64,
    /// Multiples of the half-spread.
    pub slippage_multiples: Vec<f64>,
    /// One row per delay.
    pub rows: Vec<CloseoutRow>,
    /// Moments whose windows of the delay asked for share no bar.
    pub independent: usize,
}

impl Closeout {
    /// What the percentages are fitted to: the chance after the delay asked for, at one half-spread; `None` if no moment
    /// tests it.
    pub fn at_target(&self) -> Option<f64> {
        self.target().filter(|row| row.moments > 0)?.probability.get(ONE_HALF_SPREAD).copied()
    }

    /// Moments that test the delay asked for.
    pub fn moments(&self) -> usize {
        self.target().map_or(0, |row| row.moments)
    }

    fn target(&self) -> Option<&CloseoutRow> {
        self.rows.iter().find(|row| row.delay == self.delay.total())
    }
}

/// One delay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloseoutRow {
    /// Delay asked for: seconds.
    pub delay: i64,
    /// Delay tested: whole bars, seconds.
    pub tested: i64,
    /// P(E < 0 before the book is closed) of the worst short option, per slippage multiple; nothing is said by the zeros of
    /// a row without moments.
    pub probability: Vec<f64>,
    /// The same at one half-spread, among the tenth of the moments with the highest volatility state.
    pub wildest: f64,
    /// The worst option at one half-spread.
    pub worst_option: String,
    /// Moments tested per option.
    pub moments: usize,
}

/// What a delay of `seconds` is tested by, and fitted to: the next whole bars of `history`, at least one, in seconds.
pub fn whole_bars(history: &History, seconds: i64) -> i64 {
    let bar = history.bar_seconds.max(1);
    (seconds.max(1) + bar - 1) / bar * bar
}

/// The delays of the table: the one asked for, then an hour to a day, each once, in whole bars of `history`.
pub fn delays(history: &History, delay: i64) -> Vec<(i64, i64)> {
    let mut list: Vec<(i64, i64)> = Vec::new();
    for seconds in [delay, 3_600, 4 * 3_600, 12 * 3_600, 86_400] {
        let bars = whole_bars(history, seconds);
        if !list.iter().any(|(_, tested)| *tested == bars) {
            list.push((seconds, bars));
        }
    }
    list.sort_unstable_by_key(|(_, tested)| *tested);
    list
}

/// The short options over every window of `delay` seconds from bar `from` on. Errors: `Rule`.
pub fn option_cases(
    history: &History,
    states: &[VolatilityState],
    (delay, from): (i64, usize),
    volatility: &VolatilityParameters,
) -> Result<Vec<OptionCases>, CalibrationError> {
    let windows = history.windows(delay, from);
    let of = |option| Ok(OptionCases { option, cases: cases(history, states, &windows, &option, volatility)? });
    SHORT_OPTIONS.into_iter().map(of).collect()
}

/// What a table of probabilities is made for.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The state after every bar, replayed with the parameters that are judged.
    pub states: &'a [VolatilityState],
    /// Spot percentages.
    pub cross: &'a CrossParameters,
    /// Half-spread, share of spot.
    pub half_spread: f64,
}

/// The least maintenance percentages of calls and of puts, ppm in steps of a quarter percent, at which no short option
/// of `options` loses its equity in more than the `probability` share of its windows, at one half-spread.
pub fn fit_maintenance(options: &[OptionCases], terms: &Terms, probability: f64) -> (u32, u32) {
    let fit = |kind: OptionKind| {
        let mut highest = 0.0;
        for OptionCases { cases, .. } in options.iter().filter(|o| o.option.kind == kind) {
            let needed: Vec<f64> = cases
                .iter()
                .filter_map(|case| {
                    let scale = from_ppm(terms.states.get(case.start)?.scale_mm).max(1.0);
                    Some((case.loss as f64 / case.spot.0 as f64 + terms.half_spread) / scale)
                })
                .collect();
            let needed = quantile(&needed, 1.0 - probability).unwrap_or(0.0);
            highest = f64::max(highest, needed);
        }
        to_ppm(round_up(highest, MAINTENANCE_STEP))
    };
    (fit(OptionKind::Call), fit(OptionKind::Put))
}

/// One row of the table: the share of windows in which equity at the rule book's maintenance margin is less than the
/// loss and the cost of closing. Errors: `Rule`.
pub fn row(
    options: &[OptionCases],
    terms: &Terms,
    (delay, tested): (i64, i64),
) -> Result<CloseoutRow, CalibrationError> {
    let mut row = CloseoutRow {
        delay,
        tested,
        probability: vec![0.0; SLIPPAGE_MULTIPLES.len()],
        wildest: 0.0,
        worst_option: String::new(),
        moments: 0,
    };
    let mut worst_at_one = -1.0;
    for OptionCases { option, cases } in options {
        let counts = count_gone(option, cases, terms)?;
        let shares = counts.gone.map(|count| 1.0 - share(cases.len() - count, cases.len()));
        for (highest, share) in row.probability.iter_mut().zip(shares) {
            *highest = highest.max(share);
        }
        if shares[ONE_HALF_SPREAD] > worst_at_one {
            worst_at_one = shares[ONE_HALF_SPREAD];
            row.worst_option = option.name();
        }
        row.wildest = row.wildest.max(1.0 - share(counts.wild - counts.wild_gone, counts.wild));
        row.moments = row.moments.max(cases.len());
    }
    Ok(row)
}

/// Moments of one option in which equity was gone.
#[derive(Default)]
struct Gone {
    /// Per slippage multiple.
    gone: [usize; SLIPPAGE_MULTIPLES.len()],
    /// Moments in the wildest tenth.
    wild: usize,
    /// Those of them in which equity was gone at one half-spread.
    wild_gone: usize,
}

fn count_gone(option: &ShortOption, cases: &[Case], terms: &Terms) -> Result<Gone, CalibrationError> {
    let level = |case: &Case| terms.states.get(case.start).map_or(0.0, |state| state.state as f64);
    let levels: Vec<f64> = cases.iter().map(level).collect();
    let wild = quantile(&levels, WILD).unwrap_or(f64::INFINITY);
    let mut counts = Gone::default();
    for case in cases {
        let Some(state) = terms.states.get(case.start) else { continue };
        let scales = Scales { initial: Ratio(state.scale_im), maintenance: Ratio(state.scale_mm) };
        let equity = requirement(case, option, scales, terms.cross)?.maintenance as f64;
        let gone = SLIPPAGE_MULTIPLES.map(|multiple| {
            let cost = multiple * terms.half_spread * case.spot.0 as f64;
            case.loss as f64 + cost > equity
        });
        for (count, gone) in counts.gone.iter_mut().zip(gone) {
            *count += usize::from(gone);
        }
        if level(case) >= wild {
            counts.wild += 1;
            counts.wild_gone += usize::from(gone[ONE_HALF_SPREAD]);
        }
    }
    Ok(counts)
}
