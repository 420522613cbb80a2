//! Golden documents (the evaluator's JSON) as the rule book's inputs.

use std::path::PathBuf;

use plimsoll_core::margin::evaluator::charges::{BetweenSteps, Concentration};
use plimsoll_core::margin::evaluator::portfolio::{
    Basis, Contingency, Discount, Parameters, Scenario, SkewShock, VolShift, VolShock,
};
use plimsoll_core::margin::evaluator::{cross, Collateral, Expiry, Leg, Market, Real, Svi};
use plimsoll_core::position::OptionKind;
use serde_json::Value;

/// Where the golden files are.
pub fn golden(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// An expiry without doubt, rate or smile.
pub fn plain_expiry(seconds: i64, forward: Real) -> Expiry {
    Expiry {
        seconds: Real::from_integer(seconds),
        forward,
        rate: Real::ZERO,
        forward_confidence: Real::ONE,
        rate_confidence: Real::ONE,
        vol_confidence: Real::ONE,
        settlement_average: None,
        svi: None,
    }
}

/// A decimal in a string or a JSON number, exact to 2^-64.
pub fn real(value: &Value) -> Real {
    match value {
        Value::String(text) => decimal(text),
        Value::Number(number) => decimal(&number.to_string()),
        other => panic!("{other} is no number"),
    }
}

/// A decimal, with or without exponent.
pub fn decimal(text: &str) -> Real {
    let (mantissa, exponent) = text.split_once('e').map_or((text, 0), |(m, e)| (m, e.parse::<i32>().unwrap()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = fraction.len() as i32 - exponent;
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let power = |n: i32| 10i128.pow(n.max(0) as u32);
    // Digits below 10^-30 are far below the last bit.
    let (digits, places) = if places > 30 { (digits / power((places - 30).min(38)), 30) } else { (digits, places) };
    Real::from_ratio(digits * power(-places), power(places)).unwrap()
}

/// The nearest double.
pub fn float(value: Real) -> f64 {
    value.raw() as f64 / 2f64.powi(64)
}

/// Numbers of one object by name, with a default.
pub struct Fields<'a>(pub &'a Value);

impl Fields<'_> {
    /// The field, which must be there.
    pub fn get(&self, name: &str) -> Real {
        self.or(name, None)
    }

    /// The field or one.
    pub fn or_one(&self, name: &str) -> Real {
        self.or(name, Some(Real::ONE))
    }

    /// The field or zero.
    pub fn or_zero(&self, name: &str) -> Real {
        self.or(name, Some(Real::ZERO))
    }

    fn or(&self, name: &str, default: Option<Real>) -> Real {
        self.0.get(name).map_or_else(|| default.unwrap_or_else(|| panic!("{name} is missing in {}", self.0)), real)
    }
}

/// A market of a document with what it borrows.
#[derive(Clone, Debug)]
pub struct Owned {
    /// Spot, spot confidence, stable price.
    pub head: [Real; 3],
    /// Its expiries.
    pub expiries: Vec<Expiry>,
    /// Its legs.
    pub legs: Vec<Leg>,
    /// Its collateral.
    pub collateral: Vec<Collateral>,
}

impl Owned {
    /// As the rule book takes it.
    pub fn market(&self) -> Market<'_> {
        let [spot, spot_confidence, stable_price] = self.head;
        Market {
            spot,
            spot_confidence,
            stable_price,
            expiries: &self.expiries,
            legs: &self.legs,
            collateral: &self.collateral,
        }
    }
}

/// Equity, initial and maintenance balance.
pub type Balances = [Real; 3];

/// The markets of a document.
pub fn markets(document: &Value) -> Vec<Owned> {
    let list = document["markets"].as_array().unwrap();
    list.iter().map(|market| owned(document, market, list.len() > 1)).collect()
}

fn owned(document: &Value, market: &Value, many: bool) -> Owned {
    let mine = |entry: &&Value| !many || entry["underlying"] == market["underlying"];
    let entries = |name: &str| document["portfolio"][name].as_array().cloned().unwrap_or_default();
    let feeds = market["expiries"].as_array().unwrap();
    let expiries: Vec<Expiry> = feeds.iter().map(expiry).collect();
    let head = Fields(market);
    let options = entries("options");
    let legs = options.iter().filter(mine).map(|option| {
        let at = feeds.iter().position(|feed| feed["id"] == option["expiry"]).unwrap();
        leg(option, at, &expiries[at])
    });
    Owned {
        head: [head.get("spot"), head.or_one("spot_confidence"), head.or_one("stable_price")],
        legs: legs.collect(),
        collateral: entries("collateral").iter().filter(mine).map(collateral).collect(),
        expiries,
    }
}

fn expiry(feed: &Value) -> Expiry {
    let field = Fields(feed);
    Expiry {
        seconds: field.get("seconds_to_expiry"),
        forward: field.get("forward"),
        rate: field.or_zero("rate"),
        forward_confidence: field.or_one("forward_confidence"),
        rate_confidence: field.or_one("rate_confidence"),
        vol_confidence: field.or_one("vol_confidence"),
        settlement_average: feed.get("settlement_average").map(real),
        svi: feed.get("svi").map(|smile| {
            let field = Fields(smile);
            let [a, b, rho, m] = ["a", "b", "rho", "m"].map(|name| field.get(name));
            let [sigma, forward, tau] = ["sigma", "forward", "tau"].map(|name| field.get(name));
            Svi { a, b, rho, m, sigma, forward, tau }
        }),
    }
}

