//! `underlying_create`.

use bytemuck::Zeroable;
use plimsoll::constants::{seeds, INDEX_NONE, PRICE_RECEIVERS};
use plimsoll::events::UnderlyingCreated;
use plimsoll::state::{Clearinghouse, OracleState, Underlying};
use plimsoll::UnderlyingCreateArgs;
use plimsoll_client::ledger::{Ledger, LedgerExt, SendOptions};
use plimsoll_client::{address, instruction, presets};
use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_core::oracle::PRICE_CEILING;
use plimsoll_tests::world::{event, World, BTC, COMPUTE_LIMIT};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::bounds::{bounds, check_bounds, Bound};
use crate::forge::*;
use crate::support::*;

/// The index that comes next in a bare world: BTC and SOL are listed.
const NEXT: u16 = 2;

const LISTING_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    grid.strike_step in 1, 1_000_000_000_000_000;
    grid.expiry_interval_seconds in 3_600, 2_592_000, with grid.expiry_offset_seconds = 0;
    grid.expiry_offset_seconds in 0, 2_591_999, with grid.expiry_interval_seconds = 2_592_000;
    grid.min_lead_seconds in 1_800, 604_800;
    grid.max_days in 1, 730;
    grid.moneyness_low in 50_000, 1_000_000;
    grid.moneyness_high in 1_000_000, 8_000_000;
    limits.max_quantity in 1, 2_147_483_647, with contract_size = 1;
    limits.open_interest_cap in 1, 1_000_000_000_000;
    limits.price_band in 10_000, 1_000_000;
    limits.price_band_floor in 1_000, 100_000;
    limits.curing_slip in 0, 100_000;
    limits.settlement_required_seconds in 600, 1_800;
    limits.sample_hold_max_seconds in 10, 300;
    limits.padding in 0, 0;
};

const ORACLE_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    oracle_parameters.price_min in 1, PRICE_CEILING,
        with oracle_parameters.price_max = PRICE_CEILING, contract_size = 1, limits.max_quantity = 1;
    oracle_parameters.price_max in 1, PRICE_CEILING,
        with oracle_parameters.price_min = 1, contract_size = 1, limits.max_quantity = 1;
    oracle_parameters.max_age_seconds in 5, 600, with oracle_parameters.liquidation_max_age_seconds = 5;
    oracle_parameters.liquidation_max_age_seconds in 5, 600, with oracle_parameters.max_age_seconds = 600;
    oracle_parameters.future_max_seconds in 0, 60;
    oracle_parameters.walk_max_seconds in 1, 900;
    oracle_parameters.max_confidence in 100, 900_000, with oracle_parameters.max_wild = 900_000;
    oracle_parameters.max_ema_divergence in 1_000, 900_000, with oracle_parameters.max_wild = 900_000;
    oracle_parameters.max_move_per_update in 1_000, 500_000, with oracle_parameters.max_move_per_second = 100;
    oracle_parameters.max_move_per_second in 100, 500_000, with oracle_parameters.max_move_per_update = 500_000;
    oracle_parameters.confidence_full in 1_000, 1_000_000;
    oracle_parameters.max_wild in 50_000, 900_000,
        with oracle_parameters.max_confidence = 100, oracle_parameters.max_ema_divergence = 1_000;
};

const VOLATILITY_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    volatility.fast_half_life_seconds in 600, 604_800, with volatility.slow_half_life_seconds = 7_776_000;
    volatility.slow_half_life_seconds in 600, 7_776_000, with volatility.fast_half_life_seconds = 600;
    volatility.floor in 10_000, 16_000_000, with volatility.cap = 16_000_000, volatility.reference = 16_000_000;
    volatility.cap in 10_000, 16_000_000, with volatility.floor = 10_000, volatility.reference = 10_000;
    volatility.blend in 0, 1_000_000;
    volatility.reversion_seconds in 3_600, 31_536_000;
    volatility.reference in 10_000, 16_000_000, with volatility.floor = 10_000, volatility.cap = 16_000_000;
    volatility.padding in 0, 0;
    scan.deviations in 1_000_000, 20_000_000;
    scan.horizon_seconds in 60, 2_592_000;
    scan.range_floor in 10_000, 944_000, with scan.range_cap = 944_000, portfolio.grid_step = 118_000;
    scan.range_reference in 10_000, 950_000;
    scan.scale_cap in 1_000_000, 10_000_000;
    scan.daily_rise in 1_000, 950_000;
    scan.padding in 0, 0;
};

