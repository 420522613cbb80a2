//! Which rule a margin account is held to: the one place where modes part.

use crate::error::CoreError;
use crate::margin::close_out::{self, CloseOutBalances};
use crate::margin::liquidation_price::{self, LiquidationPrices};
use crate::margin::scenario::PortfolioView;
use crate::margin::view::{Balances, Book};
use crate::margin::{cross, scenario};
use crate::units::{Price, Wide};

/// How the balances of a book are taken.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// Cross and isolated mode: spread recognition.
    Cross,
    /// Portfolio mode: the worst of a list of scenarios.
    Portfolio(PortfolioView<'a>),
}

impl Mode<'_> {
    /// The balances of `book`. Errors: those of [`cross::balances`] or [`scenario::balances`].
    pub fn balances(&self, book: &Book) -> Result<Balances, CoreError> {
        match self {
            Self::Cross => cross::balances(book),
            Self::Portfolio(view) => scenario::balances(book, view),
        }
    }

    /// The balances a close-out of `book` stands on. Errors: as [`Mode::balances`].
    pub fn close_out_balances(&self, book: &Book) -> Result<CloseOutBalances, CoreError> {
        match self {
            Self::Cross => close_out::close_out_balances(book),
            Self::Portfolio(view) => scenario::close_out_balances(book, view),
        }
    }

    /// The nearest prices of the underlying at `index` that make `book` liquidatable, as
    /// [`liquidation_price::liquidation_prices`]. Errors: as [`Mode::balances`].
    pub fn liquidation_prices(&self, book: &Book, index: u8) -> Result<LiquidationPrices, CoreError> {
        liquidation_price::search(self, book, index)
    }

    /// Maintenance balance of `book` if the underlying at `index` traded at `price` and every other stayed.
    ///
    /// Errors: as [`Mode::balances`].
    pub fn maintenance_at(&self, book: &Book, index: u8, price: Price) -> Result<Wide, CoreError> {
        match self {
            Self::Cross => cross::maintenance_at(book, index, price),
            Self::Portfolio(view) => scenario::maintenance_at(book, view, index, price),
        }
    }
}
