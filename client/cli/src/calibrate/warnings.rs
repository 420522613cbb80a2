//! Warnings and refusals of a calibration in words.

use plimsoll_calibration::range::{Part, Unreached};
use plimsoll_calibration::sample::windows_needed;
use plimsoll_calibration::verdict::Reason;
use plimsoll_calibration::{Calibration, Warning};
use serde_json::{json, Value};

use super::words::{breach, duration};
use super::Report;
use crate::chart::percent;
use crate::series::date_text;

/// What is not proposed, in a line; `None` if everything is.
pub fn not_proposed(calibration: &Calibration) -> Option<String> {
    let groups: Vec<String> = calibration.not_proposed().iter().map(|group| format!("[{group}]")).collect();
    (!groups.is_empty()).then(|| format!("{}: nothing is proposed for {}", calibration.asset, groups.join(", ")))
}

/// Name and words of every warning.
pub fn lines(calibration: &Calibration) -> Vec<(String, String)> {
    calibration.warnings.iter().map(|warning| (name(warning), words(warning))).collect()
}

/// Every warning as an object: its name, its figures and its words.
pub fn values(calibration: &Calibration) -> Value {
    let value = |warning: &Warning| {
        let mut value = json!(warning);
        value["text"] = words(warning).into();
        value
    };
    calibration.warnings.iter().map(value).collect()
}

/// The name of `warning`, as in the JSON, in words.
fn name(warning: &Warning) -> String {
    json!(warning)["name"].as_str().unwrap_or_default().replace('_', " ")
}

fn words(warning: &Warning) -> String {
    match warning {
        Warning::CoverageNotReached(unreached) => coverage_not_reached(unreached),
        Warning::PricesDoNotMove { file } => {
            format!("{file}: no price of this file, which margin is fitted to, ever moves: it says nothing about margin")
        }
        Warning::PercentagesOutOfRange { reason } => {
            format!("the fitted percentages leave the rule book's ranges: {reason}")
        }
        Warning::PercentagesNotReached { covered, probability } => format!(
            "at the fitted percentages initial margin lasts in {}, and equity is gone before closing in {} of cases",
            percent(*covered, 2),
            percent(*probability, 3)
        ),
        Warning::PercentagesNotTested { windows, moments } => format!(
            "{windows} windows test the fitted initial margin, {moments} moments whether a book is closed in time: without \
             either nothing is shown; give a longer history or a shorter delay"
        ),
        Warning::TooFewWindows { file, windows, independent, needed, most_shown } => format!(
            "{file}: {windows} windows, of which {independent} share no bar; even without a breach so many show a \
             coverage of {} at most (95 % confidence); the target takes {needed}",
            percent(*most_shown, 2)
        ),
        Warning::TooFewMoments { independent, needed, least_shown } => format!(
            "P(E < 0): {independent} moments whose delays share no bar; even if equity is never gone so many show a \
             chance of {} at least (95 % confidence); the target takes {needed}",
            percent(*least_shown, 3)
        ),
        Warning::NoUnseenPart => {
            "too short to fit to one part and test on the other: nothing is tested unseen".to_owned()
        }
        Warning::UnseenNotCovered { reached, target } => format!(
            "fitted to the earlier part alone the range covers {} of the later part, less than {}",
            percent(*reached, 2),
            percent(*target, 1)
        ),
        Warning::FileNotCovered { file, reached, target, worst } => format!(
            "{file}: the proposed range covers {}, less than {}; worst breach {}",
            percent(*reached, 2),
            percent(*target, 1),
            breach(*worst)
        ),
        Warning::LongBars { file, bar_seconds, horizon } => format!(
            "{file}: bars of {}; what is said of {} is tested over {0}",
            duration(*bar_seconds),
            duration(*horizon)
        ),
        Warning::Gaps { file, count, longest, after } => format!(
            "{file}: {count} gaps longer than the horizon, the longest {} after {}; windows reach over them",
            duration(*longest),
            date_text(*after)
        ),
        Warning::FreeClosing => "no --chains: closing a book is taken to cost nothing beyond its mark".to_owned(),
    }
}

fn coverage_not_reached(unreached: &Unreached) -> String {
    let Unreached { file, part, field, best_at, reached, target, worst } = unreached;
    let part = match part {
        Part::Whole => "",
        Part::Earlier => ", earlier part",
        Part::Later => ", later part",
        Part::Calm => ", calmest quarter",
    };
    let (field, at) = match *field {
        "deviations" => ("k", format!("{:.1}", f64::from(*best_at) / 1e6)),
        field => (field, best_at.to_string()),
    };
    format!(
        "{file}{part}: no {field} that the rule book allows covers {}; the most is {}, from {field} = {at} on; worst breach there {}",
        percent(*target, 1),
        percent(*reached, 2),
        breach(*worst)
    )
}

/// Why a field of `calibration` is not proposed.
pub fn reason(report: &Report, calibration: &Calibration, reason: Reason) -> String {
    let settings = &report.settings;
    match reason {
        Reason::NotReached => "does not reach the target".to_owned(),
        Reason::RangeNotProposed => "a multiple of a range that is not proposed".to_owned(),
        Reason::OutOfRange => "beyond the rule book's range".to_owned(),
        Reason::PricesDoNotMove => "prices do not move".to_owned(),
        Reason::NotTested => "nothing to test it on".to_owned(),
        Reason::TooFewWindows => {
            let independent = calibration.files.first().map_or(0, |file| file.independent);
            format!("not enough independent windows: {independent} of {}", windows_needed(settings.coverage))
        }
        Reason::TooFewMoments => {
            let (independent, needed) = (calibration.closeout.independent, windows_needed(1.0 - settings.probability));
            format!("not enough independent moments: {independent} of {needed}")
        }
    }
}
