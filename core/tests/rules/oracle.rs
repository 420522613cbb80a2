//! Which prices are accepted, how they walk, and what each action asks.

use plimsoll_core::oracle::*;
use plimsoll_core::units::{Price, Ratio};
use proptest::prelude::*;

const SHIPPED: OracleParameters = OracleParameters::shipped();
/// 50,000 quote.
const SPOT: i64 = 50_000_000_000;
const NOW: i64 = 1_000_000;

fn reading(price: i64, publish_time: i64) -> Reading {
    Reading { price: Price(price), confidence: Price(0), ema: Price(price), publish_time }
}

fn state() -> PriceState {
    accept(&PriceState::default(), &reading(SPOT, NOW), NOW, &SHIPPED).unwrap().state
}

fn observation(price: i64, confidence: u64, exponent: i32) -> Observation {
    Observation { price, confidence, ema: price, exponent, publish_time: NOW }
}

#[test]
fn an_observation_is_brought_to_six_decimals() {
    let at = |price, confidence, exponent| {
        let r = read(&observation(price, confidence, exponent)).unwrap();
        (r.price.0, r.confidence.0, r.ema.0)
    };
    assert_eq!(at(5_000_000_000_000, 1_000_000_000, -8), (SPOT, 10_000_000, SPOT));
    assert_eq!(at(50_000, 7, 0), (SPOT, 7_000_000, SPOT));
    assert_eq!(at(149, 101, -8), (1, 2, 1)); // nearest; confidence up
    assert_eq!(at(150, 100, -8), (2, 1, 2));
    assert_eq!(at(50, 1, -8), (1, 1, 1));
    assert_eq!(at(7, 1, -6), (7, 1, 7));
}

#[test]
fn an_observation_outside_the_integers_is_refused() {
    let refused = |price, exponent| read(&observation(price, 0, exponent)).unwrap_err();
    assert_eq!(refused(49, -8), OracleRefusal::NotPositive { mantissa: 49 });
    assert_eq!(refused(0, -8), OracleRefusal::NotPositive { mantissa: 0 });
    assert_eq!(refused(-1, 0), OracleRefusal::NotPositive { mantissa: -1 });
    assert_eq!(refused(10, 12), OracleRefusal::NotPositive { mantissa: 10 });
    assert!(read(&observation(9, 0, 12)).is_ok());
    assert_eq!(refused(1, 13), OracleRefusal::Exponent { exponent: 13 });
    assert_eq!(refused(1, -25), OracleRefusal::Exponent { exponent: -25 });
    assert!(read(&observation(i64::MAX, 0, -24)).is_ok());
    assert_eq!(read(&observation(i64::MAX, 0, -7)).unwrap().price, Price(i64::MAX / 10 + 1));
    assert_eq!(refused(i64::MAX, i32::MAX), OracleRefusal::Exponent { exponent: i32::MAX });
    assert_eq!(refused(i64::MAX, i32::MIN), OracleRefusal::Exponent { exponent: i32::MIN });
    // A confidence too large for its type is kept as the largest, so that it is refused as too wide.
    assert_eq!(read(&observation(1, u64::MAX, 0)).unwrap().confidence, Price::MAX);
    let no_ema = Observation { ema: 0, ..observation(1, 0, 0) };
    assert_eq!(read(&no_ema), Err(OracleRefusal::NotPositive { mantissa: 0 }));
}

#[test]
fn the_first_price_is_taken_outright() {
    let got = state();
    assert_eq!((got.price, got.raw, got.publish_time), (SPOT, SPOT, NOW));
    assert!(!got.is_walking());
}

#[test]
fn publish_times_only_rise() {
    let at = |time| accept(&state(), &reading(SPOT, time), NOW + 5, &SHIPPED);
    assert_eq!(at(NOW), Err(OracleRefusal::NotNewer { publish_time: NOW, last: NOW }));
    assert_eq!(at(NOW - 1), Err(OracleRefusal::NotNewer { publish_time: NOW - 1, last: NOW }));
    assert!(at(NOW + 1).is_ok());
}

#[test]
fn a_publish_time_may_run_ahead_by_its_bound_only() {
    let at = |time| accept(&state(), &reading(SPOT, time), NOW, &SHIPPED);
    assert!(at(NOW + 10).is_ok());
    assert_eq!(at(NOW + 11), Err(OracleRefusal::FromFuture { publish_time: NOW + 11, latest: NOW + 10 }));
}

