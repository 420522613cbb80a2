//! `plimsoll margin show` and `check`: an account at this moment, as the program values it.

use plimsoll::events::MarginCall;
use plimsoll::MarginBalances;
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction;
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::quote::{self, AccountQuote};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_core::margin::liquidation_price::LiquidationPrices;
use plimsoll_core::margin::Balances;
use serde_json::{json, Map, Value};

use super::account::{legs, mode_name, status_name};
use super::trade::{quote_table, quote_value};
use crate::output::{dash, table, Facts};
use crate::session::Session;
use crate::{amount, series, Failure};

/// Live commands of `margin`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Margin of an account on chain now: balances, liquidation prices, auction, and what a trade would change.
    #[command(after_help = "Examples:\n  plimsoll margin show 0\n  \
        plimsoll margin show 0 --trade BTC-30JAN26-100000-C --quantity=-3 --price 25.5")]
    Show(Show),
    /// Have the program evaluate an account; below initial margin that is its margin call. Anyone may.
    #[command(after_help = "Example:\n  plimsoll margin check <ADDRESS>")]
    Check {
        /// Account: address, or id of one of your own.
        account: String,
    },
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

/// The same as JSON.
pub fn balances_value(balances: &Balances) -> Value {
    json!({
        "equity": format_quote(balances.equity), "initial": format_quote(balances.initial),
        "maintenance": format_quote(balances.maintenance),
    })
}

/// Runs a command. Errors: `Input`, connection, and what makes a valuation impossible.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Show(args) => show(session, args),
        Command::Check { account } => check(session, account),
    }
}

fn check(session: &Session, account: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", account)?;
    let directory = session.prepare_one(&session.directory()?, &account)?;
    let build = session.ok(instruction::margin_check(&directory, &account))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let balances: MarginBalances = session.ok(outcome.returned())?;
    let facts = Facts::default()
        .text("account", at)
        .quote("equity", balances.equity)
        .quote("initial", balances.initial)
        .quote("maintenance", balances.maintenance)
        .field("margin_call", session.ok(outcome.event::<MarginCall>())?.is_some());
    session.report(&outcome, facts);
    Ok(())
}

fn show(session: &Session, args: &Show) -> Result<(), Failure> {
    let price = args.price.as_deref().map(|text| amount::price("--price", text)).transpose()?;
    let (at, account) = session.account("ACCOUNT", &args.account)?;
    let directory = session.directory()?;
    let traded = args.trade.as_deref().map(|text| series::series(session, &directory, text)).transpose()?;
    let expiry = traded.map(|series| (series.underlying, series.expiry));
    let loaded = Snapshot::load_with(&session.ledger, &directory, &[at], expiry, None);
    let snapshot = session.ok(loaded)?;
    let now = session.ok(quote::account(&snapshot, 0))?;
    let mut facts = Facts::default()
        .text("account", at)
        .text("health", health(&now.balances))
        .text("mode", mode_name(account.mode))
        .text("status", status_name(&account))
        .quote("equity", now.balances.equity)
        .quote("initial", now.balances.initial)
        .quote("maintenance", now.balances.maintenance)
        .quote("options", now.balances.mark_to_market)
        .quote("cash", account.cash)
        .quote("free_cash", now.free_cash)
        .json("time", snapshot.now);
    if account.in_auction() || now.balances.maintenance < 0 {
        facts = auction(session, &snapshot, facts)?;
    }
    let held = legs(session, &directory, &account)?;
    let (markets, by_underlying) = by_underlying(session, &directory, &now);
    facts = facts
        .json("legs", held.iter().map(|(name, q)| json!({ "series": name, "quantity": q })).collect::<Value>())
        .json("underlyings", markets);
    let lines = held.iter().map(|(name, quantity)| vec![name.clone(), format!("{quantity:+}")]).collect();
    let mut tables = vec![by_underlying, table(&["leg", "contracts"], lines)];
    if let (Some(series), Some(quantity), Some(price)) = (traded, args.quantity, price) {
        let quoted = session.ok(quote::trade(&snapshot, 0, &series, quantity, price))?;
        facts = facts.json("trade", quote_value(session, &directory, &quoted));
        tables.push(quote_table(session, &directory, "with this trade", &quoted));
    }
    session.show_with(facts, &tables);
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
fn auction(session: &Session, snapshot: &Snapshot, facts: Facts) -> Result<Facts, Failure> {
    let auction = session.ok(quote::auction(snapshot, 0))?;
    let factor = format_atoms(auction.price_factor.0, 9);
    let mut facts = facts.row("auction clock", format!("{} s, price factor {factor}", auction.elapsed));
    let limits = auction.limits.map(|limits| {
        let (smallest, largest) = (format_atoms(limits.smallest.0, 9), format_atoms(limits.largest.0, 9));
        json!({ "smallest": smallest, "largest": largest })
    });
    if let Some(limits) = &limits {
        let share = |name: &str| limits[name].as_str().unwrap_or_default().to_owned();
        facts = facts.row("bids", format!("{} to {} of the book", share("smallest"), share("largest")));
    }
    let value = json!({ "elapsed_seconds": auction.elapsed, "price_factor": factor, "limits": limits });
    Ok(facts.json("auction", value))
}

/// Parts of the balances and liquidation prices, per underlying.
fn by_underlying(session: &Session, directory: &Directory, quote: &AccountQuote) -> (Value, String) {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for ((index, prices), part) in quote.liquidation.iter().zip(&quote.balances.by_underlying) {
        let name = series::underlying_name(session, directory, *index);
        let [below, above] = liquidation_texts(prices);
        rows.push(vec![
            name.clone(),
            format_quote(part.mark_to_market),
            format_quote(part.initial),
            format_quote(part.maintenance),
            dash(below.clone()),
            dash(above.clone()),
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

/// Liquidation prices below and above spot as decimal text; `None`: there is none.
fn liquidation_texts(prices: &LiquidationPrices) -> [Option<String>; 2] {
    [prices.below, prices.above].map(|price| price.map(|price| format_quote(price.0)))
}

/// Liquidation prices by name of the underlying: JSON, and one line of a table each.
pub fn liquidations(
    session: &Session,
    directory: &Directory,
    prices: &[(u16, LiquidationPrices)],
) -> (Value, Vec<String>) {
    let (mut values, mut lines) = (Map::new(), Vec::new());
    for (index, prices) in prices {
        let name = series::underlying_name(session, directory, *index);
        let [below, above] = liquidation_texts(prices);
        values.insert(name.clone(), json!({ "below": below, "above": above }));
        lines.push(format!("{name} below {}, above {}", dash(below), dash(above)));
    }
    (values.into(), lines)
}
