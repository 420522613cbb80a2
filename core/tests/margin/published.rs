//! Published cases of an existing engine, when a folder with them is there: `PLIMSOLL_VECTORS`, by default
//! `../shared/vectors` beside the workspace. They are not part of the project; without them these tests say so.

use std::path::PathBuf;

use serde_json::{json, Map, Value};

use super::documents::{float, real};
use super::{cross, portfolio};

/// The folder, or `None` with a line that says so.
fn folder(test: &str) -> Option<PathBuf> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let path = std::env::var_os("PLIMSOLL_VECTORS").map_or(default, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED {test}: no folder of published cases at {} (PLIMSOLL_VECTORS names one)", path.display());
    None
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// `names` picks (ours, theirs) out of one object.
fn renamed(from: &Value, names: &[(&str, &str)]) -> Value {
    Value::Object(
        names.iter().map(|(ours, theirs)| ((*ours).to_string(), from[*theirs].clone())).collect::<Map<_, _>>(),
    )
}

/// True, or any number but 0: the files have both.
fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_f64() != Some(0.0))
}

fn portfolio_parameters(p: &Value) -> Value {
    let shift = |name: &Value| match name.as_str().unwrap_or("None") {
        "Up" => "up",
        "Down" => "down",
        "LINEAR" => "linear",
        "ABS" => "abs",
        _ => "none",
    };
    let scenario = |s: &Value| json!({ "spot": s["SpotShock"], "vol": shift(&s["VolShockDirection"]), "dampening": s["DampeningFactor"] });
    json!({
        "scenarios": p["Scenarios"].as_array().unwrap().iter().map(scenario).collect::<Vec<_>>(),
        "vol_shock": renamed(&p["VolShock"], &[("range_up", "VOLRANGEUP"), ("min_vol_up", "MIN_VOL_EVAL_SHOCKED"),
            ("range_down", "VOLRANGEDOWN"), ("short_power", "SHORTTERMPOWER"), ("long_power", "LONGTERMPOWER"), ("dte_floor", "DTE_FLOOR")]),
        "skew_shock": renamed(&p["SkewShock"], &[("linear_base_cap", "LINEAR_SCALE_CAP"), ("linear_c_base", "LINEAR_CBASE"),
            ("abs_base_cap", "ABS_SCALE_CAP"), ("abs_c_base", "ABS_CBASE"), ("min_k", "MIN_K_STAR"), ("width", "MIN_WIDTH_SCALE"),
            ("static", "VOL_PARAM_STATIC"), ("scale", "VOL_PARAM_SCALE")]),
        "discount": renamed(&p["Margin"], &[("base_long", "BASE_STATIC_DISCOUNT"), ("long_mult", "LONG_RATE_MULTSCALE"),
            ("long_add", "LONG_RATE_ADDSCALE"), ("base_short", "BASE_STATIC_DISCOUNT_NEG"), ("short_mult", "SHORT_RATE_MULTSCALE"),
            ("short_add", "SHORT_RATE_ADDSCALE")]),
        "basis": renamed(&p["BasisContingency"], &[("up", "SCENARIO_SPOT_UP"), ("down", "SCENARIO_SPOT_DOWN"),
            ("add", "BASIS_CONT_ADD_FACTOR"), ("mult", "BASIS_CONT_MULT_FACTOR")]),
        "contingency": renamed(&p["OtherContingency"], &[("mm_option", "MM_OPTION_PERCENT"), ("im_option", "IM_OPTION_PERCENT"),
            ("conf_threshold", "CONF_THRESHOLD"), ("conf_margin", "CONF_MARGIN"), ("peg_threshold", "PEG_LOSS_THRESHOLD"),
            ("peg_factor", "PEG_LOSS_FACTOR")]),
        "factors": renamed(&p["Margin"], &[("mm_factor", "MM_LOSS_FACTOR"), ("im_factor", "IM_LOSS_FACTOR")]),
    })
}

