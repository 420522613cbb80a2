//! Creation of derived accounts.
//!
//! Written by hand instead of by a framework constraint because an address that somebody funded beforehand must
//! still initialise on every cluster: the missing rent is transferred, then the space is allocated and assigned.

use std::cell::RefMut;

use anchor_lang::error::ErrorCode;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::program::{invoke, invoke_signed};
use anchor_lang::ZeroCopy;

use crate::error::{ensure, refused, PlimsollError, Result};

/// Bytes of the discriminator in front of every account.
pub const DISCRIMINATOR_LEN: usize = 8;

/// Bytes of an account of layout `T`, discriminator included.
pub const fn space_of<T>() -> usize {
    DISCRIMINATOR_LEN.saturating_add(core::mem::size_of::<T>())
}

/// What [`create`] makes.
pub struct NewAccount<'a, 'info> {
    /// The account to create.
    pub account: &'a AccountInfo<'info>,
    /// Who pays the rent; signs.
    pub payer: &'a AccountInfo<'info>,
    /// Seeds of the address, without the bump.
    pub seeds: &'a [&'a [u8]],
    /// Bytes of the account.
    pub space: usize,
    /// Program that owns it.
    pub owner: Pubkey,
}

/// Creates the account at the canonical address of its seeds and returns the bump.
///
/// Errors: `AddressMismatch` if the account is not at that address, `AccountExists` if it is in use.
#[inline(never)]
pub fn create(new: &NewAccount) -> Result<u8> {
    let (address, bump) = Pubkey::find_program_address(new.seeds, &crate::ID);
    ensure(address == *new.account.key, PlimsollError::AddressMismatch)?;
    let unused = *new.account.owner == anchor_lang::system_program::ID && new.account.data_is_empty();
    ensure(unused, PlimsollError::AccountExists)?;

    let bump_seed = [bump];
    let mut seeds: Vec<&[u8]> = new.seeds.to_vec();
    seeds.push(&bump_seed);
    fund_and_assign(new, &[&seeds])?;
    Ok(bump)
}

fn fund_and_assign(new: &NewAccount, signer: &[&[&[u8]]]) -> Result<()> {
    let infos = [new.payer.clone(), new.account.clone()];
    let space = u64::try_from(new.space).map_err(|_| refused(PlimsollError::Overflow))?;
    let rent = rent_exempt_balance(&Rent::get()?, space)?;
    let (space, owner) = (space.to_le_bytes(), new.owner.as_ref());
    let held = new.account.lamports();
    if held == 0 {
        let create = system_call(SystemCall::Create, &infos, &[&rent.to_le_bytes(), &space, owner]);
        return invoke_signed(&create, &infos, signer).map_err(Into::into);
    }
    let missing = rent.saturating_sub(held);
    if missing > 0 {
        invoke(&system_call(SystemCall::Transfer, &infos, &[&missing.to_le_bytes()]), &infos)?;
    }
    invoke_signed(&system_call(SystemCall::Allocate, &infos, &[&space]), &infos, signer)?;
    invoke_signed(&system_call(SystemCall::Assign, &infos, &[owner]), &infos, signer).map_err(Into::into)
}

/// Moves `lamports` from `payer`, who signs, to `account`.
pub fn transfer<'info>(payer: &AccountInfo<'info>, account: &AccountInfo<'info>, lamports: u64) -> Result<()> {
    let infos = [payer.clone(), account.clone()];
    invoke(&system_call(SystemCall::Transfer, &infos, &[&lamports.to_le_bytes()]), &infos).map_err(Into::into)
}

/// Closes `account`: its lamports go to `receiver`, its bytes and owner away.
///
/// Errors: `ConstraintClose` for an account closed into itself; those of the runtime.
#[inline(never)]
pub fn close(account: &AccountInfo, receiver: &AccountInfo) -> Result<()> {
    if account.key == receiver.key {
        return Err(ErrorCode::ConstraintClose.into());
    }
    let sum = receiver.lamports().checked_add(account.lamports()).ok_or(ProgramError::ArithmeticOverflow)?;
    **receiver.try_borrow_mut_lamports()? = sum;
    **account.try_borrow_mut_lamports()? = 0;
    account.assign(&anchor_lang::system_program::ID);
    account.resize(0).map_err(Into::into)
}

/// Bytes that every account is charged for besides its own.
const ACCOUNT_OVERHEAD: u64 = 128;
/// Bits of a double's mantissa behind its point.
const MANTISSA_BITS: u32 = 52;
/// Exponent in a double's bits of a mantissa that is a whole number.
const EXPONENT_OF_WHOLE: u32 = 1075;

