//! Compute units of every instruction, against the committed snapshot of the toolchain that built the program.
//!
//! Units are those of the program's own frame, as the runtime logs them: budget instructions are not part of them.
//! What a name with a slash means stands where it is measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::MarginAccount;
use plimsoll::{
    AuctionBidArgs, AuctionStartArgs, CollateralCreateArgs, CollateralSaleArgs, DelegateSetArgs, MarginAccountOpenArgs,
};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{LedgerExt, Outcome};
use plimsoll_client::{address, presets};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::{named_address, workspace_path, Mode};
use plimsoll_tests::metrics::toolchain;
use plimsoll_tests::token;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL, WBTC};
use serde::{Deserialize, Serialize};
use solana_signer::Signer;

/// Growth allowed against the snapshot of the same toolchain, percent.
const SAME_TOOLCHAIN_PERCENT: u64 = 1;
/// Growth allowed against the nearest snapshot of another toolchain, percent.
const OTHER_TOOLCHAIN_PERCENT: u64 = 10;
/// Environment variable that writes `cu.json` instead of comparing.
const BLESS_VARIABLE: &str = "PLIMSOLL_BLESS";
/// The command that accepts what is measured now.
const BLESS_COMMAND: &str = "PLIMSOLL_BLESS=1 cargo test -p plimsoll-tests --test program compute_units";

/// What must hold whatever the snapshot says. The aim of a trade is 15,000; it costs more than that today.
const LIMITS: [(&str, u64); 8] = [
    ("deposit", 8_000),
    ("oracle_accept", 4_000),
    ("oracle_accept/new_minute", 5_000),
    ("settlement_sample", 4_000),
    ("trade/legs=8", 29_000),
    ("liquidate/fresh/legs=8", 60_000),
    ("liquidate/fresh/legs=32", 130_000),
    ("liquidate/worst/legs=256", 700_000),
];

/// A snapshot file.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    toolchain: String,
    cu: BTreeMap<String, u64>,
}

/// Measurements by name.
#[derive(Default)]
struct Measured(BTreeMap<String, u64>);

