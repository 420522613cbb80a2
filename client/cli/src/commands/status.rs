//! `plimsoll status`: the whole clearinghouse in two tables.

use plimsoll_client::price::format_quote;
use plimsoll_client::status::{Books, Health};
use plimsoll_core::units::Wide;
use serde_json::{json, Value};

use super::debt::owing;
use crate::output::{pairs, table};
use crate::session::Session;
use crate::Failure;

/// Runs the command. Errors: `Input`, connection; and when an equation of the books does not hold.
pub fn run(session: &Session) -> Result<(), Failure> {
    let mut books = session.ok(Books::load(&session.ledger, &session.clearinghouse()?))?;
    let markets = session.ok(books.load_markets(&session.ledger))?;
    let health = books.health(&markets);
    let bad_debt = owing(session)?.iter().map(|record| Wide::from(record.bad_debt)).sum();
    let broken: Vec<String> = session.ok(books.check())?.iter().map(ToString::to_string).collect();
    let money = money(&books, bad_debt);
    let text = [
        pairs(&[
            ("clearinghouse", books.directory.address.to_string()),
            ("creator", books.clearinghouse().creator.to_string()),
            ("authority", books.clearinghouse().authority.to_string()),
        ]),
        money_table(&books, &money),
        health_table(&books, &health),
        format!("books {}", if broken.is_empty() { "balanced".to_owned() } else { broken.join("; ") }),
    ];
    session.print(&text.join("\n"), &value(&books, &money, &health, &broken));
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Other(anyhow::anyhow!("the books do not balance: {}", broken.join("; "))))
}

/// Every amount: field, row, quote atoms.
fn money(books: &Books, bad_debt: Wide) -> Vec<(&'static str, &'static str, Wide)> {
    let (sums, state) = (books.sums(), books.clearinghouse());
    vec![
        ("assets", "assets (vault)", sums.vault),
        ("claims", "claims", books.claims()),
        ("cash", "  cash of accounts", sums.cash),
        ("insurance", "  insurance fund", sums.insurance),
        ("surplus", "  surplus", sums.surplus),
        ("fees", "  fees not swept", sums.fees),
        ("settlement", "  in settlement", sums.settlement),
        ("deficit", "open deficit", sums.deficit),
        ("deficit_locked", "  locked by withdrawals", Wide::from(state.deficit_locked)),
        ("bad_debt", "bad debt of owners", bad_debt),
        ("insurance_received", "insurance received", Wide::from(books.insurance.received_total)),
        ("insurance_paid", "insurance paid", Wide::from(books.insurance.paid_total)),
        ("donated", "donated", sums.donated),
    ]
}

fn money_table(books: &Books, money: &[(&str, &str, Wide)]) -> String {
    let mut rows: Vec<Vec<String>> =
        money.iter().map(|(_, label, atoms)| vec![(*label).to_owned(), format_quote(*atoms)]).collect();
    rows.insert(7, vec!["backing ratio".to_owned(), books.backing_ratio()]);
    table(&["quote tokens", ""], rows)
}

fn health_table(books: &Books, health: &Health) -> String {
    let row = |name: &str, count: String| vec![name.to_owned(), count];
    let rows = vec![
        row("sound", health.sound.to_string()),
        row("margin call (initial < 0)", health.called.to_string()),
        row("liquidatable (maintenance < 0)", health.liquidatable.to_string()),
        row("insolvent (equity < 0)", health.insolvent.to_string()),
        row("price missing", health.unknown.to_string()),
        row("all", books.accounts.len().to_string()),
        row("of them in auction", health.in_auction.to_string()),
        row("underlyings", books.directory.underlyings.len().to_string()),
        row("expiries", books.expiries.len().to_string()),
    ];
    table(&["accounts by health", ""], rows)
}

fn value(books: &Books, money: &[(&str, &str, Wide)], health: &Health, broken: &[String]) -> Value {
    let mut value = json!({
        "clearinghouse": books.directory.address.to_string(),
        "creator": books.clearinghouse().creator.to_string(),
        "authority": books.clearinghouse().authority.to_string(),
        "backing_ratio": books.backing_ratio(),
        "solvent": Wide::from(books.vault) >= books.claims(),
        "deficit_epoch": books.clearinghouse().deficit_epoch,
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
    for (field, _, atoms) in money {
        value[*field] = json!(format_quote(*atoms));
    }
    value
}
