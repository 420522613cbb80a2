//! Cleared trades: premium, fees, bands, cash, curing.

use plimsoll_core::error::CoreError;
use plimsoll_core::parameters::ClearinghouseParameters;
use plimsoll_core::trade::*;
use plimsoll_core::units::{Quantity, Quote, Ratio};
use proptest::prelude::*;

const FEES: ClearinghouseParameters = ClearinghouseParameters::shipped();
const LIMITS: LimitParameters = LimitParameters::shipped();
const CAP: Quote = Quote(1_000);

fn terms(quantity: i32, price: i64, mark: i64, spot: i64) -> TradeTerms {
    TradeTerms { quantity: Quantity(quantity), price: Quote(price), mark: Quote(mark), spot: Quote(spot) }
}

fn leg(before: i32, after: i32) -> LegChange {
    LegChange { before: Quantity(before), after: Quantity(after) }
}

#[test]
fn premium_and_fees_of_a_trade() {
    // 10 contracts at 2,000,000 on a notional of 50,000,000: 0.03 % of 500,000,000.
    let got = plan(&terms(10, 2_000_000, 1_900_000, 50_000_000), &FEES).unwrap();
    let want = TradePlan {
        premium: Quote(20_000_000),
        buyer_cash: Quote(-20_150_000),
        seller_cash: Quote(19_850_000),
        fee: Quote(150_000),
        fees: Quote(300_000),
        mark_value: Quote(19_000_000),
    };
    assert_eq!(got, want);
}

#[test]
fn the_fee_is_capped_by_the_premium_and_rounds_up() {
    let fee = |price, spot| plan(&terms(1, price, 0, spot), &FEES).unwrap().fee.0;
    assert_eq!(fee(8, 50_000_000), 1); // 12.5 % of 8
    assert_eq!(fee(9, 50_000_000), 2);
    assert_eq!(fee(0, 50_000_000), 0);
    assert_eq!(fee(1_000_000, 3_334), 2); // 0.03 % of 3,334 is just above 1
    assert_eq!(fee(1_000_000, 3_333), 1);
}

#[test]
fn nothing_or_less_cannot_be_traded() {
    for quantity in [0, -1] {
        assert_eq!(plan(&terms(quantity, 1, 1, 1), &FEES), Err(TradeRefusal::Quantity { quantity }));
    }
    for wrong in [terms(1, -1, 1, 1), terms(1, 1, -1, 1), terms(1, 1, 1, -1)] {
        assert_eq!(plan(&wrong, &FEES), Err(CoreError::OutOfDomain.into()));
    }
    assert_eq!(plan(&terms(2, i64::MAX, 1, 1), &FEES), Err(CoreError::Overflow.into()));
}

#[test]
fn the_price_stays_in_its_band_around_the_mark() {
    let at = |price, mark, spot| check_price_band(&terms(1, price, mark, spot), &LIMITS);
    // 25 % of the mark.
    assert_eq!(at(125_000, 100_000, 0), Ok(()));
    assert_eq!(at(75_000, 100_000, 0), Ok(()));
    let refused = Err(TradeRefusal::PriceBand { distance: 25_001, band: 25_000 });
    assert_eq!(at(125_001, 100_000, 0), refused);
    assert_eq!(at(74_999, 100_000, 0), refused);
    // 1 % of spot, for options worth little.
    assert_eq!(at(50_000, 0, 5_000_000), Ok(()));
    assert_eq!(at(50_001, 0, 5_000_000), Err(TradeRefusal::PriceBand { distance: 50_001, band: 50_000 }));
}

#[test]
fn a_leg_is_limited_unless_it_shrinks() {
    let at = |before, bought| LegChange::new(Quantity(before), Quantity(bought), &LIMITS);
    let refused = |quantity| Err(TradeRefusal::LegTooLarge { quantity, max: 20_000 });
    assert!(at(0, 20_000).is_ok() && at(0, -20_000).is_ok());
    for sign in [1, -1] {
        assert_eq!(at(0, sign * 20_001), refused(20_001));
        assert!(at(sign * 40_000, -sign).is_ok());
    }
    assert_eq!(at(40_000, -80_000), refused(40_000));
    assert_eq!(at(i32::MAX, 1), Err(CoreError::Overflow.into()));
}

