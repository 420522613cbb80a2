//! Portfolio margin by the number of legs and scenarios.

use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::{OracleState, Underlying};
use plimsoll_client::ledger::Outcome;
use plimsoll_client::{address, instruction};
use plimsoll_core::margin::scenario::columns_needed;
use plimsoll_core::margin::PortfolioParameters;
use plimsoll_tests::world::{World, BTC, QUOTE};

use super::liquidations::{bid, fill, sink, start, wide_world};
use super::Measured;
use crate::support::edit;

/// Measures all of them.
pub fn measure(measured: &mut Measured) {
    sixteen_scenarios(measured);
    small_liquidation(measured, true);
    small_liquidation(measured, false);
    thirty_three_scenarios(measured);
}

/// The grid of the published engine, steps of 4.5 % with the basis on the first of them, and the shipped charges.
fn reference() -> PortfolioParameters {
    let PortfolioParameters { grid_step, basis_up, basis_down, basis_scenarios, .. } = PortfolioParameters::REFERENCE;
    PortfolioParameters { grid_step, basis_up, basis_down, basis_scenarios, ..PortfolioParameters::shipped() }
}

/// Lets BTC look `steps` steps far with `tails` tails: `scenarios` of them besides the two columns of the basis.
fn look(world: &World, shape: (u32, usize, usize)) {
    look_in(world, &reference(), shape);
}

/// The same with other parameters.
fn look_in(world: &World, parameters: &PortfolioParameters, (steps, tails, scenarios): (u32, usize, usize)) {
    let underlying = address::underlying(&world.clearinghouse, BTC);
    edit::<Underlying>(world, &underlying, |underlying| {
        underlying.portfolio = plimsoll::state::PortfolioParameters::from_rules(parameters);
        underlying.portfolio.tails[tails..].fill(0);
        let columns = columns_needed(underlying.portfolio.rules(), u8::try_from(steps).expect("few"));
        assert_eq!(columns - 2, scenarios);
    });
    // A quarter of a step is left for an average that lies elsewhere than the price.
    edit::<OracleState>(world, &address::oracle(&underlying), |oracle| {
        oracle.volatility.range_im = steps * parameters.grid_step - parameters.grid_step / 4;
        oracle.volatility.range_mm = oracle.volatility.range_im;
    });
}

fn check(world: &World, account: usize) -> Outcome {
    let check = instruction::margin_check(&world.directory(), &world.account(account)).expect("build");
    world.crank(check).expect("check")
}

/// `margin/fresh/legs=N,scenarios=16`: `margin_check` of up to 32 legs of one expiry, nothing cached;
/// `margin/rows/legs=128,scenarios=16`: of 128 legs of two expiries, from rows;
/// `rows/refresh/strikes=32,scenarios=16`: the rows of one of them.
fn sixteen_scenarios(measured: &mut Measured) {
    let mut world = wide_world(32, 3_000_000 * QUOTE);
    look(&world, (2, 3, 16));
    world.set_mode(0, MODE_PORTFOLIO).expect("mode");
    fill(&world, (1, 0), (1, 16), 10, |legs| {
        if [1, 8, 32].contains(&legs) {
            look(&world, (2, 3, 16));
            measured.add(&format!("margin/fresh/legs={legs},scenarios=16"), &check(&world, 0));
        }
    });
    fill(&world, (2, 0), (2, 32), 10, |_| {});
    assert_eq!(world.account(0).position_count, 128);
    look(&world, (2, 3, 16));
    measured.add("rows/refresh/strikes=32,scenarios=16", &world.open_rows(BTC, 0));
    world.open_rows(BTC, 1);
    measured.add("margin/rows/legs=128,scenarios=16", &check(&world, 0));
    world.full_check();
}

/// `liquidate/rows/legs=32`: one bid on 32 legs of one expiry in 16 scenarios by a bidder with eight of the same
/// series, both in portfolio mode, from rows; `liquidate/fresh/legs=32,scenarios=16`: the same without `rows`.
fn small_liquidation(measured: &mut Measured, rows: bool) {
    let mut world = wide_world(16, 200_000 * QUOTE);
    for account in [0, 2] {
        world.set_mode(account, MODE_PORTFOLIO).expect("mode");
    }
    look(&world, (2, 3, 16));
    if rows {
        world.open_rows(BTC, 0);
    }
    fill(&world, (1, 0), (1, 16), 25, |_| {});
    fill(&world, (3, 2), (1, 4), 3, |_| {});
    assert_eq!((world.account(0).position_count, world.account(2).position_count), (32, 8));
    sink(&world, 0);
    start(&world, 0, 2);
    world.advance(20);
    look(&world, (2, 3, 16));
    if rows {
        world.refresh_rows(BTC, 0);
    }
    let name = if rows { "liquidate/rows/legs=32" } else { "liquidate/fresh/legs=32,scenarios=16" };
    measured.add(name, &bid(&world, 0, 2, (100_000, false)));
    world.full_check();
}

/// `margin/rows/legs=N,scenarios=33`: `margin_check` of up to 256 legs over four expiries, from rows;
/// `rows/refresh/strikes=64,scenarios=33`: the rows of an expiry with as many strikes as there can be; `shipped`: with the
/// steps that underlyings are listed with, on which the basis does not stand;
/// `liquidate/rows/legs=256`: one bid on the 256 legs by a bidder without legs, both in portfolio mode, from rows;
/// `liquidate/worst/legs=256,scenarios=33`: the next one, when it holds 256 legs too.
fn thirty_three_scenarios(measured: &mut Measured) {
    let mut world = wide_world(32, 3_000_000 * QUOTE);
    for account in [0, 2] {
        world.set_mode(account, MODE_PORTFOLIO).expect("mode");
    }
    look(&world, (4, 8, 33));
    for expiry in 0..4 {
        world.open_rows(BTC, expiry);
    }
    let refresh = || {
        look(&world, (4, 8, 33));
        (0..4).for_each(|expiry| drop(world.refresh_rows(BTC, expiry)));
    };
    fill(&world, (1, 0), (4, 32), 40, |legs| {
        refresh();
        if [1, 8, 32, 128].contains(&legs) {
            measured.add(&format!("margin/rows/legs={legs},scenarios=33"), &check(&world, 0));
        }
    });
    sink(&world, 0);
    refresh();
    start(&world, 0, 2);
    world.advance(20);
    refresh();
    measured.add("margin/rows/legs=256,scenarios=33", &check(&world, 0));
    measured.add("liquidate/rows/legs=256", &bid(&world, 0, 2, (100_000, false)));
    assert_eq!(world.account(2).position_count, 256);
    refresh();
    measured.add("liquidate/worst/legs=256,scenarios=33", &bid(&world, 0, 2, (100_000, false)));
    world.full_check();
    let strikes = (0..64).map(|step| 70 + step).collect::<Vec<_>>();
    world.add_expiry(35, &strikes);
    measured.add("rows/refresh/strikes=64,scenarios=33", &world.open_rows(BTC, 4));
    look_in(&world, &PortfolioParameters::shipped(), (4, 8, 33));
    measured.add("rows/refresh/strikes=64,scenarios=33,shipped", &world.refresh_rows(BTC, 4));
}
