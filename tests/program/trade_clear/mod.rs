//! `trade_clear`: who may trade, at which price, and what moves.

mod band;
mod limits;
mod margin;

use plimsoll::positions::{leg_quantity, Series};
use plimsoll::state::{MarginAccount, OracleState};
use plimsoll::TradeClearArgs;
use plimsoll_client::address;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{World, WorldOptions, BTC, QUOTE, SOL};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_program::instruction::AccountMeta;

use crate::support::*;

/// Trades 1 contract of the call at the money with `change`d arguments and wants it refused.
fn refused_with(world: &World, rule: &str, change: impl FnOnce(&mut TradeClearArgs)) {
    let mut args = at_mark(world, 0, 1, &call(world), 1);
    change(&mut args);
    refused(world, rule, || world.trade_with(0, 1, args));
}

fn fee(world: &World, underlying: u16, quantity: i64, price: i64) -> i64 {
    let size = if underlying == BTC { 100 } else { 1 };
    let notional = world.price(underlying) / size * quantity;
    let up = |amount: i64, ppm: i64| (i128::from(amount) * i128::from(ppm) + 999_999) / 1_000_000;
    i64::try_from(up(notional, 300).min(up(price * quantity, 125_000))).unwrap()
}

/// Legs, cash and sequence of both sides, open interest and fees after one trade.
fn check_trade(world: &World, (buyer, seller): (usize, usize), series: &Series, quantity: i32, price: i64) {
    let sides = |world: &World| [world.account(buyer), world.account(seller)];
    let (before, expiry_before) = (sides(world), world.expiry(series));
    world.trade(buyer, seller, series, quantity, price).expect("trade");
    let (after, expiry_after) = (sides(world), world.expiry(series));

    let (premium, fee) = (price * i64::from(quantity), fee(world, series.underlying, i64::from(quantity), price));
    assert_eq!(after[0].cash - before[0].cash, -premium - fee);
    assert_eq!(after[1].cash - before[1].cash, premium - fee);
    assert_eq!(expiry_after.fees_accrued - expiry_before.fees_accrued, 2 * fee);
    let leg = |account: &MarginAccount| leg_quantity(account, series);
    assert_eq!(leg(&after[0]) - leg(&before[0]), quantity);
    assert_eq!(leg(&after[1]) - leg(&before[1]), -quantity);
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after.sequence, before.sequence + 1);
    }
    let long: i32 = (0..world.traders.len()).map(|index| leg(&world.account(index)).max(0)).sum();
    let interest = expiry_after.strikes[usize::from(series.strike)].open_interest[usize::from(series.kind.to_u8())];
    assert_eq!(interest, i64::from(long));
}

#[test]
fn a_trade_moves_premium_fees_contracts_and_sequences_and_nothing_else() {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..40 {
        let buyer = random.random_range(0..3);
        let seller = (buyer + random.random_range(1..3)) % 3;
        let kind = if random.random() { OptionKind::Call } else { OptionKind::Put };
        let underlying = if random.random() { BTC } else { SOL };
        let series = world.series(underlying, random.random_range(0..2), random.random_range(0..5), kind);
        let mark = world.mark(&series).expect("mark");
        let price = mark + mark * random.random_range(-20..=20) / 100;
        check_trade(&world, (buyer, seller), &series, random.random_range(1..9), price);
    }
    world.full_check();
}

#[test]
fn an_account_does_not_trade_with_itself() {
    let world = World::new();
    let args = at_mark(&world, 0, 0, &call(&world), 1);
    let key = &world.traders[0].key;
    refused(&world, "AccountDuplicate", || trade_by(&world, (0, key), (0, key), args));
}

#[test]
fn an_owner_does_not_trade_with_itself_through_two_accounts() {
    let mut world = World::new();
    let second = open_account(&mut world, 0, 1, 2);
    let delegate = world.chain.wallet("delegate");
    set_delegate(&world, second, &delegate, 1, 1_000 * QUOTE);
    let args = at_mark(&world, 0, second, &call(&world), 1);
    let owner = &world.traders[0].key;
    refused(&world, "OwnerOnBothSides", || trade_by(&world, (0, owner), (second, &delegate), args));
}

