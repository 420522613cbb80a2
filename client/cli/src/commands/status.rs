//! `plimsoll status`: the whole clearinghouse in one table.

use plimsoll_client::price::format_quote;
use plimsoll_client::snapshot::MarketData;
use plimsoll_client::status::Books;
use serde_json::json;

use crate::output::pairs;
use crate::session::Session;
use crate::Failure;

/// Runs the command. Errors: `Input`, connection; and when an equation of the books does not hold.
pub fn run(session: &Session) -> Result<(), Failure> {
    let books = session.ok(Books::load(&session.ledger, &session.clearinghouse()?))?;
    let markets = session.ok(MarketData::load(&session.ledger, &books.market_addresses()))?;
    let health = books.health(&markets);
    let broken: Vec<String> = session.ok(books.check())?.iter().map(ToString::to_string).collect();
    let sums = books.sums();
    let rows = [
        ("clearinghouse", books.directory.address.to_string()),
        ("assets (vault)", format_quote(sums.vault)),
        ("claims", format_quote(books.claims())),
        ("backing ratio", books.backing_ratio()),
        ("open deficit", format_quote(sums.deficit)),
        ("insurance fund", format_quote(sums.insurance)),
        (
            "  received, paid",
            format!("{}, {}", format_quote(books.insurance.received_total), format_quote(books.insurance.paid_total)),
        ),
        ("cash of accounts", format_quote(sums.cash)),
        ("surplus", format_quote(sums.surplus)),
        ("fees not swept", format_quote(sums.fees)),
        ("in settlement", format_quote(sums.settlement)),
        ("donated", format_quote(sums.donated)),
        ("underlyings", books.directory.underlyings.len().to_string()),
        ("expiries", books.expiries.len().to_string()),
        ("accounts", books.accounts.len().to_string()),
        ("  sound", health.sound.to_string()),
        ("  margin call", health.called.to_string()),
        ("  liquidatable", health.liquidatable.to_string()),
        ("  insolvent", health.insolvent.to_string()),
        ("  price missing", health.unknown.to_string()),
        ("  in auction", health.in_auction.to_string()),
        ("books", if broken.is_empty() { "balanced".to_owned() } else { broken.join("; ") }),
    ];
    let value = json!({
        "clearinghouse": books.directory.address.to_string(),
        "assets": format_quote(sums.vault),
        "claims": format_quote(books.claims()),
        "backing_ratio": books.backing_ratio(),
        "deficit": format_quote(sums.deficit),
        "insurance": format_quote(sums.insurance),
        "insurance_received": format_quote(books.insurance.received_total),
        "insurance_paid": format_quote(books.insurance.paid_total),
        "cash": format_quote(sums.cash),
        "surplus": format_quote(sums.surplus),
        "fees": format_quote(sums.fees),
        "settlement": format_quote(sums.settlement),
        "donated": format_quote(sums.donated),
        "underlyings": books.directory.underlyings.len(),
        "expiries": books.expiries.len(),
        "accounts": {
            "total": books.accounts.len(),
            "sound": health.sound,
            "called": health.called,
            "liquidatable": health.liquidatable,
            "insolvent": health.insolvent,
            "unknown": health.unknown,
            "in_auction": health.in_auction,
        },
        "broken": broken,
        "time": books.now,
    });
    session.print(&pairs(&rows), &value);
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Other(anyhow::anyhow!("the books do not balance: {}", broken.join("; "))))
}