impl Measured {
    fn add(&mut self, name: &str, outcome: &Outcome) -> u64 {
        let units = program_units(outcome);
        let twice = self.0.insert(name.to_owned(), units);
        assert!(twice.is_none(), "{name} is measured twice");
        units
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
    listing(&mut measured);
    accounts_and_cash(&mut measured);
    settlement(&mut measured);
    default(&mut measured);
    trades(&mut measured);
    liquidations_of_few_legs(&mut measured);
    liquidation_of_256_legs(&mut measured);
    for (name, units) in &measured.0 {
        println!("{units:>8} {name}");
    }
    let mut failures = compare(&measured.0);
    for (name, limit) in LIMITS {
        let units = measured.0[name];
        if units > limit {
            failures.push(format!("{name}: {units} compute units, the limit is {limit}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Compares with the snapshot of this toolchain, else with that of the nearest; or writes it.
fn compare(measured: &BTreeMap<String, u64>) -> Vec<String> {
    let toolchain = toolchain();
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        let text = serde_json::to_string_pretty(&Snapshot { toolchain, cu: measured.clone() }).expect("snapshot");
        std::fs::write(folder().join("cu.json"), text + "\n").expect("write the snapshot");
        return Vec::new();
    }
    let Some(snapshot) = nearest(&toolchain) else {
        return vec![format!("no snapshot in {}; record one: {BLESS_COMMAND}", folder().display())];
    };
    let same = snapshot.toolchain == toolchain;
    let percent = if same { SAME_TOOLCHAIN_PERCENT } else { OTHER_TOOLCHAIN_PERCENT };
    let mut failures = differences(measured, &snapshot.cu, percent);
    if !failures.is_empty() {
        let against = format!("against {} (built with {toolchain}), + {percent} % allowed", snapshot.toolchain);
        failures.push(format!("{against}; accept with: {BLESS_COMMAND}"));
    }
    failures
}

fn differences(measured: &BTreeMap<String, u64>, recorded: &BTreeMap<String, u64>, percent: u64) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, units) in measured {
        match recorded.get(name) {
            None => failures.push(format!("{name}: {units} compute units, not in the snapshot")),
            Some(before) if units * 100 > before * (100 + percent) => {
                failures.push(format!("{name}: {units} compute units, {before} in the snapshot"));
            }
            Some(_) => {}
        }
    }
    let stale = recorded.keys().filter(|name| !measured.contains_key(*name));
    failures.extend(stale.map(|name| format!("{name}: in the snapshot, no longer measured")));
    failures
}

fn folder() -> PathBuf {
    workspace_path("tests/snapshots")
}

/// The snapshot whose toolchain shares the longest beginning with `toolchain`.
fn nearest(toolchain: &str) -> Option<Snapshot> {
    let shared = |other: &str| other.bytes().zip(toolchain.bytes()).take_while(|(a, b)| a == b).count();
    let files = std::fs::read_dir(folder()).ok()?.filter_map(Result::ok);
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with("cu."));
    let parse = |path: PathBuf| serde_json::from_slice::<Snapshot>(&std::fs::read(path).ok()?).ok();
    files.filter_map(|file| parse(file.path())).max_by_key(|snapshot| shared(&snapshot.toolchain))
}

#[test]
fn growth_new_names_and_stale_names_are_found() {
    let map = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, units)| ((*name).to_owned(), *units)).collect();
    let recorded: BTreeMap<String, u64> = map(&[("a", 1_000), ("b", 1_000)]);
    assert!(differences(&map(&[("a", 1_010), ("b", 10)]), &recorded, 1).is_empty());
    assert_eq!(differences(&map(&[("a", 1_011), ("b", 10)]), &recorded, 1).len(), 1);
    assert_eq!(differences(&map(&[("a", 1_000), ("c", 1)]), &recorded, 10).len(), 2);
}

fn listing(measured: &mut Measured) {
    let world = World::new();
    let authority = world.governance.pubkey();
    let create = presets::clearinghouse(1, authority, authority);
    let created = world.govern(instruction::clearinghouse_create(&authority, &world.quote_mint, create));
    measured.add("clearinghouse_create", &created);
    let eth = instruction::underlying_create(&world.clearinghouse, &authority, &authority, presets::eth(2));
    measured.add("underlying_create", &world.govern(eth));
    let mint = token::create_mint(&world.chain, "collateral mint", 9);
    let args =
        CollateralCreateArgs { index: 0, priced_by: SOL, cross_factor: 700_000, ramp_seconds: 3_600, cap: 1_000_000 };
    let collateral = instruction::collateral_create(&world.clearinghouse, &authority, &authority, &mint, args);
    measured.add("collateral_create", &world.govern(collateral));
    let underlying = address::underlying(&world.clearinghouse, BTC);
    let expiry = world.expiries[0] + 86_400;
    measured.add("expiry_create", &world.govern(instruction::expiry_create(&underlying, &authority, expiry)));
    measured.add("strike_create", &world.govern(instruction::strike_create(&underlying, expiry, BTC_PRICE)));
}

