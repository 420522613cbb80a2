//! The embedded clearinghouse and the hands that act on it: governance, prices, owners, trades, money in and out.

use anyhow::{Context, Result};
use plimsoll::positions::Series;
use plimsoll::state::{Expiry, MarginAccount, Outflow};
use plimsoll::{CollateralCreateArgs, MarginAccountOpenArgs, TradeClearArgs};
use plimsoll_client::directory::Directory;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{Ledger, LedgerExt, Outcome, SendOptions};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, presets};
use plimsoll_core::outflow;
use plimsoll_core::units::Quote;
use plimsoll_core::waterfall::withdrawal_lock;
use plimsoll_tests::chain::{Chain, Mode};
use plimsoll_tests::feed::Feed;
use plimsoll_tests::pyth::PriceUpdate;
use plimsoll_tests::token;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::market::{atoms, Market, QUOTE};
use crate::tape::Tape;

/// Compute units asked for by every transaction.
const COMPUTE_LIMIT: u32 = 1_400_000;
/// Decimals of the wrapped coin that serves as collateral.
pub const WRAPPED_DECIMALS: u32 = 8;
/// Seconds from the opening of the clearinghouse to the first price of the path: the collateral ramps up meanwhile.
pub const WARM_UP_SECONDS: i64 = 3_600;
/// Seconds a signed trade stays valid.
const VALID_SECONDS: i64 = 60;

/// Somebody with a key, a wallet and one margin account.
pub struct Member {
    /// Name.
    pub name: String,
    /// Owner's key.
    pub key: Keypair,
    /// The margin account.
    pub account: Pubkey,
    /// The owner's quote token account.
    pub wallet: Pubkey,
    /// The owner's account of the wrapped coin.
    pub wrapped: Pubkey,
}

/// The clearinghouse with everything needed to act on it.
pub struct Stage {
    /// The chain.
    pub tape: Tape,
    /// Governance, and whoever posts prices.
    pub governance: Keypair,
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// What it lists.
    pub directory: Directory,
    /// Expiries: unix seconds, ascending; both coins list the same.
    pub expiries: Vec<i64>,
    quote_mint: Pubkey,
    wrapped_mint: Pubkey,
    feeds: Vec<Feed>,
}

impl Stage {
    /// Opens the clearinghouse an hour before the first price of `market` and lists everything.
    ///
    /// Errors: no program file, or what the program refused.
    pub fn open(market: &Market, expiries: Vec<i64>) -> Result<Self> {
        let chain = Chain::start(Mode::Fast)?;
        let (start, _) = market.span();
        chain.set_time(start - WARM_UP_SECONDS);
        let governance = chain.wallet("governance");
        let authority = governance.pubkey();
        let quote_mint = token::create_mint(&chain, "quote mint", 6);
        let wrapped_mint = token::create_mint(&chain, "wrapped coin mint", WRAPPED_DECIMALS as u8);
        let clearinghouse = address::clearinghouse(&authority, 0);
        let tape = Tape::new(chain);
        let create = presets::clearinghouse(0, authority, authority);
        send(&tape, &[instruction::clearinghouse_create(&authority, &quote_mint, create)], &[&governance])
            .context("opening the clearinghouse")?;
        let directory = Directory::load(&tape, &clearinghouse)?;
        let feeds = Vec::new();
        let mut stage = Self { tape, governance, clearinghouse, directory, expiries, quote_mint, wrapped_mint, feeds };
        stage.list(market)?;
        Ok(stage)
    }

    fn list(&mut self, market: &Market) -> Result<()> {
        let authority = self.governance.pubkey();
        for coin in &market.coins {
            let listing = coin.listing;
            let underlying = address::underlying(&self.clearinghouse, listing.index);
            self.feeds.push(Feed::new(underlying, listing.feed_id));
            self.govern(instruction::underlying_create(&self.clearinghouse, &authority, &authority, listing))
                .with_context(|| format!("listing {}", coin.symbol))?;
        }
        let collateral = CollateralCreateArgs {
            index: 0,
            priced_by: 0,
            cross_factor: 800_000,
            ramp_seconds: 3_600,
            cap: u64::MAX / 4,
        };
        self.govern(instruction::collateral_create(
            &self.clearinghouse,
            &authority,
            &authority,
            &self.wrapped_mint,
            collateral,
        ))
        .context("listing the collateral")?;
        self.post(self.tape.chain.time(), market, 1.0)?;
        for coin in &market.coins {
            let underlying = address::underlying(&self.clearinghouse, coin.listing.index);
            for expiry in self.expiries.clone() {
                self.govern(instruction::expiry_create(&underlying, &authority, expiry))
                    .with_context(|| format!("listing an expiry of {}", coin.symbol))?;
                for strike in &coin.strikes {
                    self.govern(instruction::strike_create(&underlying, expiry, *strike))
                        .with_context(|| format!("listing strike {strike} of {}", coin.symbol))?;
                }
            }
        }
        self.reload()
    }

