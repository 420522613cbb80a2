//! One random action each: valid more often than not, as a trader, a keeper or a stranger would send it.

use plimsoll::constants::MAX_STRIKES;
use plimsoll::positions::Series;
use plimsoll::state::{Expiry, MarginAccount, Owner};
use plimsoll::{
    AuctionBidArgs, AuctionStartArgs, CollateralCreateArgs, CollateralSaleArgs, DelegateSetArgs, MarginAccountOpenArgs,
    TradeClearArgs,
};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, presets};
use plimsoll_core::correlation::{BUCKET_SECONDS, SAMPLING_SECONDS};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::named_address;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::token;
use plimsoll_tests::world::{BTC, QUOTE, SOL, WBTC};
use rand::seq::IndexedRandom;
use rand::Rng;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use super::driver::Driver;
use super::rows;

/// Every instruction of the program; the two uses of `strike_create` are counted apart.
pub const NAMES: [&str; 35] = [
    "clearinghouse_create",
    "underlying_create",
    "collateral_create",
    "expiry_create",
    "strike_create",
    "strike_replace",
    "owner_create",
    "margin_account_open",
    "margin_account_close",
    "delegate_set",
    "mode_set",
    "rows_open",
    "rows_grow",
    "rows_refresh",
    "rows_close",
    "deposit",
    "withdraw",
    "collateral_deposit",
    "collateral_withdraw",
    "oracle_accept",
    "margin_check",
    "trade_clear",
    "auction_start",
    "auction_bid",
    "auction_end",
    "debt_accrue",
    "collateral_sale",
    "settlement_sample",
    "correlation_sample",
    "expiry_settle",
    "account_settle",
    "expiry_sweep",
    "expiry_close",
    "insurance_deposit",
    "bad_debt_repay",
];

/// Instructions after which the lists of accounts are read again.
pub const RELISTING: [&str; 11] = [
    "underlying_create",
    "collateral_create",
    "expiry_create",
    "strike_create",
    "strike_replace",
    "margin_account_open",
    "margin_account_close",
    "expiry_settle",
    "expiry_close",
    "rows_open",
    "rows_close",
];

/// Instructions that a run can only do a few times: listings grow without end, and bad debt needs an insolvency.
pub const RARE: [&str; 4] = ["underlying_create", "collateral_create", "bad_debt_repay", "collateral_sale"];

/// Most underlyings and collaterals of a run.
const LISTED: u16 = 6;
/// Most open margin accounts of one owner.
const ACCOUNTS: usize = 3;

/// An instruction with its name, if there was anything to build.
pub type Built = Option<(&'static str, Instruction)>;

/// One action.
pub fn act(driver: &mut Driver) {
    let over = driver.expiries.iter().any(|expiry| expiry.expiry <= driver.world.chain.time());
    rows::choose(driver);
    let built = match driver.random.random_range(0..if over { 190 } else { 110 }) {
        0..40 => trade(driver),
        40..50 => cash(driver),
        50..56 => collateral(driver),
        56..60 => price(driver),
        60..76 => auction(driver),
        76..82 => debt(driver),
        82..87 => account(driver),
        87..90 => buffers(driver),
        90..94 => expiry(driver),
        94..95 => listing(driver),
        95..100 => check(driver),
        100..108 => rows::act(driver),
        108..110 => rows::switch(driver),
        _ => settle(driver),
    };
    if let Some((name, instruction)) = built {
        driver.send(name, instruction);
    }
}

fn load(driver: &Driver, address: &Pubkey) -> MarginAccount {
    driver.world.chain.load(address).unwrap_or_else(|e| panic!("{address}: {e}"))
}

pub fn any_account(driver: &mut Driver) -> MarginAccount {
    let address = *driver.accounts.choose(&mut driver.random).unwrap_or_else(|| panic!("no account is left"));
    load(driver, &address)
}

/// Mostly an account that `wanted` accepts, if there is one.
fn account_with(driver: &mut Driver, wanted: impl Fn(&MarginAccount) -> bool) -> MarginAccount {
    if driver.random.random_bool(0.1) {
        return any_account(driver);
    }
    let found: Vec<_> = driver.accounts.iter().map(|at| load(driver, at)).filter(wanted).collect();
    found.choose(&mut driver.random).copied().unwrap_or_else(|| any_account(driver))
}

fn wallet(driver: &Driver, owner: &Pubkey) -> Pubkey {
    address::token_account(owner, &driver.world.quote_mint)
}

fn side<'a>(driver: &mut Driver, account: &'a MarginAccount) -> Side<'a> {
    let live = account.delegate.terms.expires_at > driver.world.chain.time() || driver.random.random_bool(0.1);
    let delegated = live && account.delegate.key != Pubkey::default() && driver.random.random_bool(0.4);
    let authority = if delegated { account.delegate.key } else { account.owner };
    Side { account, authority }
}

