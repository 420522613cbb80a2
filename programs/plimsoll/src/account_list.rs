//! The checks of `#[derive(Accounts)]`, from one table per instruction instead of code per account.
//!
//! The derived code checks every field of every struct by itself, and writes the discriminator of every writable
//! account again at the end: a tenth of the program. The macro `account_list!` keeps the derive, which describes the
//! interface and serves the framework's dispatcher in builds for the host, and puts beside it what `entry` calls on
//! chain. Order, errors and account names in the log are the framework's.

use anchor_lang::error::{Error, ErrorCode};
use anchor_lang::prelude::*;
use anchor_lang::{Discriminator, Result, ZeroCopy};
use anchor_spl::token::Token;

use crate::report::described;
use crate::state::{
    Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, Outflow, Owner, RiskRows, Underlying,
};

/// What an account must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anything: the handler checks it.
    Nothing,
    /// A signer.
    Signature,
    /// The system program.
    System,
    /// SPL Token.
    Token,
    /// The authority of the program's own event calls.
    EventAuthority,
    /// An account of this program, of the type with this place in `DISCRIMINATORS`.
    State(u8),
}

impl Need {
    /// `other`, if there is one.
    pub const fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) => other,
            None => self,
        }
    }
}

/// One account of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the field: goes into the log with the error.
    pub name: &'static str,
    /// What it must be.
    pub need: Need,
    /// Must be writable.
    pub writable: bool,
}

/// A type of field in a struct of accounts.
pub trait Field<'info>: Sized {
    /// What [`check`] asks of the account.
    const NEED: Need;
    /// The field, of an account that [`check`] has checked.
    fn of(info: &'info AccountInfo<'info>) -> Self;
}

impl<'info> Field<'info> for UncheckedAccount<'info> {
    const NEED: Need = Need::Nothing;
    #[inline(always)]
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self::try_from(info)
    }
}

impl<'info> Field<'info> for Signer<'info> {
    const NEED: Need = Need::Signature;
    #[inline(always)]
    fn of(info: &'info AccountInfo<'info>) -> Self {
        // SAFETY: its only field is the account; the sizes are compared by the compiler, and what comes out with the
        // framework's own by a test. The account is checked; the framework's constructor checks again, with code for
        // every error of the framework.
        unsafe { core::mem::transmute::<&'info AccountInfo<'info>, Self>(info) }
    }
}

impl<'info> Field<'info> for Program<'info, System> {
    const NEED: Need = Need::System;
    #[inline(always)]
    fn of(info: &'info AccountInfo<'info>) -> Self {
        // SAFETY: as for the signer; beside the account stands a `PhantomData`, which has no size.
        unsafe { core::mem::transmute::<&'info AccountInfo<'info>, Self>(info) }
    }
}

impl<'info> Field<'info> for Program<'info, Token> {
    const NEED: Need = Need::Token;
    #[inline(always)]
    fn of(info: &'info AccountInfo<'info>) -> Self {
        // SAFETY: as for the system program.
        unsafe { core::mem::transmute::<&'info AccountInfo<'info>, Self>(info) }
    }
}

impl<'info, T: ZeroCopy + anchor_lang::Owner> Field<'info> for AccountLoader<'info, T> {
    const NEED: Need = Need::State(place_of(T::DISCRIMINATOR));
    #[inline(always)]
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self::new_unchecked(info)
    }
}

/// The discriminators of the accounts of this program.
const DISCRIMINATORS: [u64; 10] = [
    word(Clearinghouse::DISCRIMINATOR),
    word(Collateral::DISCRIMINATOR),
    word(Expiry::DISCRIMINATOR),
    word(InsuranceFund::DISCRIMINATOR),
    word(MarginAccount::DISCRIMINATOR),
    word(OracleState::DISCRIMINATOR),
    word(Outflow::DISCRIMINATOR),
    word(Owner::DISCRIMINATOR),
    word(RiskRows::DISCRIMINATOR),
    word(Underlying::DISCRIMINATOR),
];

/// A discriminator as a number.
pub const fn word(discriminator: &[u8]) -> u64 {
    assert!(discriminator.len() == 8);
    match discriminator.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

#[allow(clippy::as_conversions, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // Evaluated by the compiler.
const fn place_of(discriminator: &[u8]) -> u8 {
    let mut at = 0;
    while DISCRIMINATORS[at] != word(discriminator) {
        at += 1;
    }
    at as u8
}

/// Takes as many accounts as there are places and checks each against its own; the rest stays.
///
/// Errors: the framework's, with the name of the account.
#[inline(never)]
pub fn check<'info>(
    infos: &mut &'info [AccountInfo<'info>],
    places: &[Place],
) -> crate::error::Result<&'info [AccountInfo<'info>]> {
    for (at, place) in places.iter().enumerate() {
        let info = infos.get(at).ok_or_else(|| error(ErrorCode::AccountNotEnoughKeys));
        info.and_then(|info| need(info, place.need)).map_err(|refused| refused.with_account_name(place.name))?;
    }
    let (checked, rest) = infos.split_at_checked(places.len()).ok_or_else(|| error(ErrorCode::AccountNotEnoughKeys))?;
    for (info, place) in checked.iter().zip(places) {
        if place.writable && !info.is_writable {
            return Err(error(ErrorCode::ConstraintMut).with_account_name(place.name).into());
        }
        let authority = crate::EVENT_AUTHORITY_AND_BUMP.0;
        if place.need == Need::EventAuthority && *info.key != authority {
            let refused = error(ErrorCode::ConstraintAddress).with_account_name(place.name);
            return Err(refused.with_pubkeys((*info.key, authority)).into());
        }
    }
    *infos = rest;
    Ok(checked)
}

