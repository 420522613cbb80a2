//! Inline SVG charts: axes, lines, bars, dots and cells. The text is all there is: no script, no font, no link.

use std::fmt::Write as _;
use std::ops::Range;

/// Text and strong lines.
pub const INK: &str = "#1d2a38";
/// Axes and secondary text.
pub const MUTED: &str = "#6b7886";
/// The first series.
pub const BLUE: &str = "#1f669e";
/// Losses and breaches.
pub const RED: &str = "#c64734";
/// The second series.
pub const AMBER: &str = "#db961c";
/// Profits.
pub const GREEN: &str = "#2a7f62";

/// What stands behind the lines.
pub const GREY: &str = "#c9d2db";

const GRID: &str = "#e7ecf1";
const LEFT: f64 = 70.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 44.0;

/// A chart that is being drawn, in the units of its axes.
pub struct Chart {
    size: (f64, f64),
    x: Range<f64>,
    y: Range<f64>,
    body: String,
    legend: f64,
}

impl Chart {
    /// An empty chart of `width` x `height` pixels over the ranges of its axes; an empty range becomes one around it.
    pub fn new((width, height): (u32, u32), x: Range<f64>, y: Range<f64>) -> Self {
        let size = (f64::from(width), f64::from(height));
        Self { size, x: widened(x), y: widened(y), body: String::new(), legend: LEFT }
    }

    fn px(&self, x: f64) -> f64 {
        LEFT + (x - self.x.start) / (self.x.end - self.x.start) * (self.size.0 - LEFT - RIGHT)
    }

    fn py(&self, y: f64) -> f64 {
        TOP + (self.y.end - y) / (self.y.end - self.y.start) * (self.size.1 - TOP - BOTTOM)
    }

    /// The vertical axis with its grid, labels formatted by `format`, and its name above.
    pub fn y_axis(&mut self, name: &str, format: impl Fn(f64) -> String) {
        let (left, right) = (LEFT, self.size.0 - RIGHT);
        for tick in ticks(&self.y, 6) {
            let at = self.py(tick);
            let _ = write!(self.body, "<path d=\"M{left:.0} {at:.1}H{right:.0}\" stroke=\"{GRID}\"/>");
            self.text((left - 8.0, at + 4.0), "end", MUTED, &format(tick));
        }
        self.text((LEFT, TOP - 12.0), "start", MUTED, name);
        self.legend = LEFT + 24.0 + 7.0 * name.chars().count() as f64;
    }

    /// Labels beside the vertical axis, without a grid, and its name above.
    pub fn y_labels(&mut self, name: &str, labels: &[(f64, String)]) {
        for (y, label) in labels {
            self.row_label(*y, MUTED, label);
        }
        self.text((LEFT, TOP - 12.0), "start", MUTED, name);
    }

    /// The horizontal axis with labels at `ticks` and its name below.
    pub fn x_axis(&mut self, name: &str, ticks: &[(f64, String)]) {
        let bottom = self.size.1 - BOTTOM;
        for (tick, label) in ticks {
            let at = self.px(*tick);
            let _ = write!(self.body, "<path d=\"M{at:.1} {bottom:.0}v5\" stroke=\"{MUTED}\"/>");
            self.text((at, bottom + 18.0), "middle", MUTED, label);
        }
        let right = self.size.0 - RIGHT;
        let _ = write!(self.body, "<path d=\"M{LEFT} {bottom:.0}H{right:.0}\" stroke=\"{MUTED}\"/>");
        self.text((right, self.size.1 - 6.0), "end", MUTED, name);
    }

