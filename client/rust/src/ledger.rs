//! The chain as the clients see it: one trait that the RPC connection and the embedded test chain both implement, so
//! that the command line, the keeper, the demo and the tests run the same code.

use anchor_lang::solana_program::program_pack::Pack;
use anchor_lang::Discriminator;
use anchor_spl::token::spl_token::state::Mint;
use base64::{prelude::BASE64_STANDARD, Engine};
use borsh::BorshDeserialize;
use solana_account::Account;
use solana_clock::Clock;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_message::{v0, AddressLookupTableAccount, Hash, VersionedMessage};
use solana_program::{instruction::Instruction, pubkey::Pubkey};
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, Signature};

use crate::decode::{events, DecodeError, Event, State};
use crate::error::LedgerError;

/// The program that owns address lookup tables.
const LOOKUP_TABLE_PROGRAM: Pubkey = solana_program::pubkey!("AddressLookupTab1e1111111111111111111111111");
/// Bytes before the addresses of a lookup table.
const LOOKUP_TABLE_HEADER: usize = 56;

/// What a transaction asks of the network besides its instructions.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Compute units the transaction may use; `None`: the network's default (200,000 per instruction).
    pub compute_limit: Option<u32>,
    /// Priority fee, micro-lamports per compute unit of the limit; 0: none.
    pub priority_fee: u64,
    /// Address lookup tables that shorten the account list.
    pub lookup_tables: Vec<AddressLookupTableAccount>,
}

impl SendOptions {
    /// The default with a compute limit.
    pub fn with_compute_limit(units: u32) -> Self {
        Self { compute_limit: Some(units), ..Self::default() }
    }
}

/// What a landed (or simulated) transaction left behind.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Its signature, which is also its id.
    pub signature: Signature,
    /// Program logs, in order.
    pub logs: Vec<String>,
    /// The clearinghouse's events, in order.
    pub events: Vec<Event>,
    /// Bytes the last instruction returned; empty: none.
    pub return_data: Vec<u8>,
    /// Compute units used by all instructions together.
    pub compute_units: u64,
    /// Fee paid, lamports.
    pub fee: u64,
}

/// What a transport reports of an execution, before events are decoded.
#[derive(Clone, Debug, Default)]
pub struct Execution {
    /// Signature.
    pub signature: Signature,
    /// Program logs.
    pub logs: Vec<String>,
    /// Program and data of every inner instruction, in order of execution.
    pub inner: Vec<(Pubkey, Vec<u8>)>,
    /// Returned bytes.
    pub return_data: Vec<u8>,
    /// Compute units used.
    pub compute_units: u64,
    /// Fee, lamports.
    pub fee: u64,
}

impl Outcome {
    /// The events of type `T`, in order. Errors: `Decode` when one is not in the form this client knows.
    pub fn events_of<T: Discriminator + BorshDeserialize>(&self) -> Result<Vec<T>, LedgerError> {
        let typed = self.events.iter().filter_map(|event| event.get::<T>().transpose());
        Ok(typed.collect::<Result<Vec<T>, DecodeError>>()?)
    }

    /// The first event of type `T`, if there is one. Errors: `Decode` when it is not in the form this client knows.
    pub fn event<T: Discriminator + BorshDeserialize>(&self) -> Result<Option<T>, LedgerError> {
        let found = self.events.iter().find(|event| event.is::<T>());
        Ok(found.map(Event::get::<T>).transpose()?.flatten())
    }

    /// What the program returned last, read off its log line: the network cuts trailing zeros off the return data.
    /// Errors: `Unread`, when whoever reported the transaction kept its logs back or they are no `T`.
    pub fn returned<T: BorshDeserialize>(&self) -> Result<T, LedgerError> {
        let unread = |cause: String| LedgerError::Unread { signature: self.signature, cause };
        let prefix = format!("Program return: {} ", plimsoll::ID);
        let encoded = self.logs.iter().rev().find_map(|line| line.strip_prefix(&prefix));
        let encoded = encoded.ok_or_else(|| unread("its logs hold no returned value".to_owned()))?;
        let bytes = BASE64_STANDARD.decode(encoded.trim()).map_err(|error| unread(error.to_string()))?;
        T::try_from_slice(&bytes).map_err(|error| unread(error.to_string()))
    }

    /// The first event of type `T`, which the transaction must have emitted. Errors: `EventMissing`, when whoever
    /// reported the transaction kept its logs back; as [`Outcome::event`].
    pub fn emitted<T: EventData>(&self) -> Result<T, LedgerError> {
        let event = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
        self.event()?.ok_or(LedgerError::EventMissing { signature: self.signature, event })
    }
}