#[test]
fn one_delegate_does_not_trade_for_both_sides() {
    let world = World::new();
    let delegate = world.chain.wallet("delegate");
    for index in [0, 1] {
        set_delegate(&world, index, &delegate, 1, 1_000 * QUOTE);
    }
    let args = at_mark(&world, 0, 1, &call(&world), 1);
    refused(&world, "SignerOnBothSides", || trade_by(&world, (0, &delegate), (1, &delegate), args));
    let owner = &world.traders[1].key;
    trade_by(&world, (0, &delegate), (1, owner), args).expect("a delegate trades for one side");
}

#[test]
fn a_stranger_does_not_trade_for_an_account() {
    let world = World::new();
    let stranger = world.chain.wallet("stranger");
    let args = at_mark(&world, 0, 1, &call(&world), 1);
    let [one, other] = [&world.traders[0].key, &world.traders[1].key];
    refused(&world, "SignerNotAuthorised", || trade_by(&world, (0, &stranger), (1, other), args));
    refused(&world, "SignerNotAuthorised", || trade_by(&world, (0, one), (1, &stranger), args));
}

#[test]
fn a_side_that_did_not_sign_is_refused() {
    let world = World::new();
    let mut trade = trade_instruction(&world, 0, 1, at_mark(&world, 0, 1, &call(&world), 1));
    trade.accounts[1].is_signer = false;
    let result = send(&world, trade, &[&world.traders[0].key]);
    assert!(result.is_err_and(|error| error.to_string().contains("igner")));
}

#[test]
fn a_trade_is_valid_through_its_last_second() {
    let world = World::new();
    refused_with(&world, "InstructionExpired", |args| args.valid_until = world.chain.time() - 1);
    let args = TradeClearArgs { valid_until: world.chain.time(), ..at_mark(&world, 0, 1, &call(&world), 1) };
    world.trade_with(0, 1, args).expect("the last second counts");
}

#[test]
fn a_trade_signed_for_another_sequence_is_refused() {
    let world = World::new();
    refused_with(&world, "SequenceMismatch", |args| args.buyer_sequence += 1);
    refused_with(&world, "SequenceMismatch", |args| args.seller_sequence += 1);
    let args = at_mark(&world, 0, 1, &call(&world), 1);
    world.trade_with(0, 1, args).expect("trade");
    refused(&world, "SequenceMismatch", || world.trade_with(0, 1, args));
}

#[test]
fn a_deposit_does_not_make_a_signed_trade_invalid() {
    let world = World::new();
    let args = at_mark(&world, 0, 1, &call(&world), 1);
    world.deposit(0, 1).expect("dust");
    world.trade_with(0, 1, args).expect("trade");
}

#[test]
fn a_delegate_trades_only_within_its_terms() {
    let world = World::new();
    let (delegate, seller) = (world.chain.wallet("delegate"), &world.traders[1].key);
    let trade = || {
        let args = at_mark(&world, 0, 1, &call(&world), 1);
        trade_by(&world, (0, &delegate), (1, seller), args)
    };
    set_delegate(&world, 0, &delegate, 2, 1_000 * QUOTE);
    refused(&world, "DelegateActionForbidden", trade);
    let mark = world.mark(&call(&world)).expect("mark");
    let cost = fee(&world, BTC, 1, mark);
    set_delegate(&world, 0, &delegate, 1, cost - 1);
    refused(&world, "DelegateBudget", trade);
    set_delegate(&world, 0, &delegate, 1, cost);
    trade().expect("the whole budget may be spent");
    refused(&world, "DelegateBudget", trade);
    world.advance(86_401);
    refused(&world, "DelegateExpired", trade);
}

#[test]
fn a_price_worse_than_the_mark_counts_against_the_delegates_budget() {
    let world = World::new();
    let (delegate, seller) = (world.chain.wallet("delegate"), &world.traders[1].key);
    let mark = world.mark(&call(&world)).expect("mark");
    let worse = mark + mark / 10;
    let cost = fee(&world, BTC, 3, worse) + 3 * (worse - mark);
    set_delegate(&world, 0, &delegate, 1, cost - 1);
    let args = || world.trade_args(0, 1, &call(&world), 3, worse);
    refused(&world, "DelegateBudget", || trade_by(&world, (0, &delegate), (1, seller), args()));
    set_delegate(&world, 0, &delegate, 1, cost);
    trade_by(&world, (0, &delegate), (1, seller), args()).expect("within budget");
    assert_eq!(world.account(0).delegate.terms.spent, cost);
}

