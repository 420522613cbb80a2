//! Clock, fractions, fees and bids.

use bytemuck::Zeroable;
use plimsoll_core::error::CoreError;
use plimsoll_core::liquidation::*;
use plimsoll_core::position::Position;
use plimsoll_core::units::{Quote, Ratio};
use proptest::prelude::*;

const SHIPPED: AuctionParameters = AuctionParameters::shipped();
const ONE: i64 = FRACTION_ONE;

fn leg(quantity: i32) -> Position {
    Position { quantity, ..Position::zeroed() }
}

fn view(equity: i64, maintenance: i64) -> AuctionView {
    AuctionView {
        equity: Quote(equity),
        maintenance: Quote(maintenance),
        equity_high: Quote(equity),
        reserved: Quote(0),
        bound: Quote(0),
        cash: Quote(0),
        debt_room: Quote(i64::MAX),
    }
}

const BIG: Survey = Survey { largest: 1_000 };

fn bid(fraction: i64) -> BidTerms {
    BidTerms { fraction: Fraction(fraction), price_limit: Quote(i64::MAX) }
}

fn factor(elapsed: i64, rho: u32) -> i64 {
    price_factor(elapsed, Ratio(rho), &SHIPPED).unwrap().0
}

#[test]
fn the_price_factor_passes_through_its_corners() {
    assert_eq!(factor(0, 1_000_000), 980_000_000);
    assert_eq!(factor(-5, 1_000_000), 980_000_000);
    assert_eq!(factor(50, 1_000_000), 890_000_000);
    assert_eq!(factor(100, 1_000_000), 800_000_000);
    assert_eq!(factor(100 + 7_200, 1_000_000), 400_000_000);
    assert!(factor(100 + 14_399, 1_000_000) > 0);
    assert_eq!(factor(100 + 14_400, 1_000_000), 0);
    assert_eq!(factor(i64::MAX, 1_000_000), 0);
}

#[test]
fn the_price_factor_rounds_against_the_bidder() {
    // One second into the slow window: 0.8 x 14399 / 14400 = 0.79994444...
    assert_eq!(factor(101, 1_000_000), 799_944_445);
}

#[test]
fn stress_lowers_the_start_and_shortens_the_windows() {
    assert_eq!(factor(0, 2_000_000), 930_000_000);
    assert_eq!(factor(50, 2_000_000), 800_000_000);
    assert_eq!(factor(25, 2_000_000), 865_000_000);
    assert_eq!(factor(50 + 7_200, 2_000_000), 0);
    assert_eq!(factor(0, 9_000_000), factor(0, SHIPPED.rho_max));
    assert_eq!(factor(0, 0), factor(0, 1_000_000));
}

#[test]
fn the_start_never_falls_below_the_end_of_the_fast_window() {
    let steep = AuctionParameters { rho_slope: 500_000, ..SHIPPED };
    let d = price_factor(0, Ratio(3_000_000), &steep).unwrap();
    assert_eq!(d.0, 800_000_000);
}

#[test]
fn a_first_auction_starts_at_zero_and_owes_the_fee() {
    let start = started(&AuctionClock::default(), 5_000, &SHIPPED);
    assert!(start.fee_due);
    assert_eq!((start.clock.started_at, start.clock.elapsed_at_start), (5_000, 0));
}

#[test]
fn the_clock_rewinds_linearly_and_no_second_fee_is_due_meanwhile() {
    let clock = AuctionClock { started_at: 1_000, ..AuctionClock::default() };
    let clock = ended(&clock, 1_700, 0, &SHIPPED);
    assert_eq!((clock.ended_at, clock.elapsed_at_end), (1_700, 700));
    let at = |now| started(&clock, now, &SHIPPED);
    assert_eq!(at(1_700).clock.elapsed_at_start, 700);
    assert_eq!(at(1_700 + 1_800).clock.elapsed_at_start, 350);
    assert_eq!(at(1_700 + 3_599).clock.elapsed_at_start, 1);
    assert!(!at(1_700 + 3_599).fee_due);
    assert_eq!(at(1_700 + 3_600).clock.elapsed_at_start, 0);
    assert!(at(1_700 + 3_600).fee_due);
}