const CROSS_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    cross.max_spot in 10_000, 2_000_000, with cross.min_spot = 5_000, cross.mm_call = 5_000, cross.mm_put = 5_000;
    cross.min_spot in 5_000, 2_000_000, with cross.max_spot = 2_000_000, cross.mm_call = 5_000, cross.mm_put = 5_000;
    cross.mm_call in 5_000, 2_000_000, with cross.max_spot = 2_000_000, cross.min_spot = 2_000_000;
    cross.mm_put in 5_000, 2_000_000, with cross.max_spot = 2_000_000, cross.min_spot = 2_000_000;
    cross.mm_put_mark in 0, 1_000_000;
    cross.unpaired_im in 1_000_000, 10_000_000, with cross.unpaired_mm = 1_000_000;
    cross.unpaired_mm in 1_000_000, 10_000_000, with cross.unpaired_im = 10_000_000;
    cross.offset in 1_000_000, 3_000_000;
    cross.conf_threshold in 0, 1_000_000;
    cross.conf_factor in 0, 5_000_000;
    cross.depeg_threshold in 0, 1_000_000;
    cross.depeg_factor in 0, 10_000_000;
    cross.long_im in 0, 1_000_000, with cross.long_mm = 1_000_000;
    cross.long_mm in 0, 1_000_000, with cross.long_im = 0;
};

const AUCTION_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    auction.d0 in 500_000, 1_000_000, with auction.d1 = 100_000;
    auction.d1 in 100_000, 1_000_000, with auction.d0 = 1_000_000;
    auction.fast_seconds in 10, 7_200;
    auction.slow_seconds in 60, 172_800;
    auction.buffer in 10_000, 1_000_000;
    auction.cutoff in 0, 500_000;
    auction.start_fee in 0, 100_000;
    auction.starter_share in 0, 500_000;
    auction.slice in 0, 500_000;
    auction.rho_max in 1_000_000, 10_000_000;
    auction.rho_slope in 0, 500_000;
    auction.rewind_seconds in 0, 172_800;
};

