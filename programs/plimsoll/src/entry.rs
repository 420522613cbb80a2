//! The program's entry on chain, in place of the framework's.
//!
//! `#[program]` keeps describing the interface; its dispatcher, its error texts and its reading of arguments are a
//! twentieth of the program. Checks, their order, errors and log lines are the framework's.

use anchor_lang::error::ErrorCode;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::{deserialize, SUCCESS};
use anchor_lang::solana_program::program::set_return_data;
use anchor_lang::{Bumps, Discriminator};

use crate::arguments::Read;
use crate::error::Result;
use crate::instruction;
use crate::report::{refused_by_framework, report};
use crate::*;

anchor_lang::solana_program::entrypoint::custom_panic_default!();

/// What the runtime calls.
///
/// # Safety
/// `input` is the runtime's serialised input.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: the caller's promise. Nothing is freed before the instruction ends.
    let (program, accounts, data) = unsafe { deserialize(input) };
    match dispatch(program, accounts.leak(), data) {
        Ok(()) => SUCCESS,
        Err(refusal) => report(refusal.into()),
    }
}

/// The accounts of an instruction: they live as long as the program runs.
type Accounts = &'static [AccountInfo<'static>];

/// Calls the instruction that `data` starts with the name of.
fn dispatch(program: &Pubkey, accounts: Accounts, data: &[u8]) -> Result<()> {
    if *program != ID {
        return Err(refused_by_framework(ErrorCode::DeclaredProgramIdMismatch));
    }
    let Some((name, data)) = data.split_first_chunk() else {
        return Err(refused_by_framework(ErrorCode::InstructionFallbackNotFound));
    };
    call(u64::from_le_bytes(*name), accounts, data)
}

/// One function per instruction, and the choice between them.
macro_rules! instructions {
    ($($method:ident: $name:ident $(($arguments:ty))?,)+) => {
        #[inline(always)]
        fn call(name: u64, accounts: Accounts, data: &[u8]) -> Result<()> {
            $(#[allow(non_upper_case_globals)] // An instruction is named as its accounts are.
            const $method: u64 = account_list::word(instruction::$name::DISCRIMINATOR);)+
            const EVENT: u64 = account_list::word(EVENT_IX_TAG_LE);
            #[allow(non_upper_case_globals)]
            match name {
                $($method => run::$method(accounts, data),)+
                EVENT => own_event(accounts),
                _ => Err(refused_by_framework(ErrorCode::InstructionFallbackNotFound)),
            }
        }

        mod run {
            use super::*;

            $(#[inline(never)]
            pub fn $method(accounts: Accounts, #[allow(unused_variables)] data: &[u8]) -> Result<()> {
                $(let arguments = arguments::<$arguments>(data)?;)?
                let mut rest = accounts;
                let accounts = Box::leak(Box::new($name::checked(&mut rest)?));
                let context = Context { program_id: &ID, accounts, remaining_accounts: rest, bumps: bumps::<$name>() };
                answer($name::handler(context $(, arguments as $arguments)?)?)
            })+
        }
    };
}

instructions! {
    trade_clear: TradeClear(TradeClearArgs),
    oracle_accept: OracleAccept,
    auction_bid: AuctionBid(AuctionBidArgs),
    auction_start: AuctionStart(AuctionStartArgs),
    auction_end: AuctionEnd,
    deposit: Deposit(DepositArgs),
    withdraw: Withdraw(WithdrawArgs),
    margin_check: MarginCheck,
    rows_refresh: RowsRefresh,
    account_settle: AccountSettle,
    clearinghouse_create: ClearinghouseCreate(ClearinghouseCreateArgs),
    underlying_create: UnderlyingCreate(UnderlyingCreateArgs),
    collateral_create: CollateralCreate(CollateralCreateArgs),
    expiry_create: ExpiryCreate(ExpiryCreateArgs),
    strike_create: StrikeCreate(StrikeCreateArgs),
    owner_create: OwnerCreate,
    margin_account_open: MarginAccountOpen(MarginAccountOpenArgs),
    margin_account_close: MarginAccountClose,
    mode_set: ModeSet(ModeSetArgs),
    rows_open: RowsOpen,
    rows_grow: RowsGrow,
    rows_close: RowsClose,
    delegate_set: DelegateSet(DelegateSetArgs),
    collateral_deposit: CollateralDeposit(CollateralDepositArgs),
    collateral_withdraw: CollateralWithdraw(CollateralWithdrawArgs),
    debt_accrue: DebtAccrue,
    collateral_sale: CollateralSale(CollateralSaleArgs),
    settlement_sample: SettlementSample,
    correlation_sample: CorrelationSample,
    expiry_settle: ExpirySettle,
    expiry_sweep: ExpirySweep,
    expiry_close: ExpiryClose,
    insurance_deposit: InsuranceDeposit(InsuranceDepositArgs),
    bad_debt_repay: BadDebtRepay(BadDebtRepayArgs),
}

fn bumps<T: Bumps>() -> T::Bumps
where
    T::Bumps: Default,
{
    T::Bumps::default()
}

/// The arguments at the start of `data`. Errors: `InstructionDidNotDeserialize`.
#[inline(always)]
fn arguments<T: Read>(mut data: &[u8]) -> Result<T> {
    T::read(&mut data).ok_or_else(|| refused_by_framework(ErrorCode::InstructionDidNotDeserialize))
}

/// What an instruction answers with.
trait Answer {
    /// Hands it to the runtime.
    fn give(self);
}

impl Answer for () {
    fn give(self) {}
}

impl Answer for MarginBalances {
    fn give(self) {
        let mut bytes = [0; 24];
        for (place, value) in bytes.chunks_exact_mut(8).zip([self.initial, self.maintenance, self.equity]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        set_return_data(&bytes);
    }
}

#[inline(always)]
fn answer(answer: impl Answer) -> Result<()> {
    answer.give();
    Ok(())
}

/// An event that the program calls itself with: only its own authority signs.
#[inline(never)]
fn own_event(accounts: Accounts) -> Result<()> {
    let authority = accounts.first().ok_or(ProgramError::NotEnoughAccountKeys)?;
    let refused = |code| Error::from(report::described(code)).with_account_name("event_authority");
    if !authority.is_signer {
        return Err(refused(ErrorCode::ConstraintSigner).into());
    }
    let expected = EVENT_AUTHORITY_AND_BUMP.0;
    if *authority.key != expected {
        return Err(refused(ErrorCode::ConstraintSeeds).with_pubkeys((*authority.key, expected)).into());
    }
    Ok(())
}