#[test]
fn a_long_auction_rewinds_from_where_its_factor_reached_zero() {
    let clock = AuctionClock { started_at: 1_000, ..AuctionClock::default() };
    let clock = ended(&clock, 101_000, 0, &SHIPPED);
    assert_eq!(clock.elapsed_at_end, 14_500);
    assert_eq!(started(&clock, 101_000 + 1_800, &SHIPPED).clock.elapsed_at_start, 7_250);
}

#[test]
fn without_a_rewind_window_every_start_is_a_first_one() {
    let parameters = AuctionParameters { rewind_seconds: 0, ..SHIPPED };
    let clock = AuctionClock { ended_at: 500, elapsed_at_end: 400, ..AuctionClock::default() };
    let start = started(&clock, 500, &parameters);
    assert!(start.fee_due);
    assert_eq!(start.clock.elapsed_at_start, 0);
}

#[test]
fn a_reopened_auction_goes_on_where_the_rewound_clock_stands() {
    let clock = AuctionClock { ended_at: 1_000, elapsed_at_end: 600, ..AuctionClock::default() };
    let clock = started(&clock, 1_600, &SHIPPED).clock;
    assert_eq!(elapsed(&clock, 1_600, 0), 500);
    assert_eq!(elapsed(&clock, 1_650, 0), 550);
}

#[test]
fn the_clock_stands_still_while_prices_walk_and_never_runs_backward_past_its_start() {
    let clock = AuctionClock { started_at: 1_000, elapsed_at_start: 40, ..AuctionClock::default() };
    assert_eq!(paused(&[130, 7], &[100, 7]), 30);
    assert_eq!(paused(&[90, 8], &[100, 7]), 1);
    assert_eq!(elapsed(&clock, 1_030, 30), 40);
    assert_eq!(elapsed(&clock, 1_090, 30), 100);
    assert_eq!(elapsed(&clock, 1_010, 30), 40);
    assert_eq!(elapsed(&clock, 1_010, -30), 50);
}

#[test]
fn buffer_margin_is_maintenance_less_the_buffered_requirement() {
    let bm = |e, m| buffer_margin(&view(e, m), &SHIPPED).unwrap().0;
    assert_eq!(bm(100, -100), -140);
    assert_eq!(bm(100, 80), 76);
    assert_eq!(bm(101, 100), 99); // 0.2 rounds up
    assert_eq!(bm(100, 100), 100);
    assert_eq!(bm(50, 100), 100); // a requirement below zero is none
    assert_eq!(buffer_margin(&view(i64::MAX, i64::MIN), &SHIPPED), Err(CoreError::Overflow));
}

#[test]
fn the_largest_fraction_at_the_ends_of_its_domain() {
    let f = |bm, e, r, d| fraction_max(Quote(bm), Quote(e), Quote(r), Fraction(d));
    assert_eq!(f(0, 100, 0, ONE), Ok(Fraction(0)));
    assert_eq!(f(-1, 0, 0, ONE), Ok(Fraction(ONE)));
    assert_eq!(f(-1, -5, 0, ONE), Ok(Fraction(ONE)));
    assert_eq!(f(-100, 100, 0, ONE), Ok(Fraction(ONE / 2)));
    assert_eq!(f(-100, 100, 0, 0), Ok(Fraction(ONE)));
    assert_eq!(f(-100, 100, -1, ONE), Err(CoreError::OutOfDomain));
    assert_eq!(f(-100, 100, 0, ONE + 1), Err(CoreError::OutOfDomain));
    assert_eq!(f(-100, 100, 0, -1), Err(CoreError::OutOfDomain));
    // E < R: what is sold is a liability, d counts as one.
    assert_eq!(f(-100, 100, 101, 0), Ok(Fraction(ONE / 2)));
    assert!(f(i64::MIN + 1, i64::MAX, i64::MAX, 0).is_ok());
}