const PORTFOLIO_BOUNDS: &[Bound<UnderlyingCreateArgs>] = bounds! { UnderlyingCreateArgs:
    portfolio.grid_step in 5_000, 118_000, with scan.range_floor = 10_000, scan.range_cap = 10_000;
    portfolio.range_reference in 10_000, 950_000;
    portfolio.tail_dampening in 0, 2_000_000;
    portfolio.range_up in 0, 5_000_000;
    portfolio.range_down in 0, 1_000_000;
    portfolio.min_vol_up in 0, 4_000_000;
    portfolio.short_power in 0, 1_000_000;
    portfolio.long_power in 0, 1_000_000;
    portfolio.dte_floor_seconds in 3_600, 2_592_000;
    portfolio.linear_base_cap in 0, 1_000_000;
    portfolio.linear_c_base in -1_000_000, 1_000_000;
    portfolio.abs_base_cap in 0, 1_000_000;
    portfolio.abs_c_base in -1_000_000, 1_000_000;
    portfolio.skew_min_k in 1_000, 1_000_000;
    portfolio.skew_width in 0, 20_000_000;
    portfolio.skew_static in 0, 2_000_000;
    portfolio.skew_scale in -1_000_000, 1_000_000;
    portfolio.base_long in 0, 1_000_000;
    portfolio.long_add in 0, 2_000_000;
    portfolio.basis_up in 1_000_000, 2_000_000;
    portfolio.basis_down in 50_000, 1_000_000;
    portfolio.basis_add in 0, 5_000_000;
    portfolio.basis_mult in 0, 20_000_000;
    portfolio.mm_option in 0, 200_000;
    portfolio.im_option in 0, 200_000;
    portfolio.conf_threshold in 0, 1_000_000;
    portfolio.conf_margin in 0, 5_000_000;
    portfolio.peg_threshold in 0, 1_000_000;
    portfolio.peg_factor in 0, 10_000_000;
    portfolio.mm_factor in 500_000, 3_000_000, with portfolio.im_factor = 3_000_000;
    portfolio.im_factor in 800_000, 3_000_000, with portfolio.mm_factor = 500_000;
    portfolio.rows_max_age_seconds in 1, 600;
    portfolio.rows_max_drift in 100, 50_000;
    portfolio.rows_pay in 0, 100_000;
    portfolio.concentration_share in 0, 1_000_000;
    portfolio.concentration_free in 0, 2_147_483_647;
    portfolio.concentration_rate in 0, 1_000_000;
    portfolio.vega_rate in 0, 5_000_000;
    portfolio.correlation_margin in 0, 1_000_000;
    portfolio.correlation_cap in 0, 500_000;
    portfolio.basis_scenarios in 0, 1;
    portfolio.near_seconds in 0, 2_592_000;
};

fn list(world: &World, payer: &Keypair, args: UnderlyingCreateArgs) -> Sent {
    let authority = &world.governance;
    let create = instruction::underlying_create(&world.clearinghouse, &authority.pubkey(), &payer.pubkey(), args);
    send_signed(world, create, &[authority, payer])
}

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

fn instruction_of(world: &World, args: UnderlyingCreateArgs) -> Instruction {
    let (authority, payer) = (world.governance.pubkey(), payer(world).pubkey());
    instruction::underlying_create(&world.clearinghouse, &authority, &payer, args)
}

fn simulated(world: &World, args: UnderlyingCreateArgs) -> Sent {
    let (create, payer) = (instruction_of(world, args), payer(world));
    world.chain.simulate(&[create], &[&payer, &world.governance], &SendOptions::with_compute_limit(COMPUTE_LIMIT))
}

fn refused_args(world: &World, rule: &str, change: impl FnOnce(&mut UnderlyingCreateArgs)) {
    let mut args = presets::eth(NEXT);
    change(&mut args);
    refused(world, rule, || list(world, &payer(world), args));
}

/// The parameter `change` sets is refused with the field's name, its value and the bound it crossed.
fn refused_order(world: &World, field: &str, values: (i64, i64), change: impl FnOnce(&mut UnderlyingCreateArgs)) {
    let mut args = presets::eth(NEXT);
    change(&mut args);
    let mut named = false;
    refused_numbers(world, "ParameterOutOfRange", values, || {
        let sent = list(world, &payer(world), args);
        let logs = sent.as_ref().err().and_then(|e| e.rejection()).map(|rejection| rejection.logs.clone());
        named = logs.unwrap_or_default().contains(&format!("Program log: {field}"));
        sent
    });
    assert!(named, "the log does not name {field}");
}

fn next_underlying(world: &World) -> u16 {
    world.directory().clearinghouse.next_underlying
}

