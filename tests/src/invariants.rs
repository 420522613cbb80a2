//! What must be true: of the accounts a transaction wrote, after every transaction; of everything, when asked.

use std::collections::BTreeMap;

use anchor_lang::solana_program::program_pack::Pack;
use anchor_spl::token::spl_token::state::Account as TokenAccount;
use litesvm::LiteSVM;
use plimsoll::state::{Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount};
use plimsoll_client::decode::State;
use plimsoll_client::status::{series_of, Books, Broken, SeriesKey};
use plimsoll_core::invariants::{check_conserved, ClearinghouseSums, Equation, InvariantViolation, Touched};
use plimsoll_core::units::Wide;
use solana_account::Account;
use solana_message::VersionedMessage;
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

use crate::chain::{Chain, LOOKUP_TABLE_HEADER};

/// Every equation of the clearinghouse at `clearinghouse`, over all of its accounts. Panics with each that fails, its
/// place and both numbers, and when the vault does not hold exactly what is recorded plus `donated`.
pub fn full_check(chain: &Chain, clearinghouse: &Pubkey, donated: u64) -> Books {
    let books = Books::load(chain, clearinghouse).unwrap_or_else(|e| panic!("cannot load {clearinghouse}: {e}"));
    let mut broken = books.check().unwrap_or_else(|e| panic!("cannot sum {clearinghouse}: {e}"));
    let sums = ClearinghouseSums { donated: Wide::from(donated), ..books.sums() };
    if let Err(violation) = sums.check_exact() {
        broken.push(Broken { place: format!("clearinghouse {clearinghouse}"), violation });
    }
    let lines: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "invariants broken:\n{}\n{}", lines.join("\n"), books.summary());
    books
}

/// Addresses that `transaction` may write, those from lookup tables included.
pub fn writable_keys(svm: &LiteSVM, transaction: &VersionedTransaction) -> Vec<Pubkey> {
    let message = &transaction.message;
    let header = message.header();
    let keys = message.static_account_keys();
    let signed = usize::from(header.num_required_signatures);
    let writable = |at: &usize| {
        if *at < signed {
            *at < signed.saturating_sub(usize::from(header.num_readonly_signed_accounts))
        } else {
            *at < keys.len().saturating_sub(usize::from(header.num_readonly_unsigned_accounts))
        }
    };
    let mut found: Vec<Pubkey> = (0..keys.len()).filter(writable).map(|at| keys[at]).collect();
    if let VersionedMessage::V0(message) = message {
        for lookup in &message.address_table_lookups {
            let table = svm.get_account(&lookup.account_key).map(|a| a.data).unwrap_or_default();
            let entry = |index: &u8| {
                let start = LOOKUP_TABLE_HEADER.saturating_add(usize::from(*index).saturating_mul(32));
                let bytes: [u8; 32] = table.get(start..start.saturating_add(32))?.try_into().ok()?;
                Some(Pubkey::new_from_array(bytes))
            };
            found.extend(lookup.writable_indexes.iter().filter_map(entry));
        }
    }
    found
}

/// Conservation over the accounts one transaction wrote: per clearinghouse quote in = quote out, per series contracts
/// long and short change together and with open interest, per collateral what accounts hold changes with the record
/// and the vault. Errors: the first equation that fails, with both numbers.
pub fn check_transaction(before: &[(Pubkey, Option<Account>)], after: &[Option<Account>]) -> Result<(), Broken> {
    let mut changes = Changes::default();
    for ((address, before), after) in before.iter().zip(after) {
        changes.add(address, before.as_ref(), -1);
        changes.add(address, after.as_ref(), 1);
    }
    changes.check()
}

/// Signed sums over the written accounts: after less before.
#[derive(Default)]
struct Changes {
    /// Quote recorded per clearinghouse: before, after.
    quote: BTreeMap<Pubkey, [Touched; 2]>,
    /// Tokens per (clearinghouse, mint) in vaults.
    vaults: BTreeMap<(Pubkey, Pubkey), Wide>,
    /// Mints of collateral, with its index, per clearinghouse; recorded change.
    collaterals: BTreeMap<(Pubkey, u16), (Pubkey, Wide)>,
    /// Held change per (clearinghouse, collateral).
    held: BTreeMap<(Pubkey, u16), Wide>,
    /// Long and short change per series.
    series: BTreeMap<(Pubkey, SeriesKey), [Wide; 2]>,
    /// Change of open interest per series of written live expiries.
    interest: BTreeMap<(Pubkey, SeriesKey), Wide>,
    /// Change of unsettled long and short of written expiries that were settled before and after.
    unsettled: BTreeMap<(Pubkey, u16, i64), [Wide; 2]>,
    /// Expiries that were settled at one of the two moments.
    settled: BTreeMap<(Pubkey, u16, i64), u8>,
}

impl Changes {
    fn add(&mut self, address: &Pubkey, account: Option<&Account>, sign: Wide) {
        let Some(account) = account.filter(|a| a.lamports > 0) else { return };
        if account.owner == anchor_spl::token::ID {
            if let Ok(token) = TokenAccount::unpack(&account.data) {
                *self.vaults.entry((token.owner, token.mint)).or_default() += sign * Wide::from(token.amount);
            }
            return;
        }
        if account.owner != plimsoll::ID {
            return;
        }
        if let Ok(state) = MarginAccount::decode(address, account) {
            self.add_margin_account(&state, sign);
        } else if let Ok(state) = InsuranceFund::decode(address, account) {
            self.touch(&state.clearinghouse, sign, |t| t.owed(state.balance));
        } else if let Ok(state) = Clearinghouse::decode(address, account) {
            self.touch(address, sign, |t| t.owed(state.surplus).deficit(state.deficit));
        } else if let Ok(state) = Expiry::decode(address, account) {
            self.add_expiry(&state, sign);
        } else if let Ok(state) = Collateral::decode(address, account) {
            let entry = self.collaterals.entry((state.clearinghouse, state.index)).or_insert((state.mint, 0));
            entry.1 += sign * Wide::from(state.deposited);
        }
    }

