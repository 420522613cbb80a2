//! Transactions: the instruction of a decision, sized and priced, sent until it lands or its time is over.

use plimsoll::{AuctionBidArgs, AuctionStartArgs, CollateralSaleArgs};
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{
    build_transaction, transaction_size, Ledger, Outcome, SendOptions, TRANSACTION_BYTES_MAX,
};
use plimsoll_client::rows::growths_needed;
use solana_message::Hash;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::TransactionError;

use crate::book::Book;
use crate::plan::Action;
use crate::turn::Keeper;

/// Compute units of a simulation: the most that a transaction may use.
const COMPUTE_MAX: u32 = 1_400_000;
/// Compute units beyond the simulated ones, percent: prices and clock move until the transaction runs.
const COMPUTE_HEADROOM_PERCENT: u64 = 10;
/// Most block hashes that one decision is signed with.
const ATTEMPTS: u32 = 5;

impl Keeper {
    /// The instructions of `action`, valid as long as the policy says: one but for those that give risk rows room.
    ///
    /// Errors: `Build`, `Missing` for an account that is not in the book.
    pub fn instructions(&self, book: &Book, action: &Action) -> Result<Vec<Instruction>, LedgerError> {
        let directory = &book.books.directory;
        let account = |address: &Pubkey| {
            let missing = LedgerError::Missing { kind: "MarginAccount", address: *address };
            book.books.accounts.get(address).ok_or(missing)
        };
        let valid_until = self.valid_until(book);
        let built = match action {
            Action::OpenRows { expiry } => {
                let open = instruction::rows_open(&directory.expiry(expiry.0, expiry.1), &self.signer.pubkey());
                return Ok(std::iter::once(open).chain(self.growths(book, *expiry)).collect());
            }
            Action::GrowRows { expiry } => return Ok(self.growths(book, *expiry).collect()),
            Action::RefreshRows { expiry: (index, time) } => {
                Ok(instruction::rows_refresh(directory, *index, *time, account(&self.account).ok()))
            }
            Action::Sample { expiry: (index, time) } => {
                Ok(instruction::settlement_sample(&directory.underlying(*index), *time))
            }
            Action::Correlate { underlying, peer } => {
                Ok(instruction::correlation_sample(&directory.underlying(*underlying), &directory.underlying(*peer)))
            }
            Action::SettleExpiry { expiry: (index, time) } => {
                Ok(instruction::expiry_settle(&directory.underlying(*index), *time))
            }
            Action::SettleAccount { account: address, expiry: (index, time) } => {
                Ok(instruction::account_settle(directory, account(address)?, *index, *time))
            }
            Action::Sweep { expiry: (index, time) } => Ok(instruction::expiry_sweep(directory, *index, *time)),
            Action::Accrue { account: address } => Ok(instruction::debt_accrue(directory, account(address)?)),
            Action::BuyCollateral { account: address, collateral, amount, price_limit } => {
                let mine = account(&self.account)?;
                let (collateral, amount, price_limit) = (*collateral, *amount, *price_limit);
                let args = CollateralSaleArgs { collateral, amount, price_limit, valid_until };
                instruction::collateral_sale(directory, account(address)?, mine, &mine.owner, args)
            }
            Action::Start { account: address, sequence } => {
                let args = AuctionStartArgs { valid_until, sequence: *sequence };
                instruction::auction_start(directory, account(address)?, account(&self.account)?, args)
            }
            Action::Bid { account: address, sequence, fraction, price_limit, deficit } => {
                let (fraction, price_limit, sequence) = (*fraction, *price_limit, *sequence);
                let args = AuctionBidArgs { fraction, price_limit, valid_until, sequence };
                let bidder = Side::of_owner(account(&self.account)?);
                instruction::auction_bid(directory, account(address)?, bidder, *deficit, args)
            }
            Action::End { account: address } => instruction::auction_end(directory, account(address)?),
        };
        Ok(vec![built?])
    }

    /// What gives the rows of an expiry, newly opened ones if there are none, room for every listed strike.
    fn growths(&self, book: &Book, expiry: (u16, i64)) -> impl Iterator<Item = Instruction> {
        let directory = &book.books.directory;
        let grow = instruction::rows_grow(&directory.expiry(expiry.0, expiry.1), &self.signer.pubkey());
        std::iter::repeat_n(grow, growths_needed(&book.markets, directory, expiry))
    }

