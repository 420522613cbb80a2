//! The whole calibration of one underlying.
//!
//! 1. The fit of the range on the earlier part of the finest history alone, tested on the later part it has not seen.
//! 2. k: the least multiplier at which rises and falls over the horizon are each covered in the target share of windows,
//!    in every long history and in both parts of it; then the floor that a calm quarter needs; then k again over that
//!    floor.
//! 3. The reference range, the median of all, and the spot percentages at which initial margin of short options survives
//!    the horizon.
//! 4. The maintenance percentages at which a book at maintenance is closed in time.
//! 5. The haircut of collateral in the same coin.

use serde::Serialize;

use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::{Ratio, Q32_ONE};
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters, VolatilityState};

use crate::closeout::{self, Closeout, CloseoutRow, Delay, Terms, SLIPPAGE_MULTIPLES};
use crate::coverage::{
    coverage, fit_deviations, fit_floor, observations, unbounded, Coverage, HorizonFit, Observation,
};
use crate::error::CalibrationError;
use crate::haircut::{fit_haircut, HaircutFit};
use crate::history::History;
use crate::initial::{fit_percentages, initial_coverage, OptionCases, OptionCoverage};
use crate::procyclicality::{procyclicality, Procyclicality};
use crate::proposal::{Change, Proposal};
use crate::replay::{range_of, replay, warm_up};
use crate::statistics::{from_ppm, quantile, round_up, to_ppm};

/// Horizons whose multiplier is reported: seconds.
const HORIZONS: [i64; 5] = [3_600, 4 * 3_600, 12 * 3_600, 86_400, 2 * 86_400];
/// A history of at least this many horizons can show a coverage of 99 %; shorter ones are tested, not fitted to.
const LONG_HORIZONS: i64 = 100;
/// Fewest horizons in any history.
const SHORT_HORIZONS: i64 = 3;
/// Starts per horizon at which whole option books are tested.
const BOOKS_PER_HORIZON: i64 = 4;

/// What a calibration is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Single-tailed coverage that margin must reach, 0..1.
    pub coverage: f64,
    /// Horizon of the coverage: seconds. It is also proposed as the rule's horizon.
    pub horizon: i64,
    /// Share of the finest history that the out-of-sample fit sees; the rest tests it.
    pub split: f64,
    /// From a breach of maintenance to the book in other hands.
    pub delay: Delay,
    /// Largest chance that equity is gone before a book is closed.
    pub probability: f64,
    /// Parameters to start from: what is not fitted stays.
    pub start: Proposal,
}

/// The calibration of one underlying.
#[derive(Clone, Debug, Serialize)]
pub struct Calibration {
    /// Underlying.
    pub asset: String,
    /// Its histories, finest first; the first is the one that option books are tested on.
    pub files: Vec<FileSummary>,
    /// What k would be for other horizons, on the finest history.
    pub horizons: Vec<HorizonFit>,
    /// The fit that has not seen what it is tested on.
    pub out_of_sample: OutOfSample,
    /// Back-test of the proposed range on every history.
    pub coverage: Vec<FileCoverage>,
    /// Initial margin of short options over the horizon.
    pub initial: Vec<OptionCoverage>,
    /// P(E < 0 before the book is closed) over delay and slippage.
    pub closeout: Closeout,
    /// Haircut of collateral in this coin.
    pub haircut: HaircutFit,
    /// How the parameters that the calibration started from do in the same tests.
    pub start: Standing,
    /// Median of the volatility state, a year.
    pub median_volatility: f64,
    /// Fields that the proposal changes.
    pub changes: Vec<Change>,
    /// The proposal.
    #[serde(skip)]
    pub proposal: Proposal,
    /// What the picture shows.
    #[serde(skip)]
    pub days: Vec<Day>,
}

/// One history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileSummary {
    /// Name of the file.
    pub file: String,
    /// First open: unix seconds.
    pub from: i64,
    /// Last close: unix seconds.
    pub to: i64,
    /// Bars.
    pub bars: usize,
    /// Usual length of a bar: seconds.
    pub bar_seconds: i64,
    /// Whether parameters are fitted to it: it is long enough.
    pub fitted: bool,
}

