//! The input document, field by field as on the page that fixes it. Unknown fields are errors.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::bounds::{self, plain, Bounds};
use super::decimal::Decimal;

/// Where arrays belong; objects are never written as the array of their values.
const ARRAYS: [&str; 6] = [
    "markets",
    "markets[].expiries",
    "portfolio.collateral",
    "portfolio.options",
    "parameters.scenarios",
    "parameters.offset.underlyings",
];

/// Reads a document; the error is one line that names the field and, for a number, its bounds.
pub fn parse(text: &str) -> Result<Document, String> {
    let whole =
        |cause: String| format!("not the JSON of a portfolio (see --schema, and docs/book.json for one): {cause}");
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        if !value.is_object() {
            return Err(whole("it is no object".to_owned()));
        }
        refuse_arrays("", &value)?;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document: Document = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let cause = cause(text, error.inner());
        match (path.as_str(), bounds::of(&path)) {
            // Neither the whole document nor text that is no JSON has a path.
            ("." | "?", _) => whole(cause),
            (_, Some(Bounds { low, high })) => format!("{path}: {cause}; it takes {low} to {high}"),
            (_, None) => format!("{path}: {cause}"),
        }
    })?;
    deserializer.end().map_err(|error| whole(error.to_string()))?;
    Ok(document)
}

/// What an error says; a number that no double holds is quoted.
fn cause(text: &str, error: &serde_json::Error) -> String {
    let said = error.to_string();
    if !said.starts_with("number out of range") {
        return said;
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or("");
    let read = line.get(..error.column()).unwrap_or(line);
    let number = read.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).find(|part| !part.is_empty());
    format!("{} is beyond 10^308", number.unwrap_or("a number"))
}

fn refuse_arrays(path: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            refuse_arrays(&format!("{path}{dot}{name}"), value)
        }),
        Value::Array(entries) => {
            if !ARRAYS.contains(&plain(path).as_str()) {
                return Err(format!("{path}: an array where none belongs (see --schema)"));
            }
            entries.iter().enumerate().try_for_each(|(at, entry)| refuse_arrays(&format!("{path}[{at}]"), entry))
        }
        _ => Ok(()),
    }
}

/// A portfolio with its markets and the parameters it is margined under.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "plimsoll margin input")]
pub struct Document {
    /// Margin mode.
    pub mode: Mode,
    /// The underlyings.
    pub markets: Vec<Market>,
    /// What the account holds.
    pub portfolio: Portfolio,
    /// Risk parameters; groups that the mode does not use may be left out.
    pub parameters: Parameters,
}

/// Margin mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Worst scenario on net risk.
    Portfolio,
    /// Rule based with spread recognition, several underlyings and expiries.
    Cross,
    /// The cross formula on one expiry of one underlying.
    Isolated,
}

/// An underlying with its expiries.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Name of the underlying.
    pub underlying: String,
    /// Price of the underlying.
    pub spot: Decimal,
    /// Confidence in the spot, 0..1; default 1.
    pub spot_confidence: Option<Decimal>,
    /// USD price of one quote token; default 1.
    pub stable_price: Option<Decimal>,
    /// The expiries.
    pub expiries: Vec<Expiry>,
}

/// One expiry.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// Name that options refer to.
    pub id: String,
    /// Seconds to expiry.
    pub seconds_to_expiry: Decimal,
    /// Forward price.
    pub forward: Decimal,
    /// Interest rate a year; needed in portfolio mode only.
    pub rate: Option<Decimal>,
    /// Confidence in the forward, 0..1; default 1.
    pub forward_confidence: Option<Decimal>,
    /// Confidence in the rate, 0..1; default 1.
    pub rate_confidence: Option<Decimal>,
    /// Confidence in the smile, 0..1; default 1.
    pub vol_confidence: Option<Decimal>,
    /// In the last 1800 s: the average so far; default the forward.
    pub settlement_average: Option<Decimal>,
    /// The smile; may be left out when every leg has its own vol.
    pub svi: Option<Svi>,
}

/// Raw SVI total variance.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Svi {
    /// Level.
    pub a: Decimal,
    /// Slope.
    pub b: Decimal,
    /// Skew.
    pub rho: Decimal,
    /// Position.
    pub m: Decimal,
    /// Width.
    pub sigma: Decimal,
    /// Reference forward.
    pub forward: Decimal,
    /// Reference time in years.
    pub tau: Decimal,
}

