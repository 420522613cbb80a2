//! Lists a collateral.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll_core::parameters::in_range;

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::arguments;
use crate::constants::{seeds, COLLATERAL_DECIMALS_MAX, INDEX_NONE, LAYOUT_VERSION};
use crate::error::{ensure, parameter_refused, refuse, refused, PlimsollError, Result};
use crate::events::CollateralCreated;
use crate::loaders::{read, same_key, write_clearinghouse};
use crate::log::call_event;
use crate::state::{Clearinghouse, Collateral};
use crate::tokens::{mint_decimals, vault_create, NewVault};

/// Longest ramp, seconds.
pub const RAMP_SECONDS_MAX: u32 = 365 * 86_400;
/// Shortest ramp, seconds: no listing counts in full at once.
pub const RAMP_SECONDS_MIN: u32 = 3_600;
/// Largest weight, ppm.
pub const CROSS_FACTOR_MAX: u32 = 950_000;

/// Largest cap: token atoms.
pub const CAP_MAX: i64 = i64::MAX - 1;

arguments! {
    /// Arguments of `collateral_create`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CollateralCreateArgs {
        /// Index it takes: the clearinghouse's next one.
        pub index: u16,
        /// Index of the underlying that prices it; `u16::MAX`: one whole token is 1 USD.
        pub priced_by: u16,
        /// Weight at the end of the ramp, ppm, at most 950,000.
        pub cross_factor: u32,
        /// Time from weight zero to the full one, seconds: one hour to one year.
        pub ramp_seconds: u32,
        /// Most tokens held: atoms of the mint, > 0, at most `i64::MAX`.
        pub cap: u64,
    }
}

account_list! {
    /// Accounts of `collateral_create`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct CollateralCreate<'info> {
        /// Authority of the clearinghouse.
        pub authority: Signer<'info>,
        /// Pays the rent.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// The risk domain: hands out the index.
        #[account(mut)]
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// CHECK: created here at `collateral`, clearinghouse, mint.
        #[account(mut)]
        pub collateral: UncheckedAccount<'info>,
        /// CHECK: a classic SPL Token mint other than the quote mint, checked in `validate`.
        pub mint: UncheckedAccount<'info>,
        /// CHECK: created here at `vault`, clearinghouse, mint.
        #[account(mut)]
        pub vault: UncheckedAccount<'info>,
        /// SPL Token.
        pub token_program: Program<'info, Token>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> CollateralCreate<'info> {
    /// - authority: signs; is the clearinghouse's.
    /// - payer: signs; pays.
    /// - clearinghouse: by type.
    /// - collateral, vault: `create` compares each with its derived address and refuses one in use.
    /// - mint: classic SPL Token, at most twelve decimals, not the quote mint.
    /// - token_program, system_program: by id (account list).
    fn validate(&self, args: &CollateralCreateArgs) -> Result<u8> {
        let clearinghouse = read(&self.clearinghouse)?;
        same_key(self.authority.key, &clearinghouse.authority, PlimsollError::AuthorityMismatch)?;
        let (next, underlyings) = (clearinghouse.next_collateral, clearinghouse.next_underlying);
        if args.index != next || next == INDEX_NONE {
            return Err(refuse(PlimsollError::IndexNotNext, args.index.into(), next.into()));
        }
        if args.priced_by != INDEX_NONE && args.priced_by >= underlyings {
            return Err(refuse(PlimsollError::CollateralPriceUnknown, args.priced_by.into(), underlyings.into()));
        }
        ensure(*self.mint.key != clearinghouse.quote_mint, PlimsollError::CollateralIsQuote)?;
        let decimals = mint_decimals(&self.mint)?;
        if decimals > COLLATERAL_DECIMALS_MAX {
            return Err(refuse(PlimsollError::MintDecimals, decimals.into(), COLLATERAL_DECIMALS_MAX.into()));
        }
        args.validate()?;
        Ok(decimals)
    }

    /// Specification:
    /// - Only the authority lists a collateral.
    /// - It takes the next index; any other is refused, and no index is handed out twice.
    /// - A Token-2022 mint is refused by name; the quote mint and more than twelve decimals are refused.
    /// - An underlying that does not exist cannot price it.
    /// - Weight, ramp and cap outside their hard ranges are refused.
    /// - Its weight is zero at listing and rises linearly over the ramp.
    pub fn handler(ctx: Context<'info, Self>, args: CollateralCreateArgs) -> Result<()> {
        let decimals = ctx.accounts.validate(&args)?;
        ctx.accounts.initialise_collateral(&args, decimals)?;
        ctx.accounts.count()?;
        let event = CollateralCreated {
            clearinghouse: ctx.accounts.clearinghouse.key(),
            collateral: ctx.accounts.collateral.key(),
            mint: ctx.accounts.mint.key(),
            cap: args.cap,
            cross_factor: args.cross_factor,
            ramp_seconds: args.ramp_seconds,
            index: args.index,
            priced_by: args.priced_by,
        };
        call_event(&ctx.accounts.event_authority, &event)
    }

    #[inline(never)]
    fn initialise_collateral(&self, args: &CollateralCreateArgs, decimals: u8) -> Result<()> {
        let clearinghouse = self.clearinghouse.key();
        let payer = self.payer.as_ref();
        let bump = create(&NewAccount {
            account: &self.collateral,
            payer,
            seeds: &[seeds::COLLATERAL, clearinghouse.as_ref(), self.mint.key.as_ref()],
            space: space_of::<Collateral>(),
            owner: crate::ID,
        })?;
        let vault_bump = vault_create(&NewVault { vault: &self.vault, mint: &self.mint, payer, clearinghouse })?;
        let now = Clock::get()?.unix_timestamp;
        initialise::<Collateral>(&self.collateral, |collateral| {
            collateral.clearinghouse = clearinghouse;
            collateral.mint = self.mint.key();
            collateral.vault = self.vault.key();
            collateral.cap = args.cap;
            collateral.ramp_start = now;
            collateral.ramp_seconds = args.ramp_seconds;
            collateral.cross_factor = args.cross_factor;
            collateral.index = args.index;
            collateral.priced_by = args.priced_by;
            collateral.decimals = decimals;
            collateral.version = LAYOUT_VERSION;
            collateral.bump = bump;
            collateral.vault_bump = vault_bump;
        })
    }

    fn count(&self) -> Result<()> {
        let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
        let next = clearinghouse.next_collateral.checked_add(1).ok_or_else(|| refused(PlimsollError::Overflow))?;
        clearinghouse.next_collateral = next;
        Ok(())
    }
}

impl CollateralCreateArgs {
    /// Hard ranges of weight, ramp and cap.
    fn validate(&self) -> Result<()> {
        let cap = i64::try_from(self.cap).unwrap_or(i64::MAX);
        in_range("cross_factor", self.cross_factor, 0, CROSS_FACTOR_MAX)
            .and_then(|()| in_range("ramp_seconds", self.ramp_seconds, RAMP_SECONDS_MIN, RAMP_SECONDS_MAX))
            .and_then(|()| in_range("cap", cap, 1, CAP_MAX))
            .map_err(parameter_refused)
    }
}