/// Mostly small, now and then large.
fn amount(driver: &mut Driver, most: u64) -> u64 {
    let share = driver.random.random_range(0..=1_000u64);
    let share = if driver.random.random_bool(0.7) { share / 10 } else { share };
    most / 1_000 * share
}

fn valid_until(driver: &mut Driver) -> i64 {
    driver.world.chain.time() + driver.random.random_range(-1..60)
}

fn sequence(driver: &mut Driver, account: &MarginAccount) -> u64 {
    account.sequence + off_by(driver)
}

/// Mostly nothing: signed for the right sequence.
fn off_by(driver: &mut Driver) -> u64 {
    u64::from(driver.random.random_bool(0.02))
}

fn built(name: &'static str, instruction: Result<Instruction, LedgerError>) -> Built {
    instruction.ok().map(|instruction| (name, instruction))
}

fn trade(driver: &mut Driver) -> Built {
    let buyer = any_account(driver);
    let seller = account_with(driver, |account| account.owner != buyer.owner);
    let now = driver.world.chain.time();
    let live = driver.random.random_bool(0.95);
    let listed = driver.expiries.iter().filter(|expiry| !live || (expiry.expiry > now && expiry.strike_count > 0));
    let expiry = *listed.collect::<Vec<_>>().choose(&mut driver.random).copied()?;
    let mut series = Series {
        underlying: expiry.underlying_index,
        expiry: expiry.expiry,
        strike: driver.random.random_range(0..expiry.strike_count.max(1)) + u8::from(driver.random.random_bool(0.02)),
        kind: if driver.random.random_bool(0.5) { OptionKind::Call } else { OptionKind::Put },
    };
    if let Some(leg) = seller.legs().iter().find(|leg| leg.quantity > 0).filter(|_| driver.random.random_bool(0.3)) {
        let (underlying, expiry) = seller.expiry_at(usize::from(leg.expiry_slot))?;
        let kind = if leg.kind == 0 { OptionKind::Call } else { OptionKind::Put };
        series = Series { underlying, expiry, strike: leg.strike, kind };
    }
    let mark = driver.world.mark(&series).unwrap_or(QUOTE);
    let tilt = if driver.random.random_bool(0.9) { 1 } else { 30 };
    let price = mark / 100 * (100 + driver.random.random_range(-tilt..=tilt));
    let most = if driver.random.random_bool(0.5) { 10 } else { 100 };
    let listed = driver.expiries.iter().find(|e| (e.underlying_index, e.expiry) == (series.underlying, series.expiry));
    let strike = listed.and_then(|expiry| expiry.strikes().get(usize::from(series.strike)));
    let args = TradeClearArgs {
        underlying: series.underlying,
        strike: series.strike,
        strike_price: strike.map_or(0, |strike| strike.price),
        kind: series.kind.to_u8(),
        quantity: driver.random.random_range(0..=most),
        expiry: series.expiry,
        price,
        valid_until: valid_until(driver),
        buyer_sequence: sequence(driver, &buyer),
        seller_sequence: sequence(driver, &seller),
    };
    let (bought, sold) = (side(driver, &buyer), side(driver, &seller));
    built("trade_clear", instruction::trade_clear(&driver.directory, bought, sold, args))
}

fn cash(driver: &mut Driver) -> Built {
    let account = any_account(driver);
    let wallet = wallet(driver, &account.owner);
    if driver.random.random_bool(0.5) {
        let amount = amount(driver, 2_000_000_000);
        let to = address::of_margin_account(&account);
        return Some(("deposit", instruction::deposit(&driver.directory, &to, &account.owner, &wallet, amount)));
    }
    let amount = amount(driver, account.cash.max(1_000_000).unsigned_abs());
    driver.directory.clearinghouse = driver.world.chain.load(&driver.directory.address).ok()?;
    built("withdraw", instruction::withdraw(&driver.directory, &account, &wallet, amount))
}