fn accounts_and_cash(measured: &mut Measured) {
    let world = World::with(&WorldOptions { collateral: true, ..WorldOptions::default() });
    let (key, directory) = (&world.traders[0].key, world.directory());
    let owner = key.pubkey();
    let visitor = named_address("visitor");
    let create = instruction::owner_create(&world.clearinghouse, &visitor, &owner);
    measured.add("owner_create", &world.send(&[create], &[key]).expect("owner"));
    let open = MarginAccountOpenArgs { id: 1, mode: MODE_CROSS };
    let open = instruction::margin_account_open(&world.clearinghouse, &owner, &owner, open);
    measured.add("margin_account_open", &world.send(&[open], &[key]).expect("open"));
    let opened = address::margin_account(&world.clearinghouse, &owner, 1);
    let opened: MarginAccount = world.chain.load(&opened).expect("opened");
    let check = instruction::margin_check(&directory, &opened).expect("build");
    measured.add("margin_check", &world.crank(check).expect("check"));
    let expires_at = world.chain.time() + 86_400;
    let terms = DelegateSetArgs { delegate: visitor, expires_at, budget: QUOTE, window_seconds: 3_600, actions: 3 };
    let delegate = instruction::delegate_set(&opened, terms);
    measured.add("delegate_set", &world.send(&[delegate], &[key]).expect("delegate"));
    let close = instruction::margin_account_close(&opened);
    measured.add("margin_account_close", &world.send(&[close], &[key]).expect("close"));

    measured.add("deposit", &world.deposit(0, 1_000_000).expect("deposit"));
    measured.add("withdraw", &world.withdraw(0, 500_000).expect("withdraw"));
    measured.add("collateral_deposit", &world.deposit_wbtc(0, 1_000_000).expect("collateral"));
    let wallet = address::token_account(&owner, &world.wbtc_mint);
    let withdraw = instruction::collateral_withdraw(&directory, &world.account(0), &wallet, WBTC, 400_000);
    let withdraw = world.send(&[withdraw.expect("build")], &[key]).expect("collateral out");
    measured.add("collateral_withdraw", &withdraw);

    let insurance = instruction::insurance_deposit(&directory, &owner, &world.traders[0].wallet, 1_000_000);
    measured.add("insurance_deposit", &world.send(&[insurance], &[key]).expect("insurance"));
    // The first accepted price of a minute also moves the volatility; the others, most of them, do not.
    world.chain.advance(60);
    measured.add("oracle_accept/new_minute", &world.post_price(BTC, BTC_PRICE + QUOTE).expect("first of its minute"));
    measured.add("oracle_accept", &world.post_price(BTC, BTC_PRICE).expect("second of its minute"));
}

/// An expiry from its first sample to its close; the seller's loss exceeds its cash, so that collateral pays.
fn settlement(measured: &mut Measured) {
    let options = WorldOptions { traders: 0, collateral: true, ..WorldOptions::default() };
    let mut world = World::with(&options);
    let seller = world.add_trader("seller", 2_000 * QUOTE);
    let buyer = world.add_trader("buyer", 500_000 * QUOTE);
    world.deposit_wbtc(seller, 50_000_000).expect("collateral");
    let call = world.series(BTC, 0, 2, OptionKind::Call);
    world.trade_at_mark(buyer, seller, &call, 50).expect("trade");
    let (expiry, underlying) = (call.expiry, world.directory().underlying(BTC));
    world.chain.advance(expiry - 1_700 - world.chain.time());
    world.move_price(BTC, BTC_PRICE / 100 * 112);
    let mut sampled = None;
    while world.chain.time() < expiry {
        sampled = world.crank(instruction::settlement_sample(&underlying, expiry)).ok().or(sampled);
        world.advance(60);
    }
    measured.add("settlement_sample", &sampled.expect("a sample"));
    let settled = world.crank(instruction::expiry_settle(&underlying, expiry)).expect("settle");
    measured.add("expiry_settle", &settled);
    let settle = |index| instruction::account_settle(&world.directory(), &world.account(index), BTC, expiry);
    measured.add("account_settle", &world.crank(settle(seller)).expect("settle the seller"));
    world.crank(settle(buyer)).expect("settle the buyer");
    let sweep = instruction::expiry_sweep(&world.directory(), BTC, expiry);
    measured.add("expiry_sweep", &world.crank(sweep).expect("sweep"));
    let close = instruction::expiry_close(&world.expiry(&call));
    measured.add("expiry_close", &world.crank(close).expect("close"));

    assert!(world.account(seller).cash < 0, "the seller owes {}", world.account(seller).cash);
    world.advance(3_600);
    let accrue = instruction::debt_accrue(&world.directory(), &world.account(seller));
    measured.add("debt_accrue", &world.crank(accrue).expect("accrue"));
    let args = CollateralSaleArgs { collateral: WBTC, amount: 100_000, price_limit: i64::MAX, valid_until: i64::MAX };
    let (directory, key) = (world.directory(), &world.traders[buyer].key);
    let sale =
        instruction::collateral_sale(&directory, &world.account(seller), &world.account(buyer), &key.pubkey(), args);
    measured.add("collateral_sale", &world.send(&[sale.expect("build")], &[key]).expect("sale"));
    world.full_check();
}

