//! The option math on the chain's virtual machine against this build of it, case by case.
//!
//! `plimsoll-identity SEED COUNT` prints every case on which they differ (the first 20), and how many cases ran.

use std::process::ExitCode;
use std::time::Instant;

use plimsoll_bench_program::cases::Case;
use plimsoll_bench_program::identity;
use plimsoll_tests::kernel_bench::{differing, KernelBench, CASES_PER_TRANSACTION};

/// Mismatches that are shown.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    let words: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [seed, count] = words[..] else {
        eprintln!("usage: plimsoll-identity SEED COUNT (whole numbers)");
        return ExitCode::from(2);
    };
    let (bench, started) = (KernelBench::new(), Instant::now());
    let mut mismatches = Vec::new();
    let mut first = 0;
    while first < count {
        let batch = CASES_PER_TRANSACTION.min(count - first);
        let svm = |first, count| bench.hash(seed, first, count);
        let native = |first, count| identity::hash(seed, first, count);
        mismatches.extend(differing((first, batch), SHOWN - mismatches.len(), (&svm, &native)));
        first += batch;
    }
    for case in &mismatches {
        let arguments = Case::of(seed, *case);
        println!("case {case}: {arguments:?}");
        println!("  svm    {:?}\n  native {:?}", bench.results(seed, *case), identity::results(&arguments));
    }
    let shown = if mismatches.len() == SHOWN { "at least " } else { "" };
    let seconds = started.elapsed().as_secs_f64();
    println!("svm = native: {count} cases, {shown}{} mismatches, {seconds:.1} s", mismatches.len());
    if mismatches.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