    /// Reads again what the clearinghouse lists, and its deficit. Errors: transport.
    pub fn reload(&mut self) -> Result<()> {
        self.directory = Directory::load(&self.tape, &self.clearinghouse)?;
        Ok(())
    }

    /// Sends with the demo's compute limit; the first signer pays. Errors: the program's refusal.
    pub fn send(&self, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<Outcome, LedgerError> {
        send(&self.tape, instructions, signers)
    }

    /// Sends what governance, or nobody in particular, signs. Errors: the program's refusal.
    pub fn govern(&self, instruction: Instruction) -> Result<Outcome, LedgerError> {
        self.send(&[instruction], &[&self.governance])
    }

    /// Sets the clock and publishes the prices of both coins at relative price `level`.
    ///
    /// Errors: the oracle's refusal.
    pub fn post(&self, time: i64, market: &Market, level: f64) -> Result<()> {
        self.tape.chain.set_time(time);
        for (index, feed) in self.feeds.iter().enumerate() {
            PriceUpdate::new(feed.id, atoms(market.price(index, level)), time).post(&self.tape.chain, &feed.account);
            self.govern(instruction::oracle_accept(&feed.underlying, &feed.account))
                .with_context(|| format!("price of {} at {time}", market.coins[index].symbol))?;
        }
        Ok(())
    }

    /// Registers `name` with one margin account of `mode`, and `cash` quote atoms in the wallet.
    ///
    /// Errors: the program's refusal.
    pub fn enrol(&self, name: &str, mode: u8, cash: i64) -> Result<Member> {
        let key = self.tape.chain.wallet(name);
        let owner = key.pubkey();
        let wallet = token::mint_to(&self.tape.chain, &self.quote_mint, &owner, cash.unsigned_abs());
        let wrapped = token::create_account(&self.tape.chain, &self.wrapped_mint, &owner);
        let open = MarginAccountOpenArgs { id: 0, mode };
        let steps = [
            instruction::owner_create(&self.clearinghouse, &owner, &owner),
            instruction::margin_account_open(&self.clearinghouse, &owner, &owner, open),
        ];
        self.send(&steps, &[&key]).with_context(|| format!("{name} opens an account"))?;
        let account = address::margin_account(&self.clearinghouse, &owner, 0);
        Ok(Member { name: name.to_owned(), key, account, wallet, wrapped })
    }

    /// The member's margin account now. Errors: transport.
    pub fn account(&self, member: &Member) -> Result<MarginAccount, LedgerError> {
        self.tape.load(&member.account)
    }

    /// Pays quote atoms from the wallet into the margin account. Errors: the program's refusal.
    pub fn deposit(&self, member: &Member, amount: i64) -> Result<Outcome, LedgerError> {
        let (owner, amount) = (member.key.pubkey(), amount.unsigned_abs());
        let deposit = instruction::deposit(&self.directory, &member.account, &owner, &member.wallet, amount);
        self.send(&[deposit], &[&member.key])
    }

    /// Gives the member `amount` atoms of the wrapped coin and deposits them. Errors: the program's refusal.
    pub fn deposit_wrapped(&self, member: &Member, amount: u64) -> Result<Outcome, LedgerError> {
        let owner = member.key.pubkey();
        let source = token::mint_to(&self.tape.chain, &self.wrapped_mint, &owner, amount);
        let deposit = instruction::collateral_deposit(&self.directory, &member.account, (&owner, &source), 0, amount)?;
        self.send(&[deposit], &[&member.key])
    }

    /// Takes all wrapped coins out. Errors: the program's refusal.
    pub fn withdraw_wrapped(&self, member: &Member, amount: u64) -> Result<Outcome, LedgerError> {
        let account = self.account(member)?;
        let withdraw = instruction::collateral_withdraw(&self.directory, &account, &member.wrapped, 0, amount)?;
        self.send(&[withdraw], &[&member.key])
    }

    /// Pays into the insurance fund from the member's wallet. Errors: the program's refusal.
    pub fn insure(&self, member: &Member, amount: i64) -> Result<Outcome, LedgerError> {
        let (owner, amount) = (member.key.pubkey(), amount.unsigned_abs());
        let pay = instruction::insurance_deposit(&self.directory, &owner, &member.wallet, amount);
        self.send(&[pay], &[&member.key])
    }

    /// The most quote atoms that the member can take now: free cash, less what a withdrawal locks while there is a
    /// deficit, within what the vault holds and the limiter of outflows lets through. Errors: transport, `Rules`.
    pub fn withdrawable(&self, account: &MarginAccount) -> Result<i64, LedgerError> {
        let clearinghouse = &self.directory.clearinghouse;
        let state: Outflow = self.tape.load(&clearinghouse.outflow)?;
        let vault = i64::try_from(token::balance(&self.tape.chain, &clearinghouse.vault)).unwrap_or(i64::MAX);
        let now = self.tape.now()?;
        let free = plimsoll::cash::free(account, now, clearinghouse)?;
        let (deficit, locked) = (Quote(clearinghouse.deficit), Quote(clearinghouse.deficit_locked));
        let (window, used) = (state.window.rules(), account.outflow.rules());
        let fits = |amount: i64| {
            let lock = withdrawal_lock(Quote(amount), deficit, locked, Quote(vault));
            let covered = matches!(lock, Ok(Some(lock)) if amount.saturating_add(lock.0) <= free);
            let rules = clearinghouse.parameters.rules();
            covered && outflow::withdraw(window, used, Quote(amount), Quote(vault), now, rules).is_ok()
        };
        // The largest amount that passes, by bisection: what a smaller one breaks, a larger one breaks too.
        let (mut low, mut high) = (0, free.min(vault).max(0));
        while low < high {
            let middle = low + (high - low + 1) / 2;
            if fits(middle) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }

    /// Has the interest that the member owes taken from its cash; 0: none was due. Errors: the program's refusal.
    pub fn accrue(&self, account: &MarginAccount) -> Result<i64, LedgerError> {
        let parameters = &self.directory.clearinghouse.parameters;
        let due = plimsoll::cash::interest_due(account, self.tape.now()?, parameters)?;
        if due > 0 {
            self.govern(instruction::debt_accrue(&self.directory, account))?;
        }
        Ok(due)
    }

    /// Takes quote atoms out to the wallet. Errors: the program's refusal.
    pub fn withdraw(&self, member: &Member, amount: i64) -> Result<Outcome, LedgerError> {
        let account = self.account(member)?;
        let withdraw = instruction::withdraw(&self.directory, &account, &member.wallet, amount.unsigned_abs())?;
        self.send(&[withdraw], &[&member.key])
    }

    /// Mark of one contract: quote atoms. Errors: `Rules`, for example a missing price.
    pub fn mark(&self, series: &Series) -> Result<i64, LedgerError> {
        let expiry = Some((series.underlying, series.expiry));
        let snapshot = Snapshot::load_with(&self.tape, &self.directory, &[], expiry, None)?;
        let mark = snapshot.value(|v| v.mark(series.underlying, series.expiry, series.strike, series.kind))?;
        Ok(mark.0)
    }

    /// Clears a trade; both owners sign. Errors: the program's refusal.
    pub fn trade(
        &self,
        (buyer, seller): (&Member, &Member),
        series: &Series,
        quantity: i32,
        price: i64,
    ) -> Result<Outcome, LedgerError> {
        let (bought, sold) = (self.account(buyer)?, self.account(seller)?);
        let listed: Expiry = self.tape.load(&self.directory.expiry(series.underlying, series.expiry))?;
        let args = TradeClearArgs {
            underlying: series.underlying,
            strike: series.strike,
            strike_price: listed.strikes().get(usize::from(series.strike)).map_or(0, |strike| strike.price),
            kind: series.kind.to_u8(),
            quantity,
            expiry: series.expiry,
            price,
            valid_until: self.tape.now()? + VALID_SECONDS,
            buyer_sequence: bought.sequence,
            seller_sequence: sold.sequence,
        };
        let trade = instruction::trade_clear(&self.directory, Side::of_owner(&bought), Side::of_owner(&sold), args)?;
        self.send(&[trade], &[&buyer.key, &seller.key])
    }

    /// The program's own margin check of an account, which emits the margin call. Errors: the program's refusal.
    pub fn margin_check(&self, account: &MarginAccount) -> Result<Outcome, LedgerError> {
        self.govern(instruction::margin_check(&self.directory, account)?)
    }
}

fn send(tape: &Tape, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<Outcome, LedgerError> {
    tape.send(instructions, signers, &SendOptions::with_compute_limit(COMPUTE_LIMIT))
}

/// Quote atoms of `tokens` quote tokens.
pub const fn quote(tokens: i64) -> i64 {
    tokens * QUOTE
}