#[test]
fn limits_of_a_bid() {
    let account = view(100, -100);
    let limits = bid_limits(&account, Fraction(ONE), &BIG, &SHIPPED).unwrap();
    assert_eq!(limits.buffer_margin, Quote(-140));
    assert_eq!(limits.discounted, Fraction(583_333_333));
    assert_eq!((limits.smallest, limits.largest), (Fraction(10_000_000), limits.discounted));
}

#[test]
fn the_smallest_bid_is_one_lot_of_the_largest_leg_when_that_is_more() {
    let smallest = |largest| {
        let survey = Survey { largest };
        bid_limits(&view(100, -100), Fraction(ONE), &survey, &SHIPPED).unwrap().smallest.0
    };
    assert_eq!(smallest(100), 10_000_000);
    assert_eq!(smallest(99), 10_101_011);
    assert_eq!(smallest(1), ONE);
    assert_eq!(smallest(0), ONE);
}

#[test]
fn small_legs_alone_or_equity_under_the_cutoff_let_the_whole_book_go() {
    let largest =
        |account: &AuctionView, largest| bid_limits(account, Fraction(ONE), &Survey { largest }, &SHIPPED).unwrap();
    assert!(largest(&view(100, -100), 10).largest < Fraction(ONE));
    assert_eq!(largest(&view(100, -100), 9).largest, Fraction(ONE));
    assert!(largest(&view(100, -100), 9).discounted < Fraction(ONE));
    // Cutoff 10 % of the requirement: E 100 of 1000 is at it, 99 under it.
    assert!(largest(&view(100, -900), 1_000).largest < Fraction(ONE));
    let under = largest(&view(99, -901), 1_000);
    assert_eq!((under.largest, under.discounted), (Fraction(ONE), Fraction(ONE)));
}

#[test]
fn a_healthy_or_insolvent_account_has_no_partial_bid() {
    let limits = |e, m| bid_limits(&view(e, m), Fraction(ONE), &BIG, &SHIPPED);
    assert_eq!(limits(120, 20), Err(LiquidationRefusal::AuctionOver { buffer_margin: 0 }));
    assert!(limits(120, 19).is_ok());
    assert_eq!(limits(-1, -100), Err(LiquidationRefusal::Solvency { equity: -1 }));
    assert!(limits(0, -100).is_ok());
}

#[test]
fn an_auction_ends_at_buffer_margin_zero_and_not_one_atom_before() {
    let end = |e, m| check_end(&view(e, m), &SHIPPED);
    assert_eq!(end(120, 20), Ok(Quote(0)));
    assert_eq!(end(120, 19), Err(LiquidationRefusal::AuctionOpen { buffer_margin: -2 }));
}

#[test]
fn an_atom_of_debt_above_its_cap_sells_what_cures_it_and_not_a_buffer() {
    // E 1,000,000 with half of it as requirement: healthy but for the atom.
    let account = AuctionView { debt_room: Quote(-1), ..view(1_000_000, 495_000) };
    assert_eq!(account.shortfall(), Quote(-1));
    assert_eq!(buffer_margin(&account, &SHIPPED), Ok(Quote(-1)));
    let limits = bid_limits(&account, Fraction(980_000_000), &BIG, &SHIPPED).unwrap();
    assert_eq!((limits.discounted, limits.largest), (Fraction(1_020), Fraction(10_000_000)));
    assert_eq!(plan_start_fee(&account, true, &SHIPPED).unwrap().fee, Quote(1));
    let cured = AuctionView { debt_room: Quote(0), ..account };
    assert_eq!(check_end(&cured, &SHIPPED), Ok(Quote(0)));
    assert_eq!(check_end(&account, &SHIPPED), Err(LiquidationRefusal::AuctionOpen { buffer_margin: -1 }));
    let healthy = LiquidationRefusal::Healthy { maintenance: 0 };
    assert_eq!(plan_start_fee(&cured, true, &SHIPPED), Err(healthy));
}

#[test]
fn every_bid_must_raise_the_maintenance_balance() {
    assert_eq!(bid_improves(Quote(-10), Quote(-9)), Ok(()));
    let same = LiquidationRefusal::NotImproved { before: -10, after: -10 };
    assert_eq!(bid_improves(Quote(-10), Quote(-10)), Err(same));
}

