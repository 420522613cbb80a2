use plimsoll_calibration::replay::{atoms, range_of, replay, rule, warm_up};
use plimsoll_core::margin::margin_scale;
use plimsoll_core::units::{Price, Ratio};
use plimsoll_core::volatility::{update, VolatilityState};

use crate::fixtures::{long, states, SCAN, VOLATILITY};

#[test]
fn the_replay_is_the_programs_own_update_fed_with_every_close() {
    let history = long();
    let mut state =
        update(&VolatilityState::default(), atoms(history.bars[0].open), history.bars[0].timestamp, &VOLATILITY, &SCAN)
            .unwrap();
    let states = replay(&history, &VOLATILITY, &SCAN).unwrap();
    for (bar, replayed) in history.bars.iter().zip(&states) {
        state = update(&state, atoms(bar.close), bar.timestamp + 3_600, &VOLATILITY, &SCAN).unwrap();
        assert_eq!(state, *replayed);
    }
}

#[test]
fn the_range_of_a_state_is_the_one_the_program_stores() {
    for state in states(&long()) {
        assert_eq!((range_of(&state, &SCAN).unwrap() * 1e6).round() as u32, state.range_im);
        assert_eq!(margin_scale(Ratio(state.range_im), &rule(&SCAN)).unwrap().0, state.scale_im);
    }
}

#[test]
fn prices_become_atoms_to_nearest() {
    assert_eq!(atoms(0.123_456_7), Price(123_457));
    assert_eq!(atoms(63_000.5), Price(63_000_500_000));
}

#[test]
fn the_warm_up_is_a_slow_half_life() {
    let history = long();
    assert_eq!(warm_up(&history, &VOLATILITY), 7 * 24);
}
