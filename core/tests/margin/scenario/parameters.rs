//! Hard ranges of portfolio parameters.

use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_core::margin::PortfolioParameters;
use plimsoll_core::parameters::ParameterError;

const GOOD: PortfolioParameters = PortfolioParameters::REFERENCE;

fn refusal(change: fn(&mut PortfolioParameters)) -> ParameterError {
    let mut parameters = GOOD;
    change(&mut parameters);
    parameters.validate().unwrap_err()
}

fn bound(field: &'static str, value: i64, low: i64, high: i64) -> ParameterError {
    ParameterError { field, value, low, high }
}

#[test]
fn the_reference_is_inside_every_range() {
    assert_eq!(GOOD.validate(), Ok(()));
}

#[test]
fn a_field_outside_its_range_is_named_with_its_bounds() {
    assert_eq!(refusal(|p| p.grid_step = 4_999), bound("grid_step", 4_999, 5_000, 118_000));
    assert_eq!(refusal(|p| p.grid_step = 118_001), bound("grid_step", 118_001, 5_000, 118_000));
    assert_eq!(refusal(|p| p.tails[0] = 49_999), bound("tails", 49_999, 50_000, 8_000_000));
    assert_eq!(refusal(|p| p.tails[7] = 8_000_001), bound("tails", 8_000_001, 50_000, 8_000_000));
    assert_eq!(refusal(|p| p.range_down = 1_000_001), bound("range_down", 1_000_001, 0, 1_000_000));
    assert_eq!(refusal(|p| p.skew_min_k = 999), bound("skew_min_k", 999, 1_000, 1_000_000));
    assert_eq!(refusal(|p| p.base_long = 1_000_001), bound("base_long", 1_000_001, 0, 1_000_000));
    assert_eq!(refusal(|p| p.basis_up = 999_999), bound("basis_up", 999_999, 1_000_000, 2_000_000));
    assert_eq!(refusal(|p| p.basis_down = 49_999), bound("basis_down", 49_999, 50_000, 1_000_000));
    assert_eq!(refusal(|p| p.rows_max_age_seconds = 601), bound("rows_max_age_seconds", 601, 1, 600));
    assert_eq!(refusal(|p| p.rows_max_drift = 50_001), bound("rows_max_drift", 50_001, 100, 50_000));
    assert_eq!(refusal(|p| p.linear_c_base = -1_000_001), bound("linear_c_base", -1_000_001, -1_000_000, 1_000_000));
    assert_eq!(refusal(|p| p.rows_pay = 100_001), bound("rows_pay", 100_001, 0, 100_000));
}

#[test]
fn a_tail_after_a_gap_is_refused() {
    assert_eq!(refusal(|p| p.tails[3] = 0), bound("tails", 3_000_000, 0, 0));
}

#[test]
fn maintenance_never_takes_more_than_initial() {
    assert_eq!(refusal(|p| p.mm_factor = 1_000_001), bound("mm_factor", 1_000_001, 500_000, 1_000_000));
}

#[test]
fn peers_are_listed_before_and_named_once() {
    let of = |peers, index| PortfolioParameters { correlation_peers: peers, ..GOOD }.validate_peers(index);
    for peers in [[NO_PEER; 2], [0, NO_PEER], [NO_PEER, 1], [0, 1], [1, 0]] {
        assert_eq!(of(peers, 2), Ok(()));
    }
    assert_eq!(of([2, 0], 2), Err(bound("correlation_peers", 2, 0, 1)));
    assert_eq!(of([NO_PEER, 3], 2), Err(bound("correlation_peers", 3, 0, 1)));
    assert_eq!(of([1, 1], 2), Err(bound("correlation_peers", 1, 0, -1)));
    assert_eq!(of([0, NO_PEER], 0), Err(bound("correlation_peers", 0, 0, -1)));
}

#[test]
fn a_range_cap_beyond_the_grid_is_refused() {
    assert_eq!(GOOD.validate_cap(360_000), Ok(()));
    assert_eq!(GOOD.validate_cap(360_001).unwrap_err(), bound("range_cap", 360_001, 0, 360_000));
}
