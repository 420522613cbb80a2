//! The published auction runs of one short call, reproduced to 1e-6 of a quote token.
//!
//! Amounts here are billionths: the rules do not care what an atom is worth.

use plimsoll_core::liquidation::{
    bid_limits, buffer_margin, elapsed, fraction_max, paused, plan_bid, plan_start_fee, price_factor, AuctionClock,
    AuctionParameters, AuctionView, BidLimits, BidPlan, BidTerms, Fraction, Moved, Survey,
};
use plimsoll_core::units::{Quote, Ratio};

/// The published runs have no slice to the fund.
const PARAMETERS: AuctionParameters = AuctionParameters { slice: 0, ..AuctionParameters::shipped() };

fn atoms(value: f64) -> Quote {
    Quote((value * 1e9).round() as i64)
}

#[track_caller]
fn near(got: Quote, expected: f64) {
    let got = got.0 as f64 / 1e9;
    assert!((got - expected).abs() <= 1e-6, "{got} is not {expected}");
}

#[track_caller]
fn near_fraction(got: Fraction, expected: f64) {
    let got = got.0 as f64 / 1e9;
    assert!((got - expected).abs() <= 1e-6, "{got} is not {expected}");
}

/// A book that shrinks exactly in proportion: legs worth `equity - cash`, requirement `equity - maintenance`.
struct Book {
    view: AuctionView,
}

impl Book {
    fn new(equity: f64, maintenance: f64, reserved: f64) -> Self {
        let (equity, reserved) = (atoms(equity), atoms(reserved));
        // All cash is reserved, so everything for sale is legs.
        let debt_room = Quote(i64::MAX);
        let maintenance = atoms(maintenance);
        Self {
            view: AuctionView {
                equity,
                maintenance,
                equity_high: equity,
                reserved,
                bound: Quote(0),
                cash: reserved,
                debt_room,
            },
        }
    }

    fn buffer_margin(&self) -> Quote {
        buffer_margin(&self.view, &PARAMETERS).unwrap()
    }

    fn limits(&self, d: Fraction) -> BidLimits {
        let survey = Survey { largest: 1_000_000 };
        bid_limits(&self.view, d, &survey, &PARAMETERS).unwrap()
    }

    /// Takes `fraction`, or f_max; applies what it moves.
    fn take(&mut self, fraction: Option<f64>, d: Fraction) -> BidPlan {
        let limits = self.limits(d);
        let fraction = fraction.map_or(limits.discounted, |f| Fraction((f * 1e9).round() as i64));
        let share = |amount: i64| Quote((i128::from(amount) * i128::from(fraction.0) / 1_000_000_000) as i64);
        let legs = share(self.view.equity.0 - self.view.cash.0);
        let terms = BidTerms { fraction, price_limit: Quote(i64::MAX) };
        let moved = Moved { legs, collateral: Quote(0) };
        let plan = plan_bid(&self.view, &terms, &limits, &moved, d, &PARAMETERS).unwrap();
        let requirement = self.view.equity.0 - self.view.maintenance.0;
        let left = requirement - share(requirement).0;
        let view = &mut self.view;
        view.equity = Quote(view.equity.0 - plan.value.0 + plan.payment.0);
        view.equity_high = view.equity;
        view.maintenance = Quote(view.equity.0 - left);
        view.cash = Quote(view.cash.0 + plan.account_cash.0);
        view.reserved = plan.reserved_after;
        plan
    }
}

fn factor(seconds: i64) -> Fraction {
    price_factor(seconds, Ratio::ONE, &PARAMETERS).unwrap()
}

#[test]
fn the_start_fee_is_two_percent_of_the_largest_fraction_at_the_mark() {
    // Before the fee: E 119.30633018 + 1.32208463, MM likewise.
    let book = Book::new(119.306_330_18 + 1.322_084_63, -103.090_619_49 + 1.322_084_63, 0.0);
    let fee = plan_start_fee(&book.view, true, &PARAMETERS).unwrap();
    near(fee.fee, 1.322_084_630);
}

#[test]
fn run_1_takes_all_it_may_at_the_start_and_ends_at_buffer_margin_zero() {
    let mut book = Book::new(119.306_330_18, -103.090_619_49, 0.0);
    near(book.buffer_margin(), -147.570_009_42);
    near_fraction(book.limits(factor(0)).discounted, 0.557_941_285);
    let plan = book.take(None, factor(0));
    near(plan.payment, 65.234_608_676);
    near(book.view.equity, 117.975_011_636);
    near(book.view.maintenance, 19.662_501_939);
    near(book.buffer_margin(), 0.0);
}

