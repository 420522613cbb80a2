//! Payments into the buffers.

use anchor_spl::token;
use plimsoll::{accounts, instruction, BadDebtRepayArgs, InsuranceDepositArgs};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::build;
use crate::address;
use crate::directory::Directory;

/// Contributes `amount` quote atoms from `source`, not redeemable; a recorded deficit is covered first. `depositor`
/// signs.
pub fn insurance_deposit(directory: &Directory, depositor: &Pubkey, source: &Pubkey, amount: u64) -> Instruction {
    let accounts = accounts::InsuranceDeposit {
        depositor: *depositor,
        clearinghouse: directory.address,
        insurance: directory.clearinghouse.insurance,
        vault: directory.clearinghouse.vault,
        source: *source,
        token_program: token::ID,
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    build(accounts, instruction::InsuranceDeposit { args: InsuranceDepositArgs { amount } })
}

/// Repays up to `amount` quote atoms of the bad debt of `owner` from `source`; `payer` signs.
pub fn bad_debt_repay(
    directory: &Directory,
    owner: &Pubkey,
    payer: &Pubkey,
    source: &Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = accounts::BadDebtRepay {
        payer: *payer,
        clearinghouse: directory.address,
        owner_record: address::owner(&directory.address, owner),
        insurance: directory.clearinghouse.insurance,
        vault: directory.clearinghouse.vault,
        source: *source,
        token_program: token::ID,
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    build(accounts, instruction::BadDebtRepay { args: BadDebtRepayArgs { amount } })
}
