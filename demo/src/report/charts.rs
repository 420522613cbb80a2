//! The charts, each a function of a view that draws on an area.

use std::ops::Range;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::chart::{
    axes, bounds, legend, number, short, text, thin, Area, Axes, Chart, AMBER, BLUE, GREEN, INK, LARGE, MUTED, RED,
    SMALL, VIOLET,
};
use crate::market::Market;
use crate::record::{Frame, Mark, Moment};
use crate::Run;

/// Least time shown before a default, seconds.
const ZOOM_SECONDS: i64 = 3_600;

/// A run as the charts see it: until a little after the last expiry, not the days of the way out.
pub struct View<'a> {
    /// What was traded.
    pub market: &'a Market,
    /// The run.
    pub run: &'a Run,
    /// First and last time shown.
    pub time: Range<i64>,
    frames: &'a [Frame],
}

impl<'a> View<'a> {
    /// The view of `run`.
    pub fn new(market: &'a Market, run: &'a Run) -> Self {
        let frames = &run.record.frames;
        let shown = frames.len().saturating_sub(1).max(1).min(frames.len());
        let frames = &frames[..shown];
        let time = |frame: Option<&Frame>| frame.map_or(0, |frame| frame.time);
        let (start, end) = (time(frames.first()), time(frames.last()));
        Self { market, run, time: start..end.max(start + 1), frames }
    }

    /// The same around the default of member `place`, or around its first liquidation; the whole when there is none.
    pub fn around_default(&self, place: usize) -> Self {
        let of_member = |moment: &&Moment| moment.member == Some(place);
        let default = self.moments(Mark::BadDebt).find(of_member);
        let Some(end) = default.or_else(|| self.moments(Mark::Start).find(of_member)) else {
            return Self { time: self.time.clone(), ..*self };
        };
        let start = self.moments(Mark::Start).find(of_member).map_or(end.time, |start| start.time);
        let wing = ((end.time - start) * 2).max(ZOOM_SECONDS);
        let time = (start - wing).max(self.time.start)..(end.time + wing / 2).min(self.time.end);
        let from = self.frames.partition_point(|frame| frame.time < time.start);
        let to = self.frames.partition_point(|frame| frame.time <= time.end);
        let frames = &self.frames[from..to];
        let time = frames.first().map_or(time.start, |frame| frame.time)..time.end;
        Self { time, frames, ..*self }
    }

    fn series(&self, read: impl Fn(&Frame) -> f64) -> Vec<(i64, f64)> {
        self.frames.iter().map(|frame| (frame.time, read(frame))).collect()
    }

    /// Value of `points` at `time`: the last one before it.
    fn at(points: &[(i64, f64)], time: i64) -> f64 {
        let place = points.partition_point(|point| point.0 <= time);
        points.get(place.saturating_sub(1)).map_or(0.0, |point| point.1)
    }

    fn moments(&self, mark: Mark) -> impl Iterator<Item = &Moment> {
        let shown = move |moment: &&Moment| moment.mark == mark && self.time.contains(&moment.time);
        self.run.record.moments.iter().filter(shown)
    }

    /// Member to look at: the largest bad debt, else the most liquidated, else the largest loss.
    pub fn protagonist(&self) -> usize {
        let totals = &self.run.record.totals;
        let key = |place: &usize| {
            let pnl = self.run.summary.accounts[*place].pnl;
            (totals[*place].bad_debt, totals[*place].liquidations, (-pnl * 1e6) as i64)
        };
        (0..totals.len()).max_by_key(key).unwrap_or(0)
    }
}

/// Draws `series` as a line with a legend entry.
fn line(chart: &mut Chart, points: &[(i64, f64)], style: (RGBColor, u32), label: Option<&str>) -> Result<()> {
    let (color, width) = style;
    let drawn = chart.draw_series(LineSeries::new(thin(points), color.stroke_width(width)))?;
    if let Some(label) = label {
        drawn.label(label).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(width)));
    }
    Ok(())
}

