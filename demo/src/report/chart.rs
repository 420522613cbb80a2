//! What all charts share: palette, time axis, number formats, thinning.

use std::ops::Range;

use anyhow::Result;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::coord::Shift;
use plotters::prelude::*;

/// A drawing area of an SVG.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A chart over time.
pub type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Hours, RangedCoordf64>>;

/// Text and strong lines.
pub const INK: RGBColor = RGBColor(0x1d, 0x2a, 0x38);
/// Secondary text and axes.
pub const MUTED: RGBColor = RGBColor(0x6b, 0x78, 0x86);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(0xe7, 0xec, 0xf1);
/// Prices and equity.
pub const BLUE: RGBColor = RGBColor(0x1f, 0x66, 0x9e);
/// Requirements, liquidations, losses.
pub const RED: RGBColor = RGBColor(0xc6, 0x47, 0x34);
/// Margin calls.
pub const AMBER: RGBColor = RGBColor(0xdb, 0x96, 0x1c);
/// The insurance fund.
pub const GREEN: RGBColor = RGBColor(0x2a, 0x7f, 0x62);
/// The second coin.
pub const VIOLET: RGBColor = RGBColor(0x7a, 0x5c, 0xa8);

/// Most points of a line; more make the file large and nothing clearer.
const POINTS_MAX: usize = 600;
/// Seconds between two labels of the time axis to choose from.
const TICKS: [i64; 10] = [300, 600, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time axis in unix seconds whose labels stand on whole hours and days, UTC.
#[derive(Clone)]
pub struct Hours(pub Range<i64>);

impl Ranged for Hours {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i64;

    fn map(&self, value: &i64, limit: (i32, i32)) -> i32 {
        let share = (value - self.0.start) as f64 / (self.0.end - self.0.start).max(1) as f64;
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<i64> {
        let most = i64::try_from(hint.max_num_points()).unwrap_or(i64::MAX).max(1);
        let span = self.0.end - self.0.start;
        let tick = TICKS.into_iter().find(|tick| span / tick <= most).unwrap_or(span.max(1));
        let first = (self.0.start + tick - 1).div_euclid(tick) * tick;
        (0..).map(|index| first + index * tick).take_while(|time| *time <= self.0.end).collect()
    }

    fn range(&self) -> Range<i64> {
        self.0.clone()
    }
}

impl ValueFormatter<i64> for Hours {
    fn format(value: &i64) -> String {
        if value.rem_euclid(86_400) == 0 {
            let (_, month, day) = date(*value);
            return format!("{day} {}", month_name(month));
        }
        format!("{:02}:{:02}", value.rem_euclid(86_400) / 3_600, value.rem_euclid(3_600) / 60)
    }
}

/// Year, month (1..=12) and day of a unix time, UTC: days since 1970 in the proleptic Gregorian calendar.
pub fn date(time: i64) -> (i64, i64, i64) {
    let days = time.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// Short English name of a month, 1..=12.
pub fn month_name(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"")
}

/// A number with thousands separated and as many places as its size needs.
pub fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 1_000.0 || size == 0.0 => 0,
        size if size >= 10.0 => 2,
        _ => 4,
    };
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 && text.chars().any(|c| ('1'..='9').contains(&c)) { "-" } else { "" };
    fraction.map_or_else(|| format!("{sign}{grouped}"), |fraction| format!("{sign}{grouped}.{fraction}"))
}

/// An amount on an axis: 120k, 1.5M.
pub fn short(value: f64) -> String {
    let trimmed = |value: f64| {
        let text = format!("{value:.1}");
        text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
    };
    match value.abs() {
        size if size >= 1e6 => format!("{}M", trimmed(value / 1e6)),
        size if size >= 1e3 => format!("{}k", trimmed(value / 1e3)),
        _ => trimmed(value),
    }
}

/// At most [`POINTS_MAX`] points with the same extremes: of every stretch its lowest and its highest.
pub fn thin(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    if points.len() <= POINTS_MAX {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(POINTS_MAX / 2);
    let mut kept = Vec::with_capacity(POINTS_MAX + 2);
    for part in points.chunks(stretch) {
        let low = part.iter().min_by(|a, b| a.1.total_cmp(&b.1)).copied();
        let high = part.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied();
        if let (Some(low), Some(high)) = (low, high) {
            kept.extend(if low.0 < high.0 { [low, high] } else { [high, low] });
        }
    }
    kept.extend(points.last().copied());
    kept.dedup();
    kept
}

/// Lowest and highest of `values` with a margin; `zero`: zero is always inside.
pub fn bounds(values: impl Iterator<Item = f64>, zero: bool) -> Range<f64> {
    let (mut low, mut high) = if zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    for value in values.filter(|value| value.is_finite()) {
        low = f64::min(low, value);
        high = f64::max(high, value);
    }
    if low > high {
        return 0.0..1.0;
    }
    let pad = ((high - low) * 0.08).max(high.abs() * 0.001).max(1e-9);
    let bottom = if zero && low == 0.0 { 0.0 } else { low - pad };
    bottom..high + pad
}

/// A text style.
pub fn text(size: i32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color)
}

/// An SVG of `width` x `height`, drawn by `draw`. Errors: the drawing library's.
pub fn svg(width: u32, height: u32, draw: impl FnOnce(&Area) -> Result<()>) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(&area)?;
        area.present()?;
    }
    Ok(text)
}

/// How large a chart's axes are.
#[derive(Clone, Copy)]
pub struct Axes {
    /// Width of the labels on the left, pixels.
    pub left: u32,
    /// Most labels on the time axis, and on the other.
    pub labels: (usize, usize),
    /// Size of the labels.
    pub size: i32,
}

/// The axes of a large chart.
pub const LARGE: Axes = Axes { left: 64, labels: (10, 6), size: 13 };
/// The axes of one of many charts.
pub const SMALL: Axes = Axes { left: 44, labels: (4, 4), size: 11 };

/// An empty chart with its grid. Errors: the drawing library's.
pub fn axes<'a, 'b>(
    area: &'a Area<'b>,
    time: Range<i64>,
    values: Range<f64>,
    axes: Axes,
    format: &dyn Fn(f64) -> String,
) -> Result<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(14)
        .x_label_area_size(axes.size as u32 + 12)
        .y_label_area_size(axes.left)
        .build_cartesian_2d(Hours(time), values)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .set_all_tick_mark_size(3)
        .x_labels(axes.labels.0)
        .y_labels(axes.labels.1)
        .label_style(text(axes.size, MUTED))
        .y_label_formatter(&|value| format(*value))
        .draw()?;
    Ok(chart)
}

/// The legend. Errors: the drawing library's.
pub fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, size: i32, place: SeriesLabelPosition) -> Result<()> {
    chart
        .configure_series_labels()
        .position(place)
        .margin(6)
        .legend_area_size(24)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font(text(size, INK))
        .draw()?;
    Ok(())
}
