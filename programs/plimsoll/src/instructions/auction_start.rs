//! Starts the liquidation auction of an account under maintenance. Remaining accounts: market set of the account.

use anchor_lang::prelude::*;
use plimsoll_core::invariants::{check_conserved, Touched};
use plimsoll_core::liquidation::{plan_start_fee, started, StartFee};
use plimsoll_core::oracle::Action;

use crate::account_list;
use crate::arguments;
use crate::auction::{clock, rules, settled_first, walks, worth, Worth};
use crate::authority::{auction_sequence_check, validity_check};
use crate::cash;
use crate::error::{ensure, not_conserved, refused, PlimsollError, Result};
use crate::events::AuctionStarted;
use crate::funds;
use crate::loaders::{different_keys, read, same_key, write};
use crate::log::log_event;
use crate::margin::Valuation;
use crate::markets::{Markets, Scope};
use crate::refusals::liquidation_refused;
use crate::state::margin_account::STATUS_AUCTION;
use crate::state::{Clearinghouse, InsuranceFund, MarginAccount};

arguments! {
    /// Arguments of `auction_start`.
    #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AuctionStartArgs {
        /// Last second of validity: unix seconds.
        pub valid_until: i64,
        /// Sequence of the account's auctions: how many it has had, times 2^32, plus the bids of the last one. Not the
        /// account's own, which its owner could raise ahead of every start.
        pub sequence: u64,
    }
}

account_list! {
    /// Accounts of `auction_start`.
    #[derive(Accounts)]
    pub struct AuctionStart<'info> {
        /// Whoever starts it.
        pub starter: Signer<'info>,
        /// The risk domain. Checked by type; every other account names it.
        pub clearinghouse: AccountLoader<'info, Clearinghouse>,
        /// Receives the start fee.
        #[account(mut)]
        pub insurance: AccountLoader<'info, InsuranceFund>,
        /// The account under maintenance.
        #[account(mut)]
        pub margin_account: AccountLoader<'info, MarginAccount>,
        /// Receives the starter's share of the fee.
        #[account(mut)]
        pub starter_account: AccountLoader<'info, MarginAccount>,
    }
}

/// Clock and walk state that an auction starts with.
struct Opening {
    started_at: i64,
    elapsed: i64,
    walk: [i64; 3],
    fee_due: bool,
}

