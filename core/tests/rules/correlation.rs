//! Realised correlation and what offsets by it.

use plimsoll_core::correlation::*;
use plimsoll_core::margin::PortfolioParameters;
use plimsoll_core::units::{Price, Ratio};
use proptest::prelude::*;

/// The first second of an hour.
const START: i64 = 1_700_002_800;
const BOUNDS: (Ratio, Ratio) = (Ratio(200_000), Ratio(500_000));

fn price(value: f64) -> Price {
    Price((value * 1e6) as i64)
}

/// Numbers in (-1, 1), the same in every run.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// `hours` samples of two walks whose returns share the part `common` of their variance; with sign.
fn walked(hours: i64, common: f64) -> CorrelationState {
    let mut noise = noise(7);
    let (mut own, mut peer) = (50_000.0f64, 3_000.0f64);
    let mut state = sample(&CorrelationState::default(), (price(own), price(peer)), START).unwrap();
    for hour in 1..=hours {
        let (shared, alone) = (noise(), noise());
        own *= (0.005 * shared).exp();
        peer *= (0.008 * (common * shared + (1.0 - common * common).sqrt() * alone)).exp();
        state = sample(&state, (price(own), price(peer)), START + 3_600 * hour).unwrap();
    }
    state
}

#[test]
fn it_converges_to_the_correlation_of_the_returns() {
    for common in [-0.9, -0.3, 0.0, 0.5, 0.8, 1.0] {
        let state = walked(5_000, common);
        let got = f64::from(state.correlation) / 1e6;
        assert!((got - common).abs() < 0.06, "{got} against {common}");
    }
}

#[test]
fn an_hour_counts_once_and_in_its_first_minute() {
    let state = walked(3, 1.0);
    let prices = (price(1.0), price(2.0));
    let due = START + 4 * 3_600;
    assert_eq!(sample(&state, prices, START + 3 * 3_600), Err(NotDue { due }));
    assert_eq!(sample(&state, prices, due - 1), Err(NotDue { due }));
    assert_eq!(sample(&state, prices, due).unwrap().samples, 4);
    let last = sample(&state, prices, due + SAMPLING_SECONDS - 1).unwrap();
    assert_eq!(last.samples, 4);
    for late in [SAMPLING_SECONDS, 3_599] {
        assert_eq!(sample(&state, prices, due + late), Err(NotDue { due: due + 3_600 }));
    }
    assert_eq!(sample(&last, prices, due + 3_600).unwrap().samples, 5);
}

#[test]
fn a_missed_hour_takes_a_day_of_samples_back_and_a_silence_half_of_what_is_needed() {
    let state = CorrelationState { samples: SAMPLES_MAX, ..walked(3, 1.0) };
    let after =
        |hours: i64| sample(&state, (price(1.0), price(2.0)), state.sampled_at + 3_600 * hours).unwrap().samples;
    assert_eq!(
        [1, 2, 3].map(after),
        [SAMPLES_MAX, SAMPLES_MAX - MISSED_SAMPLES + 1, SAMPLES_MAX - 2 * MISSED_SAMPLES + 1]
    );
    assert_eq!(after(15), SAMPLES_MAX - 14 * MISSED_SAMPLES + 1);
    assert_eq!([16, 30].map(after), [SAMPLES_MAX - SILENCE_SAMPLES + 1; 2]);
    // No return is counted beyond.
    assert_eq!([31, 10_000].map(after), [SAMPLES_MAX - SILENCE_SAMPLES; 2]);
    let few = CorrelationState { samples: 5, ..state };
    assert_eq!(sample(&few, (price(1.0), price(2.0)), state.sampled_at + 7_200).unwrap().samples, 1);
}

#[test]
fn a_return_over_a_silence_counts_nothing() {
    let state = walked(2_000, 0.0);
    let prices = |times: f64| (price(50_000.0 * times), price(3_000.0 * times));
    let until = |silence: i64| state.sampled_at + silence;
    let after = sample(&state, prices(3.0), until(SILENCE_SECONDS + 3_600)).unwrap();
    let expected =
        CorrelationState { sampled_at: after.sampled_at, own_ln: after.own_ln, peer_ln: after.peer_ln, ..state };
    assert_eq!(after, CorrelationState { samples: state.samples - SILENCE_SAMPLES, ..expected });
    assert_ne!(sample(&state, prices(3.0), until(SILENCE_SECONDS)).unwrap().own_variance, state.own_variance);
}

