//! Which groups are proposed: those that reach what was asked of them, inside the rule book's ranges, on as many windows
//! as can show it. For every other group nothing is proposed; what was fitted, or comes closest, is told.
//!
//! Spot percentages and haircut are multiples of the range, so that without a range neither of them is proposed.

use serde::Serialize;

use crate::closeout::Closeout;
use crate::haircut::HaircutFit;
use crate::initial::OptionCoverage;
use crate::proposal::Proposal;
use crate::range::RangeFit;
use crate::sample::windows_needed;
use crate::warning::Warning;
use crate::Settings;

/// Name of the group of the collateral factor, which belongs to a collateral and not to an underlying.
pub const COLLATERAL: &str = "collateral";

/// Why nothing is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No value that the rule book allows reaches the target.
    NotReached,
    /// It is a multiple of a range that is not proposed.
    RangeNotProposed,
    /// The fitted value leaves the rule book's ranges.
    OutOfRange,
    /// Prices that do not move say nothing.
    PricesDoNotMove,
    /// The files hold nothing to test it on.
    NotTested,
    /// The windows that share no bar are fewer than the coverage takes.
    TooFewWindows,
    /// The moments whose delays share no bar are fewer than the chance takes.
    TooFewMoments,
}

/// A field for which nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withheld {
    /// Parameter group.
    pub group: &'static str,
    /// Field.
    pub field: &'static str,
    /// Value now, ppm; `None` where there is none.
    pub now: Option<u32>,
    /// Value as fitted, ppm; where none reaches the target, the least of those that come closest.
    pub fitted: u32,
    /// Why it is not proposed.
    pub reason: Reason,
}

/// What is proposed and what is not.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The fitted groups that are proposed; the others as they were.
    pub proposal: Proposal,
    /// Names of the groups that are proposed.
    pub proposed: Vec<&'static str>,
    /// Fields of the others.
    pub withheld: Vec<Withheld>,
    /// Why, where no other figure of the report says it.
    pub warnings: Vec<Warning>,
}

/// What was fitted, before it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<'a> {
    /// All groups as fitted; where the range is not reached, over the range as it was.
    pub proposal: &'a Proposal,
    /// The range.
    pub range: &'a RangeFit,
    /// Initial margin and close-out of `proposal`; `None` if the rule book refuses its percentages.
    pub tests: Option<(&'a [OptionCoverage], &'a Closeout)>,
    /// The haircut.
    pub haircut: &'a HaircutFit,
    /// Name of the history that margin is fitted to.
    pub file: &'a str,
    /// Whether any of its prices moves.
    pub moves: bool,
    /// Its windows that share no bar.
    pub independent: usize,
}

/// Judges `fitted` by the targets of `settings`.
pub fn judge(fitted: &Fitted, settings: &Settings) -> Verdict {
    let start = settings.start;
    let mut verdict = Verdict { proposal: start, proposed: Vec::new(), withheld: Vec::new(), warnings: Vec::new() };
    let no_range = fitted.no_range(settings);
    match no_range {
        None => {
            verdict.proposal.volatility = fitted.proposal.volatility;
            verdict.proposal.scan = fitted.proposal.scan;
            verdict.proposed.extend(["volatility", "scan"]);
        }
        Some(Reason::PricesDoNotMove) => {
            verdict.warnings.push(Warning::PricesDoNotMove { file: fitted.file.to_owned() });
        }
        Some(reason) => {
            // A range that is not reached is not among the fitted groups.
            let scan = if reason == Reason::NotReached { fitted.range.scan } else { fitted.proposal.scan };
            let changed = Proposal { volatility: fitted.proposal.volatility, scan, ..start };
            verdict.withhold_changes(&changed, settings, reason);
        }
    }
    let over_range = no_range.map(|reason| match reason {
        Reason::NotReached => Reason::RangeNotProposed,
        reason => reason,
    });
    match over_range.or_else(|| verdict.judge_percentages(fitted, settings)) {
        None => {
            verdict.proposal.cross = fitted.proposal.cross;
            verdict.proposed.push("cross");
        }
        Some(Reason::PricesDoNotMove) => {}
        Some(reason) => {
            verdict.withhold_changes(&Proposal { cross: fitted.proposal.cross, ..start }, settings, reason);
        }
    }
    let missed = || match fitted.haircut {
        HaircutFit { windows: 0, .. } => Some(Reason::NotTested),
        haircut => (haircut.covered < settings.coverage).then_some(Reason::NotReached),
    };
    match over_range.or_else(missed) {
        None => {
            verdict.proposal.cross_factor = fitted.proposal.cross_factor;
            verdict.proposed.push(COLLATERAL);
        }
        Some(Reason::PricesDoNotMove) => {}
        Some(reason) => {
            let (now, fitted) = (start.cross_factor, fitted.haircut.cross_factor);
            verdict.withheld.push(Withheld { group: COLLATERAL, field: "cross_factor", now, fitted, reason });
        }
    }
    verdict
}

impl Fitted<'_> {
    /// Why the range is not proposed.
    fn no_range(&self, settings: &Settings) -> Option<Reason> {
        if !self.moves {
            return Some(Reason::PricesDoNotMove);
        }
        if !self.range.unreached.is_empty() {
            return Some(Reason::NotReached);
        }
        (self.independent < windows_needed(settings.coverage)).then_some(Reason::TooFewWindows)
    }
}

impl Verdict {
    /// Why the spot percentages are not proposed.
    fn judge_percentages(&mut self, fitted: &Fitted, settings: &Settings) -> Option<Reason> {
        if let Err(error) = fitted.proposal.cross.validate() {
            self.warnings.push(Warning::out_of_range(&error));
            return Some(Reason::OutOfRange);
        }
        let (windows, moments) = fitted.tests.map_or((0, 0), |(initial, closeout)| {
            (initial.iter().map(|option| option.windows).min().unwrap_or(0), closeout.moments())
        });
        let tested = fitted.tests.filter(|_| windows > 0);
        let known = tested.and_then(|(initial, closeout)| Some((initial, closeout.independent, closeout.at_target()?)));
        let Some((initial, independent, probability)) = known else {
            self.warnings.push(Warning::PercentagesNotTested { windows, moments });
            return Some(Reason::NotTested);
        };
        let covered = initial.iter().map(|option| option.covered).fold(1.0, f64::min);
        if covered >= settings.coverage && probability <= settings.probability {
            return (independent < windows_needed(1.0 - settings.probability)).then_some(Reason::TooFewMoments);
        }
        self.warnings.push(Warning::PercentagesNotReached { covered, probability });
        Some(Reason::NotReached)
    }

    /// Withholds every field in which `fitted` differs from what the calibration started from.
    fn withhold_changes(&mut self, fitted: &Proposal, settings: &Settings, reason: Reason) {
        for change in fitted.changes(&settings.start) {
            let (group, field, now, fitted) = (change.group, change.field, Some(change.now), change.proposed);
            self.withheld.push(Withheld { group, field, now, fitted, reason });
        }
    }
}