    fn touch(&mut self, clearinghouse: &Pubkey, sign: Wide, f: impl FnOnce(Touched) -> Touched) {
        let sums = self.quote.entry(*clearinghouse).or_default();
        let side = &mut sums[usize::from(sign > 0)];
        *side = f(*side);
    }

    fn add_margin_account(&mut self, state: &MarginAccount, sign: Wide) {
        self.touch(&state.clearinghouse, sign, |t| t.owed(state.cash));
        for slot in state.collaterals.iter().filter(|slot| slot.amount > 0) {
            *self.held.entry((state.clearinghouse, slot.index)).or_default() += sign * Wide::from(slot.amount);
        }
        for leg in state.legs() {
            let sums = self.series.entry((state.clearinghouse, series_of(state, leg))).or_default();
            sums[usize::from(leg.quantity < 0)] += sign * Wide::from(leg.quantity.unsigned_abs());
        }
    }

    fn add_expiry(&mut self, state: &Expiry, sign: Wide) {
        self.touch(&state.clearinghouse, sign, |t| t.owed(state.fees_accrued).owed(state.settlement_balance));
        let key = (state.clearinghouse, state.underlying_index, state.expiry);
        if state.is_settled() {
            *self.settled.entry(key).or_default() += 1;
            let sums = self.unsettled.entry(key).or_default();
            sums[0] += sign * Wide::from(state.unsettled_long);
            sums[1] += sign * Wide::from(state.unsettled_short);
        }
        for (strike, listed) in (0u8..).zip(state.strikes()) {
            for (kind, interest) in (0u8..).zip(listed.open_interest) {
                let series = SeriesKey { underlying: state.underlying_index, expiry: state.expiry, strike, kind };
                *self.interest.entry((state.clearinghouse, series)).or_default() += sign * Wide::from(interest);
            }
        }
    }

    fn check(&self) -> Result<(), Broken> {
        self.check_quote()?;
        self.check_series()?;
        self.check_collateral()
    }

    fn check_quote(&self) -> Result<(), Broken> {
        for (clearinghouse, [before, after]) in &self.quote {
            // The quote vault is the one vault whose mint is no collateral written here.
            let of_collateral = |mint: &Pubkey| {
                self.collaterals.iter().any(|((domain, _), (known, _))| domain == clearinghouse && known == mint)
            };
            let vaults = self.vaults.iter().filter(|((owner, mint), _)| owner == clearinghouse && !of_collateral(mint));
            let change: Wide = vaults.map(|(_, change)| *change).sum();
            let change = i64::try_from(change).unwrap_or(i64::MAX);
            check_conserved(*before, *after, change)
                .map_err(|violation| Broken { place: format!("clearinghouse {clearinghouse}"), violation })?;
        }
        Ok(())
    }

    fn check_series(&self) -> Result<(), Broken> {
        let mut of_settled: BTreeMap<(Pubkey, u16, i64), [Wide; 2]> = BTreeMap::new();
        for ((clearinghouse, key), [long, short]) in &self.series {
            let place = || format!("series {key:?} of {clearinghouse}");
            let expiry = (*clearinghouse, key.underlying, key.expiry);
            if self.settled.get(&expiry) == Some(&2) {
                let sums = of_settled.entry(expiry).or_default();
                sums[0] += long;
                sums[1] += short;
                continue;
            }
            expect(place, Equation::SeriesSumsToZero, *long, *short)?;
            let interest = self.interest.get(&(*clearinghouse, *key)).copied().unwrap_or(0);
            expect(place, Equation::OpenInterestIsRecorded, *long, interest)?;
        }
        for ((clearinghouse, key), interest) in &self.interest {
            let place = || format!("open interest of {key:?} of {clearinghouse}");
            let legs = self.series.get(&(*clearinghouse, *key)).map_or(0, |sums| sums[0]);
            if !self.settled.contains_key(&(*clearinghouse, key.underlying, key.expiry)) {
                expect(place, Equation::OpenInterestIsRecorded, legs, *interest)?;
            }
        }
        for (expiry, sums) in of_settled {
            let recorded = self.unsettled.get(&expiry).copied().unwrap_or_default();
            let place = || format!("unsettled contracts of {expiry:?}");
            expect(place, Equation::OpenInterestIsRecorded, sums[0], recorded[0])?;
            expect(place, Equation::OpenInterestIsRecorded, sums[1], recorded[1])?;
        }
        Ok(())
    }

    fn check_collateral(&self) -> Result<(), Broken> {
        for (key, held) in &self.held {
            let (mint, recorded) = self.collaterals.get(key).copied().unwrap_or_default();
            let place = || format!("collateral {} of {}", key.1, key.0);
            expect(place, Equation::CollateralIsRecorded, *held, recorded)?;
            let vault = self.vaults.get(&(key.0, mint)).copied().unwrap_or(0);
            expect(place, Equation::CollateralCovered, vault, recorded)?;
        }
        Ok(())
    }
}

fn expect(place: impl Fn() -> String, equation: Equation, left: Wide, right: Wide) -> Result<(), Broken> {
    if left == right {
        return Ok(());
    }
    Err(Broken { place: place(), violation: InvariantViolation { equation, left, right } })
}