/// Underlying and oracle state, to the byte.
fn check_listed(world: &World, args: &UnderlyingCreateArgs) {
    let key = address::underlying(&world.clearinghouse, args.index);
    let oracle = address::oracle(&key);
    let expected = Underlying {
        clearinghouse: world.clearinghouse,
        oracle,
        receiver_program: args.receiver_program,
        feed_id: args.feed_id,
        contract_size: args.contract_size,
        created_at: world.chain.time(),
        grid: args.grid,
        oracle_parameters: args.oracle_parameters,
        volatility: args.volatility,
        scan: args.scan,
        cross: args.cross,
        auction: args.auction,
        limits: args.limits,
        portfolio: args.portfolio,
        index: args.index,
        version: 1,
        bump: bump(&[seeds::UNDERLYING, world.clearinghouse.as_ref(), &args.index.to_le_bytes()]),
        ..Zeroable::zeroed()
    };
    assert_state(&world.chain.load::<Underlying>(&key).expect("underlying"), &expected);
    let bump = bump(&[seeds::ORACLE, key.as_ref()]);
    let state = OracleState { underlying: key, index: args.index, version: 1, bump, ..Zeroable::zeroed() };
    assert_state(&world.chain.load::<OracleState>(&oracle).expect("oracle"), &state);
}

#[test]
fn a_listing_stores_its_parameters_and_takes_the_next_index() {
    let world = bare();
    let payer = payer(&world);
    let before = (lamports(&world, &payer.pubkey()), lamports(&world, &world.governance.pubkey()));
    let mut clearinghouse = world.directory().clearinghouse;
    let args = presets::eth(NEXT);
    let sent = list(&world, &payer, args).expect("list");
    check_listed(&world, &args);
    let fact: UnderlyingCreated = event(&sent);
    let expected = UnderlyingCreated {
        clearinghouse: world.clearinghouse,
        underlying: world.directory().underlying(NEXT),
        feed_id: presets::ETH_FEED,
        contract_size: 100_000_000,
        index: NEXT,
        stable: 0,
    };
    assert_eq!(fact, expected);
    clearinghouse.next_underlying += 1;
    assert_state(&world.directory().clearinghouse, &clearinghouse);
    let rent = world.chain.rent(8 + size_of::<Underlying>()) + world.chain.rent(8 + size_of::<OracleState>());
    assert_eq!(before.0 - lamports(&world, &payer.pubkey()), rent, "the payer pays the rent");
    assert_eq!(before.1, lamports(&world, &world.governance.pubkey()), "the authority pays nothing");
    world.full_check();
}

#[test]
fn it_starts_without_an_accepted_price() {
    let mut world = bare();
    list(&world, &payer(&world), presets::eth(NEXT)).expect("list");
    let underlying = world.directory().underlying(NEXT);
    let expiry = world.chain.time() / 86_400 * 86_400 + 86_400 + 28_800;
    world.govern(instruction::expiry_create(&underlying, &world.governance.pubkey(), expiry));
    let strike = instruction::strike_create(&underlying, expiry, 20_000_000);
    refused(&world, "PriceMissing", || world.crank(strike));
    world.expiries.push(expiry);
    world.full_check();
}

#[test]
fn only_the_authority_lists() {
    let mut world = bare();
    let guardian = somebody(&world, "guardian");
    let clearinghouse = world.clearinghouse;
    edit::<Clearinghouse>(&world, &clearinghouse, |state| state.guardian = guardian.pubkey());
    for key in [somebody(&world, "stranger"), guardian] {
        let payer = payer(&world);
        let create = instruction::underlying_create(&clearinghouse, &key.pubkey(), &payer.pubkey(), presets::eth(NEXT));
        refused(&world, "AuthorityMismatch", || send_signed(&world, create, &[&key, &payer]));
    }
    // The creator is not the authority: only what the clearinghouse names counts.
    let other = other_clearinghouse(&world);
    let heir = somebody(&world, "heir");
    edit::<Clearinghouse>(&world, &other, |state| state.authority = heir.pubkey());
    world.clearinghouse = other;
    refused(&world, "AuthorityMismatch", || list(&world, &payer(&world), presets::eth(0)));
}