fn collateral(driver: &mut Driver) -> Built {
    let mint = driver.world.wbtc_mint;
    if driver.random.random_bool(0.5) {
        let account = any_account(driver);
        let amount = amount(driver, 20_000_000);
        let source = token::mint_to(&driver.world.chain, &mint, &account.owner, amount / 2);
        let to = address::of_margin_account(&account);
        let deposit = instruction::collateral_deposit(&driver.directory, &to, (&account.owner, &source), WBTC, amount);
        return built("collateral_deposit", deposit);
    }
    let account = account_with(driver, |account| account.collateral_slot(WBTC).is_some());
    let destination = token::create_account(&driver.world.chain, &mint, &account.owner);
    let held = account.collateral_slot(WBTC).map_or(1_000, |slot| slot.amount);
    let amount = if driver.random.random_bool(0.1) { held } else { amount(driver, held) };
    let withdraw = instruction::collateral_withdraw(&driver.directory, &account, &destination, WBTC, amount);
    built("collateral_withdraw", withdraw)
}

fn price(driver: &mut Driver) -> Built {
    let index = if driver.random.random_bool(0.5) { BTC } else { SOL };
    let feed = driver.world.feeds[usize::from(index)];
    let price = driver.world.price(index) / 10_000 * (10_000 + driver.random.random_range(-150..=150));
    let published = driver.world.chain.time() + driver.random.random_range(-2..=1);
    let mut update = PriceUpdate::new(feed.id, price, published);
    if driver.random.random_bool(0.1) {
        update = update.with_confidence(price / 5);
    }
    update.post(&driver.world.chain, &feed.account);
    Some(("oracle_accept", instruction::oracle_accept(&feed.underlying, &feed.account)))
}

/// The account with the lowest maintenance balance of those that can be valued.
fn weakest(driver: &mut Driver) -> MarginAccount {
    let value = |at: &Pubkey| {
        let snapshot = Snapshot::load(&driver.world.chain, &driver.directory, &[*at]).ok()?;
        Some((snapshot.balances(0).ok()?.maintenance, *at))
    };
    let held = driver.accounts.iter().filter(|at| {
        let account = load(driver, at);
        account.position_count > 0 && !account.in_auction()
    });
    let lowest = held.filter_map(value).min();
    match lowest {
        Some((_, at)) => load(driver, &at),
        None => any_account(driver),
    }
}

/// A start, bid or end of an auction.
pub fn liquidate(driver: &mut Driver) {
    if let Some((name, instruction)) = auction(driver) {
        driver.send(name, instruction);
    }
}

fn auction(driver: &mut Driver) -> Built {
    let by = any_account(driver);
    let valid_until = valid_until(driver);
    if driver.random.random_bool(0.25) {
        let account = weakest(driver);
        let args = AuctionStartArgs { valid_until, sequence: account.auction_sequence() + off_by(driver) };
        return built("auction_start", instruction::auction_start(&driver.directory, &account, &by, args));
    }
    let account = account_with(driver, MarginAccount::in_auction);
    if driver.random.random_bool(0.25) {
        return built("auction_end", instruction::auction_end(&driver.directory, &account));
    }
    let fraction = *[10_000, 50_000, 200_000, 1_000_000].choose(&mut driver.random)?;
    let sequence = account.auction_sequence() + off_by(driver);
    let args = AuctionBidArgs { fraction, price_limit: i64::MAX, valid_until, sequence };
    let deficit = driver.random.random_bool(0.7);
    let bidder = side(driver, &by);
    built("auction_bid", instruction::auction_bid(&driver.directory, &account, bidder, deficit, args))
}

fn debt(driver: &mut Driver) -> Built {
    if driver.random.random_bool(0.4) {
        let account = account_with(driver, |account| account.cash < 0 || account.interest_owed > 0);
        return Some(("debt_accrue", instruction::debt_accrue(&driver.directory, &account)));
    }
    let account = account_with(driver, |account| account.cash < 0 && account.collateral_slot(WBTC).is_some());
    let buyer = any_account(driver);
    let amount = amount(driver, 10_000_000);
    let valid_until = valid_until(driver);
    let args = CollateralSaleArgs { collateral: WBTC, amount, price_limit: i64::MAX, valid_until };
    let authority = side(driver, &buyer).authority;
    let sale = instruction::collateral_sale(&driver.directory, &account, &buyer, &authority, args);
    built("collateral_sale", sale)
}