#[test]
fn owner_records_are_those_of_the_sides() {
    let world = World::new();
    for at in [5, 6] {
        let mut trade = trade_instruction(&world, 0, 1, at_mark(&world, 0, 1, &call(&world), 1));
        trade.accounts[at].pubkey = trade.accounts[11 - at].pubkey;
        refused(&world, "OwnerMismatch", || send(&world, trade, &[&world.traders[0].key, &world.traders[1].key]));
    }
}

#[test]
fn accounts_of_another_clearinghouse_are_refused() {
    let world = World::new();
    let other = other_clearinghouse(&world);
    let mut trade = trade_instruction(&world, 0, 1, at_mark(&world, 0, 1, &call(&world), 1));
    trade.accounts[2].pubkey = other;
    refused(&world, "ClearinghouseMismatch", || send(&world, trade, &[&world.traders[0].key, &world.traders[1].key]));
}

#[test]
fn a_market_set_with_one_account_too_few_too_many_twice_or_of_another_kind_is_refused() {
    let world = World::new();
    world.trade_at_mark(0, 1, &world.series(BTC, 1, 2, OptionKind::Put), 1).expect("second expiry");
    let keys = [&world.traders[0].key, &world.traders[1].key];
    let try_with = |rule: &str, change: &dyn Fn(&mut Vec<AccountMeta>)| {
        let mut trade = trade_instruction(&world, 0, 1, at_mark(&world, 0, 1, &call(&world), 1));
        change(&mut trade.accounts);
        refused(&world, rule, || send(&world, trade, &keys));
    };
    // 7 underlying, 8 oracle, 9 and 10 expiries.
    try_with("MarketCount", &|accounts| accounts.truncate(10));
    try_with("MarketCount", &|accounts| accounts.push(AccountMeta::new_readonly(world.clearinghouse, false)));
    try_with("MarketMismatch", &|accounts| accounts[10] = accounts[9].clone());
    try_with("MarketMismatch", &|accounts| accounts.swap(9, 10));
    try_with("MarketType", &|accounts| accounts.swap(8, 9));
    try_with("MarketNotWritable", &|accounts| accounts[9].is_writable = false);
    try_with("MarketType", &|accounts| accounts[9].pubkey = world.traders[0].wallet);
}

#[test]
fn a_series_that_does_not_exist_is_refused() {
    let world = World::new();
    refused_with(&world, "KindUnknown", |args| args.kind = 2);
    refused_with(&world, "UnknownStrike", |args| args.strike = 5);
    refused_with(&world, "UnknownStrike", |args| args.strike = u8::MAX);
    refused_with(&world, "MarketType", |args| args.expiry += 86_400);
}

#[test]
fn an_expiry_that_has_passed_or_is_settled_is_not_traded() {
    let world = World::new();
    let series = call(&world);
    sample_window(&world, &series, 60);
    let args = || world.trade_args(0, 1, &series, 1, QUOTE);
    refused(&world, "ExpiryPassed", || world.trade_with(0, 1, args()));
    settle_expiry_now(&world, &series);
    refused(&world, "ExpirySettledAlready", || world.trade_with(0, 1, args()));
}

fn settle_expiry_now(world: &World, series: &Series) {
    let underlying = world.directory().underlying(series.underlying);
    world.crank(plimsoll_client::instruction::expiry_settle(&underlying, series.expiry)).expect("settle");
}

#[test]
fn a_price_stands_within_the_band_around_the_mark_to_the_atom() {
    let world = World::new();
    for strike in [0, 4] {
        let series = world.series(BTC, 0, strike, OptionKind::Call);
        let mark = world.mark(&series).expect("mark");
        let band = (mark / 4).max(world.price(BTC) / 100 / 100);
        for price in [mark + band + 1, mark - band - 1] {
            let rule = if price < 0 { "TradePriceNegative" } else { "TradePriceBand" };
            refused(&world, rule, || world.trade(0, 1, &series, 1, price));
        }
        world.trade(0, 1, &series, 1, mark + band).expect("upper bound");
        world.trade(0, 1, &series, 1, (mark - band).max(0)).expect("lower bound");
    }
}