/// An insolvent account from its auction to the repaid bad debt.
fn default(measured: &mut Measured) {
    let mut world = World::with(&WorldOptions { traders: 0, ..WorldOptions::default() });
    let seller = world.add_trader("seller", 40_000 * QUOTE);
    let buyer = world.add_trader("buyer", 100_000 * QUOTE);
    let liquidator = world.add_trader("liquidator", 500_000 * QUOTE);
    let call = world.series(BTC, 0, 2, OptionKind::Call);
    world.trade_at_mark(buyer, seller, &call, 200).expect("trade");
    let mut price = BTC_PRICE;
    while world.balances(seller).expect("balances").equity >= 0 {
        price += BTC_PRICE / 10;
        world.move_price(BTC, price);
    }
    measured.add("auction_start", &start(&world, seller, liquidator));
    measured.add("auction_bid", &bid(&world, seller, liquidator, (1_000_000, true)));
    let end = instruction::auction_end(&world.directory(), &world.account(seller)).expect("build");
    measured.add("auction_end", &world.crank(end).expect("end"));
    let (owner, payer) = (world.traders[seller].address(), &world.traders[buyer]);
    let repay = instruction::bad_debt_repay(&world.directory(), &owner, &payer.address(), &payer.wallet, 1_000_000);
    measured.add("bad_debt_repay", &world.send(&[repay], &[&payer.key]).expect("repay"));
    world.full_check();
}

fn start(world: &World, account: usize, starter: usize) -> Outcome {
    let (account, by) = (world.account(account), world.account(starter));
    let args = AuctionStartArgs { valid_until: i64::MAX, sequence: account.sequence };
    let start = instruction::auction_start(&world.directory(), &account, &by, args).expect("build");
    world.send(&[start], &[&world.traders[starter].key]).expect("start")
}

fn bid(world: &World, account: usize, bidder: usize, (fraction, deficit): (u32, bool)) -> Outcome {
    let (account, by) = (world.account(account), world.account(bidder));
    let sequence = account.sequence;
    let args = AuctionBidArgs { fraction, price_limit: i64::MAX, valid_until: i64::MAX, sequence };
    let bid = instruction::auction_bid(&world.directory(), &account, Side::of_owner(&by), deficit, args);
    world.send(&[bid.expect("build")], &[&world.traders[bidder].key]).expect("bid")
}

/// `trade/legs=8`: both accounts hold the same eight series before and after, both margin checks included.
///
/// `trade/no_margin`: the same less the repricing of its 16 legs, where a leg costs a seventh of what `margin_check`
/// of eight legs costs beyond that of one. What is fixed per margin evaluation stays in, so the bookkeeping costs no
/// more than this.
fn trades(measured: &mut Measured) {
    let world = World::new();
    let check = |index: usize| {
        let check = instruction::margin_check(&world.directory(), &world.account(index)).expect("build");
        program_units(&world.crank(check).expect("check"))
    };
    let mut one_leg = 0;
    for strike in 0..4 {
        world.trade_at_mark(0, 1, &world.series(BTC, 0, strike, OptionKind::Call), 2).expect("call");
        if strike == 0 {
            one_leg = check(0) + check(1);
        }
        world.trade_at_mark(1, 0, &world.series(BTC, 0, strike, OptionKind::Put), 2).expect("put");
    }
    let eight_legs = check(0) + check(1);
    let traded = world.trade_at_mark(0, 1, &world.series(BTC, 0, 2, OptionKind::Call), 1).expect("trade");
    let units = measured.add("trade/legs=8", &traded);
    assert!(eight_legs > one_leg, "{eight_legs} units for 16 legs, {one_leg} for two");
    let repricing = (eight_legs - one_leg) * 8 / 7;
    measured.0.insert("trade/no_margin".to_owned(), units - repricing);
    measured.0.insert("trade_clear".to_owned(), units);
}

