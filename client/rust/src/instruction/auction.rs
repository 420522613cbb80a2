//! Liquidation auctions.

use plimsoll::state::MarginAccount;
use plimsoll::{accounts, instruction, AuctionBidArgs, AuctionStartArgs};
use solana_program::instruction::Instruction;

use super::{build_with, make_writable, Side};
use crate::address;
use crate::directory::Directory;
use crate::error::LedgerError;
use crate::markets::{MarketSet, Written};

/// Starts the auction of `account`; the owner of `starter` signs and `starter` receives the starter's share. Errors:
/// `Build`.
pub fn auction_start(
    directory: &Directory,
    account: &MarginAccount,
    starter: &MarginAccount,
    args: AuctionStartArgs,
) -> Result<Instruction, LedgerError> {
    let accounts = accounts::AuctionStart {
        starter: starter.owner,
        clearinghouse: directory.address,
        insurance: directory.clearinghouse.insurance,
        margin_account: address::of_margin_account(account),
        starter_account: address::of_margin_account(starter),
    };
    let markets = MarketSet::of(directory, &[account])?.metas(directory, Written::Nothing)?;
    Ok(build_with(accounts, instruction::AuctionStart { args }, markets))
}

/// Takes a fraction of `account`, which is in auction, into `bidder`'s account; the bidder's authority signs. Errors:
/// `Build`.
///
/// `deficit`: the book may be insolvent beyond what the insurance fund holds, so that the bid records a deficit; the
/// clearinghouse is then writable.
pub fn auction_bid(
    directory: &Directory,
    account: &MarginAccount,
    bidder: Side,
    deficit: bool,
    args: AuctionBidArgs,
) -> Result<Instruction, LedgerError> {
    let accounts = accounts::AuctionBid {
        bidder_authority: bidder.authority,
        clearinghouse: directory.address,
        insurance: directory.clearinghouse.insurance,
        margin_account: address::of_margin_account(account),
        owner_record: address::owner(&directory.address, &account.owner),
        bidder: address::of_margin_account(bidder.account),
        bidder_owner: address::owner(&directory.address, &bidder.account.owner),
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    let markets = MarketSet::of_transfer(directory, &[account, bidder.account])?.metas(directory, Written::All)?;
    let mut instruction = build_with(accounts, instruction::AuctionBid { args }, markets);
    if deficit {
        make_writable(&mut instruction, &directory.address);
    }
    Ok(instruction)
}

/// Ends the auction of `account`, which is healthy again. Errors: `Build`.
pub fn auction_end(directory: &Directory, account: &MarginAccount) -> Result<Instruction, LedgerError> {
    let accounts =
        accounts::AuctionEnd { clearinghouse: directory.address, margin_account: address::of_margin_account(account) };
    let markets = MarketSet::of(directory, &[account])?.metas(directory, Written::Nothing)?;
    Ok(build_with(accounts, instruction::AuctionEnd {}, markets))
}
