//! The net-outflow limiter of a clearinghouse.

use anchor_lang::prelude::*;

use super::mirror::mirror;

/// The running window; mirrors `plimsoll_core::outflow::OutflowState`, same bytes. Writers: `withdraw`, `deposit`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OutflowWindow {
    /// Start: unix seconds, 0 before the first.
    pub window_start: i64,
    /// Vault balance when it started: quote atoms, >= 0.
    pub vault_at_start: i64,
    /// Withdrawals less deposits in it: quote atoms, + out.
    pub net: i64,
    /// The same of the window before, 0 if there was none.
    pub previous: i64,
}

/// What one account withdrew in its own window; mirrors `plimsoll_core::outflow::AccountOutflow`, same bytes.
/// Writer: `withdraw`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AccountOutflow {
    /// Start: unix seconds, 0 before the first.
    pub window_start: i64,
    /// Withdrawn in it: quote atoms, >= 0.
    pub used: i64,
}

mirror!(OutflowWindow => plimsoll_core::outflow::OutflowState { window_start, vault_at_start, net, previous });
mirror!(AccountOutflow => plimsoll_core::outflow::AccountOutflow { window_start, used });

/// Net withdrawals of the running window.
///
/// Seeds: `outflow`, clearinghouse.
#[account(zero_copy)]
#[derive(Debug)]
pub struct Outflow {
    /// The clearinghouse it limits. Writer: `clearinghouse_create`.
    pub clearinghouse: Pubkey,
    /// The running window.
    pub window: OutflowWindow,
    /// Layout version. Writer: `clearinghouse_create`.
    pub version: u8,
    /// Bump of this address. Writer: `clearinghouse_create`.
    pub bump: u8,
    /// Zero.
    pub padding: [u8; 6],
    /// Zero; room for later layouts.
    pub reserved: [u8; 120],
}

const _: () = assert!(core::mem::size_of::<Outflow>() == 32 + 24 + 8 + 128);
const _: () = assert!(core::mem::offset_of!(Outflow, window) == 32);
