//! The embedded chain: a LiteSVM that runs the built program file and the real token program.
//!
//! [`Chain`] implements the client's [`Ledger`], so that whatever runs against it runs against a cluster too. What a
//! cluster cannot do (set the clock, write an account) is here as well.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use litesvm::LiteSVM;
use plimsoll_client::error::LedgerError;
use plimsoll_client::ledger::{AccountFilter, Execution, Ledger, Outcome};
use solana_account::Account;
use solana_clock::Clock;
use solana_keypair::Keypair;
use solana_message::{AddressLookupTableAccount, Hash};
use solana_program::pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;

use crate::invariants;

/// Time at which every chain starts: 1 June 2026, 00:00 UTC, a Monday.
pub const START_TIME: i64 = 1_780_272_000;

/// Lamports of one SOL.
pub const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// Milliseconds of a slot; the clock moves slots along with time.
const SLOT_MILLISECONDS: i64 = 400;

/// Bytes before the addresses of a lookup table.
pub const LOOKUP_TABLE_HEADER: usize = 56;

/// How strict the chain is about what surrounds an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Signatures, block hashes and duplicates are checked, as on a cluster.
    Full,
    /// None of them is: for millions of transactions.
    Fast,
}

/// Why there is no chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No program file.
    #[error("no program at {path}: run `cargo xtask build-sbf` (or set PLIMSOLL_SO)")]
    NoProgram {
        /// Where it was looked for.
        path: String,
    },
    /// The program file does not load.
    #[error("{path} does not load: {reason}")]
    BadProgram {
        /// The file.
        path: String,
        /// What the loader says.
        reason: String,
    },
}

/// An embedded chain.
pub struct Chain {
    svm: Mutex<LiteSVM>,
    mode: Mode,
    checks: Mutex<bool>,
}

impl Chain {
    /// A chain as strict as a cluster. Panics without a program file, with the command that builds it.
    pub fn new() -> Self {
        Self::start(Mode::Full).unwrap_or_else(|e| panic!("{e}"))
    }

    /// A chain that checks no signature, block hash or duplicate. Panics without a program file.
    pub fn fast() -> Self {
        Self::start(Mode::Fast).unwrap_or_else(|e| panic!("{e}"))
    }

    /// A chain with the program loaded and the clock at [`START_TIME`]. Errors: [`ChainError`].
    pub fn start(mode: Mode) -> Result<Self, ChainError> {
        let svm = match mode {
            Mode::Full => template()?.clone(),
            Mode::Fast => {
                template()?.clone().with_sigverify(false).with_blockhash_check(false).with_transaction_history(0)
            }
        };
        Ok(Self { svm: Mutex::new(svm), mode, checks: Mutex::new(true) })
    }

    /// A copy that goes its own way from here: what-if runs, and a common start for many cases.
    pub fn fork(&self) -> Self {
        let checks = Mutex::new(self.checks_on());
        Self { svm: Mutex::new(self.svm().clone()), mode: self.mode, checks }
    }

