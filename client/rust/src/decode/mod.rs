//! Accounts and events from bytes, each checked for what it claims to be: owner, discriminator, version and length.

pub mod events;

use anchor_lang::Discriminator;
use bytemuck::Pod;
use plimsoll::constants::LAYOUT_VERSION;
use plimsoll::state::{
    Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, Outflow, Owner, RiskRows, Underlying,
};
use solana_account::Account;
use solana_program::pubkey::Pubkey;

pub use events::Event;

/// Bytes of an account discriminator.
const DISCRIMINATOR_BYTES: usize = 8;

/// Why bytes are not the account or event they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another program's account.
    #[error("{kind} {address}: owned by {owner}, not by the clearinghouse program")]
    Owner {
        /// Expected type.
        kind: &'static str,
        /// Which account.
        address: Pubkey,
        /// Who owns it.
        owner: Pubkey,
    },
    /// Another type of account, or a closed one.
    #[error("{kind} {address}: starts with {found:02x?}, expected {expected:02x?}")]
    Discriminator {
        /// Expected type.
        kind: &'static str,
        /// Which account.
        address: Pubkey,
        /// First bytes found.
        found: Vec<u8>,
        /// Discriminator of the expected type.
        expected: [u8; 8],
    },
    /// Not the size of the layout.
    #[error("{kind} {address}: {found} bytes, expected {expected}")]
    Length {
        /// Expected type.
        kind: &'static str,
        /// Which account.
        address: Pubkey,
        /// Bytes found, discriminator counted.
        found: usize,
        /// Bytes of the layout, discriminator counted.
        expected: usize,
    },
    /// Written by another release of the layout.
    #[error("{kind} {address}: layout version {found}, this client knows {expected}")]
    Version {
        /// Expected type.
        kind: &'static str,
        /// Which account.
        address: Pubkey,
        /// Version byte found.
        found: u8,
        /// Version of this client.
        expected: u8,
    },
    /// An event of this program in a form this client does not know.
    #[error("event {name}: {reason}")]
    Event {
        /// Name, or the discriminator in hexadecimal.
        name: String,
        /// What was wrong.
        reason: String,
    },
}

/// A persisted account of the program.
pub trait State: Pod {
    /// Its name, for messages.
    const NAME: &'static str;

    /// Whether values stand behind its layout.
    const OPEN_ENDED: bool = false;

    /// The first eight bytes of its data.
    fn discriminator() -> [u8; 8];

    /// The version byte.
    fn version(&self) -> u8;

    /// The account at `address` as this type. Errors: [`DecodeError`], one per check.
    fn decode(address: &Pubkey, account: &Account) -> Result<Self, DecodeError> {
        if account.owner != plimsoll::ID {
            return Err(DecodeError::Owner { kind: Self::NAME, address: *address, owner: account.owner });
        }
        Self::decode_data(address, &account.data)
    }

    /// As [`State::decode`], of data whose owner is already known to be the program.
    fn decode_data(address: &Pubkey, data: &[u8]) -> Result<Self, DecodeError> {
        let (kind, address) = (Self::NAME, *address);
        let expected = Self::discriminator();
        let Some(layout) = data.strip_prefix(expected.as_slice()) else {
            let found = data.iter().take(DISCRIMINATOR_BYTES).copied().collect();
            return Err(DecodeError::Discriminator { kind, address, found, expected });
        };
        let whole = if Self::OPEN_ENDED { layout.get(..std::mem::size_of::<Self>()) } else { Some(layout) };
        let state: Self =
            bytemuck::try_pod_read_unaligned(whole.unwrap_or(layout)).map_err(|_| DecodeError::Length {
                kind,
                address,
                found: data.len(),
                expected: DISCRIMINATOR_BYTES.saturating_add(std::mem::size_of::<Self>()),
            })?;
        if state.version() != LAYOUT_VERSION {
            let found = state.version();
            return Err(DecodeError::Version { kind, address, found, expected: LAYOUT_VERSION });
        }
        Ok(state)
    }
}

macro_rules! state {
    ($($type:ident $($values:ident)?),+ $(,)?) => {$(
        impl State for $type {
            const NAME: &'static str = stringify!($type);
            $(const OPEN_ENDED: bool = stringify!($values).len() > 0;)?

            fn discriminator() -> [u8; 8] {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(<$type as Discriminator>::DISCRIMINATOR);
                bytes
            }

            fn version(&self) -> u8 {
                self.version
            }
        }
    )+};
}

state!(
    Clearinghouse,
    Collateral,
    Expiry,
    InsuranceFund,
    MarginAccount,
    OracleState,
    Outflow,
    Owner,
    RiskRows values,
    Underlying,
);
