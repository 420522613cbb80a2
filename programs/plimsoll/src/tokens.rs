//! Classic SPL Token: accounts and mints read at fixed offsets, transfers credited by the vault's measured change.

use anchor_lang::prelude::*;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::program::{invoke, invoke_signed};
use anchor_spl::token::spl_token;

use crate::addresses::{call_of, create, NewAccount};
use crate::constants::{seeds, TOKEN_2022_ID};
use crate::error::{ensure, refuse, refused, PlimsollError, Result};
use crate::loaders::same_key;
use crate::state::Clearinghouse;

/// Bytes of a token account.
const TOKEN_ACCOUNT_LEN: usize = 165;
/// Bytes of a mint.
const MINT_LEN: usize = 82;
/// Token account state byte: initialised.
const STATE_INITIALISED: u8 = 1;
/// Token account state byte: frozen.
const STATE_FROZEN: u8 = 2;

/// SPL Token instruction tag: transfer of an amount.
const TAG_TRANSFER: u8 = 3;
/// SPL Token instruction tag: initialisation of a token account whose owner stands in the data.
const TAG_INITIALIZE_ACCOUNT_3: u8 = 18;

/// What the program reads of a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its mint.
    pub mint: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its balance, atoms of the mint.
    pub amount: u64,
    /// Whether the mint's freeze authority froze it.
    pub frozen: bool,
}

/// Refuses Token-2022 by name, then anything that is not classic SPL Token.
fn classic_owner(info: &AccountInfo) -> Result<()> {
    same_key_not(info.owner, &TOKEN_2022_ID)?;
    same_key(info.owner, &spl_token::ID, PlimsollError::NotTokenAccount)
}

fn same_key_not(found: &Pubkey, unwanted: &Pubkey) -> Result<()> {
    if found == unwanted {
        Err(refused(PlimsollError::Token2022Refused))
    } else {
        Ok(())
    }
}

fn key_at(data: &[u8], offset: usize) -> Result<Pubkey> {
    let bytes = data.get(offset..).and_then(|rest| rest.first_chunk::<32>());
    bytes.map(|key| Pubkey::new_from_array(*key)).ok_or_else(|| refused(PlimsollError::NotTokenAccount))
}

/// Reads a token account. Layout: mint 0, owner 32, amount 64, state 108.
///
/// Errors: `Token2022Refused`, `NotTokenAccount`.
pub fn token_account(info: &AccountInfo) -> Result<TokenView> {
    classic_owner(info)?;
    let data = info.try_borrow_data()?;
    let amount = data
        .get(64..)
        .and_then(|rest| rest.first_chunk::<8>())
        .ok_or_else(|| refused(PlimsollError::NotTokenAccount))?;
    let state = data.get(108).copied().unwrap_or(0);
    let known = data.len() == TOKEN_ACCOUNT_LEN && (state == STATE_INITIALISED || state == STATE_FROZEN);
    ensure(known, PlimsollError::NotTokenAccount)?;
    Ok(TokenView {
        mint: key_at(&data, 0)?,
        owner: key_at(&data, 32)?,
        amount: u64::from_le_bytes(*amount),
        frozen: state == STATE_FROZEN,
    })
}

/// Reads the decimals of a mint. Layout: decimals 44, initialised 45.
///
/// Errors: `Token2022Refused`, `NotTokenAccount`.
pub fn mint_decimals(info: &AccountInfo) -> Result<u8> {
    classic_owner(info)?;
    let data = info.try_borrow_data()?;
    match (data.len(), data.get(44), data.get(45)) {
        (MINT_LEN, Some(decimals), Some(1)) => Ok(*decimals),
        _ => Err(refused(PlimsollError::NotTokenAccount)),
    }
}

/// Atoms as an amount. Errors: `Overflow` beyond `i64`.
pub fn amount_of(atoms: u64) -> Result<i64> {
    i64::try_from(atoms).map_err(|_| refused(PlimsollError::Overflow))
}

/// The token program's transfer between (source, destination, authority).
fn transfer_call([source, destination, authority]: [&Pubkey; 3], amount: u64) -> Instruction {
    let metas = vec![
        AccountMeta::new(*source, false),
        AccountMeta::new(*destination, false),
        AccountMeta::new_readonly(*authority, true),
    ];
    call_of(spl_token::ID, metas, &[TAG_TRANSFER], &[&amount.to_le_bytes()])
}

/// A transfer between a user's token account and a vault of the clearinghouse.
pub struct Transfer<'a, 'info> {
    /// The user's token account.
    pub user: &'a AccountInfo<'info>,
    /// The clearinghouse's vault of the mint.
    pub vault: &'a AccountInfo<'info>,
    /// Mint both hold.
    pub mint: Pubkey,
    /// Atoms of the mint, > 0.
    pub amount: u64,
}

