//! The kernel bench program on an embedded chain: compute units of single functions, and hashes of random cases.

use std::path::PathBuf;

use plimsoll_bench_program::instruction::{Answer, Instruction};
use plimsoll_bench_program::timing::{Inputs, Timed};
use plimsoll_client::ledger::{Ledger, Outcome, SendOptions};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;

use crate::chain::{named_address, workspace_path, Chain};

/// Compute units of a transaction, at most.
const UNITS: u32 = 1_400_000;
/// Cases that one transaction can run, with room to spare.
pub const CASES_PER_TRANSACTION: u64 = 600;
/// Rounds of a timed loop. A whole number of units per round comes out exactly.
const ROUNDS: u64 = 100;

/// A chain with the bench program.
pub struct KernelBench {
    chain: Chain,
    program: Pubkey,
    payer: Keypair,
}

impl Default for KernelBench {
    fn default() -> Self {
        Self::new()
    }
}

impl KernelBench {
    /// Loads the program. Panics without its file, with the command that builds it.
    pub fn new() -> Self {
        let path = bench_program_path();
        let shown = path.display();
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{shown}: {e}; run `cargo xtask build-sbf`"));
        let chain = Chain::fast();
        chain.set_checks(false);
        let program = named_address("kernel bench program");
        chain.svm().add_program(program, &bytes).unwrap_or_else(|e| panic!("{shown} does not load: {e}"));
        let payer = chain.wallet("kernel bench");
        Self { chain, program, payer }
    }

    fn run(&self, instruction: &Instruction) -> Outcome {
        let call = solana_program::instruction::Instruction {
            program_id: self.program,
            accounts: Vec::new(),
            data: instruction.encode(),
        };
        let options = SendOptions::with_compute_limit(UNITS);
        let sent = self.chain.send(&[call], &[&self.payer], &options);
        sent.unwrap_or_else(|e| panic!("{instruction:?}: {e}"))
    }

    /// Compute units of one call of `timed` on `inputs`: a loop over it less the same loop over nothing, rounded up.
    pub fn units(&self, timed: Timed, inputs: &Inputs) -> u64 {
        let whole = |timed, count| self.run(&Instruction::Repeat { timed, count, inputs: *inputs }).compute_units;
        let per_rounds = |timed| whole(timed, 2 * ROUNDS) - whole(timed, ROUNDS);
        per_rounds(timed).saturating_sub(per_rounds(Timed::Empty)).div_ceil(ROUNDS)
    }

    /// The program's hash of the cases `first..first + count`.
    pub fn hash(&self, seed: u64, first: u64, count: u64) -> u64 {
        self.words(&Instruction::Hash { seed, first, count })[0]
    }

    /// The program's results of one case.
    pub fn results(&self, seed: u64, case: u64) -> Vec<i64> {
        self.words(&Instruction::Results { seed, case }).map(|word| word as i64).to_vec()
    }

    fn words(&self, instruction: &Instruction) -> [u64; plimsoll_bench_program::identity::RESULTS] {
        Answer::words(&self.run(instruction).return_data)
    }
}

/// Where the bench program's file is looked for.
pub fn bench_program_path() -> PathBuf {
    workspace_path("target/deploy/plimsoll_bench.so")
}

/// One side of a comparison: answers the hash of the cases `first..first + count`.
pub type Side<'a> = &'a dyn Fn(u64, u64) -> u64;

/// The cases in `first..first + count` on which two sides differ, at most `limit` of them, found by halving.
pub fn differing((first, count): (u64, u64), limit: usize, sides: (Side, Side)) -> Vec<u64> {
    if count == 0 || limit == 0 || sides.0(first, count) == sides.1(first, count) {
        return Vec::new();
    }
    if count == 1 {
        return vec![first];
    }
    let half = count / 2;
    let mut found = differing((first, half), limit, sides);
    found.extend(differing((first + half, count - half), limit - found.len(), sides));
    found
}
