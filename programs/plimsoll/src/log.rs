//! Logging of events on the hot path.

use anchor_lang::solana_program::log::sol_log_data;
use anchor_lang::Discriminator;

/// Most bytes of an event.
const EVENT_MAX: usize = 256;

/// Logs an event whose memory is its serialised form (little-endian integers and keys without padding): what `emit!`
/// logs, without serialising field by field.
#[cfg(not(feature = "idl-build"))]
pub fn log_plain<E: bytemuck::Pod + Discriminator>(event: &E) {
    log_bytes(E::DISCRIMINATOR, bytemuck::bytes_of(event));
}

/// The same for the build that describes the interface and logs nothing: there events have no memory of their own.
#[cfg(feature = "idl-build")]
pub fn log_plain<E: Discriminator + anchor_lang::AnchorSerialize>(event: &E) {
    log_bytes(E::DISCRIMINATOR, &anchor_lang::prelude::borsh::to_vec(event).unwrap_or_default());
}

#[inline(never)]
fn log_bytes(discriminator: &[u8], fields: &[u8]) {
    let mut bytes = [0u8; EVENT_MAX];
    let (head, tail) = bytes.split_at_mut(discriminator.len());
    head.copy_from_slice(discriminator);
    if let Some(body) = tail.get_mut(..fields.len()) {
        body.copy_from_slice(fields);
        let length = discriminator.len().saturating_add(fields.len());
        sol_log_data(&[bytes.get(..length).unwrap_or(&[])]);
    }
}
