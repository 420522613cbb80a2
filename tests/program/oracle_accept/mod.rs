//! `oracle_accept`: which price accounts are believed, and what is stored of them.

mod decoder;
mod volatility;
mod walk;

use anchor_lang::Discriminator;
use plimsoll::constants::PRICE_RECEIVERS;
use plimsoll::events::PriceAccepted;
use plimsoll::state::oracle_state::PriceData;
use plimsoll::state::{OracleState, Underlying};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::Outcome;
use plimsoll_tests::chain::{named_address, START_TIME};
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, SOL};
use pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, TwapUpdate, VerificationLevel};
use solana_account::Account;
use solana_program::instruction::AccountMeta;

use crate::support::*;

const UNDERLYING: usize = 0;
const ORACLE: usize = 1;
const PRICE_UPDATE: usize = 2;
/// Bytes of a price account up to the end of what is read of it.
const READ: usize = 117;

/// Two underlyings, nobody and nothing else; 100 seconds after the first prices.
fn world() -> World {
    let world = World::with(&WorldOptions { traders: 0, expiry_days: Vec::new(), ..WorldOptions::default() });
    world.chain.set_time(START_TIME + 100);
    world
}

fn oracle(world: &World) -> OracleState {
    world.feeds[usize::from(BTC)].oracle(&world.chain).expect("oracle")
}

/// An update of BTC at today's price, published now.
fn update(world: &World) -> PriceUpdate {
    PriceUpdate::new(world.feeds[usize::from(BTC)].id, BTC_PRICE, world.chain.time())
}

fn accept(world: &World, update: &PriceUpdate) -> Result<Outcome, LedgerError> {
    world.feeds[usize::from(BTC)].post_update(&world.chain, &world.governance, update)
}

/// Panics unless `update` is refused by `rule` with these two numbers.
fn refused_update(world: &World, rule: &str, numbers: (i64, i64), update: &PriceUpdate) {
    refused_numbers(world, rule, numbers, || accept(world, update));
}

/// Posts an honest update, has its account `change`d and wants it refused.
fn refused_while(world: &World, rule: &str, change: impl FnOnce(&mut Account)) {
    let feed = world.feeds[usize::from(BTC)];
    update(world).post(&world.chain, &feed.account);
    world.chain.edit_raw(&feed.account, change);
    refused(world, rule, || world.crank(instruction::oracle_accept(&feed.underlying, &feed.account)));
}

fn refused_account(world: &World, rule: &str, change: impl FnOnce(&mut Vec<AccountMeta>)) {
    let feed = world.feeds[usize::from(BTC)];
    update(world).post(&world.chain, &feed.account);
    let mut lie = instruction::oracle_accept(&feed.underlying, &feed.account);
    change(&mut lie.accounts);
    refused(world, rule, || world.crank(lie));
}

#[test]
fn an_accepted_update_is_stored_as_it_is_and_nothing_else_changes() {
    let world = world();
    world.chain.set_time(START_TIME + 20);
    let before = oracle(&world);
    let (price, now) = (BTC_PRICE + 7_000_003, world.chain.time());
    let posted = PriceUpdate::new(world.feeds[0].id, price, now - 2).with_confidence(4_444).with_ema(price - 1);
    let fact: PriceAccepted = event(&accept(&world, &posted).expect("accepted"));

    let expected = OracleState {
        price: PriceData {
            price,
            raw: price,
            ema: price - 1,
            confidence: 4_444,
            publish_time: now - 2,
            walking_since: 0,
            walk_seconds: 0,
        },
        sequence: before.sequence + 1,
        accepted_at: now,
        ..before
    };
    assert_eq!(bytemuck::bytes_of(&oracle(&world)), bytemuck::bytes_of(&expected));
    assert_eq!((fact.underlying, fact.sequence), (world.feeds[0].underlying, before.sequence + 1));
    assert_eq!((fact.publish_time, fact.price_before, fact.price_after), (now - 2, BTC_PRICE, price));
    assert_eq!((fact.raw, fact.walking_since, fact.volatility), (price, 0, before.volatility.state));
}

#[test]
fn anyone_has_a_price_accepted() {
    let world = world();
    let feed = world.feeds[usize::from(BTC)];
    update(&world).post(&world.chain, &feed.account);
    let step = instruction::oracle_accept(&feed.underlying, &feed.account);
    assert!(step.accounts.iter().all(|meta| !meta.is_signer));
    send(&world, step, &[&world.chain.wallet("anyone")]).expect("accepted");
}

