//! Portfolio mode across instructions, and the worlds its tests start from.

mod auctions;
mod balances;
mod concentration;
mod market_set;
mod offset;
mod trades;
mod usable_rows;

use std::sync::OnceLock;

use anchor_lang::AnchorDeserialize;
use plimsoll::constants::FRESH_PRICES_MAX;
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::{OracleState, RiskRows};
use plimsoll::MarginBalances;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{LedgerExt, Outcome};
use plimsoll_client::{address, snapshot::Snapshot};
use plimsoll_core::margin::{scenario, Mode};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::chain::Mode as ChainMode;
use plimsoll_tests::world::{Trader, World, WorldOptions, BTC, QUOTE};
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;

use crate::support::*;

/// The trader of [`large`] who holds more legs than are priced fresh.
pub const LARGE: usize = 0;
/// Who holds the other side.
pub const OTHER: usize = 1;
/// A trader without legs.
pub const IDLE: usize = 2;
/// Strikes of each expiry of [`large`].
pub const STRIKES: u8 = 41;
/// Bytes before the values of rows.
pub const ROWS_HEAD: usize = 8 + size_of::<RiskRows>();

/// A copy of `world` that goes its own way.
pub fn fork(world: &World) -> World {
    let trader = |t: &Trader| Trader { key: t.key.insecure_clone(), account: t.account, wallet: t.wallet };
    World {
        chain: world.chain.fork(),
        governance: world.governance.insecure_clone(),
        clearinghouse: world.clearinghouse,
        quote_mint: world.quote_mint,
        wbtc_mint: world.wbtc_mint,
        feeds: world.feeds.clone(),
        expiries: world.expiries.clone(),
        traders: world.traders.iter().map(trader).collect(),
        rows: world.rows.clone(),
        donated: world.donated,
    }
}

/// Trader [`LARGE`], short a call and a put of every strike of two expiries, in portfolio mode with fresh rows of both.
pub fn large() -> World {
    static TEMPLATE: OnceLock<World> = OnceLock::new();
    fork(TEMPLATE.get_or_init(|| {
        let options = WorldOptions {
            mode: ChainMode::Fast,
            traders: 3,
            cash: 4_000_000 * QUOTE,
            expiry_days: vec![7, 14],
            strike_percents: (0..i64::from(STRIKES)).map(|step| 80 + step).collect(),
            ..WorldOptions::default()
        };
        let mut world = World::with(&options);
        for expiry in 0..2 {
            for strike in 0..STRIKES {
                for kind in [OptionKind::Call, OptionKind::Put] {
                    world.trade_at_mark(OTHER, LARGE, &world.series(BTC, expiry, strike, kind), 1).expect("leg");
                }
            }
            world.refresh_prices();
            world.open_rows(BTC, expiry);
        }
        world.refresh_rows(BTC, 0);
        world.set_mode(LARGE, MODE_PORTFOLIO).expect("from rows");
        assert!(fresh_prices(&world, LARGE) > FRESH_PRICES_MAX, "{}", fresh_prices(&world, LARGE));
        world
    }))
}

/// Kernel prices that a check of trader `index` takes without rows.
pub fn fresh_prices(world: &World, index: usize) -> usize {
    let mut prices = 0;
    let account = world.account(index);
    let address = world.traders[index].account;
    let mut snapshot = Snapshot::load(&world.chain, &world.directory(), &[address]).expect("load");
    snapshot.directory.rows.clear();
    let count = |valuation: &plimsoll::margin::Valuation| {
        valuation.with_book(&account, &mut |book, mode| {
            if let Mode::Portfolio(view) = mode {
                prices = scenario::kernel_prices(book, view).map_err(plimsoll::error::core_refused)?;
            }
            Ok(())
        })
    };
    snapshot.value(count).expect("count");
    prices
}

/// The expiry of BTC number `at` of the world's list.
pub fn expiry_at(world: &World, at: usize) -> Pubkey {
    world.directory().expiry(BTC, world.expiries[at])
}

/// Address of the rows of that expiry.
pub fn rows_at(world: &World, at: usize) -> Pubkey {
    address::rows(&expiry_at(world, at))
}

/// The rows of that expiry.
pub fn rows(world: &World, at: usize) -> RiskRows {
    world.chain.load(&rows_at(world, at)).expect("rows")
}

/// The values behind the rows of that expiry.
pub fn values(world: &World, at: usize) -> Vec<i64> {
    let data = world.chain.raw(&rows_at(world, at)).expect("rows").data;
    data[ROWS_HEAD..].chunks_exact(8).map(|value| i64::from_le_bytes(value.try_into().expect("eight"))).collect()
}

/// Changes the rows of that expiry as no instruction would.
pub fn edit_rows(world: &World, at: usize, change: impl FnOnce(&mut RiskRows)) {
    edit::<RiskRows>(world, &rows_at(world, at), change);
}

/// The instruction that refreshes the rows of that expiry; `payee`: number of a trader.
pub fn refresh_instruction(world: &World, at: usize, payee: Option<usize>) -> Instruction {
    let payee = payee.map(|index| world.account(index));
    instruction::rows_refresh(&world.directory(), BTC, world.expiries[at], payee.as_ref())
}

/// Sends it.
pub fn refresh(world: &World, at: usize, payee: Option<usize>) -> Result<Outcome, LedgerError> {
    world.crank(refresh_instruction(world, at, payee))
}

/// Asks the program for the balances of trader `index`.
pub fn check(world: &World, index: usize) -> Result<Outcome, LedgerError> {
    world.crank(instruction::margin_check(&world.directory(), &world.account(index)).expect("build"))
}

/// Balances of trader `index` with or without the rows that are open.
pub fn balances_with(world: &World, index: usize, with_rows: bool) -> MarginBalances {
    let mut directory = world.directory();
    if !with_rows {
        directory.rows.clear();
    }
    let check = instruction::margin_check(&directory, &world.account(index)).expect("build");
    MarginBalances::try_from_slice(&world.crank(check).expect("check").return_data).expect("balances")
}

/// Changes the oracle state of BTC as no instruction would.
pub fn edit_oracle(world: &World, change: impl FnOnce(&mut OracleState)) {
    edit(world, &address::oracle(&world.directory().underlying(BTC)), change);
}
