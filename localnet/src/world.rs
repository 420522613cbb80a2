//! The sample world: a clearinghouse with two underlyings, collateral, expiries, strikes, funded accounts and trades,
//! all set up by ordinary transactions.

use std::sync::Arc;

use anyhow::{Context, Result};
use plimsoll::state::margin_account::{MODE_CROSS, MODE_PORTFOLIO};
use plimsoll::state::MarginAccount;
use plimsoll::{MarginAccountOpenArgs, TradeClearArgs};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::{Ledger, LedgerExt, SendOptions};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{address, directory::Directory, Pubkey};
use plimsoll_core::position::OptionKind;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use crate::chain::Chain;
use crate::driver::{Feed, Publisher};
use crate::immediate::Immediate;
use crate::keys::{self, GOVERNANCE, LIQUIDATOR, MAKER, TRADERS};
use crate::listing;
use crate::sources::{SYMBOLS, UNDERLYINGS};
use crate::tokens::{Faucet, Token, COLLATERAL_DECIMALS, QUOTE_UNIT};

/// SOL every wallet starts with.
const WALLET_SOL: u64 = 500;
/// Whole quote tokens minted to and deposited by each wallet.
const DEPOSITS: [(&str, u64, u64); 5] = [
    (MAKER, 12_000_000, 10_000_000),
    (TRADERS[0], 150_000, 100_000),
    (TRADERS[1], 150_000, 100_000),
    (TRADERS[2], 150_000, 50_000),
    (LIQUIDATOR, 1_500_000, 1_000_000),
];
/// Whole quote tokens contributed to the insurance fund at the start.
const INSURANCE: u64 = 250_000;
/// Whole collateral tokens that trader-1 deposits.
const COLLATERAL: u64 = 100;
/// Share of its requirement that trader-2 keeps as initial surplus: it is the account that falls short first.
const THIN_SURPLUS_PERCENT: i128 = 5;
/// Compute units of one setup transaction.
const UNITS: u32 = 1_400_000;
/// Seconds for which a sample trade may be cleared.
const TRADE_SECONDS: i64 = 60;

/// A listed underlying.
#[derive(Clone, Debug)]
pub struct Market {
    /// `BTC` or `SOL`.
    pub symbol: &'static str,
    /// Index in the clearinghouse.
    pub index: u16,
    /// Its price feed; names the underlying.
    pub feed: Feed,
    /// Expiry times, ascending.
    pub expiries: Vec<i64>,
    /// Strike prices by strike id, the same at every expiry.
    pub strikes: Vec<i64>,
}

/// A wallet of the world.
pub struct Wallet {
    /// Its name.
    pub name: &'static str,
    /// Its key pair.
    pub keypair: Keypair,
    /// Its quote token account.
    pub token_account: Pubkey,
    /// Its margin account; governance has none.
    pub margin_account: Option<Pubkey>,
}

/// What was set up.
pub struct World {
    /// The clearinghouse.
    pub clearinghouse: Pubkey,
    /// The quote token.
    pub quote: Token,
    /// The collateral token, priced as SOL.
    pub collateral: Token,
    /// What it trades.
    pub markets: Vec<Market>,
    /// Who trades.
    pub wallets: Vec<Wallet>,
}

impl World {
    /// The wallet called `name`. Errors: there is none.
    pub fn wallet(&self, name: &str) -> Result<&Wallet> {
        self.wallets.iter().find(|wallet| wallet.name == name).with_context(|| format!("no wallet called {name}"))
    }
}

