//! Lists an expiry on the underlying's grid.

use anchor_lang::prelude::*;
use plimsoll_core::grid::check_expiry;
use plimsoll_core::settlement::SettlementState;

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::arguments;
use crate::constants::{seeds, LAYOUT_VERSION};
use crate::error::{grid_refused, Result};
use crate::events::ExpiryCreated;
use crate::loaders::read;
use crate::log::log_plain;
use crate::state::expiry::STATUS_LIVE;
use crate::state::{Expiry, SettlementData, Underlying};

arguments! {
    /// Arguments of `expiry_create`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ExpiryCreateArgs {
        /// Expiry time: unix seconds, on the grid.
        pub expiry: i64,
    }
}

account_list! {
    /// Accounts of `expiry_create`.
    #[derive(Accounts)]
    pub struct ExpiryCreate<'info> {
        /// Pays the rent and gets it back at the close.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// The underlying: its grid.
        pub underlying: AccountLoader<'info, Underlying>,
        /// CHECK: created here at `expiry`, underlying, expiry time.
        #[account(mut)]
        pub expiry: UncheckedAccount<'info>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> ExpiryCreate<'info> {
    /// - payer: signs; pays.
    /// - underlying: by type and version; the expiry's address derives from it.
    /// - expiry: `create` compares it with its derived address and refuses one in use.
    /// - system_program: by id (account list).
    fn validate(&self, args: &ExpiryCreateArgs, now: i64) -> Result<()> {
        let underlying = read(&self.underlying)?;
        check_expiry(args.expiry, now, underlying.grid.rules()).map_err(grid_refused)
    }

    /// Specification:
    /// - Anyone lists an expiry and pays its rent, which returns at the close.
    /// - A time off the grid, too near or too far is refused.
    /// - An expiry that exists is refused.
    /// - It starts live, without strikes, with its settlement window ending at its time.
    pub fn handler(ctx: Context<'info, Self>, args: ExpiryCreateArgs) -> Result<()> {
        ctx.accounts.validate(&args, Clock::get()?.unix_timestamp)?;
        ctx.accounts.initialise_expiry(&args)?;
        log_plain(&ExpiryCreated {
            underlying: ctx.accounts.underlying.key(),
            expiry_account: ctx.accounts.expiry.key(),
            expiry: args.expiry,
            rent_payer: ctx.accounts.payer.key(),
        });
        Ok(())
    }

    fn initialise_expiry(&self, args: &ExpiryCreateArgs) -> Result<()> {
        let parent = self.underlying.key();
        let bump = create(&NewAccount {
            account: &self.expiry,
            payer: self.payer.as_ref(),
            seeds: &[seeds::EXPIRY, parent.as_ref(), &args.expiry.to_le_bytes()],
            space: space_of::<Expiry>(),
            owner: crate::ID,
        })?;
        let underlying = read(&self.underlying)?;
        initialise::<Expiry>(&self.expiry, |expiry| {
            expiry.clearinghouse = underlying.clearinghouse;
            expiry.underlying = parent;
            expiry.rent_payer = self.payer.key();
            expiry.expiry = args.expiry;
            expiry.settlement = SettlementData::from_rules(&SettlementState::new(args.expiry));
            expiry.underlying_index = underlying.index;
            expiry.status = STATUS_LIVE;
            expiry.version = LAYOUT_VERSION;
            expiry.bump = bump;
        })
    }
}
