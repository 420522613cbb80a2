//! What commands print: tables for a person, one JSON object for a program.

use std::io::Write as _;

use comfy_table::{presets::UTF8_FULL_CONDENSED, CellAlignment, Table};
use serde_json::Value;

/// A table with `header`; columns from the second on are aligned right.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(header.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Names and values, one a line.
pub fn pairs(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{name:width$}  {value}");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Prints `text`, or `value` when JSON was asked for.
pub fn print(json: bool, text: &str, value: &Value) {
    // A reader that has seen enough closes the pipe: not an error.
    let mut out = std::io::stdout();
    let _ = if json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
}
