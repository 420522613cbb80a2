//! A live account, explained line by line, and what trades would change.

use plimsoll::positions::{leg_change, Series};
use plimsoll::state::MarginAccount;
use plimsoll::{cash, state};
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::LedgerExt as _;
use plimsoll_client::markets::MarketSet;
use plimsoll_client::price::format_quote;
use plimsoll_client::snapshot::{MarketData, Snapshot};
use plimsoll_client::{quote, Pubkey};
use plimsoll_core::margin::evaluator::pricing::Greeks;
use plimsoll_core::margin::{Balances, Mode};
use plimsoll_core::units::Quote;
use serde_json::{json, Value};

use super::decimal::to_f64;
use super::explain::{self, Line, Subject};
use super::scenarios;
use super::table::amount;
use super::what_if::Request;
use super::worst::{self, Names};
use crate::commands::account::{legs, mode_name};
use crate::commands::live_margin::balances_value;
use crate::output::{pairs, print, table};
use crate::series::{expiry_name, series, underlying_name};
use crate::session::Session;
use crate::{amount as money, config, Failure};

/// An underlying of the account with its sensitivities and what its margins stand on.
struct Asset {
    name: String,
    greeks: Greeks,
    spot: i64,
    low: i64,
    high: i64,
    scale_im: u32,
    scale_mm: u32,
}

/// An account with what explains it.
struct Explained {
    balances: Balances,
    lines: Vec<Line>,
    names: Vec<String>,
    assets: Vec<Asset>,
    /// In portfolio mode, what decides the losses.
    losses: Option<(scenarios::Explained, Names)>,
}

/// A trade that is tried.
struct Trade {
    series: Series,
    name: String,
    quantity: i32,
    mark: i64,
    price: i64,
    cash: i64,
}

/// Explains the account that `text` names. Errors: `Input` for the address or a trade; connection; what makes a
/// valuation impossible.
pub fn run(session: &Session, text: &str, trades: &[String], json: bool) -> Result<(), Failure> {
    let at = config::address("--account", text)?;
    let account: MarginAccount = session.ok(session.ledger.load(&at))?;
    let loaded = Directory::load(&session.ledger, &account.clearinghouse);
    let directory = session.ok(loaded)?;
    let snapshot = session.ok(Snapshot::load(&session.ledger, &directory, &[at]))?;
    let now = explain(session, &snapshot)?;
    let mut parts = vec![summary((&at, &account), &directory, &now), line_table(&now), asset_table(&now)];
    if let Some((explained, names)) = &now.losses {
        parts.extend(worst::tables(explained, names));
    }
    let mut value = value((&at, &account), &directory, &now);
    if !trades.is_empty() {
        let (tried, after) = try_trades(session, &snapshot, trades)?;
        let after = explain(session, &after)?;
        parts.push(what_if_table(&tried, &now.balances, &after.balances));
        value["what_if"] = json!({
            "trades": tried.iter().map(trade_value).collect::<Vec<_>>(),
            "after": balances_value(&after.balances), "lines": line_values(&after), "greeks": greeks_value(&after),
            "portfolio": losses_value(&after),
        });
    }
    print(json, &parts.join("\n"), &value);
    Ok(())
}