impl<'info> Transfer<'_, 'info> {
    /// Checks both accounts: classic, of the mint, not frozen, not the same. Returns the vault's balance.
    ///
    /// Errors: `AmountZero`, `Token2022Refused`, `NotTokenAccount`, `TokenMintMismatch`, `TokenAccountFrozen`,
    /// `VaultAsUserAccount`.
    #[inline(never)]
    pub fn check(&self) -> Result<u64> {
        ensure(self.amount > 0, PlimsollError::AmountZero)?;
        ensure(*self.user.key != *self.vault.key, PlimsollError::VaultAsUserAccount)?;
        let user = token_account(self.user)?;
        let vault = token_account(self.vault)?;
        same_key(&user.mint, &self.mint, PlimsollError::TokenMintMismatch)?;
        same_key(&vault.mint, &self.mint, PlimsollError::TokenMintMismatch)?;
        ensure(!user.frozen && !vault.frozen, PlimsollError::TokenAccountFrozen)?;
        Ok(vault.amount)
    }

    /// Moves the amount into the vault. Returns the vault's balance before and after: the difference is what may
    /// be credited.
    ///
    /// `authority` signs for the user's account. Errors: those of [`Self::check`] and of the token program,
    /// `VaultDeltaMismatch`.
    #[inline(never)]
    pub fn pay_in(&self, authority: &AccountInfo<'info>) -> Result<VaultChange> {
        let before = self.check()?;
        let transfer = transfer_call([self.user.key, self.vault.key, authority.key], self.amount);
        invoke(&transfer, &[self.user.clone(), self.vault.clone(), authority.clone()])?;
        self.change(before, token_account(self.vault)?.amount)
    }

    /// Moves the amount out of the vault, signed by the clearinghouse. Returns the vault's balance before and after.
    ///
    /// Errors: those of [`Self::check`] and of the token program, `VaultShort`, `VaultDeltaMismatch`.
    #[inline(never)]
    pub fn pay_out(&self, clearinghouse: &AccountInfo<'info>, signer: &ClearinghouseSigner) -> Result<VaultChange> {
        let before = self.check()?;
        if before < self.amount {
            return Err(refuse(PlimsollError::VaultShort, amount_of(before)?, amount_of(self.amount)?));
        }
        let transfer = transfer_call([self.vault.key, self.user.key, clearinghouse.key], self.amount);
        let infos = [self.vault.clone(), self.user.clone(), clearinghouse.clone()];
        invoke_signed(&transfer, &infos, &[&signer.seeds()])?;
        self.change(before, token_account(self.vault)?.amount)
    }

    fn change(&self, before: u64, after: u64) -> Result<VaultChange> {
        let moved = after.abs_diff(before);
        if moved != self.amount {
            let (left, right) =
                (i64::try_from(moved).unwrap_or(i64::MAX), i64::try_from(self.amount).unwrap_or(i64::MAX));
            return Err(refuse(PlimsollError::VaultDeltaMismatch, left, right));
        }
        Ok(VaultChange { before, after })
    }
}

/// A vault's balance around a transfer, atoms of its mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultChange {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

impl VaultChange {
    /// What really moved, as an amount. Errors: `Overflow` beyond `i64`.
    pub fn moved(&self) -> Result<i64> {
        amount_of(self.after.abs_diff(self.before))
    }
}

/// What the clearinghouse signs for its vaults with, copied out of the account so that no borrow crosses a call.
#[derive(Clone, Copy)]
pub struct ClearinghouseSigner {
    creator: Pubkey,
    index: [u8; 2],
    bump: [u8; 1],
}

impl ClearinghouseSigner {
    /// The signer of `clearinghouse`.
    pub fn of(clearinghouse: &Clearinghouse) -> Self {
        Self { creator: clearinghouse.creator, index: clearinghouse.index.to_le_bytes(), bump: [clearinghouse.bump] }
    }

    fn seeds(&self) -> [&[u8]; 4] {
        [seeds::CLEARINGHOUSE, self.creator.as_ref(), &self.index, &self.bump]
    }
}

/// What [`vault_create`] takes.
pub struct NewVault<'a, 'info> {
    /// The token account to create.
    pub vault: &'a AccountInfo<'info>,
    /// Its mint, checked by the caller.
    pub mint: &'a AccountInfo<'info>,
    /// Who pays the rent.
    pub payer: &'a AccountInfo<'info>,
    /// Its owner.
    pub clearinghouse: Pubkey,
}

/// Creates the clearinghouse's token account of a mint and returns its bump.
///
/// Errors: those of [`create`] and of the token program.
#[inline(never)]
pub fn vault_create(new: &NewVault) -> Result<u8> {
    let bump = create(&NewAccount {
        account: new.vault,
        payer: new.payer,
        seeds: &[seeds::VAULT, new.clearinghouse.as_ref(), new.mint.key.as_ref()],
        space: TOKEN_ACCOUNT_LEN,
        owner: spl_token::ID,
    })?;
    let metas = vec![AccountMeta::new(*new.vault.key, false), AccountMeta::new_readonly(*new.mint.key, false)];
    let initialise = call_of(spl_token::ID, metas, &[TAG_INITIALIZE_ACCOUNT_3], &[new.clearinghouse.as_ref()]);
    invoke(&initialise, &[new.vault.clone(), new.mint.clone()])?;
    Ok(bump)
}
