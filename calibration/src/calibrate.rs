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
//! 6. The verdict: what reaches its target, on as many windows as can show it, is proposed, nothing else; and the
//!    warnings.

use std::cmp::Reverse;

use serde::Serialize;

use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::{Ratio, Q32_ONE};
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters, VolatilityState};

use crate::closeout::{self, Closeout, CloseoutRow, Delay, Terms, SLIPPAGE_MULTIPLES};
use crate::coverage::{coverage, fit_deviations, observations, unbounded, Coverage, HorizonFit, Observation};
use crate::error::CalibrationError;
use crate::haircut::{fit_haircut, HaircutFit};
use crate::history::{Gaps, History};
use crate::initial::{fit_percentages, initial_coverage, OptionCases, OptionCoverage};
use crate::picture::{buckets, Bucket};
use crate::procyclicality::{procyclicality, Procyclicality};
use crate::proposal::{Change, Proposal};
use crate::range::{fit_whole_and_parts, out_of_sample, Closest, OutOfSample, Part, RangeFit, Set, Unreached};
use crate::replay::{range_of, replay, warm_up};
use crate::sample::{independent, most_shown, windows_needed};
use crate::statistics::{from_ppm, quantile, round_up, to_ppm};
use crate::verdict::{judge, Fitted, Withheld, COLLATERAL};
use crate::warning::{self, Warning};

/// Horizons whose multiplier is reported: seconds.
const HORIZONS: [i64; 5] = [3_600, 4 * 3_600, 12 * 3_600, 86_400, 2 * 86_400];
/// A history of at least this many horizons is fitted to; shorter ones are tested. What is proposed takes more windows
/// than that: see [`crate::sample::windows_needed`].
const LONG_HORIZONS: i64 = 100;
/// Starts per horizon at which whole option books are tested.
const BOOKS_PER_HORIZON: i64 = 4;

/// Least percentages that the rule book allows, ppm: a coin that hardly moves asks for less.
const PERCENTAGE_LEAST: u32 = 5_000;
const MAX_SPOT_LEAST: u32 = 10_000;
/// Every group that a calibration can propose.
pub const GROUPS: [&str; 4] = ["volatility", "scan", "cross", COLLATERAL];

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
    /// Its histories: those that can show the coverage first, finest first; the first is the one that margin is fitted
    /// to and option books are tested on.
    pub files: Vec<FileSummary>,
    /// What k would be for other horizons, on the finest history.
    pub horizons: Vec<HorizonFit>,
    /// The fit that has not seen what it is tested on; `None` where the history is too short to split.
    pub out_of_sample: Option<OutOfSample>,
    /// Histories whose coverage no range reaches.
    pub unreached: Vec<Unreached>,
    /// The range that comes closest, if none reaches the coverage.
    pub closest: Option<Closest>,
    /// Back-test of the proposed range on every history; without a proposal of that of the parameters it started from.
    pub coverage: Vec<FileCoverage>,
    /// Initial margin of short options over the horizon, at the proposal.
    pub initial: Vec<OptionCoverage>,
    /// P(E < 0 before the book is closed) over delay and slippage, at the proposal.
    pub closeout: Closeout,
    /// Haircut of collateral in this coin.
    pub haircut: HaircutFit,
    /// How the parameters that the calibration started from do in the same tests.
    pub start: Standing,
    /// Median of the volatility state, a year.
    pub median_volatility: f64,
    /// Fields that the proposal changes.
    pub changes: Vec<Change>,
    /// Groups that are proposed: those that reach their targets.
    pub proposed: Vec<&'static str>,
    /// Fields of the other groups, with what comes closest.
    pub withheld: Vec<Withheld>,
    /// What to know before using it, gravest first.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
    /// The proposal; groups that are not proposed are as they were.
    #[serde(skip)]
    pub proposal: Proposal,
    /// What the picture shows.
    #[serde(skip)]
    pub buckets: Vec<Bucket>,
}

impl Calibration {
    /// Whether `group` is proposed.
    pub fn proposes(&self, group: &str) -> bool {
        self.proposed.contains(&group)
    }