fn account(driver: &mut Driver) -> Built {
    let at = driver.random.random_range(0..driver.delegates.len());
    let (owner, governance) = (driver.world.traders[at].address(), driver.world.governance.pubkey());
    match driver.random.random_range(0..6) {
        0 => {
            let visitor = if driver.random.random_bool(0.8) {
                driver.fresh += 1;
                driver.fresh
            } else {
                0
            };
            let visitor = named_address(&format!("visitor {visitor}"));
            let create = instruction::owner_create(&driver.world.clearinghouse, &visitor, &governance);
            Some(("owner_create", create))
        }
        1 | 2 => {
            let record = address::owner(&driver.world.clearinghouse, &owner);
            let record: Owner = driver.world.chain.load(&record).ok()?;
            let held = driver.accounts.iter().filter(|at| load(driver, at).owner == owner).count();
            let id = if held < ACCOUNTS { record.next_account } else { 0 };
            let open = MarginAccountOpenArgs { id, mode: rows::mode(driver) };
            let open = instruction::margin_account_open(&driver.world.clearinghouse, &owner, &governance, open);
            Some(("margin_account_open", open))
        }
        3 | 4 => {
            let account = account_with(driver, |account| account.is_empty() && account.id > 0);
            // A trader keeps its first account, whose address the world names.
            let kept = account.id == 0 && account.is_empty();
            (!kept).then(|| ("margin_account_close", instruction::margin_account_close(&account)))
        }
        _ => {
            let account = any_account(driver);
            let delegate = driver.delegates[at];
            let expires_at = driver.world.chain.time() + driver.random.random_range(-10..200_000);
            let budget = driver.random.random_range(-1..10_000) * QUOTE / 10;
            let args = DelegateSetArgs { delegate, expires_at, budget, window_seconds: 3_600, actions: 3 };
            Some(("delegate_set", instruction::delegate_set(&account, args)))
        }
    }
}

fn buffers(driver: &mut Driver) -> Built {
    let at = driver.random.random_range(0..driver.delegates.len());
    let payer = driver.world.traders[at].address();
    let source = wallet(driver, &payer);
    if driver.random.random_bool(0.3) {
        let amount = amount(driver, 20_000_000);
        let deposit = instruction::insurance_deposit(&driver.directory, &payer, &source, amount);
        return Some(("insurance_deposit", deposit));
    }
    let owners = driver.world.traders.iter().map(|trader| trader.address());
    let owes = owners.filter(|owner| {
        let record = address::owner(&driver.world.clearinghouse, owner);
        driver.world.chain.load::<Owner>(&record).is_ok_and(|record| record.bad_debt > 0)
    });
    let owes: Vec<Pubkey> = owes.collect();
    let owner = owes.choose(&mut driver.random).copied().unwrap_or(payer);
    let amount = amount(driver, 3_000_000_000);
    let repay = instruction::bad_debt_repay(&driver.directory, &owner, &payer, &source, amount);
    Some(("bad_debt_repay", repay))
}

fn expiry(driver: &mut Driver) -> Built {
    if driver.random.random_bool(0.3) {
        return strike_replace(driver);
    }
    let index = if driver.random.random_bool(0.6) { BTC } else { SOL };
    let underlying = driver.directory.underlying(index);
    let thin: Vec<Expiry> = driver.expiries.iter().filter(|expiry| expiry.strike_count < 5).copied().collect();
    if let Some(expiry) = thin.choose(&mut driver.random) {
        let price = strike_price(driver, expiry.underlying_index);
        return Some(("strike_create", instruction::strike_create(&expiry.underlying, expiry.expiry, price)));
    }
    let day = driver.world.chain.time() / 86_400 + driver.random.random_range(0..7);
    let offset = if driver.random.random_bool(0.9) { 28_800 } else { 28_801 };
    let governance = driver.world.governance.pubkey();
    let create = instruction::expiry_create(&underlying, &governance, day * 86_400 + offset);
    Some(("expiry_create", create))
}

/// A price around today's, nine times in ten on the grid.
fn strike_price(driver: &mut Driver, underlying: u16) -> i64 {
    let step = if underlying == BTC { 500 * QUOTE } else { QUOTE };
    let price = driver.world.price(underlying) / 1_000 * driver.random.random_range(700..1_400);
    if driver.random.random_bool(0.9) {
        price / step * step
    } else {
        price
    }
}

/// A new strike in the place of another one, mostly in an expiry that is full: the latest one is filled for it.
fn strike_replace(driver: &mut Driver) -> Built {
    let now = driver.world.chain.time();
    let live = driver.expiries.iter().filter(|expiry| expiry.expiry > now);
    let latest = *live.max_by_key(|expiry| (usize::from(expiry.strike_count) == MAX_STRIKES, expiry.expiry))?;
    for _ in usize::from(latest.strike_count)..MAX_STRIKES {
        let price = strike_price(driver, latest.underlying_index);
        driver.send("strike_create", instruction::strike_create(&latest.underlying, latest.expiry, price));
    }
    let price = strike_price(driver, latest.underlying_index);
    let id = driver.random.random_range(0..latest.strike_count.saturating_add(1));
    Some(("strike_replace", instruction::strike_replace(&latest.underlying, latest.expiry, (id, price))))
}

