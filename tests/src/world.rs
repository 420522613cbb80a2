//! A clearinghouse to test in: governance, BTC and SOL with a month of expiries, wrapped BTC as collateral, traders
//! with cash. The same keys, addresses and prices in every run.

use std::collections::BTreeSet;

use anchor_lang::{AnchorDeserialize, Discriminator};
use plimsoll::positions::Series;
use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll::state::risk_rows::SPACE_MAX;
use plimsoll::state::{Expiry, MarginAccount};
use plimsoll::{CollateralCreateArgs, MarginAccountOpenArgs, MarginBalances, TradeClearArgs};
use plimsoll_client::directory::Directory;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{Ledger, LedgerExt, Outcome, SendOptions};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::status::Books;
use plimsoll_client::{address, presets};
use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_core::margin::Balances;
use plimsoll_core::position::OptionKind;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::chain::{Chain, Mode};
use crate::feed::Feed;
use crate::invariants;
use crate::token;

/// Atoms of one quote token.
pub const QUOTE: i64 = 1_000_000;
/// Index of BTC.
pub const BTC: u16 = 0;
/// Index of SOL.
pub const SOL: u16 = 1;
/// Index of the wrapped BTC collateral.
pub const WBTC: u16 = 0;
/// Decimals of wrapped BTC.
pub const WBTC_DECIMALS: u8 = 8;
/// First BTC price: quote atoms.
pub const BTC_PRICE: i64 = 100_000 * QUOTE;
/// First SOL price: quote atoms.
pub const SOL_PRICE: i64 = 200 * QUOTE;
/// Compute units asked for by every transaction of the harness.
pub const COMPUTE_LIMIT: u32 = 1_400_000;

/// What a world starts with.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// How strict the chain is.
    pub mode: Mode,
    /// Traders with one cross margin account each.
    pub traders: usize,
    /// Cash of each trader: quote atoms; the same amount stays in its wallet.
    pub cash: i64,
    /// Days to the listed expiries, counted from the start; all underlyings list the same.
    pub expiry_days: Vec<i64>,
    /// Strikes in percent of the first price.
    pub strike_percents: Vec<i64>,
    /// Wrapped BTC as collateral, its ramp already over.
    pub collateral: bool,
    /// A feed for the quote token itself, at 1 USD.
    pub stable: bool,
    /// Whether the correlation of SOL with BTC is measured.
    pub correlated: bool,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Full,
            traders: 2,
            cash: 100_000 * QUOTE,
            expiry_days: vec![7, 30],
            strike_percents: vec![80, 90, 100, 110, 120],
            collateral: false,
            stable: false,
            correlated: false,
        }
    }
}

/// Someone with a wallet and a margin account.
pub struct Trader {
    /// Owner's key.
    pub key: Keypair,
    /// Address of the margin account with id 0.
    pub account: Pubkey,
    /// The owner's quote token account.
    pub wallet: Pubkey,
}

impl Trader {
    /// Owner's address.
    pub fn address(&self) -> Pubkey {
        self.key.pubkey()
    }
}

/// The world. Fields are free to use; nothing here is hidden from a test.
pub struct World {
    /// The chain.
    pub chain: Chain,
    /// Creator, authority, guardian and crank in one.
    pub governance: Keypair,
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// Quote mint.
    pub quote_mint: Pubkey,
    /// Mint of wrapped BTC, if listed.
    pub wbtc_mint: Pubkey,
    /// Feeds by underlying index.
    pub feeds: Vec<Feed>,
    /// Listed expiries: unix seconds.
    pub expiries: Vec<i64>,
    /// Traders.
    pub traders: Vec<Trader>,
    /// Tokens sent to the quote vault outside any instruction.
    pub donated: u64,
    /// Expiries whose risk rows the world opened: underlying index, expiry time.
    pub rows: BTreeSet<(u16, i64)>,
}

