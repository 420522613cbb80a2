//! How a price path becomes a market, and how numbers are written.

use plimsoll_demo::market::{Market, WINDOW_SECONDS_MAX};
use plimsoll_demo::report::chart::{date, number, short};
use plimsoll_prices::{Path, Point, PriceError};

const DAY: i64 = 86_400;
const START: i64 = 20_000 * DAY;

fn market(name: &str, points: &[(i64, f64)]) -> Market {
    let knots = points.iter().map(|&(seconds, price)| Point { seconds, price }).collect();
    Market::of_path(&Path::from_points(name, knots).unwrap()).unwrap()
}

#[test]
fn the_file_name_names_the_coin() {
    for (name, symbol, partner) in [
        ("BTC_2020-03", "BTC", "SOL"),
        ("eth-crash", "ETH", "SOL"),
        ("SOL November 2022", "SOL", "BTC"),
        ("DOGE_2021", "DOGE", "SOL"),
        ("prices", "BTC", "SOL"),
        ("2020_crash", "BTC", "SOL"),
        ("averylongprefix_x", "BTC", "SOL"),
    ] {
        let market = market(name, &[(START, 50.0), (START + 600, 40.0)]);
        assert_eq!((market.coins[0].symbol.as_str(), market.coins[1].symbol.as_str()), (symbol, partner), "{name}");
    }
}

#[test]
fn coins_of_any_price_are_listed_in_useful_sizes() {
    for (price, symbol) in [(0.000_1, "10000xPEPE"), (0.02, "100xPEPE"), (1.0, "PEPE"), (1_000_000.0, "PEPE")] {
        let market = market("PEPE_x", &[(START, price), (START + 3_600, price * 0.4)]);
        let coin = &market.coins[0];
        assert_eq!(coin.symbol, symbol, "{price}");
        let value = coin.contract_value(coin.first);
        assert!((30.0..=300.0).contains(&value), "{price}: contracts of {value}");
        assert_eq!(coin.strikes.len(), 12, "{price}: {:?}", coin.strikes);
        assert!(coin.listing.limits.max_quantity >= 50_000, "{price}: {}", coin.listing.limits.max_quantity);
        assert_eq!(coin.strikes[usize::from(coin.strike(100.0))], (coin.first * 1e6).round() as i64, "{price}");
    }
}

#[test]
fn steps_are_at_most_a_minute_and_follow_a_fast_market() {
    let market = market("BTC", &[(START, 100.0), (START + 600, 100.05), (START + 660, 50.0), (START + 7_000, 60.0)]);
    assert_eq!(market.span(), (START, START + 7_000));
    for pair in market.steps.windows(2) {
        let (seconds, ratio) = (pair[1].seconds - pair[0].seconds, pair[1].price / pair[0].price);
        assert!((1..=60).contains(&seconds), "{pair:?}");
        assert!((0.96..1.04).contains(&ratio), "{pair:?}");
    }
}

#[test]
fn of_years_the_worst_days_are_played() {
    let month = 30 * DAY;
    let points = [(START, 100.0), (START + month, 200.0), (START + month + 2 * DAY, 80.0), (START + 12 * month, 300.0)];
    let market = market("BTC", &points);
    let (first, last) = market.span();
    assert!(last - first <= WINDOW_SECONDS_MAX && last - first > WINDOW_SECONDS_MAX - DAY / 4);
    assert!(first < START + month && last > START + month + 2 * DAY, "peak and trough are inside");
    let cut = market.cut.unwrap();
    assert!(cut.contains("360.0 days") && cut.contains("60.0 %"), "{cut}");
}

#[test]
fn counted_seconds_become_a_date() {
    let market = market("BTC", &[(0, 100.0), (300, 90.0)]);
    assert_eq!(market.span().1 - market.span().0, 300);
    assert!(date(market.span().0).0 >= 2009);
}

#[test]
fn a_file_that_is_no_price_file_is_an_input_error() {
    let file = std::env::temp_dir().join(format!("plimsoll_bad_{}.csv", std::process::id()));
    std::fs::write(&file, "time,price\n1,2\n").unwrap();
    let error = Market::load(Some(&file)).unwrap_err();
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(error.downcast_ref(), Some(PriceError::ColumnMissing { column: "timestamp", .. })), "{error}");
}

#[test]
fn numbers_and_dates_read_well() {
    let numbers = [(0.0, "0"), (1_234_567.8, "1,234,568"), (-1_000.0, "-1,000"), (12.345, "12.35"), (0.5, "0.5000")];
    for (value, text) in numbers {
        assert_eq!(number(value), text);
    }
    for (value, text) in [(1_500_000.0, "1.5M"), (-20_000.0, "-20k"), (0.0, "0"), (950.0, "950")] {
        assert_eq!(short(value), text);
    }
    for (time, expected) in [(0, (1970, 1, 1)), (1_583_971_200, (2020, 3, 12)), (1_709_164_800, (2024, 2, 29))] {
        assert_eq!(date(time), expected);
    }
}