#[test]
fn an_old_price_is_not_accepted() {
    let at = |now| accept(&state(), &reading(SPOT, NOW + 1), now, &SHIPPED);
    assert!(at(NOW + 61).is_ok());
    assert_eq!(at(NOW + 62), Err(OracleRefusal::Stale { age: 61, max: 60 }));
}

#[test]
fn prices_outside_the_sanity_bounds_are_refused() {
    let at = |price| accept(&PriceState::default(), &reading(price, NOW), NOW, &SHIPPED);
    let (low, high) = (SHIPPED.price_min, SHIPPED.price_max);
    assert!(at(low).is_ok() && at(high).is_ok());
    assert_eq!(at(low - 1), Err(OracleRefusal::OutOfBounds { price: low - 1, bound: low }));
    assert_eq!(at(high + 1), Err(OracleRefusal::OutOfBounds { price: high + 1, bound: high }));
    assert_eq!(at(0), Err(OracleRefusal::NotPositive { mantissa: 0 }));
}

#[test]
fn wild_updates_are_not_accepted() {
    let with = |confidence, ema| {
        let wild = Reading { confidence: Price(confidence), ema: Price(ema), ..reading(SPOT, NOW) };
        accept(&PriceState::default(), &wild, NOW, &SHIPPED)
    };
    assert!(with(SPOT / 2, SPOT).is_ok());
    let (confidence, max) = (SPOT / 2 + 1, SPOT / 2);
    assert_eq!(with(confidence, SPOT), Err(OracleRefusal::Uncertain { confidence, max }));
    assert_eq!(with(-1, SPOT), Err(OracleRefusal::Uncertain { confidence: -1, max }));
    assert!(with(0, SPOT * 2).is_ok());
    let wide = SPOT * 2 + 2;
    assert_eq!(with(0, wide), Err(OracleRefusal::Diverged { distance: SPOT + 2, max: SPOT + 1 }));
}

#[test]
fn a_move_within_the_cap_is_taken_and_one_atom_more_walks() {
    // One second: 1 % of 50,000 = 500 quote.
    let step = SPOT / 100;
    let at = |price| accept(&state(), &reading(price, NOW + 1), NOW + 1, &SHIPPED).unwrap();
    for sign in [1, -1] {
        let taken = at(SPOT + sign * step);
        assert_eq!((taken.state.price, taken.capped), (SPOT + sign * step, false));
        let capped = at(SPOT + sign * (step + 1));
        assert_eq!((capped.state.price, capped.capped), (SPOT + sign * step, true));
        assert_eq!(capped.state.walking_since, NOW + 1);
        assert_eq!(capped.state.walking_to(), Some(Price(SPOT + sign * (step + 1))));
    }
    assert_eq!(at(SPOT).price_before, Price(SPOT));
}

#[test]
fn the_cap_grows_with_time_up_to_the_cap_of_one_update() {
    let after = |seconds| {
        let now = NOW + seconds;
        accept(&state(), &reading(SPOT * 14 / 10, now), now, &SHIPPED).unwrap().state.price - SPOT
    };
    assert_eq!(after(5), SPOT / 20);
    assert_eq!(after(10), SPOT / 10);
    assert_eq!(after(11), SPOT / 10);
    assert_eq!(after(100_000), SPOT / 10);
}

#[test]
fn a_walk_reaches_the_raw_price_in_bounded_time_and_counts_its_seconds() {
    let target = SPOT * 7 / 10;
    let mut price = state();
    let mut seconds = 0;
    while price.price != target {
        seconds += 1;
        price = accept(&price, &reading(target, NOW + seconds), NOW + seconds, &SHIPPED).unwrap().state;
        assert!(price.price >= target && seconds < 120);
    }
    // 1 % a second, compounding: ln(0.7) / ln(0.99) = 35.49 steps.
    assert_eq!(seconds, 36);
    assert!(!price.is_walking());
    assert_eq!(price.walk_seconds, 35);
}