fn explain(session: &Session, snapshot: &Snapshot) -> Result<Explained, Failure> {
    let account = *session.ok(snapshot.account(0))?;
    let directory = &snapshot.directory;
    let liquidation = session.ok(quote::account(snapshot, 0))?;
    let held: Vec<u16> = liquidation.liquidation.iter().map(|(index, _)| *index).collect();
    let (mut lines, mut assets, mut views, mut losses) = (Vec::new(), Vec::new(), Vec::new(), None);
    let explained = snapshot.value(|valuation| {
        valuation.with_book(&account, &mut |book, mode| {
            match mode {
                Mode::Cross => lines = explain::lines(book).map_err(plimsoll::error::PlimsollError::from)?,
                Mode::Portfolio(view) => {
                    let found = scenarios::explain(book, view).map_err(plimsoll::error::PlimsollError::from)?;
                    lines.clone_from(&found.lines);
                    losses = Some(found);
                }
            }
            for index in (0u8..).take(book.underlyings.len()) {
                let greeks = explain::greeks(book, index).map_err(plimsoll::error::PlimsollError::from)?;
                assets.push(greeks);
            }
            views = book.underlyings.to_vec();
            Ok(())
        })
    });
    session.ok(explained)?;
    let leg_names: Vec<String> = legs(session, directory, &account)?.into_iter().map(|(name, _)| name).collect();
    let name = |line: &Line| line_name((session, directory), &account, &held, (line.subject, &leg_names));
    let names = lines.iter().map(name).collect();
    let named = |(at, (greeks, view)): (usize, (Greeks, &plimsoll_core::margin::UnderlyingView))| Asset {
        name: held.get(at).map_or_else(|| "collateral's".to_owned(), |i| underlying_name(session, directory, *i)),
        greeks,
        spot: view.spot.0,
        low: view.low.0,
        high: view.high.0,
        scale_im: view.scale_im.0,
        scale_mm: view.scale_mm.0,
    };
    let assets: Vec<Asset> = assets.into_iter().zip(&views).enumerate().map(named).collect();
    let losses = losses.map(|losses| {
        let underlyings = assets.iter().map(|asset| asset.name.clone()).collect();
        let slots = 0..account.expiries.len();
        let expiries = slots.map(|slot| slot_name(session, directory, &account, slot)).collect();
        (losses, Names { underlyings, expiries })
    });
    Ok(Explained { balances: liquidation.balances, lines, names, assets, losses })
}

/// `BTC-30JAN26` of an expiry slot.
fn slot_name(session: &Session, directory: &Directory, account: &MarginAccount, slot: usize) -> String {
    let (index, expiry) = account.expiry_at(slot).unwrap_or_default();
    let date = expiry_name(directory.underlyings.get(&index), expiry);
    format!("{}-{date}", underlying_name(session, directory, index))
}

/// What a line is called; `held`: the underlyings of the book, in its order, which is not that of the account's slots.
fn line_name(
    (session, directory): (&Session, &Directory),
    account: &MarginAccount,
    held: &[u16],
    (subject, legs): (Subject, &[String]),
) -> String {
    let asset = |at: u8| {
        let index = held.get(usize::from(at)).copied();
        index.map_or_else(String::new, |index| underlying_name(session, directory, index))
    };
    match subject {
        Subject::Cash => "cash, interest owed taken off".to_owned(),
        Subject::Leg(at) => {
            let quantity = account.legs().get(at).map_or(0, |leg| leg.quantity);
            format!("{quantity:+} {}", legs.get(at).map_or("?", String::as_str))
        }
        Subject::Spreads(slot) => {
            format!("spread recognition in {}", slot_name(session, directory, account, usize::from(slot)))
        }
        Subject::Prices(at) => format!("{} judged at its worse price as a whole", asset(at)),
        Subject::Collateral(at) => {
            let slot = account.collaterals.iter().filter(|slot| slot.amount > 0).nth(at);
            let priced_by = slot.and_then(|slot| directory.collaterals.get(&slot.index)).map(|c| c.priced_by);
            let number = slot.map_or(0, |slot| slot.index);
            match priced_by.filter(|index| directory.underlyings.contains_key(index)) {
                Some(index) => {
                    format!("collateral {number}, priced by {}", underlying_name(session, directory, index))
                }
                None => format!("collateral {number}"),
            }
        }
        Subject::Marks(slot) => format!("{} at its marks", slot_name(session, directory, account, usize::from(slot))),
        Subject::Worst(slot) => {
            format!("{} in the worst scenario", slot_name(session, directory, account, usize::from(slot)))
        }
        Subject::Moved(slot) => format!("collateral in the worst scenario of {}", asset(slot)),
        Subject::Naked(slot) => format!("naked shorts on {}", asset(slot)),
        Subject::Doubt(slot) => format!("doubtful prices of {}", asset(slot)),
        Subject::Concentration(slot) => format!("concentration in options on {}", asset(slot)),
        Subject::Between(slot) => format!("spreads on {} near expiry, between grid steps", asset(slot)),
        Subject::Offset => "losses that underlyings offset each other".to_owned(),
        Subject::Beyond(slot) => format!("prices of {} beyond the scenario grid", asset(slot)),
        Subject::Drift(slot) => format!("{} moved since its risk rows", asset(slot)),
        Subject::Rounding(slot) => format!("rounding of {}", asset(slot)),
        Subject::Limit => "initial balance is at most the maintenance balance".to_owned(),
    }
}

