//! Realised volatility, scan ranges and the reference curve.

use plimsoll_core::units::{Price, Ratio, Vol, Q32_ONE, YEAR_SECONDS};
use plimsoll_core::volatility::*;
use proptest::prelude::*;

const SHIPPED: VolatilityParameters = VolatilityParameters::shipped();
const SCAN: ScanParameters = ScanParameters::shipped();
/// A multiple of 60.
const START: i64 = 1_700_000_040;

fn vol(state: &VolatilityState) -> f64 {
    state.state as f64 / Q32_ONE as f64
}

fn fast(state: &VolatilityState) -> f64 {
    (state.fast_variance as f64 / VARIANCE_ONE as f64).sqrt()
}

fn price(value: f64) -> Price {
    Price((value * 1e6) as i64)
}

fn post(state: &VolatilityState, value: f64, time: i64) -> VolatilityState {
    update(state, price(value), time, &SHIPPED, &SCAN).unwrap()
}

fn first() -> VolatilityState {
    post(&VolatilityState::default(), 50_000.0, START)
}

/// Alternates up and down by `r` every `seconds`, `count` times, from `from`.
fn run(mut state: VolatilityState, r: f64, seconds: i64, count: i64) -> VolatilityState {
    let from = state.sampled_at;
    for i in 1..=count {
        let value = if i % 2 == 1 { 50_000.0 * r.exp() } else { 50_000.0 };
        state = post(&state, value, from + i * seconds);
    }
    state
}

#[test]
fn the_first_price_starts_at_the_reference() {
    let state = first();
    assert!((vol(&state) - 0.7).abs() < 1e-6);
    assert_eq!(state.fast_variance, state.slow_variance);
    assert_eq!((state.range_im, state.sampled_at), (state.range_mm, START));
}

#[test]
fn the_fast_average_converges_to_the_volatility_of_its_returns() {
    // 100 % a year in 60 s returns; 50 half-lives.
    let r = (60.0 / YEAR_SECONDS as f64).sqrt();
    let state = run(first(), r, 60, 360 * 50);
    assert!((fast(&state) - 1.0).abs() < 1e-3, "{}", fast(&state));
}

#[test]
fn a_half_life_halves_the_distance() {
    let mut state = first();
    let start = state.fast_variance;
    for i in 1..=360 {
        state = post(&state, 50_000.0, START + 60 * i);
    }
    let left = state.fast_variance as f64 / start as f64;
    assert!((left - 0.5).abs() < 1e-4, "{left}");
    let slow = state.slow_variance as f64 / start as f64;
    assert!((slow - 0.5f64.powf(21_600.0 / 604_800.0)).abs() < 1e-4, "{slow}");
}

#[test]
fn more_updates_in_a_bucket_add_nothing() {
    let state = first();
    for second in 1..60 {
        let value = if second % 2 == 0 { 40_000.0 } else { 60_000.0 };
        assert_eq!(post(&state, value, START + second), state);
    }
    assert_ne!(post(&state, 60_000.0, START + 60), state);
}

#[test]
fn a_gap_is_one_return_over_its_whole_time() {
    let (r, gap) = (0.02f64, 3_600);
    let got = post(&first(), 50_000.0 * r.exp(), START + gap);
    let weight = 1.0 - 0.5f64.powf(gap as f64 / 21_600.0);
    let rate = r * r * YEAR_SECONDS as f64 / gap as f64;
    let want = 0.49 * (1.0 - weight) + rate * weight;
    assert!((fast(&got).powi(2) - want).abs() < 1e-5 * want);
    // The same return told in one bucket counts as one of 60 s: less decay of the past, the same addition.
    let short = post(&first(), 50_000.0 * r.exp(), START + 60);
    let added = |state: &VolatilityState, left: f64| fast(state).powi(2) - 0.49 * left;
    let (slow, quick) = (added(&got, 1.0 - weight), added(&short, 0.5f64.powf(60.0 / 21_600.0)));
    assert!((slow / quick - 1.0).abs() < 0.06, "{slow} {quick}");
}

