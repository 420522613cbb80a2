//! The world of a run, what happens between its actions, and what is counted.

use std::collections::{BTreeMap, VecDeque};

use plimsoll::state::{Expiry, MarginAccount, OracleState, RiskRows};
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::{AccountFilter, LedgerExt};
use plimsoll_core::math::elementary::ln_integer;
use plimsoll_tests::chain::Mode;
use plimsoll_tests::token;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL, SOL_PRICE};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use super::{actions, rows};
use crate::support::edit;

/// Actions kept for the report of a failure.
const RECENT: usize = 20;
/// Seconds before an expiry to which a jump goes: its settlement window is open.
const WINDOW: i64 = 1_780;
/// Traders; the last one holds mostly collateral.
const TRADERS: usize = 6;

/// A run: the world, what is known of it, and the counts.
pub struct Driver {
    pub world: World,
    pub random: ChaCha8Rng,
    /// The last actions, oldest first.
    pub recent: VecDeque<String>,
    pub directory: Directory,
    /// Open margin accounts of the clearinghouse.
    pub accounts: Vec<Pubkey>,
    /// Expiries of the clearinghouse.
    pub expiries: Vec<Expiry>,
    /// Open risk rows, also of closed expiries.
    pub rows: Vec<RiskRows>,
    /// How often balances from rows were compared with those of fresh prices.
    pub compared: u64,
    /// Running numbers for names that must be new.
    pub fresh: u16,
    pub next_clearinghouse: u16,
    /// One delegate for each trader.
    pub delegates: Vec<Pubkey>,
    keys: BTreeMap<Pubkey, Keypair>,
    /// Addresses that a wrong account is taken from.
    pool: Vec<Pubkey>,
    /// Passed and refused by instruction.
    counts: BTreeMap<&'static str, [u64; 2]>,
    /// Refusals by instruction and rule.
    rules: BTreeMap<(&'static str, String), u64>,
    step: u64,
}

impl Driver {
    pub fn new(seed: u64) -> Self {
        let options = WorldOptions {
            mode: Mode::Fast,
            traders: TRADERS,
            cash: 10_000 * QUOTE,
            expiry_days: vec![1, 2, 9],
            collateral: true,
            correlated: true,
            ..WorldOptions::default()
        };
        let world = World::with(&options);
        world.deposit_wbtc(TRADERS - 1, 300_000_000).unwrap_or_else(|e| panic!("collateral: {e}"));
        let mut keys = BTreeMap::new();
        let mut pool = vec![world.clearinghouse, world.quote_mint, world.wbtc_mint, plimsoll::ID];
        let mut delegates = Vec::new();
        for (at, trader) in world.traders.iter().enumerate() {
            keys.insert(trader.address(), trader.key.insecure_clone());
            pool.extend([trader.address(), trader.wallet, trader.account]);
            let delegate = world.chain.wallet(&format!("delegate {at}"));
            delegates.push(delegate.pubkey());
            keys.insert(delegate.pubkey(), delegate);
        }
        keys.insert(world.governance.pubkey(), world.governance.insecure_clone());
        let directory = world.directory();
        offset_losses(&world, &directory);
        pool.extend([directory.clearinghouse.vault, directory.clearinghouse.insurance]);
        pool.extend([directory.clearinghouse.outflow, world.governance.pubkey()]);
        for index in [BTC, SOL] {
            let underlying = directory.underlying(index);
            pool.extend([underlying, plimsoll_client::address::oracle(&underlying)]);
        }
        let mut driver = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            recent: VecDeque::new(),
            directory,
            accounts: Vec::new(),
            expiries: Vec::new(),
            rows: Vec::new(),
            compared: 0,
            fresh: 0,
            next_clearinghouse: 1,
            delegates,
            keys,
            pool,
            counts: actions::NAMES.iter().map(|name| (*name, [0; 2])).collect(),
            rules: BTreeMap::new(),
            step: 0,
            world,
        };
        driver.reload();
        driver
    }