/// What an event of the program is made of.
pub trait EventData: Discriminator + BorshDeserialize {}

impl<T: Discriminator + BorshDeserialize> EventData for T {}

impl Execution {
    /// The outcome with its events. Errors: `Decode` when one of them is not in the form this client knows.
    pub fn into_outcome(self) -> Result<Outcome, LedgerError> {
        let events = events::collect(&self.logs, &self.inner)?;
        let Self { signature, logs, return_data, compute_units, fee, .. } = self;
        Ok(Outcome { signature, logs, events, return_data, compute_units, fee })
    }
}

/// Which accounts of the program [`Ledger::program_accounts`] returns.
#[derive(Clone, Debug)]
pub struct AccountFilter {
    /// The account type.
    pub discriminator: [u8; 8],
    /// Bytes that must stand at an offset (the discriminator counts).
    pub matches: Vec<(usize, Vec<u8>)>,
}

impl AccountFilter {
    /// All accounts of one type.
    pub fn all<T: State>() -> Self {
        Self { discriminator: T::discriminator(), matches: Vec::new() }
    }

    /// Those with `key` at `offset` of the layout (without the discriminator).
    pub fn with_key(mut self, offset: usize, key: &Pubkey) -> Self {
        self.matches.push((offset.saturating_add(8), key.to_bytes().to_vec()));
        self
    }

    /// Whether account data passes.
    pub fn accepts(&self, data: &[u8]) -> bool {
        data.starts_with(&self.discriminator)
            && self
                .matches
                .iter()
                .all(|(offset, bytes)| data.get(*offset..).is_some_and(|rest| rest.starts_with(bytes)))
    }
}

/// A chain that holds the program's accounts and runs its instructions.
pub trait Ledger {
    /// Accounts in the order asked; `None` where there is none. Errors: transport.
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError>;

    /// Accounts of the program that pass `filter`, in no order. Errors: transport.
    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError>;

    /// The clock sysvar. Errors: transport.
    fn clock(&self) -> Result<Clock, LedgerError>;

    /// A block hash to sign with. Errors: transport.
    fn latest_blockhash(&self) -> Result<Hash, LedgerError>;

    /// Runs a signed transaction to confirmation. Errors: `Rejected` with the failing rule, or transport.
    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError>;

    /// What the transaction would do now; nothing is kept. Errors as [`Ledger::execute`].
    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError>;

    /// Priority fees that recent transactions paid which write all of `addresses`, micro-lamports per compute unit, one
    /// per block; empty where nobody competes for blocks. Errors: transport.
    fn recent_priority_fees(&self, addresses: &[Pubkey]) -> Result<Vec<u64>, LedgerError> {
        let _ = addresses;
        Ok(Vec::new())
    }

    /// Address lookup tables that shorten the transactions sent over this connection, as they stand now. Errors:
    /// `Missing`, `Build` for an account that is none, transport.
    fn lookup_tables(&self) -> Result<Vec<AddressLookupTableAccount>, LedgerError> {
        Ok(Vec::new())
    }

    /// One account. Errors: transport.
    fn account(&self, address: &Pubkey) -> Result<Option<Account>, LedgerError> {
        Ok(self.accounts(std::slice::from_ref(address))?.pop().flatten())
    }

    /// Unix seconds of the clock sysvar. Errors: transport.
    fn now(&self) -> Result<i64, LedgerError> {
        Ok(self.clock()?.unix_timestamp)
    }

    /// Signs with `signers` (the first pays the fee) and executes. Errors as [`Ledger::execute`], and `Build` when
    /// the instructions do not fit a transaction.
    fn send(
        &self,
        instructions: &[Instruction],
        signers: &[&dyn Signer],
        options: &SendOptions,
    ) -> Result<Outcome, LedgerError> {
        self.execute(build_transaction(instructions, signers, options, self.latest_blockhash()?)?)
    }

    /// Signs and dry-runs. Errors as [`Ledger::send`].
    fn simulate(
        &self,
        instructions: &[Instruction],
        signers: &[&dyn Signer],
        options: &SendOptions,
    ) -> Result<Outcome, LedgerError> {
        self.dry_run(build_transaction(instructions, signers, options, self.latest_blockhash()?)?)
    }
}

/// Reads of typed accounts, on every [`Ledger`].
pub trait LedgerExt: Ledger {
    /// The account at `address`, decoded. Errors: `Missing`, `Decode`, transport.
    fn load<T: State>(&self, address: &Pubkey) -> Result<T, LedgerError> {
        self.find(address)?.ok_or(LedgerError::Missing { kind: T::NAME, address: *address })
    }

