//! A whole clearinghouse: every sum that must balance, and the health of every account.

use std::collections::BTreeMap;

use anchor_lang::solana_program::program_pack::Pack;
use anchor_spl::token::spl_token::state::Account as TokenAccount;
use plimsoll::constants::INDEX_NONE;
use plimsoll::state::{
    Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, RiskRows, Underlying,
};
use plimsoll_core::invariants::{ClearinghouseSums, CollateralSums, InvariantViolation, SeriesSums};
use plimsoll_core::units::Wide;
use solana_account::Account;
use solana_program::pubkey::Pubkey;

use crate::address;
use crate::decode::State;
use crate::directory::{rows_wanted, Directory};
use crate::error::LedgerError;
use crate::ledger::{AccountFilter, Ledger, LedgerExt};
use crate::price::{format_quote, quotient};
use crate::snapshot::MarketData;

/// One series within its clearinghouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Index of the underlying.
    pub underlying: u16,
    /// Expiry time: unix seconds.
    pub expiry: i64,
    /// Strike id.
    pub strike: u8,
    /// 0 call, 1 put.
    pub kind: u8,
}

/// An equation that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {:?} fails: {} against {}", violation.equation, violation.left, violation.right)]
pub struct Broken {
    /// Clearinghouse, series or collateral.
    pub place: String,
    /// Which equation, with both sides.
    pub violation: InvariantViolation,
}

/// How many accounts stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Initial balance >= 0.
    pub sound: u32,
    /// Initial balance < 0 <= maintenance balance: no new risk.
    pub called: u32,
    /// Maintenance balance < 0 <= equity.
    pub liquidatable: u32,
    /// Equity < 0.
    pub insolvent: u32,
    /// In auction; counted above too.
    pub in_auction: u32,
    /// Not valued: a price is missing.
    pub unknown: u32,
}

/// All accounts of a clearinghouse, decoded.
#[derive(Clone, Debug)]
pub struct Books {
    /// What it lists, with the clearinghouse as loaded now.
    pub directory: Directory,
    /// The insurance fund.
    pub insurance: InsuranceFund,
    /// Every margin account by address.
    pub accounts: BTreeMap<Pubkey, MarginAccount>,
    /// Every expiry by underlying index and time.
    pub expiries: BTreeMap<(u16, i64), Expiry>,
    /// Tokens in the quote vault.
    pub vault: u64,
    /// Tokens in each collateral vault, by index.
    pub collateral_vaults: BTreeMap<u16, u64>,
    /// Clock: unix seconds.
    pub now: i64,
}

impl Books {
    /// Loads everything of the clearinghouse at `address`. Errors: `Missing`, `Decode`, transport.
    pub fn load(ledger: &(impl Ledger + ?Sized), address: &Pubkey) -> Result<Self, LedgerError> {
        let directory = Directory::load(ledger, address)?;
        let insurance = ledger.load::<InsuranceFund>(&directory.clearinghouse.insurance)?;
        let accounts = ledger.load_all::<MarginAccount>(
            &AccountFilter::all::<MarginAccount>()
                .with_key(std::mem::offset_of!(MarginAccount, clearinghouse), address),
        )?;
        let expiries = ledger.load_all::<Expiry>(
            &AccountFilter::all::<Expiry>().with_key(std::mem::offset_of!(Expiry, clearinghouse), address),
        )?;
        let vaults: Vec<Pubkey> = std::iter::once(directory.clearinghouse.vault)
            .chain(directory.collaterals.values().map(|collateral| collateral.vault))
            .collect();
        let held = ledger.accounts(&vaults)?;
        let mut amounts = held.iter().map(|account| tokens_in(account.as_ref()));
        Ok(Self {
            vault: amounts.next().unwrap_or(0),
            collateral_vaults: directory.collaterals.keys().copied().zip(amounts).collect(),
            insurance,
            accounts: accounts.into_iter().collect(),
            expiries: expiries.into_iter().map(|(_, e)| ((e.underlying_index, e.expiry), e)).collect(),
            now: ledger.now()?,
            directory,
        })
    }

    /// The clearinghouse.
    pub fn clearinghouse(&self) -> &Clearinghouse {
        &self.directory.clearinghouse
    }

    /// The sums of the recorded assets equation. `donated` is what the vault holds beyond them, if it holds more.
    pub fn sums(&self) -> ClearinghouseSums {
        let total = |amounts: &mut dyn Iterator<Item = i64>| amounts.map(Wide::from).sum::<Wide>();
        let mut sums = ClearinghouseSums {
            vault: Wide::from(self.vault),
            cash: total(&mut self.accounts.values().map(|a| a.cash)),
            insurance: Wide::from(self.insurance.balance),
            surplus: Wide::from(self.clearinghouse().surplus),
            settlement: total(&mut self.expiries.values().map(|e| e.settlement_balance)),
            fees: total(&mut self.expiries.values().map(|e| e.fees_accrued)),
            deficit: Wide::from(self.clearinghouse().deficit),
            donated: 0,
        };
        sums.donated = sums.vault.saturating_sub(sums.recorded()).max(0);
        sums
    }

