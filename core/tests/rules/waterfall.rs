//! Layers fill in order, and nobody gains by running.

use plimsoll_core::error::CoreError;
use plimsoll_core::units::Quote;
use plimsoll_core::waterfall::*;
use proptest::prelude::*;

fn capacity(layer: Layer, available: i64) -> Capacity {
    Capacity { layer, available: Quote(available) }
}

const FUND: Layer = Layer::GlobalInsurance;

#[test]
fn the_layers_are_ten_in_their_published_order() {
    let numbers: Vec<u8> = LAYERS.iter().map(|(layer, _)| layer.number()).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<u8>>());
    assert_eq!(Layer::GlobalInsurance.name(), "global insurance fund");
    assert!(LAYERS.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn each_layer_pays_only_when_the_one_above_is_empty() {
    let layers = [capacity(Layer::SkinInTheGame, 10), capacity(FUND, 100), capacity(Layer::Surplus, 50)];
    let at = |loss| {
        let draw = draw(Quote(loss), &layers).unwrap();
        (
            draw.from_layer(Layer::SkinInTheGame).0,
            draw.from_layer(FUND).0,
            draw.from_layer(Layer::Surplus).0,
            draw.deficit.0,
        )
    };
    assert_eq!(at(0), (0, 0, 0, 0));
    assert_eq!(at(10), (10, 0, 0, 0));
    assert_eq!(at(11), (10, 1, 0, 0));
    assert_eq!(at(110), (10, 100, 0, 0));
    assert_eq!(at(111), (10, 100, 1, 0));
    assert_eq!(at(160), (10, 100, 50, 0));
    assert_eq!(at(161), (10, 100, 50, 1));
}

#[test]
fn layers_out_of_order_or_twice_and_negative_amounts_are_refused() {
    let refused = Err(CoreError::OutOfDomain);
    assert_eq!(draw(Quote(1), &[capacity(FUND, 1), capacity(Layer::Defaulter, 1)]), refused);
    assert_eq!(draw(Quote(1), &[capacity(FUND, 1), capacity(FUND, 1)]), refused);
    assert_eq!(draw(Quote(1), &[capacity(FUND, -1)]), refused);
    assert_eq!(draw(Quote(-1), &[capacity(FUND, 1)]), refused);
    assert!(draw(Quote(1), &[]).is_ok());
}

#[test]
fn recoveries_close_the_deficit_before_they_reach_the_fund() {
    let at = |amount, deficit| recover(Quote(amount), Quote(deficit)).unwrap();
    assert_eq!(at(5, 8), Recovery { deficit_paid: Quote(5), fund: Quote(0), closes: false });
    assert_eq!(at(8, 8), Recovery { deficit_paid: Quote(8), fund: Quote(0), closes: true });
    assert_eq!(at(9, 8), Recovery { deficit_paid: Quote(8), fund: Quote(1), closes: true });
    assert_eq!(at(9, 0), Recovery { deficit_paid: Quote(0), fund: Quote(9), closes: false });
    assert_eq!(recover(Quote(-1), Quote(0)), Err(CoreError::OutOfDomain));
    assert_eq!(recover(Quote(0), Quote(-1)), Err(CoreError::OutOfDomain));
}

#[test]
fn a_withdrawal_locks_its_share_of_the_deficit() {
    let lock = |w, d, l, v| withdrawal_lock(Quote(w), Quote(d), Quote(l), Quote(v));
    // Claims 1000, vault 800: a fifth is uncovered, h / (1 - h) = 1/4.
    assert_eq!(lock(100, 200, 0, 800), Ok(Some(Quote(25))));
    assert_eq!(lock(1, 200, 0, 800), Ok(Some(Quote(1))));
    assert_eq!(lock(0, 200, 0, 800), Ok(Some(Quote(0))));
    assert_eq!(lock(100, 200, 199, 800), Ok(Some(Quote(1))));
    assert_eq!(lock(100, 200, 200, 800), Ok(Some(Quote(0))));
    assert_eq!(lock(100, 0, 0, 800), Ok(Some(Quote(0))));
    assert_eq!(lock(100, 1, 0, 0), Ok(None));
    assert_eq!(lock(100, 0, 0, 0), Ok(Some(Quote(0))));
    for wrong in [(-1, 1, 0, 1), (1, -1, 0, 1), (1, 1, -1, 1), (1, 1, 0, -1)] {
        assert_eq!(lock(wrong.0, wrong.1, wrong.2, wrong.3), Err(CoreError::OutOfDomain));
    }
}

proptest! {
    #[test]
    fn a_draw_conserves_the_loss(loss in 0i64..=i64::MAX, available in prop::array::uniform10(0i64..=i64::MAX / 8)) {
        let layers: Vec<Capacity> =
            LAYERS.iter().zip(available).map(|((layer, _), available)| capacity(*layer, available)).collect();
        let draw = draw(Quote(loss), &layers).unwrap();
        let drawn: i128 = draw.drawn.iter().map(|d| i128::from(d.0)).sum();
        prop_assert_eq!(drawn + i128::from(draw.deficit.0), i128::from(loss));
        for (pair, available) in draw.drawn.windows(2).zip(available) {
            prop_assert!(pair[0].0 == available || pair[1].0 == 0);
        }
        prop_assert!(draw.deficit.0 == 0 || draw.drawn[9].0 == available[9]);
    }

    /// Whoever runs first is left with no more of a claim than who runs last: (D - L) / V never falls by a withdrawal.
    #[test]
    fn running_first_gains_nothing(
        vault in 1_000i64..1 << 50, deficit in 1i64..1 << 50, first in 1u32..900_000, second in 1u32..900_000,
    ) {
        let part = |of: i64, ppm: u32| (i128::from(of) * i128::from(ppm) / 1_000_000) as i64;
        let lock = |w: i64, l: i64, v: i64| withdrawal_lock(Quote(w), Quote(deficit), Quote(l), Quote(v)).unwrap().unwrap().0;
        let one = part(vault, first);
        let locked = lock(one, 0, vault);
        let left = vault - one;
        let two = part(left, second);
        let later = lock(two, locked.min(deficit), left);
        let same_before = lock(two, 0, vault);
        prop_assert!(later <= same_before);
        let slack = 1 + two / left.max(1);
        prop_assert!(same_before - later <= 1 + slack, "{} {}", same_before, later);
    }

    #[test]
    fn no_input_panics(a: i64, b: i64, c: i64, d: i64) {
        let _ = withdrawal_lock(Quote(a), Quote(b), Quote(c), Quote(d));
        let _ = recover(Quote(a), Quote(b));
        let _ = draw(Quote(a), &[capacity(FUND, b)]);
    }
}