    /// The account at `address`, decoded, if it exists. Errors: `Decode`, transport.
    fn find<T: State>(&self, address: &Pubkey) -> Result<Option<T>, LedgerError> {
        let Some(account) = self.account(address)?.filter(|a| a.lamports > 0) else { return Ok(None) };
        Ok(Some(T::decode(address, &account)?))
    }

    /// The accounts at `addresses`, decoded, in order. Errors: `Missing`, `Decode`, transport.
    fn load_many<T: State>(&self, addresses: &[Pubkey]) -> Result<Vec<T>, LedgerError> {
        let accounts = self.accounts(addresses)?;
        let decode = |(address, account): (&Pubkey, Option<Account>)| match account {
            Some(account) => Ok(T::decode(address, &account)?),
            None => Err(LedgerError::Missing { kind: T::NAME, address: *address }),
        };
        addresses.iter().zip(accounts).map(decode).collect()
    }

    /// Decimals of the mint at `address`. Errors: `Missing`; `Build` for what is no mint of the classic SPL Token
    /// program; transport.
    fn mint_decimals(&self, address: &Pubkey) -> Result<u8, LedgerError> {
        let account = self.account(address)?.filter(|account| account.lamports > 0);
        let account = account.ok_or(LedgerError::Missing { kind: "mint", address: *address })?;
        let mint = (account.owner == anchor_spl::token::ID).then(|| Mint::unpack(&account.data).ok()).flatten();
        let refused = || LedgerError::Build(format!("{address} is no mint of the classic SPL Token program"));
        mint.map(|mint| mint.decimals).ok_or_else(refused)
    }

    /// All accounts that pass `filter`, decoded, by ascending address. Errors: `Decode`, transport.
    fn load_all<T: State>(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, T)>, LedgerError> {
        let decode = |(address, account): (Pubkey, Account)| -> Result<(Pubkey, T), DecodeError> {
            Ok((address, T::decode(&address, &account)?))
        };
        let mut all: Vec<(Pubkey, T)> =
            self.program_accounts(filter)?.into_iter().map(decode).collect::<Result<_, _>>()?;
        all.sort_by_key(|(address, _)| *address);
        Ok(all)
    }
}

impl<L: Ledger + ?Sized> LedgerExt for L {}

/// A signed version-0 transaction: budget instructions first, `signers[0]` pays. Errors: `Build`.
pub fn build_transaction(
    instructions: &[Instruction],
    signers: &[&dyn Signer],
    options: &SendOptions,
    blockhash: Hash,
) -> Result<VersionedTransaction, LedgerError> {
    let payer = signers.first().ok_or_else(|| LedgerError::Build("no signer to pay the fee".to_owned()))?;
    let mut all = Vec::with_capacity(instructions.len().saturating_add(2));
    if let Some(units) = options.compute_limit {
        all.push(ComputeBudgetInstruction::set_compute_unit_limit(units));
    }
    if options.priority_fee > 0 {
        all.push(ComputeBudgetInstruction::set_compute_unit_price(options.priority_fee));
    }
    all.extend_from_slice(instructions);
    let message = v0::Message::try_compile(&payer.pubkey(), &all, &options.lookup_tables, blockhash)
        .map_err(|e| LedgerError::Build(e.to_string()))?;
    VersionedTransaction::try_new(VersionedMessage::V0(message), signers).map_err(|e| LedgerError::Build(e.to_string()))
}

/// The address lookup table at `address`. Errors: `Build` for an account that is none.
pub fn lookup_table(address: &Pubkey, account: &Account) -> Result<AddressLookupTableAccount, LedgerError> {
    let none = || LedgerError::Build(format!("{address} is not an address lookup table"));
    let listed = account.data.get(LOOKUP_TABLE_HEADER..).filter(|_| account.owner == LOOKUP_TABLE_PROGRAM);
    let mut keys = listed.ok_or_else(none)?.chunks_exact(size_of::<Pubkey>());
    let addresses = keys.by_ref().map(Pubkey::try_from).collect::<Result<_, _>>().map_err(|_| none())?;
    if !keys.remainder().is_empty() {
        return Err(none());
    }
    Ok(AddressLookupTableAccount { key: *address, addresses })
}

/// Most bytes of a signed transaction on the wire.
pub const TRANSACTION_BYTES_MAX: usize = 1_232;

/// Bytes of a signed transaction on the wire; the network takes at most [`TRANSACTION_BYTES_MAX`].
pub fn transaction_size(transaction: &VersionedTransaction) -> usize {
    let signatures = transaction.signatures.len();
    // One length byte stands for up to 127 signatures.
    1usize.saturating_add(signatures.saturating_mul(64)).saturating_add(transaction.message.serialize().len())
}