/// Dashed verticals where expiries settled.
fn settlements(chart: &mut Chart, view: &View, values: &Range<f64>, labels: bool) -> Result<()> {
    let mut drawn: Vec<i64> = Vec::new();
    for (_, expiry, _) in &view.run.record.settlements {
        if drawn.contains(expiry) || !view.time.contains(expiry) {
            continue;
        }
        drawn.push(*expiry);
        let ends = [(*expiry, values.start), (*expiry, values.end)];
        chart.draw_series(DashedLineSeries::new(ends, 3, 4, MUTED.mix(0.6).stroke_width(1)))?;
        if labels {
            let style = text(12, MUTED).pos(Pos::new(HPos::Right, VPos::Bottom));
            let label = Text::new("expiry ", (*expiry, values.start), style);
            chart.draw_series(std::iter::once(label))?;
        }
    }
    Ok(())
}

/// Marks of `moments` on the line `points`, with a legend entry.
fn marks<'m>(
    chart: &mut Chart,
    points: &[(i64, f64)],
    moments: impl Iterator<Item = &'m Moment>,
    (mark, size): (Mark, i32),
    label: Option<&str>,
) -> Result<()> {
    let at: Vec<(i64, f64)> = moments.map(|moment| (moment.time, View::at(points, moment.time))).collect();
    if at.is_empty() {
        return Ok(());
    }
    let drawn = match mark {
        Mark::Call => chart.draw_series(at.iter().map(|p| TriangleMarker::new(*p, size, AMBER.filled())))?,
        Mark::BadDebt => chart.draw_series(at.iter().map(|p| Cross::new(*p, size + 2, INK.stroke_width(3))))?,
        _ => chart.draw_series(at.iter().map(|p| Circle::new(*p, size, RED.mix(0.85).filled())))?,
    };
    if let Some(label) = label {
        match mark {
            Mark::Call => {
                drawn.label(label).legend(move |(x, y)| TriangleMarker::new((x + 9, y), size, AMBER.filled()))
            }
            Mark::BadDebt => drawn.label(label).legend(move |(x, y)| Cross::new((x + 9, y), size, INK.stroke_width(3))),
            _ => drawn.label(label).legend(move |(x, y)| Circle::new((x + 9, y), size, RED.filled())),
        };
    }
    Ok(())
}

/// The price of the first coin with margin calls, liquidations and insolvencies. Errors: the drawing library's.
pub fn price(area: &Area, view: &View) -> Result<()> {
    let points = view.series(|frame| frame.prices[0]);
    let values = bounds(points.iter().map(|point| point.1), false);
    let mut chart = axes(area, view.time.clone(), values.clone(), LARGE, &number)?;
    settlements(&mut chart, view, &values, true)?;
    let label = format!("{} accepted price, USD", view.market.coins[0].symbol);
    line(&mut chart, &points, (BLUE, 2), Some(&label))?;
    marks(&mut chart, &points, view.moments(Mark::Call), (Mark::Call, 5), Some("margin call"))?;
    marks(&mut chart, &points, view.moments(Mark::Start), (Mark::Start, 4), Some("liquidation starts"))?;
    marks(&mut chart, &points, view.moments(Mark::BadDebt), (Mark::BadDebt, 6), Some("insolvent: insurance pays"))?;
    legend(&mut chart, 13, SeriesLabelPosition::UpperRight)
}