impl World {
    /// The standard world. Panics on any failure, as every builder here: a world that does not stand is a failed test.
    pub fn new() -> Self {
        Self::with(&WorldOptions::default())
    }

    /// A world as `options` say. Prices are accepted at the moment it is handed over.
    pub fn with(options: &WorldOptions) -> Self {
        let chain = Chain::start(options.mode).unwrap_or_else(|e| panic!("{e}"));
        let governance = chain.wallet("governance");
        let quote_mint = token::create_mint(&chain, "quote mint", 6);
        let mut world = Self {
            clearinghouse: address::clearinghouse(&governance.pubkey(), 0),
            wbtc_mint: crate::chain::named_address("wrapped BTC mint"),
            chain,
            governance,
            quote_mint,
            feeds: Vec::new(),
            expiries: Vec::new(),
            traders: Vec::new(),
            donated: 0,
            rows: BTreeSet::new(),
        };
        world.list(options);
        for index in 0..options.traders {
            world.add_trader(&format!("trader {index}"), options.cash);
        }
        world.refresh_prices();
        world
    }

    fn list(&mut self, options: &WorldOptions) {
        let authority = self.governance.pubkey();
        let create = presets::clearinghouse(0, authority, authority);
        self.govern(instruction::clearinghouse_create(&authority, &self.quote_mint, create));
        self.add_underlying(presets::btc(BTC), BTC_PRICE);
        let mut sol = presets::sol(SOL);
        if options.correlated {
            sol.portfolio.correlation_peers = [BTC, NO_PEER];
        }
        self.add_underlying(sol, SOL_PRICE);
        if options.stable {
            self.add_underlying(presets::stable(2), QUOTE);
        }
        if options.collateral {
            self.wbtc_mint = token::create_mint(&self.chain, "wrapped BTC mint", WBTC_DECIMALS);
            self.add_collateral(CollateralCreateArgs {
                index: WBTC,
                priced_by: BTC,
                cross_factor: 800_000,
                ramp_seconds: 3_600,
                cap: 1_000_000_000_000,
            });
            self.chain.advance(3_600);
            self.refresh_prices();
        }
        for days in options.expiry_days.clone() {
            self.add_expiry(days, &options.strike_percents);
        }
    }

    /// Lists the next underlying and has its first price accepted.
    pub fn add_underlying(&mut self, args: plimsoll::UnderlyingCreateArgs, price: i64) {
        let authority = self.governance.pubkey();
        let underlying = address::underlying(&self.clearinghouse, args.index);
        let feed = Feed::new(underlying, args.feed_id);
        self.govern(instruction::underlying_create(&self.clearinghouse, &authority, &authority, args));
        feed.post(&self.chain, &self.governance, price).unwrap_or_else(|e| panic!("first price: {e}"));
        self.feeds.push(feed);
    }

    fn add_collateral(&mut self, args: CollateralCreateArgs) {
        let authority = self.governance.pubkey();
        self.govern(instruction::collateral_create(&self.clearinghouse, &authority, &authority, &self.wbtc_mint, args));
    }

    /// Lists the expiry at 08:00 UTC `days` days from today on BTC and SOL, with strikes at `percents` of the first
    /// prices.
    pub fn add_expiry(&mut self, days: i64, percents: &[i64]) {
        let midnight = self.chain.time() / 86_400 * 86_400;
        let expiry = midnight + days * 86_400 + 8 * 3_600;
        for (index, price) in [(BTC, BTC_PRICE), (SOL, SOL_PRICE)] {
            let underlying = address::underlying(&self.clearinghouse, index);
            self.govern(instruction::expiry_create(&underlying, &self.governance.pubkey(), expiry));
            for percent in percents {
                self.govern(instruction::strike_create(&underlying, expiry, price / 100 * percent));
            }
        }
        self.expiries.push(expiry);
    }