fn leg(option: &Value, at: usize, expiry: &Expiry) -> Leg {
    let strike = real(&option["strike"]);
    Leg {
        expiry: at,
        strike,
        kind: if option["kind"] == "call" { OptionKind::Call } else { OptionKind::Put },
        quantity: real(&option["quantity"]),
        vol: option.get("vol").map_or_else(|| expiry.svi.unwrap().vol(strike), real),
        open_interest: Fields(option).or_zero("open_interest"),
    }
}

fn collateral(entry: &Value) -> Collateral {
    let field = Fields(entry);
    Collateral {
        value: field.get("value"),
        confidence: field.or_one("confidence"),
        risk_cancelling: entry["risk_cancelling"] == true,
        mm_haircut: field.or_zero("mm_haircut"),
        im_haircut: field.or_zero("im_haircut"),
    }
}

/// The scenarios of a document.
pub fn scenarios(document: &Value) -> Vec<Scenario> {
    let list = document["parameters"]["scenarios"].as_array().unwrap();
    let shift = |name: &str| match name {
        "up" => VolShift::Up,
        "down" => VolShift::Down,
        "none" => VolShift::None,
        "linear" => VolShift::Linear,
        "abs" => VolShift::Abs,
        other => panic!("{other}"),
    };
    list.iter()
        .map(|s| Scenario {
            spot: real(&s["spot"]),
            vol: shift(s["vol"].as_str().unwrap()),
            dampening: real(&s["dampening"]),
        })
        .collect()
}

/// The portfolio parameters of a document.
pub fn portfolio_parameters<'a>(document: &Value, scenarios: &'a [Scenario]) -> Parameters<'a> {
    let groups = &document["parameters"];
    let get = |group: &str, name: &str| real(&groups[group][name]);
    let vol = |name: &str| get("vol_shock", name);
    let skew = |name: &str| get("skew_shock", name);
    let discount = |name: &str| get("discount", name);
    let rules = |name: &str| get("contingency", name);
    let charged = |group: &str, name: &str| groups.get(group).map_or(Real::ZERO, |group| real(&group[name]));
    let concentrated = |name: &str| charged("concentration", name);
    Parameters {
        scenarios,
        vol_shock: VolShock {
            range_up: vol("range_up"),
            min_vol_up: vol("min_vol_up"),
            range_down: vol("range_down"),
            short_power: vol("short_power"),
            long_power: vol("long_power"),
            dte_floor: vol("dte_floor"),
        },
        skew_shock: SkewShock {
            linear_base_cap: skew("linear_base_cap"),
            linear_c_base: skew("linear_c_base"),
            abs_base_cap: skew("abs_base_cap"),
            abs_c_base: skew("abs_c_base"),
            min_k: skew("min_k"),
            width: skew("width"),
            fixed: skew("static"),
            scale: skew("scale"),
        },
        discount: Discount {
            base_long: discount("base_long"),
            long_mult: discount("long_mult"),
            long_add: discount("long_add"),
            base_short: discount("base_short"),
            short_mult: discount("short_mult"),
            short_add: discount("short_add"),
        },
        basis: Basis {
            up: get("basis", "up"),
            down: get("basis", "down"),
            add: get("basis", "add"),
            mult: get("basis", "mult"),
        },
        contingency: Contingency {
            mm_option: rules("mm_option"),
            im_option: rules("im_option"),
            conf_threshold: rules("conf_threshold"),
            conf_margin: rules("conf_margin"),
            peg_threshold: rules("peg_threshold"),
            peg_factor: rules("peg_factor"),
        },
        concentration: Concentration {
            share: concentrated("share"),
            free: concentrated("free"),
            rate: concentrated("rate"),
            vega_free: concentrated("vega_free"),
            vega_rate: concentrated("vega_rate"),
        },
        between_steps: BetweenSteps {
            seconds: charged("between_steps", "seconds"),
            step: charged("between_steps", "step"),
        },
        mm_factor: get("factors", "mm_factor"),
        im_factor: get("factors", "im_factor"),
        averaging_vol: groups["averaging_vol"] == true,
    }
}

/// The cross parameters of a document.
pub fn cross_parameters(document: &Value) -> cross::Parameters {
    let group = Fields(&document["parameters"]["cross"]);
    cross::Parameters {
        max_spot: group.get("max_spot"),
        min_spot: group.get("min_spot"),
        mm_call: group.get("mm_call"),
        mm_put: group.get("mm_put"),
        mm_put_mark: group.get("mm_put_mark"),
        unpaired_im: group.get("unpaired_im"),
        unpaired_mm: group.get("unpaired_mm"),
        offset: group.get("offset"),
        conf_threshold: group.get("conf_threshold"),
        conf_factor: group.get("conf_factor"),
        depeg_threshold: group.get("depeg_threshold"),
        depeg_factor: group.get("depeg_factor"),
        collateral_factor: group.or_zero("collateral_factor"),
        long_im: group.or_zero("long_im"),
        long_mm: group.or_zero("long_mm"),
        averaging_vol: document["parameters"]["averaging_vol"] == true,
    }
}

/// Largest error of `got` against `expected`, and the tolerance for the book: 1e-6 max(1, |IM|) or 4e-8 sum |q| F.
pub fn error_and_tolerance(document: &Value, got: Balances, expected: &Value) -> (f64, f64) {
    let expected: Vec<Real> = expected.as_array().unwrap().iter().map(real).collect();
    let error = got.iter().zip(&expected).map(|(g, e)| float((*g - *e).abs())).fold(0.0, f64::max);
    let gross: f64 = markets(document)
        .iter()
        .flat_map(|m| m.legs.iter().map(|leg| float(leg.quantity.abs() * m.expiries[leg.expiry].forward)))
        .sum();
    (error, (1e-6 * float(expected[1].abs()).max(1.0)).max(4e-8 * gross))
}
