//! Opens a margin account.

use anchor_lang::prelude::*;
// The interface description asks every account type for its owner; our own `Owner` hides the trait of that name.
#[cfg(feature = "idl-build")]
use anchor_lang::Owner as _;

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::arguments;
use crate::constants::{seeds, INDEX_NONE, LAYOUT_VERSION, MAX_UNDERLYINGS};
use crate::error::{refuse, refused, PlimsollError, Result};
use crate::events::MarginAccountOpened;
use crate::loaders::{read, same_key, write};
use crate::log::log_event;
use crate::state::margin_account::{mode_check, STATUS_OPEN};
use crate::state::{Clearinghouse, MarginAccount, Owner};

arguments! {
    /// Arguments of `margin_account_open`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MarginAccountOpenArgs {
        /// Id it takes: the owner record's next one.
        pub id: u16,
        /// 1 isolated, 2 cross, 3 portfolio.
        pub mode: u8,
    }
}

account_list! {
    /// Accounts of `margin_account_open`.
    #[derive(Accounts)]
    pub struct MarginAccountOpen<'info> {
        /// Pays the rent.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// Whose account it will be.
        pub owner: Signer<'info>,
        /// The risk domain.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// The owner's record: hands out the id.
        #[account(mut)]
        pub owner_record: AccountLoader<'info, Owner>,
        /// CHECK: created here at `margin`, clearinghouse, owner key, id.
        #[account(mut)]
        pub margin_account: UncheckedAccount<'info>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> MarginAccountOpen<'info> {
    /// - payer: signs; pays.
    /// - owner: signs; is the record's.
    /// - clearinghouse: by type and version.
    /// - owner_record: of this clearinghouse and owner.
    /// - margin_account: `create` compares it with its derived address and refuses one in use.
    /// - system_program: by id (account list).
    fn validate(&self, args: &MarginAccountOpenArgs) -> Result<()> {
        read(&self.clearinghouse)?;
        let record = read(&self.owner_record)?;
        same_key(&record.clearinghouse, &self.clearinghouse.key(), PlimsollError::ClearinghouseMismatch)?;
        same_key(&record.owner, self.owner.key, PlimsollError::OwnerMismatch)?;
        if record.bad_debt > 0 {
            return Err(refuse(PlimsollError::BadDebtOpen, record.bad_debt, 0));
        }
        if args.id != record.next_account || args.id == u16::MAX {
            return Err(refuse(PlimsollError::IndexNotNext, args.id.into(), record.next_account.into()));
        }
        mode_check(args.mode)
    }

    /// Specification:
    /// - Only the owner opens an account of its own.
    /// - It takes the next id; any other is refused, and no id is handed out twice, also after a close.
    /// - Modes other than isolated, cross and portfolio are refused.
    /// - While the owner has bad debt open, no account opens.
    pub fn handler(ctx: Context<'info, Self>, args: MarginAccountOpenArgs) -> Result<()> {
        ctx.accounts.validate(&args)?;
        ctx.accounts.initialise_account(&args)?;
        let mut record = write(&ctx.accounts.owner_record)?;
        record.next_account = args.id.checked_add(1).ok_or_else(|| refused(PlimsollError::Overflow))?;
        log_event(&MarginAccountOpened {
            margin_account: ctx.accounts.margin_account.key(),
            owner: ctx.accounts.owner.key(),
            id: args.id,
            mode: args.mode,
        });
        Ok(())
    }

    #[inline(never)]
    fn initialise_account(&self, args: &MarginAccountOpenArgs) -> Result<()> {
        let clearinghouse = self.clearinghouse.key();
        let owner = self.owner.key();
        let bump = create(&NewAccount {
            account: &self.margin_account,
            payer: self.payer.as_ref(),
            seeds: &[seeds::MARGIN, clearinghouse.as_ref(), owner.as_ref(), &args.id.to_le_bytes()],
            space: space_of::<MarginAccount>(),
            owner: crate::ID,
        })?;
        initialise::<MarginAccount>(&self.margin_account, |account| {
            account.clearinghouse = clearinghouse;
            account.owner = owner;
            account.underlyings = [INDEX_NONE; MAX_UNDERLYINGS];
            account.id = args.id;
            account.mode = args.mode;
            account.status = STATUS_OPEN;
            account.version = LAYOUT_VERSION;
            account.bump = bump;
        })
    }
}
