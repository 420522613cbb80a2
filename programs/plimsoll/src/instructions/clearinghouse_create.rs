//! Opens a clearinghouse with its vault, insurance fund and outflow limiter.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::arguments;
use crate::constants::{seeds, INDEX_NONE, LAYOUT_VERSION, QUOTE_DECIMALS};
use crate::error::{parameter_refused, refuse, PlimsollError, Result};
use crate::events::ClearinghouseCreated;
use crate::log::call_event;
use crate::state::clearinghouse::STATUS_OPEN;
use crate::state::{Clearinghouse, ClearinghouseParameters, InsuranceFund, Outflow};
use crate::tokens::{mint_decimals, vault_create, NewVault};

arguments! {
    /// Arguments of `clearinghouse_create`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ClearinghouseCreateArgs {
        /// Index within the creator's clearinghouses: any that is unused.
        pub index: u16,
        /// Who lists underlyings and collateral; meant for a multisig.
        pub authority: Pubkey,
        /// Stored for governance: may tighten and pause, never loosen.
        pub guardian: Pubkey,
        /// Fees, debt, settlement and outflow rules.
        pub parameters: ClearinghouseParameters,
    }
}

account_list! {
    /// Accounts of `clearinghouse_create`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct ClearinghouseCreate<'info> {
        /// Creator: the address derives from its key; pays the rent.
        #[account(mut)]
        pub creator: Signer<'info>,
        /// CHECK: created here at `clearinghouse`, creator, index.
        #[account(mut)]
        pub clearinghouse: UncheckedAccount<'info>,
        /// CHECK: created here at `insurance`, clearinghouse.
        #[account(mut)]
        pub insurance: UncheckedAccount<'info>,
        /// CHECK: created here at `outflow`, clearinghouse.
        #[account(mut)]
        pub outflow: UncheckedAccount<'info>,
        /// CHECK: a classic SPL Token mint with six decimals, checked in `validate`.
        pub quote_mint: UncheckedAccount<'info>,
        /// CHECK: created here at `vault`, clearinghouse, mint.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

struct Bumps {
    clearinghouse: u8,
    insurance: u8,
    outflow: u8,
    vault: u8,
}

impl<'info> ClearinghouseCreate<'info> {
    /// - creator: signs; pays.
    /// - clearinghouse, insurance, outflow, vault: `create` compares each with its derived address and refuses one
    ///   in use.
    /// - quote_mint: classic SPL Token, six decimals.
    /// - token_program, system_program: by id (account list).
    fn validate(&self, args: &ClearinghouseCreateArgs) -> Result<()> {
        let decimals = mint_decimals(&self.quote_mint)?;
        if decimals != QUOTE_DECIMALS {
            return Err(refuse(PlimsollError::MintDecimals, decimals.into(), QUOTE_DECIMALS.into()));
        }
        args.parameters.rules().validate().map_err(parameter_refused)
    }

    /// Specification:
    /// - Anyone may open a clearinghouse; its address derives from the creator's key and the index, so nobody can
    ///   take another's.
    /// - An index in use is refused.
    /// - A Token-2022 mint is refused by name; a mint without exactly six decimals is refused.
    /// - A parameter outside its hard range is refused with its value and the bound.
    /// - An address that somebody funded beforehand still initialises.
    /// - It starts with no surplus, no deficit, an empty fund and no stable underlying.
    pub fn handler(ctx: Context<'info, Self>, args: ClearinghouseCreateArgs) -> Result<()> {
        ctx.accounts.validate(&args)?;
        let bumps = ctx.accounts.create_accounts(args.index)?;
        ctx.accounts.initialise_clearinghouse(&args, &bumps)?;
        ctx.accounts.initialise_funds(&bumps)?;
        let event = ClearinghouseCreated {
            clearinghouse: ctx.accounts.clearinghouse.key(),
            creator: ctx.accounts.creator.key(),
            authority: args.authority,
            quote_mint: ctx.accounts.quote_mint.key(),
            index: args.index,
        };
        call_event(&ctx.accounts.event_authority, &event)
    }

    #[inline(never)]
    fn create_accounts(&self, index: u16) -> Result<Bumps> {
        let key = self.clearinghouse.key();
        let creator = self.creator.key();
        Ok(Bumps {
            clearinghouse: self.create_one(
                &self.clearinghouse,
                &[seeds::CLEARINGHOUSE, creator.as_ref(), &index.to_le_bytes()],
                space_of::<Clearinghouse>(),
            )?,
            insurance: self.create_one(
                &self.insurance,
                &[seeds::INSURANCE, key.as_ref()],
                space_of::<InsuranceFund>(),
            )?,
            outflow: self.create_one(&self.outflow, &[seeds::OUTFLOW, key.as_ref()], space_of::<Outflow>())?,
            vault: vault_create(&NewVault {
                vault: &self.vault,
                mint: &self.quote_mint,
                payer: self.creator.as_ref(),
                clearinghouse: key,
            })?,
        })
    }

    fn create_one(&self, account: &AccountInfo<'info>, seeds: &[&[u8]], space: usize) -> Result<u8> {
        create(&NewAccount { account, payer: self.creator.as_ref(), seeds, space, owner: crate::ID })
    }

    #[inline(never)]
    fn initialise_clearinghouse(&self, args: &ClearinghouseCreateArgs, bumps: &Bumps) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        initialise::<Clearinghouse>(&self.clearinghouse, |clearinghouse| {
            clearinghouse.creator = self.creator.key();
            clearinghouse.quote_mint = self.quote_mint.key();
            clearinghouse.vault = self.vault.key();
            clearinghouse.insurance = self.insurance.key();
            clearinghouse.outflow = self.outflow.key();
            clearinghouse.authority = args.authority;
            clearinghouse.guardian = args.guardian;
            clearinghouse.parameters = args.parameters;
            clearinghouse.created_at = now;
            clearinghouse.index = args.index;
            clearinghouse.stable_underlying = INDEX_NONE;
            clearinghouse.version = LAYOUT_VERSION;
            clearinghouse.bump = bumps.clearinghouse;
            clearinghouse.vault_bump = bumps.vault;
            clearinghouse.status = STATUS_OPEN;
        })
    }

    fn initialise_funds(&self, bumps: &Bumps) -> Result<()> {
        initialise::<InsuranceFund>(&self.insurance, |fund| {
            fund.clearinghouse = self.clearinghouse.key();
            fund.version = LAYOUT_VERSION;
            fund.bump = bumps.insurance;
        })?;
        initialise::<Outflow>(&self.outflow, |outflow| {
            outflow.clearinghouse = self.clearinghouse.key();
            outflow.version = LAYOUT_VERSION;
            outflow.bump = bumps.outflow;
        })
    }
}