    /// A line through `points`, with an entry in the legend unless `label` is empty.
    pub fn line(&mut self, points: &[(f64, f64)], color: &str, label: &str) {
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.px(*x), self.py(*y));
        }
        let _ = write!(self.body, "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.2\"/>");
        self.entry(color, label);
    }

    /// A dot at every point, each with what a pointer over it shows.
    pub fn dots(&mut self, points: &[(f64, f64, String)], color: &str, label: &str) {
        for (x, y, title) in points {
            let (cx, cy) = (self.px(*x), self.py(*y));
            let _ = write!(
                self.body,
                "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.2\" fill=\"{color}\"><title>{}</title></circle>",
                escape(title)
            );
        }
        self.entry(color, label);
    }

    /// A vertical from zero to every point.
    pub fn spikes(&mut self, points: &[(f64, f64)], color: &str, label: &str) {
        let (mut path, bottom) = (String::new(), self.py(0.0));
        for (x, y) in points {
            let _ = write!(path, "M{:.1} {bottom:.1}V{:.1}", self.px(*x), self.py(*y));
        }
        let _ = write!(self.body, "<path d=\"{path}\" stroke=\"{color}\"/>");
        self.entry(color, label);
    }

    /// A filled rectangle between two corners, with what a pointer over it shows.
    pub fn cell(&mut self, x: Range<f64>, y: Range<f64>, color: &str, title: &str) {
        let (left, right) = (self.px(x.start), self.px(x.end));
        let (top, bottom) = (self.py(y.end), self.py(y.start));
        let (width, height) = ((right - left).max(0.0), (bottom - top).max(0.0));
        let _ = write!(
            self.body,
            "<rect shape-rendering=\"crispEdges\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{color}\">\
             <title>{}</title></rect>",
            escape(title)
        );
    }

    /// A horizontal line at `y` across the chart.
    pub fn level(&mut self, y: f64, color: &str) {
        let (at, right) = (self.py(y), self.size.0 - RIGHT);
        let _ =
            write!(self.body, "<path d=\"M{LEFT} {at:.1}H{right:.0}\" stroke=\"{color}\" stroke-dasharray=\"4 4\"/>");
    }

    /// Text centred at a point.
    pub fn label(&mut self, (x, y): (f64, f64), color: &str, text: &str) {
        let at = (self.px(x), self.py(y));
        self.text(at, "middle", color, text);
    }

    fn row_label(&mut self, y: f64, color: &str, text: &str) {
        let at = self.py(y) + 4.0;
        self.text((LEFT - 8.0, at), "end", color, text);
    }

    fn entry(&mut self, color: &str, label: &str) {
        if label.is_empty() {
            return;
        }
        let (at, y) = (self.legend, TOP - 16.0);
        let _ = write!(self.body, "<rect x=\"{at:.0}\" y=\"{y}\" width=\"14\" height=\"4\" fill=\"{color}\"/>");
        self.text((at + 20.0, TOP - 12.0), "start", INK, label);
        self.legend += 40.0 + 6.6 * label.chars().count() as f64;
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, color: &str, text: &str) {
        let _ = write!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\" font-size=\"12\">{}</text>",
            escape(text)
        );
    }

    /// The finished SVG; `title` says what it shows to whoever cannot see it.
    pub fn svg(self, title: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"system-ui, sans-serif\"><title>{}</title>{}</svg>",
            escape(title),
            self.body
        )
    }
}

/// `range`, or a range around it where it has no width.
fn widened(range: Range<f64>) -> Range<f64> {
    if range.end > range.start {
        range
    } else {
        let pad = range.start.abs().max(1.0) * 0.01;
        range.start - pad..range.start + pad
    }
}

/// Lowest and highest of `values` and zero, with room above and below.
pub fn around_zero(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let pad = (high - low) * 0.06;
    (if low < 0.0 { low - pad } else { low })..high + pad
}

/// Round values inside `range`, about `count` of them: steps of 1, 2 or 5 times a power of ten.
pub fn ticks(range: &Range<f64>, count: usize) -> Vec<f64> {
    let raw = (range.end - range.start) / count.max(1) as f64;
    if !raw.is_finite() || raw <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= raw).unwrap_or(raw);
    let first = (range.start / step).ceil() as i64;
    (first..).map(|index| index as f64 * step).take_while(|tick| *tick <= range.end + step * 1e-9).collect()
}

/// A number with thousands separated, places by its size.
pub fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 1_000.0 || size == 0.0 => 0,
        size if size >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{grouped}")
    } else {
        format!("{sign}{grouped}.{fraction}")
    }
}

/// A share as percent with `places` places.
pub fn percent(share: f64, places: usize) -> String {
    format!("{:.places$} %", share * 100.0)
}

/// Text that is safe inside HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