/// Cheap enough to fill: no transaction is checked on its own, the books are at the end.
fn wide_world(strikes: i64, seller: i64) -> World {
    let options = WorldOptions {
        mode: Mode::Fast,
        traders: 0,
        expiry_days: vec![7, 14, 21, 28],
        strike_percents: (0..strikes).map(|step| 70 + 64 / strikes * step).collect(),
        ..WorldOptions::default()
    };
    let mut world = World::with(&options);
    world.chain.set_checks(false);
    world.add_trader("seller", seller);
    for name in ["buyer", "bidder", "buyer of the bidder"] {
        world.add_trader(name, 10_000_000 * QUOTE);
    }
    world
}

/// One leg after another on every strike, call and put, of `expiries` expiries; `each` sees the number of legs.
fn fill(world: &World, (buyer, seller): (usize, usize), shape: (usize, u8), quantity: i32, mut each: impl FnMut(u32)) {
    let mut legs = 0;
    for expiry in 0..shape.0 {
        for strike in 0..shape.1 {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let series = world.series(BTC, expiry, strike, kind);
                world.trade_at_mark(buyer, seller, &series, quantity).expect("leg");
                legs += 1;
                each(legs);
            }
        }
        world.advance(10);
    }
}

fn sink(world: &World, account: usize) {
    let mut price = BTC_PRICE;
    while world.balances(account).expect("balances").maintenance >= 0 {
        price += BTC_PRICE / 50;
        world.move_price(BTC, price);
    }
}

/// `liquidate/fresh/legs=N`: one bid on an account of N legs in one expiry by a bidder who holds the same N series;
/// nothing is cached, every leg of both is repriced.
fn liquidations_of_few_legs(measured: &mut Measured) {
    for (strikes, legs, quantity, cash) in [(4u8, 8, 100, 200_000), (16, 32, 25, 200_000)] {
        let world = wide_world(i64::from(strikes), cash * QUOTE);
        fill(&world, (1, 0), (1, strikes), quantity, |_| {});
        fill(&world, (3, 2), (1, strikes), 3, |_| {});
        assert_eq!((world.account(0).position_count, world.account(2).position_count), (legs, legs));
        sink(&world, 0);
        start(&world, 0, 2);
        world.advance(20);
        measured.add(&format!("liquidate/fresh/legs={legs}"), &bid(&world, 0, 2, (100_000, false)));
        world.full_check();
    }
}

/// `margin/fresh/legs=N`: `margin_check` of N legs over at most four expiries, nothing cached.
///
/// `liquidate/worst/legs=256`: one bid on 256 legs over four expiries by a bidder who holds the same 256.
fn liquidation_of_256_legs(measured: &mut Measured) {
    let world = wide_world(32, 3_000_000 * QUOTE);
    fill(&world, (1, 0), (4, 32), 40, |legs| {
        if [1, 8, 32, 128, 256].contains(&legs) {
            let check = instruction::margin_check(&world.directory(), &world.account(0)).expect("build");
            measured.add(&format!("margin/fresh/legs={legs}"), &world.crank(check).expect("check"));
        }
    });
    fill(&world, (3, 2), (4, 32), 3, |_| {});
    sink(&world, 0);
    start(&world, 0, 2);
    measured.add("liquidate/worst/legs=256", &bid(&world, 0, 2, (100_000, false)));
    world.full_check();
}
