//! Cleared trades.

use plimsoll::state::MarginAccount;
use plimsoll::{accounts, instruction, TradeClearArgs};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::build_with;
use crate::address;
use crate::directory::Directory;
use crate::error::LedgerError;
use crate::markets::{MarketSet, Written};

/// One side of a trade.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The margin account.
    pub account: &'a MarginAccount,
    /// Its owner or delegate; signs.
    pub authority: Pubkey,
}

impl<'a> Side<'a> {
    /// The side whose owner signs.
    pub fn of_owner(account: &'a MarginAccount) -> Self {
        Self { account, authority: account.owner }
    }
}

/// Clears the trade of `args` between `buyer` and `seller`; both authorities sign. Errors: `Build`.
pub fn trade_clear(
    directory: &Directory,
    buyer: Side,
    seller: Side,
    args: TradeClearArgs,
) -> Result<Instruction, LedgerError> {
    let accounts = accounts::TradeClear {
        buyer_authority: buyer.authority,
        seller_authority: seller.authority,
        clearinghouse: directory.address,
        buyer: address::of_margin_account(buyer.account),
        seller: address::of_margin_account(seller.account),
        buyer_owner: address::owner(&directory.address, &buyer.account.owner),
        seller_owner: address::owner(&directory.address, &seller.account.owner),
    };
    let markets = MarketSet::of(directory, &[buyer.account, seller.account])?
        .with_expiry(directory, args.underlying, args.expiry)?
        .metas(directory, Written::One(args.underlying, args.expiry))?;
    Ok(build_with(accounts, instruction::TradeClear { args }, markets))
}
