//! `plimsoll margin` from the outside: golden books, the fixed output, one line and exit code 2 for bad input.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{json, Value};

fn golden(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn margin(input: &str, format: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["margin", "--input", "-", "--format", format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn document() -> Value {
    golden("margin_portfolio.json")[0]["input"].clone()
}

/// The one line a changed document is refused with.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut document = document();
    change(&mut document);
    let output = margin(&document.to_string(), "json");
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

#[test]
fn golden_books_come_out_of_the_command() {
    for name in ["margin_portfolio.json", "margin_cross.json", "margin_isolated.json"] {
        for case in golden(name).iter().step_by(9) {
            let output = margin(&case["input"].to_string(), "json");
            let got: Value = serde_json::from_slice(&output.stdout).unwrap();
            let expected = case["expected"].as_array().unwrap();
            for (field, value) in ["mark_to_market", "initial_margin", "maintenance_margin"].iter().zip(expected) {
                let (got, value) = (got[field].as_f64().unwrap(), value.as_str().unwrap().parse::<f64>().unwrap());
                assert!((got - value).abs() <= 1e-9 * value.abs().max(1.0), "{field}: {got} {value}");
            }
        }
    }
}

#[test]
fn the_output_has_the_fixed_fields() {
    let output = margin(&document().to_string(), "json");
    let got: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut fields: Vec<&String> = got.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["components", "greeks", "initial_margin", "maintenance_margin", "mark_to_market", "worst"]);
    assert_eq!(got["worst"]["kind"], "scenario");
    assert!(got["greeks"]["A"]["delta"].is_f64());
    let table = margin(&document().to_string(), "table");
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("<- worst") && table.contains("maintenance balance"));
}

#[test]
fn numbers_and_decimal_strings_are_the_same() {
    let mut document = document();
    document["portfolio"]["cash"] = json!(12.5);
    let number = margin(&document.to_string(), "json").stdout;
    document["portfolio"]["cash"] = json!("1.25e1");
    assert_eq!(margin(&document.to_string(), "json").stdout, number);
}

#[test]
fn a_refusal_names_the_field_the_value_and_the_bound() {
    let of = |line: String, parts: &[&str]| {
        for part in parts {
            assert!(line.contains(part), "{line} lacks {part}");
        }
    };
    of(refusal(|d| d["markets"][0]["spot"] = json!(-1)), &["markets[0].spot", "-1", "0.000000001"]);
    of(refusal(|d| d["markets"][0]["spot"] = json!("abc")), &["markets[0].spot", "abc"]);
    of(refusal(|d| d["markets"][0]["spot"] = Value::Null), &["markets[0].spot"]);
    of(refusal(|d| d["markets"][0]["foo"] = json!(1)), &["markets[0].foo", "unknown field"]);
    of(refusal(|d| d["mode"] = json!("x")), &["mode", "portfolio"]);
    of(refusal(|d| d["mode"] = json!("isolated")), &["portfolio.options", "isolated", "one expiry"]);
    of(refusal(|d| d["mode"] = json!("cross")), &["parameters.cross is missing"]);
    of(refusal(|d| d["portfolio"]["options"][0]["strike"] = json!(1e13)), &["options[0].strike", "upper bound 16"]);
    of(refusal(|d| d["portfolio"]["options"][0]["expiry"] = json!("zz")), &["options[0].expiry", "zz"]);
    of(refusal(|d| d["portfolio"]["options"][0]["quantity"] = json!(1e14)), &["markets[0]", "gross notional"]);
    of(refusal(|d| d["parameters"]["scenarios"][0]["spot"] = json!(30)), &["scenarios[0].spot", "30", "20"]);
    let text = margin("{", "json");
    assert_eq!(text.status.code(), Some(2));
}

#[test]
fn the_schema_describes_the_input() {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["margin", "--schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"]["markets"].is_object());
}