/// Lamports that exempt an account of `space` bytes from rent, rounded up: never fewer than the runtime asks for.
///
/// The runtime multiplies by a double. Its bits are read as integers because the machine has no floating point.
/// Errors: `Overflow`, also for a threshold that is not a positive number of ordinary size.
#[allow(deprecated)] // The fields have no other names before the next version of the sysvar.
pub fn rent_exempt_balance(rent: &Rent, space: u64) -> Result<u64> {
    let bits = rent.exemption_threshold.to_bits();
    let balance = || {
        let mantissa = u128::from(bits & ((1 << MANTISSA_BITS) - 1) | (1 << MANTISSA_BITS));
        let exponent = u32::try_from(bits >> MANTISSA_BITS).ok()?;
        let unit = 1u128.checked_shl(EXPONENT_OF_WHOLE.checked_sub(exponent)?)?;
        let yearly = space.checked_add(ACCOUNT_OVERHEAD)?.checked_mul(rent.lamports_per_byte_year)?;
        let product = u128::from(yearly).checked_mul(mantissa)?.checked_add(unit.checked_sub(1)?)?;
        u64::try_from(product.checked_div(unit)?).ok()
    };
    balance().ok_or_else(|| refused(PlimsollError::Overflow))
}

/// The system program's instructions used here, by their place in its instruction enumeration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SystemCall {
    Create,
    Assign,
    Transfer,
    Allocate,
}

/// A system instruction over (payer, account): tag, then `fields`.
fn system_call(call: SystemCall, [payer, account]: &[AccountInfo; 2], fields: &[&[u8]]) -> Instruction {
    let (tag, payer_signs, account_signs): (u32, bool, bool) = match call {
        SystemCall::Create => (0, true, true),
        SystemCall::Assign => (1, false, true),
        SystemCall::Transfer => (2, true, false),
        SystemCall::Allocate => (8, false, true),
    };
    let payer = AccountMeta::new(*payer.key, true);
    let account = AccountMeta::new(*account.key, account_signs);
    let metas = if payer_signs { vec![payer, account] } else { vec![account] };
    call_of(anchor_lang::system_program::ID, metas, &tag.to_le_bytes(), fields)
}

/// An instruction of another program: tag, then fields, little-endian. Written out because the libraries' encoders
/// are ten times the size of what is used of them.
#[inline(never)]
pub fn call_of(program_id: Pubkey, accounts: Vec<AccountMeta>, tag: &[u8], fields: &[&[u8]]) -> Instruction {
    let mut data = Vec::with_capacity(64);
    data.extend_from_slice(tag);
    for field in fields {
        data.extend_from_slice(field);
    }
    Instruction { program_id, accounts, data }
}

/// Calls this program with an event that `authority`, an address of its own with these seeds, signs.
///
/// Errors: those of the call.
#[inline(never)]
pub fn call_self(authority: &AccountInfo, seeds: &[&[u8]], event: &[u8]) -> Result<()> {
    let metas = vec![AccountMeta::new_readonly(*authority.key, true)];
    let call = call_of(crate::ID, metas, EVENT_IX_TAG_LE, &[event]);
    invoke_signed(&call, core::slice::from_ref(authority), &[seeds]).map_err(Into::into)
}

/// Writes the discriminator of `T` into a freshly created account and lets `fill` write its fields.
///
/// Errors: `AccountDiscriminatorAlreadySet`; `AccountDidNotDeserialize` for an account that is too small.
pub fn initialise<T: ZeroCopy>(account: &AccountInfo, fill: impl FnOnce(&mut T)) -> Result<()> {
    let mut body = named(account, T::DISCRIMINATOR, core::mem::size_of::<T>())?;
    fill(bytemuck::try_from_bytes_mut(&mut body).map_err(|_| ErrorCode::AccountDidNotDeserialize)?);
    Ok(())
}

/// Writes a discriminator and returns the `len` bytes behind it; the same code for every type.
#[inline(never)]
fn named<'a>(account: &'a AccountInfo, name: &[u8], len: usize) -> Result<RefMut<'a, [u8]>> {
    let data = account.try_borrow_mut_data()?;
    let mut written = false;
    let body = RefMut::filter_map(data, |data| {
        let (discriminator, body) = data.split_at_mut_checked(DISCRIMINATOR_LEN)?;
        written = discriminator != [0; DISCRIMINATOR_LEN];
        if written {
            return None;
        }
        discriminator.copy_from_slice(name);
        body.get_mut(..len)
    });
    let refused = if written { ErrorCode::AccountDiscriminatorAlreadySet } else { ErrorCode::AccountDidNotDeserialize };
    body.map_err(|_| refused.into())
}
