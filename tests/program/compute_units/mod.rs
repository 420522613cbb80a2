//! Compute units of every instruction, against the committed snapshot of the toolchain that built the program.
//!
//! Units are those of the program's own frame, as the runtime logs them: budget instructions are not part of them.
//! What a name with a slash means stands where it is measured.

mod instructions;
mod kernel;
mod liquidations;
mod portfolio;
mod snapshot;

use std::collections::BTreeMap;

use plimsoll_client::ledger::Outcome;

/// What must hold whatever the snapshot says. The aim of a trade is 15,000; it costs more than that today.
const LIMITS: [(&str, u64); 11] = [
    ("kernel/scenario_reprice", 100),
    ("kernel/price_greeks", 200),
    ("deposit", 8_000),
    ("oracle_accept", 4_000),
    ("oracle_accept/new_minute", 5_000),
    ("settlement_sample", 4_000),
    ("trade/legs=8", 29_000),
    ("liquidate/fresh/legs=8", 60_000),
    ("liquidate/fresh/legs=32", 130_000),
    ("liquidate/worst/legs=256", 550_000),
    ("liquidate/walking/legs=256", 700_000),
];

/// Measurements by name.
#[derive(Default)]
struct Measured(BTreeMap<String, u64>);

impl Measured {
    fn add(&mut self, name: &str, outcome: &Outcome) -> u64 {
        let units = program_units(outcome);
        self.add_units(name, units);
        units
    }

    fn add_units(&mut self, name: &str, units: u64) {
        let twice = self.0.insert(name.to_owned(), units);
        assert!(twice.is_none(), "{name} is measured twice");
    }
}

/// Units of the last instruction of the program in `outcome`. An event it sends to itself ends before it does.
fn program_units(outcome: &Outcome) -> u64 {
    let prefix = format!("Program {} consumed ", plimsoll::ID);
    let consumed = outcome.logs.iter().rev().find_map(|line| line.strip_prefix(&prefix)?.split(' ').next());
    let consumed = consumed.unwrap_or_else(|| panic!("no consumed line in {:#?}", outcome.logs));
    consumed.parse().unwrap_or_else(|e| panic!("{consumed}: {e}"))
}

#[test]
fn compute_units_stay_within_the_snapshot_and_the_limits() {
    let mut measured = Measured::default();
    instructions::measure(&mut measured);
    liquidations::measure(&mut measured);
    portfolio::measure(&mut measured);
    kernel::measure(&mut measured);
    for (name, units) in &measured.0 {
        println!("{units:>8} {name}");
    }
    let mut failures = snapshot::compare(&measured.0);
    for (name, limit) in LIMITS {
        let units = measured.0[name];
        if units > limit {
            failures.push(format!("{name}: {units} compute units, the limit is {limit}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