#[test]
fn reducing_growing_short_and_buying_back() {
    let kinds = |before, after| {
        let leg = leg(before, after);
        (leg.reduces(), leg.grows_short(), leg.buys_back())
    };
    assert_eq!(kinds(5, 4), (true, false, false));
    assert_eq!(kinds(5, 0), (true, false, false));
    assert_eq!(kinds(5, -1), (false, true, false));
    assert_eq!(kinds(5, 6), (false, false, false));
    assert_eq!(kinds(-5, -4), (true, false, true));
    assert_eq!(kinds(-5, 0), (true, false, true));
    assert_eq!(kinds(-5, 1), (false, false, false));
    assert_eq!(kinds(-5, -6), (false, true, false));
    assert_eq!(kinds(0, -1), (false, true, false));
    assert_eq!(kinds(0, 0), (false, false, false));
    assert_eq!(kinds(i32::MIN, i32::MAX), (false, false, false));
}

#[test]
fn open_interest_counts_contracts_once() {
    let at = |before, buyer, seller| open_interest_moved(before, &buyer, &seller);
    assert_eq!(at(0, leg(0, 5), leg(0, -5)), Ok(5)); // both open
    assert_eq!(at(5, leg(-5, 0), leg(5, 0)), Ok(0)); // both close
    assert_eq!(at(5, leg(0, 5), leg(5, 0)), Ok(5)); // the long changes hands
    assert_eq!(at(9, leg(-3, 2), leg(1, -4)), Ok(9 + 2 - 1));
    assert_eq!(at(4, leg(-5, 0), leg(5, 0)), Err(CoreError::OutOfDomain));
    assert_eq!(at(5, leg(0, 5), leg(0, -4)), Err(CoreError::OutOfDomain));
    assert_eq!(at(i64::MAX, leg(0, 5), leg(0, -5)), Err(CoreError::Overflow));
}

#[test]
fn the_open_interest_cap_stops_growth_only() {
    let cap = LIMITS.open_interest_cap;
    let at = |before, buyer, seller| open_interest_after(before, &buyer, &seller, &LIMITS);
    assert_eq!(at(cap - 5, leg(0, 5), leg(0, -5)), Ok(cap));
    let refused = Err(TradeRefusal::OpenInterest { open_interest: cap + 1, cap });
    assert_eq!(at(cap - 4, leg(0, 5), leg(0, -5)), refused);
    assert_eq!(at(cap + 9, leg(-5, 0), leg(5, 0)), Ok(cap + 4));
    assert_eq!(at(cap + 9, leg(0, 5), leg(5, 0)), Ok(cap + 9));
}

#[test]
fn the_permission_table() {
    use PriceStanding::*;
    use TradeRule::*;
    for auction in [false, true] {
        for debtor in [false, true] {
            assert_eq!(rule(Stale, auction, debtor), Reducing);
            assert_eq!(rule(Guarded, auction, debtor), Curing);
        }
    }
    assert_eq!(rule(Valid, false, false), Free);
    assert_eq!(rule(Valid, true, false), Curing);
    assert_eq!(rule(Valid, false, true), Curing);
    assert_eq!(rule(Valid, true, true), Curing);
}

fn standing(equity: i64, initial: i64, maintenance: i64) -> Standing {
    Standing { equity: Quote(equity), initial: Quote(initial), maintenance: Quote(maintenance) }
}

/// A side that buys protection while under initial margin, and improves both balances.
fn curing() -> SideCheck {
    SideCheck {
        before: standing(1_000, -500, -100),
        after: standing(1_000, -500, -100),
        cash_before: Quote(300),
        cash_after: Quote(300),
        bound: Quote(0),
        leg: leg(0, 10),
        fee: Quote(10),
        mark_value: Quote(5_000),
    }
}

fn passes(rule: TradeRule, side: &SideCheck) -> Result<(), TradeRefusal> {
    check_side(rule, side, &LIMITS, CAP)
}

