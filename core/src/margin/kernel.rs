//! Marks per contract from the option kernel.

use crate::error::CoreError;
use crate::margin::contract::SizeFraction;
use crate::margin::forward::Forward;
use crate::math::black76::{self, price, Deviation, Scale};
use crate::series::Strike;

/// Marks of one contract, quote atoms, rounded down once, >= 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Of the call; 0 when not asked for.
    pub call: i64,
    /// Of the put, by parity: `put = call - (F - K)`; 0 when not asked for.
    pub put: i64,
}

/// Prices the options of one expiry at one price of its underlying, undiscounted.
#[derive(Clone, Copy, Debug)]
pub struct Pricer {
    price: i64,
    scale: Scale,
    forward: black76::Forward,
    deviation: Deviation,
    size: SizeFraction,
}

impl Pricer {
    /// For options on `forward`, contracts of `size`. Errors: `OutOfDomain` for a forward <= 0.
    pub fn new(forward: &Forward, size: SizeFraction) -> Result<Self, CoreError> {
        if forward.price <= 0 {
            return Err(CoreError::OutOfDomain);
        }
        let scale = Scale::of(forward.price);
        Ok(Self {
            price: forward.price,
            scale,
            forward: black76::Forward::new(scale, forward.price),
            deviation: Deviation::new(forward.deviation),
            size,
        })
    }

    /// The scale of its kernel units and, in these, the forward.
    #[inline(always)]
    pub const fn forward(&self) -> (Scale, &black76::Forward) {
        (self.scale, &self.forward)
    }

    /// `strike` as the kernel takes it.
    #[inline(always)]
    pub fn prepared(&self, strike: &Strike) -> black76::Strike {
        black76::Strike::with_ln(self.scale, strike.price, strike.ln_price)
    }

    /// The marks of the call and of the put at `strike`, those asked for, from one kernel price.
    /// Errors: `OutOfDomain`, `Overflow`.
    #[inline]
    pub fn marks(&self, strike: &Strike, asked: (bool, bool)) -> Result<Marks, CoreError> {
        self.marks_of(&self.prepared(strike), strike.price, asked)
    }

    /// [`Pricer::marks`] of a strike at `strike` atoms that [`Pricer::prepared`] has prepared.
    #[inline(never)]
    pub fn marks_of(
        &self,
        prepared: &black76::Strike,
        strike: i64,
        (call, put): (bool, bool),
    ) -> Result<Marks, CoreError> {
        let value = self.scale.to_price(price(prepared, &self.forward, &self.deviation));
        // PROOF: both are > 0 here, so the difference fits; the kernel's rounding may leave [max(F - K, 0), F].
        let intrinsic = self.price.wrapping_sub(strike);
        let value = value.max(intrinsic).max(0).min(self.price);
        let amount = |price: i64| u64::try_from(price).map_err(|_| CoreError::OutOfDomain);
        Ok(Marks {
            call: if call { self.size.down(amount(value)?)? } else { 0 },
            // PROOF: value >= F - K, so the put is in [0, K].
            put: if put { self.size.down(amount(value.wrapping_sub(intrinsic))?)? } else { 0 },
        })
    }
}
