//! The random walk: repeatable, of the volatility asked for, endless.
use plimsoll_prices::{Path, Point, PriceError, Walk};

const START: Point = Point { seconds: 1_000, price: 100.0 };

fn walk(seed: u64, volatility: f64) -> Walk {
    Walk::new(seed, START, 60, volatility).unwrap()
}

#[test]
fn a_seed_gives_the_same_walk_and_another_seed_another() {
    let take = |seed| walk(seed, 0.8).take(500).collect::<Vec<_>>();
    assert_eq!(take(1), take(1));
    assert_ne!(take(1), take(2));
}

#[test]
fn the_tenth_point_of_seed_one_is_frozen() {
    let tenth = walk(1, 0.8).nth(9).unwrap();
    assert_eq!((tenth.seconds, tenth.scaled(8)), (1_540, 9_972_834_952));
}

#[test]
fn it_starts_at_the_first_point_and_steps_evenly() {
    let path = Path::walk("BTC", walk(3, 0.8), 600);
    assert_eq!((path.first(), path.duration(), path.knots().len()), (START, 600, 11));
    assert_eq!(path.name(), "BTC");
}

#[test]
fn it_has_the_volatility_asked_for() {
    let returns: Vec<f64> = walk(5, 0.8)
        .take(20_001)
        .map(|point| point.price.ln())
        .collect::<Vec<_>>()
        .windows(2)
        .map(|p| p[1] - p[0])
        .collect();
    let variance = returns.iter().map(|r| r * r).sum::<f64>() / returns.len() as f64;
    let volatility = (variance * 365.0 * 86_400.0 / 60.0).sqrt();
    assert!((volatility - 0.8).abs() < 0.02, "{volatility}");
}

#[test]
fn it_stays_within_a_tenth_and_ten_times_its_start() {
    assert!(walk(7, 10.0).take(200_000).all(|point| (10.0..=1_000.0).contains(&point.price)));
}

#[test]
fn no_volatility_stands_still() {
    assert!(walk(9, 0.0).take(100).all(|point| point.price == 100.0));
}

#[test]
fn parameters_out_of_range_are_named() {
    let refused = |price, step, volatility| {
        let error = Walk::new(1, Point { seconds: 0, price }, step, volatility).unwrap_err();
        assert!(matches!(error, PriceError::Walk { .. }));
        error.to_string()
    };
    assert!(refused(0.0, 60, 0.8).contains("price = 0 is outside"));
    assert!(refused(1.0, 61, 0.8).contains("step_seconds = 61 is outside 1..=60"));
    assert!(refused(1.0, 60, -0.1).contains("volatility = -0.1"));
    assert!(refused(1.0, 60, f64::NAN).contains("volatility = NaN"));
}
