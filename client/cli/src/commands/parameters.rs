//! Parameter groups as TOML: every field an integer in the rule book's unit (ppm, seconds, quote atoms).

use std::path::Path;

use plimsoll::state::{
    AuctionParameters, ClearinghouseParameters, CrossParameters, GridParameters, LimitParameters, OracleParameters,
    PortfolioParameters, ScanParameters, Underlying, VolatilityParameters,
};
use plimsoll::UnderlyingCreateArgs;
use plimsoll_core::margin::scenario::NO_PEER;
use toml::{Table, Value};

use crate::Failure;

/// A parameter group by field name.
trait Group {
    /// Names and values, in the order stored: integers, and lists of them.
    fn fields(&self) -> Vec<(&'static str, Value)>;
    /// Sets one field; `false`: there is none of that name. Errors: the value is none of the field's.
    fn set(&mut self, name: &str, value: &Value) -> Result<bool, String>;
    /// The rule book's ranges; the error names field and bounds.
    fn check(&self) -> Result<(), String>;
}

macro_rules! group {
    ($name:ident { $($field:ident),+ $(,)? } $([ $($list:ident or $unused:expr),+ ])?) => {
        impl Group for $name {
            fn fields(&self) -> Vec<(&'static str, Value)> {
                vec![
                    $((stringify!($field), Value::Integer(i64::from(self.$field))),)+
                    $($((stringify!($list), list(&self.$list, $unused)),)+)?
                ]
            }

            fn set(&mut self, name: &str, value: &Value) -> Result<bool, String> {
                match name {
                    $(stringify!($field) => self.$field = integer(value)?,)+
                    $($(stringify!($list) => self.$list = integers(value, $unused)?,)+)?
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn check(&self) -> Result<(), String> {
                self.rules().validate().map_err(|error| error.to_string())
            }
        }
    };
}

/// An integer of a field. Errors: it is none, or beyond the field's own.
fn integer<T: TryFrom<i64> + Bounds>(value: &Value) -> Result<T, String> {
    let integer = value.as_integer().ok_or_else(|| format!("= {value} must be an integer"))?;
    T::try_from(integer).map_err(|_| format!("= {integer} is outside [{}, {}]", T::LEAST, T::MOST))
}

/// A list of at most `N` integers; what is left out at its end is `unused`. Errors: it is none.
fn integers<T: TryFrom<i64> + Bounds + Copy, const N: usize>(value: &Value, unused: T) -> Result<[T; N], String> {
    let refused = || format!("= {value} must be a list of at most {N} integers");
    let given = value.as_array().filter(|given| given.len() <= N).ok_or_else(refused)?;
    let mut list = [unused; N];
    for (place, value) in list.iter_mut().zip(given) {
        *place = integer(value)?;
    }
    Ok(list)
}

/// A list without what is `unused` at its end.
fn list<T: Into<i64> + Copy + PartialEq>(values: &[T], unused: T) -> Value {
    let used = values.iter().rposition(|value| *value != unused).map_or(0, |last| last + 1);
    Value::Array(values[..used].iter().map(|value| Value::Integer((*value).into())).collect())
}

/// The ends of an integer, for messages.
trait Bounds {
    const LEAST: i64;
    const MOST: i64;
}

macro_rules! bounds {
    ($($integer:ident),+) => {$(
        impl Bounds for $integer {
            const LEAST: i64 = $integer::MIN as i64;
            const MOST: i64 = $integer::MAX as i64;
        }
    )+};
}

bounds!(u16, u32, i32, i64);

group!(ClearinghouseParameters {
    debt_cap,
    outflow_reserved,
    trade_fee,
    trade_fee_premium_cap,
    insurance_share,
    debt_rate,
    sale_discount_max,
    sale_window_seconds,
    settlement_hold_seconds,
    outflow_window_seconds,
    outflow_cap,
    collateral_conf_threshold,
    collateral_conf_factor,
});
group!(GridParameters {
    strike_step,
    expiry_interval_seconds,
    expiry_offset_seconds,
    min_lead_seconds,
    max_days,
    moneyness_low,
    moneyness_high,
});
group!(OracleParameters {
    price_min,
    price_max,
    max_age_seconds,
    liquidation_max_age_seconds,
    future_max_seconds,
    walk_max_seconds,
    max_confidence,
    max_ema_divergence,
    max_move_per_update,
    max_move_per_second,
    confidence_full,
    max_wild,
});
group!(VolatilityParameters {
    fast_half_life_seconds,
    slow_half_life_seconds,
    floor,
    cap,
    blend,
    reversion_seconds,
    reference,
});
group!(ScanParameters { deviations, horizon_seconds, range_floor, range_cap, range_reference, scale_cap, daily_rise });
group!(CrossParameters {
    max_spot,
    min_spot,
    mm_call,
    mm_put,
    mm_put_mark,
    unpaired_im,
    unpaired_mm,
    offset,
    conf_threshold,
    conf_factor,
    depeg_threshold,
    depeg_factor,
    long_im,
    long_mm,
});
group!(AuctionParameters {
    d0,
    d1,
    fast_seconds,
    slow_seconds,
    buffer,
    cutoff,
    start_fee,
    starter_share,
    slice,
    rho_max,
    rho_slope,
    rewind_seconds,
});
group!(LimitParameters {
    max_quantity,
    open_interest_cap,
    price_band,
    price_band_floor,
    curing_slip,
    settlement_required_seconds,
    sample_hold_max_seconds,
});
group!(
    PortfolioParameters {
        grid_step,
        range_reference,
        tail_dampening,
        range_up,
        range_down,
        min_vol_up,
        short_power,
        long_power,
        dte_floor_seconds,
        linear_base_cap,
        linear_c_base,
        abs_base_cap,
        abs_c_base,
        skew_min_k,
        skew_width,
        skew_static,
        skew_scale,
        base_long,
        long_add,
        basis_up,
        basis_down,
        basis_add,
        basis_mult,
        mm_option,
        im_option,
        conf_threshold,
        conf_margin,
        peg_threshold,
        peg_factor,
        mm_factor,
        im_factor,
        rows_max_age_seconds,
        rows_max_drift,
        rows_pay,
        concentration_share,
        concentration_free,
        concentration_rate,
        vega_free,
        vega_rate,
        correlation_margin,
        correlation_cap,
        basis_scenarios,
        near_seconds,
    }[tails or 0, correlation_peers or NO_PEER]
);

type Groups<'a> = Vec<(&'static str, &'a mut dyn Group)>;

fn clearinghouse_groups(parameters: &mut ClearinghouseParameters) -> Groups<'_> {
    vec![("clearinghouse", parameters)]
}

fn underlying_groups(args: &mut UnderlyingCreateArgs) -> Groups<'_> {
    vec![
        ("grid", &mut args.grid),
        ("oracle", &mut args.oracle_parameters),
        ("volatility", &mut args.volatility),
        ("scan", &mut args.scan),
        ("cross", &mut args.cross),
        ("auction", &mut args.auction),
        ("limits", &mut args.limits),
        ("portfolio", &mut args.portfolio),
    ]
}

/// Overrides `parameters` by the file, if there is one. Errors: `Input` naming the field and its bounds.
pub fn apply_clearinghouse(parameters: &mut ClearinghouseParameters, file: Option<&Path>) -> Result<(), Failure> {
    apply(file, &mut clearinghouse_groups(parameters))
}

/// Overrides the groups of `args` by the file, if there is one. Errors: `Input` naming the field and its bounds.
pub fn apply_underlying(args: &mut UnderlyingCreateArgs, file: Option<&Path>) -> Result<(), Failure> {
    apply(file, &mut underlying_groups(args))?;
    let refused = |error: plimsoll_core::parameters::ParameterError| {
        let place = file.map_or_else(String::new, |path| format!("--parameters {}: ", path.display()));
        let step = args.portfolio.grid_step;
        Failure::Input(format!("{place}[scan] {error}: the scenario grid of [portfolio] takes eight steps of {step}"))
    };
    args.portfolio.rules().validate_cap(args.scan.range_cap).map_err(refused)
}

/// The groups of a listed underlying, by name with their fields.
pub fn listed(underlying: &Underlying) -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let mut args = listing(underlying);
    underlying_groups(&mut args).iter().map(|(name, group)| (*name, group.fields())).collect()
}