#[test]
fn a_negative_price_is_refused() {
    let world = World::new();
    refused_with(&world, "TradePriceNegative", |args| args.price = -1);
    refused_with(&world, "TradePriceNegative", |args| args.price = i64::MIN);
}

#[test]
fn prices_and_quantities_at_the_ends_of_the_integers_are_refused() {
    let world = World::new();
    refused_with(&world, "TradePriceBand", |args| (args.price, args.quantity) = (i64::MAX, i32::MAX));
    refused_with(&world, "TradePriceBand", |args| args.price = i64::MAX);
    refused_with(&world, "TradeQuantity", |args| args.quantity = i32::MIN + 1);
    refused_with(&world, "QuantityOverflow", |args| args.quantity = i32::MIN);
    refused_with(&world, "InstructionExpired", |args| args.valid_until = i64::MIN);
    refused_with(&world, "SequenceMismatch", |args| args.buyer_sequence = u64::MAX);
    refused_with(&world, "UnknownStrike", |args| args.strike = u8::MAX);
    edit_account(&world, 1, |account| account.cash = i64::MAX);
    refused_with(&world, "Overflow", |_| {});
}

#[test]
fn with_a_stale_price_both_sides_reduce_at_the_last_mark() {
    let world = World::with(&WorldOptions { traders: 3, ..WorldOptions::default() });
    let series = call(&world);
    world.trade_at_mark(0, 1, &series, 10).expect("trade");
    world.chain.advance(61);
    let mark = world.mark(&series).expect("mark");
    refused(&world, "TradeNotAtMark", || world.trade(1, 0, &series, 1, mark + 1));
    refused(&world, "TradeNotReducing", || world.trade(0, 1, &series, 1, mark));
    refused(&world, "TradeNotReducing", || world.trade(1, 2, &series, 1, mark));
    refused(&world, "TradeNotReducing", || world.trade(1, 0, &series, 11, mark));
    world.trade(1, 0, &series, 10, mark).expect("both close");
    assert_eq!(world.account(0).position_count, 0);
    world.refresh_prices();
    world.full_check();
}

#[test]
fn with_a_stale_price_nobody_sells_the_long_leg_of_a_spread() {
    let mut world = World::with(&WorldOptions { traders: 0, ..WorldOptions::default() });
    world.add_trader("can carry its short", 50_000_000 * QUOTE);
    world.add_trader("can carry its spread", 20_000 * QUOTE);
    let (short, long) = (world.series(BTC, 0, 2, OptionKind::Call), world.series(BTC, 0, 3, OptionKind::Call));
    world.trade_at_mark(1, 0, &long, 200).expect("long");
    world.trade_at_mark(0, 1, &short, 200).expect("short");
    assert!(world.balances(1).expect("balances").initial >= 0);
    world.chain.advance(61);
    let strip = || world.trade(0, 1, &long, 200, world.mark(&long).expect("mark"));
    refused(&world, "CuringInitialFalls", strip);
    // Both legs close, the short one first.
    world.trade(1, 0, &short, 200, world.mark(&short).expect("mark")).expect("the short leg");
    strip().expect("the long leg");
    world.refresh_prices();
    world.full_check();
}

#[test]
fn a_trade_names_the_price_of_its_strike() {
    let world = World::new();
    let listed = world.trade_args(0, 1, &call(&world), 1, 0).strike_price;
    for price in [listed - 1, listed + 1, 0, -listed, i64::MIN, i64::MAX] {
        refused_with(&world, "StrikeMismatch", |args| args.strike_price = price);
    }
}

#[test]
fn without_any_accepted_price_nothing_is_traded() {
    let world = World::new();
    let oracle = address::oracle(&world.directory().underlying(BTC));
    edit::<OracleState>(&world, &oracle, |state| state.price.price = 0);
    let args = world.trade_args(0, 1, &call(&world), 1, 0);
    refused(&world, "PriceMissing", || world.trade_with(0, 1, args));
}