#[test]
fn a_price_account_of_any_other_program_is_refused() {
    let world = world();
    let programs = [plimsoll::ID, anchor_spl::token::ID, plimsoll_client::address::SYSTEM_PROGRAM];
    for stranger in programs.into_iter().chain([PRICE_RECEIVERS[1], named_address("a receiver of my own")]) {
        refused_while(&world, "PriceOwner", |account| account.owner = stranger);
    }
    accept(&world, &update(&world)).expect("the receiver's own");
}

#[test]
fn the_receiver_is_the_one_of_the_underlying() {
    let world = world();
    edit::<Underlying>(&world, &world.feeds[0].underlying, |underlying| {
        underlying.receiver_program = PRICE_RECEIVERS[1];
    });
    refused(&world, "PriceOwner", || accept(&world, &update(&world)));
    accept(&world, &update(&world).with_receiver(PRICE_RECEIVERS[1])).expect("the underlying's receiver");
}

#[test]
fn an_account_of_another_type_is_refused() {
    let world = world();
    for at in 0..8 {
        refused_while(&world, "PriceAccountType", |account| account.data[at] ^= 1);
    }
    let types = [TwapUpdate::DISCRIMINATOR, OracleState::DISCRIMINATOR, &[0; 8], &[u8::MAX; 8]];
    for discriminator in types {
        refused_while(&world, "PriceAccountType", |account| account.data[..8].copy_from_slice(discriminator));
    }
}

#[test]
fn a_closed_a_cut_and_an_emptied_account_are_refused() {
    let world = world();
    let system = plimsoll_client::address::SYSTEM_PROGRAM;
    refused_while(&world, "PriceOwner", |account| *account = Account::default());
    refused_while(&world, "PriceOwner", |account| (account.owner, account.lamports) = (system, 0));
    refused_account(&world, "PriceOwner", |accounts| accounts[PRICE_UPDATE].pubkey = named_address("nobody"));
    refused_while(&world, "PriceAccountType", |account| account.data.fill(0));
    for length in 0..READ {
        refused_while(&world, "PriceAccountType", |account| account.data.truncate(length));
    }
    accept(&world, &update(&world)).expect("whole");
}

#[test]
fn bytes_behind_the_update_change_nothing() {
    for length in [PriceUpdateV2::LEN + 1, 1_000, 10_240] {
        let (world, twin) = (world(), world());
        let feed = world.feeds[usize::from(BTC)];
        update(&world).post(&world.chain, &feed.account);
        world.chain.edit_raw(&feed.account, |account| account.data.resize(length, u8::MAX));
        world.crank(instruction::oracle_accept(&feed.underlying, &feed.account)).expect("accepted");
        accept(&twin, &update(&twin)).expect("accepted");
        assert_eq!(bytemuck::bytes_of(&oracle(&world)), bytemuck::bytes_of(&oracle(&twin)));
    }
}

#[test]
fn only_a_fully_verified_update_is_believed() {
    let world = world();
    for num_signatures in 0..=u8::MAX {
        let partial = update(&world).with_verification(VerificationLevel::Partial { num_signatures });
        refused(&world, "PriceNotFullyVerified", || accept(&world, &partial));
    }
    // The bytes of a full update with another level in front of them.
    for level in (0..=u8::MAX).filter(|level| *level != 1) {
        refused_while(&world, "PriceNotFullyVerified", |account| account.data[40] = level);
    }
}

#[test]
fn an_update_of_another_feed_is_refused() {
    let world = world();
    let sol = PriceUpdate::new(world.feeds[usize::from(SOL)].id, BTC_PRICE, world.chain.time());
    refused(&world, "PriceFeedMismatch", || accept(&world, &sol));
    for at in 41..73 {
        refused_while(&world, "PriceFeedMismatch", |account| account.data[at] ^= 0x80);
    }
}

#[test]
fn a_publish_time_is_newer_than_the_last_one() {
    let world = world();
    let at = |publish_time| PriceUpdate::new(world.feeds[0].id, BTC_PRICE, publish_time);
    let last = oracle(&world).price.publish_time;
    for old in [last, last - 1, 0, -1, i64::MIN] {
        refused_update(&world, "PriceNotNewer", (old, last), &at(old));
    }
    world.chain.set_time(last + 1);
    accept(&world, &at(last + 1)).expect("a second newer");
    refused_update(&world, "PriceNotNewer", (last + 1, last + 1), &at(last + 1));
}