    /// What the clearinghouse owes its accounts, fund and surplus, before the recorded deficit: quote atoms.
    pub fn claims(&self) -> Wide {
        let sums = self.sums();
        sums.recorded().saturating_add(sums.deficit)
    }

    /// Vault tokens / claims as a decimal with four places; `1.0000` or more is solvent, `-` without claims.
    pub fn backing_ratio(&self) -> String {
        quotient(Wide::from(self.vault), self.claims()).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.4}"))
    }

    /// Long and short contracts of every series with a holder or open interest. Errors: `Rules` on overflow.
    pub fn series(&self) -> Result<BTreeMap<SeriesKey, (SeriesSums, i64)>, LedgerError> {
        let mut series: BTreeMap<SeriesKey, (SeriesSums, i64)> = BTreeMap::new();
        for ((underlying, expiry), state) in &self.expiries {
            for (strike, listed) in (0u8..).zip(state.strikes()) {
                for (kind, interest) in (0u8..).zip(listed.open_interest) {
                    let key = SeriesKey { underlying: *underlying, expiry: *expiry, strike, kind };
                    if interest != 0 {
                        series.entry(key).or_default().1 = interest;
                    }
                }
            }
        }
        for account in self.accounts.values() {
            for leg in account.legs() {
                series.entry(series_of(account, leg)).or_default().0.add(leg.quantity)?;
            }
        }
        Ok(series)
    }

    /// Tokens of every collateral.
    pub fn collaterals(&self) -> BTreeMap<u16, CollateralSums> {
        let sums = |(index, collateral): (&u16, &Collateral)| {
            let slots = self.accounts.values().flat_map(|account| &account.collaterals);
            let held = slots.filter(|slot| slot.amount > 0 && slot.index == *index).map(|slot| Wide::from(slot.amount));
            let vault = Wide::from(self.collateral_vaults.get(index).copied().unwrap_or(0));
            (*index, CollateralSums { vault, held: held.sum(), recorded: Wide::from(collateral.deposited) })
        };
        self.directory.collaterals.iter().map(sums).collect()
    }

    /// Every equation: vault against recorded assets, each series, each collateral. Errors: all that fail, in order;
    /// empty is sound.
    ///
    /// Of an expiry that is settled the open interest is frozen while its accounts settle one by one, so its series
    /// are checked by `unsettled_long` and `unsettled_short` instead.
    pub fn check(&self) -> Result<Vec<Broken>, LedgerError> {
        let mut broken = Vec::new();
        let mut note = |place: String, result: Result<(), InvariantViolation>| {
            broken.extend(result.err().map(|violation| Broken { place, violation }));
        };
        note(format!("clearinghouse {}", self.directory.address), self.sums().check());
        let mut unsettled: BTreeMap<(u16, i64), SeriesSums> = BTreeMap::new();
        for (key, (sums, interest)) in self.series()? {
            let expiry = (key.underlying, key.expiry);
            if self.expiries.get(&expiry).is_some_and(Expiry::is_settled) {
                let total = unsettled.entry(expiry).or_default();
                total.long = total.long.saturating_add(sums.long);
                total.short = total.short.saturating_add(sums.short);
            } else {
                note(format!("series {key:?}"), sums.check(interest));
            }
        }
        for (expiry, sums) in unsettled {
            let state = &self.expiries[&expiry];
            note(format!("unsettled long of {expiry:?}"), equal(sums.long, state.unsettled_long));
            note(format!("unsettled short of {expiry:?}"), equal(sums.short, state.unsettled_short));
        }
        for (index, sums) in self.collaterals() {
            note(format!("collateral {index}"), sums.check());
        }
        Ok(broken)
    }

    /// The health of every account, from market data loaded for all of them. Errors: transport.
    pub fn health(&self, markets: &MarketData) -> Health {
        let mut health = Health::default();
        for account in self.accounts.values() {
            health.in_auction = health.in_auction.saturating_add(u32::from(account.in_auction()));
            let count = match markets.balances(&self.directory, account, self.now) {
                Err(_) => &mut health.unknown,
                Ok(balances) if balances.equity < 0 => &mut health.insolvent,
                Ok(balances) if balances.maintenance < 0 => &mut health.liquidatable,
                Ok(balances) if balances.initial < 0 => &mut health.called,
                Ok(_) => &mut health.sound,
            };
            *count = count.saturating_add(1);
        }
        health
    }

    /// Every market account, with the risk rows of what is held if an account is in portfolio mode; the directory then
    /// knows which rows are open. Errors: transport.
    pub fn load_markets(&mut self, ledger: &(impl Ledger + ?Sized)) -> Result<MarketData, LedgerError> {
        let accounts: Vec<&MarginAccount> = self.accounts.values().collect();
        let rows = rows_wanted(&accounts, None);
        let mut addresses = self.market_addresses();
        addresses.extend(rows.iter().map(|(index, time)| self.directory.rows_of(*index, *time)));
        let markets = MarketData::load(ledger, &addresses)?;
        let open = |(index, time): &(u16, i64)| markets.contains(&self.directory.rows_of(*index, *time));
        self.directory.rows = rows.into_iter().filter(open).collect();
        Ok(markets)
    }

    /// Addresses of every market account but risk rows.
    pub fn market_addresses(&self) -> Vec<Pubkey> {
        let mut addresses = Vec::new();
        for index in self.directory.underlyings.keys() {
            let underlying = self.directory.underlying(*index);
            addresses.extend([underlying, address::oracle(&underlying)]);
        }
        addresses.extend(self.expiries.keys().map(|(index, expiry)| self.directory.expiry(*index, *expiry)));
        let mints = self.directory.collaterals.values().map(|c| &c.mint);
        addresses.extend(mints.map(|mint| address::collateral(&self.directory.address, mint)));
        addresses
    }

    /// A few lines for a person.
    pub fn summary(&self) -> String {
        let sums = self.sums();
        format!(
            "vault {}  claims {}  backing {}\ncash {}  insurance {}  surplus {}  fees {}  settlement {}  deficit {}",
            format_quote(self.vault),
            format_quote(self.claims()),
            self.backing_ratio(),
            format_quote(sums.cash),
            format_quote(sums.insurance),
            format_quote(sums.surplus),
            format_quote(sums.fees),
            format_quote(sums.settlement),
            format_quote(sums.deficit),
        )
    }
}