    /// What instructions list and close.
    fn reload(&mut self) {
        let (chain, clearinghouse) = (&self.world.chain, &self.world.clearinghouse);
        let accounts = AccountFilter::all::<MarginAccount>()
            .with_key(std::mem::offset_of!(MarginAccount, clearinghouse), clearinghouse);
        let accounts = chain.load_all::<MarginAccount>(&accounts).unwrap_or_else(|e| panic!("{e}"));
        self.accounts = accounts.into_iter().map(|(address, _)| address).collect();
        let expiries =
            AccountFilter::all::<Expiry>().with_key(std::mem::offset_of!(Expiry, clearinghouse), clearinghouse);
        let expiries = chain.load_all::<Expiry>(&expiries).unwrap_or_else(|e| panic!("{e}"));
        let rows = chain.load_all::<RiskRows>(&AccountFilter::all::<RiskRows>()).unwrap_or_else(|e| panic!("{e}"));
        self.rows = rows.into_iter().map(|(_, rows)| rows).collect();
        let has_rows = |at: &Pubkey| self.rows.iter().any(|rows| rows.expiry == *at);
        let open = expiries.iter().filter(|(at, _)| has_rows(at));
        self.world.rows = open.map(|(_, expiry)| (expiry.underlying_index, expiry.expiry)).collect();
        self.expiries = expiries.into_iter().map(|(_, expiry)| expiry).collect();
        self.directory = self.world.directory();
    }

    /// One step: time passes or not, then one action.
    pub fn step(&mut self, step: u64) {
        self.step = step;
        match self.random.random_range(0..100) {
            0..25 => {
                let seconds = self.random.random_range(1..=15);
                self.world.advance(seconds);
            }
            25..30 => self.shake(),
            30..33 => self.jump(),
            33 => self.refill(),
            34 => self.reload(),
            _ => {}
        }
        actions::act(self);
    }

    /// A price moves by up to 8 %, often enough by up to 45 %, within half and twice the first
    /// price; liquidators are there at once.
    fn shake(&mut self) {
        let (index, first) = if self.random.random_bool(0.7) { (BTC, BTC_PRICE) } else { (SOL, SOL_PRICE) };
        let range = if self.random.random_bool(0.3) { 450 } else { 80 };
        let move_by = self.random.random_range(-range..=range);
        let price = self.world.price(index) / 1_000 * (1_000 + move_by);
        let price = price.clamp(first / 2, first * 2);
        self.note(format!("price of {index} to {price}"));
        self.world.move_price(index, price);
        if range > 80 {
            for _ in 0..10 {
                actions::liquidate(self);
            }
        }
    }

    /// Into the settlement window of the next expiry, or on through it.
    fn jump(&mut self) {
        let now = self.world.chain.time();
        let live = self.expiries.iter().map(|expiry| expiry.expiry).filter(|expiry| *expiry > now);
        let Some(next) = live.min() else { return };
        if next - now > WINDOW {
            if self.random.random_bool(0.9) {
                return;
            }
            self.note(format!("jump to {WINDOW} s before {next}"));
            self.world.advance(next - WINDOW - now);
        }
        while self.world.chain.time() < next + 60 {
            for index in [BTC, SOL] {
                actions::sample(self, index, next);
            }
            actions::correlate(self);
            self.world.advance(75);
        }
    }

    /// A wallet that runs low gets more cash.
    fn refill(&mut self) {
        let index = self.random.random_range(0..TRADERS);
        let wallet = self.world.traders[index].wallet;
        if token::balance(&self.world.chain, &wallet) < 10_000_000_000 {
            token::mint_to_account(&self.world.chain, &self.world.quote_mint, &wallet, 30_000_000_000);
        }
    }

