//! Lists an underlying.

use anchor_lang::prelude::*;
use plimsoll_core::grid::check_listing;
use plimsoll_core::units::{ContractSize, Price, Quantity};

use crate::account_list;
use crate::addresses::{create, initialise, space_of, NewAccount};
use crate::arguments;
use crate::constants::{seeds, INDEX_NONE, LAYOUT_VERSION, PRICE_RECEIVERS};
use crate::error::{ensure, grid_refused, parameter_refused, refuse, refused, PlimsollError, Result};
use crate::events::UnderlyingCreated;
use crate::loaders::{read, same_key, write_clearinghouse};
use crate::log::call_event;
use crate::state::{
    AuctionParameters, Clearinghouse, CrossParameters, GridParameters, LimitParameters, OracleParameters, OracleState,
    PortfolioParameters, ScanParameters, Underlying, VolatilityParameters,
};

arguments! {
    /// Arguments of `underlying_create`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct UnderlyingCreateArgs {
        /// Index it takes: the clearinghouse's next one.
        pub index: u16,
        /// 1: this underlying is the quote token itself, its price is the stable price; else 0.
        pub stable: u8,
        /// Price receiver program, one of `PRICE_RECEIVERS`.
        pub receiver_program: Pubkey,
        /// Price feed id.
        pub feed_id: [u8; 32],
        /// Billionths of the underlying per contract, > 0.
        pub contract_size: u64,
        /// Listing grid.
        pub grid: GridParameters,
        /// Price acceptance.
        pub oracle_parameters: OracleParameters,
        /// Volatility state.
        pub volatility: VolatilityParameters,
        /// Scan range and margin scale.
        pub scan: ScanParameters,
        /// Cross and isolated margin.
        pub cross: CrossParameters,
        /// Liquidation auction.
        pub auction: AuctionParameters,
        /// Position limits and price bands.
        pub limits: LimitParameters,
        /// Portfolio margin.
        pub portfolio: PortfolioParameters,
    }
}

account_list! {
    /// Accounts of `underlying_create`.
    #[event_cpi]
    #[derive(Accounts)]
    pub struct UnderlyingCreate<'info> {
        /// Authority of the clearinghouse.
        pub authority: Signer<'info>,
        /// Pays the rent.
        #[account(mut)]
        pub payer: Signer<'info>,
        /// The risk domain: hands out the index.
        #[account(mut)]
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// CHECK: created here at `underlying`, clearinghouse, index.
        #[account(mut)]
        pub underlying: UncheckedAccount<'info>,
        /// CHECK: created here at `oracle`, underlying.
        #[account(mut)]
        pub oracle: UncheckedAccount<'info>,
        /// System program.
        pub system_program: Program<'info, System>,
    }
}

impl<'info> UnderlyingCreate<'info> {
    /// - authority: signs; is the clearinghouse's.
    /// - payer: signs; pays.
    /// - clearinghouse: by type; every key and index here derives from it.
    /// - underlying, oracle: `create` compares each with its derived address and refuses one in use.
    /// - system_program: by id (account list).
    fn validate(&self, args: &UnderlyingCreateArgs) -> Result<()> {
        let clearinghouse = read(&self.clearinghouse)?;
        same_key(self.authority.key, &clearinghouse.authority, PlimsollError::AuthorityMismatch)?;
        let next = clearinghouse.next_underlying;
        if args.index != next || next == INDEX_NONE {
            return Err(refuse(PlimsollError::IndexNotNext, args.index.into(), next.into()));
        }
        ensure(args.stable <= 1, PlimsollError::OutOfDomain)?;
        let free = clearinghouse.stable_underlying == INDEX_NONE;
        ensure(args.stable == 0 || free, PlimsollError::StableExists)?;
        ensure(PRICE_RECEIVERS.contains(&args.receiver_program), PlimsollError::ReceiverUnknown)?;
        args.validate()?;
        args.portfolio.rules().validate_peers(args.index).map_err(parameter_refused)
    }