#[test]
fn every_index_but_the_next_is_refused_and_none_is_handed_out_twice() {
    let world = bare();
    for index in [0, 1, 3, u16::MAX - 1, u16::MAX] {
        let send = || list(&world, &payer(&world), presets::eth(index));
        refused_numbers(&world, "IndexNotNext", (index.into(), NEXT.into()), send);
    }
    list(&world, &payer(&world), presets::eth(NEXT)).expect("the next");
    let again = || list(&world, &payer(&world), presets::eth(NEXT));
    refused_numbers(&world, "IndexNotNext", (NEXT.into(), 3), again);
    assert_eq!(next_underlying(&world), 3);
}

#[test]
fn the_index_that_names_none_is_never_handed_out() {
    let world = bare();
    let count = |next| edit::<Clearinghouse>(&world, &world.clearinghouse, |state| state.next_underlying = next);
    count(INDEX_NONE - 1);
    simulated(&world, presets::eth(INDEX_NONE - 1)).expect("the last index");
    count(INDEX_NONE);
    let none = || list(&world, &payer(&world), presets::eth(INDEX_NONE));
    refused_numbers(&world, "IndexNotNext", (INDEX_NONE.into(), INDEX_NONE.into()), none);
}

#[test]
fn an_underlying_that_exists_is_never_written_again() {
    let world = bare();
    edit::<Clearinghouse>(&world, &world.clearinghouse, |state| state.next_underlying = BTC);
    refused(&world, "AccountExists", || list(&world, &payer(&world), presets::eth(BTC)));
}

#[test]
fn receivers_are_those_the_program_knows() {
    let world = bare();
    for (index, receiver) in (NEXT..).zip(PRICE_RECEIVERS) {
        let args = UnderlyingCreateArgs { receiver_program: receiver, ..presets::eth(index) };
        list(&world, &payer(&world), args).expect("a known receiver");
        check_listed(&world, &args);
    }
    let next = next_underlying(&world);
    for receiver in [Pubkey::default(), plimsoll::ID, world.governance.pubkey()] {
        refused_args(&world, "ReceiverUnknown", |args| {
            *args = UnderlyingCreateArgs { receiver_program: receiver, ..presets::eth(next) };
        });
    }
}

#[test]
fn every_parameter_is_taken_within_its_hard_range_and_refused_beyond() {
    let world = bare();
    for bounds in [LISTING_BOUNDS, ORACLE_BOUNDS, VOLATILITY_BOUNDS, CROSS_BOUNDS, AUCTION_BOUNDS, PORTFOLIO_BOUNDS] {
        check_bounds(bounds, presets::btc(NEXT), true, |args| simulated(&world, args));
    }
}

#[test]
fn parameters_out_of_order_with_each_other_are_refused() {
    let world = bare();
    let order = |field, value, bound, change: fn(&mut UnderlyingCreateArgs)| {
        refused_order(&world, field, (value, bound), change);
    };
    order("expiry_offset_seconds", 86_400, 86_399, |args| args.grid.expiry_offset_seconds = 86_400);
    order("price_max", 49_999_999, 50_000_000, |args| args.oracle_parameters.price_max = 49_999_999);
    order("liquidation_max_age_seconds", 61, 60, |args| args.oracle_parameters.liquidation_max_age_seconds = 61);
    order("max_confidence", 500_001, 500_000, |args| args.oracle_parameters.max_confidence = 500_001);
    order("max_ema_divergence", 500_001, 500_000, |args| args.oracle_parameters.max_ema_divergence = 500_001);
    order("max_move_per_second", 100_001, 100_000, |args| args.oracle_parameters.max_move_per_second = 100_001);
    order("slow_half_life_seconds", 599, 600, |args| {
        args.volatility.fast_half_life_seconds = 600;
        args.volatility.slow_half_life_seconds = 599;
    });
    order("cap", 19_999, 20_000, |args| (args.volatility.floor, args.volatility.cap) = (20_000, 19_999));
    order("reference", 19_999, 20_000, |args| {
        (args.volatility.floor, args.volatility.reference) = (20_000, 19_999);
    });
    order("reference", 30_001, 30_000, |args| {
        (args.volatility.floor, args.volatility.cap, args.volatility.reference) = (20_000, 30_000, 30_001);
    });
    order("range_floor", 20_001, 20_000, |args| (args.scan.range_floor, args.scan.range_cap) = (20_001, 20_000));
    order("range_cap", 950_001, 950_000, |args| args.scan.range_cap = 950_001);
    order("min_spot", 150_001, 150_000, |args| args.cross.min_spot = 150_001);
    order("mm_call", 100_001, 100_000, |args| args.cross.mm_call = 100_001);
    order("mm_put", 100_001, 100_000, |args| args.cross.mm_put = 100_001);
    order("unpaired_mm", 1_200_001, 1_200_000, |args| args.cross.unpaired_mm = 1_200_001);
    order("long_im", 500_001, 500_000, |args| args.cross.long_im = 500_001);
    order("d1", 900_001, 900_000, |args| (args.auction.d0, args.auction.d1) = (900_000, 900_001));
    order("mm_factor", 900_001, 900_000, |args| {
        (args.portfolio.mm_factor, args.portfolio.im_factor) = (900_001, 900_000);
    });
}