/// What the account holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Portfolio {
    /// Settled quote balance, negative is debt.
    pub cash: Decimal,
    /// Collateral balances.
    #[serde(default)]
    pub collateral: Vec<Collateral>,
    /// Option legs. Legs of one series (underlying, expiry, strike and kind) count as one leg of their summed quantity:
    /// modes cross and isolated refuse them if their vols differ, mode portfolio if their open interests do.
    #[serde(default)]
    pub options: Vec<Leg>,
}

/// One collateral balance.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collateral {
    /// Name, for the eye.
    #[serde(default)]
    #[allow(dead_code)]
    pub name: String,
    /// The market it moves with; may be left out when there is one.
    pub underlying: Option<String>,
    /// USD value at the current price.
    pub value: Decimal,
    /// Confidence in its price, 0..1; default 1.
    pub confidence: Option<Decimal>,
    /// Portfolio mode: its gains and losses offset those of the options.
    pub risk_cancelling: Option<bool>,
    /// Portfolio mode: share taken off both balances.
    pub mm_haircut: Option<Decimal>,
    /// Portfolio mode: further share taken off the initial balance.
    pub im_haircut: Option<Decimal>,
}

/// A signed quantity of one option.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The market; may be left out when there is one.
    pub underlying: Option<String>,
    /// Id of the expiry.
    pub expiry: String,
    /// Strike price.
    pub strike: Decimal,
    /// Call or put.
    pub kind: Kind,
    /// + long, - short.
    pub quantity: Decimal,
    /// Volatility a year; overrides the smile.
    pub vol: Option<Decimal>,
    /// Portfolio mode: contracts of the series that are open in the whole market, for concentration; default 0.
    pub open_interest: Option<Decimal>,
}

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Right to buy.
    Call,
    /// Right to sell.
    Put,
}

/// Risk parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Portfolio mode: the scenarios.
    pub scenarios: Option<Vec<Scenario>>,
    /// Portfolio mode, scenarios with vol up or down.
    pub vol_shock: Option<VolShock>,
    /// Portfolio mode, scenarios with vol linear or abs.
    pub skew_shock: Option<SkewShock>,
    /// Portfolio mode: static discount.
    pub discount: Option<Discount>,
    /// Portfolio mode: basis contingency.
    pub basis: Option<Basis>,
    /// Portfolio mode: contingencies.
    pub contingency: Option<Contingency>,
    /// Portfolio mode: factors on the loss.
    pub factors: Option<Factors>,
    /// Portfolio mode: charge for what this account alone would have to sell; left out: none.
    pub concentration: Option<Concentration>,
    /// Portfolio mode: charge for what spreads near expiry may lose between two steps of the scenarios; left out: none.
    pub between_steps: Option<BetweenSteps>,
    /// Portfolio mode: two underlyings that offset each other's losses in part; left out: none do.
    pub offset: Option<Offset>,
    /// Cross and isolated mode.
    pub cross: Option<Cross>,
    /// Whether the settlement average's lower variance is priced; default false.
    #[serde(default)]
    pub averaging_vol: bool,
}

/// One scenario.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Multiplier of the spot; 1 with vol linear or abs.
    pub spot: Decimal,
    /// What volatility does.
    pub vol: VolShift,
    /// Share of the profit or loss that counts.
    pub dampening: Decimal,
}

/// What volatility does in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolShift {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Unchanged.
    None,
    /// Skew by the sign of moneyness.
    Linear,
    /// Both wings.
    Abs,
}