#[inline(always)]
fn need(info: &AccountInfo, need: Need) -> Result<()> {
    match need {
        Need::Nothing | Need::EventAuthority => Ok(()),
        Need::Signature if info.is_signer => Ok(()),
        Need::Signature => Err(error(ErrorCode::AccountNotSigner)),
        Need::System => program(info, System::id()),
        Need::Token => program(info, Token::id()),
        Need::State(at) => state(info, at),
    }
}

fn error(code: ErrorCode) -> Error {
    described(code).into()
}

fn program(info: &AccountInfo, id: Pubkey) -> Result<()> {
    if *info.key != id {
        return Err(error(ErrorCode::InvalidProgramId).with_pubkeys((*info.key, id)));
    }
    if !info.executable {
        return Err(error(ErrorCode::InvalidProgramExecutable));
    }
    Ok(())
}

fn state(info: &AccountInfo, at: u8) -> Result<()> {
    if *info.owner != crate::ID {
        return Err(error(ErrorCode::AccountOwnedByWrongProgram).with_pubkeys((*info.owner, crate::ID)));
    }
    let data = info.try_borrow_data()?;
    let found = data.first_chunk().ok_or_else(|| error(ErrorCode::AccountDiscriminatorNotFound))?;
    if DISCRIMINATORS.get(usize::from(at)) != Some(&u64::from_le_bytes(*found)) {
        return Err(error(ErrorCode::AccountDiscriminatorMismatch));
    }
    Ok(())
}

/// Declares a struct of accounts with its checks: see the module.
#[macro_export]
macro_rules! account_list {
    (
        $(#[doc = $doc:expr])*
        #[derive(Accounts)]
        pub struct $name:ident<'info> { $($(#[$($attribute:tt)*])* pub $field:ident: $type:ident<'info $(, $of:ident)?>,)+ }
    ) => {
        $(#[doc = $doc])*
        #[derive(Accounts)]
        pub struct $name<'info> { $($(#[$($attribute)*])* pub $field: $type<'info $(, $of)?>,)+ }

        $crate::account_list!(@checks $name { $($(#[$($attribute)*])* $field: $type<'info $(, $of)?>,)+ });
    };
    (
        $(#[doc = $doc:expr])*
        #[event_cpi]
        #[derive(Accounts)]
        pub struct $name:ident<'info> { $($(#[$($attribute:tt)*])* pub $field:ident: $type:ident<'info $(, $of:ident)?>,)+ }
    ) => {
        $(#[doc = $doc])*
        #[event_cpi]
        #[derive(Accounts)]
        pub struct $name<'info> { $($(#[$($attribute)*])* pub $field: $type<'info $(, $of)?>,)+ }

        $crate::account_list!(@checks $name {
            $($(#[$($attribute)*])* $field: $type<'info $(, $of)?>,)+
            #[event_authority] event_authority: UncheckedAccount<'info>,
            program: UncheckedAccount<'info>,
        });
    };
    (@checks $name:ident { $($(#[$($attribute:tt)*])* $field:ident: $type:ident<'info $(, $of:ident)?>,)+ }) => {
        impl<'info> $name<'info> {
            #[allow(dead_code)]
            const PLACES: &'static [$crate::account_list::Place] = &[$($crate::account_list::Place {
                name: stringify!($field),
                need: <$type<'info $(, $of)?> as $crate::account_list::Field>::NEED
                    $(.or($crate::account_list!(@need $($attribute)*)))*,
                writable: false $(|| $crate::account_list!(@writable $($attribute)*))*,
            },)+];

            /// The accounts, checked.
            #[allow(dead_code)] // Builds for the host have no `entry`.
            #[inline(always)]
            pub(crate) fn checked(infos: &mut &'info [AccountInfo<'info>]) -> $crate::error::Result<Self> {
                let [$($field),+] = $crate::account_list::check(infos, Self::PLACES)? else {
                    return Err(anchor_lang::error::ErrorCode::AccountNotEnoughKeys.into());
                };
                Ok(Self { $($field: $crate::account_list::Field::of($field)),+ })
            }
        }
    };
    (@need event_authority) => { Some($crate::account_list::Need::EventAuthority) };
    (@need $($other:tt)*) => { None };
    (@writable account(mut)) => { true };
    (@writable account($($other:tt)*)) => { compile_error!("`check` knows `account(mut)` alone: anything else would be dropped") };
    (@writable $($other:tt)*) => { false };
}
