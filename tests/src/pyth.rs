//! Price accounts in the byte layout of the Pyth receiver, written with the receiver SDK's own type.

use anchor_lang::AccountSerialize;
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};
use solana_account::Account;
use solana_program::pubkey::Pubkey;

use crate::chain::Chain;

/// Exponent of the posted prices: 10^-8, as most Pyth feeds have.
pub const EXPONENT: i32 = -8;

/// Feed units of one quote atom at [`EXPONENT`].
const UNITS_PER_ATOM: i64 = 100;

/// One price update; every field of the account is free.
#[derive(Clone, Debug)]
pub struct PriceUpdate {
    /// Program that owns the account.
    pub receiver: Pubkey,
    /// Who may close it.
    pub write_authority: Pubkey,
    /// How many guardian signatures were checked.
    pub verification: VerificationLevel,
    /// The price message.
    pub message: PriceFeedMessage,
    /// Slot in which it was posted.
    pub posted_slot: u64,
}

impl PriceUpdate {
    /// A fully verified update: `price` in quote atoms per whole underlying, EMA at the price, confidence 1/2000 of
    /// the price, published at `publish_time`.
    pub fn new(feed_id: [u8; 32], price: i64, publish_time: i64) -> Self {
        let units = price.saturating_mul(UNITS_PER_ATOM);
        let confidence = units.unsigned_abs() / 2_000;
        Self {
            receiver: pyth_solana_receiver_sdk::ID,
            write_authority: Pubkey::default(),
            verification: VerificationLevel::Full,
            message: PriceFeedMessage {
                feed_id,
                price: units,
                conf: confidence,
                exponent: EXPONENT,
                publish_time,
                prev_publish_time: publish_time.saturating_sub(1),
                ema_price: units,
                ema_conf: confidence,
            },
            posted_slot: 1,
        }
    }

    /// The same with a confidence interval in quote atoms.
    pub fn with_confidence(mut self, atoms: i64) -> Self {
        self.message.conf = atoms.saturating_mul(UNITS_PER_ATOM).unsigned_abs();
        self
    }

    /// The same with an average price in quote atoms.
    pub fn with_ema(mut self, atoms: i64) -> Self {
        self.message.ema_price = atoms.saturating_mul(UNITS_PER_ATOM);
        self
    }

    /// The same with another verification level.
    pub fn with_verification(mut self, verification: VerificationLevel) -> Self {
        self.verification = verification;
        self
    }

    /// The same under another owner program.
    pub fn with_receiver(mut self, receiver: Pubkey) -> Self {
        self.receiver = receiver;
        self
    }

    /// The account's data, discriminator included, padded to the receiver's allocation.
    pub fn data(&self) -> Vec<u8> {
        let account = PriceUpdateV2 {
            write_authority: self.write_authority,
            verification_level: self.verification,
            price_message: self.message,
            posted_slot: self.posted_slot,
        };
        let mut data = Vec::with_capacity(PriceUpdateV2::LEN);
        account.try_serialize(&mut data).unwrap_or_else(|e| panic!("a price update always serialises: {e}"));
        data.resize(PriceUpdateV2::LEN, 0);
        data
    }

    /// Writes the account.
    pub fn post(&self, chain: &Chain, address: &Pubkey) {
        let data = self.data();
        let lamports = chain.rent(data.len());
        let owner = self.receiver;
        chain.set_raw(address, Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX });
    }
}
