//! `plimsoll margin` from the outside: golden books, the fixed output, one line and exit code 2 for bad input.

mod support;

use std::process::{Command, Output};

use serde_json::{json, Value};

use support::golden;

fn margin(input: &str, format: &str) -> Output {
    support::margin(input, format, &[])
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

/// Runs `plimsoll margin` on a document with more arguments.
fn margin_with(document: &Value, args: &[&str]) -> Output {
    let file = std::env::temp_dir().join(format!("plimsoll-margin-{}-{:?}.json", std::process::id(), thread_id()));
    std::fs::write(&file, document.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .env_clear()
        .args(["margin", "--input", file.to_str().unwrap()])
        .args(args)
        .output()
        .unwrap();
    std::fs::remove_file(file).unwrap();
    output
}

fn thread_id() -> std::thread::ThreadId {
    std::thread::current().id()
}

/// The JSON of a run that must pass.
fn report(document: &Value, args: &[&str]) -> Value {
    let output = margin_with(document, &[&["--format", "json"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn near(a: &Value, b: f64) {
    let a = a.as_f64().unwrap();
    assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} {b}");
}

/// BTC at 100,000 with an expiry named in unix seconds (30 January 2026, 08:00 UTC) and one named in words.
fn book(mode: &str) -> Value {
    let leg = |expiry: &str, strike: u32, kind: &str, quantity: i32| json!({ "expiry": expiry, "strike": strike, "kind": kind, "quantity": quantity, "vol": 0.6 });
    json!({
        "mode": mode,
        "markets": [{ "underlying": "BTC", "spot": 100_000, "expiries": [
            { "id": "1769760000", "seconds_to_expiry": 2_592_000, "forward": 100_400, "rate": 0.05 },
            { "id": "next-week", "seconds_to_expiry": 604_800, "forward": 100_100, "rate": 0.05 }
        ] }],
        "portfolio": { "cash": 60_000, "options": [
            leg("1769760000", 110_000, "call", -1), leg("next-week", 90_000, "put", -1)
        ] },
        "parameters": { "cross": {
            "max_spot": 0.15, "min_spot": 0.1, "mm_call": 0.075, "mm_put": 0.075, "mm_put_mark": 0.075, "unpaired_im": 1.2,
            "unpaired_mm": 1.1, "offset": 1.05, "conf_threshold": 0.4, "conf_factor": 0.4, "depeg_threshold": 0.98,
            "depeg_factor": 1.2, "long_im": 0.5, "long_mm": 0.5
        } }
    })
}

#[test]
fn a_trade_at_the_mark_leaves_equity_and_gives_the_margin_of_the_book_that_holds_it() {
    let document = book("cross");
    let tried =
        report(&document, &["--what-if", "+2 BTC-30JAN26-120000-C vol 0.7", "--what-if", "1 BTC-next-week-90000-p"]);
    let (trades, after) = (tried["what_if"]["trades"].as_array().unwrap(), &tried["what_if"]["after"]);
    near(&after["mark_to_market"], tried["mark_to_market"].as_f64().unwrap());
    let mut held = document.clone();
    held["portfolio"]["options"] = json!([
        document["portfolio"]["options"][0],
        { "expiry": "1769760000", "strike": 120_000, "kind": "call", "quantity": 2, "vol": 0.7 }
    ]);
    let paid: f64 = trades.iter().map(|trade| trade["cash"].as_f64().unwrap()).sum();
    held["portfolio"]["cash"] = json!(60_000.0 + paid);
    let expected = report(&held, &[]);
    for field in ["mark_to_market", "initial_margin", "maintenance_margin"] {
        near(&after[field], expected[field].as_f64().unwrap());
    }
    near(&after["greeks"]["BTC"]["delta"], expected["greeks"]["BTC"]["delta"].as_f64().unwrap());
    assert!(trades[0]["mark"].as_f64().unwrap() > 0.0 && trades[0]["cash"].as_f64().unwrap() < 0.0);
    assert_eq!((&trades[0]["price"], &trades[1]["quantity"]), (&trades[0]["mark"], &json!(1.0)));
}

#[test]
fn the_example_book_is_evaluated_as_the_readme_says() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/book.json"))
        .expect("docs/book.json is the JSON of a portfolio");
    let plain = report(&document, &[]);
    let hedged = report(&document, &["--what-if", "+2 BTC-30JAN26-100000-C"]);
    assert!(plain["initial_margin"].as_f64().unwrap() > 0.0);
    assert!(
        hedged["what_if"]["after"]["initial_margin"].as_f64() > plain["initial_margin"].as_f64(),
        "protection frees margin"
    );
}

#[test]
fn a_trade_away_from_the_mark_moves_equity_by_the_difference() {
    let tried = report(&book("cross"), &["--what-if", "-3 BTC-30JAN26-110000-C at 5000"]);
    let trade = &tried["what_if"]["trades"][0];
    near(&trade["cash"], 15_000.0);
    let gain = 3.0 * (5_000.0 - trade["mark"].as_f64().unwrap());
    near(&tried["what_if"]["after"]["mark_to_market"], tried["mark_to_market"].as_f64().unwrap() + gain);
}

#[test]
fn the_table_shows_before_after_and_change() {
    let output = margin_with(&book("cross"), &["--what-if", "+1 BTC-next-week-90000-P"]);
    let table = String::from_utf8(output.stdout).unwrap();
    for part in ["before", "after", "change", "BTC delta", "BTC-next-week-90000-P", "profit by spot", "<- worst"] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn a_trade_that_cannot_be_tried_is_quoted_with_what_is_wrong() {
    let cases = [
        ("+2", "expected QUANTITY SERIES"),
        ("+2 BTC-30JAN26-110000-C at", "expected QUANTITY SERIES"),
        ("+2 BTC-30JAN26-110000-C at 1 at 2", "expected QUANTITY SERIES"),
        ("two BTC-30JAN26-110000-C", "quantity: \"two\" is not a decimal number"),
        ("0 BTC-30JAN26-110000-C", "quantity: 0 is no trade"),
        ("+2 BTC-30JAN26-110000-X", "series: its last part is C (call) or P (put), not \"X\""),
        ("+2 BTC-30JAN26", "series: "),
        ("+2 BTC-31JAN26-110000-C", "no expiry \"BTC-31JAN26\" in the book; there are: BTC-1769760000, BTC-next-week"),
        ("+2 ETH-30JAN26-110000-C", "no expiry \"ETH-30JAN26\""),
        ("+2 BTC-30JAN26-x-C", "strike: \"x\" is not a decimal number"),
        ("+2 BTC-30JAN26-115000-C", "vol: expiry \"1769760000\" has no svi"),
        ("+2 BTC-30JAN26-110000-C at x", "price: \"x\" is not a decimal number"),
        ("+2 BTC-30JAN26-110000-C at -5", "price: a premium = -5 is below its lower bound 0"),
        ("+2 BTC-30JAN26-110000-C vol 2000", "portfolio.options[2].vol = 2000"),
    ];
    for (trade, why) in cases {
        let output = margin_with(&book("cross"), &["--what-if", trade]);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(line.contains(why) && line.contains(trade), "{trade}: {line} lacks {why}");
        assert!(output.stdout.is_empty());
    }
}

fn regime<'a>(compared: &'a Value, name: &str) -> &'a Value {
    let regimes = compared["compare"].as_array().unwrap();
    assert_eq!(regimes.len(), 5);
    regimes.iter().find(|regime| regime["regime"] == name).unwrap()
}

#[test]
fn every_rule_is_compared_on_the_same_book() {
    let document = book("cross");
    let compared = report(&document, &["--compare"]);
    let cross = regime(&compared, "cross");
    for field in ["initial_margin", "maintenance_margin"] {
        near(&cross[field], compared[field].as_f64().unwrap());
    }
    // A coin behind the call, the strike behind the put.
    let full = regime(&compared, "fully collateralised");
    near(&full["initial_margin"], 60_000.0 - 100_000.0 - 90_000.0);
    near(&full["cash_needed"], 190_000.0);
    // One and a half times the marks: equity is cash less the marks once.
    let marks = 60_000.0 - compared["mark_to_market"].as_f64().unwrap();
    near(&regime(&compared, "flat 150 %")["initial_margin"], 60_000.0 - 1.5 * marks);
    let portfolio = regime(&compared, "portfolio");
    let assumed = portfolio["assumed"].to_string();
    assert!(assumed.contains("portfolio reference") && assumed.contains("parameters.scenarios"), "{assumed}");
    assert!(cross["assumed"].as_array().unwrap().is_empty());
    assert!(portfolio["cash_needed"].as_f64().unwrap() < full["cash_needed"].as_f64().unwrap());
}

#[test]
fn the_portfolio_rule_with_its_own_parameters_is_the_portfolio_evaluation() {
    let document = golden("margin_portfolio.json")[0]["input"].clone();
    let compared = report(&document, &["--compare"]);
    let portfolio = regime(&compared, "portfolio");
    near(&portfolio["initial_margin"], compared["initial_margin"].as_f64().unwrap());
    near(&portfolio["maintenance_margin"], compared["maintenance_margin"].as_f64().unwrap());
    assert!(portfolio["assumed"].as_array().unwrap().is_empty(), "{portfolio}");
    let cross = regime(&compared, "cross")["assumed"].to_string();
    assert!(cross.contains("shipped cross reference"), "{cross}");
}

#[test]
fn isolated_accounts_keep_their_gains_to_themselves() {
    let mut document = book("cross");
    document["portfolio"]["options"][1]["quantity"] = json!(40);
    let compared = report(&document, &["--compare"]);
    let cash = |name: &str| regime(&compared, name)["cash_needed"].as_f64().unwrap();
    assert!(cash("isolated") > cash("cross"), "{} {}", cash("isolated"), cash("cross"));
    document["portfolio"]["options"].as_array_mut().unwrap().remove(1);
    let compared = report(&document, &["--compare"]);
    let cash = |name: &str| regime(&compared, name)["cash_needed"].as_f64().unwrap();
    assert_eq!(cash("isolated"), cash("cross"));
}

#[test]
fn the_comparison_table_says_what_was_assumed() {
    let table = String::from_utf8(margin_with(&book("cross"), &["--compare"]).stdout).unwrap();
    for part in ["cash needed", "fully collateralised", "flat 150 %", "assumed: parameters.scenarios", "isolated"] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn the_page_is_one_file_with_its_charts_inside() {
    let file = std::env::temp_dir().join(format!("plimsoll-margin-{}.html", std::process::id()));
    let path = file.to_str().unwrap();
    let output = margin_with(&golden("margin_portfolio.json")[0]["input"], &["--html", path, "--compare"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.matches("<svg").count() >= 3);
    for part in ["over spot and volatility", "per scenario", "delta", "under every rule", "</html>"] {
        assert!(page.contains(part), "{part}");
    }
    // Nothing is fetched: the only address is the name of the SVG language.
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count());
    assert!(!page.contains("<script") && !page.contains("NaN"));
    let refused = margin_with(&book("cross"), &["--html", "/nowhere/book.html"]);
    let line = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(line.contains("--html /nowhere/book.html"), "{line}");
}

#[test]
fn a_live_account_needs_an_address_and_an_endpoint() {
    let run = |args: &[&str]| {
        let all = [&["--url", "http://127.0.0.1:1", "margin", "--account"], args].concat();
        Command::new(env!("CARGO_BIN_EXE_plimsoll")).env_clear().args(all).output().unwrap()
    };
    let text = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let bad = run(&["xyz"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad).contains("--account") && text(&bad).contains("xyz"), "{}", text(&bad));
    let address = "PLimsoLLcLearinghouse1111111111111111111111";
    let down = run(&[address]);
    assert_eq!(down.status.code(), Some(1));
    assert!(text(&down).contains("no usable answer from http://127.0.0.1:1"), "{}", text(&down));
    assert_eq!(run(&[address, "--input", "x.json"]).status.code(), Some(2));
}

/// Two underlyings, the first short and the second long of straddles, with every charge of the initial balance and an
/// offset asked for.
fn charged() -> Value {
    let market = |name: &str, spot: u32| {
        json!({ "underlying": name, "spot": spot, "expiries": [
        { "id": "near", "seconds_to_expiry": 172_800, "forward": spot, "rate": 0 },
        { "id": "far", "seconds_to_expiry": 2_592_000, "forward": spot, "rate": 0 }
    ] })
    };
    let leg = |underlying: &str, expiry: &str, strike: u32, kind: &str, quantity: i32| {
        json!({
            "underlying": underlying, "expiry": expiry, "strike": strike, "kind": kind, "quantity": quantity, "vol": 0.6
        })
    };
    let mut document = document();
    document["markets"] = json!([market("BTC", 100_000), market("ETH", 4_000)]);
    document["portfolio"] = json!({ "cash": 10_000_000, "options": [
        leg("BTC", "far", 100_000, "call", -100), leg("BTC", "far", 100_000, "put", -100),
        // A butterfly that pays nothing at either step.
        leg("BTC", "near", 97_000, "call", -1), leg("BTC", "near", 100_000, "call", 2), leg("BTC", "near", 103_000, "call", -1),
        leg("ETH", "far", 4_000, "call", 2_500), leg("ETH", "far", 4_000, "put", 2_500)
    ] });
    document["portfolio"]["options"][0]["open_interest"] = json!(320);
    document["parameters"]["vol_shock"]["range_up"] = json!(0.5);
    document["parameters"]["concentration"] =
        json!({ "share": 0.25, "free": 50, "rate": 0.02, "vega_free": 100_000, "vega_rate": 0.25 });
    document["parameters"]["between_steps"] = json!({ "seconds": 259_200, "step": 0.06 });
    document["parameters"]["offset"] = json!({ "share": 0.3, "underlyings": ["BTC", "ETH"] });
    document
}

#[test]
fn charges_and_offset_are_components_that_make_up_the_balances() {
    let whole = report(&charged(), &[]);
    let of = |name: &str| whole["components"]["underlyings"]["BTC"][name].as_f64().unwrap();
    // 20 calls beyond a quarter of 320, 50 puts beyond the 50 that are free; 2 % of spot each.
    near(&json!(of("initial_concentration_contracts")), 70.0 * 2_000.0);
    // Two contracts turn upward, two are short: a quarter of a step each.
    near(&json!(of("initial_between_steps")), 2.0 * 1_500.0);
    assert!(of("initial_concentration_vega") > 0.0);
    let eth = &whole["components"]["underlyings"]["ETH"];
    near(&eth["initial_concentration_contracts"], 2.0 * 2_450.0 * 80.0);
    assert_eq!(eth["initial_between_steps"], 0.0);
    let mut plain = charged();
    for group in ["concentration", "between_steps", "offset"] {
        plain["parameters"].as_object_mut().unwrap().remove(group);
    }
    let plain = report(&plain, &[]);
    assert!(plain["components"].get("initial_offset").is_none());
    assert_eq!(plain["worst"], whole["worst"]);
    let names = ["initial_concentration_contracts", "initial_concentration_vega", "initial_between_steps"];
    let all = |market: &str| names.map(|name| whole["components"]["underlyings"][market][name].as_f64().unwrap());
    let charges: f64 = ["BTC", "ETH"].into_iter().flat_map(all).sum();
    let saved = |name: &str| whole["components"][name].as_f64().unwrap();
    assert!(saved("initial_offset") > 0.0 && saved("maintenance_offset") > 0.0);
    let before = |name: &str| plain[name].as_f64().unwrap();
    near(&whole["initial_margin"], before("initial_margin") - charges + saved("initial_offset"));
    near(&whole["maintenance_margin"], before("maintenance_margin") + saved("maintenance_offset"));
    assert_eq!(plain["mark_to_market"], whole["mark_to_market"]);
    let table = String::from_utf8(margin_with(&charged(), &[]).stdout).unwrap();
    for part in
        ["offset, initial", "initial concentration contracts", "initial concentration vega", "initial between steps"]
    {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn a_charged_book_takes_trades_and_is_compared() {
    let bought = report(&charged(), &["--what-if", "+20 BTC-far-100000-C", "--compare"]);
    // The series keeps its open interest: 80 calls are as many as are free.
    let after = &bought["what_if"]["after"]["components"]["underlyings"]["BTC"]["initial_concentration_contracts"];
    near(after, 50.0 * 2_000.0);
    let portfolio = regime(&bought, "portfolio");
    near(&portfolio["initial_margin"], bought["what_if"]["after"]["initial_margin"].as_f64().unwrap());
    // Modes that have no such charges take none.
    let mut plain = charged();
    plain["parameters"].as_object_mut().unwrap().retain(|group, _| group != "concentration" && group != "offset");
    let plain = report(&plain, &["--what-if", "+20 BTC-far-100000-C", "--compare"]);
    for mode in ["isolated", "cross"] {
        assert_eq!(regime(&bought, mode), regime(&plain, mode));
    }
}

#[test]
fn a_refusal_names_what_is_wrong_with_a_charge() {
    let refusal = |change: fn(&mut Value)| {
        refusal(|document| {
            *document = charged();
            change(document);
        })
    };
    let of = |change: fn(&mut Value), parts: &[&str]| {
        let line = refusal(change);
        for part in parts {
            assert!(line.contains(part), "{line} lacks {part}");
        }
    };
    of(
        |d| d["parameters"]["concentration"]["share"] = json!(1.5),
        &["parameters.concentration.share = 1.5", "upper bound 1"],
    );
    of(
        |d| d["parameters"]["concentration"]["free"] = json!(-1),
        &["parameters.concentration.free = -1", "lower bound 0"],
    );
    of(|d| d["parameters"]["concentration"]["rate"] = json!(-1), &["parameters.concentration.rate", "lower bound 0"]);
    of(|d| d["parameters"]["concentration"]["vega_free"] = json!(1e14), &["concentration.vega_free", "upper bound"]);
    of(
        |d| d["parameters"]["concentration"]["vega_rate"] = json!(11),
        &["concentration.vega_rate = 11", "upper bound 10"],
    );
    of(
        |d| d["parameters"]["concentration"]["rates"] = json!(1),
        &["parameters.concentration", "unknown field `rates`"],
    );
    of(|d| d["parameters"]["concentration"] = json!({ "share": 0.1 }), &["parameters.concentration", "missing field"]);
    of(
        |d| d["parameters"]["between_steps"]["seconds"] = json!(-1),
        &["parameters.between_steps.seconds", "lower bound 0"],
    );
    of(|d| d["parameters"]["between_steps"]["step"] = json!(11), &["parameters.between_steps.step", "upper bound 10"]);
    of(|d| d["parameters"]["offset"]["share"] = json!(0.6), &["parameters.offset.share = 0.6", "upper bound 0.5"]);
    let names = "parameters.offset.underlyings";
    of(|d| d["parameters"]["offset"]["underlyings"] = json!(["BTC"]), &[names, "has 1 entries: it takes two"]);
    of(|d| d["parameters"]["offset"]["underlyings"] = json!(["BTC", "SOL"]), &[names, "[1]: no market \"SOL\""]);
    of(|d| d["parameters"]["offset"]["underlyings"] = json!(["ETH", "ETH"]), &[names, "[1]: \"ETH\" is there twice"]);
    of(
        |d| d["portfolio"]["options"][0]["open_interest"] = json!(-1),
        &["options[0].open_interest = -1", "lower bound 0"],
    );
    of(
        |d| {
            let again = d["portfolio"]["options"][0].clone();
            d["portfolio"]["options"].as_array_mut().unwrap().push(again);
            d["portfolio"]["options"][7]["open_interest"] = json!(300);
        },
        &["portfolio.options[7].open_interest = 300 is not 320"],
    );
    of(
        |d| {
            d["parameters"].as_object_mut().unwrap().remove("vol_shock");
            d["parameters"]["scenarios"] = json!([{ "spot": 1.1, "vol": "none", "dampening": 1 }]);
        },
        &["parameters.vol_shock is missing: parameters.concentration.vega_rate uses it"],
    );
}

#[test]
fn the_schema_describes_charges_and_offset() {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["margin", "--schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let defined = &schema["$defs"];
    for group in ["concentration", "between_steps", "offset"] {
        assert!(defined["Parameters"]["properties"][group].is_object(), "{group}");
    }
    assert!(defined["Leg"]["properties"]["open_interest"].is_object());
    let names = &defined["Offset"]["properties"]["underlyings"];
    assert_eq!((&names["minItems"], &names["maxItems"]), (&json!(2), &json!(2)));
}