#[test]
fn bucket_borders_cannot_be_used_to_lose_or_invent_variance() {
    // Prices of one path read at the ends of buckets or at their starts: the same sum of squares, within decay.
    let r = (60.0 / YEAR_SECONDS as f64).sqrt();
    let even = run(first(), r, 60, 3_600);
    let mut odd = first();
    for i in 1..=3_600 {
        let value = if i % 2 == 1 { 50_000.0 * r.exp() } else { 50_000.0 };
        odd = post(&odd, value, START + 60 * i + if i % 2 == 1 { 59 } else { 0 });
    }
    assert!((fast(&odd) / fast(&even) - 1.0).abs() < 0.01, "{} {}", fast(&odd), fast(&even));
}

#[test]
fn the_state_is_quick_to_rise_and_slow_to_fall() {
    let calm = run(first(), 0.0, 60, 360 * 5);
    let crash = post(&calm, 50_000.0 * (-0.1f64).exp(), calm.sampled_at + 60);
    assert!(vol(&crash) > 1.3 * vol(&calm), "{} {}", vol(&calm), vol(&crash));
    let mut after = crash;
    for i in 1..=1_440 {
        after = post(&after, 50_000.0 * (-0.1f64).exp(), crash.sampled_at + 60 * i);
    }
    // A day later the fast variance is down to a sixteenth; the slow one carries the state.
    assert!(fast(&after) < 0.26 * fast(&crash));
    assert!(vol(&after) > 1.04 * fast(&after), "{} {}", vol(&after), fast(&after));
    assert!(vol(&after) > 1.2 * vol(&calm));
}

#[test]
fn the_state_stays_within_floor_and_cap() {
    let calm = run(first(), 0.0, 86_400, 400);
    assert!((vol(&calm) - 0.35).abs() < 1e-6);
    let wild = run(first(), 0.5, 60, 200);
    assert!((vol(&wild) - 5.0).abs() < 1e-5);
    assert!(fast(&wild) > 5.0);
}

#[test]
fn the_initial_range_follows_the_state_and_its_scale_the_range() {
    let state = first();
    // 4 x 0.7 x sqrt(1 / 365) = 14.656 %: below the reference range of 18 %.
    assert!((i64::from(state.range_im) - 146_560).abs() <= 2, "{}", state.range_im);
    assert_eq!((state.scale_im, state.scale_mm), (1_000_000, 1_000_000));
    let wild = run(state, 0.5, 60, 50);
    assert_eq!(wild.range_im, SCAN.range_cap);
    assert_eq!(wild.scale_im, 2_666_667); // 480 / 180
}

#[test]
fn the_maintenance_range_rises_by_its_daily_cap_and_falls_at_once() {
    let start = first().range_mm;
    let mut state = first();
    let mut day = 0;
    for i in 1..=4 * 1_440 {
        let value = if i % 2 == 1 { 60_000.0 } else { 50_000.0 };
        state = post(&state, value, START + 60 * i);
        assert!(state.range_mm <= state.range_im);
        if i % 1_440 == 0 {
            day += 1;
            let risen = state.range_mm - start;
            // 6 % of spot a day, no second lost to rounding.
            assert!((i64::from(risen) - day * 60_000).abs() <= 1, "{risen} on day {day}");
        }
    }
    assert_eq!(state.range_im, SCAN.range_cap);
    // A long calm: both fall together, the maintenance range at once.
    let calm = post(&state, 50_000.0, state.sampled_at + 400 * 86_400);
    assert!(calm.range_im < start);
    assert_eq!(calm.range_mm, calm.range_im);
}

#[test]
fn idle_time_at_the_top_is_not_saved_up() {
    let calm = run(first(), 0.0, 86_400, 100);
    let top = calm.range_mm;
    let shock = post(&calm, 30_000.0, calm.sampled_at + 60);
    assert!(shock.range_im > top + 1_000);
    assert_eq!(shock.range_mm, top + 60 * 60_000 / 86_400);
}

#[test]
fn the_reference_curve_falls_from_the_state_to_the_slow_average() {
    let mut state = run(first(), 0.0, 60, 60);
    state = post(&state, 45_000.0, state.sampled_at + 60);
    let at = |seconds| reference_volatility(&state, seconds, &SHIPPED).0 as f64 / Q32_ONE as f64;
    assert!((at(0) - vol(&state)).abs() < 1e-8);
    assert!((at(-1) - vol(&state)).abs() < 1e-8);
    let slow = (state.slow_variance as f64 / VARIANCE_ONE as f64).sqrt();
    let tau = f64::from(SHIPPED.reversion_seconds);
    for t in [3_600.0f64, 86_400.0, 604_800.0, 2_592_000.0, 31_536_000.0] {
        let share = tau * (1.0 - (-t / tau).exp()) / t;
        let want = (slow * slow + (vol(&state).powi(2) - slow * slow) * share).sqrt();
        assert!((at(t as i64) - want).abs() < 2e-6, "{t}: {} {want}", at(t as i64));
    }
}