/// Declares a parameter group.
macro_rules! group {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

group!(
    /// `mult = (30 d / max(t, dte_floor))^p`.
    VolShock {
        /// Rise at 30 days.
        range_up: Decimal,
        /// Least volatility after a rise.
        min_vol_up: Decimal,
        /// Fall at 30 days.
        range_down: Decimal,
        /// p up to 30 days.
        short_power: Decimal,
        /// p beyond.
        long_power: Decimal,
        /// Days.
        dte_floor: Decimal,
    }
);
group!(
    /// `cap = c_base sqrt(t) + base_cap`, `k* = max(min_k, sqrt(t) width (static + sqrt(t) scale))`.
    SkewShock {
        /// Cap of the linear scenario at t = 0.
        linear_base_cap: Decimal,
        /// Its change per square root of a year.
        linear_c_base: Decimal,
        /// Cap of the absolute scenario at t = 0.
        abs_base_cap: Decimal,
        /// Its change per square root of a year.
        abs_c_base: Decimal,
        /// Least k*.
        min_k: Decimal,
        /// Width.
        width: Decimal,
        /// Static part.
        r#static: Decimal,
        /// Part that grows with time.
        scale: Decimal,
    }
);
group!(
    /// Static discount of shocked values.
    Discount {
        /// Share of a positive value: 0, or at least 0.000000001.
        base_long: Decimal,
        /// Weight of the rate.
        long_mult: Decimal,
        /// Added rate.
        long_add: Decimal,
        /// Share of a negative value: 0, or at least 0.000000001.
        base_short: Decimal,
        /// Weight of the rate.
        short_mult: Decimal,
        /// Added rate.
        short_add: Decimal,
    }
);
group!(
    /// Basis contingency.
    Basis {
        /// Multiplier up.
        up: Decimal,
        /// Multiplier down.
        down: Decimal,
        /// Share of the loss.
        add: Decimal,
        /// Share per year.
        mult: Decimal,
    }
);
group!(
    /// Contingencies and confidence.
    Contingency {
        /// Share of spot per naked short, both balances.
        mm_option: Decimal,
        /// Further share, initial.
        im_option: Decimal,
        /// Confidence threshold.
        conf_threshold: Decimal,
        /// Factor of the confidence add-on.
        conf_margin: Decimal,
        /// Price of the quote token below which the initial factor rises.
        peg_threshold: Decimal,
        /// By this multiple of the gap.
        peg_factor: Decimal,
    }
);
group!(
    /// Factors on the loss.
    Factors {
        /// Maintenance.
        mm_factor: Decimal,
        /// Initial.
        im_factor: Decimal,
    }
);
group!(
    /// Concentration, initial balance.
    Concentration {
        /// Share of a series' open interest that is free of charge.
        share: Decimal,
        /// Contracts of a series that are free of charge whatever their share.
        free: Decimal,
        /// Share of spot per contract beyond both.
        rate: Decimal,
        /// What a shock of volatility alone may cost free of charge, quote tokens.
        vega_free: Decimal,
        /// Share of what it costs beyond.
        vega_rate: Decimal,
    }
);
group!(
    /// Spreads near expiry, initial balance.
    BetweenSteps {
        /// Seconds to expiry below which they are charged.
        seconds: Decimal,
        /// Distance of two steps of the scenarios, share of spot.
        step: Decimal,
    }
);
group!(
    /// Losses of two underlyings that offset each other, both balances.
    Offset {
        /// Share of the losses that counts together instead of apart, 0..0.5.
        share: Decimal,
        /// The two underlyings, by name.
        #[schemars(length(min = 2, max = 2))]
        underlyings: Vec<String>,
    }
);
group!(
    /// Cross and isolated mode.
    Cross {
        /// Largest share of spot of a short, initial.
        max_spot: Decimal,
        /// Least share of spot of a short, initial.
        min_spot: Decimal,
        /// Share of spot of a short call, maintenance.
        mm_call: Decimal,
        /// Share of spot of a short put, maintenance.
        mm_put: Decimal,
        /// Share of the mark of a short put, maintenance.
        mm_put_mark: Decimal,
        /// Share of the forward per unpaired short call, initial.
        unpaired_im: Decimal,
        /// The same for maintenance.
        unpaired_mm: Decimal,
        /// Least multiple of the maintenance requirement of a put, initial.
        offset: Decimal,
        /// Confidence threshold.
        conf_threshold: Decimal,
        /// Factor of the confidence add-on.
        conf_factor: Decimal,
        /// Price of the quote token below which the add-on applies.
        depeg_threshold: Decimal,
        /// Factor of the depeg add-on.
        depeg_factor: Decimal,
        /// Share of collateral value that counts; needed with collateral only.
        collateral_factor: Option<Decimal>,
        /// Share of the mark of a long, initial; default 0.
        long_im: Option<Decimal>,
        /// The same for maintenance; default 0.
        long_mm: Option<Decimal>,
    }
);
