//! What tables, warnings and pictures of a calibration say alike.

use plimsoll_calibration::coverage::Breach;
use plimsoll_calibration::Calibration;

use crate::chart::percent;
use crate::series::date_text;

/// How the parameters that are tested are called: without a proposed `group` the shipped ones.
pub fn tested(calibration: &Calibration, group: &str) -> &'static str {
    if calibration.proposes(group) {
        "proposed"
    } else {
        "shipped"
    }
}

/// Seconds in the largest whole unit.
pub fn duration(seconds: i64) -> String {
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds >= unit && seconds % unit == 0 {
            return format!("{} {name}", seconds / unit);
        }
    }
    format!("{seconds} s")
}

/// A share with its sign, as percent.
pub fn signed(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

/// A breach as move against range, with its day.
pub fn breach(breach: Option<Breach>) -> String {
    breach.map_or_else(
        || "none".to_owned(),
        |b| format!("{} against {} on {}", signed(b.change), percent(b.range, 1), date_text(b.time)),
    )
}
