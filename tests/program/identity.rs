//! The option math gives the same bits on the chain's virtual machine and natively.

use plimsoll_bench_program::cases::Case;
use plimsoll_bench_program::identity;
use plimsoll_tests::kernel_bench::{differing, KernelBench, CASES_PER_TRANSACTION};

/// Names this sequence of cases; `cargo xtask identity` runs others.
const SEED: u64 = 20_260_601;
/// Cases of the sample.
const SAMPLE: u64 = 120_000;

#[test]
fn a_sample_of_120_000_cases_has_the_same_bits_on_the_svm_and_natively() {
    let bench = KernelBench::new();
    let svm = |first, count| bench.hash(SEED, first, count);
    let native = |first, count| identity::hash(SEED, first, count);
    for first in (0..SAMPLE).step_by(CASES_PER_TRANSACTION as usize) {
        let found = differing((first, CASES_PER_TRANSACTION), 1, (&svm, &native));
        for case in found {
            let arguments = Case::of(SEED, case);
            assert_eq!(bench.results(SEED, case), identity::results(&arguments), "case {case}: {arguments:?}");
        }
    }
}

#[test]
fn the_program_answers_the_results_behind_its_hash() {
    let bench = KernelBench::new();
    for case in 0..24 {
        assert_eq!(bench.results(SEED, case), identity::results(&Case::of(SEED, case)), "case {case}");
    }
    assert_eq!(bench.hash(SEED, 7, 0), identity::hash(SEED, 7, 0));
}

#[test]
fn a_difference_is_found_by_its_case() {
    let honest = |first, count| identity::hash(SEED, first, count);
    let wrong = |cases: &[u64], first: u64, count: u64| {
        let hit = cases.iter().filter(|case| (first..first + count).contains(*case)).count() as u64;
        honest(first, count).wrapping_add(hit)
    };
    let one = |first, count| wrong(&[777], first, count);
    assert_eq!(differing((0, 3_000), 20, (&honest, &one)), [777]);
    assert_eq!(differing((778, 3_000), 20, (&honest, &one)), [0u64; 0]);
    let three = |first, count| wrong(&[0, 778, 2_999], first, count);
    assert_eq!(differing((0, 3_000), 20, (&honest, &three)), [0, 778, 2_999]);
    assert_eq!(differing((0, 3_000), 2, (&honest, &three)), [0, 778]);
}

#[test]
fn the_cases_reach_every_function_inside_and_outside_its_domain() {
    let results = |number| identity::results(&Case::of(SEED, number));
    let (mut inside, mut limit, mut shocked) = (0, 0, 0);
    for number in 0..12_000 {
        match Case::of(SEED, number) {
            Case::Price { forward, strike, .. } => {
                let call = results(number)[0];
                let intrinsic = forward.max(0).saturating_sub(strike.max(0)).max(0);
                inside += usize::from(call > intrinsic && call < forward);
                limit += usize::from(call == intrinsic || call == forward.max(0));
            }
            Case::Scenario { .. } => shocked += usize::from(results(number)[0] != results(number)[1]),
            _ => {}
        }
    }
    // Two of twelve cases each.
    assert!(inside > 500 && limit > 200 && shocked > 500, "{inside} {limit} {shocked}");
}