#[test]
fn a_publish_time_is_at_most_ten_seconds_ahead_of_the_clock() {
    let world = world();
    let now = world.chain.time();
    let at = |publish_time| PriceUpdate::new(world.feeds[0].id, BTC_PRICE, publish_time);
    for ahead in [now + 11, now + 3_600, i64::MAX] {
        refused_update(&world, "PriceFromFuture", (ahead, now + 10), &at(ahead));
    }
    accept(&world, &at(now + 10)).expect("ten seconds ahead");
    refused_update(&world, "PriceNotNewer", (now + 9, now + 10), &at(now + 9));
}

#[test]
fn an_update_is_at_most_a_minute_old() {
    let world = world();
    let now = world.chain.time();
    let at = |publish_time| PriceUpdate::new(world.feeds[0].id, BTC_PRICE, publish_time);
    refused_update(&world, "PriceStale", (61, 60), &at(now - 61));
    refused_update(&world, "PriceStale", (99, 60), &at(now - 99));
    accept(&world, &at(now - 60)).expect("a minute old");
}

#[test]
fn prices_and_averages_are_positive() {
    let world = world();
    for mantissa in [0, -1, -BTC_PRICE, i64::MIN, 49] {
        let mut bad = update(&world);
        bad.message.price = mantissa;
        refused_update(&world, "PriceNotPositive", (mantissa, 0), &bad);
        let mut bad = update(&world);
        bad.message.ema_price = mantissa;
        refused_update(&world, "PriceNotPositive", (mantissa, 0), &bad);
    }
}

#[test]
fn a_price_stands_within_the_sanity_bounds_of_its_underlying() {
    let (low, high) = (1_000_000_000, 2_000_000_000_000);
    let at = |world: &World, price| PriceUpdate::new(world.feeds[0].id, price, world.chain.time());
    for (inside, outside) in [(low, low - 1), (high, high + 1)] {
        let world = world();
        refused_update(&world, "PriceInsane", (outside, inside), &at(&world, outside));
        accept(&world, &at(&world, inside)).expect("on the bound");
        assert_eq!(oracle(&world).price.raw, inside);
    }
    let world = world();
    let mut most = update(&world);
    (most.message.price, most.message.ema_price) = (i64::MAX - 50, i64::MAX - 50);
    refused_update(&world, "PriceInsane", (i64::MAX / 100, high), &most);
}

#[test]
fn every_exponent_that_can_tell_the_price_tells_the_same_price() {
    for exponent in -13..=5 {
        let world = world();
        let scale = 10i64.pow(u32::try_from(5 - exponent).unwrap());
        let mut posted = update(&world);
        posted.message.exponent = exponent;
        (posted.message.price, posted.message.ema_price) = (scale, scale);
        // A ten-thousandth, as far as the exponent can tell it.
        posted.message.conf = (scale / 10_000).unsigned_abs();
        accept(&world, &posted).unwrap_or_else(|e| panic!("exponent {exponent}: {e}"));
        let stored = oracle(&world).price;
        assert_eq!((stored.price, stored.raw, stored.ema), (BTC_PRICE, BTC_PRICE, BTC_PRICE), "exponent {exponent}");
        let confidence = if exponent <= 1 { BTC_PRICE / 10_000 } else { 0 };
        assert_eq!(stored.confidence, confidence, "exponent {exponent}");
    }
}

#[test]
fn a_confidence_interval_is_rounded_up_and_a_price_to_nearest() {
    let world = world();
    let mut posted = update(&world);
    (posted.message.price, posted.message.ema_price) = (BTC_PRICE * 100 + 50, BTC_PRICE * 100 + 49);
    posted.message.conf = 101;
    accept(&world, &posted).expect("accepted");
    let stored = oracle(&world).price;
    assert_eq!((stored.price, stored.ema, stored.confidence), (BTC_PRICE + 1, BTC_PRICE, 2));
}

