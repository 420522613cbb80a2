//! What a margin check reads, as plain values: the program fills these in from accounts, clients from fetched data.

use crate::error::CoreError;
use crate::margin::parameters::CrossParameters;
use crate::position::Position;
use crate::series::{Strike, MAX_STRIKES};
use crate::units::{ContractSize, Price, Quote, Ratio, Seconds, Vol, Wide};

/// Most underlyings of one margin account.
pub const MAX_UNDERLYINGS: usize = 3;
/// Most expiries of one margin account.
pub const MAX_EXPIRIES: usize = 12;
/// Most legs of one margin account.
pub const MAX_POSITIONS: usize = 256;

/// An underlying as a margin check sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderlyingView {
    /// Accepted price, > 0. Equity and mark-to-market stand on it.
    pub spot: Price,
    /// Lowest of accepted price, EMA and (while walking) raw price; `spot` when converged.
    pub low: Price,
    /// Highest of the same three; `spot` when converged.
    pub high: Price,
    /// The raw price while the accepted price walks toward it: maintenance uses the worse of the two. Else `None`.
    pub walking: Option<Price>,
    /// Underlying per contract.
    pub contract_size: ContractSize,
    /// `max(1, R / R_reference)`, capped, for the initial balance: multiplies `max_spot`, `min_spot`, `mm_call`,
    /// `mm_put` and one minus each collateral factor. >= 1.
    pub scale_im: Ratio,
    /// The same for the maintenance balance, whose range rises at a bounded speed. >= 1.
    pub scale_mm: Ratio,
    /// Confidence in the spot price, 0..1.
    pub spot_confidence: Ratio,
    /// The risk parameters of this underlying.
    pub parameters: CrossParameters,
}

/// An expiry as a margin check sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryView<'a> {
    /// Index into [`Book::underlyings`].
    pub underlying: u8,
    /// Seconds until expiry; 0 or less: expired, not settled until `settled` says so.
    pub seconds_to_expiry: Seconds,
    /// Forward over spot less one, in millionths, signed: `F = S (1 + basis)`.
    pub basis_ppm: i32,
    /// Volatility of the expiry (a flat smile).
    pub vol: Vol,
    /// Confidence in the forward, 0..1.
    pub forward_confidence: Ratio,
    /// Confidence in the smile, 0..1.
    pub vol_confidence: Ratio,
    /// Time-weighted average of the settlement window so far; no meaning while `sampled_seconds` is 0.
    pub average: Price,
    /// Seconds of the settlement window that `average` covers, 0..=1800.
    pub sampled_seconds: Seconds,
    /// The strikes; a position names one by index.
    pub strikes: &'a [Strike],
    /// Strike ids by ascending price, each id once.
    pub order: &'a [u8],
    /// The settlement price once the expiry is settled: its options are worth their payoff everywhere.
    pub settled: Option<Price>,
}

/// One collateral balance as a margin check sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralView {
    /// Value in millionths of a USD at the current accepted price, >= 0.
    pub value: Quote,
    /// The underlying of the book whose price moves this value; `None`: it moves with none of them.
    pub price_underlying: Option<u8>,
    /// Cross factor x ramp, 0..1.
    pub factor: Ratio,
    /// Confidence in the collateral's own price, 0..1.
    pub confidence: Ratio,
}

/// A whole margin account with everything its balances depend on.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    /// Settled quote balance, - is debt.
    pub cash: Quote,
    /// The legs, in any order; a quantity of zero is skipped; `expiry_slot` indexes `expiries`.
    pub positions: &'a [Position],
    /// The account's expiries, at most [`MAX_EXPIRIES`].
    pub expiries: &'a [ExpiryView<'a>],
    /// The account's underlyings, at most [`MAX_UNDERLYINGS`].
    pub underlyings: &'a [UnderlyingView],
    /// The account's collateral.
    pub collateral: &'a [CollateralView],
    /// USD price of one quote token, > 0.
    pub stable_price: Ratio,
    /// Rules for collateral that moves with no underlying of the book, and its confidence add-on.
    pub collateral_rules: CollateralRules,
}

/// Confidence add-on of collateral, initial balance only: `-(1 - conf) x factor x value` when `conf < threshold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollateralRules {
    /// Confidence below which the add-on applies, 0..1.
    pub conf_threshold: Ratio,
    /// The factor of the add-on.
    pub conf_factor: Ratio,
}

/// What one underlying adds to the balances: options and the collateral that moves with it, quote atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderlyingBalances {
    /// Sum of quantity x mark at the accepted price.
    pub mark_to_market: Wide,
    /// The same at the raw price while the accepted price walks toward it, else at the accepted price.
    pub raw_mark_to_market: Wide,
    /// Part of the initial balance, at its worst evaluation price.
    pub initial: Wide,
    /// Part of the maintenance balance, at its worst evaluation price.
    pub maintenance: Wide,
}

