//! The end of a run on a terminal.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, Table};

use crate::report::chart::number;
use crate::summary::Summary;

/// The members' table and the sums below it.
pub fn table(summary: &Summary) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY);
    table.set_header(["who", "what", "paid in", "taken out", "P&L", "fees", "calls", "liquidations", "bad debt"]);
    for account in &summary.accounts {
        let started = account.deposited + account.collateral_in;
        let ended = account.withdrawn + account.left + account.collateral_out;
        let plus = if account.pnl > 0.0 { "+" } else { "" };
        let mode = if account.mode == "isolated" && !account.role.contains("isolated") { ", isolated" } else { "" };
        let texts = [account.name.clone(), format!("{}{mode}", account.role)];
        let numbers = [
            number(started),
            number(ended),
            format!("{plus}{}", number(account.pnl)),
            number(account.fees),
            account.margin_calls.to_string(),
            account.liquidations.to_string(),
            number(account.bad_debt),
        ];
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row(texts.into_iter().map(Cell::new).chain(numbers.into_iter().map(right)));
    }
    format!("{table}\n{}", sums(summary))
}

fn sums(summary: &Summary) -> String {
    let against = match (summary.solvent, summary.assets == summary.claims) {
        (true, true) => "=",
        (true, false) => ">",
        (false, _) => "<",
    };
    let cut = summary.prices_cut.as_ref().map(|cut| format!("\nprices: {cut}"));
    let deficit = match summary.deficit > 0.0 {
        true => format!("  recorded deficit {}", number(summary.deficit)),
        false => String::new(),
    };
    format!(
        "{} transactions, {} trades, {} margin calls, {} liquidations, {} bids, fees {}\n\
         bad debt {}, paid by the insurance fund {}; fund {} at the start, {} at the end\n\
         assets {} {against} claims {}{deficit}{}",
        number(summary.transactions as f64),
        summary.trades,
        summary.margin_calls,
        summary.liquidations,
        summary.bids,
        number(summary.fees),
        number(summary.bad_debt),
        number(summary.insurance_paid),
        number(summary.insurance_funded),
        number(summary.insurance),
        number(summary.assets),
        number(summary.claims),
        cut.unwrap_or_default(),
    )
}