#[test]
fn a_free_trade_leaves_initial_balance_and_cash_at_zero_or_more() {
    let side = |initial, cash| SideCheck {
        before: standing(1_000, 900, 950),
        after: standing(500, initial, 100),
        cash_after: Quote(cash),
        ..curing()
    };
    assert_eq!(passes(TradeRule::Free, &side(0, 0)), Ok(()));
    assert_eq!(passes(TradeRule::Free, &side(-1, 0)), Err(TradeRefusal::InitialMargin { initial: -1 }));
    assert_eq!(passes(TradeRule::Free, &side(0, -1)), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
}

#[test]
fn a_trade_that_cures_passes_where_a_free_one_would_not() {
    assert_eq!(passes(TradeRule::Free, &curing()), Ok(()));
    assert_eq!(passes(TradeRule::Curing, &curing()), Ok(()));
    let worse = SideCheck { after: standing(1_000, -501, -100), ..curing() };
    assert_eq!(passes(TradeRule::Free, &worse), Err(TradeRefusal::InitialMargin { initial: -501 }));
    let falls = TradeRefusal::InitialFalls { before: -500, after: -501 };
    assert_eq!(passes(TradeRule::Curing, &worse), Err(falls));
}

#[test]
fn curing_lowers_neither_balance() {
    let at = |initial, maintenance| {
        check_curing(&SideCheck { after: standing(1_000, initial, maintenance), ..curing() }, &LIMITS)
    };
    assert_eq!(at(-500, -100), Ok(()));
    assert_eq!(at(-501, -100), Err(TradeRefusal::InitialFalls { before: -500, after: -501 }));
    assert_eq!(at(-500, -101), Err(TradeRefusal::MaintenanceFalls { before: -100, after: -101 }));
}

#[test]
fn curing_grows_no_short() {
    let at = |before, after| check_curing(&SideCheck { leg: leg(before, after), ..curing() }, &LIMITS);
    assert_eq!(at(0, 10), Ok(())); // a protective long may grow
    assert_eq!(at(-5, -4), Ok(()));
    assert_eq!(at(-5, -6), Err(TradeRefusal::ShortGrows { before: -5, after: -6 }));
    assert_eq!(at(5, -1), Err(TradeRefusal::ShortGrows { before: 5, after: -1 }));
}

#[test]
fn curing_costs_fees_and_slip_at_most_and_never_takes_equity_below_zero() {
    let at = |before, after| {
        let side = SideCheck { before: standing(before, -500, -100), after: standing(after, -500, -100), ..curing() };
        check_curing(&side, &LIMITS)
    };
    // Fee 10 and 2 % of 5,000.
    assert_eq!(at(1_000, 890), Ok(()));
    assert_eq!(at(1_000, 889), Err(TradeRefusal::EquityFalls { after: 889, least: 890 }));
    assert_eq!(at(50, 0), Ok(()));
    assert_eq!(at(50, -1), Err(TradeRefusal::EquityFalls { after: -1, least: 0 }));
    assert_eq!(at(-7, -7), Ok(()));
    assert_eq!(at(-7, -8), Err(TradeRefusal::EquityFalls { after: -8, least: -7 }));
}

#[test]
fn cash_of_a_curing_trade_may_stay_as_low_as_it_was() {
    let at = |before, after| {
        passes(TradeRule::Curing, &SideCheck { cash_before: Quote(before), cash_after: Quote(after), ..curing() })
    };
    assert_eq!(at(300, 0), Ok(()));
    assert_eq!(at(300, -1), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
    assert_eq!(at(-40, -40), Ok(()));
    assert_eq!(at(-40, -41), Err(TradeRefusal::Cash { cash: -41, least: -40 }));
}

#[test]
fn buying_back_a_short_may_use_the_debt_cap() {
    let at = |before, after, cash| {
        passes(TradeRule::Free, &SideCheck { leg: leg(before, after), cash_after: Quote(cash), ..curing() })
    };
    assert_eq!(at(-5, -4, -1_000), Ok(()));
    assert_eq!(at(-5, -4, -1_001), Err(TradeRefusal::Cash { cash: -1_001, least: -1_000 }));
    assert_eq!(at(-5, 1, -1), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
    assert_eq!(at(5, 4, -1), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
    // What is held, locked or reserved is not lent again.
    let held = SideCheck { leg: leg(-5, -4), bound: Quote(1), cash_after: Quote(-1), ..curing() };
    assert_eq!(passes(TradeRule::Free, &held), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
    assert_eq!(passes(TradeRule::Free, &SideCheck { cash_after: Quote(0), ..held }), Ok(()));
}

#[test]
fn on_a_stale_price_a_trade_reduces_and_stands_at_the_mark() {
    let at = |before, after| passes(TradeRule::Reducing, &SideCheck { leg: leg(before, after), ..curing() });
    assert_eq!(at(-5, -4), Ok(()));
    assert_eq!(at(5, 0), Ok(()));
    assert_eq!(at(0, 10), Err(TradeRefusal::NotReducing { before: 0, after: 10 }));
    assert_eq!(at(5, -4), Err(TradeRefusal::NotReducing { before: 5, after: -4 }));
    let poor = SideCheck { leg: leg(5, 4), cash_after: Quote(-1), ..curing() };
    assert_eq!(passes(TradeRule::Reducing, &poor), Err(TradeRefusal::Cash { cash: -1, least: 0 }));
    assert_eq!(check_at_mark(&terms(1, 7, 7, 1)), Ok(()));
    assert_eq!(check_at_mark(&terms(1, 8, 7, 1)), Err(TradeRefusal::NotAtMark { price: 8, mark: 7 }));
}

#[test]
fn on_a_stale_price_nobody_sells_the_long_leg_of_a_spread() {
    let stripped = SideCheck { leg: leg(5, 0), after: standing(1_000, -8_000, -4_000), ..curing() };
    let falls = TradeRefusal::InitialFalls { before: -500, after: -8_000 };
    assert_eq!(passes(TradeRule::Reducing, &stripped), Err(falls));
    // With margin to spare a long leg may go.
    let rich = SideCheck { before: standing(9_000, 8_000, 8_500), after: standing(9_000, 0, 4_000), ..stripped };
    assert_eq!(passes(TradeRule::Reducing, &rich), Ok(()));
}

#[test]
fn fees_are_divided_exactly_and_the_remainder_insures() {
    let at = |fees| split_fees(Quote(fees), Ratio(500_000)).unwrap();
    assert_eq!(at(7), FeeSplit { insurance: Quote(4), surplus: Quote(3) });
    assert_eq!(at(0), FeeSplit::default());
    assert_eq!(split_fees(Quote(7), Ratio::ONE).unwrap().surplus, Quote(0));
    assert_eq!(split_fees(Quote(-1), Ratio(0)), Err(CoreError::OutOfDomain));
    assert_eq!(split_fees(Quote(1), Ratio(1_000_001)), Err(CoreError::OutOfDomain));
}

#[test]
fn a_standing_beyond_the_integers_is_refused() {
    assert_eq!(Standing::from_wide(1, 2, 3), Ok(standing(1, 2, 3)));
    assert_eq!(Standing::from_wide(i128::from(i64::MAX) + 1, 0, 0), Err(CoreError::Overflow));
}

proptest! {
    #[test]
    fn a_trade_conserves_quote(quantity in 1i32..=i32::MAX, price in 0i64..1 << 30, mark in 0i64..1 << 30, spot in 0i64..1 << 30) {
        let plan = plan(&terms(quantity, price, mark, spot), &FEES).unwrap();
        prop_assert_eq!(plan.buyer_cash.0 + plan.seller_cash.0 + plan.fees.0, 0);
        prop_assert!(plan.fee.0 >= 0 && plan.fee <= plan.premium);
        prop_assert_eq!(plan.premium.0, price * i64::from(quantity));
    }

    /// Whatever four legs trade, open interest is the contracts held long, and those held short.
    #[test]
    fn open_interest_is_the_sum_of_longs(trades in prop::collection::vec((0usize..4, 0usize..4, 1i32..1_000), 1..50)) {
        let mut held = [0i32; 4];
        let mut open = 0i64;
        for (buyer, seller, quantity) in trades {
            if buyer == seller {
                continue;
            }
            let (a, b) = (leg(held[buyer], held[buyer] + quantity), leg(held[seller], held[seller] - quantity));
            open = open_interest_moved(open, &a, &b).unwrap();
            held[buyer] += quantity;
            held[seller] -= quantity;
            let long: i64 = held.iter().map(|q| i64::from(*q).max(0)).sum();
            let short: i64 = held.iter().map(|q| -i64::from(*q).min(0)).sum();
            prop_assert_eq!((open, open), (long, short));
        }
    }

    #[test]
    fn no_input_panics(q: i32, p: i64, m: i64, s: i64, b: i32, a: i32, x: [i64; 8]) {
        let terms = terms(q, p, m, s);
        let _ = (plan(&terms, &FEES), check_price_band(&terms, &LIMITS), check_at_mark(&terms));
        let _ = LegChange::new(Quantity(b), Quantity(a), &LIMITS);
        let _ = open_interest_after(x[0], &leg(b, a), &leg(a, b), &LIMITS);
        let side = SideCheck {
            before: standing(x[0], x[1], x[2]), after: standing(x[3], x[4], x[5]), cash_before: Quote(x[6]),
            cash_after: Quote(x[7]), bound: Quote(x[0]), leg: leg(b, a), fee: Quote(p), mark_value: Quote(m),
        };
        for rule in [TradeRule::Free, TradeRule::Curing, TradeRule::Reducing] {
            let _ = check_side(rule, &side, &LIMITS, Quote(s));
        }
        let _ = split_fees(Quote(p), Ratio(q.unsigned_abs()));
    }
}
