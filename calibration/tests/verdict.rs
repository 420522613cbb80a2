use plimsoll_calibration::closeout::{Closeout, CloseoutRow};
use plimsoll_calibration::haircut::HaircutFit;
use plimsoll_calibration::initial::OptionCoverage;
use plimsoll_calibration::proposal::Proposal;
use plimsoll_calibration::range::{Part, RangeFit, Unreached};
use plimsoll_calibration::verdict::{judge, Fitted, Reason, Verdict};
use plimsoll_calibration::Warning;
use plimsoll_core::margin::CrossParameters;
use plimsoll_core::units::Ratio;
use plimsoll_core::volatility::ScanParameters;

use crate::fixtures::settings;

/// What is judged, by what was reached of it.
struct Case {
    range: bool,
    max_spot: u32,
    initial: f64,
    haircut: f64,
    moves: bool,
    /// Windows that test initial margin and the haircut.
    windows: [usize; 2],
    /// Delay of the only row of the close-out, its moments and its chance at one half-spread.
    row: (i64, usize, f64),
    /// Windows, and moments, that share no bar.
    independent: [usize; 2],
}

const GOOD: Case = Case {
    range: true,
    max_spot: 200_000,
    initial: 0.99,
    haircut: 0.99,
    moves: true,
    windows: [100, 100],
    row: (810, 10_000, 0.001),
    independent: [299, 2_995],
};

fn verdict(case: &Case) -> Verdict {
    let scan = ScanParameters { deviations: 5_000_000, ..ScanParameters::shipped() };
    let cross = CrossParameters { max_spot: Ratio(case.max_spot), ..CrossParameters::REFERENCE };
    let proposal = Proposal { scan, cross, cross_factor: Some(800_000), ..Proposal::shipped() };
    let (file, reached) = ("BTC.csv".to_owned(), 0.9);
    let missed = Unreached {
        file,
        part: Part::Whole,
        field: "deviations",
        best_at: 5_000_000,
        reached,
        target: 0.99,
        worst: None,
    };
    let range = RangeFit { scan, unreached: if case.range { Vec::new() } else { vec![missed] } };
    let initial = [OptionCoverage {
        option: "short call".to_owned(),
        windows: case.windows[0],
        covered: case.initial,
        worst: None,
    }];
    let (settings_delay, (delay, moments, chance)) = (settings().delay, case.row);
    let row = CloseoutRow {
        delay,
        tested: 3_600,
        probability: vec![0.0, chance, 1.0],
        wildest: chance,
        worst_option: String::new(),
        moments,
    };
    let closeout = Closeout {
        delay: settings_delay,
        half_spread: 0.0,
        slippage_multiples: vec![0.0, 1.0, 2.0],
        rows: vec![row],
        independent: case.independent[1],
    };
    let (windows, covered) = (case.windows[1], case.haircut);
    let haircut = HaircutFit { haircut: 0.2, cross_factor: 800_000, windows, covered, worst: None, mean_cut: 0.2 };
    let tests = Some((initial.as_slice(), &closeout));
    judge(
        &Fitted {
            proposal: &proposal,
            range: &range,
            tests,
            haircut: &haircut,
            file: "BTC.csv",
            moves: case.moves,
            independent: case.independent[0],
        },
        &settings(),
    )
}

fn fields(verdict: &Verdict) -> Vec<(&str, Reason)> {
    verdict.withheld.iter().map(|withheld| (withheld.field, withheld.reason)).collect()
}

#[test]
fn what_reaches_its_targets_is_proposed() {
    let all = verdict(&GOOD);
    assert_eq!(all.proposed, ["volatility", "scan", "cross", "collateral"]);
    assert!(all.withheld.is_empty() && all.warnings.is_empty());
    assert_eq!((all.proposal.scan.deviations, all.proposal.cross.max_spot.0), (5_000_000, 200_000));
    assert_eq!(all.proposal.cross_factor, Some(800_000));
}

#[test]
fn without_a_range_nothing_that_is_a_multiple_of_it_is_proposed() {
    let none = verdict(&Case { range: false, ..GOOD });
    assert!(none.proposed.is_empty());
    assert_eq!(none.proposal, Proposal::shipped());
    let over = Reason::RangeNotProposed;
    assert_eq!(fields(&none), [("deviations", Reason::NotReached), ("max_spot", over), ("cross_factor", over)]);
}

