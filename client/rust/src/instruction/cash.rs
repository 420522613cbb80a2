//! Quote tokens and collateral in and out, and debt.

use anchor_spl::token;
use plimsoll::state::MarginAccount;
use plimsoll::{
    accounts, instruction, CollateralDepositArgs, CollateralSaleArgs, CollateralWithdrawArgs, DepositArgs, WithdrawArgs,
};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::{build, build_with, make_writable};
use crate::address;
use crate::directory::Directory;
use crate::error::LedgerError;
use crate::markets::{MarketSet, Written};

/// Pays `amount` quote atoms from `source` into the margin account at `margin_account`; `depositor` signs.
pub fn deposit(
    directory: &Directory,
    margin_account: &Pubkey,
    depositor: &Pubkey,
    source: &Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = accounts::Deposit {
        depositor: *depositor,
        clearinghouse: directory.address,
        margin_account: *margin_account,
        outflow: directory.clearinghouse.outflow,
        vault: directory.clearinghouse.vault,
        source: *source,
        token_program: token::ID,
    };
    build(accounts, instruction::Deposit { args: DepositArgs { amount } })
}

/// Takes `amount` quote atoms out to `destination`; the owner signs. Errors: `Build`.
///
/// The clearinghouse is writable only while `directory` shows a deficit.
pub fn withdraw(
    directory: &Directory,
    account: &MarginAccount,
    destination: &Pubkey,
    amount: u64,
) -> Result<Instruction, LedgerError> {
    let accounts = accounts::Withdraw {
        owner: account.owner,
        clearinghouse: directory.address,
        margin_account: address::of_margin_account(account),
        outflow: directory.clearinghouse.outflow,
        vault: directory.clearinghouse.vault,
        destination: *destination,
        token_program: token::ID,
    };
    let markets = MarketSet::of(directory, valued(&account))?.metas(directory, Written::Nothing)?;
    let mut instruction = build_with(accounts, instruction::Withdraw { args: WithdrawArgs { amount } }, markets);
    if directory.clearinghouse.deficit > 0 {
        make_writable(&mut instruction, &directory.address);
    }
    Ok(instruction)
}

/// Pays `amount` atoms of collateral number `collateral` from `source` into the margin account at `margin_account`;
/// `depositor` signs. Errors: `Build`.
pub fn collateral_deposit(
    directory: &Directory,
    margin_account: &Pubkey,
    (depositor, source): (&Pubkey, &Pubkey),
    collateral: u16,
    amount: u64,
) -> Result<Instruction, LedgerError> {
    let listed = directory.collateral(collateral)?;
    let accounts = accounts::CollateralDeposit {
        depositor: *depositor,
        clearinghouse: directory.address,
        margin_account: *margin_account,
        collateral: address::collateral(&directory.address, &listed.mint),
        vault: listed.vault,
        source: *source,
        token_program: token::ID,
    };
    Ok(build(accounts, instruction::CollateralDeposit { args: CollateralDepositArgs { amount } }))
}

/// Takes `amount` atoms of collateral number `collateral` out to `destination`; the owner signs. Errors: `Build`.
///
/// The market set is that of the account after the withdrawal: a kind taken out whole is no longer part of it.
pub fn collateral_withdraw(
    directory: &Directory,
    account: &MarginAccount,
    destination: &Pubkey,
    collateral: u16,
    amount: u64,
) -> Result<Instruction, LedgerError> {
    let listed = directory.collateral(collateral)?;
    let accounts = accounts::CollateralWithdraw {
        owner: account.owner,
        clearinghouse: directory.address,
        margin_account: address::of_margin_account(account),
        collateral: address::collateral(&directory.address, &listed.mint),
        vault: listed.vault,
        destination: *destination,
        token_program: token::ID,
    };
    let mut after = *account;
    if let Some(slot) = after.collaterals.iter_mut().find(|slot| slot.amount > 0 && slot.index == collateral) {
        slot.amount = slot.amount.saturating_sub(amount);
    }
    let markets = MarketSet::of(directory, valued(&&after))?.metas(directory, Written::Nothing)?;
    let data = instruction::CollateralWithdraw { args: CollateralWithdrawArgs { amount } };
    Ok(build_with(accounts, data, markets))
}

/// The accounts that a payment out of `account` values: none without positions, so that it needs no price.
fn valued<'a, 'b>(account: &'a &'b MarginAccount) -> &'a [&'b MarginAccount] {
    if account.position_count > 0 {
        std::slice::from_ref(account)
    } else {
        &[]
    }
}

/// Moves the interest that `account` owes to the insurance fund.
pub fn debt_accrue(directory: &Directory, account: &MarginAccount) -> Instruction {
    let accounts = accounts::DebtAccrue {
        clearinghouse: directory.address,
        insurance: directory.clearinghouse.insurance,
        margin_account: address::of_margin_account(account),
    };
    build(accounts, instruction::DebtAccrue {})
}

/// Buys collateral of `account`, which is in debt, for the account `buyer`; `buyer_authority` signs. Errors: `Build`.
pub fn collateral_sale(
    directory: &Directory,
    account: &MarginAccount,
    buyer: &MarginAccount,
    buyer_authority: &Pubkey,
    args: CollateralSaleArgs,
) -> Result<Instruction, LedgerError> {
    let accounts = accounts::CollateralSale {
        buyer_authority: *buyer_authority,
        clearinghouse: directory.address,
        margin_account: address::of_margin_account(account),
        buyer: address::of_margin_account(buyer),
    };
    let markets = MarketSet::of(directory, &[account, buyer])?.with_collateral(directory, args.collateral)?;
    let markets = markets.metas(directory, Written::Nothing)?;
    Ok(build_with(accounts, instruction::CollateralSale { args }, markets))
}
