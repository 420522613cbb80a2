//! What several modules do: edits of stored accounts, refusals that change nothing, a default in the making.

use std::collections::BTreeMap;

use bytemuck::Pod;
use plimsoll::positions::Series;
use plimsoll::state::{InsuranceFund, MarginAccount};
use plimsoll::{AuctionBidArgs, AuctionStartArgs, DelegateSetArgs, MarginAccountOpenArgs, TradeClearArgs};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{LedgerExt, Outcome};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, presets, quote};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::world::{assert_refused, Trader, World, WorldOptions, BTC, BTC_PRICE, QUOTE};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

/// The trader that defaults.
pub const SELLER: usize = 0;
/// Its counterparty.
pub const BUYER: usize = 1;
/// Who takes over.
pub const LIQUIDATOR: usize = 2;
/// Contracts that the seller's cash just margins.
pub const SOLD: i32 = 200;

/// Changes a stored account as no instruction would.
pub fn edit<T: Pod>(world: &World, address: &Pubkey, change: impl FnOnce(&mut T)) {
    world.chain.edit_raw(address, |account| {
        let body = &mut account.data[8..8 + size_of::<T>()];
        let mut value: T = bytemuck::pod_read_unaligned(body);
        change(&mut value);
        body.copy_from_slice(bytemuck::bytes_of(&value));
    });
}

/// Changes trader `index`'s margin account as no instruction would.
pub fn edit_account(world: &World, index: usize, change: impl FnOnce(&mut MarginAccount)) {
    edit(world, &world.traders[index].account, change);
}

fn stored(world: &World) -> BTreeMap<Pubkey, Account> {
    let svm = world.chain.svm();
    let owned = |program: &Pubkey| svm.get_program_accounts(program);
    owned(&plimsoll::ID).into_iter().chain(owned(&anchor_spl::token::ID)).collect()
}

/// Panics unless `act` is refused by the rule `rule` and leaves every account of the program and every token account
/// as it was.
pub fn refused(world: &World, rule: &str, act: impl FnOnce() -> Result<Outcome, LedgerError>) {
    let before = stored(world);
    assert_refused(act(), rule);
    assert!(before == stored(world), "{rule}: a refused transaction changed an account");
}

/// [`refused`], and the refusal names these two numbers.
pub fn refused_numbers(
    world: &World,
    rule: &str,
    (left, right): (i64, i64),
    act: impl FnOnce() -> Result<Outcome, LedgerError>,
) {
    let mut found = None;
    refused(world, rule, || {
        let result = act();
        found = result.as_ref().err().and_then(LedgerError::rejection).and_then(|rejection| rejection.values.clone());
        result
    });
    assert_eq!(found, Some((left.to_string(), right.to_string())), "the numbers of {rule}");
}

/// Panics unless `act` passes and writes no account of the program and no token account.
pub fn writes_nothing(world: &World, act: impl FnOnce() -> Outcome) -> Outcome {
    let before = stored(world);
    let outcome = act();
    assert!(before == stored(world), "an account was written");
    outcome
}

/// Sends one instruction, signed by `signers`.
pub fn send(world: &World, instruction: Instruction, signers: &[&Keypair]) -> Result<Outcome, LedgerError> {
    let signers: Vec<&dyn Signer> = signers.iter().map(|key| *key as &dyn Signer).collect();
    world.send(&[instruction], &signers)
}

/// A second clearinghouse of the same creator; returns its address.
pub fn other_clearinghouse(world: &World) -> Pubkey {
    let authority = world.governance.pubkey();
    let create = presets::clearinghouse(1, authority, authority);
    world.govern(instruction::clearinghouse_create(&authority, &world.quote_mint, create));
    address::clearinghouse(&authority, 1)
}

/// The insurance fund of the clearinghouse at `clearinghouse`.
pub fn insurance_of(world: &World, clearinghouse: &Pubkey) -> Pubkey {
    let directory = plimsoll_client::directory::Directory::load(&world.chain, clearinghouse);
    directory.expect("clearinghouse").clearinghouse.insurance
}

/// The insurance fund.
pub fn fund(world: &World) -> InsuranceFund {
    world.chain.load(&world.directory().clearinghouse.insurance).expect("fund")
}