    pub fn note(&mut self, line: String) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(format!("{} at {}: {line}", self.step, self.world.chain.time()));
    }

    /// Sends `instruction`, one time in eight with something wrong about it, and counts what came of it.
    pub fn send(&mut self, name: &'static str, mut instruction: Instruction) -> bool {
        let spoiled = self.random.random_bool(0.125);
        let how = if spoiled { self.spoil(&mut instruction, name) } else { "" };
        let keys = &self.keys;
        for meta in &mut instruction.accounts {
            meta.is_signer = meta.is_signer && keys.contains_key(&meta.pubkey);
        }
        self.note(format!("{name} {how} {:?} on {:?}", instruction.data.get(8..), first_keys(&instruction)));
        let mut signers: Vec<&dyn Signer> = vec![&self.world.governance];
        for meta in instruction.accounts.iter().filter(|meta| meta.is_signer) {
            if !signers.iter().any(|signer| signer.pubkey() == meta.pubkey) {
                signers.push(&self.keys[&meta.pubkey]);
            }
        }
        let result = self.world.send(&[instruction], &signers);
        let passed = result.is_ok();
        if let Err(error) = &result {
            let rule = error.rule().unwrap_or("not run").to_owned();
            assert_ne!(rule, "NotConserved", "{error}");
            if let Some(last) = self.recent.back_mut() {
                last.push_str(&format!(": {rule}"));
            }
            *self.rules.entry((name, rule)).or_default() += 1;
        }
        let count = self.counts.entry(name).or_default();
        count[usize::from(!passed)] += 1;
        if passed && actions::RELISTING.contains(&name) {
            self.reload();
        }
        passed
    }

    fn spoil(&mut self, instruction: &mut Instruction, name: &str) -> &'static str {
        let at = self.random.random_range(0..instruction.accounts.len());
        match self.random.random_range(0..5) {
            0 => {
                let wrong = self.random.random_range(0..self.pool.len());
                instruction.accounts[at].pubkey = self.pool[wrong];
                "with a wrong account"
            }
            1 => {
                instruction.accounts.pop();
                "with an account less"
            }
            2 => {
                let twice = self.random.random_range(0..instruction.accounts.len());
                instruction.accounts[at].pubkey = instruction.accounts[twice].pubkey;
                "with an account twice"
            }
            3 if instruction.data.len() > 8 && name != "underlying_create" => {
                // A listing with other rules could be valid, and its feed would have no price.
                let byte = self.random.random_range(8..instruction.data.len());
                instruction.data[byte] ^= 1 << self.random.random_range(0..8);
                "with a flipped bit"
            }
            _ => {
                instruction.accounts[at].is_signer = false;
                instruction.accounts[at].is_writable = false;
                "with a weaker account"
            }
        }
    }

    /// Passed and refused by instruction, with the rules that refused, most frequent first.
    pub fn report(&self) -> String {
        let mut lines = Vec::new();
        for (name, [passed, refused]) in &self.counts {
            let mut rules: Vec<_> = self.rules.iter().filter(|((of, _), _)| of == name).collect();
            rules.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let rules = rules.iter().map(|((_, rule), count)| format!("{rule} {count}"));
            let rules = rules.collect::<Vec<_>>().join(", ");
            lines.push(format!("{name}: {passed} passed, {refused} refused: {rules}"));
        }
        lines.push(format!("{} comparisons of rows with fresh prices", self.compared));
        lines.join("\n")
    }

    /// Instructions that passed or were refused less often than a run must see, and rows compared less often.
    pub fn idle(&self) -> Vec<String> {
        let least = |name: &str| if actions::RARE.contains(&name) { [2, 2] } else { [10, 10] };
        let idle = self.counts.iter().filter(|(name, count)| {
            let [passes, refusals] = least(name);
            count[0] < passes || count[1] < refusals
        });
        let lines = idle.map(|(name, [passed, refused])| format!("{name}: {passed} passed, {refused} refused"));
        let compared = (self.compared < rows::COMPARED_MIN).then(|| format!("{} comparisons of rows", self.compared));
        lines.chain(compared).collect()
    }
}

/// Lets the two underlyings offset each other's losses, as if months of hours had been sampled.
fn offset_losses(world: &World, directory: &Directory) {
    let now = world.chain.time();
    edit::<OracleState>(world, &plimsoll_client::address::oracle(&directory.underlying(SOL)), |oracle| {
        let state = &mut oracle.correlations[0];
        (state.samples, state.sampled_at) = (plimsoll_core::correlation::SAMPLES_MAX, now);
        (state.own_ln, state.peer_ln) = (ln_integer(SOL_PRICE), ln_integer(BTC_PRICE));
        // 80 % and 60 % a year, correlated by three quarters.
        let one = plimsoll_core::volatility::VARIANCE_ONE;
        (state.own_variance, state.peer_variance) = (one * 64 / 100, one * 36 / 100);
        (state.covariance, state.correlation) = (one * 36 / 100, 750_000);
    });
}

fn first_keys(instruction: &Instruction) -> Vec<String> {
    instruction.accounts.iter().take(6).map(|meta| meta.pubkey.to_string()[..6].to_owned()).collect()
}
