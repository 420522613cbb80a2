//! Paths: the order of a bar's prices, the steps, the second underlying.
use plimsoll_prices::{Bar, Crash, Path, Point, PriceError, STEP_SECONDS_MAX};

fn point(seconds: i64, price: f64) -> Point {
    Point { seconds, price }
}

fn bar(timestamp: i64, open: f64, high: f64, low: f64, close: f64) -> Bar {
    Bar { timestamp, open, high, low, close }
}

#[test]
fn a_bar_goes_open_low_high_close_and_ends_before_the_next() {
    let path = Path::from_bars("BTC", &[bar(0, 4.0, 6.0, 3.0, 5.0), bar(301, 5.5, 5.5, 5.0, 5.0)]);
    let first = [point(0, 4.0), point(100, 3.0), point(200, 6.0), point(300, 5.0)];
    assert_eq!(path.knots()[..4], first);
    assert_eq!(path.knots()[4], point(301, 5.5));
}

#[test]
fn a_bar_lasts_as_long_as_the_shortest_distance_of_two() {
    let flat = |timestamp| bar(timestamp, 4.0, 4.0, 4.0, 4.0);
    let path = Path::from_bars("BTC", &[flat(0), flat(60), flat(600)]);
    assert_eq!(path.knots()[7].seconds, 119);
    assert_eq!(path.last().seconds, 659);
    assert_eq!(Path::from_bars("BTC", &[flat(7)]).last().seconds, 66);
}

#[test]
fn the_shortest_bars_keep_four_points() {
    let flat = |timestamp| bar(timestamp, 4.0, 4.0, 4.0, 4.0);
    let path = Path::from_bars("BTC", &[flat(0), flat(4)]);
    let seconds: Vec<i64> = path.knots().iter().map(|knot| knot.seconds).collect();
    assert_eq!(seconds, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn steps_are_at_most_a_minute_keep_every_knot_and_grow() {
    for step_seconds in [1, 7, 60, 1_000] {
        for crash in Crash::ALL {
            let path = Path::builtin(crash);
            let steps: Vec<Point> = path.steps(step_seconds).collect();
            let limit = step_seconds.min(STEP_SECONDS_MAX);
            assert!(steps.windows(2).all(|pair| (1..=limit).contains(&(pair[1].seconds - pair[0].seconds))));
            let mut rest = steps.iter();
            assert!(path.knots().iter().all(|knot| rest.any(|step| step == knot)), "a knot is left out");
            assert_eq!(steps.last(), Some(&path.last()));
        }
    }
}

#[test]
fn steps_lie_on_the_line_between_two_knots() {
    let path = Path::from_points("BTC", vec![point(10, 100.0), point(100, 190.0)]).unwrap();
    let steps: Vec<Point> = path.steps(60).collect();
    assert_eq!(steps, [point(10, 100.0), point(55, 145.0), point(100, 190.0)]);
}

#[test]
fn the_second_underlying_moves_by_the_same_returns() {
    let path = Path::builtin(Crash::BtcMarch2020);
    let other = path.starting_at("SOL", 150.0).unwrap();
    assert_eq!(other.first(), point(path.first().seconds, 150.0));
    assert_eq!(other.name(), "SOL");
    for (a, b) in path.knots().iter().zip(other.knots()) {
        assert!((a.price / path.first().price - b.price / 150.0).abs() < 1e-12);
    }
    assert!(matches!(path.starting_at("SOL", 0.0), Err(PriceError::Knot { index: 0, .. })));
}

#[test]
fn the_name_chooses_the_underlying_else_the_first() {
    let named = |name| Path::from_points(name, vec![point(0, 1.0)]).unwrap().drives(&["BTC", "SOL"]);
    assert_eq!([named("SOL_2022"), named("sol"), named("btc-1h"), named("prices"), named("")], [1, 1, 0, 0, 0]);
}

#[test]
fn points_must_be_there_grow_and_be_positive() {
    for (points, at) in [
        (vec![], 0),
        (vec![point(1, 1.0), point(1, 1.0)], 1),
        (vec![point(1, 0.0)], 0),
        (vec![point(1, 1.0), point(2, f64::NAN)], 1),
    ] {
        let error = Path::from_points("x", points).unwrap_err();
        assert!(matches!(error, PriceError::Knot { index, .. } if index == at), "{error}");
    }
}

#[test]
fn lowest_highest_and_duration() {
    let path = Path::from_points("x", vec![point(0, 2.0), point(10, 1.0), point(20, 3.0), point(30, 1.0)]).unwrap();
    assert_eq!((path.lowest(), path.highest(), path.duration()), (point(10, 1.0), point(20, 3.0), 30));
}

#[test]
fn a_price_scales_to_the_nearest_integer_at_least_one() {
    assert_eq!(point(0, 7935.125).scaled(6), 7_935_125_000);
    assert_eq!(point(0, 31.7).scaled(8), 3_170_000_000);
    assert_eq!(point(0, 0.000_001).scaled(2), 1);
}

#[test]
fn a_file_gives_its_stem_as_name() {
    let file = std::env::temp_dir().join(format!("SOL_plimsoll_prices_{}.csv", std::process::id()));
    std::fs::write(&file, "timestamp,open,high,low,close\n60,4,6,3,5\n120,5,6,4,6\n").unwrap();
    let path = Path::from_csv(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(path.name().starts_with("SOL_plimsoll_prices_") && !path.name().ends_with(".csv"));
    assert_eq!((path.drives(&["BTC", "SOL"]), path.first(), path.last()), (1, point(60, 4.0), point(179, 6.0)));
}
