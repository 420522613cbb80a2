//! The charges for what one account alone would have to sell.

use plimsoll_core::position::OptionKind::{Call, Put};

use super::{plain, Account, OptionKind, USD};

/// Free are 100 contracts and a quarter of the open interest; 2 % of spot beyond.
fn account(legs: &[(usize, OptionKind, i32)], interest: i64) -> Account {
    let mut account = plain(legs);
    account.parameters.concentration_share = 250_000;
    account.parameters.concentration_free = 100;
    account.parameters.concentration_rate = 20_000;
    for expiry in &mut account.book.expiries {
        for strike in &mut expiry.strikes {
            strike.open_interest = [interest, 2 * interest];
        }
    }
    account
}

/// What the charge takes off the initial balance, atoms.
fn charged(account: &Account) -> i128 {
    let mut free = account.clone();
    (free.parameters.concentration_rate, free.parameters.vega_rate) = (0, 0);
    let (with, without) = (account.balances(), free.balances());
    assert_eq!(with.maintenance, without.maintenance, "others who close liquidate nobody");
    without.initial - with.initial
}

#[test]
fn contracts_beyond_the_share_of_their_series_are_charged_long_or_short() {
    let per_contract = i128::from(40 * USD);
    for sign in [1, -1] {
        // A quarter of 2,000 calls and of 4,000 puts is free.
        let legs = [(2, Call, 600 * sign), (1, Put, 1_100 * sign), (3, Call, 500 * sign)];
        assert_eq!(charged(&account(&legs, 2_000)), 200 * per_contract);
    }
}

#[test]
fn a_small_book_is_free_whatever_its_share() {
    assert_eq!(charged(&account(&[(2, Call, -100), (1, Put, 100)], 100)), 0);
    assert_eq!(charged(&account(&[(2, Call, -101)], 101)), i128::from(40 * USD));
    // Without open interest, as before the first trade, only the free contracts are.
    assert_eq!(charged(&account(&[(2, Call, -150)], 0)), i128::from(50 * 40 * USD));
}

#[test]
fn legs_of_one_series_net_before_they_are_counted() {
    assert_eq!(charged(&account(&[(2, Call, -600), (2, Call, 150)], 400)), i128::from(350 * 40 * USD));
}

#[test]
fn vega_beyond_what_the_market_takes_up_is_charged() {
    let mut account = plain(&[(2, Call, -100), (2, Put, -100)]);
    account.parameters.vega_rate = 1_000_000;
    let all = charged(&account);
    assert!(all > 0);
    account.parameters.vega_free = 1_000;
    assert_eq!(all - charged(&account), i128::from(1_000 * USD));
    account.parameters.vega_rate = 500_000;
    assert_eq!(2 * charged(&account), all - i128::from(1_000 * USD));
    account.parameters.vega_free = u32::MAX;
    assert_eq!(charged(&account), 0);
    // A calendar of equal vega has none; a long straddle loses when volatility falls.
    let mut long = plain(&[(2, Call, 100), (2, Put, 100)]);
    long.parameters.vega_rate = 1_000_000;
    assert!(charged(&long) > 0);
}