    /// Whether every transaction is followed by [`invariants::check_transaction`]. On at the start.
    pub fn set_checks(&self, on: bool) {
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner) = on;
    }

    fn checks_on(&self) -> bool {
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The virtual machine itself, for what this type does not cover.
    pub fn svm(&self) -> MutexGuard<'_, LiteSVM> {
        self.svm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the clock to `unix_time`. Going back is allowed: tests of stale data need it.
    pub fn set_time(&self, unix_time: i64) {
        let mut svm = self.svm();
        let mut clock: Clock = svm.get_sysvar();
        let slots = unix_time.saturating_sub(clock.unix_timestamp).saturating_mul(1_000) / SLOT_MILLISECONDS;
        clock.slot = clock.slot.saturating_add(u64::try_from(slots).unwrap_or(1).max(1));
        clock.unix_timestamp = unix_time;
        svm.set_sysvar(&clock);
    }

    /// Moves the clock by `seconds` and returns the new time.
    pub fn advance(&self, seconds: i64) -> i64 {
        let time = self.time().saturating_add(seconds);
        self.set_time(time);
        time
    }

    /// Unix seconds of the clock.
    pub fn time(&self) -> i64 {
        self.svm().get_sysvar::<Clock>().unix_timestamp
    }

    /// Adds lamports to an account, creating it if need be.
    pub fn airdrop(&self, address: &Pubkey, lamports: u64) {
        let mut account = self.raw(address).unwrap_or_default();
        account.lamports = account.lamports.saturating_add(lamports);
        self.set_raw(address, account);
    }

    /// A key pair with 1,000 SOL, the same for the same `name` in every run.
    pub fn wallet(&self, name: &str) -> Keypair {
        let keypair = named_keypair(name);
        self.airdrop(&solana_signer::Signer::pubkey(&keypair), 1_000 * LAMPORTS_PER_SOL);
        keypair
    }

    /// The account at `address`, whatever it is.
    pub fn raw(&self, address: &Pubkey) -> Option<Account> {
        self.svm().get_account(address)
    }

    /// Writes an account, whatever it was. Panics if it is a sysvar with impossible data.
    pub fn set_raw(&self, address: &Pubkey, account: Account) {
        self.svm().set_account(*address, account).unwrap_or_else(|e| panic!("cannot write {address}: {e}"));
    }

    /// Changes an account's bytes in place: corrupted, foreign and older accounts. Panics if there is none.
    pub fn edit_raw(&self, address: &Pubkey, edit: impl FnOnce(&mut Account)) {
        let mut account = self.raw(address).unwrap_or_else(|| panic!("no account at {address}"));
        edit(&mut account);
        self.set_raw(address, account);
    }

    /// Lamports that make an account of `bytes` rent-exempt.
    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm().minimum_balance_for_rent_exemption(bytes)
    }

    /// An address lookup table with `addresses` at an address that is the same for the same `name`, ready for use.
    pub fn create_lookup_table(&self, name: &str, addresses: &[Pubkey]) -> AddressLookupTableAccount {
        let key = named_address(name);
        // State 1: a table; never deactivated; extended in slot 0, from index 0; no authority; two bytes of padding.
        let mut data = 1u32.to_le_bytes().to_vec();
        data.extend_from_slice(&u64::MAX.to_le_bytes());
        data.extend_from_slice(&[0; LOOKUP_TABLE_HEADER - 12]);
        for address in addresses {
            data.extend_from_slice(address.as_ref());
        }
        let owner = solana_program::pubkey!("AddressLookupTab1e1111111111111111111111111");
        let lamports = self.rent(data.len());
        self.set_raw(&key, Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX });
        AddressLookupTableAccount { key, addresses: addresses.to_vec() }
    }

    fn writable_accounts(&self, transaction: &VersionedTransaction) -> Vec<(Pubkey, Option<Account>)> {
        let svm = self.svm();
        let keys = invariants::writable_keys(&svm, transaction);
        keys.into_iter().map(|key| (key, svm.get_account(&key))).collect()
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Ledger for Chain {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        let svm = self.svm();
        Ok(addresses.iter().map(|address| svm.get_account(address)).collect())
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        let mut found = self.svm().get_program_accounts(&plimsoll::ID);
        found.retain(|(_, account)| filter.accepts(&account.data));
        Ok(found)
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        Ok(self.svm().get_sysvar())
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        Ok(self.svm().latest_blockhash())
    }

    /// Panics if the transaction breaks a law of conservation: that is a bug in the program, not an outcome.
    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        let before = if self.checks_on() { self.writable_accounts(&transaction) } else { Vec::new() };
        let programs = plimsoll_client::rpc::programs(&transaction);
        let keys = transaction.message.static_account_keys().to_vec();
        let result = {
            let mut svm = self.svm();
            let result = svm.send_transaction(transaction);
            if self.mode == Mode::Full && result.is_ok() {
                // The same instruction sent twice is two transactions, as it is with a new block on a cluster.
                svm.expire_blockhash();
            }
            result
        };
        let outcome = outcome(result.map_err(Box::new), &keys, &programs)?;
        if !before.is_empty() {
            let after: Vec<_> = before.iter().map(|(key, _)| self.raw(key)).collect();
            if let Err(violation) = invariants::check_transaction(&before, &after) {
                panic!("{violation}\nlogs:\n{}", outcome.logs.join("\n"));
            }
        }
        Ok(outcome)
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        let programs = plimsoll_client::rpc::programs(&transaction);
        let keys = transaction.message.static_account_keys().to_vec();
        let result = self.svm().simulate_transaction(transaction);
        outcome(result.map(|info| info.meta).map_err(Box::new), &keys, &programs)
    }
}