/// A fit on the earlier part of a history and its back-test on the later part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutOfSample {
    /// Name of the file.
    pub file: String,
    /// Where the fit ends and the test begins: unix seconds.
    pub split_at: i64,
    /// Fitted multiplier.
    pub deviations: f64,
    /// Fitted floor, share of spot.
    pub range_floor: f64,
    /// Coverage of the part that was fitted.
    pub fit: Coverage,
    /// Coverage of the part that was not.
    pub test: Coverage,
}

/// The proposed range on one history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileCoverage {
    /// Name of the file.
    pub file: String,
    /// Back-test of the initial range.
    pub coverage: Coverage,
    /// Swings of the initial range.
    pub initial_range: Procyclicality,
    /// Swings of the maintenance range, whose rise is capped.
    pub maintenance_range: Procyclicality,
}

/// How a parameter group does in the tests, for comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Back-test of the range on every history, by file.
    pub coverage: Vec<(String, Coverage)>,
    /// Initial margin of the short option that fares worst.
    pub initial: OptionCoverage,
    /// P(E < 0 before the book is closed) at the shortest delay of the table.
    pub closeout: CloseoutRow,
}

/// One UTC day of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Start of the day: unix seconds.
    pub time: i64,
    /// Highest initial range of the day, share of spot.
    pub initial: f64,
    /// Highest maintenance range of the day, share of spot.
    pub maintenance: f64,
    /// The window of the day with the least room between range and move.
    pub tightest: Option<Tightest>,
}

/// A window by what was left of its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tightest {
    /// Largest move inside, share of spot, signed.
    pub change: f64,
    /// Range at its start, share of spot.
    pub range: f64,
}

/// A history with what is derived from it once.
struct Replayed<'a> {
    history: &'a History,
    states: Vec<VolatilityState>,
    observations: Vec<Observation>,
    long: bool,
}

/// Calibrates one underlying to its histories, at least one; `half_spread` is the cost of closing as a share of spot.
/// `progress` hears what is being done.
///
/// Errors: `TooShort`, `Unreachable`, `Refused`, `Rule`.
pub fn calibrate(
    histories: &[History],
    half_spread: f64,
    settings: &Settings,
    progress: &dyn Fn(&str),
) -> Result<Calibration, CalibrationError> {
    let asset = histories.first().map_or_else(String::new, |history| history.asset.clone());
    let mut proposal = settings.start;
    progress(&format!("{asset}: replaying the volatility state"));
    let replayed = replay_all(histories, settings)?;
    let Some(finest) = replayed.first() else {
        let none = plimsoll_prices::PriceError::NoBars { file: "--prices".to_owned() };
        return Err(none.into());
    };
    proposal.volatility.reference = median_volatility(finest, &proposal.volatility);
    progress(&format!("{asset}: fitting the scan range"));
    proposal.scan = fit_scan(&replayed, settings)?;
    let out_of_sample = out_of_sample(finest, settings)?;
    let horizons = horizon_fits(finest, settings)?;
    progress(&format!("{asset}: back-testing initial margin"));
    let books = sampled_cases(finest, settings)?;
    proposal.scan.range_reference = median_range(finest, &proposal.scan)?;
    let (max_spot, min_spot) = fit_percentages(&books, &finest.states, &proposal.scan, settings.coverage)?;
    proposal.cross.max_spot = Ratio(max_spot);
    proposal.cross.min_spot = Ratio(min_spot);
    progress(&format!("{asset}: closing books after a delay"));
    let (final_states, closeout) = fit_closeout(finest, half_spread, settings, &mut proposal)?;
    progress(&format!("{asset}: fitting the haircut"));
    let haircut = fit_haircut(&finest.observations, &proposal.scan, settings.coverage)?;
    proposal.cross_factor = Some(haircut.cross_factor);
    proposal.validate(&asset)?;
    let coverage = replayed.iter().map(|r| file_coverage(r, &proposal)).collect::<Result<Vec<_>, _>>()?;
    progress(&format!("{asset}: comparing with the parameters it started from"));
    let start = standing(&replayed, finest, &books, (half_spread, settings))?;
    Ok(Calibration {
        files: replayed.iter().map(summary).collect(),
        horizons,
        out_of_sample,
        coverage,
        initial: initial_coverage(&books, &finest.states, &proposal.scan, &proposal.cross)?,
        closeout,
        haircut,
        start,
        median_volatility: f64::from(proposal.volatility.reference) / 1e6,
        changes: proposal.changes(&settings.start),
        days: days(finest, &final_states),
        proposal,
        asset,
    })
}