#[test]
fn after_the_longest_walk_the_raw_price_is_taken_outright() {
    let slow = OracleParameters { max_move_per_second: 100, ..SHIPPED };
    let target = SPOT * 14 / 10;
    let walking = accept(&state(), &reading(target, NOW + 1), NOW + 1, &slow).unwrap().state;
    let at = |now| accept(&walking, &reading(target, now), now, &slow).unwrap().state;
    assert!(at(NOW + 120).is_walking());
    let outright = at(NOW + 121);
    assert_eq!((outright.price, outright.walking_since), (target, 0));
    assert_eq!(outright.walk_seconds, 120);
}

#[test]
fn a_silent_walk_counts_for_no_more_than_its_longest_time() {
    let walking = PriceState { walking_since: NOW, walk_seconds: 7, ..state() };
    assert_eq!(walk_seconds(&walking, NOW + 20, &SHIPPED), 27);
    assert_eq!(walk_seconds(&walking, NOW + 120, &SHIPPED), 127);
    assert_eq!(walk_seconds(&walking, NOW + 100_000, &SHIPPED), 127);
    assert_eq!(walk_seconds(&walking, NOW - 5, &SHIPPED), 7);
    assert_eq!(walk_seconds(&state(), NOW + 20, &SHIPPED), 0);
}

#[test]
fn a_tiny_price_still_moves() {
    let tiny = OracleParameters { price_min: 1, ..SHIPPED };
    let first = accept(&PriceState::default(), &reading(3, NOW), NOW, &tiny).unwrap().state;
    let next = accept(&first, &reading(4, NOW + 1), NOW + 1, &tiny).unwrap();
    assert_eq!(next.state.price, 4);
}

#[test]
fn the_range_of_prices_for_margin() {
    let walking = PriceState { price: 100, raw: 90, ema: 110, walking_since: 5, ..PriceState::default() };
    let range = |low, high| PriceRange { low: Price(low), high: Price(high) };
    assert_eq!(walking.initial_range(), range(90, 110));
    assert_eq!(walking.maintenance_range(), range(90, 100));
    let still = PriceState { raw: 100, walking_since: 0, ..walking };
    assert_eq!(still.initial_range(), range(100, 110));
    assert_eq!(still.maintenance_range(), range(100, 100));
    assert_eq!(still.walking_to(), None);
}

const ALL: [Action; 7] = [
    Action::RiskIncrease,
    Action::Withdraw,
    Action::RiskReduce,
    Action::Deposit,
    Action::Liquidate,
    Action::Settle,
    Action::Sample,
];

/// The actions that `state` lets pass at `now`.
fn passing(state: &PriceState, now: i64) -> Vec<Action> {
    ALL.into_iter().filter(|action| check(*action, state, now, &SHIPPED).is_ok()).collect()
}

#[test]
fn without_a_price_only_deposits_and_settlements_pass() {
    assert_eq!(passing(&PriceState::default(), NOW), [Action::Deposit, Action::Settle]);
    assert_eq!(check(Action::Liquidate, &PriceState::default(), NOW, &SHIPPED), Err(OracleRefusal::Missing));
}

#[test]
fn a_fresh_tight_converged_price_lets_everything_pass() {
    assert_eq!(passing(&state(), NOW), ALL);
    assert_eq!(passing(&state(), NOW + 30), ALL);
    assert_eq!(passing(&state(), NOW - 10), ALL);
}

#[test]
fn age_stops_liquidation_first_and_then_all_but_reduction() {
    use Action::*;
    assert_eq!(passing(&state(), NOW + 31), [RiskIncrease, Withdraw, RiskReduce, Deposit, Settle, Sample]);
    assert_eq!(passing(&state(), NOW + 60), [RiskIncrease, Withdraw, RiskReduce, Deposit, Settle, Sample]);
    assert_eq!(passing(&state(), NOW + 61), [RiskReduce, Deposit, Settle]);
    let stale = Err(OracleRefusal::Stale { age: 31, max: 30 });
    assert_eq!(check(Liquidate, &state(), NOW + 31, &SHIPPED), stale);
    assert!(!is_stale(&state(), NOW + 60, &SHIPPED));
    assert!(is_stale(&state(), NOW + 61, &SHIPPED));
    assert!(is_stale(&PriceState::default(), 0, &SHIPPED));
}

