//! The parameter group to propose, in the rule book's units, and how it differs from another.

use serde::Serialize;

use plimsoll_core::margin::CrossParameters;
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters};

use crate::error::CalibrationError;
use crate::text::one_line;

/// Parameters of one underlying that follow from a calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Returns to volatility state.
    pub volatility: VolatilityParameters,
    /// Volatility state to scan range and margin scale.
    pub scan: ScanParameters,
    /// Spot percentages of cross and isolated mode.
    pub cross: CrossParameters,
    /// Cross factor of collateral priced by the underlying, ppm; `None` where nothing is fitted.
    pub cross_factor: Option<u32>,
}

/// A field that two groups differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Parameter group.
    pub group: &'static str,
    /// Field.
    pub field: &'static str,
    /// Value now.
    pub now: u32,
    /// Value proposed.
    pub proposed: u32,
}

/// Fields of a parameter group with their values, in the order they are stored.
pub type Fields = Vec<(&'static str, u32)>;

impl Proposal {
    /// What new underlyings start from.
    pub const fn shipped() -> Self {
        Self {
            volatility: VolatilityParameters::shipped(),
            scan: ScanParameters::shipped(),
            cross: CrossParameters::REFERENCE,
            cross_factor: None,
        }
    }

    /// Checks every hard range of the rule book. Errors: `Refused` naming `asset`, the group and the field.
    pub fn validate(&self, asset: &str) -> Result<(), CalibrationError> {
        self.volatility.validate().map_err(|error| CalibrationError::refused(asset, "volatility", &error))?;
        self.scan.validate().map_err(|error| CalibrationError::refused(asset, "scan", &error))?;
        self.cross.validate().map_err(|error| CalibrationError::refused(asset, "cross", &error))
    }

    /// The groups by name, fields in the rule book's units: ppm and seconds.
    pub fn groups(&self) -> Vec<(&'static str, Fields)> {
        let (volatility, scan) = (&self.volatility, &self.scan);
        vec![
            (
                "volatility",
                vec![
                    ("fast_half_life_seconds", volatility.fast_half_life_seconds),
                    ("slow_half_life_seconds", volatility.slow_half_life_seconds),
                    ("floor", volatility.floor),
                    ("cap", volatility.cap),
                    ("blend", volatility.blend),
                    ("reversion_seconds", volatility.reversion_seconds),
                    ("reference", volatility.reference),
                ],
            ),
            (
                "scan",
                vec![
                    ("deviations", scan.deviations),
                    ("horizon_seconds", scan.horizon_seconds),
                    ("range_floor", scan.range_floor),
                    ("range_cap", scan.range_cap),
                    ("range_reference", scan.range_reference),
                    ("scale_cap", scan.scale_cap),
                    ("daily_rise", scan.daily_rise),
                ],
            ),
            ("cross", self.cross.ranges().map(|(range, value)| (range.field, value.0)).collect()),
        ]
    }

    /// The `proposed` groups as TOML that `plimsoll underlying create --parameters` reads, below `notes` as comments. The
    /// collateral factor belongs to a collateral, not to an underlying: it is a comment. Whatever `asset` and `notes` hold,
    /// they stay comments.
    pub fn toml(&self, asset: &str, proposed: &[&str], notes: &[String]) -> String {
        let asset = one_line(asset);
        let mut text = format!("# {asset}: ratios are ppm (1000000 is 1), spans seconds.");
        for note in notes {
            text += &format!("\n# {}", one_line(note));
        }
        for (name, fields) in self.groups() {
            if !proposed.contains(&name) {
                text += &format!("\n\n# [{name}]: nothing is proposed.");
                continue;
            }
            text += &format!("\n\n[{name}]");
            for (field, value) in fields {
                text += &format!("\n{field} = {value}");
            }
        }
        match self.cross_factor {
            Some(factor) => text += &format!("\n\n# Collateral priced by {asset}: cross_factor = {factor}"),
            None => text += &format!("\n\n# Collateral priced by {asset}: nothing is proposed."),
        }
        text + "\n"
    }

    /// Fields in which `self` differs from `now`.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for ((group, fields), (_, before)) in self.groups().into_iter().zip(now.groups()) {
            for ((field, proposed), (_, now)) in fields.into_iter().zip(before) {
                if now != proposed {
                    changes.push(Change { group, field, now, proposed });
                }
            }
        }
        changes
    }
}