/// Sets up the world of `seed` on a chain whose clock stands a collateral ramp before `open`, the time at which the
/// markets open at `prices`, dollars. Errors: the first transaction that the program refuses.
pub fn build(
    chain: &Arc<Chain>,
    faucet: &Faucet,
    seed: u64,
    open: i64,
    prices: [f64; UNDERLYINGS],
) -> Result<(World, Publisher)> {
    let governance = keys::keypair(seed, GOVERNANCE);
    let clearinghouse = address::clearinghouse(&governance.pubkey(), 0);
    let setup = Setup { ledger: chain.ledger(), governance, clearinghouse, faucet };
    let mut markets = setup.markets(seed, prices);
    setup.fund(seed)?;
    setup.list(prices).context("opening the clearinghouse")?;
    chain.advance_to(open)?;
    let publisher = Publisher::new(Arc::clone(chain), keys::keypair(seed, "cranker"), feeds(&markets));
    publisher.publish(prices)?;
    for market in &mut markets {
        setup.open_market(market, open).with_context(|| format!("listing {}", market.symbol))?;
    }
    let wallets = setup.open_accounts(seed)?;
    let world = World { clearinghouse, quote: faucet.quote, collateral: faucet.collateral, markets, wallets };
    setup.trade(&world).context("sample trades")?;
    Ok((world, publisher))
}

fn feeds(markets: &[Market]) -> [Feed; UNDERLYINGS] {
    std::array::from_fn(|index| markets[index].feed)
}

struct Setup<'a> {
    ledger: Immediate,
    governance: Keypair,
    clearinghouse: Pubkey,
    faucet: &'a Faucet,
}

