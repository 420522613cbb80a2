//! Every instruction in a plain life of a clearinghouse: listing, money, settlement, default, trades.

use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::MarginAccount;
use plimsoll::{CollateralCreateArgs, CollateralSaleArgs, DelegateSetArgs, MarginAccountOpenArgs};
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, presets};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::named_address;
use plimsoll_tests::token;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL, WBTC};
use solana_signer::Signer;

use super::liquidations::{bid, start};
use super::Measured;

/// Measures all of them.
pub fn measure(measured: &mut Measured) {
    listing(measured);
    accounts_and_cash(measured);
    settlement(measured);
    default(measured);
    trades(measured);
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
    let world = World::with(&WorldOptions { collateral: true, correlated: true, ..WorldOptions::default() });
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
    let [btc, sol] = [BTC, SOL].map(|index| world.directory().underlying(index));
    let sample = || world.crank(instruction::correlation_sample(&sol, &btc)).expect("correlation");
    world.refresh_prices();
    sample();
    world.advance(3_600 - world.chain.time() % 3_600);
    measured.add("correlation_sample", &sample());
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

/// `trade/legs=8`: both accounts hold the same eight series before and after, both margin checks included.
///
/// `trade/no_margin`: both sides close the only leg they have, so that all of a trade runs and neither margin check finds a
/// leg to value. What a check of an empty account takes stays in.
fn trades(measured: &mut Measured) {
    let world = World::new();
    for strike in 0..4 {
        world.trade_at_mark(0, 1, &world.series(BTC, 0, strike, OptionKind::Call), 2).expect("call");
        world.trade_at_mark(1, 0, &world.series(BTC, 0, strike, OptionKind::Put), 2).expect("put");
    }
    let series = world.series(BTC, 0, 2, OptionKind::Call);
    let units = measured.add("trade/legs=8", &world.trade_at_mark(0, 1, &series, 1).expect("trade"));
    measured.add_units("trade_clear", units);

    let world = World::new();
    world.trade_at_mark(0, 1, &series, 2).expect("open");
    measured.add("trade/no_margin", &world.trade_at_mark(1, 0, &series, 2).expect("close"));
    assert_eq!([0, 1].map(|index| world.account(index).position_count), [0, 0]);
}
