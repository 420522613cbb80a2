//! `mode_set`.

use plimsoll::events::ModeChanged;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED, MODE_PORTFOLIO};
use plimsoll::state::{Clearinghouse, MarginAccount};
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::forge::*;
use crate::payments::account_elsewhere;
use crate::portfolio::*;
use crate::support::*;

fn instruction_of(world: &World, index: usize, mode: u8) -> Instruction {
    instruction::mode_set(&world.directory(), &world.account(index), mode).expect("build")
}

fn owner(world: &World, index: usize) -> &Keypair {
    &world.traders[index].key
}

/// Switches trader `index` and checks account and event to the last field.
fn check_set(world: &World, index: usize, mode: u8) -> Outcome {
    let mut expected = world.account(index);
    let sent = world.set_mode(index, mode).expect("switch");
    let mode_before = u32::from(std::mem::replace(&mut expected.mode, mode));
    expected.sequence += 1;
    assert_state(&world.account(index), &expected);
    let initial_after = i64::try_from(world.balances(index).expect("balances").initial).expect("i64");
    let fact = ModeChanged {
        margin_account: world.traders[index].account,
        initial_after,
        sequence: expected.sequence,
        mode_before,
        mode_after: mode.into(),
    };
    assert_eq!(event::<ModeChanged>(&sent), fact);
    sent
}

/// Trader 1 short a call, trader 0 long it.
fn traded() -> World {
    let world = World::new();
    world.trade_at_mark(0, 1, &call(&world), 50).expect("trade");
    world
}

#[test]
fn the_owner_switches_between_all_modes() {
    let world = traded();
    for index in [0, 1] {
        for mode in [MODE_PORTFOLIO, MODE_ISOLATED, MODE_CROSS, MODE_ISOLATED, MODE_PORTFOLIO, MODE_CROSS] {
            check_set(&world, index, mode);
        }
    }
    world.full_check();
}

#[test]
fn an_account_without_legs_switches_without_any_price() {
    let world = World::new();
    world.chain.advance(90 * 86_400);
    let switch = instruction_of(&world, 0, MODE_PORTFOLIO);
    assert_eq!(switch.accounts.len(), 3);
    check_set(&world, 0, MODE_PORTFOLIO);
}

#[test]
fn nobody_but_the_owner_switches_also_not_a_delegate() {
    let world = traded();
    let delegate = somebody(&world, "delegate");
    set_delegate(&world, 1, &delegate, 3, 1_000 * QUOTE);
    let own = instruction_of(&world, 1, MODE_PORTFOLIO);
    for key in [delegate, somebody(&world, "stranger"), owner(&world, 0).insecure_clone()] {
        let forged = exchanged(&own, &owner(&world, 1).pubkey(), &key.pubkey());
        refused(&world, "OwnerMismatch", || send_signed(&world, forged, &[&key]));
    }
}

#[test]
fn unknown_modes_and_the_present_one_are_refused() {
    let world = traded();
    for mode in [0, 4, u8::MAX] {
        let send = || world.set_mode(0, mode);
        refused_numbers(&world, "ModeUnsupported", (mode.into(), MODE_PORTFOLIO.into()), send);
    }
    for mode in [MODE_CROSS, MODE_PORTFOLIO, MODE_ISOLATED] {
        if world.account(0).mode != mode {
            world.set_mode(0, mode).expect("switch");
        }
        refused_numbers(&world, "ModeUnchanged", (mode.into(), mode.into()), || world.set_mode(0, mode));
    }
}

#[test]
fn an_account_with_legs_of_several_expiries_does_not_become_isolated() {
    let world = traded();
    world.trade_at_mark(0, 1, &world.series(BTC, 1, 2, OptionKind::Put), 5).expect("a second expiry");
    refused(&world, "IsolatedExpiry", || world.set_mode(1, MODE_ISOLATED));
    check_set(&world, 1, MODE_PORTFOLIO);
    refused(&world, "IsolatedExpiry", || world.set_mode(1, MODE_ISOLATED));
    world.trade_at_mark(1, 0, &world.series(BTC, 1, 2, OptionKind::Put), 5).expect("back to one");
    check_set(&world, 1, MODE_ISOLATED);
}

#[test]
fn an_account_of_more_than_ten_expiries_does_not_become_portfolio() {
    let options =
        WorldOptions { expiry_days: (2..15).collect(), strike_percents: vec![100], ..WorldOptions::default() };
    let world = World::with(&options);
    for expiry in 0..11 {
        world.trade_at_mark(0, 1, &world.series(BTC, expiry, 0, OptionKind::Call), 1).expect("expiry");
    }
    refused(&world, "TooManyExpiries", || world.set_mode(0, MODE_PORTFOLIO));
    world.trade_at_mark(1, 0, &world.series(BTC, 3, 0, OptionKind::Call), 1).expect("back to ten");
    check_set(&world, 0, MODE_PORTFOLIO);
}

#[test]
fn a_price_that_is_not_valid_for_new_risk_refuses_the_switch() {
    let world = traded();
    let switch = || world.set_mode(1, MODE_PORTFOLIO);
    let feed = &world.feeds[usize::from(BTC)];
    world.chain.advance(5);
    let update = PriceUpdate::new(feed.id, BTC_PRICE, world.chain.time()).with_confidence(BTC_PRICE * 18 / 1_000);
    feed.post_update(&world.chain, &world.governance, &update).expect("uncertain price");
    refused(&world, "PriceUncertain", switch);
    world.chain.advance(5);
    world.post_price(BTC, BTC_PRICE / 100 * 120).expect("a price that walks");
    refused(&world, "PriceWalking", switch);
    world.move_price(BTC, BTC_PRICE / 100 * 104);
    world.chain.advance(61);
    refused(&world, "PriceStale", switch);
    world.refresh_prices();
    edit_oracle(&world, |oracle| oracle.price.ema = oracle.price.price * 3);
    refused(&world, "PriceDiverged", switch);
    edit_oracle(&world, |oracle| oracle.price.ema = oracle.price.price);
    switch().expect("a valid price");
    edit_oracle(&world, |oracle| oracle.price.price = 0);
    refused(&world, "PriceMissing", || world.set_mode(1, MODE_CROSS));
}

