//! The bounds of every number of the input, by its path without indices: what is checked, what a refusal names and what
//! the schema says.

use schemars::Schema;
use serde_json::{Number, Value};

/// Bounds of one field, as decimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Least value.
    pub low: &'static str,
    /// Largest value.
    pub high: &'static str,
}

const PRICE: Ends = ("0.000000001", "10000000000");
const CONFIDENCE: Ends = ("0", "1");
const TEN: Ends = ("0", "10");
const HUNDRED: Ends = ("0", "100");
const SIGNED: Ends = ("-100", "100");
const MONEY: Ends = ("0", "10000000000000");
const CONTRACTS: Ends = ("0", "100000000000000");
const SECONDS: Ends = ("0", "504576000");

/// Least and largest value.
type Ends = (&'static str, &'static str);
/// Path of an object, its name in the schema, its numbers.
type Object = (&'static str, &'static str, &'static [(&'static str, Ends)]);

/// Every object with numbers.
const OBJECTS: [Object; 17] = [
    ("markets[].", "Market", &[("spot", PRICE), ("spot_confidence", CONFIDENCE), ("stable_price", ("0.001", "1000"))]),
    (
        "markets[].expiries[].",
        "Expiry",
        &[
            ("seconds_to_expiry", SECONDS),
            ("forward", PRICE),
            ("rate", ("-10", "10")),
            ("forward_confidence", CONFIDENCE),
            ("rate_confidence", CONFIDENCE),
            ("vol_confidence", CONFIDENCE),
            ("settlement_average", PRICE),
        ],
    ),
    (
        "markets[].expiries[].svi.",
        "Svi",
        &[
            ("a", ("-10000", "10000")),
            ("b", ("0", "1000")),
            ("rho", ("-1", "1")),
            ("m", SIGNED),
            ("sigma", ("0", "1000")),
            ("forward", PRICE),
            ("tau", ("0.00000001", "16")),
        ],
    ),
    ("portfolio.", "Portfolio", &[("cash", ("-10000000000000", "10000000000000"))]),
    (
        "portfolio.collateral[].",
        "Collateral",
        &[("value", MONEY), ("confidence", CONFIDENCE), ("mm_haircut", TEN), ("im_haircut", TEN)],
    ),
    (
        "portfolio.options[].",
        "Leg",
        &[
            ("strike", ("0.000000000000001", "100000000000000")),
            ("quantity", ("-100000000000000", "100000000000000")),
            ("vol", ("0", "1000")),
            ("open_interest", CONTRACTS),
        ],
    ),
    ("parameters.scenarios[].", "Scenario", &[("spot", ("0", "20")), ("dampening", TEN)]),
    (
        "parameters.vol_shock.",
        "VolShock",
        &[
            ("range_up", HUNDRED),
            ("min_vol_up", HUNDRED),
            ("range_down", HUNDRED),
            ("short_power", ("0", "5")),
            ("long_power", ("0", "5")),
            ("dte_floor", ("0.00001", "6000")),
        ],
    ),
    (
        "parameters.skew_shock.",
        "SkewShock",
        &[
            ("linear_base_cap", SIGNED),
            ("linear_c_base", SIGNED),
            ("abs_base_cap", SIGNED),
            ("abs_c_base", SIGNED),
            ("min_k", ("0.000001", "100")),
            ("width", SIGNED),
            ("static", SIGNED),
            ("scale", SIGNED),
        ],
    ),
    (
        "parameters.discount.",
        "Discount",
        &[
            ("base_long", TEN),
            ("long_mult", SIGNED),
            ("long_add", SIGNED),
            ("base_short", TEN),
            ("short_mult", SIGNED),
            ("short_add", SIGNED),
        ],
    ),
    ("parameters.basis.", "Basis", &[("up", ("0", "20")), ("down", ("0", "20")), ("add", HUNDRED), ("mult", HUNDRED)]),
    (
        "parameters.contingency.",
        "Contingency",
        &[
            ("mm_option", TEN),
            ("im_option", TEN),
            ("conf_threshold", CONFIDENCE),
            ("conf_margin", HUNDRED),
            ("peg_threshold", TEN),
            ("peg_factor", HUNDRED),
        ],
    ),
    ("parameters.factors.", "Factors", &[("mm_factor", TEN), ("im_factor", TEN)]),
    (
        "parameters.concentration.",
        "Concentration",
        &[("share", ("0", "1")), ("free", CONTRACTS), ("rate", TEN), ("vega_free", MONEY), ("vega_rate", TEN)],
    ),
    ("parameters.between_steps.", "BetweenSteps", &[("seconds", SECONDS), ("step", TEN)]),
    ("parameters.offset.", "Offset", &[("share", ("0", "0.5"))]),
    (
        "parameters.cross.",
        "Cross",
        &[
            ("max_spot", TEN),
            ("min_spot", TEN),
            ("mm_call", TEN),
            ("mm_put", TEN),
            ("mm_put_mark", TEN),
            ("unpaired_im", TEN),
            ("unpaired_mm", TEN),
            ("offset", TEN),
            ("conf_threshold", CONFIDENCE),
            ("conf_factor", HUNDRED),
            ("depeg_threshold", TEN),
            ("depeg_factor", HUNDRED),
            ("collateral_factor", ("0", "1")),
            ("long_im", ("0", "1")),
            ("long_mm", ("0", "1")),
        ],
    ),
];

/// `path` without indices.
pub fn plain(path: &str) -> String {
    path.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The bounds of the number at `path`, as `portfolio.options[3].vol`; `None` where no number belongs.
pub fn of(path: &str) -> Option<Bounds> {
    let plain = plain(path);
    let (low, high) = OBJECTS.iter().find_map(|(object, _, fields)| {
        let field = plain.strip_prefix(object)?;
        fields.iter().find_map(|(name, ends)| (*name == field).then_some(*ends))
    })?;
    Some(Bounds { low, high })
}

/// Writes `minimum` and `maximum` of every number into the schema of the document.
pub fn describe(schema: &mut Schema) {
    for (_, object, fields) in OBJECTS {
        for (name, (low, high)) in fields {
            let field = schema.pointer_mut(&format!("/$defs/{object}/properties/{name}"));
            let Some(field) = field.and_then(Value::as_object_mut) else { continue };
            for (word, text) in [("minimum", low), ("maximum", high)] {
                // A bound is a decimal number, and so is JSON's.
                if let Ok(number) = text.parse::<Number>() {
                    field.insert(word.to_owned(), Value::Number(number));
                }
            }
        }
    }
}
