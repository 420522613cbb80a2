//! What is listed is inside the program's hard ranges at any price a file may start from.
use plimsoll_core::{grid, units};
use plimsoll_localnet::listing;

const PRICES: [f64; 7] = [0.25, 12.35, 150.0, 3_782.0, 7_935.0, 100_000.0, 10_000_000.0];

#[test]
fn parameters_are_inside_their_hard_ranges() {
    for price in PRICES {
        for index in [0, 1] {
            let args = listing::underlying_args(index, price).unwrap();
            args.oracle_parameters.rules().validate().unwrap();
            args.limits.rules().validate().unwrap();
            args.grid.rules().validate().unwrap();
            args.cross.rules().validate().unwrap();
            let quantity = units::Quantity(i32::try_from(args.limits.max_quantity).unwrap());
            let (price_max, size) =
                (units::Price(args.oracle_parameters.price_max), units::ContractSize(args.contract_size));
            grid::check_listing(price_max, size, quantity).unwrap();
        }
    }
}

#[test]
fn strikes_are_on_the_grid_ascending_and_around_the_price() {
    for price in PRICES {
        let grid = *listing::underlying_args(0, price).unwrap().grid.rules();
        let strikes = listing::strikes(price);
        assert!(strikes.windows(2).all(|pair| pair[0] < pair[1]), "{strikes:?}");
        assert!(strikes.len() >= 7, "{strikes:?}");
        let spot = units::Price(listing::atoms(price));
        for strike in strikes {
            grid::check_strike(units::Price(strike), spot, &grid).unwrap();
        }
    }
}

#[test]
fn expiries_are_on_the_grid_at_any_time_of_day() {
    let grid = *listing::underlying_args(0, 150.0).unwrap().grid.rules();
    for now in (1_780_272_000..1_780_272_000 + 2 * 86_400).step_by(613) {
        let expiries = listing::expiries(now);
        assert!(expiries.windows(2).all(|pair| pair[0] < pair[1]), "{expiries:?}");
        assert!((3_600..=7_200).contains(&(expiries[0] - now)));
        for expiry in expiries {
            grid::check_expiry(expiry, now, &grid).unwrap();
        }
    }
}

#[test]
fn a_price_too_high_for_one_contract_is_refused_with_the_price() {
    let error = listing::underlying_args(1, 900_000_000.0).unwrap_err().to_string();
    assert!(error.contains("900000000") && error.contains("divide the prices"), "{error}");
}
