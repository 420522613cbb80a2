//! What the two numbers of a rule mean, which accounts it is about, and what to do when it refuses.

/// How a number reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Quote atoms: an amount or a price.
    Quote,
    /// A span of time.
    Seconds,
    /// A moment: unix seconds.
    Time,
    /// Billionths of a whole.
    Billionths,
    /// Atoms of a collateral's mint.
    Atoms,
    /// As it is.
    Plain,
}

/// One number of a refusal: its name and unit.
pub type Number = (&'static str, Unit);

/// Names of accounts in the interface description: the first group with a member among the accounts of an
/// instruction is what the rule is about there.
pub type Subject = &'static [&'static [&'static str]];

/// A rule in words.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What its numbers are, in order: none, one or two.
    pub numbers: &'static [Number],
    /// What it is about, where the program does not say.
    pub subject: Subject,
    /// What to do; empty: the message says it.
    pub next: &'static str,
}

const NONE: Subject = &[];
const ACCOUNT: Subject = &[&["margin_account"], &["buyer", "seller"]];
const TAKER: Subject = &[&["bidder"], &["buyer", "seller"], &["margin_account"]];
const PARTIES: Subject = &[&["bidder"], &["margin_account", "buyer"], &["buyer", "seller"]];
const BOTH: Subject = &[&["margin_account", "bidder", "buyer", "seller", "starter_account"]];
const OWNED: Subject = &[&["starter_account"], &["margin_account"], &["buyer", "seller"]];
const DEBTOR: Subject = &[&["bidder_owner"], &["owner_record"]];
const TOKENS: Subject = &[&["source"], &["destination"], &["mint"], &["quote_mint"]];
const MINT: Subject = &[&["mint"], &["quote_mint"]];
const PRICE: Subject = &[&["price_update"], &["oracle"]];
const ORACLE: Subject = &[&["oracle"]];
const EXPIRY: Subject = &[&["expiry"]];
const ROWS: Subject = &[&["rows"]];
const CREATED: Subject = &[
    &["rows"],
    &["expiry"],
    &["margin_account"],
    &["collateral"],
    &["underlying"],
    &["owner_record"],
    &["clearinghouse"],
];
const COLLATERAL: Subject = &[&["collateral"]];
const CLEARINGHOUSE: Subject = &[&["clearinghouse"]];
const AUTHORITY: Subject = &[&["authority"]];
const PAYER: Subject = &[&["payer"], &["creator"], &["owner"]];

macro_rules! rules {
    (
        $(#[$doc:meta])*
        $table:ident:
        $($name:ident $([$($label:literal $unit:ident),+])? of $subject:ident => $next:literal;)+
    ) => {
        $(#[$doc])*
        pub const $table: &[Rule] = &[$(Rule {
            name: stringify!($name),
            numbers: &[$($(($label, Unit::$unit)),+)?],
            subject: $subject,
            next: $next,
        }),+];
    };
}

rules! {
    /// Rules of the clearinghouse whose refusal has numbers, an account or a next step.
    RULES:
    ParameterOutOfRange ["value" Plain, "bound" Plain] of NONE => "";
    AddressMismatch of CREATED => "check --clearinghouse and the index";
    AccountExists of CREATED => "use the one that is there";
    VersionUnknown ["found" Plain, "known" Plain] of NONE => "use a client of the program's release";
    ClearinghouseMismatch of ACCOUNT => "check --clearinghouse";
    OwnerMismatch of OWNED => "sign with the owner's --keypair";
    AccountDuplicate of BOTH => "use two accounts";
    AuthorityMismatch of AUTHORITY => "sign with the authority's --keypair: see `plimsoll clearinghouse show`";
    IndexNotNext ["given" Plain, "next" Plain] of CREATED => "another came in between: run again";
    StableExists of CLEARINGHOUSE => "";
    Token2022Refused of TOKENS => "";
    NotTokenAccount of TOKENS => "pass a token account or mint of the SPL Token program";
    TokenMintMismatch of TOKENS => "pass a token account of the right mint";
    TokenAccountFrozen of TOKENS => "";
    MintDecimals ["decimals" Plain, "wanted, or most" Plain] of MINT => "";
    VaultAsUserAccount of TOKENS => "pass a token account of your own";
    VaultDeltaMismatch ["change" Plain, "sent" Plain] of TOKENS => "";
    VaultShort ["vault" Quote, "needed" Quote] of NONE => "see `plimsoll status`";
    AmountZero of NONE => "ask for more than 0";
    MarketCount ["accounts given" Plain, "needed" Plain] of ACCOUNT => "the account changed in between: run again";

    PriceOwner of PRICE => "pass the price update account of the underlying's feed";
    PriceAccountType of PRICE => "pass the price update account of the underlying's feed";
    PriceNotFullyVerified of PRICE => "post the update with full verification";
    PriceFeedMismatch of PRICE => "pass the price update account of the underlying's feed";
    PriceMissing of ORACLE => "post a price with `plimsoll oracle accept`";
    PriceNotNewer ["published" Time, "last accepted" Time] of PRICE => "post a newer update first";
    PriceFromFuture ["published" Time, "latest allowed" Time] of PRICE => "wait, or post another update";
    PriceStale ["age" Seconds, "at most" Seconds] of PRICE => "post a newer price with `plimsoll oracle accept`";
    PriceNotPositive ["price" Plain] of PRICE => "";
    PriceInsane ["price" Quote, "bound" Quote] of PRICE => "";
    PriceExponent ["exponent" Plain] of PRICE => "";
    PriceUncertain ["confidence interval" Quote, "at most" Quote] of PRICE => "wait: see `plimsoll oracle show`";
    PriceDiverged ["distance to the average" Quote, "at most" Quote] of PRICE => "wait: see `plimsoll oracle show`";
    PriceWalking ["accepted" Quote, "walking to" Quote] of PRICE => "wait: see `plimsoll oracle show`";

    ModeUnsupported ["mode" Plain, "at most" Plain] of NONE => "";
    MarginAccountNotEmpty of ACCOUNT => "withdraw and close everything it holds first: `plimsoll account show`";
    AccountInAuction of PARTIES => "see `plimsoll margin show`";
    AccountNotInAuction of ACCOUNT => "start it with `plimsoll auction start`";
    SequenceMismatch ["sequence" Plain, "signed for" Plain] of ACCOUNT => "the account changed in between: run again";
    InstructionExpired ["now" Time, "valid until" Time] of NONE => "run again, with a larger --valid-for if need be";
    SignerNotAuthorised of TAKER => "sign with the owner's or the delegate's keypair";
    DelegateExpired ["now" Time, "power ended" Time] of TAKER => "the owner may set it anew";
    DelegateActionForbidden ["action" Plain, "allowed" Plain] of TAKER => "the owner may allow it";
    DelegateBudget ["would be spent in the window" Quote, "budget" Quote] of TAKER => "wait for the next window";
    DelegateTerms of ACCOUNT => "name another key than the owner's";
    BadDebtOpen ["bad debt" Quote] of DEBTOR => "repay it with `plimsoll bad-debt repay`";
    BadDebtNone of DEBTOR => "see `plimsoll bad-debt show`";

    CashShort ["free cash" Quote, "needed" Quote] of TAKER => "deposit, or ask for less";
    DebtOpen ["cash" Quote] of ACCOUNT => "deposit what is owed first";
    InitialMarginShort ["initial balance" Quote, "at least" Quote] of TAKER => "deposit, or ask for less";
    OutflowLimit ["out in the last window's length" Quote, "at most" Quote] of NONE => "wait, room comes back gradually, or ask for less";
    DeficitTotal of CLEARINGHOUSE => "see `plimsoll status`";
    CollateralCap ["would be held" Atoms, "at most" Atoms] of COLLATERAL => "deposit less";
    CollateralSlots of TAKER => "withdraw another kind first";
    CollateralKindByOwnerOnly of ACCOUNT => "have the owner deposit it first";
    CollateralShort ["held" Atoms, "asked for" Atoms] of ACCOUNT => "ask for less: see `plimsoll account show`";
    CollateralIsQuote of MINT => "use `plimsoll deposit`";
    CollateralPriceUnknown ["index" Plain, "listed" Plain] of NONE => "see `plimsoll underlying list`";

    ExpiryOffGrid ["expiry" Time, "beyond the grid by seconds" Plain] of EXPIRY => "choose a time on the grid";
    ExpiryLead ["time to expiry" Seconds, "bound" Seconds] of EXPIRY => "choose another time on the grid";
    StrikeOffGrid ["strike" Quote, "step" Quote] of EXPIRY => "choose a multiple of the step";
    StrikeTooFar ["strike" Quote, "bound" Quote] of EXPIRY => "choose a strike nearer to the price";
    StrikeExists of EXPIRY => "use it: see `plimsoll expiry list`";
    StrikesFull of EXPIRY => "replace one without open interest: `plimsoll strike create --replaces <STRIKE>`";
    StrikeReplaced ["open interest" Plain, "strikes listed" Plain] of EXPIRY => "name a strike without open interest, and only in a full expiry";
    StrikeMismatch ["strike" Quote, "signed for" Quote] of EXPIRY => "load the expiry again and sign for the strike it lists now";
    ListingBound ["highest price" Quote, "largest quantity" Plain] of NONE => "lower one of the three";
    ExpiryPassed of EXPIRY => "";
    ExpirySettledAlready of EXPIRY => "";
    ExpiryNotSettled of EXPIRY => "settle it first: `plimsoll settle expiry`";
    NotConserved ["after" Quote, "expected" Quote] of NONE => "please report this";
    FeesNone of EXPIRY => "";

    TooManyPositions of TAKER => "use another account";
    TooManyExpiries of TAKER => "use another account: one holds twelve expiries, in portfolio mode ten";
    TooManyUnderlyings of TAKER => "use another account";
    IsolatedExpiry of TAKER => "use an account of cross or portfolio mode: `plimsoll account mode`";
    UnknownStrike of NONE => "see `plimsoll expiry list`";
    TradeQuantity ["contracts" Plain, "at least" Plain] of NONE => "";
    TradePriceNegative ["price" Quote] of NONE => "";
    KindUnknown ["kind" Plain] of NONE => "";
    LegTooLarge ["contracts after" Plain, "at most" Plain] of TAKER => "trade fewer contracts";
    OpenInterestCap ["open interest after" Plain, "at most" Plain] of NONE => "trade fewer contracts";
    TradePriceBand ["distance to the mark" Quote, "at most" Quote] of NONE => "agree on a price nearer to the mark";
    TradeNotAtMark ["price" Quote, "mark" Quote] of NONE => "post a newer price, or trade at the mark";
    TradeNotReducing ["contracts before" Plain, "after" Plain] of TAKER => "post a newer price first";
    CuringShortGrows ["contracts before" Plain, "after" Plain] of TAKER => "";
    CuringInitialFalls ["initial balance before" Quote, "after" Quote] of TAKER => "";
    CuringMaintenanceFalls ["maintenance balance before" Quote, "after" Quote] of TAKER => "";
    CuringEquityFalls ["equity after" Quote, "at least" Quote] of TAKER => "";
    OwnerOnBothSides of BOTH => "use accounts of two owners";
    AuctionNewUnderlying of TAKER => "";

    SampleTooEarly ["published" Time, "first useful" Time] of EXPIRY => "wait for the settlement window";
    SampleNotNewer ["published" Time, "last sample" Time] of EXPIRY => "post a newer price first";
    SettlementWindowClosed ["published" Time, "window ended" Time] of EXPIRY => "run `plimsoll settle expiry`";
    SettlementWindowOpen ["now" Time, "open until" Time] of EXPIRY => "wait until it ends";
    SettlementThin ["covered" Seconds, "required" Seconds] of EXPIRY => "add samples with `plimsoll settle sample`";
    SettlementBalanceOpen ["balance" Quote] of EXPIRY => "settle the accounts that are left";
    ExpiryNotOver ["now" Time, "expiry" Time] of EXPIRY => "wait until it is over";
    ExpiryNotEmpty ["contracts" Plain] of EXPIRY => "settle the expiry and its accounts first";
    FeesUnswept ["fees" Quote] of EXPIRY => "sweep them with `plimsoll expiry sweep`";

    AccountHealthy ["maintenance balance, or room under the debt cap" Quote] of ACCOUNT => "an account is liquidated below 0 only";
    AuctionOver ["buffered balance" Quote] of ACCOUNT => "end it with `plimsoll auction end`";
    AuctionOpen ["buffered balance" Quote] of ACCOUNT => "it ends at 0 or more";
    BidTooSmall ["fraction" Billionths, "smallest" Billionths] of ACCOUNT => "bid for more: see `plimsoll margin show`";
    BidTooLarge ["fraction" Billionths, "largest" Billionths] of ACCOUNT => "bid for less: see `plimsoll margin show`";
    PriceLimit ["price" Quote, "limit" Quote] of ACCOUNT => "raise --limit";
    BidNotImproving ["maintenance balance, or room under the debt cap, before" Quote, "after" Quote] of ACCOUNT => "";
    BidSolvency ["equity" Quote] of ACCOUNT => "run again";
    AuctionSettleFirst of ACCOUNT => "run `plimsoll settle account`";
    DebtNone ["cash" Quote] of ACCOUNT => "";

    ModeUnchanged ["mode" Plain] of ACCOUNT => "see `plimsoll account show`";
    RowsNeeded ["prices needed" Plain, "at most" Plain] of ACCOUNT => "open and refresh risk rows of its expiries: `plimsoll rows open`, `plimsoll rows refresh`";
    RowsOld ["age" Seconds, "at most" Seconds] of ACCOUNT => "run `plimsoll rows refresh` for its expiries, then this again";
    RowsChanged ["parameters' sequence of the rows" Plain, "now" Plain] of ACCOUNT => "run `plimsoll rows refresh` for its expiries, then this again";
    RowsDrifted ["price moved by ppm" Plain, "at most" Plain] of ACCOUNT => "run `plimsoll rows refresh` for its expiries, then this again";
    RowsShort ["grid steps filled" Plain, "needed" Plain] of ACCOUNT => "run `plimsoll rows refresh` for its expiries, then this again";
    RowsUnfilled ["strike number" Plain, "strike" Quote] of ACCOUNT => "run `plimsoll rows grow` and `plimsoll rows refresh` for its expiry";
    RowsWhole ["bytes" Plain, "at most" Plain] of ROWS => "refresh them: `plimsoll rows refresh`";
    RowsLive ["now" Time, "expiry" Time] of ROWS => "wait until it is settled";

    PeerUnknown ["index of the peer" Plain, "of the underlying" Plain] of NONE => "see `plimsoll underlying show` for its correlation_peers";
    CorrelationNotDue ["now" Time, "next hour" Time] of NONE => "sample within its first minute";
}

rules! {
    /// The same for the token program, the system program and the runtime.
    FOREIGN_RULES:
    InsufficientFunds of TOKENS => "fund the token account, or move less";
    OwnerMismatch of TOKENS => "sign with the owner of the token account";
    ResultWithNegativeLamports ["lamports held" Plain, "needed" Plain] of PAYER => "fund the payer with SOL";
    ComputationalBudgetExceeded of NONE => "raise --compute-limit";
    ProgramFailedToComplete of NONE => "raise --compute-limit";
}