    /// Registers an owner with a cross margin account that holds `cash` quote atoms; as much stays in its wallet.
    pub fn add_trader(&mut self, name: &str, cash: i64) -> usize {
        let key = self.chain.wallet(name);
        let (owner, clearinghouse) = (key.pubkey(), self.clearinghouse);
        let amount = cash.unsigned_abs();
        let wallet = token::mint_to(&self.chain, &self.quote_mint, &owner, amount.saturating_mul(2));
        let open = MarginAccountOpenArgs { id: 0, mode: MODE_CROSS };
        let account = address::margin_account(&clearinghouse, &owner, 0);
        let mut steps = vec![
            instruction::owner_create(&clearinghouse, &owner, &owner),
            instruction::margin_account_open(&clearinghouse, &owner, &owner, open),
        ];
        if cash > 0 {
            steps.push(instruction::deposit(&self.directory(), &account, &owner, &wallet, amount));
        }
        self.send(&steps, &[&key]).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.traders.push(Trader { key, account, wallet });
        self.traders.len() - 1
    }

    /// What the clearinghouse lists now.
    pub fn directory(&self) -> Directory {
        let directory = Directory::load(&self.chain, &self.clearinghouse).unwrap_or_else(|e| panic!("directory: {e}"));
        Directory { rows: self.rows.clone(), ..directory }
    }

    /// Opens the risk rows of an expiry (by position in the list), with room for every strike, and fills them.
    pub fn open_rows(&mut self, underlying: u16, expiry: usize) -> Outcome {
        let held = (underlying, self.expiries[expiry]);
        let address = self.directory().expiry(held.0, held.1);
        let payer = self.governance.pubkey();
        self.govern(instruction::rows_open(&address, &payer));
        while self.chain.raw(&address::rows(&address)).is_some_and(|rows| rows.data.len() < SPACE_MAX) {
            self.govern(instruction::rows_grow(&address, &payer));
        }
        self.rows.insert(held);
        self.refresh_rows(underlying, expiry)
    }

    /// Fills the risk rows of an expiry (by position in the list) at the accepted price. Panics with the refusal.
    pub fn refresh_rows(&self, underlying: u16, expiry: usize) -> Outcome {
        self.govern(instruction::rows_refresh(&self.directory(), underlying, self.expiries[expiry], None))
    }

    /// Changes the margin mode of trader `index`. Errors: the program's refusal.
    pub fn set_mode(&self, index: usize, mode: u8) -> Result<Outcome, LedgerError> {
        let set = instruction::mode_set(&self.directory(), &self.account(index), mode)?;
        self.send(&[set], &[&self.traders[index].key])
    }