    /// Specification:
    /// - Only the authority lists an underlying.
    /// - It takes the next index; any other is refused, and no index is handed out twice.
    /// - A receiver program this program does not know is refused.
    /// - A parameter outside its hard range is refused with its value and the bound.
    /// - A scan range that could reach beyond the scenario grid is refused.
    /// - A peer of its correlation that was not listed before it, or that is named twice, is refused.
    /// - A listing whose highest price, contract size and largest quantity could leave the margin integers is
    ///   refused.
    /// - With `stable` = 1 the clearinghouse's stable price comes from it; a second such underlying is refused.
    /// - It starts without an accepted price.
    pub fn handler(ctx: Context<'info, Self>, args: UnderlyingCreateArgs) -> Result<()> {
        ctx.accounts.validate(&args)?;
        ctx.accounts.initialise_underlying(&args)?;
        ctx.accounts.initialise_oracle(&args)?;
        ctx.accounts.count(&args)?;
        let event = UnderlyingCreated {
            clearinghouse: ctx.accounts.clearinghouse.key(),
            underlying: ctx.accounts.underlying.key(),
            feed_id: args.feed_id,
            contract_size: args.contract_size,
            index: args.index,
            stable: args.stable,
        };
        call_event(&ctx.accounts.event_authority, &event)
    }

    #[inline(never)]
    fn initialise_underlying(&self, args: &UnderlyingCreateArgs) -> Result<()> {
        let clearinghouse = self.clearinghouse.key();
        let bump = create(&NewAccount {
            account: &self.underlying,
            payer: self.payer.as_ref(),
            seeds: &[seeds::UNDERLYING, clearinghouse.as_ref(), &args.index.to_le_bytes()],
            space: space_of::<Underlying>(),
            owner: crate::ID,
        })?;
        let now = Clock::get()?.unix_timestamp;
        initialise::<Underlying>(&self.underlying, |underlying| {
            underlying.clearinghouse = clearinghouse;
            underlying.oracle = self.oracle.key();
            underlying.receiver_program = args.receiver_program;
            underlying.feed_id = args.feed_id;
            underlying.contract_size = args.contract_size;
            underlying.created_at = now;
            underlying.grid = args.grid;
            underlying.oracle_parameters = args.oracle_parameters;
            underlying.volatility = args.volatility;
            underlying.scan = args.scan;
            underlying.cross = args.cross;
            underlying.auction = args.auction;
            underlying.limits = args.limits;
            underlying.portfolio = args.portfolio;
            underlying.index = args.index;
            underlying.version = LAYOUT_VERSION;
            underlying.bump = bump;
        })
    }

    #[inline(never)]
    fn initialise_oracle(&self, args: &UnderlyingCreateArgs) -> Result<()> {
        let underlying = self.underlying.key();
        let bump = create(&NewAccount {
            account: &self.oracle,
            payer: self.payer.as_ref(),
            seeds: &[seeds::ORACLE, underlying.as_ref()],
            space: space_of::<OracleState>(),
            owner: crate::ID,
        })?;
        initialise::<OracleState>(&self.oracle, |oracle| {
            oracle.underlying = underlying;
            oracle.index = args.index;
            oracle.version = LAYOUT_VERSION;
            oracle.bump = bump;
        })
    }

    fn count(&self, args: &UnderlyingCreateArgs) -> Result<()> {
        let mut clearinghouse = write_clearinghouse(&self.clearinghouse)?;
        let next = clearinghouse.next_underlying.checked_add(1).ok_or_else(|| refused(PlimsollError::Overflow))?;
        clearinghouse.next_underlying = next;
        if args.stable == 1 {
            clearinghouse.stable_underlying = args.index;
        }
        Ok(())
    }
}

impl UnderlyingCreateArgs {
    /// Hard ranges of every group, and the listing bound.
    #[inline(never)]
    fn validate(&self) -> Result<()> {
        self.grid.rules().validate().map_err(parameter_refused)?;
        self.oracle_parameters.rules().validate().map_err(parameter_refused)?;
        self.volatility.rules().validate().map_err(parameter_refused)?;
        self.scan.rules().validate().map_err(parameter_refused)?;
        self.cross.rules().validate().map_err(parameter_refused)?;
        self.auction.rules().validate().map_err(parameter_refused)?;
        self.limits.rules().validate().map_err(parameter_refused)?;
        self.portfolio.rules().validate().map_err(parameter_refused)?;
        self.portfolio.rules().validate_cap(self.scan.range_cap).map_err(parameter_refused)?;
        let quantity = i32::try_from(self.limits.max_quantity).map_err(|_| refused(PlimsollError::ListingBound))?;
        let price = Price(self.oracle_parameters.price_max);
        check_listing(price, ContractSize(self.contract_size), Quantity(quantity)).map_err(grid_refused)
    }
}
