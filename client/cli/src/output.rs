//! What commands print: tables for a person, one JSON object for a program.

use std::fmt::Display;
use std::io::Write as _;

use comfy_table::{presets::UTF8_FULL_CONDENSED, CellAlignment, Table};
/// What quotes files and their names, on one line.
pub use plimsoll_calibration::text::one_line;
use plimsoll_client::price::format_quote;
use plimsoll_core::units::Wide;
use serde_json::{Map, Value};

/// Facts of a result, each said once: a row for a person and a field for a program, under the same name.
#[derive(Default)]
pub struct Facts {
    rows: Vec<(String, String)>,
    fields: Map<String, Value>,
}

impl Facts {
    /// Text, a number, yes or no; nothing (null) is shown as `-`.
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let shown = match &value {
            Value::Null => "-".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.rows.push((name.replace('_', " "), shown));
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// What prints itself, as text: an address.
    pub fn text(self, name: &str, value: impl Display) -> Self {
        self.field(name, value.to_string())
    }

    /// A quote amount or price in atoms, as decimal text.
    pub fn quote(self, name: &str, atoms: impl Into<Wide>) -> Self {
        self.field(name, format_quote(atoms))
    }

    /// A field of the object alone: what its table shows in a form of its own.
    pub fn json(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// A row of the table alone.
    pub fn row(mut self, name: &str, text: impl Into<String>) -> Self {
        self.rows.push((name.to_owned(), text.into()));
        self
    }

    /// The rows as text, and the object.
    pub fn into_parts(self) -> (String, Value) {
        (pairs(&self.rows), Value::Object(self.fields))
    }
}

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
pub fn pairs<N: AsRef<str>>(rows: &[(N, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.as_ref().len()).max().unwrap_or(0);
    let line = |(name, value): &(N, String)| format!("{:width$}  {value}", name.as_ref()).trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `text`, or a dash for nothing.
pub fn dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Prints `text`, or `value` when JSON was asked for.
pub fn print(json: bool, text: &str, value: &Value) {
    // A reader that has seen enough closes the pipe: not an error.
    let mut out = std::io::stdout();
    let _ = if json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
}
