//! Price steps: who is driven, how far apart they are, and that they never end.
use std::path::PathBuf;

use plimsoll_localnet::sources::{Source, Step, Steps};
use plimsoll_prices::Crash;

fn file(name: &str, bars: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("plimsoll-sources-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("timestamp,open,high,low,close\n{bars}")).unwrap();
    path
}

fn take(source: &Source, speed: u32, count: usize) -> Vec<Step> {
    Steps::new(source, 1, speed).unwrap().take(count).collect()
}

#[test]
fn walks_repeat_with_their_seed_and_differ_between_underlyings() {
    let steps = |seed| Steps::new(&Source::Walk, seed, 1).unwrap().take(50).collect::<Vec<_>>();
    assert_eq!(steps(1), steps(1));
    assert_ne!(steps(1), steps(2));
    let last = steps(1)[49];
    assert_ne!(last.prices[0] / 100_000.0, last.prices[1] / 150.0);
}

#[test]
fn steps_are_two_real_seconds_apart_and_at_most_a_chain_minute() {
    for (speed, seconds) in [(1, 2), (10, 20), (30, 60), (600, 60)] {
        assert!((1..).zip(take(&Source::Walk, speed, 20)).all(|(n, step)| step.offset == n * seconds));
    }
}

#[test]
fn a_crash_drives_its_underlying_and_the_other_falls_alike() {
    let source = Source::Crash(Crash::SolNovember2022);
    let steps = Steps::new(&source, 1, 30).unwrap();
    assert_eq!((steps.driven(), steps.first().prices), (Some(1), [100_000.0, 29.6]));
    let lowest = steps.take(4_000).min_by(|a, b| a.prices[1].total_cmp(&b.prices[1])).unwrap();
    assert_eq!(lowest.prices[1], 12.35);
    assert!((lowest.prices[0] / 100_000.0 - 12.35 / 29.6).abs() < 1e-9);
}

#[test]
fn a_file_drives_the_underlying_its_name_starts_with_else_the_first() {
    let bars = "100,4,6,3,5\n160,5,5,5,5\n";
    for (name, driven) in [("sol_crash.csv", 1), ("BTC.csv", 0), ("prices.csv", 0)] {
        let steps = Steps::new(&Source::File(file(name, bars)), 1, 1).unwrap();
        assert_eq!((steps.driven(), steps.first().prices[driven]), (Some(driven), 4.0), "{name}");
    }
}

#[test]
fn every_price_of_a_bar_is_a_step_and_the_last_one_is_held() {
    let source = Source::File(file("btc_bar.csv", "100,4,6,3,5\n700,5,5,5,5\n"));
    let steps = take(&source, 600, 100);
    let prices: Vec<f64> = steps.iter().map(|step| step.prices[0]).collect();
    for price in [3.0, 6.0, 5.0] {
        assert!(prices.contains(&price), "{price} is left out of {prices:?}");
    }
    assert!(steps.windows(2).all(|pair| (1..=60).contains(&(pair[1].offset - pair[0].offset))));
    assert_eq!(prices[99], 5.0);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_its_line() {
    let source = Source::File(file("btc_broken.csv", "100,4,6,3,5\n160,x,5,5,5\n"));
    let error = Steps::new(&source, 1, 1).err().unwrap().to_string();
    assert!(error.contains("btc_broken.csv, line 3, column `open`: `x`"), "{error}");
}
