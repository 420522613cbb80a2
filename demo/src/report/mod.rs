//! The report: one HTML file with everything inside it, and a single picture.

use anyhow::Result;

pub mod chart;
mod charts;
mod picture;

pub use picture::picture;

use crate::market::Market;
use crate::summary::{Account, Summary};
use crate::Run;
use chart::{date, month_name, number, svg, LARGE};
use charts::View;

const STYLE: &str = include_str!("style.css");

/// The report of a run. Errors: the drawing library's.
pub fn html(market: &Market, run: &Run) -> Result<String> {
    let view = View::new(market, run);
    let summary = &run.summary;
    let mut body = header(&view);
    body += &headline(summary);
    let price = svg(1_080, 420, |area| charts::price(area, &view))?;
    body += &figure("The fall", &price_caption(&view), &price);
    body += &default(&view)?;
    body += &accounts(&view)?;
    let insurance = svg(1_080, 260, |area| charts::insurance(area, &view))?;
    body += &figure("The insurance fund", &insurance_caption(summary), &insurance);
    body += &volatility(&view)?;
    body += &section("Who started and ended with what", &table_caption(summary), &table(summary));
    body += "<footer>Amounts in quote tokens, times in UTC. Made by <code>cargo xtask demo</code>.</footer>";
    let title = format!("Plimsoll demo: {}", escape(&summary.prices));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\n{STYLE}</style></head>\n\
         <body><main>\n{body}\n</main></body></html>\n"
    ))
}

