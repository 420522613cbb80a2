//! Logging of events on the hot path.

use anchor_lang::solana_program::log::sol_log_data;
use anchor_lang::Discriminator;
use bytemuck::Pod;

/// Most bytes of an event.
const EVENT_MAX: usize = 256;

/// Logs an event whose memory is its serialised form (little-endian integers and keys without padding): what `emit!`
/// logs, without serialising field by field.
pub fn log_plain<E: Pod + Discriminator>(event: &E) {
    let mut bytes = [0u8; EVENT_MAX];
    let fields = bytemuck::bytes_of(event);
    let (head, tail) = bytes.split_at_mut(E::DISCRIMINATOR.len());
    head.copy_from_slice(E::DISCRIMINATOR);
    if let Some(body) = tail.get_mut(..fields.len()) {
        body.copy_from_slice(fields);
        let length = E::DISCRIMINATOR.len().saturating_add(fields.len());
        sol_log_data(&[bytes.get(..length).unwrap_or(&[])]);
    }
}