#[test]
fn tails_stand_in_their_range_and_unused_ones_last() {
    let world = bare();
    let with = |at: usize, tail: u32| {
        let mut args = presets::eth(NEXT);
        args.portfolio.tails[at] = tail;
        args
    };
    for at in 0..8 {
        for tail in [50_000, 8_000_000] {
            simulated(&world, with(at, tail)).expect("within the range");
        }
        for (tail, bound) in [(1, 50_000), (49_999, 50_000), (8_000_001, 8_000_000), (u32::MAX, 8_000_000)] {
            refused_order(&world, "tails", (tail.into(), bound), |args| args.portfolio.tails[at] = tail);
        }
    }
    for at in 0..7 {
        let next = i64::from(presets::eth(NEXT).portfolio.tails[at + 1]);
        refused_order(&world, "tails", (next, 0), |args| args.portfolio.tails[at] = 0);
        let mut args = presets::eth(NEXT);
        args.portfolio.tails[at..].fill(0);
        simulated(&world, args).expect("no tail after an unused one");
    }
    simulated(&world, with(7, 0)).expect("the last one is not used");
}

#[test]
fn a_scan_range_beyond_the_scenario_grid_is_refused() {
    let world = bare();
    // Eight steps of 6 % are 48 %.
    refused_order(&world, "range_cap", (480_001, 480_000), |args| args.scan.range_cap = 480_001);
    refused_order(&world, "range_cap", (480_000, 479_992), |args| args.portfolio.grid_step = 59_999);
    let mut args = presets::eth(NEXT);
    (args.portfolio.grid_step, args.scan.range_cap) = (118_000, 944_000);
    simulated(&world, args).expect("the widest grid to its end");
    args.scan.range_cap = 944_001;
    refused(&world, "ParameterOutOfRange", || list(&world, &payer(&world), args));
}

#[test]
fn peers_are_listed_before_and_named_once() {
    let world = bare();
    let args = |peers: [u16; 2]| {
        let mut args = presets::eth(NEXT);
        args.portfolio.correlation_peers = peers;
        args
    };
    let highest = i64::from(NEXT) - 1;
    for (peers, value, bound) in [
        ([NEXT, NO_PEER], NEXT.into(), highest),
        ([NO_PEER, NO_PEER - 1], i64::from(NO_PEER) - 1, highest),
        ([0, 0], 0, -1),
    ] {
        refused_numbers(&world, "ParameterOutOfRange", (value, bound), || list(&world, &payer(&world), args(peers)));
    }
    for peers in [[NO_PEER; 2], [0, NO_PEER], [NO_PEER, 0], [0, NEXT - 1]] {
        simulated(&world, args(peers)).expect("listed before, named once");
    }
}