#[test]
fn the_start_fee_and_who_gets_it() {
    // E 100,000, MM -100,000: BM -140,000, f = 140/240, fee = 2 % of 58,333.33.. rounded up.
    let fee = plan_start_fee(&view(100_000, -100_000), true, &SHIPPED).unwrap();
    assert_eq!((fee.fee, fee.starter, fee.fund), (Quote(1_167), Quote(291), Quote(876)));
    let none = StartFee::default();
    assert_eq!(plan_start_fee(&view(100_000, -1), false, &SHIPPED), Ok(none));
    assert_eq!(plan_start_fee(&view(0, -1), true, &SHIPPED), Ok(none));
    assert_eq!(plan_start_fee(&view(-7, -9), true, &SHIPPED), Ok(none));
    let healthy = LiquidationRefusal::Healthy { maintenance: 0 };
    assert_eq!(plan_start_fee(&view(100, 0), true, &SHIPPED), Err(healthy));
    assert!(plan_start_fee(&view(100, -1), true, &SHIPPED).unwrap().fee.0 > 0);
}

#[test]
fn the_start_fee_leaves_equity_at_zero_at_least() {
    let steep = AuctionParameters { start_fee: 100_000, ..SHIPPED };
    let fee = plan_start_fee(&view(1, -1_000), true, &steep).unwrap();
    assert_eq!(fee.fee, Quote(1));
}

#[test]
fn shorts_round_up_and_longs_down() {
    let taken = |quantity, fraction| leg_taken(&leg(quantity), Fraction(fraction)).lots.0;
    assert_eq!(taken(-10, ONE / 4), -3);
    assert_eq!(taken(10, ONE / 4), 2);
    assert_eq!(taken(-8, ONE / 4), -2);
    assert_eq!(taken(8, ONE / 4), 2);
    assert_eq!(taken(-1, 1), -1);
    assert_eq!(taken(1, ONE - 1), 0);
    assert_eq!(taken(0, ONE), 0);
    assert_eq!((taken(i32::MAX, ONE), taken(i32::MIN, ONE)), (i32::MAX, i32::MIN));
    assert_eq!((taken(i32::MAX, 0), taken(i32::MIN, 0)), (0, 0));
    assert_eq!((taken(5, 2 * ONE), taken(5, -1)), (5, 0));
}

#[test]
fn many_small_bids_take_no_more_than_one_lot_per_leg_beyond_their_sum() {
    for quantity in [-50, -11, -1_000, 50, 11, 1_000] {
        let mut left = leg(quantity);
        let mut exact = f64::from(quantity.abs());
        for bid in 1..=60 {
            let taken = leg_taken(&left, Fraction(ONE / 100));
            left.quantity -= taken.lots.0;
            left.carry = taken.carry;
            exact *= 0.99;
            let beyond = f64::from(left.quantity.abs()) - exact;
            let drift = f64::from(bid) / 256.0;
            let allowed = if quantity < 0 { (-1.0 - drift, 0.0) } else { (0.0, 1.0 + drift) };
            assert!(beyond > allowed.0 - 1e-9 && beyond < allowed.1 + 1e-9, "{quantity} after {bid}: {beyond}");
        }
    }
}

#[test]
fn collateral_rounds_down_to_the_bidder() {
    assert_eq!(collateral_taken(10, Fraction(ONE / 4)), 2);
    assert_eq!(collateral_taken(u64::MAX, Fraction(ONE)), u64::MAX);
    assert_eq!(collateral_taken(u64::MAX, Fraction(-1)), 0);
    assert_eq!(collateral_taken(1, Fraction(ONE - 1)), 0);
}

#[test]
fn the_survey_finds_the_largest_leg_of_either_side() {
    let legs = [leg(0), leg(-7), leg(300), leg(i32::MIN)];
    assert_eq!(survey(&legs), Survey { largest: 1 << 31 });
    assert_eq!(survey(&[leg(0)]), Survey::default());
}

fn plan(account: &AuctionView, fraction: i64, legs: i64, d: i64) -> Result<BidPlan, LiquidationRefusal> {
    let limits = bid_limits(account, Fraction(d), &BIG, &SHIPPED)?;
    let moved = Moved { legs: Quote(legs), collateral: Quote(0) };
    plan_bid(account, &bid(fraction), &limits, &moved, Fraction(d), &SHIPPED)
}