#[test]
fn percentages_beyond_the_rule_book_or_below_their_target_are_withheld_alone() {
    let beyond = verdict(&Case { max_spot: 2_100_000, ..GOOD });
    assert_eq!(beyond.proposed, ["volatility", "scan", "collateral"]);
    assert_eq!(fields(&beyond), [("max_spot", Reason::OutOfRange)]);
    assert!(matches!(&beyond.warnings[..], [Warning::PercentagesOutOfRange { reason }] if reason.contains("2100000")));
    let below = verdict(&Case { initial: 0.98, ..GOOD });
    assert_eq!(below.proposed, ["volatility", "scan", "collateral"]);
    assert_eq!(below.proposal.cross, CrossParameters::REFERENCE);
    assert_eq!(fields(&below), [("max_spot", Reason::NotReached)]);
    assert!(matches!(below.warnings[..], [Warning::PercentagesNotReached { covered, .. }] if covered == 0.98));
}

#[test]
fn a_chance_above_its_target_withholds_the_percentages_alone() {
    let above = verdict(&Case { row: (810, 10_000, 0.001_1), ..GOOD });
    assert_eq!(above.proposed, ["volatility", "scan", "collateral"]);
    assert_eq!(fields(&above), [("max_spot", Reason::NotReached)]);
    assert_eq!(above.warnings, [Warning::PercentagesNotReached { covered: 0.99, probability: 0.001_1 }]);
}

#[test]
fn what_nothing_tests_is_not_proposed() {
    // No row of the delay asked for; a row without a moment; no window of initial margin.
    let untested = [
        (Case { row: (3_600, 10_000, 0.0), ..GOOD }, 100, 0),
        (Case { row: (810, 0, 0.0), ..GOOD }, 100, 0),
        (Case { windows: [0, 100], initial: 1.0, ..GOOD }, 0, 10_000),
    ];
    for (case, windows, moments) in untested {
        let verdict = verdict(&case);
        assert_eq!(verdict.proposed, ["volatility", "scan", "collateral"]);
        assert_eq!(verdict.proposal.cross, CrossParameters::REFERENCE);
        assert_eq!(fields(&verdict), [("max_spot", Reason::NotTested)]);
        assert_eq!(verdict.warnings, [Warning::PercentagesNotTested { windows, moments }]);
    }
    let haircut = verdict(&Case { windows: [100, 0], haircut: 1.0, ..GOOD });
    assert_eq!((haircut.proposal.cross_factor, fields(&haircut)), (None, vec![("cross_factor", Reason::NotTested)]));
}

#[test]
fn what_too_few_windows_show_is_withheld_as_fitted() {
    let short = verdict(&Case { independent: [298, 2_995], ..GOOD });
    assert!(short.proposed.is_empty() && short.warnings.is_empty());
    assert_eq!(short.proposal, Proposal::shipped());
    let few = Reason::TooFewWindows;
    assert_eq!(fields(&short), [("deviations", few), ("max_spot", few), ("cross_factor", few)]);
    assert_eq!(short.withheld.iter().map(|w| w.fitted).collect::<Vec<_>>(), [5_000_000, 200_000, 800_000]);
    // A range that is missed says more than the number of windows.
    let missed = verdict(&Case { independent: [3, 3], range: false, ..GOOD });
    assert_eq!(missed.withheld[0].reason, Reason::NotReached);
}

#[test]
fn percentages_that_too_few_moments_show_are_withheld_alone() {
    let short = verdict(&Case { independent: [299, 2_994], ..GOOD });
    assert_eq!(short.proposed, ["volatility", "scan", "collateral"]);
    assert_eq!(fields(&short), [("max_spot", Reason::TooFewMoments)]);
    let missed = verdict(&Case { independent: [299, 2_994], row: (810, 10_000, 0.002), ..GOOD });
    assert_eq!(fields(&missed), [("max_spot", Reason::NotReached)]);
}

#[test]
fn a_haircut_below_its_target_is_withheld_alone() {
    let below = verdict(&Case { haircut: 0.9, ..GOOD });
    assert_eq!(below.proposed, ["volatility", "scan", "cross"]);
    assert_eq!((below.proposal.cross_factor, fields(&below)), (None, vec![("cross_factor", Reason::NotReached)]));
}

#[test]
fn prices_that_do_not_move_say_nothing() {
    let still = verdict(&Case { moves: false, ..GOOD });
    assert!(still.proposed.is_empty() && still.withheld.is_empty());
    assert_eq!(
        (still.proposal, still.warnings),
        (Proposal::shipped(), vec![Warning::PricesDoNotMove { file: "BTC.csv".to_owned() }])
    );
}