#[test]
fn a_scan_range_may_be_as_small_as_its_floor_allows() {
    let world = bare();
    let mut args = presets::eth(NEXT);
    (args.scan.range_floor, args.scan.range_cap) = (10_000, 10_000);
    simulated(&world, args).expect("the smallest cap");
}

#[test]
fn a_listing_that_could_leave_the_margin_integers_is_refused() {
    let world = bare();
    // 8 x price x 2^20 contracts x 256 legs < 2^62: the price stays below 2^31.
    let args = |price_max: i64| {
        let mut args = presets::btc(NEXT);
        (args.contract_size, args.limits.max_quantity) = (1_000_000_000, 1 << 20);
        args.oracle_parameters.price_max = price_max;
        args
    };
    simulated(&world, args((1 << 31) - 1)).expect("the highest price");
    let beyond = || list(&world, &payer(&world), args(1 << 31));
    refused_numbers(&world, "ListingBound", (1 << 31, 1 << 20), beyond);
    for size in [0, u64::MAX] {
        refused_args(&world, "ListingBound", |args| args.contract_size = size);
    }
}

#[test]
fn one_underlying_at_most_prices_the_quote_token() {
    let world = bare();
    assert_eq!(world.directory().clearinghouse.stable_underlying, INDEX_NONE);
    for stable in [2, u8::MAX] {
        refused_args(&world, "OutOfDomain", |args| args.stable = stable);
    }
    let sent = list(&world, &payer(&world), presets::stable(NEXT)).expect("the first");
    check_listed(&world, &presets::stable(NEXT));
    assert_eq!(event::<UnderlyingCreated>(&sent).stable, 1);
    assert_eq!(world.directory().clearinghouse.stable_underlying, NEXT);
    refused(&world, "StableExists", || list(&world, &payer(&world), presets::stable(NEXT + 1)));
    list(&world, &payer(&world), presets::eth(NEXT + 1)).expect("one that does not price it");
    assert_eq!(world.directory().clearinghouse.stable_underlying, NEXT);
}

#[test]
fn addresses_that_somebody_funded_beforehand_still_initialise() {
    let world = bare();
    for (index, prefund) in (NEXT..).zip(prefunds(&world, 8 + size_of::<OracleState>())) {
        let underlying = world.directory().underlying(index);
        let keys = [underlying, address::oracle(&underlying)];
        keys.iter().for_each(|key| world.chain.airdrop(key, prefund));
        list(&world, &payer(&world), presets::eth(index)).expect("list");
        check_listed(&world, &presets::eth(index));
        for (key, bytes) in keys.iter().zip([size_of::<Underlying>(), size_of::<OracleState>()]) {
            assert_eq!(lamports(&world, key), world.chain.rent(8 + bytes).max(prefund));
        }
    }
}

#[test]
fn underlying_and_oracle_stand_at_their_addresses_and_nowhere_else() {
    let world = bare();
    let create = instruction_of(&world, presets::eth(NEXT));
    let (payer, other) = (payer(&world), other_clearinghouse(&world));
    let mine = world.directory().underlying(NEXT);
    let foreign = address::underlying(&other, NEXT);
    let (oracle, foreign_oracle) = (address::oracle(&mine), address::oracle(&foreign));
    for (own, wrong) in [(mine, foreign), (oracle, foreign_oracle), (mine, oracle), (oracle, mine)] {
        let forged = exchanged(&create, &own, &wrong);
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&world.governance, &payer]));
    }
}

#[test]
fn authority_and_payer_sign_and_every_account_is_of_its_type() {
    let world = bare();
    let create = instruction_of(&world, presets::eth(NEXT));
    let payer = payer(&world);
    check_account_list(&world, &create, &[&world.governance, &payer]);
    let version_at = std::mem::offset_of!(Clearinghouse, version);
    check_type(&world, &create, &world.clearinghouse, version_at, &[&world.governance, &payer]);
}