/// Histories by the length of their bars, finest first; long ones before short ones.
fn replay_all<'a>(histories: &'a [History], settings: &Settings) -> Result<Vec<Replayed<'a>>, CalibrationError> {
    let mut replayed = Vec::new();
    for history in histories {
        let (have, need) = (history.seconds(), SHORT_HORIZONS * settings.horizon);
        if have < need {
            let (file, horizon) = (history.file.clone(), settings.horizon);
            return Err(CalibrationError::TooShort { file, have, need, horizon });
        }
        let start = &settings.start;
        let states = replay(history, &start.volatility, &start.scan)?;
        let windows = history.windows(settings.horizon, warm_up(history, &start.volatility));
        let observations = observations(&windows, &states);
        replayed.push(Replayed { history, states, observations, long: have >= LONG_HORIZONS * settings.horizon });
    }
    // Nothing long: the longest is fitted to, whatever that is worth.
    if replayed.iter().all(|r| !r.long) {
        if let Some(longest) = replayed.iter_mut().max_by_key(|r| r.history.seconds()) {
            longest.long = true;
        }
    }
    replayed.sort_by_key(|r| (!r.long, r.history.bar_seconds));
    Ok(replayed)
}

fn summary(replayed: &Replayed) -> FileSummary {
    let history = replayed.history;
    FileSummary {
        file: history.file.clone(),
        from: history.bars.first().map_or(0, |bar| bar.timestamp),
        to: history.closed_at(history.bars.len().saturating_sub(1)),
        bars: history.bars.len(),
        bar_seconds: history.bar_seconds,
        fitted: replayed.long,
    }
}

/// The median state, to the next five percent: what is normal for this coin, ppm within floor and cap.
fn median_volatility(replayed: &Replayed, volatility: &VolatilityParameters) -> u32 {
    let levels: Vec<f64> = replayed.observations.iter().map(|o| o.state.state as f64 / Q32_ONE as f64).collect();
    let median = round_up(quantile(&levels, 0.5).unwrap_or(from_ppm(volatility.reference)), 0.05);
    to_ppm(median).clamp(volatility.floor, volatility.cap)
}

/// The median range that `scan` gives, to the next percent: where the margin scale is 1. Errors: `Rule`.
fn median_range(replayed: &Replayed, scan: &ScanParameters) -> Result<u32, CalibrationError> {
    let mut ranges = Vec::with_capacity(replayed.observations.len());
    for observation in &replayed.observations {
        ranges.push(range_of(&observation.state, scan)?);
    }
    let median = quantile(&ranges, 0.5).unwrap_or(from_ppm(scan.range_reference));
    Ok(to_ppm(round_up(median, 0.01)).clamp(10_000, 950_000))
}

/// The range that covers every long history, and the earlier and the later part of each.
fn fit_scan(replayed: &[Replayed], settings: &Settings) -> Result<ScanParameters, CalibrationError> {
    let (mut wholes, mut parts): (Vec<Set>, Vec<Set>) = (Vec::new(), Vec::new());
    for Replayed { history, observations, .. } in replayed.iter().filter(|r| r.long) {
        let (earlier, later) = observations.split_at(split_index(observations, settings));
        wholes.push((history.file.as_str(), observations.as_slice()));
        parts.extend([observations.as_slice(), earlier, later].map(|set| (history.file.as_str(), set)));
    }
    fit_range(&parts, &wholes, settings)
}

fn split_index(observations: &[Observation], settings: &Settings) -> usize {
    ((observations.len() as f64 * settings.split) as usize).min(observations.len())
}

/// Windows of a history, with the name of its file.
type Set<'a> = (&'a str, &'a [Observation]);

