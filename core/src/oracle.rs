//! Which prices are accepted, how fast the accepted price may move, and what each action asks of it.
//!
//! Anyone may post any valid update, so choosing the best price of a window is an attack. Therefore publish times
//! only rise, the accepted price moves by a capped step, and a larger true move **walks** there: `raw` is the last
//! true price, `price` the accepted one, and risk-increasing actions wait until the two meet.

use bytemuck::{Pod, Zeroable};

use crate::math::fixed::{div_toward_zero, mul_div_up, power_of_ten, Bounded};
use crate::parameters::{check_ranges, in_ranges, ppm_down, range, ParameterError, PPM};
use crate::units::{Price, Ratio, Seconds};

/// Decimals of a [`Price`]: quote atoms per whole underlying.
pub const PRICE_DECIMALS: i32 = 6;
/// Largest price any underlying may allow, quote atoms per whole underlying: a trillion quote tokens.
pub const PRICE_CEILING: i64 = 1_000_000_000_000_000_000;

/// What makes a price acceptable. Ratios in ppm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct OracleParameters {
    /// Lowest sane price: quote atoms per whole underlying, > 0.
    pub price_min: i64,
    /// Highest sane price: quote atoms per whole underlying.
    pub price_max: i64,
    /// Age above which a price is stale for acceptance, risk increase, withdrawal and sampling, seconds.
    pub max_age_seconds: u32,
    /// Age above which a price is stale for liquidation, seconds; at most `max_age_seconds`.
    pub liquidation_max_age_seconds: u32,
    /// How far a publish time may run ahead of the clock, seconds.
    pub future_max_seconds: u32,
    /// Longest time a price may walk before the raw price is taken outright, seconds.
    pub walk_max_seconds: u32,
    /// Confidence interval above which risk increase and withdrawal stop, ppm of the price.
    pub max_confidence: u32,
    /// Distance of price and EMA above which risk increase and withdrawal stop, ppm of the EMA.
    pub max_ema_divergence: u32,
    /// Largest accepted move of one update, ppm of the accepted price.
    pub max_move_per_update: u32,
    /// Largest accepted move per second between updates, ppm of the accepted price.
    pub max_move_per_second: u32,
    /// Confidence interval at which the spot confidence is zero, ppm of the price.
    pub confidence_full: u32,
    /// Confidence interval, and distance of price and EMA, above which an update is wild: not accepted at all, ppm.
    pub max_wild: u32,
}

const _: () = assert!(core::mem::size_of::<OracleParameters>() == 56);

impl OracleParameters {
    /// A BTC-like underlying: 100 to a million quote, accepted to 60 s old, liquidation to 30 s, clocks 10 s ahead,
    /// confidence 1.5 % and EMA distance 10 % for new risk, 50 % for anything; 10 % a step, 1 % a second, 120 s walk.
    pub const fn shipped() -> Self {
        Self {
            price_min: 100_000_000,
            price_max: 1_000_000_000_000,
            max_age_seconds: 60,
            liquidation_max_age_seconds: 30,
            future_max_seconds: 10,
            walk_max_seconds: 120,
            max_confidence: 15_000,
            max_ema_divergence: 100_000,
            max_move_per_update: 100_000,
            max_move_per_second: 10_000,
            confidence_full: 20_000,
            max_wild: 500_000,
        }
    }

    /// Checks every hard range and the order of the fields. Errors: the first field outside.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_ranges!(self, {
            price_min: 1..=PRICE_CEILING,
            max_age_seconds: 5..=600,
            future_max_seconds: 0..=60,
            walk_max_seconds: 1..=900,
            max_move_per_update: 1_000..=500_000,
            confidence_full: 1_000..=PPM,
            max_wild: 50_000..=900_000,
        })?;
        in_ranges(&[
            range("price_max", self.price_max, self.price_min, PRICE_CEILING),
            range("liquidation_max_age_seconds", self.liquidation_max_age_seconds, 5, self.max_age_seconds),
            range("max_confidence", self.max_confidence, 100, self.max_wild),
            range("max_ema_divergence", self.max_ema_divergence, 1_000, self.max_wild),
            range("max_move_per_second", self.max_move_per_second, 100, self.max_move_per_update),
        ])
    }
}