#[test]
fn stress_is_the_ratio_of_state_and_reference_between_one_and_its_cap() {
    let with = |level: f64| VolatilityState { state: (level * Q32_ONE as f64) as i64, ..first() };
    let ratio = |level| stress_ratio(&with(level), &SHIPPED, Ratio(3_000_000)).0;
    assert_eq!(ratio(0.35), 1_000_000);
    assert_eq!(ratio(0.7), 1_000_000);
    assert!((i64::from(ratio(1.4)) - 2_000_000).abs() <= 1);
    assert_eq!(ratio(5.0), 3_000_000);
    assert_eq!(stress_ratio(&with(5.0), &SHIPPED, Ratio(0)).0, 1_000_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// An extra update anywhere raises the fast variance by no more than decay explains: posting does not pump.
    #[test]
    fn splitting_a_return_does_not_pump_variance(r in -0.05f64..0.05, part in 0.0f64..1.0, at in 1i64..10) {
        let whole = post(&first(), 50_000.0 * r.exp(), START + 600);
        let middle = post(&first(), 50_000.0 * (r * part).exp(), START + 60 * at);
        let split = post(&middle, 50_000.0 * r.exp(), START + 600);
        prop_assert!(split.fast_variance as f64 <= whole.fast_variance as f64 * 1.02);
    }

    #[test]
    fn the_reference_curve_only_falls(t in 0i64..100_000_000, dt in 0i64..10_000_000, shock in -0.4f64..0.4) {
        let state = post(&run(first(), 0.0, 600, 50), 50_000.0 * shock.exp(), START + 600 * 51);
        let at = |t| reference_volatility(&state, t, &SHIPPED);
        // Between the series and the exponential the curve may step by its rounding.
        prop_assert!(at(t + dt).0 <= at(t).0 + (1 << 15));
        prop_assert!(at(t) <= Vol(state.state + 1) && at(t).0 >= (0.35 * Q32_ONE as f64) as i64 - 8);
    }

    #[test]
    fn the_maintenance_range_never_rises_faster_than_its_cap(
        steps in prop::collection::vec((1i64..5_000, -0.2f64..0.2), 1..60),
    ) {
        let mut state = first();
        let (start, mut now, mut least) = (state.range_mm, START, state.range_mm);
        for (seconds, r) in steps {
            now += seconds;
            state = post(&state, 50_000.0 * r.exp(), now);
            least = least.min(state.range_mm);
            prop_assert!(i64::from(state.range_mm) <= i64::from(start) + (now - START) * 60_000 / 86_400);
            prop_assert!(state.range_mm <= state.range_im && state.scale_mm <= state.scale_im);
            prop_assert!(state.range_at <= now * 1_000_000);
        }
    }

    #[test]
    fn no_input_panics(
        a: i64, b: i64, c: i64, d: i64, e: i64, f: u32, g: i64, h: i64, time: i64, p: [u32; 7], s: [u32; 7],
    ) {
        let state = VolatilityState {
            sampled_at: a, sampled_ln: b, fast_variance: c, slow_variance: d, state: e, range_im: f, range_mm: f,
            scale_im: f, scale_mm: f, range_at: g,
        };
        let odd = VolatilityParameters {
            fast_half_life_seconds: p[0], slow_half_life_seconds: p[1], floor: p[2], cap: p[3], blend: p[4],
            reversion_seconds: p[5], reference: p[6], padding: 0,
        };
        let scan = ScanParameters {
            deviations: s[0], horizon_seconds: s[1], range_floor: s[2], range_cap: s[3], range_reference: s[4],
            scale_cap: s[5], daily_rise: s[6], padding: 0,
        };
        for (parameters, scan) in [(SHIPPED, SCAN), (odd, scan)] {
            let _ = update(&state, Price(h), time, &parameters, &scan);
            let _ = reference_volatility(&state, time, &parameters);
            let _ = stress_ratio(&state, &parameters, Ratio(f));
        }
    }
}
