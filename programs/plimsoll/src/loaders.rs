//! Reads and writes of this program's accounts: owner and discriminator (`account_list`), then layout version.
//!
//! An account of this program with the right discriminator was created at the address of its seeds and nowhere
//! else, so that matching its parent and its id identifies it without deriving the address again.

use std::cell::{Ref, RefMut};

use anchor_lang::prelude::*;
use anchor_lang::{Owner as ProgramOwner, ZeroCopy};

use crate::addresses::DISCRIMINATOR_LEN;
use crate::constants::LAYOUT_VERSION;
use crate::error::{ensure, refuse, refused, PlimsollError, Result};
use crate::state::{
    Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, Outflow, Owner, Underlying,
};

/// An account with a version byte.
pub trait Layout {
    /// The layout version it was written with.
    fn version(&self) -> u8;
}

macro_rules! layout {
    ($($name:ident),+ $(,)?) => {$(
        impl Layout for $name {
            fn version(&self) -> u8 {
                self.version
            }
        }
    )+};
}

layout!(Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, Outflow, Owner, Underlying);

/// The account for reading. Errors: `AccountBorrowed`, `AccountLayout`, `VersionUnknown`.
pub fn read<'a, T>(loader: &'a AccountLoader<'_, T>) -> Result<Ref<'a, T>>
where
    T: ZeroCopy + ProgramOwner + Layout,
{
    let account: Ref<'a, T> = known(loader.as_ref())?;
    version_check(account.version())?;
    Ok(account)
}

/// The account for writing. Errors: `AccountReadOnly`, `AccountBorrowed`, `AccountLayout`, `VersionUnknown`.
pub fn write<'a, T>(loader: &'a AccountLoader<'_, T>) -> Result<RefMut<'a, T>>
where
    T: ZeroCopy + ProgramOwner + Layout,
{
    let account: RefMut<'a, T> = known_mut(loader.as_ref())?;
    version_check(account.version())?;
    Ok(account)
}

/// The clearinghouse for writing. Errors: `ClearinghouseNotWritable` if it was passed read-only.
pub fn write_clearinghouse<'a>(loader: &'a AccountLoader<'_, Clearinghouse>) -> Result<RefMut<'a, Clearinghouse>> {
    ensure(loader.as_ref().is_writable, PlimsollError::ClearinghouseNotWritable)?;
    write(loader)
}

/// An account of this program for reading: owner, discriminator, size, layout version.
pub fn typed<'a, T: ZeroCopy + Layout>(info: &'a AccountInfo) -> Result<Ref<'a, T>> {
    let body = body(info, T::DISCRIMINATOR)?;
    let account = Ref::filter_map(body, |body| bytemuck::try_from_bytes::<T>(body).ok());
    let account = account.map_err(|_| refused(PlimsollError::AccountLayout))?;
    version_check(account.version())?;
    Ok(account)
}

/// An account for reading whose owner and discriminator were checked in this instruction already, by the account list or
/// by [`typed`].
pub fn known<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Result<Ref<'a, T>> {
    part(info, |data| bytemuck::try_from_bytes(data.get(DISCRIMINATOR_LEN..)?).ok())
}

/// The same for writing.
pub fn known_mut<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Result<RefMut<'a, T>> {
    ensure(info.is_writable, PlimsollError::AccountReadOnly)?;
    part_mut(info, |data| bytemuck::try_from_bytes_mut(data.get_mut(DISCRIMINATOR_LEN..)?).ok())
}

/// What `cast` finds in the data of an account, for reading. Errors: `AccountBorrowed`; `AccountLayout` if it finds
/// nothing.
#[inline(always)]
pub(crate) fn part<'a, T: ?Sized>(info: &'a AccountInfo, cast: impl FnOnce(&[u8]) -> Option<&T>) -> Result<Ref<'a, T>> {
    let data = info.data.try_borrow().map_err(|_| refused(PlimsollError::AccountBorrowed))?;
    Ref::filter_map(data, |data| cast(data)).map_err(|_| refused(PlimsollError::AccountLayout))
}

/// The same for writing.
#[inline(always)]
pub(crate) fn part_mut<'a, T: ?Sized>(
    info: &'a AccountInfo,
    cast: impl FnOnce(&mut [u8]) -> Option<&mut T>,
) -> Result<RefMut<'a, T>> {
    let data = info.data.try_borrow_mut().map_err(|_| refused(PlimsollError::AccountBorrowed))?;
    RefMut::filter_map(data, |data| cast(data)).map_err(|_| refused(PlimsollError::AccountLayout))
}

/// Whether `info` is an account of this program and of type `T`. No refusal is built for one that is not.
pub fn is_a<T: Discriminator>(info: &AccountInfo) -> bool {
    is_named(info, T::DISCRIMINATOR)
}

#[inline(never)]
fn is_named(info: &AccountInfo, discriminator: &[u8]) -> bool {
    *info.owner == crate::ID && info.data.try_borrow().is_ok_and(|data| data.starts_with(discriminator))
}

/// What stands behind the discriminator; the same code for every type.
#[inline(never)]
fn body<'a>(info: &'a AccountInfo, discriminator: &[u8]) -> Result<Ref<'a, [u8]>> {
    ensure(*info.owner == crate::ID, PlimsollError::AccountLayout)?;
    let data = info.data.try_borrow().map_err(|_| refused(PlimsollError::AccountBorrowed))?;
    let body = Ref::filter_map(data, |data| {
        let (found, body) = data.split_at_checked(DISCRIMINATOR_LEN)?;
        (found == discriminator).then_some(body)
    });
    body.map_err(|_| refused(PlimsollError::AccountLayout))
}

/// Errors: `VersionUnknown`.
pub fn version_check(found: u8) -> Result<()> {
    if found == LAYOUT_VERSION {
        Ok(())
    } else {
        Err(refuse(PlimsollError::VersionUnknown, i64::from(found), i64::from(LAYOUT_VERSION)))
    }
}

/// `Ok` if the two keys are the same, else `error`.
pub fn same_key(found: &Pubkey, wanted: &Pubkey, error: PlimsollError) -> Result<()> {
    if found == wanted {
        Ok(())
    } else {
        Err(refused(error))
    }
}

/// `Ok` if the two keys differ, else `AccountDuplicate`.
pub fn different_keys(one: &Pubkey, other: &Pubkey) -> Result<()> {
    if one == other {
        Err(refused(PlimsollError::AccountDuplicate))
    } else {
        Ok(())
    }
}