/// Equity of a member against its maintenance requirement. Errors: the drawing library's.
pub fn account(area: &Area, view: &View, place: usize, (size, labels): (Axes, bool)) -> Result<()> {
    let equity = view.series(|frame| frame.equity.get(place).copied().unwrap_or(0.0));
    let needed = view.series(|frame| frame.requirement.get(place).copied().unwrap_or(0.0));
    let values = bounds(equity.iter().chain(&needed).map(|point| point.1), true);
    let mut chart = axes(area, view.time.clone(), values.clone(), size, &short)?;
    settlements(&mut chart, view, &values, false)?;
    chart.draw_series(AreaSeries::new(thin(&equity), 0.0, BLUE.mix(0.10)))?;
    let width = if labels { 2 } else { 1 };
    line(&mut chart, &equity, (BLUE, width + 1), labels.then_some("equity"))?;
    line(&mut chart, &needed, (RED, width), labels.then_some("maintenance requirement"))?;
    let of_member = |moment: &&Moment| moment.member == Some(place);
    let calls = view.moments(Mark::Call).filter(of_member);
    marks(&mut chart, &equity, calls, (Mark::Call, 4), labels.then_some("margin call"))?;
    let starts = view.moments(Mark::Start).filter(of_member);
    marks(&mut chart, &equity, starts, (Mark::Start, 4), labels.then_some("liquidation starts"))?;
    let defaults = view.moments(Mark::BadDebt).filter(of_member);
    marks(
        &mut chart,
        &equity,
        defaults,
        (Mark::BadDebt, 5),
        labels.then_some("insolvent: taken over, insurance pays"),
    )?;
    if labels {
        legend(&mut chart, 13, SeriesLabelPosition::UpperRight)?;
    }
    Ok(())
}

/// One of many account charts. Errors: the drawing library's.
pub fn small_account(area: &Area, view: &View, place: usize) -> Result<()> {
    account(area, view, place, (SMALL, false))
}

/// The balance of the insurance fund. Errors: the drawing library's.
pub fn insurance(area: &Area, view: &View) -> Result<()> {
    let points = view.series(|frame| frame.insurance);
    let values = bounds(points.iter().map(|point| point.1), true);
    let mut chart = axes(area, view.time.clone(), values.clone(), LARGE, &short)?;
    settlements(&mut chart, view, &values, false)?;
    chart.draw_series(AreaSeries::new(steps(&points), 0.0, GREEN.mix(0.12)))?;
    line(&mut chart, &steps(&points), (GREEN, 2), Some("insurance fund, quote tokens"))?;
    let label = Some("pays for an insolvency");
    marks(&mut chart, &points, view.moments(Mark::BadDebt), (Mark::BadDebt, 6), label)?;
    legend(&mut chart, 13, SeriesLabelPosition::LowerRight)
}

/// The line of something that jumps: each value stays until the next.
fn steps(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let mut out: Vec<(i64, f64)> = Vec::new();
    for point in points {
        match out.last().copied() {
            Some(last) if last.1 == point.1 => {}
            Some(last) => out.extend([(point.0, last.1), *point]),
            None => out.push(*point),
        }
    }
    out.extend(points.last().copied());
    out
}

/// Volatility state of the first coin. Errors: the drawing library's.
pub fn volatility(area: &Area, view: &View) -> Result<()> {
    let percent = |value: f64| format!("{:.0} %", value * 100.0);
    several(area, view, &[("volatility, annualised", VIOLET, &|frame| frame.volatility)], &percent)
}

/// Scales of the margins of the first coin. Errors: the drawing library's.
pub fn scale(area: &Area, view: &View) -> Result<()> {
    let lines: [Line; 2] =
        [("initial margin", BLUE, &|frame| frame.scales[0]), ("maintenance margin", RED, &|frame| frame.scales[1])];
    several(area, view, &lines, &|value| format!("{value:.1}x"))
}

/// Name, color and value of a line.
type Line<'a> = (&'a str, RGBColor, &'a dyn Fn(&Frame) -> f64);

fn several(area: &Area, view: &View, lines: &[Line], format: &dyn Fn(f64) -> String) -> Result<()> {
    let series: Vec<_> = lines.iter().map(|(_, _, read)| view.series(read)).collect();
    let values = bounds(series.iter().flatten().map(|point| point.1), false);
    let size = Axes { left: 52, labels: (6, 5), size: 12 };
    let mut chart = axes(area, view.time.clone(), values.clone(), size, format)?;
    settlements(&mut chart, view, &values, false)?;
    for ((name, color, _), points) in lines.iter().zip(&series) {
        line(&mut chart, points, (*color, 2), Some(name))?;
    }
    legend(&mut chart, 12, SeriesLabelPosition::UpperLeft)
}