/// A key pair that is the same for the same `name` in every run: addresses, and with them compute units, repeat.
pub fn named_keypair(name: &str) -> Keypair {
    let seed = solana_program::hash::hashv(&[b"plimsoll test key", name.as_bytes()]).to_bytes();
    Keypair::new_from_array(seed)
}

/// The address of [`named_keypair`].
pub fn named_address(name: &str) -> Pubkey {
    solana_signer::Signer::pubkey(&named_keypair(name))
}

/// Where the program file is looked for: `PLIMSOLL_SO`, else `target/deploy/plimsoll.so` of the workspace.
pub fn program_path() -> PathBuf {
    match std::env::var_os("PLIMSOLL_SO") {
        Some(path) => PathBuf::from(path),
        None => workspace_path("target/deploy/plimsoll.so"),
    }
}

/// A path below the workspace root.
pub fn workspace_path(relative: &str) -> PathBuf {
    let root = option_env!("CARGO_MANIFEST_DIR").unwrap_or("tests");
    PathBuf::from(root).join("..").join(relative)
}

/// Loading verifies and compiles the program: done once per process, then copied.
fn template() -> Result<&'static LiteSVM, ChainError> {
    static TEMPLATE: OnceLock<Mutex<Option<LiteSVM>>> = OnceLock::new();
    static LOADED: OnceLock<LiteSVM> = OnceLock::new();
    if let Some(svm) = LOADED.get() {
        return Ok(svm);
    }
    // One thread loads, the others wait; a failure is not remembered.
    let _guard = TEMPLATE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(svm) = LOADED.get() {
        return Ok(svm);
    }
    let svm = load()?;
    Ok(LOADED.get_or_init(|| svm))
}

fn load() -> Result<LiteSVM, ChainError> {
    let path = program_path();
    let shown = path.display().to_string();
    let bytes = std::fs::read(&path).map_err(|_| ChainError::NoProgram { path: shown.clone() })?;
    let mut svm = LiteSVM::new();
    svm.add_program(plimsoll::ID, &bytes).map_err(|e| ChainError::BadProgram { path: shown, reason: e.to_string() })?;
    let mut clock: Clock = svm.get_sysvar();
    clock.unix_timestamp = START_TIME;
    clock.slot = clock.slot.saturating_add(1);
    svm.set_sysvar(&clock);
    Ok(svm)
}

fn outcome(
    result: Result<TransactionMetadata, Box<FailedTransactionMetadata>>,
    keys: &[Pubkey],
    programs: &[Pubkey],
) -> Result<Outcome, LedgerError> {
    match result {
        Ok(meta) => {
            let inner = meta.inner_instructions.into_iter().flatten().filter_map(|inner| {
                let program = keys.get(usize::from(inner.instruction.program_id_index))?;
                Some((*program, inner.instruction.data))
            });
            let execution = Execution {
                signature: meta.signature,
                inner: inner.collect(),
                logs: meta.logs,
                return_data: meta.return_data.data,
                compute_units: meta.compute_units_consumed,
                fee: meta.fee,
            };
            execution.into_outcome()
        }
        Err(failed) => Err(LedgerError::from_execution(failed.err, failed.meta.logs, programs)),
    }
}