/// Opens one more margin account of trader `index` and returns the number it goes by.
pub fn open_account(world: &mut World, index: usize, id: u16, mode: u8) -> usize {
    let trader = &world.traders[index];
    let owner = trader.address();
    let open = MarginAccountOpenArgs { id, mode };
    send(world, instruction::margin_account_open(&world.clearinghouse, &owner, &owner, open), &[&trader.key])
        .expect("open");
    let account = address::margin_account(&world.clearinghouse, &owner, id);
    let more = Trader { key: trader.key.insecure_clone(), account, wallet: trader.wallet };
    world.traders.push(more);
    world.traders.len() - 1
}

/// Makes `delegate` the delegate of trader `index` with these actions and this budget, for a day.
pub fn set_delegate(world: &World, index: usize, delegate: &Keypair, actions: u32, budget: i64) {
    let args = DelegateSetArgs {
        delegate: delegate.pubkey(),
        expires_at: world.chain.time() + 86_400,
        budget,
        window_seconds: 3_600,
        actions,
    };
    let set = instruction::delegate_set(&world.account(index), args);
    send(world, set, &[&world.traders[index].key]).expect("delegate");
}

/// The instruction of a trade, both owners as authorities.
pub fn trade_instruction(world: &World, buyer: usize, seller: usize, args: TradeClearArgs) -> Instruction {
    let (bought, sold) = (world.account(buyer), world.account(seller));
    instruction::trade_clear(&world.directory(), Side::of_owner(&bought), Side::of_owner(&sold), args).expect("build")
}

/// A trade at the mark with the keys `buys` and `sells` as authorities.
pub fn trade_by(
    world: &World,
    (buyer, buys): (usize, &Keypair),
    (seller, sells): (usize, &Keypair),
    args: TradeClearArgs,
) -> Result<Outcome, LedgerError> {
    let mut trade = trade_instruction(world, buyer, seller, args);
    trade.accounts[0].pubkey = buys.pubkey();
    trade.accounts[1].pubkey = sells.pubkey();
    let signers: &[&Keypair] = if buys.pubkey() == sells.pubkey() { &[buys] } else { &[buys, sells] };
    send(world, trade, signers)
}

/// The call at the money of the first expiry of BTC.
pub fn call(world: &World) -> Series {
    world.series(BTC, 0, 2, OptionKind::Call)
}

/// Arguments of a trade at the mark.
pub fn at_mark(world: &World, buyer: usize, seller: usize, series: &Series, quantity: i32) -> TradeClearArgs {
    world.trade_args(buyer, seller, series, quantity, world.mark(series).expect("mark"))
}

/// A seller with 40,000, its buyer, and a liquidator with plenty.
pub fn default_world() -> World {
    let mut world = World::with(&WorldOptions { traders: 0, ..WorldOptions::default() });
    world.add_trader("seller", 40_000 * QUOTE);
    world.add_trader("buyer", 100_000 * QUOTE);
    world.add_trader("liquidator", 500_000 * QUOTE);
    world
}

/// The default world after the seller sold [`SOLD`] calls and the price rose until it is under maintenance.
pub fn under_maintenance() -> World {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    sink(&world, 3_600);
    world
}

/// Lifts BTC by 1 % every `pause` seconds until the seller's maintenance balance is negative. A market that moves as
/// fast as its price may walk lifts volatility so much that the account is insolvent at once.
pub fn sink(world: &World, pause: i64) {
    let mut price = world.price(BTC);
    while world.balances(SELLER).expect("balances").maintenance >= 0 {
        price += BTC_PRICE / 100;
        world.advance(pause);
        world.move_price(BTC, price);
    }
}

/// The default world with the seller's auction running for 20 seconds.
pub fn in_auction() -> World {
    let world = under_maintenance();
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world.advance(20);
    world
}

/// The default world with the seller insolvent and in auction.
pub fn insolvent() -> World {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("trade");
    let mut price = BTC_PRICE;
    while world.balances(SELLER).expect("balances").equity >= 0 {
        price += BTC_PRICE / 10;
        world.move_price(BTC, price);
    }
    start(&world, SELLER, LIQUIDATOR).expect("start");
    world
}

