//! The net-outflow limiter: how fast money may leave a clearinghouse.
//!
//! Withdrawals less deposits of the last window's length stay within a share of the vault as it was when the running
//! window started; but every account may withdraw a reserved amount per window whatever others took. The window before
//! counts with the part of it that the last window's length still covers. So nothing changes at a border of two: no second
//! share leaves there, and who pays in right before it and takes out right after it has used up nobody's room.

use bytemuck::{Pod, Zeroable};

use crate::error::CoreError;
use crate::math::fixed::{mul_div_up, Bounded};
use crate::parameters::{ppm_down, ClearinghouseParameters};
use crate::units::{Quote, Seconds};

/// Net outflow of the running window, stored as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct OutflowState {
    /// Start of the running window: unix seconds, 0 before the first.
    pub window_start: i64,
    /// Vault when the window started: quote atoms, >= 0.
    pub vault_at_start: i64,
    /// Withdrawals less deposits in the window: quote atoms, + out.
    pub net: i64,
    /// The same of the window before, 0 if there was none.
    pub previous: i64,
}

/// What one account withdrew in its own running window, stored as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct AccountOutflow {
    /// Start of the window: unix seconds, 0 before the first.
    pub window_start: i64,
    /// Withdrawn in it: quote atoms, >= 0.
    pub used: i64,
}

/// The two states after a withdrawal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutflowPlan {
    /// Of the clearinghouse.
    pub state: OutflowState,
    /// Of the account.
    pub account: AccountOutflow,
}

/// Why a withdrawal waits, with the two numbers that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutflowRefusal {
    /// The window's limit is reached, and the account's reserved amount is used.
    Limit {
        /// What would be out in the last window's length.
        net: i64,
        /// Largest allowed.
        cap: i64,
    },
    /// Arithmetic.
    Arithmetic(CoreError),
}

impl OutflowState {
    /// The window that holds `now`: this one, or a new one that starts now with `vault` (before the transfer).
    fn at(&self, now: Seconds, vault: Quote, window: Seconds) -> Self {
        let age = now.saturated_sub(self.window_start);
        if self.window_start != 0 && age < window {
            return *self;
        }
        let vault_at_start = vault.0.max(0);
        if self.window_start != 0 && age < window.saturated_mul(2) {
            let window_start = self.window_start.saturated_add(window);
            return Self { window_start, vault_at_start, net: 0, previous: self.net };
        }
        Self { window_start: now.max(1), vault_at_start, net: 0, previous: 0 }
    }

    /// Net outflow of the last window's length, rounded up. Errors: `Overflow`.
    fn recent(&self, now: Seconds, window: Seconds) -> Result<i64, CoreError> {
        let left = window.saturated_sub(now.saturated_sub(self.window_start)).clamp(0, window);
        let before = mul_div_up(self.previous, left, window.max(1)).ok_or(CoreError::Overflow)?;
        self.net.exact_add(before).ok_or(CoreError::Overflow)
    }

    /// What the share is taken of: the vault at the start of the window, without what came in during the one before.
    fn base(&self) -> i64 {
        self.vault_at_start.saturated_add(self.previous.min(0)).max(0)
    }
}

/// The states after `amount` (> 0) left a vault that held `vault` before.
///
/// Passes if net outflow of the last window's length after <= `outflow_cap` x vault at the window's start, or if the account's own withdrawals of
/// its window after <= `outflow_reserved`. Either way both counters rise. Errors: `Limit`, `Arithmetic`.
pub fn withdraw(
    state: &OutflowState,
    account: &AccountOutflow,
    amount: Quote,
    vault: Quote,
    now: Seconds,
    parameters: &ClearinghouseParameters,
) -> Result<OutflowPlan, OutflowRefusal> {
    let overflow = || OutflowRefusal::Arithmetic(CoreError::Overflow);
    if amount.0 <= 0 {
        return Err(OutflowRefusal::Arithmetic(CoreError::OutOfDomain));
    }
    let window = Seconds::from(parameters.outflow_window_seconds);
    let mut state = state.at(now, vault, window);
    let mut account = if account.window_start != 0 && now.saturated_sub(account.window_start) < window {
        *account
    } else {
        AccountOutflow { window_start: now.max(1), used: 0 }
    };
    state.net = state.net.exact_add(amount.0).ok_or_else(overflow)?;
    account.used = account.used.exact_add(amount.0).ok_or_else(overflow)?;
    let cap = ppm_down(state.base(), parameters.outflow_cap).ok_or_else(overflow)?;
    let net = state.recent(now, window).map_err(OutflowRefusal::Arithmetic)?;
    if net > cap && account.used > parameters.outflow_reserved {
        return Err(OutflowRefusal::Limit { net, cap });
    }
    Ok(OutflowPlan { state, account })
}

/// The state after `amount` (>= 0) came into a vault that held `vault` before. Errors: `Overflow`, `OutOfDomain`.
pub fn deposit(
    state: &OutflowState,
    amount: Quote,
    vault: Quote,
    now: Seconds,
    parameters: &ClearinghouseParameters,
) -> Result<OutflowState, CoreError> {
    if amount.0 < 0 {
        return Err(CoreError::OutOfDomain);
    }
    let mut next = state.at(now, vault, Seconds::from(parameters.outflow_window_seconds));
    next.net = next.net.exact_sub(amount.0).ok_or(CoreError::Overflow)?;
    Ok(next)
}
