//! Each equation holds, and fails with both numbers.

use plimsoll_core::invariants::*;
use proptest::prelude::*;

fn sums() -> ClearinghouseSums {
    ClearinghouseSums {
        vault: 1_000,
        cash: 700,
        insurance: 150,
        surplus: 50,
        settlement: -30,
        fees: 40,
        deficit: 10,
        donated: 100,
    }
}

#[test]
fn recorded_assets_are_what_is_owed_less_the_deficit() {
    assert_eq!(sums().recorded(), 900);
    assert_eq!(sums().check(), Ok(()));
    assert_eq!(sums().check_exact(), Ok(()));
}

#[test]
fn a_vault_one_atom_short_is_found() {
    let short = ClearinghouseSums { vault: 899, donated: 0, ..sums() };
    let violation = InvariantViolation { equation: Equation::VaultCoversRecorded, left: 899, right: 900 };
    assert_eq!(short.check(), Err(violation));
    assert_eq!(short.check_exact(), Err(violation));
    assert_eq!(ClearinghouseSums { vault: 900, donated: 0, ..sums() }.check_exact(), Ok(()));
}

#[test]
fn an_unexplained_surplus_is_found_by_the_exact_form() {
    let more = ClearinghouseSums { vault: 1_001, ..sums() };
    assert_eq!(more.check(), Ok(()));
    let violation = InvariantViolation { equation: Equation::VaultIsRecorded, left: 1_001, right: 1_000 };
    assert_eq!(more.check_exact(), Err(violation));
}

#[test]
fn every_term_of_the_equation_counts() {
    let changed = [
        ClearinghouseSums { cash: 701, ..sums() },
        ClearinghouseSums { insurance: 151, ..sums() },
        ClearinghouseSums { surplus: 51, ..sums() },
        ClearinghouseSums { settlement: -29, ..sums() },
        ClearinghouseSums { fees: 41, ..sums() },
        ClearinghouseSums { deficit: 9, ..sums() },
    ];
    for sums in changed {
        assert_eq!(sums.recorded(), 901);
        assert!(sums.check_exact().is_err());
    }
}

#[test]
fn quote_is_conserved_over_the_touched_accounts() {
    let before = Touched::default().owed(100).owed(-20).deficit(5);
    assert_eq!(before.sum(), 75);
    assert_eq!(check_conserved(before, Touched::default().owed(105), 30), Ok(()));
    let violation = InvariantViolation { equation: Equation::QuoteConserved, left: 106, right: 105 };
    assert_eq!(check_conserved(before, Touched::default().owed(106), 30), Err(violation));
    assert_eq!(check_conserved(before, Touched::default().owed(65), -10), Ok(()));
}

#[test]
fn a_series_sums_to_zero_and_is_its_open_interest() {
    let mut series = SeriesSums::default();
    for quantity in [5, -3, 0, -2] {
        series.add(quantity).unwrap();
    }
    assert_eq!(series, SeriesSums { long: 5, short: 5 });
    assert_eq!(series.check(5), Ok(()));
    let wrong = InvariantViolation { equation: Equation::OpenInterestIsRecorded, left: 5, right: 6 };
    assert_eq!(series.check(6), Err(wrong));
    series.add(-1).unwrap();
    let wrong = InvariantViolation { equation: Equation::SeriesSumsToZero, left: -1, right: 0 };
    assert_eq!(series.check(5), Err(wrong));
    series.add(i32::MIN).unwrap();
    assert_eq!(series.short, 6 + (1 << 31));
}

#[test]
fn collateral_is_recorded_and_covered() {
    let sums = CollateralSums { vault: 10, held: 9, recorded: 9 };
    assert_eq!(sums.check(), Ok(()));
    let short = CollateralSums { vault: 8, ..sums };
    let wrong = InvariantViolation { equation: Equation::CollateralCovered, left: 8, right: 9 };
    assert_eq!(short.check(), Err(wrong));
    let other = CollateralSums { held: 8, ..sums };
    let wrong = InvariantViolation { equation: Equation::CollateralIsRecorded, left: 8, right: 9 };
    assert_eq!(other.check(), Err(wrong));
}

proptest! {
    #[test]
    fn no_input_panics(v: [i128; 8], a: i64, b: i64, c: i64, q: i32) {
        let sums = ClearinghouseSums {
            vault: v[0], cash: v[1], insurance: v[2], surplus: v[3], settlement: v[4], fees: v[5], deficit: v[6],
            donated: v[7],
        };
        let _ = (sums.check(), sums.check_exact());
        let _ = check_conserved(Touched::default().owed(a), Touched::default().deficit(b), c);
        let mut series = SeriesSums { long: a, short: b };
        let _ = (series.add(q), series.check(c));
    }
}