/// A price update as its publisher wrote it: `price x 10^exponent` USD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Mantissa of the price.
    pub price: i64,
    /// Mantissa of the confidence interval, same exponent.
    pub confidence: u64,
    /// Mantissa of the exponential moving average, same exponent.
    pub ema: i64,
    /// Power of ten of the three.
    pub exponent: i32,
    /// When it was published: unix seconds.
    pub publish_time: Seconds,
}

/// A price update in the project's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Price, rounded to nearest.
    pub price: Price,
    /// Confidence interval, rounded up.
    pub confidence: Price,
    /// Exponential moving average, rounded to nearest.
    pub ema: Price,
    /// When it was published: unix seconds.
    pub publish_time: Seconds,
}

/// Accepted price and walk of one underlying, stored as it is. Written by acceptance only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PriceState {
    /// Accepted price: quote atoms per whole underlying; 0 before the first.
    pub price: i64,
    /// Average price of the same update: quote atoms per whole underlying.
    pub ema: i64,
    /// Price of the same update before any cap on its move; equal to `price` when converged.
    pub raw: i64,
    /// Confidence interval: quote atoms per whole underlying, >= 0.
    pub confidence: i64,
    /// Publish time of the update: unix seconds, 0 before the first.
    pub publish_time: i64,
    /// Since when `price` walks toward `raw`: unix seconds of the clock; 0: converged.
    pub walking_since: i64,
    /// Seconds of all finished walks, >= 0.
    pub walk_seconds: i64,
}

const _: () = assert!(core::mem::size_of::<PriceState>() == 56);

/// Lowest and highest of several prices of one underlying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceRange {
    /// The lowest.
    pub low: Price,
    /// The highest.
    pub high: Price,
}

/// What acceptance leads to. `state.price` lies between the last accepted price and `state.raw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The state to store.
    pub state: PriceState,
    /// The accepted price before; zero if this is the first.
    pub price_before: Price,
    /// The true move was larger than the cap: the price walks.
    pub capped: bool,
}

/// Why a price is refused, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OracleRefusal {
    /// The exponent cannot be brought to [`PRICE_DECIMALS`].
    Exponent {
        /// The exponent.
        exponent: i32,
    },
    /// Price or EMA is not positive, or leaves the integers once scaled.
    NotPositive {
        /// The mantissa.
        mantissa: i64,
    },
    /// Price outside `[price_min, price_max]`.
    OutOfBounds {
        /// The price.
        price: i64,
        /// The bound it crossed.
        bound: i64,
    },
    /// Not newer than the last accepted update.
    NotNewer {
        /// Publish time of this update.
        publish_time: Seconds,
        /// Publish time of the last one.
        last: Seconds,
    },
    /// Published too far ahead of the clock.
    FromFuture {
        /// Publish time of this update.
        publish_time: Seconds,
        /// Latest allowed.
        latest: Seconds,
    },
    /// Too old for the action.
    Stale {
        /// Age in seconds.
        age: Seconds,
        /// Largest allowed.
        max: Seconds,
    },
    /// Confidence interval too wide for the action.
    Uncertain {
        /// The interval.
        confidence: i64,
        /// Largest allowed at this price.
        max: i64,
    },
    /// Price and EMA too far apart for the action.
    Diverged {
        /// Their distance.
        distance: i64,
        /// Largest allowed at this EMA.
        max: i64,
    },
    /// The accepted price still walks.
    Walking {
        /// Accepted price.
        price: i64,
        /// Where it walks to.
        raw: i64,
    },
    /// No price was accepted yet.
    Missing,
}

/// What somebody wants to do with a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Trade or list in a way that may raise risk.
    RiskIncrease,
    /// Take value out while holding positions.
    Withdraw,
    /// Trade under the curing rule, or reduce at the last mark.
    RiskReduce,
    /// Put value in.
    Deposit,
    /// Start, bid in or end an auction; sell collateral.
    Liquidate,
    /// Settle an account of a settled expiry.
    Settle,
    /// Take a settlement sample.
    Sample,
}

/// What an action asks of the accepted price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asks {
    /// A price must exist.
    price: bool,
    /// Largest age.
    age: Age,
    /// Confidence at most `max_confidence`, distance to the EMA at most `max_ema_divergence`.
    tight: bool,
    /// Distance of the raw price to the EMA at most `max_wild`.
    tame: bool,
    /// Not walking.
    converged: bool,
}