/// What `underlying` was listed with.
pub fn listing(underlying: &Underlying) -> UnderlyingCreateArgs {
    UnderlyingCreateArgs {
        index: underlying.index,
        stable: 0,
        receiver_program: underlying.receiver_program,
        feed_id: underlying.feed_id,
        contract_size: underlying.contract_size,
        grid: underlying.grid,
        oracle_parameters: underlying.oracle_parameters,
        volatility: underlying.volatility,
        scan: underlying.scan,
        cross: underlying.cross,
        auction: underlying.auction,
        limits: underlying.limits,
        portfolio: underlying.portfolio,
    }
}

/// The parameters as such a file.
pub fn print_clearinghouse(parameters: &mut ClearinghouseParameters) -> String {
    render(&clearinghouse_groups(parameters))
}

/// The groups of `args` as such a file.
pub fn print_underlying(args: &mut UnderlyingCreateArgs) -> String {
    render(&underlying_groups(args))
}

fn render(groups: &Groups) -> String {
    let mut text =
        "# Ratios are ppm (1000000 is 1), spans seconds, amounts and prices quote atoms (6 decimals).".to_owned();
    for (name, group) in groups {
        text.push_str(&format!("\n\n[{name}]"));
        for (field, value) in group.fields() {
            text.push_str(&format!("\n{field} = {value}"));
        }
    }
    text
}

fn apply(file: Option<&Path>, groups: &mut Groups) -> Result<(), Failure> {
    let place = file.map_or_else(String::new, |path| format!("--parameters {}: ", path.display()));
    let refused = |what: String| Failure::Input(format!("{place}{what}"));
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let document: Table = text.parse().map_err(|error: toml::de::Error| refused(error.to_string()))?;
        for (section, content) in &document {
            override_group(groups, section, content).map_err(refused)?;
        }
    }
    for (name, group) in groups.iter() {
        group.check().map_err(|error| refused(format!("[{name}] {error}")))?;
    }
    Ok(())
}

fn override_group(groups: &mut Groups, section: &str, content: &Value) -> Result<(), String> {
    let known: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
    let Some((_, group)) = groups.iter_mut().find(|(name, _)| *name == section) else {
        return Err(format!("unknown section [{section}]; known: {}", known.join(", ")));
    };
    let fields = content.as_table().ok_or_else(|| format!("{section} must be a section: [{section}]"))?;
    for (field, value) in fields {
        if !group.set(field, value).map_err(|what| format!("[{section}] {field} {what}"))? {
            let known: Vec<&str> = group.fields().into_iter().map(|(name, _)| name).collect();
            return Err(format!("[{section}] unknown field {field}; known: {}", known.join(", ")));
        }
    }
    Ok(())
}