    /// The groups for which nothing is proposed.
    pub fn not_proposed(&self) -> Vec<&'static str> {
        GROUPS.into_iter().filter(|group| !self.proposes(group)).collect()
    }

    /// The proposed groups as TOML, below `notes` as comments.
    pub fn toml(&self, notes: &[String]) -> String {
        self.proposal.toml(&self.asset, &self.proposed, notes)
    }
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
    /// Windows of the horizon, one from every bar after the warm-up: they overlap.
    pub windows: usize,
    /// Windows that share no bar.
    pub independent: usize,
    /// The highest coverage that so many windows can show with 95 % confidence.
    pub most_shown: f64,
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
    /// P(E < 0 before the book is closed) after the delay asked for.
    pub closeout: CloseoutRow,
}

/// A history with what is derived from it once.
struct Replayed<'a> {
    history: &'a History,
    states: Vec<VolatilityState>,
    observations: Vec<Observation>,
    /// Windows that share no bar.
    independent: usize,
    long: bool,
}

impl Replayed<'_> {
    fn whole(&self) -> Set<'_> {
        Set { file: &self.history.file, part: Part::Whole, observations: &self.observations }
    }
}

/// What percentages are fitted to and tested on.
struct Trial<'a> {
    finest: &'a Replayed<'a>,
    books: &'a [OptionCases],
    half_spread: f64,
    settings: &'a Settings,
}

/// Tests of a parameter group on the finest history.
struct Tests {
    states: Vec<VolatilityState>,
    initial: Vec<OptionCoverage>,
    closeout: Closeout,
}

/// Calibrates one underlying to its histories, at least one; `half_spread` is the cost of closing as a share of spot.
/// `progress` hears what is being done.
///
/// Whatever the prices are there is a result: a group that does not reach its target is not proposed, and a warning says
/// so. Errors: `Prices` without a history, `OneBar`, `TooShort`, `Gap`, `Twice`, `Disagree`, `Refused`, `Rule`.
pub fn calibrate(
    histories: &[History],
    half_spread: f64,
    settings: &Settings,
    progress: &dyn Fn(&str),
) -> Result<Calibration, CalibrationError> {
    let asset = histories.first().map_or_else(String::new, |history| history.asset.clone());
    for (index, history) in histories.iter().enumerate() {
        histories.iter().skip(index + 1).try_for_each(|other| history.beside(other))?;
    }
    progress(&format!("{asset}: replaying the volatility state"));
    let replayed = replay_all(histories, settings)?;
    let Some(finest) = replayed.first() else {
        let none = plimsoll_prices::PriceError::NoBars { file: "--prices".to_owned() };
        return Err(none.into());
    };
    progress(&format!("{asset}: fitting the scan range"));
    let wholes: Vec<Set> = replayed.iter().filter(|r| r.long).map(Replayed::whole).collect();
    let range = fit_whole_and_parts(&wholes, settings)?;
    let moves = finest.observations.iter().any(|o| o.window.largest() > 0.0);
    let out_of_sample = out_of_sample(&finest.history.file, &finest.observations, settings)?;
    let horizons = horizon_fits(finest, settings)?;
    progress(&format!("{asset}: fitting margin and haircut"));
    let books = sampled_cases(finest, settings)?;
    let trial = Trial { finest, books: &books, half_spread, settings };
    let (fitted, haircut) = trial.fit((moves && range.unreached.is_empty()).then_some(&range))?;
    progress(&format!("{asset}: back-testing margin"));
    let tests = fitted.cross.validate().is_ok().then(|| trial.test(&fitted)).transpose()?;
    let shown = tests.as_ref().map(|tests| (tests.initial.as_slice(), &tests.closeout));
    let (file, independent) = (&finest.history.file, finest.independent);
    let fit = Fitted { proposal: &fitted, range: &range, tests: shown, haircut: &haircut, file, moves, independent };
    let verdict = judge(&fit, settings);
    let proposal = verdict.proposal;
    proposal.validate(&asset)?;
    let groups = |of: &Proposal| (of.volatility, of.scan, of.cross);
    let same = |_: &Tests| groups(&proposal) == groups(&fitted);
    let tests = tests.filter(same).map_or_else(|| trial.test(&proposal), Ok)?;
    progress(&format!("{asset}: comparing with the parameters it started from"));
    let mut calibration = Calibration {
        files: replayed.iter().map(summary).collect(),
        horizons,
        out_of_sample,
        closest: closest(&replayed, &range)?,
        coverage: replayed.iter().map(|r| file_coverage(r, &proposal)).collect::<Result<Vec<_>, _>>()?,
        initial: tests.initial,
        closeout: tests.closeout,
        haircut,
        start: standing(&replayed, &trial)?,
        median_volatility: f64::from(median_volatility(finest, &settings.start.volatility)) / 1e6,
        changes: proposal.changes(&settings.start),
        proposed: verdict.proposed,
        withheld: verdict.withheld,
        warnings: Vec::new(),
        buckets: buckets(&finest.observations, &tests.states),
        unreached: range.unreached,
        proposal,
        asset,
    };
    let histories: Vec<&History> = replayed.iter().map(|r| r.history).collect();
    calibration.warnings = verdict.warnings;
    let found = warning::find(&calibration, &histories, settings);
    calibration.warnings.extend(found);
    Ok(calibration)
}