/// The balances of a book, quote atoms. A requirement is `equity - balance`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Cash + mark-to-market + sum of collateral value / stable price.
    pub equity: Wide,
    /// Sum of quantity x mark, options only.
    pub mark_to_market: Wide,
    /// Initial balance; < 0 blocks risk-increasing actions. Never above `maintenance`.
    pub initial: Wide,
    /// Maintenance balance; < 0 is liquidatable.
    pub maintenance: Wide,
    /// What two underlyings offset each other in the initial balance, >= 0; portfolio mode only.
    pub initial_offset: Wide,
    /// The same in the maintenance balance.
    pub maintenance_offset: Wide,
    /// The parts, by index into [`Book::underlyings`].
    pub by_underlying: [UnderlyingBalances; MAX_UNDERLYINGS],
}

impl<'a> Book<'a> {
    /// Checks the shape that every function here relies on: counts, indices and signs.
    ///
    /// Errors: `OutOfDomain` for a count above its limit, a price or stable price <= 0, a scale < 1 or a negative
    /// collateral value; `UnknownSeries` for an index that is not there.
    pub fn validate(&self) -> Result<(), CoreError> {
        let counts = self.underlyings.len() <= MAX_UNDERLYINGS
            && self.expiries.len() <= MAX_EXPIRIES
            && self.positions.len() <= MAX_POSITIONS;
        let prices = self.underlyings.iter().all(UnderlyingView::is_sane) && self.stable_price.0 > 0;
        let strikes = self.expiries.iter().all(|e| e.strikes.len() <= MAX_STRIKES);
        let values = self.collateral.iter().all(|c| c.value.0 >= 0);
        if !(counts && prices && strikes && values) {
            return Err(CoreError::OutOfDomain);
        }
        let known = |index: u8| usize::from(index) < self.underlyings.len();
        // A leg without its expiry would count for nothing.
        let indices = self.expiries.iter().all(|e| known(e.underlying))
            && self.collateral.iter().all(|c| c.price_underlying.is_none_or(known))
            && all_within(self.positions, self.expiries.len());
        if indices {
            Ok(())
        } else {
            Err(CoreError::UnknownSeries)
        }
    }

    /// The expiry that `position` names. Errors: `UnknownSeries`.
    pub fn expiry(&self, slot: u8) -> Result<&'a ExpiryView<'a>, CoreError> {
        self.expiries.get(usize::from(slot)).ok_or(CoreError::UnknownSeries)
    }

    /// The underlying at `index`. Errors: `UnknownSeries`.
    pub fn underlying(&self, index: u8) -> Result<&'a UnderlyingView, CoreError> {
        self.underlyings.get(usize::from(index)).ok_or(CoreError::UnknownSeries)
    }
}

/// Whether every leg names one of `count` expiries. By itself: beside the other checks the loop takes half as much again.
#[inline(never)]
fn all_within(positions: &[Position], count: usize) -> bool {
    !positions.iter().any(|position| usize::from(position.expiry_slot) >= count && position.quantity != 0)
}

impl UnderlyingView {
    fn is_sane(&self) -> bool {
        let one = Ratio::ONE;
        self.low.0 > 0
            && self.low <= self.spot
            && self.spot <= self.high
            && self.walking.is_none_or(|raw| raw.0 > 0)
            && self.contract_size.0 > 0
            && self.scale_im >= one
            && self.scale_mm >= one
    }

    /// An underlying whose accepted price has converged, at the reference scan range and full confidence.
    pub const fn converged(spot: Price, contract_size: ContractSize, parameters: CrossParameters) -> Self {
        Self {
            spot,
            low: spot,
            high: spot,
            walking: None,
            contract_size,
            scale_im: Ratio::ONE,
            scale_mm: Ratio::ONE,
            spot_confidence: Ratio::ONE,
            parameters,
        }
    }

    /// `low` and `high` set to the extremes of accepted price, `ema` and the raw price while walking.
    pub fn worse_of(mut self, ema: Price, walking: Option<Price>) -> Self {
        let raw = walking.unwrap_or(self.spot);
        self.low = self.spot.min(ema).min(raw);
        self.high = self.spot.max(ema).max(raw);
        self.walking = walking;
        self
    }
}

impl ExpiryView<'_> {
    /// The strike with index `id`. Errors: `UnknownSeries`.
    pub fn strike(&self, id: u8) -> Result<&Strike, CoreError> {
        self.strikes.get(usize::from(id)).ok_or(CoreError::UnknownSeries)
    }
}