fn listing(driver: &mut Driver) -> Built {
    let authority = driver.world.governance.pubkey();
    let clearinghouse = driver.world.clearinghouse;
    match driver.random.random_range(0..4) {
        0 => {
            let listed = driver.directory.clearinghouse.next_underlying;
            let index = if listed < LISTED { listed } else { 0 };
            let args = presets::eth(index);
            let create = instruction::underlying_create(&clearinghouse, &authority, &authority, args);
            Some(("underlying_create", create))
        }
        1 => {
            let listed = driver.directory.clearinghouse.next_collateral;
            let index = if listed < LISTED { listed } else { 0 };
            let mint = token::create_mint(&driver.world.chain, &format!("collateral mint {index}"), 9);
            let args = CollateralCreateArgs {
                index,
                priced_by: SOL,
                cross_factor: 500_000,
                ramp_seconds: 3_600,
                cap: 1_000_000,
            };
            let create = instruction::collateral_create(&clearinghouse, &authority, &authority, &mint, args);
            Some(("collateral_create", create))
        }
        _ => {
            let index = if driver.random.random_bool(0.7) { driver.next_clearinghouse } else { 0 };
            driver.next_clearinghouse += u16::from(index > 0);
            let args = presets::clearinghouse(index, authority, authority);
            let create = instruction::clearinghouse_create(&authority, &driver.world.quote_mint, args);
            Some(("clearinghouse_create", create))
        }
    }
}

/// What the client computes from fetched bytes is what the program returns.
fn check(driver: &mut Driver) -> Built {
    let account = any_account(driver);
    let trader = driver.world.traders.iter().position(|trader| trader.account == address::of_margin_account(&account));
    if let (Some(index), true) = (trader, driver.random.random_bool(0.3)) {
        if let (Ok(here), Ok(there)) = (driver.world.balances(index), driver.world.balances_on_chain(index)) {
            assert_eq!(here.equity, i128::from(there.equity), "equity of trader {index}");
            assert_eq!(here.initial, i128::from(there.initial), "initial balance of trader {index}");
            assert_eq!(here.maintenance, i128::from(there.maintenance), "maintenance balance of trader {index}");
        }
    }
    rows::compare(driver, &account, &address::of_margin_account(&account));
    if driver.random.random_bool(0.25) {
        return Some(correlation_sample(driver));
    }
    built("margin_check", instruction::margin_check(&driver.directory, &account))
}

fn correlation_sample(driver: &mut Driver) -> (&'static str, Instruction) {
    let pair = if driver.random.random_bool(0.9) { [SOL, BTC] } else { [BTC, SOL] };
    let [underlying, peer] = pair.map(|index| driver.directory.underlying(index));
    ("correlation_sample", instruction::correlation_sample(&underlying, &peer))
}

/// A sample for the correlation, in the minutes of an hour that take one.
pub fn correlate(driver: &mut Driver) {
    if driver.world.chain.time() % BUCKET_SECONDS < SAMPLING_SECONDS {
        let (name, sample) = correlation_sample(driver);
        driver.send(name, sample);
    }
}

/// A sample of the accepted price of underlying `index` for its expiry at `expiry`.
pub fn sample(driver: &mut Driver, index: u16, expiry: i64) {
    let underlying = driver.directory.underlying(index);
    driver.send("settlement_sample", instruction::settlement_sample(&underlying, expiry));
}

fn settle(driver: &mut Driver) -> Built {
    let now = driver.world.chain.time();
    let over: Vec<Expiry> = driver.expiries.iter().filter(|expiry| expiry.expiry <= now).copied().collect();
    let mut expiry = *over.choose(&mut driver.random)?;
    if driver.random.random_bool(0.1) {
        expiry = *driver.expiries.choose(&mut driver.random)?;
    }
    let (underlying, time) = (expiry.underlying_index, expiry.expiry);
    match driver.random.random_range(0..100) {
        0..10 => {
            let sample = instruction::settlement_sample(&expiry.underlying, time);
            Some(("settlement_sample", sample))
        }
        10..25 => Some(("expiry_settle", instruction::expiry_settle(&expiry.underlying, time))),
        25..75 => {
            let account = account_with(driver, |account| account.expiry_slot(underlying, time).is_some());
            let settle = instruction::account_settle(&driver.directory, &account, underlying, time);
            Some(("account_settle", settle))
        }
        75..87 => Some(("expiry_sweep", instruction::expiry_sweep(&driver.directory, underlying, time))),
        87..90 => rows::close(driver),
        _ => Some(("expiry_close", instruction::expiry_close(&expiry))),
    }
}