/// Histories by the length of their bars, finest first; long ones before short ones, and before both the long ones that
/// can show the coverage.
fn replay_all<'a>(histories: &'a [History], settings: &Settings) -> Result<Vec<Replayed<'a>>, CalibrationError> {
    let mut replayed = Vec::new();
    for history in histories {
        let start = &settings.start;
        let states = replay(history, &start.volatility, &start.scan)?;
        let windows = history.windows(settings.horizon, warm_up(history, &start.volatility));
        let observations = observations(&windows, &states);
        if observations.is_empty() {
            return Err(too_short(history, settings));
        }
        let long = history.seconds() >= LONG_HORIZONS * settings.horizon;
        let independent = independent(observations.iter().map(|o| o.window));
        replayed.push(Replayed { history, states, observations, independent, long });
    }
    // Nothing long: the longest is fitted to, whatever that is worth.
    if replayed.iter().all(|r| !r.long) {
        let by_length = |r: &&mut Replayed| (r.history.seconds(), Reverse(r.history.file.clone()));
        if let Some(longest) = replayed.iter_mut().max_by_key(by_length) {
            longest.long = true;
        }
    }
    let needed = windows_needed(settings.coverage);
    let shows = |r: &Replayed| r.long && r.independent >= needed;
    replayed.sort_by_key(|r| (!shows(r), !r.long, r.history.bar_seconds, r.history.file.clone()));
    Ok(replayed)
}

/// The refusal of a history that holds no window, with the number of bars that would hold one, or the gap that has it.
fn too_short(history: &History, settings: &Settings) -> CalibrationError {
    let (bar, horizon) = (history.bar_seconds.max(1), settings.horizon);
    if let [only] = history.bars.as_slice() {
        return CalibrationError::OneBar { file: history.file.clone(), timestamp: only.timestamp, horizon };
    }
    let warm_up = i64::from(settings.start.volatility.slow_half_life_seconds);
    let window = (horizon + bar - 1) / bar;
    // Bars of the warm-up, the bar whose close the window begins with, and the window.
    let holds = |bars: &i64| (warm_up.min(bars * bar / 10) + bar - 1) / bar + 1 + window <= *bars;
    let need = (window..).find(holds).unwrap_or(i64::MAX);
    let (file, bars, have) = (history.file.clone(), history.bars.len(), history.seconds());
    let enough = i64::try_from(bars).is_ok_and(|bars| bars >= need);
    if let Some(Gaps { longest, after, .. }) = history.gaps(0).filter(|_| enough) {
        return CalibrationError::Gap { file, bars, bar, horizon, gap: longest, after };
    }
    CalibrationError::TooShort { file, bars, have, need, bar, horizon }
}

