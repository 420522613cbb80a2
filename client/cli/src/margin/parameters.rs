//! Parameter groups of the document as those of the rule book, every field inside its range.

use plimsoll_core::margin::evaluator::charges::{BetweenSteps, Concentration};
use plimsoll_core::margin::evaluator::cross;
use plimsoll_core::margin::evaluator::portfolio::{
    Basis, Contingency, Discount, Parameters, Scenario, SkewShock, VolShift, VolShock, MAX_SCENARIOS,
};
use plimsoll_core::margin::evaluator::Real;

use super::book::Book;
use super::decimal::Decimal;
use super::field::{at_least, between, required, within, within_or};
use super::input;

const NEEDED: &str = "mode \"portfolio\" needs it";

/// Reads the fields of one group: `read.field(name, value)`.
struct Group(&'static str);

/// Least base of a discount above 0.
const BASE_LEAST: &str = "0.000000001";

impl Group {
    fn field(&self, name: &str, value: Decimal) -> Result<Real, String> {
        within(&format!("parameters.{}.{name}", self.0), value)
    }
}

/// Parameters of portfolio mode over `scenarios`.
pub fn portfolio<'a>(input: &input::Parameters, scenarios: &'a [Scenario]) -> Result<Parameters<'a>, String> {
    let uses = |shifts: [VolShift; 2]| scenarios.iter().any(|s| shifts.contains(&s.vol));
    let concentration = input.concentration.as_ref().map_or(Ok(Concentration::default()), self::concentration)?;
    let vol_shock = match &input.vol_shock {
        None if uses([VolShift::Up, VolShift::Down]) => return Err(missing("vol_shock")),
        None if concentration.vega_rate > Real::ZERO => {
            return Err("parameters.vol_shock is missing: parameters.concentration.vega_rate uses it".to_owned());
        }
        None => VolShock { dte_floor: Real::ONE, ..VolShock::default() },
        Some(group) => vol_shock(group)?,
    };
    let skew_shock = match &input.skew_shock {
        None if uses([VolShift::Linear, VolShift::Abs]) => return Err(missing("skew_shock")),
        None => SkewShock { min_k: Real::ONE, ..SkewShock::default() },
        Some(group) => skew_shock(group)?,
    };
    let factors = required("parameters.factors", input.factors.as_ref(), NEEDED)?;
    let read = Group("factors");
    Ok(Parameters {
        scenarios,
        vol_shock,
        skew_shock,
        discount: discount(required("parameters.discount", input.discount.as_ref(), NEEDED)?)?,
        basis: basis(required("parameters.basis", input.basis.as_ref(), NEEDED)?)?,
        contingency: contingency(required("parameters.contingency", input.contingency.as_ref(), NEEDED)?)?,
        concentration,
        between_steps: input.between_steps.as_ref().map_or(Ok(BetweenSteps::default()), between_steps)?,
        mm_factor: read.field("mm_factor", factors.mm_factor)?,
        im_factor: read.field("im_factor", factors.im_factor)?,
        averaging_vol: input.averaging_vol,
    })
}

fn missing(group: &str) -> String {
    format!("parameters.{group} is missing: a scenario uses it")
}

/// The scenario list.
pub fn scenarios(input: &input::Parameters) -> Result<Vec<Scenario>, String> {
    let list = required("parameters.scenarios", input.scenarios.as_ref(), NEEDED)?;
    if list.len() > MAX_SCENARIOS {
        return Err(format!("parameters.scenarios has {} entries: at most {MAX_SCENARIOS}", list.len()));
    }
    list.iter().enumerate().map(|(index, entry)| scenario(index, entry)).collect()
}

fn scenario(index: usize, entry: &input::Scenario) -> Result<Scenario, String> {
    let path = |name: &str| format!("parameters.scenarios[{index}].{name}");
    let vol = match entry.vol {
        input::VolShift::Up => VolShift::Up,
        input::VolShift::Down => VolShift::Down,
        input::VolShift::None => VolShift::None,
        input::VolShift::Linear => VolShift::Linear,
        input::VolShift::Abs => VolShift::Abs,
    };
    // Skew scenarios leave the spot where it is.
    let spot = match vol {
        VolShift::Linear | VolShift::Abs => between(&path("spot"), entry.spot, "1", "1")?,
        VolShift::Up | VolShift::Down | VolShift::None => within(&path("spot"), entry.spot)?,
    };
    Ok(Scenario { spot, vol, dampening: within(&path("dampening"), entry.dampening)? })
}

fn vol_shock(group: &input::VolShock) -> Result<VolShock, String> {
    let read = Group("vol_shock");
    Ok(VolShock {
        range_up: read.field("range_up", group.range_up)?,
        min_vol_up: read.field("min_vol_up", group.min_vol_up)?,
        range_down: read.field("range_down", group.range_down)?,
        short_power: read.field("short_power", group.short_power)?,
        long_power: read.field("long_power", group.long_power)?,
        dte_floor: read.field("dte_floor", group.dte_floor)?,
    })
}

