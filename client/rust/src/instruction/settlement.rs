//! Expiry: samples, settlement price, payoffs, fees and the end of the account.

use plimsoll::state::{Expiry, MarginAccount};
use plimsoll::{accounts, instruction};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::build;
use crate::address;
use crate::directory::Directory;

/// Adds the accepted price of `underlying` to the settlement average of its expiry at `expiry`, unix seconds.
pub fn settlement_sample(underlying: &Pubkey, expiry: i64) -> Instruction {
    let accounts = accounts::SettlementSample {
        underlying: *underlying,
        oracle: address::oracle(underlying),
        expiry: address::expiry(underlying, expiry),
    };
    build(accounts, instruction::SettlementSample {})
}

/// Fixes the settlement price of the expiry at `expiry`.
pub fn expiry_settle(underlying: &Pubkey, expiry: i64) -> Instruction {
    let accounts = accounts::ExpirySettle { underlying: *underlying, expiry: address::expiry(underlying, expiry) };
    build(accounts, instruction::ExpirySettle {})
}

/// Settles the legs that `account` holds in the settled expiry at `expiry` of underlying number `underlying`.
pub fn account_settle(directory: &Directory, account: &MarginAccount, underlying: u16, expiry: i64) -> Instruction {
    let accounts = accounts::AccountSettle {
        clearinghouse: directory.address,
        underlying: directory.underlying(underlying),
        expiry: directory.expiry(underlying, expiry),
        margin_account: address::of_margin_account(account),
    };
    build(accounts, instruction::AccountSettle {})
}

/// Moves the trade fees of the expiry at `expiry` of underlying number `underlying` to fund and surplus.
pub fn expiry_sweep(directory: &Directory, underlying: u16, expiry: i64) -> Instruction {
    let accounts = accounts::ExpirySweep {
        clearinghouse: directory.address,
        insurance: directory.clearinghouse.insurance,
        expiry: directory.expiry(underlying, expiry),
    };
    build(accounts, instruction::ExpirySweep {})
}

/// Closes an expiry in which nothing is left; the rent goes back to who paid it.
pub fn expiry_close(expiry: &Expiry) -> Instruction {
    let accounts = accounts::ExpiryClose {
        expiry: address::expiry(&expiry.underlying, expiry.expiry),
        rent_payer: expiry.rent_payer,
    };
    build(accounts, instruction::ExpiryClose {})
}