#[test]
fn a_bid_pays_d_of_what_moves_and_its_slice_of_the_discount() {
    let account = AuctionView { cash: Quote(60_000), ..view(100_000, -100_000) };
    // Half of 40,000 legs and 60,000 cash at d = 0.9.
    let got = plan(&account, ONE / 2, 20_000, 900_000_000).unwrap();
    let want = BidPlan {
        value: Quote(50_000),
        payment: Quote(45_000),
        discount: Quote(5_000),
        slice: Quote(500),
        cash_moved: Quote(30_000),
        from_waterfall: Quote(0),
        account_cash: Quote(15_000),
        bidder_cash: Quote(-15_500),
        reserved_after: Quote(45_000),
    };
    assert_eq!(got, want);
}

#[test]
fn whole_lots_beyond_the_fraction_stand_at_the_mark() {
    let account = AuctionView { cash: Quote(60_000), ..view(100_000, -100_000) };
    let exact = plan(&account, ONE / 2, 20_000, 900_000_000).unwrap();
    let more = plan(&account, ONE / 2, 20_777, 900_000_000).unwrap();
    assert_eq!(more.payment.0 - exact.payment.0, 777);
    assert_eq!(more.discount, exact.discount);
}

#[test]
fn the_part_beyond_f_max_stands_at_the_mark() {
    let account = view(100_000, -100_000);
    let limits = bid_limits(&account, Fraction(900_000_000), &Survey { largest: 9 }, &SHIPPED).unwrap();
    let moved = Moved { legs: Quote(100_000), collateral: Quote(0) };
    let got = plan_bid(&account, &bid(ONE), &limits, &moved, Fraction(900_000_000), &SHIPPED).unwrap();
    // f_max = 140 / (140 + 90): a tenth of 60,869 is given away.
    assert_eq!(limits.discounted, Fraction(608_695_652));
    assert_eq!(got.discount, Quote(6_086));
}

#[test]
fn reserved_cash_is_never_sold() {
    let account = AuctionView { cash: Quote(60_000), reserved: Quote(50_000), ..view(100_000, -100_000) };
    let got = plan(&account, ONE / 2, 20_000, 900_000_000).unwrap();
    assert_eq!(got.cash_moved, Quote(5_000));
    assert_eq!(got.discount, Quote(2_500));
    assert_eq!(got.reserved_after.0, 50_000 + 25_000 - 2_500);
}

#[test]
fn bound_cash_stays_and_takes_nothing_off_the_discount() {
    let free = AuctionView { cash: Quote(60_000), ..view(100_000, -100_000) };
    let bound = AuctionView { bound: Quote(50_000), ..free };
    let (all, part) =
        (plan(&free, ONE / 2, 20_000, 900_000_000).unwrap(), plan(&bound, ONE / 2, 20_000, 900_000_000).unwrap());
    assert_eq!((all.cash_moved, part.cash_moved), (Quote(30_000), Quote(5_000)));
    assert_eq!((all.discount, all.slice), (part.discount, part.slice));
    assert_eq!(all.account_cash.0, part.account_cash.0);
    let more = AuctionView { bound: Quote(70_000), ..free };
    assert_eq!(plan(&more, ONE / 2, 20_000, 900_000_000).unwrap().cash_moved, Quote(0));
}

#[test]
fn a_liability_is_taken_at_the_mark_and_paid_from_the_reserve_first() {
    // E 10,000 of which 50,000 reserved: what is sold is worth -40,000.
    let account = AuctionView { cash: Quote(50_000), reserved: Quote(50_000), ..view(30_000, -100_000) };
    let got = plan(&account, ONE / 2, -10_000, 500_000_000).unwrap();
    assert_eq!((got.payment, got.discount, got.slice), (Quote(-10_000), Quote(0), Quote(0)));
    assert_eq!((got.account_cash, got.bidder_cash), (Quote(-10_000), Quote(10_000)));
    assert_eq!(got.reserved_after, Quote(40_000));
}

