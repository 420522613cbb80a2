//! What the program refuses: one sentence, one cause each. Two numbers that disagree are logged with the error.

use anchor_lang::error::{AnchorError, ERROR_CODE_OFFSET};
use anchor_lang::prelude::*;
use plimsoll_core::error::CoreError;
use plimsoll_core::invariants::InvariantViolation;
use plimsoll_core::oracle::OracleRefusal;
use plimsoll_core::outflow::OutflowRefusal;
use plimsoll_core::parameters::ParameterError;

pub use crate::refusals::grid_refused;
pub use crate::result::{Refusal, Result};

/// Keeps names and messages in one table beside the enumeration: the framework's own match over them is eight times
/// the size.
macro_rules! with_texts {
    (
        $(#[$outer:meta])*
        pub enum $name:ident {
            $($(#[doc = $doc:tt])* #[msg($message:tt)] $variant:ident,)+
        }
    ) => {
        $(#[$outer])*
        pub enum $name {
            $($(#[doc = $doc])* #[msg($message)] $variant,)+
        }

        /// Name and message of every error, by code.
        const TEXTS: &[(&str, &str)] = &[$((stringify!($variant), $message),)+];
    };
}

with_texts! {
/// Every refusal of the program.
#[error_code]
#[derive(PartialEq, Eq)]
pub enum PlimsollError {
    /// Rule book: an intermediate left its integer type.
    #[msg("Arithmetic left its integer type: an amount is outside the listed bounds.")]
    Overflow,
    /// Rule book: a divisor was zero.
    #[msg("A divisor was zero.")]
    DivisionByZero,
    /// Rule book: an index names nothing.
    #[msg("A leg names an expiry slot or a strike that does not exist.")]
    UnknownSeries,
    /// Rule book: a value outside its domain.
    #[msg("A value is outside the domain its field documents.")]
    OutOfDomain,
    /// A parameter outside its hard range (left: value, right: the bound it crossed).
    #[msg("A parameter is outside its hard range.")]
    ParameterOutOfRange,

    /// The account is not at the address of its seeds.
    #[msg("The account is not at the address its seeds derive.")]
    AddressMismatch,
    /// The account exists already.
    #[msg("The account exists already.")]
    AccountExists,
    /// An account of another program, of another type or of another size.
    #[msg("The account is not of the type its place asks for.")]
    AccountLayout,
    /// An account that must be writable was passed read-only.
    #[msg("The account must be writable in this instruction.")]
    AccountReadOnly,
    /// An account is in use already: it was passed in two places of which one is written.
    #[msg("The account was passed in two places, one of which is written.")]
    AccountBorrowed,
    /// An account of a layout this program does not know (left: found, right: known).
    #[msg("The account has a layout version this program does not know.")]
    VersionUnknown,
    /// An account of another clearinghouse.
    #[msg("The account belongs to another clearinghouse.")]
    ClearinghouseMismatch,
    /// An oracle or expiry of another underlying.
    #[msg("The account belongs to another underlying.")]
    UnderlyingMismatch,
    /// An owner record or margin account of another key.
    #[msg("The account belongs to another owner.")]
    OwnerMismatch,
    /// Not the vault the clearinghouse or collateral names.
    #[msg("The token account is not the vault that the clearinghouse names for this mint.")]
    VaultMismatch,
    /// Not the insurance fund of the clearinghouse.
    #[msg("The account is not the insurance fund of this clearinghouse.")]
    InsuranceMismatch,
    /// Not the outflow limiter of the clearinghouse.
    #[msg("The account is not the outflow limiter of this clearinghouse.")]
    OutflowMismatch,
    /// Two accounts that must differ are the same.
    #[msg("Two accounts that must differ are the same account.")]
    AccountDuplicate,
    /// The clearinghouse changes in this call, but was passed read-only.
    #[msg("The clearinghouse must be writable: its deficit or surplus changes in this call.")]
    ClearinghouseNotWritable,
    /// The signer is not the authority.
    #[msg("The signer is not the authority of this clearinghouse.")]
    AuthorityMismatch,
    /// The index is not the next one (left: given, right: next).
    #[msg("The index is not the next one; indices are handed out in order and never reused.")]
    IndexNotNext,

    /// The quote token has a price already.
    #[msg("Another underlying prices the quote token already.")]
    StableExists,

    /// A Token-2022 mint, token account or program.
    #[msg("Token-2022 is not supported: use a classic SPL Token mint and account.")]
    Token2022Refused,
    /// Owned by neither token program.
    #[msg("The account is not owned by the SPL Token program.")]
    NotTokenAccount,
    /// A token account of another mint.
    #[msg("The token account holds another mint.")]
    TokenMintMismatch,
    /// A token account that is frozen.
    #[msg("The token account is frozen by the mint's freeze authority.")]
    TokenAccountFrozen,
    /// The mint has the wrong decimals (left: found, right: wanted or most).
    #[msg("The mint has a number of decimals this use does not allow.")]
    MintDecimals,
    /// The vault was named as source or destination.
    #[msg("The clearinghouse's own vault cannot be source or destination.")]
    VaultAsUserAccount,
    /// The vault's delta is not what was sent (left: delta, right: amount).
    #[msg("The vault's balance did not change by the amount transferred.")]
    VaultDeltaMismatch,
    /// The vault holds less than it must (left: vault, right: needed).
    #[msg("The vault holds less than the withdrawal needs.")]
    VaultShort,
    /// A zero amount.
    #[msg("The amount is zero.")]
    AmountZero,

    /// The market set is too short or too long (left: given, right: needed).
    #[msg("The remaining accounts are not exactly the market set of the margin accounts.")]
    MarketCount,
    /// An account of the market set is not owned by this program, of another type or layout.
    #[msg("A remaining account is not of the type its place in the market set asks for.")]
    MarketType,
    /// An account of the market set is not the one its place asks for.
    #[msg("A remaining account is not the one its place in the market set asks for.")]
    MarketMismatch,
    /// An expiry of the market set must be writable.
    #[msg("An expiry of the market set must be writable in this instruction.")]
    MarketNotWritable,
    /// Too many underlyings, expiries or collaterals in one instruction.
    #[msg("The margin accounts of this instruction span more markets than one instruction takes.")]
    MarketTooWide,

    /// The price account is not owned by the receiver program of the underlying.
    #[msg("The price account is not owned by the underlying's price receiver program.")]
    PriceOwner,
    /// The price account is not a price update.
    #[msg("The price account is not a price update account.")]
    PriceAccountType,
    /// The price update is not fully verified.
    #[msg("The price update is not fully verified.")]
    PriceNotFullyVerified,
    /// The price update is of another feed.
    #[msg("The price update is of another feed than the underlying's.")]
    PriceFeedMismatch,
    /// The receiver program is not one this program knows.
    #[msg("The price receiver program is not one of those this program knows.")]
    ReceiverUnknown,
    /// Nothing was accepted yet.
    #[msg("No price was accepted yet for this underlying.")]
    PriceMissing,
    /// Publish time is not newer (left: new, right: last).
    #[msg("The price is not newer than the last accepted one.")]
    PriceNotNewer,
    /// Publish time too far ahead (left: publish time, right: latest allowed).
    #[msg("The price's publish time is too far ahead of the clock.")]
    PriceFromFuture,
    /// Too old (left: age, right: most).
    #[msg("The price is older than this action allows.")]
    PriceStale,
    /// Not positive (left: price).
    #[msg("The price is not positive.")]
    PriceNotPositive,
    /// Outside the sanity bounds (left: price, right: bound).
    #[msg("The price is outside the underlying's sanity bounds.")]
    PriceInsane,
    /// Exponent outside what the scale allows (left: exponent).
    #[msg("The price's exponent is outside the supported range.")]
    PriceExponent,
    /// Confidence interval too wide (left: interval, right: most).
    #[msg("The price's confidence interval is too wide for this action.")]
    PriceUncertain,
    /// Price and EMA too far apart (left: distance, right: most).
    #[msg("The price diverges too far from its average for this action.")]
    PriceDiverged,
    /// The accepted price walks toward the raw price.
    #[msg("The accepted price is still walking toward a larger move: this action waits.")]
    PriceWalking,

    /// The mode is not one of this release (left: mode, right: highest).
    #[msg("The margin mode is not isolated, cross or portfolio.")]
    ModeUnsupported,
    /// The account still holds something.
    #[msg("The margin account still holds positions, cash, collateral, debt or an auction.")]
    MarginAccountNotEmpty,
    /// The account is in auction.
    #[msg("The margin account is being liquidated.")]
    AccountInAuction,
    /// The account is not in auction.
    #[msg("The margin account is not being liquidated.")]
    AccountNotInAuction,
    /// The account's sequence changed (left: found, right: expected).
    #[msg("The margin account changed since this instruction was signed.")]
    SequenceMismatch,
    /// `valid_until` has passed (left: now, right: valid_until).
    #[msg("The instruction is no longer valid.")]
    InstructionExpired,
    /// The signer is neither owner nor delegate.
    #[msg("The signer is neither the owner nor the delegate of the margin account.")]
    SignerNotAuthorised,
    /// The delegate's power has ended (left: now, right: expiry).
    #[msg("The delegate's power has expired.")]
    DelegateExpired,
    /// The delegate may not do this.
    #[msg("The delegate may not take this action.")]
    DelegateActionForbidden,
    /// The delegate's budget is used up (left: would be spent, right: budget).
    #[msg("The delegate's budget for this window is used up.")]
    DelegateBudget,
    /// Delegate terms out of range.
    #[msg("The delegate's actions, budget or window are outside their range.")]
    DelegateTerms,
    /// The owner owes bad debt (left: bad debt).
    #[msg("The owner has open bad debt: its accounts take no new risk.")]
    BadDebtOpen,
    /// The owner owes nothing.
    #[msg("The owner has no bad debt.")]
    BadDebtNone,

    /// Cash does not cover the withdrawal (left: free cash, right: asked).
    #[msg("Free cash does not cover the amount: debt, interest, holds and locks count against it.")]
    CashShort,
    /// The account has debt.
    #[msg("The margin account has debt: it must be repaid first.")]
    DebtOpen,
    /// Initial margin would be negative (left: initial balance).
    #[msg("The initial margin balance would be negative.")]
    InitialMarginShort,
    /// The outflow limit is reached (left: would be out in the last window's length, right: cap).
    #[msg("The limit on net outflow is reached.")]
    OutflowLimit,
    /// A deficit exceeds the claims.
    #[msg("The recorded deficit is not smaller than all claims: withdrawals wait for recapitalisation.")]
    DeficitTotal,

    /// The collateral's cap is reached (left: would be deposited, right: cap).
    #[msg("The collateral's cap is reached.")]
    CollateralCap,
    /// All collateral slots are used.
    #[msg("The margin account holds as many kinds of collateral as it can.")]
    CollateralSlots,
    /// Only the owner may add a new kind of collateral.
    #[msg("Only the owner may add a kind of collateral the account does not hold.")]
    CollateralKindByOwnerOnly,
    /// The account holds less (left: held, right: asked).
    #[msg("The margin account holds less of this collateral than asked for.")]
    CollateralShort,
    /// The quote token as collateral.
    #[msg("The quote token is cash, not collateral.")]
    CollateralIsQuote,
    /// The pricing underlying does not exist (left: index, right: next).
    #[msg("The underlying that shall price the collateral does not exist.")]
    CollateralPriceUnknown,

    /// The expiry time is not on the grid (left: expiry).
    #[msg("The expiry time is not on the underlying's expiry grid.")]
    ExpiryOffGrid,
    /// The expiry is too near or too far (left: lead seconds, right: bound).
    #[msg("The expiry is too near or too far.")]
    ExpiryLead,
    /// The strike is not on the grid (left: strike, right: step).
    #[msg("The strike is not on the underlying's strike grid.")]
    StrikeOffGrid,
    /// The strike is too far from the price (left: strike, right: bound).
    #[msg("The strike is too far from the accepted price.")]
    StrikeTooFar,
    /// The strike is listed already.
    #[msg("The strike is listed already.")]
    StrikeExists,
    /// All strikes are used.
    #[msg("The expiry lists as many strikes as it can: name one without open interest to replace.")]
    StrikesFull,
    /// A strike keeps its place (left: its open interest, right: strikes listed).
    #[msg("A strike is replaced only in a full expiry, and only without open interest.")]
    StrikeReplaced,
    /// The strike has another price than the trade was signed for (left: its price, right: signed).
    #[msg("The strike has another price than the trade was signed for.")]
    StrikeMismatch,
    /// The listing would leave the integers (left: highest price, right: largest quantity).
    #[msg("Highest price, contract size and largest quantity together leave the margin integers.")]
    ListingBound,
    /// The expiry is over.
    #[msg("The expiry time has passed.")]
    ExpiryPassed,
    /// The expiry is settled.
    #[msg("The expiry is settled.")]
    ExpirySettledAlready,
    /// The expiry is not settled.
    #[msg("The expiry is not settled yet.")]
    ExpiryNotSettled,
    /// Quote in and out of the touched accounts disagree (left: after, right: expected).
    #[msg("Internal check failed: quote was not conserved over the accounts touched.")]
    NotConserved,
    /// Nothing to sweep.
    #[msg("The expiry has no fees to sweep.")]
    FeesNone,

    /// No leg slot is free (256).
    #[msg("The margin account holds as many legs as it can.")]
    TooManyPositions,
    /// No expiry slot is free (12; 10 in portfolio mode).
    #[msg("The margin account holds as many expiries as it can.")]
    TooManyExpiries,
    /// No underlying slot is free (3).
    #[msg("The margin account holds as many underlyings as it can.")]
    TooManyUnderlyings,
    /// A second expiry in isolated mode.
    #[msg("An isolated margin account holds one expiry of one underlying.")]
    IsolatedExpiry,
    /// A leg's quantity would leave its integer, or more would be taken than there is.
    #[msg("A leg's quantity would leave its range.")]
    QuantityOverflow,
    /// A leg that is not there.
    #[msg("The margin account has no such leg.")]
    UnknownPosition,
    /// A strike id that the expiry does not list.
    #[msg("The expiry lists no strike with this id.")]
    UnknownStrike,
    /// An expiry the account does not hold.
    #[msg("The margin account holds nothing in this expiry.")]
    UnknownExpiry,
    /// An underlying slot that is free.
    #[msg("The margin account holds nothing in this underlying.")]
    UnknownUnderlying,
    /// Open interest would fall below zero.
    #[msg("Open interest would fall below zero.")]
    OpenInterestBroken,
    /// Nothing changes hands (left: quantity, right: least).
    #[msg("A trade is of at least one contract.")]
    TradeQuantity,
    /// A price below zero (left: price).
    #[msg("A trade's price is at least zero.")]
    TradePriceNegative,
    /// Neither call nor put (left: kind).
    #[msg("The option kind is neither call (0) nor put (1).")]
    KindUnknown,
    /// The leg would be too large (left: contracts after, right: most).
    #[msg("The leg would hold more contracts than allowed.")]
    LegTooLarge,
    /// The series' cap is reached (left: open interest after, right: cap).
    #[msg("The series would hold more open interest than allowed.")]
    OpenInterestCap,
    /// Too far from the mark (left: distance, right: band).
    #[msg("The trade's price is too far from the mark.")]
    TradePriceBand,
    /// Not the mark (left: price, right: mark).
    #[msg("With a stale price a trade stands at the last accepted mark.")]
    TradeNotAtMark,
    /// A side does not reduce (left: quantity before, right: after).
    #[msg("With a stale price a trade reduces both sides.")]
    TradeNotReducing,
    /// A short grows (left: quantity before, right: after).
    #[msg("A curing trade grows no short.")]
    CuringShortGrows,
    /// The initial balance falls (left: before, right: after).
    #[msg("A curing trade does not lower the initial balance.")]
    CuringInitialFalls,
    /// The maintenance balance falls (left: before, right: after).
    #[msg("A curing trade does not lower the maintenance balance.")]
    CuringMaintenanceFalls,
    /// Equity falls too far (left: after, right: least).
    #[msg("A curing trade loses more equity than its fee and slip.")]
    CuringEquityFalls,
    /// One owner on both sides.
    #[msg("Both sides belong to the same owner.")]
    OwnerOnBothSides,
    /// One signer on both sides.
    #[msg("The same key signs for both sides.")]
    SignerOnBothSides,
    /// A new underlying while in auction.
    #[msg("An account in auction trades only in underlyings it holds.")]
    AuctionNewUnderlying,

    /// Published before it can count (left: publish time, right: first useful).
    #[msg("The settlement window is not open yet.")]
    SampleTooEarly,
    /// Not newer than the last sample (left: publish time, right: last).
    #[msg("The price is not newer than the last settlement sample.")]
    SampleNotNewer,
    /// Published after the window (left: publish time, right: end).
    #[msg("The settlement window has ended: settle.")]
    SettlementWindowClosed,
    /// Too early to settle (left: now, right: end).
    #[msg("The settlement window is still open.")]
    SettlementWindowOpen,
    /// Too few samples (left: seconds covered, right: required).
    #[msg("The settlement samples cover too little: the window goes on.")]
    SettlementThin,
    /// Settled accounts left a balance (left: balance).
    #[msg("The expiry's settlement balance is not zero.")]
    SettlementBalanceOpen,
    /// The expiry time is ahead (left: now, right: expiry).
    #[msg("The expiry time has not passed.")]
    ExpiryNotOver,
    /// Contracts are open (left: contracts).
    #[msg("Accounts still hold contracts of the expiry.")]
    ExpiryNotEmpty,
    /// Fees are not swept (left: fees).
    #[msg("The expiry's fees are not swept.")]
    FeesUnswept,
    /// Not who paid the rent.
    #[msg("The account is not the recorded payer of the rent.")]
    RentPayerMismatch,

    /// Above maintenance (left: maintenance balance, or the room under the cap on debt if that is less).
    #[msg("The account is not below maintenance.")]
    AccountHealthy,
    /// Healthy again (left: buffered balance).
    #[msg("The account is healthy again: end the auction.")]
    AuctionOver,
    /// Not healthy yet (left: buffered balance).
    #[msg("The account is not healthy yet: the auction goes on.")]
    AuctionOpen,
    /// Too small a bid (left: fraction, right: smallest, billionths).
    #[msg("The bid's fraction is smaller than the smallest bid.")]
    BidTooSmall,
    /// Too large a bid (left: fraction, right: largest, billionths).
    #[msg("The bid's fraction is larger than what may be taken.")]
    BidTooLarge,
    /// The price limit is passed (left: price, right: limit).
    #[msg("The price is above the limit.")]
    PriceLimit,
    /// Maintenance balance, or the room under the cap on debt if less, would not rise (left: before, right: after).
    #[msg("The bid does not raise what the account lacks.")]
    BidNotImproving,
    /// Solvent and insolvent confused (left: equity).
    #[msg("The account's equity asks for the other kind of bid.")]
    BidSolvency,
    /// A leg of a settled expiry.
    #[msg("The account holds legs of a settled expiry: settle it first.")]
    AuctionSettleFirst,
    /// The account has no debt (left: debt).
    #[msg("The margin account has no debt.")]
    DebtNone,

    /// The account is in this mode already (left: mode).
    #[msg("The margin account is in this mode already.")]
    ModeUnchanged,
    /// More prices than one check takes (left: needed, right: most).
    #[msg("The book is too large to be priced in this instruction: pass fresh risk rows of its expiries.")]
    RowsNeeded,
    /// Rows are too old (left: age, right: largest).
    #[msg("The risk rows are too old: refresh them.")]
    RowsOld,
    /// A parameter changed since (left: sequence of the rows, right: now).
    #[msg("A parameter changed since the risk rows were refreshed: refresh them.")]
    RowsChanged,
    /// The price moved too far since (left: distance in ppm, right: largest).
    #[msg("The price is too far from that of the risk rows: refresh them.")]
    RowsDrifted,
    /// The scan range grew since (left: steps filled, right: needed).
    #[msg("The risk rows do not reach as far as the scan range: refresh them.")]
    RowsShort,
    /// A held strike has no row (left: strike id, right: its price).
    #[msg("The risk rows have no values for a strike that the account holds: grow and refresh them.")]
    RowsUnfilled,
    /// Nothing to grow (left: bytes, right: most).
    #[msg("The risk rows have room for every strike already.")]
    RowsWhole,
    /// The rows' expiry is neither settled nor closed (left: clock, right: expiry).
    #[msg("The expiry of the risk rows is neither settled nor closed.")]
    RowsLive,

    /// Not one of the underlying's peers (left: index named, right: index of the underlying).
    #[msg("The underlying's correlation with that one is not measured.")]
    PeerUnknown,
    /// This hour is sampled, or its first minute has passed (left: clock, right: when the next hour begins).
    #[msg("A correlation is sampled once an hour, in its first minute.")]
    CorrelationNotDue,
}
}

/// `error` with the two numbers that disagree.
#[cold]
#[inline(never)]
pub fn refuse(error: PlimsollError, left: i64, right: i64) -> Refusal {
    described(error).with_values((left, right)).into()
}

/// `Ok` if `holds`, else `error`.
#[inline(always)]
pub fn ensure(holds: bool, error: PlimsollError) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(refused(error))
    }
}

/// `error` without numbers.
#[cold]
#[inline(never)]
pub fn refused(error: PlimsollError) -> Refusal {
    described(error).into()
}

/// `error` as the framework's error, in one place: made inline, its strings would be most of the program.
fn described(error: PlimsollError) -> Error {
    let code = u32::from(error);
    let index = code.checked_sub(ERROR_CODE_OFFSET).and_then(|index| usize::try_from(index).ok());
    let (name, message) = index.and_then(|index| TEXTS.get(index)).copied().unwrap_or_default();
    Error::from(AnchorError {
        error_name: String::from(name),
        error_code_number: code,
        error_msg: String::from(message),
        error_origin: None,
        compared_values: None,
    })
}

/// The rule book's error as this program's.
#[cold]
#[inline(never)]
pub fn core_refused(error: CoreError) -> Refusal {
    refused(error.into())
}

impl From<CoreError> for PlimsollError {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::Overflow => Self::Overflow,
            CoreError::DivisionByZero => Self::DivisionByZero,
            CoreError::UnknownSeries => Self::UnknownSeries,
            CoreError::OutOfDomain => Self::OutOfDomain,
        }
    }
}

/// A parameter outside its range, with its value and the bound it crossed; the field's name is logged.
#[inline(never)]
pub fn parameter_refused(error: ParameterError) -> Refusal {
    msg!(error.field);
    let bound = if error.value < error.low { error.low } else { error.high };
    refuse(PlimsollError::ParameterOutOfRange, error.value, bound)
}

/// A price that an action may not use, with the two numbers that disagree.
#[inline(never)]
pub fn oracle_refused(refusal: OracleRefusal) -> Refusal {
    use PlimsollError as E;
    let (error, left, right) = match refusal {
        OracleRefusal::Exponent { exponent } => (E::PriceExponent, i64::from(exponent), 0),
        OracleRefusal::NotPositive { mantissa } => (E::PriceNotPositive, mantissa, 0),
        OracleRefusal::OutOfBounds { price, bound } => (E::PriceInsane, price, bound),
        OracleRefusal::NotNewer { publish_time, last } => (E::PriceNotNewer, publish_time, last),
        OracleRefusal::FromFuture { publish_time, latest } => (E::PriceFromFuture, publish_time, latest),
        OracleRefusal::Stale { age, max } => (E::PriceStale, age, max),
        OracleRefusal::Uncertain { confidence, max } => (E::PriceUncertain, confidence, max),
        OracleRefusal::Diverged { distance, max } => (E::PriceDiverged, distance, max),
        OracleRefusal::Walking { price, raw } => (E::PriceWalking, price, raw),
        OracleRefusal::Missing => (E::PriceMissing, 0, 0),
    };
    refuse(error, left, right)
}

/// A withdrawal over the outflow limit, with the two numbers that disagree.
#[inline(never)]
pub fn outflow_refused(refusal: OutflowRefusal) -> Refusal {
    match refusal {
        OutflowRefusal::Limit { net, cap } => refuse(PlimsollError::OutflowLimit, net, cap),
        OutflowRefusal::Arithmetic(error) => core_refused(error),
    }
}

/// A broken conservation law, with both sides.
#[inline(never)]
pub fn not_conserved(violation: InvariantViolation) -> Refusal {
    refuse(PlimsollError::NotConserved, saturated(violation.left), saturated(violation.right))
}

/// A wide amount as a number of a log line or an event: saturates at the ends of `i64`.
pub fn saturated(wide: i128) -> i64 {
    let end = if wide < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(wide).unwrap_or(end)
}
