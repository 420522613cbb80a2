//! The settlement average.

use plimsoll_core::error::CoreError;
use plimsoll_core::settlement::*;
use plimsoll_core::trade::LimitParameters;
use plimsoll_core::units::Price;
use proptest::prelude::*;

const EXPIRY: i64 = 1_000_000;
const TERMS: SettlementTerms = SettlementTerms { expiry: EXPIRY, hold_max: 120, required: 1_200 };
const START: i64 = EXPIRY - 1_800;

/// Samples (time, price) into a new state; every one must pass.
fn sampled(samples: &[(i64, i64)]) -> SettlementState {
    samples.iter().fold(SettlementState::new(EXPIRY), |state, (time, price)| {
        sample(&state, Price(*price), *time, &TERMS).unwrap()
    })
}

/// A sample every `step` seconds from the window's start.
fn every(step: i64, until: i64, price: i64) -> SettlementState {
    let times: Vec<(i64, i64)> =
        (0..).map(|i| START + i * step).take_while(|t| *t < until).map(|t| (t, price)).collect();
    sampled(&times)
}

#[test]
fn terms_come_from_the_limits_of_the_underlying() {
    assert_eq!(SettlementTerms::new(EXPIRY, &LimitParameters::shipped()), TERMS);
    assert_eq!(TERMS.window_start(), START);
}

#[test]
fn weights_are_the_time_held() {
    let state = sampled(&[(START, 100), (START + 60, 200), (START + 90, 400)]);
    assert_eq!((state.sum(), state.covered_seconds), (60 * 100 + 30 * 200, 90));
    let average = average(&state, START + 100, &TERMS).unwrap();
    assert_eq!((average.price, average.covered), (Price((6_000 + 6_000 + 4_000) / 100), 100));
}

#[test]
fn a_sample_counts_for_its_longest_hold_at_most() {
    let at = |time| sampled(&[(START, 100), (START + time, 100)]).covered_seconds;
    assert_eq!(at(119), 119);
    assert_eq!(at(120), 120);
    assert_eq!(at(121), 120);
    assert_eq!(at(1_000), 120);
}

#[test]
fn only_what_lies_inside_the_window_counts() {
    let state = sampled(&[(START - 100, 100), (START + 5, 200)]);
    assert_eq!((state.sum(), state.covered_seconds), (500, 5));
    let early = sampled(&[(START - 100, 100), (START + 50, 200)]);
    assert_eq!(early.covered_seconds, 20); // held to START + 20 only
    let none = average(&sampled(&[(START - 100, 100)]), START - 50, &TERMS).unwrap();
    assert_eq!(none, Average::default());
}

#[test]
fn the_first_useful_sample_is_one_hold_before_the_window() {
    let at = |time| sample(&SettlementState::new(EXPIRY), Price(1), time, &TERMS);
    let first = START - 119;
    assert!(at(first).is_ok());
    assert_eq!(at(first - 1), Err(SettlementRefusal::TooEarly { publish_time: first - 1, first }));
}

#[test]
fn samples_only_get_newer_and_prices_are_positive() {
    let state = sampled(&[(START, 100)]);
    let refused = Err(SettlementRefusal::NotNewer { publish_time: START, last: START });
    assert_eq!(sample(&state, Price(5), START, &TERMS), refused);
    assert!(sample(&state, Price(5), START + 1, &TERMS).is_ok());
    for price in [0, -1] {
        let refused = Err(SettlementRefusal::Arithmetic(CoreError::OutOfDomain));
        assert_eq!(sample(&state, Price(price), START + 1, &TERMS), refused);
    }
}

#[test]
fn a_covered_window_settles_at_expiry_and_not_a_second_before() {
    let state = every(60, EXPIRY, 7_000_000);
    let early = SettlementRefusal::WindowOpen { now: EXPIRY - 1, end: EXPIRY };
    assert_eq!(settle(&state, EXPIRY - 1, &TERMS), Err(early));
    let settled = settle(&state, EXPIRY, &TERMS).unwrap();
    assert_eq!((settled.price, settled.covered), (Price(7_000_000), 1_800));
    // Whenever it is settled, the same price.
    assert_eq!(settle(&state, EXPIRY + 1_000_000, &TERMS), Ok(settled));
}

#[test]
fn a_closed_window_takes_no_sample() {
    let state = every(60, EXPIRY, 100);
    let closed = SettlementRefusal::WindowClosed { publish_time: EXPIRY, end: EXPIRY };
    assert_eq!(sample(&state, Price(900), EXPIRY, &TERMS), Err(closed));
    assert!(sample(&state, Price(900), EXPIRY - 1, &TERMS).is_ok());
}

#[test]
fn coverage_is_required_to_the_second() {
    // Ten samples of 120 s cover 1,200 s; the last one a second later, its hold cut by the end, 1,199 s.
    let mut times: Vec<(i64, i64)> = (0..9).map(|i| (START + i * 120, 100)).collect();
    times.push((EXPIRY - 120, 100));
    assert!(settle(&sampled(&times), EXPIRY, &TERMS).is_ok());
    times[9].0 = EXPIRY - 119;
    let thin = SettlementRefusal::Thin { covered: 1_199, required: 1_200 };
    assert_eq!(settle(&sampled(&times), EXPIRY, &TERMS), Err(thin));
    // The hold runs on into the extension: covered at its end.
    let end = EXPIRY + 600;
    assert!(matches!(settle(&sampled(&times), end - 1, &TERMS), Err(SettlementRefusal::Thin { .. })));
    assert_eq!(settle(&sampled(&times), end, &TERMS).unwrap().covered, 1_200);
}