/// Arguments to start the auction of `account`, without end.
pub fn start_args(world: &World, account: usize) -> AuctionStartArgs {
    AuctionStartArgs { valid_until: i64::MAX, sequence: world.account(account).auction_sequence() }
}

/// The instruction that starts the auction of `account` for the owner of `starter`.
pub fn start_instruction(world: &World, account: usize, starter: usize, args: AuctionStartArgs) -> Instruction {
    let (account, starter) = (world.account(account), world.account(starter));
    instruction::auction_start(&world.directory(), &account, &starter, args).expect("build")
}

/// Starts the auction of `account`.
pub fn start(world: &World, account: usize, starter: usize) -> Result<Outcome, LedgerError> {
    let start = start_instruction(world, account, starter, start_args(world, account));
    send(world, start, &[&world.traders[starter].key])
}

/// Arguments of a bid for `fraction` ppm at any price, without end.
pub fn bid_args(world: &World, account: usize, fraction: u32) -> AuctionBidArgs {
    let sequence = world.account(account).auction_sequence();
    AuctionBidArgs { fraction, price_limit: i64::MAX, valid_until: i64::MAX, sequence }
}

/// The instruction of a bid of `bidder`'s owner for a part of `account`; `deficit` as the client's builder takes it.
pub fn bid_instruction(
    world: &World,
    (account, bidder): (usize, usize),
    deficit: bool,
    args: AuctionBidArgs,
) -> Instruction {
    let (account, bidder) = (world.account(account), world.account(bidder));
    instruction::auction_bid(&world.directory(), &account, Side::of_owner(&bidder), deficit, args).expect("build")
}

/// Bids with these arguments.
pub fn bid_with(
    world: &World,
    (account, bidder): (usize, usize),
    deficit: bool,
    args: AuctionBidArgs,
) -> Result<Outcome, LedgerError> {
    let bid = bid_instruction(world, (account, bidder), deficit, args);
    send(world, bid, &[&world.traders[bidder].key])
}

/// Bids for `fraction` ppm of the seller's book at any price.
pub fn bid(world: &World, fraction: u32) -> Result<Outcome, LedgerError> {
    bid_with(world, (SELLER, LIQUIDATOR), false, bid_args(world, SELLER, fraction))
}

/// Ends the auction of `account`.
pub fn end(world: &World, account: usize) -> Result<Outcome, LedgerError> {
    world.crank(instruction::auction_end(&world.directory(), &world.account(account)).expect("build"))
}

/// The largest fraction of the seller's book that may be taken: ppm, rounded down.
pub fn largest(world: &World) -> u32 {
    let snapshot = Snapshot::load(&world.chain, &world.directory(), &[world.traders[SELLER].account]).expect("load");
    let limits = quote::auction(&snapshot, 0).expect("quote").limits.expect("solvent");
    u32::try_from(limits.largest.0 / 1_000).expect("ppm")
}

/// Bids until the auction of the seller can end, and ends it.
pub fn sell_off(world: &World) {
    for _ in 0..200 {
        if end(world, SELLER).is_ok() {
            return;
        }
        bid(world, largest(world)).expect("bid");
    }
    panic!("the auction does not end");
}

/// Lets the expiry of `series` pass with a sample a minute at today's price, and settles it.
pub fn settle_expiry(world: &World, series: &Series) {
    let underlying = world.directory().underlying(series.underlying);
    sample_window(world, series, 60);
    world.crank(instruction::expiry_settle(&underlying, series.expiry)).expect("settle");
}

/// Samples the settlement window of `series` every `every` seconds until the expiry has passed.
pub fn sample_window(world: &World, series: &Series, every: i64) {
    let underlying = world.directory().underlying(series.underlying);
    world.chain.set_time(series.expiry - 1_800);
    world.refresh_prices();
    while world.chain.time() < series.expiry {
        world.crank(instruction::settlement_sample(&underlying, series.expiry)).expect("sample");
        world.advance(every);
    }
}

/// Settles trader `index` in the settled expiry of `series`.
pub fn settle_account(world: &World, index: usize, series: &Series) -> Result<Outcome, LedgerError> {
    let settle =
        instruction::account_settle(&world.directory(), &world.account(index), series.underlying, series.expiry);
    world.crank(settle)
}