#[test]
fn once_warm_one_crash_of_both_moves_the_correlation_by_little() {
    let state = walked(2_000, 0.0);
    assert!(state.correlation.abs() < 60_000, "{state:?}");
    let ln = |q40: i64| (q40 as f64 / (1u64 << 40) as f64).exp() / 1e6;
    for times in [0.7, 1.4] {
        let crash = (price(ln(state.own_ln) * times), price(ln(state.peer_ln) * times));
        let after = sample(&state, crash, state.sampled_at + 3_600).unwrap();
        assert!(after.correlation > state.correlation && after.correlation < state.correlation + 20_000, "{after:?}");
    }
}

#[test]
fn the_first_sample_counts_no_return() {
    let first = sample(&CorrelationState::default(), (price(50_000.0), price(3_000.0)), START + 77).unwrap();
    assert_eq!((first.samples, first.correlation, first.covariance), (0, 0, 0));
    assert_eq!(first.sampled_at, START + 77);
}

#[test]
fn a_peer_that_never_moves_is_correlated_with_nothing() {
    let mut state = CorrelationState::default();
    for hour in 0..50 {
        let own = price(50_000.0 + f64::from(hour % 7));
        state = sample(&state, (own, price(1.0)), START + 3_600 * i64::from(hour)).unwrap();
    }
    assert_eq!((state.correlation, state.peer_variance), (0, 0));
}

/// Two independent walks, with the seconds of an hour that may be sampled one by one: prices after the hour's first
/// second, and how they go on.
struct Walks<N> {
    noise: N,
    prices: [f64; 2],
}

impl<N: FnMut() -> f64> Walks<N> {
    fn go(&mut self, seconds: i64) -> (f64, f64) {
        for price in &mut self.prices {
            // Uniform in +-1: a third of its square is its variance.
            *price *= (0.005 * (3.0 * seconds as f64 / 3_600.0).sqrt() * (self.noise)()).exp();
        }
        let [own, peer] = self.prices;
        (own, peer)
    }
}

fn made(from: (f64, f64), to: (f64, f64)) -> f64 {
    (to.0 / from.0).ln() * (to.1 / from.1).ln()
}

/// Every hour is sampled at whichever second of its first minute makes the largest product of returns.
#[test]
fn who_chooses_the_second_of_every_sample_makes_half_the_margin_out_of_nothing() {
    let margin = PortfolioParameters::shipped().correlation_margin as i32;
    let (mut peak, mut sum, mut count) = (0, 0, 0);
    for seed in 1..17 {
        let mut walks = Walks { noise: noise(seed), prices: [50_000.0, 3_000.0] };
        let mut last = walks.go(1);
        let mut state = sample(&CorrelationState::default(), (price(last.0), price(last.1)), START).unwrap();
        for hour in 1..4_000 {
            let moments: Vec<_> = (0..SAMPLING_SECONDS).map(|at| (walks.go(1), at)).collect();
            let best = moments.iter().max_by(|a, b| made(last, a.0).total_cmp(&made(last, b.0))).unwrap();
            last = best.0;
            state = sample(&state, (price(last.0), price(last.1)), START + 3_600 * hour + best.1).unwrap();
            if state.samples >= SAMPLES_MIN {
                peak = peak.max(state.correlation);
                (sum, count) = (sum + i64::from(state.correlation), count + 1);
            }
            walks.go(3_600 - SAMPLING_SECONDS);
        }
    }
    // On average half of it; what is measured of no correlation at all strays by a tenth to either side.
    let mean = sum / count;
    println!("mean {mean} peak {peak}");
    assert!((80_000..130_000).contains(&mean), "{mean}");
    assert!(peak < margin + 50_000, "{peak}");
}