/// k such that all of `sets` are covered, over the floor that the calm quarters of `wholes` need: a quarter of a part
/// would be a handful of independent days.
fn fit_range(sets: &[Set], wholes: &[Set], settings: &Settings) -> Result<ScanParameters, CalibrationError> {
    let target = settings.coverage;
    let horizon_seconds = u32::try_from(settings.horizon).unwrap_or(u32::MAX);
    let mut scan = ScanParameters { horizon_seconds, ..settings.start.scan };
    let unreachable = |file: &str, parameter, highest: u32, scan: &ScanParameters, set: &[Observation]| {
        let reached = coverage(set, scan).map_or(0.0, |coverage| coverage.single_tailed());
        let highest = format!("{}", from_ppm(highest));
        CalibrationError::Unreachable { file: file.to_owned(), parameter, highest, target, reached }
    };
    let deviations = |scan: &ScanParameters| -> Result<u32, CalibrationError> {
        let mut largest = 0;
        for (file, set) in sets {
            let fitted = fit_deviations(set, scan, target)?;
            let highest = ScanParameters { deviations: 20_000_000, ..*scan };
            largest = largest.max(fitted.ok_or_else(|| unreachable(file, "deviations", 20_000_000, &highest, set))?);
        }
        Ok(largest)
    };
    scan.deviations = deviations(&scan)?;
    // A history may never have been as calm as the next month: the floor only rises.
    let mut floor = scan.range_floor;
    for (file, set) in wholes {
        let fitted = fit_floor(set, &scan, target)?;
        let highest = ScanParameters { range_floor: scan.range_cap, ..scan };
        floor = floor.max(fitted.ok_or_else(|| unreachable(file, "range_floor", scan.range_cap, &highest, set))?);
    }
    scan.range_floor = floor;
    scan.deviations = deviations(&scan)?;
    Ok(scan)
}

fn out_of_sample(replayed: &Replayed, settings: &Settings) -> Result<OutOfSample, CalibrationError> {
    let observations = &replayed.observations;
    let (seen, rest) = observations.split_at(split_index(observations, settings));
    let split_at = rest.first().map_or(0, |first| first.window.time);
    // A window that reaches over the split belongs to neither part.
    let fit: Vec<Observation> = seen.iter().filter(|o| o.window.time + settings.horizon <= split_at).copied().collect();
    let seen: Set = (replayed.history.file.as_str(), &fit);
    let scan = fit_range(&[seen], &[seen], settings)?;
    Ok(OutOfSample {
        file: replayed.history.file.clone(),
        split_at,
        deviations: from_ppm(scan.deviations),
        range_floor: from_ppm(scan.range_floor),
        fit: coverage(&fit, &scan)?,
        test: coverage(rest, &scan)?,
    })
}

fn horizon_fits(replayed: &Replayed, settings: &Settings) -> Result<Vec<HorizonFit>, CalibrationError> {
    let (history, start) = (replayed.history, &settings.start);
    let mut fits = Vec::new();
    for seconds in HORIZONS.into_iter().filter(|seconds| *seconds >= history.bar_seconds) {
        let windows = history.windows(seconds, warm_up(history, &start.volatility));
        let set = observations(&windows, &replayed.states);
        let fitted = fit_deviations(&set, &unbounded(&start.scan, seconds), settings.coverage)?;
        fits.push(HorizonFit { seconds, deviations: fitted.map(from_ppm) });
    }
    Ok(fits)
}

/// Short options over the horizon, at a few starts per horizon.
fn sampled_cases(replayed: &Replayed, settings: &Settings) -> Result<Vec<OptionCases>, CalibrationError> {
    let history = replayed.history;
    let stride = usize::try_from(settings.horizon / BOOKS_PER_HORIZON / history.bar_seconds.max(1)).unwrap_or(1).max(1);
    let from = warm_up(history, &settings.start.volatility);
    let all = closeout::option_cases(history, &replayed.states, (settings.horizon, from), &settings.start.volatility)?;
    let thinned = |set: OptionCases| OptionCases { cases: set.cases.into_iter().step_by(stride).collect(), ..set };
    Ok(all.into_iter().map(thinned).collect())
}

/// Fits the maintenance percentages into `proposal` and makes the table; also the states of the final parameters.
fn fit_closeout(
    replayed: &Replayed,
    half_spread: f64,
    settings: &Settings,
    proposal: &mut Proposal,
) -> Result<(Vec<VolatilityState>, Closeout), CalibrationError> {
    let history = replayed.history;
    let volatility = proposal.volatility;
    let states = replay(history, &volatility, &proposal.scan)?;
    let from = warm_up(history, &volatility);
    let delay = settings.delay.total();
    let shortest = closeout::option_cases(history, &states, (delay, from), &volatility)?;
    let start = proposal.cross;
    let terms = Terms { states: &states, cross: &start, half_spread };
    let (call, put) = closeout::fit_maintenance(&shortest, &terms, settings.probability);
    proposal.cross = with_maintenance(&proposal.cross, call, put);
    let cross = proposal.cross;
    let terms = Terms { states: &states, cross: &cross, half_spread };
    let mut rows = Vec::new();
    for (asked, tested) in closeout::delays(history, delay) {
        let cases = closeout::option_cases(history, &states, (tested, from), &volatility)?;
        rows.push(closeout::row(&cases, &terms, (asked, tested))?);
    }
    let table = Closeout { delay: settings.delay, half_spread, slippage_multiples: SLIPPAGE_MULTIPLES.to_vec(), rows };
    Ok((states, table))
}

