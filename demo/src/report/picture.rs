//! The picture: price, the account that defaults, the insurance fund, one above the other.

use anyhow::Result;
use plotters::prelude::*;

use super::chart::{date, month_name, number, svg, text, Area, INK, LARGE, MUTED};
use super::charts::{account, insurance, price, View};
use crate::market::Market;
use crate::Run;

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 980;
/// Heights of title and panels, pixels.
const TITLE: u32 = 66;
const PANELS: [u32; 2] = [400, 290];

/// The picture of a run as an SVG. Errors: the drawing library's.
pub fn picture(market: &Market, run: &Run) -> Result<String> {
    let view = View::new(market, run);
    svg(WIDTH, HEIGHT, |area| {
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(TITLE);
        title(&head, &view)?;
        let (top, rest) = body.split_vertically(PANELS[0]);
        let (middle, bottom) = rest.split_vertically(PANELS[1]);
        let place = view.protagonist();
        let (name, about) = &run.members[place];
        let symbol = &market.coins[0].symbol;
        price(&headed(&top, &format!("{symbol}, USD"))?, &view)?;
        let heading = format!("{name}, who {about}, around the default: quote tokens");
        account(&headed(&middle, &heading)?, &view.around_default(place), place, (LARGE, true))?;
        insurance(&headed(&bottom, "Insurance fund: quote tokens")?, &view)
    })
}

fn title(area: &Area, view: &View) -> Result<()> {
    let (year, month, day) = date(view.time.start);
    let summary = &view.run.summary;
    let symbol = &view.market.coins[0].symbol;
    let first = format!("{symbol} from {day} {} {year}: a crash through the clearinghouse", month_name(month));
    let second = format!(
        "{} trades, {} liquidations, bad debt {} of which the insurance fund paid {}; at the end assets {} against claims {}",
        summary.trades,
        summary.liquidations,
        number(summary.bad_debt),
        number(summary.insurance_paid),
        number(summary.assets),
        number(summary.claims),
    );
    area.draw(&Text::new(first, (24, 16), text(24, INK)))?;
    area.draw(&Text::new(second, (24, 46), text(14, MUTED)))?;
    Ok(())
}

/// A panel with a heading; returns what is left for the chart.
fn headed<'a>(area: &Area<'a>, heading: &str) -> Result<Area<'a>> {
    let (head, body) = area.split_vertically(28);
    head.draw(&Text::new(heading.to_owned(), (24, 12), text(15, INK)))?;
    Ok(body)
}
