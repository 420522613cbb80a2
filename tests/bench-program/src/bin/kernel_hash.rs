//! Hashes of kernel cases as this build of the option math computes them: what `cargo xtask identity` compares.
//!
//! `plimsoll-kernel-hash hash SEED FIRST COUNT BLOCK` prints one line per block of cases: its first case and its hash.
//! `plimsoll-kernel-hash show SEED CASE` prints the arguments and the results of one case.

use std::process::ExitCode;
use std::thread;

use plimsoll_bench_program::cases::Case;
use plimsoll_bench_program::identity;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Option<Vec<u64>> = arguments.iter().skip(1).map(|word| word.parse().ok()).collect();
    match (arguments.first().map(String::as_str), words.as_deref()) {
        (Some("hash"), Some(&[seed, first, count, block])) if block > 0 => hash(seed, first, count, block),
        (Some("show"), Some(&[seed, case])) => {
            let case = Case::of(seed, case);
            println!("{case:?}: {:?}", identity::results(&case));
        }
        _ => {
            eprintln!("usage: plimsoll-kernel-hash hash SEED FIRST COUNT BLOCK | show SEED CASE (whole numbers)");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Hashes all blocks on as many threads as there are processors, and prints them in order.
fn hash(seed: u64, first: u64, count: u64, block: u64) {
    let starts: Vec<u64> = (0..count.div_ceil(block)).map(|index| first + index * block).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = starts.len().div_ceil(threads).max(1);
    let hash = |start: &u64| identity::hash(seed, *start, block.min(first + count - start));
    let hashes: Vec<u64> = thread::scope(|scope| {
        let parts: Vec<_> =
            starts.chunks(share).map(|part| scope.spawn(move || part.iter().map(hash).collect::<Vec<_>>())).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    for (start, hash) in starts.iter().zip(hashes) {
        println!("{start} {hash:016x}");
    }
}
