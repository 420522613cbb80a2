//! `plimsoll margin show`: an account at this moment, as the program values it.

use plimsoll_client::directory::Directory;
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::quote::{self, AccountQuote};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_core::margin::Balances;
use serde_json::{json, Value};

use super::account::{legs, status_name};
use super::trade::{preview, quote_value};
use crate::output::{pairs, table};
use crate::session::Session;
use crate::{amount, series, Failure};

/// Live commands of `margin`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Margin of an account on chain now: balances, liquidation prices, auction, and what a trade would change.
    #[command(after_help = "Examples:\n  plimsoll margin show 0\n  \
        plimsoll margin show 0 --trade BTC-30JAN26-100000-C --quantity=-3 --price 25.5")]
    Show(Show),
}

/// Arguments of `margin show`.
#[derive(clap::Args)]
pub struct Show {
    /// Account: address, or id of one of your own.
    account: String,
    /// What if this series were traded.
    #[arg(long, value_name = "SERIES", requires = "quantity", requires = "price")]
    trade: Option<String>,
    /// Contracts bought; negative: sold.
    #[arg(long, allow_hyphen_values = true, requires = "trade")]
    quantity: Option<i32>,
    /// Premium per contract: quote tokens.
    #[arg(long, allow_hyphen_values = true, requires = "trade")]
    price: Option<String>,
}

/// Equity, initial and maintenance balance in one line.
pub fn balances_row(balances: &Balances) -> String {
    format!(
        "equity {}  initial {}  maintenance {}",
        format_quote(balances.equity),
        format_quote(balances.initial),
        format_quote(balances.maintenance)
    )
}

/// Runs a command. Errors: `Input`, connection, and what makes a valuation impossible.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let Command::Show(args) = command;
    let price = args.price.as_deref().map(|text| amount::price("--price", text)).transpose()?;
    let (at, account) = session.account("ACCOUNT", &args.account)?;
    let directory = session.directory()?;
    let traded = args.trade.as_deref().map(|text| series::series(session, &directory, text)).transpose()?;
    let expiry = traded.map(|series| (series.underlying, series.expiry));
    let loaded = Snapshot::load_with(&session.ledger, &directory, &[at], expiry, None);
    let snapshot = session.ok(loaded)?;
    let now = session.ok(quote::account(&snapshot, 0))?;
    let mut rows = vec![
        ("account", at.to_string()),
        ("status", format!("{}, {}", health(&now.balances), status_name(&account))),
        ("equity", format_quote(now.balances.equity)),
        ("initial", format_quote(now.balances.initial)),
        ("maintenance", format_quote(now.balances.maintenance)),
        ("options", format_quote(now.balances.mark_to_market)),
        ("cash", format_quote(account.cash)),
        ("free cash", format_quote(now.free_cash)),
    ];
    let mut value = json!({
        "account": at.to_string(), "health": health(&now.balances), "status": status_name(&account),
        "equity": format_quote(now.balances.equity), "initial": format_quote(now.balances.initial),
        "maintenance": format_quote(now.balances.maintenance), "options": format_quote(now.balances.mark_to_market),
        "cash": format_quote(account.cash), "free_cash": format_quote(now.free_cash), "time": snapshot.now,
    });
    if account.in_auction() || now.balances.maintenance < 0 {
        value["auction"] = auction(session, &snapshot, &mut rows)?;
    }
    let held = legs(session, &directory, &account)?;
    value["legs"] = held.iter().map(|(name, q)| json!({ "series": name, "quantity": q })).collect();
    let (markets, text) = by_underlying(session, &directory, &now);
    value["underlyings"] = markets;
    let lines = held.iter().map(|(name, quantity)| vec![name.clone(), format!("{quantity:+}")]).collect();
    let mut what_if = Vec::new();
    if let (Some(series), Some(quantity), Some(price)) = (traded, args.quantity, price) {
        let quoted = session.ok(quote::trade(&snapshot, 0, &series, quantity, price))?;
        preview("this trade", &quoted, &mut what_if);
        value["trade"] = quote_value(&quoted);
    }
    let mut parts = vec![pairs(&rows), text, table(&["leg", "contracts"], lines)];
    if !what_if.is_empty() {
        parts.push(pairs(&what_if));
    }
    session.print(&parts.join("\n"), &value);
    Ok(())
}

fn health(balances: &Balances) -> &'static str {
    if balances.equity < 0 {
        "insolvent"
    } else if balances.maintenance < 0 {
        "liquidatable"
    } else if balances.initial < 0 {
        "margin call"
    } else {
        "sound"
    }
}

/// The auction, running or as it would start.
fn auction(session: &Session, snapshot: &Snapshot, rows: &mut Vec<(&str, String)>) -> Result<Value, Failure> {
    let auction = session.ok(quote::auction(snapshot, 0))?;
    let factor = format_atoms(auction.price_factor.0, 9);
    rows.push(("auction clock", format!("{} s, price factor {factor}", auction.elapsed)));
    let limits = auction.limits.map(|limits| {
        let (smallest, largest) = (format_atoms(limits.smallest.0, 9), format_atoms(limits.largest.0, 9));
        rows.push(("bids", format!("{smallest} to {largest} of the book")));
        json!({ "smallest": smallest, "largest": largest })
    });
    Ok(json!({ "elapsed_seconds": auction.elapsed, "price_factor": factor, "limits": limits }))
}

/// Parts of the balances and liquidation prices, per underlying.
fn by_underlying(session: &Session, directory: &Directory, quote: &AccountQuote) -> (Value, String) {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for ((index, prices), part) in quote.liquidation.iter().zip(&quote.balances.by_underlying) {
        let name = series::underlying_name(session, directory, *index);
        let below = prices.below.map(|price| format_quote(price.0));
        let above = prices.above.map(|price| format_quote(price.0));
        let shown = |price: &Option<String>| price.clone().unwrap_or_else(|| "-".to_owned());
        rows.push(vec![
            name.clone(),
            format_quote(part.mark_to_market),
            format_quote(part.initial),
            format_quote(part.maintenance),
            shown(&below),
            shown(&above),
        ]);
        values.push(json!({
            "underlying": name, "index": index, "options": format_quote(part.mark_to_market),
            "initial": format_quote(part.initial), "maintenance": format_quote(part.maintenance),
            "liquidation_below": below, "liquidation_above": above,
        }));
    }
    let header = ["underlying", "options", "initial", "maintenance", "liquidated below", "liquidated above"];
    (json!(values), table(&header, rows))
}
