//! Events: logged, or handed to the program itself where they must not be cut off a log.

use std::io::{self, Write};

use anchor_lang::prelude::*;
use anchor_lang::solana_program::log::sol_log_data;
use anchor_lang::Discriminator;

use crate::addresses::call_self;
use crate::error::Result;

/// Most bytes of a plain event, and those that stand ready for any other.
const EVENT_MAX: usize = 256;

/// Logs an event whose memory is its serialised form (little-endian integers and keys without padding): what `emit!`
/// logs, without serialising field by field. One that is too long does not compile.
#[cfg(not(feature = "idl-build"))]
pub fn log_plain<E: bytemuck::Pod + Discriminator>(event: &E) {
    const { assert!(size_of::<E>() <= EVENT_MAX.saturating_sub(E::DISCRIMINATOR.len())) };
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
    // Never missing: `log_plain` compiles for no longer event.
    if let Some(body) = tail.get_mut(..fields.len()) {
        body.copy_from_slice(fields);
        let length = discriminator.len().saturating_add(fields.len());
        sol_log_data(&[bytes.get(..length).unwrap_or(&[])]);
    }
}

/// Bytes of an event while it is serialised, on the stack: a field becomes a store to its place there, where a vector
/// would be asked for room and every field be a call.
struct Line {
    bytes: [u8; EVENT_MAX],
    length: usize,
}

impl io::Write for Line {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.length.saturating_add(bytes.len());
        // Never missing: `Line::of` compiles for no longer event.
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
        Ok(())
    }

    #[inline(always)]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line {
    /// Serialises an event of fixed length, whose memory is at least as long.
    #[inline(always)]
    fn of<E: AnchorSerialize + Discriminator>(event: &E) -> Self {
        const { assert!(size_of::<E>() <= EVENT_MAX.saturating_sub(E::DISCRIMINATOR.len())) };
        let mut line = Self { bytes: [0; EVENT_MAX], length: 0 };
        // Writing to memory does not fail.
        let _ = line.write_all(E::DISCRIMINATOR);
        let _ = event.serialize(&mut line);
        line
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

/// Logs an event field by field: what `emit!` logs.
pub fn log_event(event: &(impl AnchorSerialize + Discriminator)) {
    sol_log_data(&[Line::of(event).bytes()]);
}

/// Calls this program with `event`: what `emit_cpi!` does, with the call in one place.
///
/// Errors: those of the call.
pub fn call_event(authority: &AccountInfo, event: &(impl AnchorSerialize + Discriminator)) -> Result<()> {
    call_self(authority, &[b"__event_authority", &[crate::EVENT_AUTHORITY_AND_BUMP.1]], Line::of(event).bytes())
}