impl Setup<'_> {
    fn send(&self, instructions: &[Instruction], signers: &[&dyn Signer]) -> Result<()> {
        self.ledger.send(instructions, signers, &SendOptions::with_compute_limit(UNITS))?;
        Ok(())
    }

    fn markets(&self, seed: u64, prices: [f64; UNDERLYINGS]) -> Vec<Market> {
        let market = |(index, symbol): (u16, &'static str)| {
            let at = usize::from(index);
            let update = keys::keypair(seed, &format!("price of {symbol}")).pubkey();
            let underlying = address::underlying(&self.clearinghouse, index);
            Market {
                symbol,
                index,
                feed: Feed { id: listing::FEED_IDS[at], update, underlying },
                expiries: Vec::new(),
                strikes: listing::strikes(prices[at]),
            }
        };
        (0..).zip(SYMBOLS).map(market).collect()
    }

    fn fund(&self, seed: u64) -> Result<()> {
        for name in [GOVERNANCE, MAKER, LIQUIDATOR, "cranker"].into_iter().chain(TRADERS) {
            self.faucet.give_sol(&keys::keypair(seed, name).pubkey(), WALLET_SOL)?;
        }
        Ok(())
    }

    fn list(&self, prices: [f64; UNDERLYINGS]) -> Result<()> {
        let authority = self.governance.pubkey();
        let create = instruction::clearinghouse_create(
            &authority,
            &self.faucet.quote.mint,
            listing::clearinghouse_args(authority),
        );
        self.send(&[create], &[&self.governance])?;
        for (index, price) in prices.into_iter().enumerate() {
            let args = listing::underlying_args(index, price)?;
            let create = instruction::underlying_create(&self.clearinghouse, &authority, &authority, args);
            self.send(&[create], &[&self.governance])?;
        }
        let args = listing::collateral_args(1, COLLATERAL_DECIMALS);
        let mint = self.faucet.collateral.mint;
        let create = instruction::collateral_create(&self.clearinghouse, &authority, &authority, &mint, args);
        self.send(&[create], &[&self.governance])
    }

    fn open_market(&self, market: &mut Market, now: i64) -> Result<()> {
        let (underlying, payer) = (market.feed.underlying, self.governance.pubkey());
        for expiry in listing::expiries(now) {
            let mut instructions = vec![instruction::expiry_create(&underlying, &payer, expiry)];
            let strike = |price: &i64| instruction::strike_create(&underlying, expiry, *price);
            instructions.extend(market.strikes.iter().map(strike));
            self.send(&instructions, &[&self.governance])?;
            market.expiries.push(expiry);
        }
        Ok(())
    }

    fn open_accounts(&self, seed: u64) -> Result<Vec<Wallet>> {
        let directory = Directory::load(&self.ledger, &self.clearinghouse)?;
        let quote = |name: &str, whole: u64| -> Result<Pubkey> {
            let owner = keys::keypair(seed, name).pubkey();
            self.faucet.give(self.faucet.quote, &owner, whole.saturating_mul(QUOTE_UNIT))
        };
        let source = quote(GOVERNANCE, 2 * INSURANCE)?;
        let payer = self.governance.pubkey();
        let contribute = instruction::insurance_deposit(&directory, &payer, &source, INSURANCE * QUOTE_UNIT);
        self.send(&[contribute], &[&self.governance]).context("insurance")?;
        let governance = self.governance.insecure_clone();
        let mut wallets =
            vec![Wallet { name: GOVERNANCE, keypair: governance, token_account: source, margin_account: None }];
        for (name, minted, deposited) in DEPOSITS {
            let wallet = keys::keypair(seed, name);
            let source = quote(name, minted)?;
            let account = self
                .open_account(&directory, &wallet, &source, deposited * QUOTE_UNIT)
                .with_context(|| format!("account of {name}"))?;
            wallets.push(Wallet { name, keypair: wallet, token_account: source, margin_account: Some(account) });
        }
        self.deposit_collateral(&directory, &wallets[2])?;
        Ok(wallets)
    }

    fn open_account(&self, directory: &Directory, wallet: &Keypair, source: &Pubkey, amount: u64) -> Result<Pubkey> {
        let (clearinghouse, owner) = (&self.clearinghouse, wallet.pubkey());
        let account = address::margin_account(clearinghouse, &owner, 0);
        let args = MarginAccountOpenArgs { id: 0, mode: MODE_CROSS };
        let instructions = [
            instruction::owner_create(clearinghouse, &owner, &owner),
            instruction::margin_account_open(clearinghouse, &owner, &owner, args),
            instruction::deposit(directory, &account, &owner, source, amount),
        ];
        self.send(&instructions, &[wallet])?;
        Ok(account)
    }

    fn deposit_collateral(&self, directory: &Directory, wallet: &Wallet) -> Result<()> {
        let token = self.faucet.collateral;
        let amount = COLLATERAL.saturating_mul(10_u64.pow(u32::from(token.decimals)));
        let owner = wallet.keypair.pubkey();
        let source = self.faucet.give(token, &owner, amount)?;
        let account = wallet.margin_account.context("a wallet without margin account")?;
        let deposit = instruction::collateral_deposit(directory, &account, (&owner, &source), 0, amount)?;
        self.send(&[deposit], &[&wallet.keypair]).context("collateral")
    }

    /// trader-1 buys calls, trader-2 writes puts on thin margin, trader-3 holds a call spread in portfolio mode; the maker
    /// takes the other side of all.
    fn trade(&self, world: &World) -> Result<()> {
        let (call, put) = (OptionKind::Call, OptionKind::Put);
        let [one, two, three] = TRADERS;
        let trades = [
            (one, MAKER, 0, 100, call, 10),
            (MAKER, two, 0, 90, put, 20),
            (MAKER, two, 1, 90, put, 300),
            (three, MAKER, 1, 100, call, 100),
            (MAKER, three, 1, 120, call, 100),
        ];
        for (buyer, seller, market, percent, kind, quantity) in trades {
            let market: &Market = &world.markets[market];
            let leg = Leg { market, expiry: market.expiries[2], strike: nearest(market, percent), kind, quantity };
            self.clear(world.wallet(buyer)?, world.wallet(seller)?, &leg)?;
        }
        self.margin_as_portfolio(world.wallet(three)?, &world.markets[1])?;
        self.thin_out(world.wallet(two)?)
    }

    /// Opens and fills the risk rows of the traded expiry of `market`, and puts an account into portfolio mode.
    fn margin_as_portfolio(&self, wallet: &Wallet, market: &Market) -> Result<()> {
        let directory = Directory::load(&self.ledger, &self.clearinghouse)?;
        let time = market.expiries[2];
        let open = instruction::rows_open(&directory.expiry(market.index, time), &self.governance.pubkey());
        let refresh = instruction::rows_refresh(&directory, market.index, time, None);
        self.send(&[open, refresh], &[&self.governance]).context("risk rows")?;
        let account: MarginAccount = self.ledger.load(&wallet.margin_account.context("a wallet without account")?)?;
        let snapshot = Snapshot::of_accounts(
            &self.ledger,
            &directory,
            vec![MarginAccount { mode: MODE_PORTFOLIO, ..account }],
            None,
            None,
        )?;
        let set = instruction::mode_set(&snapshot.directory, &account, MODE_PORTFOLIO)?;
        self.send(&[set], &[&wallet.keypair]).context("portfolio mode")
    }

    /// Clears one trade at the mark.
    fn clear(&self, buyer: &Wallet, seller: &Wallet, leg: &Leg) -> Result<()> {
        let directory = Directory::load(&self.ledger, &self.clearinghouse)?;
        let accounts = [buyer, seller].map(|wallet| wallet.margin_account);
        let accounts: Vec<Pubkey> = accounts.into_iter().flatten().collect();
        let series = Some((leg.market.index, leg.expiry));
        let snapshot = Snapshot::load_with(&self.ledger, &directory, &accounts, series, None)?;
        let mark = snapshot.value(|v| v.mark(leg.market.index, leg.expiry, leg.strike, leg.kind))?;
        let sides: [&MarginAccount; 2] = [snapshot.account(0)?, snapshot.account(1)?];
        let args = TradeClearArgs {
            underlying: leg.market.index,
            strike: leg.strike,
            strike_price: leg.market.strikes.get(usize::from(leg.strike)).copied().unwrap_or(0),
            kind: leg.kind.to_u8(),
            quantity: leg.quantity,
            expiry: leg.expiry,
            price: mark.0,
            valid_until: snapshot.now.saturating_add(TRADE_SECONDS),
            buyer_sequence: sides[0].sequence,
            seller_sequence: sides[1].sequence,
        };
        let [bought, sold] = sides.map(Side::of_owner);
        let clear = instruction::trade_clear(&directory, bought, sold, args)?;
        self.send(&[clear], &[&buyer.keypair, &seller.keypair])
            .with_context(|| format!("{} buys {} contracts of {}", buyer.name, leg.quantity, seller.name))
    }

    /// Withdraws from an account until little more than its initial requirement is left.
    fn thin_out(&self, wallet: &Wallet) -> Result<()> {
        let directory = Directory::load(&self.ledger, &self.clearinghouse)?;
        let address = wallet.margin_account.context("a wallet without margin account")?;
        let snapshot = Snapshot::load(&self.ledger, &directory, &[address])?;
        let balances = snapshot.balances(0)?;
        let keep = (balances.equity - balances.initial) * THIN_SURPLUS_PERCENT / 100;
        let amount = (balances.initial - keep).min(snapshot.account(0)?.cash.into());
        let Ok(amount @ 1..) = u64::try_from(amount) else { return Ok(()) };
        let account: MarginAccount = self.ledger.load(&address)?;
        let withdraw = instruction::withdraw(&directory, &account, &wallet.token_account, amount)?;
        self.send(&[withdraw], &[&wallet.keypair]).with_context(|| format!("{} withdraws {amount} atoms", wallet.name))
    }
}

/// One sample trade.
struct Leg<'a> {
    market: &'a Market,
    expiry: i64,
    strike: u8,
    kind: OptionKind,
    quantity: i32,
}

/// Id of the listed strike nearest to `percent` of the middle one, which is the price at the start.
fn nearest(market: &Market, percent: i64) -> u8 {
    let middle = market.strikes[market.strikes.len() / 2];
    let target = middle / 100 * percent;
    let found = (0_u8..).zip(&market.strikes).min_by_key(|(_, strike)| (**strike - target).abs());
    found.map_or(0, |(id, _)| id)
}