/// Who samples alone takes the hours in which both moved alike and lets the others lapse.
#[test]
fn who_chooses_among_hours_makes_a_correlation_and_no_offset() {
    let rules = PortfolioParameters::shipped();
    let bounds = (Ratio(rules.correlation_margin), Ratio(rules.correlation_cap));
    for (least, patience) in [(0.0, 31), (0.3, 31), (1.0, 31)] {
        let mut walks = Walks { noise: noise(3), prices: [50_000.0, 3_000.0] };
        let mut last = walks.go(1);
        let mut state = sample(&CorrelationState::default(), (price(last.0), price(last.1)), START).unwrap();
        // He begins with an honest record.
        (state.samples, state.own_variance, state.peer_variance) = (SAMPLES_MAX, 1 << 40, 1 << 40);
        let mut share_later = 0;
        for hour in 1..20_000 {
            let now = walks.go(3_600);
            let due = START + 3_600 * hour;
            let silent = (due - state.sampled_at) / 3_600;
            if made(last, now) > least * 0.005 * 0.005 * silent as f64 || silent >= patience {
                state = sample(&state, (price(now.0), price(now.1)), due).unwrap();
                last = now;
            }
            if hour > 2_000 {
                share_later = share_later.max(offset_share(&state, due, Fading::OTHERS, bounds).0);
            }
        }
        assert!(state.correlation > 150_000, "{least} {patience}: {}", state.correlation);
        assert_eq!(share_later, 0, "{least} {patience}");
    }
}

#[test]
fn nothing_offsets_before_a_half_life_of_samples() {
    let state = walked(i64::from(SAMPLES_MIN), 1.0);
    let short = CorrelationState { samples: SAMPLES_MIN - 1, ..state };
    assert_eq!(offset_share(&short, state.sampled_at, Fading::OWN, BOUNDS), Ratio(0));
    assert_eq!(offset_share(&state, state.sampled_at, Fading::OWN, BOUNDS), Ratio(500_000));
    assert_eq!(offset_share(&state, state.sampled_at, Fading::OWN, (Ratio(0), Ratio(0))), Ratio(0));
}

#[test]
fn what_exceeds_the_margin_offsets_up_to_the_cap() {
    let of = |correlation| {
        let state = CorrelationState { samples: SAMPLES_MIN, correlation, sampled_at: START, ..Default::default() };
        offset_share(&state, START, Fading::OWN, BOUNDS).0
    };
    assert_eq!([-1_000_000, 0, 200_000, 200_001].map(of), [0, 0, 0, 1]);
    assert_eq!([650_000, 700_000, 1_000_000].map(of), [450_000, 500_000, 500_000]);
}

#[test]
fn it_fades_once_nobody_samples() {
    let state =
        CorrelationState { samples: SAMPLES_MIN, correlation: 600_000, sampled_at: START, ..Default::default() };
    for fading in [Fading::OWN, Fading::OTHERS] {
        let at = |age| offset_share(&state, START + age, fading, BOUNDS).0;
        assert_eq!([0, fading.from, (fading.from + fading.until) / 2].map(at), [400_000, 400_000, 200_000]);
        assert_eq!([fading.until, i64::MAX - START].map(at), [0, 0]);
    }
}

proptest! {
    #[test]
    fn any_prices_keep_it_within_its_range(
        prices in prop::collection::vec((1i64..=i64::MAX, 1i64..=i64::MAX, 1i64..10_000), 1..20),
    ) {
        let mut state = CorrelationState::default();
        let mut now = START;
        for (own, peer, later) in prices {
            now += 3_600 * later;
            state = sample(&state, (Price(own), Price(peer)), now).unwrap();
            prop_assert!((-1_000_000..=1_000_000).contains(&state.correlation));
            prop_assert!(state.own_variance >= 0 && state.peer_variance >= 0);
        }
    }

    #[test]
    fn a_covariance_is_within_its_variances(
        returns in prop::collection::vec((-0.7f64..0.7, -0.7f64..0.7, 1i64..40), 1..20),
    ) {
        let mut state = sample(&CorrelationState::default(), (price(50_000.0), price(3_000.0)), START).unwrap();
        let (mut ln_own, mut ln_peer, mut now) = (50_000.0f64.ln(), 3_000.0f64.ln(), START);
        for (own, peer, later) in returns {
            (ln_own, ln_peer, now) = ((ln_own + own).min(20.0), (ln_peer + peer).min(20.0), now + 3_600 * later);
            state = sample(&state, (price(ln_own.exp()), price(ln_peer.exp())), now).unwrap();
            // Cauchy and Schwarz: what is realised is cut to multiples of 16.
            let both = i128::from(state.own_variance + 32) * i128::from(state.peer_variance + 32);
            let cov = i128::from(state.covariance);
            prop_assert!(cov * cov <= both, "{state:?}");
        }
    }
}