fn skew_shock(group: &input::SkewShock) -> Result<SkewShock, String> {
    let read = Group("skew_shock");
    Ok(SkewShock {
        linear_base_cap: read.field("linear_base_cap", group.linear_base_cap)?,
        linear_c_base: read.field("linear_c_base", group.linear_c_base)?,
        abs_base_cap: read.field("abs_base_cap", group.abs_base_cap)?,
        abs_c_base: read.field("abs_c_base", group.abs_c_base)?,
        min_k: read.field("min_k", group.min_k)?,
        width: read.field("width", group.width)?,
        fixed: read.field("static", group.r#static)?,
        scale: read.field("scale", group.scale)?,
    })
}

/// A base of a discount: 0, or large enough that a number still has its digits after any growth.
fn base(read: &Group, name: &str, value: Decimal) -> Result<Real, String> {
    let base = read.field(name, value)?;
    if base == Real::ZERO {
        return Ok(base);
    }
    at_least(&format!("parameters.{}.{name}", read.0), value, BASE_LEAST)
}

fn discount(group: &input::Discount) -> Result<Discount, String> {
    let read = Group("discount");
    Ok(Discount {
        base_long: base(&read, "base_long", group.base_long)?,
        long_mult: read.field("long_mult", group.long_mult)?,
        long_add: read.field("long_add", group.long_add)?,
        base_short: base(&read, "base_short", group.base_short)?,
        short_mult: read.field("short_mult", group.short_mult)?,
        short_add: read.field("short_add", group.short_add)?,
    })
}

fn basis(group: &input::Basis) -> Result<Basis, String> {
    let read = Group("basis");
    Ok(Basis {
        up: read.field("up", group.up)?,
        down: read.field("down", group.down)?,
        add: read.field("add", group.add)?,
        mult: read.field("mult", group.mult)?,
    })
}

fn contingency(group: &input::Contingency) -> Result<Contingency, String> {
    let read = Group("contingency");
    Ok(Contingency {
        mm_option: read.field("mm_option", group.mm_option)?,
        im_option: read.field("im_option", group.im_option)?,
        conf_threshold: read.field("conf_threshold", group.conf_threshold)?,
        conf_margin: read.field("conf_margin", group.conf_margin)?,
        peg_threshold: read.field("peg_threshold", group.peg_threshold)?,
        peg_factor: read.field("peg_factor", group.peg_factor)?,
    })
}

fn concentration(group: &input::Concentration) -> Result<Concentration, String> {
    let read = Group("concentration");
    Ok(Concentration {
        share: read.field("share", group.share)?,
        free: read.field("free", group.free)?,
        rate: read.field("rate", group.rate)?,
        vega_free: read.field("vega_free", group.vega_free)?,
        vega_rate: read.field("vega_rate", group.vega_rate)?,
    })
}

fn between_steps(group: &input::BetweenSteps) -> Result<BetweenSteps, String> {
    let read = Group("between_steps");
    Ok(BetweenSteps { seconds: read.field("seconds", group.seconds)?, step: read.field("step", group.step)? })
}

/// Two markets that offset each other's losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Share of the losses that counts together.
    pub share: Real,
    /// Their places in the document.
    pub members: [usize; 2],
}

/// The offset of a document whose markets are `books`, if it has one.
pub fn offset(group: Option<&input::Offset>, books: &[Book]) -> Result<Option<Offset>, String> {
    let Some(group) = group else { return Ok(None) };
    let share = Group("offset").field("share", group.share)?;
    let path = "parameters.offset.underlyings";
    let [first, second] = group.underlyings.as_slice() else {
        return Err(format!("{path} has {} entries: it takes two", group.underlyings.len()));
    };
    if first == second {
        return Err(format!("{path}[1]: {second:?} is there twice"));
    }
    let market = |index: usize, name: &String| {
        let at = books.iter().position(|book| book.underlying == *name);
        at.ok_or_else(|| format!("{path}[{index}]: no market {name:?}"))
    };
    Ok(Some(Offset { share, members: [market(0, first)?, market(1, second)?] }))
}

/// Parameters of cross and isolated mode; `collateral` says whether there is any.
pub fn cross(input: &input::Parameters, collateral: bool) -> Result<cross::Parameters, String> {
    let why = "modes \"cross\" and \"isolated\" need it";
    let group = required("parameters.cross", input.cross.as_ref(), why)?;
    let read = Group("cross");
    let or_zero = |name: &str, value| within_or(&format!("parameters.cross.{name}"), value, Real::ZERO);
    if collateral {
        required("parameters.cross.collateral_factor", group.collateral_factor, "there is collateral")?;
    }
    Ok(cross::Parameters {
        max_spot: read.field("max_spot", group.max_spot)?,
        min_spot: read.field("min_spot", group.min_spot)?,
        mm_call: read.field("mm_call", group.mm_call)?,
        mm_put: read.field("mm_put", group.mm_put)?,
        mm_put_mark: read.field("mm_put_mark", group.mm_put_mark)?,
        unpaired_im: read.field("unpaired_im", group.unpaired_im)?,
        unpaired_mm: read.field("unpaired_mm", group.unpaired_mm)?,
        offset: read.field("offset", group.offset)?,
        conf_threshold: read.field("conf_threshold", group.conf_threshold)?,
        conf_factor: read.field("conf_factor", group.conf_factor)?,
        depeg_threshold: read.field("depeg_threshold", group.depeg_threshold)?,
        depeg_factor: read.field("depeg_factor", group.depeg_factor)?,
        collateral_factor: or_zero("collateral_factor", group.collateral_factor)?,
        long_im: or_zero("long_im", group.long_im)?,
        long_mm: or_zero("long_mm", group.long_mm)?,
        averaging_vol: input.averaging_vol,
    })
}
