//! Registers a key in a clearinghouse.

use anchor_lang::prelude::*;
// The interface description asks every account type for its owner; our own `Owner` hides the trait of that name.
#[cfg(feature = "idl-build")]
use anchor_lang::Owner as _;

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::constants::{seeds, LAYOUT_VERSION};
use crate::error::Result;
use crate::events::OwnerCreated;
use crate::loaders::read;
use crate::log::log_plain;
use crate::state::{Clearinghouse, Owner};

account_list! {
    /// Accounts of `owner_create`.
    #[derive(Accounts)]
    pub struct OwnerCreate<'info> {
        /// Pays the rent.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// CHECK: the key to register: any; it gains nothing but an empty record.
        pub owner: UncheckedAccount<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// CHECK: created here at `owner`, clearinghouse, owner key.
        #[account(mut)]
        pub owner_record: UncheckedAccount<'info>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> OwnerCreate<'info> {
    /// - payer: signs; pays.
    /// - owner: needs no check, only its key is used.
    /// - clearinghouse: by type and version.
    /// - owner_record: `create` compares it with its derived address and refuses one in use.
    /// - system_program: by id (account list).
    fn validate(&self) -> Result<()> {
        read(&self.clearinghouse).map(|_| ())
    }

    /// Specification:
    /// - Anyone may pay for the record of any key, once per clearinghouse.
    /// - A record that exists is refused, so its bad debt and next id can never be reset.
    /// - It starts with id 0 next and no bad debt.
    pub fn handler(ctx: Context<'info, Self>) -> Result<()> {
        ctx.accounts.validate()?;
        let clearinghouse = ctx.accounts.clearinghouse.key();
        let owner = ctx.accounts.owner.key();
        let bump = create(&NewAccount {
            account: &ctx.accounts.owner_record,
            payer: ctx.accounts.payer.as_ref(),
            seeds: &[seeds::OWNER, clearinghouse.as_ref(), owner.as_ref()],
            space: space_of::<Owner>(),
            owner: crate::ID,
        })?;
        initialise::<Owner>(&ctx.accounts.owner_record, |record| {
            record.clearinghouse = clearinghouse;
            record.owner = owner;
            record.version = LAYOUT_VERSION;
            record.bump = bump;
        })?;
        log_plain(&OwnerCreated { clearinghouse, owner });
        Ok(())
    }
}