#[test]
fn a_payment_beyond_the_reserve_leaves_none() {
    let account = AuctionView { cash: Quote(5_000), reserved: Quote(5_000), ..view(3_000, -30_000) };
    let got = plan(&account, ONE / 2, -8_000, 500_000_000).unwrap();
    assert_eq!((got.payment, got.reserved_after), (Quote(-8_000), Quote(0)));
}

#[test]
fn debt_moves_with_the_bid_and_rounds_against_the_bidder() {
    let account = AuctionView { cash: Quote(-3), ..view(100_000, -100_000) };
    let got = plan(&account, ONE / 2, 50_002, 900_000_000).unwrap();
    assert_eq!(got.cash_moved, Quote(-2));
}

#[test]
fn while_a_price_walks_the_bidder_pays_the_better_equity() {
    let account = AuctionView { equity_high: Quote(110_000), ..view(100_000, -100_000) };
    let got = plan(&account, ONE / 2, 50_000, 900_000_000).unwrap();
    // 50,000 + half of 10,000, less a tenth of half of 110,000.
    assert_eq!(got.payment, Quote(50_000 + 5_000 - 5_500));
}

#[test]
fn a_bid_outside_its_limits_is_refused_at_the_exact_bound() {
    let account = view(100_000, -100_000);
    let limits = bid_limits(&account, Fraction(ONE), &BIG, &SHIPPED).unwrap();
    let smallest = LiquidationRefusal::FractionTooSmall { fraction: 9_999_999, smallest: 10_000_000 };
    assert_eq!(plan(&account, 9_999_999, 999, ONE), Err(smallest));
    assert!(plan(&account, 10_000_000, 1_000, ONE).is_ok());
    let most = limits.largest.0;
    assert!(plan(&account, most, 58_333, ONE).is_ok());
    let largest = LiquidationRefusal::FractionTooLarge { fraction: most + 1, largest: most };
    assert_eq!(plan(&account, most + 1, 58_333, ONE), Err(largest));
}

#[test]
fn the_price_limit_counts_payment_and_slice() {
    let account = AuctionView { cash: Quote(60_000), ..view(100_000, -100_000) };
    let d = Fraction(900_000_000);
    let limits = bid_limits(&account, d, &BIG, &SHIPPED).unwrap();
    let moved = Moved { legs: Quote(20_000), collateral: Quote(0) };
    let at = |limit| {
        let terms = BidTerms { fraction: Fraction(ONE / 2), price_limit: Quote(limit) };
        plan_bid(&account, &terms, &limits, &moved, d, &SHIPPED)
    };
    assert!(at(45_500).is_ok());
    assert_eq!(at(45_499), Err(LiquidationRefusal::PriceLimit { cost: 45_500, limit: 45_499 }));
}

#[test]
fn a_partial_bid_on_an_insolvent_account_is_refused() {
    let limits = BidLimits { smallest: Fraction(1), largest: Fraction(ONE), ..BidLimits::default() };
    let got = plan_bid(&view(-1, -9), &bid(ONE), &limits, &Moved::default(), Fraction(ONE), &SHIPPED);
    assert_eq!(got, Err(LiquidationRefusal::Solvency { equity: -1 }));
}

#[test]
fn a_takeover_moves_everything_and_the_waterfall_fills_the_hole() {
    let account = AuctionView { cash: Quote(40_000), reserved: Quote(5_000), ..view(-10_000, -90_000) };
    let moved = Moved { legs: Quote(-53_000), collateral: Quote(3_000) };
    let got = plan_takeover(&account, &bid(ONE), &moved).unwrap();
    assert_eq!((got.value, got.from_waterfall), (Quote(-10_000), Quote(10_000)));
    assert_eq!((got.account_cash, got.bidder_cash), (Quote(-40_000), Quote(50_000)));
    assert_eq!(got.reserved_after, Quote(0));
    // The bidder's gain at the mark: nothing.
    assert_eq!(got.bidder_cash.0 + moved.legs.0 + moved.collateral.0, 0);
}

