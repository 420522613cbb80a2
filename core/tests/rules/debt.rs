//! Interest and collateral sales.

use plimsoll_core::debt::*;
use plimsoll_core::error::CoreError;
use plimsoll_core::parameters::ClearinghouseParameters;
use plimsoll_core::units::{Price, Quote, YEAR_SECONDS};
use proptest::prelude::*;

/// 15 % a year; 10 % off over 1,800 s.
const RULE: ClearinghouseParameters = ClearinghouseParameters::shipped();

#[test]
fn interest_is_a_rate_a_year_rounded_up() {
    let at = |cash, seconds| interest(Quote(cash), seconds, &RULE).unwrap().0;
    assert_eq!(at(-1_000_000, YEAR_SECONDS), 150_000);
    assert_eq!(at(-1_000_000, YEAR_SECONDS / 2), 75_000);
    assert_eq!(at(-1, 1), 1);
    assert_eq!(at(0, YEAR_SECONDS), 0);
    assert_eq!(at(5, YEAR_SECONDS), 0);
    assert_eq!(at(-1_000_000, 0), 0);
    assert_eq!(at(-1_000_000, -5), 0);
    assert_eq!(interest(Quote(i64::MIN), 1, &RULE), Err(CoreError::Overflow));
    assert_eq!(interest(Quote(-1), i64::MAX, &RULE), Err(CoreError::Overflow));
}

#[test]
fn the_sale_discount_grows_linearly_to_its_end() {
    let at = |elapsed| sale_discount(elapsed, &RULE);
    assert_eq!((at(-5), at(0), at(900), at(1_800), at(i64::MAX)), (0, 0, 50_000, 100_000, 100_000));
    assert_eq!(at(1), 55); // 55.5, rounded down for who sells
    let none = ClearinghouseParameters { sale_window_seconds: 0, ..RULE };
    assert_eq!(sale_discount(0, &none), 100_000);
}

/// 2 whole tokens of 9 decimals at 150 quote; debt 90 quote, halfway: 142.5 quote a token.
fn terms() -> SaleTerms {
    SaleTerms {
        debt: Quote(90_000_000),
        held: 2_000_000_000,
        wanted: u64::MAX,
        price: Price(150_000_000),
        decimals: 9,
        elapsed: 900,
        price_limit: Quote(i64::MAX),
    }
}

#[test]
fn a_sale_takes_what_cures_the_debt_and_no_more() {
    let plan = plan_sale(&terms(), &RULE).unwrap();
    // 90 / 142.5 = 0.631578947..., the next atom up.
    assert_eq!((plan.amount, plan.proceeds, plan.discount), (631_578_948, Quote(90_000_001), 50_000));
}

#[test]
fn a_sale_takes_no_more_than_held_or_wanted() {
    let held = SaleTerms { held: 100_000_000, ..terms() };
    let plan = plan_sale(&held, &RULE).unwrap();
    assert_eq!((plan.amount, plan.proceeds), (100_000_000, Quote(14_250_000)));
    let wanted = SaleTerms { wanted: 1, ..terms() };
    let plan = plan_sale(&wanted, &RULE).unwrap();
    assert_eq!((plan.amount, plan.proceeds), (1, Quote(1))); // up: nothing is free
}

#[test]
fn proceeds_round_up_by_the_smallest_rest() {
    // After 2 s the discount is 111 ppm: 9,009 x 999,889 = 9,008 x 10^6 + 1.
    let terms = SaleTerms { wanted: 1, price: Price(9_009), decimals: 0, elapsed: 2, ..terms() };
    assert_eq!(plan_sale(&terms, &RULE).unwrap().proceeds, Quote(9_009));
}

#[test]
fn sales_that_are_none_are_refused() {
    let at = |terms| plan_sale(&terms, &RULE);
    for debt in [0, -1] {
        assert_eq!(at(SaleTerms { debt: Quote(debt), ..terms() }), Err(DebtRefusal::NoDebt { debt }));
    }
    let nothing = DebtRefusal::Nothing { held: 0, wanted: u64::MAX };
    assert_eq!(at(SaleTerms { held: 0, ..terms() }), Err(nothing));
    let nothing = DebtRefusal::Nothing { held: 2_000_000_000, wanted: 0 };
    assert_eq!(at(SaleTerms { wanted: 0, ..terms() }), Err(nothing));
    for price in [0, -1] {
        assert_eq!(at(SaleTerms { price: Price(price), ..terms() }), Err(CoreError::OutOfDomain.into()));
    }
    assert_eq!(at(SaleTerms { decimals: 19, ..terms() }), Err(CoreError::OutOfDomain.into()));
    assert!(at(SaleTerms { decimals: 18, ..terms() }).is_ok());
}

#[test]
fn the_buyers_limit_holds_to_the_atom() {
    let at = |limit| plan_sale(&SaleTerms { price_limit: Quote(limit), ..terms() }, &RULE);
    assert!(at(90_000_001).is_ok());
    let refused = DebtRefusal::PriceLimit { proceeds: 90_000_001, limit: 90_000_000 };
    assert_eq!(at(90_000_000), Err(refused));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The seller gets the discounted price or more, and the debt is cured to within one token atom.
    #[test]
    fn a_sale_is_fair_and_bounded(
        debt in 1i64..1 << 50, held in 1u64..1 << 60, wanted in 1u64..1 << 60, price in 1i64..1 << 40,
        decimals in 0u8..=12, elapsed in 0i64..4_000,
    ) {
        let terms = SaleTerms {
            debt: Quote(debt), held, wanted, price: Price(price), decimals, elapsed, price_limit: Quote(i64::MAX),
        };
        let Ok(plan) = plan_sale(&terms, &RULE) else { return Ok(()) };
        prop_assert!(plan.amount >= 1 && plan.amount <= held.min(wanted));
        let rate = i128::from(price) * i128::from(1_000_000 - plan.discount);
        let scale = 10i128.pow(u32::from(decimals)) * 1_000_000;
        let (amount, proceeds) = (i128::from(plan.amount), i128::from(plan.proceeds.0));
        prop_assert!(proceeds * scale >= amount * rate);
        prop_assert!((proceeds - 1) * scale < amount * rate);
        prop_assert!((amount - 1) * rate < i128::from(debt) * scale);
    }

    #[test]
    fn interest_of_parts_is_not_less_than_of_the_whole(debt in 1i64..1 << 50, a in 0i64..1 << 25, b in 0i64..1 << 25) {
        let at = |seconds| interest(Quote(-debt), seconds, &RULE).unwrap().0;
        prop_assert!(at(a) + at(b) >= at(a + b));
        prop_assert!(at(a) + at(b) <= at(a + b) + 1);
    }

    #[test]
    fn no_input_panics(a: i64, b: u64, c: u64, d: i64, e: u8, f: i64, g: i64) {
        let _ = (interest(Quote(a), f, &RULE), sale_discount(f, &RULE));
        let terms = SaleTerms {
            debt: Quote(a), held: b, wanted: c, price: Price(d), decimals: e, elapsed: f, price_limit: Quote(g),
        };
        let _ = plan_sale(&terms, &RULE);
    }
}