/// A published portfolio case as a document; `None` for one with perpetuals.
fn portfolio_document(case: &Value) -> Option<Value> {
    let s = &case["Scenario"];
    if s["NumPerps"].as_f64() != Some(0.0) {
        return None;
    }
    let list = |name: &str| s[name].as_array().unwrap().clone();
    let expiry = |f: &Value| {
        let mut entry = renamed(
            f,
            &[
                ("seconds_to_expiry", "FeedExpiry"),
                ("forward", "Forward"),
                ("rate", "Rate"),
                ("forward_confidence", "ForwardConfidence"),
                ("rate_confidence", "RateConfidence"),
                ("vol_confidence", "OptionVolConfidences"),
            ],
        );
        let names = ["a", "b", "rho", "m", "sigma", "forward", "tau"];
        let smile = names.iter().zip(f["SVIparam"].as_array().unwrap()).map(|(n, v)| ((*n).to_string(), v.clone()));
        entry["svi"] = Value::Object(smile.collect());
        entry["id"] = json!(f["FeedExpiry"].to_string());
        entry
    };
    let option = |o: &Value| {
        json!({ "expiry": o["Expiry"].to_string(), "strike": o["Strike"], "quantity": o["Amount"],
        "kind": if truth(&o["IsCall"]) { "call" } else { "put" } })
    };
    let collateral = |c: &Value| {
        json!({ "value": c["Amount"].as_f64().unwrap() * c["Price"].as_f64().unwrap(), "confidence": c["Confidence"],
        "risk_cancelling": truth(&c["IsRiskCancelling"]), "mm_haircut": c["MMHaircut"], "im_haircut": c["IMHaircut"] })
    };
    Some(json!({
        "markets": [{ "underlying": "X", "spot": s["SpotPrice"], "spot_confidence": s["SpotConfidence"], "stable_price": s["StablePrice"],
            "expiries": list("OptionFeeds").iter().map(expiry).collect::<Vec<_>>() }],
        "portfolio": { "cash": s["Cash"], "collateral": list("Collaterals").iter().map(collateral).collect::<Vec<_>>(),
            "options": list("Options").iter().map(option).collect::<Vec<_>>() },
        "parameters": portfolio_parameters(&case["Parameters"]),
    }))
}

#[test]
fn published_portfolio_cases_are_within_a_millionth() {
    let Some(folder) = folder("published_portfolio_cases_are_within_a_millionth") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("pmrm2")).unwrap() {
        let path = entry.unwrap().path();
        let case = read(&path);
        let Some(document) = portfolio_document(&case) else { continue };
        let [_, initial, maintenance] = portfolio::balances(&document).map(float);
        let (im, mm) = (case["Result"]["IM"].as_f64().unwrap(), case["Result"]["MM"].as_f64().unwrap());
        let error = (initial - im).abs().max((maintenance - mm).abs()) / im.abs().max(1.0);
        assert!(error < 1e-6, "{}: IM {initial} {im} MM {maintenance} {mm}", path.display());
        count += 1;
    }
    println!("{count} published portfolio cases");
    assert!(count > 0);
}

/// Per case: stable price, ETH spot confidence, then vol and forward confidence of the ETH expiry 20230118.
fn confidences(name: &str) -> [f64; 4] {
    match name {
        "test_USDC_depeg" => [0.1, 1.0, 1.0, 1.0],
        "test_short_call_low_vol_conf" => [1.0, 1.0, 0.1, 1.0],
        "test_short_call_low_vol_and_fwd_confidence" => [1.0, 1.0, 0.5, 0.399_999_999_9],
        "test_short_call_low_spot_vol_fwd_confidence" | "test_long_call_low_spot_vol_fwd_confidence" => {
            [1.0, 0.2, 0.5, 0.4]
        }
        "test_short_options_two_expiries_low_conf_one_expiry" => [1.0, 0.9, 0.3, 0.4],
        "test_base_asset_low_spot_confidence" => [1.0, 0.1, 1.0, 1.0],
        _ => [1.0; 4],
    }
}

