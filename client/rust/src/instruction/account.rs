//! Owners, margin accounts and delegates.

use plimsoll::state::MarginAccount;
use plimsoll::{accounts, instruction, DelegateSetArgs, MarginAccountOpenArgs, ModeSetArgs};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::{build, build_with};
use crate::address::{self, SYSTEM_PROGRAM};
use crate::directory::Directory;
use crate::error::LedgerError;
use crate::markets::{MarketSet, Written};

/// Registers `owner` in a clearinghouse; `payer` signs.
pub fn owner_create(clearinghouse: &Pubkey, owner: &Pubkey, payer: &Pubkey) -> Instruction {
    let accounts = accounts::OwnerCreate {
        payer: *payer,
        owner: *owner,
        clearinghouse: *clearinghouse,
        owner_record: address::owner(clearinghouse, owner),
        system_program: SYSTEM_PROGRAM,
    };
    build(accounts, instruction::OwnerCreate {})
}

/// Opens margin account `args.id` of `owner`; `owner` and `payer` sign.
pub fn margin_account_open(
    clearinghouse: &Pubkey,
    owner: &Pubkey,
    payer: &Pubkey,
    args: MarginAccountOpenArgs,
) -> Instruction {
    let accounts = accounts::MarginAccountOpen {
        payer: *payer,
        owner: *owner,
        clearinghouse: *clearinghouse,
        owner_record: address::owner(clearinghouse, owner),
        margin_account: address::margin_account(clearinghouse, owner, args.id),
        system_program: SYSTEM_PROGRAM,
    };
    build(accounts, instruction::MarginAccountOpen { args })
}

/// Closes an empty margin account; its owner signs and receives the rent.
pub fn margin_account_close(account: &MarginAccount) -> Instruction {
    let accounts =
        accounts::MarginAccountClose { owner: account.owner, margin_account: address::of_margin_account(account) };
    build(accounts, instruction::MarginAccountClose {})
}

/// Sets, changes or (with all-zero `args`) removes the delegate; the owner signs.
pub fn delegate_set(account: &MarginAccount, args: DelegateSetArgs) -> Instruction {
    let accounts = accounts::DelegateSet { owner: account.owner, margin_account: address::of_margin_account(account) };
    build(accounts, instruction::DelegateSet { args })
}

/// Changes the margin mode of `account`; its owner signs. Errors: `Build`.
pub fn mode_set(directory: &Directory, account: &MarginAccount, mode: u8) -> Result<Instruction, LedgerError> {
    let accounts = accounts::ModeSet {
        owner: account.owner,
        clearinghouse: directory.address,
        margin_account: address::of_margin_account(account),
    };
    let after = MarginAccount { mode, ..*account };
    let markets = MarketSet::of(directory, &[&after])?.metas(directory, Written::Nothing)?;
    Ok(build_with(accounts, instruction::ModeSet { args: ModeSetArgs { mode } }, markets))
}

/// Evaluates an account on chain: returns its balances, emits a margin call below initial margin. Errors: `Build`.
pub fn margin_check(directory: &Directory, account: &MarginAccount) -> Result<Instruction, LedgerError> {
    let accounts =
        accounts::MarginCheck { clearinghouse: directory.address, margin_account: address::of_margin_account(account) };
    let markets = MarketSet::of(directory, &[account])?.metas(directory, Written::Nothing)?;
    Ok(build_with(accounts, instruction::MarginCheck {}, markets))
}
