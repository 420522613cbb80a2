//! Reads `tests/golden/kernel.json`, written by `tests/reference/golden.py`.

use std::sync::LazyLock;

use serde_json::Value;

static FILE: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/kernel.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("golden file")).expect("golden JSON")
});

/// The rows of a list named by its path in the file.
pub fn rows(path: &[&str]) -> Vec<Vec<i128>> {
    let list = path.iter().fold(&*FILE, |value, name| &value[name]);
    let rows = list.as_array().unwrap_or_else(|| panic!("no list {path:?}"));
    assert!(!rows.is_empty(), "empty list {path:?}");
    rows.iter().map(|row| row.as_array().expect("row").iter().map(number).collect()).collect()
}

fn number(value: &Value) -> i128 {
    match value {
        Value::String(text) => text.parse().expect("integer"),
        other => i128::from(other.as_i64().expect("integer")),
    }
}

/// An argument that fits 64 bits.
pub fn arg(value: i128) -> i64 {
    i64::try_from(value).expect("64-bit argument")
}

/// A Q60 number as f64, for relative bounds.
pub fn q60(value: i128) -> f64 {
    value as f64 / (1u64 << 60) as f64
}
