//! The [`Ledger`] over JSON-RPC.

use std::str::FromStr;
use std::time::Duration;

use base64::{prelude::BASE64_STANDARD, Engine};
use solana_account::Account;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_clock::Clock;
use solana_commitment_config::CommitmentConfig;
use solana_message::{AddressLookupTableAccount, Hash};
use solana_program::pubkey::Pubkey;
use solana_rpc_client::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSimulateTransactionConfig, RpcTransactionConfig},
    filter::{Memcmp, RpcFilterType},
    request::{RpcError, RpcResponseErrorData},
};
use solana_transaction::{versioned::VersionedTransaction, Signature, TransactionError};
use solana_transaction_status_client_types::{
    option_serializer::OptionSerializer, UiInnerInstructions, UiInstruction, UiParsedInstruction,
    UiTransactionEncoding, UiTransactionReturnData,
};

use crate::error::LedgerError;
use crate::ledger::{lookup_table, AccountFilter, Execution, Ledger, Outcome};

/// Most addresses of one `getMultipleAccounts` call.
const ACCOUNTS_PER_CALL: usize = 100;

/// How often, and how far apart, a confirmed transaction is asked for.
const FETCH_ATTEMPTS: u32 = 10;
const FETCH_PAUSE: Duration = Duration::from_millis(500);

/// Most addresses of one `getRecentPrioritizationFees` call.
const FEE_ADDRESSES: usize = 128;

/// The clock sysvar's address.
const CLOCK_ADDRESS: Pubkey = solana_program::pubkey!("SysvarC1ock11111111111111111111111111111111");

/// A JSON-RPC connection.
pub struct RpcLedger {
    client: RpcClient,
    lookup_tables: Vec<Pubkey>,
}

impl RpcLedger {
    /// Connects to `url` at commitment `confirmed`.
    pub fn new(url: &str) -> Self {
        Self::with_commitment(url, CommitmentConfig::confirmed())
    }

    /// Connects to `url` at `commitment`.
    pub fn with_commitment(url: &str, commitment: CommitmentConfig) -> Self {
        Self { client: RpcClient::new_with_commitment(url.to_owned(), commitment), lookup_tables: Vec::new() }
    }

    /// Connects to `url` at commitment `confirmed`; a request without an answer after `timeout` fails.
    pub fn with_timeout(url: &str, timeout: Duration) -> Self {
        let client = RpcClient::new_with_timeout_and_commitment(url.to_owned(), timeout, CommitmentConfig::confirmed());
        Self { client, lookup_tables: Vec::new() }
    }

    /// The same connection with the address lookup tables at `addresses`.
    pub fn with_lookup_tables(mut self, addresses: Vec<Pubkey>) -> Self {
        self.lookup_tables = addresses;
        self
    }

    /// The client below, for what the trait does not cover (airdrops, health).
    pub fn client(&self) -> &RpcClient {
        &self.client
    }

    fn fetch(&self, signature: &Signature, keys: &[Pubkey]) -> Result<Execution, LedgerError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.client.commitment()),
            max_supported_transaction_version: Some(0),
        };
        let fetched = self.client.get_transaction_with_config(signature, config).map_err(transport)?;
        let mut execution = Execution { signature: *signature, ..Execution::default() };
        let Some(meta) = fetched.transaction.meta else { return Ok(execution) };
        execution.fee = meta.fee;
        execution.logs = optional(meta.log_messages).unwrap_or_default();
        execution.compute_units = optional(meta.compute_units_consumed).unwrap_or_default();
        execution.return_data = optional(meta.return_data).map(return_bytes).transpose()?.unwrap_or_default();
        let mut keys = keys.to_vec();
        if let Some(loaded) = optional(meta.loaded_addresses) {
            keys.extend(loaded.writable.iter().chain(&loaded.readonly).filter_map(|k| Pubkey::from_str(k).ok()));
        }
        execution.inner = inner_instructions(&optional(meta.inner_instructions).unwrap_or_default(), &keys);
        Ok(execution)
    }

    /// The same of a transaction that is confirmed: a node may know that a moment before it can show it.
    fn fetch_patiently(&self, signature: &Signature, keys: &[Pubkey]) -> Result<Execution, LedgerError> {
        for _ in 1..FETCH_ATTEMPTS {
            if let Ok(execution) = self.fetch(signature, keys) {
                return Ok(execution);
            }
            std::thread::sleep(FETCH_PAUSE);
        }
        self.fetch(signature, keys)
    }

    /// A failed send. The preflight's logs come with the error; those of a failure on chain are fetched. A transaction
    /// that its block hash outlived did not run.
    fn rejected(&self, error: ClientError, transaction: &VersionedTransaction, programs: &[Pubkey]) -> LedgerError {
        if let ErrorKind::RpcError(RpcError::ForUser(_)) = error.kind() {
            return LedgerError::NotRun(TransactionError::BlockhashNotFound);
        }
        if let ErrorKind::RpcError(RpcError::RpcResponseError {
            data: RpcResponseErrorData::SendTransactionPreflightFailure(result),
            ..
        }) = error.kind()
        {
            if let Some(cause) = result.err.clone() {
                return LedgerError::from_execution(cause.into(), result.logs.clone().unwrap_or_default(), programs);
            }
        }
        let Some(cause) = error.get_transaction_error() else {
            return match (error.kind(), transaction.signatures.first()) {
                // The client's own verdict after it polled until the block hash was too old.
                (ErrorKind::RpcError(RpcError::ForUser(cause)), Some(signature)) => {
                    LedgerError::Unconfirmed { signature: *signature, cause: cause.clone() }
                }
                _ => transport(error),
            };
        };
        let landed = transaction
            .signatures
            .first()
            .and_then(|signature| self.fetch(signature, transaction.message.static_account_keys()).ok());
        LedgerError::from_execution(cause, landed.map(|execution| execution.logs).unwrap_or_default(), programs)
    }
}

