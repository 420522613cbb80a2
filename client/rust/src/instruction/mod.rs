//! One builder per instruction: typed values in, an instruction out. Account lists are written here and nowhere else.
//!
//! A builder takes decoded accounts, derives every address from them and adds the market set where margin is
//! evaluated. It checks nothing that the program checks.

mod account;
mod auction;
mod cash;
mod insurance;
mod listing;
mod rows;
mod settlement;
mod trade;

pub use account::*;
pub use auction::*;
pub use cash::*;
pub use insurance::*;
pub use listing::*;
pub use rows::*;
pub use settlement::*;
pub use trade::*;

use anchor_lang::{InstructionData, ToAccountMetas};
use solana_program::instruction::{AccountMeta, Instruction};

/// The instruction with `accounts` in the program's order.
fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction { program_id: plimsoll::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// The same with remaining accounts after them.
fn build_with(accounts: impl ToAccountMetas, data: impl InstructionData, remaining: Vec<AccountMeta>) -> Instruction {
    let mut instruction = build(accounts, data);
    instruction.accounts.extend(remaining);
    instruction
}

/// Marks the account `address` of `instruction` writable.
fn make_writable(instruction: &mut Instruction, address: &solana_program::pubkey::Pubkey) {
    for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == *address) {
        meta.is_writable = true;
    }
}
