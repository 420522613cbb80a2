//! Who acts for a margin account: its owner, or a delegate within its terms.

use anchor_lang::prelude::*;
use plimsoll_core::delegate::DelegateAction;
use plimsoll_core::units::Quote;

use crate::error::{refuse, refused, PlimsollError, Result};
use crate::refusals::delegate_refused;
use crate::state::{DelegateTerms, MarginAccount};

/// In which role a signer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acting {
    /// As the owner.
    Owner,
    /// As the delegate: every act passes [`spend`].
    Delegate,
}

/// The role of `signer` for `account`. Errors: `SignerNotAuthorised`.
pub fn acting(account: &MarginAccount, signer: &Pubkey) -> Result<Acting> {
    if account.owner == *signer {
        Ok(Acting::Owner)
    } else if account.delegate.key == *signer && account.delegate.key != Pubkey::default() {
        Ok(Acting::Delegate)
    } else {
        Err(refused(PlimsollError::SignerNotAuthorised))
    }
}

/// Charges `cost` (quote atoms) of `action` to a delegate's window; an owner spends freely.
///
/// Errors: `DelegateExpired`, `DelegateActionForbidden`, `DelegateBudget`.
pub fn spend(account: &mut MarginAccount, acting: Acting, action: DelegateAction, cost: Quote, now: i64) -> Result<()> {
    if acting == Acting::Delegate {
        let terms = account.delegate.terms.rules().spend(action, cost, now).map_err(delegate_refused)?;
        account.delegate.terms = DelegateTerms::from_rules(&terms);
    }
    Ok(())
}

/// Whether what was signed for `sequence` of the account still holds. Errors: `SequenceMismatch`.
pub fn sequence_check(account: &MarginAccount, signed: u64) -> Result<()> {
    same_sequence(account.sequence, signed)
}

/// Whether what was signed for the auction after `sequence` others still holds. Errors: `SequenceMismatch`.
pub fn auction_sequence_check(account: &MarginAccount, signed: u64) -> Result<()> {
    same_sequence(account.auction_sequence(), signed)
}

fn same_sequence(current: u64, signed: u64) -> Result<()> {
    if current == signed {
        return Ok(());
    }
    let number = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
    Err(refuse(PlimsollError::SequenceMismatch, number(current), number(signed)))
}

/// Whether what was signed is still valid. Errors: `InstructionExpired`.
pub fn validity_check(now: i64, valid_until: i64) -> Result<()> {
    if now <= valid_until {
        return Ok(());
    }
    Err(refuse(PlimsollError::InstructionExpired, now, valid_until))
}
