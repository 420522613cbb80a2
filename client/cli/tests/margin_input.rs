//! What `plimsoll margin` takes and refuses, number by number: bounds, forms of numbers, repeated series.

mod support;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{json, Value};

use support::golden;

const FILES: [&str; 3] = ["margin_portfolio.json", "margin_cross.json", "margin_isolated.json"];

fn margin(input: &str, args: &[&str]) -> Output {
    support::margin(input, "json", args)
}

fn report(document: &Value, args: &[&str]) -> Value {
    let output = margin(&document.to_string(), args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The line `text` is refused with; it must contain `parts`.
fn refused(text: &str, parts: &[&str]) -> String {
    let output = margin(text, &[]);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    for part in parts {
        assert!(line.contains(part), "{line} lacks {part}");
    }
    line
}

fn schema() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["margin", "--schema"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Least and largest value of every number by its path without indices.
fn bounds() -> BTreeMap<String, (f64, f64)> {
    let schema = schema();
    let mut bounds = BTreeMap::new();
    describe(&schema, &schema, "", &mut bounds);
    bounds
}

fn describe(schema: &Value, at: &Value, path: &str, bounds: &mut BTreeMap<String, (f64, f64)>) {
    let named = at["$ref"].as_str().or_else(|| at["anyOf"].as_array()?.iter().find_map(|one| one["$ref"].as_str()));
    if named == Some("#/$defs/Decimal") {
        let of = |word: &str| at[word].as_f64().unwrap_or_else(|| panic!("{path} has no {word}"));
        bounds.insert(path.to_owned(), (of("minimum"), of("maximum")));
    } else if let Some(name) = named {
        describe(schema, &schema["$defs"][name.trim_start_matches("#/$defs/")], path, bounds);
    } else if at["items"].is_object() {
        describe(schema, &at["items"], &format!("{path}[]"), bounds);
    } else {
        let dot = if path.is_empty() { "" } else { "." };
        for (name, field) in at["properties"].as_object().into_iter().flatten() {
            describe(schema, field, &format!("{path}{dot}{name}"), bounds);
        }
    }
}

/// Every number of a document as (path as a refusal names it, JSON pointer).
fn numbers(at: &Value, path: &str, pointer: &str, found: &mut Vec<(String, String)>) {
    match at {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                numbers(value, &format!("{path}{dot}{name}"), &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                numbers(value, &format!("{path}[{index}]"), &format!("{pointer}/{index}"), found);
            }
        }
        _ => found.push((path.to_owned(), pointer.to_owned())),
    }
}

fn plain(path: &str) -> String {
    path.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// A book of every input and every parameter that `mode` has.
fn whole(mode: &str) -> Value {
    let scenarios = json!([
        { "spot": 1.2, "vol": "up", "dampening": 1 }, { "spot": 0.8, "vol": "down", "dampening": 1 },
        { "spot": 1, "vol": "linear", "dampening": 1 }
    ]);
    let leg = |strike: u32, kind: &str, quantity: f64| json!({ "expiry": "e", "strike": strike, "kind": kind, "quantity": quantity, "vol": 0.6, "open_interest": 5 });
    let mut document = json!({
        "mode": mode,
        "markets": [
            { "underlying": "A", "spot": 1500, "spot_confidence": 0.5, "stable_price": 0.97, "expiries": [{
                "id": "e", "seconds_to_expiry": 900, "forward": 1510, "rate": 0.1, "forward_confidence": 0.9,
                "rate_confidence": 0.8, "vol_confidence": 0.3, "settlement_average": 1490,
                "svi": { "a": 0.01, "b": 0.1, "rho": 0.1, "m": 0.1, "sigma": 0.1, "forward": 1500, "tau": 0.1 }
            }] },
            { "underlying": "B", "spot": 20, "expiries": [] }
        ],
        "portfolio": {
            "cash": 200,
            "collateral": [{ "underlying": "A", "value": 90, "confidence": 0.2, "risk_cancelling": true,
                "mm_haircut": 0.1, "im_haircut": 0.2 }],
            "options": [leg(1500, "call", -2.0), leg(1400, "put", 1.5)]
        },
        "parameters": {
            "scenarios": scenarios,
            "vol_shock": { "range_up": 0.5, "min_vol_up": 0.4, "range_down": 0.3, "short_power": 0.3, "long_power": 0.13,
                "dte_floor": 1 },
            "skew_shock": { "linear_base_cap": 0.15, "linear_c_base": -0.05, "abs_base_cap": 0.15, "abs_c_base": -0.05,
                "min_k": 0.01, "width": 4, "static": 0.6, "scale": -0.1 },
            "discount": { "base_long": 0.95, "long_mult": 1, "long_add": 0.08, "base_short": 1.04, "short_mult": 0.5,
                "short_add": 0.08 },
            "basis": { "up": 1.045, "down": 0.955, "add": 0.5, "mult": 2 },
            "contingency": { "mm_option": 0.003, "im_option": 0.002, "conf_threshold": 0.55, "conf_margin": 1,
                "peg_threshold": 0.98, "peg_factor": 2 },
            "factors": { "mm_factor": 0.8, "im_factor": 1 },
            "concentration": { "share": 0.25, "free": 1, "rate": 0.02, "vega_free": 1, "vega_rate": 0.25 },
            "between_steps": { "seconds": 259_200, "step": 0.06 },
            "offset": { "share": 0.3, "underlyings": ["A", "B"] },
            "cross": { "max_spot": 0.15, "min_spot": 0.1, "mm_call": 0.075, "mm_put": 0.075, "mm_put_mark": 0.075,
                "unpaired_im": 1.2, "unpaired_mm": 1.1, "offset": 1.05, "conf_threshold": 0.4, "conf_factor": 0.4,
                "depeg_threshold": 0.98, "depeg_factor": 1.2, "collateral_factor": 0.8, "long_im": 0.1, "long_mm": 0.5 }
        }
    });
    for leg in document["portfolio"]["options"].as_array_mut().unwrap() {
        leg["underlying"] = json!("A");
    }
    let parameters = document["parameters"].as_object_mut().unwrap();
    if mode == "portfolio" {
        parameters.remove("cross");
    } else {
        parameters.retain(|group, _| group == "cross");
    }
    document
}

/// (path, pointer, least, largest) of every number of a book of `mode`.
fn fields(mode: &str) -> Vec<(String, String, f64, f64)> {
    let bounds = bounds();
    let mut found = Vec::new();
    numbers(&whole(mode), "", "", &mut found);
    let known = |(path, pointer): (String, String)| {
        let (low, high) = *bounds.get(&plain(&path))?;
        // Skew scenarios leave the spot where it is.
        let (low, high) = if path == "parameters.scenarios[2].spot" { (1.0, 1.0) } else { (low, high) };
        Some((path, pointer, low, high))
    };
    let found: Vec<_> = found.into_iter().filter_map(known).collect();
    assert!(found.len() >= 40, "{} numbers have bounds in {mode}", found.len());
    found
}

fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

/// A bound as a refusal writes it: a decimal number without exponent.
fn decimal(bound: f64) -> String {
    format!("{bound}")
}

#[test]
fn a_number_beyond_a_bound_is_refused_with_its_path_itself_and_the_bound() {
    for mode in ["portfolio", "cross"] {
        let document = whole(mode);
        report(&document, &[]);
        for (path, pointer, low, high) in fields(mode) {
            let step = |bound: f64| (bound.abs() * 0.5).max(1e-12);
            let (under, over) = (low - step(low), high + step(high));
            for (value, word, bound) in [
                (json!(under), "below its lower bound", low),
                (json!(over), "above its upper bound", high),
                (json!("-1e30"), "below its lower bound", low),
                (json!("1e300"), "above its upper bound", high),
            ] {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let shown = shown.trim_end_matches(".0");
                let line = refused(&with(&document, &pointer, value.clone()).to_string(), &[word, &decimal(bound)]);
                assert!(line.contains(&format!("{path} = ")), "{line} lacks {path}");
                let written = line.split(" = ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
                // JSON's own number reader may miss the last bit.
                let (written, shown) = (written.parse::<f64>().unwrap(), shown.parse::<f64>().unwrap());
                assert!((written - shown).abs() <= 1e-14 * shown.abs(), "{line} {shown}");
            }
        }
    }
}

#[test]
fn zero_and_a_negative_number_are_taken_or_refused_by_the_bounds_alone() {
    for mode in ["portfolio", "cross"] {
        let document = whole(mode);
        for (path, pointer, low, high) in fields(mode) {
            for value in [0.0, -1.0] {
                let output = margin(&with(&document, &pointer, json!(value)).to_string(), &[]);
                let line = String::from_utf8(output.stderr).unwrap();
                // Of a smile, a and b sigma together have a bound too.
                let taken = output.status.success() || line.contains("a + b sigma = ");
                assert_eq!(taken, (low..=high).contains(&value), "{path} = {value}: {line}");
            }
        }
    }
}

#[test]
fn what_is_no_number_is_refused_with_its_path_and_what_the_field_takes() {
    for mode in ["portfolio", "cross"] {
        let document = whole(mode);
        for (path, pointer, low, high) in fields(mode) {
            let takes = if path == "parameters.scenarios[2].spot" {
                "it takes 0 to 20".to_owned()
            } else {
                format!("it takes {} to {}", decimal(low), decimal(high))
            };
            for text in ["NaN", "inf", "", "1e", "5\n6", " 5"] {
                let quoted = format!("{text:?}").replace('\\', "");
                let line = refused(&with(&document, &pointer, json!(text)).to_string(), &[&path, &takes]);
                assert!(line.replace('\\', "").contains(&quoted), "{line} lacks {quoted}");
            }
            for value in [Value::Bool(true), json!({}), json!([5])] {
                refused(&with(&document, &pointer, value).to_string(), &[&path]);
            }
            // No double holds it, so JSON's own number reader stops there.
            let text = with(&document, &pointer, json!("HERE")).to_string().replace("\"HERE\"", "1e400");
            refused(&text, &[&path, "1e400", "10^308", &takes]);
            refused(&with(&document, &pointer, json!("-1e999999999999")).to_string(), &[&path, "10^308", &takes]);
        }
    }
}

#[test]
fn spaces_in_a_number_are_refused_in_words() {
    for text in [" 5", "5 ", "1 500", "\t5"] {
        refused(
            &with(&whole("cross"), "/portfolio/options/0/strike", json!(text)).to_string(),
            &["portfolio.options[0].strike", "has spaces: a decimal number is written without"],
        );
    }
}

#[test]
fn a_number_too_small_to_tell_from_zero_is_shown_as_it_was_written() {
    let spot = |value: Value| with(&whole("cross"), "/markets/0/spot", value).to_string();
    refused(&spot(json!("1e-300")), &["markets[0].spot = 1e-300 is below its lower bound 0.000000001"]);
    refused(&spot(json!(1e-300)), &["markets[0].spot = 1e-300 is below"]);
    // Where 0 is taken, it is 0.
    let document = whole("cross");
    assert_eq!(
        report(&with(&document, "/portfolio/cash", json!("1e-300")), &[]),
        report(&with(&document, "/portfolio/cash", json!(0)), &[])
    );
}

#[test]
fn a_negative_zero_is_zero_and_never_printed() {
    for mode in ["portfolio", "cross"] {
        let document = whole(mode);
        for zero in [json!(-0.0), json!("-0"), json!("-0.0e5")] {
            let cash = |value: Value| with(&document, "/portfolio/cash", value);
            assert_eq!(report(&cash(zero), &[]), report(&cash(json!(0)), &[]));
        }
        let mut empty = document.clone();
        empty["markets"] = json!([]);
        empty["portfolio"] = json!({ "cash": -0.0 });
        if mode == "portfolio" {
            empty["parameters"].as_object_mut().unwrap().remove("offset");
        }
        // A worthless call is sold: its mark is 0.
        let trade = ["--what-if", "-1 A-e-1000000-C vol 0"];
        for (document, args) in [(&empty, &[][..]), (&document, &trade[..])] {
            let printed = margin(&document.to_string(), args);
            assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
            let printed = String::from_utf8(printed.stdout).unwrap();
            assert!(!printed.contains("-0.0,") && !printed.contains("-0.0}"), "{printed}");
        }
    }
}

#[test]
fn an_array_stands_for_no_object() {
    let document = whole("portfolio");
    refused("[]", &["not the JSON of a portfolio", "no object"]);
    let values: Vec<Value> = ["mode", "markets", "portfolio", "parameters"].map(|name| document[name].clone()).to_vec();
    refused(&json!(values).to_string(), &["not the JSON of a portfolio", "no object"]);
    let factors = with(&document, "/parameters/factors", json!([0.8, 1]));
    refused(&factors.to_string(), &["parameters.factors: an array where none belongs"]);
    let options = with(&document, "/portfolio/options/1", json!(["A", "e", 1400, "put", 1.5, 0.6, 5]));
    refused(&options.to_string(), &["portfolio.options[1]: an array where none belongs"]);
    refused(&format!("{document}{document}"), &["not the JSON of a portfolio"]);
}

#[test]
fn a_sum_beyond_its_bound_is_refused_with_the_leg_that_passes_it() {
    for mode in ["portfolio", "cross", "isolated"] {
        let mut document = whole(mode);
        for (at, quantity) in [(0, 3e9), (1, -4e9)] {
            document["portfolio"]["options"][at]["quantity"] = json!(quantity);
        }
        refused(
            &document.to_string(),
            &[
                "portfolio.options[1].quantity = -4000000000 (expiry \"e\", strike 1400, put)",
                "gross notional of markets[0] \"A\"",
                "above its upper bound 10000000000000",
            ],
        );
        document["portfolio"]["options"] = json!([]);
        let second =
            json!({ "underlying": "A", "value": 9.9e12, "risk_cancelling": false, "mm_haircut": 0, "im_haircut": 0 });
        document["portfolio"]["collateral"] = json!([second, second]);
        refused(&document.to_string(), &["portfolio.collateral[1].value = 9900000000000", "gross notional"]);
    }
    // An average that has nothing to do with the forward counts too.
    let mut document = whole("cross");
    document["markets"][0]["expiries"][0]["settlement_average"] = json!(1e10);
    document["portfolio"]["options"][1]["quantity"] = json!(2_000);
    refused(&document.to_string(), &["portfolio.options[1].quantity = 2000", "above its upper bound 10000000000000"]);
}

#[test]
fn payoffs_that_would_not_add_up_are_refused_where_they_are_summed() {
    let mut document = whole("cross");
    document["markets"][0]["spot"] = json!(1);
    document["markets"][0]["expiries"][0].as_object_mut().unwrap().remove("settlement_average");
    document["markets"][0]["expiries"][0]["forward"] = json!(1);
    let leg = |strike: f64, quantity: f64| json!({ "underlying": "A", "expiry": "e", "strike": strike, "kind": "call", "quantity": quantity, "vol": 0.6 });
    document["portfolio"]["options"] = json!([leg(8e6, 1e-3), leg(1.0, -1e12), leg(1.5, 1e12)]);
    refused(
        &document.to_string(),
        &["portfolio.options[1].quantity = -1000000000000", "highest strike", "upper bound 1000000000000000000"],
    );
}

#[test]
fn a_discount_that_multiplies_beyond_what_adds_up_is_refused_by_name() {
    let mut document = whole("portfolio");
    document["markets"][0]["expiries"][0]["seconds_to_expiry"] = json!(31_536_000);
    document["parameters"]["discount"]["long_add"] = json!(-100);
    refused(&document.to_string(), &["parameters.discount", "long_add", "1 years and rate 0.1", "bound 100000000000"]);
}

#[test]
fn a_discount_starts_from_nothing_or_from_what_has_its_digits() {
    let mut document = whole("portfolio");
    document["markets"][0]["expiries"][0]["seconds_to_expiry"] = json!(31_536_000);
    for base in ["base_long", "base_short"] {
        let with = |value: &str| {
            let mut changed = document.clone();
            changed["parameters"]["discount"][base] = json!(value);
            changed.to_string()
        };
        let path = format!("parameters.discount.{base}");
        refused(&with("1e-12"), &[&path, "1e-12", "below its lower bound 0.000000001"]);
        for taken in ["0", "0.000000001"] {
            report(&serde_json::from_str(&with(taken)).unwrap(), &[]);
        }
    }
    // A small base hides no growth that does not fit.
    document["parameters"]["discount"]["base_long"] = json!("0.000000001");
    document["parameters"]["discount"]["long_add"] = json!(-100);
    refused(&document.to_string(), &["parameters.discount", "above its upper bound 100000000000"]);
}

#[test]
fn an_average_counts_in_the_gross_notional_inside_its_window_alone() {
    let mut document = whole("portfolio");
    document["markets"][0]["expiries"][0]["settlement_average"] = json!(1e10);
    document["portfolio"]["options"][0]["quantity"] = json!(-1e6);
    for (seconds, taken) in [(1_800, false), (1_801, true)] {
        document["markets"][0]["expiries"][0]["seconds_to_expiry"] = json!(seconds);
        if taken {
            report(&document, &[]);
        } else {
            refused(&document.to_string(), &["portfolio.options[0].quantity", "gross notional"]);
        }
    }
}

#[test]
fn a_refused_text_is_shown_by_its_start() {
    let mut document = whole("cross");
    document["portfolio"]["cash"] = json!("x".repeat(100_000));
    let output = margin(&document.to_string(), &[]);
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && line.contains("xxx…\" is not a decimal number") && line.len() < 300,
        "{line}"
    );
}

#[test]
fn a_document_has_4096_legs_at_most() {
    let mut document = whole("cross");
    let leg = document["portfolio"]["options"][0].clone();
    document["portfolio"]["options"] = json!(vec![leg.clone(); 4_097]);
    refused(&document.to_string(), &["portfolio.options has 4097 entries: 4096 at most"]);
}

#[test]
fn a_repeated_series_is_the_series_with_the_summed_quantity() {
    for mode in ["portfolio", "cross", "isolated"] {
        let mut once = whole(mode);
        let mut twice = once.clone();
        let legs = twice["portfolio"]["options"].as_array_mut().unwrap();
        let mut again = legs[0].clone();
        // -2 = -5 + 3, and nothing of the put's kind.
        legs[0]["quantity"] = json!(-5);
        again["quantity"] = json!(3);
        legs.push(again);
        let merged = report(&once, &[]);
        let split = report(&twice, &[]);
        same(&merged, &split, mode);
        // A series that nets to nothing is none.
        let gone =
            json!({ "underlying": "A", "expiry": "e", "strike": 2000, "kind": "call", "quantity": 7, "vol": 0.6 });
        let back =
            json!({ "underlying": "A", "expiry": "e", "strike": 2000, "kind": "call", "quantity": -7, "vol": 0.6 });
        once["portfolio"]["options"].as_array_mut().unwrap().extend([gone, back]);
        same(&merged, &report(&once, &[]), mode);
    }
}

/// Every number of two reports, to the last digits.
fn same(a: &Value, b: &Value, what: &str) {
    let mut found = Vec::new();
    numbers(a, "", "", &mut found);
    for (path, pointer) in found {
        match (a.pointer(&pointer).unwrap(), b.pointer(&pointer).unwrap()) {
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{what} {path}: {a} {b}");
            }
            (a, b) => assert_eq!(a, b, "{what} {path}"),
        }
    }
}

#[test]
fn the_schema_says_what_a_repeated_series_is() {
    let schema = schema();
    let said = schema["$defs"]["Portfolio"]["properties"]["options"]["description"].as_str().unwrap();
    assert!(said.contains("Legs of one series") && said.contains("summed quantity"), "{said}");
}

#[test]
fn a_trade_says_the_open_interest_of_its_series() {
    let document = whole("portfolio");
    let charged = |trades: &[&str]| {
        let args: Vec<&str> = trades.iter().flat_map(|trade| ["--what-if", trade]).collect();
        let after = report(&document, &args)["what_if"]["after"].clone();
        after["components"]["underlyings"]["A"]["initial_concentration_contracts"].as_f64().unwrap()
    };
    // 2 calls and 1.5 puts of 5 that are open: a quarter of 5 is free, 30 the price of a contract beyond.
    let held = (2.0 - 1.25 + 1.5 - 1.25) * 30.0;
    let new = "-8 A-e-1600-C";
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    // A new series has what the trades leave of it: a quarter of 8 is free.
    near(charged(&[new]), held + 6.0 * 30.0);
    near(charged(&["-3 A-e-1600-C", "-5 A-e-1600-C"]), held + 6.0 * 30.0);
    near(charged(&["-8 A-e-1600-C oi 20"]), held + 3.0 * 30.0);
    near(charged(&["-8 A-e-1600-C vol 0.7 oi 20 at 12"]), held + 3.0 * 30.0);
    near(charged(&["-3 A-e-1600-C oi 20", "-5 A-e-1600-C"]), held + 3.0 * 30.0);
    // What one trade closes keeps it for the next, as it keeps its volatility.
    near(charged(&["+2 A-e-1500-C", "-2 A-e-1500-C"]), held);
    near(charged(&["-3 A-e-1600-C oi 20", "+3 A-e-1600-C", "-8 A-e-1600-C"]), held + 3.0 * 30.0);
    // A series of the book keeps its own, unless the trade says another.
    near(charged(&["-2 A-e-1500-C"]), held + 2.0 * 30.0);
    near(charged(&["-2 A-e-1500-C oi 16"]), (1.5 - 1.25) * 30.0);
    near(charged(&["-2 A-e-1500-C oi 16 vol 0.9"]), (1.5 - 1.25) * 30.0);
    for (trade, why) in [
        ("-8 A-e-1600-C oi", "expected QUANTITY SERIES [at PRICE] [vol VOL] [oi CONTRACTS]"),
        ("-8 A-e-1600-C oi -1", "oi: portfolio.options[].open_interest = -1 is below its lower bound 0"),
        ("-8 A-e-1600-C oi x", "oi: \"x\" is not a decimal number"),
        ("-1e30 A-e-1600-C", "quantity: portfolio.options[].quantity = -1e30 is below its lower bound"),
        ("-2000 A-e-1600-C at 9000000000", "cash: portfolio.cash = 18000000000200 is above its upper bound"),
        ("-8 A-e-1600-C at 1e300", "price: a premium = 1e300 is above its upper bound 10000000000"),
    ] {
        let output = margin(&document.to_string(), &["--what-if", trade]);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(line.contains(why) && line.contains(trade) && line.lines().count() == 1, "{trade}: {line}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["margin", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("[oi CONTRACTS]") && help.contains("has what the trades leave of it"), "{help}");
}

#[test]
fn the_golden_books_have_every_number_at_both_of_its_bounds() {
    let bounds = bounds();
    // What only portfolio mode uses.
    let unused = ["rate", "rate_confidence", "mm_haircut", "im_haircut", "open_interest"];
    for name in FILES {
        let mut reached: BTreeMap<String, [bool; 2]> = BTreeMap::new();
        for case in golden(name) {
            let document = &case["input"];
            let mut found = Vec::new();
            numbers(document, "", "", &mut found);
            for (path, pointer) in found {
                let path = plain(&path);
                let Some((low, high)) = bounds.get(&path) else { continue };
                let value = document.pointer(&pointer).unwrap();
                let value = value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
                let ends = reached.entry(path).or_default();
                *ends = [ends[0] || value == *low, ends[1] || value == *high];
            }
        }
        let portfolio = name == "margin_portfolio.json";
        let expected = |path: &str| {
            let field = path.rsplit('.').next().unwrap();
            let group = path.strip_prefix("parameters.");
            match group {
                Some(group) => group.starts_with("cross.") != portfolio,
                None => portfolio || !unused.contains(&field),
            }
        };
        for path in bounds.keys().filter(|path| expected(path)) {
            let reached = reached.get(path).copied().unwrap_or_default();
            assert_eq!(reached, [true; 2], "{name}: {path} at its least and largest value");
        }
    }
}
