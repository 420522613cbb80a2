//! A stateful random test over every instruction: weighted actions on one clearinghouse, price moves, time jumps,
//! wrong accounts and malformed arguments.
//!
//! After each transaction the chain checks conservation over the accounts it wrote, every 1,000 steps and at the end
//! every equation is checked over all accounts. The counts at the end prove that each instruction passed and was
//! refused often enough: a run that does nothing fails.
//!
//! `PLIMSOLL_FUZZ_STEPS` and `PLIMSOLL_FUZZ_SEED` choose another run.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

mod actions;
mod driver;
mod rows;

use driver::Driver;

/// Steps of a run in CI.
const STEPS: u64 = 25_000;
/// Seed of a run in CI.
const SEED: u64 = 20_260_601;
/// Steps between two checks over all accounts.
const FULL_CHECK_STEPS: u64 = 1_000;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

#[test]
fn random_actions_keep_every_equation() {
    let (steps, seed) = (variable("PLIMSOLL_FUZZ_STEPS", STEPS), variable("PLIMSOLL_FUZZ_SEED", SEED));
    let mut driver = Driver::new(seed);
    for step in 0..steps {
        let done = catch_unwind(AssertUnwindSafe(|| {
            driver.step(step);
            if step % FULL_CHECK_STEPS == 0 {
                driver.world.full_check();
            }
        }));
        if let Err(panic) = done {
            eprintln!("PLIMSOLL_FUZZ_SEED={seed} failed at step {step}; the last actions:");
            driver.recent.iter().for_each(|line| eprintln!("  {line}"));
            resume_unwind(panic);
        }
    }
    driver.world.full_check();
    println!("seed {seed}, {steps} steps\n{}", driver.report());
    if steps >= STEPS {
        let idle = driver.idle();
        assert!(idle.is_empty(), "seed {seed}: too little of\n{}", idle.join("\n"));
    }
}