#[test]
fn a_takeover_is_of_the_whole_insolvent_book_only() {
    let insolvent = view(-10, -90);
    let moved = Moved { legs: Quote(-10), collateral: Quote(0) };
    let part = LiquidationRefusal::FractionTooSmall { fraction: ONE - 1, smallest: ONE };
    assert_eq!(plan_takeover(&insolvent, &bid(ONE - 1), &moved), Err(part));
    let solvent = view(0, -90);
    assert_eq!(plan_takeover(&solvent, &bid(ONE), &moved), Err(LiquidationRefusal::Solvency { equity: 0 }));
    let walking = AuctionView { equity_high: Quote(4), ..insolvent };
    assert_eq!(plan_takeover(&walking, &bid(ONE), &moved), Err(LiquidationRefusal::Solvency { equity: 4 }));
    // Insolvent at both prices: paid is |E| at the better one.
    let rebound = AuctionView { equity_high: Quote(-4), ..insolvent };
    let got = plan_takeover(&rebound, &bid(ONE), &moved).unwrap();
    assert_eq!((got.value, got.from_waterfall, got.bidder_cash), (Quote(-10), Quote(4), Quote(4)));
    assert_eq!(got.above_mark(), Ok(Quote(6)));
    let wrong = Moved { legs: Quote(-9), collateral: Quote(0) };
    assert_eq!(plan_takeover(&insolvent, &bid(ONE), &wrong), Err(CoreError::OutOfDomain.into()));
    let greedy = BidTerms { fraction: Fraction(ONE), price_limit: Quote(-11) };
    let limit = LiquidationRefusal::PriceLimit { cost: -10, limit: -11 };
    assert_eq!(plan_takeover(&insolvent, &greedy, &moved), Err(limit));
    let asks = BidTerms { fraction: Fraction(ONE), price_limit: Quote(-10) };
    assert!(plan_takeover(&insolvent, &asks, &moved).is_ok());
}

