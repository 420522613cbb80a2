//! Who pays a loss, in which order, and what a withdrawal leaves behind while a loss is uncovered.

use crate::error::CoreError;
use crate::math::fixed::mul_div_up;
use crate::units::Quote;

/// The layers, in the order in which they pay. Each is drawn only when the one above is empty or at its cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The defaulting margin account: all it has, never the owner's other accounts.
    Defaulter,
    /// Past liquidation fees of the underlying.
    LiquidationReserve,
    /// Insurance tranche of the underlying.
    UnderlyingTranche,
    /// First slice of the protocol's surplus.
    SkinInTheGame,
    /// Global insurance fund.
    GlobalInsurance,
    /// Rest of the protocol's surplus.
    Surplus,
    /// New insurance shares sold for quote.
    Recapitalisation,
    /// Share in the gains of accounts that were closed out.
    DeleveragingCharge,
    /// Share in the gains of everybody in the underlying since the incident.
    GainsHaircut,
    /// Pro rata on liquidity providers and deposits.
    Mutualisation,
}

/// Number of layers.
pub const LAYER_COUNT: usize = 10;

/// The table: order and names.
pub const LAYERS: [(Layer, &str); LAYER_COUNT] = [
    (Layer::Defaulter, "defaulting account"),
    (Layer::LiquidationReserve, "liquidation-fee reserve"),
    (Layer::UnderlyingTranche, "insurance tranche of the underlying"),
    (Layer::SkinInTheGame, "protocol skin in the game"),
    (Layer::GlobalInsurance, "global insurance fund"),
    (Layer::Surplus, "surplus buffer"),
    (Layer::Recapitalisation, "recapitalisation auction"),
    (Layer::DeleveragingCharge, "deleveraging charge"),
    (Layer::GainsHaircut, "haircut of gains"),
    (Layer::Mutualisation, "mutualisation"),
];

impl Layer {
    /// Number of the layer, 1..=10.
    pub fn number(self) -> u8 {
        (1u8..).zip(LAYERS).find(|(_, (layer, _))| *layer == self).map_or(0, |(number, _)| number)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        LAYERS.iter().find(|(layer, _)| *layer == self).map_or("", |(_, name)| name)
    }
}

/// What a layer can pay now: the smaller of what it holds and of its cap. Layers left out pay nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The layer.
    pub layer: Layer,
    /// What it can pay, >= 0.
    pub available: Quote,
}

/// How a loss is paid. Conservation: `loss = sum of drawn + deficit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The loss.
    pub loss: Quote,
    /// What each layer pays, by [`LAYERS`] order, >= 0.
    pub drawn: [Quote; LAYER_COUNT],
    /// What no layer covers: recorded, and owed to the depositors by future income.
    pub deficit: Quote,
}

impl Draw {
    /// What `layer` pays.
    pub fn from_layer(&self, layer: Layer) -> Quote {
        LAYERS.iter().zip(self.drawn).find(|((l, _), _)| *l == layer).map_or(Quote::ZERO, |(_, drawn)| drawn)
    }
}

/// Fills `loss` from `capacities`, first to last.
///
/// Errors: `OutOfDomain` for a negative loss or capacity, or if the layers are not strictly in order; `Overflow`.
pub fn draw(loss: Quote, capacities: &[Capacity]) -> Result<Draw, CoreError> {
    let mut out = Draw { loss, drawn: [Quote::ZERO; LAYER_COUNT], deficit: loss };
    if loss.0 < 0 || !capacities.is_sorted_by(|a, b| a.layer < b.layer) {
        return Err(CoreError::OutOfDomain);
    }
    for capacity in capacities {
        if capacity.available.0 < 0 {
            return Err(CoreError::OutOfDomain);
        }
        let paid = out.deficit.min(capacity.available);
        out.deficit = out.deficit.sub(paid)?;
        for ((layer, _), drawn) in LAYERS.iter().zip(out.drawn.iter_mut()) {
            if *layer == capacity.layer {
                *drawn = paid;
            }
        }
    }
    Ok(out)
}

/// Money that comes in, recorded deficit first. Conservation: `amount = deficit_paid + fund`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Lowers the recorded deficit.
    pub deficit_paid: Quote,
    /// Goes to the insurance fund.
    pub fund: Quote,
    /// Whether the deficit is closed by it: locks of its generation become free.
    pub closes: bool,
}

/// Divides `amount` (>= 0) between the recorded `deficit` (>= 0) and the fund. Errors: `OutOfDomain`.
pub fn recover(amount: Quote, deficit: Quote) -> Result<Recovery, CoreError> {
    if amount.0 < 0 || deficit.0 < 0 {
        return Err(CoreError::OutOfDomain);
    }
    let deficit_paid = amount.min(deficit);
    let closes = deficit.0 > 0 && deficit_paid == deficit;
    Ok(Recovery { deficit_paid, fund: amount.sub(deficit_paid)?, closes })
}

/// What a withdrawal of `amount` locks in its account while a deficit is open, rounded up.
///
/// With D the deficit, L what was locked before, V the vault and claims = V + D, the share of every claim that is
/// uncovered is h = (D - L) / (claims - L), and the lock w h / (1 - h). As claims - L - (D - L) = V:
/// `lock = w (D - L) / V`. Withdrawing changes neither (D - L) / V nor, with it, what the next one locks: nobody
/// gains by running first. 0 when D <= L.
///
/// `None`: the vault holds nothing, so nothing can be withdrawn. Errors: `OutOfDomain` for negative arguments,
/// `Overflow`.
pub fn withdrawal_lock(amount: Quote, deficit: Quote, locked: Quote, vault: Quote) -> Result<Option<Quote>, CoreError> {
    if amount.0 < 0 || deficit.0 < 0 || locked.0 < 0 || vault.0 < 0 {
        return Err(CoreError::OutOfDomain);
    }
    let uncovered = deficit.sub(locked)?;
    if uncovered.0 <= 0 {
        return Ok(Some(Quote::ZERO));
    }
    if vault.0 == 0 {
        return Ok(None);
    }
    mul_div_up(amount.0, uncovered.0, vault.0).map(|lock| Some(Quote(lock))).ok_or(CoreError::Overflow)
}