/// (name, seconds, ETH and BTC forward over spot).
const FEEDS: [(&str, i64, &str, &str); 4] = [
    ("20230104", 288_000, "2000.91345", "28012.7883"),
    ("20230111", 892_800, "2002.83305", "28039.66276"),
    ("20230118", 1_497_600, "2004.7545", "28066.56301"),
    ("20230227", 4_953_600, "2015.7696", "28220.77451"),
];

fn cross_document(name: &str, case: &Value) -> Option<Value> {
    if !case["perps"].as_array().unwrap().is_empty() {
        return None;
    }
    let [stable, eth, vol, forward] = confidences(name);
    let market = |u: &str| {
        let expiry = |(id, seconds, f_eth, f_btc): &(&str, i64, &str, &str)| {
            let special = u == "eth" && *id == "20230118";
            let (vol, forward) = if special { (vol, forward) } else { (1.0, 1.0) };
            // A low forward confidence comes with a forward of 2004.75 in these cases.
            let price = if special && forward < 1.0 {
                "2004.75"
            } else if u == "eth" {
                f_eth
            } else {
                f_btc
            };
            json!({ "id": id, "seconds_to_expiry": seconds, "forward": price, "vol_confidence": vol, "forward_confidence": forward })
        };
        json!({ "underlying": u, "spot": if u == "eth" { 2000 } else { 28000 }, "stable_price": stable,
            "spot_confidence": if u == "eth" { eth } else { 1.0 }, "expiries": FEEDS.iter().map(expiry).collect::<Vec<_>>() })
    };
    let scaled = |v: &Value| v.as_f64().unwrap() / 1e8;
    let option = |p: &Value| {
        json!({ "underlying": p["underlying"], "expiry": p["expiry"], "strike": p["strike"], "kind": p["type"],
        "quantity": scaled(&p["amount"]), "vol": 0.5 })
    };
    let base = |b: &Value| {
        json!({ "underlying": b["underlying"], "confidence": if b["underlying"] == "eth" { eth } else { 1.0 },
        "value": scaled(&b["amount"]) * if b["underlying"] == "eth" { 2000.0 } else { 28000.0 } })
    };
    Some(json!({
        "markets": [market("eth"), market("btc")],
        "portfolio": { "cash": scaled(&case["cash"]), "options": case["options"].as_array().unwrap().iter().map(option).collect::<Vec<_>>(),
            "collateral": case["bases"].as_array().unwrap().iter().map(base).collect::<Vec<_>>() },
        "parameters": { "cross": { "max_spot": 0.15, "min_spot": 0.1, "mm_call": 0.075, "mm_put": 0.075, "mm_put_mark": 0.075,
            "unpaired_im": 1.2, "unpaired_mm": 1.1, "offset": 1.05, "conf_threshold": 0.4, "conf_factor": 0.4,
            "depeg_threshold": 0.98, "depeg_factor": 1.2, "collateral_factor": 0.8 } },
    }))
}

#[test]
fn published_cross_cases_are_within_a_unit() {
    let Some(folder) = folder("published_cross_cases_are_within_a_unit") else { return };
    let cases = read(&folder.join("srm-portfolio.json"));
    let mut count = 0;
    for (name, case) in cases.as_object().unwrap() {
        let Some(document) = cross_document(name, case) else { continue };
        let [_, initial, maintenance] = cross::balances(&document).map(float);
        let result = case.get("results").or(case.get("result")).unwrap();
        let (im, mm) = (float(real(&result["im"])), float(real(&result["mm"])));
        assert!(
            (initial - im).abs() < 1.001 && (maintenance - mm).abs() < 1.001,
            "{name}: {initial} {im} {maintenance} {mm}"
        );
        count += 1;
    }
    println!("{count} published cross cases");
    assert!(count > 0);
}