/// The series of a leg of `account`.
pub fn series_of(account: &MarginAccount, leg: &plimsoll_core::position::Position) -> SeriesKey {
    let (underlying, expiry) = account.expiry_at(usize::from(leg.expiry_slot)).unwrap_or((INDEX_NONE, 0));
    SeriesKey { underlying, expiry, strike: leg.strike, kind: leg.kind }
}

/// Tokens in a token account; 0 if there is none. Errors: transport.
pub fn token_balance(ledger: &(impl Ledger + ?Sized), address: &Pubkey) -> Result<u64, LedgerError> {
    Ok(tokens_in(ledger.account(address)?.as_ref()))
}

/// Tokens in a token account; 0 if there is none.
fn tokens_in(account: Option<&Account>) -> u64 {
    account.and_then(|account| TokenAccount::unpack(&account.data).ok()).map_or(0, |token| token.amount)
}

fn equal(left: i64, right: i64) -> Result<(), InvariantViolation> {
    use plimsoll_core::invariants::Equation;
    if left == right {
        return Ok(());
    }
    let (left, right) = (Wide::from(left), Wide::from(right));
    Err(InvariantViolation { equation: Equation::OpenInterestIsRecorded, left, right })
}

/// The oracle state of underlying number `index` in data that is already here; `None` if it is not.
pub fn load_oracle(markets: &MarketData, directory: &Directory, index: u16) -> Option<OracleState> {
    markets.decode(&address::oracle(&directory.underlying(index)))
}

/// Underlyings and oracle states by index, decoded. Errors: `Missing`, `Decode`, transport.
pub fn load_oracles(
    ledger: &(impl Ledger + ?Sized),
    directory: &Directory,
) -> Result<BTreeMap<u16, (Underlying, OracleState)>, LedgerError> {
    let indices = directory.underlyings.keys();
    let addresses: Vec<Pubkey> = indices.map(|index| address::oracle(&directory.underlying(*index))).collect();
    let oracles = ledger.load_many::<OracleState>(&addresses)?;
    Ok(directory.underlyings.iter().zip(oracles).map(|((index, u), oracle)| (*index, (*u, oracle))).collect())
}

/// The name of an account type, from its data.
pub fn kind_of(data: &[u8]) -> Option<&'static str> {
    let is = |discriminator: [u8; 8]| data.starts_with(&discriminator);
    [
        (Clearinghouse::NAME, Clearinghouse::discriminator()),
        (Underlying::NAME, Underlying::discriminator()),
        (OracleState::NAME, OracleState::discriminator()),
        (Expiry::NAME, Expiry::discriminator()),
        (MarginAccount::NAME, MarginAccount::discriminator()),
        (Collateral::NAME, Collateral::discriminator()),
        (InsuranceFund::NAME, InsuranceFund::discriminator()),
        (RiskRows::NAME, RiskRows::discriminator()),
    ]
    .into_iter()
    .find(|(_, discriminator)| is(*discriminator))
    .map(|(name, _)| name)
}