/// Which age bound applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Any,
    Fresh,
    Liquidation,
}

/// The validity table.
fn asks(action: Action) -> Asks {
    use Age::{Any, Fresh, Liquidation};
    let row = |price, age, tight, tame, converged| Asks { price, age, tight, tame, converged };
    match action {
        //                        price  age          tight  tame   converged
        Action::RiskIncrease => row(true, Fresh, true, true, true),
        Action::Withdraw => row(true, Fresh, true, true, true),
        Action::RiskReduce => row(true, Any, false, false, false),
        Action::Deposit => row(false, Any, false, false, false),
        Action::Liquidate => row(true, Liquidation, false, true, false),
        Action::Settle => row(false, Any, false, false, false),
        Action::Sample => row(true, Fresh, false, true, false),
    }
}

/// A publisher's update in the project's units. `mantissa x 10^(exponent + 6)`.
///
/// Errors: `Exponent`, `NotPositive`.
pub fn read(observation: &Observation) -> Result<Reading, OracleRefusal> {
    let refused = OracleRefusal::Exponent { exponent: observation.exponent };
    let places = observation.exponent.checked_add(PRICE_DECIMALS).ok_or(refused)?;
    let power = power_of_ten(places.unsigned_abs()).ok_or(refused)?;
    let price = scale_nearest(observation.price, power, places < 0)?;
    let ema = scale_nearest(observation.ema, power, places < 0)?;
    Ok(Reading {
        price: Price(price),
        confidence: Price(scale_confidence_up(observation.confidence, power, places < 0)),
        ema: Price(ema),
        publish_time: observation.publish_time,
    })
}

/// Positive `mantissa` times or over `power`, half away from zero. Errors: `NotPositive` (before or after).
fn scale_nearest(mantissa: i64, power: i64, down: bool) -> Result<i64, OracleRefusal> {
    let refused = OracleRefusal::NotPositive { mantissa };
    let scaled = if down {
        div_toward_zero(mantissa, power).map(|whole| {
            // PROOF: |rest| < power <= 10^18, and whole + 1 only where power >= 2 halved the mantissa.
            let rest = mantissa.wrapping_sub(whole.wrapping_mul(power));
            whole.wrapping_add(i64::from(power > 1 && rest >= power.wrapping_sub(rest)))
        })
    } else {
        mantissa.checked_mul(power)
    };
    match scaled {
        Some(scaled) if mantissa > 0 && scaled > 0 => Ok(scaled),
        _ => Err(refused),
    }
}