/// Where everybody's gains and losses add up to.
fn table_caption(summary: &Summary) -> String {
    let everybody: f64 = summary.accounts.iter().map(|account| account.pnl).sum();
    let kept = summary.insurance - summary.insurance_funded + summary.surplus - summary.deficit;
    let text = |value: f64| if value < 0.0 { format!("-{}", number(-value)) } else { number(value) };
    format!(
        "Collateral counts at the first price going in and at the last price coming out. Together they made {}: the \
         insurance fund and the surplus made {}, and the coins that were brought in as collateral changed in value by {}.",
        text(everybody),
        text(kept),
        text(everybody + kept),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn header(view: &View) -> String {
    let summary = &view.run.summary;
    let (year, month, day) = date(view.time.start);
    let levels = view.market.steps.iter().map(|step| step.price);
    let low = levels.fold(1.0, f64::min);
    let cut = summary.prices_cut.as_deref().map(|cut| format!(" Of the price file, {}.", escape(cut)));
    format!(
        "<header><h1>A crash through the clearinghouse</h1><p>{} from {day} {} {year}, {:.0} hours: {} to {} USD at \
         the lowest. {} transactions against the real program, seed {}.{}</p></header>",
        escape(&summary.prices),
        month_name(month),
        summary.duration_seconds as f64 / 3_600.0,
        number(view.market.price(0, 1.0)),
        number(view.market.price(0, low)),
        number(summary.transactions as f64),
        summary.seed,
        cut.unwrap_or_default(),
    )
}

fn headline(summary: &Summary) -> String {
    let tile = |label: &str, value: String, class: &str| {
        format!("<div class=\"tile {class}\"><b>{value}</b><span>{label}</span></div>")
    };
    let solvent = if summary.solvent { "good" } else { "bad" };
    let tiles = [
        tile("trades cleared", summary.trades.to_string(), ""),
        tile("margin calls", summary.margin_calls.to_string(), "call"),
        tile("liquidations", summary.liquidations.to_string(), "bad"),
        tile("bad debt", number(summary.bad_debt), "bad"),
        tile("paid by insurance", number(summary.insurance_paid), "good"),
        tile("assets at the end", number(summary.assets), solvent),
        tile("claims at the end", number(summary.claims), solvent),
    ];
    format!("<div class=\"tiles\">{}</div>", tiles.concat())
}

fn section(title: &str, caption: &str, content: &str) -> String {
    format!("<section><h2>{title}</h2><p>{caption}</p>{content}</section>\n")
}

fn figure(title: &str, caption: &str, svg: &str) -> String {
    section(title, caption, &format!("<figure>{svg}</figure>"))
}

fn price_caption(view: &View) -> String {
    format!(
        "The price of {} as the clearinghouse accepted it. Triangles: an account fell below its initial margin and \
         was called. Dots: an account fell below its maintenance margin and a keeper opened its auction. A cross: the \
         account was insolvent before it could be sold, and the insurance fund paid the rest.",
        escape(&view.market.coins[0].symbol)
    )
}

fn default(view: &View) -> Result<String> {
    let place = view.protagonist();
    let zoomed = view.around_default(place);
    let svg = svg(1_080, 330, |area| charts::account(area, &zoomed, place, (LARGE, true)))?;
    let (name, about) = &view.run.members[place];
    let account = &view.run.summary.accounts[place];
    let outcome = if account.bad_debt > 0.0 {
        format!(
            "In a market this fast the keepers get through too rarely: when the account is sold whole it owes {} more \
             than it has. The backstop takes the position at the mark, the insurance fund pays the difference.",
            number(account.bad_debt)
        )
    } else {
        "Keepers bought pieces of it at a discount until it was healthy again; it never owed more than it had."
            .to_owned()
    };
    let caption = format!(
        "{} {}. Below the red line the account no longer covers its maintenance margin and a keeper starts the auction. \
         {outcome}",
        escape(name),
        escape(about)
    );
    Ok(figure("The account that suffers most, close up", &caption, &svg))
}

fn insurance_caption(summary: &Summary) -> String {
    let rest = if summary.deficit > 0.0 {
        format!(
            "It was not enough: a deficit of {} is recorded, and withdrawals lock their share of it.",
            number(summary.deficit)
        )
    } else {
        "Nobody else paid anything, no deficit was recorded.".to_owned()
    };
    format!(
        "The founders put in {}; liquidation fees and a share of the trading fees come on top. It paid {} for accounts \
         that owed more than they had. {rest}",
        number(summary.insurance_funded),
        number(summary.insurance_paid),
    )
}

fn accounts(view: &View) -> Result<String> {
    let mut cells = String::new();
    for (place, (name, about)) in view.run.members.iter().enumerate() {
        let svg = svg(340, 190, |area| charts::small_account(area, view, place))?;
        let account = &view.run.summary.accounts[place];
        cells += &format!(
            "<figure class=\"small\"><figcaption><b>{}</b> {} <em class=\"{}\">{}</em></figcaption>{svg}</figure>",
            escape(name),
            escape(about),
            if account.pnl < 0.0 { "loss" } else { "gain" },
            signed(account.pnl),
        );
    }
    let caption =
        "Equity (blue) against the maintenance requirement (red), each on its own scale, with profit or loss \
         at the end. An account is liquidated where blue meets red, piece by piece until it is healthy again. Of bought \
         options half the value counts as required, so whoever only buys stays above the line. Vertical lines are expiries.";
    Ok(section("Every account", caption, &format!("<div class=\"many\">{cells}</div>")))
}

fn volatility(view: &View) -> Result<String> {
    let (left, right) =
        (svg(530, 260, |area| charts::volatility(area, view))?, svg(530, 260, |area| charts::scale(area, view))?);
    let caption = "Left: the volatility that the program measures from accepted prices; it rises at once and falls \
         slowly. Right: the factors on margins that follow from it. New positions need more as soon as the market is \
         wild; the maintenance factor may only rise by so much a day, so that nobody is liquidated by the measurement \
         alone.";
    let charts = format!("<div class=\"two\"><figure>{left}</figure><figure>{right}</figure></div>");
    Ok(section("Volatility and margins", caption, &charts))
}

fn signed(value: f64) -> String {
    let plus = if value > 0.0 { "+" } else { "" };
    format!("{plus}{}", number(value))
}

fn table(summary: &Summary) -> String {
    let row = |account: &Account| {
        let class = if account.pnl < 0.0 { "loss" } else { "gain" };
        let started = account.deposited + account.collateral_in;
        let ended = account.withdrawn + account.left + account.collateral_out;
        format!(
            "<tr><th>{}</th><td class=\"text\">{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td>\
             <td class=\"{class}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&account.name),
            escape(&account.role),
            account.mode,
            number(started),
            number(ended),
            signed(account.pnl),
            number(account.fees),
            account.margin_calls,
            account.liquidations,
            number(account.bad_debt),
        )
    };
    let rows: String = summary.accounts.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr><th>who</th><th class=\"text\">what</th><th class=\"text\">margin</th>\
         <th>paid in</th><th>taken out</th><th>P&amp;L</th><th>fees</th><th>calls</th><th>liquidations</th>\
         <th>bad debt</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}