#[test]
fn a_thin_window_stays_open_in_fixed_steps_until_covered() {
    let mut state = every(120, START + 600, 100);
    for i in 0..6 {
        state = sample(&state, Price(200), EXPIRY + 7 + i * 120, &TERMS).unwrap();
    }
    // 600 s before expiry, 593 s from EXPIRY + 7 to the end of the first step: thin. The second step ends it.
    assert_eq!(state.window_end, EXPIRY + 1_200);
    let thin = settle(&state, EXPIRY + 1_199, &TERMS);
    assert!(matches!(thin, Err(SettlementRefusal::WindowOpen { end, .. }) if end == EXPIRY + 1_200));
    let settled = settle(&state, EXPIRY + 1_200, &TERMS).unwrap();
    assert_eq!(settled.covered, 600 + 720);
    assert_eq!(settled.price, Price((600 * 100 + 720 * 200) / 1_320));
}

#[test]
fn a_window_nobody_sampled_goes_on_and_settles_from_what_comes() {
    let empty = SettlementState::new(EXPIRY);
    let late = EXPIRY + 1_000_000;
    assert_eq!(settle(&empty, late, &TERMS), Err(SettlementRefusal::Thin { covered: 0, required: 1_200 }));
    let state = sample(&empty, Price(5), late, &TERMS).unwrap();
    assert!(state.window_end > late && (state.window_end - EXPIRY) % 600 == 0 && state.window_end - late <= 600);
    assert_eq!(state.covered_seconds, 0);
}

#[test]
fn one_sample_moves_the_price_by_its_cap_only() {
    let honest = every(60, EXPIRY, 1_000_000);
    let before = settle(&honest, EXPIRY, &TERMS).unwrap().price.0;
    let spiked = sample(&honest, Price(100_000_000), EXPIRY - 1, &TERMS).unwrap();
    let after = settle(&spiked, EXPIRY, &TERMS).unwrap().price.0;
    assert_eq!(after - before, 99_000_000 / 1_800);
}

#[test]
fn the_average_so_far_counts_no_more_than_the_window() {
    let mut state = every(120, START + 1_080, 100);
    state = sample(&state, Price(100), EXPIRY + 10, &TERMS).unwrap();
    for i in 1..5 {
        state = sample(&state, Price(100), EXPIRY + 10 + i * 120, &TERMS).unwrap();
    }
    let so_far = average(&state, EXPIRY + 600, &TERMS).unwrap();
    assert!(so_far.covered <= WINDOW_SECONDS && so_far.covered > 1_200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// The price lies within the sampled prices, and one sample weighs at most its hold over the coverage required.
    #[test]
    fn the_price_is_a_mean_and_no_sample_weighs_more_than_its_cap(
        steps in prop::collection::vec((1i64..200, 1i64..1 << 55), 1..60), spike in 0usize..60, to in 1i64..1 << 55,
    ) {
        let times = |swap: bool| {
            let mut time = START - 100;
            steps.iter().enumerate().map(|(i, (dt, price))| {
                time += dt;
                (time, if swap && i == spike { to } else { *price })
            }).filter(|(time, _)| *time < EXPIRY).collect::<Vec<_>>()
        };
        let (plain, spiked) = (sampled(&times(false)), sampled(&times(true)));
        let (a, b) = (settle(&plain, EXPIRY, &TERMS), settle(&spiked, EXPIRY, &TERMS));
        prop_assert_eq!(a.is_ok(), b.is_ok());
        if let (Ok(a), Ok(b)) = (a, b) {
            let prices = times(false);
            let (low, high) = prices.iter().fold((i64::MAX, 0), |(l, h), (_, p)| (l.min(*p), h.max(*p)));
            prop_assert!(a.price.0 >= low && a.price.0 <= high);
            let change = i128::from(a.price.0 - b.price.0).abs();
            let from = steps.get(spike).map_or(to, |(_, price)| *price);
            prop_assert!(change <= i128::from(from - to).abs() * 120 / 1_200 + 1);
        }
    }

    #[test]
    fn coverage_is_the_sum_of_weights(steps in prop::collection::vec(1i64..400, 1..100)) {
        let mut state = SettlementState::new(EXPIRY);
        let mut time = START - 100;
        for dt in steps {
            time += dt;
            let Ok(next) = sample(&state, Price(3), time, &TERMS) else { continue };
            prop_assert_eq!(next.sum(), 3 * next.covered_seconds as u128);
            prop_assert!(next.covered_seconds >= state.covered_seconds);
            prop_assert!(next.covered_seconds <= (time - START).max(0));
            prop_assert!(next.window_end > time);
            state = next;
        }
    }

    #[test]
    fn no_input_panics(low: u64, high: u64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, p: i64) {
        let state = SettlementState {
            weighted_sum: [low, high], last_price: a, last_time: b, covered_seconds: c, window_end: d,
        };
        let terms = SettlementTerms { expiry: e, hold_max: f, required: g };
        for terms in [TERMS, terms] {
            let _ = sample(&state, Price(p), a, &terms);
            let _ = settle(&state, b, &terms);
            let _ = average(&state, p, &terms);
        }
    }
}
