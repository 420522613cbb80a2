//! Risk parameters of cross and isolated mode with the hard ranges the program enforces.

use crate::parameters::{self, in_ranges, in_table, range, FieldRange, ParameterError};
use crate::units::Ratio;

/// Cross and isolated mode: how much a short option asks for, per unit of spot, mark or contract.
///
/// S spot, m = quantity x mark, n quantity (both negative for a short), otm how far the option is out of the money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossParameters {
    /// Initial, share of S of a short at the money: `k = max(max_spot - otm / S, min_spot)`.
    pub max_spot: Ratio,
    /// Initial, least share of S of a short far out of the money.
    pub min_spot: Ratio,
    /// Maintenance, share of S of a short call.
    pub mm_call: Ratio,
    /// Maintenance, share of S of a short put.
    pub mm_put: Ratio,
    /// Maintenance, share of the mark of a short put; the larger of the two counts.
    pub mm_put_mark: Ratio,
    /// Initial, share of F per call sold that no bought call stands against, in the maximum loss.
    pub unpaired_im: Ratio,
    /// The same for maintenance.
    pub unpaired_mm: Ratio,
    /// Initial requirement of a short put is at least this multiple of its maintenance requirement.
    pub offset: Ratio,
    /// Initial: confidence below which the add-on applies.
    pub conf_threshold: Ratio,
    /// Initial: the add-on is `(1 - conf) x conf_factor x S` per short contract.
    pub conf_factor: Ratio,
    /// Initial: price of the quote token below which the add-on applies.
    pub depeg_threshold: Ratio,
    /// Initial: the add-on is `(depeg_threshold - stable) x depeg_factor x S` per short contract.
    pub depeg_factor: Ratio,
    /// Initial: share of the mark of a long that counts.
    pub long_im: Ratio,
    /// Maintenance: share of the mark of a long that counts.
    pub long_mm: Ratio,
}

/// Hard ranges of all fields, in declaration order.
static RANGES: [FieldRange; 14] = [
    FieldRange::new("max_spot", &(10_000..=2_000_000)),
    FieldRange::new("min_spot", &(5_000..=2_000_000)),
    FieldRange::new("mm_call", &(5_000..=2_000_000)),
    FieldRange::new("mm_put", &(5_000..=2_000_000)),
    FieldRange::new("mm_put_mark", &(0..=1_000_000)),
    FieldRange::new("unpaired_im", &(1_000_000..=10_000_000)),
    FieldRange::new("unpaired_mm", &(1_000_000..=10_000_000)),
    FieldRange::new("offset", &(1_000_000..=3_000_000)),
    FieldRange::new("conf_threshold", &(0..=1_000_000)),
    FieldRange::new("conf_factor", &(0..=5_000_000)),
    FieldRange::new("depeg_threshold", &(0..=1_000_000)),
    FieldRange::new("depeg_factor", &(0..=10_000_000)),
    FieldRange::new("long_im", &(0..=1_000_000)),
    FieldRange::new("long_mm", &(0..=1_000_000)),
];

impl CrossParameters {
    /// What new underlyings start from.
    pub const REFERENCE: Self = Self {
        max_spot: Ratio(150_000),
        min_spot: Ratio(100_000),
        mm_call: Ratio(75_000),
        mm_put: Ratio(75_000),
        mm_put_mark: Ratio(75_000),
        unpaired_im: Ratio(1_200_000),
        unpaired_mm: Ratio(1_100_000),
        offset: Ratio(1_050_000),
        conf_threshold: Ratio(400_000),
        conf_factor: Ratio(400_000),
        depeg_threshold: Ratio(980_000),
        depeg_factor: Ratio(1_200_000),
        long_im: Ratio(0),
        long_mm: Ratio(500_000),
    };

    /// Every field with its hard range and its value, in declaration order.
    pub fn ranges(&self) -> impl Iterator<Item = (FieldRange, Ratio)> {
        RANGES.into_iter().zip(self.values())
    }

    /// Every field, in declaration order.
    const fn values(&self) -> [Ratio; 14] {
        [
            self.max_spot,
            self.min_spot,
            self.mm_call,
            self.mm_put,
            self.mm_put_mark,
            self.unpaired_im,
            self.unpaired_mm,
            self.offset,
            self.conf_threshold,
            self.conf_factor,
            self.depeg_threshold,
            self.depeg_factor,
            self.long_im,
            self.long_mm,
        ]
    }

    /// Checks every hard range, and that initial asks at least what maintenance asks: `min_spot <= max_spot`,
    /// `mm_call, mm_put <= min_spot`, `unpaired_mm <= unpaired_im`, `long_im <= long_mm`.
    pub fn validate(&self) -> Result<(), ParameterError> {
        in_table(&RANGES, &self.values().map(|value| i64::from(value.0)))?;
        in_ranges(&[
            range("min_spot", self.min_spot.0, 5_000, self.max_spot.0),
            range("mm_call", self.mm_call.0, 5_000, self.min_spot.0),
            range("mm_put", self.mm_put.0, 5_000, self.min_spot.0),
            range("unpaired_mm", self.unpaired_mm.0, 1_000_000, self.unpaired_im.0),
            range("long_im", self.long_im.0, 0, self.long_mm.0),
        ])
    }
}

/// `value` in `[low, high]`, or the error that names the field.
pub fn in_range(field: &'static str, value: Ratio, low: u32, high: u32) -> Result<(), ParameterError> {
    parameters::in_range(field, value.0, low, high)
}