#[test]
fn run_2_takes_five_percent_at_the_start() {
    let mut book = Book::new(119.306_330_18, -103.090_619_49, 0.0);
    let plan = book.take(Some(0.05), factor(0));
    near(plan.payment, 5.846_010_179);
    near(book.view.equity, 119.187_023_851);
    near(book.view.maintenance, -92.090_078_337);
    near(book.buffer_margin(), -134.345_498_775);
    near_fraction(book.limits(factor(0)).discounted, 0.534_675_037);
}

#[test]
fn run_3_takes_fifteen_percent_after_thirty_seconds() {
    let mut book = Book::new(119.308_718_797, -103.087_867_829, 0.0);
    assert_eq!(factor(30), Fraction(926_000_000));
    near(book.buffer_margin(), -147.567_185_154);
    near_fraction(book.limits(factor(30)).discounted, 0.571_861_527);
    let plan = book.take(Some(0.15), factor(30));
    near(plan.payment, 16.571_981_041);
    near(book.view.maintenance, -71.052_706_614);
    near_fraction(book.limits(factor(30)).discounted, 0.496_307_679);
}

#[test]
fn run_4_two_bidders_pay_the_same_for_the_same_part_of_the_original() {
    let mut book = Book::new(119.308_718_797, -103.087_867_829, 0.0);
    near(book.take(Some(0.1), factor(30)).payment, 11.047_987_361);
    near_fraction(book.limits(factor(30)).discounted, 0.524_290_586);
    near(book.take(Some(1.0 / 9.0), factor(30)).payment, 11.047_987_361);
    near_fraction(book.limits(factor(30)).discounted, 0.464_826_909);
    near(book.view.equity, 117.542_949_759);
    near(book.view.maintenance, -60.374_319_542);
}

/// Maintenance before this bid is not published, and its price does not depend on it.
#[test]
fn run_5_first_bid_after_thirty_seconds() {
    let mut book = Book::new(103.116_914_25, -103.0, 0.0);
    near(book.take(Some(0.1), factor(30)).payment, 9.548_626_260);
    near(book.view.reserved, 9.548_626_260);
}

#[test]
fn run_5_second_bid_after_ten_minutes_ends_the_auction() {
    let mut book = Book::new(137.373_409_208, -46.111_362_020, 9.548_626);
    near_fraction(factor(600), 0.772_222_222);
    near(book.buffer_margin(), -82.808_316_266);
    near_fraction(book.limits(factor(600)).discounted, 0.433_401_450);
    near(book.take(None, factor(600)).payment, 42.780_683_485);
    near(book.view.equity, 124.754_646_454);
    near(book.view.maintenance, 20.792_441_076);
    near(book.buffer_margin(), 0.0);
}

/// Equity and maintenance before this bid are not published: they follow from its price and the fraction allowed
/// before it. What the bid leaves is published, and checked.
#[test]
fn run_6_a_smaller_second_bid_leaves_the_published_remainder() {
    let mut book = Book::new(141.241_828_757, -38.371_724_894, 9.548_626_26);
    near_fraction(book.limits(factor(600)).discounted, 0.400_423_866);
    near(book.take(Some(0.222_222_222), factor(600)).payment, 22.599_203_883);
    near(book.view.maintenance, -5.123_553_992);
    near(book.view.reserved, 32.147_830);
    near_fraction(book.limits(factor(600)).discounted, 0.229_116_399);
}

#[test]
fn run_6_late_bid_at_a_third_of_the_mark() {
    let mut book = Book::new(107.989_712_947, -52.917_319_139, 32.147_830);
    near_fraction(factor(9_000), 0.305_555_556);
    near_fraction(book.limits(factor(9_000)).discounted, 0.606_027_946);
    near(book.take(Some(0.428_571_429), factor(9_000)).payment, 9.931_675_129);
}

#[test]
fn unit_figures_of_a_300_book() {
    let healthy = |d: i64| fraction_max(atoms(-140.0), atoms(300.0), Quote(0), Fraction(d)).unwrap();
    assert_eq!(healthy(1_000_000_000).0 / 1_000_000, 318);
    assert_eq!(healthy(900_000_000).0 / 1_000_000, 341);
    let price = 300.0 * 0.9 * healthy(900_000_000).0 as f64 / 1e9;
    assert_eq!(price.round(), 92.0);
}

#[test]
fn the_clock_of_a_running_auction_reads_seconds() {
    let clock = AuctionClock { started_at: 1_000, ..AuctionClock::default() };
    assert_eq!(elapsed(&clock, 1_600, paused(&[0], &[0])), 600);
}