    /// What `action` would do now; nothing is sent. Errors: what the program would refuse, or transport.
    pub fn simulate(&self, ledger: &dyn Ledger, book: &Book, action: &Action) -> Result<Outcome, LedgerError> {
        let (instructions, options) = self.prepare(ledger, book, action)?;
        ledger.simulate(&instructions, &[&self.signer], &options)
    }

    /// The instructions of `action`, and the options it is simulated with. Errors: `Build` for one that no transaction
    /// can hold; transport.
    fn prepare(
        &self,
        ledger: &dyn Ledger,
        book: &Book,
        action: &Action,
    ) -> Result<(Vec<Instruction>, SendOptions), LedgerError> {
        let instructions = self.instructions(book, action)?;
        let options = SendOptions {
            compute_limit: Some(COMPUTE_MAX),
            priority_fee: self.fee(ledger, &instructions)?,
            lookup_tables: ledger.lookup_tables()?,
        };
        let signers: [&dyn Signer; 1] = [&self.signer];
        let built = build_transaction(&instructions, &signers, &options, Hash::default())?;
        let bytes = transaction_size(&built);
        if bytes > TRANSACTION_BYTES_MAX {
            return Err(LedgerError::Build(format!(
                "{action} takes {bytes} bytes, the network takes {TRANSACTION_BYTES_MAX}: put the accounts of the \
                 clearinghouse into address lookup tables and name those in lookup_tables"
            )));
        }
        Ok((instructions, options))
    }

    /// Sends one decision with the compute units that it was simulated with and a little more. A transaction that its
    /// block hash outlived did not run: it is signed again with a fresh one while the decision is valid. What the
    /// simulation refuses is not sent and costs nothing.
    ///
    /// Errors: what the program refused, or transport.
    pub fn send(&self, ledger: &dyn Ledger, book: &Book, action: &Action) -> Result<Outcome, LedgerError> {
        let (instructions, mut options) = self.prepare(ledger, book, action)?;
        let simulated = ledger.simulate(&instructions, &[&self.signer], &options)?;
        options.compute_limit = Some(compute_limit(simulated.compute_units));
        let mut attempt = 1;
        loop {
            match ledger.send(&instructions, &[&self.signer], &options) {
                Err(LedgerError::NotRun(TransactionError::BlockhashNotFound))
                    if attempt < ATTEMPTS && ledger.now()? <= self.valid_until(book) =>
                {
                    attempt = attempt.saturating_add(1);
                }
                result => return result,
            }
        }
    }

    /// Last second in which what was decided on `book` may run: unix seconds.
    fn valid_until(&self, book: &Book) -> i64 {
        book.now().saturating_add(self.policy.valid_seconds)
    }

    /// Priority fee: micro-lamports per compute unit. Errors: transport.
    fn fee(&self, ledger: &dyn Ledger, instructions: &[Instruction]) -> Result<u64, LedgerError> {
        let (own, cap) = (self.priority_fee, self.policy.priority_fee_cap);
        if cap <= own {
            return Ok(own);
        }
        let accounts = instructions.iter().flat_map(|instruction| &instruction.accounts);
        let written: Vec<Pubkey> =
            accounts.filter(|account| account.is_writable).map(|account| account.pubkey).collect();
        let recent = ledger.recent_priority_fees(&written)?;
        Ok(percentile(recent, self.policy.priority_fee_percentile).unwrap_or(own).clamp(own, cap))
    }
}

/// The simulated units with headroom; the most there is, for a node that reports none.
fn compute_limit(simulated: u64) -> u32 {
    let with_headroom = simulated.saturating_mul(100u64.saturating_add(COMPUTE_HEADROOM_PERCENT)) / 100;
    match u32::try_from(with_headroom) {
        Ok(0) | Err(_) => COMPUTE_MAX,
        Ok(units) => units.min(COMPUTE_MAX),
    }
}

/// The smallest of `fees` that is at least as high as `percent` of them; `None` without any.
fn percentile(mut fees: Vec<u64>, percent: u8) -> Option<u64> {
    fees.sort_unstable();
    let rank = fees.len().saturating_mul(usize::from(percent)).div_ceil(100).max(1);
    fees.get(rank.saturating_sub(1)).copied()
}
