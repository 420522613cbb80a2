//! Price update accounts of the Pyth receiver program, decoded at fixed offsets.
//!
//! The framework's typed read costs more than the whole acceptance. Only a fully verified update has these offsets
//! (a partial one is a byte longer), so the verification level is read first.

use anchor_lang::prelude::*;
use anchor_lang::Discriminator;
use plimsoll_core::oracle::Observation;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{ensure, refused, PlimsollError, Result};

/// Offset of the verification level, behind discriminator and write authority.
const VERIFICATION: usize = 40;
/// Tag of a full verification.
const VERIFICATION_FULL: u8 = 1;
/// Offset of the feed id in a fully verified update.
const FEED_ID: usize = 41;
/// Offset of the price.
const PRICE: usize = 73;
/// Offset of the confidence interval.
const CONFIDENCE: usize = 81;
/// Offset of the exponent.
const EXPONENT: usize = 89;
/// Offset of the publish time.
const PUBLISH_TIME: usize = 93;
/// Offset of the exponential moving average.
const EMA: usize = 109;

/// The observation in a price update account.
///
/// `receiver`: program that must own it; `feed_id`: feed it must be of. Errors: `PriceOwner`, `PriceAccountType`,
/// `PriceNotFullyVerified`, `PriceFeedMismatch`.
pub fn observation(info: &AccountInfo, receiver: &Pubkey, feed_id: &[u8; 32]) -> Result<Observation> {
    ensure(info.owner == receiver, PlimsollError::PriceOwner)?;
    let data = info.try_borrow_data()?;
    decode(&data, feed_id)
}

/// The observation in the bytes of a price update account. Errors: those of [`observation`] but `PriceOwner`.
pub fn decode(data: &[u8], feed_id: &[u8; 32]) -> Result<Observation> {
    ensure(data.starts_with(PriceUpdateV2::DISCRIMINATOR), PlimsollError::PriceAccountType)?;
    let level: [u8; 1] = bytes_at(data, VERIFICATION)?;
    ensure(level == [VERIFICATION_FULL], PlimsollError::PriceNotFullyVerified)?;
    let feed: [u8; 32] = bytes_at(data, FEED_ID)?;
    ensure(feed == *feed_id, PlimsollError::PriceFeedMismatch)?;
    Ok(Observation {
        price: i64::from_le_bytes(bytes_at(data, PRICE)?),
        confidence: u64::from_le_bytes(bytes_at(data, CONFIDENCE)?),
        ema: i64::from_le_bytes(bytes_at(data, EMA)?),
        exponent: i32::from_le_bytes(bytes_at(data, EXPONENT)?),
        publish_time: i64::from_le_bytes(bytes_at(data, PUBLISH_TIME)?),
    })
}

fn bytes_at<const N: usize>(data: &[u8], offset: usize) -> Result<[u8; N]> {
    let bytes = data.get(offset..).and_then(|rest| rest.first_chunk::<N>());
    bytes.copied().ok_or_else(|| refused(PlimsollError::PriceAccountType))
}
