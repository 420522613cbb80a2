//! Random actions around portfolio mode: switches, and risk rows opened, grown, refreshed and closed.

use anchor_lang::AnchorDeserialize;
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED, MODE_PORTFOLIO};
use plimsoll::state::{MarginAccount, RiskRows};
use plimsoll::MarginBalances;
use plimsoll_client::{address, instruction};
use rand::seq::IndexedRandom;
use rand::Rng;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use super::actions::{any_account, Built};
use super::driver::Driver;

/// Hands most of the open rows to the next instruction: a caller may leave out any of them.
pub fn choose(driver: &mut Driver) {
    let share = *[0.0, 0.8, 1.0].choose(&mut driver.random).unwrap_or(&1.0);
    let open = driver.world.rows.clone();
    driver.directory.rows = open.into_iter().filter(|_| driver.random.random_bool(share)).collect();
}

/// A mode for a new account.
pub fn mode(driver: &mut Driver) -> u8 {
    *[MODE_CROSS, MODE_CROSS, MODE_PORTFOLIO, MODE_PORTFOLIO, MODE_ISOLATED]
        .choose(&mut driver.random)
        .unwrap_or(&MODE_CROSS)
}

/// A switch of the mode, mostly into another one that exists.
pub fn switch(driver: &mut Driver) -> Built {
    let account = any_account(driver);
    let mode = if driver.random.random_bool(0.05) { 0 } else { mode(driver) };
    let built = instruction::mode_set(&driver.directory, &account, mode).ok()?;
    Some(("mode_set", built))
}

/// Something about rows.
pub fn act(driver: &mut Driver) -> Built {
    let payer = driver.world.governance.pubkey();
    let expiry = driver.expiries.choose(&mut driver.random).copied()?;
    let rows = driver.rows.choose(&mut driver.random).copied();
    match driver.random.random_range(0..10) {
        0..2 => {
            Some(("rows_open", instruction::rows_open(&address::expiry(&expiry.underlying, expiry.expiry), &payer)))
        }
        2..4 => Some(("rows_grow", instruction::rows_grow(&rows?.expiry, &payer))),
        4..9 => {
            let payee = any_account(driver);
            let payee = driver.random.random_bool(0.5).then_some(&payee);
            let (index, time) = (expiry.underlying_index, expiry.expiry);
            Some(("rows_refresh", instruction::rows_refresh(&driver.directory, index, time, payee)))
        }
        _ => close(driver),
    }
}

/// Rows that go, mostly of an expiry that is over.
pub fn close(driver: &mut Driver) -> Built {
    let live = |rows: &&RiskRows| {
        driver.expiries.iter().any(|e| address::expiry(&e.underlying, e.expiry) == rows.expiry && !e.is_settled())
    };
    let over: Vec<RiskRows> = driver.rows.iter().filter(|rows| !live(rows)).copied().collect();
    let any = driver.rows.choose(&mut driver.random).copied();
    let rows = if driver.random.random_bool(0.2) { any } else { over.choose(&mut driver.random).copied().or(any) };
    Some(("rows_close", instruction::rows_close(&rows?)))
}

/// Comparisons of rows with fresh prices that a run must see.
pub const COMPARED_MIN: u64 = 100;

/// What rows leave in doubt counts against the account: they never let pass what fresh prices refuse.
pub fn compare(driver: &mut Driver, account: &MarginAccount, address: &Pubkey) {
    if account.mode != MODE_PORTFOLIO || !account.held_expiries().any(|held| driver.world.rows.contains(&held)) {
        return;
    }
    let mut balances = |rows: bool| {
        driver.directory.rows = if rows { driver.world.rows.clone() } else { Default::default() };
        let check = instruction::margin_check(&driver.directory, account).ok()?;
        let outcome = driver.world.crank(check).ok()?;
        MarginBalances::try_from_slice(&outcome.return_data).ok()
    };
    if let (Some(rows), Some(fresh)) = (balances(true), balances(false)) {
        driver.compared += 1;
        assert!(rows.initial <= fresh.initial, "initial balance of {address}: {rows:?} {fresh:?}");
        assert!(rows.maintenance <= fresh.maintenance, "maintenance balance of {address}: {rows:?} {fresh:?}");
    }
}