fn summary(replayed: &Replayed) -> FileSummary {
    let history = replayed.history;
    let independent = replayed.independent;
    FileSummary {
        file: history.file.clone(),
        from: history.bars.first().map_or(0, |bar| bar.timestamp),
        to: history.closed_at(history.bars.len().saturating_sub(1)),
        bars: history.bars.len(),
        bar_seconds: history.bar_seconds,
        fitted: replayed.long,
        windows: replayed.observations.len(),
        independent,
        most_shown: most_shown(independent),
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

/// The range that comes closest, on every history; `None` if the fit reaches its target. Errors: `Rule`.
fn closest(replayed: &[Replayed], range: &RangeFit) -> Result<Option<Closest>, CalibrationError> {
    let RangeFit { scan, unreached } = range;
    if unreached.is_empty() {
        return Ok(None);
    }
    let tested = replayed.iter().map(|r| Ok((r.history.file.clone(), coverage(&r.observations, scan)?)));
    Ok(Some(Closest {
        deviations: from_ppm(scan.deviations),
        range_floor: from_ppm(scan.range_floor),
        coverage: tested.collect::<Result<Vec<_>, CalibrationError>>()?,
    }))
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

impl Trial<'_> {
    /// All groups, over the range of `range`; without one over that of the start. Errors: `Rule`.
    fn fit(&self, range: Option<&RangeFit>) -> Result<(Proposal, HaircutFit), CalibrationError> {
        let Self { finest, books, half_spread, settings } = *self;
        let mut fitted = settings.start;
        if let Some(range) = range {
            fitted.volatility.reference = median_volatility(finest, &fitted.volatility);
            fitted.scan = range.scan;
            fitted.scan.range_reference = median_range(finest, &fitted.scan)?;
        }
        let (max_spot, min_spot) = fit_percentages(books, &finest.states, &fitted.scan, settings.coverage)?;
        let history = finest.history;
        let states = replay(history, &fitted.volatility, &fitted.scan)?;
        let span = (closeout::whole_bars(history, settings.delay.total()), warm_up(history, &fitted.volatility));
        let cases = closeout::option_cases(history, &states, span, &fitted.volatility)?;
        let terms = Terms { states: &states, cross: &fitted.cross, half_spread };
        let maintenance = closeout::fit_maintenance(&cases, &terms, settings.probability);
        fitted.cross = with_percentages(&fitted.cross, (max_spot, min_spot), maintenance);
        let haircut = fit_haircut(&finest.observations, &fitted.scan, settings.coverage)?;
        fitted.cross_factor = Some(haircut.cross_factor);
        Ok((fitted, haircut))
    }

    /// Initial margin and close-out under `proposal`. Errors: `Rule`.
    fn test(&self, proposal: &Proposal) -> Result<Tests, CalibrationError> {
        let Self { finest, books, half_spread, settings } = *self;
        let Proposal { volatility, scan, cross, .. } = proposal;
        let history = finest.history;
        let states = replay(history, volatility, scan)?;
        let from = warm_up(history, volatility);
        let terms = Terms { states: &states, cross, half_spread };
        let mut rows = Vec::new();
        for (asked, tested) in closeout::delays(history, settings.delay.total()) {
            let cases = closeout::option_cases(history, &states, (tested, from), volatility)?;
            rows.push(closeout::row(&cases, &terms, (asked, tested))?);
        }
        let closeout = Closeout {
            delay: settings.delay,
            half_spread,
            slippage_multiples: SLIPPAGE_MULTIPLES.to_vec(),
            rows,
            independent: independent(history.windows(closeout::whole_bars(history, settings.delay.total()), from)),
        };
        Ok(Tests { initial: initial_coverage(books, &finest.states, scan, cross)?, closeout, states })
    }
}

/// How the parameters that the calibration started from do. Errors: `Rule`.
fn standing(replayed: &[Replayed], trial: &Trial) -> Result<Standing, CalibrationError> {
    let Trial { finest, books, half_spread, settings } = *trial;
    let Proposal { volatility, scan, cross, .. } = &settings.start;
    let ranges = |r: &Replayed| Ok((r.history.file.clone(), coverage(&r.observations, scan)?));
    let options = initial_coverage(books, &finest.states, scan, cross)?;
    let worst = options.into_iter().reduce(|worst, next| if next.covered < worst.covered { next } else { worst });
    let (history, delay) = (finest.history, settings.delay.total());
    let (asked, tested) = (delay, closeout::whole_bars(history, delay));
    let from = warm_up(history, volatility);
    let cases = closeout::option_cases(history, &finest.states, (tested, from), volatility)?;
    let terms = Terms { states: &finest.states, cross, half_spread };
    Ok(Standing {
        coverage: replayed.iter().map(ranges).collect::<Result<Vec<_>, CalibrationError>>()?,
        initial: worst.unwrap_or(OptionCoverage { option: String::new(), windows: 0, covered: 1.0, worst: None }),
        closeout: closeout::row(&cases, &terms, (asked, tested))?,
    })
}

/// `cross` with these percentages, none below what the rule book allows; initial margin asks at least as much as
/// maintenance.
fn with_percentages(
    cross: &CrossParameters,
    (max_spot, min_spot): (u32, u32),
    (call, put): (u32, u32),
) -> CrossParameters {
    let (call, put) = (call.max(PERCENTAGE_LEAST), put.max(PERCENTAGE_LEAST));
    let min_spot = min_spot.max(call).max(put);
    CrossParameters {
        mm_call: Ratio(call),
        mm_put: Ratio(put),
        min_spot: Ratio(min_spot),
        max_spot: Ratio(max_spot.max(min_spot).max(MAX_SPOT_LEAST)),
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