impl Ledger for RpcLedger {
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, LedgerError> {
        let mut all = Vec::with_capacity(addresses.len());
        for part in addresses.chunks(ACCOUNTS_PER_CALL) {
            let found = self.client.get_multiple_accounts(part).map_err(transport)?;
            // Accounts are told apart by their place alone: a short answer would pair them with the wrong addresses.
            if found.len() != part.len() {
                let (asked, given) = (part.len(), found.len());
                return Err(LedgerError::Transport(format!("asked for {asked} accounts, answered with {given}")));
            }
            all.extend(found);
        }
        Ok(all)
    }

    fn program_accounts(&self, filter: &AccountFilter) -> Result<Vec<(Pubkey, Account)>, LedgerError> {
        let mut filters = vec![RpcFilterType::Memcmp(Memcmp::new_raw_bytes(0, filter.discriminator.to_vec()))];
        let matches = filter.matches.iter();
        filters.extend(matches.map(|(at, bytes)| RpcFilterType::Memcmp(Memcmp::new_raw_bytes(*at, bytes.clone()))));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                commitment: Some(self.client.commitment()),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let found = self.client.get_program_ui_accounts_with_config(&plimsoll::ID, config).map_err(transport)?;
        let decode = |(address, account): (Pubkey, solana_account_decoder_client_types::UiAccount)| {
            let account: Account = account
                .to_account()
                .ok_or_else(|| LedgerError::Transport(format!("{address}: account data not readable")))?;
            // Of another type is for the decoder to say; of another key is a node that ignores filters.
            if account.data.starts_with(&filter.discriminator) && !filter.accepts(&account.data) {
                return Err(LedgerError::Transport(format!("{address}: not among the accounts asked for")));
            }
            Ok((address, account))
        };
        found.into_iter().map(decode).collect()
    }

    fn clock(&self) -> Result<Clock, LedgerError> {
        let account = self.client.get_account(&CLOCK_ADDRESS).map_err(transport)?;
        clock_from_bytes(&account.data)
            .ok_or_else(|| LedgerError::Transport("clock sysvar has an unknown length".to_owned()))
    }

    fn latest_blockhash(&self) -> Result<Hash, LedgerError> {
        self.client.get_latest_blockhash().map_err(transport)
    }

    fn recent_priority_fees(&self, addresses: &[Pubkey]) -> Result<Vec<u64>, LedgerError> {
        let addresses = addresses.get(..addresses.len().min(FEE_ADDRESSES)).unwrap_or(addresses);
        let fees = self.client.get_recent_prioritization_fees(addresses).map_err(transport)?;
        Ok(fees.into_iter().map(|fee| fee.prioritization_fee).collect())
    }

    fn lookup_tables(&self) -> Result<Vec<AddressLookupTableAccount>, LedgerError> {
        let found = self.accounts(&self.lookup_tables)?;
        let table = |(address, account): (&Pubkey, Option<Account>)| {
            let missing = LedgerError::Missing { kind: "address lookup table", address: *address };
            lookup_table(address, &account.ok_or(missing)?)
        };
        self.lookup_tables.iter().zip(found).map(table).collect()
    }

