//! Liquidation prices.

use plimsoll_core::margin::cross::maintenance_at;
use plimsoll_core::margin::{liquidation_prices, LiquidationPrices};
use plimsoll_core::position::OptionKind::{Call, Put};
use plimsoll_core::units::Price;

use super::chain::PLAIN;
use super::fixtures::{expiry, position, OwnedBook};

const USD: i64 = 1_000_000;

fn book(cash: i64, legs: Vec<plimsoll_core::position::Position>) -> OwnedBook {
    let mut book = OwnedBook::one(2_000 * USD, PLAIN, vec![expiry(30 * 86_400, 60, &[2_000 * USD])], legs);
    book.cash = cash;
    book
}

#[test]
fn the_balance_changes_sign_between_the_price_and_its_neighbour() {
    let book = book(800 * USD, vec![position(0, 0, Call, -1)]);
    let found = book.with(|b| liquidation_prices(b, 0)).unwrap();
    let above = found.above.unwrap();
    assert!(above > Price(2_000 * USD) && found.below.is_none());
    let at = |price: i64| book.with(|b| maintenance_at(b, 0, Price(price))).unwrap();
    assert!(at(above.0) < 0 && at(above.0 - 1) >= 0);
}

#[test]
fn a_straddle_has_one_on_each_side() {
    let book = book(900 * USD, vec![position(0, 0, Call, -1), position(0, 0, Put, -1)]);
    let found = book.with(|b| liquidation_prices(b, 0)).unwrap();
    assert!(found.below.unwrap() < Price(2_000 * USD) && found.above.unwrap() > Price(2_000 * USD));
}

#[test]
fn the_ends_are_none_and_already() {
    let long = book(USD, vec![position(0, 0, Call, 1)]);
    assert_eq!(long.with(|b| liquidation_prices(b, 0)), Ok(LiquidationPrices::default()));
    let broke = book(USD, vec![position(0, 0, Call, -1)]);
    let spot = Some(Price(2_000 * USD));
    assert_eq!(broke.with(|b| liquidation_prices(b, 0)), Ok(LiquidationPrices { below: spot, above: spot }));
    assert!(broke.with(|b| liquidation_prices(b, 1)).is_err());
}
