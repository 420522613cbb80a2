//! What whoever reads a calibration must know before using it.

use serde::Serialize;

use plimsoll_core::parameters::ParameterError;

use crate::calibrate::{Calibration, FileSummary, Settings};
use crate::coverage::Breach;
use crate::history::History;
use crate::range::Unreached;
use crate::sample::{most_shown, windows_needed};

/// A shortcoming of the data or of the result, with its figures: shares are 0..1, times unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Warning {
    /// Nothing inside the rule book's ranges reaches the coverage: no range is proposed.
    CoverageNotReached(Unreached),
    /// No price of the history that margin is fitted to ever moves: nothing is proposed.
    PricesDoNotMove {
        /// Name of the file.
        file: String,
    },
    /// The fitted percentages leave the rule book's ranges: none are proposed.
    PercentagesOutOfRange {
        /// Field, value and range.
        reason: String,
    },
    /// The fitted percentages do not reach their targets in the rule book's own arithmetic: none are proposed.
    PercentagesNotReached {
        /// Coverage of initial margin, of the option that fares worst.
        covered: f64,
        /// Chance that equity is gone before the book is closed.
        probability: f64,
    },
    /// The files hold nothing to test the fitted percentages on: none are proposed.
    PercentagesNotTested {
        /// Windows that test initial margin, of the option that has fewest.
        windows: usize,
        /// Moments that test whether a book is closed in time.
        moments: usize,
    },
    /// A file that parameters are fitted to has too few windows to show the coverage.
    TooFewWindows {
        /// Name of the file.
        file: String,
        /// Windows, which overlap.
        windows: usize,
        /// Those that share no bar.
        independent: usize,
        /// How many of them are needed.
        needed: usize,
        /// The highest coverage that they can show with 95 % confidence.
        most_shown: f64,
    },
    /// Too few moments to show how seldom equity is gone before a book is closed.
    TooFewMoments {
        /// Moments whose delays share no bar.
        independent: usize,
        /// How many of them are needed.
        needed: usize,
        /// The lowest chance that they can show with 95 % confidence.
        least_shown: f64,
    },
    /// The history cannot be split into a part to fit and a part to test.
    NoUnseenPart,
    /// A range fitted to the earlier part does not cover the later one.
    UnseenNotCovered {
        /// Coverage of the later part, rises or falls, whichever is less.
        reached: f64,
        /// Coverage asked for.
        target: f64,
    },
    /// The proposed range does not cover a file that it was not fitted to.
    FileNotCovered {
        /// Name of the file.
        file: String,
        /// Coverage, rises or falls, whichever is less.
        reached: f64,
        /// Coverage asked for.
        target: f64,
        /// The breach with the largest move beyond its range.
        worst: Option<Breach>,
    },
    /// A bar is longer than the horizon, so that windows are longer too.
    LongBars {
        /// Name of the file.
        file: String,
        /// Usual length of a bar: seconds.
        bar_seconds: i64,
        /// Horizon asked for: seconds.
        horizon: i64,
    },
    /// Spans without bars, longer than the horizon: windows reach over them.
    Gaps {
        /// Name of the file.
        file: String,
        /// How many.
        count: usize,
        /// The longest: seconds.
        longest: i64,
        /// When it began.
        after: i64,
    },
    /// Without an option chain closing a book is assumed to cost nothing beyond its mark.
    FreeClosing,
}

/// The warnings of `calibration`, gravest first; `histories` are those it was made from.
pub fn find(calibration: &Calibration, histories: &[&History], settings: &Settings) -> Vec<Warning> {
    let mut warnings = of_proposal(calibration, settings);
    for file in &calibration.files {
        warnings.extend(of_sample(file, settings));
    }
    let (independent, needed) = (calibration.closeout.independent, windows_needed(1.0 - settings.probability));
    if independent < needed {
        warnings.push(Warning::TooFewMoments { independent, needed, least_shown: 1.0 - most_shown(independent) });
    }
    for history in histories {
        let (file, bar_seconds, horizon) = (history.file.clone(), history.bar_seconds, settings.horizon);
        if bar_seconds > horizon {
            warnings.push(Warning::LongBars { file: file.clone(), bar_seconds, horizon });
        }
        if let Some(gaps) = history.gaps(horizon) {
            warnings.push(Warning::Gaps { file, count: gaps.count, longest: gaps.longest, after: gaps.after });
        }
    }
    if calibration.closeout.half_spread == 0.0 {
        warnings.push(Warning::FreeClosing);
    }
    warnings
}

/// Targets that are missed.
fn of_proposal(calibration: &Calibration, settings: &Settings) -> Vec<Warning> {
    let target = settings.coverage;
    let mut warnings: Vec<Warning> =
        calibration.unreached.iter().map(|unreached| Warning::CoverageNotReached(unreached.clone())).collect();
    if calibration.proposes("scan") {
        for file in &calibration.coverage {
            let (reached, worst) = (file.coverage.single_tailed(), file.coverage.worst);
            if reached < target {
                warnings.push(Warning::FileNotCovered { file: file.file.clone(), reached, target, worst });
            }
        }
    }
    match &calibration.out_of_sample {
        None => warnings.push(Warning::NoUnseenPart),
        Some(split) if split.test.single_tailed() < target => {
            warnings.push(Warning::UnseenNotCovered { reached: split.test.single_tailed(), target });
        }
        Some(_) => {}
    }
    warnings
}

fn of_sample(file: &FileSummary, settings: &Settings) -> Option<Warning> {
    let needed = windows_needed(settings.coverage);
    (file.fitted && file.independent < needed).then(|| Warning::TooFewWindows {
        file: file.file.clone(),
        windows: file.windows,
        independent: file.independent,
        needed,
        most_shown: file.most_shown,
    })
}

impl Warning {
    /// Percentages that the rule book refuses.
    pub fn out_of_range(error: &ParameterError) -> Self {
        Self::PercentagesOutOfRange { reason: error.to_string() }
    }
}
