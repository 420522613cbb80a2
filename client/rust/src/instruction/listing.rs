//! Opening a clearinghouse and listing what it trades.

use anchor_spl::token;
use plimsoll::{
    accounts, instruction, ClearinghouseCreateArgs, CollateralCreateArgs, ExpiryCreateArgs, StrikeCreateArgs,
    UnderlyingCreateArgs,
};
use solana_program::{instruction::Instruction, pubkey::Pubkey};

use super::build;
use crate::address::{self, SYSTEM_PROGRAM};

/// Opens the clearinghouse `args.index` of `creator`, which signs and pays the rent.
pub fn clearinghouse_create(creator: &Pubkey, quote_mint: &Pubkey, args: ClearinghouseCreateArgs) -> Instruction {
    let clearinghouse = address::clearinghouse(creator, args.index);
    let accounts = accounts::ClearinghouseCreate {
        creator: *creator,
        clearinghouse,
        insurance: address::insurance(&clearinghouse),
        outflow: address::outflow(&clearinghouse),
        quote_mint: *quote_mint,
        vault: address::vault(&clearinghouse, quote_mint),
        token_program: token::ID,
        system_program: SYSTEM_PROGRAM,
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    build(accounts, instruction::ClearinghouseCreate { args })
}

/// Lists underlying `args.index`; `authority` and `payer` sign.
pub fn underlying_create(
    clearinghouse: &Pubkey,
    authority: &Pubkey,
    payer: &Pubkey,
    args: UnderlyingCreateArgs,
) -> Instruction {
    let underlying = address::underlying(clearinghouse, args.index);
    let accounts = accounts::UnderlyingCreate {
        authority: *authority,
        payer: *payer,
        clearinghouse: *clearinghouse,
        underlying,
        oracle: address::oracle(&underlying),
        system_program: SYSTEM_PROGRAM,
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    build(accounts, instruction::UnderlyingCreate { args })
}

/// Lists collateral `args.index` of `mint`; `authority` and `payer` sign.
pub fn collateral_create(
    clearinghouse: &Pubkey,
    authority: &Pubkey,
    payer: &Pubkey,
    mint: &Pubkey,
    args: CollateralCreateArgs,
) -> Instruction {
    let accounts = accounts::CollateralCreate {
        authority: *authority,
        payer: *payer,
        clearinghouse: *clearinghouse,
        collateral: address::collateral(clearinghouse, mint),
        mint: *mint,
        vault: address::vault(clearinghouse, mint),
        token_program: token::ID,
        system_program: SYSTEM_PROGRAM,
        event_authority: address::event_authority(),
        program: plimsoll::ID,
    };
    build(accounts, instruction::CollateralCreate { args })
}

/// Lists the expiry at `expiry`, unix seconds, of `underlying`; `payer` signs and pays the rent.
pub fn expiry_create(underlying: &Pubkey, payer: &Pubkey, expiry: i64) -> Instruction {
    let accounts = accounts::ExpiryCreate {
        payer: *payer,
        underlying: *underlying,
        expiry: address::expiry(underlying, expiry),
        system_program: SYSTEM_PROGRAM,
    };
    build(accounts, instruction::ExpiryCreate { args: ExpiryCreateArgs { expiry } })
}

/// Lists the strike `price`, quote atoms per whole underlying, of the expiry at `expiry`.
pub fn strike_create(underlying: &Pubkey, expiry: i64, price: i64) -> Instruction {
    strike(underlying, expiry, StrikeCreateArgs { price, replaces: None })
}

/// [`strike_create`] in a full expiry, in the place of strike `id`, which has no open interest.
pub fn strike_replace(underlying: &Pubkey, expiry: i64, (id, price): (u8, i64)) -> Instruction {
    strike(underlying, expiry, StrikeCreateArgs { price, replaces: Some(id) })
}

fn strike(underlying: &Pubkey, expiry: i64, args: StrikeCreateArgs) -> Instruction {
    let accounts = accounts::StrikeCreate {
        underlying: *underlying,
        oracle: address::oracle(underlying),
        expiry: address::expiry(underlying, expiry),
    };
    build(accounts, instruction::StrikeCreate { args })
}

/// Measures how `underlying` moves with `peer`, one of those it was listed with.
pub fn correlation_sample(underlying: &Pubkey, peer: &Pubkey) -> Instruction {
    let accounts = accounts::CorrelationSample {
        underlying: *underlying,
        oracle: address::oracle(underlying),
        peer: *peer,
        peer_oracle: address::oracle(peer),
    };
    build(accounts, instruction::CorrelationSample {})
}

/// Accepts the price posted in `price_update`.
pub fn oracle_accept(underlying: &Pubkey, price_update: &Pubkey) -> Instruction {
    let accounts = accounts::OracleAccept {
        underlying: *underlying,
        oracle: address::oracle(underlying),
        price_update: *price_update,
    };
    build(accounts, instruction::OracleAccept {})
}