/// A short strangle costs less in portfolio mode than in cross mode, where both shorts count.
fn strangle() -> World {
    let world = default_world();
    for (strike, kind) in [(1, OptionKind::Put), (3, OptionKind::Call)] {
        world.trade_at_mark(BUYER, SELLER, &world.series(BTC, 0, strike, kind), 100).expect("leg");
    }
    world
}

/// Takes cash off trader `index` until its initial balance is `initial`.
fn leave(world: &World, index: usize, initial: i64) {
    let free = i64::try_from(world.balances(index).expect("balances").initial).expect("i64");
    edit_account(world, index, |account| account.cash -= free - initial);
}

#[test]
fn the_initial_balance_under_the_new_mode_must_not_be_negative() {
    let world = strangle();
    world.set_mode(SELLER, MODE_PORTFOLIO).expect("switch");
    leave(&world, SELLER, 0);
    let back = || world.set_mode(SELLER, MODE_CROSS);
    let short = {
        edit_account(&world, SELLER, |account| account.mode = MODE_CROSS);
        let short = i64::try_from(world.balances(SELLER).expect("balances").initial).expect("i64");
        edit_account(&world, SELLER, |account| account.mode = MODE_PORTFOLIO);
        short
    };
    assert!(short < 0, "{short}");
    refused_numbers(&world, "InitialMarginShort", (short, 0), back);
    edit_account(&world, SELLER, |account| account.cash -= short);
    back().expect("exactly enough");
    assert_eq!(world.balances(SELLER).expect("balances").initial, 0);
    leave(&world, SELLER, -1);
    edit_account(&world, SELLER, |account| account.cash += short + 1);
    check_set(&world, SELLER, MODE_PORTFOLIO);
}

#[test]
fn collateral_whose_price_is_silent_carries_no_switch() {
    let mut world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let trader = world.add_trader("collateral only", 0);
    world.deposit_wbtc(trader, 10_000_000).expect("collateral");
    world.trade_at_mark(0, trader, &world.series(BTC, 0, 2, OptionKind::Call), 5).expect("short");
    check_set(&world, trader, MODE_PORTFOLIO);
    world.chain.advance(1_000);
    refused(&world, "PriceStale", || world.set_mode(trader, MODE_CROSS));
}

#[test]
fn an_account_in_auction_keeps_its_mode() {
    let world = in_auction();
    for mode in [MODE_PORTFOLIO, MODE_ISOLATED] {
        refused(&world, "AccountInAuction", || world.set_mode(SELLER, mode));
    }
}

#[test]
fn what_was_signed_for_the_old_mode_is_void() {
    let world = traded();
    let signed = at_mark(&world, 0, 1, &call(&world), 1);
    world.set_mode(0, MODE_PORTFOLIO).expect("switch");
    refused(&world, "SequenceMismatch", || world.trade_with(0, 1, signed));
    world.trade_at_mark(0, 1, &call(&world), 1).expect("signed for the present mode");
}

#[test]
fn a_book_too_large_to_be_priced_fresh_switches_from_rows_alone() {
    let world = large();
    check_set(&world, LARGE, MODE_CROSS);
    let mut without = fork(&world);
    without.rows.clear();
    refused(&without, "RowsNeeded", || without.set_mode(LARGE, MODE_PORTFOLIO));
    check_set(&world, LARGE, MODE_PORTFOLIO);
}

#[test]
fn the_market_set_is_exactly_that_of_the_account() {
    let world = traded();
    let own = instruction_of(&world, 1, MODE_PORTFOLIO);
    assert_eq!(own.accounts.len(), 6);
    let forged = |change: &dyn Fn(&mut Instruction)| {
        let mut forged = own.clone();
        change(&mut forged);
        forged
    };
    let send = |forged: Instruction| send_signed(&world, forged, &[owner(&world, 1)]);
    refused(&world, "MarketCount", || send(forged(&|step| step.accounts.truncate(3))));
    refused(&world, "MarketCount", || {
        send(forged(&|step| step.accounts.retain(|meta| meta.pubkey != own.accounts[4].pubkey)))
    });
    refused(&world, "MarketType", || send(forged(&|step| step.accounts.swap(3, 4))));
    let later = expiry_at(&world, 1);
    refused(&world, "MarketMismatch", || send(forged(&|step| step.accounts[5].pubkey = later)));
}

#[test]
fn accounts_of_another_clearinghouse_are_refused() {
    let world = traded();
    let (other, account) = account_elsewhere(&world, 1);
    let own = instruction_of(&world, 1, MODE_PORTFOLIO);
    for forged in [exchanged(&own, &world.clearinghouse, &other), exchanged(&own, &world.traders[1].account, &account)]
    {
        refused(&world, "ClearinghouseMismatch", || send_signed(&world, forged, &[owner(&world, 1)]));
    }
}

#[test]
fn the_owner_signs_and_every_account_is_of_its_type() {
    let world = traded();
    let own = instruction_of(&world, 1, MODE_PORTFOLIO);
    let signers = [owner(&world, 1)];
    check_account_list(&world, &own, &signers);
    check_type(&world, &own, &world.clearinghouse, std::mem::offset_of!(Clearinghouse, version), &signers);
    let account = world.traders[1].account;
    check_type(&world, &own, &account, std::mem::offset_of!(MarginAccount, version), &signers);
}