/// How `settings.start` does. Errors: `Rule`.
fn standing(
    replayed: &[Replayed],
    finest: &Replayed,
    books: &[OptionCases],
    (half_spread, settings): (f64, &Settings),
) -> Result<Standing, CalibrationError> {
    let Proposal { volatility, scan, cross, .. } = &settings.start;
    let ranges = |r: &Replayed| Ok((r.history.file.clone(), coverage(&r.observations, scan)?));
    let options = initial_coverage(books, &finest.states, scan, cross)?;
    let worst = options.into_iter().reduce(|worst, next| if next.covered < worst.covered { next } else { worst });
    let history = finest.history;
    let (asked, tested) = closeout::delays(history, settings.delay.total()).first().copied().unwrap_or((0, 1));
    let from = warm_up(history, volatility);
    let cases = closeout::option_cases(history, &finest.states, (tested, from), volatility)?;
    let terms = Terms { states: &finest.states, cross, half_spread };
    Ok(Standing {
        coverage: replayed.iter().map(ranges).collect::<Result<Vec<_>, CalibrationError>>()?,
        initial: worst.unwrap_or(OptionCoverage { option: String::new(), windows: 0, covered: 1.0, worst: None }),
        closeout: closeout::row(&cases, &terms, (asked, tested))?,
    })
}

/// `cross` with these maintenance percentages; initial margin asks at least as much.
fn with_maintenance(cross: &CrossParameters, call: u32, put: u32) -> CrossParameters {
    let min_spot = cross.min_spot.0.max(call).max(put);
    CrossParameters {
        mm_call: Ratio(call.max(5_000)),
        mm_put: Ratio(put.max(5_000)),
        min_spot: Ratio(min_spot),
        max_spot: Ratio(cross.max_spot.0.max(min_spot)),
        ..*cross
    }
}

fn file_coverage(replayed: &Replayed, proposal: &Proposal) -> Result<FileCoverage, CalibrationError> {
    let history = replayed.history;
    let states = replay(history, &proposal.volatility, &proposal.scan)?;
    let from = warm_up(history, &proposal.volatility);
    let of = |read: fn(&VolatilityState) -> u32| {
        let ranges: Vec<(i64, f64)> =
            states.iter().enumerate().skip(from).map(|(i, s)| (history.closed_at(i), from_ppm(read(s)))).collect();
        procyclicality(&ranges)
    };
    let none = || CalibrationError::Prices(plimsoll_prices::PriceError::NoBars { file: history.file.clone() });
    Ok(FileCoverage {
        file: history.file.clone(),
        coverage: coverage(&replayed.observations, &proposal.scan)?,
        initial_range: of(|state| state.range_im).ok_or_else(none)?,
        maintenance_range: of(|state| state.range_mm).ok_or_else(none)?,
    })
}

/// The history day by day.
fn days(replayed: &Replayed, states: &[VolatilityState]) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for Observation { window, .. } in &replayed.observations {
        let Some(state) = states.get(window.start) else { continue };
        let (initial, maintenance) = (from_ppm(state.range_im), from_ppm(state.range_mm));
        let change = if window.up >= window.down { window.up } else { -window.down };
        let tightest = Tightest { change, range: initial };
        let time = window.time.div_euclid(86_400) * 86_400;
        match days.last_mut().filter(|day| day.time == time) {
            Some(day) => {
                day.initial = day.initial.max(initial);
                day.maintenance = day.maintenance.max(maintenance);
                let room = |t: Tightest| t.range - t.change.abs();
                day.tightest = day.tightest.map(|known| if room(tightest) < room(known) { tightest } else { known });
            }
            None => days.push(Day { time, initial, maintenance, tightest: Some(tightest) }),
        }
    }
    days
}