/// Confidence interval times or over `power`, up; saturates, so that a huge interval is refused as too wide.
fn scale_confidence_up(mantissa: u64, power: i64, down: bool) -> i64 {
    let power = power.unsigned_abs().max(1);
    let scaled = if down { mantissa.div_ceil(power) } else { mantissa.saturating_mul(power) };
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// The next state after `reading`.
///
/// Let P be the accepted price, T the true one, dt the seconds between the two publish times (>= 1) and
/// c = P x min(max_move_per_update, max_move_per_second x dt), at least one atom. |T - P| <= c is taken; else P moves
/// by c toward T and walks, until T is within a step, or the walk is `walk_max_seconds` old and T is taken outright.
/// The first price of all is taken outright.
///
/// Errors: every refusal but `Exponent`, `Walking`, `Missing`; the bounds are those of any use (`max_wild`), the
/// tighter ones of each action are in [`check`].
pub fn accept(
    state: &PriceState,
    reading: &Reading,
    now: Seconds,
    parameters: &OracleParameters,
) -> Result<Accepted, OracleRefusal> {
    check_reading(state, reading, now, parameters)?;
    let raw = reading.price.0;
    let mut next = *state;
    next.raw = raw;
    next.ema = reading.ema.0;
    next.confidence = reading.confidence.0;
    next.publish_time = reading.publish_time;
    let step = step_max(state, reading.publish_time, parameters);
    let distance = raw.saturated_sub(state.price);
    let outright = state.price == 0 || walk_is_over(state, now, parameters);
    let capped = !outright && distance.saturating_abs() > step;
    if capped {
        // PROOF of the saturation: the sum lies between two prices.
        next.price = state.price.saturated_add(distance.clamp(step.saturating_neg(), step));
        next.walking_since = if state.is_walking() { state.walking_since } else { now.max(1) };
    } else {
        next.price = raw;
        next.walk_seconds = walk_seconds(state, now, parameters);
        next.walking_since = 0;
    }
    Ok(Accepted { state: next, price_before: Price(state.price), capped })
}

/// Largest move from `state.price` that one update at `publish_time` may make, >= 1 atom.
fn step_max(state: &PriceState, publish_time: Seconds, parameters: &OracleParameters) -> i64 {
    let elapsed = publish_time.saturated_sub(state.publish_time).max(0);
    let by_time = i64::from(parameters.max_move_per_second).saturated_mul(elapsed);
    let share = u32::try_from(by_time).unwrap_or(u32::MAX).min(parameters.max_move_per_update);
    ppm_down(state.price, share).unwrap_or(i64::MAX).max(1)
}

/// Whether the walk is as old as it may become.
fn walk_is_over(state: &PriceState, now: Seconds, parameters: &OracleParameters) -> bool {
    state.is_walking() && now.saturated_sub(state.walking_since) >= i64::from(parameters.walk_max_seconds)
}

fn check_reading(
    state: &PriceState,
    reading: &Reading,
    now: Seconds,
    parameters: &OracleParameters,
) -> Result<(), OracleRefusal> {
    let publish_time = reading.publish_time;
    if publish_time <= state.publish_time {
        return Err(OracleRefusal::NotNewer { publish_time, last: state.publish_time });
    }
    let latest = now.saturated_add(i64::from(parameters.future_max_seconds));
    if publish_time > latest {
        return Err(OracleRefusal::FromFuture { publish_time, latest });
    }
    check_age(publish_time, now, parameters.max_age_seconds)?;
    for price in [reading.price.0, reading.ema.0] {
        if price <= 0 {
            return Err(OracleRefusal::NotPositive { mantissa: price });
        }
    }
    let price = reading.price.0;
    if price < parameters.price_min {
        return Err(OracleRefusal::OutOfBounds { price, bound: parameters.price_min });
    }
    if price > parameters.price_max {
        return Err(OracleRefusal::OutOfBounds { price, bound: parameters.price_max });
    }
    check_confidence(price, reading.confidence.0, parameters.max_wild)?;
    check_divergence(price, reading.ema.0, parameters.max_wild)
}

/// Age = max(0, now - publish_time) at most `max`.
fn check_age(publish_time: Seconds, now: Seconds, max: u32) -> Result<(), OracleRefusal> {
    let (age, max) = (now.saturated_sub(publish_time).max(0), Seconds::from(max));
    if age > max {
        return Err(OracleRefusal::Stale { age, max });
    }
    Ok(())
}

/// Confidence interval at most `price x max`.
fn check_confidence(price: i64, confidence: i64, max: u32) -> Result<(), OracleRefusal> {
    let max = ppm_down(price, max).unwrap_or(i64::MAX);
    if confidence < 0 || confidence > max {
        return Err(OracleRefusal::Uncertain { confidence, max });
    }
    Ok(())
}

/// |price - EMA| at most `EMA x max`.
fn check_divergence(price: i64, ema: i64, max: u32) -> Result<(), OracleRefusal> {
    let max = ppm_down(ema, max).unwrap_or(i64::MAX);
    let distance = price.saturated_sub(ema).saturating_abs();
    if distance > max {
        return Err(OracleRefusal::Diverged { distance, max });
    }
    Ok(())
}

/// Whether `action` may use the accepted price now.
///
/// | action | price | age at most | confidence, EMA | not wild | not walking |
/// |---|---|---|---|---|---|
/// | risk increase, withdrawal | yes | `max_age_seconds` | tight | yes | yes |
/// | liquidation | yes | `liquidation_max_age_seconds` | | yes | |
/// | settlement sample | yes | `max_age_seconds` | | yes | |
/// | risk reduction | yes | any: see [`is_stale`] | | | |
/// | deposit, account settlement | | | | | |
///
/// Errors: `Missing`, `Stale`, `Uncertain`, `Diverged`, `Walking`, the first that applies.
pub fn check(
    action: Action,
    state: &PriceState,
    now: Seconds,
    parameters: &OracleParameters,
) -> Result<(), OracleRefusal> {
    let asks = asks(action);
    if asks.price && state.price <= 0 {
        return Err(OracleRefusal::Missing);
    }
    match asks.age {
        Age::Any => {}
        Age::Fresh => check_age(state.publish_time, now, parameters.max_age_seconds)?,
        Age::Liquidation => check_age(state.publish_time, now, parameters.liquidation_max_age_seconds)?,
    }
    if asks.tight {
        check_confidence(state.raw, state.confidence, parameters.max_confidence)?;
        check_divergence(state.raw, state.ema, parameters.max_ema_divergence)?;
    }
    if asks.tame {
        check_divergence(state.raw, state.ema, parameters.max_wild)?;
    }
    if asks.converged && state.is_walking() {
        return Err(OracleRefusal::Walking { price: state.price, raw: state.raw });
    }
    Ok(())
}

/// Whether the price is older than `max_age_seconds`, or missing: then only trades that reduce |quantity| on both
/// sides pass, at the last accepted mark.
pub fn is_stale(state: &PriceState, now: Seconds, parameters: &OracleParameters) -> bool {
    state.price <= 0 || check_age(state.publish_time, now, parameters.max_age_seconds).is_err()
}

/// Age from which a price that values collateral alone is silent, seconds: it stops no liquidation any more. An atom of
/// a token whose feed pauses must not shield an account; what the token counts for stays at the last price,
/// but for new risk of who bids or buys.
pub const SILENT_AFTER_SECONDS: Seconds = 900;

/// Age from which a price that values collateral alone is dead, seconds: the collateral counts nothing, and the price
/// stops no action. Anyone may post a price that is merely old.
pub const DEAD_AFTER_SECONDS: Seconds = 86_400;

/// Whether the price is missing or older than `age` seconds.
pub fn is_older(state: &PriceState, now: Seconds, age: Seconds) -> bool {
    state.price <= 0 || now.saturated_sub(state.publish_time) > age
}

/// Confidence in the spot price: `clamp(1 - conf / (price x confidence_full), 0, 1)`, rounded down.
pub fn spot_confidence(state: &PriceState, parameters: &OracleParameters) -> Ratio {
    let full = ppm_down(state.price, parameters.confidence_full).unwrap_or(0);
    if full <= 0 || state.confidence >= full {
        return Ratio(0);
    }
    let lost = mul_div_up(state.confidence.max(0), PPM, full).unwrap_or(PPM);
    Ratio(Ratio::ONE.0.saturating_sub(u32::try_from(lost).unwrap_or(u32::MAX)))
}

/// Seconds ever spent walking, the running walk included: what auction clocks leave out. A walk counts for at most
/// `walk_max_seconds`, so an oracle that falls silent while walking stops no auction for longer.
pub fn walk_seconds(state: &PriceState, now: Seconds, parameters: &OracleParameters) -> Seconds {
    if !state.is_walking() {
        return state.walk_seconds;
    }
    let running = now.saturated_sub(state.walking_since).clamp(0, i64::from(parameters.walk_max_seconds));
    state.walk_seconds.saturated_add(running)
}

impl PriceState {
    /// Whether the accepted price is still on its way to the raw one.
    pub const fn is_walking(&self) -> bool {
        self.walking_since != 0
    }

    /// The raw price while walking, else `None`.
    pub const fn walking_to(&self) -> Option<Price> {
        if self.is_walking() {
            Some(Price(self.raw))
        } else {
            None
        }
    }

    /// Lowest and highest of accepted price, EMA and, while walking, raw price: what the initial balance stands on.
    pub fn initial_range(&self) -> PriceRange {
        let range = self.maintenance_range();
        PriceRange { low: Price(range.low.0.min(self.ema)), high: Price(range.high.0.max(self.ema)) }
    }

    /// Lowest and highest of accepted price and, while walking, raw price: what the maintenance balance stands on.
    pub fn maintenance_range(&self) -> PriceRange {
        let other = if self.is_walking() { self.raw } else { self.price };
        PriceRange { low: Price(self.price.min(other)), high: Price(self.price.max(other)) }
    }
}