/// The account after the trades, each at its price or the mark, without fees.
fn try_trades(session: &Session, now: &Snapshot, texts: &[String]) -> Result<(Vec<Trade>, Snapshot), Failure> {
    let directory = &now.directory;
    let mut account = *session.ok(now.account(0))?;
    let mut trades = Vec::new();
    for text in texts {
        let request = Request::parse(text).map_err(Failure::Input)?;
        let refused = |what: &str, why: String| Failure::Input(request.refused(what, why));
        if request.vol.is_some() {
            return Err(refused("vol", "a live account is valued at the chain's volatility".to_owned()));
        }
        if request.open_interest.is_some() {
            return Err(refused("oi", "a live account is charged by the chain's open interest".to_owned()));
        }
        let quantity: i32 = request.quantity.parse().ok().filter(|q| *q != 0).ok_or_else(|| {
            refused("quantity", format!("{} is not a number of whole contracts, + or -", request.quantity))
        })?;
        let series = series(session, directory, request.series)?;
        let price = request.price.map(|price| money::quote("--what-if price", price)).transpose()?;
        if price.is_some_and(|price| price < 0) {
            return Err(refused("price", "a premium is never below 0".to_owned()));
        }
        let mark = mark(session, directory, now, &series)?;
        let price = price.unwrap_or(mark);
        let cash = i64::from(quantity).checked_mul(price).and_then(i64::checked_neg);
        let cash = cash.ok_or_else(|| refused("price", "quantity x price is out of range".to_owned()))?;
        session.ok(leg_change(&mut account, &series, quantity).map_err(Into::into))?;
        let parameters: &state::ClearinghouseParameters = &directory.clearinghouse.parameters;
        session.ok(cash::change(&mut account, Quote(cash).0, now.now, parameters).map_err(Into::into))?;
        trades.push(Trade { series, name: request.series.to_owned(), quantity, mark, price, cash });
    }
    let mut after = session.ok(Snapshot::of_accounts(&session.ledger, directory, vec![account], None, None))?;
    after.now = now.now;
    Ok((trades, after))
}

/// The mark of one contract. Errors: connection, what makes a valuation impossible.
fn mark(session: &Session, directory: &Directory, now: &Snapshot, series: &Series) -> Result<i64, Failure> {
    let set = MarketSet::default().with_expiry(directory, series.underlying, series.expiry);
    let addresses = session.ok(session.ok(set)?.addresses(directory))?;
    let markets = session.ok(MarketData::load(&session.ledger, &addresses))?;
    let scope =
        plimsoll::markets::Scope { accounts: &[], expiry: Some((series.underlying, series.expiry)), collateral: None };
    let mark = markets.value(directory, &scope, now.now, |valuation| {
        valuation.mark(series.underlying, series.expiry, series.strike, series.kind)
    });
    session.ok(mark).map(|mark| mark.0)
}

fn summary((at, account): (&Pubkey, &MarginAccount), directory: &Directory, now: &Explained) -> String {
    pairs(&[
        ("account", at.to_string()),
        ("mode", mode_name(account.mode).to_owned()),
        ("clearinghouse", directory.address.to_string()),
        ("equity", format_quote(now.balances.equity)),
        ("initial", format_quote(now.balances.initial)),
        ("maintenance", format_quote(now.balances.maintenance)),
    ])
}