impl<'info> AuctionStart<'info> {
    /// - `starter`: signs; anyone.
    /// - `clearinghouse`: type; every other account names it.
    /// - `insurance`: the fund of this clearinghouse.
    /// - `margin_account`: type, clearinghouse, sequence of its auctions; not in auction.
    /// - `starter_account`: type, clearinghouse; another account of another owner, whoever's.
    /// - remaining accounts: exactly the market set, see [`Markets::load`].
    fn validate(&self, args: &AuctionStartArgs, now: i64) -> Result<()> {
        validity_check(now, args.valid_until)?;
        different_keys(self.margin_account.as_ref().key, self.starter_account.as_ref().key)?;
        let key = self.clearinghouse.as_ref().key;
        let fund = read(&self.clearinghouse)?.insurance;
        same_key(self.insurance.as_ref().key, &fund, PlimsollError::InsuranceMismatch)?;
        let account = read(&self.margin_account)?;
        same_key(&account.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(!account.in_auction(), PlimsollError::AccountInAuction)?;
        auction_sequence_check(&account, args.sequence)?;
        let starter = read(&self.starter_account)?;
        same_key(&starter.clearinghouse, key, PlimsollError::ClearinghouseMismatch)?;
        ensure(starter.owner != account.owner, PlimsollError::OwnerOnBothSides)?;
        Ok(())
    }

    /// Handler of `auction_start`.
    ///
    /// Specification:
    /// - anyone starts the auction of an account whose maintenance balance is negative, at a price valid for
    ///   liquidation; while a price walks, at the worse of accepted and raw
    /// - debt that exceeds the account's collateral by more than the cap counts as a negative maintenance balance
    /// - an account at or above maintenance, in auction, or with an expiry still to settle is refused
    /// - interest owed goes to the fund first
    /// - the start fee is taken once per auction, never below equity zero, and not again before the clock has rewound
    /// - the starter's share goes to the starter's account, the rest to the fund
    /// - the account is frozen but for deposits and curing trades; its sequence rises
    pub fn handler(ctx: Context<'info, Self>, args: AuctionStartArgs) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &*ctx.accounts;
        accounts.validate(&args, now)?;
        let clearinghouse = read(&accounts.clearinghouse)?;
        let mut account = write(&accounts.margin_account)?;
        let mut starter = write(&accounts.starter_account)?;
        let mut fund = write(&accounts.insurance)?;
        let before = touched(&account, &starter, &fund);
        let cash_before = account.cash;
        let interest = cash::interest_pay(&mut account, now, &clearinghouse.parameters)?;
        funds::receive(&mut fund, interest)?;

        let key = accounts.clearinghouse.as_ref().key;
        let markets = Markets::load(&clearinghouse, key, &Scope::of(&[&account]), ctx.remaining_accounts)?;
        markets.check_prices(Action::Liquidate, now)?;
        let valuation = Valuation::new(&markets, &clearinghouse.parameters, now);
        settled_first(&account, &markets)?;
        let worth = worth(&account, &valuation.credited())?;
        let (opening, fee) = plan(&account, &markets, &worth, now)?;

        apply(&mut account, &opening, &fee, &valuation)?;
        cash::change(&mut starter, fee.starter.0, now, &clearinghouse.parameters)?;
        funds::receive(&mut fund, fee.fund.0)?;
        check_conserved(before, touched(&account, &starter, &fund), 0).map_err(not_conserved)?;
        log_event(&AuctionStarted {
            margin_account: accounts.margin_account.key(),
            starter: accounts.starter.key(),
            count: account.auction.count,
            equity: worth.equity,
            maintenance: worth.maintenance,
            interest,
            fee: fee.fee.0,
            starter_fee: fee.starter.0,
            elapsed: opening.elapsed,
            cash_before,
            cash_after: account.cash,
            sequence: account.sequence,
        });
        Ok(())
    }
}

/// Clock and fee. Errors: `AccountHealthy`.
fn plan(account: &MarginAccount, markets: &Markets, worth: &Worth, now: i64) -> Result<(Opening, StartFee)> {
    let rules = rules(account, markets)?;
    let start = started(&clock(&account.auction), now, &rules.parameters);
    let fee = plan_start_fee(&worth.view(account, 0), start.fee_due, &rules.parameters);
    let fee = fee.map_err(liquidation_refused)?;
    let opening = Opening {
        started_at: start.clock.started_at,
        elapsed: start.clock.elapsed_at_start,
        walk: walks(account, markets, now)?,
        fee_due: start.fee_due,
    };
    Ok((opening, fee))
}

/// Freezes the account and takes the fee.
fn apply(account: &mut MarginAccount, opening: &Opening, fee: &StartFee, valuation: &Valuation) -> Result<()> {
    let taken = fee.fee.0.checked_neg().ok_or_else(|| refused(PlimsollError::Overflow))?;
    cash::change(account, taken, valuation.now, valuation.parameters)?;
    account.status = STATUS_AUCTION;
    let auction = &mut account.auction;
    auction.started_at = opening.started_at;
    auction.elapsed_at_start = u32::try_from(opening.elapsed).unwrap_or(u32::MAX);
    auction.walk_at_start = opening.walk;
    auction.reserve = 0;
    auction.count = auction.count.wrapping_add(1);
    auction.bids = 0;
    if opening.fee_due {
        auction.fee_taken = fee.fee.0;
    }
    account.sequence = account.sequence.wrapping_add(1);
    Ok(())
}

fn touched(account: &MarginAccount, starter: &MarginAccount, fund: &InsuranceFund) -> Touched {
    Touched::default().owed(account.cash).owed(starter.cash).owed(fund.balance)
}