prop_compose! {
    fn accounts()(
        requirement in 1_000i64..1 << 50,
        solvency in 1_000u32..1_000_000,
        reserve in 0u32..900_000,
        d in 0i64..=ONE,
    ) -> (AuctionView, Fraction) {
        let equity = (i128::from(requirement) * i128::from(solvency) / 1_000_000).max(1) as i64;
        let reserved = Quote((i128::from(equity) * i128::from(reserve) / 1_000_000) as i64);
        (AuctionView { reserved, cash: reserved, ..view(equity, equity - requirement) }, Fraction(d))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// BM - f (BM - E d - R (1 - d)) is at most 0 at f_max and above it one billionth further, exactly.
    #[test]
    fn the_largest_fraction_brings_buffer_margin_to_zero((account, d) in accounts()) {
        let bm = buffer_margin(&account, &SHIPPED).unwrap();
        prop_assume!(bm.0 < 0);
        let f = fraction_max(bm, account.equity, account.reserved, d).unwrap().0;
        let one = i128::from(ONE);
        let slope = -i128::from(bm.0) * one
            + i128::from(account.equity.0) * i128::from(d.0)
            + i128::from(account.reserved.0) * (one - i128::from(d.0));
        let after = |f: i64| i128::from(bm.0) * one + i128::from(f) * slope / one;
        prop_assert!(after(f) <= 0);
        prop_assert!(f == ONE || after(f + 1) >= 0);
    }

    #[test]
    fn the_largest_fraction_falls_when_the_bidder_pays_more((account, d) in accounts(), less in 0i64..=ONE) {
        let bm = buffer_margin(&account, &SHIPPED).unwrap();
        let lower = Fraction(d.0.min(less));
        let at = |d| fraction_max(bm, account.equity, account.reserved, d).unwrap();
        prop_assert!(at(lower) >= at(d));
    }

    #[test]
    fn a_bid_conserves_quote_and_costs_the_account_its_discount(
        (account, d) in accounts(),
        cash in -(1i64 << 50)..1 << 50,
        at in 0u32..=1_000_000,
        collateral in 0i64..1 << 40,
        odd in -1_000i64..1_000,
    ) {
        let account = AuctionView { cash: Quote(cash), ..account };
        let Ok(limits) = bid_limits(&account, d, &BIG, &SHIPPED) else { return Ok(()) };
        let p = limits.smallest.0 + (limits.largest.0 - limits.smallest.0) / 1_000_000 * i64::from(at);
        let moved = Moved { legs: Quote(account.equity.0 / 3 + odd), collateral: Quote(collateral) };
        let plan = plan_bid(&account, &bid(p), &limits, &moved, d, &SHIPPED).unwrap();
        prop_assert_eq!(plan.account_cash.0 + plan.bidder_cash.0 + plan.slice.0, plan.from_waterfall.0);
        prop_assert_eq!(plan.value.0 - plan.payment.0, plan.discount.0);
        prop_assert!(plan.discount.0 >= 0 && plan.slice.0 >= 0 && plan.reserved_after.0 >= 0);
        let sold = (account.equity.0 - account.reserved.0).max(0);
        prop_assert!(i128::from(plan.discount.0) * i128::from(ONE)
            <= i128::from(sold) * i128::from(ONE - d.0));
        prop_assert!(account.equity.0 - plan.discount.0 >= 0);
    }

    #[test]
    fn a_bid_never_takes_more_than_its_fraction_plus_a_lot_of_a_leg(quantity: i32, carry: u8, p in 0..=ONE) {
        let taken = leg_taken(&Position { carry, ..leg(quantity) }, Fraction(p)).lots.0;
        prop_assert!(taken == 0 || (taken < 0) == (quantity < 0));
        let (taken, whole) = (i128::from(taken).abs(), i128::from(quantity).abs());
        prop_assert!(taken <= whole);
        prop_assert!(taken * i128::from(ONE) < whole * i128::from(p) + i128::from(ONE));
        prop_assert!(carry > 0 || (taken + 1) * i128::from(ONE) > whole * i128::from(p));
    }

    #[test]
    fn the_price_factor_only_falls_and_stays_in_its_range(t in 0i64..20_000, rho in 0u32..5_000_000) {
        let (now, next) = (factor(t, rho), factor(t + 1, rho));
        prop_assert!(next <= now && now <= 980_000_000 && next >= 0);
        prop_assert!(factor(t, rho.saturating_add(1_000)) <= now);
    }

    #[test]
    fn the_fee_is_divided_exactly_and_leaves_equity(e in 1i64..1 << 60, q in 1i64..1 << 60) {
        let Some(m) = e.checked_sub(q) else { return Ok(()) };
        let Ok(fee) = plan_start_fee(&view(e, m), true, &SHIPPED) else {
            prop_assert!(m >= 0);
            return Ok(());
        };
        prop_assert_eq!(fee.starter.0 + fee.fund.0, fee.fee.0);
        prop_assert!(fee.fee.0 >= 0 && fee.fee.0 <= e);
        prop_assert!(i128::from(fee.fee.0) * 50 <= i128::from(e) + 100);
    }

    #[test]
    fn no_input_panics(
        e: i64, m: i64, high: i64, reserved: i64, cash: i64, p: i64, d: i64, legs: i64, rho: u32, t: i64, now: i64,
    ) {
        let account = AuctionView {
            equity: Quote(e), maintenance: Quote(m), equity_high: Quote(high), reserved: Quote(reserved), bound: Quote(t),
            cash: Quote(cash), debt_room: Quote(legs),
        };
        let moved = Moved { legs: Quote(legs), collateral: Quote(e) };
        let limits = bid_limits(&account, Fraction(d), &BIG, &SHIPPED)
            .unwrap_or(BidLimits { largest: Fraction(p), ..BidLimits::default() });
        let _ = plan_bid(&account, &bid(p), &limits, &moved, Fraction(d), &SHIPPED);
        let _ = plan_takeover(&account, &bid(p), &moved);
        let _ = plan_start_fee(&account, true, &SHIPPED);
        let _ = price_factor(t, Ratio(rho), &SHIPPED);
        let clock = AuctionClock { started_at: t, elapsed_at_start: e, ended_at: m, elapsed_at_end: high };
        let _ = started(&clock, now, &SHIPPED);
        let _ = ended(&clock, now, paused(&[e], &[m]), &SHIPPED);
    }
}
