//! A position: one leg of a margin account.

use bytemuck::{Pod, Zeroable};

use crate::units::Quantity;

/// Call or put, as stored in a [`Position`] and in instruction arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptionKind {
    /// Right to buy: pays `max(0, settlement - strike)`.
    Call,
    /// Right to sell: pays `max(0, strike - settlement)`.
    Put,
}

impl OptionKind {
    /// Stored form: 0 call, 1 put.
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Call => 0,
            Self::Put => 1,
        }
    }

    /// The kind stored as `raw`; `None` for anything but 0 and 1.
    pub const fn from_u8(raw: u8) -> Option<Self> {
        match raw {
            0 => Some(Self::Call),
            1 => Some(Self::Put),
            _ => None,
        }
    }
}

/// One leg of a margin account: 8 bytes. Written by the program only. A quantity of zero is an empty leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Position {
    /// Whole contracts: + long, - short, 0 empty.
    pub quantity: i32,
    /// Index into the account's expiry slots.
    pub expiry_slot: u8,
    /// Index into the expiry's strikes.
    pub strike: u8,
    /// 0 call, 1 put ([`OptionKind`]).
    pub kind: u8,
    /// Rounding carried between the bids of one auction, in 1/256 of a contract; zero outside an auction.
    pub carry: u8,
}

const _: () = assert!(core::mem::size_of::<Position>() == 8);
const _: () = assert!(core::mem::align_of::<Position>() == 4);

impl Position {
    /// The quantity as a unit.
    pub const fn contracts(&self) -> Quantity {
        Quantity(self.quantity)
    }

    /// Same expiry slot, strike and kind as `other`.
    pub fn same_series(&self, other: &Self) -> bool {
        self.expiry_slot == other.expiry_slot && self.strike == other.strike && self.kind == other.kind
    }
}