#[test]
fn a_wide_or_diverging_or_walking_price_stops_new_risk_and_withdrawals_only() {
    use Action::*;
    let guarded = [RiskReduce, Deposit, Liquidate, Settle, Sample];
    let edge = PriceState { confidence: SPOT * 15 / 1_000, ..state() };
    assert_eq!(passing(&edge, NOW), ALL);
    let wide = PriceState { confidence: edge.confidence + 1, ..edge };
    assert_eq!(passing(&wide, NOW), guarded);
    let edge = PriceState { ema: SPOT * 10 / 9, ..state() };
    let distance = edge.ema - SPOT;
    assert_eq!(check(RiskIncrease, &edge, NOW, &SHIPPED), Ok(()));
    let diverged = PriceState { ema: edge.ema + 10, ..edge };
    assert_eq!(passing(&diverged, NOW), guarded);
    let refusal = OracleRefusal::Diverged { distance: distance + 10, max: (edge.ema + 10) / 10 };
    assert_eq!(check(Withdraw, &diverged, NOW, &SHIPPED), Err(refusal));
    let walking = PriceState { walking_since: NOW, raw: SPOT + 1, ..state() };
    assert_eq!(passing(&walking, NOW), guarded);
    let refusal = OracleRefusal::Walking { price: SPOT, raw: SPOT + 1 };
    assert_eq!(check(RiskIncrease, &walking, NOW, &SHIPPED), Err(refusal));
}

#[test]
fn a_wild_price_stops_liquidation_and_sampling_too() {
    use Action::*;
    let wild = PriceState { ema: SPOT * 2 + 2, ..state() };
    assert_eq!(passing(&wild, NOW), [RiskReduce, Deposit, Settle]);
    assert!(check(Liquidate, &PriceState { ema: SPOT * 2, ..wild }, NOW, &SHIPPED).is_ok());
}

#[test]
fn confidence_in_the_spot_price_falls_from_one_to_zero() {
    let at = |confidence| spot_confidence(&PriceState { confidence, ..state() }, &SHIPPED);
    let full = SPOT / 50;
    assert_eq!(at(0), Ratio::ONE);
    assert_eq!(at(full / 4), Ratio(750_000));
    assert_eq!(at(1), Ratio(999_999)); // rounded down
    assert_eq!(at(full - 1), Ratio(0));
    assert_eq!(at(full), Ratio(0));
    assert_eq!(at(i64::MAX), Ratio(0));
    assert_eq!(spot_confidence(&PriceState::default(), &SHIPPED), Ratio(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// However updates are chosen and timed, the accepted price moves by no more than the cap per second and update.
    #[test]
    fn posting_more_updates_moves_the_price_no_faster(
        steps in prop::collection::vec((1i64..4, 60u32..140), 1..100),
    ) {
        let mut state = state();
        let mut now = NOW;
        for (seconds, percent) in steps {
            now += seconds;
            let target = SPOT / 100 * i64::from(percent);
            let Ok(next) = accept(&state, &reading(target, now), now, &SHIPPED) else { continue };
            let outright = state.is_walking() && now - state.walking_since >= 120;
            let cap = state.price / 1_000_000 * 10_000 * seconds.min(10) + 1_000_000;
            prop_assert!(outright || (next.state.price - state.price).abs() <= cap);
            prop_assert!(next.state.price == target || next.state.is_walking());
            prop_assert!(!next.state.is_walking() || now - next.state.walking_since < 120);
            prop_assert!(next.state.walk_seconds <= now - NOW);
            state = next.state;
        }
    }

    #[test]
    fn no_input_panics(
        a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, confidence: u64, exponent: i32, now: i64,
    ) {
        let state = PriceState {
            price: a, ema: b, raw: c, confidence: d, publish_time: e, walking_since: f, walk_seconds: g,
        };
        let observation = Observation { price: a, confidence, ema: c, exponent, publish_time: d };
        let _ = read(&observation);
        let reading = Reading { price: Price(b), confidence: Price(c), ema: Price(d), publish_time: g };
        for parameters in [SHIPPED, OracleParameters { price_min: i64::MIN, price_max: i64::MAX, max_wild: u32::MAX,
            max_age_seconds: u32::MAX, future_max_seconds: u32::MAX, ..SHIPPED }] {
            let _ = accept(&state, &reading, now, &parameters);
            let _ = accept(&PriceState::default(), &reading, now, &parameters);
            for action in ALL {
                let _ = check(action, &state, now, &parameters);
            }
            let _ = (spot_confidence(&state, &parameters), walk_seconds(&state, now, &parameters));
            let _ = (state.initial_range(), state.maintenance_range());
        }
    }
}