    fn execute(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        let programs = programs(&transaction);
        let signature = match self.client.send_and_confirm_transaction(&transaction) {
            Ok(signature) => signature,
            Err(error) => return Err(self.rejected(error, &transaction, &programs)),
        };
        let fetched = self.fetch_patiently(&signature, transaction.message.static_account_keys());
        let unread = |cause: LedgerError| LedgerError::Unread { signature, cause: cause.to_string() };
        fetched.and_then(Execution::into_outcome).map_err(unread)
    }

    fn dry_run(&self, transaction: VersionedTransaction) -> Result<Outcome, LedgerError> {
        let config = RpcSimulateTransactionConfig {
            sig_verify: true,
            commitment: Some(self.client.commitment()),
            inner_instructions: true,
            ..RpcSimulateTransactionConfig::default()
        };
        let result = self.client.simulate_transaction_with_config(&transaction, config).map_err(transport)?.value;
        let logs = result.logs.unwrap_or_default();
        if let Some(error) = result.err {
            return Err(LedgerError::from_execution(error.into(), logs, &programs(&transaction)));
        }
        let keys = transaction.message.static_account_keys();
        let execution = Execution {
            signature: transaction.signatures.first().copied().unwrap_or_default(),
            logs,
            inner: inner_instructions(&result.inner_instructions.unwrap_or_default(), keys),
            return_data: result.return_data.map(return_bytes).transpose()?.unwrap_or_default(),
            compute_units: result.units_consumed.unwrap_or_default(),
            fee: result.fee.unwrap_or_default(),
        };
        execution.into_outcome()
    }
}

/// The program of every instruction of `transaction`, in order.
pub fn programs(transaction: &VersionedTransaction) -> Vec<Pubkey> {
    let keys = transaction.message.static_account_keys();
    let program = |i: &solana_message::compiled_instruction::CompiledInstruction| {
        keys.get(usize::from(i.program_id_index)).copied().unwrap_or_default()
    };
    transaction.message.instructions().iter().map(program).collect()
}

/// The error with its causes: the outermost alone does not say that a connection was refused.
fn transport(error: ClientError) -> LedgerError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let part = inner.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = inner.source();
    }
    LedgerError::Transport(text)
}

fn optional<T>(value: OptionSerializer<T>) -> Option<T> {
    match value {
        OptionSerializer::Some(value) => Some(value),
        OptionSerializer::None | OptionSerializer::Skip => None,
    }
}

fn return_bytes(data: UiTransactionReturnData) -> Result<Vec<u8>, LedgerError> {
    BASE64_STANDARD.decode(data.data.0).map_err(|e| LedgerError::Transport(format!("return data: {e}")))
}

/// Program and data of every inner instruction. A landed transaction has them compiled, a simulated one decoded as far
/// as the node knows the program: not at all where it is ours.
fn inner_instructions(groups: &[UiInnerInstructions], keys: &[Pubkey]) -> Vec<(Pubkey, Vec<u8>)> {
    let raw = |instruction: &UiInstruction| {
        let (program, data) = match instruction {
            UiInstruction::Compiled(compiled) => {
                (*keys.get(usize::from(compiled.program_id_index))?, compiled.data.as_str())
            }
            UiInstruction::Parsed(UiParsedInstruction::PartiallyDecoded(decoded)) => {
                (Pubkey::from_str(&decoded.program_id).ok()?, decoded.data.as_str())
            }
            UiInstruction::Parsed(UiParsedInstruction::Parsed(_)) => return None,
        };
        Some((program, bs58::decode(data).into_vec().ok()?))
    };
    groups.iter().flat_map(|g| &g.instructions).filter_map(raw).collect()
}

/// Layout of the sysvar: slot, epoch start, epoch, leader schedule epoch, unix time, eight bytes each.
fn clock_from_bytes(data: &[u8]) -> Option<Clock> {
    let field = |i: usize| data.get(i * 8..i * 8 + 8).and_then(|b| b.try_into().ok());
    Some(Clock {
        slot: u64::from_le_bytes(field(0)?),
        epoch_start_timestamp: i64::from_le_bytes(field(1)?),
        epoch: u64::from_le_bytes(field(2)?),
        leader_schedule_epoch: u64::from_le_bytes(field(3)?),
        unix_timestamp: i64::from_le_bytes(field(4)?),
    })
}