#[test]
fn a_wrong_exponent_is_refused_or_only_walks() {
    let with = |exponent| {
        let world = world();
        let mut posted = update(&world);
        posted.message.exponent = exponent;
        (world, posted)
    };
    // 100,000 read as 100 or 10,000,000: no sane price of BTC.
    for (exponent, price, bound) in [
        (-11, 100_000_000, 1_000_000_000),
        (-12, 10_000_000, 1_000_000_000),
        (-18, 10, 1_000_000_000),
        (-6, 10_000_000_000_000, 2_000_000_000_000),
        (-5, 100_000_000_000_000, 2_000_000_000_000),
        (-1, 1_000_000_000_000_000_000, 2_000_000_000_000),
    ] {
        let (world, posted) = with(exponent);
        refused_update(&world, "PriceInsane", (price, bound), &posted);
    }
    // Beyond the integers, or below an atom.
    for exponent in [0, 5, 12, -20, -24] {
        let (world, posted) = with(exponent);
        refused_update(&world, "PriceNotPositive", (BTC_PRICE * 100, 0), &posted);
    }
    for exponent in [13, 14, 100, i32::MAX - 6, i32::MAX, -25, -26, -100, i32::MIN + 6, i32::MIN] {
        let (world, posted) = with(exponent);
        refused_update(&world, "PriceExponent", (exponent.into(), 0), &posted);
    }
    // A sane price ten times off is a move like any other: it walks, and no risk is opened meanwhile.
    for exponent in [-7, -9, -10] {
        let (world, posted) = with(exponent);
        accept(&world, &posted).expect("a sane price");
        let stored = oracle(&world).price;
        assert!(stored.walking_since > 0 && (stored.price - BTC_PRICE).abs() == BTC_PRICE / 10, "{exponent}");
    }
}

#[test]
fn a_confidence_interval_above_half_the_price_is_refused() {
    let world = world();
    let half = BTC_PRICE / 2;
    refused_update(&world, "PriceUncertain", (half + 1, half), &update(&world).with_confidence(half + 1));
    let mut widest = update(&world);
    widest.message.conf = u64::MAX;
    let found = i64::try_from(u64::MAX.div_ceil(100)).unwrap();
    refused_update(&world, "PriceUncertain", (found, half), &widest);
    widest.message.conf = half.unsigned_abs() * 100 + 1;
    refused_update(&world, "PriceUncertain", (half + 1, half), &widest);
    accept(&world, &update(&world).with_confidence(half)).expect("half");
}

#[test]
fn a_price_too_far_from_its_average_is_refused() {
    let (below, above) = (66_666_666_667, 200_000_000_000);
    let world = world();
    for (ema, distance, most) in
        [(below - 1, 33_333_333_334, 33_333_333_333), (above + 2, 100_000_000_002, 100_000_000_001)]
    {
        refused_update(&world, "PriceDiverged", (distance, most), &update(&world).with_ema(ema));
    }
    for ema in [below, above] {
        let world = self::world();
        accept(&world, &update(&world).with_ema(ema)).expect("half the average away");
        assert_eq!(oracle(&world).price.ema, ema);
    }
}

#[test]
fn a_refused_update_does_not_stop_the_next_one() {
    let world = world();
    refused(&world, "PriceUncertain", || accept(&world, &update(&world).with_confidence(BTC_PRICE)));
    accept(&world, &update(&world)).expect("the same publish time, believable");
}

#[test]
fn an_oracle_of_another_underlying_is_refused() {
    let world = world();
    let (btc, sol) = (world.feeds[usize::from(BTC)], world.feeds[usize::from(SOL)]);
    let oracle_of = plimsoll_client::address::oracle;
    refused_account(&world, "UnderlyingMismatch", |accounts| accounts[ORACLE].pubkey = oracle_of(&sol.underlying));
    refused_account(&world, "UnderlyingMismatch", |accounts| accounts[UNDERLYING].pubkey = sol.underlying);
    refused_account(&world, "PriceFeedMismatch", |accounts| {
        accounts[UNDERLYING].pubkey = sol.underlying;
        accounts[ORACLE].pubkey = oracle_of(&sol.underlying);
    });
    for stranger in [btc.underlying, oracle_of(&btc.underlying), world.clearinghouse, world.quote_mint] {
        refused_account(&world, "PriceOwner", |accounts| accounts[PRICE_UPDATE].pubkey = stranger);
    }
}

#[test]
fn accounts_of_another_type_or_layout_and_missing_rights_are_refused() {
    let world = world();
    for place in [UNDERLYING, ORACLE] {
        refused_account(&world, "AccountDiscriminatorMismatch", |accounts| {
            accounts[place].pubkey = world.clearinghouse;
        });
        refused_account(&world, "AccountOwnedByWrongProgram", |accounts| accounts[place].pubkey = world.quote_mint);
    }
    refused_account(&world, "ConstraintMut", |accounts| accounts[ORACLE].is_writable = false);
    edit::<Underlying>(&world, &world.feeds[0].underlying, |underlying| underlying.version = 2);
    refused_update(&world, "VersionUnknown", (2, 1), &update(&world));
    edit::<Underlying>(&world, &world.feeds[0].underlying, |underlying| underlying.version = 1);
    accept(&world, &update(&world)).expect("accepted");
}
