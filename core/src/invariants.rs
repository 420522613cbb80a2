//! What is true after every instruction: one definition for program, harness, fuzz and keeper.

use crate::error::CoreError;
use crate::math::fixed::Bounded;
use crate::units::Wide;

/// Which equation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equation {
    /// Vault tokens >= recorded assets.
    VaultCoversRecorded,
    /// Vault tokens = recorded assets + tokens sent to the vault outside any instruction.
    VaultIsRecorded,
    /// Quote in = quote out over the accounts an instruction touched.
    QuoteConserved,
    /// Quantities of a series sum to zero.
    SeriesSumsToZero,
    /// Contracts held long, and so those held short, = recorded open interest.
    OpenInterestIsRecorded,
    /// A collateral vault holds at least what accounts hold.
    CollateralCovered,
    /// What accounts hold of a collateral = what its record says.
    CollateralIsRecorded,
}

/// An equation that does not hold, with both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvariantViolation {
    /// Which.
    pub equation: Equation,
    /// Left side.
    pub left: Wide,
    /// Right side.
    pub right: Wide,
}

fn hold(holds: bool, equation: Equation, left: Wide, right: Wide) -> Result<(), InvariantViolation> {
    if holds {
        Ok(())
    } else {
        Err(InvariantViolation { equation, left, right })
    }
}

/// All quote of a clearinghouse: sums over every account, quote atoms.
///
/// recorded = cash + insurance + surplus + settlement balances + accrued fees - deficit. Interest an account owes but
/// has not paid is in none of them: it is still in its cash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClearinghouseSums {
    /// Tokens in the quote vault.
    pub vault: Wide,
    /// Signed cash of all margin accounts.
    pub cash: Wide,
    /// Insurance fund.
    pub insurance: Wide,
    /// Surplus of the protocol.
    pub surplus: Wide,
    /// Signed settlement balances of all expiries.
    pub settlement: Wide,
    /// Trade fees accrued in expiries and not swept.
    pub fees: Wide,
    /// Recorded deficit.
    pub deficit: Wide,
    /// Tokens sent to the vault outside any instruction, where they are known.
    pub donated: Wide,
}

impl ClearinghouseSums {
    /// What the vault must hold: assets that back claims. Saturates.
    pub fn recorded(&self) -> Wide {
        self.cash
            .saturating_add(self.insurance)
            .saturating_add(self.surplus)
            .saturating_add(self.settlement)
            .saturating_add(self.fees)
            .saturating_sub(self.deficit)
    }

    /// Vault >= recorded: the promise. Errors: the equation with both numbers.
    pub fn check(&self) -> Result<(), InvariantViolation> {
        let recorded = self.recorded();
        hold(self.vault >= recorded, Equation::VaultCoversRecorded, self.vault, recorded)
    }

    /// Vault = recorded + donated: nothing is lost either. Errors: the equation with both numbers.
    pub fn check_exact(&self) -> Result<(), InvariantViolation> {
        self.check()?;
        let expected = self.recorded().saturating_add(self.donated);
        hold(self.vault == expected, Equation::VaultIsRecorded, self.vault, expected)
    }
}

/// Quote on the accounts one instruction touches, before or after it: the terms of [`ClearinghouseSums::recorded`]
/// that may change. Add each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched(Wide);

impl Touched {
    /// Adds an amount the clearinghouse owes: cash, a fund, a settlement balance, fees.
    #[must_use]
    pub fn owed(self, amount: i64) -> Self {
        Self(self.0.saturating_add(Wide::from(amount)))
    }

    /// Adds a recorded deficit.
    #[must_use]
    pub fn deficit(self, amount: i64) -> Self {
        Self(self.0.saturating_sub(Wide::from(amount)))
    }

    /// The sum.
    pub const fn sum(self) -> Wide {
        self.0
    }
}

/// What the touched accounts gained is what came into the vault (- out). Errors: `QuoteConserved`.
pub fn check_conserved(before: Touched, after: Touched, vault_change: i64) -> Result<(), InvariantViolation> {
    let expected = before.0.saturating_add(Wide::from(vault_change));
    hold(after.0 == expected, Equation::QuoteConserved, after.0, expected)
}

/// All holders of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesSums {
    /// Contracts held long, >= 0.
    pub long: i64,
    /// Contracts held short, >= 0.
    pub short: i64,
}

impl SeriesSums {
    /// Adds one holder's signed quantity. Errors: `Overflow`.
    pub fn add(&mut self, quantity: i32) -> Result<(), CoreError> {
        let lots = i64::from(quantity.unsigned_abs());
        let side = if quantity > 0 { &mut self.long } else { &mut self.short };
        *side = side.exact_add(lots).ok_or(CoreError::Overflow)?;
        Ok(())
    }

    /// Quantities sum to zero, and both sides are the recorded open interest. Errors: the first that fails.
    pub fn check(&self, open_interest: i64) -> Result<(), InvariantViolation> {
        let (long, short, recorded) = (Wide::from(self.long), Wide::from(self.short), Wide::from(open_interest));
        hold(long == short, Equation::SeriesSumsToZero, long.saturating_sub(short), 0)?;
        hold(long == recorded, Equation::OpenInterestIsRecorded, long, recorded)
    }
}

/// Tokens of one collateral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollateralSums {
    /// Tokens in the collateral vault.
    pub vault: Wide,
    /// Tokens in margin accounts.
    pub held: Wide,
    /// Total that the collateral's record says.
    pub recorded: Wide,
}

impl CollateralSums {
    /// Accounts hold what is recorded, and the vault covers it. Errors: the first that fails.
    pub fn check(&self) -> Result<(), InvariantViolation> {
        hold(self.held == self.recorded, Equation::CollateralIsRecorded, self.held, self.recorded)?;
        hold(self.vault >= self.recorded, Equation::CollateralCovered, self.vault, self.recorded)
    }
}