fn line_table(now: &Explained) -> String {
    let row = |(line, name): (&Line, &String)| {
        vec![
            name.clone(),
            format_quote(line.part.equity),
            format_quote(line.part.initial),
            format_quote(line.part.maintenance),
        ]
    };
    let mut rows: Vec<Vec<String>> = now.lines.iter().zip(&now.names).map(row).collect();
    let of = &now.balances;
    rows.push(vec![
        "= account".to_owned(),
        format_quote(of.equity),
        format_quote(of.initial),
        format_quote(of.maintenance),
    ]);
    table(&["line", "equity", "initial", "maintenance"], rows)
}

fn asset_table(now: &Explained) -> String {
    let scale = |ppm: u32| format!("x {:.3}", f64::from(ppm) / 1e6);
    let row = |asset: &Asset| {
        let greeks = [asset.greeks.delta, asset.greeks.gamma, asset.greeks.vega, asset.greeks.theta];
        let mut cells = vec![
            asset.name.clone(),
            format_quote(asset.spot),
            format!("{} - {}", format_quote(asset.low), format_quote(asset.high)),
            scale(asset.scale_im),
            scale(asset.scale_mm),
        ];
        cells.extend(greeks.map(|greek| amount(to_f64(greek))));
        cells
    };
    let header = [
        "underlying",
        "price",
        "initial judged in",
        "initial scale",
        "maintenance scale",
        "delta",
        "gamma",
        "vega (1.00)",
        "theta (year)",
    ];
    table(&header, now.assets.iter().map(row).collect())
}

fn what_if_table(trades: &[Trade], before: &Balances, after: &Balances) -> String {
    let row = |trade: &Trade| {
        vec![
            format!("{:+} {}", trade.quantity, trade.name),
            format_quote(trade.price),
            format_quote(trade.mark),
            format_quote(trade.cash),
        ]
    };
    let tried = table(&["what if, without fees", "price", "mark", "cash"], trades.iter().map(row).collect());
    let row = |name: &str, old: i128, new: i128| {
        vec![name.to_owned(), format_quote(old), format_quote(new), format_quote(new.saturating_sub(old))]
    };
    let rows = vec![
        row("equity", before.equity, after.equity),
        row("initial", before.initial, after.initial),
        row("maintenance", before.maintenance, after.maintenance),
    ];
    format!("{tried}\n{}", table(&["", "before", "after", "change"], rows))
}

fn trade_value(trade: &Trade) -> Value {
    json!({
        "series": trade.name, "quantity": trade.quantity, "mark": format_quote(trade.mark),
        "price": format_quote(trade.price), "cash": format_quote(trade.cash), "expiry": trade.series.expiry,
    })
}

fn line_values(now: &Explained) -> Value {
    let line = |(line, name): (&Line, &String)| {
        json!({
            "line": name, "equity": format_quote(line.part.equity), "initial": format_quote(line.part.initial),
            "maintenance": format_quote(line.part.maintenance),
        })
    };
    now.lines.iter().zip(&now.names).map(line).collect()
}

fn greeks_value(now: &Explained) -> Value {
    let of = |asset: &Asset| {
        let greeks = &asset.greeks;
        let value = json!({
            "delta": to_f64(greeks.delta), "gamma": to_f64(greeks.gamma), "vega": to_f64(greeks.vega),
            "theta": to_f64(greeks.theta),
        });
        (asset.name.clone(), value)
    };
    Value::Object(now.assets.iter().map(of).collect())
}

/// What decides the losses; null but in portfolio mode.
fn losses_value(now: &Explained) -> Value {
    now.losses.as_ref().map_or(Value::Null, |(losses, names)| worst::value(losses, names))
}

fn value((at, account): (&Pubkey, &MarginAccount), directory: &Directory, now: &Explained) -> Value {
    let mut value = balances_value(&now.balances);
    value["account"] = at.to_string().into();
    value["mode"] = mode_name(account.mode).into();
    value["portfolio"] = losses_value(now);
    value["clearinghouse"] = directory.address.to_string().into();
    value["lines"] = line_values(now);
    value["greeks"] = greeks_value(now);
    value
}
