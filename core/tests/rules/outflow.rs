//! The net-outflow limiter.

use plimsoll_core::error::CoreError;
use plimsoll_core::outflow::*;
use plimsoll_core::parameters::ClearinghouseParameters;
use plimsoll_core::units::Quote;
use proptest::prelude::*;

/// 20 % per hour, 50 reserved.
const RULE: ClearinghouseParameters =
    ClearinghouseParameters { outflow_reserved: 50, ..ClearinghouseParameters::shipped() };
const NOW: i64 = 1_000_000;
const USED: AccountOutflow = AccountOutflow { window_start: NOW, used: 50 };

fn state(net: i64) -> OutflowState {
    OutflowState { window_start: NOW, vault_at_start: 1_000, net, previous: 0 }
}

#[test]
fn a_window_lets_its_share_out_to_the_atom() {
    let at = |amount| withdraw(&state(0), &USED, Quote(amount), Quote(900), NOW, &RULE);
    assert_eq!(at(200).unwrap().state.net, 200);
    assert_eq!(at(201), Err(OutflowRefusal::Limit { net: 201, cap: 200 }));
}

#[test]
fn every_account_keeps_its_reserved_amount_whatever_others_took() {
    let full = state(200);
    let fresh = AccountOutflow::default();
    let at = |account: &AccountOutflow, amount| withdraw(&full, account, Quote(amount), Quote(800), NOW + 9, &RULE);
    let plan = at(&fresh, 50).unwrap();
    assert_eq!((plan.account.used, plan.account.window_start, plan.state.net), (50, NOW + 9, 250));
    assert_eq!(at(&fresh, 51), Err(OutflowRefusal::Limit { net: 251, cap: 200 }));
    let some = AccountOutflow { window_start: NOW, used: 20 };
    assert!(at(&some, 30).is_ok());
    assert!(at(&some, 31).is_err());
}

#[test]
fn what_is_taken_under_the_limit_counts_against_the_reserve() {
    let fresh = AccountOutflow::default();
    let first = withdraw(&state(0), &fresh, Quote(180), Quote(1_000), NOW, &RULE).unwrap();
    let second = withdraw(&first.state, &first.account, Quote(30), Quote(820), NOW, &RULE);
    assert_eq!(second, Err(OutflowRefusal::Limit { net: 210, cap: 200 }));
}

#[test]
fn deposits_make_room() {
    let more = deposit(&state(200), Quote(30), Quote(800), NOW, &RULE).unwrap();
    assert_eq!(more.net, 170);
    assert!(withdraw(&more, &USED, Quote(30), Quote(830), NOW, &RULE).is_ok());
    assert!(withdraw(&more, &USED, Quote(31), Quote(830), NOW, &RULE).is_err());
}

#[test]
fn a_new_window_starts_from_the_vault_as_it_is() {
    let at = |now| withdraw(&state(200), &USED, Quote(100), Quote(800), now, &RULE);
    assert!(at(NOW + 3_599).is_err());
    let plan = at(NOW + 7_200).unwrap();
    assert_eq!(plan.state, OutflowState { window_start: NOW + 7_200, vault_at_start: 800, net: 100, previous: 0 });
    assert_eq!(plan.account, AccountOutflow { window_start: NOW + 7_200, used: 100 });
}

#[test]
fn the_window_before_counts_with_what_is_left_of_it() {
    let at = |now| withdraw(&state(200), &USED, Quote(100), Quote(800), now, &RULE);
    // A fifth of 800 is 160: the 200 before must have fallen to 60.
    assert_eq!(at(NOW + 3_600), Err(OutflowRefusal::Limit { net: 300, cap: 160 }));
    assert_eq!(at(NOW + 6_119), Err(OutflowRefusal::Limit { net: 161, cap: 160 }));
    let plan = at(NOW + 6_120).unwrap();
    assert_eq!(plan.state, OutflowState { window_start: NOW + 3_600, vault_at_start: 800, net: 100, previous: 200 });
}

#[test]
fn who_pays_in_before_a_border_and_takes_out_after_it_uses_up_nobodys_room() {
    let before = deposit(&state(0), Quote(500), Quote(1_000), NOW + 3_599, &RULE).unwrap();
    let out = withdraw(&before, &USED, Quote(500), Quote(1_500), NOW + 3_600, &RULE).unwrap();
    assert_eq!((out.state.net, out.state.previous, out.state.vault_at_start), (500, -500, 1_500));
    // A fifth of the thousand that was there all along.
    let next = |amount| withdraw(&out.state, &USED, Quote(amount), Quote(1_000), NOW + 3_600, &RULE);
    assert!(next(200).is_ok());
    assert_eq!(next(201), Err(OutflowRefusal::Limit { net: 201, cap: 200 }));
}

#[test]
fn a_deposit_rolls_the_window_before_it_counts() {
    let rolled = deposit(&state(200), Quote(500), Quote(800), NOW + 3_600, &RULE).unwrap();
    assert_eq!(rolled, OutflowState { window_start: NOW + 3_600, vault_at_start: 800, net: -500, previous: 200 });
}

#[test]
fn amounts_have_their_sign() {
    let wrong = Err(OutflowRefusal::Arithmetic(CoreError::OutOfDomain));
    assert_eq!(withdraw(&state(0), &USED, Quote(0), Quote(1), NOW, &RULE), wrong);
    assert_eq!(deposit(&state(0), Quote(-1), Quote(1), NOW, &RULE), Err(CoreError::OutOfDomain));
}

proptest! {
    /// Nobody but by the reserves takes more than the share out of a window, however withdrawals and deposits mix.
    #[test]
    fn net_outflow_stays_within_share_and_reserves(
        moves in prop::collection::vec((0usize..4, -300i64..300), 1..60),
    ) {
        let mut vault = 1_000i64;
        let mut state = state(0);
        let mut accounts = [AccountOutflow::default(); 4];
        for (who, amount) in moves {
            if amount < 0 {
                state = deposit(&state, Quote(-amount), Quote(vault), NOW, &RULE).unwrap();
                vault -= amount;
            } else if amount > 0 && amount <= vault {
                let Ok(plan) = withdraw(&state, &accounts[who], Quote(amount), Quote(vault), NOW, &RULE) else {
                    continue;
                };
                (state, accounts[who]) = (plan.state, plan.account);
                vault -= amount;
            }
            prop_assert_eq!(vault, 1_000 - state.net);
            prop_assert!(state.net <= 200 + 4 * 50);
        }
    }

    #[test]
    fn no_input_panics(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, amount: i64, vault: i64, now: i64) {
        let state = OutflowState { window_start: a, vault_at_start: b, net: c, previous: f };
        let account = AccountOutflow { window_start: d, used: e };
        let _ = withdraw(&state, &account, Quote(amount), Quote(vault), now, &RULE);
        let _ = deposit(&state, Quote(amount), Quote(vault), now, &RULE);
    }
}