    /// Sends with the harness's compute limit; the first signer pays. Errors: the program's refusal.
    pub fn send(&self, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<Outcome, LedgerError> {
        self.chain.send(instructions, signers, &SendOptions::with_compute_limit(COMPUTE_LIMIT))
    }

    /// Sends an instruction that governance signs. Panics with the refusal.
    pub fn govern(&self, instruction: Instruction) -> Outcome {
        self.send(&[instruction], &[&self.governance]).unwrap_or_else(|e| panic!("governance: {e}"))
    }

    /// Sends an instruction that nobody in particular signs. Errors: the program's refusal.
    pub fn crank(&self, instruction: Instruction) -> Result<Outcome, LedgerError> {
        self.send(&[instruction], &[&self.governance])
    }

    /// Margin account of trader `index` now.
    pub fn account(&self, index: usize) -> MarginAccount {
        self.chain.load(&self.traders[index].account).unwrap_or_else(|e| panic!("account {index}: {e}"))
    }

    /// Balances of trader `index` now, as the client computes them. Errors: `Rules`, for example a missing price.
    pub fn balances(&self, index: usize) -> Result<Balances, LedgerError> {
        Snapshot::load(&self.chain, &self.directory(), &[self.traders[index].account])?.balances(0)
    }

    /// Balances of trader `index` now, as the program returns them. Errors: the program's refusal.
    pub fn balances_on_chain(&self, index: usize) -> Result<MarginBalances, LedgerError> {
        let check = instruction::margin_check(&self.directory(), &self.account(index))?;
        let outcome = self.crank(check)?;
        MarginBalances::try_from_slice(&outcome.return_data).map_err(|e| LedgerError::Rules(e.to_string()))
    }

    /// Pays `amount` quote atoms from the trader's wallet into its margin account. Errors: the program's refusal.
    pub fn deposit(&self, index: usize, amount: u64) -> Result<Outcome, LedgerError> {
        let trader = &self.traders[index];
        let deposit =
            instruction::deposit(&self.directory(), &trader.account, &trader.address(), &trader.wallet, amount);
        self.send(&[deposit], &[&trader.key])
    }

    /// Takes `amount` quote atoms out to the trader's wallet. Errors: the program's refusal.
    pub fn withdraw(&self, index: usize, amount: u64) -> Result<Outcome, LedgerError> {
        let trader = &self.traders[index];
        let withdraw = instruction::withdraw(&self.directory(), &self.account(index), &trader.wallet, amount)?;
        self.send(&[withdraw], &[&trader.key])
    }

    /// Gives the trader `amount` atoms of wrapped BTC and deposits them. Errors: the program's refusal.
    pub fn deposit_wbtc(&self, index: usize, amount: u64) -> Result<Outcome, LedgerError> {
        let trader = &self.traders[index];
        let source = token::mint_to(&self.chain, &self.wbtc_mint, &trader.address(), amount);
        let (directory, depositor) = (self.directory(), trader.address());
        let deposit =
            instruction::collateral_deposit(&directory, &trader.account, (&depositor, &source), WBTC, amount)?;
        self.send(&[deposit], &[&trader.key])
    }

    /// A listed series of underlying `underlying`: expiry by position in the list, strike by id.
    pub fn series(&self, underlying: u16, expiry: usize, strike: u8, kind: OptionKind) -> Series {
        Series { underlying, expiry: self.expiries[expiry], strike, kind }
    }

    /// The expiry account of a series.
    pub fn expiry(&self, series: &Series) -> Expiry {
        let underlying = address::underlying(&self.clearinghouse, series.underlying);
        self.chain.load(&address::expiry(&underlying, series.expiry)).unwrap_or_else(|e| panic!("{series:?}: {e}"))
    }

    /// Mark of one contract now: quote atoms. Errors: `Rules`, for example a missing price.
    pub fn mark(&self, series: &Series) -> Result<i64, LedgerError> {
        let expiry = Some((series.underlying, series.expiry));
        let snapshot = Snapshot::load_with(&self.chain, &self.directory(), &[], expiry, None)?;
        let mark = snapshot.value(|v| v.mark(series.underlying, series.expiry, series.strike, series.kind))?;
        Ok(mark.0)
    }

    /// The arguments of a trade of `quantity` contracts at `price` atoms, valid for a minute at the accounts' present
    /// sequences.
    pub fn trade_args(
        &self,
        buyer: usize,
        seller: usize,
        series: &Series,
        quantity: i32,
        price: i64,
    ) -> TradeClearArgs {
        let strike = self.expiry(series).strikes.get(usize::from(series.strike)).map_or(0, |strike| strike.price);
        TradeClearArgs {
            underlying: series.underlying,
            strike: series.strike,
            strike_price: strike,
            kind: series.kind.to_u8(),
            quantity,
            expiry: series.expiry,
            price,
            valid_until: self.chain.time() + 60,
            buyer_sequence: self.account(buyer).sequence,
            seller_sequence: self.account(seller).sequence,
        }
    }

    /// Clears a trade; both owners sign, the buyer pays the network fee. Errors: the program's refusal.
    pub fn trade(
        &self,
        buyer: usize,
        seller: usize,
        series: &Series,
        quantity: i32,
        price: i64,
    ) -> Result<Outcome, LedgerError> {
        self.trade_with(buyer, seller, self.trade_args(buyer, seller, series, quantity, price))
    }

    /// Clears a trade at the mark. Errors: the program's refusal.
    pub fn trade_at_mark(
        &self,
        buyer: usize,
        seller: usize,
        series: &Series,
        quantity: i32,
    ) -> Result<Outcome, LedgerError> {
        self.trade(buyer, seller, series, quantity, self.mark(series)?)
    }

    /// Clears a trade with these arguments, whatever they say. Errors: the program's refusal.
    pub fn trade_with(&self, buyer: usize, seller: usize, args: TradeClearArgs) -> Result<Outcome, LedgerError> {
        let (bought, sold) = (self.account(buyer), self.account(seller));
        let trade = instruction::trade_clear(&self.directory(), Side::of_owner(&bought), Side::of_owner(&sold), args)?;
        self.send(&[trade], &[&self.traders[buyer].key, &self.traders[seller].key])
    }

    /// Accepted price of an underlying: quote atoms per whole underlying.
    pub fn price(&self, underlying: u16) -> i64 {
        let feed = &self.feeds[usize::from(underlying)];
        feed.oracle(&self.chain).unwrap_or_else(|e| panic!("oracle {underlying}: {e}")).price.price
    }

    /// Posts one price now; a large move only starts to walk. Errors: the program's refusal.
    pub fn post_price(&self, underlying: u16, price: i64) -> Result<Outcome, LedgerError> {
        self.feeds[usize::from(underlying)].post(&self.chain, &self.governance, price)
    }

    /// Moves the accepted price to `price`, step by step if the move is large, and keeps the other prices fresh.
    /// Panics with the program's refusal.
    pub fn move_price(&self, underlying: u16, price: i64) {
        let feed = &self.feeds[usize::from(underlying)];
        feed.walk(&self.chain, &self.governance, price).unwrap_or_else(|e| panic!("price of {underlying}: {e}"));
        self.refresh_prices();
    }

    /// Posts every accepted price again, so that none is stale. Panics with the program's refusal.
    pub fn refresh_prices(&self) {
        for feed in &self.feeds {
            let oracle = feed.oracle(&self.chain).unwrap_or_else(|e| panic!("oracle: {e}"));
            if oracle.price.publish_time < self.chain.time() {
                let posted = feed.post(&self.chain, &self.governance, oracle.price.raw);
                posted.unwrap_or_else(|e| panic!("refresh: {e}"));
            }
        }
    }

    /// Moves the clock by `seconds` with fresh prices at the end.
    pub fn advance(&self, seconds: i64) {
        self.chain.advance(seconds);
        self.refresh_prices();
    }

    /// Sends tokens straight to the quote vault: a donation.
    pub fn donate(&mut self, amount: u64) {
        let vault = address::vault(&self.clearinghouse, &self.quote_mint);
        token::mint_to_account(&self.chain, &self.quote_mint, &vault, amount);
        self.donated = self.donated.saturating_add(amount);
    }

    /// Every equation over every account. Panics with each that fails; see [`invariants::full_check`].
    pub fn full_check(&self) -> Books {
        invariants::full_check(&self.chain, &self.clearinghouse, self.donated)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The one event of type `T` in `outcome`. Panics if there is none.
pub fn event<T: Discriminator + AnchorDeserialize>(outcome: &Outcome) -> T {
    let found = outcome.event::<T>().unwrap_or_else(|e| panic!("{e}"));
    found.unwrap_or_else(|| panic!("no {} in {:#?}", std::any::type_name::<T>(), outcome.logs))
}

/// Panics unless `result` is a refusal by the rule `rule`; shows what it was instead.
pub fn assert_refused<T: std::fmt::Debug>(result: Result<T, LedgerError>, rule: &str) {
    match result {
        Ok(value) => panic!("expected {rule}, but it passed: {value:#?}"),
        Err(error) if error.rule() == Some(rule) => {}
        Err(error) => panic!("expected {rule}, got {error}\n{:#?}", error.rejection().map(|r| &r.logs)),
    }
}
