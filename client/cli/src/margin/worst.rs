//! What decides the losses of a live portfolio account, as tables and as JSON.

use plimsoll_client::price::format_quote;
use plimsoll_core::margin::scenario::explain::{Parts, Worst};
use plimsoll_core::margin::scenario::Shift;
use serde_json::{json, Value};

use super::scenarios::{ExpiryLoss, Explained, Source};
use crate::output::table;

/// Names of the underlyings of the book, and of its expiries by slot.
pub struct Names {
    /// Underlyings.
    pub underlyings: Vec<String>,
    /// Expiries.
    pub expiries: Vec<String>,
}

impl Names {
    fn underlying(&self, index: u8) -> &str {
        self.underlyings.get(usize::from(index)).map_or("?", String::as_str)
    }

    fn expiry(&self, slot: u8) -> &str {
        self.expiries.get(usize::from(slot)).map_or("?", String::as_str)
    }
}

const fn shift_name(shift: Shift) -> &'static str {
    match shift {
        Shift::None => "none",
        Shift::Up => "up",
        Shift::Down => "down",
        Shift::Linear => "linear",
        Shift::Abs => "abs",
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Rows => "rows",
        Source::Fresh => "fresh",
        Source::Settled => "settled",
    }
}

/// Share of a scenario that counts: Q32 to a number.
fn dampening(share: i64) -> f64 {
    // PROOF: at most 2^32, exact in a double.
    share as f64 / 4_294_967_296.0
}

fn in_words(worst: &Worst) -> String {
    match worst {
        Worst::Nothing => "nothing loses".to_owned(),
        Worst::Basis => "basis".to_owned(),
        Worst::Scenario(column, _) => {
            let moved = (column.multiplier - 1_000_000) as f64 / 1e4;
            let spot = if moved == 0.0 { "spot unmoved".to_owned() } else { format!("spot {moved:+} %") };
            let share = dampening(column.dampening);
            let damped = if share < 1.0 { format!(", {:.1} % of it counts", share * 100.0) } else { String::new() };
            format!("{spot}, volatility {}{damped}", shift_name(column.shift))
        }
    }
}

fn worst_value(worst: &Worst) -> Value {
    match worst {
        Worst::Nothing => json!({ "kind": "nothing", "spot": null, "vol": null, "dampening": null }),
        Worst::Basis => json!({ "kind": "basis", "spot": null, "vol": null, "dampening": null }),
        Worst::Scenario(column, _) => json!({
            "kind": "scenario", "spot": column.multiplier as f64 / 1e6, "vol": shift_name(column.shift),
            "dampening": dampening(column.dampening),
        }),
    }
}

/// Two tables: what decides per underlying and balance, and what every expiry adds.
pub fn tables(explained: &Explained, names: &Names) -> Vec<String> {
    let mut rows = Vec::new();
    for of in &explained.underlyings {
        for (balance, parts) in [("initial", &of.initial), ("maintenance", &of.maintenance)] {
            rows.push(row(names.underlying(of.index), balance, parts));
        }
    }
    let header = [
        "decided by",
        "at price",
        "worst",
        "loss",
        "factor",
        "counts",
        "basis",
        "naked",
        "confidence",
        "concentration",
        "drift",
    ];
    let decided = table(&header, rows);
    let row = |of: &ExpiryLoss| {
        vec![
            names.expiry(of.slot).to_owned(),
            source_name(of.source).to_owned(),
            format_quote(of.mark),
            format_quote(of.initial),
            format_quote(of.maintenance),
        ]
    };
    let header = ["expiry", "priced from", "mark", "in the worst, initial", "in the worst, maintenance"];
    vec![decided, table(&header, explained.expiries.iter().map(row).collect())]
}

fn row(name: &str, balance: &str, parts: &Parts) -> Vec<String> {
    vec![
        format!("{name} {balance}"),
        format_quote(parts.price.0),
        in_words(&parts.worst),
        format_quote(parts.profit),
        format!("x {:.3}", f64::from(parts.factor.0) / 1e6),
        format_quote(parts.loss),
        format_quote(parts.basis),
        format_quote(parts.naked),
        format_quote(parts.confidence),
        format_quote(parts.concentration),
        format_quote(parts.drift),
    ]
}

fn parts_value(parts: &Parts) -> Value {
    json!({
        "price": format_quote(parts.price.0), "worst": worst_value(&parts.worst),
        "marks": format_quote(parts.marks), "worst_profit": format_quote(parts.profit),
        "factor": f64::from(parts.factor.0) / 1e6, "loss": format_quote(parts.loss),
        "basis": format_quote(parts.basis), "naked_shorts": format_quote(parts.naked),
        "confidence": format_quote(parts.confidence), "concentration": format_quote(parts.concentration),
        "between_steps": format_quote(parts.between), "beyond_grid": format_quote(parts.beyond),
        "rows_drift": format_quote(parts.drift), "collateral": format_quote(parts.collateral),
        "balance": format_quote(parts.balance),
    })
}

/// The same as JSON.
pub fn value(explained: &Explained, names: &Names) -> Value {
    let underlyings = explained.underlyings.iter().map(|of| {
        json!({
            "underlying": names.underlying(of.index), "initial": parts_value(&of.initial),
            "maintenance": parts_value(&of.maintenance),
        })
    });
    let expiries = explained.expiries.iter().map(|of| {
        json!({
            "expiry": names.expiry(of.slot), "priced_from": source_name(of.source), "mark": format_quote(of.mark),
            "initial_worst": format_quote(of.initial), "maintenance_worst": format_quote(of.maintenance),
        })
    });
    json!({ "underlyings": underlyings.collect::<Value>(), "expiries": expiries.collect::<Value>() })
}
