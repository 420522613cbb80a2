//! Risk rows: what portfolio margin of large books is taken from.

use plimsoll::state::{MarginAccount, RiskRows};
use plimsoll::{accounts, instruction};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::{build, make_writable};
use crate::address::{self, SYSTEM_PROGRAM};
use crate::directory::Directory;

/// Opens the rows of the expiry at address `expiry`; `payer` signs and gets the rent back at the close.
pub fn rows_open(expiry: &Pubkey, payer: &Pubkey) -> Instruction {
    let accounts = accounts::RowsOpen {
        payer: *payer,
        expiry: *expiry,
        rows: address::rows(expiry),
        system_program: SYSTEM_PROGRAM,
    };
    build(accounts, instruction::RowsOpen {})
}

/// Adds room for twenty strikes to the rows of the expiry at address `expiry`; `payer` signs.
pub fn rows_grow(expiry: &Pubkey, payer: &Pubkey) -> Instruction {
    let accounts = accounts::RowsGrow { payer: *payer, rows: address::rows(expiry), system_program: SYSTEM_PROGRAM };
    build(accounts, instruction::RowsGrow {})
}

/// Fills the rows of the expiry at `expiry` of underlying number `underlying` at the accepted price. If they were due,
/// `payee` is paid from the expiry's trade fees.
pub fn rows_refresh(directory: &Directory, underlying: u16, expiry: i64, payee: Option<&MarginAccount>) -> Instruction {
    let (parent, expiry) = (directory.underlying(underlying), directory.expiry(underlying, expiry));
    let accounts = accounts::RowsRefresh {
        clearinghouse: directory.address,
        underlying: parent,
        oracle: address::oracle(&parent),
        expiry,
        rows: address::rows(&expiry),
        payee: payee.map_or(address::rows(&expiry), address::of_margin_account),
    };
    let mut refresh = build(accounts, instruction::RowsRefresh {});
    if payee.is_some() {
        make_writable(&mut refresh, &expiry);
    }
    refresh
}

/// Closes rows of an expiry that is over; the rent goes back to who paid it.
pub fn rows_close(rows: &RiskRows) -> Instruction {
    let accounts =
        accounts::RowsClose { expiry: rows.expiry, rows: address::rows(&rows.expiry), rent_payer: rows.rent_payer };
    build(accounts, instruction::RowsClose {})
}
